"""The vendor's temporary database trouble: some records of a batch fail, the others go on, and a retry is safe."""

from __future__ import annotations

import pytest

from tests.client import ServerClient, WorldClient
from tests.faults.calling import JANE, JOHN, MARY, plan, stored, sync

TEXT = "Temporary database error, please retry"


@pytest.mark.parametrize(
    ("parameters", "failed"),
    [
        ({"ids": ["EMP-2", "EMP-9"]}, ["EMP-2"]),
        ({"indexes": [0, 2]}, ["EMP-1", "EMP-3"]),
        ({"ids": ["EMP-1"], "indexes": [1]}, ["EMP-1", "EMP-2"]),
        ({}, ["EMP-1", "EMP-2", "EMP-3"]),
        ({"chance": 1}, ["EMP-1", "EMP-2", "EMP-3"]),
        ({"chance": 0}, []),
    ],
)
def test_database_error_fails_the_chosen_records_and_no_other(
    world: WorldClient, parameters: dict[str, object], failed: list[str]
) -> None:
    """They are in errors and nothing of them is stored; a retry makes exactly those that were missing."""
    plan(world, "transient-database-error", parameters, times=1)
    body = sync(world, JANE, JOHN, MARY).json()
    assert body["errors"] == [{"externalEmployeeId": name, "message": TEXT} for name in failed]
    made = [name for name in ("EMP-1", "EMP-2", "EMP-3") if name not in failed]
    assert [row["externalEmployeeId"] for row in body["results"]] == made
    assert sorted(stored(world)) == made
    retried = sync(world, JANE, JOHN, MARY).json()
    expected = [(name, "CREATED" if name in failed else "UPDATED") for name in ("EMP-1", "EMP-2", "EMP-3")]
    assert [(row["externalEmployeeId"], row["status"]) for row in retried["results"]] == expected
    assert retried["errors"] == []


def test_database_error_leaves_no_trace_of_a_record(world: WorldClient) -> None:
    """No employee, no account, no mail; an update that fails leaves what was there, with its site role."""
    account = {"userAccount": {"sendWelcomeEmail": True}}
    world.accepted(JANE)
    before = world.control("GET", "/snapshot").json()["state"]["organizations"]
    plan(world, "transient-database-error", times=1)
    body = sync(world, {**JANE, "firstName": "Jo", "status": "INACTIVE"}, {**JOHN, **account}).json()
    assert [row["externalEmployeeId"] for row in body["errors"]] == ["EMP-1", "EMP-2"]
    assert world.control("GET", "/snapshot").json()["state"]["organizations"] == before
    assert world.outbox() == []


def test_database_error_comes_only_where_no_rule_refuses(world: WorldClient) -> None:
    """A record that is wrong is told what is wrong with it, whatever the database does."""
    plan(world, "transient-database-error", {"message": "Deadlock"})
    body = sync(world, {**JANE, "email": "no"}, {**JOHN, "status": "GONE"}, 7, MARY).json()
    assert [row["message"] for row in body["errors"]] == [
        "Invalid email format",
        "Invalid status 'GONE'. Must be one of: ACTIVE, INACTIVE, TERMINATED",
        "Employee record must be an object",
        "Deadlock",
    ]


def test_database_error_counts_records_as_they_were_sent(world: WorldClient) -> None:
    """The index is the place in the batch also where records before it are refused."""
    plan(world, "transient-database-error", {"indexes": [2]})
    body = sync(world, 7, {}, JANE, JOHN).json()
    assert [(row["externalEmployeeId"], row["message"]) for row in body["errors"]][2:] == [("EMP-1", TEXT)]
    assert stored(world) == ["EMP-2"]


def test_database_error_is_explained_in_the_journal(world: WorldClient) -> None:
    """The record's entry names what failed and the claim behind it; a pattern finds it."""
    plan(world, "transient-database-error", {"ids": ["EMP-1"]})
    sync(world, JANE, JOHN)
    entry = world.journal()[0]
    assert entry["faults"] == [{"id": "fault_1", "name": "transient-database-error"}]
    assert (entry["status"], entry["delivered"], entry["decision"]["outcome"]) == (200, "whole", "accepted")
    first, second = entry["records"]
    assert (first["outcome"], first["rule"], first["claims"], first["message"], first["employeeId"]) == (
        "ERROR",
        "transient-database-error",
        ["S2E-ERR-03"],
        TEXT,
        None,
    )
    assert (second["outcome"], second["rule"]) == ("CREATED", None)
    pattern = {"record": {"rule": "transient-database-error", "externalEmployeeId": "EMP-1"}}
    assert world.control("POST", "/journal/verify", json={"pattern": pattern, "times": 1}).status_code == 200


def test_database_error_by_chance_is_the_same_for_the_same_seed(server: ServerClient) -> None:
    """Which records fail follows from the seed alone, and some do while others do not."""
    batch = [{"externalEmployeeId": f"EMP-{number}"} for number in range(40)]
    failed = []
    for seed in (1, 1, 2):
        world = server.world(seed=seed)
        plan(world, "transient-database-error", {"chance": 0.5})
        failed.append([[row["externalEmployeeId"] for row in sync(world, *batch).json()["errors"]] for _ in range(2)])
    assert failed[0] == failed[1] != failed[2]
    first, second = failed[0]
    assert first != second
    assert 8 < len(first) < 32


def test_two_database_errors_both_act(world: WorldClient) -> None:
    """The first that chooses a record words its message."""
    plan(world, "transient-database-error", {"ids": ["EMP-1"], "message": "One"})
    plan(world, "transient-database-error", {"indexes": [0, 1], "message": "Two"})
    body = sync(world, JANE, JOHN, MARY).json()
    assert [(row["externalEmployeeId"], row["message"]) for row in body["errors"]] == [
        ("EMP-1", "One"),
        ("EMP-2", "Two"),
    ]


def test_database_error_goes_with_bugs_of_the_vendor(server: ServerClient) -> None:
    """Deviations of the batch stay in force beside it."""
    world = server.world(deviations=["update-says-created", "batch-aborted-by-bad-record"])
    plan(world, "transient-database-error", {"indexes": [1]}, times=1)
    body = sync(world, JANE, JOHN, MARY).json()
    assert [row["externalEmployeeId"] for row in body["results"]] == ["EMP-1"]
    assert [row["externalEmployeeId"] for row in body["errors"]] == ["EMP-2"]
    assert [row["status"] for row in sync(world, JANE).json()["results"]] == ["CREATED"]
