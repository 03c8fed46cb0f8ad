"""The catalogue: a valid record, one named violation, and the exact message that must come of it.

The rows stand in the order in which a record is checked: of two violations of one record, the row
that stands first is the record's error. A row says which status and which reading it needs; the
update mode changes none of the messages for a record of somebody new.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts import messages
from contracts.violations import ACTIVE, NOT_ACTIVE, Record, Surroundings, Violation, put, with_fields


def _always(text: str) -> Callable[[Surroundings], str]:
    return lambda _: text


def _shown(path: str) -> str:
    head, *rest = path.split(".")
    return head + "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in rest)


def _wrong(path: str, kind: str, value: Any, suffix: str = "") -> Violation:
    """A value of the wrong JSON type."""
    name = f"{path.replace('.', '-')}-not-{kind.split()[-1]}{suffix}"
    message = _always(messages.wrong_type(_shown(path), kind))
    return Violation(name, "S2E-FIELD-17", put(path, value), message, frozenset({path.split(".")[0]}))


def _null(path: str, kind: str) -> Violation:
    """A null where the reading takes it for a wrong type."""
    message = _always(messages.wrong_type(_shown(path), kind))
    touches = frozenset({path.split(".")[0]})
    name = f"{path.replace('.', '-')}-null"
    return Violation(name, "S2E-FIELD-17", put(path, None), message, touches, reading=("null-field", "error"))


def _date(field_: str, name: str, value: str) -> Violation:
    message = _always(messages.date_invalid(field_))
    claim = "S2E-FIELD-12" if field_ == "hireDate" else "S2E-FIELD-13"
    return Violation(f"{field_}-{name}", claim, put(field_, value), message, frozenset({field_}))


def _email(name: str, value: str) -> Violation:
    touches = frozenset({"email", "userAccount"})
    message = _always(messages.EMAIL_INVALID)
    return Violation(f"email-{name}", "S2E-FIELD-08", put("email", value), message, touches, documented=True)


def _id(name: str, break_: Callable[[Record, Surroundings], Any], documented: bool) -> Violation:
    message = _always(messages.ID_REQUIRED)
    touches = frozenset({"externalEmployeeId"})
    return Violation(f"id-{name}", "S2E-FIELD-01", break_, message, touches, documented=documented)


STRING, BOOLEAN, OBJECT, ARRAY = "a string", "a boolean", "an object", "an array"


def _replaced(value: Any) -> Callable[[Record, Surroundings], Any]:
    return lambda *_: value


def _no_object(name: str, value: Any) -> Violation:
    message = _always(messages.NOT_AN_OBJECT)
    return Violation(f"record-{name}", "S2E-FIELD-17", _replaced(value), message, frozenset({"*"}))


# -- checks 0 to 3: the record by itself -------------------------------------------------------------

_SHAPE: tuple[Violation, ...] = (
    _no_object("text", "EMP-1"),
    _no_object("null", None),
    _no_object("array", []),
    _id("missing", put("externalEmployeeId", ...), True),
    _id("empty", put("externalEmployeeId", ""), True),
    _id("null", put("externalEmployeeId", None), False),
    _id("blank", put("externalEmployeeId", " \t\u2003"), False),
    *(
        Violation(
            f"id-{name}",
            "S2E-FIELD-17",
            put("externalEmployeeId", value),
            _always(messages.ID_NOT_TEXT),
            frozenset({"externalEmployeeId"}),
        )
        for name, value in (("number", 100245), ("array", ["EMP-1"]))
    ),
    _wrong("status", STRING, 1),
    _null("status", STRING),
    *(
        Violation(
            f"status-{name}",
            "S2E-FIELD-02",
            put("status", value),
            _always(messages.status_invalid(value)),
            frozenset({"status"}),
        )
        for name, value in (("lower-case", "active"), ("other", "SUSPENDED"), ("empty", ""))
    ),
    *(
        row
        for key in (
            *("firstName", "lastName", "displayName", "email"),
            *("phone", "jobTitle", "department", "hireDate"),
        )
        for row in (_wrong(key, STRING, 7), _null(key, STRING))
    ),
    _wrong("terminationDate", STRING, False),
    _wrong("supervisor", OBJECT, "Sam Lead"),
    _null("supervisor", OBJECT),
    _wrong("supervisor.name", STRING, ["Sam"]),
    _null("supervisor.name", STRING),
    _wrong("supervisor.email", STRING, {}),
    _wrong("roles", ARRAY, "admin"),
    _null("roles", ARRAY),
    _wrong("roles.0", STRING, 5),
    _wrong("roles.0", STRING, None, "-null"),
    _wrong("groups", ARRAY, {"groupName": "Team"}),
    _null("groups", ARRAY),
    _wrong("groups.0", OBJECT, "Team"),
    _wrong("groups.0.groupName", STRING, 3),
    _wrong("groups.0.externalGroupId", STRING, 3),
    _wrong("groups.0.role", STRING, True),
    _null("groups.0.role", STRING),
    _wrong("sites", ARRAY, "ff1223ac-dfb5-11ec-9d64-0242ac120002"),
    _null("sites", ARRAY),
    _wrong("sites.1", OBJECT, None),
    _wrong("sites.1.id", STRING, 12),
    _null("sites.1.id", STRING),
    _wrong("sites.0.role", STRING, []),
    _wrong("metadata", OBJECT, "A12345"),
    _wrong("metadata", OBJECT, [1], "-array"),
    _null("metadata", OBJECT),
    _wrong("userAccount", OBJECT, True),
    _null("userAccount", OBJECT),
    _wrong("userAccount.username", STRING, 1),
    _wrong("userAccount.forcePasswordReset", BOOLEAN, "true"),
    _null("userAccount.forcePasswordReset", BOOLEAN),
    _wrong("userAccount.sendWelcomeEmail", BOOLEAN, 1),
    _wrong("updateMode", STRING, ["replace"]),
    _null("updateMode", STRING),
    *(
        Violation(
            f"mode-{name}",
            "S2E-FIELD-16",
            put("updateMode", value),
            _always(messages.mode_invalid(value)),
            frozenset({"updateMode"}),
        )
        for name, value in (("upper-case", "REPLACE"), ("other", "merge"), ("empty", ""))
    ),
    _date("hireDate", "day-first", "12/04/2023"),
    _date("hireDate", "no-such-day", "2023-02-30"),
    _date("hireDate", "without-zone", "2023-04-12T00:00:00"),
    _date("hireDate", "with-offset", "2023-04-12T00:00:00+08:00"),
    _date("hireDate", "no-such-hour", "2023-04-12T24:00:00Z"),
    _date("hireDate", "empty", ""),
    _date("terminationDate", "month-only", "2030-01"),
    _date("terminationDate", "no-such-month", "2030-13-01"),
    _date("terminationDate", "with-space", "2030-01-31 00:00:00Z"),
)

# -- checks 4 to 9: e-mail, account, entries ---------------------------------------------------------

_NO_ACCOUNT: Any = ...


def _taken_email(around: Surroundings) -> str:
    return around.taken[0] if around.taken else ""


def _taken_username(around: Surroundings) -> str:
    return around.taken[2].upper() if around.taken else ""


_OF_OTHERS: tuple[Violation, ...] = (
    *(
        Violation(
            f"email-{name}-with-account",
            "S2E-FIELD-09",
            with_fields(email=value),
            _always(messages.EMAIL_REQUIRED),
            frozenset({"email", "userAccount"}),
            ACTIVE,
            documented=value is ...,
        )
        for name, value in (("missing", ...), ("blank", "  "))
    ),
    _email("without-at", "robin.example.com"),
    _email("without-domain", "robin@"),
    _email("one-label", "robin@localhost"),
    _email("two-ats", "robin@sample@example.com"),
    _email("with-space", "robin sample@example.com"),
    _email("double-dot", "robin..sample@example.com"),
    Violation(
        "email-blank-without-account",
        "S2E-FIELD-08",
        with_fields(email="", userAccount=_NO_ACCOUNT),
        _always(messages.EMAIL_INVALID),
        frozenset({"email", "userAccount"}),
    ),
    Violation(
        "email-blank-not-active",
        "S2E-FIELD-08",
        with_fields(email=" "),
        _always(messages.EMAIL_INVALID),
        frozenset({"email", "userAccount"}),
        NOT_ACTIVE,
    ),
    Violation(
        "email-elsewhere",
        "S2E-FIELD-11",
        with_fields(email=lambda around: around.elsewhere),
        lambda around: messages.email_elsewhere(around.elsewhere or ""),
        frozenset({"email", "userAccount"}),
        needs="elsewhere",
        documented=True,
    ),
    Violation(
        "email-linked",
        "S2E-FIELD-10",
        with_fields(email=_taken_email),
        lambda around: messages.email_linked(_taken_email(around), around.taken[1] if around.taken else ""),
        frozenset({"email", "userAccount"}),
        needs="taken",
        documented=True,
    ),
    Violation(
        "email-linked-upper-case",
        "S2E-FIELD-10",
        with_fields(email=lambda around: _taken_email(around).upper(), userAccount=_NO_ACCOUNT),
        lambda around: messages.email_linked(_taken_email(around).upper(), around.taken[1] if around.taken else ""),
        frozenset({"email", "userAccount"}),
        needs="taken",
    ),
    Violation(
        "username-empty",
        "S2E-ACCT-10",
        with_fields(userAccount={"username": ""}),
        _always(messages.USERNAME_EMPTY),
        frozenset({"userAccount"}),
        ACTIVE,
    ),
    Violation(
        "username-taken",
        "S2E-ACCT-10",
        with_fields(userAccount=lambda around: {"username": _taken_username(around)}),
        lambda around: messages.username_taken(_taken_username(around)),
        frozenset({"userAccount"}),
        ACTIVE,
        needs="taken",
    ),
    *(
        Violation(
            f"group-{name}",
            "S2E-GROUP-02",
            put("groups.0", entry),
            _always(messages.GROUP_UNNAMED),
            frozenset({"groups"}),
        )
        for name, entry in (
            ("unnamed", {"role": "Lead"}),
            ("empty", {}),
            ("blank", {"groupName": " ", "externalGroupId": ""}),
        )
    ),
    *(
        Violation(
            f"site-{name}",
            "S2E-SITE-01",
            put("sites.1", entry),
            _always(messages.SITE_UNNAMED),
            frozenset({"sites"}),
        )
        for name, entry in (("unnamed", {}), ("empty", {"id": ""}))
    ),
    Violation(
        "site-malformed",
        "S2E-SITE-02",
        with_fields(sites=lambda around: [{"id": around.sites[0]}, {"id": around.no_uuid}]),
        lambda around: messages.site_id_invalid(around.no_uuid),
        frozenset({"sites"}),
        reading=("malformed-site-id", "error"),
    ),
)

# -- check 10: site_manager --------------------------------------------------------------------------

_MANAGER = frozenset({"roles", "sites"})


def _managers(name: str, claim: str, message: str, **fields: Any) -> Violation:
    return Violation(
        f"manager-{name}", claim, with_fields(**fields), _always(message), _MANAGER, ACTIVE, documented=True
    )


_SITE_MANAGER: tuple[Violation, ...] = (
    _managers(
        "without-sites",
        "S2E-SM-02",
        messages.MANAGER_ASKS_NO_SITE,
        roles=["site_manager"],
        sites=...,
    ),
    _managers(
        "with-empty-sites",
        "S2E-SM-02",
        messages.MANAGER_ASKS_NO_SITE,
        roles=lambda around: [around.roles[0], "site_manager"],
        sites=[],
    ),
    _managers(
        "at-site-only",
        "S2E-SM-03",
        messages.SITE_LEVEL_WITHOUT_ROLE,
        sites=lambda around: [{"id": around.sites[0]}, {"id": around.sites[1], "role": "site_manager"}],
    ),
    _managers(
        "at-site-without-roles",
        "S2E-SM-03",
        messages.SITE_LEVEL_WITHOUT_ROLE,
        roles=...,
        sites=lambda around: [{"id": around.sites[0], "role": "site_manager"}],
    ),
    _managers(
        "at-unknown-site-only",
        "S2E-SM-03",
        messages.SITE_LEVEL_WITHOUT_ROLE,
        sites=lambda around: [{"id": around.no_site, "role": "site_manager"}],
    ),
    _managers(
        "with-unknown-sites",
        "S2E-SM-04",
        messages.MANAGER_LEFT_WITHOUT_SITE,
        roles=["site_manager"],
        sites=lambda around: [{"id": around.no_site}],
    ),
)

CATALOGUE: tuple[Violation, ...] = (*_SHAPE, *_OF_OTHERS, *_SITE_MANAGER)
