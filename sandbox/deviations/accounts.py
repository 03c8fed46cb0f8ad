"""Deviations of accounts: e-mails, usernames, passwords and the welcome mail."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.deviations.deviation import policy, rule
from sandbox.deviations.records import GONE, Meddled, Record
from sandbox.deviations.rules import row
from sandbox.scan2evolve.attempts import Attempt
from sandbox.scan2evolve.employees import Batch
from sandbox.scan2evolve.organization import Employee, User
from sandbox.scan2evolve.outcomes import Outcome, WelcomeMail
from sandbox.scan2evolve.rules import Fills

_EMAIL_LINKED = row("email-linked")


def _same_letters(attempt: Attempt) -> Fills:
    """Refused only where the other employee's e-mail is the same letter for letter."""
    fills = _EMAIL_LINKED.check(attempt)
    if not fills:
        return fills
    return fills if attempt.organization.employees[fills["employee"]].email == attempt.email else None


def _welcome(batch: Batch, user: User, password: str | None = None) -> None:
    size = len(user.name) + len(user.username)
    organization = batch.organization.name
    batch.send(WelcomeMail(user.email, user.name, user.username, organization, batch.now, size, password))


class _NoLateAccount(Meddled):
    def received(self, record: Record, existing: Employee | None) -> Record:
        """Somebody known who has no account asks for one in vain."""
        record = super().received(record, existing)
        if existing is not None and existing.user is None:
            record.pop("userAccount", None)
        return record


class _LocalPart(Meddled):
    def received(self, record: Record, existing: Employee | None) -> Record:
        """Who gives no username is called what stands before the @."""
        record = super().received(record, existing)
        email, account = record.get("email"), record.get("userAccount")
        new = existing is None or existing.user is None
        if new and account is not None and email and "username" not in account:
            record["userAccount"] = {**account, "username": email.partition("@")[0]}
        return record


class _ResetForgotten(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Nothing need be changed at the first login."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status != "ERROR" and self.flag(record, "forcePasswordReset"):
            self.change_account(outcome, must_reset_password=False)
        return outcome


class _Mailing(Batch):
    """Shows each mail to `mail` before it goes out."""

    def __init__(self, *shared: Any) -> None:
        super().__init__(*shared)
        send = self.send
        self.send = lambda mail: send(self.mail(mail))

    def mail(self, mail: WelcomeMail) -> WelcomeMail:
        """The mail as it goes out."""
        return mail


class _OnePassword(_Mailing):
    def mail(self, mail: WelcomeMail) -> WelcomeMail:
        """The same password in every mail that holds one."""
        same = None if mail.temporary_password is None else "Welcome-2024!"
        return msgspec.structs.replace(super().mail(mail), temporary_password=same)


class _AlwaysPassword(_Mailing):
    def mail(self, mail: WelcomeMail) -> WelcomeMail:
        """A password in every mail."""
        mail = super().mail(mail)
        return msgspec.structs.replace(mail, temporary_password=mail.temporary_password or self.ids.draw()[40:])


class _MailUnasked(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Welcome whoever gets a new account."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status == "CREATED" and not self.flag(record, "sendWelcomeEmail"):
            user = self.account(outcome)
            if user is not None:
                _welcome(self, user)
        return outcome


class _MailAgain(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Send the welcome mail with every update that has the flag."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status == "UPDATED" and existing is not None and existing.user:
            user = self.account(outcome)
            if user is not None and user.enabled and self.flag(record, "sendWelcomeEmail"):
                _welcome(self, user)
        return outcome


class _MailToLeavers(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Send the mail that an INACTIVE or TERMINATED record asks for."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status != "ERROR" and self.flag(record, "sendWelcomeEmail"):
            employee = self.stored(outcome)
            if employee.status in GONE and employee.email:
                size = 2 * len(employee.email)
                name, organization = employee.display_name, self.organization.name
                self.send(WelcomeMail(employee.email, name, employee.email, organization, self.now, size, None))
        return outcome


class _StaysDisabled(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Whoever comes back cannot log in."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status == "UPDATED" and existing is not None and existing.user:
            self.change_account(outcome, enabled=self.stored(outcome).status == existing.status == "ACTIVE")
        return outcome


class _LinkingForcesReset(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Somebody linked must change the password that they have had all along."""
        user_id = outcome.user_id
        outcome = super().answered(record, existing, outcome)
        if user_id in self.found:
            self.change_account(outcome, must_reset_password=True)
        return outcome

    def received(self, record: Record, existing: Employee | None) -> Record:
        """Remember who is linked to nobody."""
        self.found = set(self.organization.unlinked_by_email.values())
        return super().received(record, existing)


class _OldEmailKept(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """The account keeps the e-mail that it was made with."""
        before = None if existing is None or existing.user is None else self.kept
        outcome = super().answered(record, existing, outcome)
        if outcome.status == "UPDATED" and before is not None:
            self.change_account(outcome, email=before)
        return outcome

    def received(self, record: Record, existing: Employee | None) -> Record:
        """Remember the account's e-mail."""
        user = None if existing is None or existing.user is None else self.organization.users[existing.user]
        self.kept = None if user is None else user.email
        return super().received(record, existing)


DEVIATIONS = (
    rule(
        "emails-compared-with-case",
        "An e-mail in other letters counts as another one, so two employees can have it.",
        "S2E-FIELD-10",
        msgspec.structs.replace(_EMAIL_LINKED, check=_same_letters),
    ),
    policy(
        "no-account-for-known-employees",
        "userAccount makes an account for new employees only; on an update it is ignored.",
        "S2E-ACCT-01",
        _NoLateAccount,
    ),
    policy(
        "username-is-local-part",
        "The username defaults to what stands before the @ of the e-mail.",
        "S2E-ACCT-02",
        _LocalPart,
    ),
    policy(
        "forced-reset-forgotten",
        "forcePasswordReset makes a temporary password that never has to be changed.",
        "S2E-ACCT-03",
        _ResetForgotten,
    ),
    policy(
        "one-temporary-password-for-all",
        "Every new account gets the same temporary password.",
        "S2E-ACCT-03",
        _OnePassword,
        swaps="policy WelcomeMail.temporary_password",
    ),
    policy(
        "welcome-mail-without-flag",
        "Every new account gets a welcome e-mail, asked for or not.",
        "S2E-ACCT-04",
        _MailUnasked,
    ),
    policy(
        "password-in-mail-without-reset",
        "The welcome e-mail holds a temporary password though forcePasswordReset is false.",
        "S2E-ACCT-05",
        _AlwaysPassword,
        swaps="policy WelcomeMail.temporary_password",
    ),
    policy(
        "account-stays-disabled-on-return",
        "Whoever comes back to ACTIVE still has a disabled account.",
        "S2E-ACCT-06",
        _StaysDisabled,
    ),
    policy(
        "linking-forces-a-reset",
        "An existing user who is linked to an employee must change the password at the next login.",
        "S2E-ACCT-07",
        _LinkingForcesReset,
    ),
    policy(
        "welcome-mail-to-leavers",
        "An INACTIVE or TERMINATED record with sendWelcomeEmail sends the mail.",
        "S2E-ACCT-08",
        _MailToLeavers,
    ),
    policy(
        "welcome-mail-repeated",
        "The welcome e-mail comes again with each later sync that has the flag, but no new password.",
        "S2E-ACCT-09",
        _MailAgain,
    ),
    policy(
        "account-keeps-old-email",
        "A changed e-mail is stored for the employee, while the account keeps the old one.",
        "S2E-ACCT-11",
        _OldEmailKept,
    ),
)
