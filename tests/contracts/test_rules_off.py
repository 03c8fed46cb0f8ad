"""The suite can fail: a vendor who forgets one rule of employee sync is found out, whichever it is."""

from __future__ import annotations

import pytest

from contracts import ledger
from sandbox.app import Sandbox
from sandbox.scan2evolve.rules import RULES, Rule
from sandbox.server import serving
from tests.contracts.targets import judged, without_rule

pytestmark = pytest.mark.slow

# These rules are one value of a reading: a vendor without them follows the other value, and that is no fault.
OF_A_READING = {
    "id-once-in-batch": ("duplicate-in-batch", "error", "update"),
    "site-id-well-formed": ("malformed-site-id", "error", "warning"),
}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in RULES if rule.name not in OF_A_READING])
def test_vendor_without_a_rule_breaks_its_claim(rule: Rule) -> None:
    """The claim of a rule is broken where the rule is missing, even where the server then fails with 500."""
    with serving(without_rule(rule.name)) as url:
        report = judged(url, rule.claim)
    assert [(verdict.claim.id, verdict.status) for verdict in report.verdicts] == [(rule.claim, "broken")]
    broken = [finding for finding in report.verdicts[0].findings if finding.status == "broken"]
    assert all(finding.message and finding.evidence for finding in broken)
    documented = ledger.load().claims[rule.claim].level != "assumed"
    assert report.exit_code == (1 if documented else 0)


@pytest.mark.parametrize("name", OF_A_READING)
def test_vendor_without_a_rule_of_a_reading_is_judged_by_the_other_value(name: str) -> None:
    """Where the rule is missing the suite names the other value, whatever the vendor says of himself."""
    reading, wished, followed = OF_A_READING[name]
    claim = next(rule.claim for rule in RULES if rule.name == name)
    for app, found in ((Sandbox(), wished), (without_rule(name), followed)):
        with serving(app) as url:
            report = judged(url, claim, template={"readings": {reading: wished}})
        assert {row.name: row.value for row in report.readings}[reading] == found
        assert report.verdicts[0].status == "holds", report.verdicts[0].reason
