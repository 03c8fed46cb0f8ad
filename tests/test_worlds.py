"""Worlds: isolated under concurrent clients, equal from equal seeds, and found by whatever names them."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.ids import Ids
from sandbox.registry import Worlds
from sandbox.worlds import WorldSpec
from tests.client import MAIN, NORTH, NOW, ServerClient, WorldClient
from tests.wire import Wire

Exchange = tuple[int, bytes, list[tuple[str, str]]]
USERS = "/scan2evolve/api/v1/users"


def record(chance: random.Random, owner: str) -> dict[str, Any]:
    """A record that may be good or bad; ids and e-mails are few, so that worlds would run into each other."""
    number = chance.randrange(8)
    made: dict[str, Any] = {
        "externalEmployeeId": f"E-{number}",
        "displayName": f"{owner} {number}",
        "email": chance.choice([f"p{number}@example.com", f"p{chance.randrange(8)}@example.com", "nonsense"]),
        "roles": chance.sample(["site_manager", "admin", "inspector", "cook"], chance.randrange(4)),
        "sites": [{"id": site} for site in chance.sample([MAIN, NORTH, "nowhere"], chance.randrange(3))],
        "status": chance.choice(["ACTIVE", "ACTIVE", "INACTIVE", "GONE"]),
        "updateMode": chance.choice(["replace", "additive"]),
        "metadata": {"owner": owner},
    }
    if chance.random() < 0.6:
        made["userAccount"] = {"forcePasswordReset": chance.random() < 0.5, "sendWelcomeEmail": True}
    return made


def live(world: WorldClient, seed: int, steps: int = 40) -> list[Exchange]:
    """A client's life in a world: a script that follows from `seed`; every answer, bytes and headers."""
    chance = random.Random(seed)
    seen: list[httpx.Response] = []
    token = ""
    for _ in range(steps):
        step = chance.choice(["sync"] * 4 + ["users", "user", "token", "bearer", "hrms", "bad", "tick"])
        org = chance.randrange(2)
        if step == "sync":
            batch = {"employees": [record(chance, world.id) for _ in range(chance.randrange(1, 5))]}
            seen.append(world.scan2evolve("POST", "/sync/employees", org, json=batch))
        elif step == "users":
            seen.append(world.scan2evolve("GET", f"/users?isActive={chance.choice(['true', 'false', 'x'])}", org))
        elif step == "user":
            seen.append(world.scan2evolve("GET", "/users/user_0", org))
        elif step == "token":
            grant = {"grant_type": "client_credentials"}
            seen.append(world.http.post("/scan2evolve/api/v1/auth/token", data=grant, auth=world.basic(org)))
            token = seen[-1].json().get("access_token", token)
        elif step == "bearer":
            headers = {"Authorization": f"Bearer {token or 'none'}", "X-Sandbox-World": world.id}
            seen.append(world.scan2evolve("GET", "/users", headers=headers))
        elif step == "hrms":
            path = chance.choice(["/users", "/users/user_002", "/departments", "/users/user_9"])
            seen.append(world.hrms(path, chance.choice(["staging", "uat"])))
        elif step == "bad":
            seen.append(world.http.get(USERS, auth=(world.basic(org)[0], "wrong")))
        else:
            world.advance(chance.randrange(1, 3600))
    return [(answer.status_code, answer.content, sorted(answer.headers.items())) for answer in seen]


def state(world: WorldClient) -> Any:
    """All that a world holds."""
    return world.control("GET", "/snapshot").json()["state"]


def shared_limits() -> dict[str, Any]:
    """Limits that are reached now and then."""
    return {
        "scan2evolve": {"limit": 15, "window_seconds": 3600},
        "hrms": {"limit": 3, "window_seconds": 1800},
    }


def lives_of(server: ServerClient, names: list[str], at_once: bool) -> dict[str, tuple[list[Exchange], Any]]:
    """What the clients of these worlds saw and what the worlds hold, each client in a thread of its own or in turn."""
    found: dict[str, tuple[list[Exchange], Any]] = {}

    def run(name: str) -> None:
        with ServerClient(server.url).http as http:
            wishes = {"id": name, "seed": 3, "users": 3, "now": NOW, "frozen": True, "limits": shared_limits()}
            world = WorldClient(http, http.post("/_sandbox/worlds", json=wishes).json())
            found[name] = live(world, seed=sum(name.encode())), state(world)
            world.control("DELETE")

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
        if not at_once:
            thread.join()
    for thread in threads:
        thread.join()
    assert set(found) == set(names)
    return found


def test_worlds_do_not_see_each_other_under_concurrent_clients(server: ServerClient) -> None:
    """Eight worlds of one seed, used at the same time: each client sees byte for byte what it sees alone."""
    names = [f"crowd-{number}" for number in range(8)]
    together = lives_of(server, names, at_once=True)
    alone = lives_of(server, names, at_once=False)
    for name in names:
        answers, held = together[name]
        assert len({status for status, _, _ in answers}) >= 3
        assert answers == alone[name][0]
        assert held == alone[name][1]
        others = [other for other in names if other != name]
        assert not [other for other in others if other in str(held) or other in str(answers)]


def test_clients_of_one_world_lose_nothing(world: WorldClient) -> None:
    """Ten threads sync into one world: every record is stored once, every request journaled, no id comes twice."""
    results: list[dict[str, Any]] = []

    def run(number: int) -> None:
        with httpx.Client(base_url=world.http.base_url, timeout=30) as http:
            mine = WorldClient(http, world.created)
            results.extend(
                mine.sync(*({"externalEmployeeId": f"T-{number}-{batch}-{i}"} for i in range(10))) for batch in range(5)
            )

    threads = [threading.Thread(target=run, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result["requestId"] for result in results}) == 50
    ids = {item["employeeId"] for result in results for item in result["results"]}
    assert len(ids) == 500
    assert {item["employeeId"] for item in world.scan2evolve_state("employees")} == ids
    assert len(world.journal()) == 50


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_world_made_again_gives_the_same_bytes(server: ServerClient, seed: int) -> None:
    """The same id, seed, now and requests on a frozen clock: equal bodies, headers, secrets and state."""
    lives = []
    for _ in range(2):
        world = server.world(id="twice", seed=seed, limits=shared_limits())
        lives.append((world.created, live(world, 17), state(world), world.journal()))
        world.control("DELETE")
    assert lives[0] == lives[1]


def test_equal_seeds_under_other_ids_share_people_and_ids_but_no_secret(server: ServerClient) -> None:
    """People, organizations, employee, user and request ids, in their order; credentials are each world's own."""
    one, other = (server.world(id=name, seed=9, users=12) for name in ("seed-a", "seed-b"))

    def shared(world: WorldClient) -> Any:
        people = [
            world.hrms(f"/{path}", environment).json()
            for path in ("users", "users/user_007", "departments", "positions")
            for environment in ("staging", "uat")
        ]
        organizations = [
            {key: value for key, value in item.items() if not key.startswith("client_")} for item in world.organizations
        ]
        chance = random.Random(5)
        synced = [world.sync(*(record(chance, "same") for _ in range(6)), org=org) for org in (0, 1, 0)]
        made = [world.add("roles", name="cook"), world.add("sites", name="Yard")]
        users = world.scan2evolve("GET", "/users").json()
        return people, organizations, synced, made, users, world.outbox()

    assert shared(one) == shared(other)
    for org in (0, 1):
        assert not set(one.basic(org)) & set(other.basic(org))
        assert one.token(org) != other.token(org)
    assert not {token["token"] for token in one.created["hrms"]["tokens"]} & {
        token["token"] for token in other.created["hrms"]["tokens"]
    }
    for world in (one, other):
        world.control("DELETE")


def test_other_seed_makes_other_people_and_ids(server: ServerClient) -> None:
    """Nothing but the vendor's samples is equal under another seed."""
    one, other = (server.world(seed=seed) for seed in (1, 2))
    assert one.hrms("/users").json()["data"][1:] != other.hrms("/users").json()["data"][1:]
    ids = [world.accepted({"externalEmployeeId": "E-1"})["employeeId"] for world in (one, other)]
    assert ids[0] != ids[1]
    assert one.organizations[0]["organization_id"] != other.organizations[0]["organization_id"]
    assert one.organizations[0]["sites"] == other.organizations[0]["sites"]
    for world in (one, other):
        world.control("DELETE")


def test_secrets_drawn_later_are_none_of_the_founding_ones() -> None:
    """A world's own names and secrets never come again, in whatever order they are drawn (S2E-SEC-02)."""
    _, secrets = Worlds().add(WorldSpec("default"))
    founding = [*secrets.clients, *secrets.clients.values(), *secrets.tokens.values()]
    bare = {text.partition("_")[2][:24] for text in founding}
    assert len(bare) == 6
    for kind in ("client", "client secret", "application token"):
        drawn = Ids(0, "default")
        assert not bare & {drawn.secret(kind)[:24] for _ in range(10)}


# -- which world a request belongs to ------------------------------------------------------------------------


@pytest.fixture
def pair(server: ServerClient) -> Iterator[tuple[WorldClient, WorldClient]]:
    """Two worlds."""
    made = server.world(), server.world()
    yield made
    for world in made:
        world.control("DELETE")


def statuses(world: WorldClient) -> list[int]:
    """The statuses in a world's journal, which is cleared."""
    found = [entry["status"] for entry in world.journal()]
    world.control("DELETE", "/journal")
    return found


def default_entries(server: ServerClient) -> list[str]:
    """The numbers of the default world's journal."""
    body = server.http.get("/_sandbox/worlds/default/journal", params={"limit": 1000}).json()
    return [entry["id"] for entry in body["items"]]


NAMELESS = [
    ("GET", USERS, {}),
    ("POST", "/scan2evolve/api/v1/sync/employees", {"json": {}}),
    ("GET", "/scan2evolve/api/v1/nothing", {}),
    ("POST", "/scan2evolve/api/v1/auth/token", {"json": {"grant_type": "client_credentials", "client_id": "no"}}),
    ("POST", "/scan2evolve/api/v1/auth/token", {"content": b"{"}),
    ("GET", USERS, {"headers": {"Authorization": "Bearer se_unknown"}}),
    ("GET", USERS, {"auth": ("unknown", "wrong")}),
    ("GET", "/hrms/api/v1/users", {}),
    ("GET", "/hrms/api/v1/users", {"headers": {"Authorization": "Bearer unknown"}}),
    ("DELETE", "/hrms/api/v1/users", {}),
]


@pytest.mark.parametrize(("method", "path", "request_of"), NAMELESS)
def test_request_without_known_credentials_belongs_to_the_world_that_its_header_names(
    server: ServerClient, pair: tuple[WorldClient, WorldClient], method: str, path: str, request_of: dict[str, Any]
) -> None:
    """X-Sandbox-World, else default; a name that no world has is default too."""
    named, other = pair
    request_of = dict(request_of)
    headers = request_of.pop("headers", {})
    before = default_entries(server)
    server.http.request(method, path, headers=headers | {"X-Sandbox-World": named.id}, **request_of)
    assert len(statuses(named)) == 1
    assert default_entries(server) == before
    for world in ({}, {"X-Sandbox-World": "no-such-world"}, {"X-Sandbox-World": ""}):
        server.http.request(method, path, headers=headers | world, **request_of)
    assert len([number for number in default_entries(server) if number not in before]) == 3
    assert statuses(named) == statuses(other) == []


@pytest.mark.parametrize(("method", "path", "request_of"), NAMELESS)
@pytest.mark.parametrize("host", ["{world}.localhost", "{world}.LOCALHOST:8080"])
def test_request_without_known_credentials_belongs_to_the_world_that_its_host_names(
    server: ServerClient,
    pair: tuple[WorldClient, WorldClient],
    host: str,
    method: str,
    path: str,
    request_of: dict[str, Any],
) -> None:
    """`{world}.localhost`, with or without a port; X-Sandbox-World wins over it."""
    named, other = pair
    request_of = dict(request_of)
    headers = request_of.pop("headers", {}) | {"Host": host.format(world=named.id)}
    before = default_entries(server)
    server.http.request(method, path, headers=headers, **request_of)
    assert len(statuses(named)) == 1
    server.http.request(method, path, headers=headers | {"X-Sandbox-World": other.id}, **request_of)
    assert statuses(named) == []
    assert len(statuses(other)) == 1
    assert default_entries(server) == before


@pytest.mark.parametrize(
    "host",
    [
        "{world}",
        "localhost",
        "{world}.localhost.evil.example",
        "{world}.localhost.",
        "x.{world}.localhost",
        "{world}.localhost:8080:1",
        "{world}.localhost, other.localhost",
        "{world}.example",
        "{world}%00.localhost",
    ],
)
def test_host_of_another_form_names_no_world(
    server: ServerClient, pair: tuple[WorldClient, WorldClient], host: str
) -> None:
    """Only one label right below localhost does; whatever else is there belongs to `default`, without a note."""
    named, _ = pair
    before = default_entries(server)
    server.http.get(USERS, headers={"Host": host.format(world=named.id)})
    assert statuses(named) == []
    (entry,) = [number for number in default_entries(server) if number not in before]
    assert server.http.get(f"/_sandbox/worlds/default/journal/{entry}").json()["notes"] == []


@pytest.mark.parametrize(
    "lines",
    [
        b"X-Sandbox-World: {world}\r\nX-Sandbox-World: {world}",
        b"X-Sandbox-World: {world}, {world}",
        b"X-Sandbox-World: {WORLD}",
        b"X-Sandbox-World: {world}%20",
        b"X-Sandbox-World: ../{world}",
        b"X-Sandbox-World: \xff\xfe{world}",
        b"X-Sandbox-World: " + b"x" * 60_000,
        b"X-Sandbox-World:",
        b"X-Sandbox-World: none\r\nHost: {world}.localhost",
    ],
)
def test_header_that_names_no_world_exactly_leads_to_default(
    server: ServerClient, pair: tuple[WorldClient, WorldClient], lines: bytes, no_errors_logged: None
) -> None:
    """Repeated, of other case, odd or endless: the default world's, with a note; Host does not step in for it."""
    named, _ = pair
    sent = lines.replace(b"{world}", named.id.encode()).replace(b"{WORLD}", named.id.upper().encode())
    before = default_entries(server)
    with Wire(server.url) as wire:
        host = b"" if b"Host:" in lines else b"Host: localhost\r\n"
        wire.send(b"GET " + USERS.encode() + b" HTTP/1.1\r\n" + host + sent + b"\r\n\r\n")
        assert wire.answer().status == 401
    assert statuses(named) == []
    (entry,) = [number for number in default_entries(server) if number not in before]
    (note,) = server.http.get(f"/_sandbox/worlds/default/journal/{entry}").json()["notes"]
    assert note.startswith("X-Sandbox-World: there is no world ")
    assert len(note) < 300


def test_host_of_a_world_that_is_not_there_is_noted(server: ServerClient) -> None:
    """As with X-Sandbox-World: the default world's journal says what was meant."""
    server.http.get(USERS, headers={"Host": "no-such-world.localhost:1"})
    number = default_entries(server)[-1]
    notes = server.http.get(f"/_sandbox/worlds/default/journal/{number}").json()["notes"]
    assert notes == ["Host: there is no world 'no-such-world'"]


def test_credentials_say_which_world_a_request_belongs_to_whatever_the_header_says(
    server: ServerClient, pair: tuple[WorldClient, WorldClient]
) -> None:
    """Basic, Bearer, the client_id of a grant and an application token all win over X-Sandbox-World and Host."""
    world, other = pair
    client_id, secret = world.basic()
    header = {"X-Sandbox-World": other.id, "Host": f"{other.id}.localhost"}
    grant = {"client_id": client_id, "client_secret": secret, "grant_type": "client_credentials"}
    token = server.http.post("/scan2evolve/api/v1/auth/token", json=grant, headers=header).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    application = {"Authorization": f"Bearer {world.hrms_token()}", "X-Environment": "staging"}
    server.http.get(USERS, headers=header | bearer)
    server.http.get(USERS, headers=header, auth=world.basic())
    server.http.get("/scan2evolve/api/v1/nothing", headers=header, auth=world.basic())
    server.http.get("/hrms/api/v1/users", headers=header | application)
    server.http.get("/hrms/api/v1/nothing", headers=header | application)
    assert statuses(world) == [200, 200, 200, 404, 200, 404]
    assert statuses(other) == []


def test_dead_tokens_are_remembered_up_to_a_bound_and_living_ones_for_good() -> None:
    """A stream of short-lived tokens does not grow the memory without end."""
    worlds = Worlds()
    world, _ = worlds.add(WorldSpec("default"))
    living = list(world.application_tokens)
    for number in range(50_000):
        worlds.register_digest(world, f"digest-{number}")
    assert len(world.known) <= 20_000
    assert worlds.of_digest("digest-49999") is world
    assert worlds.of_digest("digest-0") is None
    assert all(worlds.of_digest(digest) is world for digest in living)
    worlds.remove(world)
    assert worlds.of_digest("digest-49999") is worlds.of_digest(living[0]) is None


def test_dead_client_ids_are_remembered_up_to_a_bound_and_living_ones_for_good() -> None:
    """Nor does a stream of credentials that are made and revoked."""
    worlds = Worlds()
    world, _ = worlds.add(WorldSpec("default"))
    living = list(world.tokens.credentials)
    for number in range(50_000):
        worlds.register_client(world, f"client-{number}")
    assert len(world.known_clients) <= 20_000
    assert worlds.of_client("client-49999") is world
    assert worlds.of_client("client-0") is None
    assert all(worlds.of_client(client_id) is world for client_id in living)
    worlds.remove(world)
    assert worlds.of_client("client-49999") is worlds.of_client(living[0]) is None


def test_more_living_tokens_than_are_looked_through_at_once_keep_no_dead_ones_alive() -> None:
    """Living ones that have been known longest do not stand in front of the dead for ever."""
    worlds = Worlds()
    world, _ = worlds.add(WorldSpec("default"))
    for number in range(5_000):
        worlds.register_digest(world, f"living-{number}")
        world.application_tokens[f"living-{number}"] = next(iter(world.application_tokens.values()))
    for number in range(50_000):
        worlds.register_digest(world, f"dead-{number}")
    assert len(world.known) <= 20_001
    assert all(worlds.of_digest(f"living-{number}") is world for number in range(5_000))


def test_credential_once_known_still_names_its_world(
    server: ServerClient, pair: tuple[WorldClient, WorldClient]
) -> None:
    """Expired, revoked, from before a reset, or with a wrong secret: the refusal is in its own world's journal."""
    world, other = pair
    header = {"X-Sandbox-World": other.id}
    before = default_entries(server)
    spare, application = world.add("credentials"), world.new_hrms_token(scopes=["users:read"])
    spare_pair = spare["client_id"], spare["client_secret"]
    grant = {"grant_type": "client_credentials"}
    of_spare = server.http.post("/scan2evolve/api/v1/auth/token", json=grant, auth=spare_pair).json()["access_token"]
    expired = world.token()
    statuses(world)

    def refused(**request: Any) -> None:
        headers = header | request.pop("headers", {})
        path = request.pop("path", USERS)
        assert server.http.get(path, headers=headers, **request).status_code == 401
        assert statuses(world) == [401]

    refused(auth=(world.basic()[0], "wrong"))
    world.advance(86_400)
    refused(headers={"Authorization": f"Bearer {expired}"})
    place = f"/scan2evolve/organizations/{world.organizations[0]['organization_id']}/credentials/{spare['id']}"
    world.control("DELETE", place)
    world.control("DELETE", f"/hrms/tokens/{application['id']}")
    revoked = {"Authorization": f"Bearer {application['token']}", "X-Environment": "staging"}
    refused(auth=spare_pair)
    refused(headers={"Authorization": f"Bearer {of_spare}"})
    refused(headers=revoked, path="/hrms/api/v1/users")
    world.control("POST", "/reset")
    for token in (expired, of_spare):
        refused(headers={"Authorization": f"Bearer {token}"})
    assert (
        server.http.post("/scan2evolve/api/v1/auth/token", json=grant, auth=spare_pair, headers=header).status_code
        == 401
    )
    assert statuses(world) == [401]
    assert statuses(other) == []
    assert default_entries(server) == before
