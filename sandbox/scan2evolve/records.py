"""What a record of employee sync looks like: its fields, their types, and their grammars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any, Literal

import msgspec
import orjson
from msgspec import UNSET, UnsetType

STRING, BOOLEAN, OBJECT = "a string", "a boolean", "an object"

#: Field -> its type, a table of nested fields, or [type of the elements].
FIELDS: dict[str, Any] = {
    "firstName": STRING,
    "lastName": STRING,
    "displayName": STRING,
    "email": STRING,
    "phone": STRING,
    "jobTitle": STRING,
    "department": STRING,
    "hireDate": STRING,
    "terminationDate": STRING,
    "supervisor": {"name": STRING, "email": STRING},
    "roles": [STRING],
    "groups": [{"groupName": STRING, "externalGroupId": STRING, "role": STRING}],
    "sites": [{"id": STRING, "role": STRING}],
    "metadata": OBJECT,
    "userAccount": {"username": STRING, "forcePasswordReset": BOOLEAN, "sendWelcomeEmail": BOOLEAN},
}
KNOWN_FIELDS = {"externalEmployeeId": STRING, "status": STRING, **FIELDS, "updateMode": STRING}
STATUSES = ("ACTIVE", "INACTIVE", "TERMINATED")
UPDATE_MODES = ("replace", "additive")

MAX_RECORDS = 500

Text = str | UnsetType
Flag = bool | UnsetType


class Supervisor(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """`supervisor` of a record."""

    name: Text = UNSET
    email: Text = UNSET


class GroupEntry(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An element of `groups`."""

    groupName: Text = UNSET  # noqa: N815 - names on the wire, here and below
    externalGroupId: Text = UNSET  # noqa: N815
    role: Text = UNSET


class SiteEntry(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An element of `sites`."""

    id: Text = UNSET
    role: Text = UNSET


class UserAccount(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """`userAccount` of a record."""

    username: Text = UNSET
    forcePasswordReset: Flag = UNSET  # noqa: N815
    sendWelcomeEmail: Flag = UNSET  # noqa: N815


class Record(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A record whose fields are known to be of the right types; UNSET is what it leaves out."""

    externalEmployeeId: str  # noqa: N815
    status: Literal["ACTIVE", "INACTIVE", "TERMINATED"] | UnsetType = UNSET
    firstName: Text = UNSET  # noqa: N815
    lastName: Text = UNSET  # noqa: N815
    displayName: Text = UNSET  # noqa: N815
    email: Text = UNSET
    phone: Text = UNSET
    jobTitle: Text = UNSET  # noqa: N815
    department: Text = UNSET
    hireDate: Text = UNSET  # noqa: N815
    terminationDate: str | UnsetType | None = UNSET  # noqa: N815
    supervisor: Supervisor | UnsetType = UNSET
    roles: list[str] | UnsetType = UNSET
    groups: list[GroupEntry] | UnsetType = UNSET
    sites: list[SiteEntry] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    userAccount: UserAccount | UnsetType = UNSET  # noqa: N815
    updateMode: Literal["replace", "additive"] | UnsetType = UNSET  # noqa: N815


class TypedBatch(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A batch in which everything has the right type and nothing is unknown."""

    employees: list[Record]
    syncBatchId: Text = UNSET  # noqa: N815


_DECODER = msgspec.json.Decoder(TypedBatch)


def read_batch(body: bytes) -> tuple[TypedBatch, list[str | None]] | None:
    """The batch, and each record's metadata as JSON text; None where anything about it is unusual.

    This is the short way for what clients normally send. It takes nothing that the long way (decode,
    envelope, the rules of shape) would refuse or read differently; what it does not take goes there.
    """
    try:
        batch = _DECODER.decode(body)
        if not 0 < len(batch.employees) <= MAX_RECORDS:
            return None
        # Besides, this finds integers of more than 64 bits, which are not valid here.
        texts = [None if r.metadata is UNSET else orjson.dumps(r.metadata).decode() for r in batch.employees]
    except (msgspec.MsgspecError, orjson.JSONEncodeError, RecursionError, ValueError):
        return None
    return batch, texts


def typed(record: dict[str, Any]) -> Record:
    """A record that has passed the rules of shape, without its unknown fields."""
    return msgspec.convert(_known(record, KNOWN_FIELDS), Record)


def _known(value: Any, kind: Any) -> Any:
    if isinstance(kind, dict):
        return {key: _known(item, kind[key]) for key, item in value.items() if key in kind}
    if isinstance(kind, list):
        return [_known(item, kind[0]) for item in value]
    return value


_PYTHON_TYPES = {STRING: str, BOOLEAN: bool, OBJECT: dict}


def is_blank(text: str | None) -> bool:
    """Empty or white space only, in Unicode's sense; None counts as blank."""
    return not text or text.isspace()


def misfit(value: Any, kind: Any, path: str) -> dict[str, Any] | None:
    """The first place, depth first, where `value` is not of `kind`."""
    if isinstance(kind, str):
        return None if isinstance(value, _PYTHON_TYPES[kind]) else {"path": path, "kind": kind}
    if isinstance(kind, list):
        if not isinstance(value, list):
            return {"path": path, "kind": "an array"}
        misfits: Iterator[dict[str, Any] | None] = (
            misfit(item, kind[0], f"{path}[{index}]") for index, item in enumerate(value)
        )
    else:
        if not isinstance(value, dict):
            return {"path": path, "kind": OBJECT}
        misfits = (misfit(value[key], nested, f"{path}.{key}") for key, nested in kind.items() if key in value)
    return next((misfit for misfit in misfits if misfit is not None), None)


def without_nulls(record: dict[str, Any]) -> dict[str, Any]:
    """The record as the reading `null-field` = `ignored` sees it: null fields are left out.

    A null terminationDate stays, and so does a null element of an array, which is a wrong type.
    """

    def cleaned(value: Any, kind: Any) -> Any:
        if isinstance(kind, dict) and isinstance(value, dict):
            return {k: cleaned(v, kind.get(k)) for k, v in value.items() if v is not None or k not in kind}
        if isinstance(kind, list) and isinstance(value, list):
            return [cleaned(item, kind[0]) for item in value]
        return value

    kept = {k: v for k, v in record.items() if v is not None or k == "terminationDate" or k not in KNOWN_FIELDS}
    return {key: cleaned(value, KNOWN_FIELDS.get(key)) for key, value in kept.items()}


def unknown_fields(record: Any) -> list[str]:
    """The record's fields that no page names, nested names dotted; they are ignored."""

    def walk(value: Any, kind: Any, path: str) -> Iterator[str]:
        if isinstance(kind, dict) and isinstance(value, dict):
            for key, item in value.items():
                nested = f"{path}.{key}" if path else key
                if key not in kind:
                    yield nested
                else:
                    yield from walk(item, kind[key], nested)
        elif isinstance(kind, list) and isinstance(value, list):
            for index, item in enumerate(value):
                yield from walk(item, kind[0], f"{path}[{index}]")

    return list(walk(record, KNOWN_FIELDS, ""))


_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{3})?Z)?")


_LONGEST_DATE = len("2023-04-12T00:00:00.000Z")


def is_date(text: str) -> bool:
    """A real calendar date, or such a date with a UTC time of day (S2E-FIELD-12)."""
    return len(text) <= _LONGEST_DATE and _is_date(text)


@lru_cache(maxsize=16_384)
def _is_date(text: str) -> bool:
    # The same few thousand days come again and again.
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    try:
        date.fromisoformat(match[1])
    except ValueError:
        return False
    return True


# Possessive throughout: nothing here is ever matched in two ways, so nothing need be remembered to go back to.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++"
_LABEL = r"[A-Za-z0-9]++(?:-++[A-Za-z0-9]++)*+"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*+@{_LABEL}(?:\.{_LABEL})++")


def is_email(text: str) -> bool:
    """The grammar that behaviour.md settles for 'Invalid email format' (S2E-FIELD-08)."""
    return len(text) <= 254 and _EMAIL.fullmatch(text) is not None


UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
