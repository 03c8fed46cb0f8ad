"""Pairwise combinations: a few choices in which every pair of values of two switches comes together once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from contracts.shuffle import shuffled

# A switch and its value.
Setting = tuple[str, str]
Pair = frozenset[Setting]


def covering(switches: Mapping[str, Sequence[str]], seed: str) -> list[dict[str, str]]:
    """Choices of a value for each switch; all pairs are in at least one of them. `seed` makes the order."""
    missing: dict[Pair, None] = {}
    for (one, values), (other, others) in combinations(switches.items(), 2):
        missing |= {frozenset({(one, value), (other, second)}): None for value in values for second in others}
    chosen: list[dict[str, str]] = []
    while missing:
        start = next(iter(missing))
        choice = _grown(dict(sorted(start)), switches, missing, f"{seed}/{len(chosen)}")
        for pair in combinations(choice.items(), 2):
            missing.pop(frozenset(pair), None)
        chosen.append({name: choice[name] for name in switches})
    return chosen


def _grown(
    choice: dict[str, str], switches: Mapping[str, Sequence[str]], missing: Mapping[Pair, None], seed: str
) -> dict[str, str]:
    """The choice with a value for each other switch: the one that brings in the most missing pairs."""
    for name in shuffled([name for name in switches if name not in choice], seed):
        gains = {value: _gain((name, value), choice, missing) for value in shuffled(switches[name], f"{seed}/{name}")}
        choice = choice | {name: max(gains, key=gains.__getitem__)}
    return choice


def _gain(setting: Setting, choice: Mapping[str, str], missing: Mapping[Pair, None]) -> int:
    """How many missing pairs a setting makes with what is chosen already."""
    return sum(frozenset({setting, held}) in missing for held in choice.items())
