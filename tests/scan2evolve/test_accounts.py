"""Accounts: how they are made and linked, their flags and mail, their e-mail and username, on and off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import NOW, WorldClient
from tests.scan2evolve.samples import MAIL_KEYS, PAT, employee, site_manager, with_account

ADA, NEW = "ada@example.com", "new@example.com"
OFF = ["INACTIVE", "TERMINATED"]
BOTH_FLAGS = {"forcePasswordReset": True, "sendWelcomeEmail": True}


def account_of(world: WorldClient, external_id: str = "E-1") -> dict[str, Any]:
    """The account of an employee who has one."""
    user = world.employee(external_id)["user"]
    assert isinstance(user, dict)
    return user


# -- making one ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [{}, {"status": "ACTIVE"}])
def test_account_is_made_for_an_active_record_that_asks(world: WorldClient, status: dict[str, str]) -> None:
    """An empty userAccount is enough; flags are false and the username the e-mail by default (S2E-ACCT-01 to -04)."""
    result = world.accepted(with_account(**status))
    assert account_of(world) == {
        "userId": result["userId"],
        "username": ADA,
        "email": ADA,
        "enabled": True,
        "mustResetPassword": False,
    }
    assert world.outbox() == []


def test_account_is_not_made_unasked(world: WorldClient) -> None:
    """Without userAccount there is no account, and no userId in the result (S2E-ACCT-01, S2E-BATCH-08)."""
    assert "userId" not in world.accepted(employee(email=ADA))
    assert world.employee("E-1")["user"] is None
    assert len(world.scan2evolve_state("users")) == 1


def test_account_is_made_by_a_later_sync_too(world: WorldClient) -> None:
    """An employee without account gets one when a record asks for it, flags and all (S2E-ACCT-01)."""
    world.accepted(employee(email=ADA))
    world.accepted(with_account(account=BOTH_FLAGS))
    assert account_of(world)["mustResetPassword"] is True
    assert len(world.outbox()) == 1


def test_account_is_kept_by_a_record_without_user_account(world: WorldClient) -> None:
    """Leaving userAccount out takes nothing away, and the userId stays in the result (S2E-BATCH-13)."""
    made = world.accepted(with_account(account={"username": "ada"}))
    kept = world.accepted(employee(firstName="Ada"))
    assert kept["userId"] == made["userId"]
    assert account_of(world)["username"] == "ada"


@pytest.mark.parametrize("status", OFF)
@pytest.mark.parametrize("before", [None, employee(email=ADA)])
def test_account_is_not_made_for_a_record_that_is_not_active(
    world: WorldClient, status: str, before: dict[str, Any] | None
) -> None:
    """INACTIVE and TERMINATED make no account and send nothing (S2E-ACCT-08)."""
    if before is not None:
        world.accepted(before)
    assert "userId" not in world.accepted(with_account(account=BOTH_FLAGS, status=status))
    assert world.employee("E-1")["user"] is None
    assert len(world.scan2evolve_state("users")) == 1
    assert world.outbox() == []


@pytest.mark.parametrize("status", OFF)
def test_account_is_not_linked_for_a_record_that_is_not_active(world: WorldClient, status: str) -> None:
    """INACTIVE and TERMINATED link nobody either, and leave the user alone (S2E-ACCT-08)."""
    before = world.scan2evolve_state("users")
    world.accepted(with_account(email=PAT, status=status))
    assert world.scan2evolve_state("users") == before


# -- flags and mail ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [{}, {"forcePasswordReset": False}, {"forcePasswordReset": True}])
@pytest.mark.parametrize("send", [{}, {"sendWelcomeEmail": False}, {"sendWelcomeEmail": True}])
@pytest.mark.parametrize("reading", ["on-create", "every-sync"])
def test_account_flags_act_at_creation(
    world: WorldClient, force: dict[str, bool], send: dict[str, bool], reading: str
) -> None:
    """One mail if it is asked for; in it the password if a reset is forced too (S2E-ACCT-03, -04, -05)."""
    world.read(account_flags=reading)
    world.accepted(with_account(account={**force, **send}))
    forced, sent = any(force.values()), any(send.values())
    assert account_of(world)["mustResetPassword"] is forced
    mails = world.outbox()
    assert len(mails) == sent
    if sent:
        assert ("temporaryPassword" in mails[0]) is forced
        assert ("password" in mails[0]["body"].lower()) is forced


def test_welcome_mail_says_who_what_and_when(world: WorldClient) -> None:
    """The mail goes to the e-mail and names employee, username and password (S2E-ACCT-04, S2E-ACCT-05)."""
    world.advance(90)
    world.accepted(with_account(account=BOTH_FLAGS | {"username": "ada"}, firstName="Ada", lastName="King"))
    (mail,) = world.outbox()
    assert set(mail) == MAIL_KEYS | {"temporaryPassword"}
    assert mail["to"] == ADA
    assert mail["sent_at"] == NOW.replace("10:30:00", "10:31:30")
    assert world.organizations[0]["organization_name"] in mail["subject"]
    for text in ("Ada King", "ada", mail["temporaryPassword"]):
        assert text in mail["body"]


def test_welcome_mail_without_reset_holds_no_password(world: WorldClient) -> None:
    """Without forcePasswordReset there is no password to show (S2E-ACCT-05)."""
    world.accepted(with_account(account={"sendWelcomeEmail": True}))
    (mail,) = world.outbox()
    assert set(mail) == MAIL_KEYS
    assert ADA in mail["body"]


def test_temporary_password_is_in_the_mail_and_nowhere_else(world: WorldClient) -> None:
    """A temporary password is in the mail and in no state, answer or journal (S2E-SEC-02, S2E-ACCT-05)."""
    record = with_account(account=BOTH_FLAGS)
    answer = world.scan2evolve("POST", "/sync/employees", json={"employees": [record]})
    password = world.outbox()[0]["temporaryPassword"]
    assert len(password) >= 12
    assert password not in answer.text
    for path in ("/journal", "/audit", ""):
        assert password not in world.control("GET", path).text
    assert password not in str(world.scan2evolve_state("users") + world.scan2evolve_state("employees"))


def test_temporary_passwords_differ(world: WorldClient) -> None:
    """Every account has a password of its own (S2E-ACCT-03)."""
    world.sync(*(with_account(f"E-{n}", f"e{n}@example.com", account=BOTH_FLAGS) for n in range(20)))
    assert len({mail["temporaryPassword"] for mail in world.outbox()}) == 20


@pytest.mark.parametrize("reading", ["on-create", "every-sync"])
def test_account_flags_on_a_later_sync_follow_the_reading(world: WorldClient, reading: str) -> None:
    """Reading account-flags: on-create never repeats, every-sync does, with a fresh password (S2E-ACCT-09)."""
    world.read(account_flags=reading)
    made = world.accepted(with_account(account=BOTH_FLAGS))
    again = world.accepted(with_account(account=BOTH_FLAGS))
    assert again["userId"] == made["userId"]
    passwords = [mail["temporaryPassword"] for mail in world.outbox()]
    assert len(passwords) == len(set(passwords)) == (1 if reading == "on-create" else 2)


@pytest.mark.parametrize(("reading", "forced", "mails"), [("on-create", False, 0), ("every-sync", True, 1)])
def test_account_flags_that_come_later_follow_the_reading(
    world: WorldClient, reading: str, forced: bool, mails: int
) -> None:
    """Flags on an account that was made without them act only under every-sync (S2E-ACCT-09)."""
    world.read(account_flags=reading)
    world.accepted(with_account())
    world.accepted(with_account(account=BOTH_FLAGS))
    assert account_of(world)["mustResetPassword"] is forced
    assert len(world.outbox()) == mails


@pytest.mark.parametrize("reading", ["on-create", "every-sync"])
def test_password_reset_stays_due_when_a_later_record_does_not_ask(world: WorldClient, reading: str) -> None:
    """A later record without the flag does not lift what is due at the first login (S2E-ACCT-03)."""
    world.read(account_flags=reading)
    world.accepted(with_account(account={"forcePasswordReset": True}))
    world.accepted(with_account(account={"forcePasswordReset": False}))
    world.accepted(employee(firstName="Ada"))
    assert account_of(world)["mustResetPassword"] is True


def test_refused_record_sends_nothing(world: WorldClient) -> None:
    """A record that a later check refuses has made no account and sent no mail (S2E-BATCH-05, S2E-SM-07)."""
    assert "site_manager" in world.refused(with_account(account=BOTH_FLAGS, roles=["site_manager"]))
    assert len(world.scan2evolve_state("users")) == 1


# -- linking -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["on-create", "every-sync"])
@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("email", [PAT, "Pat.Morgan@Example.COM"])
def test_user_linked_to_nobody_is_linked_by_email(world: WorldClient, reading: str, update: bool, email: str) -> None:
    """Such a user is linked, not duplicated: same id, the record's e-mail, no mail and no password (S2E-ACCT-07)."""
    world.read(account_flags=reading)
    (pat,) = world.scan2evolve_state("users")
    if update:
        world.accepted(employee())
    result = world.accepted(with_account(email=email, account=BOTH_FLAGS))
    assert result["userId"] == pat["id"]
    (user,) = world.scan2evolve_state("users")
    assert user == {**pat, "email": email, "externalEmployeeId": "E-1"}
    assert world.outbox() == []


def test_user_linked_by_email_is_enabled(world: WorldClient) -> None:
    """A user that is disabled is enabled with the link (S2E-ACCT-07)."""
    (pat,) = world.scan2evolve_state("users")
    organization = world.organizations[0]["organization_id"]
    path = f"/scan2evolve/organizations/{organization}/users/{pat['id']}"
    assert world.control("PATCH", path, json={"enabled": False}).json()["enabled"] is False
    world.accepted(with_account(email=PAT))
    assert account_of(world)["enabled"] is True


def test_user_linked_by_email_is_renamed_by_the_record(world: WorldClient) -> None:
    """A username of the record renames the user that is linked (S2E-ACCT-07, S2E-ACCT-10)."""
    world.accepted(with_account(email=PAT, account={"username": "pat"}))
    assert account_of(world)["username"] == "pat"
    world.accepted(with_account("E-2", "grace@example.com"))
    world.add("users", email="hand@example.com", name="Hand")
    record = with_account("E-3", "hand@example.com", account={"username": "PAT"})
    assert world.refused(record) == "Username 'PAT' is already taken"


def test_user_linked_by_email_keeps_a_username_of_its_own(world: WorldClient) -> None:
    """A username that the control plane has given stays, also when the e-mail changes later (S2E-ACCT-07)."""
    world.add("users", email="hand@example.com", name="Hand", username="hand")
    world.accepted(with_account(email="hand@example.com"))
    world.accepted(with_account(email=NEW))
    assert (account_of(world)["username"], account_of(world)["email"]) == ("hand", NEW)


def test_user_of_that_email_stays_unlinked_without_user_account(world: WorldClient) -> None:
    """Without userAccount they stay unlinked, and there is no error (S2E-ACCT-07)."""
    assert "userId" not in world.accepted(employee(email=PAT))
    (pat,) = world.scan2evolve_state("users")
    assert pat["externalEmployeeId"] is None
    assert world.accepted(with_account(email=PAT))["userId"] == pat["id"]


def test_flags_after_a_link_follow_the_reading(world: WorldClient) -> None:
    """After the link the account is like any other (S2E-ACCT-09)."""
    world.accepted(with_account(email=PAT, account=BOTH_FLAGS))
    world.accepted(with_account(email=PAT, account=BOTH_FLAGS))
    assert world.outbox() == []
    world.read(account_flags="every-sync")
    world.accepted(with_account(email=PAT, account=BOTH_FLAGS))
    assert [mail["to"] for mail in world.outbox()] == [PAT]
    assert account_of(world)["mustResetPassword"] is True


# -- e-mail and username -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", [{}, {"userAccount": {}}])
@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE"])
def test_changed_email_changes_the_accounts(world: WorldClient, account: dict[str, Any], status: str) -> None:
    """The account's e-mail is the employee's, and a username made from it follows (S2E-ACCT-11, S2E-ACCT-02)."""
    world.accepted(with_account())
    world.accepted(employee(email=NEW, status=status, **account))
    assert (account_of(world)["email"], account_of(world)["username"]) == (NEW, NEW)
    world.accepted(with_account("E-2", ADA))


def test_changed_email_leaves_a_given_username(world: WorldClient) -> None:
    """A username that was given stays (S2E-ACCT-02)."""
    world.accepted(with_account(account={"username": "ada"}))
    world.accepted(with_account(email=NEW))
    assert (account_of(world)["email"], account_of(world)["username"]) == (NEW, "ada")


def test_changed_email_leaves_a_username_given_as_the_email(world: WorldClient) -> None:
    """It is given once a record has given it, even where it equals the e-mail (S2E-ACCT-02)."""
    world.accepted(with_account())
    world.accepted(with_account(account={"username": ADA}))
    world.accepted(with_account(email=NEW))
    assert account_of(world)["username"] == ADA


def test_changed_email_leaves_a_username_given_by_the_control_plane(world: WorldClient) -> None:
    """The control plane gives usernames as well (S2E-ACCT-02)."""
    user_id = world.accepted(with_account())["userId"]
    organization = world.organizations[0]["organization_id"]
    path = f"/scan2evolve/organizations/{organization}/users/{user_id}"
    assert world.control("PATCH", path, json={"username": "ada"}).status_code == 200
    world.accepted(with_account(email=NEW))
    assert account_of(world)["username"] == "ada"


def test_given_username_renames(world: WorldClient) -> None:
    """A different username given later renames, and frees the old one (S2E-ACCT-10)."""
    world.accepted(with_account(account={"username": "ada"}))
    world.accepted(with_account(account={"username": "countess"}))
    assert account_of(world)["username"] == "countess"
    world.accepted(with_account("E-2", "grace@example.com", account={"username": "ADA"}))


def test_username_that_cannot_follow_stays_and_follows_later(world: WorldClient) -> None:
    """Without userAccount a taken username stays as it was, still following (S2E-ACCT-02, S2E-ACCT-11)."""
    world.accepted(with_account())
    world.accepted(with_account("E-2", "grace@example.com", account={"username": NEW.upper()}))
    world.accepted(employee(email=NEW))
    assert (account_of(world)["email"], account_of(world)["username"]) == (NEW, ADA)
    world.accepted(with_account("E-2", "grace@example.com", account={"username": "grace"}))
    world.accepted(employee(firstName="Ada"))
    assert account_of(world)["username"] == NEW


def test_username_that_cannot_follow_is_an_error_where_an_account_is_asked_for(world: WorldClient) -> None:
    """Where check 4 applies, so does check 8, defaults included (S2E-ACCT-10)."""
    world.accepted(with_account())
    world.accepted(with_account("E-2", "grace@example.com", account={"username": NEW}))
    assert world.refused(with_account(email=NEW)) == f"Username '{NEW}' is already taken"
    world.accepted(with_account(email=NEW, account={"username": "ada"}))


def test_username_follows_a_new_spelling_of_the_email(world: WorldClient) -> None:
    """An e-mail that changes in case alone takes its username along (S2E-ACCT-02)."""
    world.accepted(with_account())
    world.accepted(with_account(email="Ada@Example.com"))
    assert account_of(world)["username"] == "Ada@Example.com"


# -- on and off ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", OFF)
@pytest.mark.parametrize("mode", [{}, {"updateMode": "additive"}])
@pytest.mark.parametrize("email", [{}, {"email": ADA}])
def test_employee_off_has_account_disabled_and_assignments_removed(
    world: WorldClient, status: str, mode: dict[str, str], email: dict[str, str]
) -> None:
    """INACTIVE and TERMINATED disable the account and take everything away (S2E-FIELD-04, -05, -06)."""
    made = world.accepted(
        site_manager(email=ADA, userAccount={"username": "ada"}, groups=[{"externalGroupId": "TEAM-001"}])
    )
    off = world.accepted(
        site_manager(status=status, groups=[{"externalGroupId": "TEAM-001"}], userAccount=BOTH_FLAGS, **email, **mode)
    )
    assert off == {**made, "status": "UPDATED"}
    stored = world.employee("E-1")
    assert (stored["status"], stored["roles"], stored["groups"], stored["sites"]) == (status, [], [], [])
    assert (stored["user"]["enabled"], stored["user"]["username"]) == (False, "ada")
    assert world.outbox() == []


@pytest.mark.parametrize("status", OFF)
@pytest.mark.parametrize("assignments", ["cleared", "kept"])
@pytest.mark.parametrize("account", [{}, {"userAccount": BOTH_FLAGS, "email": ADA}])
def test_employee_back_on_has_account_enabled_and_nothing_else(
    world: WorldClient, status: str, assignments: str, account: dict[str, Any]
) -> None:
    """Back to ACTIVE enables the same account, with no mail and no password (S2E-ACCT-06)."""
    world.read(omitted_assignments=assignments)
    made = world.accepted(site_manager(email=ADA, userAccount={}))
    world.accepted(employee(status=status))
    assert world.accepted(employee(status="ACTIVE", **account))["userId"] == made["userId"]
    stored = world.employee("E-1")
    assert (stored["status"], stored["roles"], stored["groups"], stored["sites"]) == ("ACTIVE", [], [], [])
    assert (stored["user"]["enabled"], stored["user"]["mustResetPassword"]) == (True, False)
    assert world.outbox() == []


def test_employee_back_on_under_every_sync_is_like_any_later_sync(world: WorldClient) -> None:
    """Under account-flags = every-sync the record's flags act at reactivation too (S2E-ACCT-09)."""
    world.read(account_flags="every-sync")
    world.accepted(with_account())
    world.accepted(employee(status="INACTIVE"))
    world.accepted(with_account(account=BOTH_FLAGS))
    assert len(world.outbox()) == 1
    assert account_of(world)["mustResetPassword"] is True


def test_employee_back_on_has_the_assignments_given(world: WorldClient) -> None:
    """Assignments come back if they are given (S2E-ACCT-06)."""
    world.accepted(site_manager())
    world.accepted(employee(status="TERMINATED"))
    world.accepted(site_manager(status="ACTIVE"))
    assert world.employee("E-1")["roles"] == ["site_manager"]


def test_accepted_active_record_enables_an_account_that_was_disabled_by_hand(world: WorldClient) -> None:
    """Any accepted ACTIVE record enables the account (S2E-ACCT-06)."""
    user_id = world.accepted(with_account())["userId"]
    organization = world.organizations[0]["organization_id"]
    path = f"/scan2evolve/organizations/{organization}/users/{user_id}"
    assert world.control("PATCH", path, json={"enabled": False}).status_code == 200
    world.accepted(employee(firstName="Ada"))
    assert account_of(world)["enabled"] is True


@pytest.mark.parametrize("status", OFF)
def test_new_employee_who_is_off_can_come_on(world: WorldClient, status: str) -> None:
    """A record can start as INACTIVE or TERMINATED and get its account later (S2E-ACCT-08)."""
    made = world.accepted(with_account(status=status))
    assert made["status"] == "CREATED"
    on = world.accepted(with_account(status="ACTIVE"))
    assert on["employeeId"] == made["employeeId"]
    assert account_of(world)["enabled"] is True


def test_ids_have_their_forms_and_stay(world: WorldClient) -> None:
    """The ids of employee and user have documented prefixes, and outlast every change (S2E-BATCH-13)."""
    made = world.accepted(with_account())
    for key, prefix, digits in (("employeeId", "emp_", 24), ("userId", "user_", 16)):
        head, tail = made[key][: len(prefix)], made[key][len(prefix) :]
        assert (head, len(tail), set(tail) <= set("0123456789abcdef")) == (prefix, digits, True)
    for fields in ({"email": NEW}, {"status": "TERMINATED"}, {"status": "ACTIVE"}, {"updateMode": "additive"}):
        result = world.accepted(employee(**fields))
        assert (result["employeeId"], result["userId"]) == (made["employeeId"], made["userId"])
