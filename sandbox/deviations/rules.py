"""Deviations that the rules' tables give for free: each row left out, and a few in other words.

Where the rest of the sandbox relies on what a rule has refused, a policy says how this vendor copes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.deviations.deviation import Deviation
from sandbox.deviations.records import AnyRecord, Meddled, Record, misfits
from sandbox.scan2evolve.organization import Employee
from sandbox.scan2evolve.outcomes import Outcome
from sandbox.scan2evolve.records import STATUSES, UPDATE_MODES, is_blank
from sandbox.scan2evolve.rules import ENVELOPE, RULES, WARNINGS, Envelope, EnvelopeRule, Rule, Warning  # noqa: A004


def row(name: str) -> Rule:
    """The row of a rule of employee sync."""
    return next(row for row in RULES if row.name == name)


# -- how a vendor copes without a rule of shape ------------------------------------------------------------


class _Coping(AnyRecord):
    """Mends a record that the missing rule would have refused."""

    def sync(self, record: Any) -> Outcome:
        """Process the record as mended."""
        return super().sync(self.mended(dict(record)) if isinstance(record, dict) else record)

    def mended(self, record: Record) -> Record:
        """The record in a shape that can be stored."""
        return record


class _NoObject(AnyRecord):
    def sync(self, record: Any) -> Outcome:
        """Whatever is no object counts as an empty one."""
        return super().sync(record if isinstance(record, dict) else {})


class _NoId(_Coping):
    def mended(self, record: Record) -> Record:
        """Nobody without an id: one is made up."""
        external_id = record.get("externalEmployeeId")
        if external_id is None or (isinstance(external_id, str) and is_blank(external_id)):
            record["externalEmployeeId"] = f"auto-{self.ids.draw()[:12]}"
        return record


class _IdOfAnyType(_Coping):
    def mended(self, record: Record) -> Record:
        """An id that is a number or a boolean is taken as text, one of another type as missing."""
        external_id = record.get("externalEmployeeId")
        if not isinstance(external_id, str):
            record["externalEmployeeId"] = _as_text(external_id)
        return record


def _as_text(value: Any) -> str | None:
    return str(value) if isinstance(value, (bool, int, float)) else None


class _TypesUnseen(_Coping):
    def mended(self, record: Record) -> Record:
        """A field of a wrong type counts as left out."""
        wrong = set(misfits(record)) - {"externalEmployeeId", "status", "updateMode"}
        return {key: value for key, value in record.items() if key not in wrong}


def _dropping(key: str, values: tuple[str, ...] | None) -> type[_Coping]:
    """A policy that leaves the field out where it is no text, or no text of these."""

    class Dropping(_Coping):
        def mended(self, record: Record) -> Record:
            value = record.get(key)
            wrong = not isinstance(value, str) if values is None else isinstance(value, str) and value not in values
            if wrong:
                record.pop(key, None)
            return record

    return Dropping


_COPING: dict[str, type[Any]] = {
    "record-is-object": _NoObject,
    "id-required": _NoId,
    "id-is-text": _IdOfAnyType,
    "status-is-text": _dropping("status", None),
    "status-known": _dropping("status", STATUSES),
    "field-types": _TypesUnseen,
    "update-mode-is-text": _dropping("updateMode", None),
    "update-mode-known": _dropping("updateMode", UPDATE_MODES),
}


class _AnyBody(Envelope):
    def read(self, body: Any) -> Any:
        """What is no object counts as one without employees, an array as those."""
        body = super().read(body)
        if isinstance(body, dict):
            return body
        return {"employees": body} if isinstance(body, list) else {}


class _AnyEmployees(Envelope):
    def read(self, body: Any) -> Any:
        """Without an array there is nobody to sync."""
        body = super().read(body)
        if isinstance(body, dict) and not isinstance(body.get("employees"), list):
            return {**body, "employees": []}
        return body


class _AnyBatchId(Envelope):
    def read(self, body: Any) -> Any:
        """A syncBatchId that is a number or a boolean is taken as text, one of another type as empty."""
        body = super().read(body)
        if isinstance(body, dict) and not isinstance(body.get("syncBatchId", ""), str):
            return {**body, "syncBatchId": _as_text(body["syncBatchId"]) or ""}
        return body


_ENVELOPE_COPING: dict[str, type[Envelope]] = {
    "body-is-object": _AnyBody,
    "employees-array": _AnyEmployees,
    "batch-id-is-text": _AnyBatchId,
}

# -- switched off ------------------------------------------------------------------------------------------

# These rules are one value of a reading: a vendor without them follows the other value, and that is no fault.
_OF_A_READING = {
    "id-once-in-batch": ("duplicate-in-batch", "update"),
    "site-id-well-formed": ("malformed-site-id", "warning"),
}


def _without(row: Rule | EnvelopeRule) -> Deviation:
    coping = _COPING.get(row.name) or _ENVELOPE_COPING.get(row.name)
    reading = _OF_A_READING.get(row.name)
    return Deviation(
        name=f"without-{row.name}",
        says=f"What should be refused with “{row.message}” is accepted.",
        claims=() if reading else (row.claim,),
        swaps=(f"rule {row.name}",),
        rules={row.name: None},
        policies=() if coping is None else (coping,),
        reading=reading,
    )


def _warning(row: Warning, message: str | None) -> type[Meddled]:
    """A policy that says a warning in other words, or not at all."""

    class Reworded(Meddled):
        def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
            outcome = super().answered(record, existing, outcome)
            warnings = [self.worded(name, text) for name, text in outcome.warnings]
            return msgspec.structs.replace(outcome, warnings=tuple(filter(None, warnings)))

        @staticmethod
        def worded(name: str, text: str) -> tuple[str, str] | None:
            if name != row.name:
                return name, text
            head, _, tail = row.message.partition("{}")
            return None if message is None else (name, message.format(text[len(head) : len(text) - len(tail)]))

    return Reworded


def _silent(row: Warning) -> Deviation:
    return Deviation(
        name=f"without-{row.name}",
        says=f"What is unknown is skipped without the warning “{row.message.format('X')}”.",
        claims=(row.claim,),
        swaps=(f"warning {row.name}",),
        policies=(_warning(row, None),),
    )


WITHOUT = (*map(_without, RULES), *map(_without, ENVELOPE), *map(_silent, WARNINGS))

# -- in other words ----------------------------------------------------------------------------------------

_OTHER_WORDS = {
    "id-required": "externalEmployeeId must not be empty",
    "status-known": "Unknown status '{value}'",
    "email-format": "Invalid email address",
    "email-linked": "User with email {email} already exists",
    "site-manager-asks-site": "Cannot assign site_manager role: at least one site is required",
}
_OTHER_WARNINGS = {"role-unknown": "Role '{}' does not exist, skipped"}


def _reworded(row: Rule, message: str) -> Deviation:
    return Deviation(
        name=f"{row.name}-reworded",
        says=f"The error reads “{message}”, not “{row.message}”.",
        claims=(row.claim,),
        swaps=(f"rule {row.name}",),
        rules={row.name: msgspec.structs.replace(row, message=message)},
    )


def _warning_reworded(row: Warning, message: str) -> Deviation:
    return Deviation(
        name=f"{row.name}-reworded",
        says=f"The warning reads “{message.format('X')}”, not “{row.message.format('X')}”.",
        claims=(row.claim,),
        swaps=(f"warning {row.name}",),
        policies=(_warning(row, message),),
    )


REWORDED = (
    *(_reworded(row, _OTHER_WORDS[row.name]) for row in RULES if row.name in _OTHER_WORDS),
    *(_warning_reworded(row, _OTHER_WARNINGS[row.name]) for row in WARNINGS if row.name in _OTHER_WARNINGS),
)
