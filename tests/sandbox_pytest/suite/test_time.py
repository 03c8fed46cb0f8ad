"""Limits are waited out and tokens renewed, on the clock of the world: nothing sleeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from people_sync import ATTEMPTS, GivenUp, PeopleSync

from sandbox_pytest import Hrms, SandboxWorld, Scan2Evolve

Made = Callable[..., PeopleSync]
DAY = 86_400


def limited(limit: int, seconds: int) -> pytest.MarkDecorator:
    """A world with so many requests to Scan2Evolve in so many seconds."""
    return pytest.mark.sandbox(limits={"scan2evolve": {"limit": limit, "window_seconds": seconds}})


@pytest.mark.parametrize("seconds", [pytest.param(s, marks=limited(2, s)) for s in (1, 2, 10, 60, 3600)])
@pytest.mark.parametrize("people", [pytest.param(n, marks=pytest.mark.sandbox(users=n)) for n in (2, 3, 5, 7)])
def test_sync_waits_out_the_limit(people: int, seconds: int, sandbox: SandboxWorld, people_sync: Made) -> None:
    """A token and a batch for each person, two requests a window: every other request finds it closed."""
    report = people_sync(batch=1).run()
    assert len(report.created) == people
    windows = people // 2
    assert report.waited == pytest.approx(windows * seconds)
    if windows:
        sandbox.verify(operation="syncEmployees", status=429, response_headers={"retry-after": str(seconds)})
    sandbox.verify(operation="syncEmployees", status=200, times=people)


@limited(1, 60)
def test_sync_waits_no_longer_than_it_has_to(sandbox: SandboxWorld, people_sync: Made) -> None:
    """After 20 seconds 40 are left of the window."""

    def sleep(seconds: float) -> None:
        assert sandbox.verify(status=429)["found"] == len(waits) + 1
        waits.append(seconds)
        sandbox.advance(seconds)

    waits: list[float] = []
    sync = people_sync(sleep=sleep)
    sandbox.scan2evolve.access_token()
    sandbox.advance(20)
    sync.run()
    assert waits == [40, 60]


@limited(1, 60)
def test_sync_gives_up_where_waiting_does_not_help(sandbox: SandboxWorld, people_sync: Made) -> None:
    """A clock that nobody moves never opens the window again."""
    waits: list[float] = []
    with pytest.raises(GivenUp, match=r"^POST .*/api/v1/sync/employees$"):
        people_sync(sleep=waits.append).run()
    assert waits == [60] * ATTEMPTS
    assert sandbox.employees() == []


@pytest.mark.sandbox(limits={"hrms": {"limit": 1, "window_seconds": 30}})
def test_sync_waits_for_the_hrms_too(sandbox: SandboxWorld, hrms: Hrms, people_sync: Made) -> None:
    """It has a limit where the world is given one."""
    hrms.client.get("/v1/users").raise_for_status()
    assert people_sync().run().waited == 30
    sandbox.verify_in_order({"operation": "listUsers", "status": 429}, {"operation": "listUsers", "status": 200})


@pytest.mark.parametrize("hours", [1, 12, 23, 24])
def test_sync_renews_a_token_that_expires_on_the_way(hours: int, sandbox: SandboxWorld, people_sync: Made) -> None:
    """A token lasts 24 hours; the window of the limit is so long that it ends before the second batch."""
    sandbox.control.patch_limits(scan2evolve={"limit": 2, "window_seconds": hours * 3600})
    report = people_sync(batch=3).run()
    assert len(report.created) == 5
    sandbox.verify(operation="issueToken", status=200, times=2 if hours == 24 else 1)
    sandbox.verify(operation="syncEmployees", status=401, times=1 if hours == 24 else 0)


def test_sync_stops_where_its_pair_is_revoked(
    sandbox: SandboxWorld, scan2evolve: Scan2Evolve, people_sync: Made
) -> None:
    """A new token cannot be had, and the sync says what it was told."""
    (held,) = sandbox.control.list_credentials(scan2evolve.organization_id)["items"]
    sync = people_sync()
    sandbox.control.delete_credential(scan2evolve.organization_id, held["id"])
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        sync.run()
    assert sandbox.employees() == []


@pytest.mark.parametrize("rate", [pytest.param(r, marks=pytest.mark.sandbox(frozen=False, rate=r)) for r in (1, 60)])
def test_sync_on_a_clock_that_runs_sees_the_limit_end(rate: int, sandbox: SandboxWorld, people_sync: Made) -> None:
    """However fast it runs, nobody waits for less than Retry-After says, and it is enough."""
    sandbox.control.patch_limits(scan2evolve={"limit": 1, "window_seconds": 600})
    report = people_sync().run()
    assert len(report.created) == 5
    assert 0 < report.waited <= 600
    assert sandbox.world["rate"] == rate


@pytest.mark.parametrize("step", [pytest.param(s, marks=pytest.mark.sandbox(step_ms=s)) for s in (1, 500, 60_000)])
def test_sync_leaves_a_trace_in_steps_of_the_clock(step: int, sandbox: SandboxWorld, people_sync: Made) -> None:
    """Each request comes a step behind the one before, to the millisecond."""
    people_sync(batch=2).run()
    times = [datetime.fromisoformat(entry["at"]) for entry in sandbox.journal()]
    assert [later - earlier for earlier, later in pairwise(times)] == [timedelta(milliseconds=step)] * 4


def test_sync_a_year_later_finds_everybody_again(sandbox: SandboxWorld, people_sync: Made) -> None:
    """Time does not change who is known."""
    first = people_sync().run()
    sandbox.advance(365 * DAY)
    assert sandbox.now == "2025-11-18T10:30:00.000Z"
    assert people_sync().run().updated == first.created
