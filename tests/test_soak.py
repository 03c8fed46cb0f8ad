"""Mixed load, shortened: what it holds in memory afterwards is what it held before."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter

import pytest

from sandbox.app import Application
from sandbox.hrms.people import load_faker
from sandbox.settings import Settings
from tests.lives import Request
from tests.processes import started
from tests.sending import asked
from tests.soak import GROWTH, RESET_EVERY, Load, Soak, passing, rise, staying

KIB = 1024
# A leak of a hundred bytes a request is more; tokens, of which a world remembers thousands, are much less.
ROOM = 200 * KIB
# Requests of each client before the first look, until the rings of the world that stays are full, and between looks.
STAYS, IS_RESET, PASSES = (1_800, 600), (RESET_EVERY, RESET_EVERY), (100, 200)


class Led:
    """One client of the load, in process; `at_ends` stops between two worlds only."""

    def __init__(self, load: Load, requests: tuple[int, int], at_ends: bool = False) -> None:
        self._load = load
        self._first, self._more = requests
        self._at_ends = at_ends
        self._request: Request = next(load)

    async def go_on(self, app: Application, first: bool, statuses: Counter[int]) -> None:
        """Have more requests answered."""
        left = self._first if first else self._more
        while left > 0 or (self._at_ends and self._request.target != "/_sandbox/worlds"):
            answer = await asked(app, self._request)
            statuses[answer.status] += 1
            self._request = self._load.send(answer)
            left -= 1


@pytest.mark.slow
def test_memory_after_mixed_load_is_what_it_was_before() -> None:
    """Counted allocation by allocation, once rings are full: neither once nor twice as many requests leave more."""
    statuses: Counter[int] = Counter()

    async def levels() -> list[int]:
        app = Application(Settings(users=25))
        clients = [
            Led(staying("stays", 1, tokens=1), STAYS),
            Led(staying("is-reset", 2), IS_RESET),
            Led(passing("passes", 3), PASSES, at_ends=True),
        ]
        tracemalloc.start()
        found = []
        for look in range(3):
            for client in clients:
                await client.go_on(app, look == 0, statuses)
            gc.collect()
            found.append(tracemalloc.get_traced_memory()[0])
        return found

    load_faker()
    try:
        full, once, twice = asyncio.run(levels())
    finally:
        tracemalloc.stop()
    assert max(once, twice) - full < ROOM
    assert {200, 201, 204, 400, 401, 404, 409, 422, 429} <= set(statuses)
    assert max(statuses) < 500


@pytest.mark.slow
def test_soak_of_a_few_thousand_requests_finds_no_fault() -> None:
    """The soak itself, bounded by number: a server process answers all, and logs nothing."""
    with started("--port", "0", "--no-rate-limit") as process:
        soak = Soak(process, seconds=120, requests=4_000, seed=2)
        soak.run()
        assert process.log() == ""
    assert soak.failures == []
    assert sum(soak.statuses.values()) == 4_000
    assert {200, 201, 204, 400, 401, 404, 409, 422} <= set(soak.statuses)
    assert all(level > 10 for _, level in soak.samples)


def test_rise_of_a_level_is_told_from_its_noise() -> None:
    """A leak of a tenth is over the bound, noise of a tenth around a level is not."""
    leak = [(float(x), 100 + x / 10) for x in range(100)]
    noise = [(float(x), 100 + (10 if x % 2 else 0)) for x in range(100)]
    falling = [(float(x), 200 - x / 2) for x in range(100)]
    assert GROWTH < rise(leak) < 0.1
    assert abs(rise(noise)) < 0.01
    assert rise(falling) < -GROWTH
    assert rise(leak[:1]) == rise([]) == 0.0
