"""The journal: each request to a world's APIs, what was decided about it and why.

Secrets are taken out before an entry is stored (S2E-SEC-02); bodies are cut at 64 KiB and say so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec

from sandbox.audit import NOBODY, AuditEntry
from sandbox.clock import instant_text
from sandbox.faults.delivery import Delivered, Struck
from sandbox.ids import Count, Name
from sandbox.readings import NAMES, Readings
from sandbox.rings import Ring
from sandbox.scan2evolve import trouble
from sandbox.scan2evolve.outcomes import Outcome
from sandbox.scan2evolve.rules import RULES, WARNINGS

MAX_BODY = 64 * 1024
_ENTRY_WEIGHT = 1_500
_OUTCOME_WEIGHT = 200
_FAULT_WEIGHT = 100

_LONGEST_SECRET = 100
_SECRET = re.compile(rb"(se_[0-9a-f]{8}|hrms_[0-9a-f]{4}|cs_[0-9a-f]{4})[0-9a-f]{32,}")
_SUSPECT = re.compile(rb"_(?<=[es]_)[0-9a-f]{36}")
_SECRET_HEADERS = frozenset({b"authorization", b"proxy-authorization", b"cookie", b"x-api-key"})
#: The claim behind each rule and warning of employee sync.
CLAIM_OF_RULE = {rule.name: rule.claim for rule in RULES} | {row.name: row.claim for row in WARNINGS}
CLAIM_OF_RULE[trouble.RULE] = trouble.CLAIM


def redact(data: bytes) -> bytes:
    """`data` with every token and client secret cut down to its first characters."""
    # The expression begins with one fixed byte, which is found much faster than any of the words before it;
    # of the letter that stands there only what follows can be a secret, and no employee's or user's id.
    if _SUSPECT.search(data):
        return _SECRET.sub(rb"\1[redacted]", data)
    return data


# A client_secret by its name, in JSON or in a form: a wrong one, or another system's, has no form of its own to know.
_NAMED_SECRET = re.compile(
    rb'("client(?:_|\\u005[Ff])secret"\s*:\s*")((?:[^"\\]|\\.)*)|((?:^|&)client(?:_|%5[Ff])secret=)([^&]*)', re.DOTALL
)
_CUT_SECRET = re.compile(rb"cs_[0-9a-f]{4}\[redacted\]")


def redact_grant(data: bytes) -> bytes:
    """A token request as `redact` leaves it, with its client_secret hidden whatever that looks like."""

    def hidden(match: re.Match[bytes]) -> bytes:
        name, value = (match[1], match[2]) if match[1] is not None else (match[3], match[4])
        return name + (value if not value or _CUT_SECRET.fullmatch(value) else b"[redacted]")

    return _NAMED_SECRET.sub(hidden, redact(data))


def redact_head(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header lines as one text, names and values in turn; of Authorization the scheme stays."""
    parts = []
    for name, value in headers:
        parts.append(name)
        parts.append(_hidden(value) if name in _SECRET_HEADERS else value)
    return redact(b"\n".join(parts))


def head(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The same, for headers that hold no secret."""
    return b"\n".join([part for pair in headers for part in pair])


def header_pairs(head: bytes) -> Iterable[tuple[str, str]]:
    """The headers of which `head` or `redact_head` made one text."""
    parts = head.decode("latin-1").split("\n") if head else []
    return zip(parts[::2], parts[1::2], strict=True)


def shown_header(name: str, value: str) -> str:
    """A request header as the journal would show it."""
    pairs = header_pairs(redact_head([(name.lower().encode("latin-1"), value.encode("latin-1"))]))
    return "".join(text for _, text in pairs)


def _hidden(value: bytes) -> bytes:
    scheme, space, _ = value.partition(b" ")
    return scheme[:16] + b" [redacted]" if space and scheme.isalpha() else b"[redacted]"


def redact_text(text: str | None) -> str | None:
    """The same as `redact`, for what quotes a request."""
    if text is None or "_" not in text:
        return text
    return redact(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def redact_outcomes(records: tuple[Outcome, ...] | None) -> tuple[Outcome, ...] | None:
    """Outcomes whose messages and warnings quote no secret."""
    # A comprehension looks at five hundred outcomes in half the time that all() takes.
    if records is None or not [o for o in records if o.message is not None or o.warnings]:
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
    def of(cls, data: bytes, hide: Callable[[bytes], bytes] = redact) -> Body:
        """What the journal keeps of `data`."""
        if not data:
            return NO_BODY
        # A secret that begins before the cut is seen whole, so that no part of it stays.
        return cls(hide(data[: MAX_BODY + _LONGEST_SECRET])[:MAX_BODY], len(data))

    def view(self, head: bytes) -> dict[str, Any]:
        """As the control plane shows it, with the headers that `redact_head` made."""
        return {
            "headers": [list(pair) for pair in header_pairs(head)],
            "body": self.head.decode("utf-8", "replace") if self.size else None,
            "body_bytes": self.size,
            "body_cut": self.size > MAX_BODY,
        }


NO_BODY = Body(b"", 0)

ClaimId = Annotated[str, msgspec.Meta(pattern="^[A-Z0-9]+-[A-Z]+-[0-9]{2}$")]


class Decision(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Where in the pipeline a request was decided, and by what; `readings` are (name, value)."""

    step: Name
    outcome: Literal["accepted", "refused"]
    claims: tuple[ClaimId, ...] = ()
    message: str | None = None
    rule: str | None = None
    readings: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=1024)
def accepted(claims: tuple[str, ...], readings: tuple[tuple[str, str], ...]) -> Decision:
    """The decision about a request that its handler answered: one object for all that are alike."""
    return Decision("handler", "accepted", claims, None, None, readings)


class Entry(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One request and its answer; `act` is what the audit log keeps of it, `delivered` what the client got of it.

    `readings` are those that a batch was processed under, None where there was none.
    """

    act: AuditEntry
    method: Name
    path: bytes
    query: bytes
    decision: Decision
    request_head: bytes
    request: Body
    response_head: bytes
    response: Body
    notes: tuple[str, ...]
    faults: tuple[Struck, ...] = ()
    delivered: Delivered = "whole"
    readings: Readings | None = None


def weight(entry: Entry) -> int:
    """Roughly what an entry takes in memory, in bytes."""
    act = entry.act
    return (
        _ENTRY_WEIGHT
        + len(entry.path)
        + len(entry.query)
        + len(entry.request_head)
        + len(entry.request.head)
        + len(entry.response.head)
        + len(entry.decision.message or "")
        + len(entry.faults) * _FAULT_WEIGHT
        + (0 if act.records is None else len(act.records) * _OUTCOME_WEIGHT + act.records_bytes)
    )


def new_journal() -> Ring[Entry]:
    """An empty journal."""
    return Ring(weight)


def fault(entry: Entry) -> str | None:
    """What of an entry could not be shown, None where all can be."""
    for head in (entry.request_head, entry.response_head):
        if head and len(head.split(b"\n")) % 2:
            return "a header without its value"
    for outcome in entry.act.records or ():
        for name in (outcome.rule, *(name for name, _ in outcome.warnings)):
            if name is not None and name not in CLAIM_OF_RULE:
                return f"there is no rule {name}"
        for name in outcome.readings:
            if name not in NAMES:
                return f"there is no reading {name}"
            if entry.readings is None:
                return f"nobody knows which value {name} had"
    return None


def answers(entry: Entry, request_id: str) -> bool:
    """Whether the answer bore this requestId, which every answer of Scan2Evolve but a token's and a user's has."""
    if entry.act.api != "scan2evolve":
        return False
    # Within a text of the JSON the quotes would be escaped, so this can be nothing else than the member itself.
    return re.search(rb'"requestId":\s*"%s"' % re.escape(request_id.encode()), entry.response.head) is not None


def view(number: int, entry: Entry) -> dict[str, Any]:
    """An entry as `GET …/journal/{id}` shows it, but for its records: they are explained elsewhere."""
    decision, act = entry.decision, entry.act
    return {
        "id": str(number),
        "at": instant_text(act.at),
        "api": act.api,
        "operation": act.operation,
        "method": entry.method,
        "path": entry.path.decode("latin-1"),
        "query": entry.query.decode("latin-1"),
        "status": act.status,
        "credential": None
        if act.actor == NOBODY
        else {
            "kind": act.actor.kind,
            "id": act.actor.id,
            "organization_id": act.actor.organization,
            "environment": act.actor.environment,
        },
        "decision": {
            "step": decision.step,
            "outcome": decision.outcome,
            "rule": decision.rule,
            "claims": list(decision.claims),
            "message": decision.message,
            "reading": dict(decision.readings),
        },
        "request": entry.request.view(entry.request_head),
        "response": entry.response.view(entry.response_head),
        "notes": list(entry.notes),
        "faults": [{"id": struck.id, "name": struck.name} for struck in entry.faults],
        "delivered": entry.delivered,
    }
