"""The control plane's refusals: what is wrong, with a JSON pointer to where."""

from __future__ import annotations

from sandbox.errors import Refusal


def missing(what: str, pointer: str) -> Refusal:
    """404: `what` does not exist."""
    return Refusal(404, f"There is no {what}", step="resource", extra={"pointer": pointer})


def invalid(detail: str, pointer: str) -> Refusal:
    """422: well-formed, but not allowed."""
    return Refusal(422, detail, step="validation", extra={"pointer": pointer})


def conflict(detail: str, pointer: str | None = None) -> Refusal:
    """409: not as things stand."""
    return Refusal(409, detail, step="conflict", extra={"pointer": pointer})
