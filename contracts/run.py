"""A run: point the checks at a target, find out its readings, and judge claim by claim."""

from __future__ import annotations

import fnmatch
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from contracts import ledger
from contracts.checks import Broken, Check, NotObservable, all_checks
from contracts.lab import Lab
from contracts.readings import detect
from contracts.space import ControlledWorld, Space, Tenant, has_everything
from contracts.target import TIMEOUT, Budget, CannotRun, Credentials, Target, Wire
from contracts.verdicts import Finding, ReadingFound, Report, Verdict, judge

# A run whose answers are mostly these says nothing about the target.
_EMPTY_STATUSES = (401, 404, 429)
_MOST_EMPTY = 0.6


@dataclass(frozen=True)
class Options:
    """What a run is asked for.

    `name` stands for the target in reports, else its URLs. `template` is what worlds are made like, where
    the target can make them. `run_id` goes into every identifier made where it can not: what an earlier run
    left there must not be met again.
    """

    target: Target
    name: str | None = None
    credentials: Credentials | None = None
    template: dict[str, Any] = field(default_factory=dict)
    profile: str = "quick"
    run_id: str = ""
    claims: tuple[str, ...] = ("*",)
    seed: int = 0
    workers: int = 1
    allow_writes: bool = False
    max_requests: int = 100_000
    strict: bool = False
    timeout: float = TIMEOUT

    @property
    def writes(self) -> bool:
        """Whether checks may change data: always on this machine, elsewhere only if allowed."""
        return self.allow_writes or self.target.is_local


Progress = Callable[[int, int, int, int], None]


class Run:
    """One run. `progress` is told checks done, checks in all, requests sent and failures so far."""

    def __init__(self, options: Options, progress: Progress = lambda *_: None) -> None:
        self._options = options
        self._progress = progress
        self._budget = Budget(options.max_requests)
        self._readings: dict[str, str] = ledger.load().defaults()

    def __call__(self) -> Report:
        """Do it. CannotRun where nothing could be learned."""
        started = time.monotonic()
        checks = self._chosen()
        self._preflight()
        found = self._detect()
        self._readings = {reading.name: reading.value for reading in found}
        findings = self._findings(checks)
        self._refuse_vacuous(findings)
        report = Report(
            target=self._describe(),
            profile=self._options.profile,
            seed=self._options.seed,
            readings=found,
            verdicts=self._verdicts(findings),
            requests=self._budget.sent,
            statuses=self._budget.statuses,
            strict=self._options.strict,
            seconds=time.monotonic() - started,
        )
        left_out = [verdict.claim.id for verdict in report.verdicts if verdict.status == "left out"]
        if not self._options.writes and left_out:
            report.notes.append(f"left out, because they write and --allow-writes was not given: {', '.join(left_out)}")
        return report

    def _describe(self) -> str:
        target = self._options.target
        return self._options.name or ", ".join(url for url in (target.hrms, target.scan2evolve) if url)

    def _chosen(self) -> list[Check]:
        patterns = self._options.claims
        known = ledger.load().claims
        for pattern in patterns:
            if not fnmatch.filter(known, pattern):
                raise CannotRun(f"no claim is called {pattern}; the ledger is contracts/claims.yaml")
        return [
            check
            for check in all_checks()
            if any(fnmatch.fnmatchcase(claim, pattern) for claim in check.claims for pattern in patterns)
        ]

    # -- before the checks -------------------------------------------------------------------------

    def _preflight(self) -> None:
        """See that there is an API that knows the credentials; CannotRun says what to do where there is not."""
        with self._lab("preflight") as lab:
            missing = has_everything(lab.space.credentials)
            if missing and len(missing) == 2 and not lab.space.credentials.organizations:
                raise CannotRun(f"the credentials lack {' and '.join(missing)}")
            target = self._options.target
            if target.hrms is not None and lab.space.credentials.hrms:
                self._see(lab.hrms("/v1/users"), target.hrms, "the HRMS")
            if target.scan2evolve is not None and lab.space.credentials.organizations:
                organization = lab.organization()
                grant = {
                    "client_id": organization.client_id,
                    "client_secret": organization.client_secret,
                    "grant_type": "client_credentials",
                }
                answer = lab.scan2evolve("POST", "/api/v1/auth/token", grant, authorization=None)
                self._see(answer, target.scan2evolve, "Scan2Evolve")

    @staticmethod
    def _see(answer: Any, url: str, name: str) -> None:
        if 300 <= answer.status < 400:
            raise CannotRun(f"{url} redirects to {answer.headers.get('location')}: give that URL")
        if "json" not in answer.headers.get("content-type", ""):
            kind = answer.headers.get("content-type", "no content type")
            raise CannotRun(f"{url} answers {answer.status} with {kind}, not JSON: is it {name}?")
        if answer.status == 401:
            raise CannotRun(f"{name} at {url} refuses the credentials (401)")
        if answer.status == 429:
            raise CannotRun(f"{name} at {url} lets nothing through (429): try again when its limit allows")

    def _detect(self) -> list[ReadingFound]:
        """Which reading the target follows; where that cannot be seen, the default, with the reason."""
        rows = ledger.load().readings
        found = detect(self._lab, writes=self._options.writes)
        return [
            ReadingFound(row.name, found[row.name].value or row.default, row.default, found[row.name].note)
            for row in rows.values()
        ]

    # -- the checks --------------------------------------------------------------------------------

    @contextmanager
    def _lab(self, name: str, readings: dict[str, str] | None = None) -> Iterator[Lab]:
        """A lab in a space of its own."""
        options = self._options
        wire = Wire(options.target, self._budget, options.timeout)
        own_world = options.target.control is not None
        run = "" if own_world else f"-{options.run_id}"
        prefix = f"conform-{options.seed}{run}-{name.replace('.', '-').replace('_', '-')}"[:63].rstrip("-")
        space: Space
        with closing(wire):
            if own_world:
                space = ControlledWorld(wire, {"seed": options.seed, **options.template}, _world_id(prefix))
            elif options.credentials is not None:
                space = Tenant(options.credentials)
            else:
                raise CannotRun("without a control plane, --credentials must say who may ask")
            with closing(space):
                wire.begin()
                yield Lab(wire, space, readings or self._readings, prefix)

    def _findings(self, checks: list[Check]) -> list[Finding]:
        done: list[Finding] = []
        # Checks that share a tenant would see each other's doings.
        workers = self._options.workers if self._options.target.control is not None else 1
        with ThreadPoolExecutor(workers) as pool:
            for finding in pool.map(self._try, checks):
                done.append(finding)
                failures = sum(held.status == "broken" for held in done)
                self._progress(len(done), len(checks), self._budget.sent, failures)
        return done

    def _try(self, check: Check) -> Finding:
        started = time.monotonic()

        def finding(status: Any, message: str = "", lab: Lab | None = None) -> Finding:
            evidence = tuple(lab.wire.evidence) if lab is not None else ()
            return Finding(check.name, check.says, check.claims, status, message, evidence, time.monotonic() - started)

        if check.writes and not self._options.writes:
            return finding("left out", "it writes; --allow-writes was not given")
        with self._lab(check.name) as lab:
            try:
                check.function(lab)
            except NotObservable as hidden:
                return finding("not observable", str(hidden))
            except Broken as broken:
                return finding("broken", str(broken), lab)
            except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
                # An answer of another shape than the check reads: the target broke its word, or the check did.
                return finding("broken", f"the answer has another shape: {type(error).__name__} {error}", lab)
            return finding("holds", "", lab)

    def _refuse_vacuous(self, findings: list[Finding]) -> None:
        total = sum(self._budget.statuses.values())
        empty = sum(self._budget.statuses.get(status, 0) for status in _EMPTY_STATUSES)
        if findings and total and empty / total > _MOST_EMPTY:
            raise CannotRun(
                f"{empty} of {total} answers were 401, 404 or 429: such a run proves nothing; check URLs, "
                "credentials and limits"
            )

    def _verdicts(self, findings: list[Finding]) -> list[Verdict]:
        """A verdict for each claim that was asked for."""
        by_claim: dict[str, list[Finding]] = {}
        for finding in findings:
            for claim in finding.claims:
                by_claim.setdefault(claim, []).append(finding)
        return [
            judge(claim, by_claim.get(claim.id, []))
            for claim in ledger.load().claims.values()
            if any(fnmatch.fnmatchcase(claim.id, pattern) for pattern in self._options.claims)
        ]


def _world_id(prefix: str) -> str:
    """A world's id that tells what it is for: lower case, and no two prefixes have the same."""
    return f"{re.sub('[^a-z0-9]+', '-', prefix.lower())[:50]}-{sha256(prefix.encode()).hexdigest()[:8]}"
