"""How an answer goes out that does not go out as usual.

A server that can do more with a connection than ASGI knows puts a `Wire` under "sandbox.wire" in the scope's
extensions. Where there is none, in process or under another server, what breaks a connection is raised as the builtin
exception that comes nearest.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from sandbox.ids import Name

#: What the client got of the answer.
Delivered = Literal["whole", "part", "nothing"]
Header = tuple[bytes, bytes]


class Struck(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A fault that acted on a request, for the journal; `id` is None where the request asked for it itself."""

    id: Name | None
    name: Name


class Wire(Protocol):
    """A request's connection."""

    @property
    def gone(self) -> bool:
        """Whether the peer has left."""

    def reset(self) -> None:
        """Drop it at once: the peer sees a TCP reset."""

    def end(self) -> None:
        """Close it in order, once what was written has gone, as if the answer were complete."""

    def write(self, data: bytes) -> None:
        """Write bytes as they are."""


class Outgoing(NamedTuple):
    """An answer that is to go out, or where it would have gone."""

    send: Callable[[MutableMapping[str, Any]], Awaitable[None]]
    wire: Wire | None
    status: int
    headers: list[Header]
    body: bytes

    async def start(self, headers: list[Header] | None = None) -> None:
        """Send status and headers."""
        shown = self.headers if headers is None else headers
        await self.send({"type": "http.response.start", "status": self.status, "headers": shown})

    async def piece(self, body: bytes, more: bool = True) -> None:
        """Send a piece of the body."""
        await self.send({"type": "http.response.body", "body": body, "more_body": more})

    def end(self, why: str) -> None:
        """Close the connection here; ConnectionAbortedError where there is none."""
        if self.wire is None:
            raise ConnectionAbortedError(why)
        self.wire.end()

    def without(self, *names: bytes) -> list[Header]:
        """The headers but for these."""
        return [pair for pair in self.headers if pair[0] not in names]


class Delivery(Protocol):
    """A way to send an answer, or not to send it."""

    @property
    def delivered(self) -> Delivered:
        """What the client gets."""

    async def send(self, out: Outgoing) -> None:
        """Do it."""


class Reset:
    """No byte: the connection is reset."""

    delivered: Delivered = "nothing"

    async def send(self, out: Outgoing) -> None:
        """Reset; ConnectionResetError in process."""
        if out.wire is None:
            raise ConnectionResetError("The sandbox reset the connection: a fault of this world")
        out.wire.reset()


class Closed:
    """No byte: the connection is closed in order."""

    delivered: Delivered = "nothing"

    async def send(self, out: Outgoing) -> None:
        """Close; ConnectionAbortedError in process."""
        out.end("The sandbox closed the connection without an answer: a fault of this world")


class Truncated:
    """Half the body, and then the connection is closed."""

    delivered: Delivered = "part"

    async def send(self, out: Outgoing) -> None:
        """Announce more than comes."""
        announced = max(len(out.body), 1)
        await out.start([*out.without(b"content-length"), (b"content-length", b"%d" % announced)])
        await out.piece(out.body[: len(out.body) // 2])
        out.end("The sandbox closed the connection in the middle of a body: a fault of this world")


class BadChunk:
    """One good chunk with half the body, then one whose size is no number."""

    delivered: Delivered = "part"

    async def send(self, out: Outgoing) -> None:
        """Break the framing; without a socket there is none, and it ends there."""
        await out.start([*out.without(b"content-length"), (b"transfer-encoding", b"chunked")])
        await out.piece(out.body[: len(out.body) // 2])
        if out.wire is not None:
            out.wire.write(b"ZZ\r\n")
        out.end("The sandbox broke off a chunked body: a fault of this world")


class Slow:
    """The whole body, in pieces with pauses in between."""

    delivered: Delivered = "whole"

    def __init__(self, pieces: int, pause: Callable[[], Awaitable[None]]) -> None:
        self._pieces = pieces
        self._pause = pause

    async def send(self, out: Outgoing) -> None:
        """Send a piece, pause, and go on."""
        await out.start()
        size = -(-len(out.body) // self._pieces) or 1
        starts = range(0, len(out.body), size) or range(1)
        for start in starts:
            if start:
                await self._pause()
            if out.wire is not None and out.wire.gone:
                return
            await out.piece(out.body[start : start + size], more=start != starts[-1])
