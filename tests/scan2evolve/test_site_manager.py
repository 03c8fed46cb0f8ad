"""Check 10 of a record: site_manager and its sites, row by row, under each reading that has a say in it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import MAIN, NORTH, WorldClient
from tests.scan2evolve.samples import (
    NO_ROLE_FOR_SITE,
    NO_SITE,
    NO_SITES_ASKED,
    NO_SITES_LEFT,
    employee,
    reading_matrix,
    site,
    site_manager,
)

Fields = dict[str, Any]
MANAGER: Fields = {"roles": ["site_manager"]}
AT_MAIN: Fields = {"sites": [site(MAIN, "site_manager")]}
AT_NORTH: Fields = {"sites": [site(NORTH, "site_manager")]}
NOWHERE: Fields = {"sites": [site(NO_SITE)]}
NONE_LISTED: Fields = {"sites": []}
ADDITIVE: Fields = {"updateMode": "additive"}

# Who is there before the record comes.
NOBODY: Fields | None = None
BARE: Fields = {}
WORKER: Fields = {"roles": ["inspector"], "sites": [site(MAIN, "inspector")]}
KEEPER: Fields = {"roles": ["site_manager"], "sites": [site(MAIN)]}
CHIEF: Fields = {"roles": ["site_manager", "admin"], "sites": [site(MAIN, "site_manager"), site(NORTH)]}

CLEARED, KEPT = {"omitted_assignments": "cleared"}, {"omitted_assignments": "kept"}
ADDITIVE_READINGS = reading_matrix(
    additive_site_manager=["request", "effective"], additive_existing_sites=["effective", "request"]
)
OWN_ROLES, ALL_ROLES = {"additive_site_manager": "request"}, {"additive_site_manager": "effective"}
ALL_SITES, OWN_SITES = {"additive_existing_sites": "effective"}, {"additive_existing_sites": "request"}


def prepare(world: WorldClient, before: Fields | None, readings: dict[str, str]) -> None:
    """Bring the employee about, and put the readings in force."""
    if before is not None:
        assert world.accepted(employee(**before))["warnings"] == []
    world.read(**readings)


# -- row 1: asked for, and no site asked for -------------------------------------------------------------------

ROW_1: list[tuple[Fields | None, Fields, dict[str, str]]] = [
    (NOBODY, MANAGER, {}),
    (NOBODY, MANAGER | {"sites": []}, {}),
    (NOBODY, {"roles": ["admin", "SITE_MANAGER"]}, {"role_case": "insensitive"}),
    (NOBODY, MANAGER, {"role_case": "exact"}),
    (NOBODY, MANAGER | {"sites": None}, {"null_field": "ignored"}),
    *((NOBODY, MANAGER | ADDITIVE, readings) for readings in ADDITIVE_READINGS),
    # Under replace only the request's sites count, whatever is carried over.
    *((before, MANAGER, readings) for before in (WORKER, KEEPER, CHIEF) for readings in (CLEARED, KEPT)),
    (CHIEF, MANAGER | {"sites": []}, KEPT),
    # Under additive the existing ones may count.
    *((before, MANAGER | ADDITIVE, OWN_SITES) for before in (WORKER, KEEPER, CHIEF)),
    (CHIEF, MANAGER | ADDITIVE | {"sites": []}, OWN_SITES),
    *((BARE, MANAGER | ADDITIVE, readings) for readings in ADDITIVE_READINGS),
    (BARE, MANAGER | ADDITIVE | {"sites": []}, ALL_SITES),
]


@pytest.mark.parametrize(("before", "fields", "readings"), ROW_1)
def test_site_manager_without_a_site_asked_for_is_refused(
    world: WorldClient, before: Fields | None, fields: Fields, readings: dict[str, str]
) -> None:
    """Row 1: whoever asks for site_manager asks for a site (S2E-SM-02, S2E-SM-06, S2E-SM-07)."""
    prepare(world, before, readings)
    assert world.refused(employee(firstName="Changed", **fields)) == NO_SITES_ASKED


# -- row 2: at site level, without the role --------------------------------------------------------------------

ROW_2: list[tuple[Fields | None, Fields, dict[str, str]]] = [
    (NOBODY, AT_MAIN, {}),
    (NOBODY, AT_MAIN | {"roles": []}, {}),
    (NOBODY, AT_MAIN | {"roles": ["inspector", "nobody"]}, {}),
    (NOBODY, AT_MAIN | {"roles": None}, {"null_field": "ignored"}),
    (NOBODY, {"sites": [site(MAIN, "Site_Manager")]}, {"role_case": "insensitive"}),
    (NOBODY, AT_MAIN, {"role_case": "exact"}),
    (NOBODY, AT_MAIN | {"roles": ["SITE_MANAGER"]}, {"role_case": "exact"}),
    # What is asked counts, before any look-up, and every entry of a repeated site.
    (NOBODY, {"sites": [site(NO_SITE, "site_manager")]}, {}),
    (NOBODY, {"sites": [site("no uuid", "site_manager")]}, {}),
    (NOBODY, {"sites": [site(MAIN, "site_manager"), site(MAIN, "inspector")]}, {}),
    (NOBODY, {"sites": [site(MAIN), site(NORTH, "site_manager")]}, {}),
    *((NOBODY, AT_MAIN | ADDITIVE, readings) for readings in ADDITIVE_READINGS),
    # Under replace the record's roles count, or those carried over.
    *((before, AT_MAIN, CLEARED) for before in (WORKER, KEEPER, CHIEF)),
    (WORKER, AT_MAIN, KEPT),
    *((before, AT_MAIN | {"roles": ["admin"]}, KEPT) for before in (WORKER, KEEPER, CHIEF)),
    *((before, AT_MAIN | {"roles": []}, KEPT) for before in (KEEPER, CHIEF)),
    # A site carried over counts as one asked for.
    (CHIEF, {"roles": ["admin"]}, KEPT),
    (CHIEF, {"roles": []}, KEPT),
    # Under additive it is the record's roles, or those held too.
    *((before, AT_NORTH | ADDITIVE, OWN_ROLES) for before in (WORKER, KEEPER, CHIEF)),
    (CHIEF, AT_NORTH | ADDITIVE | {"roles": ["admin"]}, OWN_ROLES),
    (WORKER, AT_NORTH | ADDITIVE, ALL_ROLES),
    (BARE, AT_NORTH | ADDITIVE, ALL_ROLES),
    # What is carried over under replace has no say under additive.
    (CHIEF, AT_NORTH | ADDITIVE, KEPT),
]


@pytest.mark.parametrize(("before", "fields", "readings"), ROW_2)
def test_site_manager_at_site_level_without_the_role_is_refused(
    world: WorldClient, before: Fields | None, fields: Fields, readings: dict[str, str]
) -> None:
    """Row 2: site_manager at a site needs site_manager among the roles (S2E-SM-03, S2E-SM-07)."""
    prepare(world, before, readings)
    assert world.refused(employee(firstName="Changed", **fields)) == NO_ROLE_FOR_SITE


# -- row 3: no site in the end ---------------------------------------------------------------------------------

ROW_3: list[tuple[Fields | None, Fields, dict[str, str]]] = [
    (NOBODY, MANAGER | NOWHERE, {}),
    (NOBODY, MANAGER | {"sites": [site(NO_SITE, "site_manager"), site("no uuid")]}, {}),
    (NOBODY, {"roles": ["SITE_MANAGER"]} | NOWHERE, {"role_case": "insensitive"}),
    *((NOBODY, MANAGER | NOWHERE | ADDITIVE, readings) for readings in ADDITIVE_READINGS),
    *((before, MANAGER | NOWHERE, readings) for before in (WORKER, KEEPER, CHIEF) for readings in (CLEARED, KEPT)),
    *((BARE, MANAGER | NOWHERE | ADDITIVE, readings) for readings in ADDITIVE_READINGS),
    # The role carried over, and the sites given up.
    (KEEPER, {"sites": []}, KEPT),
    (CHIEF, {"sites": []}, KEPT),
    (CHIEF, NOWHERE, KEPT),
    (CHIEF, {"sites": [site(NO_SITE, "site_manager")]}, KEPT),
]


@pytest.mark.parametrize(("before", "fields", "readings"), ROW_3)
def test_site_manager_left_without_a_site_is_refused(
    world: WorldClient, before: Fields | None, fields: Fields, readings: dict[str, str]
) -> None:
    """Row 3: in the end whoever holds site_manager has a site (S2E-SM-04, S2E-SM-05, S2E-SM-07)."""
    prepare(world, before, readings)
    assert world.refused(employee(firstName="Changed", **fields)) == NO_SITES_LEFT


def test_site_manager_at_a_site_of_another_organization_is_refused(world: WorldClient) -> None:
    """Another organization's site is unknown, so that none is left (S2E-SITE-03, S2E-SM-04)."""
    foreign = world.organizations[1]["sites"][0]["id"]
    assert world.refused(employee(sites=[site(foreign)], **MANAGER)) == NO_SITES_LEFT


def test_site_manager_at_a_malformed_site_follows_the_reading(world: WorldClient) -> None:
    """Under malformed-site-id = error check 9 comes before row 3 (S2E-SITE-01)."""
    record = employee(sites=[site("no uuid")], **MANAGER)
    assert world.refused(record) == NO_SITES_LEFT
    world.read(malformed_site_id="error")
    assert world.refused(record) == "Invalid site id 'no uuid'"


# -- and what is allowed ------------------------------------------------------------------------------------------

# (before, record, readings, roles afterwards, sites afterwards, warnings)
ALLOWED: list[tuple[Any, ...]] = [
    (NOBODY, MANAGER | {"sites": [site()]}, {}, ["site_manager"], [(MAIN, None)], []),
    (NOBODY, MANAGER | AT_MAIN, {}, ["site_manager"], [(MAIN, "site_manager")], []),
    (NOBODY, {"roles": ["SITE_MANAGER"]} | AT_MAIN, {}, ["site_manager"], [(MAIN, "site_manager")], []),
    (
        NOBODY,
        MANAGER | {"sites": [site(NO_SITE, "site_manager"), site(NORTH, "inspector")]},
        {},
        ["site_manager"],
        [(NORTH, "inspector")],
        [f"Site with id '{NO_SITE}' not found, skipped"],
    ),
    (
        NOBODY,
        {"roles": ["SITE_MANAGER"], "sites": [site(MAIN, "Site_Manager")]},
        {"role_case": "exact"},
        [],
        [(MAIN, None)],
        ["Role 'SITE_MANAGER' not found, skipped", "Role 'Site_Manager' not found, skipped"],
    ),
    # replace: what is left out is cleared, so nothing is held to the rules
    (CHIEF, {}, CLEARED, [], [], []),
    (CHIEF, {"roles": ["admin"]}, CLEARED, ["admin"], [], []),
    (CHIEF, {"sites": []}, CLEARED, [], [], []),
    (CHIEF, NOWHERE, CLEARED, [], [], [f"Site with id '{NO_SITE}' not found, skipped"]),
    # replace: what is left out is kept
    (CHIEF, {}, KEPT, ["site_manager", "admin"], [(MAIN, "site_manager"), (NORTH, None)], []),
    (CHIEF, AT_NORTH, KEPT, ["site_manager", "admin"], [(NORTH, "site_manager")], []),
    (KEEPER, {"roles": ["admin"]}, KEPT, ["admin"], [(MAIN, None)], []),
    (CHIEF, {"roles": [], "sites": []}, KEPT, [], [], []),
    # additive: existing sites may satisfy row 1, and always satisfy row 3
    (WORKER, MANAGER | ADDITIVE, ALL_SITES, ["inspector", "site_manager"], [(MAIN, "inspector")], []),
    (KEEPER, MANAGER | ADDITIVE, ALL_SITES, ["site_manager"], [(MAIN, None)], []),
    *(
        (
            WORKER,
            MANAGER | NOWHERE | ADDITIVE,
            readings,
            ["inspector", "site_manager"],
            [(MAIN, "inspector")],
            [f"Site with id '{NO_SITE}' not found, skipped"],
        )
        for readings in ADDITIVE_READINGS
    ),
    # additive: roles that are held may allow the site level
    (KEEPER, AT_NORTH | ADDITIVE, ALL_ROLES, ["site_manager"], [(MAIN, None), (NORTH, "site_manager")], []),
    *(
        (
            WORKER,
            MANAGER | AT_NORTH | ADDITIVE,
            readings,
            ["inspector", "site_manager"],
            [(MAIN, "inspector"), (NORTH, "site_manager")],
            [],
        )
        for readings in ADDITIVE_READINGS
    ),
    # additive: what is there already is not asked for
    *(
        (CHIEF, ADDITIVE, readings, ["site_manager", "admin"], [(MAIN, "site_manager"), (NORTH, None)], [])
        for readings in ADDITIVE_READINGS
    ),
    *(
        (
            CHIEF,
            ADDITIVE | {"roles": ["inspector"]} | no_sites,
            KEPT,
            ["site_manager", "admin", "inspector"],
            [(MAIN, "site_manager"), (NORTH, None)],
            [],
        )
        for no_sites in (BARE, NONE_LISTED)
    ),
]


@pytest.mark.parametrize(("before", "fields", "readings", "roles", "sites", "warnings"), ALLOWED)
def test_site_manager_within_the_rules_is_assigned(
    world: WorldClient,
    before: Fields | None,
    fields: Fields,
    readings: dict[str, str],
    roles: list[str],
    sites: list[tuple[str, str | None]],
    warnings: list[str],
) -> None:
    """What no row refuses is stored as asked (S2E-SM-01, S2E-SM-06)."""
    prepare(world, before, readings)
    assert world.accepted(employee(**fields))["warnings"] == warnings
    stored = world.employee("E-1")
    assert stored["roles"] == roles
    assert [(item["id"], item["role"]) for item in stored["sites"]] == sites


@pytest.mark.parametrize("status", ["INACTIVE", "TERMINATED"])
@pytest.mark.parametrize("before", [NOBODY, CHIEF])
@pytest.mark.parametrize("fields", [MANAGER, AT_MAIN, MANAGER | NOWHERE, MANAGER | ADDITIVE])
def test_site_manager_rules_do_not_apply_to_a_record_that_is_not_active(
    world: WorldClient, status: str, before: Fields | None, fields: Fields
) -> None:
    """INACTIVE and TERMINATED take all assignments away and look nothing up (S2E-FIELD-06)."""
    prepare(world, before, {})
    assert world.accepted(employee(status=status, **fields))["warnings"] == []
    stored = world.employee("E-1")
    assert (stored["roles"], stored["groups"], stored["sites"]) == ([], [], [])


def test_site_manager_back_from_inactive_has_no_sites_to_count(world: WorldClient) -> None:
    """Sites taken away with INACTIVE do not satisfy row 1 on the way back (S2E-FIELD-06, S2E-SM-02)."""
    world.accepted(site_manager())
    world.accepted(employee(status="INACTIVE"))
    assert world.refused(employee(**MANAGER, **ADDITIVE)) == NO_SITES_ASKED


@pytest.mark.parametrize(
    ("fields", "message"), [(MANAGER, NO_SITES_ASKED), (AT_MAIN, NO_ROLE_FOR_SITE), (MANAGER | AT_MAIN, None)]
)
def test_site_manager_as_a_role_that_the_organization_lacks_is_held_to_rows_1_and_2(
    world: WorldClient, fields: Fields, message: str | None
) -> None:
    """Rows 1 and 2 look at what is asked, even where there is no such role (S2E-SM-02, S2E-SM-03)."""
    role = next(role for role in world.scan2evolve_state("roles") if role["name"] == "site_manager")
    organization = world.organizations[0]["organization_id"]
    assert world.control("DELETE", f"/scan2evolve/organizations/{organization}/roles/{role['id']}").status_code == 204
    if message is not None:
        assert world.refused(employee(**fields)) == message
        return
    assert world.accepted(employee(**fields))["warnings"] == ["Role 'site_manager' not found, skipped"]
    assert world.employee("E-1")["sites"] == [{"id": MAIN, "role": None}]
    # Nobody can hold a role that is not there, so row 3 has nothing to say.
    assert len(world.accepted(employee("E-2", **MANAGER, **NOWHERE))["warnings"]) == 2


def test_site_manager_by_another_spelling_of_the_organization_is_the_same_role(world: WorldClient) -> None:
    """Under role-case = insensitive the organization's own spelling does not matter (S2E-ROLE-04)."""
    role = next(role for role in world.scan2evolve_state("roles") if role["name"] == "site_manager")
    organization = world.organizations[0]["organization_id"]
    path = f"/scan2evolve/organizations/{organization}/roles/{role['id']}"
    assert world.control("PATCH", path, json={"name": "Site_Manager"}).status_code == 200
    assert world.refused(employee(**MANAGER)) == NO_SITES_ASKED
    assert world.refused(employee(**MANAGER, **NOWHERE)) == NO_SITES_LEFT
    world.accepted(employee(**MANAGER, **AT_MAIN))
    assert world.employee("E-1")["sites"] == [{"id": MAIN, "role": "Site_Manager"}]


def test_site_level_role_that_has_become_site_manager_is_held_to_row_2(world: WorldClient) -> None:
    """Under omitted-assignments = kept a site carried over counts, however its role came to be site_manager."""
    world.read(role_case="exact", omitted_assignments="kept")
    world.add("roles", name="SITE_MANAGER")
    world.accepted(employee(sites=[site(MAIN, "SITE_MANAGER")]))
    world.read(role_case="insensitive")
    assert world.refused(employee(firstName="Changed")) == NO_ROLE_FOR_SITE
