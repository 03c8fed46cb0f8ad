"""Generic checks: our sandbox passes them all, and one small defect in an answer is enough to fail."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from contracts import generic, ledger
from contracts.answers import RATE_HEADERS
from contracts.checks import Broken, NotObservable, all_checks
from contracts.documents import APIS, Api
from contracts.lab import Lab
from contracts.report import machine_readable
from contracts.space import ControlledWorld, Tenant
from contracts.target import Budget, CannotRun, Credentials, Target, Wire
from sandbox.app import Application
from tests.client import ServerClient, WorldClient
from tests.conftest import serving as own_server
from tests.contracts.targets import (
    NO_EMAIL_FORMAT,
    WORLD,
    Forwarded,
    always,
    forwarding,
    judged,
    serving,
    target_at,
)

READINGS = ledger.load().defaults()
PHASES = ("examples", "coverage", "fuzzing", "stateful")


@contextmanager
def lab_at(target: Target, name: str = "generic", seed: int = 0, requests: int = 20_000) -> Iterator[Lab]:
    """A lab in a world of its own, or in a tenant where there is no control plane."""
    with closing(Wire(target, Budget(requests))) as wire:
        if target.control is None:
            yield Lab(wire, Tenant(Credentials.of_world(WORLD)), READINGS, name, seed=seed)
            return
        with closing(ControlledWorld(wire, {"seed": 0}, f"{name}-{seed}")) as space:
            yield Lab(wire, space, READINGS, name, seed=seed)


# -- a good target -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("api", APIS)
def test_phase_at_the_sandbox_finds_nothing(server: ServerClient, api: Api, phase: str) -> None:
    """What the sandbox answers is what its documents say, under three seeds."""
    for seed in range(3):
        with lab_at(target_at(server.url), f"{api}-{phase}", seed) as lab:
            generic.run(lab, api, phase)
            assert lab.wire.tally.reached


def test_checks_without_claims_are_the_phases_of_both_apis() -> None:
    """Each phase of each API is one check, which runs under every profile and never beside another."""
    found = {check.name: check for check in all_checks() if not check.claims}
    assert set(found) == {f"generic.{api}_{phase}" for api in APIS for phase in PHASES}
    assert all(check.serial and check.profile == "quick" and not check.writes for check in found.values())


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["fuzzing", "stateful"])
def test_phase_with_the_same_seed_sends_the_same(server: ServerClient, phase: str) -> None:
    """Two worlds alike, one seed: every request is the same to the byte; another seed sends others."""
    sent = []
    for seed in (1, 1, 2):
        with lab_at(target_at(server.url), f"{phase}-again", seed) as lab:
            kept: list[Any] = []
            original = lab.wire.send
            lab.wire.send = lambda *asked, to=kept, send=original: (to.append(asked), send(*asked))[1]  # type: ignore[method-assign]
            generic.run(lab, "scan2evolve", phase)
            sent.append([asked for asked in kept if "/_sandbox/" not in asked[1]])
    assert sent[0] == sent[1]
    # The world is another one, and so are its credentials: what counts is what is asked.
    assert [(method, url, body) for method, url, _, body in sent[0]] != [
        (method, url, body) for method, url, _, body in sent[2]
    ]


# -- one defect ----------------------------------------------------------------------------------------


def _sync(forwarded: Forwarded) -> dict[str, Any] | None:
    """The body of a good batch answer, to be spoilt; None for any other answer."""
    if forwarded.path.endswith("/sync/employees") and forwarded.status == 200:
        body: dict[str, Any] = json.loads(forwarded.body)
        return body
    return None


def loses_a_result(forwarded: Forwarded) -> None:
    """The last result of a batch is missing."""
    if (body := _sync(forwarded)) and body["results"]:
        body["results"].pop()
        forwarded.body = json.dumps(body).encode()


def answers_backwards(forwarded: Forwarded) -> None:
    """Results come in the wrong order."""
    if (body := _sync(forwarded)) and body["results"]:
        body["results"].reverse()
        forwarded.body = json.dumps(body).encode()


def refuses_good_records(forwarded: Forwarded) -> None:
    """What was processed is told as an error."""
    if (body := _sync(forwarded)) and body["results"]:
        held = body["results"].pop(0)
        body["errors"].insert(0, {"externalEmployeeId": held["externalEmployeeId"], "message": "No"})
        forwarded.body = json.dumps(body).encode()


def takes_bad_envelopes(forwarded: Forwarded) -> None:
    """A bad envelope is answered like an empty batch."""
    if forwarded.path.endswith("/sync/employees") and forwarded.status == 400:
        forwarded.status = 200
        forwarded.body = b'{"requestId": "sync-1700312400000-abc123", "results": [], "errors": []}'


def tells_no_remaining(forwarded: Forwarded) -> None:
    """One of the rate limit's headers is missing."""
    forwarded.headers.pop("x-ratelimit-remaining", None)


def tells_no_limit(forwarded: Forwarded) -> None:
    """All of the rate limit's headers are missing, though a limit is in force."""
    for name in RATE_HEADERS:
        forwarded.headers.pop(name, None)


def counts_nothing(forwarded: Forwarded) -> None:
    """Remaining never falls."""
    if "x-ratelimit-remaining" in forwarded.headers:
        forwarded.headers["x-ratelimit-remaining"] = "1000"


def shows_a_traceback(forwarded: Forwarded) -> None:
    """Errors show where they came up."""
    if forwarded.status >= 400:
        body = json.loads(forwarded.body)
        key = "error" if "error" in body else "message"
        forwarded.body = json.dumps(body | {key: "Traceback (most recent call last): …"}).encode()


def shows_a_secret(forwarded: Forwarded) -> None:
    """An account's answer holds the secret that it was asked with."""
    scheme, _, credentials = forwarded.request_headers.get("authorization", "").partition(" ")
    if scheme == "Basic" and forwarded.status == 400:
        secret = base64.b64decode(credentials).decode("latin-1").partition(":")[2]
        forwarded.body = json.dumps(json.loads(forwarded.body) | {"error": f"no {secret}"}).encode()


def errs_in_text(forwarded: Forwarded) -> None:
    """Errors are plain text."""
    if forwarded.status >= 400:
        forwarded.body, forwarded.headers["content-type"] = b"No", "text/plain"


def errs_without_request_id(forwarded: Forwarded) -> None:
    """Errors of Scan2Evolve have no requestId."""
    if forwarded.status >= 400 and (body := json.loads(forwarded.body)).pop("requestId", None):
        forwarded.body = json.dumps(body).encode()


def errs_in_other_words(forwarded: Forwarded) -> None:
    """Errors of the HRMS have no message."""
    if forwarded.status >= 400:
        forwarded.body = b'{"error": "No"}'


def is_a_teapot(forwarded: Forwarded) -> None:
    """A status that no document names."""
    if forwarded.status in (400, 404):
        forwarded.status = 418


def forgets_credentials(forwarded: Forwarded) -> None:
    """Nobody is refused for want of credentials."""
    if forwarded.status == 401:
        forwarded.status, forwarded.body = 200, b'{"data": []}'


DEFECTS: list[tuple[Any, Api, str, str]] = [
    (loses_a_result, "scan2evolve", "examples", "records were sent"),
    (answers_backwards, "scan2evolve", "fuzzing", "every record sent must come back once, in order"),
    (refuses_good_records, "scan2evolve", "fuzzing", "good ones in results and bad ones in errors"),
    (takes_bad_envelopes, "scan2evolve", "coverage", "an envelope that is no good"),
    (tells_no_remaining, "scan2evolve", "examples", "must be three whole numbers"),
    (tells_no_limit, "hrms", "examples", "without the headers of the rate limit that is in force"),
    (counts_nothing, "hrms", "coverage", "x-ratelimit-remaining 1000 of|must fall with every request"),
    (shows_a_traceback, "scan2evolve", "coverage", "shows a traceback"),
    (shows_a_secret, "scan2evolve", "coverage", "shows a secret"),
    (errs_in_text, "hrms", "coverage", "an error must be a JSON object"),
    (errs_without_request_id, "scan2evolve", "coverage", "an error must have a requestId"),
    (errs_in_other_words, "hrms", "coverage", "an error must have a message"),
    (is_a_teapot, "scan2evolve", "coverage", "status 418 is not documented for"),
    (forgets_credentials, "hrms", "fuzzing", "API accepts"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("defect", "api", "phase", "said"), DEFECTS, ids=[row[0].__name__ for row in DEFECTS])
def test_server_with_one_defect_is_found_out(
    server: ServerClient, defect: Any, api: Api, phase: str, said: str
) -> None:
    """The defect is named, with the requests of the one case that showed it, and no secret is in the text."""
    with forwarding(server.url, defect) as url, lab_at(target_at(url), defect.__name__.replace("_", "-")) as lab:
        with pytest.raises(Broken, match=said) as caught:
            generic.run(lab, api, phase)
        assert caught.value.claims == ()
        assert 0 < len(lab.wire.evidence) < 30
        secrets = [org.client_secret for org in lab.space.credentials.organizations]
        assert not any(secret in f"{caught.value}{lab.wire.evidence}" for secret in secrets)


@pytest.mark.slow
def test_stateful_phase_finds_a_defect_behind_a_link(server: ServerClient) -> None:
    """A user whom the list names and who is not there is found out by following the link."""

    def forgets_users(forwarded: Forwarded) -> None:
        if "/hrms/api/v1/users/" in forwarded.path and forwarded.status == 200:
            forwarded.status, forwarded.body = 404, b'{"message": "Resource not found"}'

    with forwarding(server.url, forgets_users) as url, lab_at(target_at(url), "forgets-users") as lab:
        generic.run(lab, "hrms", "stateful")
        reached = {operation.id for operation in lab.wire.tally.reached if operation.api == "hrms"}
    assert "getUser" not in reached
    assert "listUsers" in reached


def test_target_that_answers_nothing_well_is_not_observable() -> None:
    """Where no request got a good answer nothing is said to hold."""
    forbids = always(403, {"message": "Insufficient permissions for this resource"})
    scopes = ["users:read", "departments:read", "positions:read"]
    token = {"token": "hrms_1", "environment": "staging", "scopes": scopes}
    with serving(forbids) as url, closing(Wire(target_at(url, control=False), Budget(100))) as wire:
        lab = Lab(wire, Tenant(Credentials.of_world(WORLD | {"hrms": {"tokens": [token]}})), READINGS, "p")
        with pytest.raises(NotObservable, match=r"^nothing that was sent got a good answer$"):
            generic.run(lab, "hrms", "examples")


def test_run_that_is_out_of_requests_stops_at_once(server: ServerClient) -> None:
    """The budget of a run holds for what schemathesis sends, too."""
    with lab_at(target_at(server.url), "poor", requests=25) as lab:
        with pytest.raises(CannotRun, match=r"^more than 25 requests"):
            generic.run(lab, "hrms", "coverage")
        lab.wire.budget.most = 1_000


@pytest.mark.slow
def test_tenant_without_leave_to_write_gets_nothing_but_reads(world: WorldClient, server: ServerClient) -> None:
    """Without --allow-writes not one of the requests could change anything."""
    methods = set()

    def looks(forwarded: Forwarded) -> None:
        methods.add(forwarded.method)

    with forwarding(server.url, looks) as url, closing(Wire(target_at(url, control=False), Budget(5_000))) as wire:
        lab = Lab(wire, Tenant(Credentials.of_world(world.created)), READINGS, "p", writes=False)
        generic.run(lab, "scan2evolve", "coverage")
        generic.run(lab, "hrms", "fuzzing")
    assert "GET" in methods
    assert methods <= {"GET", "HEAD", "OPTIONS", "TRACE"}


@pytest.mark.slow
def test_tenant_with_leave_to_write_gets_names_with_the_prefix(world: WorldClient, server: ServerClient) -> None:
    """Whoever is made at a live tenant can be told from its own people, and no mail leaves for anybody."""
    with closing(Wire(target_at(server.url, control=False), Budget(5_000))) as wire:
        lab = Lab(wire, Tenant(Credentials.of_world(world.created)), READINGS, "clean-me")
        before = {employee["externalEmployeeId"] for employee in world.scan2evolve_state("employees")}
        generic.run(lab, "scan2evolve", "examples")
    made = [one for one in world.scan2evolve_state("employees") if one["externalEmployeeId"] not in before]
    assert made
    assert all(employee["externalEmployeeId"].startswith("clean-me-") for employee in made)
    assert all((employee["email"] or "@example.com").endswith("@example.com") for employee in made)


# -- the same again ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("claims", "template", "exit_code"),
    [
        (("generic.scan2evolve_fuzzing", "S2E-FIELD-08"), NO_EMAIL_FORMAT, 1),
        (("generic.hrms_*", "S2E-BATCH-10"), {}, 0),
    ],
    ids=["a-bug", "the-machine"],
)
def test_report_does_not_depend_on_workers(claims: tuple[str, ...], template: dict[str, Any], exit_code: int) -> None:
    """Two servers alike, one worker and three: report.json is the same to the byte, durations aside."""
    texts = []
    for workers in (1, 3):
        with own_server(Application()) as client:
            found = judged(client.url, *claims, workers=workers, seed=3, template=template)
        assert found.exit_code == exit_code
        assert found.beyond
        texts.append(json.dumps(without_durations(json.loads(machine_readable.render(found)))))
    assert texts[0] == texts[1]


def without_durations(value: Any) -> Any:
    """A report without the seconds that it took."""
    if isinstance(value, dict):
        return {key: without_durations(held) for key, held in value.items() if key != "seconds"}
    return [without_durations(held) for held in value] if isinstance(value, list) else value
