"""The machine: it agrees with our sandbox, finds vendors who do not, says which claim, and repeats itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest

from contracts import ledger
from contracts.checks import Broken, NotObservable
from contracts.claims.model import pairs_of_readings_agree_with_the_model
from contracts.lab import Lab
from contracts.machine import Effort, judge
from contracts.pairwise import covering
from contracts.space import ControlledWorld, Tenant
from contracts.target import Budget, CannotRun, Credentials, Wire
from sandbox.app import Application
from sandbox.server import serving
from tests.client import ServerClient
from tests.contracts.targets import judged, statuses, target_at

READINGS = ledger.load().readings
DEFAULTS = ledger.load().defaults()
PREFIX = "conform-machine"
SMALL = Effort(12, 8)
QUICK = Effort(120, 12)
# A vendor's bug, and the claims of which at least one must be named, and no other.
BUGS = [
    ("without-email-linked", {"S2E-FIELD-10"}),
    ("without-site-manager-asks-site", {"S2E-SM-02", "S2E-SM-06", "S2E-SM-04", "S2E-SM-05"}),
    ("without-username-free", {"S2E-ACCT-10", "S2E-BATCH-04"}),
]


class RecordingWire(Wire):
    """A wire that remembers all that it sent, over all examples."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.sent: list[tuple[str, str, bytes | None]] = []

    def send(
        self, method: str, url: str, headers: Mapping[str, str | bytes] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        """Send it and remember it."""
        self.sent.append((method, httpx.URL(url).path, content))
        return super().send(method, url, headers, content)


@contextmanager
def laboratory(url: str, *, seed: int = 0, **template: Any) -> Iterator[Lab]:
    """A lab in a world of its own, made like `template`."""
    with (
        closing(RecordingWire(target_at(url), Budget(100_000))) as wire,
        closing(ControlledWorld(wire, {"seed": seed, **template}, f"machine-{seed}")) as space,
    ):
        yield Lab(wire, space, DEFAULTS, PREFIX, seed=seed)


def sent_by(lab: Lab) -> list[tuple[str, str, bytes | None]]:
    """All requests of a lab's wire."""
    assert isinstance(lab.wire, RecordingWire)
    return lab.wire.sent


def bodies(lab: Lab) -> str:
    """All that was sent to the vendor's API, as text."""
    return "\n".join((content or b"").decode() for _, path, content in sent_by(lab) if "/_sandbox/" not in path)


# -- our sandbox ---------------------------------------------------------------------------------------


def test_machine_at_the_sandbox_finds_no_difference(server: ServerClient) -> None:
    """A few sequences are answered and stored as the model has it, and they are not empty ones."""
    with laboratory(server.url) as lab:
        judge(lab, SMALL, DEFAULTS)
        statuses_seen = lab.wire.budget.statuses
        text = bodies(lab)
    assert statuses_seen[200] > 100
    for word in ("additive", "INACTIVE", "userAccount", "site_manager", "syncBatchId"):
        assert word in text


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_machine_under_other_readings_finds_no_difference(server: ServerClient, number: int) -> None:
    """Combinations of readings hold, too: the world follows those that the model has."""
    values = {name: reading.values for name, reading in READINGS.items()}
    readings = covering(values, "test")[number]
    with laboratory(server.url, seed=number) as lab:
        judge(lab, Effort(40, 10), readings, number)
        assert lab.space.control("GET", "/readings") == readings


@pytest.mark.slow
def test_machine_of_profile_quick_holds_as_a_check(server: ServerClient) -> None:
    """In a run, the check of the model holds and counts for its claims."""
    report = judged(server.url, "S2E-BATCH-12")
    assert statuses(report) == {"S2E-BATCH-12": "holds"}
    checks = [finding.check for finding in report.verdicts[0].findings]
    assert "model.random_sequences_agree_with_the_model" in checks


def test_machine_in_a_tenant_marks_what_it_makes_and_finds_no_difference(server: ServerClient) -> None:
    """Without a control plane, every identifier is new and carries the prefix, and what others made is not compared."""
    world = server.world(users=3)
    world.sync({"externalEmployeeId": "SOMEBODY", "email": "somebody@example.com", "userAccount": {}})
    with closing(RecordingWire(target_at(server.url, control=False), Budget(1_000))) as wire:
        lab = Lab(wire, Tenant(Credentials.of_world(world.created)), DEFAULTS, PREFIX)
        judge(lab, Effort(5, 6), DEFAULTS)
        assert not any("/_sandbox/" in path for _, path, _ in wire.sent)
    made = [employee["externalEmployeeId"] for org in (0, 1) for employee in world.scan2evolve_state("employees", org)]
    assert len(made) > 3
    assert all(name.startswith(PREFIX) for name in made if name != "SOMEBODY")
    world.control("DELETE")


# -- vendors with bugs ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("deviation", "claims"), BUGS)
def test_machine_at_a_vendor_with_a_bug_names_the_claim(server: ServerClient, deviation: str, claims: set[str]) -> None:
    """The difference names the claims that it is about, the steps, and has the exchanges for evidence."""
    with laboratory(server.url, deviations=[deviation]) as lab:
        with pytest.raises(Broken) as caught:
            judge(lab, QUICK, DEFAULTS)
        assert caught.value.claims
        assert set(caught.value.claims) <= claims
        text, _, steps = str(caught.value).partition("\nafter:\n")
        assert "expected" in text
        assert 1 <= len(steps.splitlines()) <= 8
        assert lab.wire.evidence
        assert lab.wire.evidence[0].url.startswith("$SCAN2EVOLVE/")
        assert any("/api/v1/sync/employees" in exchange.url for exchange in lab.wire.evidence)


class AlwaysCreated:
    """A sandbox whose answers say CREATED where they should say UPDATED; the words are of the same length."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, with one word changed."""

        async def changed(message: Any) -> None:
            if "body" in message:
                message = {**message, "body": message["body"].replace(b'"UPDATED"', b'"CREATED"')}
            await send(message)

        await self._app.asgi(scope, receive, changed)

    def close(self) -> None:
        """The server stops."""
        self._app.close()


@pytest.mark.slow
def test_machine_at_a_broken_server_shrinks_to_two_requests() -> None:
    """A server that calls every record new is found out, by a record that is sent twice."""
    broken: Any = AlwaysCreated(Application())
    with serving(broken) as url, laboratory(url) as lab, pytest.raises(Broken) as caught:
        judge(lab, Effort(20, 8), DEFAULTS)
    assert set(caught.value.claims) <= {"S2E-BATCH-11", "S2E-BATCH-12"}
    assert 'expected "UPDATED", got "CREATED"' in str(caught.value)
    assert len(str(caught.value).partition("\nafter:\n")[2].splitlines()) <= 2


@pytest.mark.slow
def test_machine_in_a_run_turns_exactly_the_named_claims_red(server: ServerClient) -> None:
    """The report has the claim that the difference is about as broken, with evidence and curl, and no secret."""
    report = judged(server.url, "S2E-BATCH-10", template={"deviations": ["without-username-free"]})
    by_model = [
        finding
        for verdict in report.verdicts
        if verdict.claim.id == "S2E-ACCT-10"
        for finding in verdict.findings
        if finding.check == "model.random_sequences_agree_with_the_model"
    ]
    assert [finding.status for finding in by_model] == ["broken"]
    assert by_model[0].evidence
    shown = str(by_model[0].evidence)
    assert "Basic [redacted]" in shown
    assert "cs_" not in shown


# -- the same again, and where nothing can be learned ----------------------------------------------------


@pytest.mark.slow
def test_machine_with_one_seed_sends_the_same_requests_again() -> None:
    """Two servers get the same requests, to the byte, for one seed, and others for another."""
    sent = []
    for seed in (0, 0, 1):
        with serving(Application()) as url, laboratory(url, seed=seed) as lab:
            judge(lab, Effort(6, 6), DEFAULTS)
            sent.append(bodies(lab))
    assert sent[0] == sent[1] != sent[2]


def test_machine_with_too_few_requests_stops_at_once(server: ServerClient) -> None:
    """A spent budget ends it as it ends every run, and is no difference."""
    with laboratory(server.url) as lab:
        lab.wire.budget.most = lab.wire.budget.sent + 60
        with pytest.raises(CannotRun, match=r"^more than \d+ requests would be sent"):
            judge(lab, QUICK, DEFAULTS)
        lab.wire.budget.most += 10


def test_machine_at_a_world_that_follows_other_readings_than_it_says_is_not_observable(server: ServerClient) -> None:
    """Readings cannot be combined where setting them is known to change nothing."""
    with (
        laboratory(server.url, readings={"role-case": "exact"}) as lab,
        pytest.raises(NotObservable, match="does not follow the readings"),
    ):
        pairs_of_readings_agree_with_the_model(lab)
