"""Application tokens: what lets a request in, scopes, environments, revocation."""

from __future__ import annotations

import pytest

from tests.client import WorldClient, by_hand

UNAUTHENTICATED = {"message": "Unauthenticated"}
FORBIDDEN = {"message": "Insufficient permissions for this resource"}
SCOPE_OF = {
    "/users": "users:read",
    "/users/user_001": "users:read",
    "/departments": "departments:read",
    "/positions": "positions:read",
}


@pytest.mark.parametrize("path", SCOPE_OF)
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer hrms_0000000000000000000000000000000000000000",
        "Basic {token}",
        "{token}",
        "Bearer {token} x",
        "Bearer {token}x",
        "Token {token}",
        "bearer{token}",
    ],
)
def test_request_without_a_good_token_is_unauthenticated(
    world: WorldClient, path: str, authorization: str | None
) -> None:
    """A missing or invalid token: 401 with the page's body (HRMS-AUTH-02)."""
    headers = {"X-Environment": "staging"}
    if authorization is not None:
        headers["Authorization"] = authorization.format(token=world.hrms_token())
    status, _, body = by_hand(str(world.http.base_url), "GET", f"/hrms/api/v1{path}", headers)
    assert (status, body) == (401, UNAUTHENTICATED)


def test_token_scheme_is_matched_without_case(world: WorldClient) -> None:
    """Schemes are case-insensitive (RFC 9110), tokens are not (HRMS-AUTH-01)."""
    token = world.hrms_token()
    assert world.hrms("/users", headers={"Authorization": f"bEARER {token}"}).status_code == 200
    assert world.hrms("/users", headers={"Authorization": f"Bearer {token.upper()}"}).status_code == 401


@pytest.mark.parametrize("path", SCOPE_OF)
@pytest.mark.parametrize("scope", ["users:read", "departments:read", "positions:read", None])
def test_token_reads_what_its_scope_names_and_nothing_else(world: WorldClient, path: str, scope: str | None) -> None:
    """Each operation asks for its own scope: 403 with the page's body without it (HRMS-AUTH-03, HRMS-AUTH-04)."""
    made = world.new_hrms_token(scopes=[scope] if scope else [])
    answer = world.hrms(path, headers={"Authorization": f"Bearer {made['token']}"})
    if SCOPE_OF[path] == scope:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 403
        assert answer.json() == FORBIDDEN


def test_scopes_of_a_token_add_up(world: WorldClient) -> None:
    """A token with two scopes reads both and not the third (HRMS-AUTH-04)."""
    made = world.new_hrms_token(scopes=["users:read", "positions:read"])
    statuses = {
        path: world.hrms(path, headers={"Authorization": f"Bearer {made['token']}"}).status_code for path in SCOPE_OF
    }
    assert statuses == {"/users": 200, "/users/user_001": 200, "/departments": 403, "/positions": 200}


@pytest.mark.parametrize("environment", ["staging", "uat"])
@pytest.mark.parametrize(
    ("reading", "status", "body"),
    [(None, 401, UNAUTHENTICATED), ("401", 401, UNAUTHENTICATED), ("403", 403, FORBIDDEN)],
)
def test_token_in_the_other_environment_is_refused_as_the_reading_says(
    world: WorldClient, environment: str, reading: str | None, status: int, body: dict[str, str]
) -> None:
    """A token works in its own environment alone (HRMS-ENV-03, reading environment-mismatch)."""
    world.read(environment_mismatch=reading)
    other = "uat" if environment == "staging" else "staging"
    answer = world.hrms("/users", environment, headers={"X-Environment": other})
    assert (answer.status_code, answer.json()) == (status, body)
    assert world.hrms("/users", environment).status_code == 200


def test_revoked_token_is_unauthenticated_and_others_go_on(world: WorldClient) -> None:
    """Revoking ends one token at once (HRMS-AUTH-06)."""
    first, second = (world.new_hrms_token(scopes=["users:read"]) for _ in range(2))
    assert first["token"] != second["token"]
    assert world.hrms("/users", headers={"Authorization": f"Bearer {first['token']}"}).status_code == 200
    assert world.control("DELETE", f"/hrms/tokens/{first['id']}").status_code == 204
    answer = world.hrms("/users", headers={"Authorization": f"Bearer {first['token']}"})
    assert (answer.status_code, answer.json()) == (401, UNAUTHENTICATED)
    assert world.hrms("/users", headers={"Authorization": f"Bearer {second['token']}"}).status_code == 200


def test_text_of_a_token_is_shown_once(world: WorldClient) -> None:
    """Only the answer that makes a token holds its text (HRMS-AUTH-05)."""
    made = world.new_hrms_token(scopes=["users:read"])
    listed = world.control("GET", "/hrms/tokens")
    assert [token["id"] for token in listed.json()["items"]] == ["token_staging", "token_uat", made["id"]]
    for text in (listed.text, world.control("GET").text, world.control("GET", "/snapshot").text):
        assert made["token"] not in text
        assert world.hrms_token() not in text


def test_token_of_the_hrms_never_expires(world: WorldClient) -> None:
    """Nothing is said of a lifetime: ten years on it still works (HRMS-AUTH-01)."""
    world.advance(315_360_000)
    assert world.hrms("/users").status_code == 200
