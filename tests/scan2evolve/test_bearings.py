"""Readings that are named as the reason for an outcome: exactly those with which it would have been another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sandbox.scan2evolve.outcomes import Outcome
from tests.scan2evolve import strategies
from tests.scan2evolve.domain import Domain
from tests.thoroughness import examples

# Of a record by itself. The first two only word the answer, the others are about the request as a whole.
ELSEWHERE = {"missing-id-entry", "user-id-without-account", "empty-batch", "duplicate-in-batch"}
ROWS = [row for row in strategies.SYNC_READINGS if row.name not in ELSEWHERE]


def outcome_of(
    before: Sequence[Any], readings: dict[str, str], record: Any, value: dict[str, str], quick: bool
) -> tuple[Outcome, Any]:
    """The outcome of a record after others, where one reading is switched in between, and all that it made."""
    domain = Domain(**readings)
    for each in before:
        domain.sync(each)
    domain.read(**readings | value)
    outcome = domain.sync(record, quick=quick)[0]
    state = domain.state()
    for organization in state[0]:
        for employee in organization["employees"]:
            # A name that is the same either way is no difference yet.
            del employee["display_name_given"]
    return msgspec.structs.replace(outcome, readings=()), (outcome.readings, state)


@settings(max_examples=examples(250), suppress_health_check=list(HealthCheck))
@given(
    before=st.lists(strategies.plain_records, max_size=3),
    readings=strategies.readings,
    record=strategies.records,
    quick=st.booleans(),
)
def test_readings_named_are_those_that_made_a_difference(
    before: list[Any], readings: dict[str, str], record: Any, quick: bool
) -> None:
    """With another value of them the outcome or the state would be another, and with another value of no other."""
    readings["duplicate_in_batch"] = "update"
    outcome, (named, state) = outcome_of(before, readings, record, {}, quick)
    assert len(set(named)) == len(named)
    different = set()
    for row in ROWS:
        key = row.name.replace("-", "_")
        for value in row.values:
            if value != readings[key]:
                other, (_, after) = outcome_of(before, readings, record, {key: value}, quick)
                if (other, after) != (outcome, state):
                    different.add(row.name)
    for name in different:
        event(name)
    assert set(named) == different, (named, different, outcome)
