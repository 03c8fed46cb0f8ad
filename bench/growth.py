"""What a record costs as a world grows: three worlds in one server, asked in turn."""

from __future__ import annotations

from statistics import median

import orjson

from bench.client import Client, World
from bench.processes import Server, sandbox
from bench.records import BATCH, batch
from bench.report import Figure

SIZES = (1_000, 20_000, 200_000)
_LIMIT = 1.25
# Batches a world; an odd step through the world meets all of it, near and far in memory.
_BATCHES = 40
_STEP = 7_919


class Grown:
    """A world of so many employees, kept about that size."""

    def __init__(self, server: Server, size: int) -> None:
        self._server = server
        self._size = size
        self._world = World(Client(server), f"of-{size}")
        self._employees = 0
        self._at = 0
        self._fill()

    def _fill(self) -> None:
        while self._employees < self._size:
            self._grow()

    def _grow(self) -> float:
        numbers = range(self._employees, self._employees + BATCH)
        self._employees += BATCH
        return self._timed(orjson.dumps(batch("grown", numbers)), "CREATED")

    def _timed(self, body: bytes, outcome: str) -> float:
        """Microseconds of processor for each record."""
        before = self._server.cpu_seconds()
        self._world.sync(body, outcome)
        return (self._server.cpu_seconds() - before) / BATCH * 1e6

    def creation(self) -> float:
        """The cost of a new employee; the world is made anew once it is half as large again."""
        if self._employees >= self._size * 1.5:
            self._world.reset()
            self._employees = 0
            self._fill()
        return self._grow()

    def update(self) -> float:
        """The cost of a known employee."""
        # The first ones of the world: as many as it has had from the start.
        numbers = [(self._at + index * _STEP) % self._size for index in range(BATCH)]
        self._at += BATCH * _STEP
        return self._timed(orjson.dumps(batch("grown", numbers)), "UPDATED")


def measure() -> list[Figure]:
    """The cost in larger worlds over that in the smallest, creations and updates apart."""
    creations: dict[int, list[float]] = {size: [] for size in SIZES}
    updates: dict[int, list[float]] = {size: [] for size in SIZES}
    with sandbox() as server:
        worlds = {size: Grown(server, size) for size in SIZES}
        for _ in range(_BATCHES):
            for size, world in worlds.items():
                updates[size].append(world.update())
            for size, world in worlds.items():
                creations[size].append(world.creation())
        resident = server.resident_mb()
    figures = [Figure("memory, all three worlds", "MB", [resident])]
    for kind, costs in (("creation", creations), ("update", updates)):
        smallest = costs[SIZES[0]]
        figures += [
            Figure(
                subject=f"{kind} among {size:,}",
                unit=f"x that among {SIZES[0]:,}",
                samples=[large / small for large, small in zip(costs[size], smallest, strict=True)],
                limit=_LIMIT,
                note=f"{median(costs[size]):.2f} to {median(smallest):.2f} us of processor a record",
            )
            for size in SIZES[1:]
        ]
    return figures
