"""The regression cases: each holds at the sandbox, and is broken by the bug that it was found in."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from contracts.cases import Case, load
from contracts.curl import script
from contracts.replay import Replay, Replayed
from contracts.target import Budget, Credentials, Target
from sandbox.deviations.catalogue import BY_NAME
from tests.client import ServerClient, WorldClient
from tests.contracts.targets import Forwarded, forwarding, target_at

FOLDER = Path(__file__).parent.parent.parent / "contracts" / "regressions"
FILES = sorted(FOLDER.glob("*.json"))
each_case = pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in FILES])


def replayed(target: Target, case: Case, **options: object) -> Replayed:
    """What comes of a case at a target."""
    return Replay(target, Budget(1_000), **options)(case)  # type: ignore[arg-type]


def world_ids(server: ServerClient) -> list[str]:
    """The worlds that the server has."""
    return [row["id"] for row in server.http.get("/_sandbox/worlds", params={"limit": 1000}).json()["items"]]


def lose_empty_texts(answer: Forwarded) -> None:
    """The defect of our own: an empty text of a supervisor comes back as null."""
    for key in (b'"supervisorName":', b'"supervisorEmail":'):
        answer.body = answer.body.replace(key + b'""', key + b"null")


def test_corpus_holds_ten_cases_of_different_bugs() -> None:
    """There are enough of them, each named as its file, and no bug stands for two."""
    cases = [load(path) for path in FILES]
    assert [case.name for case in cases] == [path.stem for path in FILES]
    deviations = [tuple(case.found.get("deviations", ())) for case in cases]
    assert len(set(deviations)) == len(cases) >= 10
    assert sum(not names for names in deviations) == 1


@each_case
def test_case_holds_at_the_sandbox(server: ServerClient, path: Path) -> None:
    """A healthy sandbox answers as expected, in a world that is gone afterwards."""
    before = world_ids(server)
    result = replayed(target_at(server.url), load(path))
    assert (result.status, result.message) == ("holds", "")
    assert world_ids(server) == before


@each_case
def test_case_is_broken_where_its_bug_is(server: ServerClient, path: Path) -> None:
    """A vendor with the bug in which the case was found breaks it, and the message says with which answer."""
    case = load(path)
    names = case.found.get("deviations", [])
    assert all(set(case.claims) & set(BY_NAME[name].claims) for name in names)
    with ExitStack() as stack:
        url = server.url if names else stack.enter_context(forwarding(server.url, lose_empty_texts))
        result = replayed(target_at(url), case, template={"deviations": names})
    assert result.status == "broken", result.message
    assert result.message.startswith(f"answer {len(case.requests)} of {len(case.requests)}, ")
    assert result.evidence
    assert "expected" in result.message


@each_case
def test_case_replays_in_a_tenant_or_says_why_not(server: ServerClient, world: WorldClient, path: Path) -> None:
    """Without a control plane a case holds, twice, but for those that need one: they are not called good."""
    case = load(path)
    credentials = Credentials.of_world(world.created)
    for run in ("first", "second"):
        result = replayed(target_at(server.url, control=False), case, credentials=credentials, run_id=run)
        needs = any(request.needs_control for request in case.requests)
        assert result.status == ("not observable" if needs else "holds"), result.message
        assert bool(result.message) == needs


@pytest.mark.slow
@each_case
def test_case_as_a_script_answers_what_is_expected(server: ServerClient, path: Path) -> None:
    """The curl script runs, gets the statuses that the case expects, and leaves no world behind."""
    missing = [tool for tool in ("bash", "curl", "jq") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"it runs the case's script: apt-get install {' '.join(missing)}")
    case, before = load(path), world_ids(server)
    done = subprocess.run(
        ["bash", "-c", script(case)],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "SANDBOX": server.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    statuses = [int(line) for line in done.stdout.splitlines() if line.isdigit() and len(line) == 3]
    assert statuses == [request.expected["status"] for request in case.requests if request.advance is None]
    assert world_ids(server) == before
