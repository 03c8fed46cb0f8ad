"""Verification: what fits passes; what does not is told so that a newcomer understands; what cannot fit is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.document import load
from tests.client import NOW, ServerClient, WorldClient

SYNC = "/scan2evolve/api/v1/sync/employees"
USERS = "/hrms/api/v1/users", "/scan2evolve/api/v1/users"
ADA = {"externalEmployeeId": "EMP-1", "email": "ada@example.com", "roles": ["INSPECTR"], "metadata": {"a/b": [1, None]}}
BOB = {"externalEmployeeId": "EMP-2", "email": "nonsense"}


def verify(world: WorldClient, **body: Any) -> dict[str, Any]:
    """A verification that must hold; its answer."""
    answer = world.control("POST", "/journal/verify", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def failed(world: WorldClient, **body: Any) -> dict[str, Any]:
    """A verification that must fail and leave the journal as it is; the problem."""
    before = world.journal()
    answer = world.control("POST", "/journal/verify", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json"), answer.text
    assert world.journal() == before
    problem: dict[str, Any] = answer.json()
    return problem


@pytest.fixture(scope="module")
def busy(server: ServerClient) -> Iterator[WorldClient]:
    """A world with five requests: a batch, a wrong path, no JSON, the users of the HRMS, a bad credential."""
    world = server.world()
    world.sync(ADA, BOB, syncBatchId="b-1")
    world.http.post("/scan2evolve/api/v1/sync/employee", json={}, auth=world.basic())
    world.scan2evolve("POST", "/sync/employees", content=b"{", headers={"X-Trace": "t"}, auth=world.basic())
    world.hrms("/users")
    world.http.post(SYNC, json={"employees": [ADA]}, auth=(world.basic()[0], "wrong"))
    yield world
    world.control("DELETE")


# -- what fits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ({}, ["1", "2", "3", "4", "5"]),
        ({"operation": "syncEmployees"}, ["1", "3", "5"]),
        ({"operation": "syncEmployees", "status": 400}, ["3"]),
        ({"api": "hrms", "operation": "listUsers"}, ["4"]),
        ({"method": "POST", "path": SYNC}, ["1", "3", "5"]),
        ({"operation": "syncEmployees", "method": "POST", "path": SYNC, "status": 401}, ["5"]),
        ({"path": "/scan2evolve/api/v1/sync/employee", "status": 404}, ["2"]),
        ({"headers": {"X-ENVIRONMENT": "staging"}}, ["4"]),
        ({"headers": {"X-Trace": "t", "X-Environment": None}}, ["3"]),
        ({"headers": {"Authorization": "Bearer [redacted]"}}, ["4"]),
        ({"response_headers": {"Allow": None, "Content-Type": "application/json"}, "status": 200}, ["1", "4"]),
        ({"json": [{"pointer": "/syncBatchId", "equals": "b-1"}]}, ["1"]),
        ({"json": [{"pointer": "/employees/0/metadata/a~1b", "equals": [1.0, None]}]}, ["1"]),
        ({"json": [{"pointer": "/employees/0/metadata/a~1b/0", "equals": True}]}, []),
        ({"json": [{"pointer": "/employees/1"}, {"pointer": "/employees/2", "exists": False}]}, ["1"]),
        ({"json": [{"in": "response", "pointer": "/errors/0/message", "equals": "Invalid email format"}]}, ["1"]),
        ({"json": [{"in": "response", "pointer": "", "equals": {}}]}, []),
        ({"record": {}}, ["1"]),
        ({"record": {"externalEmployeeId": "EMP-1", "outcome": "CREATED", "rule": "role-unknown"}}, ["1"]),
        ({"record": {"message": "Role 'INSPECTR' not found, skipped"}}, ["1"]),
        ({"record": {"outcome": "ERROR", "rule": "email-format", "message": "Invalid email format"}}, ["1"]),
        ({"record": {"externalEmployeeId": "EMP-1", "rule": "email-format"}}, []),
        ({"record": {"sent": [{"pointer": "/email", "equals": "nonsense"}], "outcome": "ERROR"}}, ["1"]),
        ({"record": {"sent": [{"pointer": "/email", "equals": "nonsense"}], "outcome": "CREATED"}}, []),
    ],
)
def test_verification_finds_the_requests_that_fit(busy: WorldClient, pattern: dict[str, Any], ids: list[str]) -> None:
    """All conditions of a pattern hold together; `times` is met by exactly so many."""
    answer = verify(busy, pattern=pattern, times=len(ids))
    assert [entry["id"] for entry in answer["matched"]] == ids
    assert (answer["found"], answer["looked_at"]) == (len(ids), 5)
    assert failed(busy, pattern=pattern, times=len(ids) + 1)["found"] == len(ids)


def test_verification_shows_enough_to_find_the_entry_by(busy: WorldClient) -> None:
    """Id, time, operation, place and status of each that fits."""
    assert verify(busy, pattern={"path": "/scan2evolve/api/v1/sync/employee"})["matched"] == [
        {
            "id": "2",
            "at": NOW,
            "api": "scan2evolve",
            "operation": None,
            "method": "POST",
            "path": "/scan2evolve/api/v1/sync/employee",
            "status": 404,
        }
    ]


def test_verification_counts_at_least_once_unless_it_is_told_otherwise(busy: WorldClient) -> None:
    """More is as good, under `at_least`; `after` leaves older entries out."""
    assert verify(busy, pattern={"operation": "syncEmployees"})["found"] == 3
    assert verify(busy, pattern={"operation": "syncEmployees"}, at_least=3)["found"] == 3
    late = verify(busy, pattern={"operation": "syncEmployees"}, times=2, after="1")
    assert ([entry["id"] for entry in late["matched"]], late["looked_at"]) == (["3", "5"], 4)


def test_verification_in_order_finds_each_behind_the_one_before(busy: WorldClient) -> None:
    """Others may come in between; one entry is found once."""
    wanted = [{"operation": "syncEmployees"}, {"operation": "syncEmployees"}, {"status": 401}]
    answer = verify(busy, in_order=wanted)
    assert [entry["id"] for entry in answer["matched"]] == ["1", "3", "5"]


def test_body_that_the_journal_cut_fits_no_json_and_says_why(world: WorldClient) -> None:
    """Of a body over 64 KiB nobody can say what is in it; its records are still known."""
    world.sync({"externalEmployeeId": "EMP-1", "metadata": {"pad": "x" * 70_000}}, syncBatchId="b-1")
    assert verify(world, pattern={"record": {"externalEmployeeId": "EMP-1", "outcome": "CREATED"}})["found"] == 1
    size = world.journal()[0]["request"]["body_bytes"]
    said = f"of the request's body, {size} bytes, the journal keeps 65536, so that nothing in it can be compared"
    patterns: list[dict[str, Any]] = [
        {"json": [{"pointer": "/syncBatchId", "exists": False}]},
        {"record": {"externalEmployeeId": "EMP-1", "sent": [{"pointer": "/email", "exists": False}]}},
    ]
    for pattern in patterns:
        assert failed(world, pattern=pattern)["nearest"][0]["differences"] == [said]


def test_record_is_found_by_what_was_sent_where_a_deviation_mixes_up_the_outcomes(server: ServerClient) -> None:
    """Its id leads to it, not its place."""
    world = server.world(deviations=["results-in-reverse-order"])
    world.sync({"externalEmployeeId": "A", "firstName": "Ada"}, {"externalEmployeeId": "B", "firstName": "Bob"})
    sent = [{"pointer": "/firstName", "equals": "Bob"}]
    assert verify(world, pattern={"record": {"externalEmployeeId": "B", "sent": sent}})["found"] == 1
    assert failed(world, pattern={"record": {"externalEmployeeId": "A", "sent": sent}})["found"] == 0
    world.control("DELETE")


# -- what does not fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "nearest", "differences"),
    [
        ({"operation": "issueToken", "status": 401}, "5", ["operation was syncEmployees, not issueToken"]),
        (
            {"operation": "getUser", "status": 404},
            "2",
            [f"no operation is at POST {SYNC[:-1]}; getUser is GET {USERS[0]}/{{userId}} or GET {USERS[1]}/{{id}}"],
        ),
        ({"method": "PUT", "path": SYNC}, "5", ["method was POST, not PUT"]),
        ({"method": "POST", "path": f"{SYNC}/"}, "5", [f"path was {SYNC}, not {SYNC}/"]),
        ({"api": "hrms", "status": 500}, "4", ["status was 200, not 500"]),
        ({"path": SYNC, "status": 403}, "5", ["status was 401 (Unauthorized), not 403"]),
        (
            {"api": "hrms", "headers": {"X-Environment": "uat", "X-Trace": "t", "Accept": None}},
            "4",
            [
                'header X-Environment was "staging", not "uat"',
                'header X-Trace was missing, not "t"',
                'header Accept was there: "*/*"',
            ],
        ),
        ({"api": "hrms", "response_headers": {"Date": "x"}}, "4", None),
        (
            {"json": [{"pointer": "/employees/1/emial"}]},
            "1",
            ['in the request\'s body /employees/1/emial was missing (there is "externalEmployeeId", "email")'],
        ),
        (
            {"json": [{"pointer": "/employees/2"}]},
            "1",
            ["in the request's body /employees/2 was missing (the array has 2 elements)"],
        ),
        (
            {"status": 200, "json": [{"pointer": "/employees/1/email/at"}]},
            "1",
            ['in the request\'s body /employees/1/email/at was missing (there is "nonsense")'],
        ),
        (
            {"json": [{"pointer": "/employees/0/email", "equals": "x"}]},
            "1",
            ['in the request\'s body /employees/0/email was "ada@example.com", not "x"'],
        ),
        (
            {"status": 200, "json": [{"pointer": "/syncBatchId", "exists": False}], "operation": "syncEmployees"},
            "1",
            ['in the request\'s body /syncBatchId was there: "b-1"'],
        ),
        ({"api": "hrms", "json": [{"pointer": "/a"}]}, "4", ["the request had no body"]),
        ({"status": 400, "json": [{"pointer": "/a"}]}, "3", ["the request's body was no JSON"]),
        (
            {"status": 401, "json": [{"pointer": "/a"}]},
            "5",
            ["the request was answered before its body was read"],
        ),
        (
            {"record": {"externalEmployeeId": "EMP2"}},
            "1",
            ['no record had externalEmployeeId "EMP2" (there is "EMP-2")'],
        ),
        ({"path": USERS[0], "record": {}}, "4", ["no record was processed"]),
        (
            {"record": {"externalEmployeeId": "EMP-2", "outcome": "CREATED"}},
            "1",
            ['the outcome of record 1 ("EMP-2") was "ERROR" (Invalid email format), not "CREATED"'],
        ),
        (
            {"record": {"externalEmployeeId": "EMP-1", "rule": "site-unknown"}},
            "1",
            ['the rule of record 0 ("EMP-1") was "role-unknown", not "site-unknown"'],
        ),
        (
            {"record": {"sent": [{"pointer": "/phone"}, {"pointer": "/email", "equals": "nonsense"}]}},
            "1",
            ['in record 1 ("EMP-2") as it was sent, /phone was missing (there is "externalEmployeeId", "email")'],
        ),
    ],
)
def test_failed_verification_names_the_nearest_miss_and_what_differs(
    busy: WorldClient, pattern: dict[str, Any], nearest: str, differences: list[str] | None
) -> None:
    """The nearest entry comes first, with a sentence for each condition that it does not meet."""
    problem = failed(busy, pattern=pattern)
    first = problem["nearest"][0]
    assert first["id"] == nearest
    assert first["differences"] == (differences or first["differences"])
    place = f"{first['method']} {first['path']}"
    assert problem["detail"].endswith(f"Nearest is entry {nearest}, {place}: {'; '.join(first['differences'])}.")
    assert (problem["found"], problem["matched"], problem["looked_at"]) == (0, [], 5)
    assert len(problem["nearest"]) == 3


def test_failed_verification_is_a_sentence_that_a_newcomer_understands(world: WorldClient) -> None:
    """A deliberately wrong test: the batch came, but its record was refused."""
    world.sync({"externalEmployeeId": "EMP-1", "userAccount": {}})
    wanted = {
        "operation": "syncEmployees",
        "status": 200,
        "record": {"externalEmployeeId": "EMP-1", "outcome": "CREATED"},
    }
    problem = failed(world, pattern=wanted, times=1)
    assert problem["detail"] == (
        "Expected exactly 1 request with operation syncEmployees, status 200 and a record with externalEmployeeId "
        '"EMP-1" and outcome "CREATED", found none among 1 request. Nearest is entry 1, POST '
        '/scan2evolve/api/v1/sync/employees: the outcome of record 0 ("EMP-1") was "ERROR" (Email is required for '
        'ACTIVE users with userAccount), not "CREATED".'
    )
    assert problem == {
        "type": "/problems/verification-failed",
        "title": "Verification failed",
        "status": 409,
        "detail": problem["detail"],
        "pointer": None,
        "expected": {"times": 1},
        "looked_at": 1,
        "found": 0,
        "matched": [],
        "nearest": problem["nearest"],
    }


def test_verification_of_too_many_names_those_that_fit(busy: WorldClient) -> None:
    """Nothing is near there: all that fit are shown."""
    problem = failed(busy, pattern={"operation": "syncEmployees"}, times=1)
    assert problem["detail"] == (
        "Expected exactly 1 request with operation syncEmployees, found 3 among 5 requests. Those that fit: 1, 3, 5."
    )
    assert ([entry["id"] for entry in problem["matched"]], problem["nearest"]) == (["1", "3", "5"], [])
    never = failed(busy, pattern={"status": 401}, times=0)
    assert never["detail"] == "Expected no request with status 401, found 1 among 5 requests. Those that fit: 5."


def test_verification_of_too_few_names_those_that_fit_and_the_nearest_other(busy: WorldClient) -> None:
    """Both lists are of use."""
    problem = failed(busy, pattern={"operation": "syncEmployees", "status": 200}, at_least=2)
    assert problem["expected"] == {"at_least": 2}
    assert [entry["id"] for entry in problem["matched"]] == ["1"]
    assert [miss["id"] for miss in problem["nearest"]] == ["5", "3", "4"]


def test_verification_of_an_empty_journal_says_where_to_look(server: ServerClient, world: WorldClient) -> None:
    """Nothing came to this world at all, or nothing behind `after`: no nearest miss, but a hint."""
    problem = failed(world, pattern={"status": 200})
    assert problem["detail"] == (
        "Expected at least 1 request with status 200, found none among 0 requests. The journal is empty. Does your "
        "code use this world's base URL and credentials? Requests whose credentials no world knows are in the journal "
        "of the world default."
    )
    assert problem["nearest"] == []
    assert failed(world, pattern={}, after="7")["detail"].endswith("Nothing came after entry 7.")


def test_failed_order_points_at_the_pattern_that_was_not_found(busy: WorldClient) -> None:
    """And says where it came too early, or what comes nearest behind the last one found."""
    problem = failed(busy, in_order=[{"status": 400}, {"status": 404}, {"status": 401}])
    assert problem["pointer"] == "/in_order/1"
    assert problem["detail"] == (
        "Expected 3 requests in order. Number 2, a request with status 404, did not come after entry 3. One came too "
        "early: entry 2. Nearest is entry 5, POST /scan2evolve/api/v1/sync/employees: status was 401 (Unauthorized), "
        "not 404."
    )
    assert (problem["expected"], problem["found"]) == ({"in_order": 3}, 1)
    assert [entry["id"] for entry in problem["matched"]] == ["3"]
    first = failed(busy, in_order=[{"status": 500}, {}])
    assert first["pointer"] == "/in_order/0"
    assert first["detail"].startswith(
        "Expected 2 requests in order. Number 1, a request with status 500, did not come. "
    )


# -- what cannot fit --------------------------------------------------------------------------------------------

TOKEN = "se_" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({}, "/in_order", "give either pattern or in_order"),
        ({"pattern": {}, "in_order": [{}, {}]}, "/in_order", "give either pattern or in_order"),
        ({"pattern": {}, "times": 1, "at_least": 1}, "/at_least", "times says already how often"),
        ({"in_order": [{}, {}], "times": 1}, "/times", "goes with pattern, not with in_order"),
        ({"in_order": [{}, {}], "at_least": 1}, "/at_least", "goes with pattern, not with in_order"),
        ({"pattern": {"status": 99}}, "/pattern/status", "99 is less than the minimum of 100"),
        ({"pattern": {"fault": "answer-lots"}}, "/pattern/fault", "did you mean answer-lost?"),
        ({"pattern": {"operation": "syncEmploees"}}, "/pattern/operation", "did you mean syncEmployees?"),
        ({"in_order": [{}, {"operation": "x"}]}, "/in_order/1/operation", "there is no operation x, only "),
        ({"pattern": {"api": "hrms", "operation": "issueToken"}}, "/pattern/api", "issueToken is no operation of hrms"),
        (
            {"pattern": {"operation": "issueToken", "method": "GET"}},
            "/pattern/method",
            "issueToken is POST /scan2evolve",
        ),
        (
            {"pattern": {"operation": "getUser", "path": SYNC}},
            "/pattern/path",
            "getUser is GET /hrms/api/v1/users/{userId}",
        ),
        ({"pattern": {"path": "/a?b=c"}}, "/pattern/path", "does not match"),
        ({"pattern": {"operation": "listUsers", "record": {}}}, "/pattern/record", "listUsers takes no records"),
        ({"pattern": {"api": "hrms", "record": {}}}, "/pattern/record", "hrms takes no records"),
        ({"pattern": {"record": {"rule": "role-unknwn"}}}, "/pattern/record/rule", "did you mean role-unknown?"),
        (
            {"pattern": {"record": {"rule": "email-format", "outcome": "UPDATED"}}},
            "/pattern/record/rule",
            "a record that breaks email-format is an ERROR, never UPDATED",
        ),
        (
            {"pattern": {"record": {"rule": "role-unknown", "outcome": "ERROR"}}},
            "/pattern/record/rule",
            "role-unknown is a warning, and a record that is an ERROR has none",
        ),
        ({"pattern": {"json": [{"pointer": "a"}]}}, "/pattern/json/0/pointer", "does not match"),
        (
            {"pattern": {"json": [{}, {"pointer": "/a"}]}},
            "/pattern/json/0",
            '"pointer" is a required property',
        ),
        (
            {"pattern": {"json": [{"pointer": "/a", "equals": 1, "exists": False}]}},
            "/pattern/json/0/equals",
            "what does not exist equals nothing",
        ),
        (
            {"pattern": {"record": {"sent": [{"pointer": "/a", "equals": None, "exists": False}]}}},
            "/pattern/record/sent/0/equals",
            "what does not exist equals nothing",
        ),
        (
            {"pattern": {"headers": {"Authorization": "Bearer secret-of-mine"}}},
            "/pattern/headers/Authorization",
            'is kept without its secret: ask for "Bearer [redacted]"',
        ),
        (
            {"pattern": {"headers": {"X-Forwarded": TOKEN}}},
            "/pattern/headers/X-Forwarded",
            "holds a secret, and the journal keeps none",
        ),
        (
            {"pattern": {"json": [{"pointer": "/a", "equals": {"b": ["x", TOKEN]}}]}},
            "/pattern/json/0/equals/b/1",
            "holds a secret, and the journal keeps none",
        ),
        ({"pattern": {"headers": {"no name": "x"}}}, "/pattern/headers", ""),
        ({"pattern": {}, "times": 1001}, "/times", "1001 is greater than the maximum of 1000"),
        ({"pattern": {}, "after": "x"}, "/after", "does not match"),
    ],
)
def test_impossible_pattern_is_refused_with_its_place(
    busy: WorldClient, body: dict[str, Any], pointer: str, detail: str
) -> None:
    """422 with a pointer, no secret in it, and the world stays as it was."""
    before = busy.control("GET", "/snapshot").json()
    answer = busy.control("POST", "/journal/verify", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["pointer"]) == (422, pointer), answer.text
    assert problem["detail"].startswith(f"{pointer}: ")
    assert detail in problem["detail"]
    assert TOKEN not in answer.text
    assert "secret-of-mine" not in answer.text
    assert busy.control("GET", "/snapshot").json() == before


def test_every_operation_of_the_vendors_can_be_asked_for(world: WorldClient) -> None:
    """By id alone or with its method and path; parameters of the path take any value."""
    for name in ("hrms", "scan2evolve"):
        for operation in load(name).operations.values():
            path = operation.path.replace("{userId}", "a%2Fb").replace("{id}", "x")
            pattern = {"api": name, "operation": operation.id, "method": operation.method, "path": path}
            assert verify(world, pattern=pattern, times=0)["found"] == 0


# -- what the journal has let go of ------------------------------------------------------------------------------


def test_times_is_refused_where_entries_that_count_have_made_room(world: WorldClient) -> None:
    """Only behind them, or once the journal has been cleared, can anybody say how often; a snapshot remembers."""
    content = b'{"employees": 7, "pad": "' + b"x" * 70_000 + b'"}'
    for _ in range(130):
        world.scan2evolve("POST", "/sync/employees", content=content)
    lost = int(world.journal(limit=1)[0]["id"]) - 1
    assert lost > 0
    taken = world.control("GET", "/snapshot").json()
    assert world.control("PUT", "/snapshot", json=taken).status_code == 204
    for after in (None, str(lost - 1)):
        body = {"pattern": {"status": 200}, "times": 0} | ({} if after is None else {"after": after})
        answer = world.control("POST", "/journal/verify", json=body)
        assert (answer.status_code, answer.json()["pointer"]) == (409, "/after")
        assert answer.json()["detail"] == (
            f"/times: the journal has let go of the entries up to {lost} to make room, so nobody can say how often. "
            f"Ask for what came after {lost}, or clear the journal before a test"
        )
    assert verify(world, pattern={"status": 200}, times=0, after=str(lost))["found"] == 0
    assert verify(world, pattern={"status": 400})["found"] == 130 - lost
    world.control("DELETE", "/journal", params={"limit": 1})
    assert world.control("POST", "/journal/verify", json={"pattern": {}, "times": 0}).json()["pointer"] == "/after"
    world.control("DELETE", "/journal")
    assert verify(world, pattern={}, times=0)["looked_at"] == 0


@pytest.mark.parametrize("lost", [1, 7, -1, "x"])
def test_snapshot_that_lets_go_of_what_is_still_there_is_refused(world: WorldClient, lost: Any) -> None:
    """422 with the pointer; nothing is restored."""
    world.scan2evolve("GET", "/users")
    taken = world.control("GET", "/snapshot").json()
    taken["state"]["journal"]["lost"] = lost
    answer = world.control("PUT", "/snapshot", json=taken)
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/state/journal/lost")
    assert len(world.journal()) == 1
