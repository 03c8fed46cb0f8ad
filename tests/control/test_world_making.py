"""A world whose people are still being made: nobody pushes it out, and whoever ends it ends the work as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from sandbox.app import Application
from sandbox.settings import Settings

pytestmark = pytest.mark.usefixtures("no_errors_logged")
WORLDS = "/_sandbox/worlds"
#: So many that other requests are answered while they are made.
MANY = 16_000
START = 1_700_000_000_000


class Making:
    """An application in process, and a world of many people that it is making."""

    def __init__(self, app: Application, http: httpx.AsyncClient) -> None:
        self.app = app
        self.http = http

    async def begin(self, world_id: str, **wishes: Any) -> asyncio.Task[httpx.Response]:
        """Ask for a world, and wait until its people are being made."""
        body = {"id": world_id, "users": MANY, **wishes}
        asked = asyncio.create_task(self.http.post(WORLDS, json=body))
        while not self.is_making(world_id):  # noqa: ASYNC110 - a few turns of the loop, and nothing tells of it
            await asyncio.sleep(0)
        return asked

    def is_making(self, world_id: str) -> bool:
        """Whether they are being made now."""
        return any(world.id == world_id and world.in_making for world in self.app.worlds._worlds.values())

    async def small(self, world_id: str) -> None:
        """Make a world without people."""
        assert (await self.http.post(WORLDS, json={"id": world_id, "users": 0})).status_code == 201

    async def ids(self) -> list[str]:
        """All worlds."""
        return [world["id"] for world in (await self.http.get(WORLDS)).json()["items"]]


@asynccontextmanager
async def making(settings: Settings, machine: Callable[[], int]) -> AsyncIterator[Making]:
    """An application in process."""
    app = Application(settings, machine)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield Making(app, http)


def run(test: Callable[[Making], Awaitable[None]], machine: Callable[[], int] = lambda: START, **settings: Any) -> None:
    """Run an asynchronous test."""

    async def tested() -> None:
        async with making(Settings(users=0, **settings), machine) as it:
            await test(it)

    asyncio.run(tested())


def test_world_in_the_making_is_not_pushed_out_by_new_ones() -> None:
    """Idle is whoever nobody waits for: others make room, though they came later."""

    async def test(it: Making) -> None:
        asked = await it.begin("large")
        for number in range(4):
            await it.small(f"small-{number}")
        assert it.is_making("large")
        assert await it.ids() == ["default", "large", "small-3"]
        assert (await asked).status_code == 201

    run(test, max_worlds=2)


def test_world_that_is_pushed_out_in_the_making_says_so_to_who_asked_for_it() -> None:
    """Where no other can make room: 409 with the reason rather than credentials that open nothing."""

    async def test(it: Making) -> None:
        asked = await it.begin("first")
        await it.small("second")
        answer = await asked
        assert (answer.status_code, answer.json()["pointer"]) == (409, "/id")
        assert answer.json()["detail"] == (
            "World first was dropped to make room for a new world, idle for 0 s, longer than any other, "
            "while it was being made"
        )
        assert await it.ids() == ["default", "second"]

    run(test, max_worlds=1)


def test_time_to_live_begins_when_a_world_is_made() -> None:
    """Neither while its people are made does it run out, nor right after, but its whole length later."""
    now = [START]

    async def test(it: Making) -> None:
        asked = await it.begin("large", ttl_seconds=10)
        now[0] += 60_000
        assert "large" in await it.ids()
        now[0] += 60_000
        assert it.is_making("large")
        assert (await asked).status_code == 201
        now[0] += 9_999
        assert "large" in await it.ids()
        now[0] += 1
        assert "large" not in await it.ids()

    run(test, lambda: now[0])


def test_deletion_ends_the_making_of_a_world() -> None:
    """Who asked for the world gets 409, who waited for its people 404; no more of them are made."""

    async def test(it: Making) -> None:
        asked = await it.begin("large")
        world = it.app.worlds._worlds["large"]
        waiting = [
            asyncio.create_task(it.http.get(f"{WORLDS}/large/{path}"))
            for path in ("hrms/users?environment=uat", "snapshot")
        ]
        await asyncio.sleep(0)
        assert (await it.http.delete(f"{WORLDS}/large")).status_code == 204
        answer = await asked
        assert answer.json()["detail"] == "World large was deleted, while it was being made"
        assert (answer.status_code, answer.json()["pointer"]) == (409, "/id")
        for late in await asyncio.gather(*waiting):
            assert (late.status_code, late.json()["detail"]) == (404, "There is no world 'large'")
        assert not world.populated
        assert not world.in_making

    run(test)


def test_snapshot_for_a_world_that_is_deleted_meanwhile_revives_none_of_its_credentials() -> None:
    """The restore waits for people who never come: 404, and nothing names the dead world."""

    async def test(it: Making) -> None:
        await it.small("large")
        taken = (await it.http.get(f"{WORLDS}/large/snapshot")).json()
        await it.http.delete(f"{WORLDS}/large")
        known = [dict(it.app.worlds._by_client), dict(it.app.worlds._by_digest)]
        asked = await it.begin("large", seed=3)
        restored = asyncio.create_task(it.http.put(f"{WORLDS}/large/snapshot", json=taken))
        await asyncio.sleep(0)
        await it.http.delete(f"{WORLDS}/large")
        assert [(await asked).status_code, (await restored).status_code] == [409, 404]
        assert [it.app.worlds._by_client, it.app.worlds._by_digest] == known

    run(test)


def test_world_that_is_made_again_meanwhile_serves_who_waited_for_the_old_one() -> None:
    """A path names the world that has the id by then; what comes of it is that world's own."""

    async def test(it: Making) -> None:
        asked = await it.begin("large", seed=1)
        wanted = asyncio.create_task(it.http.get(f"{WORLDS}/large/snapshot"))
        await asyncio.sleep(0)
        await it.http.delete(f"{WORLDS}/large")
        assert (await it.http.post(WORLDS, json={"id": "large", "seed": 2, "users": 1})).status_code == 201
        assert (await asked).status_code == 409
        assert (await wanted).json()["state"]["spec"]["seed"] == 2

    run(test)


def test_people_read_while_a_world_is_deleted_and_made_again_are_the_new_ones() -> None:
    """An application token that both worlds have: the request waits for people, and gets those that are there."""

    async def test(it: Making) -> None:
        made = (await it.http.post(WORLDS, json={"id": "large", "users": 0})).json()
        await it.http.delete(f"{WORLDS}/large")
        token = made["hrms"]["tokens"][0]
        headers = {"Authorization": f"Bearer {token['token']}", "X-Environment": token["environment"]}
        asked = await it.begin("large")
        read = asyncio.create_task(it.http.get("/hrms/api/v1/users", headers=headers))
        await asyncio.sleep(0)
        await it.http.delete(f"{WORLDS}/large")
        await it.http.post(WORLDS, json={"id": "large", "users": 1})
        assert (await asked).status_code == 409
        assert len((await read).json()["data"]) == 1

    run(test)
