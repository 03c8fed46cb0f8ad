"""Bodies that are too long, too slow or cut off, and what becomes of their connections."""

from __future__ import annotations

import pytest

from tests.client import ServerClient, WorldClient
from tests.wire import SYNC, USERS, Wire, ask, basic, bearer, request, sync_lines

pytestmark = pytest.mark.usefixtures("no_errors_logged")
ELEVEN_MIB = 11 * 1024 * 1024


def chunked(size: int) -> bytes:
    """A chunked body of so many bytes."""
    piece = 65_536
    return b"%x\r\n%s\r\n" % (piece, b"x" * piece) * (size // piece) + b"0\r\n\r\n"


@pytest.mark.parametrize("path", [SYNC, b"/scan2evolve/api/v1/auth/token"])
@pytest.mark.parametrize("how", ["declared", "chunked"])
def test_body_of_11_mib_is_a_413_that_the_client_can_read(
    server: ServerClient, world: WorldClient, path: bytes, how: str
) -> None:
    """The answer comes while the client still sends, and the connection survives it (S2E-BATCH-15)."""
    before = world.state()
    if how == "declared":
        framing, body = b"Content-Length: %d" % ELEVEN_MIB, b"x" * ELEVEN_MIB
    else:
        framing, body = b"Transfer-Encoding: chunked", chunked(ELEVEN_MIB)
    with Wire(server.url) as wire:
        wire.send(request(b"POST", path, *sync_lines(world, framing), body=body))
        answer = wire.answer()
        assert (answer.status, answer.json()["error"]) == (413, "Request body too large")
        wire.send(request(b"GET", b"/scan2evolve/api/v1/users", basic(world)))
        assert wire.answer().status == 200
    assert world.state() == before


def test_body_declared_too_long_is_refused_before_it_comes(server: ServerClient, world: WorldClient) -> None:
    """Nobody has to send what would be refused: not even the 100 is sent (RFC 9110, 10.1.1)."""
    lines = sync_lines(world, b"Content-Length: %d" % ELEVEN_MIB, b"Expect: 100-continue")
    with Wire(server.url) as wire:
        wire.send(request(b"POST", SYNC, *lines))
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert wire.is_closed()


def test_body_that_waits_for_a_100_gets_one(server: ServerClient, world: WorldClient) -> None:
    """Expect: 100-continue is answered before the body is sent."""
    lines = sync_lines(world, b"Content-Length: 2", b"Expect: 100-continue")
    with Wire(server.url) as wire:
        wire.send(request(b"POST", SYNC, *lines))
        assert wire.answer().status == 100
        wire.send(b"{}")
        assert wire.answer().json()["error"] == "employees array is required"


def test_body_that_waits_for_a_100_without_credentials_gets_the_401(server: ServerClient) -> None:
    """Whoever is refused anyway need not send the body, and the connection does not go on."""
    with Wire(server.url) as wire:
        wire.send(request(b"POST", SYNC, b"Content-Length: 2", b"Expect: 100-continue"))
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (401, "close")
        assert wire.is_closed()


@pytest.mark.parametrize(
    ("path", "key", "text"),
    [
        (SYNC, "error", "Request timed out"),
        (b"/scan2evolve/api/v1/auth/token", "error", "Request timed out"),
        (b"/_sandbox/worlds", "detail", "Request timed out"),
    ],
)
@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_half_sent_body_is_a_408_and_the_end(
    server: ServerClient, world: WorldClient, path: bytes, key: str, text: str, framing: bytes
) -> None:
    """A body that does not come is given up, in the API's own format."""
    part = b'1\r\n{\r\n8\r\n"x' if b"chunked" in framing else b'{"employees":'
    with Wire(server.url) as wire:
        wire.send(request(b"POST", path, *sync_lines(world, framing), body=part))
        answer = wire.answer()
        assert (answer.status, answer.json()[key], answer.headers["connection"]) == (408, text, "close")
        assert wire.is_closed()


@pytest.mark.parametrize("part", [b"", b'{"employees":[{"externalEmployeeId":"E-1"}]}', b"x" * 500_000])
def test_client_that_leaves_in_mid_request_changes_nothing(
    server: ServerClient, world: WorldClient, part: bytes
) -> None:
    """Half a request is none: nothing is stored and nothing is journalled."""
    before = world.state()
    with Wire(server.url) as wire:
        wire.send(request(b"POST", SYNC, *sync_lines(world, b"Content-Length: 1000000"), body=part))
    with Wire(server.url) as wire:
        wire.send(request(b"POST", SYNC, *sync_lines(world, b"Content-Length: 1000000"), body=part))
        wire.end()
        assert wire.is_closed()
    assert world.state() == before
    assert world.journal() == []


def test_client_that_leaves_before_the_answer_is_served_all_the_same(server: ServerClient, world: WorldClient) -> None:
    """A whole request counts, whether or not somebody waits for the answer."""
    body = b'{"employees":[{"externalEmployeeId":"E-1"}]}'
    with Wire(server.url) as wire:
        wire.send(request(b"POST", SYNC, *sync_lines(world, b"Content-Length: %d" % len(body)), body=body))
        wire.end()
        assert wire.answer().status == 200
    assert world.employee("E-1")["status"] == "ACTIVE"


# -- connections ------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(server: ServerClient, world: WorldClient) -> None:
    """Requests sent before the first answer are answered one after another, each by its own rules."""
    body = b'{"employees":[{"externalEmployeeId":"E-1"}]}'
    data = [
        request(b"POST", SYNC, *sync_lines(world, b"Content-Length: %d" % len(body)), body=body),
        request(b"GET", USERS, bearer(world)),
        request(b"GET", USERS, b"X-Environment: staging"),
        request(b"POST", SYNC, *sync_lines(world, b"Content-Length: 1"), body=b"{"),
        request(b"GET", b"/nowhere"),
        request(b"GET", b"/_sandbox/health"),
    ]
    with Wire(server.url) as wire:
        wire.send(b"".join(data))
        assert [wire.answer().status for _ in data] == [200, 200, 401, 400, 404, 200]


def test_connection_is_kept_after_every_kind_of_error(server: ServerClient, world: WorldClient) -> None:
    """A refusal is no reason to hang up: the next request on the same connection is served."""
    requests = {
        401: request(b"POST", SYNC, b"Content-Length: 5", body=b"xxxxx"),
        400: request(b"POST", SYNC, *sync_lines(world, b"Content-Length: 5"), body=b"xxxxx"),
        404: request(b"POST", SYNC + b"/x", *sync_lines(world, b"Content-Length: 5"), body=b"xxxxx"),
        405: request(b"PUT", SYNC, *sync_lines(world, b"Transfer-Encoding: chunked"), body=b"1\r\nx\r\n0\r\n\r\n"),
        413: request(b"POST", SYNC, *sync_lines(world, b"Transfer-Encoding: chunked"), body=chunked(ELEVEN_MIB)),
        422: request(b"POST", b"/_sandbox/worlds", *sync_lines(world, b"Content-Length: 7"), body=b'{"x":1}'),
        204: request(b"DELETE", b"/_sandbox/worlds/%s/journal" % world.id.encode()),
    }
    with Wire(server.url) as wire:
        for status, data in requests.items():
            wire.send(data)
            answer = wire.answer()
            assert (answer.status, answer.headers.get("connection")) == (status, None)
            wire.send(request(b"GET", USERS, bearer(world)))
            assert wire.answer().status == 200


def test_answer_without_content_declares_no_length(server: ServerClient, world: WorldClient) -> None:
    """A 204 has neither body nor Content-Length (RFC 9110, 8.6)."""
    answer = ask(server.url, request(b"DELETE", b"/_sandbox/worlds/%s/outbox" % world.id.encode()))
    assert (answer.status, "content-length" in answer.headers) == (204, False)


def test_bad_credentials_tell_nothing_of_another_world(server: ServerClient, world: WorldClient) -> None:
    """Errors are the same whether or not what is asked for exists elsewhere, and leave no trace there."""
    other = server.world()
    other.accepted({"externalEmployeeId": "E-1", "email": "e@example.com", "userAccount": {}})
    user = other.scan2evolve("GET", "/users").json()[-1]["id"].encode()
    other.control("DELETE", "/journal")
    answer = ask(server.url, request(b"GET", b"/scan2evolve/api/v1/users/" + user, basic(world)))
    assert (answer.status, answer.json()["error"]) == (404, "User not found")
    named = request(b"GET", USERS, bearer(world), b"X-Sandbox-World: " + other.id.encode())
    assert ask(server.url, named).status == 200
    assert len(world.journal()) == 2
    assert other.journal() == []
    other.control("DELETE")
