"""The order of the checks: a record that breaks two rules gets the message of the one that comes first.

One table has a way to break each rule, as changes to one good record of one employee. Any two ways
that touch different fields are put together by themselves; COMBINED says how where they touch the same
one, and EXCLUSIVE which rules no record can break together.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import msgspec
import pytest

from sandbox.scan2evolve.organization import Employee, User
from sandbox.scan2evolve.rules import RULES
from tests.client import MAIN
from tests.scan2evolve.domain import Domain
from tests.scan2evolve.samples import (
    EMAIL_INVALID,
    EMAIL_REQUIRED,
    NO_ROLE_FOR_SITE,
    NO_SITE,
    NO_SITES_ASKED,
    NO_SITES_LEFT,
    PAT,
    employee,
    site,
    with_account,
)

OWN = "own@example.com"
GONE: Any = object()  # in place of a field: left out
BASE = employee(email=OWN)
MANAGER = {"roles": ["site_manager"]}
UNKNOWN_SITE = [site(NO_SITE)]

#: Rule -> (fields that break it, its message). `id-once-in-batch` is broken by sending the record twice.
BREACHES: dict[str, tuple[dict[str, Any], str]] = {
    "id-required": ({"externalEmployeeId": " "}, "externalEmployeeId is required"),
    "id-is-text": ({"externalEmployeeId": 5}, "externalEmployeeId must be a string"),
    "id-once-in-batch": ({}, "Duplicate externalEmployeeId in batch"),
    "status-is-text": ({"status": 5}, "status must be a string"),
    "status-known": ({"status": "GONE"}, "Invalid status 'GONE'. Must be one of: ACTIVE, INACTIVE, TERMINATED"),
    "field-types": ({"firstName": 5}, "firstName must be a string"),
    "update-mode-is-text": ({"updateMode": 5}, "updateMode must be a string"),
    "update-mode-known": ({"updateMode": "merge"}, "Invalid updateMode 'merge'. Must be one of: replace, additive"),
    "dates": ({"hireDate": "soon"}, "Invalid date format for hireDate"),
    "email-required": ({"email": GONE, "userAccount": {}}, EMAIL_REQUIRED),
    "email-format": ({"email": "broken"}, EMAIL_INVALID),
    "email-in-other-organization": (
        {"email": "other@example.com"},
        "User with email other@example.com already exists in a different organization",
    ),
    "email-linked": (
        {"email": "linked@example.com"},
        "User with email linked@example.com already exists and is linked to employee E-2",
    ),
    "email-of-other-user": ({"email": PAT}, f"User with email {PAT} already exists"),
    "username-not-empty": ({"userAccount": {"username": " "}}, "Username must not be empty"),
    "username-free": ({"userAccount": {"username": "taken"}}, "Username 'taken' is already taken"),
    "group-named": ({"groups": [{}]}, "Either groupName or externalGroupId is required"),
    "site-named": ({"sites": [{}]}, "Site id is required"),
    "site-id-well-formed": ({"sites": [site("x")]}, "Invalid site id 'x'"),
    "site-manager-asks-site": (MANAGER, NO_SITES_ASKED),
    "site-level-manager-has-role": ({"sites": [site(MAIN, "site_manager")]}, NO_ROLE_FOR_SITE),
    "site-manager-keeps-site": (MANAGER | {"sites": UNKNOWN_SITE}, NO_SITES_LEFT),
}

#: How to break two rules that ask for different values of the same field.
COMBINED: dict[tuple[str, str], dict[str, Any]] = {
    ("email-required", "email-format"): {"email": " ", "userAccount": {}},
    ("email-required", "username-not-empty"): {"email": GONE, "userAccount": {"username": ""}},
    ("email-required", "username-free"): {"email": GONE, "userAccount": {"username": "taken"}},
    ("email-format", "email-in-other-organization"): {"email": "broken and elsewhere"},
    ("email-format", "email-linked"): {"email": "broken and linked"},
    ("email-format", "email-of-other-user"): {"email": "broken and taken"},
    ("email-in-other-organization", "email-linked"): {"email": "other.linked@example.com"},
    ("email-in-other-organization", "email-of-other-user"): {"email": "other.taken@example.com"},
    ("email-linked", "email-of-other-user"): {"email": "linked.taken@example.com"},
    ("username-not-empty", "username-free"): {"userAccount": {"username": "\t"}},
    ("site-named", "site-id-well-formed"): {"sites": [{}, site("x")]},
    ("site-named", "site-level-manager-has-role"): {"sites": [{"role": "site_manager"}]},
    ("site-named", "site-manager-keeps-site"): MANAGER | {"sites": [{}]},
    ("site-id-well-formed", "site-level-manager-has-role"): {"sites": [site("x", "site_manager")]},
    ("site-id-well-formed", "site-manager-keeps-site"): MANAGER | {"sites": [site("x")]},
    ("site-manager-asks-site", "site-manager-keeps-site"): MANAGER,
    # Only a state that no sync brings about breaks these two: E-0 holds site_manager and no site.
    ("site-level-manager-has-role", "site-manager-keeps-site"): {
        "externalEmployeeId": "E-0",
        "email": GONE,
        "updateMode": "additive",
        "sites": [site(NO_SITE, "site_manager")],
    },
}

#: Rules that exclude each other: of one field one value is wrong in one way only.
EXCLUSIVE = {
    ("id-required", "id-is-text"),
    ("status-is-text", "status-known"),
    ("update-mode-is-text", "update-mode-known"),
    ("email-required", "email-in-other-organization"),
    ("email-required", "email-linked"),
    ("email-required", "email-of-other-user"),
    ("site-named", "site-manager-asks-site"),
    ("site-id-well-formed", "site-manager-asks-site"),
    ("site-manager-asks-site", "site-level-manager-has-role"),
}
PAIRS = [pair for pair in combinations(BREACHES, 2) if pair not in EXCLUSIVE]


def crowded() -> Domain:
    """E-1 with an account, and whoever holds what E-1 might ask for; all rules are in force."""
    domain = Domain()
    outcomes = domain.sync(with_account("E-1", OWN), with_account("E-2", "linked@example.com"))
    outcomes += domain.sync(with_account("E-3", "three@example.com", account={"username": "taken"}))
    outcomes += domain.sync(employee("O-1", email="other@example.com"), org=1)
    assert [outcome.status for outcome in outcomes] == ["CREATED"] * 4
    here, there = domain.organizations[0].state(), domain.organizations[1].state()
    model = here.employees[0]
    manager = next(role.id for role in here.roles if role.name == "site_manager")

    def holder(key: str, email: str | None, **more: Any) -> Employee:
        return msgspec.structs.replace(model, external_id=key, id=key, email=email, user=None, **more)

    def user(key: str, email: str, username: str) -> User:
        unlinked = here.users[0]
        return msgspec.structs.replace(unlinked, id=key, email=email, username=username, username_given=True)

    domain.change(
        employees=[
            *here.employees,
            holder("E-0", None, roles=(manager,)),
            holder("E-4", "broken and linked"),
            holder("E-5", "other.linked@example.com"),
            holder("E-6", "linked.taken@example.com"),
        ],
        users=[
            *here.users,
            user("u1", "broken and taken", "u1"),
            user("u2", "other.taken@example.com", "u2"),
            user("u3", "linked.taken@example.com", "u3"),
            user("u4", "four@example.com", "\t"),
        ],
    )
    domain.change(
        org=1,
        employees=[
            *there.employees,
            holder("O-2", "broken and elsewhere"),
            holder("O-3", "other.linked@example.com"),
            holder("O-4", "other.taken@example.com"),
        ],
    )
    domain.read(malformed_site_id="error", duplicate_in_batch="error")
    return domain


def breaking(*rules: str) -> dict[str, Any]:
    """The record that breaks these rules."""
    changes = COMBINED.get((rules[0], rules[-1]))
    if changes is None:
        changes = {}
        for rule in rules:
            for key, value in BREACHES[rule][0].items():
                assert changes.get(key, value) == value, f"{rules} ask for different values of {key}"
                changes[key] = value
    return {key: value for key, value in {**BASE, **changes}.items() if value is not GONE}


def refusal(domain: Domain, record: dict[str, Any], twice: bool, quick: bool = False) -> tuple[str | None, str | None]:
    """Rule and message that refuse the record, or its second coming, which must change nothing."""
    records = [{**record, "hireDate": "the first fails by itself"}, record] if twice else [record]
    before = domain.state()
    outcome = domain.sync(*records, quick=quick)[-1]
    assert domain.state() == before
    return outcome.rule, outcome.message


def test_table_of_breaches_has_every_rule_in_order() -> None:
    """A new rule needs a row here; the rows are in the order of the checks. Of what is no object nothing else holds."""
    assert ["record-is-object", *BREACHES] == [rule.name for rule in RULES]


def test_record_that_the_breaches_start_from_is_accepted() -> None:
    """Without a breach nothing is refused."""
    assert crowded().sync(BASE)[0].status == "UPDATED"


@pytest.mark.parametrize("rule", BREACHES)
def test_one_breach_is_answered_with_its_own_message(rule: str) -> None:
    """Every rule refuses with its message and changes nothing."""
    assert refusal(crowded(), breaking(rule), rule == "id-once-in-batch") == (rule, BREACHES[rule][1])


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_breaches_are_answered_with_the_first_ones_message(first: str, second: str, quick: bool) -> None:
    """The first rule in the order of checks is the record's error, whichever way the record is put through."""
    record = breaking(first, second)
    rule, message = refusal(crowded(), record, "id-once-in-batch" in (first, second), quick)
    assert rule == first
    if (first, second) not in COMBINED:
        assert message == BREACHES[first][1]


# Of two bad sites the first one is the record's error, so that one hides the other, rule or no rule.
@pytest.mark.parametrize(("first", "second"), sorted(COMBINED.keys() - {("site-named", "site-id-well-formed")}))
def test_combined_breach_breaks_the_second_rule_too(first: str, second: str) -> None:
    """A combination stands for both of its rules: without the rules before it, the second one refuses."""
    order = [rule.name for rule in RULES]
    domain = crowded()
    domain.rules = RULES[order.index(second) :]
    assert refusal(domain, breaking(first, second), twice=False)[0] == second
