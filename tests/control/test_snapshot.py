"""Snapshots: everything out as JSON and back, exactly or not at all."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.client import MAIN, NORTH, ServerClient, WorldClient

RECORD = {
    "externalEmployeeId": "E-1",
    "firstName": "Ann",
    "email": "Ann@example.com",
    "hireDate": "2024-02-29",
    "metadata": {"n": [1, 2.5, None, {"deep": "\u00e9\U0001f642"}]},
    "supervisor": {"name": "S"},
    "roles": ["site_manager", "admin"],
    "sites": [{"id": MAIN, "role": "site_manager"}, {"id": NORTH}],
    "groups": [{"externalGroupId": "TEAM-001", "role": "Lead"}],
    "userAccount": {"username": "ann", "forcePasswordReset": True, "sendWelcomeEmail": True},
}


def snapshot(world: WorldClient) -> Any:
    """The world's snapshot."""
    answer = world.control("GET", "/snapshot")
    assert answer.status_code == 200, answer.text
    return answer.json()


def use(world: WorldClient) -> str:
    """Leave something of every kind in a world; an issued token."""
    token = world.token()
    world.control("PATCH", "/limits", json={"scan2evolve": {"limit": 50, "window_seconds": 9}})
    world.read(role_case="exact", token_lifetime="sliding")
    world.sync(RECORD, {"externalEmployeeId": "E-2", "email": "x"}, 7)
    world.sync({"externalEmployeeId": "E-1", "status": "INACTIVE"}, org=1)
    world.scan2evolve("GET", "/users", headers={"Authorization": f"Bearer {token}"})
    world.scan2evolve("POST", "/sync/employees", content=b"\xff")
    world.hrms("/users/user_001")
    world.add("credentials", name="spare")
    world.new_hrms_token(scopes=["users:read"])
    world.add("sites", name="Yard", code="Y")
    world.add("users", email="u@example.com", name="U")
    world.control("PATCH", "/hrms/users/user_002", json={"phone": None, "manager_id": None})
    world.advance(3.25)
    world.control("PATCH", "/clock", json={"rate": 2.5, "step_ms": 250})
    return token


def change_everything(world: WorldClient) -> None:
    """Change whatever can be changed."""
    world.sync({"externalEmployeeId": "E-1", "firstName": "Zed"}, {"externalEmployeeId": "E-9"})
    world.token()
    world.read(role_case=None, empty_batch="ok")
    world.control("PATCH", "/limits", json={"scan2evolve": None, "hrms": {"limit": 1, "window_seconds": 1}})
    world.control("PATCH", "/clock", json={"now": "2031-01-01T00:00:00Z", "frozen": False, "rate": 9, "step_ms": 7})
    place = f"/scan2evolve/organizations/{world.organizations[0]['organization_id']}"
    for collection in ("users", "groups", "credentials"):
        for item in world.scan2evolve_state(collection):
            assert world.control("DELETE", f"{place}/{collection}/{item['id']}").status_code == 204
    for collection in ("users", "departments", "positions", "work-locations"):
        for environment in ("staging", "uat"):
            listed = world.control("GET", f"/hrms/{collection}", params={"environment": environment}).json()["items"]
            for item in listed:
                world.control("DELETE", f"/hrms/{collection}/{item['id']}", params={"environment": environment})
    for token in world.control("GET", "/hrms/tokens").json()["items"]:
        world.control("DELETE", f"/hrms/tokens/{token['id']}")
    world.control("DELETE", "/journal")
    world.control("DELETE", "/outbox")


@pytest.mark.parametrize("between", ["changes", "reset", "nothing"])
def test_snapshot_is_restored_exactly(world: WorldClient, between: str) -> None:
    """GET, change everything, PUT, GET: equal, and the world goes on as if nothing had been."""
    token = use(world)
    taken = snapshot(world)
    assert taken == snapshot(world)
    if between == "changes":
        change_everything(world)
        assert world.scan2evolve("GET", "/users").status_code == 401
    elif between == "reset":
        world.control("POST", "/reset")
    assert (snapshot(world) == taken) is (between == "nothing")
    answer = world.control("PUT", "/snapshot", json=taken)
    assert (answer.status_code, answer.content) == (204, b"")
    assert snapshot(world) == taken
    headers = {"Authorization": f"Bearer {token}"}
    shown = world.scan2evolve("GET", "/users", headers=headers)
    assert shown.status_code == 200
    assert [user["employeeNumber"] for user in shown.json()] == [None, "E-1", None]
    assert world.hrms("/users", "uat").status_code == 200
    assert world.employee("E-1")["metadata"] == RECORD["metadata"]
    assert world.sync(RECORD)["results"][0]["status"] == "UPDATED"


def test_world_goes_on_from_a_snapshot_with_the_same_bytes(world: WorldClient) -> None:
    """Ids, tokens, windows and numbers continue where they were."""
    use(world)
    taken = snapshot(world)

    def go_on() -> list[Any]:
        answers = [
            world.scan2evolve("POST", "/sync/employees", json={"employees": [{"externalEmployeeId": "E-7"}]}),
            world.scan2evolve("GET", "/users"),
            world.hrms("/users/user_002"),
        ]
        seen: list[Any] = [(answer.content, sorted(answer.headers.items())) for answer in answers]
        return [*seen, world.token(), world.add("roles", name="cook"), world.journal(), snapshot(world)]

    first = go_on()
    world.control("PUT", "/snapshot", json=taken)
    assert go_on() == first


def test_reset_after_a_snapshot_is_the_world_as_created(world: WorldClient) -> None:
    """A restored world still knows how it began."""
    fresh = snapshot(world)
    use(world)
    taken = snapshot(world)
    world.control("POST", "/reset")
    world.control("PUT", "/snapshot", json=taken)
    world.control("POST", "/reset")
    again = snapshot(world)
    assert len(again["state"]["tokens"].pop("credentials")) == 3
    assert len(again["state"].pop("application_tokens")) == 3
    del fresh["state"]["tokens"]["credentials"], fresh["state"]["application_tokens"]
    assert again == fresh


def test_running_clock_comes_back_with_its_distance_from_the_real_time(server: ServerClient) -> None:
    """A clock that ran goes on running, as far from the machine's as it was."""
    world = server.world(frozen=False, now="1999-12-31T23:59:59Z")
    taken = snapshot(world)
    world.control("PATCH", "/clock", json={"now": "2050-01-01T00:00:00Z"})
    world.control("PUT", "/snapshot", json=taken)
    clock = world.control("GET", "/clock").json()
    assert clock["frozen"] is False
    assert clock["now"] < "2000-01-01T00:10:00.000Z"
    assert snapshot(world)["state"]["clock"] == taken["state"]["clock"]
    world.control("DELETE")


Spoil = Callable[[Any], Any]


def drop(*steps: Any) -> Spoil:
    """Take a member out."""

    def spoil(taken: Any) -> None:
        for step in steps[:-1]:
            taken = taken[step]
        del taken[steps[-1]]

    return spoil


def put(value: Any, *steps: Any) -> Spoil:
    """Put another value in."""

    def spoil(taken: Any) -> None:
        for step in steps[:-1]:
            taken = taken[step]
        taken[steps[-1]] = value

    return spoil


def twice(*steps: Any) -> Spoil:
    """Let the first element of a list come twice."""

    def spoil(taken: Any) -> None:
        for step in steps:
            taken = taken[step]
        taken.append(copy.deepcopy(taken[0]))

    return spoil


SPOILED: list[tuple[Spoil, str]] = [
    (drop("state"), ""),
    (drop("version"), ""),
    (put(2, "version"), "/version"),
    (put("1", "version"), "/version"),
    (put([], "state"), "/state"),
    (put(1, "extra"), "/extra"),
    (drop("state", "clock"), "/state"),
    (put(1, "state", "extra"), "/state"),
    (put("now", "state", "clock", "frozen_at"), "/state/clock/frozen_at"),
    (put(10**18, "state", "clock", "frozen_at"), "/state/clock/frozen_at"),
    (put(0, "state", "clock", "rate"), "/state/clock/rate"),
    (put(1e6, "state", "spec", "rate"), "/state/spec/rate"),
    (put(-1, "state", "clock", "step_ms"), "/state/clock/step_ms"),
    (put(1.5, "state", "spec", "step_ms"), "/state/spec/step_ms"),
    (put("loud", "state", "readings", "role-case"), "/state/readings/role-case"),
    (put(-1, "state", "ids", "drawn"), "/state/ids/drawn"),
    (put(0, "state", "rates", "limits", "scan2evolve", "limit"), "/state/rates/limits"),
    (drop("state", "rates", "limits", "hrms"), "/state/rates/limits"),
    (drop("state", "directories", "uat"), "/state/directories"),
    (put("dept_999", "state", "directories", "staging", "users", 1, "department_id"), "/state/directories/staging"),
    (put("user_001", "state", "directories", "staging", "users", 0, "manager_id"), "/state/directories/staging"),
    (twice("state", "directories", "uat", "positions"), "/state/directories/uat"),
    (put([], "state", "organizations"), "/state/organizations"),
    (twice("state", "organizations"), "/state/organizations"),
    (put(["role_no"], "state", "organizations", 0, "employees", 0, "roles"), "/state/organizations/0"),
    (put([], "state", "organizations", 0, "employees", 0, "sites"), "/state/organizations/0"),
    (put(None, "state", "organizations", 0, "employees", 0, "user"), "/state/organizations/0"),
    (put([], "state", "organizations", 0, "employees"), "/state/organizations/0"),
    (twice("state", "organizations", 0, "employees"), "/state/organizations/0"),
    (twice("state", "organizations", 0, "users"), "/state/organizations/0"),
    (put("GONE", "state", "organizations", 0, "employees", 0, "status"), "/state/organizations/0/employees/0/status"),
    (
        put("org-no", "state", "tokens", "credentials", 0, "organization"),
        "/state/tokens/credentials/0/organization",
    ),
    (twice("state", "tokens", "tokens"), "/state/tokens/tokens"),
    (twice("state", "journal", "entries"), "/state/journal/entries"),
    (put(0, "state", "audit", "last"), "/state/audit/entries"),
    (put(7, "state", "outbox", "entries", 0, 1, "to"), "/state/outbox/entries/0/1/to"),
]


@pytest.mark.parametrize(("spoil", "pointer"), SPOILED)
def test_snapshot_that_does_not_hold_together_changes_nothing(world: WorldClient, spoil: Spoil, pointer: str) -> None:
    """422 with a pointer into the snapshot, and the world is as it was."""
    use(world)
    taken = snapshot(world)
    world.advance(1)
    before = snapshot(world)
    spoil(taken)
    answer = world.control("PUT", "/snapshot", json=taken)
    assert answer.status_code == 422, answer.text
    assert answer.json()["pointer"] == pointer, answer.json()
    assert snapshot(world) == before


def test_snapshot_of_another_world_is_a_conflict(server: ServerClient, world: WorldClient) -> None:
    """Nor can its credentials be smuggled in under the world's own name; neither world changes."""
    other = server.world()
    before, others = snapshot(world), snapshot(other)
    foreign = copy.deepcopy(others)
    answer = world.control("PUT", "/snapshot", json=foreign)
    assert (answer.status_code, answer.json()["pointer"]) == (409, "/world")
    foreign["world"] = world.id
    assert world.control("PUT", "/snapshot", json=foreign).status_code == 409
    assert snapshot(world) == before
    assert snapshot(other) == others
    assert other.scan2evolve("GET", "/users").status_code == 200
    other.control("DELETE")
