"""Hypothesis strategies for integrators' own property tests: employees, users and batches, good and bad.

    from hypothesis import given
    from contracts import strategies

    @given(strategies.batches())
    def test_our_client_sends_any_batch(batch):
        ...

    @given(strategies.invalid_employees())
    def test_our_client_reports_the_error(case):
        record, message = case
        ...

Everything is plain JSON data. What is valid here is accepted by Scan2Evolve without an error, where
the organization has the names of `around`, and where nobody has the e-mails and usernames yet: give
`prefix` to keep examples apart. What is invalid comes with the exact message of its error. Pass
`around` (`contracts.violations.Surroundings`) with an organization's own roles, groups and sites,
and with the readings that a target follows.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from contracts import ledger, messages
from contracts.catalogue import CATALOGUE
from contracts.violations import MODES, STATUSES, Surroundings, valid_record

Record = dict[str, Any]
Text = st.SearchStrategy[str]

# What the vendor's samples name.
SAMPLES = Surroundings(
    roles=("FIELD_TECH", "inspector", "admin"),
    groups=("Maintenance Team",),
    sites=("ff1223ac-dfb5-11ec-9d64-0242ac120002", "ff1223ac-dfb5-11ec-9d64-0242ac120001"),
    readings=ledger.load().defaults(),
)

_WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
# Any text that JSON can carry: no half of a surrogate pair.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_VISIBLE = _TEXT.filter(lambda text: bool(text.strip()))
_HRMS_STATUSES = ("active", "inactive")


# -- fields ------------------------------------------------------------------------------------------


def external_ids(prefix: str = "EMP-") -> Text:
    """Keys of employees: any text that is not blank."""
    return st.one_of(st.integers(1, 999_999).map(str), _VISIBLE).map(prefix.__add__)


def emails(prefix: str = "") -> Text:
    """Good addresses, unusual ones among them."""
    local = st.one_of(_WORD, st.lists(_WORD, min_size=2, max_size=3).map(".".join), _WORD.map("{}+tag".format))
    domain = st.sampled_from(["example.com", "mail.example.org", "EXAMPLE.net", "a-1.example"])
    return st.builds(f"{prefix}{{}}@{{}}".format, local, domain)


def dates() -> Text:
    """Dates and UTC date-times, with milliseconds and without."""
    day = st.dates().map(lambda date: date.isoformat())
    time = st.times().map(lambda time: time.replace(microsecond=0).isoformat())
    milliseconds = st.integers(0, 999).map(".{:03d}Z".format)
    return st.one_of(day, st.builds("{}T{}{}".format, day, time, st.one_of(st.just("Z"), milliseconds)))


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON value, integers within the range that is taken."""
    leaves = (
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    )

    def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3)

    return st.recursive(leaves, nested, max_leaves=8)


def metadata() -> st.SearchStrategy[Record]:
    """Objects of any JSON values."""
    return st.dictionaries(_TEXT, json_values(), max_size=4)


def supervisors() -> st.SearchStrategy[Record]:
    """A name, an e-mail, both or neither; the e-mail is any text."""
    return st.fixed_dictionaries({}, optional={"name": _TEXT, "email": st.one_of(emails(), _TEXT)})


def user_accounts(prefix: str = "") -> st.SearchStrategy[Record]:
    """Wishes for an account."""
    optional = {
        "username": _WORD.map(f"{prefix}{{}}".format),
        "forcePasswordReset": st.booleans(),
        "sendWelcomeEmail": st.booleans(),
    }
    return st.fixed_dictionaries({}, optional=optional)


def invalid_user_accounts(around: Surroundings = SAMPLES) -> st.SearchStrategy[tuple[Any, str]]:
    """(userAccount, message): wishes for an account that make an ACTIVE record fail."""
    cases = []
    for row in CATALOGUE:
        if row.touches == {"userAccount"} and row.applies("ACTIVE", around):
            record = row.break_(valid_record("EMP-1", "a@example.com", around, "ACTIVE", "replace"), around)
            cases.append((record["userAccount"], row.message(around)))
    return st.sampled_from(cases).map(deepcopy)


# -- employees ---------------------------------------------------------------------------------------


@st.composite
def employees(draw: st.DrawFn, around: Surroundings = SAMPLES, prefix: str = "", *, accounts: bool = True) -> Record:
    """Valid records, from the barest to the full one; `accounts`: some ask for an account."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "status": st.sampled_from(STATUSES),
        **dict.fromkeys(("firstName", "lastName", "displayName", "phone", "jobTitle", "department"), _TEXT),
        "hireDate": dates(),
        "terminationDate": st.one_of(st.none(), dates()),
        "supervisor": supervisors(),
        "metadata": metadata(),
        "updateMode": st.sampled_from(MODES),
    }
    required = {"externalEmployeeId": external_ids(f"{prefix}EMP-")}
    record: Record = draw(st.fixed_dictionaries(required, optional=optional))
    if accounts and draw(st.booleans()):
        record["userAccount"] = draw(user_accounts(prefix))
    if "userAccount" in record or draw(st.booleans()):
        record["email"] = draw(emails(prefix))
    record |= draw(_assignments(around))
    return record


@st.composite
def _assignments(draw: st.DrawFn, around: Surroundings) -> Record:
    """Roles, groups and sites that obey the site_manager rules."""
    asked: Record = {}
    roles = draw(st.lists(st.sampled_from(around.roles), unique=True, max_size=3))
    group = st.fixed_dictionaries({"groupName": st.sampled_from(around.groups)}, optional={"role": _TEXT})
    site_ids = draw(st.lists(st.sampled_from(around.sites), unique=True, max_size=2))
    manager = bool(site_ids) and draw(st.booleans())
    site_roles = [None, *around.roles, *(["site_manager"] if manager else [])]
    sites = []
    for site in site_ids:
        role = draw(st.sampled_from(site_roles))
        sites.append({"id": site} if role is None else {"id": site, "role": role})
    if manager:
        roles.append("site_manager")
    empty_too: bool = draw(st.booleans())
    if roles or empty_too:
        asked["roles"] = roles
    if sites or empty_too:
        asked["sites"] = sites
    if empty_too or draw(st.booleans()):
        asked["groups"] = draw(st.lists(group, max_size=2))
    return asked


@st.composite
def invalid_employees(draw: st.DrawFn, around: Surroundings = SAMPLES, prefix: str = "") -> tuple[Any, str]:
    """(record, message): a full record of somebody new with one violation of the catalogue."""
    status, mode = draw(st.sampled_from(STATUSES)), draw(st.sampled_from(MODES))
    row = draw(st.sampled_from([row for row in CATALOGUE if row.applies(status, around)]))
    record = valid_record(draw(external_ids(f"{prefix}EMP-")), draw(emails(prefix)), around, status, mode)
    return row.break_(record, around), row.message(around)


# -- users of the HRMS -------------------------------------------------------------------------------


@st.composite
def users(draw: st.DrawFn, prefix: str = "") -> Record:
    """Users as the HRMS lists them: what a sync reads."""
    first, last = draw(_WORD).title(), draw(_WORD).title()
    number = draw(st.integers(1, 9_999))
    return {
        "id": f"{prefix}user_{number:03d}",
        "type": "user",
        "attributes": {
            "staffId": f"{prefix}S{number:04d}",
            "email": draw(emails(prefix)),
            "name": f"{first} {last}",
            "preferred_name": draw(st.sampled_from([first, None])),
            "phone": draw(st.none() | st.integers(10**7, 10**10).map("+{}".format)),
            "status": draw(st.sampled_from(_HRMS_STATUSES)),
        },
    }


@st.composite
def invalid_users(draw: st.DrawFn, prefix: str = "") -> tuple[Record, str]:
    """(user, attribute): users that break what the HRMS page shows in one attribute; a careful sync survives them."""
    user = draw(users(prefix))
    attribute = draw(st.sampled_from(("staffId", "email", "name", "status")))
    if draw(st.booleans()):
        del user["attributes"][attribute]
    else:
        user["attributes"][attribute] = draw(st.sampled_from([None, "", "  ", 5, True, []]))
    return user, attribute


# -- batches -----------------------------------------------------------------------------------------


def _keys(record: Record) -> tuple[str, str, str]:
    """What may come only once in a batch; each falls back on the id where the record has none."""
    own = str(record["externalEmployeeId"])
    email = str(record.get("email", own))
    username = str(record.get("userAccount", {}).get("username", email))
    return own, email.casefold(), username.casefold()


def batches(
    around: Surroundings = SAMPLES, prefix: str = "", *, min_size: int = 1, max_size: int = 10
) -> st.SearchStrategy[Record]:
    """Good bodies of a sync: records whose ids, e-mails and usernames differ, with a syncBatchId or without."""
    by = tuple((lambda record, at=at: _keys(record)[at]) for at in range(3))
    records = st.lists(employees(around, prefix), min_size=min_size, max_size=max_size, unique_by=by)
    return st.fixed_dictionaries({"employees": records}, optional={"syncBatchId": _TEXT})


@st.composite
def mixed_batches(
    draw: st.DrawFn, around: Surroundings = SAMPLES, prefix: str = "", *, max_size: int = 10
) -> list[tuple[Any, str | None]]:
    """[(record, message)]: good records, whose message is None, and bad ones, in any order."""
    good = draw(batches(around, f"{prefix}good-", max_size=max_size))["employees"]
    bad = draw(st.lists(invalid_employees(around, f"{prefix}bad-"), min_size=1, max_size=max_size))
    pairs: list[tuple[Any, str | None]] = [(record, None) for record in good]
    return list(draw(st.permutations([*pairs, *bad])))


@st.composite
def invalid_batches(draw: st.DrawFn, around: Surroundings = SAMPLES, prefix: str = "") -> tuple[Any, str]:
    """(body, message): bodies that are refused whole with 400."""
    body: Any = draw(batches(around, prefix, max_size=3))
    kind = draw(st.sampled_from(("body", "missing", "array", "many", "batch id")))
    if kind == "body":
        return draw(st.sampled_from([[], [body], "employees", 5, True, None])), messages.BODY_NOT_OBJECT
    if kind == "missing":
        del body["employees"]
        return body, messages.EMPLOYEES_REQUIRED
    if kind == "array":
        wrong: list[Any] = [None, {}, "employees", 5, True, body["employees"][0]]
        if around.readings["empty-batch"] == "error":
            wrong.append([])
        return body | {"employees": draw(st.sampled_from(wrong))}, messages.EMPLOYEES_REQUIRED
    if kind == "many":
        return body | {"employees": body["employees"][:1] * 501}, messages.TOO_MANY_EMPLOYEES
    return body | {"syncBatchId": draw(st.sampled_from([None, 5, True, [], {}]))}, messages.BATCH_ID_NOT_TEXT
