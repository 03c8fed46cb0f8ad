"""Roles, groups and sites: the site_manager rules, what is found and what is skipped, and what is held afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts import messages
from contracts.model.case import Case
from contracts.model.shape import Refused
from contracts.model.state import MANAGER, Claims, alike, blank, same_role

Roles = tuple[str, ...]
Places = Mapping[str, str | None]
Warnings = tuple[tuple[str, Claims], ...]
TYPES = ("roles", "groups", "sites")


@dataclass
class Found:
    """What of a record exists in the organization, and the warnings for all that does not."""

    roles: list[str] = field(default_factory=list)
    groups: dict[str, str | None] = field(default_factory=dict)
    sites: dict[str, str | None] = field(default_factory=dict)
    warnings: dict[str, Claims] = field(default_factory=dict)


@dataclass(frozen=True)
class Held:
    """What an employee holds after a record. `why`: roles, groups, sites -> claims."""

    roles: Roles = ()
    groups: Places = field(default_factory=dict)
    sites: Places = field(default_factory=dict)
    warnings: Warnings = ()
    why: Mapping[str, Claims] = field(default_factory=dict)


def after(case: Case) -> Held:
    """What the employee holds after this record. Refused by a site_manager rule."""
    if not case.active:
        return Held(why=dict.fromkeys(TYPES, ("S2E-FIELD-06",)))
    _row_1(case)
    _row_2(case)
    found = _look_up(case)
    roles, groups, sites = (_additive if case.additive else _replace)(case, found)
    if not sites and any(_is_manager(case, role) for role in roles):
        raise Refused(messages.MANAGER_LEFT_WITHOUT_SITE, "S2E-SM-04", "S2E-SM-05")
    return Held(roles, groups, sites, tuple(found.warnings.items()), {name: _why(case, name) for name in TYPES})


def _why(case: Case, name: str) -> Claims:
    """The claims that say what becomes of a type."""
    if case.additive:
        return ("S2E-MODE-03",)
    if name not in case.record:
        return ("S2E-MODE-02",)
    own = {"roles": ("S2E-ROLE-01",), "groups": ("S2E-GROUP-01", "S2E-GROUP-04"), "sites": ("S2E-SITE-04",)}
    return ("S2E-MODE-01", *own[name])


# -- site_manager --------------------------------------------------------------------------------------


def _is_manager(case: Case, role: str | None) -> bool:
    return role is not None and same_role(role, MANAGER, case.readings)


def _row_1(case: Case) -> None:
    """The role asks for a site."""
    asks = any(_is_manager(case, role) for role in case.record.get("roles", ()))
    has_site = bool(case.record.get("sites"))
    if case.additive and case.readings["additive-existing-sites"] == "effective" and case.known is not None:
        has_site = has_site or bool(case.known.sites)
    if asks and not has_site:
        claims = ("S2E-SM-02", "S2E-SM-06") if case.additive else ("S2E-SM-02",)
        raise Refused(messages.MANAGER_ASKS_NO_SITE, *claims)


def _row_2(case: Case) -> None:
    """The role at a site asks for the role."""
    carried = not case.additive and case.readings["omitted-assignments"] == "kept" and case.known is not None
    held_roles = case.known.roles if case.known is not None else ()
    held_sites = list(case.known.sites.values()) if case.known is not None else []
    asked = [site.get("role") for site in case.record.get("sites", ())]
    if carried and "sites" not in case.record:
        asked = held_sites
    roles = list(case.record.get("roles", ()))
    if carried and "roles" not in case.record:
        roles = list(held_roles)
    if case.additive and case.readings["additive-site-manager"] == "effective":
        roles += held_roles
    if any(_is_manager(case, role) for role in asked) and not any(_is_manager(case, role) for role in roles):
        raise Refused(messages.SITE_LEVEL_WITHOUT_ROLE, "S2E-SM-03")


# -- looking up ----------------------------------------------------------------------------------------


def _look_up(case: Case) -> Found:
    """Find all that the record names; the last entry for a group or site counts, and every entry is looked at."""
    found = Found()
    for name in case.record.get("roles", ()):
        role = _role(case, name, found)
        if role is not None and role not in found.roles:
            found.roles.append(role)
    for entry in case.record.get("groups", ()):
        group = _group(case, entry, found)
        if group is not None:
            found.groups[group] = entry.get("role")
    for entry in case.record.get("sites", ()):
        site = next((known for known in case.organization.sites if alike(known, entry["id"])), None)
        if site is None:
            foreign = any(alike(known, entry["id"]) for other in case.world.others(case.org) for known in other.sites)
            claims = ("S2E-SITE-02", "S2E-SITE-03") if foreign else ("S2E-SITE-02",)
            found.warnings[messages.site_unknown(entry["id"])] = claims
        else:
            found.sites[site] = _role(case, entry["role"], found) if "role" in entry else None
    return found


def _role(case: Case, name: str, found: Found) -> str | None:
    role = case.organization.role(name, case.readings)
    if role is None:
        # Where only case tells it from a role that is there, the reading has decided.
        near = any(alike(known, name) for known in case.organization.roles)
        found.warnings[messages.role_unknown(name)] = ("S2E-ROLE-02", "S2E-ROLE-04") if near else ("S2E-ROLE-02",)
    return role


def _group(case: Case, entry: Mapping[str, str], found: Found) -> str | None:
    key = entry.get("externalGroupId", "")
    by_key = not blank(key)
    for name, external in case.organization.groups:
        if (external == key) if by_key else (name == entry["groupName"]):
            return name
    found.warnings[messages.group_unknown(key if by_key else entry["groupName"])] = ("S2E-GROUP-03",)
    return None


# -- the two modes -------------------------------------------------------------------------------------


def _replace(case: Case, found: Found) -> tuple[Roles, Places, Places]:
    kept = case.readings["omitted-assignments"] == "kept" and case.known is not None

    def carried(name: str) -> bool:
        return kept and name not in case.record

    known = case.known
    return (
        known.roles if known is not None and carried("roles") else tuple(found.roles),
        known.groups if known is not None and carried("groups") else found.groups,
        known.sites if known is not None and carried("sites") else found.sites,
    )


def _additive(case: Case, found: Found) -> tuple[Roles, Places, Places]:
    known = case.known
    if known is None:
        return tuple(found.roles), found.groups, found.sites
    roles = (*known.roles, *(role for role in found.roles if role not in known.roles))
    return roles, _added(case, known.groups, found.groups), _added(case, known.sites, found.sites)


def _added(case: Case, held: Places, asked: Places) -> Places:
    """What is held, and what is asked for beside it; by reading `additive-existing` roles are updated."""
    updates = case.readings["additive-existing"] == "updated"
    return {
        **held,
        **{place: role for place, role in asked.items() if place not in held or (updates and role is not None)},
    }
