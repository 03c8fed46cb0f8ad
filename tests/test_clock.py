"""A world's clock: real, frozen, scaled or stepped; and that everything in a world goes by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.app import Application
from sandbox.clock import EARLIEST_MS, LATEST_MS, Clock, ClockState
from sandbox.settings import Settings
from tests.client import ServerClient, WorldClient
from tests.conftest import serving

START = 1_700_000_000_000
DAY = 86_400_000

instants = st.integers(EARLIEST_MS, LATEST_MS)
rates = st.integers(1, 86_400_000).map(lambda thousandths: thousandths / 1_000)
steps = st.integers(0, DAY)


class Machine:
    """The machine's clock, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        """Milliseconds since the epoch."""
        return self.now


# -- the clock by itself ------------------------------------------------------------------------------------


def test_clock_made_of_nothing_is_the_machines() -> None:
    """Real time, not a millisecond off."""
    machine = Machine()
    clock = Clock(machine=machine)
    machine.now += 12_345
    assert (clock.now(), clock.tick(), clock.now()) == (machine.now,) * 3


@given(rate=rates, passed=st.integers(0, 10 * DAY), now=st.integers(0, START))
def test_scaled_clock_passes_exactly_so_much_faster(rate: float, passed: int, now: int) -> None:
    """To the millisecond, from wherever it was put, however long the machine has been running."""
    machine = Machine()
    clock = Clock(now, machine=machine, rate=rate)
    assert clock.now() == now
    machine.now += passed
    exact = passed * round(rate * 1_000)
    assert exact // 1_000 <= clock.now() - now <= -(-exact // 1_000)


@given(rate=rates, step=steps, count=st.integers(0, 20), frozen=st.booleans())
def test_stepped_clock_is_a_step_later_with_each_tick_and_not_with_a_look(
    rate: float, step: int, count: int, frozen: bool
) -> None:
    """Frozen or running, at any rate: so many ticks, so many steps."""
    clock = Clock(START, frozen, Machine(), rate, step)
    ticks = []
    for _ in range(count):
        assert clock.now() == clock.now()
        ticks.append(clock.tick())
    assert ticks == [START + number * step for number in range(count)]
    assert clock.now() == START + count * step


changes = st.fixed_dictionaries(
    {}, optional={"now": instants, "frozen": st.booleans(), "rate": rates, "step_ms": steps}
)


@given(plan=st.lists(st.tuples(changes, st.integers(0, DAY)), max_size=8))
def test_clock_changes_what_it_is_told_to_and_nothing_else(plan: list[tuple[dict[str, Any], int]]) -> None:
    """No change makes time jump unless it says where to; state and restore give the same clock back."""
    machine = Machine()
    clock = Clock(machine=machine)
    for change, passed in plan:
        before, kept = clock.now(), (clock.frozen, clock.rate, clock.step_ms)
        clock.set(**change)
        assert clock.now() == change.get("now", before)
        wanted = zip(("frozen", "rate", "step_ms"), kept, strict=True)
        assert (clock.frozen, clock.rate, clock.step_ms) == tuple(change.get(key, value) for key, value in wanted)
        twin = Clock(machine=machine)
        twin.restore(clock.state())
        machine.now += passed
        assert [twin.now(), twin.tick(), twin.now()] == [clock.now(), clock.tick(), clock.now()]
        assert twin.state() == clock.state()
        assert EARLIEST_MS <= clock.now() <= LATEST_MS
        assert clock.now() >= change.get("now", before)


def test_clock_at_the_end_of_time_stands_there() -> None:
    """Neither steps nor rates lead beyond the year 9999, and it can be put back."""
    machine = Machine()
    clock = Clock(LATEST_MS - 1, machine=machine, rate=86_400, step_ms=DAY)
    for frozen in (True, False):
        clock.set(frozen=frozen)
        for _ in range(3):
            clock.tick()
            machine.now += DAY
        assert clock.now() == LATEST_MS
    clock.set(now=START)
    assert clock.now() == START


def test_clock_of_an_older_snapshot_runs_as_it_did() -> None:
    """Without rate and step: real time, no steps."""
    clock = Clock(machine=Machine(), rate=5, step_ms=5)
    clock.restore(ClockState(frozen_at=None, offset=-1_000))
    assert (clock.now(), clock.tick(), clock.now()) == (START - 1_000,) * 3


# -- a world by its clock ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def machine() -> Machine:
    """A machine's clock for this module's server."""
    return Machine()


@pytest.fixture(scope="module")
def timed(machine: Machine) -> Iterator[ServerClient]:
    """A server on that clock: nothing in it moves unless a test moves it."""
    with serving(Application(Settings(), machine)) as client:
        yield client


@pytest.fixture
def timed_world(timed: ServerClient) -> Iterator[Any]:
    """Makes worlds on that server, and ends them."""
    made: list[WorldClient] = []

    def make(**wishes: Any) -> WorldClient:
        made.append(timed.world(**wishes))
        return made[-1]

    yield make
    for world in made:
        world.control("DELETE")


def milliseconds(text: str) -> int:
    """An instant of an answer."""
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


RECORD = {"externalEmployeeId": "E-1", "email": "e@example.com", "userAccount": {"sendWelcomeEmail": True}}


def test_request_of_a_stepped_world_is_one_moment_in_every_place(timed_world: Any) -> None:
    """Date, requestId, mail, journal and audit log agree; the next request is a step later."""
    world = timed_world(step_ms=90_500)
    start = milliseconds(world.created["now"])
    for number in range(3):
        moment = start + number * 90_500
        answer = world.scan2evolve("POST", "/sync/employees", json={"employees": [RECORD]})
        assert int(answer.json()["requestId"].split("-")[1]) == moment
        assert parsedate_to_datetime(answer.headers["date"]).timestamp() == moment // 1_000
        assert milliseconds(world.journal()[-1]["at"]) == moment
        assert milliseconds(world.control("GET", "/audit").json()["items"][-1]["at"]) == moment
    assert milliseconds(world.outbox()[0]["sent_at"]) == start
    assert milliseconds(world.control("GET", "/clock").json()["now"]) == start + 3 * 90_500


@pytest.mark.parametrize("refused", ["unauthorized", "unknown path", "wrong method", "bad body", "other API"])
def test_refused_request_is_a_step_too(timed_world: Any, refused: str) -> None:
    """Every request to the APIs counts, whatever becomes of it; none of the control plane does."""
    world = timed_world(step_ms=1_000)
    start = milliseconds(world.created["now"])
    path = "/scan2evolve/api/v1/users"
    if refused == "unauthorized":
        assert world.http.get(path, headers={"X-Sandbox-World": world.id}).status_code == 401
    elif refused == "unknown path":
        assert world.scan2evolve("GET", "/nothing").status_code == 404
    elif refused == "wrong method":
        assert world.scan2evolve("DELETE", "/users").status_code == 405
    elif refused == "bad body":
        assert world.scan2evolve("POST", "/sync/employees", content=b"{").status_code == 400
    else:
        assert world.hrms("/users/nobody").status_code == 404
    assert milliseconds(world.control("GET").json()["now"]) == start + 1_000


def test_token_of_a_stepped_world_ends_after_so_many_requests(timed_world: Any) -> None:
    """Issued at 0 h, six hours a request: good at 6, 12 and 18 h, dead at exactly 24 h (S2E-AUTH-04)."""
    world = timed_world(step_ms=6 * 3_600_000)
    headers = {"Authorization": f"Bearer {world.token()}"}
    assert [world.scan2evolve("GET", "/users", headers=headers).status_code for _ in range(4)] == [200, 200, 200, 401]


def test_rate_window_of_a_stepped_world_ends_after_so_many_requests(timed_world: Any) -> None:
    """Two requests a minute, 20 s apart: the third waits 20 s as Retry-After says, and the fourth is let in."""
    world = timed_world(step_ms=20_000, limits={"scan2evolve": {"limit": 2, "window_seconds": 60}})
    answers = [world.scan2evolve("GET", "/users") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert answers[2].headers["retry-after"] == "20"


def test_minute_of_a_scaled_world_is_a_second(timed_world: Any, machine: Machine) -> None:
    """`rate: 60`: windows, Retry-After and tokens go by the world's minutes; dates, too."""
    limits = {"scan2evolve": {"limit": 2, "window_seconds": 60}}
    world = timed_world(frozen=False, rate=60, limits=limits)
    start = milliseconds(world.created["now"])
    headers = {"Authorization": f"Bearer {world.token()}"}
    assert world.scan2evolve("GET", "/users", headers=headers).status_code == 200
    machine.now += 250
    refused = world.scan2evolve("GET", "/users", headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "45")
    machine.now += 749
    assert world.scan2evolve("GET", "/users", headers=headers).status_code == 429
    machine.now += 1
    assert world.scan2evolve("GET", "/users", headers=headers).status_code == 200
    assert milliseconds(world.journal()[-1]["at"]) == start + 60_000
    machine.now += 1_439_000 - 1
    assert world.scan2evolve("GET", "/users", headers=headers).status_code == 200
    machine.now += 1
    assert world.scan2evolve("GET", "/users", headers=headers).status_code == 401


def test_reset_and_snapshot_bring_rate_and_step_back(timed_world: Any, machine: Machine) -> None:
    """A reset as they were at creation, a snapshot as they were then; time goes on from there."""
    world = timed_world(frozen=False, rate=10, step_ms=100)
    start = world.created["now"]
    world.control("PATCH", "/clock", json={"rate": 3, "step_ms": 7})
    world.scan2evolve("GET", "/users")
    taken = world.control("GET", "/snapshot").json()
    clock = world.control("GET", "/clock").json()
    fresh = world.control("POST", "/reset").json()
    assert (fresh["now"], fresh["frozen"], fresh["rate"], fresh["step_ms"]) == (start, False, 10.0, 100)
    machine.now += 1_000
    assert milliseconds(world.control("GET", "/clock").json()["now"]) == milliseconds(start) + 10_000
    world.control("PUT", "/snapshot", json=taken)
    later = world.control("GET", "/clock").json()
    assert milliseconds(later.pop("now")) == milliseconds(clock.pop("now")) + 3_000
    assert later == clock == {"frozen": False, "rate": 3.0, "step_ms": 7}
