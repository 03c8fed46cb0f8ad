"""The catalogue walked row by row, and its rows put together: in one batch, and two in one record."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from contracts.catalogue import CATALOGUE
from contracts.checks import NotObservable, check
from contracts.holdings import staff
from contracts.lab import Lab
from contracts.shuffle import shuffled
from contracts.violations import MODES, STATUSES, Surroundings, Violation, error_entry, valid_record

# So many records go into a batch.
_MOST = 500


def surroundings(lab: Lab, *needs: str) -> Surroundings:
    """What the rows need at this target; `taken` and `elsewhere` are made where they are named."""
    others = [role for role in lab.organization().roles if role.casefold() != "site_manager"]
    roles = others[:2] or [lab.role(0)]
    taken = elsewhere = None
    if "taken" in needs:
        colleague = staff(lab, userAccount={"username": f"{lab.prefix}-name"})
        lab.accepted(colleague)
        taken = (colleague["email"], colleague["externalEmployeeId"], f"{lab.prefix}-name")
    if "elsewhere" in needs and len(lab.space.credentials.organizations) > 1:
        stranger = lab.person()
        lab.accepted(stranger, org=1)
        elsewhere = stranger["email"]
    return Surroundings(tuple(roles), (lab.group(),), (lab.site(0), lab.site(1)), dict(lab.readings), taken, elsewhere)


def _good(lab: Lab, around: Surroundings, status: str, mode: str) -> dict[str, Any]:
    return valid_record(lab.new_id(), lab.new_email(), around, status, mode)


def _walker(row: Violation) -> Callable[[Lab], None]:
    def walk(lab: Lab) -> None:
        around = surroundings(lab, row.needs)
        situations = [(status, mode) for status in STATUSES for mode in MODES if row.applies(status, around)]
        if not situations:
            raise NotObservable("no record breaks this rule with the credentials of this run")
        known = _good(lab, around, "ACTIVE", "replace")
        lab.accepted(known)
        before = lab.everything()
        broken = [row.break_(_good(lab, around, status, mode), around) for status, mode in situations]
        if not (row.name == "email-missing-with-account" and lab.readings["email-on-update"] == "stored"):
            update = deepcopy(known) | {"status": situations[0][0], "firstName": "Changed", "displayName": "Changed"}
            broken.append(row.break_(update, around))
        for record in broken:
            body = lab.sync(record)
            lab.equal(body["results"], [], f"results where {row.name}")
            entry = error_entry(record, row.message(around), lab.readings)
            lab.equal(body["errors"], [entry], f"errors where {row.name}")
        lab.equal(lab.everything(), before, f"state after records where {row.name}")

    walk.__name__ = row.name.replace("-", "_")
    walk.__doc__ = f"A record is refused, with its exact words and without a trace, in both modes: {row.name}."
    return walk


for _row in CATALOGUE:
    check(_row.claim, needs=_row.reading)(_walker(_row))


# -- several violations in one batch -----------------------------------------------------------------


def _id(record: dict[str, Any]) -> str | None:
    external_id = record.get("externalEmployeeId")
    return external_id if isinstance(external_id, str) else None


def _batch(lab: Lab, status: str, mode: str, rows: list[Violation], around: Surroundings) -> None:
    """Sync all rows among good records, in an order of the run's own, and compare answer and state."""
    batch: list[tuple[Any, str | None]] = []
    for row in rows:
        record = row.break_(_good(lab, around, status, mode), around)
        batch += [(record, row.message(around))]
    batch += [(_good(lab, around, status, mode), None) for _ in range(len(rows) // 2 + 1)]
    batch = shuffled(batch, f"{lab.prefix} {status} {mode}")
    body = lab.sync(*(record for record, _ in batch))
    good = [record for record, message in batch if message is None]
    lab.equal(
        body["errors"],
        [error_entry(record, message, lab.readings) for record, message in batch if message is not None],
        f"errors of a mixed {status} batch under {mode}",
    )
    results = [(result["externalEmployeeId"], result["status"], result["warnings"]) for result in body["results"]]
    lab.equal(
        results,
        [(record["externalEmployeeId"], "CREATED", []) for record in good],
        f"results of a mixed {status} batch under {mode}",
    )
    ids = {record["externalEmployeeId"] for record, _ in batch if isinstance(record, dict) and _id(record)}
    made = sorted(user["employeeNumber"] for user in lab.users() if user["employeeNumber"] in ids)
    expected = sorted(record["externalEmployeeId"] for record in good) if status == "ACTIVE" else []
    lab.equal(made, expected, "users made by the batch")
    if lab.sees("who has no account"):
        known = {employee["externalEmployeeId"] for employee in lab.employees()}
        expected = sorted(record["externalEmployeeId"] for record in good)
        lab.equal(sorted(known & ids), expected, "employees made by the batch")


def _mixed(lab: Lab, status: str, documented: bool) -> None:
    around = surroundings(lab, "taken", "elsewhere")
    rows = [row for row in CATALOGUE if row.applies(status, around) and (row.documented or not documented)]
    for mode in MODES:
        _batch(lab, status, mode, rows, around)


@check("S2E-BATCH-04", "S2E-BATCH-05")
def documented_errors_among_good_records(lab: Lab) -> None:
    """Records that break the page's own rules fail alone, each with its own message; all others are stored."""
    _mixed(lab, "ACTIVE", documented=True)


@check("S2E-BATCH-10")
def every_error_among_good_records(lab: Lab) -> None:
    """One batch that breaks every rule of the catalogue is answered record by record, in its own order."""
    _mixed(lab, "ACTIVE", documented=False)


@check("S2E-BATCH-10")
def every_error_among_inactive_records(lab: Lab) -> None:
    """The same of INACTIVE records, to which fewer rules apply."""
    _mixed(lab, "INACTIVE", documented=False)


@check("S2E-BATCH-10")
def every_error_among_terminated_records(lab: Lab) -> None:
    """The same of TERMINATED records, to which fewer rules apply."""
    _mixed(lab, "TERMINATED", documented=False)


@check("S2E-FIELD-17")
def first_of_two_violations_is_named(lab: Lab) -> None:
    """Of two violations in one record, the one that is checked first is the record's error."""
    around = surroundings(lab, "taken", "elsewhere")
    before = lab.everything()
    rows = [row for row in CATALOGUE if row.applies("ACTIVE", around)]
    pairs = [
        (first, second) for index, first in enumerate(rows) for second in rows[index + 1 :] if first.goes_with(second)
    ]
    broken = []
    for first, second in pairs:
        record = second.break_(first.break_(_good(lab, around, "ACTIVE", "replace"), around), around)
        broken.append((record, first, second))
    for start in range(0, len(broken), _MOST):
        part = broken[start : start + _MOST]
        body = lab.sync(*(record for record, _, _ in part))
        lab.equal(body["results"], [], "results for records with two violations")
        for entry, (record, first, second) in zip(body["errors"], part, strict=True):
            expected = error_entry(record, first.message(around), lab.readings)
            lab.equal(entry, expected, f"error where {first.name} and {second.name}")
    lab.equal(lab.everything(), before, "state after records with two violations")
