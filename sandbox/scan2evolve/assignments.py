"""Roles, groups and sites: what a record asks for, and what an employee has afterwards.

Most records of a batch ask for the same few lists. Each list is looked up once a batch, and those who
have the same share one tuple.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from sandbox.scan2evolve.organization import SITE_MANAGER, Assignment, Employee, Organization
from sandbox.scan2evolve.records import UUID, GroupEntry, Record, SiteEntry, is_blank
from sandbox.scan2evolve.rules import GROUP_UNKNOWN, ROLE_UNKNOWN, SITE_UNKNOWN

if TYPE_CHECKING:
    from sandbox.readings import Readings

Warnings = tuple[tuple[str, str], ...]
# Role ids, groups, sites, and warnings as (rule, text).
Settled = tuple[tuple[str, ...], tuple[Assignment, ...], tuple[Assignment, ...], Warnings]
NOTHING: Settled = ((), (), (), ())

# A list as looked up: what is known of it, the warnings about the rest, whether it names site_manager,
# and whether an entry may be malformed.
RoleList = tuple[tuple[str, ...], Warnings, bool]
AssignmentList = tuple[tuple[Assignment, ...], Warnings, bool, bool]


class Assignables:
    """An organization's roles, groups and sites, as the records of one batch name them."""

    def __init__(self, organization: Organization, readings: Readings) -> None:
        self._organization = organization
        self._case_counts = readings.role_case == "exact"
        self._kept = readings.omitted_assignments == "kept"
        self._updated = readings.additive_existing == "updated"
        self.manager_roles = {role.id for role in organization.roles.values() if self._is_manager(role.name)}
        self._roles: dict[tuple[str, ...], RoleList] = {}
        self._groups: dict[tuple[GroupEntry, ...], AssignmentList] = {}
        self._sites: dict[tuple[SiteEntry, ...], AssignmentList] = {}

    def _is_manager(self, name: str) -> bool:
        return (name if self._case_counts else name.casefold()) == SITE_MANAGER

    def _role(self, name: str) -> str | None:
        role_id = self._organization.role_by_name.get(name)
        if role_id is None and not self._case_counts:
            role_id = self._organization.role_by_casefold.get(name.casefold())
        return role_id

    # -- what is asked for -------------------------------------------------------------------------

    def roles(self, names: list[str]) -> RoleList:
        """The roles of these names (S2E-ROLE-01, S2E-ROLE-02)."""
        key = tuple(names)
        found = self._roles.get(key)
        if found is None:
            found = self._roles[key] = self._look_up_roles(names)
        return found

    def groups(self, entries: list[GroupEntry]) -> AssignmentList:
        """The groups of these entries, with the member's role as given (S2E-GROUP-01 to -04)."""
        key = tuple(entries)
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = self._look_up_groups(entries)
        return found

    def sites(self, entries: list[SiteEntry]) -> AssignmentList:
        """The sites of these entries, with the id of the site-level role (S2E-SITE-01 to -04)."""
        key = tuple(entries)
        found = self._sites.get(key)
        if found is None:
            found = self._sites[key] = self._look_up_sites(entries)
        return found

    def _look_up_roles(self, names: list[str]) -> RoleList:
        known: dict[str, None] = {}
        warnings = []
        for name in names:
            role_id = self._role(name)
            if role_id is None:
                warnings.append(ROLE_UNKNOWN.about(name))
            else:
                known[role_id] = None
        return tuple(known), tuple(warnings), any(map(self._is_manager, names))

    def _look_up_groups(self, entries: list[GroupEntry]) -> AssignmentList:
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

    def _look_up_sites(self, entries: list[SiteEntry]) -> AssignmentList:
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

    def settle(
        self,
        record: Record,
        existing: Employee | None,
        roles: RoleList,
        groups: AssignmentList,
        sites: AssignmentList,
        additive: bool,
    ) -> Settled:
        """Roles, groups, sites and warnings as they would be afterwards (S2E-MODE-01, S2E-MODE-03)."""
        warnings = roles[1] + groups[1] + sites[1]
        if warnings:
            warnings = tuple(dict.fromkeys(warnings))
        if existing is None:
            return roles[0], groups[0], sites[0], warnings
        if additive:
            merged = tuple(dict.fromkeys(existing.roles + roles[0]))
            return merged, self._added(existing.groups, groups[0]), self._added(existing.sites, sites[0]), warnings
        if self._kept:
            return (
                roles[0] if record.roles is not UNSET else existing.roles,
                groups[0] if record.groups is not UNSET else existing.groups,
                sites[0] if record.sites is not UNSET else existing.sites,
                warnings,
            )
        return roles[0], groups[0], sites[0], warnings

    def _added(self, existing: tuple[Assignment, ...], asked: tuple[Assignment, ...]) -> tuple[Assignment, ...]:
        merged = dict(existing)
        for key, role in asked:
            if key not in merged or (self._updated and role is not None):
                merged[key] = role
        return tuple(merged.items())
