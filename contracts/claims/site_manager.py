"""The site_manager rules: a site for the role, the role for the site, and never one without the other."""

from __future__ import annotations

from typing import Any

from contracts import messages
from contracts.checks import NotObservable, check
from contracts.holdings import MANAGER, NO_SITE, account_of, at, holds, later, staff
from contracts.lab import Lab
from contracts.shuffle import pick

# So many syncs go into the search for a site_manager without a site.
_STEPS = 60


def _needs_manager(lab: Lab) -> None:
    if MANAGER not in lab.organization().roles:
        raise NotObservable("the organization has no role site_manager")


def _manager(lab: Lab, **fields: Any) -> dict[str, Any]:
    """Somebody new who is site_manager at a site, already synced."""
    _needs_manager(lab)
    record = staff(lab, **{"roles": [MANAGER], "sites": [at(lab.site(0), MANAGER)], **fields})
    lab.accepted(record)
    holds(lab, record, roles=[MANAGER], sites={lab.site(0): record["sites"][0].get("role")})
    return record


# -- accepted ----------------------------------------------------------------------------------------


@check("S2E-SM-01")
def manager_with_a_site(lab: Lab) -> None:
    """The role site_manager is assigned together with a site, in either mode, with a site-level role or none."""
    _needs_manager(lab)
    for mode in ("replace", "additive"):
        for role in (None, MANAGER, lab.role()):
            record = staff(lab, roles=[lab.role(), MANAGER], sites=[at(lab.site(), role)], updateMode=mode)
            lab.equal(lab.accepted(record)["warnings"], [], "warnings of a site_manager with a site")
            holds(lab, record, roles=[lab.role(), MANAGER], sites={lab.site(): role})


@check("S2E-SM-01")
def manager_of_several_sites(lab: Lab) -> None:
    """A site_manager may have several sites with different site-level roles."""
    _needs_manager(lab)
    record = staff(lab, roles=[MANAGER], sites=[at(lab.site(0), MANAGER), at(lab.site(1), lab.role())])
    lab.accepted(record)
    holds(lab, record, roles=[MANAGER], sites={lab.site(0): MANAGER, lab.site(1): lab.role()})


@check("S2E-SM-01")
def manager_can_step_down(lab: Lab) -> None:
    """A site_manager loses the role, or moves to another site, with a replace that says so."""
    record = _manager(lab)
    lab.accepted(later(record, roles=[MANAGER], sites=[at(lab.site(1))]))
    holds(lab, record, roles=[MANAGER], sites={lab.site(1): None})
    lab.accepted(later(record, roles=[lab.role()], sites=[at(lab.site(1))]))
    holds(lab, record, roles=[lab.role()], sites={lab.site(1): None})
    lab.accepted(later(record, roles=[], sites=[]))
    holds(lab, record, roles=[], sites={})


@check("S2E-SM-01")
def one_known_site_is_enough(lab: Lab) -> None:
    """One known site among unknown ones is enough for a site_manager; the unknown ones are warnings."""
    _needs_manager(lab)
    for mode in ("replace", "additive"):
        record = staff(lab, roles=[MANAGER], sites=[at(NO_SITE, MANAGER), at(lab.site())], updateMode=mode)
        lab.equal(lab.accepted(record)["warnings"], [messages.site_unknown(NO_SITE)], "warnings")
        holds(lab, record, roles=[MANAGER], sites={lab.site(): None})


# -- no site asked for -------------------------------------------------------------------------------


@check("S2E-SM-02")
def new_manager_without_sites(lab: Lab) -> None:
    """Somebody new who asks for site_manager without a site is refused, in either mode."""
    for mode in ("replace", "additive"):
        sites: Any
        for sites in (..., []):
            for roles in ([MANAGER], [lab.role(), MANAGER]):
                record = staff(lab, roles=roles, sites=sites, updateMode=mode)
                lab.refused(record, messages.MANAGER_ASKS_NO_SITE)


@check("S2E-SM-02")
def replace_asks_for_sites_again(lab: Lab) -> None:
    """Under replace a record that asks for site_manager must name a site, whatever sites the employee has."""
    record = _manager(lab)
    sites: dict[str, Any]
    for sites in ({}, {"sites": []}):
        for mode in ({}, {"updateMode": "replace"}):
            lab.refused(later(record, roles=[MANAGER], **sites, **mode), messages.MANAGER_ASKS_NO_SITE)
    holds(lab, record, roles=[MANAGER], sites={lab.site(): MANAGER})


@check("S2E-SM-02", about=("role-case",))
def manager_in_other_letters(lab: Lab) -> None:
    """SITE_MANAGER is the same role for this rule, or an unknown one, as reading role-case says."""
    name = MANAGER.upper()
    if name in lab.organization().roles:
        raise NotObservable(f"the organization has a role {name} of its own")
    record = staff(lab, roles=[name])
    if lab.readings["role-case"] == "insensitive":
        lab.refused(record, messages.MANAGER_ASKS_NO_SITE)
    else:
        lab.equal(lab.accepted(record)["warnings"], [messages.role_unknown(name)], "warnings")
        holds(lab, record, roles=[])


@check("S2E-SM-02", "S2E-SM-03")
def rules_without_the_role(lab: Lab) -> None:
    """An organization that has no role site_manager still refuses what the first two rules refuse."""
    organization = f"/scan2evolve/organizations/{lab.organization().organization_id}"
    for role in lab.space.control("GET", f"{organization}/roles?limit=1000")["items"]:
        if role["name"].casefold() == MANAGER:
            lab.space.control("DELETE", f"{organization}/roles/{role['id']}")
    lab.refused(staff(lab, roles=[MANAGER]), messages.MANAGER_ASKS_NO_SITE)
    lab.refused(staff(lab, sites=[at(lab.site(), MANAGER)]), messages.SITE_LEVEL_WITHOUT_ROLE)
    record = staff(lab, roles=[MANAGER], sites=[at(NO_SITE)])
    expected = [messages.role_unknown(MANAGER), messages.site_unknown(NO_SITE)]
    lab.equal(lab.accepted(record)["warnings"], expected, "warnings where there is no role site_manager")
    holds(lab, record, roles=[], sites={})


@check("S2E-SM-06")
def additive_with_existing_sites(lab: Lab) -> None:
    """Under additive, whether existing sites are enough is for reading additive-existing-sites to say."""
    _needs_manager(lab)
    effective = lab.readings["additive-existing-sites"] == "effective"
    sites: dict[str, Any]
    for sites in ({}, {"sites": []}):
        record = staff(lab, roles=[lab.role()], sites=[at(lab.site())])
        lab.accepted(record)
        update = later(record, roles=[MANAGER], updateMode="additive", **sites)
        if effective:
            lab.equal(lab.accepted(update)["warnings"], [], "warnings")
        else:
            lab.refused(update, messages.MANAGER_ASKS_NO_SITE)
        holds(lab, record, roles=[lab.role(), *([MANAGER] if effective else [])], sites={lab.site(): None})


@check("S2E-SM-06")
def additive_manager_asks_again(lab: Lab) -> None:
    """Under additive a site_manager who asks for the role again follows the same reading."""
    record = _manager(lab)
    update = later(record, roles=[MANAGER], updateMode="additive")
    if lab.readings["additive-existing-sites"] == "effective":
        lab.equal(lab.accepted(update)["warnings"], [], "warnings")
    else:
        lab.refused(update, messages.MANAGER_ASKS_NO_SITE)
    holds(lab, record, roles=[MANAGER], sites={lab.site(): MANAGER})


@check("S2E-SM-06")
def additive_without_any_site(lab: Lab) -> None:
    """Under additive a known employee who has no site cannot become site_manager without one."""
    record = staff(lab, roles=[lab.role()])
    lab.accepted(record)
    lab.refused(later(record, roles=[MANAGER], updateMode="additive"), messages.MANAGER_ASKS_NO_SITE)


@check("S2E-SM-06")
def additive_with_an_unknown_site(lab: Lab) -> None:
    """Under additive an unknown site is asked for, so the existing one keeps the result good."""
    _needs_manager(lab)
    record = staff(lab, sites=[at(lab.site())])
    lab.accepted(record)
    update = later(record, roles=[MANAGER], sites=[at(NO_SITE)], updateMode="additive")
    lab.equal(lab.accepted(update)["warnings"], [messages.site_unknown(NO_SITE)], "warnings")
    holds(lab, record, roles=[MANAGER], sites={lab.site(): None})


# -- the role at a site ------------------------------------------------------------------------------


@check("S2E-SM-03")
def site_level_needs_the_role(lab: Lab) -> None:
    """Site-level site_manager without the role in the roles array is refused, in either mode."""
    for mode in ("replace", "additive"):
        for roles in (..., [], [lab.role()]):
            for sites in ([at(lab.site(), MANAGER)], [at(lab.site(1)), at(lab.site(0), MANAGER)]):
                record = staff(lab, roles=roles, sites=sites, updateMode=mode)
                lab.refused(record, messages.SITE_LEVEL_WITHOUT_ROLE)


@check("S2E-SM-03")
def unknown_site_needs_the_role_too(lab: Lab) -> None:
    """The rule looks at what is asked: an unknown site, or an entry that a later one overrides, breaks it too."""
    for mode in ("replace", "additive"):
        for sites in ([at(NO_SITE, MANAGER)], [at(lab.site(), MANAGER), at(lab.site(), lab.role())]):
            lab.refused(staff(lab, sites=sites, updateMode=mode), messages.SITE_LEVEL_WITHOUT_ROLE)


@check("S2E-SM-03")
def replace_counts_the_records_roles(lab: Lab) -> None:
    """Under replace the record's own roles count, not those that the employee had."""
    record = _manager(lab)
    for roles in ([], [lab.role()]):
        update = later(record, roles=roles, sites=[at(lab.site(), MANAGER)])
        lab.refused(update, messages.SITE_LEVEL_WITHOUT_ROLE)


@check("S2E-SM-03", "S2E-MODE-02")
def replace_without_roles(lab: Lab) -> None:
    """Under replace with roles left out, carried-over roles count where the reading carries them over."""
    record = _manager(lab)
    update = later(record, sites=[at(lab.site(1), MANAGER)])
    if lab.readings["omitted-assignments"] == "kept":
        lab.accepted(update)
        holds(lab, record, roles=[MANAGER], sites={lab.site(1): MANAGER})
    else:
        lab.refused(update, messages.SITE_LEVEL_WITHOUT_ROLE)


@check("S2E-SM-03", "S2E-MODE-02")
def replace_without_sites(lab: Lab) -> None:
    """Under replace with sites left out, a carried-over site-level site_manager needs the role as well."""
    record = _manager(lab)
    update = later(record, roles=[lab.role()])
    if lab.readings["omitted-assignments"] == "kept":
        lab.refused(update, messages.SITE_LEVEL_WITHOUT_ROLE)
    else:
        lab.accepted(update)
        holds(lab, record, roles=[lab.role()], sites={})


@check("S2E-SM-03")
def additive_counts_roles(lab: Lab) -> None:
    """Under additive, whether the roles that are there count is for reading additive-site-manager to say."""
    effective = lab.readings["additive-site-manager"] == "effective"
    roles: dict[str, Any]
    for roles in ({}, {"roles": []}, {"roles": [lab.role()]}):
        record = _manager(lab)
        update = later(record, sites=[at(lab.site(1), MANAGER)], updateMode="additive", **roles)
        if effective:
            lab.accepted(update)
            added = [*roles.get("roles", []), MANAGER]
            holds(lab, record, roles=added, sites={lab.site(0): MANAGER, lab.site(1): MANAGER})
        else:
            lab.refused(update, messages.SITE_LEVEL_WITHOUT_ROLE)


@check("S2E-SM-03")
def additive_with_the_role_in_the_record(lab: Lab) -> None:
    """Under additive a record that names both the role and the site is accepted under every reading."""
    _needs_manager(lab)
    record = staff(lab, roles=[lab.role()], sites=[at(lab.site(0))])
    lab.accepted(record)
    lab.accepted(later(record, roles=[MANAGER], sites=[at(lab.site(1), MANAGER)], updateMode="additive"))
    holds(lab, record, roles=[lab.role(), MANAGER], sites={lab.site(0): None, lab.site(1): MANAGER})


@check("S2E-SM-03")
def other_site_roles_need_nothing(lab: Lab) -> None:
    """A site-level role that is not site_manager needs nothing in the roles array."""
    record = staff(lab, sites=[at(lab.site(), lab.role())])
    lab.equal(lab.accepted(record)["warnings"], [], "warnings")
    holds(lab, record, roles=[], sites={lab.site(): lab.role()})


# -- no site left ------------------------------------------------------------------------------------


@check("S2E-SM-04")
def only_unknown_sites(lab: Lab) -> None:
    """A site_manager whose every site is unknown would be left without one, and is refused in either mode."""
    _needs_manager(lab)
    other = "00000000-0000-4000-8000-00000000000e"
    for mode in ("replace", "additive"):
        for sites in ([at(NO_SITE)], [at(NO_SITE, MANAGER), at(other)]):
            record = staff(lab, roles=[MANAGER], sites=sites, updateMode=mode)
            lab.refused(record, messages.MANAGER_LEFT_WITHOUT_SITE)


@check("S2E-SM-04")
def replace_by_unknown_sites(lab: Lab) -> None:
    """Under replace existing sites do not help a site_manager whose new ones are unknown."""
    record = _manager(lab)
    for mode in ({}, {"updateMode": "replace"}):
        update = later(record, roles=[MANAGER], sites=[at(NO_SITE)], **mode)
        lab.refused(update, messages.MANAGER_LEFT_WITHOUT_SITE)
    holds(lab, record, roles=[MANAGER], sites={lab.site(): MANAGER})


@check("S2E-SM-04", "S2E-SITE-03")
def site_elsewhere_does_not_help(lab: Lab) -> None:
    """Another organization's site is no site for a site_manager."""
    _needs_manager(lab)
    record = staff(lab, roles=[MANAGER], sites=[at(lab.site(0, org=1))])
    lab.refused(record, messages.MANAGER_LEFT_WITHOUT_SITE)


@check("S2E-SM-04", "S2E-MODE-02")
def carried_over_manager_loses_sites(lab: Lab) -> None:
    """Under replace with roles left out, a carried-over site_manager must keep a site too."""
    for sites in ([], [at(NO_SITE)]):
        record = _manager(lab)
        update = later(record, sites=sites)
        if lab.readings["omitted-assignments"] == "kept":
            lab.refused(update, messages.MANAGER_LEFT_WITHOUT_SITE)
        else:
            lab.accepted(update)
            holds(lab, record, roles=[], sites={})


# -- whatever happens --------------------------------------------------------------------------------


@check("S2E-SM-05")
def no_manager_is_left_without_site(lab: Lab) -> None:
    """However syncs are mixed, nobody is ever seen with the role site_manager and no site."""
    _needs_manager(lab)
    people = [staff(lab) for _ in range(3)]
    lab.sync(*people)
    roles: tuple[Any, ...] = (..., [], [MANAGER], [lab.role()], [lab.role(), MANAGER])
    sites: tuple[Any, ...] = (
        *(..., [], [at(NO_SITE)], [at(lab.site(0))], [at(lab.site(1), MANAGER)]),
        [at(NO_SITE, MANAGER), at(lab.site(0), MANAGER)],
    )
    others: tuple[dict[str, Any], ...] = ({}, {}, {}, {"status": "INACTIVE"}, {"status": "ACTIVE"})
    for step in range(_STEPS):
        update = later(
            pick(people, f"{lab.prefix} who", step),
            roles=pick(roles, f"{lab.prefix} roles", step),
            sites=pick(sites, f"{lab.prefix} sites", step),
            updateMode=pick(("replace", "additive"), f"{lab.prefix} mode", step),
            **pick(others, f"{lab.prefix} status", step),
        )
        lab.sync({key: value for key, value in update.items() if value is not ...})
        for person in people:
            user = account_of(lab, person)
            held = MANAGER in user["roles"]
            lab.true(not held or bool(user["sites"]), f"{person['externalEmployeeId']} is site_manager with a site")


@check("S2E-SM-05")
def no_two_records_leave_one(lab: Lab) -> None:
    """Two records of one batch cannot take the site away from a site_manager in two steps."""
    record = _manager(lab)
    body = lab.sync(later(record, roles=[MANAGER], sites=[]), staff(lab), later(record, roles=[MANAGER]))
    lab.equal(len(body["errors"]), 2, "number of errors")
    holds(lab, record, roles=[MANAGER], sites={lab.site(): MANAGER})


@check("S2E-SM-07")
def refusal_changes_nothing(lab: Lab) -> None:
    """A record that a site_manager rule refuses changes no field, account or assignment of somebody known."""
    record = staff(
        lab,
        displayName="Before",
        supervisor={"name": "Before"},
        roles=[lab.role()],
        groups=[{"groupName": lab.group(), "role": "Member"}],
        sites=[at(lab.site(0), lab.role())],
    )
    lab.accepted(record)
    change = {
        "displayName": "After",
        "email": lab.new_email(),
        "supervisor": {"name": "After"},
        "groups": [],
        "userAccount": {"username": f"{lab.prefix}-new", "forcePasswordReset": True, "sendWelcomeEmail": True},
    }
    for wish, message in (
        ({"roles": [MANAGER], "sites": []}, messages.MANAGER_ASKS_NO_SITE),
        ({"roles": [], "sites": [at(lab.site(1), MANAGER)]}, messages.SITE_LEVEL_WITHOUT_ROLE),
        ({"roles": [MANAGER], "sites": [at(NO_SITE)]}, messages.MANAGER_LEFT_WITHOUT_SITE),
    ):
        lab.refused(record | change | wish, message)
        user = account_of(lab, record)
        shown = (user["name"], user["supervisorName"], user["email"])
        lab.equal(shown, ("Before", "Before", record["email"]), "user after a refused record")
    holds(
        lab,
        record,
        roles=[lab.role()],
        groups={lab.group(): "Member"},
        sites={lab.site(0): lab.role()},
    )


@check("S2E-SM-07")
def refusal_makes_nobody(lab: Lab) -> None:
    """Somebody new whom a site_manager rule refuses is not there: no user, no employee, and the id is still new."""
    for wish, message in (
        ({"roles": [MANAGER]}, messages.MANAGER_ASKS_NO_SITE),
        ({"sites": [at(lab.site(), MANAGER)]}, messages.SITE_LEVEL_WITHOUT_ROLE),
        ({"roles": [MANAGER], "sites": [at(NO_SITE)]}, messages.MANAGER_LEFT_WITHOUT_SITE),
    ):
        record = staff(lab, **wish)
        lab.refused(record, message)
        lab.equal(lab.user_of(record["externalEmployeeId"]), None, "user of somebody who was refused")
        lab.equal(lab.accepted(record | {"roles": [], "sites": []})["status"], "CREATED", "status of the mended record")
