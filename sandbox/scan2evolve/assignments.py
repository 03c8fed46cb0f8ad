"""Roles, groups and sites: what a record asks for, and what an employee has afterwards.

Most records of a batch ask for one of a few combinations. Each is looked up once a batch, and those
who have the same share its tuples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from sandbox.scan2evolve.bearings import NO_BEARINGS, Bearings
from sandbox.scan2evolve.organization import SITE_MANAGER, Assignment, Employee, Organization
from sandbox.scan2evolve.records import UUID, GroupEntry, Record, SiteEntry, is_blank
from sandbox.scan2evolve.rules import GROUP_UNKNOWN, ROLE_UNKNOWN, SITE_UNKNOWN

if TYPE_CHECKING:
    from sandbox.readings import Readings

Warnings = tuple[tuple[str, str], ...]
# Role ids, groups, sites, warnings as (rule, text), and the readings that bore on them.
Settled = tuple[tuple[str, ...], tuple[Assignment, ...], tuple[Assignment, ...], Warnings, Bearings]
NOTHING: Settled = ((), (), (), (), ())

# A list as looked up: what is known of it, the warnings about the rest, whether it names site_manager,
# and whether an entry may be malformed.
RoleList = tuple[tuple[str, ...], Warnings, bool]
AssignmentList = tuple[tuple[Assignment, ...], Warnings, bool, bool]
# Roles, groups and sites that a record asks for, and what somebody new has then.
Asked = tuple[RoleList, AssignmentList, AssignmentList, Settled]


class Assignables:
    """An organization's roles, groups and sites, as the records of one batch name them."""

    def __init__(self, organization: Organization, readings: Readings) -> None:
        self._organization = organization
        self._case_counts = readings.role_case == "exact"
        self._kept = readings.omitted_assignments == "kept"
        self._updated = readings.additive_existing == "updated"
        self.manager_roles = {role.id for role in organization.roles.values() if self._is_manager(role.name)}
        self._asked: dict[tuple[tuple[str, ...], tuple[GroupEntry, ...], tuple[SiteEntry, ...]], Asked] = {}
        # What the record before asked for: those of a department come together.
        self._last: tuple[Any, Any, Any, Asked | None] = (None, None, None, None)

    def _is_manager(self, name: str) -> bool:
        return (name if self._case_counts else name.casefold()) == SITE_MANAGER

    def _role(self, name: str) -> str | None:
        role_id = self._organization.role_by_name.get(name)
        if role_id is None and not self._case_counts:
            role_id = self._organization.role_by_casefold.get(name.casefold())
        return role_id

    # -- what is asked for -------------------------------------------------------------------------

    def asked(self, record: Record) -> Asked:
        """What the record asks for, looked up (S2E-ROLE-01, S2E-GROUP-01 to -04, S2E-SITE-01 to -04)."""
        roles, groups, sites = record.roles, record.groups, record.sites
        last = self._last
        if last[3] is not None and roles == last[0] and groups == last[1] and sites == last[2]:
            return last[3]
        key = tuple(roles or ()), tuple(groups or ()), tuple(sites or ())
        found = self._asked.get(key)
        if found is None:
            found = self._asked[key] = self._look_up(*key)
        self._last = roles, groups, sites, found
        return found

    def _look_up(
        self, names: tuple[str, ...], group_entries: tuple[GroupEntry, ...], site_entries: tuple[SiteEntry, ...]
    ) -> Asked:
        roles = self._look_up_roles(names)
        groups = self._look_up_groups(group_entries)
        sites = self._look_up_sites(site_entries)
        warnings = tuple(dict.fromkeys(roles[1] + groups[1] + sites[1]))
        turns = any(map(self._turns_on_case, names)) or any(
            entry.role is not UNSET
            and self._turns_on_case(entry.role)
            # On an unknown site the role only matters to the rules about site_manager.
            and (self._is_known(entry) or (entry.role.casefold() == SITE_MANAGER and not roles[2]))
            for entry in site_entries
        )
        readings = ("role-case",) if turns else NO_BEARINGS
        return roles, groups, sites, (roles[0], groups[0], sites[0], warnings, readings)

    def _is_known(self, site: SiteEntry) -> bool:
        return (site.id or "").casefold() in self._organization.site_by_id

    def _turns_on_case(self, name: str) -> bool:
        """Whether there is such a role in other letters only, so that the reading decides."""
        organization = self._organization
        return (
            name not in organization.role_by_name
            and name.casefold() in organization.role_by_casefold
            and (self._role(name) is None) is self._case_counts
        )

    def _look_up_roles(self, names: tuple[str, ...]) -> RoleList:
        known: dict[str, None] = {}
        warnings = []
        for name in names:
            role_id = self._role(name)
            if role_id is None:
                warnings.append(ROLE_UNKNOWN.about(name))
            else:
                known[role_id] = None
        return tuple(known), tuple(warnings), any(map(self._is_manager, names))

    def _look_up_groups(self, entries: tuple[GroupEntry, ...]) -> AssignmentList:
        organization = self._organization
        known: dict[str, str | None] = {}
        warnings = []
        malformed = False
        for entry in entries:
            key = entry.externalGroupId or ""
            if not is_blank(key):
                group_id = organization.group_by_external_id.get(key)
            else:
                key = entry.groupName or ""
                malformed = malformed or is_blank(key)
                group_id = organization.group_by_name.get(key)
            if group_id is None:
                warnings.append(GROUP_UNKNOWN.about(key))
            else:
                known[group_id] = None if entry.role is UNSET else entry.role
        return tuple(known.items()), tuple(warnings), False, malformed

    def _look_up_sites(self, entries: tuple[SiteEntry, ...]) -> AssignmentList:
        known: dict[str, str | None] = {}
        warnings = []
        manager = malformed = False
        for entry in entries:
            name = entry.id or ""
            role = None if entry.role is UNSET else entry.role
            site_id = self._organization.site_by_id.get(name.casefold())
            malformed = malformed or UUID.fullmatch(name) is None
            role_id = None if role is None else self._role(role)
            manager = manager or (role is not None and self._is_manager(role))
            if site_id is None:
                warnings.append(SITE_UNKNOWN.about(name))
                continue
            if role is not None and role_id is None:
                warnings.append(ROLE_UNKNOWN.about(role))
            known[site_id] = role_id
        return tuple(known.items()), tuple(warnings), manager, malformed

    # -- what comes of it --------------------------------------------------------------------------

    def settle(self, record: Record, existing: Employee, asked: Asked, additive: bool) -> Settled:
        """Roles, groups, sites and warnings as they would be after an update (S2E-MODE-01, S2E-MODE-03)."""
        roles, groups, sites, warnings, readings = asked[3]
        if additive:
            merged = tuple(dict.fromkeys(existing.roles + roles))
            if _clash(existing.groups, groups) or _clash(existing.sites, sites):
                readings += ("additive-existing",)
            return merged, self._added(existing.groups, groups), self._added(existing.sites, sites), warnings, readings
        if not (
            (record.roles is UNSET and existing.roles)
            or (record.groups is UNSET and existing.groups)
            or (record.sites is UNSET and existing.sites)
        ):
            return asked[3]
        readings += ("omitted-assignments",)
        if self._kept:
            return (
                roles if record.roles is not UNSET else existing.roles,
                groups if record.groups is not UNSET else existing.groups,
                sites if record.sites is not UNSET else existing.sites,
                warnings,
                readings,
            )
        return roles, groups, sites, warnings, readings

    def _added(self, existing: tuple[Assignment, ...], asked: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
        merged = dict(existing)
        for key, role in asked:
            if key not in merged or (self._updated and role is not None):
                merged[key] = role
        return tuple(merged.items())


def _clash(existing: tuple[Assignment, ...], asked: tuple[Assignment, ...]) -> bool:
    """Whether something is asked for that is there already, with another role."""
    held = dict(existing)
    return any(role is not None and held.get(key, role) != role for key, role in asked)
