"""The keeper: has a server's worlds outlive it, in a state file.

A world is taken as it is at one moment, on the event loop, and encoded there in pieces between which requests are
served: encoding in a thread would stop the loop for longer, since it holds the interpreter's lock. Writing, hashing and
waiting for the disk are done in threads. What has not changed since is copied from the file as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

import msgspec

from sandbox import jsontext, snapshot
from sandbox.registry import RegistryState, Worlds
from sandbox.snapshot import InvalidSnapshot, Kept
from sandbox.statefile import Draft, Section, StateError, StateFile
from sandbox.worlds import DEFAULT, World

log = logging.getLogger("sandbox")

#: Seconds from one save's beginning to the next one's, if it takes no longer than half of that.
EVERY = 1.0
#: Seconds that a first change waits for those that come with it.
_GATHER = 0.05
#: Seconds after which a save that failed is tried again.
RETRY = 5.0
# Encoded worlds wait until there are so many bytes of them, or so many worlds, to be written.
_BATCH_BYTES = 4 * 1024 * 1024
_BATCH_WORLDS = 1_000


class Keeper:
    """Keeps `worlds` in `file`: brings back what is in it, and saves what changes from `start` to `close`.

    `loaded` says whether there was a file; where there was, all of it is among `worlds` now, in the same order and as
    long idle as when it was written. Raises statefile.StateError where it cannot be brought back.
    """

    @classmethod
    def of(cls, worlds: Worlds, path: Path) -> Keeper:
        """The keeper of the file at that path, which is let go again where it cannot be brought back."""
        file = StateFile(path)
        try:
            return cls(worlds, file)
        except BaseException:
            file.close()
            raise

    def __init__(self, worlds: Worlds, file: StateFile) -> None:
        self._worlds = worlds
        self._file = file
        #: Where in the file each world is, as it was when it was written.
        self._saved: dict[World, Section] = {}
        self._dirty: set[World] = set()
        self._awake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failed = False
        self.loaded = self._load()
        worlds.when_dropped = self._awake.set

    @property
    def path(self) -> Path:
        """Where the file really is."""
        return self._file.path

    # -- bringing back -----------------------------------------------------------------------------

    def _load(self) -> bool:
        held = self._file.read()
        if held is None:
            return False
        about, sections = held
        try:
            registry = msgspec.json.decode(about, type=RegistryState)
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._file.refuse(f"has an index that is not understood: {error}") from None
        ids = [world_id for world_id, _ in registry.uses]
        if len(ids) != len(sections) or len(set(ids)) != len(ids) or DEFAULT not in ids:
            raise self._file.refuse("has an index that does not fit its worlds")
        if len(ids) - 1 > self._worlds.most:
            raise self._file.refuse(
                f"has {len(ids) - 1} worlds beside default, and --max-worlds is {self._worlds.most}"
            )
        # Nobody could use a world while there was no server: that time is not idleness.
        away = self._worlds.machine_now() - registry.at
        for (world_id, used_at), section in zip(registry.uses, sections, strict=True):
            self._saved[self._world(world_id, self._file.section(section), used_at + away)] = section
        self._worlds.restore(registry)
        return True

    def _world(self, world_id: str, text: bytes, used_at: int) -> World:
        try:
            kept = msgspec.json.decode(text, type=Kept)
            if kept.world != world_id:
                raise self._file.refuse(f"has world {kept.world} where {world_id} should be")
            return snapshot.revive(self._worlds, kept, used_at)
        except InvalidSnapshot as error:
            reason = f"{error.path}: {error}"
        except (msgspec.DecodeError, RecursionError) as error:
            reason = str(error)
        raise self._file.refuse(f"has a world {world_id} that this hris-sandbox does not understand: {reason}")

    # -- saving ------------------------------------------------------------------------------------

    def changed(self, world: World | None) -> None:
        """Save that world soon, or where it is None, which worlds there are."""
        if world is not None:
            self._dirty.add(world)
        self._awake.set()

    async def start(self) -> None:
        """Save from now on; a file that was not there is there then, if it can be written."""
        if not self.loaded:
            await self._try()
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Save a last time, and let others have the file."""
        self._stopping.set()
        self._awake.set()
        if self._task is not None:
            await self._task
            await self._try()
        self._file.close()

    def refuse(self, why: str) -> StateError:
        """Let others have the file, as it is; the error that says why this server cannot use it."""
        self.abandon()
        return self._file.refuse(why)

    def abandon(self) -> None:
        """Let others have the file, as it is; for a server that does not come to start."""
        self._file.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            await self._awake.wait()
            await self._wait(_GATHER)
            if self._stopping.is_set():
                break
            begun = loop.time()
            self._awake.clear()
            if not await self._try():
                self._awake.set()
                await self._wait(RETRY)
                continue
            ended = loop.time()
            await self._wait(max(EVERY - (ended - begun), ended - begun) - _GATHER)

    async def _wait(self, seconds: float) -> None:
        """Wait, unless it is time to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), max(0.0, seconds))

    async def _try(self) -> bool:
        """Save; where that cannot be, say so, and the file stays as it was."""
        try:
            await self.save()
        except OSError as error:
            if not self._failed or self._stopping.is_set():
                rest = "" if self._stopping.is_set() else f"; trying again every {RETRY:g} seconds"
                reason = error.strerror or str(error)
                # No traceback: the disk is full, or gone.
                log.error("state file %s cannot be written: %s. It stays as it was%s", self._file.path, reason, rest)  # noqa: TRY400
        except Exception:
            log.exception("state file %s is not written", self._file.path)
        else:
            if self._failed:
                log.warning("state file %s is written again", self._file.path)
            self._failed = False
            return True
        self._failed = True
        return False

    async def save(self) -> None:
        """Write all worlds as they are now. Raises OSError; then what has changed still counts as changed."""
        dirty, self._dirty = self._dirty, set()
        registry, worlds = self._worlds.state(), self._worlds.held()
        draft: Draft | None = None
        try:
            draft = await asyncio.to_thread(self._file.draft)
            waiting: list[list[bytes] | Section] = []
            size = 0
            for world in worlds:
                section = self._saved.get(world)
                if section is None or world in dirty:
                    pieces = await _encoded(world)
                    waiting.append(pieces)
                    size += sum(map(len, pieces))
                else:
                    waiting.append(section)
                if size >= _BATCH_BYTES or len(waiting) >= _BATCH_WORLDS:
                    await asyncio.to_thread(draft.add, waiting)
                    waiting, size = [], 0
            await asyncio.to_thread(draft.add, waiting)
            sections = await asyncio.to_thread(draft.commit, registry)
        except BaseException:
            self._dirty |= dirty
            if draft is not None:
                draft.discard()
            raise
        self._saved = dict(zip(worlds, sections, strict=True))


async def _encoded(world: World) -> list[bytes]:
    """A world as it is at this moment, encoded while others are served."""
    pieces = []
    for piece in jsontext.pieces(snapshot.keep(world)):
        pieces.append(piece)
        await asyncio.sleep(0)
    return pieces
