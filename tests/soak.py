"""`python -m tests.soak`: mixed load against a server for as long as you like, and whether its memory stays flat."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Sequence
from itertools import count, islice

import click

from tests.lives import STEPS, VENDORS, Client, Exchange, Request, Step, life
from tests.processes import Process, started
from tests.sending import Line

#: What the level of memory may rise by, while it is watched, as a part of itself.
GROWTH = 0.05
# The first part of the time, once all tokens are there, fills rings and caches.
_WARM_UP = 0.25
_SAMPLES = 200
_CLIENTS = 4
# Fewer samples than these say nothing of a slope.
_ENOUGH = 50
# More than a world remembers: from then on old tokens make room for new ones.
TOKENS = 21_000
#: So many requests lie between two resets, fewer than what fills the rings.
RESET_EVERY = 500
_PLAN = 40

Load = Generator[Request, Exchange, None]

#: Steps that leave a world no larger than they found it, once its rings are full.
_SMALL = sorted(VENDORS.keys() | {"outbox", "verify", "advance", "step", "read", "shown"})
#: The same, of which each answer is large.
_LARGE = ("journal", "audit", "snapshot")
_ANY = sorted(STEPS.keys() - {"create", "delete"})


def staying(name: str, seed: int, tokens: int = 0) -> Load:
    """A client of one world that is never deleted, so that its rings are full.

    It is never reset either where it begins with `tokens`: more of them than it remembers.
    """
    chance, client = random.Random(seed), Client(name)
    for number in count():
        if number == 0:
            step = Step("create", 0, 0)
        elif number <= tokens:
            step = Step("token", 0, 0)
        elif number % 150 == 0:
            step = Step(chance.choice(_LARGE), 0, 0)
        elif not tokens and number % RESET_EVERY == 0:
            step = Step("reset", 0, 0)
        else:
            step = Step(chance.choice(_SMALL), chance.randrange(12), 0)
        request = client.request(step)
        if request is not None:
            client.learn(step, (yield request))
            # What a client keeps is none of the server's, and may be weighed with it.
            client.snapshot = b"{}"


def passing(name: str, seed: int) -> Load:
    """A client of worlds that are made, used for anything, and deleted, one after another."""
    chance = random.Random(seed)
    for number in count():
        plan = [Step(chance.choice(_ANY), chance.randrange(12), 0) for _ in range(_PLAN)]
        yield from _only_led(Client(f"{name}-{number % 50}"), plan)


def _only_led(client: Client, plan: list[Step]) -> Load:
    yield from life(client, plan)


def loads(seed: int, tokens: int) -> list[Load]:
    """All clients of a soak."""
    return [
        staying("stays", seed, tokens),
        staying("is-reset", seed + 1),
        passing("passes", seed + 2),
        passing("comes-and-goes", seed + 3),
    ]


def rise(samples: Sequence[tuple[float, float]]) -> float:
    """By what part of its mean the level rises from the first to the last sample (x, level), on a fitted line."""
    if len(samples) < 2:
        return 0.0
    middle = sum(x for x, _ in samples) / len(samples)
    mean = sum(level for _, level in samples) / len(samples)
    spread = sum((x - middle) ** 2 for x, _ in samples)
    slope = sum((x - middle) * (level - mean) for x, level in samples) / spread
    return slope * (samples[-1][0] - samples[0][0]) / mean


class Soak:
    """Load from several threads on one server, until the time or the number of requests is over."""

    def __init__(self, process: Process, seconds: float, requests: int, seed: int) -> None:
        self._process = process
        self._seconds = seconds
        self._each = requests // _CLIENTS
        self._tokens = min(TOKENS, self._each // 2)
        self._loads = loads(seed, self._tokens)
        self._filled = threading.Event()
        self._stop = threading.Event()
        self.statuses: Counter[int] = Counter()
        self.failures: list[str] = []
        #: (seconds, megabytes) from the moment that all tokens were there.
        self.samples: list[tuple[float, float]] = []

    def run(self) -> None:
        """Load, and look at the memory meanwhile."""
        threads = [threading.Thread(target=self._lead, args=(load,)) for load in self._loads]
        begun: float | None = None
        for thread in threads:
            thread.start()
        while alive := [thread for thread in threads if thread.is_alive()]:
            alive[0].join(self._seconds / _SAMPLES)
            if not self._filled.is_set():
                continue
            begun = begun or time.monotonic()
            if self._look(begun) >= self._seconds:
                self._stop.set()
        self._look(begun or time.monotonic())

    def _look(self, begun: float) -> float:
        """Take a sample; the seconds since then."""
        elapsed = time.monotonic() - begun
        self.samples.append((elapsed, self._process.resident_bytes() / 1e6))
        return elapsed

    def _lead(self, load: Load) -> None:
        counted: Counter[int] = Counter()
        try:
            with Line(self._process.url) as line:
                request = next(load)
                for number in range(self._each):
                    if load is self._loads[0] and number > self._tokens:
                        self._filled.set()
                    answer = line.ask(request)
                    counted[answer.status] += 1
                    if answer.status >= 500:
                        self.failures.append(f"{request.method} {request.target}: {answer.status}")
                    if self._stop.is_set():
                        break
                    request = load.send(answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told and ends the soak
            self.failures.append(repr(error))
            self._stop.set()
            self._filled.set()
        self.statuses.update(counted)

    @property
    def watched(self) -> list[tuple[float, float]]:
        """The samples after the warm-up."""
        begins = self.samples[-1][0] * _WARM_UP
        return [sample for sample in self.samples if sample[0] >= begins]


@click.command()
@click.option("--minutes", default=60.0, show_default=True, help="Stop so long after the first world has all tokens.")
@click.option("--requests", default=10**9, show_default=True, help="Or after so many requests.")
@click.option("--seed", default=0, show_default=True, help="Of the requests.")
def main(minutes: float, requests: int, seed: int) -> None:
    """Mixed load on a server of its own. Exit code 1 where memory rises, an answer is a 5xx or the server logs."""
    with started("--port", "0", "--no-rate-limit") as process:
        soak = Soak(process, minutes * 60, requests, seed)
        soak.run()
        logged = process.log()
    shown = soak.samples[:: max(1, len(soak.samples) // 12)]
    for seconds, megabytes in islice(shown, 13):
        click.echo(f"{seconds:8.0f} s {megabytes:8.1f} MB")
    watched = soak.watched
    part = rise(watched)
    click.echo(f"{sum(soak.statuses.values()):,} requests: " + ", ".join(_counts(soak.statuses)))
    low, high = min(level for _, level in watched), max(level for _, level in watched)
    judged = len(watched) >= _ENOUGH
    verdict = f"rises by {part:+.2%} (at most {GROWTH:.0%})" if judged else "too few samples for a verdict"
    click.echo(f"memory after {watched[0][0]:.0f} s: {low:.1f} to {high:.1f} MB, {verdict}")
    for line in (*soak.failures[:20], *logged.splitlines()[:20]):
        click.echo(line)
    sys.exit(1 if (judged and part > GROWTH) or soak.failures or logged else 0)


def _counts(statuses: Counter[int]) -> list[str]:
    return [f"{number:,} of {status}" for status, number in sorted(statuses.items())]


if __name__ == "__main__":
    main()
