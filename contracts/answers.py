"""What holds for every answer of a documented API, whatever was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from contracts.documents import Api, Operation

_LIMIT, _REMAINING, _RESET = RATE_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
_REQUEST_ID = re.compile(r"sync-[0-9]+-[A-Za-z0-9]+")
_TRACES = (
    re.compile(rb"Traceback \(most recent call last\)"),
    re.compile(rb'File "[^"]+", line [0-9]+'),
    re.compile(rb"\bat [\w.$<>]+\((?:[\w$]+\.(?:java|kt|scala):[0-9]+|Native Method)\)"),
    re.compile(rb"\bat [^\n]{1,200}\.(?:js|ts|php|rb|cs|go):[0-9]+"),
    re.compile(rb"\b(?:goroutine [0-9]+ \[|Stack trace:|Unhandled exception)"),
)


class Watch:
    """Looks at one answer after the other; each look returns what is wrong, in sentences.

    `secrets` are those that the run knows: none of them may come back. `limit` is the rate limit in force, where the
    run has set one: then every answer must tell where it stands.
    """

    def __init__(self, api: Api, secrets: frozenset[str], limit: int | None = None) -> None:
        self._api = api
        self._secrets = [secret.encode() for secret in secrets if secret]
        self._limit = limit
        self._windows: dict[str, tuple[int, int]] = {}

    def problems(
        self, operation: Operation | None, who: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> list[str]:
        """What is wrong with an answer; `who` names the credentials that the request came with."""
        looks: list[Callable[[], str | None]] = [
            lambda: self._status(operation, status),
            lambda: self._leak(body),
            lambda: self._error_shape(status, headers, body),
            lambda: self._rate_headers(who, status, headers),
        ]
        return [said for look in looks if (said := look()) is not None]

    @staticmethod
    def _status(operation: Operation | None, status: int) -> str | None:
        """Only statuses that the document names."""
        if operation is None or status in operation.statuses:
            return None
        return f"status {status} is not documented for {operation}"

    def _leak(self, body: bytes) -> str | None:
        """No traceback, and no secret that was not asked for."""
        for trace in _TRACES:
            if found := trace.search(body):
                return f"the body shows a traceback: {found[0].decode('utf-8', 'replace')[:80]}"
        if any(secret in body for secret in self._secrets):
            return "the body shows a secret of the credentials"
        return None

    def _error_shape(self, status: int, headers: Mapping[str, str], body: bytes) -> str | None:
        """Each API has one form of error, in JSON."""
        if status < 400:
            return None
        try:
            told: Any = json.loads(body)
        except ValueError:
            told = None
        if "json" not in headers.get("content-type", "") or not isinstance(told, dict):
            return f"an error must be a JSON object, got {status} with {body[:80].decode('utf-8', 'replace')!r}"
        if self._api == "hrms":
            return (
                None if _is_text(told.get("message")) else f"an error must have a message, got {status} {sorted(told)}"
            )
        if not _is_text(told.get("error")):
            return f"an error must have the text error, got {status} {sorted(told)}"
        if not _REQUEST_ID.fullmatch(str(told.get("requestId"))):
            return f"an error must have a requestId, sync-<time>-<characters>, got {told.get('requestId')!r}"
        return None

    def _rate_headers(self, who: str, status: int, headers: Mapping[str, str]) -> str | None:
        """All three or none, whole numbers that fit, and a count that goes down within a window."""
        held = [headers.get(name) for name in RATE_HEADERS]
        if held == [None, None, None]:
            return None if self._limit is None else f"{status} without the headers of the rate limit that is in force"
        if not all(value is not None and value.isascii() and value.isdecimal() for value in held):
            return f"{', '.join(RATE_HEADERS)} must be three whole numbers, got {held}"
        limit, remaining, reset = (int(value or 0) for value in held)
        if remaining > limit or (self._limit not in (None, limit)):
            return f"{_REMAINING} {remaining} of {_LIMIT} {limit}, where {self._limit or 'no other limit'} is in force"
        if status == 429:
            after = headers.get("retry-after", "")
            return (
                None
                if after.isdecimal() and int(after) >= 1
                else f"429 must tell Retry-After in seconds, got {after!r}"
            )
        if not who:
            return None
        before = self._windows.get(who)
        self._windows[who] = reset, remaining
        # Others may use the same credentials at a live target, so it can fall by more than one.
        if before is not None and before[0] == reset and remaining >= before[1] and status < 300:
            return f"{_REMAINING} must fall with every request of a window: {before[1]}, then {remaining}"
        return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
