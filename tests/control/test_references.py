"""What refers to what: deleting and changing items in use, and how employees are found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import MAIN, NORTH, WorldClient


def organization(world: WorldClient) -> str:
    """The path of the first organization."""
    return f"/scan2evolve/organizations/{world.organizations[0]['organization_id']}"


def test_last_site_of_a_site_manager_cannot_be_deleted(world: WorldClient) -> None:
    """409 and nothing changes; with another site left it goes (S2E-SM-05)."""
    place = organization(world)
    world.accepted({"externalEmployeeId": "M-1", "roles": ["site_manager"], "sites": [{"id": MAIN}]})
    before = world.control("GET", "/snapshot").json()
    answer = world.control("DELETE", f"{place}/sites/{MAIN}")
    assert answer.status_code == 409
    assert "M-1" in answer.json()["detail"]
    assert world.control("GET", "/snapshot").json() == before
    world.accepted({"externalEmployeeId": "M-1", "updateMode": "additive", "sites": [{"id": NORTH}]})
    assert world.control("DELETE", f"{place}/sites/{MAIN.upper()}").status_code == 204
    assert world.employee("M-1")["sites"] == [{"id": NORTH, "role": None}]


def test_deleted_role_and_group_are_taken_off_everybody(world: WorldClient) -> None:
    """Site-level uses of the role go too, and a site_manager is one no longer (S2E-SM-05)."""
    place = organization(world)
    record = {
        "externalEmployeeId": "M-1",
        "roles": ["site_manager", "admin"],
        "sites": [{"id": MAIN, "role": "site_manager"}, {"id": NORTH, "role": "admin"}],
        "groups": [{"groupName": "Maintenance Team", "role": "Lead"}, {"externalGroupId": "TEAM-001"}],
    }
    world.accepted(record)
    roles = {role["name"]: role["id"] for role in world.scan2evolve_state("roles")}
    groups = {group["groupName"]: group["id"] for group in world.scan2evolve_state("groups")}
    assert world.control("DELETE", f"{place}/roles/{roles['site_manager']}").status_code == 204
    assert world.control("DELETE", f"{place}/groups/{groups['Maintenance Team']}").status_code == 204
    kept = world.employee("M-1")
    assert kept["roles"] == ["admin"]
    assert kept["sites"] == [{"id": MAIN, "role": None}, {"id": NORTH, "role": "admin"}]
    assert kept["groups"] == [{"groupName": "Field Team", "externalGroupId": "TEAM-001", "role": None}]
    warned = world.sync({**record, "roles": ["site_manager"], "sites": [{"id": MAIN}]})["results"][0]["warnings"]
    assert warned == ["Role 'site_manager' not found, skipped", "Group 'Maintenance Team' not found, skipped"]


def test_role_cannot_be_renamed_into_a_site_manager_without_site(world: WorldClient) -> None:
    """The invariant holds against the control plane as well (S2E-SM-05)."""
    place = organization(world)
    world.accepted({"externalEmployeeId": "A-1", "roles": ["admin"]})
    roles = {role["name"]: role["id"] for role in world.scan2evolve_state("roles")}
    world.control("DELETE", f"{place}/roles/{roles['site_manager']}")
    answer = world.control("PATCH", f"{place}/roles/{roles['admin']}", json={"name": "Site_Manager"})
    assert (answer.status_code, answer.json()["pointer"]) == (409, "/name")
    assert world.employee("A-1")["roles"] == ["admin"]


def test_deleted_account_leaves_its_employee(world: WorldClient) -> None:
    """The employee stays, without account, and a later sync makes a new one (S2E-ACCT-01)."""
    place = organization(world)
    record = {"externalEmployeeId": "E-1", "email": "e@example.com", "userAccount": {}}
    first = world.accepted(record)["userId"]
    assert world.control("DELETE", f"{place}/users/{first}").status_code == 204
    assert world.employee("E-1")["user"] is None
    assert world.accepted(record)["userId"] != first


def test_changed_account_of_an_employee_changes_both(world: WorldClient) -> None:
    """The account's e-mail and the employee's are one; a username once given stays (S2E-ACCT-11, S2E-ACCT-02)."""
    place = organization(world)
    user_id = world.accepted({"externalEmployeeId": "E-1", "email": "e@example.com", "userAccount": {}})["userId"]
    one = f"{place}/users/{user_id}"
    assert world.control("PATCH", one, json={"email": "f@example.com"}).json()["username"] == "f@example.com"
    assert world.employee("E-1")["email"] == "f@example.com"
    assert world.control("PATCH", one, json={"username": "eve"}).json()["username"] == "eve"
    world.accepted({"externalEmployeeId": "E-1", "email": "g@example.com"})
    assert world.control("GET", one).json() == {
        "id": user_id,
        "email": "g@example.com",
        "name": "E-1",
        "username": "eve",
        "enabled": True,
        "mustResetPassword": False,
        "externalEmployeeId": "E-1",
    }


@pytest.mark.parametrize(
    ("collection", "item", "key", "gone"),
    [
        ("departments", "dept_001", "department_id", None),
        ("positions", "pos_001", "position_id", None),
        ("work-locations", "loc_001", "work_location_ids", []),
        ("users", "user_002", "manager_id", None),
    ],
)
def test_deleted_item_of_the_company_is_forgotten_by_everybody(
    world: WorldClient, collection: str, item: str, key: str, gone: Any
) -> None:
    """No reference leads nowhere afterwards, and the HRMS shows it at once (HRMS-USER-04)."""
    patch = {
        "department_id": "dept_001",
        "position_id": "pos_001",
        "work_location_ids": ["loc_001"],
        "manager_id": "user_002",
    }
    assert (
        world.control("PATCH", "/hrms/users/user_003", json=patch).json() | patch
        == world.control("GET", "/hrms/users/user_003").json()
    )
    assert world.control("DELETE", f"/hrms/{collection}/{item}").status_code == 204
    shown = world.control("GET", "/hrms/users/user_003").json()
    assert {k: shown[k] for k in patch} == patch | {key: gone}
    assert world.hrms("/users/user_003").status_code == 200


def test_employees_are_found_by_id_and_by_email(world: WorldClient) -> None:
    """Both filters together are an and; ids match exactly, e-mails without case."""
    world.sync(
        {"externalEmployeeId": "E-1", "email": "One@example.com", "metadata": {"a": [1.5, None]}},
        {"externalEmployeeId": "E-2", "email": "two@example.com", "supervisor": {"name": "S"}},
        {"externalEmployeeId": "e-1"},
    )

    def found(**query: Any) -> list[str]:
        return [item["externalEmployeeId"] for item in world.scan2evolve_state("employees", **query)]

    assert found() == ["E-1", "E-2", "e-1"]
    assert found(externalEmployeeId="E-1") == ["E-1"]
    assert found(externalEmployeeId="E-3") == []
    assert found(email="ONE@example.com") == ["E-1"]
    assert found(email="three@example.com") == []
    assert found(externalEmployeeId="E-2", email="two@example.com") == ["E-2"]
    assert found(externalEmployeeId="E-1", email="two@example.com") == []
    assert world.employee("E-1") == {
        "externalEmployeeId": "E-1",
        "employeeId": world.employee("E-1")["employeeId"],
        "status": "ACTIVE",
        "firstName": None,
        "lastName": None,
        "displayName": "E-1",
        "email": "One@example.com",
        "phone": None,
        "jobTitle": None,
        "department": None,
        "hireDate": None,
        "terminationDate": None,
        "supervisor": None,
        "metadata": {"a": [1.5, None]},
        "roles": [],
        "groups": [],
        "sites": [],
        "user": None,
    }
    assert world.employee("E-2")["supervisor"] == {"name": "S"}


def test_organizations_are_shown_as_the_world_shows_them(world: WorldClient) -> None:
    """The list of organizations is that of the world, without secrets."""
    shown = world.control("GET", "/scan2evolve/organizations").json()
    assert shown == {"items": world.control("GET").json()["scan2evolve"]["organizations"], "next": None}
    bare = [{k: v for k, v in item.items() if k != "client_secret"} for item in world.organizations]
    assert shown["items"] == bare
