"""The HRMS over the wire: users, departments, positions, and the samples of the vendor's page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.client import ServerClient, WorldClient

JOHN = {
    "id": "user_001",
    "type": "user",
    "attributes": {
        "staffId": "S0001",
        "email": "john.doe@company.com",
        "name": "John Doe",
        "preferred_name": "John",
        "phone": "+60123456789",
        "status": "active",
    },
}
ENVIRONMENTS = ("staging", "uat")


@pytest.fixture
def company(server: ServerClient) -> Iterator[WorldClient]:
    """A world with enough people to fill every department twice."""
    made = server.world(users=30)
    yield made
    made.control("DELETE")


def data(world: WorldClient, path: str, environment: str = "staging") -> Any:
    """What an operation answers under `data`."""
    answer = world.hrms(path, environment)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["data"]


def records(world: WorldClient, collection: str, environment: str = "staging") -> dict[str, dict[str, Any]]:
    """What the control plane knows of a collection, by id."""
    answer = world.control("GET", f"/hrms/{collection}", params={"environment": environment, "limit": 1000})
    return {item["id"]: item for item in answer.json()["items"]}


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "application/json"}], ids=["first curl and detail curl", "second curl"]
)
def test_requests_of_the_page_are_answered_with_the_sample_user(world: WorldClient, headers: dict[str, str]) -> None:
    """The page's own requests, with and without Content-Type, find its John Doe (HRMS-AUTH-01, HRMS-USER-01)."""
    listed = world.hrms("/users", headers=headers)
    assert listed.status_code == 200
    assert listed.json()["data"][0] == JOHN
    one = world.hrms("/users/user_001", headers=headers)
    assert one.status_code == 200
    assert one.json()["data"]["attributes"] == JOHN["attributes"]


def test_users_are_listed_whole_whatever_their_status(company: WorldClient) -> None:
    """All users of the environment come on one page, the inactive ones among them (HRMS-USER-01, HRMS-USER-02)."""
    assert company.control("PATCH", "/hrms/users/user_007", json={"status": "inactive"}).status_code == 200
    users = data(company, "/users?page=2&status=active&limit=1")
    known = records(company, "users")
    assert [user["id"] for user in users] == list(known)
    assert len(users) == 30
    for user in users:
        names = ("staffId", "email", "name", "preferred_name", "phone", "status")
        assert user == {
            "id": user["id"],
            "type": "user",
            "attributes": {name: known[user["id"]][name] for name in names},
        }
    assert {user["attributes"]["status"] for user in users} == {"active", "inactive"}


def test_list_of_an_environment_without_users_is_empty(server: ServerClient) -> None:
    """No users is an empty list, not an error (HRMS-USER-01)."""
    world = server.world(users=0)
    assert world.hrms("/users").json() == {"data": []}
    assert world.hrms("/users/user_001").status_code == 404
    assert len(data(world, "/departments")) == 10
    world.control("DELETE")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_user_of_the_list_is_found_by_id_with_the_same_attributes(company: WorldClient, environment: str) -> None:
    """Every listed user can be fetched, attributes unchanged (HRMS-USER-03, HRMS-USER-06)."""
    for user in data(company, "/users", environment)[:12]:
        found = data(company, f"/users/{user['id']}", environment)
        assert {name: found[name] for name in user} == user


def test_user_detail_included_names_its_relations_and_gives_them_whole(company: WorldClient) -> None:
    """By default related resources lie beside the user: department, position, work locations (HRMS-USER-04)."""
    for user in records(company, "users").values():
        body = company.hrms(f"/users/{user['id']}").json()
        assert set(body) == {"data", "included"}
        relations = body["data"]["relationships"]
        assert relations == {
            "department": {"data": {"id": user["department_id"], "type": "department"}},
            "position": {"data": {"id": user["position_id"], "type": "position"}},
            "work_locations": {"data": [{"id": place, "type": "work_location"} for place in user["work_location_ids"]]},
        }
        departments, positions = records(company, "departments"), records(company, "positions")
        places = records(company, "work-locations")
        expected = [
            ("department", departments[user["department_id"]]),
            ("position", positions[user["position_id"]]),
            *(("work_location", places[place]) for place in user["work_location_ids"]),
        ]
        assert body["included"] == [
            {
                "id": item["id"],
                "type": kind,
                "attributes": {k: v for k, v in item.items() if k not in ("id", "environment")},
            }
            for kind, item in expected
        ]
        if user["id"] == "user_005":
            break


def test_user_detail_embedded_holds_everything_in_the_attributes(company: WorldClient) -> None:
    """Under user-detail=embedded the same objects are attributes (HRMS-USER-04)."""
    included = company.hrms("/users/user_012").json()
    company.read(user_detail="embedded")
    body = company.hrms("/users/user_012").json()
    related = {kind: [i for i in included["included"] if i["type"] == kind] for kind in ("department", "position")}
    places = [i for i in included["included"] if i["type"] == "work_location"]
    assert body == {
        "data": {
            "id": "user_012",
            "type": "user",
            "attributes": {
                **included["data"]["attributes"],
                "department": {"id": related["department"][0]["id"], **related["department"][0]["attributes"]},
                "position": {"id": related["position"][0]["id"], **related["position"][0]["attributes"]},
                "work_locations": [{"id": place["id"], **place["attributes"]} for place in places],
            },
        }
    }
    company.read(user_detail=None)
    assert company.hrms("/users/user_012").json() == included


@pytest.mark.parametrize("reading", ["included", "embedded"])
def test_user_detail_without_relations_says_null_and_nothing(world: WorldClient, reading: str) -> None:
    """A user with no department, position or place has null and an empty list, in both shapes (HRMS-USER-04)."""
    world.read(user_detail=reading)
    lone = {"environment": "staging", "id": "lone", "name": "Lone Soul", "email": "lone@company.example"}
    assert world.control("POST", "/hrms/users", json=lone).status_code == 201
    body = world.hrms("/users/lone").json()
    if reading == "included":
        assert body["included"] == []
        assert body["data"]["relationships"] == {
            "department": {"data": None},
            "position": {"data": None},
            "work_locations": {"data": []},
        }
    else:
        assert {k: body["data"]["attributes"][k] for k in ("department", "position", "work_locations")} == {
            "department": None,
            "position": None,
            "work_locations": [],
        }


@pytest.mark.parametrize("user_id", ["user_999", "USER_001", "user_001%20", "user%2F001", "%00"])
def test_unknown_user_is_not_found(world: WorldClient, user_id: str) -> None:
    """An id that nobody has: 404 with the page's body (HRMS-USER-05)."""
    answer = world.hrms(f"/users/{user_id}")
    assert answer.status_code == 404
    assert answer.json() == {"message": "Resource not found"}


@pytest.mark.parametrize("collection", ["departments", "positions"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_departments_and_positions_are_listed_whole(world: WorldClient, collection: str, environment: str) -> None:
    """All departments and positions of the environment, name and code (HRMS-DEPT-01, HRMS-POS-01)."""
    listed = data(world, f"/{collection}", environment)
    known = records(world, collection, environment)
    assert listed == [
        {"id": key, "type": collection[:-1], "attributes": {"name": item["name"], "code": item["code"]}}
        for key, item in known.items()
    ]
    assert len(listed) >= 10


def test_lists_follow_every_change_of_the_control_plane(world: WorldClient) -> None:
    """A list that was encoded before is made anew once the directory has changed (HRMS-USER-01)."""
    before = data(world, "/users")
    assert data(world, "/users") == before
    world.control("PATCH", "/hrms/users/user_002", json={"name": "Somebody Else"})
    assert data(world, "/users")[1]["attributes"]["name"] == "Somebody Else"
    world.control("DELETE", "/hrms/users/user_002")
    assert [user["id"] for user in data(world, "/users")] == ["user_001", "user_003"]
    assert len(data(world, "/users", "uat")) == 3


def test_environments_hold_separate_data(world: WorldClient) -> None:
    """No user, department, position or place of one environment is in the other (HRMS-ENV-04)."""
    for collection in ("users", "departments", "positions", "work-locations"):
        staging, uat = (records(world, collection, environment) for environment in ENVIRONMENTS)
        assert staging
        assert not staging.keys() & uat.keys()
    assert world.hrms("/users/user_001", "uat").status_code == 404


def test_query_parameters_of_the_hrms_are_ignored(world: WorldClient) -> None:
    """What the page does not name has no effect (HRMS-USER-01)."""
    assert world.hrms("/users?limit=1&page[size]=1&filter=%FF").json() == world.hrms("/users").json()
