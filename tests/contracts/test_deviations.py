"""The suite can fail: whatever bug a vendor has of those in the catalogue, the claims that it breaks turn red."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts import ledger
from sandbox.app import Application
from sandbox.deviations.catalogue import CATALOGUE
from sandbox.deviations.deviation import Deviation
from sandbox.readings import CATALOGUE as READINGS
from sandbox.server import serving
from tests.client import ServerClient
from tests.contracts.targets import judged, judged_from_outside, statuses
from tests.matrix import eligible

CLAIMS = ledger.load().claims
BREAKING = [pytest.param(row, id=row.name) for row in CATALOGUE if row.reading is None]
READING = [pytest.param(row, id=row.name) for row in CATALOGUE if row.reading is not None]
OF_THE_ISSUE = {
    "email-format-reworded",
    "without-role-unknown",
    "partial-write-on-failure",
    "batch-aborted-by-bad-record",
    "duplicate-on-retry",
    "employee-id-changes-on-update",
    "additive-removes-roles",
    "replace-forgets-groups",
    "inactive-account-left-enabled",
    "welcome-mail-without-flag",
    "password-in-mail-without-reset",
    "users-of-all-organizations",
    "scopes-not-checked",
    "environment-ignored",
    "tokens-never-expire",
    "retry-after-too-short",
    "remaining-does-not-count",
    "reset-drifts",
    "limit-shared-between-organizations",
    "without-batch-size",
    "error-of-the-wrong-record",
    "results-in-reverse-order",
    "display-name-stale",
    "emails-compared-with-case",
}


# Bugs in what only a control plane shows, of claims of which something can be seen without one, too.
HALF_HIDDEN = (
    *("groups-survive-leaving", "null-termination-date-ignored", "metadata-merged", "metadata-flattened"),
    *("left-out-fields-cleared", "site-level-manager-lost", "replace-forgets-groups", "groups-left-out-are-kept"),
    *("additive-doubles-groups", "welcome-mail-to-leavers", "pair-expires-after-a-month", "reset-drifts"),
    *("application-tokens-expire", "positions-under-users-scope", "lists-cut-at-100", "work-locations-cut-to-one"),
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """One server, whose worlds have the bugs."""
    with serving(Application()) as base:
        yield base


@pytest.mark.slow
@pytest.mark.parametrize("deviation", BREAKING)
def test_deviation_turns_its_claims_red(url: str, deviation: Deviation) -> None:
    """Every claim that a deviation declares is broken in a world that has it, and never by a server error."""
    report = judged(url, *deviation.claims, template={"deviations": [deviation.name]})
    found = statuses(report)
    assert {claim: found[claim] for claim in deviation.claims} == dict.fromkeys(deviation.claims, "broken")
    broken = [row for verdict in report.verdicts for row in verdict.findings if row.status == "broken"]
    assert all(finding.message and finding.evidence for finding in broken)
    assert 500 not in report.statuses
    assert report.exit_code == int(any(CLAIMS[claim].level != "assumed" for claim in deviation.claims))


@pytest.mark.slow
@pytest.mark.parametrize("name", HALF_HIDDEN)
def test_deviation_that_nobody_sees_from_outside_leaves_no_claim_whole(server: ServerClient, name: str) -> None:
    """Without a control plane a claim whose broken half is hidden does not hold: in part at most, with the reason."""
    deviation = next(row for row in CATALOGUE if row.name == name)
    world = server.world(deviations=[name])
    report = judged_from_outside(server.url, world.created, *deviation.claims)
    world.control("DELETE")
    assert set(statuses(report).values()) <= {"holds in part", "not observable", "broken"}
    assert all(verdict.reason for verdict in report.verdicts)


@pytest.mark.slow
@pytest.mark.parametrize("deviation", READING)
def test_deviation_of_a_reading_is_judged_by_the_other_value(url: str, deviation: Deviation) -> None:
    """Where a rule is one value of a reading, a vendor without it follows the other one, whatever he says himself."""
    assert deviation.reading is not None
    assert not deviation.claims
    reading, followed = deviation.reading
    row = next(row for row in READINGS if row.name == reading)
    wished = next(value for value in row.values if value != followed)
    for names, value in (([], wished), ([deviation.name], followed)):
        report = judged(url, *row.claims, template={"readings": {reading: wished}, "deviations": names})
        assert {found.name: found.value for found in report.readings}[reading] == value
        seen = {finding.status for verdict in report.verdicts for finding in verdict.findings}
        # A world that does not follow what it is switched to is not judged by it.
        assert seen - {"ineligible"} == ({"holds", "not observable"} if names else {"holds"})
        held = {"holds", "holds in part"} if names else {"holds"}
        assert set(statuses(report).values()) <= held, [verdict.reason for verdict in report.verdicts]


@pytest.mark.parametrize("claim", eligible())
def test_claim_that_can_be_checked_is_broken_by_a_deviation(claim: str) -> None:
    """A claim that no deviation breaks would prove nothing."""
    assert [row.name for row in CATALOGUE if claim in row.claims]


def test_catalogue_of_deviations_has_those_that_were_asked_for() -> None:
    """At least forty besides those that the rules' tables give, the familiar bugs among them, all named once."""
    names = [row.name for row in CATALOGUE]
    assert len(set(names)) == len(names)
    assert len([name for name in names if not name.startswith("without-")]) >= 40
    assert set(names) >= OF_THE_ISSUE


@pytest.mark.parametrize("deviation", CATALOGUE, ids=lambda row: row.name)
def test_deviation_is_described_in_a_sentence_and_breaks_known_claims(deviation: Deviation) -> None:
    """A name in kebab case, one sentence, claims of the ledger, and what it swaps."""
    assert deviation.name == "-".join(deviation.name.lower().split())
    assert deviation.says[-1] in ".”"
    assert len(deviation.says.split()) > 3
    assert set(deviation.claims) <= set(CLAIMS)
    assert bool(deviation.claims) == (deviation.reading is None)
    assert deviation.swaps
