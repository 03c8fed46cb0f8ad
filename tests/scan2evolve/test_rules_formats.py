"""Checks 3 and 5 of a record: the forms of dates and of e-mail addresses."""

from __future__ import annotations

import pytest

from tests.client import WorldClient
from tests.scan2evolve.domain import Domain
from tests.scan2evolve.samples import EMAIL_INVALID, employee

GOOD_DATES = [
    "2023-04-12",
    "2024-02-29",
    "2000-02-29",
    "0001-01-01",
    "9999-12-31",
    "2023-04-12T00:00:00Z",
    "2023-04-12T23:59:59Z",
    "2023-04-12T12:30:00.000Z",
    "2024-02-29T23:59:59.999Z",
]
BAD_DATES = [
    "",
    " ",
    "soon",
    "2023",
    "2023-04",
    "2023-4-12",
    "23-04-12",
    "20230412",
    "12/04/2023",
    "2023/04/12",
    "2023-102",
    "2023-W15-3",
    "-2023-04-12",
    "+2023-04-12",
    "10000-01-01",
    "0000-01-01",
    "2023-00-10",
    "2023-13-01",
    "2023-01-00",
    "2023-04-31",
    "2023-02-29",
    "1900-02-29",
    " 2023-04-12",
    "2023-04-12 ",
    "2023-04-12\n",
    "2023-04-12T",
    "2023-04-12Z",
    "2023-04-12T00Z",
    "2023-04-12T00:00Z",
    "2023-04-12T00:00:00",
    "2023-04-12 00:00:00Z",
    "2023-04-12t00:00:00Z",
    "2023-04-12T00:00:00z",
    "2023-04-12T00:00:00Z\n",
    "2023-04-12T0:00:00Z",
    "2023-04-12T24:00:00Z",
    "2023-04-12T23:60:00Z",
    "2016-12-31T23:59:60Z",
    "2023-04-12T00:00:00+00:00",
    "2023-04-12T00:00:00-05:00",
    "2023-04-12T00:00:00.Z",
    "2023-04-12T00:00:00.0Z",
    "2023-04-12T00:00:00.00Z",
    "2023-04-12T00:00:00.0000Z",
    "2023-04-12T00:00:00,000Z",
    "2023-02-30T00:00:00Z",
    "2023-02-29T00:00:00.000Z",
    "\u0662\u0660\u0662\u0663-04-12",
    "2023-04-1\u0662",
    "2023\u201304\u201312",
]
GOOD_EMAILS = [
    "a@b.c",
    "user@example.com",
    "First.Last@Example.COM",
    "a.b.c.d@example.com",
    "!#$%&'*+/=?^_`{|}~-@example.com",
    "-@example.com",
    "0@1.2",
    "a@b-c.d--e.f0",
    "a@xn--bcher-kva.example",
    "a@a.b.c.d.e.f",
    "a@" + "x" * 64 + ".example",
    "x" * 242 + "@example.com",
]
BAD_EMAILS = [
    "",
    " ",
    "\u3000",
    "plain",
    "@",
    "a@",
    "@example.com",
    "a@localhost",
    "a@@example.com",
    "a@b@example.com",
    ".a@example.com",
    "a.@example.com",
    "a..b@example.com",
    "a@.example.com",
    "a@example.com.",
    "a@example..com",
    "a@-example.com",
    "a@example-.com",
    "a@example.-com",
    "a@example.com-",
    "a@-.com",
    "a@exa_mple.com",
    "a b@example.com",
    "a@exa mple.com",
    " a@example.com",
    "a@example.com ",
    "a@example.com\n",
    "a\n@example.com",
    "a\u0000@example.com",
    '"a b"@example.com',
    "a@[127.0.0.1]",
    "a(b)@example.com",
    "a,b@example.com",
    "a;b@example.com",
    "a:b@example.com",
    "a\\b@example.com",
    "a<b@example.com",
    "a[b@example.com",
    "Ada <ada@example.com>",
    "a@example.com,b@example.com",
    "mailto:a@example.com",
    "j\u00f6rg@example.com",
    "a@b\u00fccher.example",
    "a@example.c\u043em",
    "a@example\u3002com",
    "\u0661@example.com",
    "a@\uff45xample.com",
    "x" * 243 + "@example.com",
]


@pytest.mark.parametrize("field", ["hireDate", "terminationDate"])
@pytest.mark.parametrize("date", GOOD_DATES)
def test_date_of_a_good_form_is_kept_as_given(world: WorldClient, field: str, date: str) -> None:
    """A date or UTC instant of the documented forms is accepted and shown as given (S2E-FIELD-12, S2E-FIELD-13)."""
    world.accepted(employee(**{field: date}))
    assert world.employee("E-1")[field] == date


@pytest.mark.parametrize("field", ["hireDate", "terminationDate"])
@pytest.mark.parametrize("date", BAD_DATES)
def test_date_of_another_form_is_refused(world: WorldClient, field: str, date: str) -> None:
    """What is no real date, or not of the documented forms, is refused (S2E-FIELD-12, S2E-FIELD-13)."""
    assert world.refused(employee(**{field: date})) == f"Invalid date format for {field}"


def test_two_bad_dates_are_answered_with_the_first(world: WorldClient) -> None:
    """Of two bad dates hireDate is checked before terminationDate (S2E-FIELD-12)."""
    record = employee(terminationDate="never", hireDate="soon")
    assert world.refused(record) == "Invalid date format for hireDate"


@pytest.mark.parametrize("status", ["INACTIVE", "TERMINATED"])
def test_bad_date_is_refused_whatever_the_status(world: WorldClient, status: str) -> None:
    """Dates are checked on a record that ends somebody's employment too (S2E-FIELD-13)."""
    record = employee(status=status, terminationDate="yesterday")
    assert world.refused(record) == "Invalid date format for terminationDate"


@pytest.mark.parametrize("email", GOOD_EMAILS)
def test_email_of_a_good_form_is_kept_as_given(world: WorldClient, email: str) -> None:
    """An e-mail within the grammar is accepted and shown as given (S2E-FIELD-08)."""
    world.accepted(employee(email=email))
    assert world.employee("E-1")["email"] == email


@pytest.mark.parametrize("email", BAD_EMAILS)
def test_email_of_another_form_is_refused(world: WorldClient, email: str) -> None:
    """An e-mail outside the grammar is refused, with or without account (S2E-FIELD-08)."""
    assert world.refused(employee(email=email)) == EMAIL_INVALID
    if email.strip():
        assert world.refused(employee(email=email, userAccount={})) == EMAIL_INVALID


@pytest.mark.parametrize("status", ["INACTIVE", "TERMINATED"])
@pytest.mark.parametrize("email", ["", " ", "plain"])
def test_bad_email_is_refused_whatever_the_status(world: WorldClient, status: str, email: str) -> None:
    """An INACTIVE or TERMINATED record's e-mail must be valid; a blank one is not (S2E-FIELD-08)."""
    assert world.refused(employee(status=status, email=email, userAccount={})) == EMAIL_INVALID


def test_email_of_the_supervisor_is_any_text(world: WorldClient) -> None:
    """Of the supervisor's e-mail only the type is documented (S2E-FIELD-15)."""
    world.accepted(employee(supervisor={"email": "not an address"}))
    assert world.employee("E-1")["supervisor"] == {"email": "not an address"}


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("hireDate", GOOD_DATES, BAD_DATES),
        ("terminationDate", GOOD_DATES, BAD_DATES),
        ("email", GOOD_EMAILS, BAD_EMAILS),
    ],
)
def test_formats_are_the_same_for_the_document_and_the_rules(field: str, good: list[str], bad: list[str]) -> None:
    """The published schema draws the line of each format where the rules draw it."""
    domain = Domain()
    records = [employee(**{field: value}) for value in good + bad]
    assert [domain.is_well_formed(record) for record in records] == [True] * len(good) + [False] * len(bad)
    outcomes = [Domain().sync(record)[0].status for record in records]
    assert outcomes == ["CREATED"] * len(good) + ["ERROR"] * len(bad)
