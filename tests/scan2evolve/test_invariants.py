"""What holds for any records under any readings."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from sandbox.scan2evolve.rules import ENTRIES, RULES
from tests.client import ServerClient
from tests.scan2evolve import strategies
from tests.scan2evolve.domain import Domain
from tests.scan2evolve.strategies import Record
from tests.thoroughness import examples

Request = tuple[dict[str, str], list[Any], int]
requests = st.lists(
    st.tuples(strategies.readings, strategies.batches, st.sampled_from([0, 0, 0, 1])),
    min_size=1,
    max_size=3,
)
busy = settings(max_examples=examples(250), suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def after(*before: Any, **readings: str) -> Domain:
    """A domain in which these records have been synced one by one, under these readings."""
    domain = Domain(**readings)
    for record in before:
        domain.sync(record)
    return domain


def assert_sound(domain: Domain) -> None:
    """What is true of every state that syncs bring about."""
    emails: list[str] = []
    for organization in domain.organizations:
        state = organization.state()
        state.check()
        site_manager = {role.id for role in state.roles if role.name.casefold() == "site_manager"}
        users = {user.id: user for user in state.users}
        here = set()
        for employee in state.employees:
            active = employee.status == "ACTIVE"
            assert employee.sites or not site_manager.intersection(employee.roles), employee
            assert active or not (employee.roles or employee.groups or employee.sites), employee
            assert employee.display_name or employee.display_name_given, employee
            if employee.email is not None:
                here.add(employee.email.casefold())
            if employee.user is not None:
                account = users[employee.user]
                assert (account.email, account.enabled) == (employee.email, active), employee
        emails += here | {user.email.casefold() for user in state.users}
    assert len(emails) == len(set(emails)), "an e-mail is known to two organizations"
    assert domain.tables() == domain.rebuilt_tables()


@busy
@given(requests)
def test_any_requests_leave_a_sound_state_and_failures_no_trace(sent: list[Request]) -> None:
    """No site_manager without a site, whatever was accepted; a failed record changes nothing (S2E-SM-05, S2E-BATCH-05).

    Also: no e-mail twice, nothing assigned to who is not ACTIVE, an account on exactly where its employee
    is, and look-up tables that are as if made anew.
    """
    domain = Domain()
    for readings, records, org in sent:
        domain.read(**readings)
        batch = domain.batch(org)
        for record in records:
            before, drawn = domain.state(), domain.ids.state()
            outcome = batch.sync(record)
            if outcome.status == "ERROR":
                event(f"refused by {outcome.rule}")
                assert (domain.state(), domain.ids.state()) == (before, drawn)
                assert (outcome.employee_id, outcome.user_id, outcome.warnings) == (None, None, ())
            else:
                event("accepted")
                assert outcome.external_id == record["externalEmployeeId"]
        assert_sound(domain)


@busy
@given(strategies.readings, strategies.batches)
def test_one_batch_does_what_its_records_do_one_by_one(readings: dict[str, str], records: list[Any]) -> None:
    """Records of a batch are processed one after another, each by itself (S2E-BATCH-04)."""
    readings = {**readings, "duplicate_in_batch": "update"}
    together, apart = Domain(**readings), Domain(**readings)
    assert together.sync(*records) == [apart.sync(record)[0] for record in records]
    assert together.state() == apart.state()


@busy
@given(strategies.readings, strategies.batches, strategies.plain_records)
def test_same_record_again_changes_nothing(readings: dict[str, str], before: list[Any], record: Record) -> None:
    """An accepted record sent again is UPDATED, with the same ids, warnings and state (S2E-BATCH-12)."""
    domain = after(*before, **readings)
    (first,) = domain.sync(record)
    assume(first.status != "ERROR")
    organizations, mail = domain.state()
    (second,) = domain.sync(record)
    assert second.status == "UPDATED"
    assert (second.employee_id, second.user_id) == (first.employee_id, first.user_id)
    assert second.warnings == first.warnings
    if readings["account_flags"] == "on-create":
        assert domain.state() == [organizations, mail]
    else:
        assert without_reset(domain.state()[0]) == without_reset(organizations)


def without_reset(organizations: list[dict[str, Any]]) -> Any:
    """The organizations, whether or not a password reset is due, which flags on every sync may change."""
    for organization in organizations:
        for user in organization["users"]:
            del user["must_reset_password"]
    return organizations


@busy
@given(strategies.readings, strategies.batches, strategies.plain_records | strategies.broken_records())
def test_well_formed_record_fares_the_same_either_way(
    readings: dict[str, str], before: list[Any], record: Record
) -> None:
    """A record that may take the short way fares there as on the long one: nothing differs."""
    full, quick = after(*before, **readings), after(*before, **readings)
    assume(full.is_well_formed(record))
    outcome = full.sync(record)
    event(outcome[0].rule or "accepted")
    assert quick.sync(record, quick=True) == outcome
    assert quick.state() == full.state()


@busy
@given(requests)
def test_rule_left_out_for_its_concern_would_not_have_refused(sent: list[Request]) -> None:
    """Rules that a record is spared because it is none of their concern would have let it pass."""
    domain, strict = Domain(), Domain()
    strict.rules = tuple(msgspec.structs.replace(rule, concern=0) for rule in RULES)
    for readings, records, org in sent:
        domain.read(**readings)
        strict.read(**readings)
        assert domain.sync(*records, org=org, quick=True) == strict.sync(*records, org=org)
        assert domain.state() == strict.state()


#: The rules about a record by itself, which a schema can express.
SHAPE = tuple(
    rule
    for rule in RULES
    if (rule.stage == "record" and rule.name != "id-once-in-batch")
    or rule.concern == ENTRIES
    or rule.name == "email-format"
)


@settings(busy, max_examples=examples(800))
@given(strategies.readings, strategies.broken_records())
def test_schema_and_rules_of_shape_draw_the_same_line(readings: dict[str, str], record: Record) -> None:
    """The published schema takes exactly the records that no rule of shape refuses and that hold nothing unknown."""
    domain = Domain(**readings)
    domain.rules = SHAPE
    (outcome,) = domain.sync(record)
    event(outcome.rule or "accepted")
    assert domain.is_well_formed(record) == (outcome.status != "ERROR" and not outcome.ignored)


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow])
@given(strategies.readings, st.lists(strategies.batches, min_size=1, max_size=3))
def test_server_answers_every_record_once_and_as_the_rules_say(
    server: ServerClient, readings: dict[str, str], sent: list[list[Any]]
) -> None:
    """Over HTTP every record is in results or errors, once, in order, with what the rules alone bring about.

    The rules run in full here, while the server takes the quick way where it can (S2E-BATCH-05, S2E-BATCH-10).
    """
    world = server.world(seed=0, readings={name.replace("_", "-"): value for name, value in readings.items()})
    domain = Domain(**readings)
    try:
        for records in sent:
            outcomes = domain.sync(*records)
            body = world.sync(*records)
            results = [outcome for outcome in outcomes if outcome.status != "ERROR"]
            errors = [outcome for outcome in outcomes if outcome.status == "ERROR"]
            assert [
                (entry["externalEmployeeId"], entry["status"], entry["employeeId"], entry.get("userId"))
                for entry in body["results"]
            ] == [(o.external_id, o.status, o.employee_id, o.user_id) for o in results]
            assert [entry["warnings"] for entry in body["results"]] == [[t for _, t in o.warnings] for o in results]
            assert [(entry.get("externalEmployeeId") or None, entry["message"]) for entry in body["errors"]] == [
                (o.external_id, o.message) for o in errors
            ]
            noted = world.journal()[-1]["records"]
            assert [(entry["index"], entry["outcome"], entry["rule"]) for entry in noted] == [
                (index, outcome.status, outcome.rule) for index, outcome in enumerate(outcomes)
            ]
        for org, organization in enumerate(domain.organizations):
            shown = [organization.employee_view(employee) for employee in organization.employees.values()]
            stored = world.scan2evolve_state("employees", org)
            assert [without_metadata(item) for item in stored] == [without_metadata(item) for item in shown]
        assert len(world.outbox()) == len(domain.mail)
    finally:
        world.control("DELETE")


def without_metadata(shown: dict[str, Any]) -> dict[str, Any]:
    """An employee as shown, but for what is text in the domain and JSON over HTTP."""
    return {key: value for key, value in shown.items() if key != "metadata"}
