"""What the bench itself asks of a server: worlds, tokens, batches."""

from __future__ import annotations

import base64
from http.client import HTTPConnection
from typing import Any

import orjson

from bench.processes import Server

# So high that nobody is turned away: the limits count, as they do for everybody.
LIMITS = {name: {"limit": 1_000_000, "window_seconds": 1} for name in ("scan2evolve", "hrms")}
USERS_PATH = "/hrms/api/v1/users"
SYNC_PATH = "/scan2evolve/api/v1/sync/employees"
TOKEN_PATH = "/scan2evolve/api/v1/auth/token"
WORLDS_PATH = "/_sandbox/worlds"


class AnswerError(Exception):
    """An answer that the bench cannot go on with."""


class Client:
    """One connection to a server."""

    def __init__(self, server: Server) -> None:
        self._connection = HTTPConnection(*server.address, timeout=120)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> bytes:
        """The answer's body. Raises AnswerError unless the answer is a success."""
        data = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        kind = {} if data is None else {"content-type": "application/json"}
        self._connection.request(method, path, data, {**kind, **(headers or {})})
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise AnswerError(f"{method} {path} answers {response.status}: {content[:300]!r}")
        return content

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


class World:
    """A world of its own, with limits that count and never refuse."""

    def __init__(self, client: Client, world_id: str, seed: int = 0) -> None:
        self._client = client
        self._path = f"{WORLDS_PATH}/{world_id}"
        wishes = {"id": world_id, "seed": seed, "users": 25, "limits": LIMITS}
        created = orjson.loads(client.ask("POST", WORLDS_PATH, wishes))
        organization = created["scan2evolve"]["organizations"][0]
        self._client_id: str = organization["client_id"]
        self._secret: str = organization["client_secret"]
        token = next(token for token in created["hrms"]["tokens"] if token["environment"] == "staging")
        self.hrms_headers = {"authorization": f"Bearer {token['token']}", "x-environment": "staging"}
        self.sync_headers: dict[str, str] = {}
        self._sign_in()

    def _sign_in(self) -> None:
        pair = base64.b64encode(f"{self._client_id}:{self._secret}".encode()).decode()
        answer = self._client.ask(
            "POST", TOKEN_PATH, {"grant_type": "client_credentials"}, {"authorization": f"Basic {pair}"}
        )
        self.sync_headers = {"authorization": f"Bearer {orjson.loads(answer)['access_token']}"}

    def reset(self) -> None:
        """As created; with a new token, since a reset ends the old one."""
        self._client.ask("POST", f"{self._path}/reset")
        self._sign_in()

    def sync(self, body: bytes, outcome: str) -> bytes:
        """Send a batch of which every record must have that outcome; the answer."""
        content = self._client.ask("POST", SYNC_PATH, body, self.sync_headers)
        answer = orjson.loads(content)
        if answer["errors"] or any(row["status"] != outcome or row["warnings"] for row in answer["results"]):
            raise AnswerError(f"not every record is {outcome} without a warning: {content[:300]!r}")
        return content
