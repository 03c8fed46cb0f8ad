"""Violations: what a row of the catalogue is, the valid record it starts from, and how it breaks that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ACTIVE = frozenset({"ACTIVE"})
NOT_ACTIVE = frozenset({"INACTIVE", "TERMINATED"})
STATUSES = ("ACTIVE", "INACTIVE", "TERMINATED")
MODES = ("replace", "additive")

Record = dict[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What a record is put into: names that exist, and what others have already.

    `taken` is (e-mail, externalEmployeeId, username) of somebody in the organization, `elsewhere` the
    e-mail of somebody in another one; None where there is nobody.
    """

    roles: tuple[str, ...]
    groups: tuple[str, ...]
    sites: tuple[str, ...]
    readings: dict[str, str]
    taken: tuple[str, str, str] | None = None
    elsewhere: str | None = None
    no_site: str = "00000000-0000-4000-8000-00000000000f"
    no_uuid: str = "main-plant"


@dataclass(frozen=True)
class Violation:
    """A row. `break_` makes a valid record break one rule; `message` is what must be answered.

    `touches`: the record's fields that have a part in it. `documented`: the text stands on the
    vendor's page and is no assumption.
    """

    name: str
    claim: str
    break_: Callable[[Record, Surroundings], Any]
    message: Callable[[Surroundings], str]
    touches: frozenset[str]
    statuses: frozenset[str] = field(default=frozenset(STATUSES))
    reading: tuple[str, str] | None = None
    needs: str = ""
    documented: bool = False

    def applies(self, status: str, around: Surroundings) -> bool:
        """Whether a record of this status, in these surroundings, can break the rule."""
        if status not in self.statuses or (self.needs and getattr(around, self.needs) is None):
            return False
        return self.reading is None or around.readings[self.reading[0]] == self.reading[1]

    def goes_with(self, other: Violation) -> bool:
        """Whether one record can break both, each in its own fields."""
        return not self.touches & other.touches and "*" not in self.touches | other.touches


def valid_record(external_id: str, email: str, around: Surroundings, status: str, mode: str) -> Record:
    """A valid record that holds every field."""
    return {
        "externalEmployeeId": external_id,
        "status": status,
        "firstName": "Robin",
        "lastName": "Sample",
        "displayName": "Robin S.",
        "email": email,
        "phone": "+1-415-555-0142",
        "jobTitle": "Technician",
        "department": "Facilities",
        "hireDate": "2023-04-12",
        "terminationDate": "2030-01-31T00:00:00Z",
        "supervisor": {"name": "Sam Lead", "email": "sam.lead@example.com"},
        "roles": list(around.roles[:2]),
        "groups": [{"groupName": around.groups[0], "role": "Member"}],
        "sites": [{"id": around.sites[0], "role": around.roles[0]}, {"id": around.sites[1]}],
        "metadata": {"badge": "A1"},
        "userAccount": {"forcePasswordReset": False, "sendWelcomeEmail": False},
        "updateMode": mode,
    }


def error_entry(record: Any, message: str, readings: dict[str, str]) -> Record:
    """The entry of `errors` that a refused record must get."""
    external_id = record.get("externalEmployeeId") if isinstance(record, dict) else None
    if isinstance(external_id, str) and external_id.strip():
        return {"externalEmployeeId": external_id, "message": message}
    entries: dict[str, Record] = {
        "null": {"externalEmployeeId": None},
        "empty": {"externalEmployeeId": ""},
        "absent": {},
    }
    return {**entries[readings["missing-id-entry"]], "message": message}


# -- ways to break a record --------------------------------------------------------------------------


def put(path: str, value: Any) -> Callable[[Record, Surroundings], Any]:
    """Put a value at a dotted path; numbers are places in an array, ... takes the field away."""

    def break_(record: Record, _: Surroundings) -> Any:
        *way, last = path.split(".")
        place: Any = record
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if value is ...:
            del place[last]
        elif isinstance(place, list):
            index = int(last)
            place[index : index + 1] = [value]
        else:
            place[last] = value
        return record

    return break_


def with_fields(**fields: Any) -> Callable[[Record, Surroundings], Any]:
    """Put several fields; a function is asked with the surroundings, ... takes the field away."""

    def break_(record: Record, around: Surroundings) -> Any:
        for key, value in fields.items():
            if value is ...:
                record.pop(key, None)
            else:
                record[key] = value(around) if callable(value) else value
        return record

    return break_
