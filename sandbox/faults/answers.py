"""Faults that answer in the handler's place: nothing of the request is done."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from sandbox.errors import Refusal
from sandbox.faults.fault import Act, Fault, Wrong

_Wait = Annotated[int, msgspec.Meta(ge=0, le=86_400)]
_JSON = "application/json"
# How long a rate limit lasts where the world has none to go by.
_RETRY_SECONDS = 60


class Status(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An error status."""

    name = "status"
    says = (
        "An error `status` with the vendor's body for it, another `message` in that body, or a `body` of your own; "
        "a `content_type` other than JSON, as gateways send it, needs a text for a body."
    )
    points = ("before",)

    status: Annotated[int, msgspec.Meta(ge=400, le=599)]
    message: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None
    body: Any = None
    content_type: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+/[a-z0-9.+-]+(; ?charset=[A-Za-z0-9-]+)?$")] = _JSON
    retry_after: _Wait | None = None

    def check(self) -> None:
        """A body says all there is to say, and only JSON needs no text for it."""
        if self.message is not None and self.body is not None:
            raise Wrong("goes into the vendor's body, not into one of your own", "message")
        if self.content_type != _JSON and not isinstance(self.body, str):
            raise Wrong("a content_type other than application/json needs a text", "body")

    async def before(self, act: Act) -> None:
        """Answer."""
        refusal = failure(act, self.status, self.message)
        if self.body is not None:
            refusal.body, refusal.media_type = self.body, self.content_type
        raise with_retry_after(refusal, self.retry_after)


class Unavailable(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An outage with an end."""

    name = "unavailable"
    says = (
        "503 for `seconds` from the fault's beginning on, or until its `until`; Retry-After says how long it still "
        "takes, on the world's clock."
    )
    points = ("before",)

    seconds: Annotated[int, msgspec.Meta(ge=1, le=31_536_000)] | None = None

    async def before(self, act: Act) -> None:
        """Answer while it lasts."""
        left = (self.seconds or 0) * 1000 if act.until is None else act.until - act.call.now
        raise with_retry_after(failure(act, 503), max(1, -(-left // 1000)))


class RateLimited(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A 429 that the rate limit stands by."""

    name = "rate-limited"
    says = (
        "429, as if others had used up the caller's rate limit: Retry-After and the X-RateLimit headers are true, and "
        "the limit refuses whoever comes back sooner. `retry_after` ends the window in so many seconds. A world "
        "without a limit answers this one request so (60 seconds)."
    )
    points = ("before",)

    retry_after: Annotated[int, msgspec.Meta(ge=1, le=86_400)] | None = None

    async def before(self, act: Act) -> None:
        """Use up the window, and answer."""
        call = act.call
        used_up = call.world.rates.use_up(act.face.NAME, call.party, call.now, self.retry_after)
        refusal: Refusal = act.face.too_many(call)
        refusal.step, refusal.rule = "fault", self.name
        if used_up is not None:
            call.standing = used_up
            raise refusal
        raise with_retry_after(refusal, self.retry_after or _RETRY_SECONDS)


class TokenRevoked(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The end of a token while it is in use."""

    name = "token-revoked"
    says = "The request's access or application token ends: 401 now and for whatever else is asked with it."
    points = ("before",)
    credentials = frozenset({"bearer", "application token"})

    async def before(self, act: Act) -> None:
        """Revoke it, and answer as to anybody without one."""
        refusal: Refusal = act.face.revoke(act.call)
        refusal.step, refusal.rule = "fault", self.name
        raise refusal


def failure(act: Act, status: int, message: str | None = None) -> Refusal:
    """The vendor's own refusal of this status."""
    refusal: Refusal = act.face.failure(act.call, status, message)
    refusal.step = "fault"
    return refusal


def with_retry_after(refusal: Refusal, seconds: int | None) -> Refusal:
    """The same with Retry-After, where there is a time to name."""
    if seconds is not None:
        refusal.headers["Retry-After"] = str(seconds)
    return refusal


FAULTS: tuple[type[Fault], ...] = (Status, Unavailable, RateLimited, TokenRevoked)
