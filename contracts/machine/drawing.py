"""What the machine draws: records and batches from small pools, so that they meet again and collide.

Names stand for themselves, or for what a target has: `<role 0>` is the organization's first role besides
site_manager, `<site 2>` a site of another organization, and ~ the prefix of the run. `contracts.machine.pair`
puts in what they stand for. No text is free: what is drawn follows from the seed alone.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from contracts.catalogue import CATALOGUE
from contracts.violations import STATUSES

Record = dict[str, Any]
Drawn = st.SearchStrategy[Any]

IDS = ("~-1", "~-2", "~-3")
EMAILS = ("~-a@example.com", "~-b@example.com", "~-c@mail.example.org", "~-A@Example.COM", "~-d@example.com")
USERNAMES = ("~-x", "~-b@example.com", "~-a@example.com", "~-X", "~-D@example.com")
# The same as site_manager without case, as Unicode has it.
LONG_S = "\u017fite_manager"
ROLES = ("<role 0>", "site_manager", "<role 1>", "<role 0 in other letters>", "~ role", "SITE_MANAGER", "", LONG_S)
SITES = ("<site 0>", "<site 1>", "<site 0 in other letters>", "<site 2>", "<site 3>", "<no site>", "main-plant")
GROUPS = ("<group 0>", "<group 1>", "~ group")
GROUP_IDS = ("<group id>", "~ group id", " ")
DATES = ("2023-04-12", "2024-02-29T23:59:59Z", "2024-02-29T00:00:00.001Z")
NAMES = ("Robin", "Ana María", "", "  ")
METADATA: tuple[Any, ...] = ({}, {"badge": "A1"}, {"badge": 1, "union": True}, {"list": [1, None, {"inner": 1.5}]})
SUPERVISORS: tuple[Any, ...] = (
    {},
    {"name": "Sam Lead"},
    {"email": "sam@example.com"},
    {"name": "Kim", "email": "no address"},
)
ENVELOPES: tuple[Any, ...] = (
    b"{",
    [],
    "employees",
    None,
    {},
    {"employees": None},
    {"employees": {}},
    {"employees": []},
    {"employees": [], "syncBatchId": 5},
    {"employees": [{"externalEmployeeId": "~-1"}], "syncBatchId": None},
    {"employees": [{"externalEmployeeId": "~-1"}] * 501},
)
# Values that fit nowhere, or only where a reading ignores null.
ODD: tuple[Any, ...] = (None, 5, True, "", "  ", [], {}, [None], ["~ odd"], {"name": None}, "~ odd", "2023-02-29")


def one_of(*values: Any) -> Drawn:
    """One of these, the first one where an example is made short."""
    return st.sampled_from(values)


def _site_entry() -> Drawn:
    return st.fixed_dictionaries({"id": one_of(*SITES)}, optional={"role": one_of(*ROLES)})


def _group_entry() -> Drawn:
    by_name = st.fixed_dictionaries({"groupName": one_of(*GROUPS)}, optional={"role": one_of("Member", "Lead")})
    by_id = st.fixed_dictionaries(
        {"externalGroupId": one_of(*GROUP_IDS)}, optional={"groupName": one_of(*GROUPS), "role": one_of("Member")}
    )
    return st.one_of(by_name, by_id)


ACCOUNTS = st.fixed_dictionaries(
    {},
    optional={
        "username": one_of(*USERNAMES),
        "forcePasswordReset": st.booleans(),
        "sendWelcomeEmail": st.booleans(),
    },
)
ASSIGNMENTS: dict[str, Drawn] = {
    "roles": st.lists(one_of(*ROLES), max_size=3),
    "groups": st.lists(_group_entry(), max_size=3),
    "sites": st.lists(_site_entry(), max_size=3),
    "updateMode": one_of("replace", "additive"),
}
PERSONAL: dict[str, Drawn] = {
    "firstName": one_of(*NAMES),
    "lastName": one_of("Sample", *NAMES),
    "displayName": one_of("Shown Name", "Another Name"),
    "phone": one_of("+60123456789", ""),
    "jobTitle": one_of("Technician"),
    "department": one_of("Facilities"),
    "hireDate": one_of(*DATES),
    "terminationDate": one_of(None, *DATES),
    "supervisor": one_of(*SUPERVISORS),
    "metadata": one_of(*METADATA),
    "nickname": one_of("unknown to the API"),
}
STATUS = one_of("ACTIVE", *STATUSES)
# A part of a record: few fields, so that much is left out.
CHANGES: Drawn = st.one_of(
    st.fixed_dictionaries({}, optional={"email": one_of(*EMAILS), "userAccount": ACCOUNTS, "status": STATUS}),
    st.fixed_dictionaries({}, optional=ASSIGNMENTS),
    st.fixed_dictionaries({}, optional={name: PERSONAL[name] for name in ("firstName", "lastName", "displayName")}),
    st.fixed_dictionaries({}, optional=PERSONAL),
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record, mostly a good one; about one in ten has something odd somewhere."""
    record: Record = {"externalEmployeeId": draw(one_of(*IDS))}
    if draw(st.integers(0, 3)):
        record["email"] = draw(one_of(*EMAILS))
        if draw(st.integers(0, 2)):
            record["userAccount"] = draw(ACCOUNTS)
    if draw(st.integers(0, 3)) == 3:
        record["status"] = draw(STATUS)
    for fields in (ASSIGNMENTS, PERSONAL):
        if draw(st.booleans()):
            record |= draw(st.fixed_dictionaries({}, optional=fields))
    if draw(st.integers(0, 9)) == 9:
        record = draw(odd(record))
    return record


@st.composite
def odd(draw: st.DrawFn, record: Record) -> Record:
    """The record with an odd value in one field, or in a field of a field."""
    field = draw(one_of(*_FIELDS))
    value = draw(one_of(*ODD))
    if value == "2023-02-29" and not field.endswith("Date"):
        value = "~ odd"
    outer, _, inner = field.partition(".")
    if not inner:
        return {**record, outer: value}
    return {**record, outer: [{inner: value}] if outer in ("groups", "sites") else {inner: value}}


_FIELDS = (
    "externalEmployeeId",
    "status",
    "email",
    "userAccount",
    "updateMode",
    "roles",
    "groups",
    "sites",
    "hireDate",
    "terminationDate",
    "supervisor",
    "metadata",
    "firstName",
    "phone",
    "userAccount.username",
    "userAccount.forcePasswordReset",
    "userAccount.sendWelcomeEmail",
    "supervisor.name",
    "groups.groupName",
    "groups.externalGroupId",
    "groups.role",
    "sites.id",
    "sites.role",
)
RECORDS = records()
BATCHES = st.lists(RECORDS, min_size=1, max_size=3)
# Rows by their number: Hypothesis writes out what it samples from.
_ROWS = [row for row in CATALOGUE if not row.needs]
VIOLATIONS = st.integers(0, len(_ROWS) - 1).map(lambda number: _ROWS[number])
BODIES = st.integers(0, len(ENVELOPES) - 1).map(lambda number: ENVELOPES[number])
