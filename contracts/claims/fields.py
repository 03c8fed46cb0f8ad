"""Fields: the key, names, dates, free objects, and what a wrong type or a left-out field means."""

from __future__ import annotations

from typing import Any

from contracts import messages
from contracts.checks import check
from contracts.holdings import account_of, later, needs_control, staff
from contracts.lab import Lab
from contracts.violations import error_entry

_STRANGE = "  Zo\u00eb \u5317 \U0001f527 {0} %s 'x' \"y\" \\ <b>&amp; "


def _stored(lab: Lab, record: dict[str, Any]) -> dict[str, Any]:
    return lab.employee(record["externalEmployeeId"])


# -- the key -----------------------------------------------------------------------------------------


@check("S2E-FIELD-01")
def id_is_required(lab: Lab) -> None:
    """A record whose externalEmployeeId is missing, empty, null or blank is an error with no id of its own."""
    before = lab.everything()
    records = [staff(lab, externalEmployeeId=value) for value in (..., "", None, " ", "\t\n", "\u00a0\u2003")]
    body = lab.sync(*records)
    lab.equal(body["results"], [], "results of records without an id")
    expected = [error_entry(record, messages.ID_REQUIRED, lab.readings) for record in records]
    lab.equal(body["errors"], expected, "errors of records without an id")
    lab.equal(lab.everything(), before, "state after records without an id")


@check("S2E-FIELD-01")
def id_is_asked_for_first(lab: Lab) -> None:
    """The missing id is named before any other fault of the record."""
    lab.refused({}, messages.ID_REQUIRED)
    lab.refused({"status": "nothing", "email": "nobody", "firstName": 5}, messages.ID_REQUIRED)


@check("S2E-FIELD-01", "S2E-BATCH-09")
def entry_of_a_record_without_id(lab: Lab) -> None:
    """What stands for a missing id in errors follows reading missing-id-entry, whatever is wrong with it."""
    for record, message in (
        ({}, messages.ID_REQUIRED),
        ({"externalEmployeeId": ""}, messages.ID_REQUIRED),
        ({"externalEmployeeId": 5}, messages.ID_NOT_TEXT),
        ("EMP-1", messages.NOT_AN_OBJECT),
    ):
        lab.equal(lab.sync(record)["errors"], [error_entry(record, message, lab.readings)], "errors")


@check("S2E-FIELD-01")
def failing_record_keeps_its_id(lab: Lab) -> None:
    """A record that has an id is answered with it, however wrong the rest is."""
    record = {"externalEmployeeId": lab.new_id(), "firstName": 5}
    errors = lab.sync({}, record)["errors"]
    message = messages.wrong_type("firstName", "a string")
    lab.equal(errors[1], {"externalEmployeeId": record["externalEmployeeId"], "message": message}, "error")


# -- names -------------------------------------------------------------------------------------------


def _named(lab: Lab, record: dict[str, Any], name: str) -> None:
    lab.equal(account_of(lab, record)["name"], name, "name of the user")
    if lab.controlled:
        lab.equal(_stored(lab, record)["displayName"], name, "displayName")


@check("S2E-FIELD-07")
def display_name_is_made(lab: Lab) -> None:
    """Without displayName, first and last name make it, as they are, joined by a space."""
    for first, last in (("Jane", "Doe"), (" Jane", "Doe"), ("Jane", " van Doe ")):
        record = staff(lab, firstName=first, lastName=last)
        lab.accepted(record)
        _named(lab, record, f"{first} {last}")


@check("S2E-FIELD-07")
def display_name_is_kept_as_given(lab: Lab) -> None:
    """A displayName that is given wins over the names, at first and on an update."""
    record = staff(lab, firstName="Jane", lastName="Doe", displayName="JD of Maintenance")
    lab.accepted(record)
    _named(lab, record, "JD of Maintenance")
    lab.accepted(later(record, displayName="Jane D."))
    _named(lab, record, "Jane D.")


@check("S2E-FIELD-18")
def display_name_of_half_a_name(lab: Lab) -> None:
    """A blank or missing part is left out of a made name; with neither part it is the externalEmployeeId."""
    for first, last, name in (("Jane", ..., "Jane"), (..., "Doe", "Doe"), (" ", "Doe", "Doe"), ("Jane", "", "Jane")):
        record = staff(lab, firstName=first, lastName=last)
        lab.accepted(record)
        _named(lab, record, name)
    for blank in (..., "", "  "):
        record = staff(lab, firstName=blank, lastName=blank)
        lab.accepted(record)
        _named(lab, record, record["externalEmployeeId"])
    record = staff(lab, firstName="Jane", lastName="Doe")
    lab.accepted(record)
    lab.accepted(later(record, firstName="", lastName=" "))
    _named(lab, record, record["externalEmployeeId"])


@check("S2E-FIELD-18")
def names_are_not_mended(lab: Lab) -> None:
    """A made name has the names as they are, and a displayName that is blank is given all the same."""
    record = staff(lab, firstName="Jane  Ann ", lastName="Doe")
    lab.accepted(record)
    _named(lab, record, "Jane  Ann  Doe")
    for name in (" ", "", "  J. Doe "):
        record = staff(lab, firstName="Jane", lastName="Doe", displayName=name)
        lab.accepted(record)
        _named(lab, record, name)
        lab.accepted(later(record, displayName=name, lastName="Smith"))
        _named(lab, record, name)


@check("S2E-FIELD-07")
def made_display_name_follows(lab: Lab) -> None:
    """A made displayName follows the names, also where an update gives only one of them."""
    record = staff(lab, firstName="Jane", lastName="Doe")
    lab.accepted(record)
    lab.accepted(later(record, lastName="Smith"))
    _named(lab, record, "Jane Smith")
    lab.accepted(later(record, firstName="Kim", lastName="Lee"))
    _named(lab, record, "Kim Lee")
    lab.accepted(later(record, phone="1"))
    _named(lab, record, "Kim Lee")


@check("S2E-FIELD-07")
def given_display_name_later(lab: Lab) -> None:
    """An update that leaves displayName out keeps a given one, or makes it anew, as the reading says."""
    record = staff(lab, firstName="Jane", lastName="Doe", displayName="JD")
    lab.accepted(record)
    sticky = lab.readings["display-name"] == "sticky"
    lab.accepted(later(record, phone="1"))
    _named(lab, record, "JD" if sticky else "Jane Doe")
    lab.accepted(later(record, lastName="Smith"))
    _named(lab, record, "JD" if sticky else "Jane Smith")


# -- dates -------------------------------------------------------------------------------------------

_DATES = (
    *("2023-04-12", "2023-04-12T00:00:00Z", "2024-02-29T23:59:59Z", "2023-04-12T08:30:15.250Z", "0001-01-01"),
    *("9999-12-31", "2000-02-29"),
)
_NO_DATES = (
    *("12.04.2023", "2023-4-12", "20230412", "2023-02-29", "2023-00-10", "2023-04-31", "2023-04-12T00:00:00", "soon"),
    *("2023-04-12T00:00:00+00:00", "2023-04-12t00:00:00z", "2023-04-12T24:00:00Z", "2023-04-12T23:60:00Z"),
    *("2023-04-12T23:59:60Z", "2023-04-12T00:00Z", "2023-04-12T00:00:00.5Z", "2023-04-12T00:00:00.123456Z", "", " "),
    *("2023-04-12 ", " 2023-04-12", "2023-04-12\n", "\u0662\u0660\u0662\u0663-04-12", "2023-04-12Z", "1700312400"),
    *(
        "0000-01-01",
        "1900-02-29",
        "2023-04-12T00:00+00:00",
        "2023-04-12T08:30:1\u0665Z",
        "2023-04-12T08:30:15.25\u0660Z",
    ),
)


def _takes_dates(lab: Lab, field: str) -> None:
    records = [lab.person(**{field: value}) for value in _DATES]
    body = lab.sync(*records)
    lab.equal(body["errors"], [], f"errors for dates in {field}")
    lab.equal(len(body["results"]), len(records), f"number of results for dates in {field}")
    if lab.sees("dates"):
        shown = [_stored(lab, record)[field] for record in records]
        lab.equal(shown, list(_DATES), f"{field} as stored")


def _refuses_no_dates(lab: Lab, field: str) -> None:
    before = lab.everything()
    records = [lab.person(**{field: value}) for value in _NO_DATES]
    body = lab.sync(*records)
    expected = [error_entry(record, messages.date_invalid(field), lab.readings) for record in records]
    lab.equal((body["results"], body["errors"]), ([], expected), f"answer to what is no date in {field}")
    lab.equal(lab.everything(), before, f"state after what is no date in {field}")


@check("S2E-FIELD-12")
def hire_date_takes_dates(lab: Lab) -> None:
    """A hireDate is a date, or a UTC date-time with or without milliseconds, and is kept as given."""
    _takes_dates(lab, "hireDate")


@check("S2E-FIELD-12")
def hire_date_refuses_what_is_none(lab: Lab) -> None:
    """A hireDate of another form, or on a day or at a time that there is not, is a record error."""
    _refuses_no_dates(lab, "hireDate")


@check("S2E-FIELD-13")
def termination_date_takes_dates(lab: Lab) -> None:
    """A terminationDate takes the same forms as hireDate."""
    _takes_dates(lab, "terminationDate")


@check("S2E-FIELD-13")
def termination_date_refuses_what_is_none(lab: Lab) -> None:
    """A terminationDate that is no date is a record error that names the field."""
    _refuses_no_dates(lab, "terminationDate")


@check("S2E-FIELD-13")
def null_is_a_termination_date(lab: Lab) -> None:
    """A terminationDate of null is accepted for somebody new and for somebody known."""
    record = lab.person(terminationDate=None)
    lab.equal(lab.accepted(record)["status"], "CREATED", "status of a new record")
    lab.equal(lab.accepted(record)["status"], "UPDATED", "status of a known record")


@check("S2E-FIELD-13", about=("null-field",))
def null_clears_the_termination_date(lab: Lab) -> None:
    """Null clears a stored terminationDate, and leaving the field out keeps it; seen at a control plane."""
    needs_control(lab, "the employee")
    record = lab.person(terminationDate="2030-01-31", hireDate="2023-04-12")
    lab.accepted(record)
    lab.accepted(later(record, phone="1"))
    lab.equal(_stored(lab, record)["terminationDate"], "2030-01-31", "terminationDate left out of an update")
    lab.accepted(later(record, terminationDate=None))
    stored = _stored(lab, record)
    dates = (stored["terminationDate"], stored["hireDate"])
    lab.equal(dates, (None, "2023-04-12"), "terminationDate and hireDate after null")


# -- free objects ------------------------------------------------------------------------------------

_METADATA: tuple[dict[str, Any], ...] = (
    {},
    {"badgeNumber": "A12345", "unionMember": True, "emergencyContact": {"name": "John", "phone": "+1-415-555-9999"}},
    {"": None, "list": [1, "two", None, [], {}, [[False]]], "deep": {"a": {"b": {"c": {"d": [1.5]}}}}},
    {"text": _STRANGE, "externalEmployeeId": 5, "roles": None, "__proto__": {"x": 1}},
    {"low": -(2**63), "high": 2**64 - 1, "double": 1.7976931348623157e308, "small": 5e-324, "zero": 0},
)


@check("S2E-FIELD-14", about=("null-field",))
def metadata_takes_any_object(lab: Lab) -> None:
    """Any JSON object is taken as metadata, and kept as given where that can be seen."""
    for metadata in _METADATA:
        record = lab.person(metadata=metadata)
        lab.accepted(record)
        if lab.sees("metadata"):
            lab.equal(_stored(lab, record)["metadata"], metadata, "metadata as stored")


@check("S2E-FIELD-14")
def metadata_is_replaced_whole(lab: Lab) -> None:
    """Metadata of an update takes the place of the old one, also the empty object; seen at a control plane."""
    needs_control(lab, "the employee")
    record = lab.person(metadata={"a": 1, "b": {"c": 2}})
    lab.accepted(record)
    for metadata in ({"b": {"d": 3}}, {}):
        lab.accepted(later(record, metadata=metadata, updateMode="additive"))
        lab.equal(_stored(lab, record)["metadata"], metadata, "metadata after an update")


@check("S2E-FIELD-14")
def metadata_is_an_object(lab: Lab) -> None:
    """Metadata that is a text, a list, a number or a boolean is a record error."""
    value: Any
    for value in ("A12345", [], [{}], 5, False):
        lab.refused(staff(lab, metadata=value), messages.wrong_type("metadata", "an object"))


@check("S2E-FIELD-15")
def supervisor_is_kept(lab: Lab) -> None:
    """A supervisor's name and e-mail are kept as given; the e-mail need not be anybody's."""
    for supervisor in (
        {"name": "John Smith", "email": "john.smith@example.com"},
        {"name": _STRANGE},
        {"email": "no address"},
        {"name": "", "email": " "},
        {},
    ):
        record = staff(lab, supervisor=supervisor)
        lab.accepted(record)
        user = account_of(lab, record)
        shown = (user["supervisorName"], user["supervisorEmail"])
        lab.equal(shown, (supervisor.get("name"), supervisor.get("email")), "supervisor of the user")
        if lab.controlled:
            lab.equal(_stored(lab, record)["supervisor"], supervisor, "supervisor as stored")


@check("S2E-FIELD-15")
def supervisor_is_replaced_whole(lab: Lab) -> None:
    """A supervisor of an update takes the place of the old one: what it leaves out is gone."""
    record = staff(lab, supervisor={"name": "John Smith", "email": "john.smith@example.com"})
    lab.accepted(record)
    lab.accepted(later(record, supervisor={"name": "Ann Lee"}))
    user = account_of(lab, record)
    lab.equal((user["supervisorName"], user["supervisorEmail"]), ("Ann Lee", None), "supervisor after an update")
    lab.accepted(later(record, phone="1"))
    lab.equal(account_of(lab, record)["supervisorName"], "Ann Lee", "supervisor left out of an update")


@check("S2E-FIELD-15")
def supervisor_is_an_object_of_texts(lab: Lab) -> None:
    """A supervisor that is no object, or whose parts are no texts, is a record error."""
    for value, path, kind in (
        ("John Smith", "supervisor", "an object"),
        ([{"name": "John"}], "supervisor", "an object"),
        ({"name": 5}, "supervisor.name", "a string"),
        ({"email": True}, "supervisor.email", "a string"),
        ({"email": [], "name": {}}, "supervisor.name", "a string"),
    ):
        lab.refused(staff(lab, supervisor=value), messages.wrong_type(path, kind))


@check("S2E-FIELD-02")
def wrong_status_is_quoted_whole(lab: Lab) -> None:
    """The error quotes the status as it was sent, spaces, braces and all, from end to end."""
    status = f" {{x}} {'long ' * 60}"
    lab.refused(lab.person(status=status), messages.status_invalid(status))
