"""The application without a server: one request, carried in and out by hand."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

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
