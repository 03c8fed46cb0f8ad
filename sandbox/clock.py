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
#: How fast a clock runs: from a thousandth of the real time to a day in a second.
Rate = Annotated[float, msgspec.Meta(ge=0.001, le=86_400)]
#: Milliseconds from one request to the next: a day at most.
Step = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]

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


# Rates are kept in thousandths, so that all of a clock's arithmetic is exact.
_REAL_RATE = 1_000


class ClockState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A clock in a snapshot: where it stands if frozen, else `offset` from the machine's time times `rate`."""

    frozen_at: Instant | None
    offset: int
    rate: Rate = 1.0
    step_ms: Step = 0


class Clock:
    """A world's clock: the machine's time plus an offset, faster or slower than it, or frozen at one instant.

    Each request to the world's APIs is one moment, and leaves the clock `step_ms` later.
    """

    __slots__ = ("_frozen_at", "_machine", "_offset", "_rate", "_step")

    def __init__(
        self,
        now: int | None = None,
        frozen: bool = False,
        machine: Callable[[], int] = machine_ms,
        rate: float = 1.0,
        step_ms: int = 0,
    ) -> None:
        self._machine = machine
        self._offset = 0
        self._rate = _REAL_RATE
        self._step = 0
        self._frozen_at: int | None = None
        self.set(now=now, frozen=frozen, rate=rate, step_ms=step_ms)

    def now(self) -> int:
        """Milliseconds since the epoch, held within the years that can be shown."""
        if self._frozen_at is not None:
            return self._frozen_at
        moment = self._machine()
        if self._rate != _REAL_RATE:
            moment = moment * self._rate // _REAL_RATE
        return min(max(moment + self._offset, EARLIEST_MS), LATEST_MS)

    def tick(self) -> int:
        """The moment of a request; the next one comes at least a step later."""
        moment = self.now()
        if self._step:
            if self._frozen_at is None:
                self._offset += self._step
            else:
                self._frozen_at = min(moment + self._step, LATEST_MS)
        return moment

    @property
    def frozen(self) -> bool:
        """Whether time stands still between requests."""
        return self._frozen_at is not None

    @property
    def rate(self) -> float:
        """Seconds of the world in one of the machine's, while it is not frozen."""
        return self._rate / _REAL_RATE

    @property
    def step_ms(self) -> int:
        """Milliseconds by which each request moves the clock on."""
        return self._step

    def set(
        self,
        now: int | None = None,
        frozen: bool | None = None,
        rate: float | None = None,
        step_ms: int | None = None,
    ) -> None:
        """Put the clock to `now`, freeze it or let it run, at `rate`, in steps; None leaves that part as it is.

        A rate is rounded to thousandths.
        """
        frozen = self.frozen if frozen is None else frozen
        thousandths = self._rate if rate is None else round(rate * _REAL_RATE)
        stays = now is None and frozen is self.frozen and thousandths == self._rate
        current = self.now() if now is None else now
        self._step = self._step if step_ms is None else step_ms
        if stays:
            return
        self._rate = thousandths
        current = min(max(current, EARLIEST_MS), LATEST_MS)
        self._frozen_at = current if frozen else None
        self._offset = 0 if frozen else current - self._machine() * thousandths // _REAL_RATE

    def state(self) -> ClockState:
        """For a snapshot."""
        return ClockState(frozen_at=self._frozen_at, offset=self._offset, rate=self.rate, step_ms=self._step)

    def restore(self, state: ClockState) -> None:
        """Back to what a snapshot held."""
        self._frozen_at, self._offset = state.frozen_at, state.offset
        self._rate, self._step = round(state.rate * _REAL_RATE), state.step_ms
