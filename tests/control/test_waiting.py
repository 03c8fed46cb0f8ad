"""Waiting for what has yet to come: what ends it, what is under way meanwhile, and that nothing stays behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from sandbox.app import Application
from sandbox.client import ControlClient, ControlError
from sandbox.settings import Settings
from sandbox.traffic import Traffic
from tests.client import NOW, ServerClient, WorldClient
from tests.conftest import serving
from tests.control.test_world_ends import Machine, ids, made
from tests.wire import SYNC, Wire, request, sync_lines

TOKEN = b"/scan2evolve/api/v1/auth/token"


class Station:
    """A server whose traffic can be looked at, and threads that wait at it."""

    def __init__(self, app: Application, server: ServerClient, pool: ThreadPoolExecutor) -> None:
        self.app = app
        self.server = server
        self.pool = pool

    def traffic(self, world: WorldClient) -> Traffic:
        """What goes on in a world."""
        found = self.app.worlds.get(world.id)
        assert found is not None
        return found.traffic

    def until(self, true: Callable[[], bool]) -> None:
        """Send requests until something is true, which it is soon."""
        for _ in range(5_000):
            if true():
                return
            self.server.http.get("/_sandbox/health")
        raise AssertionError("it does not become true")

    def wait(self, world: WorldClient, count: int = 1, **query: Any) -> list[Future[httpx.Response]]:
        """So many wait in a world; they are there when this returns."""
        query.setdefault("timeout", 60)
        waiters = [self.pool.submit(world.control, "GET", "/journal/wait", params=query) for _ in range(count)]
        traffic = self.traffic(world)
        self.until(lambda: len(traffic.watchers) == count)
        return waiters


@contextmanager
def open_station(settings: Settings, machine: Machine | None = None) -> Iterator[Station]:
    """A station of its own."""
    app = Application(settings) if machine is None else Application(settings, machine)
    with ThreadPoolExecutor(40) as pool, serving(app) as server:
        server.http = httpx.Client(base_url=server.url, timeout=70, limits=httpx.Limits(max_connections=60))
        yield Station(app, server, pool)


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    """The station of this module."""
    with open_station(Settings(body_timeout=0.2)) as opened:
        yield opened


@pytest.fixture
def world(station: Station) -> Iterator[WorldClient]:
    """A fresh world of it; nobody waits there at the end, and nothing is under way."""
    fresh = station.server.world()
    traffic = station.traffic(fresh)
    yield fresh
    station.until(lambda: not traffic.watchers and not traffic.under_way)
    fresh.control("DELETE")


def late(world: WorldClient, **query: Any) -> dict[str, Any]:
    """A wait that ends without what it waits for; the problem."""
    answer = world.control("GET", "/journal/wait", params={"timeout": 0, **query})
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json"), answer.text
    problem: dict[str, Any] = answer.json()
    return problem


# -- it comes -------------------------------------------------------------------------------------------------


def test_wait_answers_at_once_where_it_has_come_already(world: WorldClient) -> None:
    """In the same shape as verify, with what is in flight besides."""
    world.sync({"externalEmployeeId": "E-1"})
    answer = world.control("GET", "/journal/wait", params={"operation": "syncEmployees", "timeout": 60})
    assert answer.status_code == 200
    path = SYNC.decode()
    entry = {"id": "1", "at": NOW, "api": "scan2evolve", "operation": "syncEmployees", "method": "POST", "path": path}
    assert answer.json() == {"looked_at": 1, "found": 1, "matched": [entry | {"status": 200}], "in_flight": []}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"operation": "syncEmployees", "after": "1"},
        {"api": "scan2evolve", "status": 200, "after": "1"},
        {"method": "POST", "path": SYNC.decode(), "after": "1"},
        {"externalEmployeeId": "E-2"},
        {"externalEmployeeId": "E-2", "outcome": "CREATED", "operation": "syncEmployees"},
        {"outcome": "CREATED", "at_least": 2},
        {"at_least": 3},
    ],
)
def test_wait_answers_when_it_comes_and_not_before(station: Station, world: WorldClient, query: dict[str, Any]) -> None:
    """What does not fit wakes nobody for good."""
    world.sync({"externalEmployeeId": "E-1"})
    if query == {}:
        query = {"after": "2"}
    (waiter,) = station.wait(world, **query)
    world.hrms("/users")
    assert not waiter.done()
    world.sync({"externalEmployeeId": "E-2"})
    answer = waiter.result().json()
    assert answer["matched"][-1]["id"] == "3"
    assert answer["found"] == query.get("at_least", 1)


def test_wait_of_many_is_ended_by_one_request(station: Station, world: WorldClient) -> None:
    """All of them, each with its own answer."""
    waiters = station.wait(world, count=30, operation="syncEmployees")
    world.sync({"externalEmployeeId": "E-1"})
    assert [waiter.result().json()["found"] for waiter in waiters] == [1] * 30


def test_wait_counts_no_more_what_has_been_cleared(station: Station, world: WorldClient) -> None:
    """As verify would: two must be there together."""
    (waiter,) = station.wait(world, at_least=2)
    world.hrms("/users")
    world.control("DELETE", "/journal")
    world.hrms("/departments")
    assert late(world, at_least=2)["found"] == 1
    assert not waiter.done()
    world.hrms("/positions")
    assert [entry["operation"] for entry in waiter.result().json()["matched"]] == ["listDepartments", "listPositions"]


def test_wait_in_another_world_goes_on(station: Station, world: WorldClient) -> None:
    """What comes to one world wakes nobody in another."""
    other = station.server.world()
    (waiter,) = station.wait(world)
    other.hrms("/users")
    other.control("DELETE")
    assert not waiter.done()
    world.hrms("/users")
    assert waiter.result().status_code == 200


def test_wait_by_the_typed_client(station: Station, world: WorldClient) -> None:
    """Found is answered, and what did not come is raised with the whole problem."""
    client = ControlClient(station.server.url).world(world.id)
    with pytest.raises(
        ControlError, match=r"^409: Waited 0 s for at least 1 request with operation issueToken"
    ) as late:
        client.wait_journal(operation="issueToken", timeout=0)
    assert late.value.problem["in_flight"] == []
    coming = station.pool.submit(client.wait_journal, operation="issueToken")
    world.token()
    assert coming.result()["found"] == 1


# -- it does not come -----------------------------------------------------------------------------------------


def test_wait_that_is_over_says_what_came_nearest(world: WorldClient) -> None:
    """In words that a newcomer understands, and as data."""
    world.sync({"externalEmployeeId": "E-1", "email": "nonsense"})
    problem = late(world, externalEmployeeId="E-1", outcome="CREATED", timeout=0.05)
    assert problem["detail"] == (
        'Waited 0.05 s for at least 1 request with a record with externalEmployeeId "E-1" and outcome "CREATED", '
        "found none among 1 request. Nearest is entry 1, POST /scan2evolve/api/v1/sync/employees: the outcome of "
        'record 0 ("E-1") was "ERROR" (Invalid email format), not "CREATED".'
    )
    assert (problem["type"], problem["expected"]) == ("/problems/verification-failed", {"at_least": 1})
    assert (problem["looked_at"], problem["found"], problem["matched"], problem["in_flight"]) == (1, 0, [], [])
    assert [miss["id"] for miss in problem["nearest"]] == ["1"]


def test_wait_in_a_world_without_requests_says_where_they_may_be(world: WorldClient) -> None:
    """Most often they went to another world."""
    assert "Does your code use this world's base URL and credentials?" in late(world)["detail"]
    world.hrms("/users")
    assert late(world, after="1")["detail"] == (
        "Waited 0 s for at least 1 request, found none among 0 requests. Nothing came after entry 1."
    )


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"operation": "syncEmployee"}, "operation"),
        ({"operation": "syncEmployees", "api": "hrms"}, "api"),
        ({"operation": "listUsers", "outcome": "ERROR"}, "outcome"),
        ({"api": "hrms", "externalEmployeeId": "E-1"}, "externalEmployeeId"),
        ({"operation": "issueToken", "method": "GET"}, "method"),
        ({"path": "users"}, "path"),
        ({"method": "get"}, "method"),
        ({"outcome": "created"}, "outcome"),
        ({"status": 99}, "status"),
        ({"at_least": 0}, "at_least"),
        ({"at_least": 1.5}, "at_least"),
        ({"timeout": 60.1}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": "nan"}, "timeout"),
        ({"timeout": "1e1"}, "timeout"),
        ({"after": "x"}, "after"),
        ({"limit": 1}, "limit"),
        ({"externalEmployeeId": "se_" + "0" * 48}, "externalEmployeeId"),
    ],
)
def test_wait_for_what_can_never_come_is_refused(world: WorldClient, query: dict[str, Any], name: str) -> None:
    """At once, by the name of the parameter."""
    answer = world.control("GET", "/journal/wait", params={"timeout": 60, **query})
    assert (answer.status_code, answer.json()["pointer"]) == (422, f"#/query/{name}"), answer.text


# -- what is under way ----------------------------------------------------------------------------------------


def half_a_batch(world: WorldClient, wire: Wire) -> None:
    """A batch of which the second half does not come yet."""
    wire.send(request(b"POST", SYNC, *sync_lines(world, b"Content-Length: 20"), body=b'{"employees'))


def test_request_that_is_not_whole_is_in_flight_until_it_is(station: Station, world: WorldClient) -> None:
    """A wait shows it, and is ended by it once it is there."""
    shown = {"method": "POST", "path": SYNC.decode(), "operation": "syncEmployees", "since": NOW}
    with Wire(station.server.url) as wire:
        half_a_batch(world, wire)
        station.until(lambda: late(world)["in_flight"] == [shown])
        said = f"Not answered yet: POST {SYNC.decode()} since {NOW}."
        assert said in late(world, operation="syncEmployees")["detail"]
        (waiter,) = station.wait(world, operation="syncEmployees")
        wire.send(b'": []}   ')
        assert wire.answer().status == 400
    assert waiter.result().json()["in_flight"] == []


@pytest.mark.parametrize("left", [True, False])
def test_request_that_never_becomes_whole_is_in_flight_no_more(
    station: Station, world: WorldClient, left: bool
) -> None:
    """Its client goes, or its time is over: then it is journaled as the 408 that it is."""
    traffic = station.traffic(world)
    with Wire(station.server.url) as wire:
        half_a_batch(world, wire)
        station.until(lambda: bool(traffic.under_way))
        if not left:
            assert wire.answer().status == 408
    station.until(lambda: not traffic.under_way)
    assert [entry["status"] for entry in world.journal()] == ([] if left else [408])


def test_token_request_is_nobodys_until_its_body_says_whose(station: Station, world: WorldClient) -> None:
    """While it comes in, no world shows it."""
    default = WorldClient(station.server.http, world.created | {"id": "default"})
    with Wire(station.server.url) as wire:
        wire.send(request(b"POST", TOKEN, b"Content-Type: application/json", b"Content-Length: 20", body=b'{"client'))
        station.until(lambda: wire_is_read(station))
        assert late(world)["in_flight"] == []
        assert station.traffic(default).under_way == {}


def wire_is_read(station: Station) -> bool:
    """Two more requests have been answered, so whatever came before has been read."""
    return all(station.server.http.get("/_sandbox/health").status_code == 200 for _ in range(2))


def test_requests_of_all_sorts_leave_nothing_under_way(station: Station, world: WorldClient) -> None:
    """Answered, refused, unknown: in the journal each of them, and in flight none."""
    world.hrms("/users")
    world.hrms("/nothing")
    world.scan2evolve("DELETE", "/users")
    world.scan2evolve("GET", "/users", auth=(world.basic()[0], "wrong"))
    world.scan2evolve("POST", "/sync/employees", content=b"{")
    world.token()
    assert len(world.journal()) == 6
    assert station.traffic(world).under_way == {}


# -- what else ends it ----------------------------------------------------------------------------------------


def test_wait_whose_client_leaves_is_given_up(station: Station, world: WorldClient) -> None:
    """Nothing of it stays in the server, which logs no error."""
    traffic = station.traffic(world)
    with Wire(station.server.url) as wire:
        target = f"/_sandbox/worlds/{world.id}/journal/wait?timeout=60".encode()
        wire.send(request(b"GET", target))
        station.until(lambda: bool(traffic.watchers))
    station.until(lambda: not traffic.watchers)


def test_wait_is_ended_by_a_reset_and_by_a_restore(station: Station, world: WorldClient) -> None:
    """The journal that was waited for is no more; 409 says so."""
    taken = world.control("GET", "/snapshot").json()
    ends: list[tuple[str, str, Any]] = [("POST", "/reset", None), ("PUT", "/snapshot", taken)]
    for method, path, body in ends:
        (waiter,) = station.wait(world)
        assert world.control(method, path, json=body).status_code < 300
        answer = waiter.result()
        assert answer.status_code == 409
        assert "Nothing more will come: the world has been reset or restored" in answer.json()["detail"]


def test_wait_is_ended_by_the_end_of_its_world(station: Station) -> None:
    """404, also where there is another world of that name already."""
    for world_id in ("short", "short"):
        world = made(station.server, world_id)
        (waiter,) = station.wait(world)
        assert world.control("DELETE").status_code == 204
        answer = waiter.result()
        assert (answer.status_code, answer.json()["pointer"]) == (404, "#/path/world")
        assert answer.json()["detail"] == "There is no world 'short' any more: it was deleted"


def test_waiting_is_use_of_a_world() -> None:
    """Its time to live begins when the wait ends, and of two worlds the one where nobody waits makes room."""
    machine = Machine()
    with open_station(Settings(max_worlds=2), machine) as station:
        world = made(station.server, "waited-for", ttl_seconds=60)
        (waiter,) = station.wait(world)
        machine.pass_seconds(600)
        made(station.server, "idle")
        machine.pass_seconds(600)
        made(station.server, "new")
        assert ids(station.server) == ["default", "waited-for", "new"]
        world.hrms("/users")
        assert waiter.result().status_code == 200
        machine.pass_seconds(59)
        assert ids(station.server) == ["default", "waited-for", "new"]
        machine.pass_seconds(1)
        assert ids(station.server) == ["default", "new"]


def test_request_under_way_is_use_of_a_world() -> None:
    """However long its body, or a fault, holds it up, the world is there for it, and makes no room."""
    machine = Machine()
    with open_station(Settings(max_worlds=2), machine) as station, Wire(station.server.url) as wire:
        world = made(station.server, "busy", ttl_seconds=60)
        half_a_batch(world, wire)
        station.until(lambda: bool(station.traffic(world).under_way))
        machine.pass_seconds(600)
        made(station.server, "idle")
        machine.pass_seconds(600)
        made(station.server, "new")
        assert ids(station.server) == ["default", "busy", "new"]
        wire.send(b'": []}   ')
        assert wire.answer().status == 400
        assert [entry["status"] for entry in world.journal()] == [400]
        machine.pass_seconds(60)
        assert ids(station.server) == ["default", "new"]


def test_wait_is_ended_where_its_world_makes_room() -> None:
    """Where somebody waits in every world there is, one goes all the same; the 404 says why."""
    with open_station(Settings(max_worlds=1)) as station:
        (waiter,) = station.wait(made(station.server, "first"))
        made(station.server, "second")
        detail = waiter.result().json()["detail"]
        assert detail.startswith("There is no world 'first' any more: it was dropped to make room for a new world")


def test_wait_is_ended_by_the_end_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    """Who waits is answered rather than cut off, and no error is logged."""
    app = Application(Settings())
    with ThreadPoolExecutor(1) as pool, httpx.Client(timeout=70) as patient:
        with serving(app) as server:
            url = f"{server.url}/_sandbox/worlds/default/journal/wait"
            waiter = pool.submit(patient.get, url, params={"timeout": 60})
            Station(app, server, pool).until(lambda: bool(app.worlds.default.traffic.watchers))
        answer = waiter.result()
    assert answer.status_code == 409
    assert "Nothing more will come: the server stops." in answer.json()["detail"]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
