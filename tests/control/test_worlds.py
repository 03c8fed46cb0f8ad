"""Health, the catalogue of readings, and the life of a world: made, looked at, reset, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import __version__
from sandbox.readings import CATALOGUE, Readings
from tests.client import NOW, ServerClient, WorldClient

DEFAULTS = Readings().as_dict()


@pytest.fixture
def demo(server: ServerClient) -> Iterator[WorldClient]:
    """A world that was asked for in every detail."""
    made = server.world(
        id="demo-1",
        seed=7,
        users=4,
        readings={"role-case": "exact", "null-field": None},
        limits={"scan2evolve": {"limit": 7}, "hrms": {"limit": 5, "window_seconds": 6}},
    )
    yield made
    made.control("DELETE")


def test_health_counts_the_worlds(server: ServerClient, world: WorldClient) -> None:
    """Status, version and the number of worlds, this one among them."""
    body = server.http.get("/_sandbox/health").json()
    worlds = server.http.get("/_sandbox/worlds", params={"limit": 1000}).json()["items"]
    assert body == {"status": "ok", "version": __version__, "worlds": len(worlds)}
    assert world.id in {item["id"] for item in worlds}


def test_catalogue_of_readings_names_question_values_and_default(server: ServerClient) -> None:
    """Everything that is needed to switch a reading."""
    body = server.http.get("/_sandbox/readings").json()
    assert body["next"] is None
    assert [(row["name"], tuple(row["values"]), row["default"]) for row in body["items"]] == [
        (row.name, row.values, row.default) for row in CATALOGUE
    ]
    for row in body["items"]:
        assert set(row) == {"name", "question", "values", "default", "claims"}
        assert row["question"].endswith("?")


def test_world_made_of_nothing_follows_the_server(server: ServerClient) -> None:
    """Without a body, id, people, readings and limits are the server's, the time is real."""
    answer = server.http.post("/_sandbox/worlds")
    assert answer.status_code == 201
    body = answer.json()
    default = server.http.get("/_sandbox/worlds/default").json()
    assert re.fullmatch(r"world-[0-9]+", body["id"])
    assert answer.headers["location"] == f"/_sandbox/worlds/{body['id']}"
    assert answer.headers["cache-control"] == "no-store"
    assert body["frozen"] is False
    for key in ("seed", "readings", "limits"):
        assert body[key] == default[key]
    made = WorldClient(server.http, body)
    assert len(made.hrms("/users").json()["data"]) == 25
    made.control("DELETE")


def test_world_made_of_integers_with_a_point_is_the_same(server: ServerClient) -> None:
    """JSON Schema takes 5.0 for an integer: it makes the very world that 5 makes, and its snapshot can be restored."""
    wishes = (
        '{"id": "points", "seed": 1000%s, "users": 5%s, "now": "2024-11-18T10:30:00Z", "frozen": true, "step_ms": 2%s,'
        ' "ttl_seconds": 100%s, "limits": {"hrms": {"limit": 5%s, "window_seconds": 60%s}}}'
    )
    seen = []
    for point in ("", ".0"):
        content = wishes % ((point,) * 6)
        answer = server.http.post("/_sandbox/worlds", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 201, answer.text
        made = WorldClient(server.http, answer.json())
        snapshot = made.control("GET", "/snapshot")
        put = made.control("PUT", "/snapshot", content=snapshot.content, headers={"Content-Type": "application/json"})
        assert put.status_code == 204, put.text
        seen.append((answer.text, made.hrms("/users").text, snapshot.text))
        assert made.control("DELETE").status_code == 204
    assert seen[0] == seen[1]


def test_world_is_made_as_wished(server: ServerClient, demo: WorldClient) -> None:
    """Every wish is in the answer, which alone holds the secrets."""
    body = demo.created
    assert (body["id"], body["seed"], body["now"], body["frozen"]) == ("demo-1", 7, NOW, True)
    assert body["readings"] == DEFAULTS | {"role-case": "exact"}
    assert body["limits"] == {
        "scan2evolve": {"limit": 7, "window_seconds": 60},
        "hrms": {"limit": 5, "window_seconds": 6},
    }
    assert body["hrms"]["base_url"] == f"{server.url}/hrms/api"
    assert body["scan2evolve"]["base_url"] == f"{server.url}/scan2evolve"
    scopes = ["users:read", "departments:read", "positions:read"]
    for token, environment in zip(body["hrms"]["tokens"], ("staging", "uat"), strict=True):
        assert set(token) == {"id", "name", "token", "environment", "scopes"}
        assert (token["environment"], token["scopes"]) == (environment, scopes)
    assert len(demo.organizations) == 2
    for organization in demo.organizations:
        assert set(organization) == {
            "organization_id",
            "organization_name",
            "client_id",
            "client_secret",
            "sites",
            "roles",
            "groups",
        }
    assert len(demo.hrms("/users", "uat").json()["data"]) == 4


def test_first_organization_holds_what_the_samples_name(world: WorldClient) -> None:
    """Roles, groups and sites of the vendor's samples; the second shares no site (S2E-ROLE-03, S2E-SITE-03)."""
    first, second = world.organizations
    assert {"site_manager", "FIELD_TECH", "inspector", "admin"} <= set(first["roles"])
    assert "Maintenance Team" in {group["groupName"] for group in first["groups"]}
    assert "TEAM-001" in {group["externalGroupId"] for group in first["groups"]}
    sites = [{site["id"] for site in organization["sites"]} for organization in (first, second)]
    assert {"ff1223ac-dfb5-11ec-9d64-0242ac120001", "ff1223ac-dfb5-11ec-9d64-0242ac120002"} <= sites[0]
    assert not sites[0] & sites[1]
    users = world.scan2evolve_state("users")
    assert [user["externalEmployeeId"] for user in users] == [None]


def test_world_is_shown_later_without_its_secrets(demo: WorldClient) -> None:
    """GET and list show the same, token texts and client secrets left out."""
    shown = demo.control("GET").json()
    expected: dict[str, Any] = {**demo.created, "hrms": dict(demo.created["hrms"])}
    expected["hrms"]["tokens"] = [
        {k: v for k, v in token.items() if k != "token"} for token in demo.created["hrms"]["tokens"]
    ]
    expected["scan2evolve"] = {
        **demo.created["scan2evolve"],
        "organizations": [{k: v for k, v in o.items() if k != "client_secret"} for o in demo.organizations],
    }
    assert shown == expected
    listed = demo.http.get("/_sandbox/worlds", params={"limit": 1000}).json()["items"]
    assert listed[0]["id"] == "default"
    assert shown in listed


def test_worlds_are_listed_in_pages_oldest_first(server: ServerClient) -> None:
    """Following `next` meets every world once."""
    made = [server.world(users=0) for _ in range(3)]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    for _ in range(2_000):
        body = server.http.get("/_sandbox/worlds", params=query).json()
        found += [item["id"] for item in body["items"]]
        if body["next"] is None:
            break
        query["after"] = body["next"]
    assert body["next"] is None
    assert found[0] == "default"
    assert found[-3:] == [world.id for world in made]
    assert len(found) == len(set(found))
    for world in made:
        world.control("DELETE")


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"id": "Upper"}, "/id"),
        ({"id": ""}, "/id"),
        ({"id": "-a"}, "/id"),
        ({"id": "a" * 64}, "/id"),
        ({"id": "a/b"}, "/id"),
        ({"id": None}, "/id"),
        ({"seed": -1}, "/seed"),
        ({"seed": 2**63}, "/seed"),
        ({"seed": 1.5}, "/seed"),
        ({"users": 50_001}, "/users"),
        ({"users": "3"}, "/users"),
        ({"now": "yesterday"}, "/now"),
        ({"now": "2024-02-30T00:00:00Z"}, "/now"),
        ({"now": "2024-11-18T10:30:00+08:00"}, "/now"),
        ({"now": 0}, "/now"),
        ({"frozen": "yes"}, "/frozen"),
        ({"rate": 0}, "/rate"),
        ({"rate": 86_401}, "/rate"),
        ({"step_ms": -1}, "/step_ms"),
        ({"step_ms": True}, "/step_ms"),
        ({"readings": {"role-case": "loud"}}, "/readings/role-case"),
        ({"readings": {"role_case": "exact"}}, "/readings/role_case"),
        ({"limits": {"scan2evolve": {"limit": 0}}}, "/limits/scan2evolve/limit"),
        ({"limits": {"hrms": {"limit": 5}}}, "/limits/hrms/window_seconds"),
        ({"limits": {"other": None}}, "/limits/other"),
        ({"Seed": 1}, "/Seed"),
    ],
)
def test_wish_that_cannot_be_is_refused_and_makes_no_world(
    server: ServerClient, wish: dict[str, Any], pointer: str
) -> None:
    """422 with a pointer, for unknown names and values as for wrong types."""
    before = server.http.get("/_sandbox/health").json()["worlds"]
    answer = server.http.post("/_sandbox/worlds", json={"users": 0, **wish})
    assert answer.status_code == 422
    assert answer.json()["pointer"] == pointer
    assert server.http.get("/_sandbox/health").json()["worlds"] == before


@pytest.mark.parametrize("world_id", ["default", "demo-1"])
def test_id_that_is_taken_is_a_conflict(server: ServerClient, demo: WorldClient, world_id: str) -> None:
    """409, and the world that has it stays as it is."""
    before = demo.control("GET", "/snapshot").json()
    answer = server.http.post("/_sandbox/worlds", json={"id": world_id, "seed": 99})
    assert (answer.status_code, answer.json()["pointer"]) == (409, "/id")
    assert demo.control("GET", "/snapshot").json() == before


def test_deleted_world_is_gone_with_its_credentials(server: ServerClient) -> None:
    """Its tokens and clients are unknown from then on, and its id is free."""
    world = server.world(id="short-lived")
    token, pair, hrms = world.token(), world.basic(), world.hrms_token()
    deleted = world.control("DELETE")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert world.control("GET").status_code == 404
    assert world.control("DELETE").status_code == 404
    users = "/scan2evolve/api/v1/users"
    assert server.http.get(users, auth=pair).status_code == 401
    assert server.http.get(users, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    headers = {"Authorization": f"Bearer {hrms}", "X-Environment": "staging"}
    assert server.http.get("/hrms/api/v1/users", headers=headers).status_code == 401
    again = server.world(id="short-lived", seed=1)
    assert again.scan2evolve("GET", "/users").status_code == 200
    again.control("DELETE")


def test_default_world_cannot_be_deleted(server: ServerClient) -> None:
    """It stands from the start to the end; it can be reset."""
    answer = server.http.delete("/_sandbox/worlds/default")
    assert (answer.status_code, answer.json()["pointer"]) == (409, "#/path/world")
    assert server.http.get("/_sandbox/worlds/default").status_code == 200


# -- reset -------------------------------------------------------------------------------------------------


def test_reset_world_is_as_it_was_created(demo: WorldClient) -> None:
    """State, clock, limits, readings, journal, outbox, audit log and ids: all as at the start."""
    fresh = demo.control("GET", "/snapshot").json()
    shown = demo.control("GET").json()
    first = demo.sync(
        {"externalEmployeeId": "E-1", "email": "e@example.com", "userAccount": {"sendWelcomeEmail": True}}
    )
    demo.advance(100)
    demo.control("PATCH", "/clock", json={"frozen": False})
    demo.read(role_case="insensitive", empty_batch="ok")
    demo.control("PATCH", "/limits", json={"scan2evolve": None, "hrms": {"limit": 1}})
    made: tuple[tuple[str, dict[str, Any]], ...] = (
        ("sites", {"name": "S"}),
        ("roles", {"name": "R"}),
        ("groups", {"groupName": "G"}),
        ("users", {"email": "u@example.com", "name": "U"}),
    )
    for collection, item in made:
        demo.add(collection, **item)
    demo.control("DELETE", "/hrms/users/user_002")
    demo.control("PATCH", "/hrms/departments/dept_001", json={"name": "Renamed"})
    answer = demo.control("POST", "/reset")
    assert answer.status_code == 200
    assert answer.json() == shown
    assert demo.control("GET", "/snapshot").json() == fresh
    again = demo.sync(
        {"externalEmployeeId": "E-1", "email": "e@example.com", "userAccount": {"sendWelcomeEmail": True}}
    )
    assert again == first


def test_reset_ends_issued_tokens_and_keeps_credentials(world: WorldClient) -> None:
    """Made or founding, credentials stay valid, and revoked founding ones come back (S2E-AUTH-15)."""
    spare, more = world.add("credentials", name="spare"), world.new_hrms_token(scopes=["users:read"])
    issued = world.token()
    founding = world.scan2evolve_state("credentials", 1)[0]["id"]
    place = f"/scan2evolve/organizations/{world.organizations[1]['organization_id']}/credentials/{founding}"
    assert world.control("DELETE", place).status_code == 204
    assert world.control("DELETE", "/hrms/tokens/token_uat").status_code == 204
    assert world.control("POST", "/reset").status_code == 200
    headers = {"Authorization": f"Bearer {issued}"}
    assert world.scan2evolve("GET", "/users", headers=headers).status_code == 401
    pair = spare["client_id"], spare["client_secret"]
    assert world.scan2evolve("GET", "/users", auth=pair).status_code == 200
    assert world.scan2evolve("GET", "/users").status_code == 200
    assert world.scan2evolve("GET", "/users", org=1).status_code == 200
    assert world.hrms("/users", headers={"Authorization": f"Bearer {more['token']}"}).status_code == 200
    assert world.hrms("/users", "uat").status_code == 200


def test_credentials_made_after_a_reset_are_other_ones(world: WorldClient) -> None:
    """Names start anew, yet no credential of before the reset is replaced."""
    first, token = world.add("credentials"), world.new_hrms_token(scopes=[])
    world.control("POST", "/reset")
    second, other = world.add("credentials"), world.new_hrms_token(scopes=["users:read"])
    for key in ("id", "client_id", "client_secret"):
        assert first[key] != second[key]
    for key in ("id", "token"):
        assert token[key] != other[key]
    assert len(world.scan2evolve_state("credentials")) == 3
    for made in (first, second):
        pair = made["client_id"], made["client_secret"]
        assert world.scan2evolve("GET", "/users", auth=pair).status_code == 200


def test_made_credentials_are_none_of_the_founding_ones(world: WorldClient) -> None:
    """Making credentials one by one never comes upon the secret of another organization."""
    made = [world.add("credentials", org=number % 2) for number in range(6)]
    pairs = [(o["client_id"], o["client_secret"]) for o in (*world.organizations, *made)]
    assert len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs}) == 8
    for number, pair in enumerate(pairs):
        users = world.scan2evolve("GET", "/users", auth=pair).json()
        assert users[0]["organizationId"] == world.organizations[number % 2]["organization_id"]
