"""Assignments: how roles, groups and sites are named, and what becomes of those that are not there."""

from __future__ import annotations

from contracts import messages
from contracts.checks import NotObservable, check
from contracts.holdings import MANAGER, NO_SITE, NO_UUID, account_of, at, holds, later, staff, unknown
from contracts.lab import Lab


def _other_case(lab: Lab) -> tuple[str, str]:
    """A role of the organization, and its name in other letters, which no other role has."""
    roles = lab.organization().roles
    for role in roles:
        for name in (role.upper(), role.lower(), role.swapcase()):
            if role.casefold() != MANAGER and name not in roles:
                return role, name
    raise NotObservable("no role of the organization can be written in other letters")


def _external(lab: Lab) -> tuple[str, str]:
    """(name, external id) of a group that has one."""
    key = lab.external_group()
    return next(name for name, external in lab.organization().groups if external == key), key


# -- roles -------------------------------------------------------------------------------------------


@check("S2E-ROLE-01")
def known_roles_are_assigned(lab: Lab) -> None:
    """Every role that the organization has can be assigned, one or several, without a warning."""
    names = [role for role in lab.organization().roles if role.casefold() != MANAGER]
    for roles in ([lab.role()], names):
        record = staff(lab, roles=roles)
        lab.equal(lab.accepted(record)["warnings"], [], f"warnings for {roles}")
        holds(lab, record, roles=roles, sites={})


@check("S2E-ROLE-01")
def repeated_role_is_one(lab: Lab) -> None:
    """A role that comes twice in a record is assigned once."""
    for mode in ("replace", "additive"):
        record = staff(lab, roles=[lab.role(), lab.role()], updateMode=mode)
        lab.equal(lab.accepted(record)["warnings"], [], "warnings for a role given twice")
        holds(lab, record, roles=[lab.role()])


@check("S2E-ROLE-01")
def roles_are_the_employees_own(lab: Lab) -> None:
    """Roles of one record do not rub off on the next one of the batch."""
    first, second = staff(lab, roles=[lab.role()]), staff(lab)
    lab.sync(first, second)
    holds(lab, first, roles=[lab.role()])
    holds(lab, second, roles=[])


@check("S2E-ROLE-02")
def unknown_role_is_a_warning(lab: Lab) -> None:
    """An unknown role is named in a warning and skipped; the known ones and all else are stored."""
    name = unknown(lab, "role")
    for mode in ("replace", "additive"):
        record = staff(lab, roles=[name, lab.role()], sites=[at(lab.site())], updateMode=mode)
        for status in ("CREATED", "UPDATED"):
            result = lab.accepted(record)
            shown = (result["status"], result["warnings"])
            lab.equal(shown, (status, [messages.role_unknown(name)]), "status and warnings")
            holds(lab, record, roles=[lab.role()], sites={lab.site(): None})


@check("S2E-ROLE-02")
def unknown_roles_alone(lab: Lab) -> None:
    """A record of unknown roles alone is accepted: a warning each, and no role."""
    names = [unknown(lab, "one"), unknown(lab, "two")]
    record = staff(lab, roles=names)
    result = lab.accepted(record)
    lab.equal(result["warnings"], [messages.role_unknown(name) for name in names], "warnings")
    holds(lab, record, roles=[])


@check("S2E-ROLE-02")
def warning_names_the_role_as_given(lab: Lab) -> None:
    """A warning repeats the name letter for letter, quotes, braces and spaces included; a blank one too."""
    for name in (f"{lab.prefix} 'x' {{0}} \u00c9", f" {lab.role()}-x ", "", " "):
        result = lab.accepted(lab.person(roles=[name]))
        lab.equal(result["warnings"], [messages.role_unknown(name)], "warnings")


@check("S2E-ROLE-03")
def common_roles_exist(lab: Lab) -> None:
    """The four common roles of the vendor's page can be assigned as they are spelled there."""
    roles = ["site_manager", "FIELD_TECH", "inspector", "admin"]
    record = staff(lab, roles=roles, sites=[at(lab.site())])
    lab.equal(lab.accepted(record)["warnings"], [], "warnings for the common roles")
    holds(lab, record, roles=roles, sites={lab.site(): None})


@check("S2E-ROLE-04")
def roles_in_other_letters(lab: Lab) -> None:
    """A role in other letters is the same, under its own spelling, or an unknown one, as reading role-case says."""
    role, name = _other_case(lab)
    record = staff(lab, roles=[name], sites=[at(lab.site(), name)])
    warnings = lab.accepted(record)["warnings"]
    if lab.readings["role-case"] == "insensitive":
        lab.equal(warnings, [], "warnings for a role in other letters")
        holds(lab, record, roles=[role], sites={lab.site(): role})
    else:
        lab.equal(warnings, [messages.role_unknown(name)], "warnings for a role in other letters")
        holds(lab, record, roles=[], sites={lab.site(): None})


@check("S2E-ROLE-02", "S2E-GROUP-03")
def names_are_taken_as_they_are(lab: Lab) -> None:
    """A role with a space before or behind it, and an external id in other letters, are other names, and unknown."""
    roles = [f" {lab.role()}", f"{lab.role()} "]
    external = {key for _, key in lab.organization().groups}
    group = lab.external_group().swapcase()
    if group in external or not external.isdisjoint({f" {lab.external_group()}"}):
        raise NotObservable("the organization has groups whose external ids differ in letters or spaces alone")
    groups = [group, f" {lab.external_group()}"]
    record = staff(lab, roles=roles, groups=[{"externalGroupId": key} for key in groups])
    expected = [*map(messages.role_unknown, roles), *map(messages.group_unknown, groups)]
    lab.equal(lab.accepted(record)["warnings"], expected, "warnings for names with spaces or in other letters")
    holds(lab, record, roles=[])


@check("S2E-ROLE-04")
def first_example_of_the_vendor(lab: Lab) -> None:
    """The introduction's first sync, which asks for INSPECTOR, is accepted; a warning comes under `exact` alone."""
    if "inspector" not in lab.organization().roles or "INSPECTOR" in lab.organization().roles:
        raise NotObservable("the organization has no role inspector, or one that is spelled INSPECTOR")
    account = {"username": f"{lab.prefix}-john.doe", "forcePasswordReset": True, "sendWelcomeEmail": lab.controlled}
    record = lab.person(status="ACTIVE", firstName="John", lastName="Doe", roles=["INSPECTOR"], userAccount=account)
    result = lab.accepted(record)
    exact = lab.readings["role-case"] == "exact"
    expected = [messages.role_unknown("INSPECTOR")] if exact else []
    lab.equal((result["status"], result["warnings"]), ("CREATED", expected), "status and warnings")
    lab.equal(result["userId"], account_of(lab, record)["id"], "userId")
    holds(lab, record, roles=[] if exact else ["inspector"])


@check("S2E-ROLE-04")
def unknown_names_in_other_letters(lab: Lab) -> None:
    """Two unknown names that differ in case are two warnings under either reading."""
    name = unknown(lab, "Role")
    result = lab.accepted(lab.person(roles=[name, name.upper(), name]))
    expected = [messages.role_unknown(name), messages.role_unknown(name.upper())]
    lab.equal(result["warnings"], expected, "warnings")


# -- groups ------------------------------------------------------------------------------------------


@check("S2E-GROUP-01")
def group_by_name(lab: Lab) -> None:
    """A group is found by its name."""
    record = staff(lab, groups=[{"groupName": lab.group()}])
    lab.equal(lab.accepted(record)["warnings"], [], "warnings for a known group")
    if lab.sees("groups"):
        holds(lab, record, groups={lab.group(): None})


@check("S2E-GROUP-01")
def group_by_external_id(lab: Lab) -> None:
    """A group is found by its external id."""
    name, key = _external(lab)
    record = staff(lab, groups=[{"externalGroupId": key}])
    lab.equal(lab.accepted(record)["warnings"], [], "warnings for a known group")
    if lab.sees("groups"):
        holds(lab, record, groups={name: None})


@check("S2E-GROUP-01")
def name_and_external_id_are_different(lab: Lab) -> None:
    """An external id is no name and a name is no external id."""
    name, key = _external(lab)
    entries = [{"groupName": key}, {"externalGroupId": name}]
    result = lab.accepted(lab.person(groups=entries))
    expected = [messages.group_unknown(key), messages.group_unknown(name)]
    lab.equal(result["warnings"], expected, "warnings for names in the wrong place")


@check("S2E-GROUP-02")
def external_id_decides(lab: Lab) -> None:
    """Of both keys the external id decides and is the one that a warning names; a blank one counts as absent."""
    name, key = _external(lab)
    missing = unknown(lab, "group")
    for entry, expected in (
        ({"groupName": missing, "externalGroupId": key}, []),
        ({"groupName": name, "externalGroupId": missing}, [messages.group_unknown(missing)]),
        ({"groupName": name, "externalGroupId": " "}, []),
        ({"groupName": "", "externalGroupId": key}, []),
    ):
        record = staff(lab, groups=[entry])
        lab.equal(lab.accepted(record)["warnings"], expected, f"warnings for {sorted(entry.items())}")
        if lab.sees("groups"):
            holds(lab, record, groups={} if expected else {name: None})


@check("S2E-GROUP-02")
def group_needs_a_key(lab: Lab) -> None:
    """An entry without a usable key is a record error, at any place among good entries."""
    good = {"groupName": lab.group()}
    for entry in ({}, {"role": "Lead"}, {"groupName": ""}, {"groupName": " ", "externalGroupId": "\t"}):
        for groups in ([entry], [good, entry], [entry, good]):
            lab.refused(staff(lab, groups=groups), messages.GROUP_UNNAMED)


@check("S2E-GROUP-02")
def group_names_match_exactly(lab: Lab) -> None:
    """A group's name in other letters or with spaces is unknown."""
    names = {lab.group().swapcase(), f" {lab.group()}", f"{lab.group()} "} - {
        name for name, _ in lab.organization().groups
    }
    for name in sorted(names):
        result = lab.accepted(lab.person(groups=[{"groupName": name}]))
        lab.equal(result["warnings"], [messages.group_unknown(name)], "warnings")


@check("S2E-GROUP-02")
def group_key_when_somebody_left(lab: Lab) -> None:
    """An entry without a key is an error for somebody INACTIVE or TERMINATED as well."""
    for status in ("INACTIVE", "TERMINATED"):
        lab.refused(lab.person(status=status, groups=[{"role": "Lead"}]), messages.GROUP_UNNAMED)


@check("S2E-GROUP-03")
def unknown_group_is_a_warning(lab: Lab) -> None:
    """An unknown group is named in a warning and skipped; the known one and all else are stored."""
    for key in ("groupName", "externalGroupId"):
        name = unknown(lab, key)
        for mode in ("replace", "additive"):
            groups = [{key: name, "role": "Lead"}, {"groupName": lab.group()}]
            record = staff(lab, groups=groups, roles=[lab.role()], updateMode=mode)
            lab.equal(lab.accepted(record)["warnings"], [messages.group_unknown(name)], "warnings")
            holds(lab, record, roles=[lab.role()], groups={lab.group(): None})


@check("S2E-GROUP-04")
def group_role_is_kept(lab: Lab) -> None:
    """A member's role in a group is free text and kept as given; without one there is none."""
    for role in ("Member", "  Team \u5317 Lead ", "", " ", None):
        entry = {"groupName": lab.group()} | ({} if role is None else {"role": role})
        record = staff(lab, groups=[entry])
        lab.equal(lab.accepted(record)["warnings"], [], "warnings for a group with a role")
        holds(lab, record, groups={lab.group(): role})


@check("S2E-GROUP-04")
def group_role_can_change(lab: Lab) -> None:
    """Under replace a group takes the role of the last record, or loses it."""
    record = staff(lab, groups=[{"groupName": lab.group(), "role": "Member"}])
    lab.accepted(record)
    for role in ("Lead", None):
        entry = {"groupName": lab.group()} | ({} if role is None else {"role": role})
        lab.accepted(later(record, groups=[entry]))
        holds(lab, record, groups={lab.group(): role})


@check("S2E-GROUP-02")
def repeated_group_is_one(lab: Lab) -> None:
    """A group that comes twice, by either key, is one assignment: the last entry counts, with its role or without."""
    name, key = _external(lab)
    first = {"groupName": name, "role": "Member"}
    for last, role in (({"externalGroupId": key, "role": "Lead"}, "Lead"), ({"externalGroupId": key}, None)):
        record = staff(lab, groups=[first, last])
        lab.equal(lab.accepted(record)["warnings"], [], "warnings for a group given twice")
        holds(lab, record, groups={name: role})


# -- sites -------------------------------------------------------------------------------------------


@check("S2E-SITE-01")
def sites_are_assigned(lab: Lab) -> None:
    """Sites are assigned by their id, one or several, without a warning."""
    for sites in ([lab.site(0)], [lab.site(1), lab.site(0)]):
        record = staff(lab, sites=[at(site) for site in sites])
        lab.equal(lab.accepted(record)["warnings"], [], "warnings for known sites")
        holds(lab, record, roles=[], sites=dict.fromkeys(sites))


@check("S2E-SITE-01")
def site_needs_an_id(lab: Lab) -> None:
    """An entry without a usable id is a record error, at any place and under every status."""
    for entry in ({}, {"role": lab.role()}, {"id": ""}, {"id": "  "}, {"siteCode": "MAIN"}):
        for sites in ([entry], [at(lab.site()), entry], [entry, at(NO_SITE)]):
            lab.refused(staff(lab, sites=sites), messages.SITE_UNNAMED)
    lab.refused(lab.person(status="INACTIVE", sites=[{}]), messages.SITE_UNNAMED)


@check("S2E-SITE-01", about=("malformed-site-id",))
def site_ids_have_no_case(lab: Lab) -> None:
    """A site's UUID is the same in other letters, and two spellings in a record are one assignment."""
    site = lab.site()
    record = staff(lab, sites=[at(site.upper()), at(site.lower())])
    lab.equal(lab.accepted(record)["warnings"], [], "warnings for a site in other letters")
    holds(lab, record, sites={site: None})


@check("S2E-SITE-02")
def unknown_site_is_a_warning(lab: Lab) -> None:
    """An unknown site is named in a warning and skipped; the known one and all else are stored."""
    for mode in ("replace", "additive"):
        record = staff(lab, sites=[at(NO_SITE), at(lab.site())], roles=[lab.role()], updateMode=mode)
        for status in ("CREATED", "UPDATED"):
            result = lab.accepted(record)
            shown = (result["status"], result["warnings"])
            lab.equal(shown, (status, [messages.site_unknown(NO_SITE)]), "status and warnings")
            holds(lab, record, roles=[lab.role()], sites={lab.site(): None})


@check("S2E-SITE-02")
def malformed_site_id(lab: Lab) -> None:
    """An id that is no UUID is unknown, or an error, as reading malformed-site-id says."""
    urn = f"urn:uuid:{lab.site()}"
    for name in (NO_UUID, f"{lab.site()}0", lab.site().replace("-", ""), f" {lab.site()}", f"{{{lab.site()}}}", urn):
        record = staff(lab, sites=[at(name), at(lab.site())])
        if lab.readings["malformed-site-id"] == "error":
            lab.refused(record, messages.site_id_invalid(name))
        else:
            lab.equal(lab.accepted(record)["warnings"], [messages.site_unknown(name)], "warnings")
            holds(lab, record, sites={lab.site(): None})
    if lab.readings["malformed-site-id"] == "error":
        # The first entry that is wrong decides, and all entries are looked at before the site_manager rules.
        for first, second, text in (
            (at(NO_UUID), {}, messages.site_id_invalid(NO_UUID)),
            ({}, at(NO_UUID), messages.SITE_UNNAMED),
        ):
            lab.refused(staff(lab, sites=[first, second]), text)
        sites = [at(NO_UUID, MANAGER)]
        lab.refused(staff(lab, roles=[MANAGER], sites=sites), messages.site_id_invalid(NO_UUID))
        lab.refused(staff(lab, roles=[], sites=sites), messages.site_id_invalid(NO_UUID))


@check("S2E-SITE-02")
def site_name_is_no_id(lab: Lab) -> None:
    """A site's name or code does not name it."""
    record = staff(lab, sites=[at(lab.site())])
    lab.accepted(record)
    site = account_of(lab, record)["sites"][0]
    for name in (site["name"], site["code"]):
        wish = staff(lab, sites=[at(name)])
        if lab.readings["malformed-site-id"] == "error":
            lab.refused(wish, messages.site_id_invalid(name))
        else:
            lab.equal(lab.accepted(wish)["warnings"], [messages.site_unknown(name)], "warnings")
            holds(lab, wish, sites={})


@check("S2E-SITE-03")
def site_of_another_organization(lab: Lab) -> None:
    """Another organization's site is unknown here, both ways, and nobody is assigned to it."""
    for org in (0, 1):
        foreign = lab.site(0, org=1 - org)
        record = staff(lab, sites=[at(foreign), at(lab.site(0, org))])
        lab.equal(lab.accepted(record, org)["warnings"], [messages.site_unknown(foreign)], "warnings")
        holds(lab, record, sites={lab.site(0, org): None}, org=org)


@check("S2E-SITE-04")
def site_role_is_assigned(lab: Lab) -> None:
    """A site-level role is taken without a warning, kept at its site alone, and does not join the employee's roles."""
    record = staff(lab, sites=[at(lab.site(0), lab.role()), at(lab.site(1))])
    lab.equal(lab.accepted(record)["warnings"], [], "warnings for a site with a role")
    holds(lab, record, roles=[], sites={lab.site(0): lab.role(), lab.site(1): None})


@check("S2E-SITE-04")
def unknown_site_role_is_a_warning(lab: Lab) -> None:
    """An unknown role at a known site is the role warning, and the site is assigned without it."""
    name = unknown(lab, "role")
    record = staff(lab, sites=[at(lab.site(), name)])
    lab.equal(lab.accepted(record)["warnings"], [messages.role_unknown(name)], "warnings")
    holds(lab, record, sites={lab.site(): None})


@check("S2E-SITE-04")
def unknown_role_at_an_unknown_site(lab: Lab) -> None:
    """An unknown role at an unknown site brings the site warning alone."""
    record = staff(lab, sites=[at(NO_SITE, unknown(lab, "role"))])
    lab.equal(lab.accepted(record)["warnings"], [messages.site_unknown(NO_SITE)], "warnings")
    holds(lab, record, sites={})


@check("S2E-SITE-04")
def repeated_site_is_one(lab: Lab) -> None:
    """A site that comes twice is one assignment: the last entry counts, with its role or without."""
    for last in (None, lab.role()):
        first = lab.role() if last is None else None
        record = staff(lab, sites=[at(lab.site(), first), at(lab.site(), last)])
        lab.equal(lab.accepted(record)["warnings"], [], "warnings for a site given twice")
        holds(lab, record, sites={lab.site(): last})
