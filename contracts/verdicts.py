"""Verdicts: what a run says of each check, each claim and each reading."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from contracts.evidence import Exchange, world_curl
from contracts.ledger import Claim

Status = Literal["holds", "holds in part", "broken", "not observable", "left out", "planned", "ineligible"]
# What makes a claim broken outweighs what makes it hold, and so on.
_WEIGHT: dict[Status, int] = {
    "broken": 0,
    "holds in part": 1,
    "holds": 2,
    "left out": 3,
    "not observable": 4,
    "ineligible": 5,
    "planned": 6,
}


@dataclass(frozen=True)
class Finding:
    """What one check found. `message` says what is wrong, or what could not be seen.

    What `holds in part` was seen as far as the target lets it be seen, and no further.

    `world`: what to ask the control plane for to have again the world in which it was found.
    """

    check: str
    says: str
    claims: tuple[str, ...]
    status: Status
    message: str = ""
    evidence: tuple[Exchange, ...] = ()
    seconds: float = 0.0
    world: dict[str, Any] | None = None

    def world_curl(self) -> str | None:
        """The curl command that makes that world again; None where there was none."""
        return None if self.world is None else world_curl(self.world)


@dataclass(frozen=True)
class Verdict:
    """What a run says of one claim."""

    claim: Claim
    status: Status
    reason: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ReadingFound:
    """Which value of a reading the target follows; `note` says so where that could not be seen."""

    name: str
    value: str
    default: str
    note: str = ""


@dataclass
class Report:
    """A whole run. `beyond` holds what the checks found that belong to no claim."""

    target: str
    profile: str
    seed: int
    readings: list[ReadingFound]
    verdicts: list[Verdict]
    requests: int
    statuses: dict[int, int]
    beyond: list[Finding] = field(default_factory=list)
    strict: bool = False
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Status -> number of claims."""
        return dict(Counter(verdict.status for verdict in self.verdicts))

    @property
    def failing(self) -> list[Verdict]:
        """The broken claims that fail the run: documented ones, under `strict` assumed ones too."""
        return [v for v in self.verdicts if v.status == "broken" and (self.strict or v.claim.level != "assumed")]

    @property
    def broken_beyond(self) -> list[Finding]:
        """The broken checks that belong to no claim; each fails the run."""
        return [finding for finding in self.beyond if finding.status == "broken"]

    @property
    def failure(self) -> str:
        """What fails the run, as the beginning of a sentence; empty where nothing does."""
        claims, checks = len(self.failing), len(self.broken_beyond)
        parts = [f"{claims} claim{'s' if claims != 1 else ''}"] if claims else []
        if checks:
            parts.append(f"{checks} check{'s' if checks != 1 else ''} beyond the claims")
        return f"{' and '.join(parts)} fail{'s' if claims + checks == 1 else ''}" if parts else ""

    @property
    def exit_code(self) -> int:
        """0 holds, 1 broken."""
        return 1 if self.failing or self.broken_beyond else 0


def judge(claim: Claim, findings: list[Finding]) -> Verdict:
    """One verdict from all that was found about a claim: one broken check breaks it, one unseen leaves but a part."""
    if claim.planned:
        return Verdict(claim, "planned", "no check yet", ())
    if claim.ineligible is not None:
        return Verdict(claim, "ineligible", claim.ineligible, ())
    if not findings:
        return Verdict(claim, "left out", "no check of it was asked for", ())
    ranked = sorted(findings, key=lambda finding: _WEIGHT[finding.status])
    status = ranked[0].status
    telling = {status}
    if status in ("holds", "holds in part"):
        telling = {"holds in part", "left out", "not observable"}
        if any(finding.status in telling for finding in findings):
            status = "holds in part"
    reasons = list(dict.fromkeys(f.message for f in ranked if f.status in telling and f.message))
    reason = reasons[0] if reasons else ""
    if len(reasons) > 1:
        reason += f" (and {len(reasons) - 1} more)"
    return Verdict(claim, status, reason, tuple(findings))


def as_dict(report: Report, *, durations: bool = True) -> dict[str, Any]:
    """The report as JSON; without `durations`, two runs alike are alike to the byte."""
    return {
        "version": 1,
        "target": report.target,
        "profile": report.profile,
        "seed": report.seed,
        "strict": report.strict,
        "exit_code": report.exit_code,
        "counts": dict(sorted(report.counts.items())),
        "requests": report.requests,
        "statuses": {str(status): count for status, count in sorted(report.statuses.items())},
        "notes": report.notes,
        "readings": [
            {"name": found.name, "value": found.value, "default": found.default, "note": found.note}
            for found in report.readings
        ],
        "claims": [
            {
                "id": verdict.claim.id,
                "api": verdict.claim.api,
                "level": verdict.claim.level,
                "source": verdict.claim.source,
                "says": verdict.claim.says,
                "status": verdict.status,
                "reason": verdict.reason,
                "checks": [_finding(finding, durations=durations) for finding in verdict.findings],
            }
            for verdict in report.verdicts
        ],
        "beyond": [_finding(finding, durations=durations) for finding in report.beyond],
    } | ({"seconds": round(report.seconds, 3)} if durations else {})


def _finding(finding: Finding, *, durations: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "check": finding.check,
        "says": finding.says,
        "status": finding.status,
        "message": finding.message,
        "evidence": [exchange.as_dict() for exchange in finding.evidence] if finding.status == "broken" else [],
        "world": finding.world_curl(),
    }
    return shown | ({"seconds": round(finding.seconds, 3)} if durations else {})
