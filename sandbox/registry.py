"""The registry: all worlds of a server, which credential belongs to which, and which has to go when."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Iterator
from itertools import count
from typing import Literal

import msgspec

from sandbox.clock import LATEST_MS, machine_ms
from sandbox.ids import Count, Name
from sandbox.rings import Ring
from sandbox.scan2evolve.organization import Conflict
from sandbox.worlds import DEFAULT, Secrets, World, WorldSpec

# So many of a world's digests, and of its client ids, are remembered, live or dead, to tell whose a credential is.
_MAX_KNOWN = 20_000
_DROPPED_WEIGHT = 200


class Dropped(msgspec.Struct, frozen=True):
    """A world that had to go: when (the machine's time, ms), why, and for how long nobody had used it (ms)."""

    at: int
    world: str
    reason: Literal["ttl", "cap"]
    idle_ms: int

    @property
    def why(self) -> str:
        """The reason as a person reads it."""
        idle = f"{self.idle_ms / 1000:g} s"
        if self.reason == "ttl":
            return f"dropped after {idle} without a request, as its ttl_seconds says"
        return f"dropped to make room for a new world, idle for {idle}, longer than any other"


class RegistryState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a server knows beside its worlds: when this was, how many ids it has given, when each world was used."""

    at: int
    made: Count
    uses: list[tuple[Name, int]]
    last_dropped: Count
    dropped: list[tuple[int, Dropped]]


class Worlds:
    """All worlds of a server, by id and by what a request's credentials name.

    Beside `default`, which stays, there are at most `most`: a new one pushes out the one that has been
    idle longest. A world with a time to live goes once nobody has used it for that long. Idle is
    measured on `machine`, since a world's own clock may stand still; to wait for something in a world is to
    use it. Nothing runs in the background: whatever looks a world up lets those go first whose time has come.
    """

    def __init__(
        self, machine: Callable[[], int] = machine_ms, most: int = 1_000, ttl_seconds: int | None = None
    ) -> None:
        self._machine = machine
        self._most = most
        #: The time to live of a world that is made without one.
        self.ttl_seconds = ttl_seconds
        self._worlds: dict[str, World] = {}
        self._by_client: dict[str, World] = {}
        self._by_digest: dict[str, World] = {}
        self._made = 0
        # When a world may have to go at the earliest; uses since then only put it off.
        self._ends: list[tuple[int, int, str]] = []
        self._end_numbers = count()
        self._next_end = LATEST_MS
        #: The worlds that had to go, the latest of them; and who is told when one has to.
        self.dropped: Ring[Dropped] = Ring(lambda _: _DROPPED_WEIGHT)
        self.when_dropped: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        self._sweep(self._machine())
        return len(self._worlds)

    def __iter__(self) -> Iterator[World]:
        self._sweep(self._machine())
        return iter(self._worlds.values())

    # -- which world ---------------------------------------------------------------------------------

    def get(self, world_id: str) -> World | None:
        """The world of that id, which is used now."""
        return self._use(self._worlds, world_id)

    def of_client(self, client_id: str) -> World | None:
        """The world in which that client_id is or was known, which is used now."""
        return self._use(self._by_client, client_id)

    def of_digest(self, secret_digest: str) -> World | None:
        """The world in which the token of that digest is or was known, which is used now."""
        return self._use(self._by_digest, secret_digest)

    def _use(self, index: dict[str, World], key: str) -> World | None:
        now = self._machine()
        if now >= self._next_end:
            self._sweep(now)
        world = index.get(key)
        if world is not None:
            world.used_at = now
        return world

    @property
    def default(self) -> World:
        """The world that stands from the start."""
        return self._worlds[DEFAULT]

    def free_id(self) -> str:
        """An id for a world that was not given one."""
        while True:
            self._made += 1
            if f"world-{self._made}" not in self._worlds:
                return f"world-{self._made}"

    # -- life ----------------------------------------------------------------------------------------

    def add(self, spec: WorldSpec) -> tuple[World, Secrets]:
        """Create a world and its credentials.

        Raises Conflict where the id is taken, or where a snapshot gave its credentials to another world.
        """
        now = self._machine()
        self._sweep(now)
        if spec.id in self._worlds:
            raise Conflict(f"world {spec.id} exists already")
        world = World(spec, self._machine)
        secrets = world.make_credentials()
        if self.foreign(world, set(world.tokens.credentials), set(world.application_tokens)):
            raise Conflict(f"another world has the credentials of a world {spec.id} of seed {spec.seed}")
        self._make_room(now)
        world.used_at = now
        self._worlds[spec.id] = world
        for client_id in world.tokens.credentials:
            self.register_client(world, client_id)
        for token_digest in world.application_tokens:
            self.register_digest(world, token_digest)
        self.expect_end(world)
        return world, secrets

    def close(self) -> None:
        """Nothing more comes to any world: who waits is told so, and whom a fault holds back is let go."""
        for world in self._worlds.values():
            world.traffic.end("the server stops")
            world.faults.release()

    def remove(self, world: World, why: str = "deleted") -> None:
        """Delete a world with everything that names it; `why` is told to those who wait for something in it."""
        world.end(f"it was {why}")
        del self._worlds[world.id]
        for key in world.known_clients:
            self._by_client.pop(key, None)
        for key in world.known:
            self._by_digest.pop(key, None)

    def fate(self, world_id: str) -> str | None:
        """What became of a world that had to go, None where that id never had to."""
        gone = [entry for _, entry in self.dropped.items() if entry.world == world_id]
        return gone[-1].why if gone else None

    def expect_end(self, world: World) -> None:
        """Heed the world's time to live from now on."""
        ttl = world.spec.ttl_seconds
        if ttl is None:
            return
        heapq.heappush(self._ends, (world.used_at + ttl * 1000, next(self._end_numbers), world.id))
        if len(self._ends) > 2 * len(self._worlds) + 100:
            # Worlds that were deleted, or restored with another time to live, have left theirs behind.
            self._ends = [
                (world.used_at + world.spec.ttl_seconds * 1000, next(self._end_numbers), world.id)
                for world in self._worlds.values()
                if world.spec.ttl_seconds is not None
            ]
            heapq.heapify(self._ends)
        self._next_end = self._ends[0][0]

    def _sweep(self, now: int) -> None:
        """Let the worlds go whose time has come."""
        while now >= self._next_end:
            world = self._worlds.get(heapq.heappop(self._ends)[2])
            self._next_end = self._ends[0][0] if self._ends else LATEST_MS
            if world is None or world.spec.ttl_seconds is None:
                continue
            if _is_busy(world):
                world.used_at = now
            if now >= world.used_at + world.spec.ttl_seconds * 1000:
                self._drop(world, "ttl", now)
            else:
                self.expect_end(world)

    def _make_room(self, now: int) -> None:
        while len(self._worlds) > self._most:
            others = (world for world in self._worlds.values() if world.id != DEFAULT)
            idle = min(others, key=lambda world: (_is_busy(world), world.used_at))
            self._drop(idle, "cap", now)

    def _drop(self, world: World, reason: Literal["ttl", "cap"], now: int) -> None:
        dropped = Dropped(now, world.id, reason, max(0, now - world.used_at))
        self.remove(world, dropped.why)
        self.dropped.append(dropped)
        self.when_dropped()

    # -- outliving the server ------------------------------------------------------------------------

    def peek(self, world_id: str) -> World | None:
        """The world of that id, without using it."""
        return self._worlds.get(world_id)

    def held(self) -> list[World]:
        """All worlds in the order of their creation, those too whose time has come."""
        return list(self._worlds.values())

    def machine_now(self) -> int:
        """The machine's time in milliseconds."""
        return self._machine()

    @property
    def most(self) -> int:
        """So many worlds there may be beside the default one."""
        return self._most

    def state(self) -> RegistryState:
        """All but the worlds themselves, as it is now; instants are the machine's."""
        uses = [(world.id, world.used_at) for world in self._worlds.values()]
        return RegistryState(self._machine(), self._made, uses, self.dropped.last, list(self.dropped.items()))

    def restore(self, state: RegistryState) -> None:
        """Number and journal on from there; the worlds come back by `adopt`."""
        self._made = state.made
        self.dropped.restore(state.last_dropped, state.dropped)

    def adopt(self, spec: WorldSpec, used_at: int) -> World:
        """A world that is to be put back to what it was. The id must be free."""
        if spec.id in self._worlds:
            raise KeyError(spec.id)
        world = self._worlds[spec.id] = World(spec, self._machine)
        world.used_at = used_at
        return world

    # -- credentials -----------------------------------------------------------------------------------

    def register_client(self, world: World, client_id: str) -> None:
        """From now on that client_id names `world`, unless it has ended."""
        if world.life is None:
            return
        self._by_client[client_id] = world
        world.known_clients[client_id] = None
        if len(world.known_clients) > _MAX_KNOWN:
            self._forget_dead(self._by_client, world.known_clients, world.tokens.credentials)

    def register_digest(self, world: World, secret_digest: str) -> None:
        """From now on the token of that digest names `world`, expired and revoked or not, unless it has ended."""
        if world.life is None:
            return
        self._by_digest[secret_digest] = world
        world.known[secret_digest] = None
        if len(world.known) > _MAX_KNOWN:
            self._forget_dead(self._by_digest, world.known, world.tokens.tokens, world.application_tokens)

    @staticmethod
    def _forget_dead(index: dict[str, World], known: dict[str, None], *living: Container[str]) -> None:
        """Look through the tenth that has been known longest; what lives goes to the end, to be seen last again."""
        for key in list(known)[: _MAX_KNOWN // 10]:
            del known[key]
            if any(key in held for held in living):
                known[key] = None
            else:
                index.pop(key, None)

    def foreign(self, world: World, clients: set[str], digests: set[str]) -> bool:
        """Whether one of these credentials names another world already."""
        return any(self._by_client.get(c, world) is not world for c in clients) or any(
            self._by_digest.get(d, world) is not world for d in digests
        )


def _is_busy(world: World) -> bool:
    """Whether it is in use right now: its people are being made, a call is under way, or somebody waits for one."""
    return world.in_making or bool(world.traffic.under_way) or bool(world.traffic.watchers)
