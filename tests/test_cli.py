"""The command line: options and their environment variables, and what is said when something is wrong."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from sandbox import __version__
from sandbox.document import NAMES, folder
from tests.processes import CHECKOUT, MODULE, Process, clean_environment, completed, started
from tests.wire import ask

INSTALLED = (str(Path(sys.executable).parent / "hris-sandbox"),)
KEY = "a-key-for-tests"
ORIGIN = "http://app.example"
OPTIONS = {
    "--host": "localhost",
    "--port": "0",
    "--seed": "7",
    "--users": "4",
    "--no-rate-limit": None,
    "--control-key": KEY,
    "--cors-origin": ORIGIN,
    "--max-worlds": "2",
    "--world-ttl": "600",
    "--log-level": "info",
    "--log-format": "json",
}


def as_options(options: dict[str, str | None]) -> list[str]:
    """The options as arguments."""
    return [word for name, value in options.items() for word in (name, value) if word is not None]


def as_environment(options: dict[str, str | None]) -> dict[str, str]:
    """The options as environment variables."""
    return {
        "HRIS_SANDBOX_" + name.removeprefix("--").replace("-", "_").upper(): "1" if value is None else value
        for name, value in options.items()
    }


@pytest.fixture(scope="module", params=["options", "environment"])
def configured(request: pytest.FixtureRequest) -> Iterator[Process]:
    """A server with every option set, in either of the two ways."""
    if request.param == "options":
        with started(*as_options(OPTIONS)) as process:
            yield process
    else:
        with started(environment=as_environment(OPTIONS)) as process:
            yield process


def control(process: Process, path: str, **headers: str) -> httpx.Response:
    """A request to the control plane, with the key."""
    return httpx.get(f"{process.url}/_sandbox{path}", headers={"Authorization": f"Bearer {KEY}"} | headers, timeout=10)


def default_world(process: Process) -> dict[str, Any]:
    """The default world."""
    world: dict[str, Any] = control(process, "/worlds/default").json()
    return world


def test_first_line_names_the_address(configured: Process) -> None:
    """With port 0, whoever started the server reads one line and knows where it is."""
    assert configured.first_line.startswith(f"hris-sandbox {__version__} listens at http://localhost:")
    assert httpx.get(f"{configured.url}/_sandbox/health", timeout=10).json()["status"] == "ok"


def test_seed_is_the_default_worlds(configured: Process) -> None:
    """--seed decides the data of the default world."""
    assert default_world(configured)["seed"] == 7


def test_users_is_the_number_of_people_in_each_environment(configured: Process) -> None:
    """--users is the size of each HRMS company."""
    for environment in ("staging", "uat"):
        listed = control(configured, f"/worlds/default/hrms/users?environment={environment}").json()
        assert len(listed["items"]) == 4


def test_no_rate_limit_starts_without_limits(configured: Process) -> None:
    """--no-rate-limit switches Scan2Evolve's limit off."""
    assert default_world(configured)["limits"] == {"scan2evolve": None, "hrms": None}


def test_max_worlds_and_world_ttl_hold_for_the_worlds_that_are_made(configured: Process) -> None:
    """--max-worlds is the room beside the default world, --world-ttl what a world gets that names none."""
    headers = {"Authorization": f"Bearer {KEY}"}
    for world_id in ("first", "second", "third"):
        wish = {"id": world_id, "users": 0}
        answer = httpx.post(f"{configured.url}/_sandbox/worlds", json=wish, headers=headers, timeout=10)
        assert answer.json()["ttl_seconds"] == 600
    assert [world["id"] for world in control(configured, "/worlds").json()["items"]] == ["default", "second", "third"]


def test_control_key_is_demanded_for_all_but_health(configured: Process) -> None:
    """--control-key guards the control plane, and nothing else."""
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = httpx.get(f"{configured.url}/_sandbox/worlds", headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["detail"]) == (401, "The control key is missing or wrong")
    assert control(configured, "/worlds").status_code == 200


def test_cors_origin_lets_its_pages_in_and_no_others(configured: Process) -> None:
    """--cors-origin answers a browser's preflight for that origin."""
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for origin, allowed in ((ORIGIN, ORIGIN), ("http://other.example", None)):
        answer = httpx.options(f"{configured.url}/hrms/api/v1/users", headers={"Origin": origin} | asked, timeout=10)
        assert answer.headers.get("access-control-allow-origin") == allowed
    assert control(configured, "/worlds", Origin=ORIGIN).status_code == 200
    assert control(configured, "/worlds", Origin="http://other.example").status_code == 403


def test_json_log_has_one_object_a_line(configured: Process) -> None:
    """--log-format json: every line parses; --log-level info: every request has one."""
    marker = "/hrms/api/v1/no-such-thing"
    ask(configured.url, b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % marker.encode())
    ask(configured.url, b"no http at all\r\n\r\n")
    httpx.get(f"{configured.url}/_sandbox/health", timeout=10)
    lines = [orjson.loads(line) for line in configured.log().splitlines()]
    assert [line["message"] for line in lines if marker in line["message"]] == [f"GET {marker} 404"]
    assert {tuple(line) for line in lines} == {("time", "level", "logger", "message")}
    assert {line["level"] for line in lines} == {"info"}


def test_text_log_is_quiet_unless_asked(tmp_path: Path) -> None:
    """By default neither requests nor bad input are worth a line."""
    with started("--port", "0", folder=tmp_path, environment={"PYTHONPATH": str(CHECKOUT)}) as process:
        ask(process.url, b"no http at all\r\n\r\n")
        assert httpx.get(f"{process.url}/hrms/api/v1/users", timeout=10).status_code == 401
        assert process.log() == ""


def test_text_log_has_a_line_a_request_at_level_info() -> None:
    """--log-level info in the default format, also as other programs have it in their settings."""
    with started("--port", "0", environment={"HRIS_SANDBOX_LOG_LEVEL": "INFO"}) as process:
        httpx.get(f"{process.url}/hrms/api/v1/users", timeout=10)
        assert "INFO    GET /hrms/api/v1/users 401" in process.log()


def test_banner_tells_credentials_that_work() -> None:
    """What is printed at the start is enough to use both APIs, as the curl lines show."""
    with started("--port", "0", "--users", "1") as process:
        process.popen.terminate()
        process.popen.wait(5)
        assert process.popen.stdout is not None
        text = process.popen.stdout.read()
    for word in ("hrms_", "client_id", "cs_", "curl -H 'Authorization: Bearer hrms_", "curl -u client_", "Compiled "):
        assert word in text


def test_option_wins_over_its_environment_variable() -> None:
    """Both given: the option counts."""
    with started("--port", "0", "--seed", "5", environment={"HRIS_SANDBOX_SEED": "6"}) as process:
        assert httpx.get(f"{process.url}/_sandbox/worlds/default", timeout=10).json()["seed"] == 5


def test_port_that_is_given_is_the_one() -> None:
    """--port other than 0."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with started("--port", str(port)) as process:
        assert process.url == f"http://127.0.0.1:{port}"


# -- what is wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--port", "65536"], "Invalid value for '--port'"),
        (["serve", "--port", "-1"], "Invalid value for '--port'"),
        (["serve", "--port", "x"], "Invalid value for '--port'"),
        (["serve", "--seed", "-1"], "Invalid value for '--seed'"),
        (["serve", "--seed", "x"], "Invalid value for '--seed'"),
        (["serve", "--users", "50001"], "Invalid value for '--users'"),
        (["serve", "--users", "many"], "Invalid value for '--users'"),
        (["serve", "--max-worlds", "0"], "Invalid value for '--max-worlds'"),
        (["serve", "--world-ttl", "0"], "Invalid value for '--world-ttl'"),
        (["serve", "--world-ttl", "1.5"], "Invalid value for '--world-ttl'"),
        (["serve", "--log-level", "loud"], "Invalid value for '--log-level'"),
        (["serve", "--log-format", "xml"], "Invalid value for '--log-format'"),
        (["serve", "--port"], "requires an argument"),
        (["serve", "--no-such-option"], "No such option"),
        (["serve", "surplus"], "unexpected extra argument"),
        (["serve", "--host", "0.0.0.0"], "give a --control-key"),
        (["serve", "--host", "::"], "give a --control-key"),
        (["serve", "--host", "0.0.0.0", "--control-key", ""], "give a --control-key"),
        (["serve", "--control-key", "two words"], "the control key is sent in a header"),
        (["serve", "--control-key", "schlüssel"], "the control key is sent in a header"),
        (["serve", "--cors-origin", "tools.example.com"], "'tools.example.com' is no origin"),
        (["serve", "--cors-origin", "https://tools.example.com/"], "'https://tools.example.com/' is no origin"),
        (
            ["serve", "--cors-origin", ORIGIN, "--cors-origin", "https://Tools.example.com"],
            "'https://Tools.example.com'",
        ),
        (["serve", "--host", "203.0.113.1", "--control-key", "k"], "cannot listen on 203.0.113.1:8080"),
        (["serve", "--host", "no such host", "--control-key", "k"], "cannot listen on no such host:8080"),
        (["spec", "nothing"], "Invalid value"),
        (["spec"], "Missing argument"),
        (["no-such-command"], "No such command"),
    ],
)
def test_wrong_argument_is_one_line_and_exit_code_2(arguments: list[str], words: str) -> None:
    """Whatever is wrong with the command is told in one line."""
    result = completed(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("hris-sandbox: ")
    assert words in result.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "x"),
        ("USERS", "-1"),
        ("LOG_FORMAT", "xml"),
        ("NO_RATE_LIMIT", "perhaps"),
        ("HOST", "0.0.0.0"),
        ("CORS_ORIGIN", "https://a.example,https://b.example"),
    ],
)
def test_wrong_environment_variable_is_one_line_and_exit_code_2(variable: str, value: str) -> None:
    """A variable is checked like its option."""
    result = completed("serve", environment={f"HRIS_SANDBOX_{variable}": value})
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert result.stderr.startswith("hris-sandbox: ")


def test_port_in_use_is_one_line_and_exit_code_2() -> None:
    """The line names the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        result = completed("serve", "--port", str(port))
    assert result.stderr == f"hris-sandbox: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert (result.returncode, result.stdout) == (2, "")


BROKEN_DOCUMENTS = {
    "no YAML": "openapi: [",
    "no object": "- openapi",
    "unknown keyword": "openapi: 3.1.0\nno-such-keyword: 1\n",
    "another version": "openapi: 3.0.0\n",
    "nothing": "",
    "no text": "\udcff",
}


@pytest.mark.parametrize("text", BROKEN_DOCUMENTS.values(), ids=BROKEN_DOCUMENTS)
def test_broken_document_is_one_line_and_exit_code_2(tmp_path: Path, text: str) -> None:
    """A document that is not understood stops the start, and the line names the file."""
    shutil.copytree(CHECKOUT / "sandbox", tmp_path / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(folder(), tmp_path / "openapi")
    (tmp_path / "openapi" / "hrms.yaml").write_text(text, encoding="utf-8", errors="surrogateescape")
    result = completed("serve", "--port", "0", folder=tmp_path)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1), result.stderr
    assert result.stderr.startswith("hris-sandbox: ")
    assert "hrms.yaml" in result.stderr


def test_bind_beyond_loopback_with_a_key_is_allowed() -> None:
    """Whoever guards the control plane may listen anywhere; here, still on the loopback's network."""
    with started("--host", "127.0.0.2", "--port", "0", "--control-key", KEY) as process:
        assert httpx.get(f"{process.url}/_sandbox/worlds", timeout=10).status_code == 401
        assert control(process, "/worlds").status_code == 200


# -- the other commands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [MODULE, INSTALLED], ids=["module", "script"])
@pytest.mark.parametrize("name", NAMES)
def test_spec_prints_the_document(command: tuple[str, ...], name: str) -> None:
    """`spec` prints a document byte for byte, by either way to call it."""
    result = completed("spec", name, command=command)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (folder() / f"{name}.yaml").read_text(encoding="utf-8")


def test_documents_are_served_as_spec_prints_them() -> None:
    """The served YAML is the printed one, and the JSON says the same."""
    with started("--port", "0") as process:
        for name in NAMES:
            served = httpx.get(f"{process.url}/openapi/{name}.yaml", timeout=10)
            assert served.text == completed("spec", name).stdout
            title = httpx.get(f"{process.url}/openapi/{name}.json", timeout=10).json()["info"]["title"]
            assert title in served.text


def test_version_is_printed() -> None:
    """`--version`, and nothing else."""
    assert completed("--version").stdout == f"hris-sandbox, version {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["serve", "--help"]])
def test_help_is_printed(arguments: list[str]) -> None:
    """Help is no error."""
    result = completed(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: ")


def test_help_of_serve_names_every_option_and_its_variable() -> None:
    """Every option is told with the variable that stands for it."""
    text = completed("serve", "--help").stdout
    for option, variable in zip(OPTIONS, as_environment(OPTIONS), strict=True):
        assert option in text
        assert variable in text


def test_no_command_is_told_the_usage_with_exit_code_2() -> None:
    """Without a command there is nothing to do."""
    result = completed()
    assert (result.returncode, result.stdout) == (2, "")
    assert "Usage: " in result.stderr


def test_environment_of_these_tests_is_clean() -> None:
    """What the machine has set for the server does not reach the servers of these tests."""
    assert not [name for name in clean_environment() if name.startswith("HRIS_SANDBOX_")]
