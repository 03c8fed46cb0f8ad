"""Deviations of an employee's own fields: status, names, dates and free objects."""

from __future__ import annotations

from typing import Any

from sandbox.deviations.deviation import policy
from sandbox.deviations.records import GONE, Meddled, Record
from sandbox.jsontext import decode, encode
from sandbox.scan2evolve.organization import Employee
from sandbox.scan2evolve.outcomes import Outcome

_TEXTS = ("firstName", "lastName", "displayName", "phone", "jobTitle", "department")


class _ReturnWithoutRoles(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Take away what somebody was given who has come back without a status."""
        outcome = super().answered(record, existing, outcome)
        back = existing is not None and existing.status in GONE and "status" not in record
        if back and outcome.status == "UPDATED":
            self.change(outcome, roles=(), groups=(), sites=())
        return outcome


def _left_enabled(status: str) -> type[Meddled]:
    """A policy that leaves the account of somebody of that status enabled."""

    class LeftEnabled(Meddled):
        def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
            outcome = super().answered(record, existing, outcome)
            if outcome.status != "ERROR" and self.stored(outcome).status == status:
                self.change_account(outcome, enabled=True)
            return outcome

    return LeftEnabled


class _GroupsSurvive(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Leave somebody who goes in the groups."""
        outcome = super().answered(record, existing, outcome)
        if existing is not None and outcome.status != "ERROR" and self.stored(outcome).status in GONE:
            self.change(outcome, groups=existing.groups)
        return outcome


class _StaleName(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Keep the display name that was made at first."""
        outcome = super().answered(record, existing, outcome)
        if existing is not None and outcome.status == "UPDATED" and "displayName" not in record:
            self.change(outcome, display_name=existing.display_name)
        return outcome


class _NullIgnored(Meddled):
    def received(self, record: Record, existing: Employee | None) -> Record:
        """A null terminationDate counts as left out."""
        record = super().received(record, existing)
        if record.get("terminationDate", "") is None:
            del record["terminationDate"]
        return record


class _MetadataMerged(Meddled):
    def received(self, record: Record, existing: Employee | None) -> Record:
        """Put what was stored under what is given."""
        record = super().received(record, existing)
        if "metadata" in record and existing is not None and existing.metadata is not None:
            merged: dict[str, Any] = decode(existing.metadata.encode())
            record["metadata"] = merged | record["metadata"]
        return record


class _FlatMetadata(Meddled):
    def received(self, record: Record, existing: Employee | None) -> Record:
        """Nested objects become texts."""
        record = super().received(record, existing)
        if "metadata" in record:
            record["metadata"] = {
                key: encode(value).decode() if isinstance(value, dict) else value
                for key, value in record["metadata"].items()
            }
        return record


class _SupervisorMerged(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Keep what the new supervisor leaves out of the old one."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status == "UPDATED" and existing is not None and existing.supervisor is not None:
            now = self.stored(outcome).supervisor or (None, None)
            old = existing.supervisor
            self.change(outcome, supervisor=(now[0] if now[0] is not None else old[0], now[1] or old[1]))
        return outcome


class _LeftOutCleared(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Clear the phone, job title and department that an update leaves out."""
        outcome = super().answered(record, existing, outcome)
        names = {"phone": "phone", "jobTitle": "job_title", "department": "department"}
        if outcome.status == "UPDATED":
            self.change(outcome, **{field: None for name, field in names.items() if name not in record})
        return outcome


class _Trimmed(Meddled):
    def received(self, record: Record, existing: Employee | None) -> Record:
        """Texts lose the space around them."""
        record = super().received(record, existing)
        return record | {name: record[name].strip() for name in _TEXTS if name in record}


DEVIATIONS = (
    policy(
        "implicit-return-drops-assignments",
        "An update without a status makes somebody ACTIVE again, but the roles, groups and sites in it are lost.",
        "S2E-FIELD-03",
        _ReturnWithoutRoles,
    ),
    policy(
        "inactive-account-left-enabled",
        "The account of an INACTIVE employee stays enabled.",
        "S2E-FIELD-04",
        _left_enabled("INACTIVE"),
    ),
    policy(
        "terminated-account-left-enabled",
        "The account of a TERMINATED employee stays enabled.",
        "S2E-FIELD-05",
        _left_enabled("TERMINATED"),
    ),
    policy(
        "groups-survive-leaving",
        "Whoever becomes INACTIVE or TERMINATED stays in their groups.",
        "S2E-FIELD-06",
        _GroupsSurvive,
    ),
    policy(
        "display-name-stale",
        "A display name that was made from first and last name stays when they change.",
        "S2E-FIELD-07",
        _StaleName,
    ),
    policy(
        "null-termination-date-ignored",
        "A terminationDate of null does not clear the stored one.",
        "S2E-FIELD-13",
        _NullIgnored,
    ),
    policy(
        "metadata-merged",
        "Metadata of an update is merged into the old, so that no key ever goes.",
        "S2E-FIELD-14",
        _MetadataMerged,
    ),
    policy(
        "metadata-flattened",
        "Objects inside metadata are stored as JSON texts.",
        "S2E-FIELD-14 S2E-EX-01",
        _FlatMetadata,
    ),
    policy(
        "supervisor-merged",
        "A new supervisor without an e-mail keeps that of the old one.",
        "S2E-FIELD-15",
        _SupervisorMerged,
    ),
    policy(
        "left-out-fields-cleared",
        "An update clears the phone, job title and department that it leaves out.",
        "S2E-FIELD-18",
        _LeftOutCleared,
    ),
    policy(
        "texts-trimmed",
        "Names, phone, job title and department lose the spaces around them.",
        "S2E-FIELD-19",
        _Trimmed,
    ),
)
