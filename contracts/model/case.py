"""A case: one well-formed record, met by what its organization holds. Checks 4 to 9 stand here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts import messages
from contracts.model.shape import Refused, is_email
from contracts.model.state import Employee, Organization, User, World, alike, blank

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Case:
    """One record. `known`: the employee it is about, None for somebody new."""

    world: World
    org: int
    external_id: str
    record: Mapping[str, Any]

    @property
    def readings(self) -> Mapping[str, str]:
        """The readings in force."""
        return self.world.readings

    @property
    def organization(self) -> Organization:
        """Where the record goes."""
        return self.world.organizations[self.org]

    @property
    def known(self) -> Employee | None:
        """The employee of that id, None for somebody new."""
        return self.organization.employees.get(self.external_id)

    @property
    def status(self) -> str:
        """The status in force: given, or by default, or by reading `omitted-status` kept."""
        kept = self.known is not None and self.readings["omitted-status"] == "kept"
        default = self.known.status if self.known is not None and kept else "ACTIVE"
        return str(self.record.get("status", default))

    @property
    def active(self) -> bool:
        """Whether the employee is ACTIVE after this record."""
        return self.status == "ACTIVE"

    @property
    def additive(self) -> bool:
        """The update mode, replace by default."""
        return bool(self.record.get("updateMode") == "additive")

    @property
    def wants_account(self) -> bool:
        """Where check 4 applies, and 8, and an account is made."""
        return self.active and "userAccount" in self.record

    @property
    def email(self) -> str | None:
        """The e-mail in force: given, or else stored."""
        stored = self.known.fields["email"] if self.known is not None else None
        email: str | None = self.record.get("email", stored)
        return email

    @property
    def account(self) -> User | None:
        """The employee's account, as it is before this record."""
        return self.organization.user_of(self.external_id)

    @property
    def unlinked(self) -> User | None:
        """A user with the e-mail in force who is linked to nobody."""
        for user in self.organization.users:
            if user.employee is None and self.email is not None and alike(user.email, self.email):
                return user
        return None

    @property
    def new_username(self) -> str | None:
        """The username that the account shall have from now on, None where it stays as it is."""
        given: str | None = self.record.get("userAccount", {}).get("username") if self.wants_account else None
        if given is not None:
            return given
        if self.account is not None:
            follows = self.account.follows and self.email != self.account.email
            return self.email if follows else None
        return None if self.unlinked is not None else self.email

    @property
    def undecided(self) -> bool:
        """Whether a username that could not follow the e-mail earlier meets that e-mail again: now, or at the next?"""
        account = self.account
        behind = account is not None and account.follows and not alike(account.username, account.email)
        return account is not None and behind and self.email == account.email

    def username_taken(self, username: str) -> bool:
        """Whether somebody else's account in the organization has it."""
        own = self.account or self.unlinked
        return any(user is not own and alike(user.username, username) for user in self.organization.users)


def check(case: Case) -> None:
    """Checks 4 to 9, in this order. Refused at the first that fails."""
    _email_is_there(case)
    if "email" in case.record:
        _email_is_good(case.record["email"])
        _email_is_free_elsewhere(case, case.record["email"])
        _email_is_free_here(case, case.record["email"])
    _username_is_free(case)
    _entries_are_named(case)


def _email_is_there(case: Case) -> None:
    if not case.wants_account:
        return
    stored_counts = case.readings["email-on-update"] == "stored"
    given = case.record.get("email", case.email if stored_counts else None)
    if given is None or blank(given):
        raise Refused(messages.EMAIL_REQUIRED, "S2E-FIELD-09")


def _email_is_good(email: str) -> None:
    if not is_email(email):
        raise Refused(messages.EMAIL_INVALID, "S2E-FIELD-08")


def _email_is_free_elsewhere(case: Case, email: str) -> None:
    for other in case.world.others(case.org):
        taken = [user.email for user in other.users]
        taken += [who.fields["email"] for who in other.employees.values() if who.fields["email"] is not None]
        if any(alike(email, held) for held in taken):
            raise Refused(messages.email_elsewhere(email), "S2E-FIELD-11")


def _email_is_free_here(case: Case, email: str) -> None:
    for who in case.organization.employees.values():
        held = who.fields["email"]
        if who.external_id != case.external_id and held is not None and alike(held, email):
            raise Refused(messages.email_linked(email, who.external_id), "S2E-FIELD-10")
    if case.account is not None and case.unlinked is not None:
        raise Refused(messages.email_taken(email), "S2E-ACCT-07")


def _username_is_free(case: Case) -> None:
    if not case.wants_account or case.new_username is None:
        return
    if blank(case.new_username):
        raise Refused(messages.USERNAME_EMPTY, "S2E-ACCT-10")
    if case.username_taken(case.new_username):
        raise Refused(messages.username_taken(case.new_username), "S2E-ACCT-10")


def _entries_are_named(case: Case) -> None:
    for group in case.record.get("groups", ()):
        if blank(group.get("groupName", "")) and blank(group.get("externalGroupId", "")):
            raise Refused(messages.GROUP_UNNAMED, "S2E-GROUP-02")
    for site in case.record.get("sites", ()):
        if blank(site.get("id", "")):
            raise Refused(messages.SITE_UNNAMED, "S2E-SITE-01")
        if case.readings["malformed-site-id"] == "error" and not _UUID.fullmatch(site["id"]):
            raise Refused(messages.site_id_invalid(site["id"]), "S2E-SITE-02")
