"""E-mail addresses: their form, when they are needed, and who else may not have them."""

from __future__ import annotations

from contracts import messages
from contracts.checks import check
from contracts.holdings import account_of, later, staff
from contracts.lab import Lab

_INVALID = (
    *("plain", "@example.com", "robin@", "robin@localhost", "robin@@example.com", "robin@sample@example.com"),
    *("robin sample@example.com", "robin@exam ple.com", ".robin@example.com", "robin.@example.com"),
    *("ro..bin@example.com", "robin@-example.com", "robin@example-.com", "robin@example..com", "robin@.example.com"),
    *("robin@example.com.", "robin@exam_ple.com", "robin@[192.0.2.1]", '"robin"@example.com', "robin@example.com\n"),
    *(
        " robin@example.com",
        "robin@example.com ",
        "rob\u00edn@example.com",
        "robin@ex\u00e4mple.com",
        "robin,a@example.com",
    ),
    *("Robin <robin@example.com>", "robin(a)@example.com"),
)


def _valid(lab: Lab) -> list[str]:
    """Addresses of unusual but good form."""
    own = lab.new_id()
    return [
        f"{own}+tag@example.com",
        f"{own}.first.last@sub.example.co",
        f"{own}_!#$%&'*/=?^`{{|}}~-@example.com",
        f"{own}@EXAMPLE.COM",
        f"{own}@1-2.example9.com",
        f"{own}@a.b",
    ]


# -- form --------------------------------------------------------------------------------------------


@check("S2E-FIELD-08")
def plain_faults_are_refused(lab: Lab) -> None:
    """An e-mail without an @, a name or a domain is an error, for an account and without one."""
    for email in ("plain", "@example.com", "robin@", "robin sample@example.com"):
        lab.refused(staff(lab, email=email), messages.EMAIL_INVALID)
        lab.refused(lab.person(email=email), messages.EMAIL_INVALID)


@check("S2E-FIELD-08")
def bad_addresses_are_refused(lab: Lab) -> None:
    """No address outside the settled grammar is accepted."""
    before = lab.everything()
    records = [lab.person(email=email) for email in _INVALID]
    body = lab.sync(*records)
    lab.equal(body["results"], [], "results for bad addresses")
    lab.equal([entry["message"] for entry in body["errors"]], [messages.EMAIL_INVALID] * len(records), "errors")
    lab.equal(lab.everything(), before, "state after bad addresses")


@check("S2E-FIELD-08")
def good_addresses_are_taken(lab: Lab) -> None:
    """Addresses of unusual but good form are accepted and kept as given."""
    for email in _valid(lab):
        record = staff(lab, email=email)
        lab.accepted(record)
        lab.equal(account_of(lab, record)["email"], email, "e-mail of the account")


@check("S2E-FIELD-08")
def address_has_254_characters_at_most(lab: Lab) -> None:
    """An address of 254 characters is accepted, one of 255 is not."""
    own = f"{lab.new_id()}@"
    label = "b" * 60
    longest = own + f"{label}.{label}.{label}.com"
    longest = longest.replace("@", "a" * (254 - len(longest)) + "@")
    lab.refused(lab.person(email=longest.replace("@", "a@")), messages.EMAIL_INVALID)
    lab.accepted(lab.person(email=longest))


@check("S2E-FIELD-08")
def bad_address_on_an_update(lab: Lab) -> None:
    """An update with a bad address is refused under every status, and the old address stays."""
    record = staff(lab)
    lab.accepted(record)
    for status in ("ACTIVE", "INACTIVE", "TERMINATED"):
        lab.refused(later(record, status=status, email="nobody"), messages.EMAIL_INVALID)
    lab.equal(account_of(lab, record)["email"], record["email"], "e-mail of the account")


@check("S2E-FIELD-08")
def blank_address_without_account(lab: Lab) -> None:
    """A blank e-mail is an invalid one where no account is asked for."""
    for email in ("", "   "):
        lab.refused(lab.person(email=email), messages.EMAIL_INVALID)
        lab.refused(lab.person(email=email, status="INACTIVE", userAccount={}), messages.EMAIL_INVALID)


# -- needed for an account ---------------------------------------------------------------------------


@check("S2E-FIELD-09")
def account_needs_an_email(lab: Lab) -> None:
    """Somebody new who is ACTIVE with userAccount needs an e-mail, with status given or left out."""
    for record in (
        lab.person(email=..., userAccount={}),
        lab.person(email=..., userAccount={"username": f"{lab.prefix}-name"}, status="ACTIVE"),
        lab.person(email="", userAccount={}),
        lab.person(email=" \t", userAccount={}),
    ):
        lab.refused(record, messages.EMAIL_REQUIRED)


@check("S2E-FIELD-09")
def email_is_optional_otherwise(lab: Lab) -> None:
    """Without userAccount, or for somebody who is not ACTIVE, the e-mail may be left out."""
    for record in (
        lab.person(email=...),
        lab.person(email=..., status="INACTIVE", userAccount={}),
        lab.person(email=..., status="TERMINATED", userAccount={}),
    ):
        result = lab.accepted(record)
        lab.equal((result["status"], result["warnings"]), ("CREATED", []), "status and warnings")


@check("S2E-FIELD-09")
def stored_email_on_an_update(lab: Lab) -> None:
    """Whether a stored e-mail is enough for an update with userAccount is for reading email-on-update to say."""
    for record in (staff(lab), lab.person()):
        lab.accepted(record)
        update = later(record, status="ACTIVE", userAccount={})
        if lab.readings["email-on-update"] == "request":
            lab.refused(update, messages.EMAIL_REQUIRED)
        else:
            lab.accepted(update)
            lab.equal(account_of(lab, record)["email"], record["email"], "e-mail of the account")


@check("S2E-FIELD-09")
def blank_email_on_an_update(lab: Lab) -> None:
    """A blank e-mail with userAccount counts as none, even where one is stored."""
    record = staff(lab)
    lab.accepted(record)
    lab.refused(later(record, status="ACTIVE", email="  ", userAccount={}), messages.EMAIL_REQUIRED)


@check("S2E-FIELD-09")
def nobody_stored_an_email(lab: Lab) -> None:
    """Where none is stored either, an update with userAccount needs an e-mail under both readings."""
    record = lab.person(email=...)
    lab.accepted(record)
    lab.refused(later(record, userAccount={}), messages.EMAIL_REQUIRED)
    lab.accepted(later(record, email=lab.new_email(), userAccount={}))
    account_of(lab, record)


# -- one employee each -------------------------------------------------------------------------------


@check("S2E-FIELD-10")
def email_of_another_employee(lab: Lab) -> None:
    """An e-mail that another employee has is refused, for new and known records, naming that employee."""
    owner, known = staff(lab), staff(lab)
    lab.sync(owner, known)
    message = messages.email_linked(owner["email"], owner["externalEmployeeId"])
    lab.refused(staff(lab, email=owner["email"]), message)
    lab.refused(later(known, email=owner["email"]), message)
    lab.refused(known | {"email": owner["email"]}, message)


@check("S2E-FIELD-10")
def email_of_somebody_without_account(lab: Lab) -> None:
    """An e-mail is taken too where neither, or only one, of the two has an account."""
    owner = lab.person()
    lab.accepted(owner)
    message = messages.email_linked(owner["email"], owner["externalEmployeeId"])
    lab.refused(lab.person(email=owner["email"]), message)
    lab.refused(staff(lab, email=owner["email"]), message)


@check("S2E-FIELD-10")
def email_of_somebody_who_left(lab: Lab) -> None:
    """An e-mail stays taken when its owner is INACTIVE or TERMINATED, and for records that are."""
    for status in ("INACTIVE", "TERMINATED"):
        owner = staff(lab)
        lab.accepted(owner)
        lab.accepted(later(owner, status=status))
        message = messages.email_linked(owner["email"], owner["externalEmployeeId"])
        lab.refused(staff(lab, email=owner["email"]), message)
        lab.refused(lab.person(email=owner["email"], status=status), message)


@check("S2E-FIELD-10")
def email_in_other_letters(lab: Lab) -> None:
    """E-mails are compared without regard to case, and the message repeats the one of the request."""
    owner = staff(lab)
    lab.accepted(owner)
    for email in (owner["email"].upper(), owner["email"].title()):
        lab.refused(lab.person(email=email), messages.email_linked(email, owner["externalEmployeeId"]))


@check("S2E-FIELD-10")
def own_email_is_no_conflict(lab: Lab) -> None:
    """One's own e-mail, in other letters too, can be sent again and is kept as last given."""
    record = staff(lab)
    lab.accepted(record)
    lab.accepted(record)
    lab.accepted(record | {"email": record["email"].upper()})
    lab.equal(account_of(lab, record)["email"], record["email"].upper(), "e-mail of the account")


@check("S2E-FIELD-10")
def same_email_twice_in_a_batch(lab: Lab) -> None:
    """Of two records of one batch with one e-mail, the first gets it and the second is refused."""
    first = staff(lab)
    second = staff(lab, email=first["email"])
    body = lab.sync(first, second)
    lab.equal([result["externalEmployeeId"] for result in body["results"]], [first["externalEmployeeId"]], "results")
    message = messages.email_linked(first["email"], first["externalEmployeeId"])
    lab.equal(body["errors"], [{"externalEmployeeId": second["externalEmployeeId"], "message": message}], "errors")
    lab.equal(lab.user_of(second["externalEmployeeId"]), None, "user of the second")


# -- one organization each ---------------------------------------------------------------------------


@check("S2E-FIELD-11")
def email_in_a_different_organization(lab: Lab) -> None:
    """An e-mail that another organization has is refused, for new and known records."""
    stranger, known = staff(lab), staff(lab)
    lab.accepted(stranger, org=1)
    lab.accepted(known)
    before = lab.everything(1)
    message = messages.email_elsewhere(stranger["email"])
    lab.refused(staff(lab, email=stranger["email"]), message)
    lab.refused(lab.person(email=stranger["email"]), message)
    lab.refused(later(known, email=stranger["email"]), message)
    lab.equal(lab.everything(1), before, "state of the other organization")


@check("S2E-FIELD-11")
def email_elsewhere_works_both_ways(lab: Lab) -> None:
    """The second organization cannot take an e-mail of the first one either."""
    record = staff(lab)
    lab.organization(1)
    lab.accepted(record)
    lab.refused(staff(lab, email=record["email"]), messages.email_elsewhere(record["email"]), org=1)


@check("S2E-FIELD-11")
def email_elsewhere_without_account(lab: Lab) -> None:
    """An e-mail counts as taken elsewhere without an account, in other letters, and when its owner has left."""
    silent, gone = lab.person(), staff(lab)
    lab.accepted(silent, org=1)
    lab.accepted(gone, org=1)
    lab.accepted(later(gone, status="TERMINATED"), org=1)
    for email in (silent["email"], silent["email"].upper(), gone["email"]):
        lab.refused(lab.person(email=email), messages.email_elsewhere(email))
        lab.refused(lab.person(email=email, status="INACTIVE"), messages.email_elsewhere(email))


@check("S2E-FIELD-11")
def email_of_an_unlinked_user_elsewhere(lab: Lab) -> None:
    """An account of another organization that is linked to nobody holds its e-mail too; made at a control plane."""
    email = lab.new_email()
    lab.add("users", org=1, email=email, name="Stranger")
    lab.refused(staff(lab, email=email), messages.email_elsewhere(email))


@check("S2E-FIELD-11")
def email_given_up_elsewhere_is_free(lab: Lab) -> None:
    """Once the other organization's employee has another e-mail, the old one can be used."""
    stranger = staff(lab)
    lab.accepted(stranger, org=1)
    lab.accepted(later(stranger, email=lab.new_email()), org=1)
    record = staff(lab, email=stranger["email"])
    lab.accepted(record)
    lab.equal(account_of(lab, record)["email"], stranger["email"], "e-mail of the account")
