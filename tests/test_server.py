"""The server around the application: where it listens, how it stops, what a connection may do."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from sandbox import server as sandbox_server
from sandbox.server import BindError, bind, is_loopback
from sandbox.settings import Settings
from tests.client import ServerClient
from tests.conftest import running
from tests.processes import started
from tests.wire import Wire, ask, request

HEALTH = request(b"GET", b"/_sandbox/health")


def has_ipv6_loopback() -> bool:
    """Whether this machine has ::1."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no ::1")


# -- where it listens ---------------------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of 127.0.0.1 that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@needs_ipv6
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_bind_to_the_loopback_listens_on_both_addresses(host: str) -> None:
    """Wherever a client's `localhost` leads, the server is there."""
    sockets = bind(host, 0)
    try:
        assert [listener.getsockname()[0] for listener in sockets] == ["127.0.0.1", "::1"]
        assert len({listener.getsockname()[1] for listener in sockets}) == 1
    finally:
        for listener in sockets:
            listener.close()


@needs_ipv6
def test_bind_where_only_the_second_address_is_taken_goes_on_with_the_first() -> None:
    """Somebody else on ::1 does not keep the server off 127.0.0.1."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        sockets = bind("127.0.0.1", other.getsockname()[1])
    try:
        assert [listener.getsockname()[0] for listener in sockets] == ["127.0.0.1"]
    finally:
        for listener in sockets:
            listener.close()


@needs_ipv6
def test_bind_to_one_address_listens_there_alone() -> None:
    """An address that is asked for by itself stays by itself."""
    sockets = bind("::1", 0)
    try:
        assert [listener.getsockname()[0] for listener in sockets] == ["::1"]
    finally:
        for listener in sockets:
            listener.close()


def test_bind_to_a_taken_port_says_which(taken: int) -> None:
    """The error names address and port and the reason."""
    with pytest.raises(BindError, match=f"^cannot listen on 127.0.0.1:{taken}: Address already in use$"):
        bind("127.0.0.1", taken)


def test_bind_to_an_address_of_nobody_says_so() -> None:
    """An address that is not this machine's is an error, not a traceback."""
    with pytest.raises(BindError, match=r"^cannot listen on 203\.0\.113\.1:0: "):
        bind("203.0.113.1", 0)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    """A name that merely looks local is not taken for it."""
    assert is_loopback(host) is loopback


# -- how it stops ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_server_within_a_second_whatever_is_open(number: signal.Signals) -> None:
    """An idle connection and a half-sent body do not keep the server; it leaves nothing in its log."""
    with (
        started("--port", "0") as process,
        Wire(process.url) as idle,
        Wire(process.url) as half,
        Wire(process.url) as new,
    ):
        idle.send(HEALTH)
        assert idle.answer().status == 200
        half.send(request(b"POST", b"/scan2evolve/api/v1/auth/token", b"Content-Length: 100", b"Expect: 100-continue"))
        # The 100 tells that the body is being waited for.
        assert half.answer().status == 100
        half.send(b"{")
        new.send(b"GET / HTT")
        begun = monotonic()
        process.popen.send_signal(number)
        process.popen.wait(5)
        assert monotonic() - begun < 1
        assert process.popen.returncode in (0, -number)
        assert idle.is_closed()
        assert half.is_closed()
        assert process.log() == ""


def is_being_made(wire: Wire, world: str) -> bool:
    """Whether a world is there, perhaps without its people yet."""
    wire.send(request(b"GET", f"/_sandbox/worlds/{world}".encode()))
    return wire.answer().status == 200


def test_signal_ends_a_request_that_is_under_way_without_a_word() -> None:
    """Whoever stops the server knows that it is cut off: no error and no traceback."""
    wish = b'{"id": "large", "users": 50000}'
    lines = (b"Content-Type: application/json", b"Content-Length: %d" % len(wish))
    with started("--port", "0") as process, Wire(process.url) as busy, Wire(process.url) as other:
        busy.send(request(b"POST", b"/_sandbox/worlds", *lines, body=wish))
        assert any(is_being_made(other, "large") for _ in range(1_000))
        process.popen.terminate()
        process.popen.wait(5)
        assert process.log() == ""


# -- what a connection may do --------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerClient]:
    """A server that waits a fifth of a second for a head."""
    monkeypatch.setattr(sandbox_server, "HEAD_TIMEOUT", 0.2)
    with running(Settings(body_timeout=0.2)) as client:
        yield client


@pytest.mark.parametrize("part", [b"", b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half", b"\r\n\r\n"])
def test_head_that_does_not_come_ends_the_connection(impatient: ServerClient, part: bytes) -> None:
    """A connection that asks nothing, or half of something, is not kept."""
    with Wire(impatient.url) as wire:
        wire.send(part)
        assert wire.is_closed()


def test_second_head_that_does_not_come_ends_the_connection(impatient: ServerClient) -> None:
    """The clock runs for every head, not only for the first."""
    with Wire(impatient.url) as wire:
        wire.send(HEALTH)
        assert wire.answer().status == 200
        wire.send(b"GET / HT")
        assert wire.is_closed()


def test_idle_connection_is_kept_longer_than_a_head_may_take(impatient: ServerClient) -> None:
    """Between two requests nothing is late."""
    with Wire(impatient.url) as kept, Wire(impatient.url) as clock:
        kept.send(HEALTH)
        assert kept.answer().status == 200
        # This one is ended by the same timeout, which shows that it has passed.
        assert clock.is_closed()
        kept.send(HEALTH)
        assert kept.answer().status == 200


def test_body_that_takes_longer_than_a_head_may_is_no_late_head(impatient: ServerClient) -> None:
    """Once the head is whole, only the body's own deadline counts, and that answers."""
    with Wire(impatient.url) as wire:
        wire.send(request(b"POST", b"/_sandbox/worlds", b"Content-Type: application/json", b"Content-Length: 9"))
        assert wire.answer().status == 408
        assert wire.is_closed()


@pytest.mark.parametrize("size", [65_000, 66_000])
def test_head_is_bounded_the_same_in_one_piece_and_in_many(server: ServerClient, size: int) -> None:
    """64 KiB are the limit however they arrive, and also behind another request."""
    data = request(b"GET", b"/_sandbox/health", b"X-Long: " + b"x" * size)
    expected = 200 if size < 65_536 else 431
    assert ask(server.url, data).status == expected
    with Wire(server.url) as wire:
        for start in range(0, len(data), 1_000):
            wire.send(data[start : start + 1_000])
        assert wire.answer().status == expected
    with Wire(server.url) as wire:
        wire.send(HEALTH)
        assert wire.answer().status == 200
        wire.send(data)
        assert wire.answer().status == expected


def test_bodies_do_not_count_towards_the_head(server: ServerClient) -> None:
    """Big bodies, many in a row and in small chunks, leave the room for heads as it was."""
    chunks = b"a\r\n" + b" " * 10 + b"\r\n"
    body = chunks * 20_000 + b"0\r\n\r\n"
    lines = (b"Content-Type: application/json", b"Transfer-Encoding: chunked")
    with Wire(server.url) as wire:
        for _ in range(3):
            wire.send(request(b"POST", b"/_sandbox/worlds", *lines, body=body))
            assert wire.answer().status == 400


def test_many_small_pipelined_requests_do_not_add_up(server: ServerClient) -> None:
    """Each request has its own head, however many come in one piece."""
    with Wire(server.url) as wire:
        sender = threading.Thread(target=wire.send, args=(HEALTH * 3_000,))
        sender.start()
        assert {wire.answer().status for _ in range(3_000)} == {200}
        sender.join(10)
