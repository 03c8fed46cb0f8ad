"""Control plane: wait until a world's journal holds what a pattern asks for."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from sandbox.calls import Call, ClientLeft, Reply
from sandbox.control.api import Handler, ring_cursor, world_of
from sandbox.control.journal import Seen, failed, matches, requests
from sandbox.control.problems import invalid, missing
from sandbox.errors import Refusal
from sandbox.patterns import Impossible, Patterns
from sandbox.verification import Exchange, Pattern, listed, nearest_misses
from sandbox.worlds import World

_SECONDS = 10.0
_OF_REQUEST = ("api", "operation", "method", "path", "status")
_OF_RECORD = ("externalEmployeeId", "outcome")


class Watch:
    """Those entries of a world's journal behind `after` that fit a pattern, as they come."""

    def __init__(self, world: World, pattern: Pattern, after: int) -> None:
        self._world, self.pattern = world, pattern
        self._recorder = world.recorder
        self._looked_at = after
        self._bell = asyncio.Event()
        self.matched: list[Exchange] = []

    def look(self) -> None:
        """Look at what has come since; what has been forgotten since counts no more."""
        journal = self._recorder.journal
        self.matched = [exchange for exchange in self.matched if journal.get(exchange.number) is exchange.entry]
        for number, entry in journal.items(self._looked_at):
            exchange = Exchange(number, entry)
            if self.pattern.fits(exchange):
                self.matched.append(exchange)
            self._looked_at = number

    @property
    def end(self) -> str | None:
        """What makes further waiting vain, None where something may come yet."""
        if self._world.traffic.over is not None:
            return self._world.traffic.over
        began_anew = self._world.recorder is not self._recorder
        return "the world has been reset or restored, and its journal with it" if began_anew else None

    async def until(self, wanted: int, seconds: float, call: Call) -> None:
        """Look until enough has come, nothing can, or the seconds have passed. Raises ClientLeft."""
        self.look()
        if not seconds or len(self.matched) >= wanted or self.end is not None:
            return
        watchers = self._world.traffic.watchers
        watchers[self._bell] = None
        leaving = asyncio.ensure_future(call.left())
        leaving.add_done_callback(lambda _: self._bell.set())
        try:
            async with asyncio.timeout(seconds):
                while len(self.matched) < wanted and self.end is None:
                    await self._bell.wait()
                    self._bell.clear()
                    if leaving.done():
                        raise ClientLeft
                    self.look()
        except TimeoutError:
            self.look()
        finally:
            # The world has been in use until now.
            call.worlds.get(self._world.id)
            del watchers[self._bell]
            leaving.cancel()


async def wait_journal(patterns: Patterns, call: Call) -> Reply:
    """Answer as soon as enough requests fit; 409 where they do not within the time."""
    world, query, after = world_of(call), call.query, ring_cursor(call)
    pattern = _pattern(patterns, query)
    wanted, seconds = query.get("at_least", 1), query.get("timeout", _SECONDS)
    watch = Watch(world, pattern, after)
    await watch.until(wanted, seconds, call)
    in_flight = {"in_flight": world.traffic.view()}
    if len(watch.matched) >= wanted:
        return Reply(payload=matches(Seen(world, after), watch.matched) | in_flight)
    raise _late(call, world, watch, Seen(world, after), wanted, seconds, in_flight)


def _late(
    call: Call,
    world: World,
    watch: Watch,
    seen: Seen,
    wanted: int,
    seconds: float,
    in_flight: dict[str, Any],
) -> Refusal:
    if call.worlds.get(world.id) is not world:
        return missing(f"world {world.id!r} any more: {world.traffic.over}", "#/path/world")
    count, found = requests(wanted), len(watch.matched) or "none"
    detail = (
        f"Waited {seconds:g} s for at least {count}{watch.pattern.says}, "
        f"found {found} among {requests(len(seen.exchanges))}."
    )
    if watch.end is not None:
        detail += f" Nothing more will come: {watch.end}."
    under_way = [f"{each['method']} {each['path']} since {each['since']}" for each in in_flight["in_flight"][:5]]
    if under_way:
        detail += f" Not answered yet: {listed(under_way)}."
    nearest = nearest_misses(watch.pattern, seen.exchanges)
    return failed(detail, {"at_least": wanted}, seen, watch.matched, nearest, extra=in_flight)


def _pattern(patterns: Patterns, query: dict[str, Any]) -> Pattern:
    """The pattern that the query parameters describe; what nothing can fit is refused by name."""
    raw = {name: query[name] for name in _OF_REQUEST if name in query}
    record = {name: query[name] for name in _OF_RECORD if name in query}
    if record:
        raw["record"] = record
    try:
        return patterns.read(raw)
    except Impossible as impossible:
        name = next((str(step) for step in impossible.path if step in query), next(iter(record), "operation"))
        raise invalid(f"{name}: {impossible}", f"#/query/{name}") from None


def handlers(patterns: Patterns) -> dict[str, Handler]:
    """The handler that waits, which reads patterns so."""
    return {"waitJournal": partial(wait_journal, patterns)}
