"""Accounts: who gets one, is linked to one, is disabled or renamed, and the welcome mail."""

from __future__ import annotations

from dataclasses import replace

from contracts.model.case import Case
from contracts.model.state import Claims, Employee, Mail, Symbol, User

_DISABLED_BY: dict[str, Claims] = {"INACTIVE": ("S2E-FIELD-04",), "TERMINATED": ("S2E-FIELD-05",)}


def after(case: Case, employee: Employee) -> User | None:
    """The account of the employee after this record, None where there is none."""
    if case.account is not None:
        return _updated(case, case.account, employee)
    if not case.wants_account:
        return None
    email = str(employee.fields["email"])
    if case.unlinked is not None:
        return replace(
            case.unlinked,
            employee=employee.external_id,
            email=email,
            enabled=True,
            username=case.new_username or case.unlinked.username,
            follows=case.unlinked.follows and case.new_username is None,
            why=dict.fromkeys(("id", "email", "username", "enabled", "must_reset"), ("S2E-ACCT-07",)),
        )
    named = "username" in case.record["userAccount"]
    return User(
        id=Symbol("user_"),
        email=email,
        name=employee.display_name,
        username=case.new_username or email,
        follows=not named,
        must_reset=_flag(case, "forcePasswordReset"),
        employee=employee.external_id,
        why={
            "id": ("S2E-ACCT-01",),
            "email": ("S2E-ACCT-01",),
            "username": ("S2E-ACCT-02",),
            "enabled": ("S2E-ACCT-01",),
            "must_reset": ("S2E-ACCT-03",),
        },
    )


def _updated(case: Case, account: User, employee: Employee) -> User:
    """An account that was there before: e-mail and username follow, the status switches it."""
    username = case.new_username or account.username
    if not case.wants_account and case.username_taken(username):
        username = account.username
    again = _acts_again(case)
    named = case.wants_account and "username" in case.record["userAccount"]
    return replace(
        account,
        email=str(employee.fields["email"]),
        username=username,
        follows=account.follows and not named,
        enabled=case.active,
        must_reset=account.must_reset or (again and _flag(case, "forcePasswordReset")),
        why={
            "id": ("S2E-BATCH-13",),
            "email": ("S2E-ACCT-11",),
            "username": ("S2E-ACCT-02", "S2E-ACCT-11"),
            "enabled": _DISABLED_BY.get(case.status, ("S2E-ACCT-06",)),
            "must_reset": ("S2E-ACCT-09",) if case.active else ("S2E-ACCT-08",),
        },
    )


def mail(case: Case, employee: Employee) -> Mail | Claims:
    """The welcome mail that this record sends, or the claims by which it sends none."""
    wish = case.record.get("userAccount", {})
    if not wish.get("sendWelcomeEmail"):
        return ("S2E-ACCT-04",)
    if not case.active:
        return ("S2E-ACCT-08",)
    claims: Claims = ("S2E-ACCT-04",)
    if case.account is not None:
        claims = ("S2E-ACCT-09",)
        if not _acts_again(case):
            return claims
    elif case.unlinked is not None:
        return ("S2E-ACCT-07",)
    return Mail(str(employee.fields["email"]), _flag(case, "forcePasswordReset"), case.world.now, claims)


def _acts_again(case: Case) -> bool:
    """Whether the record's flags act on an account that was there before, by reading `account-flags`."""
    return case.wants_account and case.account is not None and case.readings["account-flags"] == "every-sync"


def _flag(case: Case, name: str) -> bool:
    return bool(case.record["userAccount"].get(name))
