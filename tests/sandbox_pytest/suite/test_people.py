"""Everybody arrives, once, whoever they are and in whatever batches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from people_sync import PeopleSync

from sandbox_pytest import Hrms, SandboxWorld, Scan2Evolve

Made = Callable[..., PeopleSync]
SEEDS = [pytest.param(seed, marks=pytest.mark.sandbox(seed=seed)) for seed in range(30)]


@pytest.mark.parametrize("seed", SEEDS)
def test_sync_brings_everybody_with_name_and_status(seed: int, sandbox: SandboxWorld, people_sync: Made) -> None:
    """Scan2Evolve has whom the HRMS has."""
    report = people_sync().run()
    people = {row["staffId"]: row for row in sandbox.hrms.users()}
    assert sorted(report.created) == sorted(people)
    for employee in sandbox.employees():
        person = people[employee["externalEmployeeId"]]
        assert employee["displayName"] == (person["preferred_name"] or person["name"])
        assert employee["email"] == person["email"]
        assert employee["status"] == person["status"].upper()
    assert sandbox.world["seed"] == seed


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_sync_run_again_changes_nothing(seed: int, sandbox: SandboxWorld, people_sync: Made) -> None:
    """All are updated, and all are what they were."""
    first = people_sync().run()
    before = sandbox.employees()
    again = people_sync().run()
    assert (again.created, again.updated) == ([], first.created)
    assert sandbox.employees() == before
    sandbox.verify(operation="syncEmployees", times=2)
    assert sandbox.world["seed"] == seed


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5, 500])
@pytest.mark.parametrize("people", [pytest.param(n, marks=pytest.mark.sandbox(users=n)) for n in (0, 1, 2, 5, 9)])
def test_sync_sends_no_more_than_a_batch_at_a_time(
    people: int, batch: int, sandbox: SandboxWorld, people_sync: Made
) -> None:
    """As many batches as it takes, and every record in one of them."""
    people_sync(batch=batch).run()
    sandbox.verify(operation="syncEmployees", status=200, times=-(-people // batch))
    for entry in sandbox.journal(operation="syncEmployees"):
        assert 0 < len(entry["records"] or []) <= batch
    assert len(sandbox.employees()) == people


def test_sync_keeps_environments_apart(sandbox: SandboxWorld, hrms: Hrms, people_sync: Made) -> None:
    """Nobody of uat comes along from staging."""
    sandbox.control.create_hrms_user(environment="uat", name="Only Here", email="only.here@example.com")
    people_sync().run()
    assert len(sandbox.employees()) == len(hrms.users()) == 5
    assert len(hrms.in_environment("uat").users()) == 6


def test_sync_writes_to_one_organization_alone(sandbox: SandboxWorld, people_sync: Made) -> None:
    """The other one stays empty."""
    people_sync().run()
    mine, other = sandbox.organizations
    assert len(mine.employees()) == 5
    assert other.employees() == []


def test_sync_takes_the_account_of_a_leaver(sandbox: SandboxWorld, hrms: Hrms, people_sync: Made) -> None:
    """Who becomes inactive in the HRMS becomes INACTIVE, and nobody else does."""
    people_sync().run()
    gone = hrms.users()[2]
    sandbox.control.patch_hrms_user(gone["id"], environment="staging", status="inactive")
    people_sync().run()
    left = [row["externalEmployeeId"] for row in sandbox.employees() if row["status"] == "INACTIVE"]
    assert left == [gone["staffId"]]


def test_sync_reports_a_role_that_is_unknown(sandbox: SandboxWorld, people_sync: Made) -> None:
    """Everybody arrives all the same, with a warning each."""
    report = people_sync(roles=("inspector", "astronaut")).run()
    assert set(report.warnings) == set(report.created)
    assert next(iter(report.warnings.values())) == ["Role 'astronaut' not found, skipped"]
    assert all(row["roles"] == ["inspector"] for row in sandbox.employees())


def test_sync_names_the_people_whom_scan2evolve_refuses(sandbox: SandboxWorld, people_sync: Made) -> None:
    """Nobody can be site_manager without a site, and the report says so of each."""
    report = people_sync(roles=("site_manager",)).run()
    assert set(report.failed) == {row["staffId"] for row in sandbox.hrms.users()}
    assert set(report.failed.values()) == {
        "Cannot assign site_manager role: employee must have at least one site assigned"
    }
    assert sandbox.employees() == []


def test_sync_reports_one_refused_person_beside_the_others(
    sandbox: SandboxWorld, hrms: Hrms, scan2evolve: Scan2Evolve, people_sync: Made
) -> None:
    """Whose address somebody else has already fails alone."""
    person = hrms.users()[1]
    other = {"externalEmployeeId": "OLD-1", "email": person["email"], "userAccount": {}}
    scan2evolve.client.post("/api/v1/sync/employees", json={"employees": [other]}).raise_for_status()
    report = people_sync().run()
    assert list(report.failed) == [person["staffId"]]
    assert len(report.created) == 4
    sandbox.verify(operation="syncEmployees", record={"externalEmployeeId": person["staffId"], "outcome": "ERROR"})
