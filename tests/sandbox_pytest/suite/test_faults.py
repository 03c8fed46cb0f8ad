"""What goes wrong on the way: the sync asks again, and whoever is there already is not made twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from people_sync import ATTEMPTS, GivenUp, PeopleSync

from sandbox_pytest import Hrms, SandboxWorld

Made = Callable[..., PeopleSync]

BROKEN: list[dict[str, Any]] = [
    {"name": "connection-reset"},
    {"name": "connection-reset", "parameters": {"point": "after"}},
    {"name": "empty-answer"},
    {"name": "answer-lost"},
    {"name": "truncated-body"},
    {"name": "malformed-chunk"},
    {"name": "malformed-json"},
    {"name": "status", "parameters": {"status": 500}},
    {"name": "status", "parameters": {"status": 502, "body": "<h1>Bad gateway</h1>", "content_type": "text/html"}},
    {"name": "status", "parameters": {"status": 503, "retry_after": 20}},
]


def faults(*planned: dict[str, Any]) -> pytest.MarkDecorator:
    """A world in which these go wrong."""
    return pytest.mark.sandbox(faults=list(planned))


def everybody(hrms: Hrms) -> set[str]:
    """The ids of all people."""
    return {row["staffId"] for row in hrms.users()}


@pytest.mark.parametrize(
    "operation", [pytest.param(name, id=name) for name in ("listUsers", "issueToken", "syncEmployees")]
)
@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_sync_asks_again_where_an_answer_does_not_come(
    operation: str, number: int, sandbox: SandboxWorld, hrms: Hrms, people_sync: Made
) -> None:
    """Once is once: the second attempt goes through, and everybody is there one time."""
    sandbox.control.create_fault(**{**BROKEN[number], "operation": operation, "times": 1})
    report = people_sync().run()
    assert {row["externalEmployeeId"] for row in sandbox.employees()} == everybody(hrms)
    assert len(report.created) + len(report.updated) == 5
    assert report.waited == (20 if "retry_after" in BROKEN[number].get("parameters", {}) else 0.5)
    sandbox.verify(operation=operation, times=2)


@faults({"name": "answer-lost", "operation": "syncEmployees", "times": 1})
def test_sync_that_loses_an_answer_finds_its_work_done(sandbox: SandboxWorld, people_sync: Made) -> None:
    """All were created by a request whose answer never came, and the retry updates them."""
    report = people_sync().run()
    assert (report.created, len(report.updated)) == ([], 5)
    sandbox.verify_in_order(
        {"operation": "syncEmployees", "record": {"outcome": "CREATED"}},
        {"operation": "syncEmployees", "record": {"outcome": "UPDATED"}},
    )


@faults({"name": "unavailable", "parameters": {"seconds": 300}, "api": "scan2evolve"})
def test_sync_waits_for_the_end_of_an_outage(sandbox: SandboxWorld, people_sync: Made) -> None:
    """As long as Retry-After says, on the clock of the world."""
    report = people_sync().run()
    assert (report.waited, len(report.created)) == (300, 5)
    assert sandbox.now == "2024-11-18T10:35:00.000Z"


@faults({"name": "rate-limited", "parameters": {"retry_after": 45}, "operation": "syncEmployees", "calls": [2]})
def test_sync_heeds_a_limit_that_others_have_used_up(sandbox: SandboxWorld, people_sync: Made) -> None:
    """The second of three batches comes 45 seconds later."""
    assert people_sync(batch=2).run().waited == 45
    sandbox.verify(operation="syncEmployees", status=429, times=1)
    assert len(sandbox.employees()) == 5


@faults({"name": "token-revoked", "operation": "syncEmployees", "calls": [2]})
def test_sync_gets_a_new_token_where_its_own_is_revoked(sandbox: SandboxWorld, people_sync: Made) -> None:
    """Between two batches, and no batch is left out."""
    assert len(people_sync(batch=2).run().created) == 5
    sandbox.verify(operation="issueToken", status=200, times=2)


@faults({"name": "transient-database-error", "parameters": {"indexes": [1, 3]}, "times": 1})
def test_sync_run_again_brings_whom_the_database_lost(sandbox: SandboxWorld, people_sync: Made) -> None:
    """Two fail with the vendor's message, and the next run has them."""
    report = people_sync().run()
    assert (len(report.created), len(report.failed)) == (3, 2)
    assert set(report.failed.values()) == {"Temporary database error, please retry"}
    again = people_sync().run()
    assert (set(again.created), again.failed) == (set(report.failed), {})


@faults({"name": "status", "parameters": {"status": 503}, "api": "hrms"})
def test_sync_gives_up_on_an_outage_without_end(sandbox: SandboxWorld, people_sync: Made) -> None:
    """It has tried as often as it says, and Scan2Evolve was asked nothing."""
    with pytest.raises(GivenUp, match=r"^GET .*/v1/users$"):
        people_sync().run()
    sandbox.verify(operation="listUsers", status=503, times=ATTEMPTS)
    sandbox.verify(api="scan2evolve", times=0)


@pytest.mark.sandbox(frozen=False, rate=86_400)
@faults({"name": "latency", "parameters": {"seconds": 60}})
def test_sync_gets_along_with_a_slow_vendor(sandbox: SandboxWorld, people_sync: Made) -> None:
    """A minute an answer, which on a clock that is fast enough takes no time."""
    assert len(people_sync().run().created) == 5
    assert sandbox.now > "2024-11-18T10:33"


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.sandbox(seed=seed)) for seed in range(10)])
@faults({"name": "connection-reset", "probability": 0.3}, {"name": "answer-lost", "probability": 0.2})
def test_sync_gets_through_a_bad_network(seed: int, sandbox: SandboxWorld, hrms: Hrms, people_sync: Made) -> None:
    """Whichever requests the seed lets fail."""
    assert sandbox.world["seed"] == seed
    people_sync(batch=1).run()
    assert {row["externalEmployeeId"] for row in sandbox.employees()} == everybody(hrms)
