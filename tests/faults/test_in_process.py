"""Faults where there is no socket of uvicorn's under the request, and where there is TLS on it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.app import Application
from sandbox.embedded import Answer
from sandbox.faults.catalogue import CATALOGUE
from sandbox.server import serving
from sandbox.settings import Settings
from tests.client import WorldClient
from tests.faults.calling import JANE
from tests.wire import USERS, Wire, bearer, request

#: What each fault that breaks something raises, and whether the work is done by then.
RAISED = {
    "connection-reset": (ConnectionResetError, "The sandbox reset the connection: a fault of this world", False),
    "empty-answer": (
        ConnectionAbortedError,
        "The sandbox closed the connection without an answer: a fault of this world",
        False,
    ),
    "answer-lost": (
        ConnectionAbortedError,
        "The sandbox closed the connection without an answer: a fault of this world",
        True,
    ),
    "truncated-body": (
        ConnectionAbortedError,
        "The sandbox closed the connection in the middle of a body: a fault of this world",
        True,
    ),
    "malformed-chunk": (ConnectionAbortedError, "The sandbox broke off a chunked body: a fault of this world", True),
}


@contextlib.contextmanager
def embedded(name: str, parameters: dict[str, Any] | None = None, **when: Any) -> Iterator[tuple[Sandbox, Any]]:
    """A sandbox in process, and a world of it with one fault."""
    fault: Any = {"name": name, "parameters": parameters or {}, **when}
    with Sandbox(users=0) as running:
        yield running, running.control.create_world(faults=[fault])


def batch(made: Any) -> dict[str, Any]:
    """A sync as httpx takes it."""
    organization = made["scan2evolve"]["organizations"][0]
    return {
        "url": "/scan2evolve/api/v1/sync/employees",
        "json": {"employees": [JANE]},
        "auth": (organization["client_id"], organization["client_secret"]),
    }


async def posted(app: Any, made: Any, **options: Any) -> httpx.Response:
    """A sync through httpx' ASGI transport."""
    transport = httpx.ASGITransport(app=app, **options)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.post(**batch(made))


def by_hand(running: Sandbox, made: Any) -> Answer:
    """The same through Sandbox.request."""
    with httpx.Client(base_url="http://localhost") as client:
        asked = client.build_request("POST", batch(made)["url"], json=batch(made)["json"])
        next(httpx.BasicAuth(*batch(made)["auth"]).auth_flow(asked))
    return running.request("POST", asked.url.path, asked.headers.raw, asked.content)


def employees(running: Sandbox, made: Any) -> int:
    """How many employees the world holds."""
    organization = made["scan2evolve"]["organizations"][0]["organization_id"]
    return len(running.control.world(made["id"]).list_employees(organization)["items"])


@pytest.mark.parametrize("name", RAISED)
def test_broken_connection_is_raised_in_process(name: str) -> None:
    """The builtin exception that comes nearest, through httpx and by hand, with the work done or not."""
    kind, text, done = RAISED[name]
    with embedded(name) as (running, made):
        with pytest.raises(kind, match=f"^{text}$"):
            asyncio.run(posted(running.asgi(), made))
        with pytest.raises(kind, match=f"^{text}$"):
            by_hand(running, made)
        assert employees(running, made) == (1 if done else 0)
        entries = running.control.world(made["id"]).list_journal()["items"]
        assert [[fault["name"] for fault in entry["faults"]] for entry in entries] == [[name], [name]]


def test_broken_connection_over_the_socket_of_the_same_sandbox_is_none_of_an_exception() -> None:
    """The same fault, the same world, another way in: there it is the connection that breaks."""
    with embedded("connection-reset") as (running, made), httpx.Client(base_url=running.url) as client:
        with pytest.raises(httpx.ReadError):
            client.post(**batch(made))
        with pytest.raises(ConnectionResetError):
            asyncio.run(posted(running.asgi(), made))


def test_broken_connection_is_raised_by_the_bare_application() -> None:
    """Whoever runs the ASGI application under another server gets the exception there."""
    app = Application(Settings(users=0))

    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            fault = {"name": "connection-reset", "times": 1}
            made = (await client.post("/_sandbox/worlds", json={"faults": [fault]})).json()
            with pytest.raises(ConnectionResetError):
                await client.post(**batch(made))
            return await client.post(**batch(made))

    assert asyncio.run(main()).status_code == 200


def test_fault_that_breaks_nothing_is_the_same_in_process() -> None:
    """Errors, slow bodies and bad JSON need no socket."""
    with embedded("status", {"status": 503}, times=1) as (running, made):
        first, second = by_hand(running, made), by_hand(running, made)
        assert (first.status, json.loads(first.body)["error"], second.status) == (503, "Service unavailable", 200)
    with embedded("slow-body", {"pieces": 5, "pause": 0}) as (running, made):
        answer = asyncio.run(posted(running.asgi(), made))
        assert answer.json()["results"][0]["status"] == "CREATED"
        assert len(answer.content) == int(answer.headers["content-length"])


def test_catalogue_says_what_is_raised_in_process() -> None:
    """Each fault that is raised names its exception, each other one none."""
    for kind in CATALOGUE:
        raised = RAISED.get(kind.name)
        assert ("raises" in kind.in_process.lower()) == (raised is not None)
        if raised is not None:
            assert raised[0].__name__ in kind.in_process


@pytest.fixture(scope="module")
def https() -> Iterator[tuple[str, ssl.SSLContext]]:
    """A server behind HTTPS, and what its clients need."""
    pytest.importorskip("trustme", reason="the extra tls is not installed")
    from sandbox.tls import make

    tls = make()
    with serving(Application(Settings(users=2)), tls=tls) as url:
        yield url, ssl.create_default_context(cadata=tls.authority.decode())


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("empty-answer", httpx.RemoteProtocolError, "without sending a response"),
        ("answer-lost", httpx.RemoteProtocolError, "without sending a response"),
        ("truncated-body", httpx.RemoteProtocolError, "peer closed connection"),
        ("malformed-chunk", httpx.RemoteProtocolError, "illegal chunk header"),
    ],
)
def test_broken_connection_breaks_under_tls_too(
    https: tuple[str, ssl.SSLContext], no_errors_logged: Any, name: str, error: type[Exception], text: str
) -> None:
    """An end is one of TLS, and the bytes break inside of it."""
    url, context = https
    with httpx.Client(base_url=url, verify=context) as client:
        made = client.post("/_sandbox/worlds", json={"faults": [{"name": name, "times": 1}]}).json()
        with pytest.raises(error, match=text):
            client.post(**batch(made))
        assert client.post(**batch(made)).status_code == 200


def read_all(connection: socket.socket) -> None:
    """Read to the end, whatever comes."""
    while connection.recv(65_536):
        pass


def test_connection_reset_under_tls_is_one_of_tcp(https: tuple[str, ssl.SSLContext]) -> None:
    """No goodbye of TLS and no end of the stream: the socket below says ECONNRESET, which Python's ssl would hide."""
    url, context = https
    with httpx.Client(base_url=url, verify=context) as client:
        world = WorldClient(
            client, client.post("/_sandbox/worlds", json={"faults": [{"name": "connection-reset"}]}).json()
        )
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(coming, going, server_hostname="127.0.0.1")
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 10) as connection:
        while session.version() is None or going.pending:
            with contextlib.suppress(ssl.SSLWantReadError):
                session.do_handshake()
            connection.sendall(going.read())
            if session.version() is None:
                coming.write(connection.recv(65_536))
        session.write(request(b"GET", USERS, bearer(world)))
        connection.sendall(going.read())
        with pytest.raises(ConnectionResetError):
            read_all(connection)


def test_slow_body_comes_in_pieces_under_tls(https: tuple[str, ssl.SSLContext]) -> None:
    """The first piece is there while the rest is still held back."""
    url, context = https
    with httpx.Client(base_url=url, verify=context) as client:
        fault = {"name": "slow-body", "parameters": {"pieces": 2, "pause": 600}, "times": 1}
        made = client.post("/_sandbox/worlds", json={"faults": [fault], "users": 1}).json()
        world = WorldClient(client, made)
        with Wire(url, tls=context) as wire:
            wire.send(request(b"GET", USERS, bearer(world)))
            while b'"data"' not in wire._buffer:
                assert wire._more()
            assert world.control("DELETE", "/faults").status_code == 204
            assert len(wire.answer().json()["data"]) == 1


def test_latency_in_process_lets_go_when_the_sandbox_ends() -> None:
    """Whoever is held back is answered before the block is left; nobody hangs."""
    with ThreadPoolExecutor() as pool:
        with embedded("latency", {"seconds": 600}) as (running, made):
            through_httpx = pool.submit(asyncio.run, posted(running.asgi(), made))
            through_request = pool.submit(by_hand, running, made)
            fault = running.control.world(made["id"])
            while fault.get_fault("fault_1")["acted"] < 2:
                assert not through_httpx.done()
                assert not through_request.done()
        assert (through_httpx.result(10).status_code, through_request.result(10).status) == (200, 200)
