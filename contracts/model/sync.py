"""Employee sync: what one request must be answered, and what the world holds afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts import messages
from contracts.model import accounts, assignments
from contracts.model.case import Case, check
from contracts.model.shape import Refused, external_id, well_formed
from contracts.model.state import FIELDS, Claims, Employee, Mail, Symbol, World, blank

MOST_RECORDS = 500
_PROVEN_BY = {
    "hireDate": ("S2E-FIELD-12",),
    "terminationDate": ("S2E-FIELD-13",),
    "metadata": ("S2E-FIELD-14",),
    "supervisor": ("S2E-FIELD-15",),
    "email": ("S2E-ACCT-11",),
}


@dataclass(frozen=True)
class Result:
    """An entry of `results`. `user_id` is None where there is no account."""

    external_id: str
    status: str
    employee_id: Symbol
    user_id: Symbol | None
    warnings: assignments.Warnings
    claims: Claims


@dataclass(frozen=True)
class Error:
    """An entry of `errors`, as it must be to the letter. `index`: the record's place in the batch."""

    index: int
    entry: Mapping[str, Any]
    claims: Claims


@dataclass(frozen=True)
class Answer:
    """What a sync must be answered: 400 with `error`, or 200 with results and errors. `batch_id` is None if not given.

    `at`: milliseconds on the world's clock, None where that cannot be known.
    """

    status: int
    error: str | None = None
    batch_id: str | None = None
    results: tuple[Result, ...] = ()
    errors: tuple[Error, ...] = ()
    at: int | None = None
    claims: Claims = ()


def sync(world: World, org: int, body: Any) -> Answer:
    """Process a batch in organization number `org`: the expected answer; the world holds the outcome afterwards.

    `body` is the request's JSON, bytes that are none.
    """
    try:
        records = _envelope(body, world.readings)
    except Refused as refused:
        return Answer(400, refused.message, at=world.now, claims=refused.claims)
    results, errors = [], []
    world.quiet.clear()
    seen: set[str] = set()
    for index, record in enumerate(records):
        try:
            results.append(_one(world, org, record, seen))
        except Refused as refused:
            entry = _error_entry(record, refused, world.readings)
            errors.append(Error(index, entry, refused.claims))
    batch_id = body.get("syncBatchId")
    return Answer(200, None, batch_id, tuple(results), tuple(errors), world.now, ("S2E-BATCH-04",))


def _envelope(body: Any, readings: Mapping[str, str]) -> list[Any]:
    """The batch's records. Refused where the whole request is."""
    if isinstance(body, bytes):
        raise Refused(messages.JSON_INVALID, "S2E-BATCH-15")
    if not isinstance(body, dict):
        raise Refused(messages.BODY_NOT_OBJECT, "S2E-BATCH-15")
    records = body.get("employees")
    if not isinstance(records, list) or (not records and readings["empty-batch"] == "error"):
        raise Refused(messages.EMPLOYEES_REQUIRED, "S2E-BATCH-03")
    if len(records) > MOST_RECORDS:
        raise Refused(messages.TOO_MANY_EMPLOYEES, "S2E-BATCH-02")
    if not isinstance(body.get("syncBatchId", ""), str):
        raise Refused(messages.BATCH_ID_NOT_TEXT, "S2E-BATCH-15")
    return records


def _error_entry(record: Any, refused: Refused, readings: Mapping[str, str]) -> dict[str, Any]:
    if refused.id_shown:
        return {"externalEmployeeId": record["externalEmployeeId"], "message": refused.message}
    shown: dict[str, dict[str, Any]] = {
        "null": {"externalEmployeeId": None},
        "empty": {"externalEmployeeId": ""},
        "absent": {},
    }
    return {**shown[readings["missing-id-entry"]], "message": refused.message}


def _one(world: World, org: int, record: Any, seen: set[str]) -> Result:
    """Process one record; nothing is stored before all checks are passed."""
    key = external_id(record)
    if key in seen and world.readings["duplicate-in-batch"] == "error":
        raise Refused(messages.ID_REPEATED, "S2E-BATCH-14")
    seen.add(key)
    case = Case(world, org, key, well_formed(record, world.readings))
    world.undecided = world.undecided or case.undecided
    check(case)
    held = assignments.after(case)
    employee = _employee(case, held, record)
    user = accounts.after(case, employee)
    mail = accounts.mail(case, employee)

    repeated = case.known is not None and case.known.last == record
    status = "CREATED" if case.known is None else "UPDATED"
    why: Claims = ("S2E-BATCH-11", "S2E-BATCH-12") if repeated else ("S2E-BATCH-11",)
    if key in (who.external_id for other in world.others(org) for who in other.employees.values()):
        why = (*why, "S2E-BATCH-16")
    case.organization.employees[key] = employee
    if user is not None:
        case.organization.put_user(user)
    if isinstance(mail, Mail):
        world.outbox.append(mail)
    elif case.email is not None:
        world.quiet[case.email.casefold()] = mail
    return Result(key, status, employee.id, user.id if user is not None else None, held.warnings, why)


def _employee(case: Case, held: assignments.Held, record: Mapping[str, Any]) -> Employee:
    """The employee as this record leaves them."""
    known = case.known
    stored = dict(known.fields) if known is not None else dict.fromkeys(FIELDS)
    fields = stored | {name: value for name, value in case.record.items() if name in FIELDS}
    why: dict[str, Claims] = {
        name: _PROVEN_BY.get(name, ("S2E-FIELD-19",)) if name in case.record else ("S2E-FIELD-18",) for name in FIELDS
    }
    given = case.record.get("displayName")
    sticky = case.readings["display-name"] == "sticky"
    if given is not None:
        display_name = given
    elif known is not None and known.name_given and sticky:
        display_name = known.display_name
    else:
        display_name = made_name(fields, case.external_id)
    status_claims = {"ACTIVE": ("S2E-FIELD-02",), "INACTIVE": ("S2E-FIELD-04",), "TERMINATED": ("S2E-FIELD-05",)}
    why |= {
        "displayName": ("S2E-FIELD-07",),
        "status": status_claims[case.status] if "status" in case.record else ("S2E-FIELD-03",),
        **held.why,
    }
    if known is not None and known.last == record:
        why = {name: (*claims, "S2E-BATCH-12") for name, claims in why.items()}
    return Employee(
        external_id=case.external_id,
        id=known.id if known is not None else Symbol("emp_"),
        status=case.status,
        fields=fields,
        display_name=display_name,
        name_given=given is not None or (known is not None and known.name_given),
        roles=held.roles,
        groups=held.groups,
        sites=held.sites,
        last=record,
        why=why,
    )


def made_name(fields: Mapping[str, Any], external_id: str) -> str:
    """A display name from first and last name, or else the id."""
    names = [fields[name] for name in ("firstName", "lastName") if fields[name] is not None]
    return " ".join(name for name in names if not blank(name)) or external_id
