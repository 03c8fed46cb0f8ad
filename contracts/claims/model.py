"""The reference model: random sequences of requests, answered and stored as the model has it."""

from __future__ import annotations

from contracts import ledger
from contracts.checks import NotObservable, Profile, check
from contracts.lab import Lab
from contracts.machine import Effort, judge
from contracts.pairwise import covering
from contracts.shuffle import shuffled

# By profile: for the readings in force, and for each combination of others.
_IN_FORCE: dict[Profile, Effort] = {
    "quick": Effort(50, 12),
    "ci": Effort(300, 14, 600),
    "nightly": Effort(1_500, 20, 2_000),
}
_COMBINED: dict[Profile, Effort] = {"quick": Effort(0, 0), "ci": Effort(60, 14, 600), "nightly": Effort(120, 20, 2_000)}
# A tenant keeps what is sent, and its limits count.
_IN_A_TENANT: dict[Profile, Effort] = {
    "quick": Effort(4, 6, 20),
    "ci": Effort(8, 8, 40),
    "nightly": Effort(20, 10, 60),
}
_NIGHTLY_COMBINATIONS = 40


@check("S2E-BATCH-10", "S2E-BATCH-12", serial=True)
def random_sequences_agree_with_the_model(lab: Lab) -> None:
    """Random sequences of syncs, token use and reads are answered and stored as the reference model has it."""
    efforts = _IN_FORCE if lab.controlled else _IN_A_TENANT
    lab.sees("mail, groups and what the clock does")
    judge(lab, efforts[lab.profile], lab.readings)


@check("S2E-BATCH-10", "S2E-BATCH-12", profile="ci", serial=True)
def pairs_of_readings_agree_with_the_model(lab: Lab) -> None:
    """The same holds under combinations of readings in which every two values come together."""
    _switchable(lab)
    values = {name: reading.values for name, reading in ledger.load().readings.items()}
    for number, readings in enumerate(covering(values, str(lab.seed)), 1):
        judge(lab, _COMBINED[lab.profile], readings, number)


@check("S2E-BATCH-10", "S2E-BATCH-12", profile="nightly", serial=True)
def random_readings_agree_with_the_model(lab: Lab) -> None:
    """The same holds under readings picked at random."""
    _switchable(lab)
    for number in range(1, _NIGHTLY_COMBINATIONS + 1):
        readings = {
            name: shuffled(reading.values, f"{lab.seed}/{number}/{name}")[0]
            for name, reading in ledger.load().readings.items()
        }
        judge(lab, _COMBINED[lab.profile], readings, 1_000 + number)


def _switchable(lab: Lab) -> None:
    """NotObservable unless the target's readings can be set, and are in force as it says."""
    if lab.space.control("GET", "/readings") != lab.readings:
        raise NotObservable("the target does not follow the readings that its world is set to")
