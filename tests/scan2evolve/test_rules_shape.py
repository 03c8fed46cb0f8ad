"""Checks 0 to 2 of a record: that it is an object with an id, and that each field has its type."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.client import MAIN, WorldClient
from tests.scan2evolve.samples import employee, full, site

STRING, BOOLEAN, OBJECT, ARRAY = "a string", "a boolean", "an object", "an array"
WRONG: dict[str, list[Any]] = {
    STRING: [5, 1.5, True, [], ["x"], {}],
    BOOLEAN: ["true", 0, 1, [], {}],
    OBJECT: ["x", 1, False, [], [{}]],
    ARRAY: ["x", 1, True, {}, {"0": "x"}],
}
# Every place of a record in the order of the page's full example, externalGroupId after groupName.
PLACES: list[tuple[str, str]] = [
    ("status", STRING),
    ("firstName", STRING),
    ("lastName", STRING),
    ("displayName", STRING),
    ("email", STRING),
    ("phone", STRING),
    ("jobTitle", STRING),
    ("department", STRING),
    ("hireDate", STRING),
    ("terminationDate", STRING),
    ("supervisor", OBJECT),
    ("supervisor.name", STRING),
    ("supervisor.email", STRING),
    ("roles", ARRAY),
    ("roles[0]", STRING),
    ("roles[1]", STRING),
    ("groups", ARRAY),
    ("groups[0]", OBJECT),
    ("groups[0].groupName", STRING),
    ("groups[0].externalGroupId", STRING),
    ("groups[0].role", STRING),
    ("groups[1].role", STRING),
    ("sites", ARRAY),
    ("sites[0]", OBJECT),
    ("sites[0].id", STRING),
    ("sites[0].role", STRING),
    ("sites[1].id", STRING),
    ("metadata", OBJECT),
    ("userAccount", OBJECT),
    ("userAccount.username", STRING),
    ("userAccount.forcePasswordReset", BOOLEAN),
    ("userAccount.sendWelcomeEmail", BOOLEAN),
    ("updateMode", STRING),
]
ELEMENTS = ("roles[0]", "roles[1]", "groups[0]", "sites[0]")


def put(record: dict[str, Any], path: str, value: Any) -> None:
    """Set the place `path` of a record that has a good value there."""
    *steps, last = path.replace("]", "").replace("[", ".").split(".")
    target: Any = record
    for step in steps:
        target = target[int(step) if isinstance(target, list) else step]
    target[int(last) if isinstance(target, list) else last] = value


def complete() -> dict[str, Any]:
    """A good record that has every place of the table."""
    record = full("E-1")
    record["terminationDate"] = "2030-01-01"
    record["groups"] = [
        {"groupName": "Maintenance Team", "externalGroupId": "TEAM-001", "role": "Lead"},
        {"groupName": "Maintenance Team", "role": "Member"},
    ]
    return record


def broken(path: str, value: Any) -> dict[str, Any]:
    """A record that is good but for the value at `path`."""
    record = complete()
    put(record, path, value)
    return record


WRONG_TYPES = [
    pytest.param(path, value, f"{path} must be {kind}", id=f"{path}={value!r}")
    for path, kind in PLACES
    for value in WRONG[kind]
]


@pytest.mark.parametrize("value", [None, 1, 1.5, "E-1", True, [], [{"externalEmployeeId": "E-1"}]])
def test_record_that_is_no_object_is_refused(world: WorldClient, value: Any) -> None:
    """A record must be an object (S2E-FIELD-17)."""
    assert world.refused(value) == "Employee record must be an object"


@pytest.mark.parametrize(
    "record",
    [{}, {"firstName": "Ada"}, *(employee(blank) for blank in ("", " ", "\t\n", "\u00a0", "\u3000\u2003"))],
)
def test_id_missing_or_blank_is_refused(world: WorldClient, record: dict[str, Any]) -> None:
    """A record must have an id that is not blank (S2E-FIELD-01)."""
    assert world.refused(record) == "externalEmployeeId is required"


@pytest.mark.parametrize("null_field", ["error", "ignored"])
def test_id_null_is_refused_as_missing(world: WorldClient, null_field: str) -> None:
    """A null id is a missing one under either reading of null-field (S2E-FIELD-01)."""
    world.read(null_field=null_field)
    assert world.refused({"externalEmployeeId": None}) == "externalEmployeeId is required"


@pytest.mark.parametrize("value", [0, 5, 1.5, True, False, [], ["E-1"], {}])
def test_id_that_is_no_string_is_refused(world: WorldClient, value: Any) -> None:
    """An id of another type is a wrong type, not a missing id (S2E-FIELD-17)."""
    assert world.refused({"externalEmployeeId": value}) == "externalEmployeeId must be a string"


def test_ids_are_compared_exactly(world: WorldClient) -> None:
    """Ids that differ in case or in white space belong to different employees (S2E-BATCH-16)."""
    ids = ["E-1", "e-1", " E-1", "E-1 ", "E-1\u0301", "0"]
    body = world.sync(*(employee(key) for key in ids))
    assert [result["status"] for result in body["results"]] == ["CREATED"] * len(ids)
    assert [item["externalEmployeeId"] for item in world.scan2evolve_state("employees")] == ids


@pytest.mark.parametrize(("path", "value", "message"), WRONG_TYPES)
def test_field_of_wrong_type_is_refused_by_name(world: WorldClient, path: str, value: Any, message: str) -> None:
    """A field of the wrong JSON type is an error that names it (S2E-FIELD-17)."""
    assert world.refused(broken(path, value)) == message


def test_every_place_of_the_table_may_have_a_good_value(world: WorldClient) -> None:
    """The record that the type faults are made from is accepted without a warning."""
    assert world.accepted(complete())["warnings"] == []


@pytest.mark.parametrize(("path", "kind"), [row for row in PLACES if row[0] != "terminationDate"])
def test_null_field_is_refused_by_default(world: WorldClient, path: str, kind: str) -> None:
    """Null is a wrong type wherever no page allows it: reading null-field = error (S2E-FIELD-17)."""
    assert world.refused(broken(path, None)) == f"{path} must be {kind}"


@pytest.mark.parametrize("path", [path for path, _ in PLACES if path not in (*ELEMENTS, "terminationDate")])
def test_null_field_ignored_is_as_if_left_out(world: WorldClient, path: str) -> None:
    """Under null-field = ignored a null field does what leaving it out does (S2E-FIELD-17)."""
    left_out = complete()
    del_at(left_out, path)
    seen = []
    for record in (left_out, broken(path, None)):
        world.control("POST", "/reset")
        world.read(null_field="ignored", email_on_update="stored")
        world.accepted(complete())
        body = world.sync(record)
        seen.append((body["results"], body["errors"], world.state()))
    assert seen[0] == seen[1]


def del_at(record: dict[str, Any], path: str) -> None:
    """Leave the place `path` out of a record."""
    *steps, last = path.replace("]", "").replace("[", ".").split(".")
    target: Any = record
    for step in steps:
        target = target[int(step) if isinstance(target, list) else step]
    del target[last]


@pytest.mark.parametrize("path", ELEMENTS)
def test_null_element_is_a_wrong_type_even_where_nulls_are_ignored(world: WorldClient, path: str) -> None:
    """A null element of an array is never ignored (S2E-FIELD-17)."""
    world.read(null_field="ignored")
    assert world.refused(broken(path, None)) == f"{path} must be {dict(PLACES)[path]}"


@pytest.mark.parametrize("entry", [{"id": None}, {"role": "inspector", "id": None}])
def test_null_site_id_where_nulls_are_ignored_is_a_missing_id(world: WorldClient, entry: dict[str, Any]) -> None:
    """Under null-field = ignored a null site id is one left out, which is refused (S2E-SITE-01)."""
    world.read(null_field="ignored")
    assert world.refused(employee(sites=[entry])) == "Site id is required"


def test_null_group_keys_where_nulls_are_ignored_are_missing(world: WorldClient) -> None:
    """Under null-field = ignored a group with null keys has none (S2E-GROUP-02)."""
    world.read(null_field="ignored")
    record = employee(groups=[{"groupName": None, "externalGroupId": None, "role": "Lead"}])
    assert world.refused(record) == "Either groupName or externalGroupId is required"


def test_null_group_name_beside_a_good_key_is_ignored(world: WorldClient) -> None:
    """Under null-field = ignored the other group key counts (S2E-GROUP-01)."""
    world.read(null_field="ignored")
    world.accepted(employee(groups=[{"groupName": None, "externalGroupId": "TEAM-001", "role": None}]))
    assert [group["externalGroupId"] for group in world.employee("E-1")["groups"]] == ["TEAM-001"]


@pytest.mark.parametrize("null_field", ["error", "ignored"])
def test_null_in_metadata_and_in_unknown_fields_is_kept_out_of_it(world: WorldClient, null_field: str) -> None:
    """Nulls inside metadata are its content, and those of unknown fields nobody's business (S2E-FIELD-14)."""
    world.read(null_field=null_field)
    metadata = {"badge": None, "nested": {"email": None, "list": [None]}}
    world.accepted(employee(metadata=metadata, shoeSize=None))
    assert world.employee("E-1")["metadata"] == metadata


@pytest.mark.parametrize(
    ("first", "second"),
    [pair for pair in pairwise(PLACES) if not pair[1][0].startswith((pair[0][0] + ".", pair[0][0] + "["))],
)
def test_two_wrong_types_are_answered_in_field_order(
    world: WorldClient, first: tuple[str, str], second: tuple[str, str]
) -> None:
    """Of two wrong types the first in the order of the page's example is named (S2E-FIELD-17)."""
    record = broken(second[0], WRONG[second[1]][0])
    put(record, first[0], WRONG[first[1]][0])
    assert world.refused(dict(reversed(record.items()))) == f"{first[0]} must be {first[1]}"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"groups": [{"role": 5}, 7]}, "groups[0].role must be a string"),
        ({"groups": [7, {"role": 5}]}, "groups[0] must be an object"),
        ({"groups": [{"role": 1, "externalGroupId": 2, "groupName": 3}]}, "groups[0].groupName must be a string"),
        ({"sites": [site(), {"role": 1, "id": 2}]}, "sites[1].id must be a string"),
        ({"sites": [{"id": MAIN, "role": 1}, {"id": 2}]}, "sites[0].role must be a string"),
        ({"roles": ["admin", "nobody", None, 5]}, "roles[2] must be a string"),
        ({"supervisor": {"email": 1, "name": 2}, "roles": 5}, "supervisor.name must be a string"),
        ({"userAccount": {"sendWelcomeEmail": 1, "username": 2}}, "userAccount.username must be a string"),
        ({"updateMode": "merge", "userAccount": 1}, "userAccount must be an object"),
        ({"status": "GONE", "firstName": 5}, "Invalid status 'GONE'. Must be one of: ACTIVE, INACTIVE, TERMINATED"),
        ({"hireDate": "soon", "updateMode": "merge"}, "Invalid updateMode 'merge'. Must be one of: replace, additive"),
    ],
)
def test_nested_faults_are_answered_depth_first(world: WorldClient, fields: dict[str, Any], message: str) -> None:
    """Types and enums are checked depth first, in the order of the page's example (S2E-FIELD-17)."""
    assert world.refused(employee(**fields)) == message


@pytest.mark.parametrize("status", ["", " ", "active", "Inactive", "ACTIVE ", " TERMINATED", "DELETED", "{value}", "'"])
def test_status_out_of_range_is_refused(world: WorldClient, status: str) -> None:
    """A status is one of three, exactly (S2E-FIELD-02)."""
    assert (
        world.refused(employee(status=status))
        == f"Invalid status '{status}'. Must be one of: ACTIVE, INACTIVE, TERMINATED"
    )


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE", "TERMINATED"])
def test_status_in_range_is_stored(world: WorldClient, status: str) -> None:
    """Each of the three statuses is accepted for a new employee (S2E-FIELD-02)."""
    world.accepted(employee(status=status))
    assert world.employee("E-1")["status"] == status


@pytest.mark.parametrize("mode", ["", "REPLACE", "Additive", "additive ", "merge", "{value}"])
def test_update_mode_out_of_range_is_refused(world: WorldClient, mode: str) -> None:
    """An updateMode is one of two, exactly (S2E-FIELD-16)."""
    assert world.refused(employee(updateMode=mode)) == f"Invalid updateMode '{mode}'. Must be one of: replace, additive"


@pytest.mark.parametrize("status", ["INACTIVE", "TERMINATED"])
@pytest.mark.parametrize(
    ("path", "value"),
    [("userAccount.username", 5), ("roles[0]", 5), ("sites[0].id", 5), ("updateMode", "merge"), ("metadata", [])],
)
def test_types_are_checked_whatever_the_status(world: WorldClient, status: str, path: str, value: Any) -> None:
    """An INACTIVE or TERMINATED record is checked for types and enums like any other (S2E-FIELD-17)."""
    record = broken(path, value)
    messages = {"metadata": "metadata must be an object"} | dict.fromkeys(
        ["userAccount.username", "roles[0]", "sites[0].id"], f"{path} must be a string"
    )
    expected = messages.get(path, "Invalid updateMode 'merge'. Must be one of: replace, additive")
    assert world.refused({**record, "status": status}) == expected
