"""The journal: each request to a world's APIs, what was decided about it and why.

Secrets are taken out before an entry is stored (S2E-SEC-02); bodies are cut at 64 KiB and say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from sandbox.audit import NOBODY, Actor
from sandbox.clock import instant_text
from sandbox.rings import Ring
from sandbox.scan2evolve.employees import Outcome
from sandbox.scan2evolve.rules import RULES, WARNINGS

MAX_BODY = 64 * 1024
_ENTRY_WEIGHT = 1_500
_OUTCOME_WEIGHT = 200

_PREFIXES = (b"se_", b"hrms_", b"cs_")
_SECRET = re.compile(rb"(se_[0-9a-f]{8}|hrms_[0-9a-f]{4}|cs_[0-9a-f]{4})[0-9a-f]{32,}")
_SECRET_HEADERS = frozenset({b"authorization", b"proxy-authorization", b"cookie", b"x-api-key"})
_CLAIM_OF_RULE = {rule.name: rule.claim for rule in RULES} | {row.name: row.claim for row in WARNINGS}

Headers = tuple[tuple[bytes, bytes], ...]


def redact(data: bytes) -> bytes:
    """`data` with every token and client secret cut down to its first characters."""
    if any(prefix in data for prefix in _PREFIXES):
        return _SECRET.sub(rb"\1[redacted]", data)
    return data


def redact_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Header lines without credentials: of Authorization the scheme stays."""
    return tuple(
        [
            (name, (value.split(b" ", 1)[0][:16] + b" [redacted]") if name in _SECRET_HEADERS else value)
            for name, value in headers
        ]
    )


class Body(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The first 64 KiB of a body, and how long it was."""

    head: bytes
    size: int

    @classmethod
    def of(cls, data: bytes) -> Body:
        """What the journal keeps of `data`."""
        return cls(redact(data)[:MAX_BODY], len(data))

    def view(self, headers: Headers) -> dict[str, Any]:
        """As the control plane shows it."""
        return {
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers],
            "body": self.head.decode("utf-8", "replace") if self.size else None,
            "body_bytes": self.size,
            "body_cut": self.size > MAX_BODY,
        }


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where in the pipeline a request was decided, and by what."""

    step: str
    outcome: str
    claims: tuple[str, ...] = ()
    message: str | None = None
    rule: str | None = None
    readings: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request and its answer."""

    at: int
    api: str
    operation: str | None
    method: str
    path: bytes
    query: bytes
    status: int
    actor: Actor
    decision: Decision
    readings: dict[str, str]
    request_headers: Headers
    request: Body
    response_headers: Headers
    response: Body
    notes: tuple[str, ...]
    records: tuple[Outcome, ...] | None
    records_bytes: int


def weight(entry: Entry) -> int:
    """Roughly what an entry takes in memory, in bytes."""
    records = entry.records or ()
    headers = sum(len(name) + len(value) for name, value in entry.request_headers)
    return (
        _ENTRY_WEIGHT
        + headers
        + len(entry.path)
        + len(entry.query)
        + len(entry.request.head)
        + len(entry.response.head)
        + len(records) * _OUTCOME_WEIGHT
        + entry.records_bytes
    )


def new_journal() -> Ring[Entry]:
    """An empty journal."""
    return Ring(weight)


def view(number: int, entry: Entry) -> dict[str, Any]:
    """An entry as `GET …/journal/{id}` shows it."""
    decision = entry.decision
    return {
        "id": str(number),
        "at": instant_text(entry.at),
        "api": entry.api,
        "operation": entry.operation,
        "method": entry.method,
        "path": entry.path.decode("latin-1"),
        "query": entry.query.decode("latin-1"),
        "status": entry.status,
        "credential": None
        if entry.actor == NOBODY
        else {
            "kind": entry.actor.kind,
            "id": entry.actor.id,
            "organization_id": entry.actor.organization,
            "environment": entry.actor.environment,
        },
        "decision": {
            "step": decision.step,
            "outcome": decision.outcome,
            "rule": decision.rule,
            "claims": list(decision.claims),
            "message": decision.message,
            "reading": {name: entry.readings[name] for name in decision.readings},
        },
        "request": entry.request.view(entry.request_headers),
        "response": entry.response.view(entry.response_headers),
        "notes": list(entry.notes),
        "records": None
        if entry.records is None
        else [record_view(index, outcome) for index, outcome in enumerate(entry.records)],
        "records_cut": False,
    }


def record_view(index: int, outcome: Outcome) -> dict[str, Any]:
    """What became of one record of a batch, with the rule and claim that decided."""
    claims = ["S2E-BATCH-11"] if outcome.rule is None else [_CLAIM_OF_RULE[outcome.rule]]
    return {
        "index": index,
        "externalEmployeeId": outcome.external_id,
        "outcome": outcome.status,
        "employeeId": outcome.employee_id,
        "rule": outcome.rule,
        "claims": claims,
        "message": outcome.message,
        "warnings": [
            {"message": text, "rule": name, "claims": [_CLAIM_OF_RULE[name]]} for name, text in outcome.warnings
        ],
        "ignored": list(outcome.ignored),
    }
