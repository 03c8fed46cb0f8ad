"""Identity: one externalEmployeeId, one employee, the same IDs however often and in which batch it comes."""

from __future__ import annotations

import re

from contracts import messages
from contracts.checks import check
from contracts.holdings import account_of, at, holds, later, staff
from contracts.lab import Lab


@check("S2E-BATCH-11")
def new_is_created_and_known_is_updated(lab: Lab) -> None:
    """The first sync of an id says CREATED and every later one UPDATED, in one batch with new ones too."""
    record, other = lab.person(), lab.person()
    lab.equal(lab.accepted(record)["status"], "CREATED", "status of a new record")
    lab.equal(lab.accepted(later(record, firstName="Kim"))["status"], "UPDATED", "status of a known record")
    body = lab.sync(other, record)
    statuses = [result["status"] for result in body["results"]]
    lab.equal(statuses, ["CREATED", "UPDATED"], "statuses of a new and a known record")


@check("S2E-BATCH-11")
def whoever_left_is_still_known(lab: Lab) -> None:
    """An id stays known through INACTIVE and TERMINATED."""
    record = lab.person()
    lab.accepted(record)
    for status in ("INACTIVE", "TERMINATED", "ACTIVE"):
        lab.equal(lab.accepted(record | {"status": status})["status"], "UPDATED", f"status of a sync as {status}")


@check("S2E-BATCH-12")
def repeating_changes_nothing(lab: Lab) -> None:
    """The same batch sent again answers the same IDs as UPDATED and leaves the state as it is."""
    records = [
        staff(lab, roles=[lab.role()], groups=[{"groupName": lab.group(), "role": "Lead"}], sites=[at(lab.site())]),
        staff(lab, supervisor={"name": "Lead"}, metadata={"badge": 1}, hireDate="2023-04-12"),
        lab.person(status="INACTIVE"),
    ]
    first = lab.sync(*records, syncBatchId=lab.prefix)
    lab.sees("what no user shows of an employee")
    before = lab.everything()
    for _ in range(2):
        again = lab.sync(*records, syncBatchId=lab.prefix)
        lab.equal(again["errors"], [], "errors of a repeated batch")
        expected = [result | {"status": "UPDATED"} for result in first["results"]]
        lab.equal(again["results"], expected, "results of a repeated batch")
        lab.equal(lab.everything(), before, "state after a repeated batch")


@check("S2E-BATCH-12")
def repeating_a_partial_failure_is_safe(lab: Lab) -> None:
    """A batch that failed in part may be sent again whole: the same errors, no duplicates."""
    good, bad = staff(lab), staff(lab, email="nobody")
    first = lab.sync(good, bad)
    before = lab.everything()
    again = lab.sync(good, bad)
    lab.equal(again["errors"], first["errors"], "errors of the repeated batch")
    lab.equal(again["results"], [first["results"][0] | {"status": "UPDATED"}], "results of the repeated batch")
    lab.equal(lab.everything(), before, "state after the repeated batch")


@check("S2E-BATCH-12")
def repeating_additive_changes_nothing(lab: Lab) -> None:
    """Repeating is as safe where the records are additive."""
    record = staff(lab, updateMode="additive", roles=[lab.role()], sites=[at(lab.site(), lab.role())])
    record |= {"groups": [{"groupName": lab.group(), "role": "Lead"}]}
    first = lab.accepted(record)
    lab.sees("groups")
    before = lab.everything()
    lab.equal(lab.accepted(record), first | {"status": "UPDATED"}, "result of the repeated record")
    lab.equal(lab.everything(), before, "state after the repeated record")


@check("S2E-BATCH-13")
def ids_have_their_form(lab: Lab) -> None:
    """An employeeId begins with emp_, a userId with user_, and every employee has other ones."""
    results = [lab.accepted(staff(lab)) for _ in range(3)]
    for result in results:
        employee_id, user_id = result["employeeId"], result["userId"]
        lab.true(employee_id.startswith("emp_"), f"employeeId {employee_id} begins with emp_")
        lab.true(user_id.startswith("user_"), f"userId {user_id} begins with user_")
        if lab.controlled:
            settled = bool(
                re.fullmatch(r"emp_[0-9a-f]{24}", employee_id) and re.fullmatch(r"user_[0-9a-f]{16}", user_id)
            )
            lab.true(settled, f"{employee_id} has 24 and {user_id} 16 hex digits")
    for key in ("employeeId", "userId"):
        lab.equal(len({result[key] for result in results}), 3, f"number of different {key}s")


@check("S2E-BATCH-13")
def ids_are_stable(lab: Lab) -> None:
    """Both IDs stay through changes of name, e-mail, username and status."""
    record = staff(lab)
    first = lab.accepted(record)
    for change in (
        {"firstName": "Kim"},
        {"email": lab.new_email()},
        {"email": lab.new_email(), "userAccount": {"username": f"{lab.prefix}-name"}},
        {"status": "INACTIVE"},
        {"status": "TERMINATED"},
        {"status": "ACTIVE"},
        {"roles": [lab.role()], "sites": [at(lab.site())], "updateMode": "additive"},
    ):
        result = lab.accepted(later(record, **change))
        for key in ("employeeId", "userId"):
            lab.equal(result.get(key), first[key], f"{key} after {sorted(change)}")


# -- the same id twice -------------------------------------------------------------------------------


@check("S2E-BATCH-14")
def same_id_twice_in_a_batch(lab: Lab) -> None:
    """An id that comes twice makes one employee: the second record updates it, or is an error, as the reading says."""
    first = staff(lab, displayName="First", supervisor={"name": "One"})
    second = first | {"displayName": "Second", "supervisor": {"name": "Two"}}
    other = staff(lab)
    body = lab.sync(first, other, second)
    shown = [(result["externalEmployeeId"], result["status"]) for result in body["results"]]
    names = [(record["externalEmployeeId"], "CREATED") for record in (first, other)]
    if lab.readings["duplicate-in-batch"] == "update":
        lab.equal((shown, body["errors"]), ([*names, (names[0][0], "UPDATED")], []), "answer to an id given twice")
        lab.equal(body["results"][0]["employeeId"], body["results"][2]["employeeId"], "employeeId")
    else:
        error = {"externalEmployeeId": names[0][0], "message": messages.ID_REPEATED}
        lab.equal((shown, body["errors"]), (names, [error]), "answer to an id given twice")
    kept = second if lab.readings["duplicate-in-batch"] == "update" else first
    user = account_of(lab, first)
    lab.equal((user["name"], user["supervisorName"]), (kept["displayName"], kept["supervisor"]["name"]), "state")
    users = [seen for seen in lab.users() if seen["employeeNumber"] == first["externalEmployeeId"]]
    lab.equal(len(users), 1, "number of users of an id given twice")
    if lab.controlled:
        ids = [employee["externalEmployeeId"] for employee in lab.employees()]
        lab.equal(ids.count(first["externalEmployeeId"]), 1, "number of employees of an id given twice")


@check("S2E-BATCH-14")
def same_id_after_a_failure(lab: Lab) -> None:
    """Where the first of two records fails, the second is processed as new, or refused as well, by the reading."""
    failed = staff(lab, email="nobody")
    mended = failed | {"email": lab.new_email()}
    body = lab.sync(failed, mended)
    expected = [{"externalEmployeeId": failed["externalEmployeeId"], "message": messages.EMAIL_INVALID}]
    statuses = ["CREATED"]
    if lab.readings["duplicate-in-batch"] == "error":
        expected.append({"externalEmployeeId": failed["externalEmployeeId"], "message": messages.ID_REPEATED})
        statuses = []
    lab.equal(body["errors"], expected, "errors")
    lab.equal([result["status"] for result in body["results"]], statuses, "statuses")


@check("S2E-BATCH-14")
def same_id_in_the_next_batch(lab: Lab) -> None:
    """An id is a duplicate within one batch only; the next batch updates it."""
    record = lab.person()
    lab.accepted(record)
    lab.equal(lab.accepted(record)["status"], "UPDATED", "status in the next batch")


@check("S2E-BATCH-14")
def ids_compare_exactly(lab: Lab) -> None:
    """Ids that differ in case or in spaces are different employees, and come back as they were given."""
    own = lab.new_id()
    ids = [f"{own}-a", f"{own}-A", f" {own}-a", f"{own}-a "]
    body = lab.sync(*(lab.person(externalEmployeeId=key) for key in ids))
    lab.equal([result["externalEmployeeId"] for result in body["results"]], ids, "ids in results")
    lab.equal([result["status"] for result in body["results"]], ["CREATED"] * 4, "statuses")
    lab.equal(len({result["employeeId"] for result in body["results"]}), 4, "number of employees")


# -- the same id in two organizations ----------------------------------------------------------------


@check("S2E-BATCH-16")
def same_id_in_two_organizations(lab: Lab) -> None:
    """Two organizations may use one externalEmployeeId: two employees who know nothing of each other."""
    record = staff(lab, displayName="Here")
    twin = record | {"email": lab.new_email(), "displayName": "There"}
    first, second = lab.accepted(record), lab.accepted(twin, org=1)
    lab.equal((first["status"], second["status"]), ("CREATED", "CREATED"), "statuses")
    lab.true(first["employeeId"] != second["employeeId"], "the two employees have different employeeIds")
    lab.true(first["userId"] != second["userId"], "the two employees have different userIds")
    lab.equal(account_of(lab, record)["name"], "Here", "name in the first organization")
    lab.equal(account_of(lab, twin, org=1)["name"], "There", "name in the second organization")


@check("S2E-BATCH-16")
def update_stays_in_its_organization(lab: Lab) -> None:
    """An update, even a termination, reaches the employee of its own organization alone."""
    record = staff(lab, roles=[lab.role()], sites=[at(lab.site())])
    twin = staff(lab, externalEmployeeId=record["externalEmployeeId"])
    lab.accepted(record)
    lab.accepted(twin, org=1)
    before = lab.everything()
    lab.accepted(twin | {"displayName": "Changed", "status": "TERMINATED"}, org=1)
    lab.equal(lab.everything(), before, "state of the first organization")
    holds(lab, record, roles=[lab.role()], sites={lab.site(): None})
    lab.equal(account_of(lab, twin, org=1)["isActive"], False, "isActive in the second organization")
