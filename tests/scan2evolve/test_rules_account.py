"""Checks 4 and 6 to 8 of a record: an e-mail where one is needed, and whose e-mail and username it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import WorldClient
from tests.scan2evolve.samples import EMAIL_REQUIRED, PAT, ROBIN, employee, with_account

ADA = "ada@example.com"


def linked(email: str, owner: str) -> str:
    """The refusal of an e-mail that another employee has."""
    return f"User with email {email} already exists and is linked to employee {owner}"


def elsewhere(email: str) -> str:
    """The refusal of an e-mail that another organization knows."""
    return f"User with email {email} already exists in a different organization"


# -- check 4: an e-mail where an account is asked for ---------------------------------------------------------


@pytest.mark.parametrize("email", [{}, {"email": ""}, {"email": " \t"}, {"email": "\u3000"}])
@pytest.mark.parametrize("status", [{}, {"status": "ACTIVE"}])
@pytest.mark.parametrize("reading", ["request", "stored"])
def test_account_without_email_is_refused(
    world: WorldClient, email: dict[str, str], status: dict[str, str], reading: str
) -> None:
    """An ACTIVE record with userAccount must have an e-mail that is not blank (S2E-FIELD-09)."""
    world.read(email_on_update=reading)
    assert world.refused(employee(userAccount={}, **email, **status)) == EMAIL_REQUIRED


def test_account_on_update_by_request_needs_the_email_again(world: WorldClient) -> None:
    """Reading email-on-update = request: what is stored does not count (S2E-FIELD-09)."""
    world.accepted(with_account())
    assert world.refused(employee(userAccount={})) == EMAIL_REQUIRED


def test_account_on_update_by_stored_takes_the_stored_email(world: WorldClient) -> None:
    """Reading email-on-update = stored: a stored e-mail makes the account where the key is left out (S2E-FIELD-09)."""
    world.read(email_on_update="stored")
    world.accepted(employee(email=ADA))
    assert "userId" in world.accepted(employee(userAccount={}))
    user = world.employee("E-1")["user"]
    assert (user["email"], user["username"]) == (ADA, ADA)


def test_account_on_update_by_stored_links_the_user_of_the_stored_email(world: WorldClient) -> None:
    """Under email-on-update = stored the stored e-mail finds the user to link too (S2E-ACCT-07)."""
    world.read(email_on_update="stored")
    world.accepted(employee(email=PAT))
    result = world.accepted(employee(userAccount={}))
    assert result["userId"] == world.scan2evolve_state("users")[0]["id"]
    assert len(world.scan2evolve_state("users")) == 1


@pytest.mark.parametrize("stored", [{}, {"email": ADA}])
@pytest.mark.parametrize("given", [{"email": ""}, {"email": " "}])
def test_account_on_update_by_stored_does_not_replace_a_blank_email(
    world: WorldClient, stored: dict[str, str], given: dict[str, str]
) -> None:
    """Under email-on-update = stored what is stored counts only where the key is left out (S2E-FIELD-09)."""
    world.read(email_on_update="stored")
    world.accepted(employee(**stored))
    assert world.refused(employee(userAccount={}, **given)) == EMAIL_REQUIRED


def test_account_on_update_by_stored_without_a_stored_email_is_refused(world: WorldClient) -> None:
    """Under email-on-update = stored there must be something stored (S2E-FIELD-09)."""
    world.read(email_on_update="stored")
    world.accepted(employee())
    assert world.refused(employee(userAccount={})) == EMAIL_REQUIRED


@pytest.mark.parametrize("status", ["INACTIVE", "TERMINATED"])
def test_account_without_email_on_a_record_that_is_not_active_is_no_fault(world: WorldClient, status: str) -> None:
    """The e-mail is required of ACTIVE records only (S2E-FIELD-09)."""
    world.accepted(employee(status=status, userAccount={"username": ""}))


def test_account_without_email_on_a_record_that_stays_terminated_is_no_fault(world: WorldClient) -> None:
    """Under omitted-status = kept the status in force decides whether the e-mail is required (S2E-FIELD-03)."""
    world.read(omitted_status="kept")
    world.accepted(employee(status="TERMINATED"))
    world.accepted(employee(userAccount={}))
    assert world.refused(employee(userAccount={}, status="ACTIVE")) == EMAIL_REQUIRED


# -- check 6: e-mails of other organizations -----------------------------------------------------------------


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE", "TERMINATED"])
@pytest.mark.parametrize("account", [{}, {"userAccount": {}}])
@pytest.mark.parametrize("email", [ADA, "ADA@Example.com"])
def test_email_of_another_organizations_employee_is_refused(
    world: WorldClient, status: str, account: dict[str, Any], email: str
) -> None:
    """An e-mail belongs to one organization, whatever the status, without regard to case (S2E-FIELD-11)."""
    world.accepted(employee("OTHER", email=ADA, status=status), org=1)
    assert world.refused(employee(email=email, **account)) == elsewhere(email)
    assert world.refused(employee(email=email, status="INACTIVE", **account)) == elsewhere(email)


@pytest.mark.parametrize("email", [ROBIN, ROBIN.upper()])
def test_email_of_another_organizations_user_is_refused(world: WorldClient, email: str) -> None:
    """A user who is linked to nobody counts as well (S2E-FIELD-11)."""
    assert world.refused(employee(email=email)) == elsewhere(email)


def test_email_given_up_in_another_organization_is_free(world: WorldClient) -> None:
    """An e-mail that the other organization has changed can be used at once (S2E-FIELD-11)."""
    world.accepted(with_account("OTHER", ADA), org=1)
    world.accepted(with_account("OTHER", "new@example.com"), org=1)
    world.accepted(with_account("E-1", ADA))


def test_same_id_in_two_organizations_is_two_employees(world: WorldClient) -> None:
    """An externalEmployeeId is unique in an organization only (S2E-BATCH-16)."""
    first = world.accepted(employee(firstName="Ada"))
    second = world.accepted(employee(firstName="Grace"), org=1)
    assert (first["status"], second["status"]) == ("CREATED", "CREATED")
    assert first["employeeId"] != second["employeeId"]
    assert world.employee("E-1")["firstName"] == "Ada"


# -- check 7: e-mails of the own organization ------------------------------------------------------------------


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE", "TERMINATED"])
@pytest.mark.parametrize("owner_account", [{}, {"userAccount": {}}])
@pytest.mark.parametrize("account", [{}, {"userAccount": {}}])
@pytest.mark.parametrize("email", [ADA, "ADA@Example.com"])
def test_email_of_another_employee_is_refused_with_its_owner(
    world: WorldClient, status: str, owner_account: dict[str, Any], account: dict[str, Any], email: str
) -> None:
    """An e-mail is unique in an organization, with or without account, whatever the status (S2E-FIELD-10)."""
    world.accepted(employee("OWNER {1}", email=ADA, status=status, **owner_account))
    assert world.refused(employee(email=email, **account)) == linked(email, "OWNER {1}")
    assert world.refused(employee(email=email, status="TERMINATED", **account)) == linked(email, "OWNER {1}")


def test_email_of_another_employee_on_an_update_is_refused(world: WorldClient) -> None:
    """An update cannot take another employee's e-mail either (S2E-FIELD-10)."""
    world.accepted(with_account("E-1", ADA))
    world.accepted(with_account("E-2", "grace@example.com"))
    assert world.refused(employee("E-2", email=ADA)) == linked(ADA, "E-1")


def test_own_email_in_another_case_is_no_conflict(world: WorldClient) -> None:
    """One's own e-mail is no conflict, and its new spelling is stored (S2E-FIELD-10)."""
    world.accepted(with_account("E-1", ADA))
    world.accepted(with_account("E-1", "Ada@Example.com"))
    stored = world.employee("E-1")
    assert (stored["email"], stored["user"]["email"]) == ("Ada@Example.com", "Ada@Example.com")
    assert world.refused(employee("E-2", email=ADA)) == linked(ADA, "E-1")


def test_email_given_up_is_free_at_once(world: WorldClient) -> None:
    """A freed e-mail can be used by the next record of the same batch (S2E-ACCT-11)."""
    world.accepted(with_account("E-1", ADA))
    body = world.sync(with_account("E-1", "new@example.com"), with_account("E-2", ADA))
    assert body["errors"] == []
    assert [world.employee(key)["email"] for key in ("E-1", "E-2")] == ["new@example.com", ADA]
    assert [world.employee(key)["user"]["username"] for key in ("E-1", "E-2")] == ["new@example.com", ADA]


def test_email_of_a_refused_record_is_free(world: WorldClient) -> None:
    """A record that fails does not reserve its e-mail for itself (S2E-BATCH-05)."""
    body = world.sync(employee("E-1", email=ADA, roles=["site_manager"]), employee("E-2", email=ADA))
    assert [result["externalEmployeeId"] for result in body["results"]] == ["E-2"]


@pytest.mark.parametrize("account", [{}, {"userAccount": {}}])
@pytest.mark.parametrize("email", [PAT, PAT.upper()])
@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE"])
def test_email_of_a_user_linked_to_nobody_is_refused_to_an_employee_with_account(
    world: WorldClient, account: dict[str, Any], email: str, status: str
) -> None:
    """Who has an account already cannot take over another one by its e-mail (S2E-ACCT-07)."""
    world.accepted(with_account())
    assert world.refused(employee(email=email, status=status, **account)) == f"User with email {email} already exists"


# -- check 8: usernames --------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["", " ", "\n", "\u00a0"])
def test_blank_username_is_refused(world: WorldClient, username: str) -> None:
    """A username that is given must not be blank (S2E-ACCT-10)."""
    record = with_account(account={"username": username})
    assert world.refused(record) == "Username must not be empty"
    world.accepted(with_account())
    assert world.refused(record) == "Username must not be empty"


@pytest.mark.parametrize("username", ["grace", "GRACE", "gRaCe"])
def test_username_of_another_account_is_refused(world: WorldClient, username: str) -> None:
    """Usernames are unique in an organization, without regard to case (S2E-ACCT-10)."""
    world.accepted(with_account("E-2", "grace@example.com", account={"username": "Grace"}))
    assert world.refused(with_account(account={"username": username})) == f"Username '{username}' is already taken"
    world.accepted(with_account())
    assert world.refused(with_account(account={"username": username})) == f"Username '{username}' is already taken"


def test_username_in_unicode_is_compared_by_casefold(world: WorldClient) -> None:
    """Without case means Unicode's casefold (S2E-ACCT-10)."""
    world.accepted(with_account("E-2", "grace@example.com", account={"username": "Stra\u00dfe"}))
    assert world.refused(with_account(account={"username": "STRASSE"})) == "Username 'STRASSE' is already taken"


def test_default_username_that_is_taken_is_refused(world: WorldClient) -> None:
    """A username made from the e-mail is held against the others too (S2E-ACCT-10)."""
    world.accepted(with_account("E-2", "grace@example.com", account={"username": "ADA@example.com"}))
    assert world.refused(with_account()) == f"Username '{ADA}' is already taken"
    world.accepted(with_account(account={"username": "ada"}))


def test_username_that_is_anothers_default_is_refused(world: WorldClient) -> None:
    """Defaults count among the usernames that are taken (S2E-ACCT-10)."""
    world.accepted(with_account("E-2", "grace@example.com"))
    record = with_account(account={"username": "grace@example.com"})
    assert world.refused(record) == "Username 'grace@example.com' is already taken"


def test_username_of_a_user_linked_to_nobody_is_refused(world: WorldClient) -> None:
    """A user made by hand holds a username as well (S2E-ACCT-10)."""
    world.add("users", email="hand@example.com", name="Hand Made", username="hand")
    assert world.refused(with_account(account={"username": "Hand"})) == "Username 'Hand' is already taken"


@pytest.mark.parametrize("status", ["INACTIVE", "TERMINATED"])
def test_username_of_a_disabled_account_is_still_taken(world: WorldClient, status: str) -> None:
    """An account keeps its username while it is disabled (S2E-ACCT-10)."""
    world.accepted(with_account("E-2", "grace@example.com", account={"username": "grace"}))
    world.accepted(employee("E-2", status=status))
    assert world.refused(with_account(account={"username": "grace"})) == "Username 'grace' is already taken"


def test_username_of_another_organization_is_free(world: WorldClient) -> None:
    """Usernames are unique in an organization only (S2E-ACCT-10)."""
    world.accepted(with_account("E-2", "grace@example.com", account={"username": "grace"}), org=1)
    world.accepted(with_account(account={"username": "grace"}))


def test_username_of_ones_own_is_no_conflict(world: WorldClient) -> None:
    """One's own username in another case is taken over as spelt (S2E-ACCT-10)."""
    world.accepted(with_account(account={"username": "ada"}))
    world.accepted(with_account(account={"username": "ADA"}))
    assert world.employee("E-1")["user"]["username"] == "ADA"


@pytest.mark.parametrize("username", ["", "grace"])
@pytest.mark.parametrize("status", ["INACTIVE", "TERMINATED"])
def test_username_on_a_record_that_is_not_active_is_ignored(world: WorldClient, username: str, status: str) -> None:
    """Only ACTIVE records are held to the rules of usernames, and only they rename (S2E-ACCT-08)."""
    world.accepted(with_account("E-2", "grace@example.com", account={"username": "grace"}))
    world.accepted(with_account(account={"username": "ada"}))
    world.accepted(employee(status=status, userAccount={"username": username}))
    assert world.employee("E-1")["user"]["username"] == "ada"
