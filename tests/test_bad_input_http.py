"""Requests that bend HTTP: the vendor's error where there is a request, HTTP's own 400 or 431 where there is none."""

from __future__ import annotations

import pytest

from tests.client import ServerClient, WorldClient
from tests.wire import SYNC, USERS, Wire, ask, basic, bearer, request, sync_lines

HRMS_404 = {"message": "Resource not found"}
pytestmark = pytest.mark.usefixtures("no_errors_logged")


# -- paths and targets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        b"/hrms/api",
        b"/hrms/api/",
        b"/hrms/api//v1/users",
        b"/hrms/api/v1/users/",
        b"/hrms/api/v1/users//",
        b"/hrms/api/v1%2fusers",
        b"/hrms/api/v1/users%2F..",
        b"/hrms/api/v1/users/../departments",
        b"/hrms/api/v1/users/%2e%2e/departments",
        b"/hrms/api/v1/users/%2e%2e",
        b"/hrms/api/v1/users/%00",
        b"/hrms/api/v1/users/user_001%00",
        b"/hrms/api/v1/users/%ff",
        b"/hrms/api/v1/users/%ed%a0%80",
        b"/hrms/api/v1/users/%",
        b"/hrms/api/v1/users/%zz",
        b"/hrms/api/v1/users;a=b",
        b"/hrms/api/v1/USERS",
        b"/hrms/api/v1/users/" + b"a" * 60_000,
        b"/hrms/api" + b"/a" * 30_000,
    ],
)
def test_path_that_leads_nowhere_is_the_vendors_404(server: ServerClient, world: WorldClient, path: bytes) -> None:
    """Paths are matched as they were sent; an encoded slash or dot is never a way around (HRMS-USER-05)."""
    answer = ask(server.url, request(b"GET", path, bearer(world)))
    assert (answer.status, answer.json()) == (404, HRMS_404)


@pytest.mark.parametrize("path", [b"/hrms/api/v1/%75sers", b"/hrms/api/v1/users?%ff=%00&a=%zz&=&&;", USERS + b"#f"])
def test_path_spelt_otherwise_is_the_same_path(server: ServerClient, world: WorldClient, path: bytes) -> None:
    """Percent-encoding a letter changes nothing, and unknown query parameters are ignored."""
    assert ask(server.url, request(b"GET", path, bearer(world))).status == 200


@pytest.mark.parametrize("path", [b"/scan2evolve/api/v1/users/%ff", b"/scan2evolve/api//v1/users", b"/scan2evolve/api"])
def test_scan2evolve_path_that_leads_nowhere_is_its_404(server: ServerClient, world: WorldClient, path: bytes) -> None:
    """Scan2Evolve has its own words for it (S2E-ERR-01)."""
    answer = ask(server.url, request(b"GET", path, basic(world)))
    assert (answer.status, answer.json()["error"]) == (404, "Not found")


@pytest.mark.parametrize(
    "path",
    [
        b"//hrms/api/v1/users",
        b"/hrms",
        b"/hrms/apix",
        b"/HRMS/api/v1/users",
        b"/%2e%2e/etc/passwd",
        b"/openapi/..%2f..%2fetc%2fpasswd.yaml",
        b"/openapi/%00.yaml",
        b"/_sandbox%2fhealth",
        b"/_sandboxhealth",
        b"*",
    ],
)
def test_path_outside_of_all_apis_is_a_problem(server: ServerClient, path: bytes) -> None:
    """What belongs to no API is answered as a problem, by nobody in particular."""
    answer = ask(server.url, request(b"GET", path))
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("name", [b"%ff", b"%00", b"default%00", b"%F0%9F%98%80", b"..", b"%2e%2e", b"a" * 5_000])
def test_control_path_of_a_world_that_cannot_be_is_a_problem(server: ServerClient, name: bytes) -> None:
    """No spelling of a world's id gets past the 404."""
    answer = ask(server.url, request(b"GET", b"/_sandbox/worlds/" + name))
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")


def test_absolute_form_is_read_as_its_path(server: ServerClient, world: WorldClient) -> None:
    """A proxy's form of a request names the same resource (RFC 9112, 3.2.2)."""
    answer = ask(server.url, request(b"GET", b"http://elsewhere.example" + USERS, bearer(world)))
    assert answer.status == 200


# -- methods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", [b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"PROPFIND", b"CONNECT"]
)
def test_method_that_a_path_does_not_have_is_the_vendors_405(
    server: ServerClient, world: WorldClient, method: bytes
) -> None:
    """Every method that HTTP knows is answered in the vendor's format, with Allow (HRMS-ERR-02, S2E-ERR-02)."""
    hrms = ask(server.url, request(method, USERS, bearer(world)))
    assert (hrms.status, hrms.json(), hrms.headers["allow"]) == (405, {"message": "Method Not Allowed"}, "GET")
    scan2evolve = ask(server.url, request(method, b"/scan2evolve/api/v1/users", basic(world)))
    assert (scan2evolve.status, scan2evolve.json()["error"]) == (405, "Method not allowed")
    assert scan2evolve.headers["allow"] == "GET"


def test_head_has_the_405s_headers_and_no_body(server: ServerClient, world: WorldClient) -> None:
    """HEAD is no GET here; its answer ends with its head, and the connection goes on."""
    with Wire(server.url) as wire:
        wire.send(request(b"HEAD", USERS, bearer(world)))
        assert wire.answer(with_body=False).status == 405
        wire.send(request(b"GET", USERS, bearer(world)))
        assert wire.answer().status == 200


@pytest.mark.parametrize(
    "data",
    [
        request(b"FOO", USERS),
        request(b"get", USERS),
        request(b"", USERS),
        request(b"G\x00T", USERS),
        request(b"GET", b""),
        request(b"GET", b"hrms"),
        request(b"GET", b"http://elsewhere.example"),
        request(b"GET", USERS + b"/\x00"),
        request(b"GET", USERS + b"/\xc3\xa9"),
        request(b"GET", USERS + b"?\xff"),
        request(b"GET", USERS + b" x"),
        request(b"CONNECT", b"elsewhere.example:80"),
        request(b"GET", USERS, version=b"HTTP/9.9"),
        request(b"GET", USERS, version=b"HTTQ/1.1"),
        request(b"GET", USERS, b"no colon"),
        request(b"GET", USERS, b"a name: x"),
        request(b"GET", USERS, b"A: \x00"),
        request(b"GET", USERS, b"A: b", b" folded"),
        request(b"GET", USERS, b"Content-Length: -1"),
        request(b"GET", USERS, b"Content-Length: 1x"),
        request(b"GET", USERS, b"Content-Length: " + b"9" * 30),
        request(b"POST", SYNC, b"Content-Length: 1", b"Content-Length: 2"),
        request(b"POST", SYNC, b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        request(b"POST", SYNC, b"Transfer-Encoding: gzip"),
        request(b"POST", SYNC, b"Transfer-Encoding: chunked, gzip"),
        request(b"POST", SYNC, b"Transfer-Encoding: xchunked"),
        request(b"GET", USERS).replace(b"\r\n", b"\n"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"\x00" * 100,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_400_and_the_end(server: ServerClient, data: bytes) -> None:
    """What no API can be asked is HTTP's own 400, and the connection is closed."""
    with Wire(server.url) as wire:
        wire.send(data)
        answer = wire.answer()
        assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
        assert wire.is_closed()


@pytest.mark.parametrize("lines", [(b"Upgrade: h2c", b"HTTP2-Settings: AA"), (b"Upgrade: websocket",)])
def test_upgrade_is_passed_over_and_the_connection_is_not_kept(
    server: ServerClient, world: WorldClient, lines: tuple[bytes, ...]
) -> None:
    """A client that offers another protocol gets its answer in this one, told that it must connect anew."""
    with Wire(server.url) as wire:
        wire.send(request(b"GET", USERS, bearer(world), b"Connection: Upgrade", *lines))
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert wire.is_closed()


# -- headers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer \xff\xfe",
        b"Bearer a b",
        b"Bearer " + b"x" * 50_000,
        b"Basic",
        b"Basic ====",
        b"Basic /////w==",
        b"Basic bm8gY29sb24=",
        b"Basic Og==",
        b"Digest x",
    ],
)
def test_authorization_of_any_nonsense_is_a_401(server: ServerClient, value: bytes) -> None:
    """Whatever cannot be read is no credential (HRMS-AUTH-02, S2E-AUTH-07)."""
    line = b"Authorization: " + value
    hrms = ask(server.url, request(b"GET", USERS, line, b"X-Environment: staging"))
    assert (hrms.status, hrms.json()) == (401, {"message": "Unauthenticated"})
    scan2evolve = ask(server.url, request(b"GET", b"/scan2evolve/api/v1/users", line))
    assert (scan2evolve.status, scan2evolve.json()["error"]) == (401, "Unauthorized")


def test_repeated_authorization_is_a_401(server: ServerClient, world: WorldClient) -> None:
    """Two credentials are none, even if they are equal."""
    assert ask(server.url, request(b"GET", USERS, bearer(world), bearer(world))).status == 401
    assert ask(server.url, request(b"GET", b"/scan2evolve/api/v1/users", basic(world), basic(world))).status == 401


def test_repeated_environment_is_invalid(server: ServerClient, world: WorldClient) -> None:
    """X-Environment given twice names no environment (HRMS-ENV-02)."""
    answer = ask(server.url, request(b"GET", USERS, bearer(world), b"X-Environment: staging"))
    errors = {"X-Environment": ["The selected X-Environment is invalid."]}
    assert (answer.status, answer.json()) == (400, {"message": "Validation failed", "errors": errors})


def test_repeated_content_type_is_no_json(server: ServerClient, world: WorldClient) -> None:
    """Content-Type given twice names no media type."""
    lines = sync_lines(world, b"Content-Type: application/json", b"Content-Length: 2")
    answer = ask(server.url, request(b"POST", SYNC, *lines, body=b"{}"))
    assert (answer.status, answer.json()["error"]) == (400, "Content-Type must be application/json")


def test_header_bytes_beyond_ascii_are_passed_over(server: ServerClient, world: WorldClient) -> None:
    """Old bytes in a header nobody reads are no reason to refuse, and are shown in the journal."""
    answer = ask(server.url, request(b"GET", USERS, bearer(world), b"X-Name: \xff\xe9"))
    assert answer.status == 200
    assert ["x-name", "\xff\xe9"] in world.journal()[-1]["request"]["headers"]


def test_head_below_the_limit_is_read(server: ServerClient, world: WorldClient) -> None:
    """60 KiB of headers are many, and allowed."""
    assert ask(server.url, request(b"GET", USERS, bearer(world), b"X-Long: " + b"x" * 60_000)).status == 200


@pytest.mark.parametrize(
    "data",
    [
        request(b"GET", USERS, b"X-Long: " + b"x" * 70_000),
        request(b"GET", USERS, *[b"X-Many: x"] * 10_000),
        request(b"GET", USERS + b"/" + b"x" * 70_000),
        b"GET /" + b"x" * 3_000_000,
        b"GET / HTTP/1.1\r\n" + b"X-Many: without end\r\n" * 150_000,
        b"GET / HTTP/1.1\r\nX-Long: " + b"without end" * 300_000,
    ],
    ids=[
        "one long line",
        "many lines",
        "a long target",
        "target without end",
        "lines without end",
        "a line without end",
    ],
)
def test_head_above_the_limit_is_a_431_and_the_end(server: ServerClient, data: bytes) -> None:
    """A head of more than 64 KiB is refused before it is whole."""
    with Wire(server.url) as wire:
        wire.send(data)
        assert wire.answer().status == 431
        assert wire.is_closed()


def test_trailers_are_no_headers(server: ServerClient, world: WorldClient) -> None:
    """Fields behind a chunked body cannot bring credentials, nor change the body's media type."""
    body = b"2\r\n{}\r\n0\r\nContent-Type: text/plain\r\nAuthorization: x\r\nX-Late: 1\r\n\r\n"
    answer = ask(server.url, request(b"POST", SYNC, *sync_lines(world, b"Transfer-Encoding: chunked"), body=body))
    assert (answer.status, answer.json()["error"]) == (400, "employees array is required")
    assert "x-late" not in [name for name, _ in world.journal()[-1]["request"]["headers"]]
    anonymous = (b"Content-Type: application/json", b"Transfer-Encoding: chunked")
    late = b"2\r\n{}\r\n0\r\n" + basic(world) + b"\r\n\r\n"
    assert ask(server.url, request(b"POST", SYNC, *anonymous, body=late)).status == 401


@pytest.mark.parametrize(
    "tail",
    [b"2\r\n{}\r\n0\r\n" + b"X-Many: trailers\r\n" * 150_000, b"2;" + b"x" * 3_000_000],
    ids=["trailers", "chunk extension"],
)
def test_chunked_body_whose_overhead_does_not_end_is_cut_off(
    server: ServerClient, world: WorldClient, tail: bytes
) -> None:
    """What is neither head nor body is bounded as well."""
    with Wire(server.url) as wire:
        wire.send(request(b"POST", SYNC, *sync_lines(world, b"Transfer-Encoding: chunked"), body=tail))
        assert wire.answer().status == 431
        assert wire.is_closed()
