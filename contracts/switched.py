"""Switched: what is tried of a reading's claims, tried again in worlds that follow its other values.

A target follows one value of each reading, and is judged by it. Where it makes worlds, these can be switched, and what
a claim says must hold under every value. Each check of a reading's claims, and each that names the reading,
comes again for each value but the default.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from contracts import ledger
from contracts.checks import Check


def switched(checks: Iterable[Check]) -> list[Check]:
    """These checks again, under each other value of each reading that one of their claims is about.

    The model's and the generic ones are left out: they are about everything, and have their own ways to other readings.
    """
    small = [check for check in checks if check.claims and not check.serial and check.under is None]
    return [
        _under(check, reading.name, value)
        for reading in ledger.load().readings.values()
        for value in reading.values
        if value != reading.default
        for check in small
        if (reading.name in check.about or not set(reading.claims).isdisjoint(check.claims))
        and check.needs in (None, (reading.name, value))
    ]


def _under(check: Check, reading: str, value: str) -> Check:
    claims = tuple(claim for claim in check.claims if claim in ledger.load().readings[reading].claims) or check.claims
    return replace(
        check,
        name=f"{check.name}_under_{reading}_{value}".replace("-", "_"),
        claims=claims,
        says=f"{check.says.removesuffix('.')} (reading {reading} = {value}).",
        under=(reading, value),
    )
