"""The sandbox within a Python program: a server in a thread, and the same state in process.

One event loop owns everything that a sandbox knows, and it runs in the server's thread. What comes in over the socket
is there already; a call from elsewhere, whatever loop or thread it has, is carried there and its answer back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import unquote

import uvloop

from sandbox.app import Application
from sandbox.client import ControlClient
from sandbox.server import serving
from sandbox.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Result = TypeVar("Result")

_DEFAULTS = Settings()


@dataclass(frozen=True)
class Answer:
    """An answer, read whole; headers as they were sent."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


class Sandbox:
    """Both APIs and the control plane, for as long as a `with` block lasts.

    It listens on a free port of this machine, or on `port`; `seed`, `users`, `rate_limit` and `control_key` are those
    of `hris-sandbox serve`. Each `Sandbox` has worlds of its own. Raises sandbox.settings.SettingsError where nobody
    could present the control key; entering it raises sandbox.server.BindError where the port is taken.
    """

    def __init__(
        self,
        *,
        seed: int = _DEFAULTS.seed,
        users: int = _DEFAULTS.users,
        rate_limit: bool = _DEFAULTS.rate_limit,
        control_key: str | None = None,
        port: int = 0,
        state: Path | str | None = None,
    ) -> None:
        self._settings = Settings(
            port=port,
            seed=seed,
            users=users,
            rate_limit=rate_limit,
            control_key=control_key,
            state=None if state is None else Path(state),
        )
        self._running: _Running | None = None

    def __enter__(self) -> Self:
        if self._running is not None:
            raise RuntimeError("this sandbox is running already")
        self._running = _Running(self._settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def _while_running(self) -> _Running:
        if self._running is None:
            raise RuntimeError("this sandbox is not running: use it in a `with` block")
        return self._running

    @property
    def url(self) -> str:
        """Where it listens, like `http://127.0.0.1:49152`; RuntimeError outside of its `with` block."""
        return self._while_running().url

    @property
    def control(self) -> ControlClient:
        """A client of its control plane; RuntimeError outside of its `with` block."""
        return ControlClient(self.url, self._settings.control_key)

    def asgi(self) -> AsgiApplication:
        """Itself as an ASGI application, with the state that its URL shows: for httpx.ASGITransport, say.

        It may be called from any asyncio event loop in any thread; RuntimeError outside of its `with` block.
        """
        return self._while_running().call

    def request(
        self, method: str, target: str, headers: Sequence[tuple[bytes, bytes]] = (), body: bytes = b""
    ) -> Answer:
        """Answer a request in process; `target` is path and query, as they go over the wire.

        Blocks until the answer is there, so it is not for a coroutine. RuntimeError outside of its `with` block.
        """
        running = self._while_running()
        return running.wait_for(running.answer(method, target, headers, body))


class _Running:
    """A sandbox while it runs: the application, its server and the loop that owns both."""

    def __init__(self, settings: Settings) -> None:
        self._app = Application(settings)
        self._loop = uvloop.new_event_loop()
        self._stack = contextlib.ExitStack()
        try:
            self.url = self._stack.enter_context(serving(self._app, settings.host, settings.port, self._loop))
        except BaseException:
            self._loop.close()
            if self._app.keeper is not None:
                self._app.keeper.abandon()
            raise

    def stop(self) -> None:
        """Stop the server; whoever calls from now on is told so."""
        self._stack.close()

    def wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do work on the loop, from another thread."""
        return self._put(work).result()

    async def call(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """ASGI, from whatever loop it is called on."""
        if scope["type"] == "lifespan":
            # The server's own has begun and will end it.
            await _stay(receive, send)
            return
        here = asyncio.get_running_loop()

        async def received() -> Message:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(receive()), here))

        async def sent(message: Message) -> None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(send(message)), here))

        await asyncio.wrap_future(self._put(self._app.asgi(scope, received, sent)))

    async def answer(self, method: str, target: str, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Answer:
        """A request and its answer whole, on the loop."""
        path, _, query = target.partition("?")
        host, _, port = self.url.partition("://")[2].rpartition(":")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": self.url.partition(":")[0],
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in headers],
            "client": ("127.0.0.1", 0),
            "server": (host, int(port)),
        }
        pieces: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        answered: list[Message] = []

        async def received() -> Message:
            return pieces.pop() if pieces else await asyncio.get_running_loop().create_future()

        async def sent(message: Message) -> None:
            answered.append(message)

        await self._app.asgi(scope, received, sent)
        start, *rest = answered
        return Answer(start["status"], start["headers"], b"".join([piece.get("body", b"") for piece in rest]))

    def _put(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            raise RuntimeError("this sandbox is not running any more: its `with` block has ended") from None


async def _awaited(work: Awaitable[Result]) -> Result:
    return await work


async def _stay(receive: Receive, send: Send) -> None:
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
