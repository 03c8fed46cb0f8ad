"""The journal: what was asked, what was decided and why; filters, pages, redaction, bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.rings import Ring
from tests.client import NOW, WorldClient

MIB = 1024 * 1024


def walk(world: WorldClient, **query: Any) -> list[dict[str, Any]]:
    """All entries by following `next`."""
    found: list[dict[str, Any]] = []
    for _ in range(2_000):
        body = world.control("GET", "/journal", params=query).json()
        found += body["items"]
        if body["next"] is None:
            return found
        query["after"] = body["next"]
    raise AssertionError("the pages do not end")


def ask_some(world: WorldClient) -> None:
    """Six requests of different operations and outcomes."""
    world.scan2evolve("GET", "/users?isActive=true")
    world.sync({"externalEmployeeId": "E-1"})
    world.scan2evolve("POST", "/sync/employees", content=b"{", headers={"Authorization": "Bearer se_no"})
    world.hrms("/users")
    world.hrms("/users/nobody")
    world.scan2evolve("GET", "/users?isActive=maybe")


def test_entry_tells_request_answer_and_decision(world: WorldClient) -> None:
    """Everything of an exchange, with the step, rule and claim that decided."""
    answer = world.scan2evolve("GET", "/users?isActive=%20no&x=1")
    entry = world.journal()[0]
    organization = world.organizations[0]
    assert entry["id"] == "1"
    assert (entry["at"], entry["api"], entry["operation"]) == (NOW, "scan2evolve", "listUsers")
    assert (entry["method"], entry["path"]) == ("GET", "/scan2evolve/api/v1/users")
    assert (entry["query"], entry["status"]) == ("isActive=%20no&x=1", 400)
    assert entry["credential"] == {
        "kind": "basic",
        "id": organization["client_id"],
        "organization_id": organization["organization_id"],
        "environment": None,
    }
    assert entry["decision"] == {
        "step": "parameters",
        "outcome": "refused",
        "rule": "is-active",
        "claims": ["S2E-USER-01"],
        "message": "Invalid isActive ' no'. Must be true or false",
        "reading": {},
    }
    assert entry["request"]["body"] is None
    assert entry["request"]["body_bytes"] == 0
    assert ["authorization", "Basic [redacted]"] in entry["request"]["headers"]
    assert json.loads(entry["response"]["body"]) == answer.json()
    assert entry["response"]["body_bytes"] == len(answer.content)
    assert dict(entry["response"]["headers"]) == dict(answer.headers)
    assert entry["records"] is None
    assert world.control("GET", "/journal/1").json() == entry


def test_entry_of_a_batch_names_the_outcome_of_every_record(world: WorldClient) -> None:
    """Created, updated or refused, by which rule, with which warnings, and what was ignored (S2E-BATCH-10)."""
    records = [
        {"externalEmployeeId": "E-1", "roles": ["cook"], "nickname": "x", "supervisor": {"age": 7}},
        {"externalEmployeeId": "E-1"},
        {"externalEmployeeId": "E-2", "email": "nonsense"},
        {"externalEmployeeId": 7},
        "text",
    ]
    body = world.sync(*records)
    entry = world.journal()[0]
    assert (entry["decision"]["outcome"], entry["decision"]["step"]) == ("accepted", "handler")
    created, updated, bad_email, bad_id, no_object = entry["records"]
    employee_id = body["results"][0]["employeeId"]
    assert created == {
        "index": 0,
        "externalEmployeeId": "E-1",
        "outcome": "CREATED",
        "employeeId": employee_id,
        "rule": None,
        "claims": ["S2E-BATCH-11"],
        "message": None,
        "warnings": [
            {
                "message": "Role 'cook' not found, skipped",
                "rule": "role-unknown",
                "claims": ["S2E-ROLE-02"],
                "item": "cook",
                "nearest": None,
                "explanation": created["warnings"][0]["explanation"],
            }
        ],
        "ignored": ["nickname", "supervisor.age"],
        "reading": {},
        "explanation": created["explanation"],
    }
    assert (updated["index"], updated["outcome"], updated["employeeId"]) == (1, "UPDATED", employee_id)
    assert (bad_email["outcome"], bad_email["message"]) == ("ERROR", "Invalid email format")
    assert (bad_email["claims"], bad_email["employeeId"]) == (["S2E-FIELD-08"], None)
    assert bad_email["rule"]
    assert (bad_id["externalEmployeeId"], bad_id["claims"]) == (None, ["S2E-FIELD-17"])
    assert (no_object["externalEmployeeId"], no_object["index"]) == (None, 4)


@pytest.mark.parametrize(
    ("readings", "path", "headers", "reading"),
    [
        ({}, "/users/user_001", {}, {"user-detail": "included"}),
        ({"user_detail": "embedded"}, "/users/user_001", {}, {"user-detail": "embedded"}),
        ({"validation_status": "422"}, "/users", {"X-Environment": "x"}, {"validation-status": "422"}),
        ({}, "/users", {"X-Environment": "uat"}, {"environment-mismatch": "401"}),
    ],
)
def test_decision_names_the_reading_behind_it(
    world: WorldClient, readings: dict[str, str], path: str, headers: dict[str, str], reading: dict[str, str]
) -> None:
    """As it was in force at the time, also after it has been switched."""
    world.read(**readings)
    world.hrms(path, headers=headers)
    world.read(**dict.fromkeys(readings))
    assert world.journal()[0]["decision"]["reading"] == reading


def test_journal_is_filtered_by_operation_and_status(world: WorldClient) -> None:
    """Both together are an and."""
    ask_some(world)
    assert [(e["operation"], e["status"]) for e in world.journal()] == [
        ("listUsers", 200),
        ("syncEmployees", 200),
        ("listUsers", 200),
        ("getUser", 404),
        ("listUsers", 400),
    ]
    assert [e["id"] for e in world.journal(operation="listUsers")] == ["1", "3", "5"]
    assert [e["id"] for e in world.journal(status=200)] == ["1", "2", "3"]
    assert [e["id"] for e in world.journal(operation="listUsers", status=400)] == ["5"]
    assert world.journal(operation="nothing") == []


def test_journal_is_filtered_by_the_request_id_of_the_answer(world: WorldClient) -> None:
    """Who has nothing but a requestId finds the entry by it, of a batch as of an error, and no other."""
    made = world.sync({"externalEmployeeId": "E-1"})["requestId"]
    refused = world.scan2evolve("GET", "/users/nobody").json()["requestId"]
    world.sync({"externalEmployeeId": f'"requestId":"{made}"', "email": "x"}, syncBatchId=made)
    world.hrms("/users")
    assert [entry["id"] for entry in world.journal(request_id=made)] == ["1"]
    assert [entry["id"] for entry in world.journal(request_id=refused)] == ["2"]
    assert world.journal(request_id=refused, status=200) == []
    assert world.journal(request_id=made[:-1]) == []
    assert world.control("DELETE", "/journal", params={"request_id": made}).status_code == 204
    assert [entry["id"] for entry in world.journal()] == ["2", "3", "4"]


@pytest.mark.parametrize("status", ["99", "600", "ok", ""])
def test_status_that_is_none_is_refused(world: WorldClient, status: str) -> None:
    """A filter that can match nothing is a typing error."""
    answer = world.control("GET", "/journal", params={"status": status})
    assert (answer.status_code, answer.json()["pointer"]) == (422, "#/query/status")


def test_journal_is_read_in_pages(world: WorldClient) -> None:
    """Following `next` meets every entry once, filtered or not; new entries come behind it."""
    for _ in range(7):
        world.scan2evolve("GET", "/users")
        world.scan2evolve("GET", "/users/user_0")
    whole = world.journal()
    assert len(whole) == 14
    for size in (1, 3, 13, 14, 15):
        assert walk(world, limit=size) == whole
    assert [e["id"] for e in walk(world, limit=3, status=404)] == [e["id"] for e in whole if e["status"] == 404]
    assert [e["id"] for e in world.journal(after="12")] == ["13", "14"]
    assert world.journal(after="14") == []
    world.scan2evolve("GET", "/users")
    assert [e["id"] for e in world.journal(after="14")] == ["15"]


def test_journal_is_cleared_whole_or_by_filter_and_numbers_go_on(world: WorldClient) -> None:
    """A number never comes again."""
    ask_some(world)
    assert world.control("DELETE", "/journal", params={"status": 200, "limit": 1}).status_code == 204
    assert [e["id"] for e in world.journal()] == ["2", "3", "4", "5"]
    assert world.control("DELETE", "/journal", params={"operation": "listUsers"}).status_code == 204
    assert [e["id"] for e in world.journal()] == ["2", "4"]
    assert world.control("GET", "/journal/3").status_code == 404
    assert world.control("DELETE", "/journal").status_code == 204
    assert world.journal() == []
    world.scan2evolve("GET", "/users")
    assert [e["id"] for e in world.journal()] == ["6"]


def test_control_plane_is_not_journaled(world: WorldClient) -> None:
    """What tests do to a world is not what a client did."""
    world.control("GET", "/readings")
    world.add("roles", name="cook")
    assert world.journal() == []
    assert world.control("GET", "/audit").json()["items"] == []


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1, 200_000])
def test_body_over_64_kib_is_cut_and_says_so(world: WorldClient, size: int) -> None:
    """The beginning is kept, and the whole length is told."""
    content = b'{"employees": 7, "pad": "' + b"x" * (size - 27) + b'"}'
    assert len(content) == size
    world.scan2evolve("POST", "/sync/employees", content=content, headers={}, auth=world.basic())
    shown = world.journal()[0]["request"]
    assert shown["body_bytes"] == size
    assert shown["body_cut"] is (size > 64 * 1024)
    assert shown["body"] == content[: 64 * 1024].decode()


def test_body_that_is_no_utf_8_is_shown_with_marks(world: WorldClient) -> None:
    """The journal never fails on what it was sent."""
    headers = {"Content-Type": "application/json"}
    world.scan2evolve("POST", "/sync/employees", content=b'\xff{"\xf0', headers=headers, auth=world.basic())
    assert world.journal()[0]["request"]["body"] == '\ufffd{"\ufffd'


# -- bounds ----------------------------------------------------------------------------------------------


def test_journal_keeps_the_newest_thousand(world: WorldClient) -> None:
    """The oldest make room; a forgotten entry is 404, and a forgotten cursor goes on with the oldest kept."""
    for _ in range(1_005):
        world.hrms("/departments", headers={"X-Environment": "x"})
    kept = [int(entry["id"]) for entry in world.journal()]
    assert kept == list(range(6, 1_006))
    assert world.control("GET", "/journal/5").status_code == 404
    assert world.control("GET", "/journal/6").status_code == 200
    assert [e["id"] for e in world.journal(after="2", limit=2)] == ["6", "7"]
    assert len(walk(world, limit=400)) == 1_000
    audit = world.control("GET", "/audit", params={"limit": 1000}).json()
    assert [audit["items"][0]["id"], audit["items"][-1]["id"], audit["next"]] == ["6", "1005", None]


def test_journal_keeps_at_most_8_mib(world: WorldClient) -> None:
    """Large bodies push the oldest out long before there are a thousand."""
    content = b'{"employees": 7, "pad": "' + b"x" * 70_000 + b'"}'
    for _ in range(140):
        world.scan2evolve("POST", "/sync/employees", content=content)
    entries = world.journal()
    assert 100 < len(entries) < 130
    assert entries[-1]["id"] == "140"
    assert sum(len(entry["request"]["body"]) for entry in entries) <= 8 * MIB


def test_ring_holds_its_bounds_whatever_it_is_given() -> None:
    """Neither number nor weight is exceeded, but for one heavy entry kept alone."""
    ring: Ring[int] = Ring(lambda entry: entry, entries=5, size=100)
    for number, entry in enumerate((10, 20, 30, 40, 90, 1, 1, 1, 1, 1, 1, 500, 7), 1):
        ring.append(entry)
        held = list(ring.items())
        assert held[-1] == (number, entry)
        assert [n for n, _ in held] == list(range(number - len(held) + 1, number + 1))
        assert len(held) <= 5
        assert ring.bytes == sum(weight for _, weight in held)
        assert ring.bytes <= 100 or len(held) == 1
