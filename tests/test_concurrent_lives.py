"""Worlds made, used, reset, restored and dropped at the same time: each is as it would be alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.app import Application
from sandbox.settings import Settings
from tests.conftest import serving
from tests.lives import Client, Exchange, Life, Request, Seen, Step, life, plans
from tests.sending import Line, asked
from tests.survey import no_errors_logged
from tests.thoroughness import examples


class Crowd:
    """Plans for worlds that are watched, one client each, and for two that several clients tear at."""

    def __init__(self, watched: list[list[Step]], torn: list[list[Step]]) -> None:
        self.watched = watched
        self.torn = torn

    def __repr__(self) -> str:
        return f"Crowd(watched={self.watched}, torn={self.torn})"

    def lives(self) -> list[Life]:
        """All clients' lives, the watched ones first."""
        watched = [life(Client(f"watched-{number}"), plan) for number, plan in enumerate(self.watched)]
        return watched + [life(Client(f"torn-{number % 2}"), plan) for number, plan in enumerate(self.torn)]


CROWDS = st.builds(
    Crowd, st.lists(plans(4, 16), min_size=2, max_size=3), st.lists(plans(2, 12), min_size=3, max_size=4)
)


def statuses(seen: Seen) -> list[int]:
    """Of every answer."""
    return [answer.status if isinstance(answer, Exchange) else int(str(answer)) for _, answer in seen]


# -- in process ----------------------------------------------------------------------------------------------


async def led(app: Application, lived: Life) -> Seen:
    """What a client saw in process."""
    try:
        request = next(lived)
        while True:
            request = lived.send(await asked(app, request))
    except StopIteration as end:
        seen: Seen = end.value
        return seen


async def led_at_once(app: Application, lives: list[Life]) -> list[Seen]:
    """The same of many clients, each a task."""
    return await asyncio.gather(*(led(app, lived) for lived in lives))


async def emptied(app: Application) -> None:
    """Delete what is left."""
    for world in list(app.worlds):
        if world.id != "default":
            await asked(app, Request("DELETE", f"/_sandbox/worlds/{world.id}", (), (), 0))


def known(app: Application) -> tuple[set[str], set[str]]:
    """What names a world in the registry."""
    return set(app.worlds._by_client), set(app.worlds._by_digest)


@pytest.fixture(scope="module")
def pair() -> tuple[Application, Application]:
    """An application for clients alone, and one for crowds."""
    return Application(Settings(users=0)), Application(Settings(users=0))


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(crowd=CROWDS)
def test_watched_worlds_in_process_are_among_many_as_they_are_alone(
    pair: tuple[Application, Application], crowd: Crowd
) -> None:
    """Byte for byte, whatever is done to other worlds meanwhile; and nothing is left of those that are gone."""
    quiet, busy = pair
    before = known(busy)

    async def compared() -> None:
        alone = [await led(quiet, lived) for lived in crowd.lives()[: len(crowd.watched)]]
        seen = await led_at_once(busy, crowd.lives())
        assert seen[: len(alone)] == alone
        assert max(status for one in seen for status in statuses(one)) < 500
        await emptied(busy)

    with no_errors_logged():
        asyncio.run(compared())
    assert known(busy) == before


# -- on a socket ---------------------------------------------------------------------------------------------


def led_on_a_socket(url: str, lived: Life) -> Seen:
    """What a client saw on a connection of its own; each piece of a body is sent by itself."""
    with Line(url) as line:
        try:
            request = next(lived)
            while True:
                request = lived.send(line.ask(request))
        except StopIteration as end:
            seen: Seen = end.value
            return seen


def led_in_threads(url: str, lives: list[Life]) -> list[Seen]:
    """The same of many clients, each in a thread."""
    found: dict[int, Seen] = {}

    def lead(number: int) -> None:
        found[number] = led_on_a_socket(url, lives[number])

    threads = [threading.Thread(target=lead, args=(number,)) for number in range(len(lives))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[number] for number in range(len(lives))]


@pytest.fixture(scope="module")
def urls() -> Iterator[tuple[str, str]]:
    """A server for clients alone, and one for crowds."""
    with serving(Application(Settings(users=0))) as quiet, serving(Application(Settings(users=0))) as busy:
        yield quiet.url, busy.url


@pytest.mark.slow
@settings(max_examples=examples(15), suppress_health_check=list(HealthCheck))
@given(crowd=CROWDS)
def test_watched_worlds_on_a_socket_are_among_many_as_they_are_alone(urls: tuple[str, str], crowd: Crowd) -> None:
    """The same with a thread and a connection for each client."""
    with no_errors_logged():
        alone = [led_on_a_socket(urls[0], lived) for lived in crowd.lives()[: len(crowd.watched)]]
        seen = led_in_threads(urls[1], crowd.lives())
    assert seen[: len(alone)] == alone
    assert max(status for one in seen for status in statuses(one)) < 500
