"""The rules of employee sync: one row each, with its claim and its exact message.

The rows stand in the order in which they are checked; the first that refuses is the record's error.
A check gets the record in hand and answers None where it passes, else what fills the message's
braces. Rows with `stage` record look at the raw record, those with employee at what it asks for and
what would come of it. A row's `concern` says that it can only refuse a record with that
concern, so that no other need be asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from sandbox.readings import Readings
from sandbox.scan2evolve.records import (
    FIELDS,
    MAX_RECORDS,
    STATUSES,
    STRING,
    UPDATE_MODES,
    UUID,
    is_blank,
    is_date,
    is_email,
    misfit,
)

if TYPE_CHECKING:
    from sandbox.scan2evolve.attempts import Attempt

Fills = dict[str, Any] | None
Stage = Literal["record", "employee"]
NO_FILLS: dict[str, Any] = {}

# Concerns of a record, as bits: an e-mail that is malformed or that somebody has, an account that may be
# refused, an entry of groups or sites that is malformed, site_manager asked for or carried over.
EMAIL, ACCOUNT, ENTRIES, MANAGER = 1, 2, 4, 8
_ALL_CONCERNS = range(16)


class Rule(msgspec.Struct, frozen=True):
    """A row: what is refused, by which claim, with which words."""

    name: str
    claim: str
    message: str
    check: Callable[[Attempt], Fills]
    stage: Stage = "employee"
    concern: int = 0


class Warning(msgspec.Struct, frozen=True):  # noqa: A001 - the vocabulary's word
    """A soft outcome: what is skipped, by which claim, with which words."""

    name: str
    claim: str
    message: str

    def about(self, what: str) -> tuple[str, str]:
        """(name, text) of this warning for one item, named as given."""
        return self.name, self.message.format(what)


def _field_types(attempt: Attempt) -> Fills:
    record = attempt.record
    for key, kind in FIELDS.items():
        if key in record and not (key == "terminationDate" and record[key] is None):
            fills = misfit(record[key], kind, key)
            if fills is not None:
                return fills
    return None


# -- checks 0 to 3: the record by itself -------------------------------------------------------------


def _not_an_object(attempt: Attempt) -> Fills:
    return None if isinstance(attempt.record, dict) else NO_FILLS


def _id_missing(attempt: Attempt) -> Fills:
    value = attempt.record.get("externalEmployeeId")
    return NO_FILLS if value is None or (isinstance(value, str) and is_blank(value)) else None


def _id_not_text(attempt: Attempt) -> Fills:
    return None if isinstance(attempt.record["externalEmployeeId"], str) else NO_FILLS


def _id_repeated(attempt: Attempt) -> Fills:
    if attempt.readings.duplicate_in_batch == "update":
        return None
    seen = attempt.batch.seen
    external_id = attempt.record["externalEmployeeId"]
    if external_id in seen:
        return NO_FILLS
    seen.add(external_id)
    return None


def _text_or_absent(key: str) -> Callable[[Attempt], Fills]:
    def check(attempt: Attempt) -> Fills:
        if key not in attempt.record or isinstance(attempt.record[key], str):
            return None
        return {"path": key, "kind": STRING}

    return check


def _one_of(key: str, values: tuple[str, ...]) -> Callable[[Attempt], Fills]:
    def check(attempt: Attempt) -> Fills:
        value = attempt.record.get(key)
        return None if value is None or value in values else {"value": value}

    return check


def _dates(attempt: Attempt) -> Fills:
    for key in ("hireDate", "terminationDate"):
        value = attempt.record.get(key)
        if value is not None and not is_date(value):
            return {"field": key}
    return None


# -- checks 4 to 9: e-mail, account, entries -----------------------------------------------------------


def _email_required(attempt: Attempt) -> Fills:
    if not attempt.wants_account:
        return None
    email = attempt.email
    if email is None and attempt.readings.email_on_update == "stored" and attempt.existing is not None:
        email = attempt.existing.email
    return NO_FILLS if is_blank(email) else None


def _email_format(attempt: Attempt) -> Fills:
    return None if attempt.email is None or is_email(attempt.email) else NO_FILLS


def _email_elsewhere(attempt: Attempt) -> Fills:
    folded = attempt.email_folded
    if folded is not None:
        for organization in attempt.batch.others:
            if organization.knows_email(folded):
                return {"email": attempt.email}
    return None


def _email_linked(attempt: Attempt) -> Fills:
    folded = attempt.email_folded
    if folded is None:
        return None
    owner = attempt.organization.employee_by_email.get(folded)
    if owner is None or owner == attempt.external_id:
        return None
    return {"email": attempt.email, "employee": owner}


def _email_of_other_user(attempt: Attempt) -> Fills:
    """An employee with an account cannot take the e-mail of a user linked to nobody."""
    existing = attempt.existing
    if attempt.email_folded is None or existing is None or existing.user is None:
        return None
    return {"email": attempt.email} if attempt.email_folded in attempt.organization.unlinked_by_email else None


def _username_blank(attempt: Attempt) -> Fills:
    if not attempt.wants_account or attempt.username_given is None:
        return None
    return NO_FILLS if is_blank(attempt.username_given) else None


def _username_taken(attempt: Attempt) -> Fills:
    if not attempt.wants_account:
        return None
    username = attempt.username
    if username is None:
        return None
    holder = attempt.organization.user_by_username.get(username.casefold())
    own = attempt.user.id if attempt.user is not None else None
    return None if holder is None or holder == own else {"username": username}


def _group_unnamed(attempt: Attempt) -> Fills:
    for entry in attempt.record.get("groups", ()):
        if is_blank(entry.get("groupName")) and is_blank(entry.get("externalGroupId")):
            return NO_FILLS
    return None


def _site_unnamed(attempt: Attempt) -> Fills:
    entry = _first_bad_site(attempt)
    return NO_FILLS if entry is not None and is_blank(entry.get("id")) else None


def _site_malformed(attempt: Attempt) -> Fills:
    entry = _first_bad_site(attempt)
    return None if entry is None or is_blank(entry.get("id")) else {"site": entry["id"]}


def _first_bad_site(attempt: Attempt) -> dict[str, Any] | None:
    strict = attempt.readings.malformed_site_id == "error"
    for entry in attempt.record.get("sites", ()):
        if is_blank(entry.get("id")) or (strict and not UUID.fullmatch(entry["id"])):
            return dict(entry)
    return None


# -- check 10: site_manager ----------------------------------------------------------------------------


def _manager_without_site(attempt: Attempt) -> Fills:
    if not attempt.asks_manager or attempt.asks_any_site:
        return None
    if attempt.additive and attempt.readings.additive_existing_sites == "effective":
        existing = attempt.existing
        return None if existing is not None and existing.sites else NO_FILLS
    return NO_FILLS


def _site_manager_without_role(attempt: Attempt) -> Fills:
    if attempt.asks_manager or not (attempt.asks_site_manager or attempt.carries_site_manager()):
        return None
    readings = attempt.readings
    if attempt.additive:
        counts = readings.additive_site_manager == "effective"
    else:
        counts = "roles" not in attempt.record and readings.omitted_assignments == "kept"
    return None if counts and attempt.holds_manager(attempt.existing_roles) else NO_FILLS


def _manager_left_without_site(attempt: Attempt) -> Fills:
    return NO_FILLS if not attempt.sites and attempt.holds_manager(attempt.roles) else None


RULES: tuple[Rule, ...] = (
    Rule("record-is-object", "S2E-FIELD-17", "Employee record must be an object", _not_an_object, "record"),
    Rule("id-required", "S2E-FIELD-01", "externalEmployeeId is required", _id_missing, "record"),
    Rule("id-is-text", "S2E-FIELD-17", "externalEmployeeId must be a string", _id_not_text, "record"),
    Rule("id-once-in-batch", "S2E-BATCH-14", "Duplicate externalEmployeeId in batch", _id_repeated, "record"),
    Rule("status-is-text", "S2E-FIELD-17", "{path} must be {kind}", _text_or_absent("status"), "record"),
    Rule(
        "status-known",
        "S2E-FIELD-02",
        "Invalid status '{value}'. Must be one of: " + ", ".join(STATUSES),
        _one_of("status", STATUSES),
        "record",
    ),
    Rule("field-types", "S2E-FIELD-17", "{path} must be {kind}", _field_types, "record"),
    Rule("update-mode-is-text", "S2E-FIELD-17", "{path} must be {kind}", _text_or_absent("updateMode"), "record"),
    Rule(
        "update-mode-known",
        "S2E-FIELD-16",
        "Invalid updateMode '{value}'. Must be one of: " + ", ".join(UPDATE_MODES),
        _one_of("updateMode", UPDATE_MODES),
        "record",
    ),
    Rule("dates", "S2E-FIELD-12", "Invalid date format for {field}", _dates, "record"),
    Rule(
        "email-required",
        "S2E-FIELD-09",
        "Email is required for ACTIVE users with userAccount",
        _email_required,
        concern=ACCOUNT,
    ),
    Rule("email-format", "S2E-FIELD-08", "Invalid email format", _email_format, concern=EMAIL),
    Rule(
        "email-in-other-organization",
        "S2E-FIELD-11",
        "User with email {email} already exists in a different organization",
        _email_elsewhere,
        concern=EMAIL,
    ),
    Rule(
        "email-linked",
        "S2E-FIELD-10",
        "User with email {email} already exists and is linked to employee {employee}",
        _email_linked,
        concern=EMAIL,
    ),
    Rule(
        "email-of-other-user",
        "S2E-ACCT-07",
        "User with email {email} already exists",
        _email_of_other_user,
        concern=EMAIL,
    ),
    Rule("username-not-empty", "S2E-ACCT-10", "Username must not be empty", _username_blank, concern=ACCOUNT),
    Rule("username-free", "S2E-ACCT-10", "Username '{username}' is already taken", _username_taken, concern=ACCOUNT),
    Rule(
        "group-named",
        "S2E-GROUP-02",
        "Either groupName or externalGroupId is required",
        _group_unnamed,
        concern=ENTRIES,
    ),
    Rule("site-named", "S2E-SITE-01", "Site id is required", _site_unnamed, concern=ENTRIES),
    Rule("site-id-well-formed", "S2E-SITE-01", "Invalid site id '{site}'", _site_malformed, concern=ENTRIES),
    Rule(
        "site-manager-asks-site",
        "S2E-SM-02",
        "Cannot assign site_manager role: employee must have at least one site assigned",
        _manager_without_site,
        concern=MANAGER,
    ),
    Rule(
        "site-level-manager-has-role",
        "S2E-SM-03",
        "Cannot assign site_manager role at site level: employee must have 'site_manager' in their roles array",
        _site_manager_without_role,
        concern=MANAGER,
    ),
    Rule(
        "site-manager-keeps-site",
        "S2E-SM-04",
        "site_manager role requires at least one site assignment",
        _manager_left_without_site,
        concern=MANAGER,
    ),
)

ROLE_UNKNOWN = Warning("role-unknown", "S2E-ROLE-02", "Role '{}' not found, skipped")
GROUP_UNKNOWN = Warning("group-unknown", "S2E-GROUP-03", "Group '{}' not found, skipped")
SITE_UNKNOWN = Warning("site-unknown", "S2E-SITE-02", "Site with id '{}' not found, skipped")
WARNINGS = (ROLE_UNKNOWN, GROUP_UNKNOWN, SITE_UNKNOWN)


# -- the envelope: what makes a whole request fail -----------------------------------------------------


class EnvelopeRule(msgspec.Struct, frozen=True):
    """A row: what makes a whole batch fail with 400, by which claim, with which words."""

    name: str
    claim: str
    message: str
    refuses: Callable[[Any, Readings], bool]


def _no_array(body: Any, readings: Readings) -> bool:
    employees = body.get("employees")
    return not isinstance(employees, list) or (not employees and readings.empty_batch == "error")


ENVELOPE: tuple[EnvelopeRule, ...] = (
    EnvelopeRule(
        "body-is-object", "S2E-BATCH-15", "Request body must be an object", lambda body, _: not isinstance(body, dict)
    ),
    EnvelopeRule("employees-array", "S2E-BATCH-03", "employees array is required", _no_array),
    EnvelopeRule(
        "batch-size",
        "S2E-BATCH-02",
        f"Maximum of {MAX_RECORDS} employees per request exceeded",
        lambda body, _: len(body["employees"]) > MAX_RECORDS,
    ),
    EnvelopeRule(
        "batch-id-is-text",
        "S2E-BATCH-15",
        "syncBatchId must be a string",
        lambda body, _: "syncBatchId" in body and not isinstance(body["syncBatchId"], str),
    ),
)


class Envelope:
    """The envelope's rules in force, in order; `read` gives them the body as they are to see it."""

    def __init__(self, rules: tuple[EnvelopeRule, ...] = ENVELOPE) -> None:
        self.rules = rules

    def read(self, body: Any) -> Any:
        """The body itself: nothing about it is mended."""
        return body

    def refusal(self, body: Any, readings: Readings) -> EnvelopeRule | None:
        """The first rule that refuses the batch, None where all let it pass."""
        for rule in self.rules:
            if rule.refuses(body, readings):
                return rule
        return None


STANDARD_ENVELOPE = Envelope()


Checks = tuple[tuple[Callable[["Attempt"], Fills], Rule], ...]


class RuleBook:
    """The rules in force by stage, those of the employee also by the concerns of the record."""

    def __init__(self, rules: tuple[Rule, ...] = RULES) -> None:
        self.rules = rules
        self.record = self._of("record", 0)
        self.employee = tuple(self._of("employee", concerns) for concerns in _ALL_CONCERNS)

    def _of(self, stage: Stage, concerns: int) -> Checks:
        return tuple(
            (rule.check, rule)
            for rule in self.rules
            if rule.stage == stage and (not rule.concern or rule.concern & concerns)
        )


RULEBOOK = RuleBook()
