"""Targets that cannot be judged, and wishes that make no sense: one clear line, and never a claim that holds."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from contracts.lab import Lab
from contracts.run import Options, Run
from contracts.space import Tenant
from contracts.target import Budget, CannotRun, Credentials, Target, Wire
from sandbox.app import Application
from sandbox.server import serving as serving_sandbox
from tests.client import ServerClient, WorldClient
from tests.contracts.targets import (
    WORLD,
    Answering,
    always,
    answer,
    judged,
    judged_from_outside,
    serving,
    statuses,
    target_at,
)
from tests.processes import completed

pytestmark = pytest.mark.slow

NO_CONTROL = "without a control plane, --credentials must say who may ask"


def _html(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 200, b"<!doctype html><title>Welcome</title>", "text/html")


def _cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


def _no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"220 mail.example ready\r\n")
    handler.close_connection = True


def _nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


# What a server does, and how the one line begins; {url} is its URL.
UNFIT: dict[str, tuple[Answering, str]] = {
    "html": (_html, "{url}/hrms/api answers 200 with text/html, not JSON: is it the HRMS?"),
    "redirect": (always(302, location="https://elsewhere.example/"), "{url}/hrms/api redirects to https://elsewhere"),
    "cut-body": (_cut, "{url}/hrms/api/v1/users cannot be talked to: RemoteProtocolError"),
    "no-http": (_no_http, "{url}/hrms/api/v1/users cannot be talked to: RemoteProtocolError"),
    "no-answer": (_nothing, "{url}/hrms/api/v1/users cannot be talked to: RemoteProtocolError"),
    "no-gzip": (always(200, content_encoding="gzip"), "{url}/hrms/api/v1/users cannot be talked to: DecodingError"),
    "401": (always(401), "the HRMS at {url}/hrms/api refuses the credentials (401)"),
    "429": (always(429, retry_after="0"), "the HRMS at {url}/hrms/api lets nothing through (429)"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_target_that_cannot_be_judged_ends_the_run_at_once(name: str) -> None:
    """What is no API, or lets nobody in, is told in one line before any check."""
    answering, line = UNFIT[name]
    with serving(answering) as url, pytest.raises(CannotRun) as caught:
        judged_from_outside(url, WORLD)
    assert str(caught.value).startswith(line.format(url=url))
    assert "\n" not in str(caught.value)


def test_target_that_is_down_ends_the_run_at_once() -> None:
    """Nobody listens: the line names the URL."""
    url = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(CannotRun) as caught:
        judged_from_outside(url, WORLD)
    assert str(caught.value).startswith(f"{url}/hrms/api/v1/users cannot be talked to: ConnectError")


def test_target_that_hangs_is_waited_for_no_longer_than_the_timeout() -> None:
    """A target that takes a request and says nothing ends the run after the time that an answer may take."""
    over = threading.Event()

    def answering(_: BaseHTTPRequestHandler) -> None:
        over.wait(10)

    with serving(answering) as url:
        with pytest.raises(CannotRun) as caught:
            judged_from_outside(url, WORLD, timeout=0.2)
        over.set()
    assert str(caught.value).startswith(f"{url}/hrms/api/v1/users does not answer in time: ReadTimeout")


def test_target_without_any_of_the_operations_is_refused_as_vacuous() -> None:
    """A run in which all answers are 404 proves nothing."""
    with serving(always(404)) as url, pytest.raises(CannotRun, match=r"answers were 401, 404 or 429: such a run"):
        judged_from_outside(url, WORLD, "S2E-FIELD-*")


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("7", 7), ("0", 0), ("500", 120), ("-1", 1), ("soon", 1), ("\xb2", 1)]
)
def test_limit_of_the_target_is_waited_out_before_it_is_asked_again(retry_after: str, seconds: int) -> None:
    """Retry-After is kept to, within bounds, whatever it says; after the last attempt nobody waits."""
    asked: list[str] = []
    waited: list[float] = []

    def answering(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        always(429, retry_after=retry_after)(handler)

    with serving(answering) as url, closing(Wire(target_at(url, control=False), Budget(10))) as wire:
        lab = Lab(wire, Tenant(Credentials.of_world(WORLD)), {}, "p", waited.append)
        assert lab.scan2evolve("GET", "/api/v1/users").status == 429
        assert (len(asked), waited) == (3, [seconds] * 2)
        assert lab.scan2evolve("GET", "/api/v1/users", patient=False).status == 429
        assert (len(asked), waited) == (4, [seconds] * 2)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, {}), (200, []), (200, None), (200, {"results": [], "errors": []}), (400, {"error": "no"}), (500, {})],
    ids=["object", "array", "null", "empty-batch", "400", "500"],
)
def test_target_with_one_answer_for_everything_keeps_no_claim(status: int, body: Any) -> None:
    """No claim can be met by a server that looks at nothing, whatever it answers."""
    with serving(always(status, body)) as url:
        report = judged_from_outside(url, WORLD, "S2E-FIELD-0*", "S2E-SITE-*", "HRMS-*")
    assert set(statuses(report).values()) <= {"broken", "not observable", "planned"}
    assert "broken" in statuses(report).values()
    assert report.exit_code == 1


def test_target_that_goes_down_in_the_middle_ends_the_run() -> None:
    """Once the target is gone there is no report, and so nothing in it that was not seen."""
    left = 40

    def answering(handler: BaseHTTPRequestHandler) -> None:
        nonlocal left
        left -= 1
        (always(400, {"error": "no"}) if left > 0 else _nothing)(handler)

    with serving(answering) as url, pytest.raises(CannotRun, match="cannot be talked to"):
        judged_from_outside(url, WORLD)


# -- control planes that are none ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answering", "line"),
    [
        (_html, "control plane: POST /worlds answered 200 with no JSON"),
        (always(200, []), "{url}/_sandbox makes no worlds: is it a control plane?"),
        (always(200, {"name": "x"}), "{url}/_sandbox makes no worlds: is it a control plane?"),
        (always(403, {"detail": "no"}), 'control plane: POST /worlds answered 403: {{"detail": "no"}}'),
        (always(201, {"id": "x", "hrms": 1}), "the credentials are not understood: AttributeError"),
    ],
    ids=["html", "array", "other-object", "403", "no-credentials"],
)
def test_control_plane_that_is_none_ends_the_run(answering: Answering, line: str) -> None:
    """What does not make worlds is told from a control plane."""
    with serving(answering) as url, pytest.raises(CannotRun) as caught:
        judged(url)
    assert str(caught.value).startswith(line.format(url=url))


# -- credentials ---------------------------------------------------------------------------------------


def with_organization(**fields: Any) -> dict[str, Any]:
    """The world with other fields in its organization."""
    organization = WORLD["scan2evolve"]["organizations"][0]
    return WORLD | {"scan2evolve": {"organizations": [organization | fields]}}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "credentials file {name} is not JSON: "),
        ("{", "credentials file {name} is not JSON: "),
        ("[" * 100_000, "credentials file {name} is not JSON: "),
        ("\udcff", "credentials file {name} is not JSON: "),
        ("[]", "credentials file {name} must hold an object"),
        ('{"hrms": []}', "the credentials are not understood: "),
        ('{"hrms": {"tokens": 5}}', "the credentials are not understood: "),
        ('{"hrms": {"tokens": ["hrms_1"]}}', "the credentials are not understood: "),
        ('{"hrms": {"tokens": [{"token": "hrms_1"}]}}', "the credentials are not understood: KeyError 'environment'"),
        ('{"scan2evolve": {"organizations": [{}]}}', "the credentials are not understood: KeyError 'client_id'"),
        (json.dumps(with_organization(client_secret=5)), "the credentials are not understood: tokens, ids and"),
        (json.dumps(with_organization(client_secret="é")), "the credentials are not understood: tokens, ids and"),
        (json.dumps(with_organization(client_id="a\nb")), "the credentials are not understood: tokens, ids and"),
        (json.dumps(with_organization(sites=[{}])), "the credentials are not understood: KeyError 'id'"),
        (json.dumps(with_organization(groups=["A"])), "the credentials are not understood: TypeError"),
    ],
)
def test_credentials_file_of_another_shape_is_told_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    """A file that is no JSON, or holds no credentials, is named or its fault is."""
    path = tmp_path / "credentials.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CannotRun) as caught:
        Credentials.of_file(str(path))
    assert str(caught.value).startswith(line.format(name=path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "why"), [("missing.json", "No such file or directory"), (".", "Is a directory")])
def test_credentials_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, name: str, why: str) -> None:
    """The line names the file and says what the system said."""
    with pytest.raises(CannotRun) as caught:
        Credentials.of_file(str(tmp_path / name))
    assert str(caught.value) == f"credentials file {tmp_path / name}: {why}"


def test_credentials_from_the_environment_that_names_none_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name env without the variable says which variable to set."""
    monkeypatch.delenv("HRIS_SANDBOX_CREDENTIALS", raising=False)
    with pytest.raises(CannotRun, match="set HRIS_SANDBOX_CREDENTIALS to the name of a JSON file"):
        Credentials.of_file("env")


def test_credentials_that_are_empty_name_what_they_lack(server: ServerClient) -> None:
    """Without an organization and a token there is nobody to ask as."""
    with pytest.raises(CannotRun, match=r"^the credentials lack a Scan2Evolve organization and an HRMS token$"):
        judged_from_outside(server.url, {})


@pytest.mark.parametrize("api", ["hrms", "scan2evolve"])
def test_credentials_that_are_wrong_end_the_run(world: WorldClient, server: ServerClient, api: str) -> None:
    """A token or a client secret that nobody has: the line says which API refuses it."""
    made = json.loads(json.dumps(world.created))
    if api == "hrms":
        for held in made["hrms"]["tokens"]:
            held["token"] = "hrms_" + "0" * 40
    else:
        made["scan2evolve"]["organizations"][0]["client_secret"] = "cs_" + "0" * 40
    name = {"hrms": "the HRMS", "scan2evolve": "Scan2Evolve"}[api]
    with pytest.raises(CannotRun) as caught:
        judged_from_outside(server.url, made)
    assert str(caught.value).startswith(f"{name} at {server.url}/{api}")
    assert str(caught.value).endswith("refuses the credentials (401)")


# -- wishes --------------------------------------------------------------------------------------------


def test_claim_that_nobody_knows_is_told_before_any_request() -> None:
    """A pattern without a claim is named, even beside good ones, and nothing is sent."""
    options = Options(Target(None, None, None), claims=("S2E-*", "S2E-NOPE-*"))
    with pytest.raises(CannotRun, match=r"^no claim is called S2E-NOPE-\*; the ledger is contracts/claims\.yaml$"):
        Run(options)()


@pytest.mark.parametrize("url", ["http://[", "http://127.0.0.1:99999", "http://", "http://a b/"])
def test_url_that_is_none_ends_the_run(url: str) -> None:
    """Whatever a library thinks of the URL, it is one line."""
    with pytest.raises(CannotRun, match="cannot be talked to"):
        judged_from_outside(url, WORLD)


# -- on the command line -------------------------------------------------------------------------------


def refused(*arguments: str) -> str:
    """`conform` that cannot run: exit code 2, nothing but one line on standard error, which is answered."""
    done = completed("conform", *arguments, environment={"COLUMNS": "200"})
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("hris-sandbox: ")
    assert "holds" not in done.stdout
    assert "Traceback" not in done.stdout
    return lines[0].removeprefix("hris-sandbox: ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--url", "example.com"), "example.com is no URL: it must begin with http:// or https://"),
        (("--hrms-url", "ftp://example.com"), "ftp://example.com is no URL: it must begin with http:// or https://"),
        (
            ("--url", "http://127.0.0.1:1", "--hrms-url", "http://127.0.0.1:1"),
            "give --url, or --hrms-url and --scan2evolve-url, not both",
        ),
        (("--credentials", "/nowhere/at/all.json"), "credentials file /nowhere/at/all.json: No such file or directory"),
        (("--claims", "NOPE"), "no claim is called NOPE; the ledger is contracts/claims.yaml"),
        (("--hrms-url", "http://127.0.0.1:1"), NO_CONTROL),
        (("--report", "{file}/report"), "--report {file}/report: Not a directory"),
        (("--report", "{file}"), "--report {file}: File exists"),
    ],
    ids=["no-scheme", "ftp", "both", "credentials", "claim", "no-credentials", "report-below-file", "report-is-file"],
)
def test_wish_that_makes_no_sense_exits_with_2(tmp_path: Path, arguments: tuple[str, ...], line: str) -> None:
    """Each is told in one line on standard error, before a run."""
    file = tmp_path / "file"
    file.touch()
    assert refused(*(word.format(file=file) for word in arguments)) == line.format(file=file)


def test_target_on_the_command_line_that_is_no_api_exits_with_2(tmp_path: Path) -> None:
    """Down, HTML, a broken encoding, and HTML with credentials: one line each."""
    down = f"http://127.0.0.1:{closed_port()}"
    assert refused("--url", down).startswith(f"{down}/_sandbox/health cannot be talked to: ConnectError")
    with serving(_html) as url:
        assert refused("--url", url) == NO_CONTROL
        path = tmp_path / "credentials.json"
        path.write_text(json.dumps(WORLD), encoding="utf-8")
        told = refused("--url", url, "--credentials", str(path), "--report", str(tmp_path / "out"))
        assert told == f"{url}/hrms/api answers 200 with text/html, not JSON: is it the HRMS?"
        assert not (tmp_path / "out").exists()
    with serving(always(200, content_encoding="gzip")) as url:
        assert refused("--url", url).startswith(f"{url}/_sandbox/health cannot be talked to: DecodingError")


def test_run_on_the_command_line_tells_its_outcome_by_exit_code(tmp_path: Path) -> None:
    """0 where the claim holds; 1 at a vendor who looks at nothing, the claim named, no traceback."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(WORLD), encoding="utf-8")
    asked = ("--claims", "S2E-USER-01", "--credentials", str(path))
    with serving_sandbox(Application()) as good, serving(always(400, {"error": "no"})) as bad:
        runs = [completed("conform", "--url", url, *asked, environment={"COLUMNS": "200"}) for url in (good, bad)]
    assert [(run.returncode, run.stderr) for run in runs] == [(0, ""), (1, "")]
    assert "1 holds" in runs[0].stdout
    assert "1 broken" in runs[1].stdout
    assert "S2E-USER-01" in runs[1].stdout
    assert "holds" not in runs[1].stdout
