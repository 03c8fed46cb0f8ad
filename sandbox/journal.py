"""The journal: each request to a world's APIs, what was decided about it and why.

Secrets are taken out before an entry is stored (S2E-SEC-02); bodies are cut at 64 KiB and say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from sandbox.audit import NOBODY, Actor, ApiName, Status
from sandbox.clock import Instant, instant_text
from sandbox.ids import Count, Name
from sandbox.rings import Ring
from sandbox.scan2evolve.employees import Outcome
from sandbox.scan2evolve.rules import RULES, WARNINGS

MAX_BODY = 64 * 1024
_ENTRY_WEIGHT = 1_500
_OUTCOME_WEIGHT = 200

_LONGEST_SECRET = 100
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
    lines = tuple([(name, _hidden(value) if name in _SECRET_HEADERS else value) for name, value in headers])
    # One look at all of them together is several times faster than one at each.
    if any(prefix in b"\n".join([value for _, value in lines]) for prefix in _PREFIXES):
        return tuple([(name, redact(value)) for name, value in lines])
    return lines


def _hidden(value: bytes) -> bytes:
    scheme, space, _ = value.partition(b" ")
    return scheme[:16] + b" [redacted]" if space and scheme.isalpha() else b"[redacted]"


def redact_text(text: str | None) -> str | None:
    """The same as `redact`, for what quotes a request."""
    if text is None or not any(prefix.decode() in text for prefix in _PREFIXES):
        return text
    return redact(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def redact_outcomes(records: tuple[Outcome, ...] | None) -> tuple[Outcome, ...] | None:
    """Outcomes whose messages and warnings quote no secret."""
    if records is None or all(o.message is None and not o.warnings for o in records):
        return records
    return tuple(
        [
            msgspec.structs.replace(
                outcome,
                message=redact_text(outcome.message),
                warnings=tuple([(name, redact_text(text) or "") for name, text in outcome.warnings]),
            )
            for outcome in records
        ]
    )


class Body(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The first 64 KiB of a body, and how long it was."""

    head: bytes
    size: Count

    @classmethod
    def of(cls, data: bytes) -> Body:
        """What the journal keeps of `data`."""
        # A secret that begins before the cut is seen whole, so that no part of it stays.
        return cls(redact(data[: MAX_BODY + _LONGEST_SECRET])[:MAX_BODY], len(data))

    def view(self, headers: Headers) -> dict[str, Any]:
        """As the control plane shows it."""
        return {
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers],
            "body": self.head.decode("utf-8", "replace") if self.size else None,
            "body_bytes": self.size,
            "body_cut": self.size > MAX_BODY,
        }


ClaimId = Annotated[str, msgspec.Meta(pattern="^[A-Z0-9]+-[A-Z]+-[0-9]{2}$")]


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where in the pipeline a request was decided, and by what."""

    step: Name
    outcome: Literal["accepted", "refused"]
    claims: tuple[ClaimId, ...] = ()
    message: str | None = None
    rule: str | None = None
    readings: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request and its answer."""

    at: Instant
    api: ApiName
    operation: str | None
    method: Name
    path: bytes
    query: bytes
    status: Status
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
        + len(entry.decision.message or "")
        + len(records) * _OUTCOME_WEIGHT
        + entry.records_bytes
    )


def new_journal() -> Ring[Entry]:
    """An empty journal."""
    return Ring(weight)


def fault(entry: Entry) -> str | None:
    """What of an entry could not be shown, None where all can be."""
    if not entry.readings.keys() >= set(entry.decision.readings):
        return "a reading without its value"
    for outcome in entry.records or ():
        for name in (outcome.rule, *(name for name, _ in outcome.warnings)):
            if name is not None and name not in _CLAIM_OF_RULE:
                return f"there is no rule {name}"
    return None


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
