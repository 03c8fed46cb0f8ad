"""Roles, groups and sites: what is looked up, what is skipped, and what each update mode makes of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import MAIN, NORTH, WorldClient
from tests.scan2evolve.samples import NO_SITE, employee, site

TEAM = {"groupName": "Maintenance Team"}
FIELD = {"externalGroupId": "TEAM-001"}
ADDITIVE = {"updateMode": "additive"}
BEFORE: dict[str, Any] = {
    "roles": ["admin"],
    "groups": [{**TEAM, "role": "Member"}],
    "sites": [site(MAIN, "inspector")],
}


def roles_of(world: WorldClient, external_id: str = "E-1") -> list[str]:
    """The names of an employee's roles."""
    names: list[str] = world.employee(external_id)["roles"]
    return names


def groups_of(world: WorldClient, external_id: str = "E-1") -> list[tuple[str, str | None]]:
    """(name, role) of an employee's groups."""
    return [(group["groupName"], group["role"]) for group in world.employee(external_id)["groups"]]


def sites_of(world: WorldClient, external_id: str = "E-1") -> list[tuple[str, str | None]]:
    """(id, role) of an employee's sites."""
    return [(item["id"], item["role"]) for item in world.employee(external_id)["sites"]]


def assignments_of(world: WorldClient) -> tuple[list[str], list[tuple[str, str | None]], list[tuple[str, str | None]]]:
    """All three of them."""
    return roles_of(world), groups_of(world), sites_of(world)


# -- look-ups --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["FIELD_TECH", "inspector", "admin"])
def test_role_that_is_known_is_assigned(world: WorldClient, name: str) -> None:
    """The pages' common roles are there and are assigned (S2E-ROLE-01, S2E-ROLE-03)."""
    assert world.accepted(employee(roles=[name]))["warnings"] == []
    assert roles_of(world) == [name]


@pytest.mark.parametrize("name", ["INSPECTOR", "Inspector", "field_tech"])
def test_role_in_another_case_follows_the_reading(world: WorldClient, name: str) -> None:
    """Reading role-case: insensitive stores the organization's spelling, exact does not know the role (S2E-ROLE-04)."""
    assert world.accepted(employee(roles=[name], sites=[site(MAIN, name)]))["warnings"] == []
    own = name.upper() if name == "field_tech" else name.lower()
    assert (roles_of(world), sites_of(world)) == ([own], [(MAIN, own)])
    world.read(role_case="exact")
    result = world.accepted(employee(roles=[name], sites=[site(MAIN, name)]))
    assert result["warnings"] == [f"Role '{name}' not found, skipped"]
    assert (roles_of(world), sites_of(world)) == ([], [(MAIN, None)])


def test_role_that_differs_in_case_alone_is_told_apart(world: WorldClient) -> None:
    """The exact spelling is preferred; under role-case = exact there is no other (S2E-ROLE-04)."""
    world.add("roles", name="Admin")
    world.accepted(employee(roles=["Admin"]))
    assert roles_of(world) == ["Admin"]
    world.accepted(employee(roles=["ADMIN"]))
    assert roles_of(world) == ["admin"]
    world.read(role_case="exact")
    world.accepted(employee(roles=["Admin", "admin"]))
    assert roles_of(world) == ["Admin", "admin"]


@pytest.mark.parametrize("name", ["CUSTOM_ROLE", "", " ", " admin", "admin ", "{}", "O'Neil"])
def test_role_that_is_unknown_is_skipped_with_a_warning(world: WorldClient, name: str) -> None:
    """An unknown role is named as given, and the record goes on; a blank name is an unknown one (S2E-ROLE-02)."""
    result = world.accepted(employee(firstName="Ada", roles=[name, "admin"]))
    assert result["warnings"] == [f"Role '{name}' not found, skipped"]
    assert roles_of(world) == ["admin"]
    assert world.employee("E-1")["firstName"] == "Ada"


@pytest.mark.parametrize(
    "entry",
    [
        TEAM,
        {**TEAM, "externalGroupId": ""},
        {**TEAM, "externalGroupId": " "},
        FIELD,
        {**FIELD, "groupName": ""},
        {"groupName": "Field Team"},
        {**FIELD, "groupName": "Nowhere"},
    ],
)
def test_group_is_found_by_either_key(world: WorldClient, entry: dict[str, str]) -> None:
    """A group is named by groupName or by externalGroupId, a blank key being none (S2E-GROUP-01)."""
    assert world.accepted(employee(groups=[{**entry, "role": "Lead"}]))["warnings"] == []
    assert groups_of(world) == [
        ("Maintenance Team" if entry.get("groupName") == TEAM["groupName"] else "Field Team", "Lead")
    ]


def test_group_with_both_keys_goes_by_the_external_id(world: WorldClient) -> None:
    """Given both keys, externalGroupId decides and is named (S2E-GROUP-01)."""
    world.accepted(employee(groups=[TEAM | FIELD]))
    assert groups_of(world) == [("Field Team", None)]
    result = world.accepted(employee(groups=[TEAM | {"externalGroupId": "TEAM-999"}]))
    assert result["warnings"] == ["Group 'TEAM-999' not found, skipped"]
    assert groups_of(world) == []


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"groupName": "maintenance team"}, "maintenance team"),
        ({"groupName": " Maintenance Team"}, " Maintenance Team"),
        ({"groupName": "TEAM-001"}, "TEAM-001"),
        ({"externalGroupId": "team-001"}, "team-001"),
        ({"externalGroupId": "Maintenance Team"}, "Maintenance Team"),
        ({"groupName": "{}"}, "{}"),
    ],
)
def test_group_that_is_unknown_is_skipped_with_a_warning(world: WorldClient, entry: dict[str, str], name: str) -> None:
    """Group names and ids match exactly; an unknown one is named as given (S2E-GROUP-03)."""
    assert world.accepted(employee(groups=[entry, TEAM]))["warnings"] == [f"Group '{name}' not found, skipped"]
    assert groups_of(world) == [("Maintenance Team", None)]


@pytest.mark.parametrize("role", ["Member", "", "no role of the organization", "\u2003"])
def test_group_role_is_free_text(world: WorldClient, role: str) -> None:
    """What a member is in a group is any text, and never a warning (S2E-GROUP-04)."""
    assert world.accepted(employee(groups=[{**TEAM, "role": role}]))["warnings"] == []
    assert groups_of(world) == [("Maintenance Team", role)]


def test_site_is_found_without_regard_to_case(world: WorldClient) -> None:
    """A site's UUID is compared without case and shown as the organization has it (S2E-SITE-01)."""
    assert world.accepted(employee(sites=[site(MAIN.upper())]))["warnings"] == []
    assert sites_of(world) == [(MAIN, None)]


def test_site_of_another_organization_is_unknown(world: WorldClient) -> None:
    """Sites belong to one organization (S2E-SITE-03)."""
    foreign = world.organizations[1]["sites"][0]["id"]
    assert world.accepted(employee(sites=[site(foreign)]))["warnings"] == [
        f"Site with id '{foreign}' not found, skipped"
    ]
    world.accepted(employee(sites=[site(foreign)]), org=1)
    assert world.employee("E-1", org=1)["sites"] == [{"id": foreign, "role": None}]


def test_site_level_role_that_is_unknown_is_left_out(world: WorldClient) -> None:
    """An unknown role at a known site is a role warning, and the site is assigned without it (S2E-SITE-04)."""
    result = world.accepted(employee(sites=[site(MAIN, "janitor"), site(NORTH, "inspector")]))
    assert result["warnings"] == ["Role 'janitor' not found, skipped"]
    assert sites_of(world) == [(MAIN, None), (NORTH, "inspector")]


def test_site_that_is_unknown_is_the_only_warning_of_its_entry(world: WorldClient) -> None:
    """At an unknown site an unknown role is no warning of its own (S2E-SITE-02)."""
    upper = NO_SITE.upper()
    result = world.accepted(employee(sites=[site(NO_SITE, "janitor"), site(upper, "inspector")]))
    assert result["warnings"] == [
        f"Site with id '{NO_SITE}' not found, skipped",
        f"Site with id '{upper}' not found, skipped",
    ]


def test_warnings_come_in_order_and_once(world: WorldClient) -> None:
    """Warnings stand in the order roles, groups, sites, each as listed, a repeated one once (S2E-ROLE-02)."""
    result = world.accepted(
        employee(
            sites=[
                site("beta"),
                site(MAIN, "r2"),
                site(NORTH, "r3"),
                site("alpha"),
                site("beta"),
            ],
            groups=[{"groupName": "g2"}, {"externalGroupId": "g1"}, {"externalGroupId": "g2"}],
            roles=["r2", "r1", "R1", "r2", "admin"],
        )
    )
    assert result["warnings"] == [
        "Role 'r2' not found, skipped",
        "Role 'r1' not found, skipped",
        "Role 'R1' not found, skipped",
        "Group 'g2' not found, skipped",
        "Group 'g1' not found, skipped",
        "Site with id 'beta' not found, skipped",
        "Role 'r3' not found, skipped",
        "Site with id 'alpha' not found, skipped",
    ]


@pytest.mark.parametrize("status", ["INACTIVE", "TERMINATED"])
def test_record_that_is_not_active_looks_nothing_up(world: WorldClient, status: str) -> None:
    """Without look-ups there are no warnings (S2E-FIELD-06)."""
    world.accepted(employee(**BEFORE))
    for mode in ("replace", "additive"):
        result = world.accepted(
            employee(
                status=status,
                updateMode=mode,
                roles=["nobody", "admin"],
                groups=[TEAM, {"groupName": "x"}],
                sites=[site(), site("x")],
            )
        )
        assert result["warnings"] == []
        assert assignments_of(world) == ([], [], [])


# -- repeated entries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["replace", "additive"])
def test_repeated_entries_are_one_assignment_and_the_last_counts(world: WorldClient, mode: str) -> None:
    """Of a group or site repeated in a record the last entry counts, with its role or without one (S2E-MODE-01)."""
    world.accepted(
        employee(
            updateMode=mode,
            roles=["admin", "inspector", "ADMIN"],
            groups=[{**TEAM, "role": "Lead"}, {**FIELD, "role": "x"}, TEAM, {"groupName": "Field Team", "role": "y"}],
            sites=[site(MAIN, "admin"), site(NORTH), site(MAIN.upper()), site(NORTH, "inspector")],
        )
    )
    assert roles_of(world) == ["admin", "inspector"]
    assert groups_of(world) == [("Maintenance Team", None), ("Field Team", "y")]
    assert sites_of(world) == [(MAIN, None), (NORTH, "inspector")]


def test_repeated_site_whose_last_role_is_unknown_has_none(world: WorldClient) -> None:
    """The last entry counts even where its role is not known (S2E-SITE-04)."""
    result = world.accepted(employee(sites=[site(MAIN, "admin"), site(MAIN, "janitor")]))
    assert result["warnings"] == ["Role 'janitor' not found, skipped"]
    assert sites_of(world) == [(MAIN, None)]


# -- replace -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [{}, {"updateMode": "replace"}])
@pytest.mark.parametrize("reading", ["cleared", "kept"])
def test_replace_sets_what_the_record_lists(world: WorldClient, mode: dict[str, str], reading: str) -> None:
    """Replace, the default, takes all away and sets the request's (S2E-FIELD-16, S2E-MODE-01)."""
    world.read(omitted_assignments=reading)
    world.accepted(employee(**BEFORE))
    world.accepted(employee(roles=["inspector"], groups=[FIELD], sites=[site(NORTH)], **mode))
    assert assignments_of(world) == (["inspector"], [("Field Team", None)], [(NORTH, None)])


@pytest.mark.parametrize("reading", ["cleared", "kept"])
def test_replace_with_empty_lists_clears(world: WorldClient, reading: str) -> None:
    """An empty list is not one left out (S2E-MODE-02)."""
    world.read(omitted_assignments=reading)
    world.accepted(employee(**BEFORE))
    world.accepted(employee(roles=[], groups=[], sites=[]))
    assert assignments_of(world) == ([], [], [])


@pytest.mark.parametrize("reading", ["cleared", "kept"])
def test_replace_with_unknown_entries_only_clears(world: WorldClient, reading: str) -> None:
    """A list of which all is skipped replaces what was there (S2E-MODE-01)."""
    world.read(omitted_assignments=reading)
    world.accepted(employee(**BEFORE))
    result = world.accepted(employee(roles=["x"], groups=[{"groupName": "x"}], sites=[site("x")]))
    assert len(result["warnings"]) == 3
    assert assignments_of(world) == ([], [], [])


@pytest.mark.parametrize("given", ["roles", "groups", "sites"])
def test_replace_with_a_type_left_out_follows_the_reading(world: WorldClient, given: str) -> None:
    """Reading omitted-assignments: cleared takes what is left out away, kept keeps it (S2E-MODE-02)."""
    new: dict[str, Any] = {"roles": ["inspector"], "groups": [FIELD], "sites": [site(NORTH)]}
    expected_new = {"roles": ["inspector"], "groups": [("Field Team", None)], "sites": [(NORTH, None)]}
    expected_old = {"roles": ["admin"], "groups": [("Maintenance Team", "Member")], "sites": [(MAIN, "inspector")]}
    for reading in ("cleared", "kept"):
        world.read(omitted_assignments=reading)
        world.accepted(employee(**BEFORE))
        world.accepted(employee(**{given: new[given]}))
        rest = expected_old if reading == "kept" else {"roles": [], "groups": [], "sites": []}
        got = dict(zip(("roles", "groups", "sites"), assignments_of(world), strict=True))
        assert got == {**rest, given: expected_new[given]}


# -- additive ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["roles", "groups", "sites"])
@pytest.mark.parametrize("reading", ["cleared", "kept"])
def test_additive_adds_and_removes_nothing(world: WorldClient, given: str, reading: str) -> None:
    """Additive leaves all three types there and adds to what is given (S2E-MODE-03)."""
    world.read(omitted_assignments=reading)
    new: dict[str, Any] = {"roles": ["inspector"], "groups": [FIELD], "sites": [site(NORTH)]}
    added: dict[str, list[Any]] = {"roles": ["inspector"], "groups": [("Field Team", None)], "sites": [(NORTH, None)]}
    world.accepted(employee(**BEFORE))
    before: dict[str, Any] = dict(zip(("roles", "groups", "sites"), assignments_of(world), strict=True))
    world.accepted(employee(**ADDITIVE, **{given: new[given]}))
    got = dict(zip(("roles", "groups", "sites"), assignments_of(world), strict=True))
    assert got == {**before, given: before[given] + added[given]}


@pytest.mark.parametrize("empty", [{}, {"roles": [], "groups": [], "sites": []}])
def test_additive_with_nothing_to_add_changes_nothing(world: WorldClient, empty: dict[str, Any]) -> None:
    """Additive without entries is no way to clear (S2E-MODE-03)."""
    world.accepted(employee(**BEFORE))
    state = world.state()
    world.accepted(employee(**ADDITIVE, **empty))
    assert world.state() == state


@pytest.mark.parametrize("reading", ["kept", "updated"])
def test_additive_twice_is_the_same_as_once(world: WorldClient, reading: str) -> None:
    """An additive record can be repeated (S2E-MODE-04)."""
    world.read(additive_existing=reading)
    world.accepted(employee(**BEFORE))
    record = employee(roles=["inspector"], groups=[{**FIELD, "role": "x"}], sites=[site(NORTH, "admin")], **ADDITIVE)
    world.accepted(record)
    state = world.state()
    world.accepted(record)
    assert world.state() == state


@pytest.mark.parametrize(
    ("reading", "group_role", "site_role"), [("kept", "Member", "inspector"), ("updated", "Lead", "admin")]
)
def test_additive_on_an_assignment_that_is_there_follows_the_reading(
    world: WorldClient, reading: str, group_role: str, site_role: str
) -> None:
    """Reading additive-existing: kept keeps the role too, updated takes the new one (S2E-MODE-03)."""
    world.read(additive_existing=reading)
    world.accepted(employee(**BEFORE))
    world.accepted(
        employee(roles=["ADMIN"], groups=[{**TEAM, "role": "Lead"}], sites=[site(MAIN.upper(), "admin")], **ADDITIVE)
    )
    assert assignments_of(world) == (["admin"], [("Maintenance Team", group_role)], [(MAIN, site_role)])


@pytest.mark.parametrize("reading", ["kept", "updated"])
@pytest.mark.parametrize("role", [None, "janitor"])
def test_additive_on_an_existing_assignment_without_a_known_role_keeps_its_role(
    world: WorldClient, reading: str, role: str | None
) -> None:
    """Under additive-existing = updated only an entry with a known role changes one (S2E-MODE-03)."""
    world.read(additive_existing=reading)
    world.accepted(employee(**BEFORE))
    result = world.accepted(employee(groups=[TEAM], sites=[site(MAIN, role)], **ADDITIVE))
    assert result["warnings"] == ([] if role is None else ["Role 'janitor' not found, skipped"])
    assert assignments_of(world) == (["admin"], [("Maintenance Team", "Member")], [(MAIN, "inspector")])


@pytest.mark.parametrize(("reading", "role"), [("kept", None), ("updated", "admin")])
def test_additive_on_an_existing_assignment_without_role_follows_the_reading(
    world: WorldClient, reading: str, role: str | None
) -> None:
    """Under additive-existing = kept not even a role that is not there yet is added (S2E-MODE-03)."""
    world.read(additive_existing=reading)
    world.accepted(employee(sites=[site()]))
    world.accepted(employee(sites=[site(MAIN, "admin")], **ADDITIVE))
    assert sites_of(world) == [(MAIN, role)]


def test_additive_on_a_new_employee_sets_what_is_listed(world: WorldClient) -> None:
    """Where there is nothing yet, both modes are the same (S2E-MODE-03)."""
    world.accepted(employee(**BEFORE, **ADDITIVE))
    assert assignments_of(world) == (["admin"], [("Maintenance Team", "Member")], [(MAIN, "inspector")])
