"""Deviations of roles, groups and sites: how they are found, and what an update leaves of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sandbox.deviations.deviation import policy, rule
from sandbox.deviations.records import Meddled, Record
from sandbox.deviations.rules import row
from sandbox.scan2evolve.assignments import Assignables
from sandbox.scan2evolve.attempts import Attempt
from sandbox.scan2evolve.organization import Employee, Organization
from sandbox.scan2evolve.outcomes import Outcome
from sandbox.scan2evolve.rules import SITE_UNKNOWN, Fills

Change = Callable[[Meddled, Record, Employee | None, Outcome], None]


def _afterwards(change: Change, mode: str | None = None) -> type[Meddled]:
    """A policy that changes what an accepted record has left; with a mode, of updates under that mode alone."""

    class Afterwards(Meddled):
        def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
            outcome = super().answered(record, existing, outcome)
            concerns = mode is None or (existing is not None and record.get("updateMode", "replace") == mode)
            if concerns and outcome.status != "ERROR" and self.stored(outcome).status == "ACTIVE":
                change(self, record, existing, outcome)
            return outcome

    return Afterwards


def _first_role_only(batch: Meddled, _: Record, __: Employee | None, outcome: Outcome) -> None:
    batch.change(outcome, roles=batch.stored(outcome).roles[:1])


def _group_roles_dropped(batch: Meddled, _: Record, __: Employee | None, outcome: Outcome) -> None:
    groups = batch.stored(outcome).groups
    batch.change(outcome, groups=tuple((group, None) for group, _ in groups))


def _site_roles_join(batch: Meddled, _: Record, __: Employee | None, outcome: Outcome) -> None:
    employee = batch.stored(outcome)
    at_sites = [role for _, role in employee.sites if role is not None]
    batch.change(outcome, roles=tuple(dict.fromkeys([*employee.roles, *at_sites])))


def _site_manager_lost(batch: Meddled, _: Record, __: Employee | None, outcome: Outcome) -> None:
    managers = batch.assignables.manager_roles
    sites = batch.stored(outcome).sites
    batch.change(outcome, sites=tuple((site, None if role in managers else role) for site, role in sites))


def _groups_kept(batch: Meddled, _: Record, existing: Employee | None, outcome: Outcome) -> None:
    held = () if existing is None else existing.groups
    batch.change(outcome, groups=tuple((dict(held) | dict(batch.stored(outcome).groups)).items()))


def _groups_left_out_kept(batch: Meddled, record: Record, existing: Employee | None, outcome: Outcome) -> None:
    if "groups" not in record and existing is not None:
        batch.change(outcome, groups=existing.groups)


def _managers_kept(batch: Meddled, _: Record, existing: Employee | None, outcome: Outcome) -> None:
    held = () if existing is None else existing.roles
    managers = tuple(role for role in held if role in batch.assignables.manager_roles)
    batch.change(outcome, roles=tuple(dict.fromkeys((*batch.stored(outcome).roles, *managers))))


def _roles_replaced(batch: Meddled, record: Record, _: Employee | None, outcome: Outcome) -> None:
    batch.change(outcome, roles=batch.role_ids(record.get("roles", [])))


def _groups_doubled(batch: Meddled, record: Record, existing: Employee | None, outcome: Outcome) -> None:
    if existing is not None:
        held = dict(existing.groups)
        again = tuple(item for item in batch.stored(outcome).groups if item[0] in held and record.get("groups"))
        batch.change(outcome, groups=batch.stored(outcome).groups + again)


class _CapitalsUnknown(Assignables):
    def _role(self, name: str) -> str | None:
        """Nobody looks a name in capitals up in other letters."""
        role_id = super()._role(name)
        known = self._organization.role_by_name
        return None if name.isupper() and name not in known else role_id


class _NoExternalGroups(Organization):
    def index_assignables(self) -> None:
        """Groups are found by name alone."""
        super().index_assignables()
        self.group_by_external_id = {}


class _SiteElsewhereSilent(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Say nothing of a site that some other organization has."""
        outcome = super().answered(record, existing, outcome)
        silent = {
            SITE_UNKNOWN.about(entry["id"])
            for entry in record.get("sites", ())
            if any(entry.get("id", "").casefold() in other.site_by_id for other in self.others)
        }
        if silent.isdisjoint(outcome.warnings):
            return outcome
        return msgspec.structs.replace(outcome, warnings=tuple(w for w in outcome.warnings if w not in silent))


_ASKS_SITE = row("site-manager-asks-site")


def _empty_sites_count(attempt: Attempt) -> Fills:
    """As the rule says, but an array of sites that is empty hides those that there are."""
    return {} if attempt.asks_manager and attempt.record.get("sites") == [] else _ASKS_SITE.check(attempt)


DEVIATIONS = (
    policy(
        "first-role-only",
        "Of several roles only the first is assigned.",
        "S2E-ROLE-01 S2E-ROLE-03 S2E-EX-01",
        _afterwards(_first_role_only),
    ),
    policy(
        "capitals-are-unknown-roles",
        "A role written in capitals is unknown, though other spellings are the same role.",
        "S2E-ROLE-04",
        _CapitalsUnknown,
    ),
    policy(
        "external-group-ids-not-found",
        "Groups are found by name only: every externalGroupId is unknown.",
        "S2E-GROUP-01 S2E-EX-02",
        _NoExternalGroups,
    ),
    policy(
        "group-role-lost",
        "The role of a member in a group is accepted and not stored.",
        "S2E-GROUP-04",
        _afterwards(_group_roles_dropped),
    ),
    policy(
        "foreign-site-skipped-silently",
        "A site of another organization is skipped without a warning.",
        "S2E-SITE-03",
        _SiteElsewhereSilent,
    ),
    policy(
        "site-role-joins-roles",
        "A role at a site becomes a role of the employee everywhere.",
        "S2E-SITE-04",
        _afterwards(_site_roles_join),
    ),
    policy(
        "site-level-manager-lost",
        "Whoever is site_manager at a site is assigned to it without that role.",
        "S2E-SM-01",
        _afterwards(_site_manager_lost),
    ),
    policy(
        "replace-keeps-site-manager",
        "Under replace the role site_manager stays, also where no site is left.",
        "S2E-SM-05",
        _afterwards(_managers_kept, "replace"),
    ),
    rule(
        "empty-sites-hide-existing-ones",
        "Under additive an empty array of sites counts as having no site, whatever sites the employee has.",
        "S2E-SM-06",
        msgspec.structs.replace(_ASKS_SITE, check=_empty_sites_count),
    ),
    policy(
        "replace-forgets-groups",
        "Replace takes roles and sites away but leaves the old groups.",
        "S2E-MODE-01 S2E-MODE-02",
        _afterwards(_groups_kept, "replace"),
    ),
    policy(
        "groups-left-out-are-kept",
        "Under replace, groups that the record leaves out stay, while roles and sites are cleared.",
        "S2E-MODE-02",
        _afterwards(_groups_left_out_kept, "replace"),
    ),
    policy(
        "additive-removes-roles",
        "Additive takes away the roles that the record does not name.",
        "S2E-MODE-03",
        _afterwards(_roles_replaced, "additive"),
    ),
    policy(
        "additive-doubles-groups",
        "Additive adds a group that the employee is in already a second time.",
        "S2E-MODE-04 S2E-BATCH-12",
        _afterwards(_groups_doubled, "additive"),
    ),
)
