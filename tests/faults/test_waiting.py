"""Faults that take time, without anybody waiting: what holds a request back lets go when it is told to."""

from __future__ import annotations

import math
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.app import Application
from sandbox.calls import Call
from sandbox.faults.delays import Latency
from sandbox.faults.fault import Act
from sandbox.settings import Settings
from tests.client import ServerClient, WorldClient
from tests.faults.calling import JANE, plan, stored, struck, sync, users
from tests.processes import started


def held(
    world: WorldClient, place: str, pool: ThreadPoolExecutor, record: dict[str, Any] = JANE
) -> Future[httpx.Response]:
    """A sync on its way that the fault holds back."""
    coming = pool.submit(sync, world, record)
    while world.control("GET", place).json()["acted"] == 0:
        assert not coming.done()
    return coming


def test_latency_holds_a_request_back_until_its_fault_is_deleted(world: WorldClient) -> None:
    """Nothing is done before, everything after; whatever else is asked is answered meanwhile."""
    place = plan(world, "latency", {"seconds": 600}, operation="syncEmployees")
    with ThreadPoolExecutor() as pool:
        coming = held(world, place, pool)
        assert stored(world) == []
        assert users(world).status_code == 200
        assert world.control("DELETE", place).status_code == 204
        assert coming.result(10).status_code == 200
    assert stored(world) == ["EMP-1"]
    assert struck(world) == [(200, "whole", []), (200, "whole", ["latency"])]


def test_latency_after_the_work_holds_the_answer_back(world: WorldClient) -> None:
    """With point after, the batch is there while its answer is still to come."""
    place = plan(world, "latency", {"seconds": 600, "point": "after"})
    with ThreadPoolExecutor() as pool:
        coming = held(world, place, pool)
        assert stored(world) == ["EMP-1"]
        world.control("DELETE", "/faults")
        assert coming.result(10).json()["results"][0]["status"] == "CREATED"


@pytest.mark.parametrize("point", ["before", "after"])
def test_latency_outlasts_the_patience_of_a_client_and_the_work_is_done_all_the_same(
    world: WorldClient, point: str
) -> None:
    """The client's timeout is real; that it has left keeps nobody from working."""
    place = plan(world, "latency", {"seconds": 600, "point": point}, times=1)
    with pytest.raises(httpx.ReadTimeout):
        sync(world, JANE, timeout=httpx.Timeout(10, read=0.2))
    world.control("DELETE", place)
    assert sync(world, JANE).json()["results"][0]["status"] == "UPDATED"


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("end", ["reset", "restore", "delete"])
def test_latency_lets_go_when_its_world_is_reset_restored_or_deleted(
    server: ServerClient, no_errors_logged: Any, end: str, point: str
) -> None:
    """The connection of whoever was held back is closed, and nothing of the request is in the world as it is then."""
    world = server.world()
    snapshot = world.control("GET", "/snapshot").json()
    place = plan(world, "latency", {"seconds": 600, "point": point})
    record = {**JANE, "userAccount": {"sendWelcomeEmail": True}}
    ways = {
        "reset": lambda: world.control("POST", "/reset"),
        "restore": lambda: world.control("PUT", "/snapshot", json=snapshot),
        "delete": lambda: world.control("DELETE"),
    }
    with ThreadPoolExecutor() as pool:
        coming = held(world, place, pool, record)
        assert ways[end]().status_code in (200, 204)
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            coming.result(10)
    if end != "delete":
        assert (stored(world), world.outbox(), world.journal()) == ([], [], [])
        assert world.control("GET", "/audit").json()["items"] == []
        assert sync(world, record).json()["results"][0]["status"] == "CREATED"


def test_latency_lets_go_when_the_server_stops() -> None:
    """A server that is told to stop answers whoever is held back, and ends; so do two latencies in a row."""
    with ThreadPoolExecutor() as pool:
        with Sandbox(users=0) as running:
            made = running.control.create_world(faults=[{"name": "latency", "parameters": {"seconds": 600}}] * 2)
            http = httpx.Client(base_url=running.url)
            world = WorldClient(http, dict(made))
            coming = held(world, "/faults/fault_1", pool)
        assert coming.result(10).status_code == 200
        http.close()


def test_latency_is_measured_by_the_worlds_clock_while_that_runs(server: ServerClient) -> None:
    """In a world whose day takes a second, ten minutes of latency are hardly worth the name."""
    world = server.world(frozen=False, rate=86_400)
    plan(world, "latency", {"seconds": 600})
    assert sync(world, JANE, timeout=5).status_code == 200
    assert struck(world) == [(200, "whole", ["latency"])]


def drawn(latency: Latency, seed: int = 7, times: int = 2000) -> list[float]:
    """What a latency makes of so many requests."""
    app = Application(Settings(seed=seed, users=0))
    call = Call(app.worlds, "GET", b"/")
    call.enter(app.worlds.default)
    acts = [Act(call, None, "fault_1", number, None, lambda _: None) for number in range(1, times + 1)]
    return [latency.drawn(act) for act in acts]


def test_latency_that_is_fixed_is_always_the_same() -> None:
    """No chance is in it."""
    assert set(drawn(Latency(seconds=0.25), times=5)) == {0.25}


def test_latency_that_is_uniform_fills_its_range_evenly() -> None:
    """Within its bounds, with the middle in the middle, and the same again for the same seed."""
    latency = Latency(distribution="uniform", least=1, most=3)
    values = drawn(latency)
    assert 1 <= min(values) < 1.01
    assert 2.99 < max(values) <= 3
    assert sum(values) / len(values) == pytest.approx(2, abs=0.05)
    assert values == drawn(latency)
    assert values != drawn(latency, seed=8)


def test_latency_that_is_log_normal_has_its_median_and_spread_and_keeps_its_bound() -> None:
    """Half of the values lie below the median, the logarithms spread by sigma, and none exceeds `most`."""
    values = drawn(Latency(distribution="log-normal", median=0.2, sigma=0.5))
    logarithms = [math.log(value / 0.2) for value in values]
    assert sum(value < 0.2 for value in values) / len(values) == pytest.approx(0.5, abs=0.03)
    assert math.sqrt(sum(x * x for x in logarithms) / len(logarithms)) == pytest.approx(0.5, abs=0.03)
    bounded = drawn(Latency(distribution="log-normal", median=0.2, sigma=0.5, most=0.3))
    assert max(bounded) == 0.3
    assert [value for value in bounded if value < 0.3] == [value for value in values if value < 0.3]


@pytest.mark.slow
def test_signal_stops_a_server_that_holds_requests_back() -> None:
    """The command lets go, answers, and ends with nothing to complain about."""
    with started("--port", "0", "--users", "0") as process, httpx.Client(base_url=process.url) as http:
        faults = [{"name": "latency", "parameters": {"seconds": 600}, "operation": "syncEmployees"}]
        world = WorldClient(http, http.post("/_sandbox/worlds", json={"faults": faults}).json())
        with ThreadPoolExecutor() as pool:
            coming = held(world, "/faults/fault_1", pool)
            process.popen.send_signal(signal.SIGTERM)
            assert coming.result(10).status_code == 200
        process.popen.wait(10)
        assert process.log() == ""
