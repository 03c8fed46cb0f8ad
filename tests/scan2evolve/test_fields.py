"""The fields of an employee: what is kept, what is made, what is cleared, and what nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import WorldClient
from tests.scan2evolve.samples import employee, full, site, with_account

PLAIN = ["firstName", "lastName", "email", "phone", "jobTitle", "department", "hireDate", "terminationDate"]
VALUES: dict[str, Any] = {
    "firstName": "Ada",
    "lastName": "King",
    "displayName": "Countess",
    "email": "ada@example.com",
    "phone": "+44 20",
    "jobTitle": "Analyst",
    "department": "Engines",
    "hireDate": "1833-06-05",
    "terminationDate": "1852-11-27T00:00:00Z",
    "supervisor": {"name": "Charles", "email": "charles@example.com"},
    "metadata": {"badge": "A1"},
}
OTHERS: dict[str, Any] = {
    "firstName": "Grace",
    "lastName": "Hopper",
    "displayName": "Admiral",
    "email": "grace@example.com",
    "phone": "",
    "jobTitle": " ",
    "department": "Compilers",
    "hireDate": "1943-12-01T08:00:00.000Z",
    "terminationDate": "1986-08-14",
    "supervisor": {"name": "Howard"},
    "metadata": {},
}


def fields_of(world: WorldClient) -> dict[str, Any]:
    """Those of the employee's fields that a record sets one by one."""
    stored = world.employee("E-1")
    return {key: stored[key] for key in VALUES}


def test_fields_are_stored_as_given(world: WorldClient) -> None:
    """Whatever is given comes back as it was (S2E-FIELD-14, -15, -19)."""
    world.accepted(employee(**VALUES))
    assert fields_of(world) == VALUES


def test_fields_never_given_are_null(world: WorldClient) -> None:
    """A record of an id alone is enough (S2E-FIELD-01)."""
    world.accepted(employee())
    assert fields_of(world) == {**dict.fromkeys(VALUES), "displayName": "E-1"}
    assert world.employee("E-1")["status"] == "ACTIVE"


@pytest.mark.parametrize("text", ["", " ", "\u0000", "Zo\u00eb \U0001f600", "a\nb", "x" * 10_000])
@pytest.mark.parametrize("field", ["firstName", "lastName", "displayName", "phone", "jobTitle", "department"])
def test_plain_texts_are_any_text(world: WorldClient, field: str, text: str) -> None:
    """Of the plain texts none is too strange, and none is trimmed (S2E-FIELD-19)."""
    world.accepted(employee(**{field: text}))
    assert world.employee("E-1")[field] == text


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE"])
@pytest.mark.parametrize("mode", ["replace", "additive"])
def test_field_left_out_of_an_update_stays(world: WorldClient, status: str, mode: str) -> None:
    """A field left out of an update stays as it was, whatever the mode and status (S2E-FIELD-18)."""
    world.accepted(employee(**VALUES))
    world.accepted(employee(status=status, updateMode=mode))
    assert fields_of(world) == VALUES


@pytest.mark.parametrize("field", VALUES)
def test_field_given_in_an_update_changes_alone(world: WorldClient, field: str) -> None:
    """A field given in an update replaces the stored one, whole, and no other (S2E-FIELD-18)."""
    world.accepted(employee(**VALUES))
    world.accepted(employee(**{field: OTHERS[field]}))
    assert fields_of(world) == {**VALUES, field: OTHERS[field]}


# -- dates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["error", "ignored"])
def test_termination_date_null_clears_it(world: WorldClient, reading: str) -> None:
    """Null clears an existing terminationDate under either reading of null-field (S2E-FIELD-13)."""
    world.read(null_field=reading)
    world.accepted(employee(terminationDate="2024-01-31"))
    world.accepted(employee(firstName="Ada"))
    assert world.employee("E-1")["terminationDate"] == "2024-01-31"
    world.accepted(employee(terminationDate=None))
    assert world.employee("E-1")["terminationDate"] is None
    world.accepted(employee(terminationDate=None))


# -- displayName -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["sticky", "regenerated"])
@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"firstName": "Ada", "lastName": "King"}, "Ada King"),
        ({"firstName": "Ada"}, "Ada"),
        ({"lastName": "King"}, "King"),
        ({"firstName": "", "lastName": "King"}, "King"),
        ({"firstName": "Ada", "lastName": " \t"}, "Ada"),
        ({"firstName": "\u00a0", "lastName": "King"}, "King"),
        ({"firstName": "Ada", "lastName": "\u3000"}, "Ada"),
        ({"firstName": "\u0085", "lastName": "\u2003"}, "E-1"),
        ({"firstName": " Ada", "lastName": "King "}, " Ada King "),
        ({"firstName": " ", "lastName": ""}, "E-1"),
        ({}, "E-1"),
        ({"displayName": "Countess", "firstName": "Ada"}, "Countess"),
        ({"displayName": "", "firstName": "Ada"}, ""),
    ],
)
def test_display_name_is_given_or_made(world: WorldClient, fields: dict[str, str], name: str, reading: str) -> None:
    """Made of the names that are not blank, else of the id, where it is not given (S2E-FIELD-07)."""
    world.read(display_name=reading)
    world.accepted(employee(**fields))
    assert world.employee("E-1")["displayName"] == name


@pytest.mark.parametrize(
    ("reading", "given", "expected"),
    [
        ("sticky", {"displayName": "Countess"}, "Countess"),
        ("regenerated", {"displayName": "Countess"}, "Grace King"),
        ("sticky", {}, "Grace King"),
        ("regenerated", {}, "Grace King"),
        ("sticky", {"displayName": "Ada King"}, "Ada King"),
        ("sticky", {"displayName": ""}, ""),
    ],
)
def test_display_name_left_out_of_an_update_follows_the_reading(
    world: WorldClient, reading: str, given: dict[str, str], expected: str
) -> None:
    """Reading display-name: sticky keeps one once given, regenerated makes it anew (S2E-FIELD-07)."""
    world.read(display_name=reading)
    world.accepted(employee(firstName="Ada", lastName="King", **given))
    world.accepted(employee(firstName="Grace"))
    assert world.employee("E-1")["displayName"] == expected


def test_display_name_regenerated_from_stored_names(world: WorldClient) -> None:
    """Under display-name = regenerated any update without it makes it of the names stored (S2E-FIELD-07)."""
    world.read(display_name="regenerated")
    world.accepted(employee(firstName="Ada", lastName="King", displayName="Countess"))
    world.accepted(employee(phone="1"))
    assert world.employee("E-1")["displayName"] == "Ada King"


@pytest.mark.parametrize("reading", ["sticky", "regenerated"])
def test_display_name_given_in_an_update_counts(world: WorldClient, reading: str) -> None:
    """One that is given always counts (S2E-FIELD-07)."""
    world.read(display_name=reading)
    world.accepted(employee(firstName="Ada"))
    world.accepted(employee(displayName="Countess"))
    assert world.employee("E-1")["displayName"] == "Countess"


def test_display_name_of_a_made_one_follows_the_names_when_off(world: WorldClient) -> None:
    """Names are kept up to date on records that are not ACTIVE, too (S2E-FIELD-07, S2E-FIELD-18)."""
    world.accepted(employee(firstName="Ada"))
    world.accepted(employee(lastName="King", status="TERMINATED"))
    assert world.employee("E-1")["displayName"] == "Ada King"


# -- supervisor and metadata -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "supervisor", [{}, {"name": "Charles"}, {"email": "charles@example.com"}, {"name": "", "email": ""}]
)
def test_supervisor_is_replaced_whole(world: WorldClient, supervisor: dict[str, str]) -> None:
    """A supervisor is stored with the keys that are given, and the old one's are gone (S2E-FIELD-15)."""
    world.accepted(employee(supervisor={"name": "Old", "email": "old@example.com"}))
    world.accepted(employee(supervisor=supervisor))
    assert world.employee("E-1")["supervisor"] == supervisor


METADATA: list[dict[str, Any]] = [
    {},
    {"": ""},
    {"a": {"b": {"c": [1, [2, {"d": None}]]}}, "e": [], "f": {}},
    {"null": None, "true": True, "false": False},
    {"integers": [0, -1, 2**53 + 1, 2**63, 2**64 - 1, -(2**63)]},
    {"doubles": [0.1, -0.0, 1e-300, 1.7976931348623157e308, 5e-324]},
    {"text": '\u0000\u001f"\\/ \u2028 \U0001f600 e\u0301'},
    {"externalEmployeeId": 5, "status": "none of ours", "email": None, "roles": 1},
    {"order": 1, "of": 2, "keys": 3, "a": 4},
]


@pytest.mark.parametrize("metadata", METADATA)
def test_metadata_comes_back_equal(world: WorldClient, metadata: dict[str, Any]) -> None:
    """Any JSON object is stored as given (S2E-FIELD-14)."""
    world.accepted(employee(metadata={"old": 1}))
    world.accepted(employee(metadata=metadata))
    stored = world.employee("E-1")["metadata"]
    assert stored == metadata
    assert list(stored) == list(metadata)
    assert repr(stored) == repr(metadata)


def test_metadata_of_great_depth_comes_back_equal(world: WorldClient) -> None:
    """Nesting within the limits of JSON is kept (S2E-FIELD-14)."""
    metadata: dict[str, Any] = {"end": True}
    for _ in range(500):
        metadata = {"deeper": metadata}
    world.accepted(employee(metadata=metadata))
    assert world.employee("E-1")["metadata"] == metadata


# -- status ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", ["INACTIVE", "TERMINATED"])
def test_status_left_out_of_an_update_follows_the_reading(world: WorldClient, off: str) -> None:
    """Reading omitted-status: active reactivates, kept stays off and assigns nothing (S2E-FIELD-03)."""
    for reading, status, enabled, roles in (("kept", off, False, []), ("active", "ACTIVE", True, ["admin"])):
        world.read(omitted_status=reading)
        world.accepted(with_account(status="ACTIVE", roles=["admin"]))
        world.accepted(employee(status=off))
        result = world.accepted(employee(roles=["admin", "nobody"], sites=[site("x")]))
        stored = world.employee("E-1")
        assert (stored["status"], stored["user"]["enabled"], stored["roles"]) == (status, enabled, roles)
        assert len(result["warnings"]) == (2 if enabled else 0)


@pytest.mark.parametrize("reading", ["active", "kept"])
def test_status_left_out_of_a_creation_is_active(world: WorldClient, reading: str) -> None:
    """A new employee without status is ACTIVE under either reading (S2E-FIELD-03)."""
    world.read(omitted_status=reading)
    world.accepted(with_account())
    assert world.employee("E-1")["status"] == "ACTIVE"
    assert world.employee("E-1")["user"]["enabled"] is True


def test_status_null_where_nulls_are_ignored_is_one_left_out(world: WorldClient) -> None:
    """Under null-field = ignored a null status falls back like one left out (S2E-FIELD-03, S2E-FIELD-17)."""
    world.read(null_field="ignored", omitted_status="kept")
    world.accepted(employee(status="INACTIVE"))
    world.accepted(employee(status=None))
    assert world.employee("E-1")["status"] == "INACTIVE"


def test_account_null_where_nulls_are_ignored_asks_for_none(world: WorldClient) -> None:
    """Under null-field = ignored a null userAccount asks for no account (S2E-FIELD-17)."""
    world.read(null_field="ignored")
    assert "userId" not in world.accepted(employee(email="ada@example.com", userAccount=None))
    flags = {"username": None, "sendWelcomeEmail": None, "forcePasswordReset": None}
    world.accepted(with_account(account=flags))
    assert world.employee("E-1")["user"]["username"] == "ada@example.com"
    assert world.outbox() == []


# -- unknown fields --------------------------------------------------------------------------------------------


def test_unknown_fields_are_ignored_and_noted_in_the_journal(world: WorldClient) -> None:
    """What no page names changes nothing, and the journal says so, nested names dotted (S2E-FIELD-17)."""
    known = full("E-1")
    world.accepted(known)
    state = world.state()
    strange = full("E-1")
    strange |= {"shoeSize": 43, "first_name": "x", "siteCode": None}
    strange["supervisor"]["phone"] = "1"
    strange["groups"][0]["id"] = "1"
    strange["sites"][1]["siteCode"] = "NORTH"
    strange["userAccount"]["password"] = "hunter2"
    strange["metadata"]["own"] = "keys are no unknown fields"
    known["metadata"]["own"] = "keys are no unknown fields"
    world.accepted(known)
    state = world.state()
    assert world.accepted(strange)["warnings"] == []
    assert world.state() == state
    (noted,) = world.journal()[-1]["records"]
    assert sorted(noted["ignored"]) == [
        "first_name",
        "groups[0].id",
        "shoeSize",
        "siteCode",
        "sites[1].siteCode",
        "supervisor.phone",
        "userAccount.password",
    ]
    assert world.journal()[-2]["records"][0]["ignored"] == []


def test_unknown_fields_of_a_refused_record_are_noted_too(world: WorldClient) -> None:
    """The journal's note does not depend on the outcome (S2E-FIELD-17)."""
    world.refused({"externalEmployeeID": "E-1", "firstName": 5})
    (noted,) = world.journal()[-1]["records"]
    assert (noted["rule"], noted["ignored"]) == ("id-required", ["externalEmployeeID"])
