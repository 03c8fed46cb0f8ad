"""A batch that can be meddled with, record by record, before the rules and after them."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.scan2evolve.employees import Batch
from sandbox.scan2evolve.organization import Employee, User
from sandbox.scan2evolve.outcomes import Outcome
from sandbox.scan2evolve.records import KNOWN_FIELDS, misfit, without_nulls

GONE = ("INACTIVE", "TERMINATED")
Record = dict[str, Any]


def misfits(record: Record) -> list[str]:
    """The fields of the record that are of another type than they should be."""
    return [
        key
        for key, kind in KNOWN_FIELDS.items()
        if key in record
        and not (key == "terminationDate" and record[key] is None)
        and misfit(record[key], kind, key) is not None
    ]


class AnyRecord(Batch):
    """Takes every record the long way, so that one method sees them all."""

    def sync_typed(self, record: Any, metadata: str | None) -> Outcome:
        """Process a typed record as if it had come untyped."""
        return self.sync(msgspec.to_builtins(record))


class Meddled(AnyRecord):
    """Shows each well-formed record to `received` before it is processed, and to `answered` afterwards."""

    def sync(self, record: Any) -> Outcome:
        """Process one record."""
        if not isinstance(record, dict):
            return super().sync(record)
        shaped = without_nulls(record) if self.nulls_ignored else dict(record)
        external_id = shaped.get("externalEmployeeId")
        if misfits(shaped) or not isinstance(external_id, str):
            return super().sync(record)
        existing = self.organization.employees.get(external_id)
        shaped = self.received(shaped, existing)
        return self.answered(shaped, existing, super().sync(shaped))

    def received(self, record: Record, existing: Employee | None) -> Record:
        """The record as it is to be processed."""
        return record

    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """What is answered; `existing` is the employee as before, and what was stored may be changed."""
        return outcome

    # -- for those who override --------------------------------------------------------------------

    def stored(self, outcome: Outcome) -> Employee:
        """The employee as stored now."""
        return self.organization.employees[outcome.external_id or ""]

    def change(self, outcome: Outcome, **fields: Any) -> None:
        """Store the employee with other fields; not for the e-mail, which is looked up by."""
        employee = msgspec.structs.replace(self.stored(outcome), **fields)
        self.organization.employees[employee.external_id] = employee

    def account(self, outcome: Outcome) -> User | None:
        """The employee's account as stored now."""
        user_id = self.stored(outcome).user
        return None if user_id is None else self.organization.users[user_id]

    def change_account(self, outcome: Outcome, **fields: Any) -> None:
        """Store the account with other fields, if there is one."""
        user = self.account(outcome)
        if user is not None:
            self.organization.users[user.id] = msgspec.structs.replace(user, **fields)

    def flag(self, record: Record, name: str) -> bool:
        """Whether the record's userAccount says so."""
        return (record.get("userAccount") or {}).get(name) is True

    def role_ids(self, names: list[str]) -> tuple[str, ...]:
        """The ids of those roles that there are."""
        table = self.organization.role_by_casefold
        return tuple(dict.fromkeys(table[name.casefold()] for name in names if name.casefold() in table))
