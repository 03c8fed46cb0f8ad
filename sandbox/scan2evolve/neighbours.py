"""What of an organization comes nearest to a name that was skipped, as things stand now.

Nobody looks for it while a batch is processed, only when somebody looks at the journal. So an item that came into
being in between is found too, and is told as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from sandbox.scan2evolve.organization import Organization, Site
from sandbox.scan2evolve.records import UUID, is_blank
from sandbox.scan2evolve.rules import GROUP_UNKNOWN, ROLE_UNKNOWN, SITE_UNKNOWN

# So many names are compared letter by letter, in all; and none that is longer.
_COMPARISONS = 5_000
_LONGEST_COMPARED = 100
_MOST_LISTED = 8
_LONGEST_SHOWN = 80


class Hint(NamedTuple):
    """The name that may have been meant, None where none is near, and why the item was skipped, as a clause."""

    nearest: str | None
    says: str


class Neighbours:
    """Looks for the nearest names in the organizations of a world; the same question is answered once.

    `sure` says that the rules have always been in force, so that whatever is there now and was skipped came later.
    """

    def __init__(self, organizations: Mapping[str, Organization], *, sure: bool) -> None:
        self._organizations = organizations
        self._since = ", which came into being since" if sure else ""
        self._left = _COMPARISONS
        self._known: dict[tuple[str, str, str, bool], Hint] = {}

    def hint(self, organization_id: str, rule: str, item: str, *, case_counts: bool) -> Hint:
        """About an item that the warning `rule` skipped; `case_counts` is whether it did for roles."""
        key = organization_id, rule, item, case_counts
        if key not in self._known:
            organization = self._organizations.get(organization_id)
            if organization is None:
                self._known[key] = Hint(None, "its organization is not there any more")
            elif rule == ROLE_UNKNOWN.name:
                self._known[key] = self._role(organization, item, case_counts)
            elif rule == GROUP_UNKNOWN.name:
                self._known[key] = self._group(organization, item)
            else:
                assert rule == SITE_UNKNOWN.name  # noqa: S101 - there is no other warning
                self._known[key] = self._site(organization, item)
        return self._known[key]

    def _role(self, organization: Organization, name: str, case_counts: bool) -> Hint:
        names = [role.name for role in organization.roles.values()]
        if name in organization.role_by_name:
            return Hint(name, f"there is a role {shown(name)} now{self._since}")
        other = organization.role_by_casefold.get(name.casefold())
        if other is not None:
            held = organization.roles[other].name
            if not case_counts:
                return Hint(held, f"there is a role {shown(held)} now{self._since}")
            return Hint(held, f"did you mean {shown(held)}? Case counts, as the reading role-case is exact")
        near = self._near(name, names)
        return Hint(near, f"did you mean {shown(near)}?" if near is not None else _nothing("role", names))

    def _group(self, organization: Organization, key: str) -> Hint:
        groups = organization.groups.values()
        external = [group.external_id for group in groups if group.external_id is not None]
        names = [group.name for group in groups]
        for there, what in ((names, "groupName"), (external, "externalGroupId")):
            if key in there:
                other = "externalGroupId" if what == "groupName" else "groupName"
                since = "it came into being since, or " if self._since else ""
                wrong = f"{since}the record names it as {other}"
                return Hint(key, f"there is a group with {what} {shown(key)} now: {wrong}")
        near = self._near(key, [*names, *external])
        if near is None:
            return Hint(None, _nothing("group", [*names, *external]))
        case = " Case counts in what groups are named by" if near.casefold() == key.casefold() else ""
        return Hint(near, f"did you mean {shown(near)}?{case}")

    def _site(self, organization: Organization, item: str) -> Hint:
        folded = item.casefold()
        own = organization.site_by_id.get(folded)
        if own is not None:
            return Hint(own, f"there is a site {shown(own)} now{self._since}")
        for other in self._organizations.values():
            if folded in other.site_by_id:
                place = f"{shown(other.name)} ({other.id})"
                return Hint(None, f"it is a site of another organization, {place}, and counts as unknown here")
        sites = organization.sites.values()
        for site in sites:
            for what, text in (("name", site.name), ("code", site.code)):
                if text is not None and text.casefold() == folded:
                    said = (
                        f"did you mean {shown(site.id)}? {shown(item)} is that site's {what}, and sites go by their id"
                    )
                    return Hint(site.id, said)
        return self._near_site(sites, item)

    def _near_site(self, sites: Iterable[Site], item: str) -> Hint:
        called: dict[str, Site] = {}
        for site in sites:
            called.setdefault(site.id, site)
            if UUID.fullmatch(item) is None:
                called.setdefault(site.name, site)
                called.setdefault(site.code or site.name, site)
        near = self._near(item, list(called))
        if near is not None:
            site = called[near]
            return Hint(site.id, f"did you mean {shown(site.id)}, the site {shown(site.name)}?")
        no_id = "" if UUID.fullmatch(item) else "it is no UUID, and "
        return Hint(None, no_id + _nothing("site", [f"{site.id} ({site.name})" for site in sites]))

    def _near(self, name: str, names: Sequence[str]) -> str | None:
        """The name that is most like it, whatever the case; None where none is, or too many have been compared."""
        if is_blank(name) or len(name) > _LONGEST_COMPARED:
            return None
        folded = name.casefold()
        by_folded: dict[str, str] = {}
        for held in names:
            # Of what differs this much in length, get_close_matches would think nothing either.
            if len(held) <= 2.4 * len(name) and len(name) <= 2.4 * len(held):
                by_folded.setdefault(held.casefold(), held)
        if folded in by_folded:
            return by_folded[folded]
        if len(by_folded) > self._left:
            return None
        self._left -= len(by_folded)
        near = get_close_matches(folded, by_folded, 1)
        return by_folded[near[0]] if near else None


def shown(text: str) -> str:
    """A name as it is quoted, cut where it is long."""
    return f"'{text}'" if len(text) <= _LONGEST_SHOWN else f"'{text[:_LONGEST_SHOWN]}…'"


def listed(texts: Sequence[str]) -> str:
    """`'a', 'b', 'c'`, cut where there are many."""
    more = ", …" if len(texts) > _MOST_LISTED else ""
    return ", ".join(map(shown, texts[:_MOST_LISTED])) + more


def _nothing(kind: str, names: Sequence[str]) -> str:
    if not names:
        return f"the organization has no {kind}s"
    return f"no {kind} is called so, or nearly so; there is {listed(names)}"
