"""The catalogue of deviations, and what a world is made of under some of them."""

from __future__ import annotations

from functools import lru_cache

from sandbox.deviations import accounts, assignments, batch, fields, hrms, rates, rules, tokens, users
from sandbox.deviations.deviation import Deviation, Parts, clash, compose

CATALOGUE: tuple[Deviation, ...] = (
    *batch.DEVIATIONS,
    *fields.DEVIATIONS,
    *assignments.DEVIATIONS,
    *accounts.DEVIATIONS,
    *tokens.DEVIATIONS,
    *rates.DEVIATIONS,
    *users.DEVIATIONS,
    *hrms.DEVIATIONS,
    *rules.REWORDED,
    *rules.WITHOUT,
)
BY_NAME = {deviation.name: deviation for deviation in CATALOGUE}


class Unknown(ValueError):
    """There is no deviation of that name, or it is named twice; `index` is its place among those asked for."""

    def __init__(self, text: str, index: int) -> None:
        super().__init__(text)
        self.index = index


class Clash(ValueError):
    """Two deviations that cannot be in force together; `index` is the second one's place."""

    def __init__(self, first: Deviation, second: Deviation, spot: str, index: int) -> None:
        super().__init__(f"{first.name} and {second.name} both swap {spot}")
        self.index = index


@lru_cache(maxsize=256)
def compiled(names: tuple[str, ...]) -> Parts:
    """What a world with these deviations is made of: composed once, and the domain's own where there are none.

    Raises Unknown, and Clash where two swap the same thing.
    """
    for index, name in enumerate(names):
        if name not in BY_NAME:
            raise Unknown(f"there is no deviation {name}", index)
        if name in names[:index]:
            raise Unknown(f"{name} is named twice", index)
    deviations = tuple(BY_NAME[name] for name in names)
    both = clash(deviations)
    if both is not None:
        raise Clash(*both, names.index(both[1].name))
    return compose(deviations)
