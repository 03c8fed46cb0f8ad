"""Checks in worlds switched to other readings: there are some for every value, and they can fail."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace

import pytest

from contracts import ledger
from contracts.checks import Check, all_checks
from contracts.run import Options, Run
from contracts.switched import switched
from tests.client import ServerClient, WorldClient
from tests.contracts.targets import Forwarded, forwarding, judged, judged_from_outside, statuses, target_at

READINGS = ledger.load().readings


def test_switched_checks_reach_every_value_that_is_no_default() -> None:
    """Each other value of each reading has a check, under a name of its own, about claims of that reading alone."""
    checks = switched(all_checks())
    names = [check.name for check in (*all_checks(), *checks)]
    assert len(set(names)) == len(names)
    others = {(row.name, value) for row in READINGS.values() for value in row.values if value != row.default}
    assert {check.under for check in checks} == others
    for check in checks:
        assert check.under is not None
        name, value = check.under
        assert set(check.claims) <= set(READINGS[name].claims) or name in check.about
        assert check.needs in (None, check.under)
        assert check.says.endswith(f"(reading {name} = {value}).")


def test_switched_check_of_a_check_that_needs_a_value_comes_under_that_value_alone() -> None:
    """What can be tried under one value only is not tried under the others."""
    under = {check.under for check in switched(all_checks()) if check.name.startswith("catalogue.site_malformed")}
    assert under == {("malformed-site-id", "error")}
    assert not [check for check in switched(all_checks()) if check.name.startswith("catalogue.status_null")]


# The catalogue's rows name the reading that they need.
OWN_LINES = [c for c in all_checks() if c.claims and not c.serial and not c.name.startswith("catalogue.")]


@pytest.mark.parametrize("check", OWN_LINES, ids=[check.name for check in OWN_LINES])
def test_check_that_looks_at_a_reading_says_so(check: Check) -> None:
    """Whatever reading a check's own lines ask for is one of its claims, or named."""
    asked = set(re.findall(r'readings\["([a-z-]+)"\]', inspect.getsource(check.function)))
    of_claims = {name for name, row in READINGS.items() if not set(row.claims).isdisjoint(check.claims)}
    assert asked <= of_claims | set(check.about)
    assert set(check.about) <= set(READINGS) - of_claims


def loses_locations(forwarded: Forwarded) -> None:
    """A bug under one value only: embedded work locations are lost."""
    if b'"work_locations":[{"id"' in forwarded.body and b'"included"' not in forwarded.body:
        head, _, rest = forwarded.body.partition(b'"work_locations":[')
        forwarded.body = head + b'"work_locations":[' + rest[rest.index(b"]") :]


def test_bug_under_a_value_that_the_target_does_not_follow_breaks_the_claim(server: ServerClient) -> None:
    """The claim is broken by its check in a switched world, and the world to make again is a switched one."""
    with forwarding(server.url, loses_locations) as url:
        report = judged(url, "HRMS-USER-04")
    assert statuses(report) == {"HRMS-USER-04": "broken"}
    assert {row.name: row.value for row in report.readings}["user-detail"] == "included"
    broken = [finding for verdict in report.verdicts for finding in verdict.findings if finding.status == "broken"]
    assert {finding.check.partition("_under_")[2] for finding in broken} == {"user_detail_embedded"}
    assert all(finding.world is not None for finding in broken)
    assert [finding.world["readings"] for finding in broken if finding.world] == [{"user-detail": "embedded"}] * len(
        broken
    )


def test_target_that_makes_no_worlds_has_no_switched_checks(world: WorldClient, server: ServerClient) -> None:
    """A tenant follows what it follows: nothing is said of other values."""
    report = judged_from_outside(server.url, world.created, "S2E-BATCH-03")
    checks = [finding.check for verdict in report.verdicts for finding in verdict.findings]
    assert checks
    assert not [name for name in checks if "_under_" in name]


LAST = {row.name: row.values[-1] for row in READINGS.values()}
ODD = {row.name: row.values[place % len(row.values)] for place, row in enumerate(READINGS.values())}


@pytest.mark.slow
@pytest.mark.parametrize("readings", [LAST, ODD], ids=["last", "odd"])
def test_no_check_breaks_a_target_that_follows_other_readings_throughout(
    server: ServerClient, readings: dict[str, str]
) -> None:
    """Where many readings are others at once, no claim is broken: a check minds each one that bears on it."""
    run = Run(replace(Options(target_at(server.url)), template={"readings": readings}))
    run.follow(readings)
    small = [check for check in all_checks() if check.claims and not check.serial and check.profile == "quick"]
    found = [finding for check in small for finding in run.attempt(check)]
    assert [(finding.check, finding.message) for finding in found if finding.status == "broken"] == []
    assert {finding.status for finding in found} >= {"holds"}
