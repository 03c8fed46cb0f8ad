"""The state that a target shows, compared with the model's: each difference names its claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.model.answers import Difference, Differences
from contracts.model.state import FIELDS, Claims, Employee, Organization, User, World, alike

# An organization and an externalEmployeeId.
Place = tuple[int, str]
_AS_GIVEN = tuple(name for name in FIELDS if name != "supervisor")


@dataclass(frozen=True)
class Shown:
    """What a target shows of one organization; None where it shows nothing of the kind.

    `users` come from the vendor's own API, `employees` and `accounts` from a control plane.
    """

    users: list[dict[str, Any]] | None = None
    employees: list[dict[str, Any]] | None = None
    accounts: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Seen:
    """What a target shows after a step.

    `refused`: whose records the last sync refused, and by which claims: nothing of theirs may have changed.
    """

    organizations: list[Shown]
    outbox: list[dict[str, Any]] | None = None
    refused: Mapping[Place, Claims] = field(default_factory=dict)


def state_differences(world: World, seen: Seen) -> Differences:
    """All that is not as the model has it."""
    for index, shown in enumerate(seen.organizations):
        organization = world.organizations[index]
        refused = {who: claims for (org, who), claims in seen.refused.items() if org == index}
        if shown.employees is not None:
            yield from _employees(organization, shown.employees, refused)
        if shown.users is not None:
            yield from _users(organization, shown.users, "employeeNumber", refused)
        if shown.accounts is not None:
            yield from _users(organization, shown.accounts, "externalEmployeeId", refused)
    if seen.outbox is not None:
        yield from _outbox(world, seen.outbox)


# What is expected of a row: field -> (value, claims). What came has the same fields without claims.
Row = dict[str, tuple[Any, Claims]]


def _fields(expected: Row, came: Mapping[str, Any], what: str, refused: Claims | None) -> Differences:
    """One row, field by field."""
    for name, (value, why) in expected.items():
        if not same(came[name], value):
            claims = why if refused is None else _untouched(refused)
            yield Difference(claims, f"{name} of {what}", value, came[name])


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: numbers as numbers, true and false as nothing else."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _untouched(claims: Claims) -> Claims:
    """The claims by which a refused record leaves no trace."""
    by_manager_rule = any(claim.startswith("S2E-SM-") for claim in claims)
    return ("S2E-BATCH-05", "S2E-SM-07") if by_manager_rule else ("S2E-BATCH-05",)


# -- employees at a control plane ----------------------------------------------------------------------


def _supervisor(value: Mapping[str, Any] | None) -> list[Any]:
    return [(value or {}).get("name"), (value or {}).get("email")]


def _employees(org: Organization, shown: list[dict[str, Any]], refused: Mapping[str, Claims]) -> Differences:
    came = {str(row["externalEmployeeId"]): row for row in shown}
    for key in [*org.employees, *(key for key in came if key not in org.employees)]:
        what = f"employee {key}"
        if key in came and key in org.employees:
            row = _employee(org.employees[key], org.user_of(key))
            yield from _fields(row, _employee_came(came[key]), what, refused.get(key))
        elif key in came:
            yield Difference(_untouched(refused.get(key, ())), "employees", f"no {what}", what)
        else:
            yield Difference(("S2E-BATCH-11",), "employees", what, f"no {what}")


def _employee(who: Employee, user: User | None) -> Row:
    row: Row = {
        "employeeId": (who.id.value, ("S2E-BATCH-13",)),
        "status": (who.status, who.why["status"]),
        "displayName": (who.display_name, who.why["displayName"]),
        "supervisor": (_supervisor(who.fields["supervisor"]), who.why["supervisor"]),
        "roles": (sorted(who.roles), who.why["roles"]),
        "groups": (dict(who.groups), who.why["groups"]),
        "sites": ({site.casefold(): role for site, role in who.sites.items()}, who.why["sites"]),
    }
    row |= {name: (who.fields[name], who.why[name]) for name in _AS_GIVEN}
    account_claims = ("S2E-ACCT-01",) if who.status == "ACTIVE" else ("S2E-ACCT-08",)
    row["userId"] = (user.id.value if user is not None else None, account_claims)
    for shown, name in (("username", "username"), ("account's email", "email"), ("enabled", "enabled")):
        row[shown] = (getattr(user, name), user.why[name]) if user is not None else (None, account_claims)
    reset = (user.must_reset, user.why["must_reset"]) if user is not None else (None, account_claims)
    return row | {"mustResetPassword": reset}


def _employee_came(came: Mapping[str, Any]) -> dict[str, Any]:
    user = came["user"] or {}
    return {
        **came,
        "supervisor": _supervisor(came["supervisor"]),
        "roles": sorted(came["roles"]),
        "groups": {group["groupName"]: group["role"] for group in came["groups"]},
        "sites": {site["id"].casefold(): site["role"] for site in came["sites"]},
        "userId": user.get("userId"),
        "username": user.get("username"),
        "account's email": user.get("email"),
        "enabled": user.get("enabled"),
        "mustResetPassword": user.get("mustResetPassword"),
    }


# -- users ---------------------------------------------------------------------------------------------


def _why(user: User, name: str) -> Claims:
    return user.why.get(name, ("S2E-ACCT-07",))


def _account(_: Organization, user: User) -> Row:
    return {
        "externalEmployeeId": (user.employee, _why(user, "id")),
        "email": (user.email, _why(user, "email")),
        "username": (user.username, _why(user, "username")),
        "enabled": (user.enabled, _why(user, "enabled")),
        "mustResetPassword": (user.must_reset, _why(user, "must_reset")),
    }


def _account_came(_: Organization, came: Mapping[str, Any]) -> Mapping[str, Any]:
    return came


def user_row(organization: Organization, user: User) -> Row:
    """A user as GET /api/v1/users shows them; roles sorted, sites as a dict."""
    who = organization.employees[user.employee] if user.employee is not None else None
    supervisor = _supervisor(who.fields["supervisor"] if who is not None else None)
    why: Mapping[str, Claims] = who.why if who is not None else {}
    sites = {site.casefold(): organization.sites[site] for site in (who.sites if who is not None else ())}
    row: Row = {
        "id": (user.id.value, ("S2E-BATCH-13",)),
        "name": (who.display_name if who is not None else user.name, why.get("displayName", ("S2E-USER-01",))),
        "email": (user.email, _why(user, "email")),
        "isActive": (user.enabled, _why(user, "enabled")),
        "employeeNumber": (user.employee, _why(user, "id")),
        "supervisorName": (supervisor[0], why.get("supervisor", ("S2E-USER-01",))),
        "supervisorEmail": (supervisor[1], why.get("supervisor", ("S2E-USER-01",))),
        "lastSeen": (None, ("S2E-USER-01",)),
        "roles": (sorted(who.roles) if who is not None else [], why.get("roles", ("S2E-USER-01",))),
        "sites": (sites, why.get("sites", ("S2E-USER-01",))),
    }
    if organization.organization_id is not None:
        row["organizationId"] = (organization.organization_id, ("S2E-USER-01",))
    return row


def user_came(organization: Organization, came: Mapping[str, Any]) -> dict[str, Any]:
    """A user of GET /api/v1/users in the form of `user_row`; a site's name counts only where it is known."""
    known = {site.casefold(): shown for site, shown in organization.sites.items()}
    sites = {}
    for site in came["sites"]:
        key = str(site["id"]).casefold()
        sites[key] = (site["name"], site["code"]) if known.get(key) is not None else None
    return {**came, "roles": sorted(came["roles"]), "sites": sites}


def _users(org: Organization, came: list[dict[str, Any]], link: str, refused: Mapping[str, Claims]) -> Differences:
    """The users of an organization as one of two lists shows them; `link` is its key for the employee."""
    expected, read = (user_row, user_came) if link == "employeeNumber" else (_account, _account_came)
    known = {str(user.id.value): user for user in org.users}
    rows = {str(row["id"]): row for row in came}
    for key, user in known.items():
        if key in rows:
            mine = refused.get(user.employee or "")
            yield from _fields(expected(org, user), read(org, rows[key]), f"user {user.email}", mine)
        else:
            yield Difference(_why(user, "id"), "users", f"a user {user.email}", "none")
    for key, row in rows.items():
        if key not in known:
            claims = _of_surplus(org, row["email"], row[link], refused)
            yield Difference(claims, "users", "no more than expected", f"one of {row['email']}")
    order = [str(row["id"]) for row in came]
    if link == "employeeNumber" and set(order) == set(known) and order != list(known):
        yield Difference(("S2E-USER-01",), "order of users, oldest first", list(known), order)


def _of_surplus(org: Organization, email: str, employee: str | None, refused: Mapping[str, Claims]) -> Claims:
    """The claims by which there should be no such user."""
    if (employee or "") in refused:
        return _untouched(refused[employee or ""])
    who = org.employees.get(employee or "")
    if who is None:
        return ("S2E-BATCH-05",)
    if who.status != "ACTIVE":
        return ("S2E-ACCT-08",)
    return ("S2E-ACCT-07",) if any(alike(user.email, email) for user in org.users) else ("S2E-ACCT-01",)


# -- mail ----------------------------------------------------------------------------------------------


def _outbox(world: World, came: list[dict[str, Any]]) -> Differences:
    wanted = [mail.to for mail in world.outbox]
    shown = [mail["to"] for mail in came]
    if wanted != shown:
        yield Difference(_mail_claims(world, wanted, shown), "mail sent to", wanted, shown)
        return
    passwords = [mail["temporaryPassword"] for mail in came if mail.get("temporaryPassword") is not None]
    if len(set(passwords)) != len(passwords):
        claims = ("S2E-ACCT-03", "S2E-ACCT-09")
        yield Difference(claims, "temporary passwords, each a fresh one", len(passwords), len(set(passwords)))
    for mail, row in zip(world.outbox, came, strict=True):
        password = row.get("temporaryPassword")
        if (password is not None) != mail.with_password:
            with_it = "a temporary password" if mail.with_password else "no temporary password"
            yield Difference(("S2E-ACCT-05",), f"mail to {mail.to}", with_it, "the other")
        elif password is not None and password not in row["body"]:
            yield Difference(("S2E-ACCT-05",), f"mail to {mail.to}", "the temporary password in its text", "not there")
        if mail.at is not None and milliseconds(row["sent_at"]) != mail.at:
            yield Difference(mail.claims, f"mail to {mail.to} sent at (ms)", mail.at, milliseconds(row["sent_at"]))


def _mail_claims(world: World, wanted: list[str], shown: list[str]) -> Claims:
    missing = [mail for mail in world.outbox if shown.count(mail.to) < wanted.count(mail.to)]
    claims = [claim for mail in missing for claim in mail.claims]
    for to in shown:
        if shown.count(to) > wanted.count(to):
            claims += world.quiet.get(to.casefold(), ("S2E-ACCT-04",))
    return tuple(dict.fromkeys(claims)) or ("S2E-ACCT-04",)


def milliseconds(instant: str) -> int:
    """Milliseconds since 1970 of an instant in ISO 8601."""
    return round(datetime.fromisoformat(instant).timestamp() * 1000)
