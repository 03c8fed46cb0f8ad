"""Saving: what a run finds broken becomes a small case, which fails there and holds at a healthy sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.cases import Case, Request, load
from contracts.checks import Broken, Check
from contracts.lab import Lab
from contracts.recording import Step
from contracts.replay import Replay
from contracts.run import Options, Run
from contracts.saving import Saver, smaller
from contracts.target import Budget
from sandbox.cli import main
from tests.client import ServerClient
from tests.contracts.targets import Forwarded, forwarding, target_at

pytestmark = pytest.mark.slow


def saved(server: ServerClient, folder: Path, deviation: str, *claims: str) -> tuple[dict[str, Case], Saver]:
    """The cases that a run against a vendor with this bug leaves behind."""
    target, template = target_at(server.url), {"deviations": [deviation]}
    saver = Saver(0, template)
    Run(Options(target, template=template, claims=claims), on_broken=saver.note)()
    saver.save(target, target, folder)
    return {path.stem: load(path) for path in folder.glob("*.json")}, saver


def judged_by(check: Check, server: ServerClient, deviation: str) -> Saver:
    """What a saver has noted of one check that ran against a vendor with this bug."""
    saver = Saver(0, {"deviations": [deviation]})
    run = Run(Options(target_at(server.url), template=saver.template), on_broken=saver.note)
    (finding, *_) = run.attempt(check)
    assert finding.status == "broken"
    return saver


@pytest.mark.parametrize(
    ("deviation", "claim", "most_requests", "most_fields"),
    [
        ("inactive-account-left-enabled", "S2E-FIELD-04", 3, 7),
        ("error-of-the-wrong-record", "S2E-BATCH-09", 2, 8),
        ("tokens-never-expire", "S2E-AUTH-11", 4, 4),
        ("one-temporary-password-for-all", "S2E-ACCT-03", 2, 12),
        ("users-of-all-organizations", "S2E-AUTH-16", 3, 6),
    ],
)
def test_saved_case_is_small_and_shows_the_bug(
    server: ServerClient, tmp_path: Path, deviation: str, claim: str, most_requests: int, most_fields: int
) -> None:
    """Each broken check leaves a case that is broken by the bug alone; the smallest one holds only what is needed."""
    cases, saver = saved(server, tmp_path, deviation, claim)
    assert cases
    assert saver.unsaved == {}
    target = target_at(server.url)
    for case in cases.values():
        assert claim in case.claims
        assert case.found["deviations"] == [deviation]
        assert Replay(target, Budget(200))(case).status == "holds"
        assert Replay(target, Budget(200), template={"deviations": [deviation]})(case).status == "broken"
    smallest = min(cases.values(), key=lambda case: len(case.requests))
    bodies = [request.body for request in smallest.requests if isinstance(request.body, dict)]
    assert len(smallest.requests) <= most_requests
    assert sum(json.dumps(body).count('": ') for body in bodies) <= most_fields


def test_saved_case_names_the_readings_that_it_needs_and_no_other(server: ServerClient, tmp_path: Path) -> None:
    """A case about an entry without an ID depends on how that is shown; most depend on no reading."""
    cases, _ = saved(server, tmp_path, "error-of-the-wrong-record", "S2E-BATCH-04")
    assert cases["batch-failures-do-not-stop-the-others"].readings == {"missing-id-entry": "null"}
    cases, _ = saved(server, tmp_path / "more", "display-name-stale", "S2E-FIELD-07")
    assert {name: case.readings for name, case in cases.items()} == {name: {} for name in cases}


def test_saved_files_are_the_same_in_a_second_run(server: ServerClient, tmp_path: Path) -> None:
    """Nothing in a case depends on chance or on the hour."""
    for run in ("first", "second"):
        saved(server, tmp_path / run, "display-name-stale", "S2E-FIELD-07")
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / run).iterdir()} for run in ("first", "second")
    )
    assert first
    assert first == second


def test_saved_files_hold_no_secret(server: ServerClient, tmp_path: Path) -> None:
    """Tokens, client secrets and temporary passwords are names in a case, or left out."""
    saved(server, tmp_path, "one-temporary-password-for-all", "S2E-ACCT-03")
    saved(server, tmp_path, "tokens-never-expire", "S2E-AUTH-11")
    texts = [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()]
    assert len(texts) >= 2
    for text in texts:
        assert "se_" not in text
        assert "cs_" not in text
        assert "Temporary password: ${" in text or "Temporary password" not in text


def sends(*bodies: Any, says: str = "The answers are wrong.") -> Check:
    """A check that sends these and then finds all broken."""

    def function(lab: Lab) -> None:
        for body in bodies:
            lab.scan2evolve("POST", "/api/v1/sync/employees", body)
        raise Broken("as said")

    return Check("made.up", ("S2E-BATCH-11",), function, True, says)


def test_finding_that_no_answer_shows_is_not_saved_and_says_why(server: ServerClient, tmp_path: Path) -> None:
    """Where the reference answers alike there is nothing to pin, and no file that pretends."""
    saver = judged_by(sends({"employees": [{"externalEmployeeId": "x"}]}), server, "tokens-never-expire")
    said = saver.save(target_at(server.url), target_at(server.url), tmp_path / "cases")
    assert said == ["no case of made.up: no answer differs from those of the reference"]
    assert not (tmp_path / "cases").exists()


def test_recording_that_is_too_long_is_not_played(server: ServerClient, tmp_path: Path) -> None:
    """More requests than the bound are not sent again and again."""
    saver = judged_by(sends(*[{}] * 121), server, "update-says-created")
    assert saver.save(target_at(server.url), target_at(server.url), tmp_path) == [
        "no case of made.up: it sent 121 requests, more than 120"
    ]


def test_part_of_a_secret_is_not_saved(server: ServerClient, tmp_path: Path) -> None:
    """A check that sends half a secret leaves no case."""

    def function(lab: Lab) -> None:
        lab.scan2evolve("GET", "/api/v1/users", authorization=f"Bearer {lab.organization().client_secret[:-2]}")
        raise Broken("as said")

    saver = judged_by(Check("made.up", ("S2E-AUTH-07",), function, False, "…"), server, "update-says-created")
    assert saver.save(target_at(server.url), target_at(server.url), tmp_path) == [
        "no case of made.up: a part of a secret was sent"
    ]


def test_letters_that_matter_are_kept_as_they_were_sent(server: ServerClient, tmp_path: Path) -> None:
    """Identifiers that were sent in other letters too are left as they are, or the case would say something else."""
    cases, _ = saved(server, tmp_path, "emails-compared-with-case", "S2E-FIELD-10")
    assert any("${PREFIX}" in json.dumps(request.body) for case in cases.values() for request in case.requests)
    for case in cases.values():
        assert Replay(target_at(server.url), Budget(200))(case).status == "holds"


def test_smaller_keeps_what_is_needed_and_nothing_else() -> None:
    """Steps, records and fields go as long as the rest still shows the fault; the last step stays."""

    def step(*records: dict[str, Any]) -> Step:
        return Step(Request(method="POST", body={"syncBatchId": "any", "employees": list(records)}))

    steps = (
        step({"a": 1}),
        step({"b": 2, "c": [1, 2]}, {"d": 3}),
        step({"e": 4}),
        step({"f": 5, "g": {"h": 6, "i": 7}}),
    )

    def still(fewer: tuple[Step, ...]) -> bool:
        return any("'b'" in str(each.request.body) for each in fewer) and "'h'" in str(fewer[-1].request.body)

    assert [each.request.body for each in smaller(steps, still)] == [
        {"employees": [{"b": 2}]},
        {"employees": [{"g": {"h": 6}}]},
    ]


def test_conform_with_a_report_saves_cases_beside_it(
    server: ServerClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--report DIR` gets a folder of cases where something is broken, and they say the same when replayed."""

    def spoil(answer: Forwarded) -> None:
        answer.body = answer.body.replace(b'"token_type":"Bearer"', b'"token_type":"bearer"')

    with forwarding(server.url, spoil) as url:
        with pytest.raises(SystemExit) as ended:
            main(["conform", "--url", url, "--claims", "S2E-AUTH-03", "--report", str(tmp_path)])
        assert ended.value.code == 1
        assert f"wrote {tmp_path}/cases/tokens-token-answer-is-complete.json" in capsys.readouterr().out
        with pytest.raises(SystemExit) as ended:
            main(["replay", "--url", url, str(tmp_path / "cases")])
        assert ended.value.code == 1
    with pytest.raises(SystemExit) as ended:
        main(["replay", "--url", server.url, str(tmp_path / "cases")])
    assert ended.value.code == 0
