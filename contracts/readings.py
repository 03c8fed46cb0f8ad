"""Readings found out: for each reading, a small experiment whose outcome names the value that a target follows.

No experiment leans on the value of another reading: records say their status and e-mail, use the
organization's own spelling of names, and leave out nothing that another reading is about. So they
may run in any order, each in a space of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from contracts import ledger
from contracts.checks import Broken, NotObservable
from contracts.evidence import shown_value
from contracts.holdings import MANAGER, NO_UUID, account_of, at, later, staff
from contracts.lab import Answer, Lab

_SYNC = "/api/v1/sync/employees"
_USERS = "/v1/users"
_HALF_A_DAY = 43_200
Detector = Callable[[Lab], str]


# Experiments that change nothing at a target, whichever value it follows.
_READ_ONLY = frozenset(
    {
        "empty-batch",
        "token-lifetime",
        "environment-mismatch",
        "validation-status",
        "hrms-content-type",
        "user-detail",
    }
)


@dataclass(frozen=True)
class Detected:
    """What was found: a value, or None and in `note` why there is none."""

    value: str | None
    note: str = ""


def detect(laboratory: Callable[[str], AbstractContextManager[Lab]], *, writes: bool = True) -> dict[str, Detected]:
    """Find out every reading of the ledger; `laboratory` opens a fresh lab under a name.

    Unless the run `writes`, only experiments that change nothing are made.
    """
    found = {}
    for name, reading in ledger.load().readings.items():
        if not writes and name not in _READ_ONLY:
            found[name] = Detected(None, "not looked into without --allow-writes")
            continue
        with laboratory(f"reading-{name}") as lab:
            found[name] = find_out(lab, name, reading.values)
    return found


def find_out(lab: Lab, name: str, values: tuple[str, ...]) -> Detected:
    """Make one reading's experiment."""
    try:
        value = DETECTORS[name](lab)
    except NotObservable as hidden:
        return Detected(None, str(hidden))
    except (Broken, KeyError, TypeError, AttributeError, IndexError, ValueError) as other:
        return Detected(None, f"the target does neither: {other}")
    if value not in values:
        return Detected(None, f"the target does neither: it answers {value}")
    return Detected(value)


def _which(seen: Any, **behaviours: Any) -> str:
    """The value whose behaviour was seen; underscores in its name stand for hyphens."""
    for value, behaviour in behaviours.items():
        if seen == behaviour:
            return value.replace("_", "-")
    raise NotObservable(f"the target does neither: {shown_value(seen)} was seen")


def _verdict(lab: Lab, *records: dict[str, Any]) -> list[str]:
    """For each record what became of it: its status, or its error; warnings follow."""
    body = lab.sync(*records)
    lines = [result["status"] for result in body["results"]]
    lines += [warning for result in body["results"] for warning in result["warnings"]]
    return lines + [error["message"] for error in body["errors"]]


def _starts_with(lab: Lab, record: dict[str, Any]) -> dict[str, Any]:
    """Sync somebody to start from, who must be accepted without a warning."""
    seen = _verdict(lab, record)
    if seen != ["CREATED"]:
        raise NotObservable(f"nobody to try it with: {shown_value(seen)}")
    return record


# -- assignments ---------------------------------------------------------------------------------------


def _omitted_assignments(lab: Lab) -> str:
    given = {"roles": [lab.role()], "groups": [{"groupName": lab.group()}], "sites": [at(lab.site())]}
    record = _starts_with(lab, staff(lab, status="ACTIVE", **given))
    left = {key: value for key, value in record.items() if key not in given}
    lab.accepted(left | {"updateMode": "replace"})
    user = account_of(lab, record)
    seen = [len(user["roles"]), len(user["sites"])]
    if lab.controlled:
        seen.append(len(lab.employee(record["externalEmployeeId"])["groups"]))
    return _which(seen, cleared=[0] * len(seen), kept=[1] * len(seen))


def _additive_existing(lab: Lab) -> str:
    first, second = lab.role(0), lab.role(1)
    if not lab.controlled:
        raise NotObservable("the roles of assignments are seen at a control plane alone")
    groups, sites = [{"groupName": lab.group(), "role": "First"}], [at(lab.site(), first)]
    record = _starts_with(lab, staff(lab, status="ACTIVE", groups=groups, sites=sites))
    again = {"groups": [{"groupName": lab.group(), "role": "Second"}], "sites": [at(lab.site(), second)]}
    lab.accepted(record | again | {"updateMode": "additive"})
    employee = lab.employee(record["externalEmployeeId"])
    seen = [entry["role"] for entry in (*employee["groups"], *employee["sites"])]
    return _which(seen, kept=["First", first], updated=["Second", second])


def _additive_site_manager(lab: Lab) -> str:
    record = _starts_with(lab, staff(lab, status="ACTIVE", roles=[MANAGER], sites=[at(lab.site())]))
    held = {key: value for key, value in record.items() if key != "roles"}
    seen = _verdict(lab, held | {"sites": [at(lab.site(), MANAGER)], "updateMode": "additive"})
    refusal = "Cannot assign site_manager role at site level: employee must have 'site_manager' in their roles array"
    return _which(seen, request=[refusal], effective=["UPDATED"])


def _additive_existing_sites(lab: Lab) -> str:
    record = _starts_with(lab, staff(lab, status="ACTIVE", sites=[at(lab.site())]))
    held = {key: value for key, value in record.items() if key != "sites"}
    seen = _verdict(lab, held | {"roles": [MANAGER], "updateMode": "additive"})
    refusal = "Cannot assign site_manager role: employee must have at least one site assigned"
    return _which(seen, effective=["UPDATED"], request=[refusal])


def _role_case(lab: Lab) -> str:
    known = lab.organization().roles
    names = [name for name in known if name.swapcase() not in known and name.casefold() != MANAGER]
    if not names:
        raise NotObservable("no role to spell in another way")
    spelled = names[0].swapcase()
    seen = _verdict(lab, lab.person(status="ACTIVE", roles=[spelled]))
    return _which(seen, insensitive=["CREATED"], exact=["CREATED", f"Role '{spelled}' not found, skipped"])


def _malformed_site_id(lab: Lab) -> str:
    seen = _verdict(lab, lab.person(status="ACTIVE", sites=[at(NO_UUID)]))
    warning = f"Site with id '{NO_UUID}' not found, skipped"
    return _which(seen, warning=["CREATED", warning], error=[f"Invalid site id '{NO_UUID}'"])


# -- records and batches -------------------------------------------------------------------------------


def _omitted_status(lab: Lab) -> str:
    record = _starts_with(lab, staff(lab, status="ACTIVE"))
    lab.accepted(record | {"status": "INACTIVE"})
    if account_of(lab, record)["isActive"] is not False:
        raise NotObservable("an INACTIVE employee's account is not disabled")
    lab.accepted({key: value for key, value in record.items() if key != "status"})
    return _which(account_of(lab, record)["isActive"], active=True, kept=False)


def _email_on_update(lab: Lab) -> str:
    record = _starts_with(lab, lab.person(status="ACTIVE"))
    seen = _verdict(lab, later(record, status="ACTIVE", userAccount={}))
    return _which(seen, request=["Email is required for ACTIVE users with userAccount"], stored=["UPDATED"])


def _null_field(lab: Lab) -> str:
    seen = _verdict(lab, lab.person(status="ACTIVE", phone=None))
    return _which(seen, error=["phone must be a string"], ignored=["CREATED"])


def _display_name(lab: Lab) -> str:
    record = _starts_with(lab, staff(lab, status="ACTIVE", displayName="Somebody Else"))
    lab.accepted({key: value for key, value in record.items() if key != "displayName"})
    made = f"{record['firstName']} {record['lastName']}"
    return _which(account_of(lab, record)["name"], sticky="Somebody Else", regenerated=made)


def _account_flags(lab: Lab) -> str:
    if not lab.controlled:
        raise NotObservable("mail is seen at a control plane alone")
    record = _starts_with(lab, staff(lab, status="ACTIVE", userAccount={"sendWelcomeEmail": True}))
    if len(lab.outbox(record["email"])) != 1:
        raise NotObservable("a new account brings no welcome mail, or more than one")
    lab.accepted(record)
    return _which(len(lab.outbox(record["email"])), on_create=1, every_sync=2)


def _missing_id_entry(lab: Lab) -> str:
    record = lab.person(externalEmployeeId=...)
    errors = lab.sync(record)["errors"]
    if len(errors) != 1:
        raise NotObservable(f"a record without an id has {len(errors)} errors")
    return _which(errors[0].get("externalEmployeeId", ...), null=None, empty="", absent=...)


def _user_id_without_account(lab: Lab) -> str:
    result = lab.accepted(lab.person(status="ACTIVE"))
    return _which(result.get("userId", ...), absent=..., null=None)


def _empty_batch(lab: Lab) -> str:
    return _which(lab.scan2evolve("POST", _SYNC, {"employees": []}).status, error=400, ok=200)


def _duplicate_in_batch(lab: Lab) -> str:
    record = lab.person(status="ACTIVE")
    refusal = "Duplicate externalEmployeeId in batch"
    return _which(_verdict(lab, record, record), update=["CREATED", "UPDATED"], error=["CREATED", refusal])


# -- tokens, and the HRMS ------------------------------------------------------------------------------


def _token_lifetime(lab: Lab) -> str:
    bearer = f"Bearer {lab.token()}"
    seen = []
    for seconds in (_HALF_A_DAY, _HALF_A_DAY):
        lab.advance(seconds)
        # An envelope without employees changes nothing: 400 says that the token was good.
        seen.append(lab.scan2evolve("POST", _SYNC, {}, authorization=bearer).status)
    return _which(seen, fixed=[400, 401], sliding=[400, 400])


def _ask_hrms(lab: Lab, path: str = _USERS, **headers: str | None) -> Answer:
    token, environment = lab.hrms_token(scopes=("users:read",))
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lab.hrms(path, environment=environment, token=token, headers=sent)


def _environment_mismatch(lab: Lab) -> str:
    other = {"staging": "uat", "uat": "staging"}[lab.hrms_token(scopes=("users:read",))[1]]
    return str(_ask_hrms(lab, x_environment=other).status)


def _validation_status(lab: Lab) -> str:
    return str(_ask_hrms(lab, x_environment=None).status)


def _hrms_content_type(lab: Lab) -> str:
    status = _ask_hrms(lab, content_type=None).status
    return _which(status in (400, 422) or status, optional=200, required=True)


def _user_detail(lab: Lab) -> str:
    users = _ask_hrms(lab).body["data"]
    if not users:
        raise NotObservable("the HRMS has no users to look at")
    body = _ask_hrms(lab, f"{_USERS}/{users[0]['id']}").body
    related = {"department", "position", "work_locations"}
    linked = related <= set(body["data"].get("relationships", ())) and "included" in body
    inside = related <= set(body["data"]["attributes"])
    return _which((linked, inside), included=(True, False), embedded=(False, True))


DETECTORS: dict[str, Detector] = {
    "omitted-assignments": _omitted_assignments,
    "omitted-status": _omitted_status,
    "role-case": _role_case,
    "missing-id-entry": _missing_id_entry,
    "user-id-without-account": _user_id_without_account,
    "additive-site-manager": _additive_site_manager,
    "additive-existing-sites": _additive_existing_sites,
    "additive-existing": _additive_existing,
    "email-on-update": _email_on_update,
    "null-field": _null_field,
    "malformed-site-id": _malformed_site_id,
    "empty-batch": _empty_batch,
    "duplicate-in-batch": _duplicate_in_batch,
    "display-name": _display_name,
    "account-flags": _account_flags,
    "token-lifetime": _token_lifetime,
    "environment-mismatch": _environment_mismatch,
    "validation-status": _validation_status,
    "hrms-content-type": _hrms_content_type,
    "user-detail": _user_detail,
}
