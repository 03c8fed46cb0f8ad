"""What the report of a failed test says of its world: on the terminal, in junit.xml, and in a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from sandbox.client import WorldControl
from sandbox.client.transport import HttpChannel
from sandbox_pytest import SandboxWorld
from sandbox_pytest.journal import told
from sandbox_pytest.options import Options
from sandbox_pytest.server import opened
from tests.client import NOW, ServerClient
from tests.sandbox_pytest.conftest import Ran

pytest_plugins = ("pytester",)

HEADING = re.compile(r"-+ sandbox journal -+")
SECRET = re.compile(r"(hrms|cs|se)_[0-9a-f]{20,}")
TESTS = """
    import pytest

    pytestmark = pytest.mark.sandbox(now="2024-11-18T10:30:00Z", frozen=True, users=2)

    def ask(scan2evolve, **request):
        batch = {"employees": [{"externalEmployeeId": "E-1", "roles": ["astronaut"]},
                               {"externalEmployeeId": "E-2", "userAccount": {}}]}
        return scan2evolve.client.post("/api/v1/sync/employees", json=batch, **request)

    @pytest.fixture
    def broken_setup(scan2evolve):
        ask(scan2evolve)
        raise RuntimeError("not set up")

    @pytest.fixture
    def broken_teardown(scan2evolve):
        yield
        ask(scan2evolve)
        raise RuntimeError("not torn down")

    def test_call(sandbox, hrms, scan2evolve):
        token = scan2evolve.access_token()
        hrms.client.get("/v1/users")
        ask(scan2evolve)
        ask(scan2evolve, auth=("nobody", token))
        assert False

    def test_setup(broken_setup):
        pass

    def test_teardown(broken_teardown):
        pass
"""


def sections(result: pytest.RunResult) -> list[list[str]]:
    """The lines of each journal in the terminal's report."""
    found: list[list[str]] = []
    inside = False
    for line in result.stdout.lines:
        if HEADING.fullmatch(line):
            found.append([])
            inside = True
        elif re.match(r"[=_-]{5}|- generated", line):
            inside = False
        elif inside:
            found[-1].append(line)
    return found


@pytest.fixture
def world(server: ServerClient) -> Iterator[SandboxWorld]:
    """A world whose clock stands still."""
    reached = opened(Options("socket", server.url, None, None, 0, None))
    with reached as elsewhere, elsewhere.world("told", users=1, now=NOW, frozen=True, ttl_seconds=None) as made:
        yield made


def synced(world: SandboxWorld, *records: Any) -> None:
    """A batch."""
    world.scan2evolve.client.post("/api/v1/sync/employees", json={"employees": list(records)}).raise_for_status()


def test_journal_is_in_the_report_of_each_phase_that_fails(
    run_here: Ran, pytester: pytest.Pytester, server: ServerClient
) -> None:
    """The call, the setup and the teardown: a line a request, and why something was refused or skipped."""
    pytester.makepyfile(TESTS)
    result = run_here()
    result.assert_outcomes(passed=1, failed=1, errors=2)
    setup, teardown, call = sections(result)
    (made,) = re.findall(r"made with (.*)", call[0])
    assert call[0].startswith("world test-call-")
    assert f" at {server.url}, made with " in call[0]
    assert json.loads(made) == {"now": "2024-11-18T10:30:00Z", "frozen": True, "users": 2, "ttl_seconds": 3600}
    needed = "Email is required for ACTIVE users with userAccount (S2E-FIELD-09)"
    batch = [
        "      record 0 \"E-1\" warned by role-unknown: Role 'astronaut' not found, skipped (S2E-ROLE-02)",
        f'      record 1 "E-2" ERROR by email-required: {needed}',
    ]
    sync = "10:30:00.000  200  POST /scan2evolve/api/v1/sync/employees  syncEmployees accepted with 1 CREATED, 1 ERROR"
    assert call[1:] == [
        "its clock stands still at 2024-11-18T10:30:00.000Z; 4 requests:",
        "   1  10:30:00.000  200  POST /scan2evolve/api/v1/auth/token  issueToken accepted",
        "   2  10:30:00.000  200  GET /hrms/api/v1/users  listUsers accepted",
        f"   3  {sync}",
        *batch,
        (
            "   4  10:30:00.000  401  POST /scan2evolve/api/v1/sync/employees  "
            "syncEmployees refused by credentials: Unauthorized (S2E-AUTH-07)"
        ),
    ]
    for other in (setup, teardown):
        assert other[1:] == [
            "its clock stands still at 2024-11-18T10:30:00.000Z; 1 request:",
            f"   1  {sync}",
            *batch,
        ]


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)])
def test_journal_is_a_property_in_junit_xml(run: Ran, pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """The same text as on the terminal, once for each test, also where the sandbox ends with the last one."""
    pytester.makepyfile(TESTS)
    result = run("--junit-xml=junit.xml", *workers)
    shown = sorted("\n".join(lines) for lines in sections(result))
    cases = list(ET.parse("junit.xml").iter("testcase"))
    texts = [row.get("value", "") for case in cases for row in case.iter("property")]
    assert {row.get("name") for case in cases for row in case.iter("property")} == {"sandbox_journal"}
    assert sorted(text.strip() for text in texts) == [text.strip() for text in shown]
    assert len(texts) == 3


def test_journal_goes_whole_into_a_folder(run_here: Ran, pytester: pytest.Pytester) -> None:
    """A file for each failed test's world, and the report names it."""
    pytester.makepyfile(TESTS)
    result = run_here("--sandbox-journal-dir", "out/journals")
    files = sorted(Path("out/journals").iterdir())
    said = sorted(lines[-1].removeprefix("all of it: ") for lines in sections(result))
    assert said == [str(path.absolute()) for path in files]
    call = json.loads(files[0].read_text(encoding="utf-8"))
    assert call["test"] == "test_journal_goes_whole_into_a_folder.py::test_call"
    assert call["world"] == files[0].stem
    assert call["settings"]["users"] == 2
    assert call["clock"]["frozen"] is True
    assert [row["operation"] for row in call["journal"]] == [
        "issueToken",
        "listUsers",
        "syncEmployees",
        "syncEmployees",
    ]
    assert "astronaut" in call["journal"][2]["request"]["body"]


def test_journal_holds_no_secret(run_here: Ran, pytester: pytest.Pytester) -> None:
    """None of the world's, nor a token that was issued or sent as something else: not in the report, not in files."""
    pytester.makepyfile(TESTS)
    pytester.makeconftest("""
        import pathlib, pytest

        @pytest.fixture(autouse=True)
        def noted(sandbox):
            with pathlib.Path("secrets").open("a") as file:
                for row in sandbox.hrms.tokens:
                    print(row["token"], file=file)
                for row in sandbox.organizations:
                    print(row.client_secret, file=file)
    """)
    result = run_here("--sandbox-journal-dir", "journals", "--junit-xml", "junit.xml", "--showlocals")
    result.assert_outcomes(passed=1, failed=1, errors=2)
    secrets = Path("secrets").read_text(encoding="utf-8").split()
    assert len(secrets) == 3 * 4
    texts = [section for lines in sections(result) for section in lines]
    texts += [path.read_text(encoding="utf-8") for path in Path("journals").iterdir()]
    texts += [Path("junit.xml").read_text(encoding="utf-8")]
    everything = "\n".join(texts)
    assert not any(secret in everything for secret in secrets)
    # What a test's own local variables hold, pytest shows where it is told to; none of it is from us.
    assert SECRET.findall("\n".join(texts[:-1])) == []


def test_journal_is_in_no_report_that_needs_none(run_here: Ran, pytester: pytest.Pytester) -> None:
    """Not of tests that pass, are skipped, or are expected to fail, nor of those without a world."""
    pytester.makepyfile("""
        import pytest

        def test_passes(sandbox): pass

        def test_skips(sandbox): pytest.skip("nothing to see in this test of a test")

        @pytest.mark.xfail(reason="it is to fail")
        def test_fails_as_expected(sandbox): assert False

        def test_fails_without_a_world(): assert False
    """)
    result = run_here("--junit-xml=junit.xml", "--sandbox-journal-dir=journals")
    result.assert_outcomes(passed=1, skipped=1, xfailed=1, failed=1)
    assert sections(result) == []
    assert list(ET.parse("junit.xml").iter("property")) == []
    assert not Path("journals").exists()


def test_journal_of_a_world_that_a_fixture_made_is_there_too(run_here: Ran, pytester: pytest.Pytester) -> None:
    """Any world that the test was handed, each once."""
    pytester.makepyfile("""
        import pytest

        @pytest.fixture(scope="module")
        def company(sandbox_server):
            with sandbox_server.world("company", users=0) as world:
                yield world

        @pytest.fixture
        def same(sandbox):
            return sandbox

        def test_own(same, sandbox, company):
            company.hrms.client.get("/v1/users")
            assert False
    """)
    own, company = sections(run_here())
    assert own[0].startswith("world test-own-")
    assert own[1].endswith("; no requests")
    assert company[0].startswith("world company-")
    assert company[2].endswith("GET /hrms/api/v1/users  listUsers accepted")


def test_journal_that_cannot_be_had_is_told(run_here: Ran, pytester: pytest.Pytester) -> None:
    """The test's own failure stays what is seen first."""
    pytester.makepyfile("""
        def test_own(sandbox):
            sandbox.control.delete_world()
            assert False
    """)
    result = run_here()
    result.assert_outcomes(failed=1)
    ((line,),) = sections(result)
    assert re.fullmatch(
        r"the journal of world test-own-\w+ cannot be read: 404: There is no world 'test-own-\w+'", line
    )


def test_journal_of_another_version_of_the_sandbox_is_told(world: SandboxWorld, server: ServerClient) -> None:
    """One that calls things by other names spoils no report."""

    def otherwise(method: str, target: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        status, answer = HttpChannel(server.url)(method, target, headers, body)
        return status, answer.replace(b'"decision"', b'"judgement"')

    world.hrms.client.get("/v1/users")
    world.control = WorldControl(otherwise, world.id)
    assert told(world, "test", None) == f"the journal of world {world.id} cannot be read: KeyError: 'decision'\n"


def test_journal_that_cannot_be_written_is_told(world: SandboxWorld, tmp_path: Path) -> None:
    """The short one is there all the same."""
    (tmp_path / "file").touch()
    lines = told(world, "test", tmp_path / "file").splitlines()
    assert lines[1] == "its clock stands still at 2024-11-18T10:30:00.000Z; no requests"
    assert lines[2] == f"all of it could not be written to {tmp_path / 'file' / world.id}.json: File exists"


def test_journal_that_is_long_is_cut_at_its_beginning(world: SandboxWorld) -> None:
    """The latest thirty requests, and of a large batch the first lines about its records."""
    for _ in range(35):
        world.hrms.client.get("/v1/users")
    synced(world, *({"externalEmployeeId": f"E-{number}", "firstName": 1} for number in range(20)))
    lines = told(world, "test", None).splitlines()
    assert lines[1] == "its clock stands still at 2024-11-18T10:30:00.000Z; 36 requests, the last 30 of them:"
    numbers = [int(line[:4]) for line in lines[2:] if line[:4].strip()]
    assert numbers == list(range(7, 37))
    records = lines[-13:]
    assert records[0].startswith('      record 0 "E-0" ERROR by ')
    assert records[-1] == "      … and 8 more lines about its records"


def test_journal_shows_what_was_sent_as_one_line(world: SandboxWorld) -> None:
    """Neither line breaks nor a terminal's control codes get through, and nothing is longer than 300."""
    synced(world, {"externalEmployeeId": "E\x1b[31m\n1\u2028", "roles": ["x\x1b[2J" + "y" * 400]})
    lines = told(world, "test", None).split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() and len(line) <= 300 for line in lines)
    assert lines[3].startswith(r'      record 0 "E\u001b[31m\n1\u2028" warned by role-unknown: ')
    assert r"\x1b[2J" in lines[3]
    assert lines[3].endswith("…")


def test_journal_tells_faults_near_names_and_unknown_fields(world: SandboxWorld) -> None:
    """What a request met beside what was decided, what of its answer came, and what was nearly right."""
    synced(world, {"externalEmployeeId": "E-1", "nickname": "E", "roles": ["INSPECTR"]})
    world.control.create_fault(name="answer-lost")
    world.control.create_fault(name="latency", parameters={"seconds": 0})
    with pytest.raises(httpx.RemoteProtocolError):
        world.hrms.client.get("/v1/users")
    skipped = "Role 'INSPECTR' not found, skipped (S2E-ROLE-02); did you mean inspector?"
    assert told(world, "test", None).splitlines()[2:] == [
        "   1  10:30:00.000  200  POST /scan2evolve/api/v1/sync/employees  syncEmployees accepted with 1 CREATED",
        f'      record 0 "E-1" warned by role-unknown: {skipped}',
        '      record 0 "E-1" ignored nickname',
        "   2  10:30:00.000  200  GET /hrms/api/v1/users  listUsers accepted",
        "      fault latency, answer-lost, and the client got nothing of the answer",
    ]
