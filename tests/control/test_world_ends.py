"""The end of a world that nobody ends: its time to live, and the room for new ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.app import Application
from sandbox.settings import Settings
from tests.client import ServerClient, WorldClient
from tests.conftest import running, serving

USERS = "/scan2evolve/api/v1/users"
START = 1_700_000_000_000
MADE = {"users": 0, "frozen": True, "now": "2024-11-18T10:30:00Z"}


class Machine:
    """The machine's clock, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        """Milliseconds since the epoch."""
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += round(seconds * 1000)


@pytest.fixture(scope="module")
def machine() -> Machine:
    """A clock of this module's own."""
    return Machine()


@pytest.fixture(scope="module")
def roomy(machine: Machine) -> Iterator[ServerClient]:
    """A server for three worlds beside the default one, on that clock."""
    with serving(Application(Settings(max_worlds=3), machine)) as client:
        yield client


@pytest.fixture
def small(roomy: ServerClient, machine: Machine) -> Iterator[ServerClient]:
    """The same, with no world but the default one; time starts where it does."""
    machine.now = START
    yield roomy
    for world_id in ids(roomy)[1:]:
        roomy.http.delete(f"/_sandbox/worlds/{world_id}")


@pytest.fixture
def before(small: ServerClient) -> str:
    """Where the server's journal ends, so that a test sees its own events only."""
    items = small.http.get("/_sandbox/journal", params={"limit": 1000}).json()["items"]
    return str(items[-1]["id"]) if items else "0"


def made(server: ServerClient, world_id: str, **wishes: Any) -> WorldClient:
    """A new world of that id."""
    answer = server.http.post("/_sandbox/worlds", json={"id": world_id, **MADE, **wishes})
    assert answer.status_code == 201, answer.text
    return WorldClient(server.http, answer.json())


def ids(server: ServerClient) -> list[str]:
    """All worlds; a list is no use of them."""
    return [world["id"] for world in server.http.get("/_sandbox/worlds").json()["items"]]


def events(server: ServerClient, **query: Any) -> list[dict[str, Any]]:
    """The server's journal."""
    items: list[dict[str, Any]] = server.http.get("/_sandbox/journal", params=query).json()["items"]
    return items


# -- time to live -------------------------------------------------------------------------------------------


def test_world_goes_after_its_time_without_a_request(small: ServerClient, machine: Machine, before: str) -> None:
    """At exactly ttl_seconds it is gone, with its credentials, and the server's journal says why."""
    world = made(small, "short", ttl_seconds=60)
    assert world.created["ttl_seconds"] == 60
    machine.pass_seconds(59.999)
    assert ids(small) == ["default", "short"]
    machine.pass_seconds(0.001)
    assert small.http.get(USERS, auth=world.basic()).status_code == 401
    assert ids(small) == ["default"]
    assert small.http.get("/_sandbox/health").json()["worlds"] == 1
    assert events(small, after=before) == [
        {
            "id": str(int(before) + 1),
            "at": "2023-11-14T22:14:20.000Z",
            "event": "world-dropped",
            "world": "short",
            "reason": "ttl",
            "idle_seconds": 60.0,
            "message": "World short was dropped after 60 s without a request, as its ttl_seconds says",
        }
    ]


def test_path_of_a_world_that_went_says_what_became_of_it(small: ServerClient, machine: Machine) -> None:
    """404 that tells it from a typing error; the same stands in the journal of a request that names it."""
    made(small, "short", ttl_seconds=60)
    machine.pass_seconds(75)
    answer = small.http.get("/_sandbox/worlds/short")
    assert (answer.status_code, answer.json()["pointer"]) == (404, "#/path/world")
    why = "dropped after 75 s without a request, as its ttl_seconds says"
    assert answer.json()["detail"] == f"There is no world 'short': it was {why}"
    small.http.get(USERS, headers={"X-Sandbox-World": "short"})
    entry = small.http.get("/_sandbox/worlds/default/journal", params={"limit": 1000}).json()["items"][-1]
    assert entry["notes"] == [f"X-Sandbox-World: there is no world 'short', it was {why}"]


USES: dict[str, Any] = {
    "basic": lambda world: world.scan2evolve("GET", "/users"),
    "wrong secret": lambda world: world.http.get(USERS, auth=(world.basic()[0], "wrong")),
    "token request": lambda world: world.token(),
    "application token": lambda world: world.hrms("/users"),
    "unknown path": lambda world: world.hrms("/nothing"),
    "header": lambda world: world.http.get(USERS, headers={"X-Sandbox-World": world.id}),
    "host": lambda world: world.http.get(USERS, headers={"Host": f"{world.id}.localhost"}),
    "control plane": lambda world: world.control("GET", "/clock"),
    "reset": lambda world: world.control("POST", "/reset"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_request_to_a_world_starts_its_time_anew(small: ServerClient, machine: Machine, use: Any) -> None:
    """By credential, name, host name or path; lists and health are no use."""
    world = made(small, "used", ttl_seconds=60)
    machine.pass_seconds(59)
    use(world)
    for _ in range(2):
        machine.pass_seconds(29)
        assert ids(small) == ["default", "used"]
    machine.pass_seconds(2)
    assert ids(small) == ["default"]


def test_time_to_live_is_the_machines_and_not_the_worlds(small: ServerClient, machine: Machine) -> None:
    """A clock that is moved by a year ends nothing."""
    world = made(small, "moved", ttl_seconds=60)
    world.advance(365 * 86_400)
    machine.pass_seconds(1)
    assert ids(small) == ["default", "moved"]


def test_id_of_a_world_that_went_is_free(small: ServerClient, machine: Machine) -> None:
    """Also for a world that stays: what the old one left behind does not end it."""
    made(small, "again", ttl_seconds=1)
    machine.pass_seconds(1)
    stays = made(small, "again")
    assert stays.created["ttl_seconds"] is None
    machine.pass_seconds(86_400)
    assert ids(small) == ["default", "again"]


def test_server_gives_worlds_its_own_time_to_live_unless_they_name_one(machine: Machine) -> None:
    """--world-ttl is for those that leave it out; null is never; `default` stays."""
    with serving(Application(Settings(world_ttl=10), machine)) as server:
        shown = [made(server, "a").created, made(server, "b", ttl_seconds=20).created]
        shown.append(made(server, "c", ttl_seconds=None).created)
        assert [world["ttl_seconds"] for world in shown] == [10, 20, None]
        machine.pass_seconds(10)
        assert ids(server) == ["default", "b", "c"]
        machine.pass_seconds(1e6)
        assert ids(server) == ["default", "c"]
        assert server.http.get("/_sandbox/worlds/default").json()["ttl_seconds"] is None


def test_time_to_live_outlives_reset_and_snapshot(small: ServerClient, machine: Machine) -> None:
    """It is part of how the world was made, and a snapshot brings its own."""
    world = made(small, "kept", ttl_seconds=60)
    taken = world.control("GET", "/snapshot").json()
    assert world.control("POST", "/reset").json()["ttl_seconds"] == 60
    taken["state"]["spec"]["ttl_seconds"] = 5
    assert world.control("PUT", "/snapshot", json=taken).status_code == 204
    machine.pass_seconds(5)
    assert ids(small) == ["default"]


@pytest.mark.parametrize("ttl", [0, -1, 1.5, "60", True, 31_536_001])
def test_time_to_live_out_of_range_makes_no_world(small: ServerClient, ttl: Any) -> None:
    """422 with a pointer."""
    answer = small.http.post("/_sandbox/worlds", json={"ttl_seconds": ttl})
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/ttl_seconds")
    assert ids(small) == ["default"]


@pytest.mark.parametrize(("world_id", "ttl"), [("default", 60), ("other", 0), ("other", "60")])
def test_snapshot_with_a_time_to_live_that_cannot_be_changes_nothing(
    small: ServerClient, world_id: str, ttl: Any
) -> None:
    """422: `default` stays for good, and nothing lives for no time."""
    made(small, "other")
    place = f"/_sandbox/worlds/{world_id}/snapshot"
    taken = small.http.get(place).json()
    bent = small.http.get(place).json()
    bent["state"]["spec"]["ttl_seconds"] = ttl
    answer = small.http.put(place, json=bent)
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/state/spec/ttl_seconds")
    assert small.http.get(place).json() == taken


def test_times_to_live_of_many_deleted_worlds_leave_nothing_behind(machine: Machine) -> None:
    """A long time to live does not keep a word of a world that is deleted."""
    app = Application(Settings(world_ttl=31_536_000), machine)
    with serving(app) as server:
        for number in range(150):
            made(server, f"gone-{number}").control("DELETE")
        assert ids(server) == ["default"]
    assert len(app.worlds._ends) < 110


# -- room ---------------------------------------------------------------------------------------------------


def test_new_world_pushes_out_the_one_that_is_idle_longest(small: ServerClient, machine: Machine, before: str) -> None:
    """Not the oldest but the least recently used, never `default`; what went is journaled, the rest is as it was."""
    worlds = []
    for world_id in ("a", "b", "c"):
        worlds.append(made(small, world_id))
        machine.pass_seconds(1)
    worlds[0].accepted({"externalEmployeeId": "E-1"})
    taken = worlds[0].control("GET", "/snapshot").json()
    machine.pass_seconds(10)
    made(small, "d")
    assert ids(small) == ["default", "a", "c", "d"]
    assert worlds[0].control("GET", "/snapshot").json() == taken
    (event,) = events(small, after=before)
    assert (event["world"], event["reason"], event["idle_seconds"]) == ("b", "cap", 12.0)
    assert event["message"] == (
        "World b was dropped to make room for a new world, idle for 12 s, longer than any other"
    )
    assert small.http.get(USERS, auth=worlds[1].basic()).status_code == 401


def test_refused_world_pushes_nothing_out(small: ServerClient, before: str) -> None:
    """A bad wish, and an id that is taken."""
    for world_id in ("a", "b", "c"):
        made(small, world_id)
    assert small.http.post("/_sandbox/worlds", json={"id": "a"}).status_code == 409
    assert small.http.post("/_sandbox/worlds", json={"seed": "x"}).status_code == 422
    assert ids(small) == ["default", "a", "b", "c"]
    assert events(small, after=before) == []


def test_world_whose_time_has_come_makes_room_first(small: ServerClient, machine: Machine, before: str) -> None:
    """Nobody is pushed out while there is one that has to go anyhow."""
    made(small, "a")
    made(small, "b")
    machine.pass_seconds(1)
    made(small, "short", ttl_seconds=1)
    machine.pass_seconds(1)
    made(small, "d")
    assert ids(small) == ["default", "a", "b", "d"]
    assert [event["reason"] for event in events(small, after=before)] == ["ttl"]


def test_server_journal_is_listed_in_pages(small: ServerClient, machine: Machine, before: str) -> None:
    """Oldest first, from a cursor on."""
    for number in range(6):
        made(small, f"w-{number}")
        machine.pass_seconds(1)
    first = small.http.get("/_sandbox/journal", params={"limit": 2, "after": before}).json()
    assert [item["world"] for item in first["items"]] == ["w-0", "w-1"]
    assert [item["world"] for item in events(small, after=first["next"])] == ["w-2"]


def test_one_world_is_room_enough_for_one_after_another() -> None:
    """The smallest server: each new world ends the last."""
    with running(Settings(max_worlds=1)) as server:
        for number in range(3):
            made(server, f"w-{number}")
        assert ids(server) == ["default", "w-2"]
