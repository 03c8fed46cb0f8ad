"""Welcome: temporary passwords and the e-mail that greets a new account. All of it is seen at a control plane."""

from __future__ import annotations

from typing import Any

from contracts.checks import check
from contracts.holdings import later, mail_to, needs_control, staff
from contracts.lab import Lab

_BOTH = {"forcePasswordReset": True, "sendWelcomeEmail": True}


def _must_reset(lab: Lab, record: dict[str, Any]) -> Any:
    return lab.employee(record["externalEmployeeId"])["user"]["mustResetPassword"]


def _passwords(mails: list[dict[str, Any]]) -> list[Any]:
    return [mail.get("temporaryPassword") for mail in mails]


@check("S2E-ACCT-03")
def forced_reset_is_noted(lab: Lab) -> None:
    """With forcePasswordReset the password must be changed at first login, with mail or without."""
    needs_control(lab, "mail and passwords")
    for wish in ({"forcePasswordReset": True}, _BOTH):
        record = staff(lab, userAccount=wish)
        lab.accepted(record)
        lab.equal(_must_reset(lab, record), True, "mustResetPassword with forcePasswordReset")


@check("S2E-ACCT-03")
def reset_is_not_forced_unasked(lab: Lab) -> None:
    """Without forcePasswordReset, or with false, nothing must be changed at first login."""
    needs_control(lab, "mail and passwords")
    for wish in ({}, {"forcePasswordReset": False}, {"sendWelcomeEmail": True}):
        record = staff(lab, userAccount=wish)
        lab.accepted(record)
        lab.equal(_must_reset(lab, record), False, "mustResetPassword without forcePasswordReset")


@check("S2E-ACCT-03")
def temporary_passwords_differ(lab: Lab) -> None:
    """Every new account gets a temporary password of its own."""
    needs_control(lab, "mail and passwords")
    records = [staff(lab, userAccount=_BOTH) for _ in range(4)]
    lab.sync(*records)
    passwords = [password for record in records for password in _passwords(mail_to(lab, record))]
    lab.true(all(isinstance(password, str) and len(password) >= 8 for password in passwords), "passwords are texts")
    lab.equal(len(set(passwords)), len(records), "number of different passwords")


@check("S2E-ACCT-04")
def welcome_mail_is_sent_once(lab: Lab) -> None:
    """With sendWelcomeEmail one mail goes to the new account's e-mail, naming who may log in and where."""
    needs_control(lab, "mail and passwords")
    for wish in ({"sendWelcomeEmail": True}, {**_BOTH, "username": f"{lab.new_id()}-name"}):
        before = len(lab.outbox())
        record = staff(lab, userAccount=wish)
        lab.accepted(record)
        lab.equal(len(lab.outbox()), before + 1, "number of mails after one welcome")
        mails = mail_to(lab, record)
        lab.equal([mail["to"] for mail in mails], [record["email"]], "addresses of the welcome mail")
        username = record["userAccount"].get("username", record["email"])
        lab.true(username in mails[0]["body"], "the welcome mail names the username")
        lab.equal(mails[0]["sent_at"], lab.now(), "time of the welcome mail")


@check("S2E-ACCT-04")
def no_mail_unasked(lab: Lab) -> None:
    """Without sendWelcomeEmail, or with false, or without userAccount, no mail is sent."""
    needs_control(lab, "mail and passwords")
    before = lab.outbox()
    for wish in ({}, {"sendWelcomeEmail": False}, {"forcePasswordReset": True}):
        lab.accepted(staff(lab, userAccount=wish))
    lab.accepted(lab.person())
    lab.equal(lab.outbox(), before, "mail that nobody asked for")


@check("S2E-ACCT-04")
def only_whom_it_concerns_gets_mail(lab: Lab) -> None:
    """In a batch of many, mail goes to those whose record asks for it and to nobody else."""
    needs_control(lab, "mail and passwords")
    asking = [staff(lab, userAccount={"sendWelcomeEmail": True}) for _ in range(2)]
    lab.sync(asking[0], staff(lab), lab.person(), asking[1], staff(lab, email="nobody", userAccount=_BOTH))
    addresses = [mail["to"] for mail in lab.outbox()]
    lab.equal(addresses, [record["email"] for record in asking], "addresses of all mail")


@check("S2E-ACCT-05")
def password_is_in_the_mail_with_both_flags(lab: Lab) -> None:
    """With both flags the welcome mail holds the temporary password."""
    needs_control(lab, "mail and passwords")
    record = staff(lab, userAccount=_BOTH)
    lab.accepted(record)
    mails = mail_to(lab, record)
    lab.equal(len(mails), 1, "number of welcome mails")
    password = mails[0].get("temporaryPassword")
    lab.true(isinstance(password, str) and bool(password), "the mail has a temporary password")
    lab.true(str(password) in mails[0]["body"], "the mail's text holds the temporary password")


@check("S2E-ACCT-05")
def no_password_without_reset(lab: Lab) -> None:
    """A welcome mail without forcePasswordReset holds no password."""
    needs_control(lab, "mail and passwords")
    for wish in ({"sendWelcomeEmail": True}, {"sendWelcomeEmail": True, "forcePasswordReset": False}):
        record = staff(lab, userAccount=wish)
        lab.accepted(record)
        mails = mail_to(lab, record)
        lab.equal(len(mails), 1, "number of welcome mails")
        lab.equal(mails[0].get("temporaryPassword"), None, "password in a mail without forcePasswordReset")
        lab.true("password:" not in mails[0]["body"].lower(), "the mail's text holds no password")


@check("S2E-ACCT-05")
def password_is_not_in_the_answer(lab: Lab) -> None:
    """The temporary password stands in the mail alone: neither in the sync's answer nor among the users."""
    needs_control(lab, "mail and passwords")
    record = staff(lab, userAccount=_BOTH)
    answer = lab.sync(record)
    password = str(_passwords(mail_to(lab, record))[0])
    for shown in (answer, lab.users(), lab.employees()):
        lab.true(password not in str(shown), "the temporary password is nowhere but in the mail")


@check("S2E-ACCT-09")
def flags_on_a_later_sync(lab: Lab) -> None:
    """The same flags sent again do nothing, or send a fresh password, as reading account-flags says."""
    needs_control(lab, "mail and passwords")
    record = staff(lab, userAccount=_BOTH)
    lab.accepted(record)
    lab.accepted(record)
    passwords = _passwords(mail_to(lab, record))
    number = 1 if lab.readings["account-flags"] == "on-create" else 2
    lab.equal(len(passwords), number, "number of welcome mails after two syncs")
    lab.equal(len(set(passwords)), number, "number of different passwords after two syncs")
    lab.true(all(passwords), "each of the mails holds a temporary password")
    lab.equal(_must_reset(lab, record), True, "mustResetPassword after two syncs")


@check("S2E-ACCT-09")
def flags_that_come_later(lab: Lab) -> None:
    """Flags that first come on a later sync act only under the reading every-sync."""
    needs_control(lab, "mail and passwords")
    record = staff(lab)
    lab.accepted(record)
    lab.accepted(record | {"userAccount": _BOTH})
    repeats = lab.readings["account-flags"] == "every-sync"
    lab.equal(_must_reset(lab, record), repeats, "mustResetPassword after flags that came later")
    passwords = _passwords(mail_to(lab, record))
    lab.equal(len(passwords), int(repeats), "number of mails after flags that came later")
    lab.true(all(passwords), "the mail holds a temporary password")


@check("S2E-ACCT-09")
def later_sync_without_flags(lab: Lab) -> None:
    """A later sync without the flags sends nothing and does not take the forced reset back."""
    needs_control(lab, "mail and passwords")
    record = staff(lab, userAccount=_BOTH)
    lab.accepted(record)
    for update in (
        later(record, phone="1"),
        record | {"userAccount": {"forcePasswordReset": False}},
        later(record, status="INACTIVE"),
        later(record, status="ACTIVE"),
        later(record, email=lab.new_email()),
    ):
        lab.accepted(update)
        lab.equal(len(mail_to(lab, record)), 1, "number of mails after a sync without flags")
        lab.equal(_must_reset(lab, record), True, "mustResetPassword after a sync without flags")


@check("S2E-ACCT-09")
def flags_on_coming_back(lab: Lab) -> None:
    """Flags on the record that makes somebody ACTIVE again act as on any later sync."""
    needs_control(lab, "mail and passwords")
    record = staff(lab, userAccount=_BOTH)
    lab.accepted(record)
    lab.accepted(later(record, status="INACTIVE"))
    lab.accepted(record | {"status": "ACTIVE"})
    number = 1 if lab.readings["account-flags"] == "on-create" else 2
    lab.equal(len(mail_to(lab, record)), number, "number of mails after coming back")


@check("S2E-ACCT-09")
def flags_with_a_changed_email(lab: Lab) -> None:
    """Where flags act on a later sync that changes the e-mail, the mail goes to the new address."""
    needs_control(lab, "mail and passwords")
    record = staff(lab)
    lab.accepted(record)
    moved = record | {"email": lab.new_email(), "userAccount": _BOTH}
    lab.accepted(moved)
    number = int(lab.readings["account-flags"] == "every-sync")
    sent = (len(mail_to(lab, moved)), len(mail_to(lab, record)))
    lab.equal(sent, (number, 0), "number of mails to the new and to the old address")
