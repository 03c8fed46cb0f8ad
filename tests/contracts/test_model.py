"""The reference model: the vendors' examples, and a table of expectations for each reading."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from contracts import ledger
from contracts.model import hrms, tokens
from contracts.model.answers import answer_differences, error_differences
from contracts.model.shape import is_date, is_email
from contracts.model.state import Mail, Organization, Symbol, User, World
from contracts.model.sync import Answer, sync
from contracts.model.views import Seen, Shown, same, state_differences
from tests.client import MAIN, NORTH
from tests.scan2evolve.samples import NO_SITE, employee, full, site, with_account

DEFAULTS = ledger.load().defaults()
ROLES = ("site_manager", "FIELD_TECH", "inspector", "admin")
GROUPS = (("Maintenance Team", None), ("Field Team", "TEAM-001"))
FOREIGN = "827b4fe5-b2e9-4fa0-b6d0-09ffc6fa0c33"
NOW = 1_731_925_800_000
EMAIL_REQUIRED = "Email is required for ACTIVE users with userAccount"
NO_SITES_ASKED = "Cannot assign site_manager role: employee must have at least one site assigned"
AT_SITE_LEVEL = "Cannot assign site_manager role at site level: employee must have 'site_manager' in their roles array"


def world(**readings: str) -> World:
    """Two organizations, nobody in them; underscores in names of readings stand for hyphens."""
    switched = {name.replace("_", "-"): value for name, value in readings.items()}
    first = Organization("org-1", ROLES, GROUPS, {MAIN: ("Main Plant", "MAIN"), NORTH: ("North Depot", "NORTH")})
    second = Organization("org-2", ROLES, GROUPS, {FOREIGN: ("South Works", "SOUTH")})
    return World(DEFAULTS | switched, [first, second], NOW)


def send(state: World, *records: Any, org: int = 0) -> Answer:
    """The expected answer to a batch."""
    return sync(state, org, {"employees": list(records)})


def outcome(answer: Answer) -> list[Any]:
    """Statuses with their warnings, then messages of errors."""
    lines: list[Any] = [[result.status, *(text for text, _ in result.warnings)] for result in answer.results]
    return lines + [error.entry["message"] for error in answer.errors]


def last(state: World, *records: Any) -> Any:
    """What becomes of the last record, each of the records sent in a request of its own."""
    return [outcome(send(state, record)) for record in records][-1][0]


def held(state: World, external_id: str = "E-1") -> tuple[list[str], dict[str, Any], dict[str, Any]]:
    """Roles, groups and sites of an employee."""
    who = state.organizations[0].employees[external_id]
    return list(who.roles), dict(who.groups), dict(who.sites)


def user(state: World, external_id: str = "E-1") -> User:
    """The account of an employee, who must have one."""
    found = state.organizations[0].user_of(external_id)
    assert found is not None
    return found


def invited(state: World, email: str) -> User:
    """A user linked to nobody."""
    made = User(Symbol("user_", "user_0"), email, "Pat", email, follows=True)
    state.organizations[0].put_user(made)
    return made


# -- the vendors' examples -----------------------------------------------------------------------------


def test_model_full_example_is_created_with_account_and_mail() -> None:
    """The page's full example brings an employee, a user and one mail with a password, without a warning."""
    state = world()
    assert outcome(send(state, full())) == [["CREATED"]]
    assert held(state, "EMP-100245") == (
        ["FIELD_TECH", "site_manager"],
        {"Maintenance Team": "Member"},
        {MAIN: "site_manager", NORTH: "inspector"},
    )
    assert user(state, "EMP-100245").username == "jane.doe"
    assert state.outbox == [Mail("jane.doe@example.com", True, NOW, ("S2E-ACCT-04",))]


def test_model_mixed_example_is_answered_as_on_the_page() -> None:
    """An update with a warning, a creation and an error, each in its list."""
    state = world()
    send(state, full())
    update = full() | {"roles": ["FIELD_TECH", "site_manager", "CUSTOM_ROLE"]}
    answer = send(state, update, with_account("EMP-100246", "b@example.com"), employee("EMP-100247", userAccount={}))
    assert outcome(answer) == [["UPDATED", "Role 'CUSTOM_ROLE' not found, skipped"], ["CREATED"], EMAIL_REQUIRED]
    assert answer.errors[0].entry == {"externalEmployeeId": "EMP-100247", "message": EMAIL_REQUIRED}
    assert answer.errors[0].claims == ("S2E-FIELD-09",)


# -- readings ------------------------------------------------------------------------------------------

MANAGER_AT_MAIN = employee(roles=["site_manager"], sites=[site(MAIN)])
ADD = {"updateMode": "additive"}
# Reading, its value, records sent one after another, what becomes of the last one.
ANSWERS: list[tuple[str, str, list[Any], Any]] = [
    ("role-case", "insensitive", [employee(roles=["INSPECTOR"])], ["CREATED"]),
    ("role-case", "exact", [employee(roles=["INSPECTOR"])], ["CREATED", "Role 'INSPECTOR' not found, skipped"]),
    (
        "additive-site-manager",
        "request",
        [MANAGER_AT_MAIN, employee(sites=[site(NORTH, "site_manager")], **ADD)],
        AT_SITE_LEVEL,
    ),
    (
        "additive-site-manager",
        "effective",
        [MANAGER_AT_MAIN, employee(sites=[site(NORTH, "site_manager")], **ADD)],
        ["UPDATED"],
    ),
    (
        "additive-existing-sites",
        "effective",
        [employee(sites=[site()]), employee(roles=["site_manager"], **ADD)],
        ["UPDATED"],
    ),
    (
        "additive-existing-sites",
        "request",
        [employee(sites=[site()]), employee(roles=["site_manager"], **ADD)],
        NO_SITES_ASKED,
    ),
    ("email-on-update", "request", [employee(email="a@example.com"), employee(userAccount={})], EMAIL_REQUIRED),
    ("email-on-update", "stored", [employee(email="a@example.com"), employee(userAccount={})], ["UPDATED"]),
    (
        "email-on-update",
        "stored",
        [employee(email="a@example.com"), employee(userAccount={}, email=" ")],
        EMAIL_REQUIRED,
    ),
    ("null-field", "error", [employee(phone=None)], "phone must be a string"),
    ("null-field", "ignored", [employee(phone=None, status=None, sites=None)], ["CREATED"]),
    ("null-field", "ignored", [employee(roles=[None])], "roles[0] must be a string"),
    ("null-field", "ignored", [employee(sites=[{"id": None}])], "Site id is required"),
    (
        "malformed-site-id",
        "warning",
        [employee(sites=[site("plant")])],
        ["CREATED", "Site with id 'plant' not found, skipped"],
    ),
    ("malformed-site-id", "error", [employee(sites=[site("plant")])], "Invalid site id 'plant'"),
    (
        "malformed-site-id",
        "error",
        [employee(sites=[site(NO_SITE)])],
        ["CREATED", f"Site with id '{NO_SITE}' not found, skipped"],
    ),
]


@pytest.mark.parametrize(("name", "value", "records", "expected"), ANSWERS)
def test_model_reading_decides_the_answer(name: str, value: str, records: list[Any], expected: Any) -> None:
    """The answer to a record, as the value in force has it."""
    assert last(world(**{name.replace("-", "_"): value}), *records) == expected


@pytest.mark.parametrize(
    ("value", "entry"), [("null", {"externalEmployeeId": None}), ("empty", {"externalEmployeeId": ""}), ("absent", {})]
)
def test_model_reading_missing_id_entry_decides_the_entry(value: str, entry: dict[str, Any]) -> None:
    """An error without an id to show has the entry of the reading."""
    answer = send(world(missing_id_entry=value), {}, 5)
    assert [error.entry for error in answer.errors] == [
        entry | {"message": "externalEmployeeId is required"},
        entry | {"message": "Employee record must be an object"},
    ]


@pytest.mark.parametrize(("value", "seen"), [("cleared", ([], {}, {})), ("kept", (["admin"], {}, {MAIN: None}))])
def test_model_reading_omitted_assignments_decides_what_is_held(value: str, seen: Any) -> None:
    """Under replace, a type that is left out goes or stays."""
    state = world(omitted_assignments=value)
    last(state, employee(roles=["admin"], groups=[{"groupName": "Field Team"}], sites=[site()]), employee(groups=[]))
    assert held(state) == seen


@pytest.mark.parametrize(("value", "role", "member"), [("kept", "inspector", "A"), ("updated", "admin", "B")])
def test_model_reading_additive_existing_decides_the_role(value: str, role: str, member: str) -> None:
    """Under additive, an assignment that is there keeps its role or takes the new one; no role changes nothing."""
    state = world(additive_existing=value)
    last(
        state,
        employee(sites=[site(MAIN, "inspector")], groups=[{"groupName": "Field Team", "role": "A"}]),
        employee(sites=[site(MAIN, "admin")], groups=[{"externalGroupId": "TEAM-001", "role": "B"}], **ADD),
        employee(sites=[site(MAIN)], groups=[{"externalGroupId": "TEAM-001"}], **ADD),
    )
    assert held(state)[1:] == ({"Field Team": member}, {MAIN: role})


@pytest.mark.parametrize(("value", "status"), [("active", "ACTIVE"), ("kept", "TERMINATED")])
def test_model_reading_omitted_status_decides_the_status(value: str, status: str) -> None:
    """An update without status reactivates, or leaves the status and the disabled account."""
    state = world(omitted_status=value)
    last(state, with_account(), employee(status="TERMINATED"), employee(firstName="Ada"))
    assert state.organizations[0].employees["E-1"].status == status
    assert user(state).enabled == (status == "ACTIVE")


@pytest.mark.parametrize(("value", "shown"), [("sticky", "Ada L."), ("regenerated", "Ada King")])
def test_model_reading_display_name_decides_the_name(value: str, shown: str) -> None:
    """A display name once given stays, or is made anew."""
    state = world(display_name=value)
    last(state, employee(displayName="Ada L."), employee(firstName="Ada", lastName="King"))
    assert state.organizations[0].employees["E-1"].display_name == shown


@pytest.mark.parametrize(("value", "mails"), [("on-create", 1), ("every-sync", 2)])
def test_model_reading_account_flags_decides_the_mail(value: str, mails: int) -> None:
    """The welcome mail goes out once or on every sync; linking a user sends none at all."""
    state = world(account_flags=value)
    record = with_account(account={"sendWelcomeEmail": True, "forcePasswordReset": True})
    last(state, record, record)
    assert [mail.with_password for mail in state.outbox] == [True] * mails
    invited(state, "pat@example.com")
    send(state, with_account("E-2", "pat@example.com", account={"sendWelcomeEmail": True, "forcePasswordReset": True}))
    assert len(state.outbox) == mails
    assert not user(state, "E-2").must_reset


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("update", [["CREATED"], ["UPDATED"], "firstName must be a string"]),
        ("error", ["firstName must be a string", *["Duplicate externalEmployeeId in batch"] * 2]),
    ],
)
def test_model_reading_duplicate_in_batch_decides_later_records(value: str, expected: list[Any]) -> None:
    """The later ones of an id are updates, or errors even where the first one failed."""
    answer = send(world(duplicate_in_batch=value), employee(firstName=5), employee(), employee())
    assert outcome(answer) == expected


@pytest.mark.parametrize(("value", "status"), [("error", 400), ("ok", 200)])
def test_model_reading_empty_batch_decides_the_status(value: str, status: int) -> None:
    """No employees: refused, or fine."""
    assert send(world(empty_batch=value)).status == status


@pytest.mark.parametrize(("value", "alive"), [("fixed", False), ("sliding", True)])
def test_model_reading_token_lifetime_decides_when_a_used_token_dies(value: str, alive: bool) -> None:
    """24 hours from the issue or from the last use; at exactly 24 hours a token is dead."""
    readings = DEFAULTS | {"token-lifetime": value}
    token = tokens.Token(1, 0, "se_", issued=0, used=5)
    assert token.is_alive(tokens.LIFE, readings) == alive
    assert not token.is_alive(tokens.LIFE + 5, readings)
    assert token.is_alive(tokens.LIFE - 1, readings)


HRMS_CASES = [
    (hrms.Request(None, None, None), {}, (401, {"message": "Unauthenticated"})),
    (hrms.Request("staging", "uat", None), {}, (401, {"message": "Unauthenticated"})),
    (
        hrms.Request("staging", "uat", None),
        {"environment-mismatch": "403"},
        (403, {"message": "Insufficient permissions for this resource"}),
    ),
    (
        hrms.Request("staging", None, None),
        {"validation-status": "422"},
        (422, {"message": "Validation failed", "errors": {"X-Environment": ["The X-Environment field is required."]}}),
    ),
    (
        hrms.Request("staging", "Staging", None),
        {"hrms-content-type": "required"},
        (
            400,
            {
                "message": "Validation failed",
                "errors": {
                    "X-Environment": ["The selected X-Environment is invalid."],
                    "Content-Type": ["The Content-Type field is required."],
                },
            },
        ),
    ),
    (hrms.Request("staging", "staging", None, resource_there=False), {}, (404, {"message": "Resource not found"})),
]


@pytest.mark.parametrize(("request_", "readings", "expected"), HRMS_CASES)
def test_model_hrms_request_is_refused_by_the_readings(request_: Any, readings: dict[str, str], expected: Any) -> None:
    """Status and body of each refusal of the HRMS, under the reading that decides it."""
    refusal = hrms.refusal(request_, DEFAULTS | readings)
    assert refusal is not None
    assert (refusal.status, refusal.body) == expected


def test_model_hrms_request_with_good_headers_is_let_in() -> None:
    """The token's own environment lets a request in."""
    assert hrms.refusal(hrms.Request("uat", "uat", None), DEFAULTS) is None


@pytest.mark.parametrize("value", ["included", "embedded"])
def test_model_reading_user_detail_places_what_is_related(value: str) -> None:
    """Related objects stand beside the user or inside; the other place is wrong."""
    related: dict[str, Any] = {"department": {}, "position": {}, "work_locations": []}
    beside = {"data": {"attributes": {}, "relationships": related}, "included": []}
    inside = {"data": {"attributes": related}}
    placed = [hrms.detail_is_well_placed(body, {"user-detail": value}) for body in (beside, inside)]
    assert placed == [value == "included", value == "embedded"]


# -- rules ---------------------------------------------------------------------------------------------

SEQUENCES: list[tuple[str, list[Any], Any]] = [
    ("manager without a site", [employee(roles=["Site_Manager"])], NO_SITES_ASKED),
    ("site role alone", [employee(sites=[site(NO_SITE, "site_manager"), site(NO_SITE)])], AT_SITE_LEVEL),
    (
        "no site is known",
        [employee(roles=["site_manager"], sites=[site(NO_SITE)])],
        "site_manager role requires at least one site assignment",
    ),
    ("foreign site", [employee(sites=[site(FOREIGN)])], ["CREATED", f"Site with id '{FOREIGN}' not found, skipped"]),
    ("inactive looks nothing up", [employee(roles=["site_manager", "x"], status="INACTIVE")], ["CREATED"]),
    ("inactive with account", [employee(status="INACTIVE", userAccount={})], ["CREATED"]),
    (
        "entry without a name",
        [employee(groups=[{"groupName": " "}], sites=[{}])],
        "Either groupName or externalGroupId is required",
    ),
    (
        "external id decides",
        [employee(groups=[{"groupName": "Field Team", "externalGroupId": "X"}])],
        ["CREATED", "Group 'X' not found, skipped"],
    ),
    (
        "warnings once, in order",
        [employee(roles=["x", "X", "x"], sites=[site(MAIN, "x"), site(NORTH, "y")])],
        ["CREATED", "Role 'x' not found, skipped", "Role 'X' not found, skipped", "Role 'y' not found, skipped"],
    ),
    ("order of fields", [employee(updateMode=5, metadata=[], firstName=1)], "firstName must be a string"),
    ("hour 24", [employee(hireDate="2024-01-01T24:00:00Z")], "Invalid date format for hireDate"),
    ("blank username", [with_account(account={"username": " "})], "Username must not be empty"),
    (
        "username taken by default",
        [with_account(), with_account("E-2", "b@example.com", account={"username": "ADA@example.com"})],
        "Username 'ADA@example.com' is already taken",
    ),
    (
        "email of a colleague",
        [employee(email="a@example.com"), employee("E-2", email="A@example.com")],
        "User with email A@example.com already exists and is linked to employee E-1",
    ),
]


@pytest.mark.parametrize(("records", "expected"), [row[1:] for row in SEQUENCES], ids=[row[0] for row in SEQUENCES])
def test_model_record_is_decided_by_the_first_rule(records: list[Any], expected: Any) -> None:
    """What becomes of the last of some records under the default readings."""
    assert last(world(), *records) == expected


def test_model_email_of_another_organization_is_refused() -> None:
    """An e-mail that the other organization has is refused and leaves no trace."""
    state = world()
    send(state, employee(email="a@example.com"), org=1)
    answer = send(state, employee(email="A@EXAMPLE.com"))
    assert outcome(answer) == ["User with email A@EXAMPLE.com already exists in a different organization"]
    assert answer.errors[0].claims == ("S2E-FIELD-11",)
    assert state.organizations[0].employees == {}


def test_model_username_follows_the_email_until_one_is_given() -> None:
    """A username made from the e-mail follows where the new one is free, and stays, still following, where not."""
    state = world()
    taken = with_account("E-2", "b@example.com", account={"username": "new@example.com"})
    send(state, with_account(), taken)
    seen = []
    for email in ("c@example.com", "new@example.com", "d@example.com"):
        send(state, employee(email=email))
        seen.append((user(state).email, user(state).username))
    send(state, with_account(email="d@example.com", account={"username": "ada"}))
    send(state, employee(email="e@example.com"))
    assert seen == [
        ("c@example.com", "c@example.com"),
        ("new@example.com", "c@example.com"),
        ("d@example.com", "d@example.com"),
    ]
    assert user(state).username == "ada"


def test_model_username_left_behind_meets_its_email_again_is_undecided() -> None:
    """Whether a username that could not follow is tried again with the same e-mail, no source says."""
    state = world()
    send(state, with_account(), with_account("E-2", "b@example.com", account={"username": "new@example.com"}))
    send(state, employee(email="new@example.com"), employee("E-2", firstName="Bo"))
    assert not state.undecided
    send(state, employee(firstName="Ada"))
    assert state.undecided


def test_model_unlinked_user_is_linked_once() -> None:
    """The user of that e-mail gets the employee, keeps its id, and is refused to whoever has an account."""
    state = world()
    made = invited(state, "pat@example.com")
    send(state, with_account("E-1"))
    refused = send(state, employee("E-1", email="pat@example.com"))
    assert outcome(refused) == ["User with email pat@example.com already exists"]
    answer = send(state, with_account("E-2", "PAT@example.com"))
    assert answer.results[0].user_id is made.id
    assert (user(state, "E-2").email, user(state, "E-2").username) == ("PAT@example.com", "pat@example.com")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Invalid JSON"),
        ([], "Request body must be an object"),
        ({"syncBatchId": 5}, "employees array is required"),
        ({"employees": [{}] * 501, "syncBatchId": 5}, "Maximum of 500 employees per request exceeded"),
        ({"employees": [{}], "syncBatchId": None}, "syncBatchId must be a string"),
    ],
)
def test_model_request_that_is_bad_as_a_whole_is_refused(body: Any, message: str) -> None:
    """The text for each fault of the envelope, in the order of the checks."""
    assert (sync(world(), 0, body).status, sync(world(), 0, body).error) == (400, message)


@pytest.mark.parametrize("text", ["2024-02-29", "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.123Z"])
def test_model_date_that_is_real_is_taken(text: str) -> None:
    """Dates and date-times of the three forms."""
    assert is_date(text)


@pytest.mark.parametrize("text", ["2023-02-29", "2024-1-1", "2024-01-01T00:00Z", "2024-01-01T00:00:00", "2024-01-01\n"])
def test_model_date_that_is_none_is_refused(text: str) -> None:
    """Other forms, and days that no calendar has."""
    assert not is_date(text)


@pytest.mark.parametrize("text", ["a@b.c", "a.b+c@x-1.example", f"{'a' * 250}@b.c"])
def test_model_email_of_the_grammar_is_taken(text: str) -> None:
    """Dotted atoms, labels with inner hyphens, 254 characters."""
    assert is_email(text)


@pytest.mark.parametrize("text", ["a", "a@b", ".a@b.c", "a..b@b.c", "a@-b.c", "a@b.c\n", "ä@b.c", f"{'a' * 251}@b.c"])
def test_model_email_outside_of_the_grammar_is_refused(text: str) -> None:
    """No domain, dots at the edge, hyphens at the edge, other letters, too long."""
    assert not is_email(text)


# -- differences ---------------------------------------------------------------------------------------

GOOD = {
    "requestId": f"sync-{NOW}-abc123",
    "results": [
        {"externalEmployeeId": "E-1", "status": "CREATED", "employeeId": "emp_1", "userId": "user_1", "warnings": []}
    ],
    "errors": [],
}
# What is put into the good answer -> the claim that is named.
WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"status": "UPDATED"}, "S2E-BATCH-11"),
    ({}, {"employeeId": "1"}, "S2E-BATCH-13"),
    ({}, {"userId": None}, "S2E-ACCT-01"),
    ({}, {"warnings": ["Role 'x' not found, skipped"]}, "S2E-ROLE-02"),
    ({}, {"externalEmployeeId": "E-2"}, "S2E-BATCH-10"),
    ({"requestId": "abc"}, {}, "S2E-BATCH-06"),
    ({"syncBatchId": "x"}, {}, "S2E-BATCH-07"),
    ({"errors": None}, {}, "S2E-BATCH-06"),
    ({"results": [], "errors": [{"externalEmployeeId": "E-1", "message": "Invalid email format"}]}, {}, "S2E-FIELD-08"),
]


def test_model_good_answer_has_no_difference() -> None:
    """An answer as expected, whose ids are remembered."""
    state = world()
    assert list(answer_differences(state, send(state, with_account()), 200, GOOD)) == []
    assert user(state).id.value == "user_1"
    assert state.organizations[0].employees["E-1"].id.value == "emp_1"


@pytest.mark.parametrize(("top", "inner", "claim"), WRONG)
def test_model_wrong_answer_names_its_claim(top: dict[str, Any], inner: dict[str, Any], claim: str) -> None:
    """Each departure of an answer is told with the claim that it breaks."""
    state = world()
    body: dict[str, Any] = deepcopy(GOOD)
    body["results"][0] |= inner
    found = list(answer_differences(state, send(state, with_account()), 200, body | top))
    assert found
    assert {name for difference in found for name in difference.claims} == {claim}


def test_model_answer_with_a_changed_id_names_stability() -> None:
    """An id that differs from the first one seen breaks S2E-BATCH-13, and so does one that somebody else has."""
    state = world()
    list(answer_differences(state, send(state, with_account()), 200, GOOD))
    again: dict[str, Any] = deepcopy(GOOD)
    again["results"][0] |= {"status": "UPDATED", "employeeId": "emp_2"}
    found = list(answer_differences(state, send(state, with_account()), 200, again))
    assert [difference.claims for difference in found] == [("S2E-BATCH-13",)]
    other: dict[str, Any] = deepcopy(GOOD)
    other["results"][0] |= {"externalEmployeeId": "E-2", "userId": "user_2"}
    found = list(answer_differences(state, send(state, with_account("E-2", "b@example.com")), 200, other))
    assert [difference.claims for difference in found] == [("S2E-BATCH-13",)]


def test_model_error_of_another_shape_is_a_difference() -> None:
    """Status, text and members of a request-level error are compared."""
    good = {"error": "Invalid JSON", "requestId": "sync-1-a"}
    expected = (400, "Invalid JSON")
    assert list(error_differences(400, good, expected, ("S2E-BATCH-15",))) == []
    for status, body in ((401, good), (400, good | {"error": "Bad"}), (400, good | {"more": 1}), (400, [])):
        assert len(list(error_differences(status, body, expected, ("S2E-BATCH-15",)))) == 1


def _shown(state: World) -> dict[str, Any]:
    """The employee and the user of E-1 as a target shows them that does all right."""
    account = {
        "userId": "user_1",
        "username": "ada@example.com",
        "email": "ada@example.com",
        "enabled": True,
        "mustResetPassword": False,
    }
    names = ("firstName", "lastName", "phone", "jobTitle", "department", "hireDate", "terminationDate", "metadata")
    return {
        **dict.fromkeys(names),
        "externalEmployeeId": "E-1",
        "employeeId": "emp_1",
        "status": "ACTIVE",
        "displayName": "E-1",
        "email": "ada@example.com",
        "supervisor": None,
        "roles": ["admin"],
        "groups": [],
        "sites": [{"id": MAIN, "role": None}],
        "user": account,
    }


STATES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({}, ()),
    ({"roles": []}, ("S2E-MODE-01", "S2E-ROLE-01")),
    ({"groups": [{"groupName": "Field Team", "role": None}]}, ("S2E-MODE-02",)),
    ({"displayName": "Ada"}, ("S2E-FIELD-07",)),
    ({"phone": "1"}, ("S2E-FIELD-18",)),
    ({"status": "INACTIVE"}, ("S2E-FIELD-03",)),
    ({"employeeId": "emp_2"}, ("S2E-BATCH-13",)),
]


@pytest.mark.parametrize(("changed", "claims"), STATES)
def test_model_state_that_differs_names_the_claim_of_the_field(changed: dict[str, Any], claims: Any) -> None:
    """Each field of an employee is compared and knows why it is as it is."""
    state = world()
    answer = send(state, with_account(roles=["admin"], sites=[site()]))
    list(answer_differences(state, answer, 200, GOOD))
    shown = Shown(employees=[_shown(state) | changed])
    found = list(state_differences(state, Seen([shown])))
    assert [difference.claims for difference in found] == ([claims] if claims else [])
    refused = Seen([shown], refused={(0, "E-1"): ("S2E-SM-02",)})
    assert {difference.claims for difference in state_differences(state, refused)} == (
        {("S2E-BATCH-05", "S2E-SM-07")} if claims else set()
    )


def test_model_mail_that_differs_names_its_claim() -> None:
    """A missing mail, a surplus one and a password too many or too few are told apart."""
    state = world()
    send(state, with_account(account={"sendWelcomeEmail": True}))
    mail = {"to": "ada@example.com", "body": "Hello", "sent_at": "2024-11-18T10:30:00.000Z"}
    secret = {"temporaryPassword": "p1", "body": "Hello p1"}
    claims = [
        [difference.claims for difference in state_differences(state, Seen([], outbox=outbox))]
        for outbox in ([mail], [], [mail, mail], [mail | secret], [mail | {"sent_at": "2024-11-18T10:30:01Z"}])
    ]
    assert claims == [[], [("S2E-ACCT-04",)], [("S2E-ACCT-04",)], [("S2E-ACCT-05",)], [("S2E-ACCT-04",)]]


def test_model_json_values_are_compared_by_type() -> None:
    """1 and 1.0 are the same, true and 1 are not, at any depth."""
    assert same({"a": [1, {"b": 2.0}]}, {"a": [1.0, {"b": 2}]})
    assert not same({"a": [1]}, {"a": [True]})
    assert not same([1], [1, 2])
    assert not same({"a": None}, {})
