"""Memory after bad input: back where it was, and never more than a world's rings hold."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.client import ServerClient, WorldClient
from tests.processes import Process, started
from tests.wire import SYNC, Wire, basic, request, sync_lines

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc"),
]

MIB = 1024 * 1024
# Journal and audit log may keep 8 MiB each and one heavier entry; an allocator gives back in its own time.
ROOM = 48 * MIB
NINE_MB = "x" * 9_000_000
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    """A server that nobody else uses."""
    with started("--port", "0", "--users", "1", "--no-rate-limit") as running:
        yield running


def post(world: WorldClient, body: bytes) -> None:
    """A sync of these bytes, answered somehow."""
    answer = world.scan2evolve("POST", "/sync/employees", content=body, headers=JSON, auth=world.basic())
    assert answer.status_code in (200, 400, 413), answer.text[:300]


def sync(world: WorldClient, record: object) -> None:
    """A sync of one record."""
    assert world.scan2evolve("POST", "/sync/employees", json={"employees": [record]}).status_code == 200


def ask_often(world: WorldClient, path: bytes) -> None:
    """A long path, or a query that is told in the answer, 150 times."""
    with Wire(str(world.http.base_url)) as wire:
        for number in range(150):
            wire.send(request(b"GET", b"/scan2evolve/api/v1%s%d" % (path, number), basic(world)))
            assert wire.answer().status in (400, 404)


def leave(world: WorldClient) -> None:
    """Most of a body, and good-bye."""
    with Wire(str(world.http.base_url)) as wire:
        lines = sync_lines(world, b"Content-Length: 10000000")
        wire.send(request(b"POST", SYNC, *lines, body=NINE_MB.encode()))


def head_without_end(world: WorldClient) -> None:
    """Header lines as long as somebody takes them."""
    with Wire(str(world.http.base_url)) as wire:
        wire.send(b"GET / HTTP/1.1\r\n" + b"X-Many: without end\r\n" * 450_000)


def trailers_without_end(world: WorldClient) -> None:
    """The same behind a chunked body."""
    with Wire(str(world.http.base_url)) as wire:
        lines = sync_lines(world, b"Transfer-Encoding: chunked")
        wire.send(request(b"POST", SYNC, *lines, body=b"2\r\n{}\r\n0\r\n" + b"X-Many: without end\r\n" * 450_000))


ATTACKS: dict[str, Callable[[WorldClient, int], None]] = {
    "no JSON": lambda world, n: post(world, NINE_MB.encode()),
    "no closing bracket": lambda world, n: post(world, b"[" + b"[1,2,3]," * 1_000_000),
    "a million arrays": lambda world, n: post(world, b'{"employees":[' + b"[1,2,3]," * 1_000_000 + b"1]}"),
    "a million keys": lambda world, n: post(world, b"{" + b'"%d":0,' * 500_000 % tuple(range(500_000)) + b'"x":0}'),
    "a body too long": lambda world, n: post(world, b"x" * 11 * MIB),
    "an unknown role": lambda world, n: sync(world, {"externalEmployeeId": "E", "roles": [f"{NINE_MB}{n}"]}),
    "an unknown field": lambda world, n: sync(world, {"externalEmployeeId": "E", f"{NINE_MB}{n}": 1}),
    "an invalid status": lambda world, n: sync(world, {"externalEmployeeId": "E", "status": f"{NINE_MB}{n}"}),
    "a refused id": lambda world, n: sync(world, {"externalEmployeeId": f"{NINE_MB}{n}", "status": "X"}),
    "an unknown user": lambda world, n: ask_often(world, b"/users/" + b"x" * 60_000 + b"%d." % n),
    "a query": lambda world, n: ask_often(world, b"/users?isActive=" + b"x" * 60_000 + b"%d." % n),
    "a client that leaves": lambda world, n: leave(world),
    "a head without end": lambda world, n: head_without_end(world),
    "trailers without end": lambda world, n: trailers_without_end(world),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_memory_after_big_bad_requests_is_back_where_it_was(
    process: Process, attack: Callable[[WorldClient, int], None]
) -> None:
    """Twelve requests of nine megabytes leave no more behind than two of them did."""
    server = ServerClient(process.url)
    world = server.world()

    def settled() -> int:
        for _ in range(3):
            assert world.control("GET").status_code == 200
        return process.resident_bytes()

    attack(world, 0)
    attack(world, 1)
    before = settled()
    for number in range(2, 14):
        attack(world, number)
    assert settled() - before < ROOM
    world.control("DELETE")
    server.http.close()
    assert process.log() == ""
