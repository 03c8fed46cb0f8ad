"""What all operations of the control plane have in common, taken from its document one by one."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from sandbox.document import Operation, load
from tests.client import ServerClient, WorldClient

OPERATIONS = list(load("control").operations.values())
WITH_BODY = [operation for operation in OPERATIONS if operation.body]
LISTS = [operation for operation in OPERATIONS if any(p.name == "after" for p in operation.parameters)]
PATHS = sorted({operation.path for operation in OPERATIONS})


def named(operation: Operation) -> str:
    """The operationId, for pytest."""
    return operation.id


def fill(operation: Operation, world: WorldClient, item: str = "nothing", org: str | None = None) -> str:
    """The operation's path in a world."""
    organization = world.organizations[0]["organization_id"] if org is None else org
    return operation.path.replace("{world}", world.id).replace("{org}", organization).replace("{id}", item)


def needed(operation: Operation) -> dict[str, str]:
    """The query parameters that the operation demands."""
    return {"environment": "staging"} if any(p.required for p in operation.parameters if p.location == "query") else {}


def example(operation: Operation) -> Any:
    """The first request example, None where the operation takes no body."""
    return next(iter(operation.body_examples.values()), None)


def send(world: WorldClient, operation: Operation, path: str, **request: Any) -> httpx.Response:
    """The operation's request, with what it demands unless the test says otherwise."""
    request.setdefault("params", needed(operation))
    if operation.body and not {"json", "content"} & request.keys():
        request["json"] = example(operation)
    return world.http.request(operation.method, path, **request)


def assert_problem(answer: httpx.Response, status: int, pointer: str | None) -> dict[str, Any]:
    """A problem (RFC 9457) that points at what is wrong."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["pointer"] == pointer, body
    return body


def state(world: WorldClient) -> Any:
    """Everything a world holds."""
    return world.control("GET", "/snapshot").json()


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if "world" in o.path_names], ids=named)
def test_unknown_world_is_not_found(world: WorldClient, operation: Operation) -> None:
    """Whatever is asked of a world that is not there, the answer is 404."""
    path = fill(operation, world).replace(f"/worlds/{world.id}", "/worlds/nowhere", 1)
    assert_problem(send(world, operation, path), 404, "#/path/world")


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if "org" in o.path_names], ids=named)
def test_unknown_organization_is_not_found(world: WorldClient, operation: Operation) -> None:
    """An organization that the world does not have is 404."""
    before = state(world)
    assert_problem(send(world, operation, fill(operation, world, org="org-nowhere")), 404, "#/path/org")
    assert state(world) == before


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if "id" in o.path_names], ids=named)
@pytest.mark.parametrize("item", ["nothing", "0", "1e3", "%F0%9F%99%82"])
def test_unknown_id_is_not_found(world: WorldClient, operation: Operation, item: str) -> None:
    """An id that the collection does not hold is 404, and nothing changes."""
    before = state(world)
    assert_problem(send(world, operation, fill(operation, world, item)), 404, "#/path/id")
    assert state(world) == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_unknown_query_parameter_is_refused_by_name(world: WorldClient, operation: Operation) -> None:
    """A typing error in a parameter is told, and nothing is done."""
    before = state(world)
    answer = send(world, operation, fill(operation, world), params={**needed(operation), "nonsense": "1"})
    assert_problem(answer, 422, "#/query/nonsense")
    assert state(world) == before


@pytest.mark.parametrize("operation", LISTS, ids=named)
@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "1.5", "", "99999999999999999999"])
def test_limit_out_of_range_is_refused(world: WorldClient, operation: Operation, limit: str) -> None:
    """A page holds 1 to 1,000 items."""
    answer = send(world, operation, fill(operation, world), params={**needed(operation), "limit": limit})
    assert_problem(answer, 422, "#/query/limit")


@pytest.mark.parametrize("operation", LISTS, ids=named)
def test_cursor_that_no_page_gave_is_refused(world: WorldClient, operation: Operation) -> None:
    """An `after` that is not a cursor of the list is told."""
    answer = send(world, operation, fill(operation, world), params={**needed(operation), "after": "never-given"})
    assert_problem(answer, 422, "#/query/after")


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if needed(o)], ids=named)
@pytest.mark.parametrize("environment", [None, "production", "STAGING", ""])
def test_list_of_the_company_needs_its_environment(
    world: WorldClient, operation: Operation, environment: str | None
) -> None:
    """The environment is given, and one of the two."""
    params = {} if environment is None else {"environment": environment}
    assert_problem(send(world, operation, fill(operation, world), params=params), 422, "#/query/environment")


@pytest.mark.parametrize("operation", WITH_BODY, ids=named)
def test_body_of_another_media_type_is_refused(world: WorldClient, operation: Operation) -> None:
    """Only JSON is taken: 415."""
    before = state(world)
    for media in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"):
        answer = send(world, operation, fill(operation, world), content=b"{}", headers={"Content-Type": media})
        assert_problem(answer, 415, None)
    assert state(world) == before


@pytest.mark.parametrize("operation", WITH_BODY, ids=named)
@pytest.mark.parametrize("content", [b"{", b'{"a": NaN}', b"{'a': 1}", b'"\xff"', b"{}{}"])
def test_body_that_is_no_json_is_refused(world: WorldClient, operation: Operation, content: bytes) -> None:
    """What cannot be decoded is 400, and nothing changes."""
    before = state(world)
    answer = send(
        world, operation, fill(operation, world), content=content, headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 400, "")
    assert state(world) == before


@pytest.mark.parametrize("operation", WITH_BODY, ids=named)
@pytest.mark.parametrize("value", [[], "text", 7, None, True], ids=repr)
def test_body_that_is_no_object_is_refused(world: WorldClient, operation: Operation, value: Any) -> None:
    """The pointer to the whole body is the empty one."""
    before = state(world)
    headers = {"Content-Type": "application/json"}
    answer = send(world, operation, fill(operation, world), content=json.dumps(value), headers=headers)
    assert_problem(answer, 422, "")
    assert state(world) == before


@pytest.mark.parametrize("operation", WITH_BODY, ids=named)
def test_unknown_key_of_a_body_is_refused_by_pointer(world: WorldClient, operation: Operation) -> None:
    """Every unknown key is named, those with a slash or a tilde escaped as RFC 6901 says."""
    before = state(world)
    body = {**example(operation), "nonsense": 1, "a/b~c": 2}
    problem = assert_problem(
        send(world, operation, fill(operation, world), json=body), 422, send_pointer(operation, body)
    )
    pointers = {fault["pointer"] for fault in problem["errors"]}
    assert {"/nonsense", "/a~1b~0c"} <= pointers
    assert state(world) == before


def send_pointer(operation: Operation, body: dict[str, Any]) -> str:
    """The first fault of a body with unknown keys: the first of them."""
    known = example(operation)
    return next(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in body if key not in known)


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_not_allowed_and_allow_names_those_that_are(server: ServerClient, path: str) -> None:
    """405 with Allow, for every path."""
    known = {operation.method for operation in OPERATIONS if operation.path == path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD"} - known:
        answer = server.http.request(method, path.replace("{world}", "default"))
        assert answer.status_code == 405
        assert answer.headers["allow"] == ", ".join(sorted(known))


@pytest.mark.parametrize("path", ["/_sandbox", "/_sandbox/", "/_sandbox/nothing", "/_sandbox/worlds/default/nothing"])
def test_unknown_path_is_a_problem(server: ServerClient, path: str) -> None:
    """404 in the control plane's own format."""
    assert_problem(server.http.get(path), 404, None)


@pytest.mark.parametrize("operation", WITH_BODY, ids=named)
def test_every_request_example_is_a_good_request(server: ServerClient, operation: Operation) -> None:
    """The document's examples pass validation: at most their item is missing, or what they make is there already."""
    limit = {"limit": 10, "window_seconds": 10}
    for value in operation.body_examples.values():
        world = server.world(limits={"scan2evolve": limit, "hrms": limit})
        answer = send(world, operation, fill(operation, world), json=value)
        expected = (404,) if "id" in operation.path_names else (200, 201, 409)
        assert answer.status_code in expected, answer.text
        if operation.id == "createWorld":
            server.http.delete(answer.headers["location"])
        world.control("DELETE")
