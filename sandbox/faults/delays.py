"""Faults that cost time: real time, divided by the rate of the world's clock while that runs."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Annotated, Literal

import msgspec

from sandbox.faults.delivery import Slow
from sandbox.faults.fault import LONGEST_WAIT, Act, Fault, Forsaken, Point, Seconds, Wrong

_OF = {"fixed": ("seconds",), "uniform": ("least", "most"), "log-normal": ("median", "sigma", "most")}
_NEEDED = {"fixed": ("seconds",), "uniform": ("least", "most"), "log-normal": ("median", "sigma")}


class Latency(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A pause; at the second point the work is done before it."""

    name = "latency"
    says = "The answer takes its time; the work is done after the pause, or with `point` after before it."
    points = ("before", "after")
    in_process = "The same: the pause is real there, too."

    seconds: Annotated[float, Seconds] | None = None
    least: Annotated[float, Seconds] | None = None
    most: Annotated[float, Seconds] | None = None
    median: Annotated[float, msgspec.Meta(gt=0, le=LONGEST_WAIT)] | None = None
    sigma: Annotated[float, msgspec.Meta(ge=0, le=5)] | None = None
    distribution: Literal["fixed", "uniform", "log-normal"] = "fixed"
    point: Point = "before"

    @property
    def at(self) -> Point:
        """As it was asked for."""
        return self.point

    def check(self) -> None:
        """Each distribution has its own parameters."""
        for key in ("seconds", "least", "most", "median", "sigma"):
            given = getattr(self, key) is not None
            if given and key not in _OF[self.distribution]:
                raise Wrong(f"does not go with distribution {self.distribution}", key)
            if not given and key in _NEEDED[self.distribution]:
                raise Wrong(f"is needed for distribution {self.distribution}", key)
        if self.least is not None and self.most is not None and self.least > self.most:
            raise Wrong("must not be less than least", "most")

    def drawn(self, act: Act) -> float:
        """The seconds of one request."""
        if self.distribution == "fixed":
            return self.seconds or 0.0
        if self.distribution == "uniform":
            least, most = self.least or 0.0, self.most or 0.0
            return least + (most - least) * act.fraction("seconds")
        # Box and Muller's way from two even numbers to a normal one.
        radius = math.sqrt(-2 * math.log(1 - act.fraction("radius")))
        normal = radius * math.cos(2 * math.pi * act.fraction("angle"))
        drawn = (self.median or 0.0) * math.exp((self.sigma or 0.0) * normal)
        return drawn if self.most is None else min(drawn, self.most)

    async def before(self, act: Act) -> None:
        """Pause."""
        await act.wait(self.drawn(act))

    async def after(self, act: Act) -> None:
        """Pause."""
        await act.wait(self.drawn(act))


class SlowBody(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body in pieces."""

    name = "slow-body"
    says = "Status and headers come at once, the body in `pieces`, with `pause` seconds from one to the next."
    points = ("after",)
    in_process = "The same pieces and pauses; httpx.ASGITransport hands over the body once it is whole."

    pieces: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 10
    pause: Annotated[float, Seconds] = 1.0

    async def after(self, act: Act) -> None:
        """Send it so."""

        async def pause() -> None:
            # What is on its way goes out, whatever has become of its world.
            with suppress(Forsaken):
                await act.wait(self.pause)

        act.delivery = Slow(self.pieces, pause)


FAULTS: tuple[type[Fault], ...] = (Latency, SlowBody)
