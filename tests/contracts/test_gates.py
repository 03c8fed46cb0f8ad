"""Gates of a run: profiles, vacuous passes, operations that are not there, and what is beyond the claims."""

from __future__ import annotations

import json
import ssl
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import trustme
from rich.console import Console

from contracts import documents, gates, report
from contracts.checks import PROFILES, Broken, Check
from contracts.cli import Asked, conform
from contracts.lab import Lab
from contracts.report.terminal import show
from contracts.run import Options, Run
from contracts.target import CannotRun, Tally, Target
from contracts.verdicts import Report
from tests.client import ServerClient, WorldClient
from tests.contracts.targets import (
    Forwarded,
    always,
    forwarding,
    judged,
    judged_from_outside,
    serving,
    statuses,
    target_at,
)
from tests.contracts.test_run import FarTarget, world_ids
from tests.processes import completed

BOTH = Target("http://127.0.0.1/hrms/api", "http://127.0.0.1/scan2evolve", None)
ALL = frozenset(operation for api in documents.APIS for operation in documents.operations(api))
DEPARTMENTS = documents.operations("hrms")[2]


class Of(Run):
    """A run of checks of our own."""

    def __init__(self, options: Options, *checks: Check) -> None:
        super().__init__(options)
        self._checks = checks

    def _chosen(self) -> list[Check]:
        return list(self._checks)


def own(name: str, function: Callable[[Lab], None], *claims: str) -> Check:
    """A check as the decorator makes it."""
    return Check(name, claims, function, True, f"It tries {name}.")


def breaking(text: str, *claims: str) -> Callable[[Lab], None]:
    """A check that breaks, of these claims or of its own."""

    def function(lab: Lab) -> None:
        lab.users()
        raise Broken(text, claims=claims)

    return function


def test_run_that_is_stopped_ends_what_still_runs(server: ServerClient) -> None:
    """Ctrl-C does not wait for the checks that are under way, and leaves no world behind."""

    def endless(lab: Lab) -> None:
        while True:
            lab.users()

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    before = world_ids(server)
    options = Options(target_at(server.url), claims=("S2E-USER-01",), workers=2)
    run = Of(
        options,
        own("a.short", lambda lab: lab.equal(lab.users(), lab.users(), "users"), "S2E-USER-01"),
        own("a.b", endless, "S2E-USER-01"),
    )
    run._progress = interrupt
    with pytest.raises(KeyboardInterrupt):
        run()
    assert world_ids(server) == before


# -- profiles ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("least", "runs"), [("quick", PROFILES), ("ci", ("ci", "nightly")), ("nightly", ("nightly",))])
def test_check_runs_under_its_profile_and_longer_ones(least: Any, runs: tuple[str, ...]) -> None:
    """The least profile of a check is the first that includes it."""
    check = Check("a.b", (), lambda _: None, True, "It tries.", least)
    assert tuple(profile for profile in PROFILES if check.runs_under(profile)) == runs


def test_profile_chooses_the_checks(monkeypatch: pytest.MonkeyPatch, server: ServerClient) -> None:
    """Under quick a nightly check is not even there; under nightly it is, and the lab knows profile and seed."""
    seen: list[tuple[str, int]] = []
    check = Check(
        "a.b", ("S2E-USER-01",), lambda lab: seen.append((lab.profile, lab.seed)), True, "It tries.", "nightly"
    )
    monkeypatch.setattr("contracts.run.all_checks", lambda: [check])
    reports = [judged(server.url, "S2E-USER-01", profile=profile, seed=4) for profile in PROFILES]
    assert [statuses(found)["S2E-USER-01"] for found in reports] == ["left out", "left out", "holds"]
    assert seen == [("nightly", 4)]
    assert [found.profile for found in reports] == list(PROFILES)


def test_profile_that_nobody_knows_is_one_line_and_exit_code_2() -> None:
    """The line names those that there are."""
    done = completed("conform", "--profile", "thorough")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "hris-sandbox: no profile is called thorough; there are quick, ci, nightly\n"


# -- claims turned red, and checks of no claim ---------------------------------------------------------


def test_check_that_names_other_claims_turns_exactly_these_red(server: ServerClient) -> None:
    """Its own claims are not broken by it, nor do they hold; what another check saw of them counts."""
    checks = [
        own("a.names", breaking("it is the e-mail", "S2E-FIELD-08", "NO-SUCH"), "S2E-BATCH-10", "S2E-BATCH-12"),
        own("a.holds", lambda lab: lab.equal(lab.users(), lab.users(), "users"), "S2E-BATCH-12"),
    ]
    found = Of(Options(target_at(server.url), claims=("S2E-BATCH-*",)), *checks)()
    seen = statuses(found)
    assert (seen["S2E-FIELD-08"], seen["S2E-BATCH-10"]) == ("broken", "not observable")
    assert seen["S2E-BATCH-12"] == "holds in part"
    verdicts = {verdict.claim.id: verdict for verdict in found.verdicts}
    assert verdicts["S2E-FIELD-08"].reason == "it is the e-mail"
    assert verdicts["S2E-BATCH-10"].reason == "its check stopped where S2E-FIELD-08 is broken"
    assert found.exit_code == 1


@pytest.mark.parametrize("claims", [(), ("NO-SUCH",), ("S2E-BATCH-10",)])
def test_check_that_names_no_other_claim_turns_its_own_red(server: ServerClient, claims: tuple[str, ...]) -> None:
    """A broken check is never lost, whatever it names."""
    check = own("a.names", breaking("no", *claims), "S2E-BATCH-10")
    found = Of(Options(target_at(server.url), claims=("S2E-BATCH-10",)), check)()
    assert statuses(found) == {"S2E-BATCH-10": "broken"}


@pytest.fixture(scope="module")
def beyond(server: ServerClient) -> Report:
    """A run in which all claims hold that were asked for, and a check beyond them is broken."""
    checks = [
        own("generic.bad", breaking("an error <must> be JSON")),
        own("generic.good", lambda lab: lab.true(bool(lab.users() or True), "users are listed")),
        own("a.holds", lambda lab: lab.true(bool(lab.users() or True), "users are listed"), "S2E-USER-01"),
    ]
    return Of(Options(target_at(server.url), claims=("S2E-USER-01", "generic.*")), *checks)()


def test_broken_check_beyond_the_claims_fails_the_run(beyond: Report) -> None:
    """No claim is broken, and the exit code is 1 all the same."""
    assert statuses(beyond) == {"S2E-USER-01": "holds"}
    assert [(finding.check, finding.status) for finding in beyond.beyond] == [
        ("generic.bad", "broken"),
        ("generic.good", "holds"),
    ]
    assert (beyond.exit_code, beyond.failing) == (1, [])


def test_broken_check_beyond_the_claims_stands_in_every_form_of_the_report(beyond: Report, tmp_path: Path) -> None:
    """Terminal, page, JSON and XML name the check and what it found."""
    out = StringIO()
    show(beyond, Console(file=out, width=200))
    assert "Checks beyond the claims" in out.getvalue()
    assert "an error <must> be JSON" in out.getvalue()
    assert out.getvalue().endswith("1 check beyond the claims fails the run\n")
    texts = {path.name: path.read_text(encoding="utf-8") for path in report.write(beyond, tmp_path)}
    page = texts["report.html"]
    assert "1 check beyond the claims fail" in " ".join(page.split())
    assert "an error &lt;must&gt; be JSON" in page
    assert "$CONTROL/worlds" in page
    rows = json.loads(texts["report.json"])["beyond"]
    assert [(row["check"], row["status"], bool(row["evidence"])) for row in rows] == [
        ("generic.bad", "broken", True),
        ("generic.good", "holds", False),
    ]
    suite = ET.fromstring(texts["junit.xml"])
    assert [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None] == ["bad"]


def test_checks_beyond_the_claims_that_hold_are_one_line(server: ServerClient, tmp_path: Path) -> None:
    """Where nothing is broken the section says so, and no more."""
    good = own("generic.good", lambda lab: lab.true(isinstance(lab.users(), list), "users are listed"))
    found = Of(Options(target_at(server.url), claims=("generic.*",)), good)()
    out = StringIO()
    show(found, Console(file=out, width=200))
    assert "Checks beyond the claims: 1 holds\n" in out.getvalue()
    report.write(found, tmp_path)
    assert "<p>None of 1 is broken (holds).</p>" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_generic_checks_are_chosen_by_their_names(server: ServerClient) -> None:
    """A pattern that names no claim and a generic check runs that check alone."""
    found = judged(server.url, "generic.hrms_examples")
    assert (found.verdicts, [finding.check for finding in found.beyond]) == ([], ["generic.hrms_examples"])
    assert found.exit_code == 0
    assert judged(server.url, "HRMS-ENV-01").beyond == []


# -- vacuous passes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "empty", "refused"),
    [
        ("claims", 60, False),
        ("claims", 61, True),
        ("claims", 100, True),
        ("beyond", 90, False),
        ("beyond", 91, True),
        ("beyond", 100, True),
    ],
)
def test_part_with_little_but_refusals_is_refused(part: str, empty: int, refused: bool) -> None:
    """Too many of 401, 404 and 429 in either part make the run vacuous, however good the other part is."""
    answers = gates.Answers()
    answers.claims.statuses = answers.beyond.statuses = Counter({200: 10_000})
    shares = {401: empty // 2, 404: 5, 429: empty - empty // 2 - 5, 200: 100 - empty}
    setattr(answers, part, Tally(Counter(shares)))
    if refused:
        with pytest.raises(CannotRun, match=rf"^{empty} of 100 answers.*such a run proves nothing") as caught:
            gates.refuse_vacuous(answers)
        assert ("beyond the claims" in str(caught.value)) == (part == "beyond")
    else:
        gates.refuse_vacuous(answers)


@pytest.mark.parametrize(
    ("asked", "reached", "absent", "status", "named"),
    [
        (ALL, ALL, set(), "holds", []),
        (ALL, ALL - {documents.operations("hrms")[2]}, set(), "broken", ["GET /v1/departments of the HRMS"]),
        (
            ALL,
            ALL - {documents.operations("hrms")[2]},
            {documents.operations("hrms")[2]},
            "not observable",
            ["/v1/dep"],
        ),
        (ALL - {documents.operations("scan2evolve")[1]}, set(ALL), set(), "not observable", ["/api/v1/sync/employees"]),
        (ALL, set(), set(), "broken", [str(operation) for operation in ALL]),
    ],
)
def test_operation_that_was_never_answered_well_is_named(
    asked: Any, reached: Any, absent: Any, status: str, named: list[str]
) -> None:
    """What the target has must be answered 2xx at least once; what it has not, or nobody asked, is told."""
    answers = gates.Answers()
    for tally in (answers.claims, answers.beyond):
        tally.asked = set(asked)
    answers.beyond.reached = set(reached)
    finding = gates.reachability(BOTH, answers, frozenset(absent))
    assert finding.status == status
    assert all(name in finding.message for name in named)


def test_api_that_the_run_has_not_is_not_missed() -> None:
    """Without a URL of the HRMS its operations are nobody's business."""
    answers = gates.Answers()
    answers.claims.asked = answers.claims.reached = set(documents.operations("scan2evolve"))
    assert gates.reachability(Target(None, BOTH.scan2evolve, None), answers, frozenset()).status == "holds"


def without(*paths: str) -> Callable[[Forwarded], None]:
    """A server that has none of these operations."""

    def defect(forwarded: Forwarded) -> None:
        if any(forwarded.path.partition("?")[0].endswith(path) for path in paths):
            forwarded.status, forwarded.body = 404, b'{"message": "Resource not found"}'

    return defect


@pytest.mark.slow
def test_sandbox_whose_operation_never_answers_well_is_broken(server: ServerClient) -> None:
    """With a control plane a 404 is a fault: the claims are broken, and the gate names the operation."""
    with forwarding(server.url, without("/v1/departments")) as url:
        check = own("a.b", lambda lab: lab.equal(lab.hrms("/v1/departments").status, 200, "status"), "HRMS-DEPT-01")
        found = Of(Options(target_at(url)), check)()
    assert statuses(found)["HRMS-DEPT-01"] == "broken"
    assert [finding.message for finding in found.beyond] == ["never answered 2xx: GET /v1/departments of the HRMS"]
    assert found.exit_code == 1


@pytest.mark.slow
def test_tenant_without_an_operation_is_not_judged_by_it(world: WorldClient, server: ServerClient) -> None:
    """What is not there is named and not observable, claims about the rest are judged, and nothing is called good."""
    with forwarding(server.url, without("/v1/departments")) as url:
        found = judged_from_outside(url, world.created, "HRMS-DEPT-01", "HRMS-POS-01")
    seen = {verdict.claim.id: verdict for verdict in found.verdicts}
    assert seen["HRMS-DEPT-01"].status == "not observable"
    assert seen["HRMS-DEPT-01"].reason == "the target has no GET /v1/departments of the HRMS"
    assert seen["HRMS-POS-01"].status == "holds in part"


@pytest.mark.slow
def test_tenant_with_half_of_the_operations_is_refused_as_a_whole(world: WorldClient, server: ServerClient) -> None:
    """One line names what is missing and what to do, before any check; single claims can still be judged."""
    with forwarding(server.url, without("/v1/departments", "/v1/positions")) as url:
        with pytest.raises(CannotRun) as caught:
            judged_from_outside(url, world.created)
        found = judged_from_outside(url, world.created, "HRMS-USER-01")
    assert str(caught.value) == (
        f"{url}/hrms/api has no GET /v1/departments of the HRMS, GET /v1/positions of the HRMS: "
        "name what is to be judged with --claims"
    )
    # Whether the list is whole is seen with a control plane alone.
    assert statuses(found) == {"HRMS-USER-01": "holds in part"}


# -- polite to a live API ------------------------------------------------------------------------------


def far(url: str) -> FarTarget:
    """A server that is not on this machine, as far as a run can tell, with its control plane."""
    near = target_at(url)
    return FarTarget(near.hrms, near.scan2evolve, near.control)


def test_far_control_plane_makes_no_worlds_without_leave(world: WorldClient, server: ServerClient) -> None:
    """To make a world is to write: without --allow-writes a far sandbox is a tenant like any other."""
    seen: list[list[str]] = []
    check = own("a.b", lambda _: seen.append(world_ids(server)), "S2E-USER-01")
    quiet = Check(check.name, check.claims, check.function, False, check.says)
    before = world_ids(server)
    wishes: dict[str, Any] = {"target": far(server.url), "claims": ("S2E-USER-01",)}
    line = r"/_sandbox is not on this machine: let it make worlds with --allow-writes, or name who may ask with --cred"
    with pytest.raises(CannotRun, match=line):
        Of(Options(**wishes), quiet)()
    assert world_ids(server) == before
    Of(Options(**wishes, allow_writes=True), quiet)()
    assert seen == [[*before, *(name for name in seen[0] if name not in before)]]
    assert len(seen[0]) == len(before) + 1


def test_report_folder_of_a_run_that_could_not_be_goes_again(tmp_path: Path) -> None:
    """Folders made for the report are gone when nothing came of it; those that were there, and files in them, stay."""
    (tmp_path / "there").mkdir()
    kept = tmp_path / "there" / "note.txt"
    kept.touch()
    for folder in (tmp_path / "new" / "deep", tmp_path / "there"):
        with pytest.raises(CannotRun), serving(always(404)) as url:
            conform(Asked(url=url, report=str(folder)), pytest.fail, Console(file=StringIO()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]
    assert kept.exists()


@pytest.mark.slow
def test_certificate_that_nobody_knows_is_one_line(tmp_path: Path) -> None:
    """The line names the URL, the fault and what to give; with that given or set, the target is talked to."""
    authority, certificate = trustme.CA(), tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    credentials = tmp_path / "credentials.json"
    credentials.write_text(json.dumps({"hrms": {"tokens": []}}), encoding="utf-8")
    with serving(always(404), context) as url:
        arguments = ("conform", "--url", url, "--credentials", str(credentials))
        unknown = completed(*arguments)
        known = [
            completed(*arguments, environment={"SSL_CERT_FILE": str(certificate)}),
            completed(*arguments, "--ca", str(certificate)),
        ]
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr == (
        f"hris-sandbox: {url}/_sandbox/health has a certificate that nobody here knows "
        "(unable to get local issuer certificate): name its authority with --ca FILE\n"
    )
    assert len({run.stderr for run in known}) == 1
    assert "certificate" not in known[0].stderr
    assert known[0].returncode == 2
