"""The read-only users: the window on what a sync did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.client import MAIN, NORTH, ServerClient, WorldClient

RECORDS: list[dict[str, Any]] = [
    {
        "externalEmployeeId": "E-1",
        "firstName": "Jane",
        "lastName": "Doe",
        "email": "jane@example.com",
        "supervisor": {"name": "John Smith", "email": "john@example.com"},
        "roles": ["site_manager", "FIELD_TECH"],
        "sites": [{"id": MAIN, "role": "inspector"}, {"id": NORTH}],
        "userAccount": {"username": "jane"},
    },
    {
        "externalEmployeeId": "E-2",
        "displayName": "Ann",
        "email": "ann@example.com",
        "roles": ["inspector"],
        "supervisor": {"name": "Only Name"},
        "userAccount": {},
    },
    {"externalEmployeeId": "E-3", "email": "gone@example.com", "roles": ["inspector"], "userAccount": {}},
    {"externalEmployeeId": "E-4", "firstName": "No", "lastName": "Account", "roles": ["inspector"]},
]


@pytest.fixture(scope="module")
def staffed(server: ServerClient) -> Iterator[WorldClient]:
    """A world with users of every kind; tests of this module only read it, or set a reading and set it back."""
    made = server.world()
    made.sync(*RECORDS)
    made.sync({"externalEmployeeId": "E-3", "status": "TERMINATED"})
    yield made
    made.control("DELETE")


def users(world: WorldClient, query: str = "") -> list[Any]:
    """What GET /api/v1/users answers."""
    answer = world.scan2evolve("GET", f"/users{query}")
    assert answer.status_code == 200, answer.text
    listed: list[Any] = answer.json()
    return listed


def numbers(world: WorldClient, query: str) -> list[str | None]:
    """The employee numbers that a query finds."""
    return [user["employeeNumber"] for user in users(world, query)]


def test_users_are_a_bare_array_oldest_first(staffed: WorldClient) -> None:
    """All accounts, linked or not, with every documented field; employees without account are none (S2E-USER-01)."""
    organization = staffed.organizations[0]["organization_id"]
    listed = users(staffed)
    ids = {item["externalEmployeeId"]: item["user"] for item in staffed.scan2evolve_state("employees")}
    common = {"isActive": True, "lastSeen": None, "organizationId": organization}
    nobody: dict[str, Any] = {"supervisorName": None, "supervisorEmail": None, "roles": [], "sites": []}
    assert listed == [
        {
            **common,
            **nobody,
            "id": staffed.scan2evolve_state("users")[0]["id"],
            "name": "Pat Morgan",
            "email": "pat.morgan@example.com",
            "employeeNumber": None,
        },
        {
            **common,
            "id": ids["E-1"]["userId"],
            "name": "Jane Doe",
            "email": "jane@example.com",
            "employeeNumber": "E-1",
            "supervisorName": "John Smith",
            "supervisorEmail": "john@example.com",
            "roles": ["site_manager", "FIELD_TECH"],
            "sites": [
                {"id": MAIN, "name": "Main Plant", "code": "MAIN"},
                {"id": NORTH, "name": "North Depot", "code": "NORTH"},
            ],
        },
        {
            **common,
            **nobody,
            "id": ids["E-2"]["userId"],
            "name": "Ann",
            "email": "ann@example.com",
            "employeeNumber": "E-2",
            "supervisorName": "Only Name",
            "roles": ["inspector"],
        },
        {
            **common,
            **nobody,
            "id": ids["E-3"]["userId"],
            "name": "E-3",
            "email": "gone@example.com",
            "employeeNumber": "E-3",
            "isActive": False,
        },
    ]
    assert ids["E-4"] is None


def test_each_user_is_found_by_id_as_it_is_listed(staffed: WorldClient) -> None:
    """The same fields and values one by one (S2E-USER-02)."""
    for user in users(staffed):
        assert staffed.scan2evolve("GET", f"/users/{user['id']}").json() == user


@pytest.mark.parametrize("user_id", ["user_0000000000000000", "E-1", "jane", "USER_", "%20", "%F0%9F%99%82"])
def test_unknown_user_is_not_found(staffed: WorldClient, user_id: str) -> None:
    """404 with the vendor's body (S2E-USER-02, S2E-ERR-01)."""
    answer = staffed.scan2evolve("GET", f"/users/{user_id}")
    body = answer.json()
    assert body.pop("requestId").startswith("sync-1731925800000-")
    assert (answer.status_code, body) == (404, {"error": "User not found"})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?isActive=true", [None, "E-1", "E-2"]),
        ("?isActive=false", ["E-3"]),
        ("?role=FIELD_TECH", ["E-1"]),
        ("?role=field_tech", ["E-1"]),
        ("?role=inspector", ["E-2"]),
        ("?role=inspector&isActive=true", ["E-2"]),
        ("?isActive=false&role=inspector", []),
        ("?role=admin", []),
        ("?role=nothing", []),
        ("?role=", []),
        ("?role=FIELD%5FTECH", ["E-1"]),
        ("?Role=admin&isactive=maybe&limit=1&x", [None, "E-1", "E-2", "E-3"]),
    ],
)
def test_filters_keep_the_users_that_match(staffed: WorldClient, query: str, found: list[str | None]) -> None:
    """By role (of the employee, not of a site) and isActive, together an and; others are ignored (S2E-USER-01)."""
    assert numbers(staffed, query) == found


@pytest.mark.parametrize(
    ("reading", "role", "found"),
    [
        ("exact", "field_tech", []),
        ("exact", "FIELD_TECH", ["E-1"]),
        ("insensitive", "Site_Manager", ["E-1"]),
        ("exact", "Site_Manager", []),
    ],
)
def test_role_filter_matches_as_the_reading_says(
    staffed: WorldClient, reading: str, role: str, found: list[str]
) -> None:
    """Names are compared by role-case (S2E-USER-01, S2E-ROLE-04)."""
    staffed.read(role_case=reading)
    assert numbers(staffed, f"?role={role}") == found
    staffed.read(role_case=None)


@pytest.mark.parametrize("value", ["", "TRUE", "1", "yes", " true", "true,false", "null", "{0}", "'"])
def test_other_is_active_is_refused_by_name(staffed: WorldClient, value: str) -> None:
    """Anything but true and false, a blank one too (S2E-USER-01)."""
    answer = staffed.scan2evolve("GET", "/users", params={"isActive": value})
    body = answer.json()
    del body["requestId"]
    assert (answer.status_code, body) == (400, {"error": f"Invalid isActive '{value}'. Must be true or false"})


def test_repeated_is_active_is_refused(staffed: WorldClient) -> None:
    """Two values are neither true nor false (S2E-USER-01)."""
    assert staffed.scan2evolve("GET", "/users?isActive=true&isActive=true").status_code == 400


def test_users_show_what_a_later_sync_did(world: WorldClient) -> None:
    """For whoever has no control plane, this is the window on a sync (S2E-USER-01)."""
    world.accepted(RECORDS[0])
    world.accepted({**RECORDS[0], "displayName": "J. D.", "email": "jd@example.com", "roles": ["admin"], "sites": []})
    shown = users(world)[1]
    assert (shown["name"], shown["email"], shown["roles"], shown["sites"]) == ("J. D.", "jd@example.com", ["admin"], [])


def test_user_of_the_control_plane_has_the_name_given_there_until_it_is_linked(world: WorldClient) -> None:
    """A user linked to nobody shows its own name, then the employee's (S2E-USER-01, S2E-ACCT-07)."""
    made = world.add("users", email="new@example.com", name="Given Here")
    assert [user["name"] for user in users(world)] == ["Pat Morgan", "Given Here"]
    linked = world.accepted(
        {"externalEmployeeId": "E-9", "firstName": "Nina", "email": "new@example.com", "userAccount": {}}
    )
    assert linked["userId"] == made["id"]
    assert users(world)[1]["name"] == "Nina"
    assert users(world)[1]["employeeNumber"] == "E-9"
