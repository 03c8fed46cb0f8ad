"""A run against our own sandbox: all holds, readings are found out, and what is hidden is not called good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contracts import ledger
from contracts.checks import all_checks
from contracts.run import Options, Run
from contracts.switched import switched
from contracts.target import CannotRun, Target
from contracts.verdicts import Report, as_dict
from sandbox.app import Application
from tests.client import ServerClient, WorldClient
from tests.conftest import serving
from tests.contracts.targets import NO_EMAIL_FORMAT, judged, judged_from_outside, statuses, target_at

LEDGER = ledger.load()
PLANNED = {claim.id for claim in LEDGER.claims.values() if claim.planned}
DEVIATIONS = [
    (reading.name, value)
    for reading in LEDGER.readings.values()
    for value in reading.values
    if value != reading.default
]
# What nobody sees from outside: mail, groups, the clock, limits, the audit log, tokens that an owner revokes.
HIDDEN = {
    "S2E-AUTH-11",
    "S2E-AUTH-12",
    "S2E-AUTH-15",
    "S2E-SEC-02",
    "S2E-AUDIT-01",
    "S2E-ACCT-03",
    "S2E-ACCT-04",
    "S2E-ACCT-05",
    "S2E-GROUP-04",
    "S2E-RATE-04",
    "HRMS-AUTH-05",
}
SOME = ("S2E-FIELD-0[1-9]", "S2E-SITE-*", "HRMS-ENV-*")


class FarTarget(Target):
    """A target that is not on this machine, as far as a run can tell."""

    @property
    def is_local(self) -> bool:
        """No."""
        return False


def far(url: str) -> FarTarget:
    """The far target at a URL, without a control plane."""
    near = target_at(url, control=False)
    return FarTarget(near.hrms, near.scan2evolve, None)


def nothing_is_called_good_unseen(report: Report) -> None:
    """Each claim that holds has checks that held upon answers, and no other; what was not all seen says so."""
    for verdict in report.verdicts:
        held = [finding for finding in verdict.findings if finding.status in ("holds", "holds in part")]
        assert bool(held) == (verdict.status in ("holds", "holds in part")), verdict.claim.id
        assert all(finding.evidence for finding in held), verdict.claim.id
        whole = all(finding.status in ("holds", "ineligible") for finding in verdict.findings)
        assert (verdict.status == "holds in part") == (bool(held) and not whole), verdict.claim.id
        assert bool(verdict.reason) == (verdict.status not in ("holds",)), verdict.claim.id


def world_ids(server: ServerClient) -> list[str]:
    """The worlds that the server has."""
    return [world["id"] for world in server.http.get("/_sandbox/worlds", params={"limit": 1000}).json()["items"]]


def evidence_of(report: Report) -> list[dict[str, Any]]:
    """The evidence of all that is broken."""
    shown = as_dict(report)["claims"]
    return [row for claim in shown for check in claim["checks"] for row in check["evidence"]]


@pytest.fixture(scope="module")
def from_outside(server: ServerClient) -> Iterator[Report]:
    """A whole run against one world, without its control plane."""
    world = server.world(users=5)
    yield judged_from_outside(server.url, world.created)
    world.control("DELETE")


# -- all claims ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_whole_run_at_the_sandbox_holds_all_claims(server: ServerClient) -> None:
    """Every claim that is not planned and can be seen over HTTP holds, and no world is left behind."""
    before = world_ids(server)
    report = judged(server.url, workers=2)
    seen = {claim: "planned" if claim in PLANNED else "holds" for claim in LEDGER.claims}
    assert statuses(report) == seen | {"S2E-SEC-01": "not observable"}
    assert {row.name: row.value for row in report.readings} == LEDGER.defaults()
    assert not any(row.note for row in report.readings)
    assert report.exit_code == 0
    assert report.notes == []
    nothing_is_called_good_unseen(report)
    assert world_ids(server) == before


def test_run_of_a_few_claims_judges_those_alone(server: ServerClient) -> None:
    """Patterns pick claims; the checks of no other are run."""
    seen: list[tuple[int, int, int, int]] = []
    options = Options(target_at(server.url), claims=("S2E-USER-01", "HRMS-ENV-0?"))
    report = Run(options, lambda *progress: seen.append(progress))()
    chosen = {"S2E-USER-01", *(claim for claim in LEDGER.claims if claim.startswith("HRMS-ENV-0"))}
    assert set(statuses(report)) == chosen
    assert set(statuses(report).values()) == {"holds"}
    checks = [*all_checks(), *switched(all_checks())]
    total = sum(bool(set(check.claims) & chosen) for check in checks)
    assert [done for done, *_ in seen] == list(range(1, total + 1))
    assert {row[1] for row in seen} == {total}
    assert {row[3] for row in seen} == {0}
    assert seen[-1][2] == report.requests == sum(report.statuses.values())


def test_run_with_too_few_requests_stops(server: ServerClient) -> None:
    """A budget that is spent ends the run, without a verdict on what was seen so far, and no request goes beyond it."""
    assert Options(target_at(server.url), profile="nightly").most_requests == 3_000_000
    options = Options(target_at(server.url), claims=("S2E-USER-01",), max_requests=20)
    with pytest.raises(CannotRun, match=r"^more than 20 requests would be sent: raise --max-requests$"):
        Run(options)()


# -- the same again ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_second_run_with_one_worker_tells_the_same_as_the_first() -> None:
    """Two servers, four workers and one: the reports are alike to the last answer in evidence, durations aside."""
    reports = []
    for workers, seed in ((4, 0), (1, 0), (1, 1)):
        with serving(Application()) as client:
            reports.append(judged(client.url, *SOME, workers=workers, seed=seed, template=NO_EMAIL_FORMAT))
    first, second, third = (as_dict(report, durations=False) for report in reports)
    assert first == second
    assert "broken" in statuses(reports[0]).values()
    assert statuses(reports[0]) == statuses(reports[2])
    assert third["seed"] == 1
    bodies = [{row["request_body"] for row in evidence_of(report)} for report in reports]
    assert bodies[0] == bodies[1] != bodies[2]


# -- readings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), DEVIATIONS, ids=["-".join(pair) for pair in DEVIATIONS])
def test_reading_that_the_target_follows_is_found_out(server: ServerClient, name: str, value: str) -> None:
    """The suite names the value that was set, and no other reading's; the claims it is about hold under it."""
    report = judged(server.url, *LEDGER.readings[name].claims, template={"readings": {name: value}})
    assert {row.name: row.value for row in report.readings} == LEDGER.defaults() | {name: value}
    assert not any(row.note for row in report.readings)
    assert set(statuses(report).values()) == {"holds"}, [verdict.reason for verdict in report.verdicts]


# -- without a control plane ---------------------------------------------------------------------------


@pytest.mark.slow
def test_run_without_control_plane_breaks_nothing(from_outside: Report) -> None:
    """What cannot be seen is not observable here, with the reason; all else holds, upon answers."""
    seen = statuses(from_outside)
    assert set(seen.values()) == {"holds", "holds in part", "not observable", "planned"}
    assert {claim for claim, status in seen.items() if status == "planned"} == PLANNED
    assert set(HIDDEN) <= {claim for claim, status in seen.items() if status == "not observable"}
    reasons = {verdict.claim.id: verdict.reason for verdict in from_outside.verdicts}
    assert seen["S2E-MODE-04"] == "holds in part"
    assert reasons["S2E-MODE-04"] == "not seen without a control plane: groups, roles at sites"
    nothing_is_called_good_unseen(from_outside)


@pytest.mark.slow
def test_run_without_control_plane_says_which_readings_it_could_not_see(from_outside: Report) -> None:
    """A reading that shows in mail, in groups or in time alone is taken for the default, and the report says so."""
    unseen = {row.name: row.note for row in from_outside.readings if row.note}
    assert set(unseen) == {"account-flags", "additive-existing", "token-lifetime"}
    assert {row.name: row.value for row in from_outside.readings} == LEDGER.defaults()


def test_second_run_in_the_same_tenant_holds_again(world: WorldClient, server: ServerClient) -> None:
    """What an earlier run left behind does not stand in the way of another with a run_id of its own."""
    for run_id in ("first", "second"):
        report = judged_from_outside(server.url, world.created, "S2E-BATCH-1*", run_id=run_id)
        assert "broken" not in statuses(report).values(), [verdict.reason for verdict in report.verdicts]
        assert any(run_id in employee["externalEmployeeId"] for employee in world.scan2evolve_state("employees"))


# -- polite to a live tenant ---------------------------------------------------------------------------


def test_far_target_without_leave_is_not_written_to(world: WorldClient, server: ServerClient) -> None:
    """Beyond this machine nothing changes without --allow-writes; the claims left out for that are named."""
    before = [world.state(org) for org in range(len(world.organizations))]
    report = judged_from_outside(server.url, world.created, target=far(server.url))
    assert [world.state(org) for org in range(len(world.organizations))] == before
    left = [claim for claim, status in statuses(report).items() if status == "left out"]
    assert "S2E-BATCH-11" in left
    assert report.notes == [f"left out, because they write and --allow-writes was not given: {', '.join(left)}"]
    assert "broken" not in statuses(report).values()
    assert "holds" in statuses(report).values()
    nothing_is_called_good_unseen(report)


def test_far_target_with_leave_is_written_to(world: WorldClient, server: ServerClient) -> None:
    """With --allow-writes the same claims are judged, and every identifier made carries the run's prefix."""
    before = {employee["externalEmployeeId"] for employee in world.scan2evolve_state("employees")}
    report = judged_from_outside(
        server.url, world.created, "S2E-BATCH-11", target=far(server.url), allow_writes=True, run_id="r7"
    )
    assert statuses(report) == {"S2E-BATCH-11": "holds"}
    assert report.notes == []
    made = {employee["externalEmployeeId"] for employee in world.scan2evolve_state("employees")} - before
    assert made
    assert all(name.casefold().startswith("conform-0-r7-") for name in made)


def test_run_without_control_plane_and_credentials_cannot_be(server: ServerClient) -> None:
    """Nobody can be asked for without credentials."""
    with pytest.raises(CannotRun, match=r"^without a control plane, --credentials must say who may ask$"):
        Run(Options(target_at(server.url, control=False)))()


def test_run_at_one_api_alone_does_not_judge_the_other(world: WorldClient, server: ServerClient) -> None:
    """Without an HRMS URL no claim of the HRMS holds: each says that it was not seen."""
    target = Target(None, f"{server.url}/scan2evolve", None)
    report = judged_from_outside(server.url, world.created, "HRMS-*", "S2E-USER-01", target=target)
    seen = statuses(report)
    assert seen.pop("S2E-USER-01") == "holds in part"
    assert set(seen.values()) <= {"not observable", "planned"}


def test_world_template_of_a_run_reaches_its_worlds() -> None:
    """A sandbox whose worlds follow another reading by the template is judged by it, default worlds are not."""
    with serving(Application()) as client:
        found = [
            {row.name: row.value for row in judged(client.url, "S2E-ROLE-04", template=template).readings}["role-case"]
            for template in ({}, {"readings": {"role-case": "exact"}})
        ]
    assert found == ["insensitive", "exact"]
