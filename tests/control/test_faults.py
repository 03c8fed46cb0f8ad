"""Faults at the control plane: the catalogue, making, showing and deleting them, and what is refused."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from sandbox.faults.catalogue import CATALOGUE
from sandbox.faults.plans import MOST
from tests.client import ServerClient, WorldClient
from tests.control.test_every_operation import assert_problem, state
from tests.faults.calling import JANE, plan, struck, sync, users


def test_catalogue_names_every_fault_with_its_parameters(server: ServerClient) -> None:
    """In the order of the code; every schema of a parameter is one."""
    items = server.http.get("/_sandbox/faults").json()["items"]
    assert [item["name"] for item in items] == [kind.name for kind in CATALOGUE]
    assert [item["name"] for item in items if item["operations"]] == ["transient-database-error"]
    for item in items:
        for parameter in item["parameters"]:
            jsonschema_rs.validator_for(parameter["schema"])
    status = next(item for item in items if item["name"] == "status")
    assert status["parameters"][0] == {
        "name": "status",
        "required": True,
        "schema": {"type": "integer", "minimum": 400, "maximum": 599},
    }


def test_fault_is_shown_as_it_was_asked_for(world: WorldClient) -> None:
    """With what it has seen and done; what was left open is null."""
    client_id = world.basic()[0]
    place = plan(
        world,
        "status",
        {"status": 503},
        api="scan2evolve",
        operation="syncEmployees",
        credential=client_id,
        probability=1,
        calls=[1, 2],
        times=3,
        since="2024-11-18T10:30:00Z",
        until="2024-11-19T10:30:00Z",
    )
    sync(world)
    assert world.control("GET", place).json() == {
        "id": "fault_1",
        "name": "status",
        "parameters": {"status": 503},
        "api": "scan2evolve",
        "operation": "syncEmployees",
        "credential": client_id,
        "probability": 1,
        "calls": [1, 2],
        "times": 3,
        "since": "2024-11-18T10:30:00.000Z",
        "until": "2024-11-19T10:30:00.000Z",
        "made_at": "2024-11-18T10:30:00.000Z",
        "seen": 1,
        "acted": 1,
    }
    bare = world.control("GET", plan(world, "answer-lost")).json()
    left_open = ("api", "operation", "credential", "probability", "calls", "times", "since", "until")
    assert [bare[key] for key in left_open] == [None] * 8
    assert (bare["id"], bare["parameters"]) == ("fault_2", {})


def test_faults_are_listed_in_pages_and_deleted_one_by_one_or_all(world: WorldClient) -> None:
    """Ids are never given twice, in whatever order faults come and go."""
    places = [plan(world, "status", {"status": 500 + number}) for number in range(3)]
    page = world.control("GET", "/faults", params={"limit": 2}).json()
    assert ([item["id"] for item in page["items"]], page["next"]) == (["fault_1", "fault_2"], "fault_2")
    rest = world.control("GET", "/faults", params={"after": "fault_2"}).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (["fault_3"], None)
    assert world.control("DELETE", places[2]).status_code == 204
    assert world.control("GET", places[2]).status_code == 404
    assert plan(world, "empty-answer") == "/faults/fault_4"
    assert world.control("DELETE", "/faults").status_code == 204
    assert world.control("GET", "/faults").json() == {"items": [], "next": None}
    assert sync(world).status_code == 200


def test_world_is_made_with_faults_and_a_reset_brings_back_those_alone(server: ServerClient) -> None:
    """Deleted ones come back with their counters at nothing, added ones go."""
    world = server.world(faults=[{"name": "status", "parameters": {"status": 503}, "calls": [2]}])
    assert [sync(world).status_code for _ in range(3)] == [200, 503, 200]
    plan(world, "answer-lost", api="hrms")
    world.control("DELETE", "/faults/fault_1")
    assert world.control("POST", "/reset").status_code == 200
    items = world.control("GET", "/faults").json()["items"]
    assert [(item["id"], item["seen"], item["acted"]) for item in items] == [("fault_1", 0, 0)]
    assert [sync(world).status_code for _ in range(3)] == [200, 503, 200]
    assert users(world).status_code == 200


def test_snapshot_brings_faults_back_with_their_counters(server: ServerClient) -> None:
    """Script, chance and window go on from where they stood, and so do ids and the switch."""
    answers = [
        "pass",
        {"name": "status", "parameters": {"status": 500}},
        {"name": "status", "parameters": {"status": 503}},
    ]
    world = server.world(allow_fault_header=True)
    plan(world, "script", {"answers": answers}, operation="syncEmployees")
    plan(world, "unavailable", {"seconds": 60}, api="hrms")
    plan(world, "malformed-json", probability=0.5, operation="syncEmployees")
    world.control("DELETE", "/faults/fault_2")
    plan(world, "unavailable", {"seconds": 60}, api="hrms")
    assert [sync(world).status_code for _ in range(2)] == [200, 500]
    world.advance(10)
    snapshot = world.control("GET", "/snapshot").json()
    faults = world.control("GET", "/faults").json()

    def then() -> list[Any]:
        seen: list[Any] = [users(world).headers["retry-after"]]
        seen += [(answer.status_code, answer.content) for answer in (sync(world) for _ in range(6))]
        return [*seen, plan(world, "answer-lost", api="hrms")]

    first = then()
    world.control("PATCH", "/faults", json={"allow_fault_header": False})
    world.control("DELETE", "/faults")
    assert world.control("PUT", "/snapshot", json=snapshot).status_code == 204
    assert world.control("GET", "/faults").json() == faults
    assert world.control("GET", "/snapshot").json() == snapshot
    assert world.control("GET").json()["allow_fault_header"] is True
    assert then() == first
    assert first[0] == "50"
    assert first[1][0] == 503
    assert first[-1] == "/faults/fault_5"


def test_snapshot_from_before_there_were_faults_is_restored(world: WorldClient) -> None:
    """It has none, and the world then has none either."""
    snapshot = world.control("GET", "/snapshot").json()
    del snapshot["state"]["faults"]
    for key in ("faults", "allow_fault_header"):
        del snapshot["state"]["spec"][key]
    plan(world, "status", {"status": 503})
    assert world.control("PUT", "/snapshot", json=snapshot).status_code == 204
    assert world.control("GET", "/faults").json() == {"items": [], "next": None}
    assert sync(world).status_code == 200


def spoil(snapshot: dict[str, Any], *path: Any, value: Any) -> None:
    """Put a value in a place of a snapshot's state."""
    place = snapshot["state"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("faults", "planned", 0, "plan", "name"), "stats", "/state/faults/planned/0/plan/name"),
        (
            ("faults", "planned", 0, "plan", "parameters"),
            {"status": 200},
            "/state/faults/planned/0/plan/parameters/status",
        ),
        (("faults", "planned", 0, "plan", "extra"), 1, "/state/faults/planned/0/plan"),
        (("faults", "planned", 0, "plan", "times"), 0, "/state/faults/planned/0/plan/times"),
        (("faults", "planned", 1, "id"), "fault_1", "/state/faults/planned/1/id"),
        (("faults", "planned", 1, "id"), "fault_9", "/state/faults/planned/1/id"),
        (("faults", "planned", 1, "id"), "fault_01", "/state/faults/planned/1/id"),
        (("faults", "planned", 1, "seen"), -1, "/state/faults/planned/1/seen"),
        (("faults", "made"), 1, "/state/faults/planned/1/id"),
        (("spec", "faults"), [{"name": "latency"}], "/state/spec/faults/0/parameters/seconds"),
        (("spec", "faults"), [{"name": "answer-lost"}] * (MOST + 1), "/state/spec/faults"),
    ],
)
def test_snapshot_with_an_impossible_fault_changes_nothing(
    world: WorldClient, path: tuple[Any, ...], value: Any, pointer: str
) -> None:
    """422 at the place, and faults are those that were there."""
    plan(world, "status", {"status": 503})
    plan(world, "answer-lost", api="hrms")
    snapshot = world.control("GET", "/snapshot").json()
    before = state(world)
    spoil(snapshot, *path, value=value)
    assert_problem(world.control("PUT", "/snapshot", json=snapshot), 422, pointer)
    assert state(world) == before


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "stats"}, "/name", "there is no fault 'stats': did you mean status?"),
    ({"name": "nothing-like-it"}, "/name", "there is no fault 'nothing-like-it'"),
    ({"name": "status"}, "/parameters/status", "Object missing required field `status`"),
    ({"name": "status", "parameters": {"status": 200}}, "/parameters/status", "Expected `int` >= 400"),
    ({"name": "status", "parameters": {"status": 600}}, "/parameters/status", "Expected `int` <= 599"),
    ({"name": "status", "parameters": {"status": "503"}}, "/parameters/status", "Expected `int`, got `str`"),
    (
        {"name": "status", "parameters": {"status": 503, "a/b": 1}},
        "/parameters/a~1b",
        "Object contains unknown field `a/b`",
    ),
    (
        {"name": "status", "parameters": {"status": 503, "message": "x", "body": {}}},
        "/parameters/message",
        "goes into the vendor's body, not into one of your own",
    ),
    (
        {"name": "status", "parameters": {"status": 503, "content_type": "text/html", "body": {}}},
        "/parameters/body",
        "a content_type other than application/json needs a text",
    ),
    ({"name": "latency"}, "/parameters/seconds", "is needed for distribution fixed"),
    ({"name": "latency", "parameters": {"seconds": 600.5}}, "/parameters/seconds", "Expected `float` <= 600.0"),
    (
        {"name": "latency", "parameters": {"distribution": "uniform", "least": 2, "most": 1}},
        "/parameters/most",
        "must not be less than least",
    ),
    (
        {"name": "latency", "parameters": {"seconds": 1, "sigma": 1}},
        "/parameters/sigma",
        "does not go with distribution fixed",
    ),
    ({"name": "unavailable"}, "/parameters/seconds", "is needed where there is no until: how long does it take?"),
    (
        {"name": "transient-database-error", "parameters": {"indexes": [500]}},
        "/parameters/indexes/0",
        "Expected `int` <= 499",
    ),
    (
        {"name": "transient-database-error", "operation": "listUsers"},
        "/operation",
        "transient-database-error is about syncEmployees alone",
    ),
    (
        {"name": "script", "parameters": {"answers": ["pass", {"name": "script", "parameters": {}}]}},
        "/parameters/answers/1/name",
        "a script is no answer of a script",
    ),
    (
        {"name": "script", "parameters": {"answers": [{"name": "status", "parameters": {"status": 1}}]}},
        "/parameters/answers/0/parameters/status",
        "Expected `int` >= 400",
    ),
    ({"name": "script", "parameters": {"answers": ["fail"]}}, "/parameters/answers/0", "Invalid enum value 'fail'"),
    (
        {"name": "answer-lost", "operation": "listUser"},
        "/operation",
        "there is no operation 'listUser': did you mean listUsers?",
    ),
    (
        {"name": "answer-lost", "api": "hrms", "operation": "syncEmployees"},
        "/operation",
        "there is no operation 'syncEmployees' of hrms",
    ),
    (
        {"name": "answer-lost", "since": "2024-11-18T10:30:00Z", "until": "2024-11-18T10:30:00Z"},
        "/until",
        "must be later than since",
    ),
    (
        {"name": "answer-lost", "until": "2024-12-31T23:59:60Z"},
        "/until",
        "'2024-12-31T23:59:60Z' is no instant like 2024-11-18T10:30:00.000Z",
    ),
]


@pytest.mark.parametrize(("body", "pointer", "text"), BAD)
def test_fault_that_cannot_be_is_refused_by_its_place(
    server: ServerClient, world: WorldClient, body: dict[str, Any], pointer: str, text: str
) -> None:
    """At the fault itself and, with its place in the list, in a new world: nothing is made of either."""
    before = state(world)
    problem = assert_problem(world.control("POST", "/faults", json=body), 422, pointer)
    assert problem["detail"] == f"{pointer}: {text}"
    assert state(world) == before
    new = {"id": "never-made", "faults": [{"name": "answer-lost"}, body]}
    assert_problem(server.http.post("/_sandbox/worlds", json=new), 422, f"/faults/1{pointer}")
    assert server.http.get("/_sandbox/worlds/never-made").status_code == 404


@pytest.mark.parametrize(
    ("key", "value", "pointer"),
    [
        ("name", "Status", "/name"),
        ("api", "control", "/api"),
        ("probability", 1.5, "/probability"),
        ("calls", [], "/calls"),
        ("calls", [0], "/calls/0"),
        ("calls", [1, 1], "/calls"),
        ("times", 0, "/times"),
        ("since", "yesterday", "/since"),
        ("parameters", [], "/parameters"),
    ],
)
def test_fault_of_the_wrong_shape_is_refused_by_its_place(
    world: WorldClient, key: str, value: Any, pointer: str
) -> None:
    """What the schema forbids, and nothing changes."""
    before = state(world)
    body = {"name": "answer-lost", key: value}
    assert_problem(world.control("POST", "/faults", json=body), 422, pointer)
    assert state(world) == before


def test_fault_for_a_credential_that_is_not_there_is_refused(world: WorldClient) -> None:
    """A client_id or the id of an application token of this world, and never a secret, which no answer repeats."""
    secret = world.basic()[1]
    for name in ("client_of_nobody", secret, world.hrms_token()):
        answer = world.control("POST", "/faults", json={"name": "answer-lost", "credential": name})
        assert_problem(answer, 422, "/credential")
        assert name not in answer.text
    assert world.control("GET", "/faults").json()["items"] == []


def test_secret_in_the_place_of_an_id_is_refused_for_a_new_world_too(server: ServerClient, world: WorldClient) -> None:
    """There no credential is known yet, but a secret is seen to be one, and repeated nowhere."""
    for secret in (world.basic()[1], world.hrms_token(), world.token()):
        new = {"id": "never-made", "faults": [{"name": "answer-lost", "credential": secret}]}
        answer = server.http.post("/_sandbox/worlds", json=new)
        assert_problem(answer, 422, "/faults/0/credential")
        assert secret not in answer.text
    assert server.http.get("/_sandbox/worlds/never-made").status_code == 404


def test_parameters_beyond_64_kib_are_refused(world: WorldClient) -> None:
    """A world keeps a hundred faults, so none of them may be a large one."""
    fitting = {"status": 500, "body": "x" * (64 * 1024 - len('{"status":500,"body":""}'))}
    plan(world, "status", fitting, times=1)
    assert sync(world).json() == fitting["body"]
    answer = world.control(
        "POST", "/faults", json={"name": "status", "parameters": {**fitting, "status": 503, "retry_after": 1}}
    )
    assert_problem(answer, 422, "/parameters")


def test_world_takes_so_many_faults_and_no_more(world: WorldClient) -> None:
    """One more is a conflict; after one has gone there is room again."""
    for _ in range(MOST):
        plan(world, "latency", {"seconds": 0})
    answer = world.control("POST", "/faults", json={"name": "answer-lost"})
    assert_problem(answer, 409, None)
    assert sync(world, JANE).status_code == 200
    assert len(struck(world)[0][2]) == MOST
    world.control("DELETE", "/faults/fault_50")
    assert plan(world, "answer-lost", api="hrms") == f"/faults/fault_{MOST + 1}"
