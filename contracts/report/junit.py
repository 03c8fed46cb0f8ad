"""junit.xml: a test case a check, for CI systems."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from contracts.verdicts import Finding, Report

# What is no skipped case.
_JUDGED = ("holds", "holds in part", "broken")
# What XML 1.0 cannot hold.
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> bytes:
    """The checks as JUnit XML: broken ones are failures, what was not seen is skipped."""
    findings: dict[str, Finding] = {}
    for finding in [*(held for verdict in report.verdicts for held in verdict.findings), *report.beyond]:
        # A check that broke other claims than its own has two findings: the broken one counts.
        if finding.check not in findings or finding.status == "broken":
            findings[finding.check] = finding
    suite = Element("testsuite", name="contract claims", tests=str(len(findings)))
    suite.set("failures", str(sum(f.status == "broken" for f in findings.values())))
    suite.set("skipped", str(sum(f.status not in _JUDGED for f in findings.values())))
    suite.set("time", f"{report.seconds:.3f}")
    for finding in findings.values():
        subject, _, name = finding.check.rpartition(".")
        case = SubElement(suite, "testcase", classname=f"contracts.claims.{subject}", name=name)
        case.set("time", f"{finding.seconds:.3f}")
        properties = SubElement(case, "properties")
        for claim in finding.claims:
            SubElement(properties, "property", name="claim", value=claim)
        if finding.status == "broken":
            failure = SubElement(case, "failure", message=_printable(finding.message))
            made = finding.world_curl()
            lines = [*([made] if made else []), *(exchange.curl() for exchange in finding.evidence)]
            failure.text = _printable("\n".join(lines))
        elif finding.status not in _JUDGED:
            SubElement(case, "skipped", message=_printable(f"{finding.status}: {finding.message}"))
        elif finding.message:
            SubElement(case, "system-out").text = _printable(f"{finding.status}: {finding.message}")
    data: bytes = tostring(suite, encoding="utf-8", xml_declaration=True)
    return data


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
