"""What the tests of faults have in common: planning one, and records that any world takes."""

from __future__ import annotations

from typing import Any

import httpx

from tests.client import WorldClient

JANE = {"externalEmployeeId": "EMP-1", "firstName": "Jane", "email": "jane@example.com"}
JOHN = {"externalEmployeeId": "EMP-2", "firstName": "John", "email": "john@example.com"}
MARY = {"externalEmployeeId": "EMP-3", "firstName": "Mary", "email": "mary@example.com"}


def plan(world: WorldClient, name: str, parameters: dict[str, Any] | None = None, **when: Any) -> str:
    """Plan a fault that must be accepted; its path below the world."""
    answer = world.control("POST", "/faults", json={"name": name, "parameters": parameters or {}, **when})
    assert answer.status_code == 201, answer.text
    place = f"/faults/{answer.json()['id']}"
    assert answer.headers["location"] == f"/_sandbox/worlds/{world.id}{place}"
    return place


def sync(world: WorldClient, *records: Any, **request: Any) -> httpx.Response:
    """Sync records, whatever comes."""
    return world.scan2evolve("POST", "/sync/employees", json={"employees": list(records) or [JANE]}, **request)


def users(world: WorldClient, **headers: str) -> httpx.Response:
    """The HRMS's users."""
    lines = {"Authorization": f"Bearer {world.hrms_token()}", "X-Environment": "staging", **headers}
    return world.http.get("/hrms/api/v1/users", headers=lines)


def stored(world: WorldClient) -> list[str]:
    """The externalEmployeeIds that there are."""
    return [item["externalEmployeeId"] for item in world.scan2evolve_state("employees")]


def struck(world: WorldClient) -> list[tuple[int, str, list[str]]]:
    """Status, what was delivered, and the faults of each journal entry."""
    return [
        (entry["status"], entry["delivered"], [fault["name"] for fault in entry["faults"]]) for entry in world.journal()
    ]
