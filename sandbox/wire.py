"""A request's connection, for faults that ASGI has no words for: see sandbox.faults.delivery."""

from __future__ import annotations

import contextlib
import socket
import struct
from asyncio import Transport

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

# On, and without a second to linger: closing such a socket sends a reset.
_NO_LINGER = struct.pack("ii", 1, 0)


class Connection:
    """The connection of a protocol, and the request on it whose turn it is."""

    __slots__ = ("_transport", "cycle")

    cycle: RequestResponseCycle

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def gone(self) -> bool:
        """Whether the peer has left."""
        return self.cycle.disconnected

    def reset(self) -> None:
        """Drop it at once: the peer sees a TCP reset, also where there is TLS on it."""
        self._gone()
        with contextlib.suppress(OSError, AttributeError):
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def end(self) -> None:
        """Close it in order, once what was written has gone."""
        self._gone()
        self._transport.close()

    def write(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._transport.write(data)

    def _gone(self) -> None:
        # To uvicorn the client has left: an answer that is not whole is nothing to complain about.
        self.cycle.disconnected = True
