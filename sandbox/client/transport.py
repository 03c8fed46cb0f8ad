"""How requests reach the control plane, and what comes of those that it refuses."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

SECONDS = 90.0
"""How long an answer is waited for: longer than `wait_journal` may take."""


class ControlError(Exception):
    """The control plane refused a request.

    `status` is the HTTP status, `detail` the sentence that says why, `pointer` the JSON pointer to what is wrong, None
    where no one place is, and `problem` the whole answer (RFC 9457).
    """

    def __init__(self, status: int, detail: str, pointer: str | None, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.pointer = pointer
        self.problem = problem


class Unreachable(ConnectionError):
    """No sandbox answered; the text says where, and why not."""


class Channel(Protocol):
    """A way to a sandbox: takes a request, answers its status and body. Raises Unreachable."""

    def __call__(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Send one request and read its answer whole."""


class HttpChannel:
    """A sandbox at an URL. Each request has a connection of its own, so threads may share this.

    `authority` names a PEM file of the authority that has signed the certificate of a server with HTTPS.
    """

    def __init__(self, url: str, authority: str | None = None, timeout: float = SECONDS) -> None:
        place = urlsplit(url)
        if place.scheme not in ("http", "https") or not place.hostname:
            raise ValueError(f"not an URL of a sandbox: {url!r}")
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._host, self._port, self._prefix = place.hostname, place.port, place.path.rstrip("/")
        self._context = ssl.create_default_context(cafile=authority) if place.scheme == "https" else None

    def __call__(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Send one request and read its answer whole. Raises Unreachable."""
        connection = self._connection()
        try:
            connection.request(method, self._prefix + target, body, {"Connection": "close"} | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"no sandbox answers at {self.url}: {error or type(error).__name__}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._context)


class Caller:
    """What all operations share: a channel, and the key where the server demands one."""

    def __init__(self, channel: Channel, key: str | None = None, path: str = "/_sandbox") -> None:
        self.channel = channel
        self.key = key
        self.path = path

    @staticmethod
    def quoted(value: str) -> str:
        """A value as one step of a path."""
        return quote(value, safe="")

    def call(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        """Send a request of the control plane; its answer's JSON, None where it has none.

        `query` leaves out what is None. Raises ControlError where the answer is a refusal, and Unreachable.
        """
        headers = {"Accept": "application/json"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        asked = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        status, answer = self.channel(method, f"{path}?{urlencode(asked)}" if asked else path, headers, content)
        if status >= 400:
            raise _error(status, answer)
        return json.loads(answer) if answer else None


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _error(status: int, answer: bytes) -> ControlError:
    try:
        problem = json.loads(answer)
        return ControlError(status, problem["detail"], problem.get("pointer"), problem)
    except (ValueError, KeyError, TypeError):
        # Whatever stands in front of the sandbox answers in words of its own.
        return ControlError(status, answer.decode("utf-8", "replace").strip()[:300], None, {})
