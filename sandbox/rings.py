"""Bounded histories: journal, outbox and audit log keep the newest entries and forget the oldest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

Entry = TypeVar("Entry")

MAX_ENTRIES = 1_000
MAX_BYTES = 8 * 1024 * 1024


class Ring(Generic[Entry]):
    """At most `entries` items and `size` bytes, as `weigh` counts them; items are numbered from 1.

    One item heavier than `size` is kept alone, so that the latest is always there.
    """

    __slots__ = ("_items", "_max_bytes", "_max_entries", "_weigh", "bytes", "last")

    def __init__(
        self,
        weigh: Callable[[Entry], int],
        entries: int = MAX_ENTRIES,
        size: int = MAX_BYTES,
    ) -> None:
        self._items: deque[tuple[int, int, Entry]] = deque()
        self._weigh = weigh
        self._max_entries = entries
        self._max_bytes = size
        self.bytes = 0
        self.last = 0

    def append(self, entry: Entry) -> None:
        """Keep `entry` under the next number; a number never comes again."""
        weight = self._weigh(entry)
        self.last += 1
        self._items.append((self.last, weight, entry))
        self.bytes += weight
        if len(self._items) > self._max_entries or self.bytes > self._max_bytes:
            self._forget()

    def extend(self, entries: Sequence[Entry]) -> None:
        """Keep `entries`, in order."""
        items, weigh = self._items, self._weigh
        for entry in entries:
            weight = weigh(entry)
            self.last += 1
            items.append((self.last, weight, entry))
            self.bytes += weight
        self._forget()

    def _forget(self) -> None:
        items = self._items
        while len(items) > self._max_entries or (self.bytes > self._max_bytes and len(items) > 1):
            self.bytes -= items.popleft()[1]

    def __len__(self) -> int:
        return len(self._items)

    def items(self, after: int = 0) -> Iterator[tuple[int, Entry]]:
        """(number, entry), oldest first, of those numbered above `after`."""
        for number, _, entry in self._items:
            if number > after:
                yield number, entry

    def get(self, number: int) -> Entry | None:
        """The entry of that number, or None where it is unknown or already forgotten."""
        return next((entry for held, _, entry in self._items if held == number), None)

    def drop(self, numbers: set[int]) -> None:
        """Forget the entries of these numbers."""
        self._items = deque(item for item in self._items if item[0] not in numbers)
        self.bytes = sum(weight for _, weight, _ in self._items)

    def clear(self) -> None:
        """Forget all entries; numbering goes on."""
        self._items.clear()
        self.bytes = 0

    def restore(self, last: int, entries: list[tuple[int, Entry]]) -> None:
        """Back to what a snapshot held."""
        self._items = deque((number, self._weigh(entry), entry) for number, entry in entries)
        self.bytes = sum(weight for _, weight, _ in self._items)
        self.last = last
