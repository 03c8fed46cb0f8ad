"""Status: ACTIVE, INACTIVE and TERMINATED, and what leaving takes away."""

from __future__ import annotations

from typing import Any

from contracts import messages
from contracts.checks import check
from contracts.holdings import NO_SITE, account_of, at, holds, later, mail_to, needs_control, staff, unknown
from contracts.lab import Lab

_GONE = ("INACTIVE", "TERMINATED")


def _with_everything(lab: Lab, **fields: Any) -> dict[str, Any]:
    """Somebody new with an account, a role, a group and two sites, already synced."""
    record = staff(
        lab,
        roles=[lab.role()],
        groups=[{"groupName": lab.group(), "role": "Member"}],
        sites=[at(lab.site(0), lab.role()), at(lab.site(1))],
        **fields,
    )
    lab.accepted(record)
    holds(
        lab,
        record,
        roles=[lab.role()],
        groups={lab.group(): "Member"},
        sites={lab.site(0): lab.role(), lab.site(1): None},
    )
    return record


def _has_status(lab: Lab, record: dict[str, Any], status: str) -> None:
    """Broken unless the employee has this status and an account that is enabled where it is ACTIVE."""
    lab.equal(account_of(lab, record)["isActive"], status == "ACTIVE", f"isActive of somebody {status}")
    if lab.sees("the status"):
        employee = lab.employee(record["externalEmployeeId"])
        lab.equal(employee["status"], status, "status")
        lab.equal(employee["user"]["enabled"], status == "ACTIVE", f"enabled, of the account of somebody {status}")


# -- the values --------------------------------------------------------------------------------------


@check("S2E-FIELD-02")
def the_three_statuses_are_taken(lab: Lab) -> None:
    """ACTIVE, INACTIVE and TERMINATED are each accepted for somebody new and for somebody known."""
    for status in ("ACTIVE", *_GONE):
        record = lab.person(status=status)
        lab.equal(lab.accepted(record)["status"], "CREATED", f"status of a new record that is {status}")
        lab.accepted(record)
        if lab.sees("the status"):
            lab.equal(lab.employee(record["externalEmployeeId"])["status"], status, "status")


@check("S2E-FIELD-02")
def other_statuses_are_refused(lab: Lab) -> None:
    """Any other status is a record error that repeats it and names the three."""
    for status in ("active", "Inactive", "DELETED", " ACTIVE", "ACTIVE\n", "null"):
        lab.refused(lab.person(status=status), messages.status_invalid(status))


@check("S2E-FIELD-03")
def status_defaults_to_active(lab: Lab) -> None:
    """Somebody new without a status is ACTIVE: the account is made and enabled."""
    record = staff(lab)
    lab.accepted(record)
    _has_status(lab, record, "ACTIVE")


@check("S2E-FIELD-03")
def update_without_status(lab: Lab) -> None:
    """Whether an update without a status makes somebody ACTIVE again is for reading omitted-status to say."""
    for status in _GONE:
        record = staff(lab)
        lab.accepted(record)
        lab.accepted(later(record, status=status))
        _has_status(lab, record, status)
        lab.accepted(later(record, jobTitle="Inspector"))
        _has_status(lab, record, "ACTIVE" if lab.readings["omitted-status"] == "active" else status)


@check("S2E-FIELD-03")
def update_without_status_gives_roles(lab: Lab) -> None:
    """The status in force, given or kept, decides whether an update's assignments are set."""
    record = staff(lab)
    lab.accepted(record)
    lab.accepted(later(record, status="INACTIVE"))
    lab.accepted(later(record, roles=[lab.role()], sites=[at(lab.site())]))
    if lab.readings["omitted-status"] == "active":
        holds(lab, record, roles=[lab.role()], sites={lab.site(): None})
    else:
        holds(lab, record, roles=[], sites={})


# -- what leaving takes away -------------------------------------------------------------------------


@check("S2E-FIELD-04")
def inactive_disables_the_account(lab: Lab) -> None:
    """INACTIVE disables the account, which is kept and still named in the result."""
    _disables(lab, "INACTIVE")


@check("S2E-FIELD-05")
def terminated_disables_the_account(lab: Lab) -> None:
    """TERMINATED disables the account, which is kept and still named in the result."""
    _disables(lab, "TERMINATED")


def _disables(lab: Lab, status: str) -> None:
    record = staff(lab)
    user_id = lab.accepted(record)["userId"]
    _has_status(lab, record, "ACTIVE")
    other = staff(lab)
    lab.accepted(other)
    for update in (later(record, status=status), record | {"status": status}):
        lab.equal(lab.accepted(update).get("userId"), user_id, f"userId of somebody {status}")
        _has_status(lab, record, status)
    active = [user["id"] for user in lab.users(query="?isActive=true")]
    lab.true(user_id not in active, f"the account of somebody {status} is not among the active ones")
    _has_status(lab, other, "ACTIVE")


@check("S2E-FIELD-04", "S2E-FIELD-05")
def additive_disables_the_account_too(lab: Lab) -> None:
    """Leaving disables the account under additive as well."""
    for status in _GONE:
        record = staff(lab)
        lab.accepted(record)
        lab.accepted(later(record, status=status, updateMode="additive"))
        _has_status(lab, record, status)


@check("S2E-FIELD-06")
def leaving_removes_all_assignments(lab: Lab) -> None:
    """INACTIVE and TERMINATED take all roles, groups and sites, in both modes."""
    for status in _GONE:
        for mode in ("replace", "additive"):
            record = _with_everything(lab)
            lab.accepted(later(record, status=status, updateMode=mode))
            holds(lab, record, roles=[], groups={}, sites={})


@check("S2E-FIELD-06")
def leaving_removes_what_it_asks_for(lab: Lab) -> None:
    """A record that leaves holds nothing afterwards, whatever assignments it asks for itself."""
    for status in _GONE:
        for mode in ("replace", "additive"):
            record = _with_everything(lab)
            lab.accepted(record | {"status": status, "updateMode": mode, "email": record["email"]})
            holds(lab, record, roles=[], groups={}, sites={})


@check("S2E-FIELD-06")
def somebody_new_who_left_holds_nothing(lab: Lab) -> None:
    """Somebody new who comes as INACTIVE or TERMINATED is stored without assignments; seen at a control plane."""
    needs_control(lab, "whoever has no account")
    for status in _GONE:
        record = lab.person(status=status, roles=[lab.role()], groups=[{"groupName": lab.group()}])
        record |= {"sites": [at(lab.site())]}
        lab.accepted(record)
        employee = lab.employee(record["externalEmployeeId"])
        held = (employee["roles"], employee["groups"], employee["sites"])
        lab.equal(held, ([], [], []), f"assignments of somebody new who is {status}")


@check("S2E-FIELD-06")
def leaving_site_manager_needs_no_site(lab: Lab) -> None:
    """Whoever leaves may ask for site_manager without a site: the assignments go, so no such rule applies."""
    for status in _GONE:
        for wish in ({"roles": ["site_manager"]}, {"roles": [], "sites": [at(lab.site(), "site_manager")]}):
            record = _with_everything(lab)
            result = lab.accepted(later(record, status=status, **wish))
            lab.equal(result["warnings"], [], f"warnings of somebody {status}")
            holds(lab, record, roles=[], groups={}, sites={})


@check("S2E-FIELD-06")
def leaving_looks_nothing_up(lab: Lab) -> None:
    """An INACTIVE or TERMINATED record names unknown roles, groups and sites without a warning."""
    for status in _GONE:
        record = lab.person(status=status, roles=[unknown(lab, "role")], sites=[at(NO_SITE)])
        record |= {"groups": [{"groupName": unknown(lab, "group")}]}
        lab.equal(lab.accepted(record)["warnings"], [], f"warnings of somebody {status}")


@check("S2E-ACCT-06")
def back_to_active_enables_the_account(lab: Lab) -> None:
    """Whoever comes back to ACTIVE has the same account, enabled, with or without userAccount in the record."""
    for status in _GONE:
        again: dict[str, Any]
        for again in ({}, {"userAccount": {}}):
            record = staff(lab)
            user_id = lab.accepted(record)["userId"]
            lab.accepted(later(record, status=status))
            update = later(record, status="ACTIVE", email=record["email"], **again)
            lab.equal(lab.accepted(update).get("userId"), user_id, "userId of somebody who is back")
            _has_status(lab, record, "ACTIVE")
            lab.equal(account_of(lab, record)["id"], user_id, "id of the account of somebody who is back")


@check("S2E-ACCT-06")
def back_to_active_brings_nothing_back(lab: Lab) -> None:
    """Coming back restores no role, group or site; those that the record gives are set."""
    for mode in ("replace", "additive"):
        record = _with_everything(lab)
        lab.accepted(later(record, status="INACTIVE"))
        lab.accepted(later(record, status="ACTIVE", updateMode=mode))
        holds(lab, record, roles=[], groups={}, sites={})
        lab.accepted(later(record, status="TERMINATED"))
        lab.accepted(later(record, status="ACTIVE", updateMode=mode, roles=[lab.role()], sites=[at(lab.site())]))
        holds(lab, record, roles=[lab.role()], groups={}, sites={lab.site(): None})


@check("S2E-ACCT-06")
def back_to_active_sends_nothing(lab: Lab) -> None:
    """Coming back brings of itself no mail and no new password; seen at a control plane."""
    needs_control(lab, "mail and passwords")
    record = staff(lab)
    lab.accepted(record)
    lab.accepted(later(record, status="INACTIVE"))
    lab.accepted(later(record, status="ACTIVE"))
    lab.equal(mail_to(lab, record), [], "mail to somebody who is back")
    employee = lab.employee(record["externalEmployeeId"])
    lab.equal(employee["user"]["mustResetPassword"], False, "mustResetPassword of somebody who is back")


@check("S2E-ACCT-08")
def nobody_who_left_gets_an_account(lab: Lab) -> None:
    """An INACTIVE or TERMINATED record with userAccount makes no account, and its e-mail may be missing."""
    for status in _GONE:
        flags = {"username": f"{lab.new_id()}-name", "forcePasswordReset": True, "sendWelcomeEmail": True}
        for record in (
            lab.person(status=status, userAccount=flags),
            lab.person(status=status, email=..., userAccount=flags),
        ):
            result = lab.accepted(record)
            lab.equal(result.get("userId"), None, f"userId of somebody new who is {status}")
            lab.equal(lab.user_of(record["externalEmployeeId"]), None, f"user of somebody new who is {status}")


@check("S2E-ACCT-08")
def nobody_who_left_gets_mail(lab: Lab) -> None:
    """An INACTIVE or TERMINATED record sends no mail, for somebody new or known; seen at a control plane."""
    needs_control(lab, "mail and passwords")
    flags = {"forcePasswordReset": True, "sendWelcomeEmail": True}
    known = staff(lab)
    lab.accepted(known)
    for status in _GONE:
        for record in (lab.person(status=status, userAccount=flags), known | {"status": status, "userAccount": flags}):
            lab.accepted(record)
            lab.equal(mail_to(lab, record), [], f"mail to somebody {status}")
    lab.equal(lab.employee(known["externalEmployeeId"])["user"]["mustResetPassword"], False, "mustResetPassword")


@check("S2E-ACCT-08")
def account_comes_with_active(lab: Lab) -> None:
    """Somebody who was stored as INACTIVE gets the account once a record makes them ACTIVE."""
    record = staff(lab, status="INACTIVE")
    lab.equal(lab.accepted(record).get("userId"), None, "userId of somebody INACTIVE")
    result = lab.accepted(record | {"status": "ACTIVE"})
    lab.equal(result.get("userId"), account_of(lab, record)["id"], "userId of somebody who has become ACTIVE")
    _has_status(lab, record, "ACTIVE")


@check("S2E-ACCT-08")
def leaving_ignores_the_username(lab: Lab) -> None:
    """On an INACTIVE or TERMINATED record a taken or empty username is no error and renames nobody."""
    holder, record = staff(lab, userAccount={"username": f"{lab.prefix}-name"}), staff(lab)
    lab.accepted(holder)
    lab.accepted(record)
    for status in _GONE:
        for username in (f"{lab.prefix}-name", "", "  ", f"{lab.prefix}-new"):
            lab.accepted(later(record, status=status, userAccount={"username": username}))
    if lab.sees("the username"):
        username = lab.employee(record["externalEmployeeId"])["user"]["username"]
        lab.equal(username, record["email"], "username after records that leave")
