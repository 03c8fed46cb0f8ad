"""The audit log (S2E-AUDIT-01): who did what, when, and with which outcome."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from sandbox.clock import Instant, instant_text
from sandbox.ids import Name
from sandbox.rings import Ring
from sandbox.scan2evolve.outcomes import Outcome

_ENTRY_WEIGHT = 400
_OUTCOME_WEIGHT = 100


#: The name of an API and an HTTP status in a snapshot.
ApiName = Annotated[str, msgspec.Meta(pattern="^(hrms|scan2evolve)\\Z")]
Status = Annotated[int, msgspec.Meta(ge=100, le=599)]


class Actor(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Who: a credential, or nobody known."""

    kind: Name
    id: str | None = None
    organization: str | None = None
    environment: str | None = None


NOBODY = Actor("anonymous")


class AuditEntry(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One act: `action` is token, read, change or none where the operation is unknown."""

    at: Instant
    api: ApiName
    actor: Actor
    operation: str | None
    action: Name
    subject: str | None
    status: Status
    records: tuple[Outcome, ...] | None
    records_bytes: int


def weight(entry: AuditEntry) -> int:
    """Roughly what an entry takes in memory, in bytes."""
    return _ENTRY_WEIGHT + len(entry.subject or "") + len(entry.records or ()) * _OUTCOME_WEIGHT + entry.records_bytes


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
