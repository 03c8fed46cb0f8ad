"""Deviations of the rate limit: whom it counts, when it refuses, and what its headers say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.deviations.deviation import Sent, policy, wire
from sandbox.ratelimit import RateLimiter, Standing

if TYPE_CHECKING:
    from sandbox.calls import Call

_HEADERS = (b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-ratelimit-reset")


class _NotEnforced(RateLimiter):
    def count(self, api: str, party: str, now: int, refusable: bool) -> Standing | None:
        """Count everybody, refuse nobody."""
        return super().count(api, party, now, refusable=False)


class _Shared(RateLimiter):
    def count(self, api: str, party: str, now: int, refusable: bool) -> Standing | None:
        """Count all who are known as one."""
        return super().count(api, "everybody" if refusable else party, now, refusable)

    def use_up(self, api: str, party: str, now: int, seconds: int | None) -> Standing | None:
        """Use up what they share."""
        return super().use_up(api, "everybody", now, seconds)


class _Prolonged(RateLimiter):
    def count(self, api: str, party: str, now: int, refusable: bool) -> Standing | None:
        """Whoever is refused waits from then on."""
        standing = super().count(api, party, now, refusable)
        limit = self.limits.get(api)
        if standing is not None and standing.retry_after is not None and limit is not None:
            self._windows[f"{api}:{party}"].end = now + limit.window_seconds * 1000
        return standing


def _no_retry_after(call: Call, sent: Sent) -> None:
    sent.set_header(b"retry-after", None)


def _half_the_wait(call: Call, sent: Sent) -> None:
    wait = sent.header(b"retry-after")
    if wait is not None:
        sent.set_header(b"retry-after", b"%d" % max(1, int(wait) // 2))


def _silent_reads(call: Call, sent: Sent) -> None:
    if call.method == "GET" and sent.status == 200:
        for name in _HEADERS:
            sent.set_header(name, None)


def _silent_refusals(call: Call, sent: Sent) -> None:
    if sent.status >= 400 and sent.status != 429:
        for name in _HEADERS:
            sent.set_header(name, None)


def _always_all(call: Call, sent: Sent) -> None:
    limit = sent.header(b"x-ratelimit-limit")
    if limit is not None and sent.status != 429:
        sent.set_header(b"x-ratelimit-remaining", limit)


def _reset_from_now(call: Call, sent: Sent) -> None:
    party = call.world.rates.limits.get("hrms" if call.path.startswith(b"/hrms/") else "scan2evolve")
    if party is not None and sent.header(b"x-ratelimit-reset") is not None:
        sent.set_header(b"x-ratelimit-reset", b"%d" % (-(-call.now // 1000) + party.window_seconds))


DEVIATIONS = (
    policy("limit-not-enforced", "The headers announce a limit, but nobody is refused.", "S2E-RATE-01", _NotEnforced),
    wire("retry-after-missing", "A 429 has no Retry-After.", "S2E-RATE-02", "Retry-After", _no_retry_after),
    wire(
        "retry-after-too-short",
        "Retry-After names half the time that it takes until the next request is let in.",
        "S2E-RATE-03",
        "Retry-After",
        _half_the_wait,
    ),
    wire(
        "no-limit-headers-on-reads",
        "Answers to GET carry no rate-limit headers.",
        "S2E-RATE-04",
        "presence of the X-RateLimit headers",
        _silent_reads,
    ),
    wire(
        "no-limit-headers-on-refusals",
        "Answers 400, 401, 404 and 405 carry no rate-limit headers.",
        "S2E-RATE-07 S2E-RATE-04",
        "presence of the X-RateLimit headers",
        _silent_refusals,
    ),
    wire(
        "remaining-does-not-count",
        "X-RateLimit-Remaining is always the whole limit until it is over.",
        "S2E-RATE-05",
        "X-RateLimit-Remaining",
        _always_all,
    ),
    wire(
        "reset-drifts",
        "X-RateLimit-Reset is a whole window from now in every answer, so it never comes.",
        "S2E-RATE-05",
        "X-RateLimit-Reset",
        _reset_from_now,
    ),
    policy(
        "limit-shared-between-organizations",
        "All organizations together have one limit.",
        "S2E-RATE-06",
        _Shared,
    ),
    policy(
        "refused-requests-prolong-the-window",
        "Every 429 starts the window anew, so whoever keeps asking is never let in.",
        "S2E-RATE-07",
        _Prolonged,
    ),
)
