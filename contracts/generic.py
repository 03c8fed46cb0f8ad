"""Generic checks: every answer to what schemathesis makes up from a document is one that the document allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection

from contracts import documents
from contracts.answers import Watch
from contracts.checks import Broken, NotObservable, Profile
from contracts.documents import Api
from contracts.evidence import Exchange, redact
from contracts.lab import Lab
from contracts.partition import Partition
from contracts.target import Sent
from contracts.wired import Document, Stopped, Wired, load, with_real_values

_PHASES = {mode.value: mode for mode in HypothesisTestMode}
# So high that it stops nobody; being there, it makes the target tell where it stands.
_LIMIT = 1_000_000
# After the first failure so many more cases may go into finding a shorter one.
_MOST_TO_SHRINK = 200


@dataclass(frozen=True)
class Effort:
    """How much is tried: cases an operation when fuzzing, scenarios and the steps of each when stateful."""

    cases: int
    scenarios: int
    steps: int


EFFORTS: dict[Profile, Effort] = {
    "quick": Effort(cases=10, scenarios=10, steps=5),
    "ci": Effort(cases=400, scenarios=250, steps=8),
    "nightly": Effort(cases=2_000, scenarios=800, steps=10),
}


@dataclass(frozen=True)
class Failed:
    """A failure, with the requests of the one case or scenario that it came up in."""

    text: str
    evidence: list[Exchange]
    tape: list[Sent]


class _Judge:
    """Sends cases and keeps the last failure, which is the shortest that Hypothesis came to."""

    def __init__(self, lab: Lab, wired: Wired, headers: dict[str, str]) -> None:
        self._lab = lab
        self._wired = wired
        self._headers = headers
        self._after = 0
        self._guarded: set[str] = set()
        self.failure: Failed | None = None

    def begin(self) -> None:
        """Before a case, or before a scenario: the evidence starts anew."""
        self._lab.wire.begin()
        self._wired.problems.clear()
        self._after += self.failure is not None
        if self._after > _MOST_TO_SHRINK:
            raise Stopped

    def transport(self, case: Any) -> dict[str, Any]:
        """How a case is to be sent."""
        protected = case.operation.definition.raw.get("security") != []
        return {"base_url": self._wired.url, "headers": dict(self._headers) if protected else {}}

    def validate(self, case: Any, response: Any, transport: dict[str, Any], recorder: Any = None) -> None:
        """Let all checks of schemathesis and our own look at an answer. Raises FailureGroup."""
        failures: list[Failure] = []
        label = case.operation.label
        excluded: list[Any] = []
        if _id_of(case) == "syncEmployees":
            # A bad record is no bad request: the partition judges it.
            excluded.append(negative_data_rejection)
        if label in self._guarded:
            excluded.append(ignored_auth)
        try:
            case.validate_response(
                response,
                headers=transport["headers"],
                excluded_checks=excluded,
                transport_kwargs=transport,
                recorder=recorder,
            )
            if response.status_code < 300:
                # That credentials are asked for has now been seen; twice as many requests would not show it better.
                self._guarded.add(label)
        except FailureGroup as group:
            failures += group.exceptions
        failures += [Failure(operation=label, title="Not so", message=said) for said in self._wired.problems]
        if failures:
            told = sorted({f"{failure.title}: {' '.join(failure.message.split())}" for failure in failures})
            text = redact(f"{label} answered {response.status_code}. {' | '.join(told)}")
            self.failure = Failed(text, self._lab.wire.evidence, self._lab.wire.tape)
            raise FailureGroup(failures)


def run(lab: Lab, api: Api, phase: str) -> None:
    """Try one of the phases examples, coverage, fuzzing and stateful on an API. Broken where an answer is not allowed.

    NotObservable where the run has no such API, or nothing that was sent got a good answer.
    """
    wired, document, headers = _prepared(lab, api)
    judge = _Judge(lab, wired, headers)
    try:
        _try(lab, judge, document, phase)
    except Stopped as stopped:
        if stopped.reason is not None:
            raise stopped.reason from None
    except (Exception, BaseExceptionGroup):
        # Hypothesis tells in many ways that a case failed: what it was, the judge knows.
        if judge.failure is None:
            raise
    if judge.failure is not None:
        lab.wire.evidence, lab.wire.tape = judge.failure.evidence, judge.failure.tape
        raise Broken(judge.failure.text)
    if not wired.good_answers:
        raise NotObservable("nothing that was sent got a good answer")


def _try(lab: Lab, judge: _Judge, document: Document, phase: str) -> None:
    if phase == "stateful":
        _stateful(lab, judge, document)
        return
    for result in document.get_all_operations():
        if not isinstance(result, Ok):
            raise TypeError(f"the document cannot be tried: {result.err()}")
        _each_case(lab, judge, result.ok(), _PHASES[phase])


def _prepared(lab: Lab, api: Api) -> tuple[Wired, Document, dict[str, str]]:
    """The way to the target, the document with the target's own values in it, and the headers of good credentials."""
    raw = documents.under(api, lab.readings)
    if not lab.writes:
        raw["paths"] = {
            path: {key: of for key, of in item.items() if key != "post"} for path, item in raw["paths"].items()
        }
        raw["paths"] = {path: item for path, item in raw["paths"].items() if "get" in item}
    limit = None
    if lab.controlled:
        lab.limit(_LIMIT, api=api)
        limit = _LIMIT
    credentials = lab.space.credentials
    secrets = frozenset(held.token for held in credentials.hrms) | {
        org.client_secret for org in credentials.organizations
    }
    watch = Watch(api, secrets, limit)
    if api == "hrms":
        token, environment = lab.hrms_token(scopes=("users:read", "departments:read", "positions:read"))
        raw["components"]["parameters"]["Environment"]["schema"]["enum"] = [environment]
        url, values, partition = lab.wire.target.hrms, _hrms_values(lab), None
        headers = {"Authorization": f"Bearer {token}"}
    else:
        url, values = lab.wire.target.scan2evolve, _scan2evolve_values(lab)
        partition = Partition(
            raw, lab.readings, {str(user.get("email")) for org in (0, 1) for user in _users(lab, org)}
        )
        headers = {"Authorization": lab.basic()}
    if url is None:
        raise NotObservable(f"the run has no URL of {documents.NAMES[api]}")
    wired = Wired(lab, api, url, watch, partition)
    return wired, load(with_real_values(raw, values), wired), headers


def _hrms_values(lab: Lab) -> dict[str, str]:
    """The samples' texts, and what stands for them at the target."""
    listed = lab.hrms("/v1/users").body
    rows = listed.get("data") if isinstance(listed, dict) else None
    return {"user_001": str(rows[0]["id"])} if rows else {}


def _scan2evolve_values(lab: Lab) -> dict[str, str]:
    """The same for Scan2Evolve."""
    organization = lab.organization()
    values = {"your-client-id": organization.client_id, "your-client-secret": organization.client_secret}
    users = _users(lab, 0)
    return values | ({"user_1234567890abcdef": str(users[0]["id"])} if users else {})


def _users(lab: Lab, org: int) -> list[dict[str, Any]]:
    try:
        return lab.users(org)
    except NotObservable:
        return []


def _settings(cases: int, steps: int = 1) -> hypothesis.settings:
    """Nothing that depends on the machine, or on an earlier run."""
    return hypothesis.settings(
        hypothesis.settings.get_profile("default"),
        max_examples=cases,
        stateful_step_count=steps,
        derandomize=False,
        database=None,
        deadline=None,
        print_blob=False,
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def _each_case(lab: Lab, judge: _Judge, operation: Any, phase: HypothesisTestMode) -> None:
    """All cases of a phase for one operation."""

    def one(case: Any) -> None:
        judge.begin()
        transport = judge.transport(case)
        response = case.call(**transport)
        judge.validate(case, response, transport)

    config = HypothesisTestConfig(
        project=operation.schema.config,
        modes=[phase],
        explicit_settings=_settings(EFFORTS[lab.profile].cases),
        seed=lab.seed,
    )
    create_test(operation=operation, test_func=one, config=config)()


def _stateful(lab: Lab, judge: _Judge, document: Document) -> None:
    """Scenarios along the document's links: what one operation answers goes into the next."""
    organization = next(iter(lab.space.credentials.organizations), None)
    grant = {"client_id": organization.client_id, "client_secret": organization.client_secret} if organization else {}

    class Scenario(document.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            judge.begin()
            self.token: str | None = None

        def before_call(self, case: Any) -> None:
            if _id_of(case) == "issueToken" and isinstance(case.body, dict):
                # Nobody guesses credentials: a good request for a token gets the run's own.
                good = {key for key in grant if isinstance(case.body.get(key), str)} == set(grant)
                case.body = case.body | grant if good else case.body

        def after_call(self, response: Any, case: Any) -> None:
            super().after_call(response, case)
            if _id_of(case) == "issueToken" and response.status_code == 200:
                self.token = str(response.json()["access_token"])

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            transport = judge.transport(case)
            if self.token is not None and transport["headers"]:
                transport["headers"]["Authorization"] = f"Bearer {self.token}"
            return transport

        def validate_response(self, response: Any, case: Any, **transport: Any) -> None:
            judge.validate(case, response, transport, self.recorder)

    effort = EFFORTS[lab.profile]
    hypothesis.seed(lab.seed)(Scenario)
    Scenario.run(settings=_settings(effort.scenarios, effort.steps))


def _id_of(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])
