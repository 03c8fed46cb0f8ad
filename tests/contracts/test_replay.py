"""`hris-sandbox replay`: exit codes, one line for whatever is wrong, and no write where none is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.cases import Case, Request, as_text, load
from contracts.replay import Replay
from contracts.target import Budget, Credentials
from sandbox.cli import main
from tests.client import ServerClient, WorldClient
from tests.contracts.targets import always, serving, target_at

CORPUS = Path(__file__).parent.parent.parent / "contracts" / "regressions"
CREATED = Case(
    "created",
    "A new employee is CREATED.",
    ("S2E-BATCH-11",),
    (
        Request(
            method="POST",
            path="/api/v1/sync/employees",
            acting="org0",
            body={"employees": [{"externalEmployeeId": "${prefix}-1"}]},
            expected={"body": {"results": [{"status": "CREATED", "${rest}": "${any}"}], "${rest}": "${any}"}},
        ),
    ),
)
Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def replay(capsys: pytest.CaptureFixture[str]) -> Ran:
    """Runs the command; gives exit code, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["replay", *map(str, arguments)])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def saved(folder: Path, case: Case = CREATED, **changes: Any) -> Path:
    """A file with a case whose only request has these fields changed."""
    (request,) = case.requests
    path = folder / "case.json"
    changed = Request(**{**request.__dict__, **changes})
    path.write_text(as_text(Case(case.name, case.says, case.claims, (changed,))), encoding="utf-8")
    return path


def test_replay_of_the_corpus_at_a_sandbox_of_our_own_holds(replay: Ran) -> None:
    """Without an URL a folder of cases is replayed in process, a line each."""
    code, out, _ = replay(CORPUS)
    count = len(list(CORPUS.glob("*.json")))
    assert code == 0
    assert out.count("holds: ") == count
    assert out.endswith(f"{count} of {count} cases hold, 0 broken, 0 not judged\n")


def test_replay_that_is_broken_says_what_was_expected_and_got(
    replay: Ran, server: ServerClient, world: WorldClient, tmp_path: Path
) -> None:
    """Exit code 1, the difference, and the requests as curl without a secret."""
    path = saved(tmp_path, expected={"status": 200, "body": {"errors": [], "results": [], "${rest}": "${any}"}})
    code, out, _ = replay("--url", server.url, path)
    assert code == 1
    assert "broken: created (S2E-BATCH-11)" in out
    assert "answer 1 of 1, body.results: expected [], got [{" in out
    assert "curl -sS -i -X POST" in out
    assert "cs_" not in out
    assert all(held["client_secret"] not in out for held in world.organizations)
    assert "0 of 1 cases hold, 1 broken, 0 not judged" in out


def test_replay_in_a_tenant_reads_credentials_from_a_file(
    replay: Ran, server: ServerClient, world: WorldClient, tmp_path: Path
) -> None:
    """A target without control plane is asked with the owner's credentials, under the readings that it follows."""
    credentials = tmp_path / "credentials.json"
    credentials.write_text(json.dumps(world.created), encoding="utf-8")
    where = ("--hrms-url", f"{server.url}/hrms/api", "--scan2evolve-url", f"{server.url}/scan2evolve")
    code, out, _ = replay(*where, "--credentials", credentials, CORPUS)
    assert code == 0, out
    assert "broken: " not in out
    assert "not observable: tokens-never-expire (S2E-AUTH-11)\n  the target has no control plane" in out


def test_case_of_another_reading_is_not_observable_in_a_tenant(server: ServerClient, world: WorldClient) -> None:
    """What a target is known to follow decides whether a case says anything about it."""
    replaying = Replay(
        target_at(server.url, control=False),
        Budget(100),
        Credentials.of_world(world.created),
        readings={"missing-id-entry": "absent"},
    )
    result = replaying(load(CORPUS / "error-of-the-wrong-record.json"))
    assert result.status == "not observable"
    assert result.message == "it is about missing-id-entry = null, the target follows absent"


def test_case_that_writes_is_left_out_where_writing_is_not_allowed(server: ServerClient, world: WorldClient) -> None:
    """Nothing is sent then."""
    budget = Budget(100)
    replaying = Replay(target_at(server.url), budget, Credentials.of_world(world.created), writes=False)
    result = replaying(CREATED)
    assert (result.status, result.message) == ("left out", "it writes; --allow-writes was not given")
    assert budget.sent == 0


def test_case_that_needs_what_the_credentials_lack_is_not_observable(server: ServerClient, world: WorldClient) -> None:
    """A site that nobody named can not be sent."""
    case = Case("site", "…", CREATED.claims, (Request(path="/${org1.site7}", expected={"status": 404}),))
    credentials = Credentials.of_world(world.created)
    result = Replay(target_at(server.url, control=False), Budget(100), credentials)(case)
    assert (result.status, result.message) == ("not observable", "the target's credentials name no org1.site7")


def test_replay_at_something_else_says_so(replay: Ran) -> None:
    """A server that is no sandbox and no tenant ends in one line and exit code 2."""
    with serving(always(404)) as url:
        code, _, error = replay("--url", url, CORPUS)
    assert code == 2
    assert error == "hris-sandbox: without a control plane, --credentials must say who may ask\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none.json",), "hris-sandbox: case none.json: No such file or directory"),
        (("--url", "localhost", CORPUS), "localhost is no URL: it must begin with http:// or https://"),
        (("--url", "http://127.0.0.1:9", CORPUS), "http://127.0.0.1:9/_sandbox/health cannot be talked to"),
        (("--curl", CORPUS), "--curl takes one case, not "),
        ((), "Missing argument 'CASE…'"),
    ],
)
def test_replay_of_what_cannot_be_run_ends_in_one_line(replay: Ran, arguments: tuple[object, ...], told: str) -> None:
    """Exit code 2 and what to do about it."""
    code, out, error = replay(*arguments)
    assert (code, out) == (2, "")
    assert told in error
    assert error.count("\n") == 1


def test_replay_where_nothing_can_be_judged_is_no_success(
    replay: Ran, server: ServerClient, world: WorldClient, tmp_path: Path
) -> None:
    """Cases that could not be judged do not hold."""
    credentials = tmp_path / "credentials.json"
    credentials.write_text(json.dumps(world.created), encoding="utf-8")
    place = ("--scan2evolve-url", f"{server.url}/scan2evolve", "--credentials", credentials)
    code, out, error = replay(*place, CORPUS / "retry-after-too-short.json")
    assert code == 2
    assert out.startswith("not observable: retry-after-too-short")
    assert "none of 1 cases could be judged: the target has no control plane" in error


def test_bytes_and_texts_are_sent_as_they_are(replay: Ran, server: ServerClient, tmp_path: Path) -> None:
    """A body that is no JSON reaches the target byte for byte, a form with its names filled in."""
    bad = {"status": 400, "body": {"error": "Invalid JSON", "${rest}": "${any}"}}
    assert replay("--url", server.url, saved(tmp_path, body=b"\xff{", expected=bad))[0] == 0
    form = "grant_type=client_credentials&client_id=${org0.client_id}&client_secret=${org0.client_secret}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    token = {"status": 200, "body": {"token_type": "Bearer", "${rest}": "${any}"}}
    asked: dict[str, Any] = {
        "path": "/api/v1/auth/token",
        "acting": None,
        "body": form,
        "is_text": True,
        "headers": headers,
    }
    code, out, _ = replay("--url", server.url, saved(tmp_path, **asked, expected=token))
    assert code == 0, out
