"""Two ways to send a request of a life: to the application in process, and to a server on a socket."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import MutableMapping
from typing import Any, Self
from urllib.parse import urlsplit

from sandbox.app import Application
from tests.lives import Exchange, Request, exchange

HOST = "localhost:8080"


async def asked(app: Application, request: Request) -> Exchange:
    """An answer in process; before it and each piece of its body, others go first as often as its pause says."""
    path, _, query = request.target.partition("?")
    headers = [(b"host", HOST.encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in request.headers]
    scope = {"type": "http", "method": request.method, "path": path, "raw_path": path.encode(), "scheme": "http"}
    scope |= {"query_string": query.encode(), "headers": headers, "client": ("127.0.0.1", 1)}
    pieces, sent = list(request.pieces), []

    async def receive() -> MutableMapping[str, Any]:
        for _ in range(request.pause):
            await asyncio.sleep(0)
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    for _ in range(request.pause):
        await asyncio.sleep(0)
    await app.asgi(scope, receive, send)
    return exchange(request, sent[0]["status"], sent[0]["headers"], sent[1]["body"])


class Line:
    """A connection that is kept; each piece of a body is sent by itself."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def ask(self, request: Request) -> Exchange:
        """The answer to a request."""
        connection = self._connection
        connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in (("Host", HOST), *request.headers):
            connection.putheader(name, value)
        connection.endheaders()
        for piece in request.pieces:
            connection.send(piece)
        answer = connection.getresponse()
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.getheaders()]
        return exchange(request, answer.status, headers, answer.read())
