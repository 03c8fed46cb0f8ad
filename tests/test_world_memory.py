"""What a world takes in memory, counted allocation by allocation, and that it is given back."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from collections.abc import Iterator

import pytest

from sandbox.app import Application
from sandbox.hrms.people import load_faker
from sandbox.settings import Settings
from tests.lives import Client, Request, Step
from tests.sending import asked

pytestmark = pytest.mark.slow
WORLDS = 30
KIB = 1024
# A thousand worlds are to fit in 1 GiB with much to spare: now a fresh one takes 68 KiB, a used one 150.
FRESH = 90 * KIB
USED = 190 * KIB
# What allocator and caches keep for the next world; one that is held by a circle leaves ten times as much.
LEFT = 16 * KIB
USE = ("people", "departments", "token", "bearer", "sync", "sync", "accounts", "stranger", "no json")


@pytest.fixture
def counting() -> Iterator[None]:
    """Allocations are counted, once what everybody shares is there."""
    load_faker()
    tracemalloc.start()
    yield
    tracemalloc.stop()


def counted() -> int:
    """Bytes in use."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def made(app: Application, number: int) -> Client:
    """A world with 25 users."""
    client = Client(f"world-{number}")
    wishes = json.dumps({"id": client.id, "seed": number, "users": 25}).encode()
    json_type = (("Content-Type", "application/json"),)
    answer = await asked(app, Request("POST", "/_sandbox/worlds", json_type, (wishes,), 0))
    client.learn(Step("create", 0, 0), answer)
    return client


async def use(app: Application, client: Client) -> None:
    """Be at a world as a test is."""
    for number, name in enumerate(USE):
        step = Step(name, number + 1, 0)
        request = client.request(step)
        assert request is not None
        answer = await asked(app, request)
        assert answer.status < 500
        client.learn(step, answer)


@pytest.mark.usefixtures("counting")
def test_world_takes_no_more_memory_than_a_thousand_can_have() -> None:
    """Fresh, and used; what is deleted leaves nothing behind, though the collector is kept from helping."""

    async def measured() -> tuple[int, int, int]:
        app = Application(Settings(users=0))
        # The first one brings what all others share.
        await use(app, await made(app, 0))
        before = counted()
        clients = [await made(app, 1 + number) for number in range(WORLDS)]
        fresh = counted()
        for client in clients:
            await use(app, client)
        used = counted()
        gc.disable()
        try:
            while clients:
                await asked(app, Request("DELETE", clients.pop().base, (), (), 0))
            await asyncio.sleep(0)
            left = tracemalloc.get_traced_memory()[0]
        finally:
            gc.enable()
        return (fresh - before) // WORLDS, (used - before) // WORLDS, (left - before) // WORLDS

    fresh, used, left = asyncio.run(measured())
    assert 20 * KIB < fresh < FRESH
    assert fresh < used < USED
    assert left < LEFT
