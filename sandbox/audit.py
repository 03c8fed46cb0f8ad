"""The audit log (S2E-AUDIT-01): who did what, when, and with which outcome."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.clock import instant_text
from sandbox.rings import Ring
from sandbox.scan2evolve.employees import Outcome

_ENTRY_WEIGHT = 400
_OUTCOME_WEIGHT = 100


class Actor(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Who: a credential, or nobody known."""

    kind: str
    id: str | None = None
    organization: str | None = None
    environment: str | None = None


NOBODY = Actor("anonymous")


class AuditEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One act: `action` is token, read, change or none where the operation is unknown."""

    at: int
    api: str
    actor: Actor
    operation: str | None
    action: str
    subject: str | None
    status: int
    records: tuple[Outcome, ...] | None


def weight(entry: AuditEntry) -> int:
    """Roughly what an entry takes in memory, in bytes."""
    return _ENTRY_WEIGHT + len(entry.subject or "") + len(entry.records or ()) * _OUTCOME_WEIGHT


def new_audit_log() -> Ring[AuditEntry]:
    """An empty audit log."""
    return Ring(weight)


def view(number: int, entry: AuditEntry) -> dict[str, Any]:
    """An entry as `GET …/audit` shows it."""
    return {
        "id": str(number),
        "at": instant_text(entry.at),
        "api": entry.api,
        "actor": {
            "kind": entry.actor.kind,
            "id": entry.actor.id,
            "organization_id": entry.actor.organization,
            "environment": entry.actor.environment,
        },
        "operation": entry.operation,
        "action": entry.action,
        "subject": entry.subject,
        "outcome": "accepted" if entry.status < 400 else "refused",
        "status": entry.status,
        "records": None
        if entry.records is None
        else [
            {"externalEmployeeId": o.external_id, "employeeId": o.employee_id, "outcome": o.status}
            for o in entry.records
        ],
    }
