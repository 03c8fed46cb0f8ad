"""Pairwise combinations of readings: few of them, and no two values that never meet."""

from __future__ import annotations

from contracts import ledger
from contracts.pairwise import covering

READINGS = ledger.load().readings


def test_pairwise_combinations_hold_every_pair_of_values() -> None:
    """A few combinations are enough for every two values of every two readings, and a seed makes them."""
    values = {name: reading.values for name, reading in READINGS.items()}
    rows = covering(values, "7")
    names = list(values)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            met = {(row[one], row[other]) for row in rows}
            assert met == {(first, second) for first in values[one] for second in values[other]}
    assert all(list(row) == names for row in rows)
    assert len(rows) < 20
    assert rows == covering(values, "7") != covering(values, "8")
