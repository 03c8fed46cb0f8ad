"""Application tokens at the control plane: made, listed by environment, revoked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import NOW, WorldClient

TOKEN = {"name": "reader", "scopes": ["users:read"], "environment": "uat"}


def tokens(world: WorldClient, **query: str) -> list[dict[str, Any]]:
    """The application tokens that a query finds."""
    listed: list[dict[str, Any]] = world.control("GET", "/hrms/tokens", params=query).json()["items"]
    return listed


def test_token_is_made_listed_and_revoked(world: WorldClient) -> None:
    """Name, description, scopes and environment; its text in the 201 alone (HRMS-AUTH-04, HRMS-AUTH-05)."""
    before = tokens(world)
    answer = world.control("POST", "/hrms/tokens", json=TOKEN | {"description": "for the nightly job"})
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/_sandbox/worlds/{world.id}/hrms/tokens/{made['id']}"
    assert answer.headers["cache-control"] == "no-store"
    assert made.pop("token").startswith("hrms_")
    assert made == {"id": made["id"], **TOKEN, "description": "for the nightly job", "created_at": NOW}
    assert tokens(world) == [*before, made]
    assert world.control("GET").json()["hrms"]["tokens"][-1] == {"id": made["id"], **TOKEN}
    assert world.control("DELETE", f"/hrms/tokens/{made['id']}", params={"environment": "staging"}).status_code == 404
    assert world.control("DELETE", f"/hrms/tokens/{made['id']}", params={"environment": "uat"}).status_code == 204
    assert world.control("DELETE", f"/hrms/tokens/{made['id']}").status_code == 404
    assert tokens(world) == before


def test_tokens_are_listed_by_environment(world: WorldClient) -> None:
    """Both environments' unless one is named."""
    world.new_hrms_token(scopes=[], environment="uat")
    assert [token["environment"] for token in tokens(world)] == ["staging", "uat", "uat"]
    assert [token["id"] for token in tokens(world, environment="staging")] == ["token_staging"]
    assert len(tokens(world, environment="uat")) == 2


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "\u2003"}, "/name"),
        ({"name": None}, "/name"),
        ({"description": 7}, "/description"),
        ({"scopes": ["users:write"]}, "/scopes/0"),
        ({"scopes": ["users:read", "users:read"]}, "/scopes"),
        ({"scopes": "users:read"}, "/scopes"),
        ({"environment": "production"}, "/environment"),
        ({"token": "hrms_mine"}, "/token"),
    ],
)
def test_token_that_cannot_be_is_refused(world: WorldClient, changes: dict[str, Any], pointer: str) -> None:
    """422 with a pointer, and no token is made."""
    before = tokens(world)
    answer = world.control("POST", "/hrms/tokens", json=TOKEN | changes)
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    assert tokens(world) == before


@pytest.mark.parametrize("key", TOKEN)
def test_token_needs_name_scopes_and_environment(world: WorldClient, key: str) -> None:
    """A key that is missing is told in words, with the pointer to where it should be."""
    body = {name: value for name, value in TOKEN.items() if name != key}
    answer = world.control("POST", "/hrms/tokens", json=body)
    assert (answer.status_code, answer.json()["pointer"]) == (422, "")
    assert key in answer.json()["detail"]
    assert len(tokens(world)) == 2
