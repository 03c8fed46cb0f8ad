"""Bounded histories: journal, outbox and audit log keep the newest entries and forget the oldest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

Entry = TypeVar("Entry")

MAX_ENTRIES = 1_000
MAX_BYTES = 8 * 1024 * 1024


class Ring(Generic[Entry]):
    """At most `entries` items and `size` bytes, as `weigh` counts them over `base`; items are numbered from 1.

    One item heavier than `size` is kept alone, so that the latest is always there. An entry's number
    follows from its place, and its weight from itself: what is kept beside it would be memory to touch
    at every request. A dropped entry leaves None in its place.
    """

    __slots__ = ("_base", "_items", "_max_bytes", "_max_entries", "_weigh", "bytes", "last", "lost")

    def __init__(
        self,
        weigh: Callable[[Entry], int],
        entries: int = MAX_ENTRIES,
        size: int = MAX_BYTES,
        base: int = 0,
    ) -> None:
        self._items: deque[Entry | None] = deque()
        self._weigh = weigh
        self._base = base
        self._max_entries = entries
        self._max_bytes = size
        self.bytes = 0
        self.last = 0
        #: The number up to which entries have made room since the last clearing, 0 where none has.
        self.lost = 0

    def append(self, entry: Entry) -> None:
        """Keep `entry` under the next number; a number never comes again."""
        self.last += 1
        self._items.append(entry)
        self.bytes += self._base + self._weigh(entry)
        if len(self._items) > self._max_entries or self.bytes > self._max_bytes:
            self._forget()

    def extend(self, entries: Sequence[Entry]) -> None:
        """Keep `entries`, in order."""
        self.last += len(entries)
        self._items.extend(entries)
        self.bytes += self._base * len(entries) + sum(map(self._weigh, entries))
        self._forget()

    def _forget(self) -> None:
        items = self._items
        kept = len(items)
        while len(items) > self._max_entries or (self.bytes > self._max_bytes and len(items) > 1):
            oldest = items.popleft()
            if oldest is not None:
                self.bytes -= self._base + self._weigh(oldest)
        if len(items) < kept:
            self.lost = self.last - len(items)

    def __len__(self) -> int:
        return sum(entry is not None for entry in self._items)

    def items(self, after: int = 0) -> Iterator[tuple[int, Entry]]:
        """(number, entry), oldest first, of those numbered above `after`."""
        first = self.last - len(self._items) + 1
        start = max(0, after - first + 1)
        for number, entry in enumerate(islice(self._items, start, None), first + start):
            if entry is not None:
                yield number, entry

    def get(self, number: int) -> Entry | None:
        """The entry of that number, or None where it is unknown or already forgotten."""
        index = number - (self.last - len(self._items) + 1)
        return self._items[index] if 0 <= index < len(self._items) else None

    def drop(self, numbers: set[int]) -> None:
        """Forget the entries of these numbers."""
        self.restore(self.last, [(number, entry) for number, entry in self.items() if number not in numbers], self.lost)

    def clear(self) -> None:
        """Forget all entries; numbering goes on."""
        self._items.clear()
        self.bytes = 0
        self.lost = 0

    def restore(self, last: int, entries: list[tuple[int, Entry]], lost: int = 0) -> None:
        """Back to what a snapshot held: entries by rising number, the last at most `last`, those up to `lost` gone."""
        held = dict(entries)
        first = entries[0][0] if entries else last + 1
        self._items = deque(held.get(number) for number in range(max(first, last - self._max_entries + 1), last + 1))
        self.bytes = sum(self._base + self._weigh(entry) for entry in self._items if entry is not None)
        self.last = last
        self.lost = lost
