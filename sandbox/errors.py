"""What a refusal is, and how each API puts one into words on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


class Gone(Exception):
    """A request is not answered: the client, or the world that it came to, is not there any more."""


class Refusal(Exception):
    """A request is answered with an error, and nothing has changed.

    `step` names the place in the pipeline, `claims` the ledger's IDs behind the decision, `extra`
    holds further members of the body, `headers` further headers. A fault may put a `body` of its own, of
    `media_type`, in the place of the API's.
    """

    body: Any = None
    media_type: str | None = None

    def __init__(
        self,
        status: int,
        message: str,
        *,
        step: str,
        claims: tuple[str, ...] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        rule: str | None = None,
        reading: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.step = step
        self.claims = claims
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        self.rule = rule
        self.reading = reading


# What a server says for a status that no page of the vendors gives words to; assumed, as all of these are.
_HRMS_TEXTS = {
    400: "Validation failed",
    401: "Unauthenticated",
    403: "Insufficient permissions for this resource",
    404: "Resource not found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Server Error",
}
_SCAN2EVOLVE_TEXTS = {
    401: "Unauthorized",
    405: "Method not allowed",
    413: "Request body too large",
    429: "Rate limit exceeded",
    500: "Internal server error",
}


def hrms_text(status: int) -> str:
    """What the HRMS says to an error status, of its own accord or of its server's."""
    return _HRMS_TEXTS.get(status) or _phrase(status)


def scan2evolve_text(status: int) -> str:
    """What Scan2Evolve says to an error status."""
    return _SCAN2EVOLVE_TEXTS.get(status) or _phrase(status).capitalize()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Client error" if status < 500 else "Server error"


def hrms_body(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """`{"message": …}`, with `errors` for a validation fault (HRMS-ERR-01)."""
    return {"message": refusal.message, **refusal.extra}


def scan2evolve_body(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """`{"error": …, "requestId": …}` (S2E-ERR-01); the token operation adds error_description."""
    return {"error": refusal.message, **refusal.extra, "requestId": request_id}


_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    431: "Request header fields too large",
    500: "Internal server error",
}


def problem_body(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """`application/problem+json` (RFC 9457) with a JSON pointer to what is wrong."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(refusal.status, "Error"),
        "status": refusal.status,
        "detail": refusal.message,
        "pointer": None,
    }
    return body | refusal.extra
