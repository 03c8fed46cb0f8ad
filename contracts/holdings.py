"""Holdings: what an employee has been given, as far as a target lets it be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.checks import NotObservable
from contracts.lab import Lab

# A UUID that no site has, and one that is none.
NO_SITE = "00000000-0000-4000-8000-00000000000f"
NO_UUID = "main-plant"
MANAGER = "site_manager"


def staff(lab: Lab, **fields: Any) -> dict[str, Any]:
    """A valid record of somebody new with an account, who can be seen over the vendor's own API."""
    return lab.person(**{"userAccount": {}, **fields})


def later(record: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """An update of somebody synced before that holds their id and `fields`, and nothing else."""
    return {"externalEmployeeId": record["externalEmployeeId"], **fields}


def at(site: str, role: str | None = None) -> dict[str, str]:
    """An entry of `sites`."""
    return {"id": site} if role is None else {"id": site, "role": role}


def unknown(lab: Lab, what: str) -> str:
    """A name that no role or group has."""
    return f"{lab.prefix} {what}"


def holds(
    lab: Lab,
    record: Mapping[str, Any],
    *,
    roles: Iterable[str] | None = None,
    groups: Mapping[str, str | None] | None = None,
    sites: Mapping[str, str | None] | None = None,
    org: int = 0,
) -> None:
    """Broken unless the employee holds exactly these; site and group -> role in it.

    The vendor's own API shows the roles and sites of whoever has an account; groups, and the roles
    at sites, are seen at a control plane alone.
    """
    external_id = record["externalEmployeeId"]
    if roles is not None or sites is not None:
        user = lab.user_of(external_id, org)
        if user is None and not lab.controlled:
            raise NotObservable("without an account and without a control plane, assignments are not seen")
        if user is not None:
            if roles is not None:
                lab.equal(sorted(user["roles"]), sorted(roles), f"roles of {external_id}")
            if sites is not None:
                seen = sorted(site["id"].casefold() for site in user["sites"])
                lab.equal(seen, sorted(site.casefold() for site in sites), f"sites of {external_id}")
    elif not lab.controlled:
        needs_control(lab, "the groups of an employee")
    for what, is_asked in (("groups", groups is not None), ("roles at sites", any((sites or {}).values()))):
        if is_asked:
            lab.sees(what)
    if not lab.controlled:
        return
    employee = lab.employee(external_id, org)
    if roles is not None:
        lab.equal(sorted(employee["roles"]), sorted(roles), f"roles of {external_id}")
    if groups is not None:
        held = [(group["groupName"], group["role"]) for group in employee["groups"]]
        lab.equal(sorted(held, key=repr), sorted(groups.items(), key=repr), f"groups of {external_id}")
    if sites is not None:
        placed = [(site["id"].casefold(), site["role"]) for site in employee["sites"]]
        asked = [(site.casefold(), role) for site, role in sites.items()]
        lab.equal(sorted(placed, key=repr), sorted(asked, key=repr), f"sites of {external_id} and the roles there")


def needs_control(lab: Lab, what: str) -> None:
    """NotObservable without a control plane, before anything is written for nothing."""
    if not lab.controlled:
        raise NotObservable(f"{what} can be seen at a control plane alone")


def account_of(lab: Lab, record: Mapping[str, Any], org: int = 0) -> dict[str, Any]:
    """The user who is linked to that employee; Broken where there is none."""
    user = lab.user_of(record["externalEmployeeId"], org)
    lab.true(user is not None, f"a user is linked to employee {record['externalEmployeeId']}")
    return user or {}


def mail_to(lab: Lab, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The welcome mail sent to a record's e-mail; NotObservable without a control plane."""
    return lab.outbox(record["email"])
