"""Start, idling, stop; and how soon a world is there, or as new."""

from __future__ import annotations

from time import perf_counter, sleep

import orjson

from bench.client import USERS_PATH, WORLDS_PATH, Client, World
from bench.processes import sandbox
from bench.records import batch
from bench.report import Figure

_STARTS = 7
_IDLE_SECONDS = 3
_WORLDS = 50
_CROWD = 1_000
_GIBIBYTE_MB = 1024**3 / 1e6


def start() -> list[Figure]:
    """From the command to the first answer, memory once it is quiet, and from the signal to the end."""
    ready, stopped, resident = [], [], []
    for attempt in range(_STARTS + 1):
        with sandbox() as server:
            client = Client(server)
            client.ask("GET", "/_sandbox/health")
            elapsed = perf_counter() - server.started
            if attempt == _STARTS:
                client.close()
                sleep(_IDLE_SECONDS)
                resident.append(server.resident_mb())
            else:
                ready.append(elapsed)
            client.close()
            stopped.append(server.stop())
    return [
        Figure("ready after the command", "s", ready, limit=0.5),
        Figure("idle memory", "MB", resident, limit=60),
        Figure("stopped after SIGTERM", "s", stopped, limit=1),
    ]


def worlds() -> list[Figure]:
    """A new world with 25 users, and its reset."""
    created, reset = [], []
    with sandbox() as server:
        client = Client(server)
        for attempt in range(_WORLDS + 1):
            path = f"{WORLDS_PATH}/new-{attempt}"
            started = perf_counter()
            client.ask("POST", WORLDS_PATH, {"id": f"new-{attempt}", "seed": attempt, "users": 25})
            between = perf_counter()
            client.ask("POST", f"{path}/reset")
            ended = perf_counter()
            client.ask("DELETE", path)
            # The first one loads what makes people.
            if attempt:
                created.append((between - started) * 1e3)
                reset.append((ended - between) * 1e3)
        client.close()
    return [
        Figure("new world with 25 users", "ms", created, limit=10),
        Figure("reset", "ms", reset, limit=10),
    ]


def crowd() -> list[Figure]:
    """What a thousand worlds with 25 users take: made, and when a test has been at each."""
    with sandbox() as server:
        client = Client(server)
        World(client, "first")
        empty = server.resident_mb()
        made = [World(client, f"crowd-{number}", number) for number in range(_CROWD - 1)]
        fresh = server.resident_mb()
        body = orjson.dumps(batch("crowd", range(25)))
        for world in made:
            client.ask("GET", USERS_PATH, headers=world.hrms_headers)
            world.sync(body, "CREATED")
            world.sync(body, "UPDATED")
        used = server.resident_mb()
        client.close()
    return [
        Figure(
            subject, "MB", [resident], limit=_GIBIBYTE_MB, note=f"{(resident - empty) * 1e3 / _CROWD:.0f} kB a world"
        )
        for subject, resident in ((f"{_CROWD:,} worlds with 25 users", fresh), ("the same, each used", used))
    ]
