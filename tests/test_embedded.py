"""The sandbox within a Python program: the same state over the socket and in process, from any loop and thread."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import sandbox
from sandbox import Sandbox
from sandbox.client import ControlError, shapes
from sandbox.server import BindError


async def asked(running: Sandbox, method: str, path: str, **request: Any) -> httpx.Response:
    """A request through httpx' ASGI transport, on the loop that calls."""
    transport = httpx.ASGITransport(app=running.asgi())
    async with httpx.AsyncClient(transport=transport, base_url=running.url) as client:
        return await client.request(method, path, **request)


def test_sandbox_serves_for_as_long_as_its_block_lasts() -> None:
    """URL and control client work within, and say that it is not running before and after."""
    made = Sandbox(seed=3, users=2, rate_limit=False)
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"^this sandbox is not running: use it in a `with` block$"):
            _ = made.url
        with made as running:
            url = running.url
            assert running.control.get_health()["worlds"] == 1
            world = running.control.world().get_world()
            assert (world["seed"], world["limits"]) == (3, {"scan2evolve": None, "hrms": None})
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


def test_sandbox_shows_the_same_state_over_the_socket_and_in_process() -> None:
    """What one way does, the others see."""
    with Sandbox(users=2) as running:
        running.control.create_world(id="shared", now="2024-11-18T10:30:00Z", frozen=True)
        advanced = asyncio.run(asked(running, "POST", "/_sandbox/worlds/shared/clock/advance", json={"seconds": 1}))
        assert advanced.json() == running.control.world("shared").get_clock()
        answer = running.request("DELETE", "/_sandbox/worlds/shared", [(b"Host", b"localhost")])
        assert (answer.status, answer.body) == (204, b"")
        assert asyncio.run(asked(running, "GET", "/_sandbox/worlds/shared")).status_code == 404
        assert httpx.get(f"{running.url}/_sandbox/worlds/shared").status_code == 404


def test_sandbox_answers_many_loops_threads_and_sockets_at_once() -> None:
    """No call is lost and none disturbs another: each of a hundred advances of one clock counts."""
    with Sandbox(users=0) as running:
        path = "/_sandbox/worlds/busy/clock/advance"
        running.control.create_world(id="busy", now="2024-11-18T10:30:00Z", frozen=True)

        async def all_at_once() -> None:
            answers = await asyncio.gather(*(asked(running, "POST", path, json={"seconds": 1}) for _ in range(25)))
            assert [answer.status_code for answer in answers] == [200] * 25

        def in_process() -> None:
            for _ in range(25):
                headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
                assert running.request("POST", path, headers, b'{"seconds": 1}').status == 200

        def over_the_socket() -> None:
            for _ in range(25):
                running.control.world("busy").advance_clock(seconds=1)

        with ThreadPoolExecutor(4) as pool:
            ways = (lambda: asyncio.run(all_at_once()), lambda: asyncio.run(all_at_once()), in_process, over_the_socket)
            for done in [pool.submit(way) for way in ways]:
                done.result(20)
        assert running.control.world("busy").get_clock()["now"] == "2024-11-18T10:31:40.000Z"


def test_sandbox_that_has_ended_answers_no_call() -> None:
    """An ASGI application that outlives the block says so."""
    with Sandbox(users=0) as running:
        app = running.asgi()
    transport = httpx.ASGITransport(app=app)

    async def late() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await client.get("/")

    with pytest.raises(RuntimeError, match=r"^this sandbox is not running any more: its `with` block has ended$"):
        asyncio.run(late())


def test_sandbox_that_runs_is_not_entered_again() -> None:
    """One object is one server at a time; the one that runs goes on."""
    with Sandbox(users=0) as running:
        with pytest.raises(RuntimeError, match=r"^this sandbox is running already$"):
            running.__enter__()
        assert running.control.get_health()["status"] == "ok"


def test_sandbox_on_a_taken_port_says_so_and_can_be_tried_again() -> None:
    """BindError, and nothing is left behind."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = Sandbox(users=0, port=taken.getsockname()[1])
        with pytest.raises(BindError, match="in use"):
            wanted.__enter__()
    with wanted as running:
        assert running.control.get_health()["status"] == "ok"


def test_sandbox_as_asgi_takes_part_in_a_lifespan() -> None:
    """Whoever runs it as an application of its own gets both ends of the protocol."""
    sent: list[str] = []

    async def live(app: Any) -> None:
        messages = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, str]:
            return {"type": next(messages)}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)

    with Sandbox(users=0) as running:
        asyncio.run(live(running.asgi()))
        assert running.control.get_health()["status"] == "ok"
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_package_has_no_other_name() -> None:
    """An attribute that there is not is refused as Python does."""
    missing = "Sandpit"
    with pytest.raises(AttributeError, match=r"^module 'sandbox' has no attribute 'Sandpit'$"):
        getattr(sandbox, missing)


def in_flight(running: Sandbox) -> list[Any]:
    """What is under way in the world `waiting`, which no request has come to yet."""
    with pytest.raises(ControlError) as late:
        running.control.world("waiting").wait_journal(timeout=0)
    found: list[Any] = late.value.problem["in_flight"]
    return found


def test_sandbox_in_process_shows_what_is_in_flight_and_waits_for_it() -> None:
    """A request whose body never ends is under way until it is given up; another one ends the wait."""

    async def endless() -> AsyncIterator[bytes]:
        yield b'{"employees'
        await asyncio.Event().wait()

    async def until(running: Sandbox, count: int) -> None:
        for _ in range(5_000):
            if len(await asyncio.to_thread(in_flight, running)) == count:
                return
        raise AssertionError("it stays as it is")

    async def live(running: Sandbox, world: shapes.WorldCreated) -> None:
        organization = world["scan2evolve"]["organizations"][0]
        pair = (organization["client_id"], organization["client_secret"])
        path = "/scan2evolve/api/v1/sync/employees"
        headers = {"Content-Type": "application/json"}
        stuck = asyncio.create_task(asked(running, "POST", path, content=endless(), headers=headers, auth=pair))
        await until(running, 1)
        waiting = asyncio.create_task(asked(running, "GET", "/_sandbox/worlds/waiting/journal/wait?timeout=60"))
        stuck.cancel()
        await asyncio.wait([stuck])
        await until(running, 0)
        await asked(running, "POST", path, json={"employees": []}, auth=pair)
        answer = (await waiting).json()
        assert (answer["found"], answer["matched"][0]["status"], answer["in_flight"]) == (1, 400, [])

    with Sandbox(users=0) as running:
        asyncio.run(live(running, running.control.create_world(id="waiting")))
