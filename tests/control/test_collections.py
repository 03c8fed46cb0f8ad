"""The collections: make, list in pages, read, change whole or not at all, delete."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest

from tests.client import MAIN, WorldClient

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Kind(NamedTuple):
    """A collection: how an item is made, what is shown of it, and how one is changed.

    `bad` is a change with one good and one bad key, and the bad one's pointer.
    """

    path: str
    make: dict[str, Any]
    shown: dict[str, Any]
    id_pattern: str
    change: dict[str, Any]
    bad: dict[str, Any]
    pointer: str
    secret: str | None = None

    def base(self, world: WorldClient) -> str:
        """The collection's path below the world."""
        return self.path.replace("{org}", world.organizations[0]["organization_id"])


ORG = "/scan2evolve/organizations/{org}"
STAGING = {"environment": "staging"}
KINDS = [
    Kind(f"{ORG}/sites", {"name": "Yard"}, {"name": "Yard", "code": None}, UUID, {"code": "Y"}, {"name": 1}, "/name"),
    Kind(
        f"{ORG}/roles", {"name": "cook"}, {"name": "cook"}, "role_[0-9a-f]{12}", {"name": "chef"}, {"name": ""}, "/name"
    ),
    Kind(
        f"{ORG}/groups",
        {"groupName": "Night", "externalGroupId": "N-1"},
        {"groupName": "Night", "externalGroupId": "N-1"},
        "group_[0-9a-f]{12}",
        {"externalGroupId": None},
        {"groupName": "Day", "externalGroupId": ""},
        "/externalGroupId",
    ),
    Kind(
        f"{ORG}/users",
        {"email": "kim@example.com", "name": "Kim"},
        {
            "email": "kim@example.com",
            "name": "Kim",
            "username": "kim@example.com",
            "enabled": True,
            "mustResetPassword": False,
            "externalEmployeeId": None,
        },
        "user_[0-9a-f]{16}",
        {"enabled": False},
        {"name": "Kim Lee", "email": "kim"},
        "/email",
    ),
    Kind(
        f"{ORG}/credentials",
        {"name": "spare"},
        {"name": "spare", "created_at": "2024-11-18T10:30:00.000Z"},
        "cred_[0-9a-f]{12}",
        {"name": None},
        {"name": 7},
        "/name",
        "client_secret",
    ),
    Kind(
        "/hrms/departments",
        {"name": "Research", **STAGING},
        {"name": "Research", "code": None, **STAGING},
        "dept_[0-9a-f]{12}",
        {"code": "R&D"},
        {"name": "Lab", "code": ""},
        "/code",
    ),
    Kind(
        "/hrms/positions",
        {"name": "Chemist", "code": "CH", **STAGING},
        {"name": "Chemist", "code": "CH", **STAGING},
        "pos_[0-9a-f]{12}",
        {"code": None},
        {"code": "X", "name": None},
        "/name",
    ),
    Kind(
        "/hrms/work-locations",
        {"name": "Lab", "city": "Ipoh", **STAGING},
        {"name": "Lab", "address": None, "city": "Ipoh", "country": None, **STAGING},
        "loc_[0-9a-f]{12}",
        {"country": "MY", "city": None},
        {"country": "MY", "address": 7},
        "/address",
    ),
    Kind(
        "/hrms/users",
        {"name": "Kim Lee", "email": "kim@company.example", "department_id": "dept_001", **STAGING},
        {
            "staffId": "S0004",
            "name": "Kim Lee",
            "email": "kim@company.example",
            "preferred_name": None,
            "phone": None,
            "status": "active",
            "department_id": "dept_001",
            "position_id": None,
            "work_location_ids": [],
            "manager_id": None,
            **STAGING,
        },
        "user_[0-9a-f]{12}",
        {"department_id": None, "work_location_ids": ["loc_002", "loc_001"], "manager_id": "user_001"},
        {"name": "Kim", "manager_id": "nobody"},
        "/manager_id",
    ),
]
EACH = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.path.rpartition("/")[2] + "@" + kind.path[1])


def items(world: WorldClient, kind: Kind, **query: Any) -> list[dict[str, Any]]:
    """All items of a collection."""
    params = (STAGING if kind.path.startswith("/hrms") else {}) | {"limit": 1000} | query
    answer = world.control("GET", kind.base(world), params=params)
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["items"]
    return listed


def make(world: WorldClient, kind: Kind, **changes: Any) -> dict[str, Any]:
    """A new item."""
    answer = world.control("POST", kind.base(world), json=kind.make | changes)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


@EACH
def test_item_is_made_listed_read_changed_and_deleted(world: WorldClient, kind: Kind) -> None:
    """The whole life of an item; a PATCH answers the full new value."""
    before = items(world, kind)
    answer = world.control("POST", kind.base(world), json=kind.make)
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/_sandbox/worlds/{world.id}{kind.base(world)}/{made['id']}"
    assert re.fullmatch(kind.id_pattern, made["id"])
    if kind.secret is not None:
        assert answer.headers["cache-control"] == "no-store"
        assert made.pop(kind.secret)
    assert {key: value for key, value in made.items() if key not in ("id", "client_id")} == kind.shown
    assert items(world, kind) == [*before, made]
    one = f"{kind.base(world)}/{made['id']}"
    assert world.control("GET", one).json() == made
    changed = world.control("PATCH", one, json=kind.change)
    assert (changed.status_code, changed.json()) == (200, made | kind.change)
    merge = world.control(
        "PATCH", one, content=b"{}", headers={"Content-Type": "application/merge-patch+json; charset=utf-8"}
    )
    assert merge.json() == made | kind.change
    assert world.control("GET", one).json() == made | kind.change
    deleted = world.control("DELETE", one)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert world.control("GET", one).status_code == 404
    assert items(world, kind) == before


@EACH
def test_patch_with_one_bad_key_changes_nothing(world: WorldClient, kind: Kind) -> None:
    """A merge patch is applied whole or not at all, and the bad key is pointed at."""
    made = make(world, kind)
    before = items(world, kind)
    answer = world.control("PATCH", f"{kind.base(world)}/{made['id']}", json=kind.bad)
    assert (answer.status_code, answer.json()["pointer"]) == (422, kind.pointer)
    assert items(world, kind) == before


@EACH
def test_key_that_is_no_part_of_a_patch_is_refused(world: WorldClient, kind: Kind) -> None:
    """An id cannot be changed."""
    made = make(world, kind)
    answer = world.control("PATCH", f"{kind.base(world)}/{made['id']}", json=kind.change | {"id": "other"})
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/id")
    assert made["id"] in {item["id"] for item in items(world, kind)}


@EACH
def test_blank_name_is_refused(world: WorldClient, kind: Kind) -> None:
    """White space alone is no name, in a POST as in a PATCH."""
    made = make(world, kind)
    before = items(world, kind)
    key = "groupName" if "groupName" in kind.make else "name"
    for method, path, body in (
        ("POST", kind.base(world), kind.make | {key: " \u2003\t"}),
        ("PATCH", f"{kind.base(world)}/{made['id']}", {key: "\u00a0"}),
    ):
        answer = world.control(method, path, json=body)
        assert (answer.status_code, answer.json()["pointer"]) == (422, f"/{key}")
    assert items(world, kind) == before


@EACH
def test_pages_hold_every_item_once_in_order(world: WorldClient, kind: Kind) -> None:
    """Following `next` to its end gives the list; the last page says null."""
    unique = {"name": "name", "groupName": "groupName", "email": "email"}
    for number in range(5):
        changes = {key: f"{number}{kind.make[key]}" for key in unique if key in kind.make}
        if "externalGroupId" in kind.make:
            changes["externalGroupId"] = f"N-{number}"
        make(world, kind, **changes)
    whole = items(world, kind)
    assert len(whole) >= 5
    for size in (1, 2, len(whole) - 1, len(whole), len(whole) + 1):
        found: list[Any] = []
        query: dict[str, Any] = {"limit": size} | (STAGING if kind.path.startswith("/hrms") else {})
        while True:
            body = world.control("GET", kind.base(world), params=query).json()
            assert set(body) == {"items", "next"}
            assert 1 <= len(body["items"]) <= size
            found += body["items"]
            if body["next"] is None:
                break
            query["after"] = body["next"]
            assert len(found) < len(whole)
        assert found == whole


# -- what is taken ------------------------------------------------------------------------------------

CONFLICTS: list[tuple[str, dict[str, Any], str]] = [
    (f"{ORG}/sites", {"name": "Again", "id": MAIN.upper()}, "/id"),
    (f"{ORG}/roles", {"name": "inspector"}, "/name"),
    (f"{ORG}/groups", {"groupName": "Maintenance Team"}, "/groupName"),
    (f"{ORG}/groups", {"groupName": "New", "externalGroupId": "TEAM-001"}, "/externalGroupId"),
    (f"{ORG}/users", {"email": "PAT.Morgan@example.com", "name": "P"}, "/email"),
    (f"{ORG}/users", {"email": "robin.hale@example.com", "name": "R"}, "/email"),
    (f"{ORG}/users", {"email": "new@example.com", "name": "N", "username": "Pat.Morgan@Example.com"}, "/username"),
    ("/hrms/users", {"name": "N", "email": "n@company.example", "id": "user_001", **STAGING}, "/id"),
    ("/hrms/users", {"name": "N", "email": "n@company.example", "staffId": "S0001", **STAGING}, "/staffId"),
    ("/hrms/departments", {"name": "N", "id": "dept_001", **STAGING}, "/id"),
    ("/hrms/positions", {"name": "N", "id": "pos_001", **STAGING}, "/id"),
    ("/hrms/work-locations", {"name": "N", "id": "loc_001", **STAGING}, "/id"),
]


@pytest.mark.parametrize(("path", "body", "pointer"), CONFLICTS)
def test_what_is_taken_is_a_conflict(world: WorldClient, path: str, body: dict[str, Any], pointer: str) -> None:
    """409 with a pointer to the key that is taken, and nothing changes."""
    place = path.replace("{org}", world.organizations[0]["organization_id"])
    before = world.control("GET", "/snapshot").json()
    answer = world.control("POST", place, json=body)
    assert (answer.status_code, answer.json()["pointer"]) == (409, pointer)
    assert world.control("GET", "/snapshot").json() == before


def test_change_to_what_is_taken_is_a_conflict(world: WorldClient) -> None:
    """A PATCH cannot take another item's name, e-mail or number; its own is no conflict."""
    place = ORG.replace("{org}", world.organizations[0]["organization_id"])
    role = world.add("roles", name="cook")
    group = world.add("groups", groupName="Night")
    user = world.add("users", email="kim@example.com", name="Kim")
    cases: list[tuple[str, dict[str, Any], str]] = [
        (f"{place}/roles/{role['id']}", {"name": "admin"}, "/name"),
        (f"{place}/groups/{group['id']}", {"groupName": "Maintenance Team"}, "/groupName"),
        (f"{place}/groups/{group['id']}", {"externalGroupId": "TEAM-001"}, "/externalGroupId"),
        (f"{place}/users/{user['id']}", {"name": "K", "email": "pat.morgan@example.com"}, "/email"),
        (f"{place}/users/{user['id']}", {"name": "K", "username": "pat.morgan@example.com"}, "/username"),
        ("/hrms/users/user_002", {"name": "K", "staffId": "S0001"}, "/staffId"),
    ]
    before = world.control("GET", "/snapshot").json()
    for path, body, pointer in cases:
        answer = world.control("PATCH", path, json=body)
        assert (answer.status_code, answer.json()["pointer"]) == (409, pointer), path
    assert world.control("GET", "/snapshot").json() == before
    own = world.control("PATCH", f"{place}/users/{user['id']}", json={"email": "KIM@example.com"})
    assert (own.status_code, own.json()["username"]) == (200, "KIM@example.com")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"department_id": "dept_101"}, "/department_id"),
        ({"position_id": "nothing"}, "/position_id"),
        ({"work_location_ids": ["loc_001", "loc_101"]}, "/work_location_ids/1"),
        ({"manager_id": "user_002"}, "/manager_id"),
        ({"manager_id": "user_003"}, "/manager_id"),
        ({"status": "retired"}, "/status"),
        ({"work_location_ids": ["loc_001", "loc_001"]}, "/work_location_ids"),
    ],
)
def test_person_refers_only_to_what_is_there_and_not_in_a_circle(
    world: WorldClient, changes: dict[str, Any], pointer: str
) -> None:
    """References stay in the environment, and nobody is their own manager, however far up."""
    assert world.control("PATCH", "/hrms/users/user_003", json={"manager_id": "user_002"}).status_code == 200
    before = world.control("GET", "/snapshot").json()
    answer = world.control("PATCH", "/hrms/users/user_002", json={"name": "Changed"} | changes)
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    assert world.control("GET", "/snapshot").json() == before


def test_environment_of_a_new_item_is_given_once(world: WorldClient) -> None:
    """In the body or in the query; both must say the same."""
    path = "/hrms/departments"
    missing = world.control("POST", path, json={"name": "N"})
    assert (missing.status_code, missing.json()["pointer"]) == (422, "/environment")
    apart = world.control("POST", path, params={"environment": "uat"}, json={"name": "N", **STAGING})
    assert (apart.status_code, apart.json()["pointer"]) == (422, "/environment")
    by_query = world.control("POST", path, params={"environment": "uat"}, json={"name": "N"})
    assert (by_query.status_code, by_query.json()["environment"]) == (201, "uat")
    one = f"{path}/{by_query.json()['id']}"
    assert world.control("GET", one).json() == by_query.json()
    assert world.control("GET", one, params={"environment": "staging"}).status_code == 404
