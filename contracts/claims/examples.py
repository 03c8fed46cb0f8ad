"""Examples: the samples of the vendor's page, sent as they stand there and answered in their shape."""

from __future__ import annotations

import re
from typing import Any

from contracts import messages
from contracts.checks import NotObservable, check
from contracts.holdings import account_of, at, holds
from contracts.lab import Lab

_BATCH = "batch-2024-11-18-001"
_SITES = ("ff1223ac-dfb5-11ec-9d64-0242ac120002", "ff1223ac-dfb5-11ec-9d64-0242ac120001")
_ROLES = ("site_manager", "FIELD_TECH", "inspector")
_GROUP = "Maintenance Team"
_KEYS = ["employeeId", "externalEmployeeId", "status", "userId", "warnings"]


def _sample(lab: Lab) -> dict[str, Any]:
    """The page's full example. In a tenant that others use, its people have the run's own names."""
    organization = lab.organization()
    missing = [name for name in _ROLES if name not in organization.roles]
    missing += [_GROUP] * (_GROUP not in {name for name, _ in organization.groups})
    if lab.controlled:
        missing += [site for site in _SITES if site not in organization.sites]
    if missing:
        raise NotObservable(f"the organization lacks what the example names: {', '.join(missing)}")
    first, second = _SITES if lab.controlled else (lab.site(0), lab.site(1))
    return {
        "externalEmployeeId": _own(lab, "EMP-100245"),
        "status": "ACTIVE",
        "firstName": "Jane",
        "lastName": "Doe",
        "displayName": "Jane Doe",
        "email": _own(lab, "jane.doe@example.com"),
        "phone": "+1-415-555-0123",
        "jobTitle": "Maintenance Supervisor",
        "department": "Facilities",
        "hireDate": "2023-04-12",
        "terminationDate": None,
        "supervisor": {"name": "John Smith", "email": "john.smith@example.com"},
        "roles": ["FIELD_TECH", "site_manager"],
        "groups": [{"groupName": _GROUP, "role": "Member"}],
        "sites": [at(first, "site_manager"), at(second, "inspector")],
        "metadata": {
            "badgeNumber": "A12345",
            "unionMember": True,
            "emergencyContact": {"name": "John Doe", "phone": "+1-415-555-9999"},
        },
        "userAccount": {"username": _own(lab, "jane.doe"), "forcePasswordReset": True, "sendWelcomeEmail": True},
        "updateMode": "replace",
    }


def _own(lab: Lab, name: str) -> str:
    return name if lab.controlled else f"{lab.prefix}-{name}"


def _has_sample_shape(lab: Lab, body: dict[str, Any]) -> None:
    lab.equal(sorted(body), ["errors", "requestId", "results", "syncBatchId"], "keys of the answer")
    lab.true(bool(re.fullmatch(r"sync-[0-9]+-[A-Za-z0-9]+", body["requestId"])), "requestId has the sample's form")
    for result in body["results"]:
        lab.equal(sorted(result), _KEYS, "keys of a result")
        lab.true(result["employeeId"].startswith("emp_"), "employeeId has the sample's form")
        lab.true(result["userId"].startswith("user_"), "userId has the sample's form")


@check("S2E-EX-01")
def full_example(lab: Lab) -> None:
    """The page's full example is accepted without a warning and answered in the shape that the page shows."""
    sample = _sample(lab)
    body = lab.sync(sample, syncBatchId=_BATCH)
    _has_sample_shape(lab, body)
    lab.equal(body["syncBatchId"], _BATCH, "syncBatchId")
    lab.equal(body["errors"], [], "errors")
    shown = [(result["externalEmployeeId"], result["status"], result["warnings"]) for result in body["results"]]
    lab.equal(shown, [(sample["externalEmployeeId"], "CREATED", [])], "results")
    lab.equal(account_of(lab, sample)["id"], body["results"][0]["userId"], "userId")


@check("S2E-EX-01")
def full_example_is_stored(lab: Lab) -> None:
    """Everything that the full example says of the employee is stored."""
    sample = _sample(lab)
    lab.accepted(sample)
    user = account_of(lab, sample)
    shown = (user["name"], user["email"], user["isActive"], user["supervisorName"], user["supervisorEmail"])
    lab.equal(shown, ("Jane Doe", sample["email"], True, "John Smith", "john.smith@example.com"), "the user")
    sites = {site["id"]: site["role"] for site in sample["sites"]}
    holds(lab, sample, roles=sample["roles"], groups={_GROUP: "Member"}, sites=sites)
    if lab.sees("what no user shows of the employee"):
        employee = lab.employee(sample["externalEmployeeId"])
        fields = [key for key in sample if key in employee and key not in ("groups", "sites", "roles")]
        lab.true(len(fields) >= 13, "the employee shows the example's fields")
        stored = {key: employee[key] for key in fields}
        lab.equal(stored, {key: sample[key] for key in fields}, "fields of the employee")
        account = employee["user"]
        shown_account = (account["username"], account["enabled"], account["mustResetPassword"])
        lab.equal(shown_account, ("jane.doe", True, True), "account of the employee")
        mails = lab.outbox(sample["email"])
        lab.equal(len(mails), 1, "number of welcome mails")
        lab.true(bool(mails[0].get("temporaryPassword")), "the welcome mail holds the temporary password")


@check("S2E-EX-01", "S2E-BATCH-12")
def full_example_again(lab: Lab) -> None:
    """The full example sent again is an update of the same employee and the same account."""
    sample = _sample(lab)
    first = lab.accepted(sample)
    lab.equal(lab.accepted(sample), first | {"status": "UPDATED"}, "result of the example sent again")


@check("S2E-EX-02")
def mixed_example(lab: Lab) -> None:
    """An update with a warning, a creation and an error come about as in the page's second answer."""
    sample = _sample(lab)
    first = lab.accepted(sample)
    role = "CUSTOM_ROLE"
    if role in lab.organization().roles:
        raise NotObservable("the organization has a role CUSTOM_ROLE")
    second: dict[str, Any] = {"externalEmployeeId": _own(lab, "EMP-100246"), "email": _own(lab, "sam.poe@example.com")}
    second |= {"userAccount": {}}
    third: dict[str, Any] = {"externalEmployeeId": _own(lab, "EMP-100247"), "userAccount": {}}
    update = sample | {"roles": [*sample["roles"], role]}
    body = lab.sync(update, second, third, syncBatchId="batch-2024-11-18-002")
    _has_sample_shape(lab, body)
    lab.equal(body["syncBatchId"], "batch-2024-11-18-002", "syncBatchId")
    user_id = account_of(lab, second)["id"]
    updated = first | {"status": "UPDATED", "warnings": [messages.role_unknown(role)]}
    created: dict[str, Any] = {"externalEmployeeId": second["externalEmployeeId"], "status": "CREATED"}
    created |= {"employeeId": body["results"][-1]["employeeId"], "userId": user_id, "warnings": []}
    lab.equal(body["results"], [updated, created], "results")
    error = {"externalEmployeeId": third["externalEmployeeId"], "message": messages.EMAIL_REQUIRED}
    lab.equal(body["errors"], [error], "errors")


@check("S2E-EX-02")
def example_groups(lab: Lab) -> None:
    """The page's example of groups, one by name and one by external id, is accepted without a warning."""
    names = dict(lab.organization().groups)
    if _GROUP not in names or "TEAM-001" not in names.values():
        raise NotObservable("the organization lacks the groups that the example names")
    groups = [{"groupName": _GROUP, "role": "Member"}, {"externalGroupId": "TEAM-001", "role": "Lead"}]
    record = lab.person(groups=groups, userAccount={})
    lab.equal(lab.accepted(record)["warnings"], [], "warnings of the example of groups")
    if lab.sees("groups"):
        team = next(name for name, key in names.items() if key == "TEAM-001")
        holds(lab, record, groups={_GROUP: "Member", team: "Lead"})
