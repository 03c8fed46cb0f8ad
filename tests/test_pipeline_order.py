"""The order of checks: each request here breaks two neighbouring steps, and the first one answers."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.client import ServerClient, WorldClient, by_hand

ONE_AN_HOUR = {"limit": 1, "window_seconds": 3600}
TOO_LONG = 10 * 1024 * 1024 + 1
SYNC, TOKEN, USERS, USER = "/sync/employees", "/auth/token", "/users", "/users/user_0000000000000000"
RECORD = {"externalEmployeeId": "ORDER-1"}
OPERATIONS = ("issueToken", "syncEmployees")


class Faulty(NamedTuple):
    """A request with two faults, and the answer that the earlier one gets.

    `who` is `good`, `wrong`, `scopeless` or `nobody`; `spent` uses the caller's window up first;
    `length` declares a body that is never sent; `environment` is the header of HRMS requests.
    """

    order: str
    method: str
    path: str
    status: int
    error: str
    who: str = "good"
    spent: bool = False
    content: bytes = b""
    media: str | None = None
    length: int | None = None
    environment: str | None = "staging"


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


SCAN2EVOLVE = [
    Faulty("path before credentials", "GET", "/nothing", 404, "Not found", who="nobody"),
    Faulty("path before rate limit", "GET", "/nothing", 404, "Not found", spent=True),
    Faulty("method before credentials (sync)", "DELETE", SYNC, 405, "Method not allowed", who="nobody"),
    Faulty("method before credentials (token)", "GET", TOKEN, 405, "Method not allowed", who="nobody"),
    Faulty("method before credentials (users)", "POST", USERS, 405, "Method not allowed", who="nobody"),
    Faulty("method before credentials (user)", "PUT", USER, 405, "Method not allowed", who="nobody"),
    Faulty("method before rate limit", "DELETE", SYNC, 405, "Method not allowed", spent=True),
    Faulty("credentials before rate limit (sync)", "POST", SYNC, 401, "Unauthorized", who="wrong", spent=True),
    Faulty("credentials before rate limit (users)", "GET", USERS, 401, "Unauthorized", who="wrong", spent=True),
    Faulty("credentials before rate limit (user)", "GET", USER, 401, "Unauthorized", who="wrong", spent=True),
    Faulty("credentials before body size", "POST", SYNC, 401, "Unauthorized", who="nobody", length=TOO_LONG),
    Faulty("credentials before filters", "GET", f"{USERS}?isActive=maybe", 401, "Unauthorized", who="nobody"),
    Faulty("credentials before resource", "GET", USER, 401, "Unauthorized", who="nobody"),
    Faulty("rate limit before body size (sync)", "POST", SYNC, 429, "Rate limit exceeded", spent=True, length=TOO_LONG),
    Faulty(
        "rate limit before body size (token)", "POST", TOKEN, 429, "Rate limit exceeded", spent=True, length=TOO_LONG
    ),
    Faulty(
        "rate limit before media type",
        "POST",
        SYNC,
        429,
        "Rate limit exceeded",
        spent=True,
        content=b"",
        media="text/csv",
    ),
    Faulty("rate limit before filters", "GET", f"{USERS}?isActive=maybe", 429, "Rate limit exceeded", spent=True),
    Faulty("rate limit before resource", "GET", USER, 429, "Rate limit exceeded", spent=True),
    Faulty("rate limit before the grant", "POST", TOKEN, 429, "Rate limit exceeded", spent=True, content=b"{}"),
    Faulty(
        "body size before media type (sync)",
        "POST",
        SYNC,
        413,
        "Request body too large",
        length=TOO_LONG,
        media="text/csv",
    ),
    Faulty(
        "body size before media type (token)",
        "POST",
        TOKEN,
        413,
        "Request body too large",
        length=TOO_LONG,
        media="text/csv",
    ),
    Faulty(
        "media type before JSON",
        "POST",
        SYNC,
        400,
        "Content-Type must be application/json",
        content=b"{",
        media="text/csv",
    ),
    Faulty("JSON before object", "POST", SYNC, 400, "Invalid JSON", content=b"[NaN]"),
    Faulty("JSON before employees", "POST", SYNC, 400, "Invalid JSON", content=b'{"employees": Infinity}'),
    Faulty("object before employees", "POST", SYNC, 400, "Request body must be an object", content=b"[]"),
    Faulty(
        "employees before syncBatchId", "POST", SYNC, 400, "employees array is required", content=b'{"syncBatchId": 1}'
    ),
    Faulty(
        "empty employees before syncBatchId",
        "POST",
        SYNC,
        400,
        "employees array is required",
        content=b'{"syncBatchId": 1, "employees": []}',
    ),
    Faulty(
        "number of records before syncBatchId",
        "POST",
        SYNC,
        400,
        "Maximum of 500 employees per request exceeded",
        content=_json({"syncBatchId": None, "employees": [RECORD] * 501}),
    ),
    Faulty(
        "envelope before records",
        "POST",
        SYNC,
        400,
        "syncBatchId must be a string",
        content=_json({"syncBatchId": None, "employees": [RECORD, {"externalEmployeeId": ""}, 7]}),
    ),
]

HRMS = [
    Faulty("path before token", "GET", "/nothing", 404, "Resource not found", who="nobody"),
    Faulty("path before rate limit", "GET", "/nothing", 404, "Resource not found", spent=True),
    Faulty("method before token", "POST", "/users", 405, "Method Not Allowed", who="nobody"),
    Faulty("method before rate limit", "POST", "/users", 405, "Method Not Allowed", spent=True),
    Faulty("token before rate limit", "GET", "/users", 401, "Unauthenticated", who="wrong", spent=True),
    Faulty("token before X-Environment", "GET", "/users", 401, "Unauthenticated", who="nobody", environment=None),
    Faulty("rate limit before X-Environment", "GET", "/users", 429, "Too Many Requests", spent=True, environment="bad"),
    Faulty("rate limit before environment", "GET", "/users", 429, "Too Many Requests", spent=True, environment="uat"),
    Faulty("X-Environment before environment", "GET", "/users", 400, "Validation failed", environment="production"),
    Faulty("X-Environment before scope", "GET", "/users", 400, "Validation failed", who="scopeless", environment="bad"),
    Faulty("environment before scope", "GET", "/positions", 401, "Unauthenticated", who="scopeless", environment="uat"),
    Faulty("environment before resource", "GET", "/users/user_0", 401, "Unauthenticated", environment="uat"),
    Faulty(
        "scope before resource",
        "GET",
        "/users/user_0",
        403,
        "Insufficient permissions for this resource",
        who="scopeless",
    ),
]


@pytest.fixture
def spare(server: ServerClient) -> Iterator[WorldClient]:
    """A world in which one request an hour is let in, by either API."""
    made = server.world(limits={"scan2evolve": ONE_AN_HOUR, "hrms": ONE_AN_HOUR})
    yield made
    made.control("DELETE")


@pytest.mark.parametrize("case", SCAN2EVOLVE, ids=lambda case: case.order)
def test_scan2evolve_request_with_two_faults_is_answered_by_the_earlier_step(
    server: ServerClient, spare: WorldClient, case: Faulty
) -> None:
    """Path and method, credentials, rate limit, body size, media type, JSON, envelope, operation (S2E-RATE-07)."""
    before = spare.state()
    if case.spent:
        assert spare.scan2evolve("GET", "/users").status_code == 200
    client_id, secret = spare.basic()
    headers = {"X-Sandbox-World": spare.id, "Content-Type": case.media or "application/json"}
    if case.who != "nobody":
        pair = (client_id, secret if case.who == "good" else "wrong")
        headers["Authorization"] = "Basic " + _base64(pair)
    length = len(case.content) if case.length is None and case.method == "POST" else case.length
    if case.spent and case.who == "wrong":
        by_hand(server.url, case.method, f"/scan2evolve/api/v1{case.path}", headers, case.content, length)
    status, answered, body = by_hand(
        server.url, case.method, f"/scan2evolve/api/v1{case.path}", headers, case.content, length
    )
    if case.spent:
        assert answered["x-ratelimit-remaining"] == "0"
    assert (status, body["error"]) == (case.status, case.error)
    assert set(body) == {"error", "requestId"}
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(answered)
    assert ("retry-after" in answered) == (case.status == 429)
    assert ("allow" in answered) == (case.status == 405)
    assert spare.state() == before


def _base64(pair: tuple[str, str]) -> str:
    return b64encode(":".join(pair).encode()).decode()


@pytest.mark.parametrize("case", HRMS, ids=lambda case: case.order)
def test_hrms_request_with_two_faults_is_answered_by_the_earlier_step(
    server: ServerClient, spare: WorldClient, case: Faulty
) -> None:
    """Path and method, token, rate limit, X-Environment, the token's own, scope, resource (HRMS-ENV-03)."""
    if case.spent:
        assert spare.hrms("/users").status_code == 200
    headers = {"X-Sandbox-World": spare.id}
    if case.environment is not None:
        headers["X-Environment"] = case.environment
    if case.who == "scopeless":
        headers["Authorization"] = f"Bearer {spare.new_hrms_token(scopes=[])['token']}"
    elif case.who != "nobody":
        headers["Authorization"] = f"Bearer {spare.hrms_token() if case.who == 'good' else 'hrms_unknown'}"
    length = 0 if case.method == "POST" else None
    if case.spent and case.who == "wrong":
        by_hand(server.url, case.method, f"/hrms/api/v1{case.path}", headers, case.content, length)
    status, answered, body = by_hand(server.url, case.method, f"/hrms/api/v1{case.path}", headers, case.content, length)
    if case.spent:
        assert answered["x-ratelimit-remaining"] == "0"
    assert (status, body["message"]) == (case.status, case.error)
    assert set(body) == ({"message", "errors"} if case.status == 400 else {"message"})
    assert ("retry-after" in answered) == (case.status == 429)
    assert ("allow" in answered) == (case.status == 405)


@pytest.mark.parametrize(
    ("path", "body", "limited", "status"),
    [
        (SYNC, {"employees": [RECORD]}, True, 429),
        (SYNC, {"employees": "none"}, False, 503),
        (TOKEN, {}, False, 503),
    ],
    ids=["rate limit before faults", "faults before the envelope", "faults before the grant"],
)
def test_fault_of_the_first_point_acts_between_validation_and_handler(
    server: ServerClient, path: str, body: dict[str, Any], limited: bool, status: int
) -> None:
    """Whom the limit refuses it does not concern; what the handler would refuse is answered by it."""
    world = server.world(
        limits={"scan2evolve": ONE_AN_HOUR if limited else None},
        faults=[{"name": "status", "parameters": {"status": 503}, "operation": operation} for operation in OPERATIONS],
    )
    if limited:
        assert world.scan2evolve("GET", USERS).status_code == 200
    headers = {"X-Sandbox-World": world.id}
    assert world.scan2evolve("POST", path, json=body, headers=headers, auth=world.basic()).status_code == status
    assert [item["seen"] for item in world.control("GET", "/faults").json()["items"]].count(1) == (not limited)
