"""The plugin in sessions of its own: fixtures, marker, options, and what is wrong with them in one clear line."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.client import ControlClient, shapes
from sandbox.settings import Settings
from sandbox_pytest.marker import KEYWORDS
from tests.client import ServerClient
from tests.conftest import running
from tests.processes import clean_environment
from tests.sandbox_pytest.conftest import Ran

pytest_plugins = ("pytester",)
REFUSED = "the sandbox refuses the world of this test: "


def failure(result: pytest.RunResult) -> str:
    """All that is said of the one test that could not begin."""
    result.assert_outcomes(errors=1)
    lines = result.stdout.lines
    begin = next(number for number, line in enumerate(lines) if "ERROR at setup of" in line)
    end = next(number for number, line in enumerate(lines) if "short test summary" in line)
    return "\n".join(lines[begin + 1 : end])


# -- fixtures ------------------------------------------------------------------------------------------------


def test_plugin_gives_each_test_a_world_that_ends_with_it(
    run_here: Ran, pytester: pytest.Pytester, server: ServerClient
) -> None:
    """One server, a world a test, named after it; afterwards none is left."""
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_own(sandbox, hrms, scan2evolve, sandbox_server, number):
            assert sandbox.employees() == []
            batch = {"employees": [{"externalEmployeeId": "E"}]}
            answer = scan2evolve.client.post("/api/v1/sync/employees", json=batch)
            assert answer.json()["results"][0]["status"] == "CREATED"
            assert len(hrms.client.get("/v1/users").json()["data"]) == 25
            assert sandbox.id.startswith(f"test-own-{number}-")
            assert sandbox.url == sandbox_server.url
            assert sandbox.control.get_world()["frozen"] is False
    """)
    before = server.http.get("/_sandbox/health").json()["worlds"]
    run_here().assert_outcomes(passed=2)
    assert server.http.get("/_sandbox/health").json()["worlds"] == before


@pytest.mark.parametrize("mode", ["socket", "process"])
@pytest.mark.parametrize("place", ["command line", "ini file"])
def test_plugin_has_a_sandbox_of_its_own_in_either_mode(
    run: Ran, pytester: pytest.Pytester, mode: str, place: str
) -> None:
    """The ready clients take that way, and nobody is left listening."""
    pytester.makepyfile(f"""
        import pathlib

        def test_own(sandbox, hrms):
            assert hrms.client.get("/v1/users").status_code == 200
            kind = type(hrms.client._transport).__name__
            assert kind == {"InProcess" if mode == "process" else "HTTPTransport"!r}
            pathlib.Path("url").write_text(sandbox.url)
    """)
    if place == "ini file":
        pytester.makeini(f"[pytest]\nsandbox_mode = {mode}")
    run(*([f"--sandbox-mode={mode}"] if place == "command line" else [])).assert_outcomes(passed=1)
    host, _, port = Path("url").read_text(encoding="utf-8").removeprefix("http://").partition(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def test_plugin_serves_the_tests_of_an_event_loop(run_here: Ran, pytester: pytest.Pytester) -> None:
    """Under a plugin for coroutines the fixtures are the same; the control plane may be asked from within."""
    pytester.makepyfile("""
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_own(sandbox, scan2evolve):
            async with scan2evolve.async_client() as client:
                await client.post("/api/v1/sync/employees", json={"employees": [{"externalEmployeeId": "E"}]})
            sandbox.advance(60)
            sandbox.verify(operation="syncEmployees", times=1)
    """)
    run_here("--sandbox-mode=socket").assert_outcomes(passed=1)


@pytest.mark.slow
def test_plugin_keeps_workers_apart_and_lets_them_share(
    pytester: pytest.Pytester, server: ServerClient, run: Ran
) -> None:
    """Under pytest-xdist each worker has a sandbox of its own, or all have the one that runs elsewhere."""
    pytester.makepyfile("""
        import pathlib, pytest

        @pytest.mark.parametrize("number", range(6))
        def test_own(sandbox, scan2evolve, number, worker_id):
            pathlib.Path(f"{worker_id}.url").write_text(sandbox.url)
            scan2evolve.client.post("/api/v1/sync/employees", json={"employees": [{"externalEmployeeId": "E"}]})
            assert len(sandbox.employees()) == 1
    """)
    run("-n", "2").assert_outcomes(passed=6)
    assert len({path.read_text(encoding="utf-8") for path in Path().glob("gw*.url")}) == 2
    run("-n", "2", "--sandbox-url", server.url).assert_outcomes(passed=6)
    assert {path.read_text(encoding="utf-8") for path in Path().glob("gw*.url")} == {server.url}


def test_plugin_makes_worlds_for_whole_modules(run_here: Ran, pytester: pytest.Pytester) -> None:
    """Who wants a world for longer than a test makes it with the session's server."""
    pytester.makepyfile("""
        import pytest

        @pytest.fixture(scope="module")
        def company(sandbox_server):
            with sandbox_server.world("company", users=2) as world:
                yield world

        def test_first(company):
            company.scan2evolve.client.post("/api/v1/sync/employees", json={"employees": [{"externalEmployeeId": "E"}]})

        def test_second(company):
            assert len(company.employees()) == 1
    """)
    run_here().assert_outcomes(passed=2)


# -- what it costs who does not use it -----------------------------------------------------------------------


def test_plugin_that_nobody_uses_imports_and_starts_nothing(pytester: pytest.Pytester) -> None:
    """A session with other tests knows the options, and has loaded neither the server nor a client."""
    pytester.makepyfile("""
        import sys, threading

        def test_own(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("hris-sandbox")
            ours = sorted(name for name in sys.modules if name.partition(".")[0] in ("sandbox", "contracts"))
            assert ours == []
            loaded = sorted(name for name in sys.modules if name.startswith("sandbox_pytest"))
            assert loaded == ["sandbox_pytest", "sandbox_pytest.options", "sandbox_pytest.plugin"]
            assert "httpx" not in sys.modules
            assert [thread.name for thread in threading.enumerate() if thread.name == "sandbox"] == []
    """)
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:anyio", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean_environment(), check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_plugin_can_be_left_out(pytester: pytest.Pytester) -> None:
    """By the name of its entry point."""
    pytester.makepyfile("def test_own(sandbox): pass")
    command = [sys.executable, "-m", "pytest", "-p", "no:hris-sandbox", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean_environment(), check=False)
    assert "fixture 'sandbox' not found" in done.stdout


# -- the marker ----------------------------------------------------------------------------------------------


def test_marker_takes_whatever_a_world_is_made_with(run_here: Ran, pytester: pytest.Pytester) -> None:
    """Seed, people, clock, readings, limits, deviations and faults are those of the world."""
    pytester.makepyfile("""
        import pytest

        @pytest.mark.sandbox(seed=7, users=3, now="2024-11-18T10:30:00Z", frozen=True, step_ms=5,
                             readings={"role-case": "exact"}, limits={"scan2evolve": None},
                             deviations=["retry-after-too-short"], show_deviations=True, ttl_seconds=60,
                             faults=[{"name": "latency", "parameters": {"seconds": 0}}])
        def test_own(sandbox):
            world = sandbox.world
            assert (world["seed"], len(sandbox.hrms.users())) == (7, 3)
            assert (world["now"], world["frozen"], world["step_ms"]) == ("2024-11-18T10:30:00.000Z", True, 5)
            assert world["readings"]["role-case"] == "exact"
            assert world["limits"]["scan2evolve"] is None
            assert (world["deviations"], world["show_deviations"]) == (["retry-after-too-short"], True)
            assert world["ttl_seconds"] == 60
            assert [row["name"] for row in sandbox.control.list_world_faults()["items"]] == ["latency"]
    """)
    run_here().assert_outcomes(passed=1)


def test_marker_knows_what_the_control_plane_knows() -> None:
    """The document decides; the id alone comes from the test."""
    assert set(KEYWORDS) == set(shapes.WorldNew.__annotations__) - {"id"}


def test_marks_are_merged_from_the_module_down_to_the_test(run_here: Ran, pytester: pytest.Pytester) -> None:
    """What is nearer wins, objects are merged, lists added up, and None puts things back."""
    pytester.makeconftest("""
        import pytest

        @pytest.fixture
        def sandbox_defaults():
            return {"users": 9, "seed": 9, "limits": {"scan2evolve": {"limit": 9, "window_seconds": 9}}}
    """)
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.sandbox(users=4, readings={"role-case": "exact"}, deviations=["retry-after-missing"])

        @pytest.mark.sandbox(users=3, deviations=["short-tokens"])
        class TestOwn:
            @pytest.mark.sandbox(readings={"empty-batch": "ok"}, limits={"scan2evolve": {"limit": 5}})
            def test_near(self, sandbox):
                assert sandbox.settings["users"] == 3
                assert sandbox.world["deviations"] == ["retry-after-missing", "short-tokens"]
                read = sandbox.world["readings"]
                assert (read["role-case"], read["empty-batch"]) == ("exact", "ok")
                assert sandbox.world["limits"]["scan2evolve"] == {"limit": 5, "window_seconds": 9}

            @pytest.mark.sandbox(deviations=None, seed=None, limits=None)
            def test_back(self, sandbox):
                assert (sandbox.world["deviations"], sandbox.world["seed"]) == ([], 0)
                assert sandbox.world["limits"]["scan2evolve"] == {"limit": 100, "window_seconds": 60}

        def test_far(sandbox):
            assert (len(sandbox.hrms.users()), sandbox.world["seed"]) == (4, 9)
    """)
    run_here().assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("sed=3", "the marker sandbox knows no 'sed', did you mean 'seed'? It takes seed, users, now, "),
        ("id='mine'", "the marker sandbox knows no 'id'. It takes seed, users, now, "),
        ("{'seed': 3}", "the marker sandbox takes its settings by name, not {'seed': 3}"),
        (
            "now={3}",
            "the marker sandbox: now must be made of JSON's types: Object of type set is not JSON serializable",
        ),
        (
            "readings={'role-case': 'loud'}",
            f'{REFUSED}/readings/role-case: "loud" is not one of "insensitive", "exact" or null (422)',
        ),
        (
            "users=-1, seed='x'",
            f'{REFUSED}/users: -1 is less than the minimum of 0; /seed: "x" is not of type "integer" (422)',
        ),
        ("now='yesterday'", f"{REFUSED}/now: "),
        ("faults=[{'name': 'answer-lots'}]", f"{REFUSED}/faults/0/name: "),
        ("deviations=['no-such-bug']", f"{REFUSED}/deviations/0: "),
    ],
)
def test_marker_that_makes_no_world_is_told_in_one_line(
    run_here: Ran, pytester: pytest.Pytester, server: ServerClient, mark: str, message: str
) -> None:
    """What is wrong and where, below the test's name; the test does not begin, and no world is made."""
    pytester.makepyfile(f"""
        import pytest

        @pytest.mark.sandbox({mark})
        def test_own(sandbox):
            raise SystemExit
    """)
    before = server.http.get("/_sandbox/health").json()["worlds"]
    said = failure(run_here())
    assert said.startswith(message)
    assert "\n" not in said
    assert server.http.get("/_sandbox/health").json()["worlds"] == before


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("{'user': 3}", "the fixture sandbox_defaults knows no 'user', did you mean 'users'? It takes "),
        ("['users']", "the fixture sandbox_defaults must return a dict, not ['users']"),
    ],
)
def test_defaults_that_are_none_are_told_in_one_line(
    run_here: Ran, pytester: pytest.Pytester, returned: str, message: str
) -> None:
    """As the marker's, and the fixture is named."""
    pytester.makepyfile(f"""
        import pytest

        @pytest.fixture
        def sandbox_defaults():
            return {returned}

        def test_own(sandbox):
            raise SystemExit
    """)
    said = failure(run_here())
    assert said.startswith(message)
    assert "\n" not in said


# -- options -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--sandbox-url", "http://127.0.0.1:1", "--sandbox-mode", "process"),
            "the sandbox at http://127.0.0.1:1 is not in this process: give --sandbox-mode=socket, or no URL",
        ),
        (("--sandbox-port", "http"), "--sandbox-port: 'http' is no port from 0 to 65535"),
        (("--sandbox-port", "65536"), "--sandbox-port: '65536' is no port from 0 to 65535"),
        (
            ("--sandbox-port", "8080", "-n", "2"),
            (
                "--sandbox-port: each worker of pytest-xdist has a sandbox of its own, "
                "and they cannot share port 8080: leave out -n, or start one sandbox and give its --sandbox-url"
            ),
        ),
        (("-o", "sandbox_mode=both"), "sandbox_mode: 'both' is none of socket, process"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(
    pytester: pytest.Pytester, arguments: tuple[str, ...], message: str
) -> None:
    """One line, before anything runs."""
    pytester.makepyfile("def test_own(): pass")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.lines[0] == f"ERROR: {message}"
    assert not any(result.stderr.lines[1:])


def unreachable(pytester: pytest.Pytester, run: Ran, *arguments: str) -> str:
    """What is said of the server, in one line; a test without a sandbox passes all the same."""
    pytester.makepyfile("""
        def test_none(): pass

        def test_own(sandbox): raise SystemExit
    """)
    result = run(*arguments)
    result.assert_outcomes(passed=1, errors=1)
    lines = [line for line in result.stdout.lines if line.startswith("there is no sandbox for this test: ")]
    assert len(lines) == 1
    assert not any(re.match(r"E  |Traceback|\S+\.py:\d+:", line) for line in result.stdout.lines)
    return lines[0].removeprefix("there is no sandbox for this test: ")


def test_sandbox_url_where_nobody_answers_is_told(pytester: pytest.Pytester, run: Ran) -> None:
    """With the URL, and why not."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        said = unreachable(pytester, run, "--sandbox-url", url)
    assert re.fullmatch(rf"--sandbox-url: no sandbox answers at {url}: .*refused", said)


def test_sandbox_url_of_something_else_is_told(pytester: pytest.Pytester, run: Ran, server: ServerClient) -> None:
    """A page that is there, and one that is not, are no sandbox; what is no URL is none."""
    for path in ("/openapi/hrms.yaml?", "/openapi"):
        said = unreachable(pytester, run, "--sandbox-url", f"{server.url}{path}")
        assert said.startswith(f"--sandbox-url {server.url}{path}: ")
    assert unreachable(pytester, run, "--sandbox-url", "localhost:8080").startswith("--sandbox-url: not an URL of a sa")


def test_sandbox_url_without_its_key_is_told(pytester: pytest.Pytester, run: Ran) -> None:
    """A wrong key as none; with the right one, given in either way, the test runs."""
    with running(Settings(control_key="sesame")) as guarded:
        where = ("--sandbox-url", guarded.url)
        refused = f"--sandbox-url {guarded.url}: 401: The control key is missing or wrong: give --sandbox-control-key"
        assert unreachable(pytester, run, *where) == refused
        assert unreachable(pytester, run, *where, "--sandbox-control-key", "barley") == refused
        pytester.makepyfile("def test_own(sandbox): assert sandbox.verify(times=0)['looked_at'] == 0")
        run(*where, "--sandbox-control-key", "sesame").assert_outcomes(passed=1)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("HRIS_SANDBOX_CONTROL_KEY", "sesame")
            run(*where).assert_outcomes(passed=1)


def test_sandbox_port_is_the_one_that_is_asked_for_or_told(pytester: pytest.Pytester, run: Ran) -> None:
    """A taken port is told in one line; a free one is listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = unreachable(pytester, run, "--sandbox-port", str(port))
        assert said == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    pytester.makepyfile(f"def test_own(sandbox): assert sandbox.url == 'http://127.0.0.1:{port}'")
    run("--sandbox-port", str(port)).assert_outcomes(passed=1)


def test_sandbox_ca_that_is_none_is_told(pytester: pytest.Pytester, run: Ran) -> None:
    """A file that is not there, and one that holds no certificate."""
    where = ("--sandbox-url", "https://127.0.0.1:1", "--sandbox-ca")
    assert unreachable(pytester, run, *where, "none.pem") == "--sandbox-ca none.pem: No such file or directory"
    Path("empty.pem").touch()
    assert unreachable(pytester, run, *where, "empty.pem").startswith("--sandbox-ca empty.pem: ")


def test_sandbox_url_behind_https_works_with_its_authority(pytester: pytest.Pytester, run: Ran, tmp_path: Path) -> None:
    """Control client and the ready clients trust the file."""
    pytest.importorskip("trustme")
    from sandbox import tls
    from sandbox.app import Application
    from sandbox.server import serving

    held = tls.make()
    tls.save_authority(held, tmp_path / "ca.pem")
    pytester.makepyfile("def test_own(hrms): assert hrms.client.get('/v1/users').status_code == 200")
    with serving(Application(), tls=held) as url:
        assert url.startswith("https://")
        run("--sandbox-url", url, "--sandbox-ca", str(tmp_path / "ca.pem")).assert_outcomes(passed=1)


def test_worlds_of_sessions_at_one_sandbox_do_not_collide(
    pytester: pytest.Pytester, run_here: Ran, server: ServerClient
) -> None:
    """The same test of another session, which has died, still has its world."""
    pytester.makepyfile("""
        import json, pathlib

        def test_own(sandbox):
            pathlib.Path("world.json").write_text(json.dumps(sandbox.world))
    """)
    run_here().assert_outcomes(passed=1)
    first = json.loads(Path("world.json").read_text(encoding="utf-8"))
    control = ControlClient(server.url)
    left = control.create_world(id=first["id"])
    run_here().assert_outcomes(passed=1)
    second = json.loads(Path("world.json").read_text(encoding="utf-8"))
    assert second["id"] == f"{first['id']}-2"
    assert control.world(left["id"]).get_world()["id"] == left["id"]
    control.world(left["id"]).delete_world()
