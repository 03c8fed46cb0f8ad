"""Modes: replace and additive, for roles, groups and sites alike."""

from __future__ import annotations

from typing import Any

from contracts import messages
from contracts.checks import NotObservable, check
from contracts.holdings import MANAGER, NO_SITE, account_of, at, holds, later, needs_control, staff, unknown
from contracts.lab import Lab

_TYPES = ("roles", "groups", "sites")


class _Sides:
    """What somebody holds at first, `old`, and what a later record asks for, `new`: no item in common."""

    def __init__(self, lab: Lab) -> None:
        self.old: dict[str, Any] = {
            "roles": [lab.role(0)],
            "groups": [{"groupName": lab.group(0), "role": "Member"}],
            "sites": [at(lab.site(0), lab.role(0))],
        }
        others = [role for role in lab.organization().roles if role.casefold() != MANAGER]
        groups = [name for name, _ in lab.organization().groups]
        self.new: dict[str, Any] = {
            "roles": others[1:2],
            "groups": [{"groupName": name, "role": "Lead"} for name in groups[1:2]],
            "sites": [at(lab.site(1))],
        }
        self._lab = lab

    def hired(self) -> dict[str, Any]:
        """Somebody new who holds the old side, already synced."""
        record = staff(self._lab, **self.old)
        self._lab.accepted(record)
        self.check(record, *_TYPES)
        return record

    def check(self, record: dict[str, Any], *old: str, new: tuple[str, ...] = ()) -> None:
        """Broken unless the employee holds these types of the old and of the new side."""
        held = {kind: [] for kind in _TYPES} | {kind: list(self.old[kind]) for kind in old}
        for kind in new:
            held[kind] = held[kind] + self.new[kind]
        holds(
            self._lab,
            record,
            roles=held["roles"],
            groups={entry["groupName"]: entry.get("role") for entry in held["groups"]},
            sites={entry["id"]: entry.get("role") for entry in held["sites"]},
        )


# -- replace -----------------------------------------------------------------------------------------


@check("S2E-MODE-01")
def replace_sets_what_the_record_asks(lab: Lab) -> None:
    """Under replace the old roles, groups and sites are gone and the record's are there."""
    sides = _Sides(lab)
    record = sides.hired()
    lab.equal(lab.accepted(later(record, **sides.new, updateMode="replace"))["warnings"], [], "warnings")
    sides.check(record, new=_TYPES)


@check("S2E-MODE-01", "S2E-FIELD-16")
def replace_is_the_default(lab: Lab) -> None:
    """Without updateMode an update replaces, also after one that was additive."""
    sides = _Sides(lab)
    record = sides.hired()
    lab.accepted(later(record, **sides.new, updateMode="additive"))
    lab.accepted(later(record, **sides.new))
    sides.check(record, new=_TYPES)


@check("S2E-MODE-01", about=("omitted-assignments",))
def replace_with_nothing_clears(lab: Lab) -> None:
    """Empty arrays under replace leave nothing behind."""
    record = _Sides(lab).hired()
    lab.accepted(later(record, roles=[], groups=[], sites=[]))
    holds(lab, record, roles=[], groups={}, sites={})


@check("S2E-MODE-01")
def replace_with_the_unknown_clears(lab: Lab) -> None:
    """Under replace what is unknown is skipped, and the old assignments are gone all the same."""
    record = _Sides(lab).hired()
    role, group = unknown(lab, "role"), unknown(lab, "group")
    result = lab.accepted(later(record, roles=[role], groups=[{"groupName": group}], sites=[at(NO_SITE)]))
    expected = [messages.role_unknown(role), messages.group_unknown(group), messages.site_unknown(NO_SITE)]
    lab.equal(result["warnings"], expected, "warnings")
    holds(lab, record, roles=[], groups={}, sites={})


@check("S2E-MODE-01")
def replace_keeps_what_is_asked_again(lab: Lab) -> None:
    """Under replace an assignment that is asked for again is there once, with the new role or without one."""
    sides = _Sides(lab)
    record = sides.hired()
    for role in (lab.role(1), None):
        groups = [{"groupName": lab.group(0)} | ({} if role is None else {"role": "Chair"})]
        lab.accepted(later(record, roles=[lab.role(0)], groups=groups, sites=[at(lab.site(0), role)]))
        group_role = None if role is None else "Chair"
        holds(lab, record, roles=[lab.role(0)], groups={lab.group(0): group_role}, sites={lab.site(0): role})


@check("S2E-MODE-01")
def replace_touches_one_employee(lab: Lab) -> None:
    """Replacing somebody's assignments leaves those of everybody else alone."""
    sides = _Sides(lab)
    record, other = sides.hired(), sides.hired()
    lab.accepted(later(record, **sides.new))
    sides.check(other, *_TYPES)


@check("S2E-MODE-02")
def replace_takes_all_three_types(lab: Lab) -> None:
    """Under replace a type that the record leaves out is cleared, or kept, as reading omitted-assignments says."""
    kept = lab.readings["omitted-assignments"] == "kept"
    for given in _TYPES:
        sides = _Sides(lab)
        record = sides.hired()
        lab.accepted(later(record, **{given: sides.new[given]}, updateMode="replace"))
        rest = tuple(kind for kind in _TYPES if kind != given) if kept else ()
        sides.check(record, *rest, new=(given,))


@check("S2E-MODE-02")
def replace_with_two_types(lab: Lab) -> None:
    """With two types given, the third follows reading omitted-assignments as well."""
    kept = lab.readings["omitted-assignments"] == "kept"
    for left_out in _TYPES:
        sides = _Sides(lab)
        record = sides.hired()
        given = tuple(kind for kind in _TYPES if kind != left_out)
        lab.accepted(later(record, **{kind: sides.new[kind] for kind in given}))
        sides.check(record, *((left_out,) if kept else ()), new=given)


@check("S2E-MODE-02")
def replace_with_no_type_at_all(lab: Lab) -> None:
    """An update that names no assignments clears or keeps all of them, as the reading says."""
    kept = lab.readings["omitted-assignments"] == "kept"
    sides = _Sides(lab)
    record = sides.hired()
    lab.accepted(later(record, jobTitle="Lead"))
    sides.check(record, *(_TYPES if kept else ()))


# -- additive ----------------------------------------------------------------------------------------


@check("S2E-MODE-03")
def additive_adds(lab: Lab) -> None:
    """Under additive the record's roles, groups and sites join those that are there."""
    sides = _Sides(lab)
    record = sides.hired()
    lab.equal(lab.accepted(later(record, **sides.new, updateMode="additive"))["warnings"], [], "warnings")
    sides.check(record, *_TYPES, new=_TYPES)


@check("S2E-MODE-03")
def additive_adds_one_type(lab: Lab) -> None:
    """Under additive one type grows and the two others stay."""
    for given in _TYPES:
        sides = _Sides(lab)
        record = sides.hired()
        lab.accepted(later(record, **{given: sides.new[given]}, updateMode="additive"))
        sides.check(record, *_TYPES, new=(given,))


@check("S2E-MODE-03")
def additive_removes_nothing(lab: Lab) -> None:
    """Under additive empty arrays, types left out and unknown names remove nothing."""
    sides = _Sides(lab)
    record = sides.hired()
    unknowns = {
        "roles": [unknown(lab, "role")],
        "groups": [{"groupName": unknown(lab, "group")}],
        "sites": [at(NO_SITE)],
    }
    wish: dict[str, Any]
    for wish in ({}, {"roles": [], "groups": [], "sites": []}, unknowns):
        lab.accepted(later(record, **wish, updateMode="additive"))
        sides.check(record, *_TYPES)


@check("S2E-MODE-03")
def additive_for_somebody_new(lab: Lab) -> None:
    """Under additive somebody new gets what the record asks for."""
    sides = _Sides(lab)
    record = staff(lab, **sides.old, updateMode="additive")
    lab.equal(lab.accepted(record)["status"], "CREATED", "status")
    sides.check(record, *_TYPES)


@check("S2E-MODE-03")
def additive_on_what_is_there(lab: Lab) -> None:
    """Under additive an assignment that is there keeps its role, or takes the new one, as the reading says."""
    needs_control(lab, "a role in a group or at a site")
    sides = _Sides(lab)
    record = sides.hired()
    groups = [{"groupName": lab.group(0), "role": "Chair"}]
    lab.accepted(later(record, groups=groups, sites=[at(lab.site(0), lab.role(1))], updateMode="additive"))
    updated = lab.readings["additive-existing"] == "updated"
    group_role, site_role = ("Chair", lab.role(1)) if updated else ("Member", lab.role(0))
    holds(lab, record, groups={lab.group(0): group_role}, sites={lab.site(0): site_role}, roles=[lab.role(0)])


@check("S2E-MODE-03")
def additive_gives_a_first_role(lab: Lab) -> None:
    """Where an assignment has no role yet, additive leaves it so, or gives the role, as the reading says."""
    needs_control(lab, "a role in a group or at a site")
    record = staff(lab, groups=[{"groupName": lab.group()}], sites=[at(lab.site())])
    lab.accepted(record)
    groups = [{"groupName": lab.group(), "role": "Chair"}]
    lab.accepted(later(record, groups=groups, sites=[at(lab.site(), lab.role())], updateMode="additive"))
    updated = lab.readings["additive-existing"] == "updated"
    held = ("Chair", lab.role()) if updated else (None, None)
    holds(lab, record, groups={lab.group(): held[0]}, sites={lab.site(): held[1]})


@check("S2E-MODE-03")
def additive_without_a_known_role(lab: Lab) -> None:
    """Under additive an entry without a role, or with an unknown one, takes no role away under either reading."""
    sides = _Sides(lab)
    record = sides.hired()
    name = unknown(lab, "role")
    for sites, warnings in (([at(lab.site(0))], []), ([at(lab.site(0), name)], [messages.role_unknown(name)])):
        update = later(record, groups=[{"groupName": lab.group(0)}], sites=sites, updateMode="additive")
        lab.equal(lab.accepted(update)["warnings"], warnings, "warnings")
        sides.check(record, *_TYPES)


@check("S2E-MODE-03")
def additive_is_for_assignments_only(lab: Lab) -> None:
    """The mode concerns assignments: other fields are set under additive as under replace."""
    record = staff(lab, supervisor={"name": "Before", "email": "before@example.com"}, displayName="Before")
    lab.accepted(record)
    lab.accepted(later(record, displayName="After", supervisor={"name": "After"}, updateMode="additive"))
    user = account_of(lab, record)
    shown = (user["name"], user["supervisorName"], user["supervisorEmail"])
    lab.equal(shown, ("After", "After", None), "name and supervisor after an additive update")


@check("S2E-MODE-04")
def additive_twice_is_as_once(lab: Lab) -> None:
    """The same additive record again changes nothing and doubles nothing."""
    sides = _Sides(lab)
    record = sides.hired()
    update = later(record, **sides.new, updateMode="additive")
    lab.accepted(update)
    before = lab.everything()
    for _ in range(2):
        lab.equal(lab.accepted(update)["warnings"], [], "warnings")
        lab.equal(lab.everything(), before, "state after the same additive record")
    sides.check(record, *_TYPES, new=_TYPES)


@check("S2E-MODE-02", "S2E-SM-03")
def only_sites_left_out_carry_a_site_manager_over(lab: Lab) -> None:
    """A site-level site_manager needs the role where its site is asked for, or carried over by leaving sites out."""
    if MANAGER not in lab.organization().roles:
        raise NotObservable("the organization has no role site_manager")
    updates: tuple[tuple[dict[str, Any], dict[str, str | None]], ...] = (
        ({"sites": [at(lab.site(1))]}, {lab.site(1): None}),
        ({"sites": []}, {}),
        ({"updateMode": "additive"}, {lab.site(0): MANAGER}),
        ({"sites": [at(lab.site(1))], "updateMode": "additive"}, {lab.site(0): MANAGER, lab.site(1): None}),
    )
    for fields, sites in updates:
        record = staff(lab, roles=[MANAGER], sites=[at(lab.site(0), MANAGER)])
        lab.accepted(record)
        lab.accepted(later(record, roles=[lab.role()], **fields))
        additive = "updateMode" in fields
        holds(lab, record, roles=[MANAGER, lab.role()] if additive else [lab.role()], sites=sites)
