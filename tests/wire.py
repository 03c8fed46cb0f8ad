"""HTTP by hand, for requests that no client library would send."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from tests.client import WorldClient

SYNC = b"/scan2evolve/api/v1/sync/employees"
USERS = b"/hrms/api/v1/users"


class Answer(NamedTuple):
    """A whole answer; of a repeated header the last value."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


class Wire:
    """One connection, over TLS if it has a context. No wait is longer than `patience` seconds."""

    def __init__(self, url: str, patience: float = 10.0, tls: ssl.SSLContext | None = None) -> None:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        self._socket = socket.create_connection((address.hostname, address.port), patience)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=address.hostname)
        self._buffer = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send as much as the other side takes: it may answer and close before all has gone."""
        with contextlib.suppress(OSError):
            self._socket.sendall(data)

    def end(self) -> None:
        """Send no more."""
        self._socket.shutdown(socket.SHUT_WR)

    def _more(self) -> bool:
        try:
            data = self._socket.recv(65_536)
        except ConnectionResetError:
            return False
        self._buffer += data
        return bool(data)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            assert self._more(), f"closed in the middle of an answer: {self._buffer!r}"
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def answer(self, with_body: bool = True) -> Answer:
        """The next answer. Interim answers count."""
        while b"\r\n\r\n" not in self._buffer:
            assert self._more(), f"closed without an answer: {self._buffer!r}"
        head = self._take(self._buffer.index(b"\r\n\r\n") + 4).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        size = int(headers.get("content-length", "0")) if with_body else 0
        return Answer(int(head[0].split(" ")[1]), headers, self._take(size))

    def is_closed(self) -> bool:
        """Whether the server closes, with nothing more to say."""
        return not self._buffer and not self._more()


def request(method: bytes, target: bytes, *lines: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    """A request of exactly these header lines, after Host."""
    return b"\r\n".join([b"%s %s %s" % (method, target, version), b"Host: localhost", *lines, b"", body])


def basic(world: WorldClient, org: int = 0) -> bytes:
    """The Authorization line of an organization."""
    return b"Authorization: Basic " + base64.b64encode(":".join(world.basic(org)).encode())


def bearer(world: WorldClient) -> bytes:
    """The Authorization and X-Environment lines of the HRMS's staging environment."""
    return b"Authorization: Bearer " + world.hrms_token().encode() + b"\r\nX-Environment: staging"


def sync_lines(world: WorldClient, *more: bytes) -> tuple[bytes, ...]:
    """Header lines of a sync that lacks nothing but its framing."""
    return (basic(world), b"Content-Type: application/json", *more)


def ask(url: str, data: bytes, with_body: bool = True) -> Answer:
    """The answer to some bytes on a connection of their own."""
    with Wire(url) as wire:
        wire.send(data)
        return wire.answer(with_body)
