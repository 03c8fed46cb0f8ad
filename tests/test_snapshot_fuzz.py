"""Snapshots bent at random: refused and nothing changed, or restored and the world can be read and used."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import MAIN, NORTH, ServerClient, WorldClient
from tests.survey import look_at_everything, no_errors_logged
from tests.thoroughness import examples

Path = tuple[str | int, ...]
BENT: list[Any] = [None, True, 0, -1, 2**63, 2**64 - 1, -(2**63), 10**15, 1.5, "", "x", "\x00", "\xe9", "A", [], {}]
BENT += ["a@example.com", "site_manager", [[]], ["x", "y"], [["a", None]], {"a": {}}, "x/../y", "a\r\nb: c"]


def places(value: Any, here: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value but its root."""
    if here:
        yield here
    children: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in children:
        yield from places(child, (*here, step))


def shapes_of(value: Any) -> list[list[Path]]:
    """The places, those that differ in positions alone together, so that long lists do not outweigh the rest."""
    grouped: dict[Path, list[Path]] = {}
    for place in places(value):
        grouped.setdefault(tuple("#" if isinstance(step, int) else step for step in place), []).append(place)
    return list(grouped.values())


def bend(value: Any, place: tuple[Any, ...], how: str, bent: Any) -> None:
    """Change one place of a JSON value, if it is still there."""
    try:
        for step in place[:-1]:
            value = value[step]
        if how == "replace":
            value[place[-1]] = bent
        elif how == "remove":
            del value[place[-1]]
        elif isinstance(value, list):
            value.append(copy.deepcopy(value[place[-1]])) if how == "repeat" else value.reverse()
        elif how == "repeat":
            value["surplus"] = bent
        else:
            value[place[-1]] = copy.deepcopy(next(iter(value.values())))
    except (KeyError, IndexError, TypeError, AttributeError, StopIteration):
        pass


@pytest.fixture(scope="module")
def lived(server: ServerClient) -> Iterator[tuple[WorldClient, dict[str, Any]]]:
    """A world with something of everything in it, and its snapshot."""
    refused = {"name": "status", "parameters": {"status": 404, "message": "x"}}
    faults = [
        {"name": "script", "parameters": {"answers": ["pass", refused], "repeat": True}, "api": "hrms"},
        {"name": "transient-database-error", "parameters": {"ids": ["X"], "indexes": [7]}, "calls": [1, 2], "times": 3},
        {**refused, "operation": "listUsers", "probability": 0.5, "since": "2024-11-18T10:30:00Z"},
    ]
    limits = {"scan2evolve": {"limit": 100_000, "window_seconds": 60}, "hrms": None}
    world = server.world(limits=limits, faults=faults)
    world.sync(
        {
            "externalEmployeeId": "A",
            "firstName": "Ada",
            "email": "a@example.com",
            "hireDate": "2020-01-01",
            "supervisor": {"name": "B"},
            "metadata": {"a": 1},
            "roles": ["site_manager", "nobody"],
            "groups": [{"groupName": "Maintenance Team", "role": "x"}],
            "sites": [{"id": MAIN, "role": "site_manager"}],
            "userAccount": {"forcePasswordReset": True, "sendWelcomeEmail": True},
            "unknown": 1,
        },
        {"externalEmployeeId": "B", "email": "a@example.com"},
        {},
        {"externalEmployeeId": "C", "email": "c@example.com", "userAccount": {}},
    )
    world.token()
    world.hrms("/users")
    world.hrms("/users", headers={"X-Environment": "x"})
    world.scan2evolve("GET", "/users")
    yield world, world.control("GET", "/snapshot").json()
    world.control("DELETE")


def bent_snapshot_is_harmless(lived: tuple[WorldClient, dict[str, Any]], data: st.DataObject) -> None:
    """Either the bent snapshot is refused and changes nothing, or the world can be read and used."""
    world, taken = lived
    bent = copy.deepcopy(taken)
    for group in data.draw(st.lists(st.sampled_from(shapes_of(taken)), min_size=1, max_size=3)):
        how = data.draw(st.sampled_from(["replace", "replace", "replace", "remove", "repeat", "swap"]))
        bend(bent, data.draw(st.sampled_from(group)), how, copy.deepcopy(data.draw(st.sampled_from(BENT))))
    with no_errors_logged():
        answer = world.control("PUT", "/snapshot", json=bent)
        if answer.status_code == 204:
            look_at_everything(world)
            assert world.control("POST", "/clock/advance", json={"seconds": 1}).status_code in (200, 422)
            assert world.control("POST", "/reset").status_code == 200
            look_at_everything(world)
            assert world.control("PUT", "/snapshot", json=taken).status_code == 204
        else:
            assert answer.status_code in (409, 422), answer.text
            assert answer.json()["pointer"] is not None
        assert world.control("GET", "/snapshot").json() == taken


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_snapshot_bent_at_random_is_refused_or_harmless(
    lived: tuple[WorldClient, dict[str, Any]], data: st.DataObject
) -> None:
    """Restoring is all or nothing, and what is restored can be shown."""
    bent_snapshot_is_harmless(lived, data)


@pytest.mark.slow
@settings(max_examples=examples(200), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_many_snapshots_bent_at_random_are_refused_or_harmless(
    lived: tuple[WorldClient, dict[str, Any]], data: st.DataObject
) -> None:
    """The same, more often."""
    bent_snapshot_is_harmless(lived, data)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("clock", "frozen_at"), 10**17),
        (("spec", "users"), 10**9),
        (("spec", "seed"), -1),
        (("spec", "limits"), {"hrms": None}),
        (("rates", "limits", "scan2evolve", "limit"), 0),
        (("tokens", "credentials", 0, "created_at"), -(2**63)),
        (("tokens", "credentials", 1, "organization"), "org-none"),
        (("application_tokens", 0, "scopes"), ["users:read", "users:read"]),
        (("journal", "entries", 0, 1, "act", "status"), 99),
        (("journal", "entries", 0, 1, "act", "api"), "control"),
        (("journal", "entries", 0, 1, "act", "records", 0, "warnings", 0, 0), "no-such-rule"),
        (("journal", "entries", 0, 1, "decision", "readings"), [["user-detail"]]),
        (("journal", "entries", 0, 1, "request_head"), "aG9zdA=="),
        (("journal", "entries", 0, 0), 0),
        (("journal", "last"), 1),
        (("audit", "entries", 0, 1, "at"), 2**62),
        (("outbox", "entries", 0, 1, "sent_at"), 2**62),
        (("organizations", 0, "sites", 0, "id"), "x"),
        (("organizations", 0, "sites", 0, "id"), NORTH.upper()),
        (("organizations", 0, "users", 0, "id"), "user_1"),
        (("organizations", 0, "users", 0, "email"), "nobody"),
        (("organizations", 0, "users", 0, "employee"), "C"),
        (("organizations", 0, "employees", 0, "metadata"), "[]"),
        (("organizations", 0, "employees", 0, "metadata"), "{"),
        (("organizations", 0, "employees", 0, "roles"), ["role_none"]),
        (("directories", "staging", "users", 0, "id"), "a\r\nb: c"),
        (("faults", "planned", 0, "plan", "parameters", "answers", 1, "name"), "pass"),
        (("journal", "entries", 0, 1, "delivered"), "none"),
        (("directories", "staging", "users", 1, "staff_id"), ""),
        (("directories", "uat", "users", 1, "work_location_ids"), ["loc_101", "loc_101"]),
        (("directories", "uat", "users", 0, "manager_id"), "user_101"),
    ],
)
def test_snapshot_with_an_impossible_value_is_refused_with_its_place(
    lived: tuple[WorldClient, dict[str, Any]], place: Path, value: Any
) -> None:
    """What could not be shown, or leads in a circle, is refused with a pointer to it, and changes nothing."""
    world, taken = lived
    bent = copy.deepcopy(taken)
    target = bent["state"]
    for step in place[:-1]:
        target = target[step]
    assert target[place[-1]] != value
    target[place[-1]] = value
    answer = world.control("PUT", "/snapshot", json=bent)
    assert answer.status_code == 422, answer.text
    assert answer.json()["pointer"].startswith(f"/state/{place[0]}")
    assert world.control("GET", "/snapshot").json() == taken


def test_snapshot_of_another_world_is_a_conflict(server: ServerClient, world: WorldClient) -> None:
    """A world takes back neither another's snapshot nor another's credentials."""
    other = server.world()
    taken = other.control("GET", "/snapshot").json()
    assert world.control("PUT", "/snapshot", json=taken).status_code == 409
    answer = world.control("PUT", "/snapshot", json=taken | {"world": world.id})
    assert (answer.status_code, answer.json()["detail"]) == (409, "the snapshot holds credentials of another world")
    assert other.scan2evolve("GET", "/users").status_code == 200
    other.control("DELETE")
