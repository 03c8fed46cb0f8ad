"""Rate limits: a fixed window for each API and each party, on the world's clock."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Api = Literal["hrms", "scan2evolve"]
# Peers without credentials are counted by address: only so many are remembered.
_MAX_PARTIES = 10_000


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many requests in a window of so many seconds."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    window_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class Window(msgspec.Struct, forbid_unknown_fields=True):
    """A party's current window: start and end in milliseconds, and what was counted in it."""

    start: int
    end: int
    count: int


class Standing(msgspec.Struct, frozen=True):
    """What the X-RateLimit headers say after a request; `retry_after` (seconds) only where it is over."""

    limit: int
    remaining: int
    reset: int
    retry_after: int | None

    def headers(self) -> list[tuple[bytes, bytes]]:
        """X-RateLimit-Limit, -Remaining and -Reset (S2E-RATE-04), Retry-After on a 429 (S2E-RATE-02)."""
        lines = [
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % self.reset),
        ]
        if self.retry_after is not None:
            lines.append((b"retry-after", b"%d" % self.retry_after))
        return lines


class RateLimiterState(msgspec.Struct, forbid_unknown_fields=True):
    """Limits and windows in a snapshot."""

    limits: dict[str, Limit | None]
    windows: dict[str, Window]


class RateLimiter:
    """All windows of one world."""

    def __init__(self, limits: dict[str, Limit | None]) -> None:
        self._limits = dict(limits)
        self._windows: dict[str, Window] = {}

    @property
    def limits(self) -> dict[str, Limit | None]:
        """API -> its limit, None where it has none."""
        return dict(self._limits)

    def set(self, limits: dict[str, Limit | None]) -> None:
        """Put new limits in force; where one changes, its API's windows start anew."""
        for api, limit in limits.items():
            if self._limits.get(api) != limit:
                self._limits[api] = limit
                self._windows = {k: w for k, w in self._windows.items() if not k.startswith(f"{api}:")}

    def count(self, api: str, party: str, now: int, refusable: bool) -> Standing | None:
        """Count one request of `party`; None where the API has no limit.

        A `refusable` request over the limit is not counted: its standing says how long to wait
        (S2E-RATE-01, S2E-RATE-07). Any other counts, and `remaining` stays at zero.
        """
        limit = self._limits.get(api)
        if limit is None:
            return None
        key = f"{api}:{party}"
        window = self._windows.get(key)
        if window is None or not window.start <= now < window.end:
            if window is None and len(self._windows) >= _MAX_PARTIES:
                self._forget_ended(now)
            window = self._windows[key] = Window(start=now, end=now + limit.window_seconds * 1000, count=0)
        retry_after = None
        if refusable and window.count >= limit.limit:
            retry_after = max(1, -((now - window.end) // 1000))
        else:
            window.count += 1
        return Standing(
            limit=limit.limit,
            remaining=max(0, limit.limit - window.count),
            reset=-(-window.end // 1000),
            retry_after=retry_after,
        )

    def use_up(self, api: str, party: str, now: int, seconds: int | None) -> Standing | None:
        """Use up the window of `party`, as if by others, so that it ends in `seconds`, None as it would have ended.

        What the next ones are told then is what this says; None where the API has no limit.
        """
        limit = self._limits.get(api)
        if limit is None:
            return None
        self.count(api, party, now, refusable=True)
        window = self._windows[f"{api}:{party}"]
        window.count = limit.limit
        if seconds is not None:
            window.end = now + seconds * 1000
        retry_after = max(1, -((now - window.end) // 1000))
        return Standing(limit.limit, 0, -(-window.end // 1000), retry_after)

    def _forget_ended(self, now: int) -> None:
        self._windows = {k: w for k, w in self._windows.items() if w.start <= now < w.end}
        # Some more than need be, so that not every new peer walks over all of them; whoever has credentials goes last.
        surplus = max(0, len(self._windows) - (_MAX_PARTIES - _MAX_PARTIES // 10))
        for key in sorted(self._windows, key=lambda key: ":peer:" not in key)[:surplus]:
            del self._windows[key]

    def state(self) -> RateLimiterState:
        """For a snapshot."""
        return RateLimiterState(self.limits, {k: msgspec.structs.replace(w) for k, w in self._windows.items()})

    def restore(self, state: RateLimiterState) -> None:
        """Back to what a snapshot held."""
        self._limits, self._windows = dict(state.limits), dict(state.windows)
