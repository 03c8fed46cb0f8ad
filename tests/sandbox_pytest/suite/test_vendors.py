"""The sync gets along with every reading of the vendors' pages, and with bugs that they may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args, get_type_hints

import pytest
from people_sync import PeopleSync

from sandbox.client import shapes
from sandbox_pytest import SandboxWorld

Made = Callable[..., PeopleSync]

READINGS = [
    pytest.param(name, value, marks=pytest.mark.sandbox(readings={name: value}))
    for name, hint in get_type_hints(shapes.Readings).items()
    for value in get_args(hint)
]
HARMLESS = [
    "batch-limit-one-too-low",
    "request-id-repeated",
    "batch-id-null-when-missing",
    "user-id-missing-on-update",
    "errors-without-id",
    "results-in-reverse-order",
    "update-says-created",
    "employee-id-changes-on-update",
    "display-name-stale",
    "texts-trimmed",
    "first-role-only",
    "new-token-ends-older-ones",
    "token-answer-without-name",
    "token-type-in-lower-case",
    "expires-in-minutes",
    "expires-at-without-milliseconds",
    "tokens-may-not-read",
    "short-tokens",
    "form-grants-refused",
    "grant-type-not-checked",
    "limit-not-enforced",
    "retry-after-missing",
    "retry-after-too-short",
    "no-limit-headers-on-reads",
    "no-limit-headers-on-refusals",
    "remaining-does-not-count",
    "reset-drifts",
    "limit-shared-between-organizations",
    "refused-requests-prolong-the-window",
    "null-attributes-left-out",
    "inactive-user-not-found",
    "detail-shows-preferred-name",
    "work-locations-cut-to-one",
    "unauthenticated-reworded",
    "environments-share-data",
    "environment-ignored",
    "application-tokens-expire",
    "scopes-not-checked",
    "content-type-charset-refused",
    "other-methods-are-404",
    "not-found-as-plain-text",
]


def bug(name: str) -> pytest.MarkDecorator:
    """A vendor that has it."""
    return pytest.mark.sandbox(deviations=[name])


@pytest.mark.parametrize(("reading", "value"), READINGS)
def test_sync_does_the_same_under_every_reading(
    reading: str, value: str, sandbox: SandboxWorld, people_sync: Made
) -> None:
    """Everybody arrives, and coming again changes nothing."""
    assert dict(sandbox.world["readings"])[reading] == value
    report = people_sync(roles=("inspector",)).run()
    before = sandbox.employees()
    assert (len(report.created), report.failed) == (5, {})
    people_sync(roles=("inspector",)).run()
    assert sandbox.employees() == before


@pytest.mark.sandbox(limits={"scan2evolve": {"limit": 3, "window_seconds": 10}})
@pytest.mark.parametrize("name", [pytest.param(name, marks=bug(name)) for name in HARMLESS])
def test_sync_copes_with_a_bug(name: str, sandbox: SandboxWorld, people_sync: Made) -> None:
    """The bug is there, the limit too, and everybody arrives."""
    assert sandbox.world["deviations"] == [name]
    report = people_sync(batch=2).run()
    assert report.failed == {}
    assert {row["externalEmployeeId"] for row in sandbox.employees()} == {
        row["staffId"] for row in sandbox.hrms.users()
    }


@bug("lists-cut-at-100")
@pytest.mark.sandbox(users=103)
def test_sync_misses_whom_a_cut_list_leaves_out(sandbox: SandboxWorld, people_sync: Made) -> None:
    """What it has no way to know, it does not know: three people are missing."""
    assert len(people_sync().run().created) == 100
    assert len(sandbox.hrms.users()) == 103


@bug("error-of-the-wrong-record")
def test_sync_finds_its_records_by_their_ids(sandbox: SandboxWorld, people_sync: Made) -> None:
    """Who fails is told by id, whatever the vendor says of them."""
    report = people_sync(roles=("site_manager",)).run()
    assert set(report.failed) == {row["staffId"] for row in sandbox.hrms.users()}
