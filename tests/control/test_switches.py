"""Clock, readings and limits of a world: merge patches, whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.readings import CATALOGUE, Readings
from tests.client import NOW, ServerClient, WorldClient

DEFAULTS = Readings().as_dict()
PLAIN = {"now": NOW, "frozen": True, "rate": 1.0, "step_ms": 0}
OFF = {"scan2evolve": None, "hrms": None}


# -- clock -------------------------------------------------------------------------------------------


def clock(world: WorldClient) -> Any:
    """The world's time."""
    return world.control("GET", "/clock").json()


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, {}),
        ({"now": "2030-01-01T00:00:00Z"}, {"now": "2030-01-01T00:00:00.000Z"}),
        ({"now": "0001-01-01T00:00:00.000Z"}, {"now": "0001-01-01T00:00:00.000Z"}),
        ({"now": "9999-12-31T23:59:59.999Z"}, {"now": "9999-12-31T23:59:59.999Z"}),
        ({"now": "2024-02-29T23:59:59.001Z", "frozen": True}, {"now": "2024-02-29T23:59:59.001Z"}),
        ({"frozen": True}, {}),
        ({"rate": 60}, {"rate": 60.0}),
        ({"rate": 0.001}, {"rate": 0.001}),
        ({"rate": 86_400}, {"rate": 86_400.0}),
        ({"rate": 1.23456}, {"rate": 1.235}),
        ({"step_ms": 86_400_000}, {"step_ms": 86_400_000}),
        ({"step_ms": 5, "rate": 2.5, "frozen": True}, {"step_ms": 5, "rate": 2.5}),
    ],
)
def test_clock_is_put_where_it_is_wanted(world: WorldClient, patch: Any, expected: Any) -> None:
    """What is left out of the patch stays; looking at a clock is no step."""
    answer = world.control("PATCH", "/clock", json=patch)
    assert (answer.status_code, answer.json()) == (200, PLAIN | expected)
    assert clock(world) == PLAIN | expected


@pytest.mark.parametrize(
    ("path", "method", "body", "pointer"),
    [
        ("/clock", "PATCH", {"now": "2024-11-31T00:00:00Z", "frozen": False}, "/now"),
        ("/clock", "PATCH", {"now": "2024-11-18", "frozen": False}, "/now"),
        ("/clock", "PATCH", {"now": None, "frozen": False}, "/now"),
        ("/clock", "PATCH", {"now": "2030-01-01T00:00:00Z", "frozen": 1}, "/frozen"),
        ("/clock", "PATCH", {"now": "2030-01-01T00:00:00Z", "speed": 2}, "/speed"),
        ("/clock", "PATCH", {"frozen": False, "rate": 0}, "/rate"),
        ("/clock", "PATCH", {"frozen": False, "rate": 0.0009}, "/rate"),
        ("/clock", "PATCH", {"frozen": False, "rate": 86_400.1}, "/rate"),
        ("/clock", "PATCH", {"frozen": False, "rate": "60"}, "/rate"),
        ("/clock", "PATCH", {"frozen": False, "rate": None}, "/rate"),
        ("/clock", "PATCH", {"frozen": False, "step_ms": -1}, "/step_ms"),
        ("/clock", "PATCH", {"frozen": False, "step_ms": 0.5}, "/step_ms"),
        ("/clock", "PATCH", {"frozen": False, "step_ms": 86_400_001}, "/step_ms"),
        ("/clock/advance", "POST", {}, ""),
        ("/clock/advance", "POST", {"seconds": -1}, "/seconds"),
        ("/clock/advance", "POST", {"seconds": "1"}, "/seconds"),
        ("/clock/advance", "POST", {"seconds": 1e18}, "/seconds"),
    ],
)
def test_clock_stays_where_a_change_is_refused(
    world: WorldClient, path: str, method: str, body: Any, pointer: str
) -> None:
    """422 with the pointer, and no half of the change is made."""
    answer = world.control(method, path, json=body)
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    assert clock(world) == PLAIN


def test_clock_cannot_be_advanced_beyond_the_last_year(world: WorldClient) -> None:
    """Years have four digits."""
    world.control("PATCH", "/clock", json={"now": "9999-12-31T23:59:59.000Z"})
    answer = world.control("POST", "/clock/advance", json={"seconds": 1})
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/seconds")
    assert world.control("POST", "/clock/advance", json={"seconds": 0.999}).json()["now"] == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize(
    ("seconds", "now"),
    [
        (0, NOW),
        (1, "2024-11-18T10:30:01.000Z"),
        (0.001, "2024-11-18T10:30:00.001Z"),
        (86_400.5, "2024-11-19T10:30:00.500Z"),
    ],
)
def test_frozen_clock_advances_by_exactly_so_much(world: WorldClient, seconds: float, now: str) -> None:
    """To the millisecond; it stays frozen."""
    answer = world.control("POST", "/clock/advance", json={"seconds": seconds})
    assert (answer.status_code, answer.json()) == (200, PLAIN | {"now": now})


def test_running_clock_runs_from_where_it_was_put(world: WorldClient) -> None:
    """Unfrozen it goes on from its time; frozen again it stands."""
    world.control("PATCH", "/clock", json={"frozen": False})
    first = clock(world)
    for _ in range(1_000):
        if clock(world)["now"] > first["now"]:
            break
    else:
        pytest.fail("the clock does not run")
    assert first["now"] < "2024-11-18T10:31:00.000Z"
    frozen = world.control("PATCH", "/clock", json={"frozen": True}).json()
    assert clock(world) == frozen


def test_world_without_a_wish_has_the_real_time(server: ServerClient) -> None:
    """Real time is the default, and runs."""
    created = server.http.post("/_sandbox/worlds", json={"users": 0}).json()
    before = datetime.fromisoformat(created["now"])
    assert abs((datetime.now(UTC) - before).total_seconds()) < 60
    assert created["frozen"] is False
    server.http.delete(f"/_sandbox/worlds/{created['id']}")


# -- readings -------------------------------------------------------------------------------------------


def readings(world: WorldClient) -> Any:
    """The readings in force."""
    return world.control("GET", "/readings").json()


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)
def test_each_reading_takes_each_of_its_values_and_null(world: WorldClient, row: Any) -> None:
    """Every value can be set, null means the default, and the answer is the full new value."""
    assert readings(world) == DEFAULTS
    for value in (*row.values, *reversed(row.values)):
        answer = world.control("PATCH", "/readings", json={row.name: value})
        assert (answer.status_code, answer.json()) == (200, DEFAULTS | {row.name: value})
        assert readings(world) == answer.json()
    assert world.control("PATCH", "/readings", json={row.name: None}).json() == DEFAULTS


def test_readings_that_a_patch_leaves_out_stay(world: WorldClient) -> None:
    """A merge patch changes what it names, and an empty one nothing."""
    expected = dict(DEFAULTS)
    for patch in ({"role-case": "exact"}, {"null-field": "ignored", "empty-batch": "ok"}, {}, {"role-case": None}):
        expected |= {name: value or DEFAULTS[name] for name, value in patch.items()}
        assert world.control("PATCH", "/readings", json=patch).json() == expected


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"role-case": "exact", "empty-batch": "maybe"}, "/empty-batch"),
        ({"role-case": "exact", "validation-status": 422}, "/validation-status"),
        ({"role-case": "exact", "no-such-reading": "x"}, "/no-such-reading"),
        ({"role-case": "exact", "role_case": "exact"}, "/role_case"),
        ({"role-case": ["exact"]}, "/role-case"),
        ({"role-case": ""}, "/role-case"),
    ],
)
def test_readings_change_whole_or_not_at_all(world: WorldClient, patch: Any, pointer: str) -> None:
    """One bad name or value, and none of the good ones is set."""
    world.read(display_name="regenerated")
    answer = world.control("PATCH", "/readings", json=patch)
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    assert readings(world) == DEFAULTS | {"display-name": "regenerated"}


# -- limits ---------------------------------------------------------------------------------------------


def limits(world: WorldClient) -> Any:
    """The limits in force."""
    return world.control("GET", "/limits").json()


def test_limits_are_merged_key_by_key(world: WorldClient) -> None:
    """What a patch leaves out stays, at both levels; null is off."""
    steps: list[tuple[Any, Any]] = [
        ({"scan2evolve": {"limit": 5, "window_seconds": 60}}, {"limit": 5, "window_seconds": 60}),
        ({"scan2evolve": {"limit": 7}}, {"limit": 7, "window_seconds": 60}),
        ({"scan2evolve": {"window_seconds": 1}}, {"limit": 7, "window_seconds": 1}),
        ({"scan2evolve": {}}, {"limit": 7, "window_seconds": 1}),
        ({}, {"limit": 7, "window_seconds": 1}),
        ({"hrms": None}, {"limit": 7, "window_seconds": 1}),
        ({"scan2evolve": None}, None),
    ]
    for patch, expected in steps:
        answer = world.control("PATCH", "/limits", json=patch)
        assert (answer.status_code, answer.json()) == (200, {"scan2evolve": expected, "hrms": None})
        assert limits(world) == answer.json()


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"scan2evolve": {"limit": 5}}, "/scan2evolve/window_seconds"),
        ({"scan2evolve": {"window_seconds": 5}}, "/scan2evolve/limit"),
        ({"scan2evolve": {}}, "/scan2evolve/limit"),
        ({"scan2evolve": {"limit": 0, "window_seconds": 1}}, "/scan2evolve/limit"),
        ({"scan2evolve": {"limit": 1_000_001, "window_seconds": 1}}, "/scan2evolve/limit"),
        ({"scan2evolve": {"limit": 1, "window_seconds": 86_401}}, "/scan2evolve/window_seconds"),
        ({"scan2evolve": {"limit": 1.5, "window_seconds": 1}}, "/scan2evolve/limit"),
        ({"scan2evolve": {"limit": None, "window_seconds": 1}}, "/scan2evolve/limit"),
        ({"scan2evolve": {"limit": 1, "window_seconds": 1, "window": 1}}, "/scan2evolve/window"),
        ({"scan2evolve": 100}, "/scan2evolve"),
        ({"control": None}, "/control"),
    ],
)
def test_limits_change_whole_or_not_at_all(world: WorldClient, patch: Any, pointer: str) -> None:
    """A limit needs both numbers, in range; the other API's stays off too."""
    answer = world.control("PATCH", "/limits", json={"hrms": {"limit": 1, "window_seconds": 1}} | patch)
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    assert limits(world) == OFF
