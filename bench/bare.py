"""What the server is compared with: bare Starlette routes, on uvloop and httptools as well.

`python -m bench.bare FOLDER`: `users.json` there is what GET /users answers; `sync.json` is what
POST /sync encodes anew for each batch, once it has decoded the batch and validated each record.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import document
from sandbox.readings import Readings

USERS_ANSWER, SYNC_ANSWER = "users.json", "sync.json"


def application(folder: Path) -> Starlette:
    """The two routes."""
    users = (folder / USERS_ANSWER).read_bytes()
    answer = orjson.loads((folder / SYNC_ANSWER).read_bytes())
    operation = document.load("scan2evolve").operations["syncEmployees"]
    validator = operation.items["employees"].validator(Readings())

    async def get_users(request: Request) -> Response:  # noqa: ARG001 - Starlette gives it
        return Response(users, media_type="application/json")

    async def sync(request: Request) -> Response:
        body = orjson.loads(await request.body())
        for record in body["employees"]:
            if not validator.is_valid(record):
                return Response(status_code=400)
        return Response(orjson.dumps(answer), media_type="application/json")

    return Starlette(routes=[Route("/users", get_users), Route("/sync", sync, methods=["POST"])])


def main() -> None:
    """Serve until told to stop."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"bare routes at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201 - read by the bench
    config = uvicorn.Config(
        application(Path(sys.argv[1])), loop="uvloop", http="httptools", log_level="warning", access_log=False
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
