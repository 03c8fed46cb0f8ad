"""What an employee batch has to be answered with, told from the bytes that were sent."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NoReturn

import jsonschema_rs

from contracts.evidence import shown_value

# What must become of a record. "open": it depends on what the organization holds.
Fate = Literal["result", "error", "open"]
_MOST_RECORDS = 500
# JSON readers differ on what to do about half of a surrogate pair, and about numbers that fit no machine word.
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


class Partition:
    """Follows the batches of one organization and says what is wrong with each answer.

    `document` is the API's, with the branches of other readings taken out. `emails` are those in use already.
    """

    def __init__(self, document: dict[str, Any], readings: dict[str, str], emails: set[str]) -> None:
        schema = {"$ref": "#/components/schemas/EmployeeRecord", "components": document["components"]}
        self._good = jsonschema_rs.validator_for(schema, validate_formats=True)
        self._empty_is_good = readings.get("empty-batch") == "ok"
        self._ids: set[str] = set()
        self._emails = {email.casefold() for email in emails}

    def problem(self, content_type: str, sent: bytes, status: int, answer: bytes) -> str | None:
        """What is wrong with the answer to a batch that came with valid credentials; None if nothing is."""
        records = self._records(content_type, sent)
        if isinstance(records, str):
            return None if status == 400 else f"an envelope that is no good ({records}) must get 400, got {status}"
        if records is None:
            return None
        fates = [self._fate(record, records) for record in records]
        self._remember(records)
        if status != 200:
            return f"a good envelope of {len(records)} records must get 200, got {status}"
        try:
            body = json.loads(answer)
            results, errors = body["results"], body["errors"]
            shape = isinstance(results, list) and isinstance(errors, list)
        except (ValueError, KeyError, TypeError):
            shape = False
        if not shape:
            return "a batch must be answered with the arrays results and errors"
        if len(results) + len(errors) != len(records):
            return f"{len(records)} records were sent, {len(results)} results and {len(errors)} errors came back"
        if not _can_be_merged(records, fates, results, errors):
            told = [f"{shown_value(_id(record))}: {fate}" for record, fate in zip(records, fates, strict=True)]
            return (
                "every record sent must come back once, in order, good ones in results and bad ones in errors; "
                f"expected {', '.join(told[:20])}; got results {shown_value([_id(row) for row in results])} "
                f"and errors {shown_value([_id(row) for row in errors])}"
            )
        return None

    def _records(self, content_type: str, sent: bytes) -> list[Any] | str | None:
        """The records of a good envelope; what is wrong with a bad one; None where readers may differ."""
        if content_type.partition(";")[0].strip().lower() != "application/json":
            return f"Content-Type {content_type or 'missing'}"
        try:
            envelope = json.loads(sent.decode(), parse_constant=_refuse)
        except (ValueError, RecursionError):
            return "no JSON"
        if is_beyond_some_readers(envelope):
            return None
        if not isinstance(envelope, dict):
            return "no object"
        records = envelope.get("employees")
        if not isinstance(records, list):
            return "no employees array"
        if len(records) > _MOST_RECORDS:
            return f"{len(records)} records"
        if not records and not self._empty_is_good:
            return "no records"
        if "syncBatchId" in envelope and not isinstance(envelope["syncBatchId"], str):
            return "syncBatchId is no text"
        return records

    def _fate(self, record: Any, batch: list[Any]) -> Fate:
        """A record that breaks its schema is an error; one that meets nothing it could collide with is a result."""
        if not self._good.is_valid(record):
            return "error"
        email, account = record.get("email"), record.get("userAccount")
        if _id(record) in self._ids or sum(_id(other) == _id(record) for other in batch) > 1:
            return "open"
        if email is not None:
            same = [
                other for other in batch if isinstance(other, dict) and _folded(other.get("email")) == _folded(email)
            ]
            if len(same) > 1 or _folded(email) in self._emails:
                return "open"
        if account is not None and (email is None or account.get("username") is not None):
            return "open"
        return (
            "open" if "site_manager" in json.dumps([record.get("roles"), record.get("sites")]).casefold() else "result"
        )

    def _remember(self, records: list[Any]) -> None:
        for record in records:
            if isinstance(record, dict):
                self._ids.add(str(record.get("externalEmployeeId")))
                self._emails.add(_folded(record.get("email")))


def is_beyond_some_readers(value: Any) -> bool:
    """Whether a JSON value holds what some JSON readers take and others refuse."""
    if isinstance(value, dict):
        return any(map(is_beyond_some_readers, (*value, *value.values())))
    if isinstance(value, list):
        return any(map(is_beyond_some_readers, value))
    if isinstance(value, str):
        return _SURROGATES.search(value) is not None
    return isinstance(value, (int, float)) and not _SMALLEST <= value <= _LARGEST


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _folded(email: Any) -> str:
    return email.casefold() if isinstance(email, str) else ""


def _id(row: Any) -> Any:
    return row.get("externalEmployeeId") if isinstance(row, dict) else None


def _can_be_merged(records: list[Any], fates: list[Fate], results: list[Any], errors: list[Any]) -> bool:
    """Whether results and errors, each in its order, make up the records in theirs."""
    # How many of the records so far can be in results; the others are in errors.
    reached = {0}
    for number, (record, fate) in enumerate(zip(records, fates, strict=True)):
        further = set()
        for in_results in reached:
            in_errors = number - in_results
            if fate != "error" and in_results < len(results) and _is_of(results[in_results], record):
                further.add(in_results + 1)
            if fate != "result" and in_errors < len(errors) and _is_of(errors[in_errors], record):
                further.add(in_results)
        reached = further
    return len(results) in reached


def _is_of(row: Any, record: Any) -> bool:
    """Whether a row of an answer names this record; one without a usable id can be named in several ways."""
    name = _id(record)
    return not isinstance(name, str) or not name.strip() or _id(row) == name
