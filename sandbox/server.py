"""The server around the application: sockets, limits on what a connection may do, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import socket
import ssl
import threading
from asyncio import TimerHandle, Transport
from collections.abc import Iterator
from typing import Any

import uvicorn
import uvloop
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sandbox.app import Application
from sandbox.tls import Tls
from sandbox.wire import Connection

# Request line and headers together; and the seconds within which they must have come.
MAX_HEAD_BYTES = 64 * 1024
HEAD_TIMEOUT = 20.0
KEEP_ALIVE = 75
_STOP_SECONDS = 0.5
# Decoding a batch makes thousands of small objects that live shortly: the default threshold of 700
# has the collector walk over them again and again.
_GC_THRESHOLDS = (50_000, 20, 50)

_TOO_LARGE = b"Request header fields too large."
_REFUSED = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_TOO_LARGE), _TOO_LARGE)
)

# How the head of every answer begins but for 100 Continue, which must not wait.
_FINAL = (b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4", b"HTTP/1.1 5")


class BindError(Exception):
    """The address cannot be listened on; the text says why."""


class OneWrite:
    """A transport on which the head of an answer waits for its body: one system call and one packet, not two."""

    __slots__ = ("_head", "_transport")

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        """Hold a final answer's head; send anything else, with the head before it."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(_FINAL):
            self._head = data
            return
        self._transport.write(data)

    def close(self) -> None:
        """Send what is held, and close."""
        if self._head:
            self.write(b"")
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Whatever else a transport has."""
        return getattr(self._transport, name)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with a bound on the size of a request's head and on the time it may take.

    The parser has neither: headers without end, or trailers and chunk extensions, would be kept in
    memory without end. `_head_bytes` counts what came since the last piece of a body.
    """

    _head_bytes = 0
    _chunk = 0
    _in_head = True
    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Start the clock for the first head."""
        super().connection_made(transport)
        self._one_write = OneWrite(transport)
        self._connection = Connection(transport)
        self._extensions = {"sandbox.wire": self._connection}
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, unless the head has grown too long; one that is not whole yet has to come in time."""
        self._chunk = len(data)
        self._head_bytes += self._chunk
        super().data_received(data)
        if self._in_head and self._head_bytes and self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT, self._head_is_late)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            if self._in_head or not self.cycle.response_started:
                self.transport.write(_REFUSED)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Its head is whole: judge its size, and hand it on."""
        if self._head_timer is not None:
            self._stop_timer()
        self._in_head = False
        # A head that came within one small chunk need not be added up.
        if max(self._head_bytes, self._chunk) > MAX_HEAD_BYTES:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > MAX_HEAD_BYTES:
                self.transport.write(_REFUSED)
                self.transport.close()
                return
        self._head_bytes = 0
        super().on_headers_complete()
        if self.scope["method"] != "HEAD":
            self.cycle.transport = self._one_write  # type: ignore[assignment]
        # Trailers, which come after the body, must not pass for headers.
        self.headers = []
        if self.parser.should_upgrade():
            # The parser takes what follows for another protocol, which there is none of here.
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """A request's turn has come, and with it the connection is in its hands."""
        self._connection.cycle = cycle
        cycle.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Part of a body; of a refused request there is no cycle to take it."""
        self._head_bytes = 0
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a request; the next head starts from nothing."""
        if self.cycle is not None:
            super().on_message_complete()
        self._in_head = True
        self._head_bytes = 0

    def shutdown(self) -> None:
        """The server stops: whoever has not sent a whole request is not waited for."""
        if self.cycle is not None and self.cycle.more_body and not self.cycle.response_started:
            self.transport.close()
        super().shutdown()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._in_head and not self.transport.is_closing():
            self.transport.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets on `host`; of 127.0.0.1 and localhost on both loopback addresses.

    Raises BindError.
    """
    wants_both = host in ("127.0.0.1", "localhost")
    main = _listen("127.0.0.1" if wants_both else host, port)
    sockets = [main]
    if wants_both and socket.has_ipv6:
        # A host without ::1, or with somebody else on it, still has 127.0.0.1.
        with contextlib.suppress(BindError):
            sockets.append(_listen("::1", main.getsockname()[1]))
    return sockets


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with contextlib.ExitStack() as on_error:
            listener = on_error.enter_context(socket.socket(family, kind, proto))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
            listener.listen(2048)
            on_error.pop_all()
    except OSError as error:
        raise BindError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    except OverflowError:
        raise BindError(f"cannot listen on {host}:{port}: no such port") from None
    listener.setblocking(False)
    return listener


class _Loop(uvloop.Loop):  # type: ignore[misc]
    """uvloop, under which a TLS handshake has the time that a head has, and a goodbye the time that a stop has."""

    async def create_server(self, *arguments: Any, ssl: ssl.SSLContext | None = None, **options: Any) -> Any:
        """Listen; the loop's own deadlines of a minute and of half a minute are for friendlier networks."""
        if ssl is not None:
            options |= {"ssl_handshake_timeout": HEAD_TIMEOUT, "ssl_shutdown_timeout": _STOP_SECONDS}
        return await super().create_server(*arguments, ssl=ssl, **options)


def url_of(host: str, sockets: list[socket.socket], tls: Tls | None) -> str:
    """The base URL of a server that was bound to `host`."""
    shown = f"[{host}]" if ":" in host else host
    return f"{'http' if tls is None else 'https'}://{shown}:{sockets[0].getsockname()[1]}"


def configuration(app: Application, tls: Tls | None = None) -> uvicorn.Config:
    """Uvicorn's configuration: no headers of its own making, and none from a peer believed."""
    return uvicorn.Config(
        app.asgi,
        interface="asgi3",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=_STOP_SECONDS,  # type: ignore[arg-type]
        ssl_context_factory=None if tls is None else lambda *_: tls.context,
    )


class _Server(uvicorn.Server):
    """uvicorn's server, which answers whoever waits for something, or is held back by a fault, once it stops."""

    def __init__(self, app: Application, tls: Tls | None) -> None:
        super().__init__(configuration(app, tls))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; who waits is answered first."""
        self._app.close()
        await super().shutdown(sockets)


def run(app: Application, sockets: list[socket.socket], tls: Tls | None = None) -> None:
    """Serve until SIGINT or SIGTERM; open connections are given half a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.enable()
    server = _Server(app, tls)
    with asyncio.Runner(loop_factory=_Loop) as runner, contextlib.suppress(KeyboardInterrupt):
        runner.run(server.serve(sockets=sockets))


@contextlib.contextmanager
def serving(
    app: Application,
    host: str = "127.0.0.1",
    port: int = 0,
    loop: asyncio.AbstractEventLoop | None = None,
    tls: Tls | None = None,
) -> Iterator[str]:
    """Serve in a thread of its own for as long as the context lasts; yields the URL. Raises BindError.

    `loop` is the event loop to serve on, for who has work to put on it; it is closed at the end.
    """
    sockets = bind(host, port)
    server = _Server(app, tls)

    def serve() -> None:
        with asyncio.Runner(loop_factory=_Loop if loop is None else lambda: loop) as runner:
            runner.run(server.serve(sockets=sockets))

    thread = threading.Thread(target=serve, name="sandbox", daemon=True)
    thread.start()
    try:
        yield url_of(host, sockets, tls)
    finally:
        server.should_exit = True
        thread.join(10)
