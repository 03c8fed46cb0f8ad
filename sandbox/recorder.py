"""The recorder: writes a world's journal and audit log, a few requests at a time.

Writing an entry right after each request would cost three times as much, since by then the code and
the oldest entry, which it pushes out, have gone from the processor's caches. Whoever reads sees every
request: reading writes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sandbox import audit, journal
from sandbox.audit import AuditEntry
from sandbox.errors import Refusal
from sandbox.journal import (
    Body,
    Decision,
    Entry,
    accepted,
    head,
    redact,
    redact_grant,
    redact_head,
    redact_outcomes,
    redact_text,
)
from sandbox.readings import Readings
from sandbox.rings import Ring

if TYPE_CHECKING:
    from sandbox.calls import Call, Reply

Header = tuple[bytes, bytes]

# So many small requests wait to be written; one with bodies of so many bytes is written at once.
_WAITING = 128
_LARGE = 16 * 1024


class Seen(NamedTuple):
    """A request that has been answered, and what was decided about it."""

    api: str
    action: str
    readings: Readings
    call: Call
    refusal: Refusal | None
    reply: Reply
    headers: list[Header]
    body: bytes


class Recorder:
    """The journal and the audit log of one world."""

    def __init__(self) -> None:
        self._journal = journal.new_journal()
        self._audit = audit.new_audit_log()
        self._waiting: list[Seen] = []
        #: What came and went last, with what was kept of it: a client's headers rarely change.
        self._came: tuple[Sequence[Header], bytes] = ([], b"")
        self._went: tuple[Sequence[Header], bytes] = ([], b"")

    @property
    def journal(self) -> Ring[Entry]:
        """The journal, complete."""
        self._write()
        return self._journal

    @property
    def audit(self) -> Ring[AuditEntry]:
        """The audit log, complete."""
        self._write()
        return self._audit

    def note(self, seen: Seen) -> None:
        """Record a request, now or soon."""
        self._waiting.append(seen)
        if len(self._waiting) >= _WAITING or len(seen.call.body) + len(seen.body) > _LARGE:
            self._write()

    def forget(self) -> None:
        """Let go of what waits: it holds the world that holds this, until the collector finds the circle."""
        self._waiting = []

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        entries = [self._entry(seen) for seen in waiting]
        self._journal.extend(entries)
        self._audit.extend([entry.act for entry in entries])

    def _entry(self, seen: Seen) -> Entry:
        """A request as journal and audit log keep it: what was decided, by which rule or claim; no secrets."""
        api, action, readings, call, refusal, reply, headers, body = seen
        operation = call.operation
        marks = reply.readings if refusal is None else (refusal.reading,) if refusal.reading else ()
        values = tuple([(name, getattr(readings, name.replace("-", "_"))) for name in marks])
        if refusal is None:
            decision = accepted(reply.claims or (operation.claims[:1] if operation is not None else ()), values)
        else:
            message = redact_text(refusal.message)
            decision = Decision(refusal.step, "refused", refusal.claims, message, refusal.rule, values)
        act = AuditEntry(
            call.now,
            api,
            call.actor,
            None if operation is None else operation.id,
            action,
            redact_text(call.subject),
            reply.status,
            redact_outcomes(reply.records),
            reply.records_bytes,
        )
        hide = redact_grant if action == "token" else redact
        if call.raw_headers != self._came[0]:
            self._came = call.raw_headers, redact_head(call.raw_headers)
        if headers != self._went[0]:
            self._went = headers, head(headers)
        strike = call.strike
        faults, delivered = ((), "whole") if strike is None else (tuple(strike.acted), strike.delivered)
        return Entry(
            act,
            call.method if operation is None else operation.method,
            redact(call.path) if operation is None or call.path != operation.raw_path else operation.raw_path,
            hide(call.query_string) if call.query_string else b"",
            decision,
            self._came[1],
            Body.of(call.body, hide),
            self._went[1],
            reply.journaled or Body.of(body),
            tuple([redact_text(note) or "" for note in call.notes]) if call.notes else (),
            faults,
            delivered,
            None if reply.records is None else readings,
        )
