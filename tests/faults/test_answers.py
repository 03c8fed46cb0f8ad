"""Faults that answer in the vendor's stead: right body, right headers, and nothing done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import ServerClient, WorldClient
from tests.faults.calling import JANE, JOHN, plan, stored, struck, sync, users


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "Bad request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not found"),
        (413, "Request body too large"),
        (418, "I'm a teapot"),
        (429, "Rate limit exceeded"),
        (499, "Client error"),
        (500, "Internal server error"),
        (502, "Bad gateway"),
        (503, "Service unavailable"),
        (599, "Server error"),
    ],
)
def test_status_of_scan2evolve_has_its_error_body(world: WorldClient, status: int, text: str) -> None:
    """`{"error", "requestId"}` with the vendor's words for that status, and no record is stored."""
    plan(world, "status", {"status": status}, api="scan2evolve")
    answer = sync(world, JANE)
    assert (answer.status_code, answer.json()["error"]) == (status, text)
    assert answer.json().keys() == {"error", "requestId"}
    assert answer.headers["content-type"] == "application/json"
    assert stored(world) == []
    assert users(world).status_code == 200
    assert struck(world) == [(status, "whole", ["status"]), (200, "whole", [])]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "Validation failed"),
        (401, "Unauthenticated"),
        (403, "Insufficient permissions for this resource"),
        (404, "Resource not found"),
        (429, "Too Many Requests"),
        (500, "Server Error"),
        (503, "Service Unavailable"),
    ],
)
def test_status_of_the_hrms_has_its_error_body(world: WorldClient, status: int, text: str) -> None:
    """`{"message"}` with the vendor's words for that status."""
    plan(world, "status", {"status": status}, api="hrms")
    answer = users(world)
    assert (answer.status_code, answer.json()) == (status, {"message": text})


def test_status_of_a_token_request_speaks_as_a_grant_does(world: WorldClient) -> None:
    """401 is invalid_client with WWW-Authenticate, and no token is issued."""
    plan(world, "status", {"status": 401}, operation="issueToken")
    client_id, client_secret = world.basic()
    grant = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
    answer = world.http.post("/scan2evolve/api/v1/auth/token", json=grant)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"] == 'Basic realm="Scan2Evolve"'
    assert world.control("GET", "/snapshot").json()["state"]["tokens"]["tokens"] == []


def test_status_takes_a_message_a_body_and_a_retry_after_of_ones_own(world: WorldClient) -> None:
    """The message goes into the vendor's body; a body takes its place, also as a gateway's page."""
    plan(world, "status", {"status": 503, "message": "Down for backup", "retry_after": 7}, times=1)
    plan(world, "status", {"status": 500, "body": {"fault": [1, None]}}, times=1)
    plan(world, "status", {"status": 502, "body": "<h1>Bad Gateway</h1>", "content_type": "text/html"}, times=1)
    first, second, third = sync(world), sync(world), sync(world)
    assert (first.status_code, first.json()["error"], first.headers["retry-after"]) == (503, "Down for backup", "7")
    assert (second.status_code, second.json()) == (500, {"fault": [1, None]})
    assert "retry-after" not in second.headers
    assert (third.status_code, third.text) == (502, "<h1>Bad Gateway</h1>")
    assert third.headers["content-type"] == "text/html"
    assert sync(world).status_code == 200


def test_answer_of_a_fault_has_the_headers_of_the_rate_limit(server: ServerClient) -> None:
    """A request that a fault answers counts, and its headers say so."""
    world = server.world(limits={"scan2evolve": {"limit": 5, "window_seconds": 60}})
    plan(world, "status", {"status": 503})
    remaining = [sync(world).headers["x-ratelimit-remaining"] for _ in range(3)]
    assert remaining == ["4", "3", "2"]


def test_unavailable_lasts_for_its_window_and_says_how_long_it_still_takes(world: WorldClient) -> None:
    """Whoever waits as long as Retry-After says, on the world's clock, is let in; a second less is too early."""
    plan(world, "unavailable", {"seconds": 300})
    first = sync(world)
    assert (first.status_code, first.headers["retry-after"]) == (503, "300")
    world.advance(100.5)
    second = users(world)
    assert (second.status_code, second.headers["retry-after"]) == (503, "200")
    world.advance(199)
    assert users(world).headers["retry-after"] == "1"
    world.advance(0.5)
    assert users(world).status_code == 200
    assert sync(world).status_code == 200


def test_unavailable_can_begin_later_and_end_at_an_instant(world: WorldClient) -> None:
    """`since` and `until` make the window; before and after it all is well."""
    plan(world, "unavailable", since="2024-11-18T10:31:00Z", until="2024-11-18T10:32:00Z")
    assert sync(world).status_code == 200
    world.advance(60)
    assert (sync(world).status_code, sync(world).headers["retry-after"]) == (503, "60")
    world.advance(60)
    assert sync(world).status_code == 200


def test_rate_limited_is_told_and_held_to(server: ServerClient) -> None:
    """The headers are those of a used-up window; until it ends the limit refuses, and then lets in."""
    world = server.world(limits={"scan2evolve": {"limit": 50, "window_seconds": 60}})
    assert sync(world).headers["x-ratelimit-remaining"] == "49"
    world.advance(20)
    plan(world, "rate-limited", times=1)
    answer = sync(world, JOHN)
    assert (answer.status_code, answer.json()["error"]) == (429, "Rate limit exceeded")
    limit = {
        name: answer.headers[name] for name in answer.headers if name.startswith("x-ratelimit") or name == "retry-after"
    }
    assert limit == {
        "x-ratelimit-limit": "50",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1731925860",
        "retry-after": "40",
    }
    world.advance(39)
    early = sync(world, JOHN)
    assert (early.status_code, early.headers["retry-after"]) == (429, "1")
    assert stored(world) == ["EMP-1"]
    world.advance(1)
    assert (sync(world, JOHN).status_code, stored(world)) == (200, ["EMP-1", "EMP-2"])
    assert struck(world) == [
        (200, "whole", []),
        (429, "whole", ["rate-limited"]),
        (429, "whole", []),
        (200, "whole", []),
    ]


def test_rate_limited_with_a_time_of_its_own_ends_the_window_then(server: ServerClient) -> None:
    """retry_after moves the end of the window; the other organization's is left alone."""
    world = server.world(limits={"scan2evolve": {"limit": 50, "window_seconds": 60}})
    plan(world, "rate-limited", {"retry_after": 5}, times=1)
    assert sync(world).headers["retry-after"] == "5"
    assert sync(world, org=1).status_code == 200
    assert sync(world).status_code == 429
    world.advance(5)
    assert sync(world).status_code == 200


def test_rate_limited_without_a_limit_concerns_one_request(world: WorldClient) -> None:
    """A world without limits has nothing to use up: the answer says 60 seconds, or what it was told."""
    plan(world, "rate-limited", api="hrms", times=1)
    plan(world, "rate-limited", {"retry_after": 3}, api="scan2evolve", times=1)
    first, second = users(world), sync(world)
    assert (first.status_code, first.json(), first.headers["retry-after"]) == (
        429,
        {"message": "Too Many Requests"},
        "60",
    )
    assert (second.status_code, second.headers["retry-after"]) == (429, "3")
    assert (users(world).status_code, sync(world).status_code) == (200, 200)


def test_token_revoked_ends_a_bearer_token_and_no_other(world: WorldClient) -> None:
    """The third request is answered 401, as are all later ones; Basic and a new token go on."""
    token, other = world.token(), world.token()
    headers = {"Authorization": f"Bearer {token}"}
    plan(world, "token-revoked", calls=[3])
    statuses = [sync(world, headers=headers).status_code for _ in range(5)]
    assert statuses == [200, 200, 401, 401, 401]
    entries = world.journal(operation="syncEmployees")
    assert [entry["decision"]["step"] for entry in entries[2:]] == ["fault", "credentials", "credentials"]
    assert sync(world, headers=headers).json()["error"] == "Unauthorized"
    assert sync(world, headers={"Authorization": f"Bearer {other}"}).status_code == 200
    assert sync(world).status_code == 200
    assert sync(world, headers={"Authorization": f"Bearer {world.token()}"}).status_code == 200


def test_token_revoked_ends_an_application_token(world: WorldClient) -> None:
    """The HRMS answers 401 now and from now on; the token is gone from the world."""
    before = [token["id"] for token in world.control("GET", "").json()["hrms"]["tokens"]]
    plan(world, "token-revoked", api="hrms")
    assert [(users(world).status_code, users(world).json()) for _ in range(2)] == [
        (401, {"message": "Unauthenticated"})
    ] * 2
    after = [token["id"] for token in world.control("GET", "").json()["hrms"]["tokens"]]
    assert before == ["token_staging", "token_uat"]
    assert after == ["token_uat"]


def test_fault_concerns_nobody_who_is_refused_before_it(world: WorldClient) -> None:
    """401, 404, 405 and 400 of validation come as ever; such requests are not even counted."""
    place = plan(world, "status", {"status": 503})
    good = {"Authorization": f"Bearer {world.hrms_token()}"}
    refused: list[Any] = [
        sync(world, auth=("nobody", "nothing")),
        world.scan2evolve("GET", "/nowhere"),
        world.scan2evolve("DELETE", "/sync/employees"),
        world.scan2evolve("POST", "/sync/employees", content=b"{"),
        world.http.get("/hrms/api/v1/users", headers=good),
    ]
    assert [answer.status_code for answer in refused] == [401, 404, 405, 400, 400]
    assert world.control("GET", place).json()["seen"] == 0


def test_fault_with_a_bug_of_the_vendor_shows_both(server: ServerClient) -> None:
    """A deviation of answers changes the answer of a fault, too, where that is the vendor's."""
    world = server.world(deviations=["retry-after-missing"], limits={"scan2evolve": {"limit": 9, "window_seconds": 60}})
    plan(world, "rate-limited", times=1)
    answer = sync(world)
    assert (answer.status_code, "retry-after" in answer.headers) == (429, False)


@pytest.mark.parametrize(
    "deviation", ["limit-shared-between-organizations", "limit-not-enforced", "refused-requests-prolong-the-window"]
)
def test_rate_limited_goes_with_bugs_of_the_limit(server: ServerClient, no_errors_logged: Any, deviation: str) -> None:
    """Whatever the vendor's limit does wrong, the fault answers 429 and fails nowhere."""
    world = server.world(deviations=[deviation], limits={"scan2evolve": {"limit": 9, "window_seconds": 60}})
    plan(world, "rate-limited", times=1)
    answer = sync(world)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert sync(world, org=1).status_code == (429 if "shared" in deviation else 200)
