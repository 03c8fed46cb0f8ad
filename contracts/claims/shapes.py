"""Shapes: what a wrong type, a null, an unknown field and a field that is left out mean for a record."""

from __future__ import annotations

from typing import Any

from contracts import messages
from contracts.checks import check
from contracts.holdings import account_of, at, later, needs_control, staff
from contracts.lab import Lab

_TEXTS = ("firstName", "lastName", "displayName", "phone", "jobTitle", "department")
_STRANGE = "  Zo\u00eb \u5317 \U0001f527 {0} %s 'x' \"y\" \\ <b>&amp; "


def _stored(lab: Lab, record: dict[str, Any]) -> dict[str, Any]:
    return lab.employee(record["externalEmployeeId"])


@check("S2E-FIELD-17")
def wrong_type_stops_only_its_record(lab: Lab) -> None:
    """A record of wrong types, or no object at all, fails alone; the batch is not refused for it."""
    good = staff(lab)
    body = lab.sync("EMP-1", lab.person(firstName=5), good, lab.person(roles="admin"), None)
    expected = [
        messages.NOT_AN_OBJECT,
        messages.wrong_type("firstName", "a string"),
        messages.wrong_type("roles", "an array"),
        messages.NOT_AN_OBJECT,
    ]
    lab.equal([entry["message"] for entry in body["errors"]], expected, "messages")
    lab.equal([result["externalEmployeeId"] for result in body["results"]], [good["externalEmployeeId"]], "results")
    account_of(lab, good)


@check("S2E-FIELD-17")
def booleans_and_numbers_are_no_texts(lab: Lab) -> None:
    """No field takes a value of another type for its own: no number for a text, no 1 for true."""
    value: Any
    for value in (0, 1.5, True, [], {}):
        record = lab.person(lastName=value)
        lab.refused(record, messages.wrong_type("lastName", "a string"))
    for number in (0, 1, "false"):
        record = staff(lab, userAccount={"forcePasswordReset": number})
        lab.refused(record, messages.wrong_type("userAccount.forcePasswordReset", "a boolean"))


# Field -> its parts and their kinds, in the order of the vendor's full example.
_PARTS = {
    "supervisor": ({"name": "a string", "email": "a string"}, False),
    "groups": ({"groupName": "a string", "externalGroupId": "a string", "role": "a string"}, True),
    "sites": ({"id": "a string", "role": "a string"}, True),
    "userAccount": (
        {"username": "a string", "forcePasswordReset": "a boolean", "sendWelcomeEmail": "a boolean"},
        False,
    ),
}


@check("S2E-FIELD-17")
def first_wrong_part_is_named(lab: Lab) -> None:
    """Of several wrong parts of a field the first is named, in the order of the full example, each entry by itself."""
    for field, (parts, listed) in _PARTS.items():
        names = list(parts)
        for count in range(1, len(names) + 1):
            # The last ones are wrong, and stand in the record in the opposite order.
            wrong = names[-count:]
            value: Any = dict.fromkeys(reversed(wrong), 7)
            path = f"{field}[0].{wrong[0]}" if listed else f"{field}.{wrong[0]}"
            record = lab.person(**{field: [value, 7] if listed else value})
            lab.refused(record, messages.wrong_type(path, parts[wrong[0]]))


@check("S2E-FIELD-17")
def null_where_a_field_is_optional(lab: Lab) -> None:
    """Null is a wrong type, or as if the field were left out, as reading null-field says."""
    kinds = {"supervisor": "an object", "metadata": "an object", "userAccount": "an object"}
    kinds |= dict.fromkeys(("roles", "groups", "sites"), "an array")
    names = (*_TEXTS, "status", "email", "hireDate", "updateMode", *kinds)
    for name in names:
        record = lab.person(**{name: None})
        if lab.readings["null-field"] == "error":
            lab.refused(record, messages.wrong_type(name, kinds.get(name, "a string")))
        else:
            lab.equal(lab.accepted(record)["warnings"], [], f"warnings where {name} is null")


@check("S2E-FIELD-17")
def ignored_null_keeps_the_value(lab: Lab) -> None:
    """Where null counts as left out, an update with nulls keeps what is stored; else it is refused."""
    record = staff(lab, displayName="Kept", supervisor={"name": "Kept", "email": "kept@example.com"})
    lab.accepted(record)
    update = later(record, displayName="Kept", supervisor=None, email=None)
    if lab.readings["null-field"] == "error":
        lab.refused(update, messages.wrong_type("email", "a string"))
        return
    lab.accepted(update)
    user = account_of(lab, record)
    shown = (user["name"], user["supervisorName"], user["email"])
    lab.equal(shown, ("Kept", "Kept", record["email"]), "name, supervisor and e-mail after nulls")


@check("S2E-FIELD-17")
def nested_null(lab: Lab) -> None:
    """A null inside an object follows reading null-field too; as an element of an array it is a wrong type."""
    for field, value, path, kind in (
        ("supervisor", {"name": None}, "supervisor.name", "a string"),
        ("groups", [{"groupName": lab.group(), "externalGroupId": None}], "groups[0].externalGroupId", "a string"),
        ("sites", [at(lab.site()) | {"role": None}], "sites[0].role", "a string"),
        ("userAccount", {"sendWelcomeEmail": None}, "userAccount.sendWelcomeEmail", "a boolean"),
    ):
        record = lab.person(**{field: value})
        if lab.readings["null-field"] == "error":
            lab.refused(record, messages.wrong_type(path, kind))
        else:
            lab.equal(lab.accepted(record)["warnings"], [], f"warnings where {path} is null")
    lab.refused(lab.person(roles=[lab.role(), None]), messages.wrong_type("roles[1]", "a string"))
    lab.refused(lab.person(groups=[None]), messages.wrong_type("groups[0]", "an object"))
    lab.refused(lab.person(sites=[None]), messages.wrong_type("sites[0]", "an object"))


@check("S2E-FIELD-17")
def unknown_fields_are_ignored(lab: Lab) -> None:
    """A field that no page names is no fault, whatever its value, on every level."""
    record = staff(lab, employeeId="emp_x", salary=None, First={"name": 5})
    record |= {"supervisor": {"name": "Lead", "phone": 5}, "sites": [at(lab.site()) | {"siteCode": 5}]}
    record |= {"userAccount": {"password": None}, "groups": [{"groupName": lab.group(), "groupId": 5}]}
    result = lab.accepted(record)
    lab.equal(result["warnings"], [], "warnings of a record with unknown fields")
    lab.true(result["employeeId"] != "emp_x", "employeeId is the vendor's own")


@check("S2E-FIELD-18", about=("display-name",))
def left_out_fields_stay(lab: Lab) -> None:
    """An update that leaves fields out keeps name, e-mail and supervisor, and all the rest where it can be seen."""
    record = staff(
        lab,
        **dict.fromkeys(_TEXTS, "Before"),
        hireDate="2023-04-12",
        terminationDate="2030-01-31",
        supervisor={"name": "Lead", "email": "lead@example.com"},
        metadata={"badge": 1},
    )
    lab.accepted(record)
    whole = lab.sees("what no user shows of the employee")
    before = lab.employee(record["externalEmployeeId"]) if whole else None
    for update in (later(record), later(record, displayName="Before", updateMode="additive")):
        if lab.readings["display-name"] == "regenerated":
            update["displayName"] = "Before"
        lab.accepted(update)
        user = account_of(lab, record)
        shown = (user["name"], user["email"], user["supervisorName"], user["supervisorEmail"], user["isActive"])
        lab.equal(shown, ("Before", record["email"], "Lead", "lead@example.com", True), "user after an empty update")
        if whole:
            lab.equal(_stored(lab, record), before, "employee after an empty update")


@check("S2E-FIELD-18")
def update_changes_its_own_field_only(lab: Lab) -> None:
    """An update of one field changes that field and no other; seen at a control plane."""
    needs_control(lab, "the employee")
    record = lab.person(**dict.fromkeys(_TEXTS, "Before"), hireDate="2023-04-12", metadata={"a": 1})
    lab.accepted(record)
    expected = _stored(lab, record)
    for field, value in (*((name, "After") for name in _TEXTS), ("hireDate", "2024-01-02"), ("metadata", {"b": 2})):
        update = later(record, displayName=expected["displayName"]) | {field: value}
        lab.accepted(update)
        expected |= {field: value}
        lab.equal(_stored(lab, record), expected, f"employee after an update of {field}")


@check("S2E-FIELD-19")
def all_texts_are_optional(lab: Lab) -> None:
    """A record of nothing but its id is accepted."""
    result = lab.accepted({"externalEmployeeId": lab.new_id()})
    lab.equal((result["status"], result["warnings"]), ("CREATED", []), "status and warnings")


@check("S2E-FIELD-19")
def texts_are_kept_as_given(lab: Lab) -> None:
    """Texts are kept letter for letter, with spaces, quotes and any script."""
    texts = {name: f"{_STRANGE}{name}" for name in _TEXTS}
    record = staff(lab, **texts)
    lab.accepted(record)
    lab.equal(account_of(lab, record)["name"], texts["displayName"], "name of the user")
    if lab.sees("what no user shows of the employee"):
        stored = _stored(lab, record)
        lab.equal({name: stored[name] for name in _TEXTS}, texts, "texts as stored")


@check("S2E-FIELD-19")
def texts_may_be_empty(lab: Lab) -> None:
    """An empty text is a text: it takes the place of the old one; seen at a control plane."""
    needs_control(lab, "the employee")
    names = ("firstName", "lastName", "phone", "jobTitle", "department")
    record = lab.person(**dict.fromkeys(names, "Before"))
    lab.accepted(record)
    lab.accepted(later(record, **dict.fromkeys(names, "")))
    stored = _stored(lab, record)
    lab.equal([stored[name] for name in names], [""] * len(names), "empty texts as stored")
