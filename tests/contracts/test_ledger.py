"""The ledger: every claim is checked, planned, or excused, and every check knows its claims."""

from __future__ import annotations

import pytest

from contracts import ledger
from contracts.checks import Check, all_checks
from contracts.ledger import Claim
from contracts.readings import DETECTORS
from sandbox.readings import CATALOGUE

CLAIMS = ledger.load().claims
CHECKS = all_checks()
CHECKED = {claim for check in CHECKS for claim in check.claims}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_claim_that_is_neither_planned_nor_excused_has_a_check(claim: Claim) -> None:
    """A claim is checked, or planned, or stands there with the reason why it cannot be: one of the three."""
    assert [claim.id in CHECKED, claim.planned, bool(claim.ineligible)].count(True) == 1
    assert claim.ineligible is None or len(claim.ineligible.split()) > 2


@pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
def test_check_of_the_suite_names_known_claims_and_says_what_it_tries(check: Check) -> None:
    """A check names claims of the ledger, each once, and has a sentence for the report."""
    assert check.claims or check.name.startswith("generic.")
    assert len(set(check.claims)) == len(check.claims)
    assert set(check.claims) <= set(CLAIMS)
    assert check.says.endswith(".")
    assert len(check.says.split()) > 3


def test_checks_of_the_suite_say_different_things() -> None:
    """No two checks of a claim have the same sentence: a report would show them as one."""
    said = [(claim, check.says) for check in CHECKS for claim in check.claims]
    assert len(set(said)) == len(said)


def test_readings_of_the_ledger_are_those_of_the_sandbox() -> None:
    """Names, values in order, defaults and claims of readings are the same on both sides; all can be found out."""
    held = {row.name: (row.values, row.default, set(row.claims)) for row in ledger.load().readings.values()}
    assert held == {row.name: (row.values, row.default, set(row.claims)) for row in CATALOGUE}
    assert set(DETECTORS) == set(held)
    assert {claim for _, _, claims in held.values() for claim in claims} <= set(CLAIMS)
