"""Time: the one module that reads the machine's clock.

Instants are integers, milliseconds since 1970-01-01T00:00:00Z, so that arithmetic is exact.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

#: The range that four-digit years can show: 0001-01-01 to 9999-12-31.
EARLIEST_MS = -62_135_596_800_000
LATEST_MS = 253_402_300_799_999
#: Milliseconds of an instant in a snapshot.
Instant = Annotated[int, msgspec.Meta(ge=EARLIEST_MS, le=LATEST_MS)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z")


def machine_ms() -> int:
    """The machine's time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def instant_text(ms: int) -> str:
    """An instant as every answer shows it: ISO 8601, UTC, milliseconds (S2E-AUTH-05)."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z".rjust(24, "0")


def parse_instant(text: str) -> int:
    """The instant that `text` (ISO 8601 UTC, with or without milliseconds) names.

    Raises ValueError where the text has another form or names no real moment.
    """
    if not _INSTANT.fullmatch(text):
        raise ValueError(f"not an instant: {text!r}")
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


def http_date(ms: int) -> bytes:
    """An instant as the HTTP Date header shows it (RFC 9110, 5.6.7)."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][moment.month - 1]
    text = f"{day}, {moment.day:02d} {month} {moment.year:04d} {moment:%H:%M:%S} GMT"
    return text.encode()


class ClockState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A clock in a snapshot: where it stands if frozen, else how far it is from the machine's."""

    frozen_at: Instant | None
    offset: int


class Clock:
    """A world's clock: the machine's time plus an offset, or frozen at one instant."""

    __slots__ = ("_frozen_at", "_machine", "_offset")

    def __init__(
        self,
        now: int | None = None,
        frozen: bool = False,
        machine: Callable[[], int] = machine_ms,
    ) -> None:
        self._machine = machine
        self._offset = 0
        self._frozen_at: int | None = None
        self.set(now=now, frozen=frozen)

    def now(self) -> int:
        """Milliseconds since the epoch, held within the years that can be shown."""
        if self._frozen_at is not None:
            return self._frozen_at
        return min(max(self._machine() + self._offset, EARLIEST_MS), LATEST_MS)

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen_at is not None

    def set(self, now: int | None = None, frozen: bool | None = None) -> None:
        """Put the clock to `now`, freeze it or let it run; None leaves that half as it is."""
        frozen = self.frozen if frozen is None else frozen
        current = self.now() if now is None else min(max(now, EARLIEST_MS), LATEST_MS)
        if frozen:
            self._frozen_at = current
        elif now is not None or self._frozen_at is not None:
            self._frozen_at = None
            self._offset = current - self._machine()

    def state(self) -> ClockState:
        """For a snapshot."""
        return ClockState(frozen_at=self._frozen_at, offset=self._offset)

    def restore(self, state: ClockState) -> None:
        """Back to what a snapshot held."""
        self._frozen_at, self._offset = state.frozen_at, state.offset
