"""A run: point the checks at a target, find out its readings, and judge claim by claim."""

from __future__ import annotations

import fnmatch
import re
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock
from typing import Any, cast

from hypothesis.errors import HypothesisWarning

from contracts import gates, ledger
from contracts.checks import PROFILES, Broken, Check, NotObservable, Profile, all_checks
from contracts.documents import Operation
from contracts.lab import Lab
from contracts.readings import detect, find_out
from contracts.space import ControlledWorld, Space, Tenant, has_everything
from contracts.switched import switched
from contracts.target import TIMEOUT, Budget, CannotRun, Credentials, Target, Wire
from contracts.verdicts import Finding, ReadingFound, Report, Status, Verdict, judge

# Seconds after which it is told how far a check is that takes long.
_BEAT = 1.0
# A run that would send more than this goes round in circles: several times what a profile sends to our own sandbox.
_MOST_REQUESTS = {"quick": 100_000, "ci": 500_000, "nightly": 3_000_000}


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
    max_requests: int | None = None
    strict: bool = False
    timeout: float = TIMEOUT

    @property
    def writes(self) -> bool:
        """Whether checks may change data: always on this machine, elsewhere only if allowed."""
        return self.allow_writes or self.target.is_local

    @property
    def most_requests(self) -> int:
        """After how many requests the run gives up: what was asked for, else what the profile may need."""
        return self.max_requests or _MOST_REQUESTS.get(self.profile, _MOST_REQUESTS["quick"])


Progress = Callable[[int, int, int, int], None]
# A broken check, its lab while that is still open, and what is wrong.
OnBroken = Callable[[Check, Lab, str], None]


class Run:
    """One run. `progress` is told checks done, checks in all, requests sent and failures so far.

    `on_broken` is told of each broken check, by several workers at a time.
    """

    def __init__(
        self, options: Options, progress: Progress = lambda *_: None, on_broken: OnBroken = lambda *_: None
    ) -> None:
        self._options = options
        self._on_broken = on_broken
        # To make a world is to write.
        self._target = options.target if options.writes else replace(options.target, control=None)
        self._progress = progress
        self._budget = Budget(options.most_requests)
        self._answers = gates.Answers()
        self._absent: frozenset[Operation] = frozenset()
        self._counting = Lock()
        self._one_at_a_time = Lock()
        self._switching = Lock()
        self._readings: dict[str, str] = ledger.load().defaults()
        self._switches: dict[tuple[str, str], str | None] = {}

    def __call__(self) -> Report:
        """Do it. CannotRun where nothing could be learned."""
        started = time.monotonic()
        checks = self._chosen()
        found = self.prepare()
        findings = self._findings(checks)
        gates.refuse_vacuous(self._answers)
        if self._is_whole:
            findings.append(gates.reachability(self._target, self._answers, self._absent))
        report = Report(
            target=self._describe(),
            profile=self._options.profile,
            seed=self._options.seed,
            readings=found,
            verdicts=self._verdicts(findings),
            beyond=[finding for finding in findings if not finding.claims],
            requests=self._budget.sent,
            statuses=self._budget.statuses,
            strict=self._options.strict,
            seconds=time.monotonic() - started,
        )
        left_out = [verdict.claim.id for verdict in report.verdicts if verdict.status == "left out"]
        if not self._options.writes and left_out:
            report.notes.append(f"left out, because they write and --allow-writes was not given: {', '.join(left_out)}")
        return report

    # -- for whoever runs the checks one by one ----------------------------------------------------

    def checks(self) -> list[Check]:
        """The checks that were asked for. CannotRun where a claim or the profile is not known."""
        return self._chosen()

    def prepare(self) -> list[ReadingFound]:
        """See that the target can be judged, and find out its readings. CannotRun says why it can not."""
        self.preflight()
        found = self._detect()
        self.follow({reading.name: reading.value for reading in found})
        return found

    def follow(self, readings: dict[str, str]) -> None:
        """Judge by these readings."""
        self._readings = readings

    def attempt(self, check: Check) -> list[Finding]:
        """What a check found, in a space of its own. CannotRun where the target does not answer."""
        return self._try(check)

    def refuse_vacuous(self) -> None:
        """CannotRun where the answers so far prove nothing."""
        gates.refuse_vacuous(self._answers)

    def _describe(self) -> str:
        target = self._target
        return self._options.name or ", ".join(url for url in (target.hrms, target.scan2evolve) if url)

    def _chosen(self) -> list[Check]:
        """The checks of the claims asked for; a generic check is asked for by its own name, or by *."""
        profile = self._options.profile
        if profile not in PROFILES:
            raise CannotRun(f"no profile is called {profile}; there are {', '.join(PROFILES)}")
        checks = all_checks()
        known = [*ledger.load().claims, *(check.name for check in checks if not check.claims)]
        for pattern in self._options.claims:
            if not fnmatch.filter(known, pattern):
                raise CannotRun(f"no claim is called {pattern}; the ledger is contracts/claims.yaml")
        if self._target.control is not None:
            checks += switched(checks)
        return [
            check
            for check in checks
            if check.runs_under(profile) and any(map(self._asked_for, check.claims or (check.name,)))
        ]

    @property
    def _is_whole(self) -> bool:
        """Whether all claims are to be judged, so that all operations must be seen to work."""
        return "*" in self._options.claims

    def _asked_for(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self._options.claims)

    # -- before the checks -------------------------------------------------------------------------

    def preflight(self) -> None:
        """See that there is an API that knows the credentials; CannotRun says what to do where there is not."""
        with self._lab("preflight") as lab:
            missing = has_everything(lab.space.credentials)
            if missing and len(missing) == 2 and not lab.space.credentials.organizations:
                raise CannotRun(f"the credentials lack {' and '.join(missing)}")
            target = self._target
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
            self._absent = gates.absent_operations(lab)
        if self._is_whole:
            gates.refuse_half(target, self._absent)

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
    def _lab(self, name: str, under: tuple[str, str] | None = None, *, beyond: bool = False) -> Iterator[Lab]:
        """A lab in a space of its own, switched to a value of a reading where `under` names one.

        `beyond` the claims its answers are counted apart.
        """
        options = self._options
        switch = {} if under is None else dict([under])
        wire = Wire(self._target, self._budget, options.timeout)
        own_world = self._target.control is not None
        run = "" if own_world else f"-{options.run_id}"
        full = f"conform-{options.seed}{run}-{name.replace('.', '-').replace('_', '-')}"
        prefix = full[:63].rstrip("-")
        space: Space
        with closing(wire):
            if own_world:
                wishes = {"seed": options.seed, **options.template}
                if switch:
                    wishes["readings"] = {**wishes.get("readings", {}), **switch}
                space = ControlledWorld(wire, wishes, _world_id(full))
            elif options.credentials is not None:
                space = Tenant(options.credentials)
            elif options.target.control is not None:
                raise CannotRun(
                    f"{options.target.control} is not on this machine: let it make worlds with --allow-writes, or name "
                    "who may ask with --credentials"
                )
            else:
                raise CannotRun("without a control plane, --credentials must say who may ask")
            with closing(space):
                wire.begin()
                yield Lab(
                    wire,
                    space,
                    self._readings | switch,
                    prefix,
                    profile=cast("Profile", options.profile),
                    seed=options.seed,
                    writes=options.writes,
                    absent=self._absent,
                )
            with self._counting:
                (self._answers.beyond if beyond else self._answers.claims).add(wire.tally)

    def _findings(self, checks: list[Check]) -> list[Finding]:
        done: list[Finding] = []
        failures = 0
        # Checks that share a tenant would see each other's doings.
        workers = self._options.workers if self._target.control is not None else 1
        with ThreadPoolExecutor(workers) as pool:
            try:
                for number, tried in enumerate([pool.submit(self._try, check) for check in checks]):
                    # Some checks send for minutes: it shows that they do.
                    while not wait((tried,), timeout=_BEAT).done:
                        self._progress(number, len(checks), self._budget.sent, failures)
                    done += tried.result()
                    failures = sum(held.status == "broken" for held in done)
                    self._progress(number + 1, len(checks), self._budget.sent, failures)
            except BaseException:
                # What runs ends with its next request; its world is deleted all the same.
                self._budget.stopped = True
                pool.shutdown(cancel_futures=True)
                raise
        return done

    def _try(self, check: Check) -> list[Finding]:
        """What a check found; more than one finding where it broke other claims than its own."""
        if not check.serial:
            return self._try_now(check)
        with self._one_at_a_time, warnings.catch_warnings():
            # Hypothesis warns of failures that are long to tell: the report tells them in its own way.
            warnings.simplefilter("ignore", HypothesisWarning)
            return self._try_now(check)

    def _try_now(self, check: Check) -> list[Finding]:
        started = time.monotonic()

        def finding(status: Status, message: str = "", lab: Lab | None = None) -> Finding:
            seconds = time.monotonic() - started
            evidence = tuple(lab.wire.evidence) if lab is not None else ()
            world = lab.space.wishes if lab is not None and status == "broken" else None
            return Finding(check.name, check.says, check.claims, status, message, evidence, seconds, world)

        if check.writes and not self._options.writes:
            return [finding("left out", "it writes; --allow-writes was not given")]
        readings = self._readings | (dict([check.under]) if check.under else {})
        if check.needs is not None and readings[check.needs[0]] != check.needs[1]:
            return [finding("ineligible", f"there is nothing to try where {check.needs[0]} is not {check.needs[1]}")]
        if check.under is not None and (stays := self._stays(check.under, check.name)) is not None:
            return [finding("not observable", f"a world switched to {' = '.join(check.under)} follows {stays}")]
        with self._lab(check.name, check.under, beyond=not check.claims) as lab:
            try:
                check.function(lab)
            except NotObservable as hidden:
                return [finding("not observable", str(hidden))]
            except Broken as broken:
                self._on_broken(check, lab, str(broken))
                return _turned_red(finding("broken", str(broken), lab), broken.claims)
            except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
                # An answer of another shape than the check reads: the target broke its word, or the check did.
                message = f"the answer has another shape: {type(error).__name__} {error}"
                self._on_broken(check, lab, message)
                return [finding("broken", message, lab)]
            if lab.unseen:
                return [finding("holds in part", f"not seen without a control plane: {', '.join(lab.unseen)}", lab)]
            return [finding("holds", "", lab)]

    def _stays(self, under: tuple[str, str], asking: str) -> str | None:
        """The value that a world follows instead of the one to which it is switched; None where it does as it is told.

        A world that follows neither is judged by what it was told. `asking` is the check that wants to know: workers
        of pytest-xdist share a target, but no check.
        """
        name, value = under
        with self._switching:
            if under not in self._switches:
                with self._lab(f"switch-for-{asking}", under) as lab:
                    followed = find_out(lab, name, ledger.load().readings[name].values).value
                self._switches[under] = None if followed == value else followed
            return self._switches[under]

    def _verdicts(self, findings: list[Finding]) -> list[Verdict]:
        """A verdict for each claim that was asked for; also for those not asked for that a check turned red instead."""
        by_claim: dict[str, list[Finding]] = {}
        for finding in findings:
            for claim in finding.claims:
                by_claim.setdefault(claim, []).append(finding)
        broken = {
            claim
            for finding in findings
            if finding.status == "broken" and not any(map(self._asked_for, finding.claims))
            for claim in finding.claims
        }
        return [
            judge(claim, by_claim.get(claim.id, []))
            for claim in ledger.load().claims.values()
            if claim.id in broken or self._asked_for(claim.id)
        ]


def _turned_red(finding: Finding, claims: tuple[str, ...]) -> list[Finding]:
    """A broken finding as one of exactly these claims, if it names some; on its check's others it then says nothing."""
    named = tuple(claim for claim in claims if claim in ledger.load().claims)
    others = tuple(claim for claim in finding.claims if claim not in named)
    if not named:
        return [finding]
    red = replace(finding, claims=named)
    if finding.claims and not others:
        return [red]
    why = f"its check stopped where {', '.join(named)} is broken"
    return [red, replace(finding, claims=others, status="not observable", message=why, evidence=())]


def _world_id(name: str) -> str:
    """A world's id that tells what it is for: lower case, and no two names have the same."""
    return f"{re.sub('[^a-z0-9]+', '-', name.lower())[:50]}-{sha256(name.encode()).hexdigest()[:8]}"
