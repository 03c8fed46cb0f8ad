"""A record looked at by itself, checks 0 to 3: is it an object with an id, and are types, enums and dates right?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts import messages
from contracts.model.state import Claims, blank

TEXT, FLAG, OBJECT, LIST = "a string", "a boolean", "an object", "an array"
_KINDS: dict[str, type] = {TEXT: str, FLAG: bool, OBJECT: dict, LIST: list}

STATUSES = ("ACTIVE", "INACTIVE", "TERMINATED")
MODES = ("replace", "additive")

# The fields in the order of the vendor's full example, and what is inside of them: an object's members, or
# "[]" for each entry of an array. The id has its own check.
Shape = Mapping[str, Any]
FIELDS: Shape = {
    "status": TEXT,
    "firstName": TEXT,
    "lastName": TEXT,
    "displayName": TEXT,
    "email": TEXT,
    "phone": TEXT,
    "jobTitle": TEXT,
    "department": TEXT,
    "hireDate": TEXT,
    "terminationDate": TEXT,
    "supervisor": {"name": TEXT, "email": TEXT},
    "roles": [TEXT],
    "groups": [{"groupName": TEXT, "externalGroupId": TEXT, "role": TEXT}],
    "sites": [{"id": TEXT, "role": TEXT}],
    "metadata": OBJECT,
    "userAccount": {"username": TEXT, "forcePasswordReset": FLAG, "sendWelcomeEmail": FLAG},
    "updateMode": TEXT,
}
_ENUMS = {
    "status": (STATUSES, messages.status_invalid, "S2E-FIELD-02"),
    "updateMode": (MODES, messages.mode_invalid, "S2E-FIELD-16"),
}
_DATES = {"hireDate": "S2E-FIELD-12", "terminationDate": "S2E-FIELD-13"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z)?")
_DOTTED = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
_LONGEST_EMAIL = 254


class Refused(Exception):
    """A record's error. `id_shown`: its entry carries the record's own id."""

    def __init__(self, message: str, *claims: str, id_shown: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.claims: Claims = claims
        self.id_shown = id_shown


def external_id(record: Any) -> str:
    """Checks 0 and 1. Refused unless the record is an object with an id."""
    if not isinstance(record, dict):
        raise Refused(messages.NOT_AN_OBJECT, "S2E-FIELD-17", id_shown=False)
    given = record.get("externalEmployeeId")
    if given is None or (isinstance(given, str) and blank(given)):
        raise Refused(messages.ID_REQUIRED, "S2E-FIELD-01", id_shown=False)
    if not isinstance(given, str):
        raise Refused(messages.ID_NOT_TEXT, "S2E-FIELD-17", id_shown=False)
    return given


def well_formed(record: Mapping[str, Any], readings: Mapping[str, str]) -> dict[str, Any]:
    """Checks 2 and 3: the record as far as it counts, without unknown fields and nulls that are ignored. Or Refused."""
    seen: dict[str, Any] = {}
    for name, shape in FIELDS.items():
        if name not in record:
            continue
        if name == "terminationDate" and record[name] is None:
            seen[name] = None
            continue
        if record[name] is None and readings["null-field"] == "ignored":
            continue
        seen[name] = _look(record[name], shape, name, readings)
        if name in _ENUMS:
            values, message, claim = _ENUMS[name]
            if seen[name] not in values:
                raise Refused(message(seen[name]), claim)
    for name, claim in _DATES.items():
        if seen.get(name) is not None and not is_date(seen[name]):
            raise Refused(messages.date_invalid(name), claim)
    return seen


def _look(value: Any, shape: Any, path: str, readings: Mapping[str, str]) -> Any:
    """The value without what does not count. Refused where its type is wrong, depth first."""
    kind: str = OBJECT if isinstance(shape, dict) else LIST if isinstance(shape, list) else shape
    fits = type(value) is _KINDS[kind]
    if not fits:
        raise Refused(messages.wrong_type(path, kind), "S2E-FIELD-17")
    if isinstance(shape, list):
        return [_look(entry, shape[0], f"{path}[{index}]", readings) for index, entry in enumerate(value)]
    if not isinstance(shape, dict):
        return value
    ignored = readings["null-field"] == "ignored"
    return {
        name: _look(value[name], inner, f"{path}.{name}", readings)
        for name, inner in shape.items()
        if name in value and not (value[name] is None and ignored)
    }


def is_date(text: str) -> bool:
    """A real calendar date, or a date-time in UTC with seconds or milliseconds."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_email(text: str) -> bool:
    """Dotted atoms, one @, two labels or more; at most 254 characters."""
    local, at, domain = text.partition("@")
    labels = domain.split(".")
    return (
        len(text) <= _LONGEST_EMAIL
        and bool(at)
        and bool(_DOTTED.fullmatch(local))
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
    )
