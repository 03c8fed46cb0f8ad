"""A campaign: so many examples of the machine against one target, and the shortest that breaks a claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from hashlib import blake2b
from typing import cast

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from contracts.checks import Broken, NotObservable
from contracts.evidence import Exchange
from contracts.lab import Lab
from contracts.machine.pair import Pair
from contracts.machine.rules import SyncMachine
from contracts.model.state import Organization
from contracts.target import CannotRun, Sent


@dataclass(frozen=True)
class Effort:
    """How much is tried: examples, steps in each, and examples for making a broken one shorter."""

    examples: int
    steps: int
    shortening: int = 300


class _Enough(BaseException):
    """Out of Hypothesis at once: it takes every other exception for one more way to break."""


class Campaign:
    """What the examples of one campaign have come to."""

    def __init__(self, lab: Lab, readings: Mapping[str, str], effort: Effort) -> None:
        self._lab = lab
        self._readings = readings
        self._effort = effort
        self._begun = 0
        self._start: list[Organization] | None = None
        self._pair: Pair | None = None
        self._since_broken = 0
        self._shortest: tuple[int, int] | None = None
        self._kept: tuple[list[Exchange], list[Sent]] = ([], [])
        self.broken: Broken | None = None
        self.stopped: CannotRun | NotObservable | None = None

    def begin(self) -> Pair:
        """A pair for the next example; its evidence starts here."""
        if self.broken is not None:
            self._since_broken += 1
            if self._since_broken > self._effort.shortening:
                raise _Enough
        self._begun += 1
        self._pair = None
        # A tenant keeps what earlier examples made, a world is reset.
        tag = self._lab.prefix if self._lab.controlled else f"{self._lab.prefix}-{self._begun}"
        self._lab.wire.begin()
        with self.watched():
            pair = Pair(self._lab, self._readings, tag, self.watched, deepcopy(self._start))
        if self._start is None:
            self._start = deepcopy(pair.world.organizations)
        self._pair = pair
        return pair

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep the shortest example that is Broken; stop where nothing more can be learned."""
        try:
            yield
        except Broken as broken:
            size = (len(self._pair.told) if self._pair is not None else 0, len(str(broken)))
            if self._shortest is None or size < self._shortest:
                self.broken, self._shortest = broken, size
                self._kept = list(self._lab.wire.evidence), list(self._lab.wire.tape)
            raise
        except (CannotRun, NotObservable) as stopped:
            self.stopped = stopped
            raise _Enough from stopped

    def settle(self) -> None:
        """Raise what was found, with the evidence of the shortest example."""
        if self.stopped is not None:
            raise self.stopped
        if self.broken is not None:
            self._lab.wire.evidence, self._lab.wire.tape = self._kept
            raise self.broken


def judge(lab: Lab, effort: Effort, readings: Mapping[str, str], number: int = 0) -> None:
    """Broken where the target, under these readings, differs from the model in one of the examples.

    `number` tells campaigns of one run apart: each has chances of its own.
    """
    campaign = Campaign(lab, readings, effort)

    def machine() -> SyncMachine:
        return SyncMachine(campaign.begin)

    # Hypothesis takes any function that makes a machine, whatever its annotation says.
    factory = cast("type[SyncMachine]", seed(_number(f"{lab.seed}/{number}"))(machine))
    try:
        run_state_machine_as_test(factory, settings=_settings(effort))
    except (_Enough, Broken, Flaky):
        campaign.settle()
        raise


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def _settings(effort: Effort) -> settings:
    """Nothing from a database, a profile or the machine's clock: the same examples in every run."""
    return settings(
        max_examples=effort.examples,
        stateful_step_count=effort.steps,
        phases=(Phase.generate, Phase.shrink),
        derandomize=False,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
        backend="hypothesis",
    )
