"""Accounts: who gets one, its username and e-mail, and the users that nobody is linked to."""

from __future__ import annotations

from typing import Any

from contracts import messages
from contracts.checks import check
from contracts.holdings import account_of, at, later, mail_to, needs_control, staff
from contracts.lab import Lab


def _username(lab: Lab, record: dict[str, Any]) -> Any:
    """The username of an employee's account; NotObservable without a control plane."""
    return lab.employee(record["externalEmployeeId"])["user"]["username"]


def _name(lab: Lab) -> str:
    return f"{lab.new_id()}-name"


# -- making one --------------------------------------------------------------------------------------


@check("S2E-ACCT-01")
def account_is_made_on_request(lab: Lab) -> None:
    """With userAccount, even an empty one, an ACTIVE record makes one enabled user whose id the result names."""
    for wish in ({}, {"username": _name(lab)}, {"forcePasswordReset": False, "sendWelcomeEmail": False}):
        record = lab.person(userAccount=wish, status="ACTIVE")
        result = lab.accepted(record)
        users = [user for user in lab.users() if user["employeeNumber"] == record["externalEmployeeId"]]
        lab.equal([user["id"] for user in users], [result.get("userId")], "ids of the employee's users")
        shown = (users[0]["email"], users[0]["isActive"])
        lab.equal(shown, (record["email"], True), "e-mail and isActive of the account")


@check("S2E-ACCT-01")
def no_account_without_request(lab: Lab) -> None:
    """Without userAccount no user is made, and none comes with later updates."""
    record = lab.person(roles=[lab.role()], sites=[at(lab.site())])
    for _ in range(2):
        lab.equal(lab.accepted(record).get("userId"), None, "userId without userAccount")
        lab.equal(lab.user_of(record["externalEmployeeId"]), None, "user without userAccount")
    if lab.controlled:
        lab.equal(lab.employee(record["externalEmployeeId"])["user"], None, "account without userAccount")


@check("S2E-ACCT-01")
def account_can_come_later(lab: Lab) -> None:
    """An update with userAccount makes the account of somebody who had none; afterwards it stays without asking."""
    record = lab.person()
    lab.accepted(record)
    user_id = lab.accepted(record | {"userAccount": {}})["userId"]
    lab.equal(account_of(lab, record)["id"], user_id, "id of the account")
    lab.equal(lab.accepted(record).get("userId"), user_id, "userId of an update without userAccount")
    lab.equal(account_of(lab, record)["isActive"], True, "isActive after an update without userAccount")


@check("S2E-ACCT-01")
def account_shows_the_employee(lab: Lab) -> None:
    """The account shows the employee's name, roles and sites as they stand after each sync."""
    record = staff(lab, roles=[lab.role()], sites=[at(lab.site())], displayName="First Name")
    lab.accepted(record)
    user = account_of(lab, record)
    lab.equal((user["name"], user["roles"]), ("First Name", [lab.role()]), "name and roles of the user")
    lab.equal([site["id"] for site in user["sites"]], [lab.site()], "sites of the user")
    lab.accepted(later(record, displayName="Second Name", roles=[], sites=[]))
    user = account_of(lab, record)
    shown = (user["name"], user["roles"], user["sites"])
    lab.equal(shown, ("Second Name", [], []), "name, roles and sites of the user after an update")


# -- usernames ---------------------------------------------------------------------------------------


@check("S2E-ACCT-02")
def username_is_the_email_or_as_given(lab: Lab) -> None:
    """The username is the one given, or else the e-mail; seen at a control plane."""
    needs_control(lab, "usernames")
    record, named = staff(lab), staff(lab, userAccount={"username": _name(lab)})
    lab.sync(record, named)
    lab.equal(_username(lab, record), record["email"], "username by default")
    lab.equal(_username(lab, named), named["userAccount"]["username"], "username as given")


@check("S2E-ACCT-02", about=("email-on-update",))
def stored_email_makes_the_username(lab: Lab) -> None:
    """Where a stored e-mail is enough for an account, it makes the username; seen at a control plane."""
    needs_control(lab, "usernames")
    record = lab.person()
    lab.accepted(record)
    update = later(record, userAccount={})
    if lab.readings["email-on-update"] == "request":
        update["email"] = record["email"]
    lab.accepted(update)
    lab.equal(_username(lab, record), record["email"], "username")


@check("S2E-ACCT-10")
def usernames_are_unique(lab: Lab) -> None:
    """A username that another account of the organization has is refused, in other letters too."""
    holder, known = staff(lab, userAccount={"username": _name(lab)}), staff(lab)
    lab.sync(holder, known)
    taken = holder["userAccount"]["username"]
    for username in (taken, taken.upper()):
        message = messages.username_taken(username)
        lab.refused(staff(lab, userAccount={"username": username}), message)
        lab.refused(known | {"userAccount": {"username": username}}, message)


@check("S2E-ACCT-10")
def usernames_are_compared_without_case_in_any_script(lab: Lab) -> None:
    """Without case is what Unicode calls it: other forms of a letter are the same, another script's letter is not."""
    for one, same in (("stra\u00dfe", "STRASSE"), ("\u03c3\u03bf\u03c6\u03cc\u03c2", "\u03a3\u039f\u03a6\u038c\u03a3")):
        holder = staff(lab, userAccount={"username": f"{lab.prefix} {one}"})
        lab.accepted(holder)
        taken = f"{lab.prefix} {same}"
        lab.refused(staff(lab, userAccount={"username": taken}), messages.username_taken(taken))
        lab.accepted(holder | {"userAccount": {"username": taken}})
    other = staff(lab, userAccount={"username": f"{lab.prefix} \u0430"})
    lab.accepted(other)
    lab.accepted(staff(lab, userAccount={"username": f"{lab.prefix} a"}))


@check("S2E-ACCT-10")
def default_usernames_count(lab: Lab) -> None:
    """A username that is merely an e-mail is taken as well, and a default may meet a given one."""
    holder, named = staff(lab), staff(lab, userAccount={"username": lab.new_email()})
    lab.sync(holder, named)
    wish = staff(lab, userAccount={"username": holder["email"]})
    lab.refused(wish, messages.username_taken(holder["email"]))
    default = staff(lab, email=named["userAccount"]["username"])
    lab.refused(default, messages.username_taken(default["email"]))
    late = lab.person(email=named["userAccount"]["username"])
    lab.accepted(late)
    lab.refused(late | {"userAccount": {}}, messages.username_taken(late["email"]))


@check("S2E-ACCT-10")
def usernames_are_not_blank(lab: Lab) -> None:
    """A username that is empty or white space is an error."""
    known = staff(lab)
    lab.accepted(known)
    for username in ("", "  ", "\u2003\t"):
        lab.refused(staff(lab, userAccount={"username": username}), messages.USERNAME_EMPTY)
        lab.refused(known | {"userAccount": {"username": username}}, messages.USERNAME_EMPTY)


@check("S2E-ACCT-10")
def own_username_is_no_conflict(lab: Lab) -> None:
    """One's own username can be sent again, and in other letters."""
    record = staff(lab, userAccount={"username": _name(lab)})
    first = lab.accepted(record)
    username = record["userAccount"]["username"].upper()
    for update in (record, record | {"userAccount": {"username": username}}):
        lab.equal(lab.accepted(update)["userId"], first["userId"], "userId")
    if lab.sees("the username"):
        lab.equal(_username(lab, record), username, "username as last given")


@check("S2E-ACCT-10")
def renaming_frees_the_username(lab: Lab) -> None:
    """Another username given later renames the account, and the next record of the batch can have the old one."""
    record = staff(lab, userAccount={"username": _name(lab)})
    lab.accepted(record)
    renamed = record | {"userAccount": {"username": _name(lab)}}
    heir = staff(lab, userAccount=record["userAccount"])
    body = lab.sync(renamed, heir)
    lab.equal(body["errors"], [], "errors of a renaming and its heir")
    new = renamed["userAccount"]["username"]
    lab.refused(staff(lab, userAccount={"username": new}), messages.username_taken(new))
    if lab.sees("the username"):
        lab.equal(_username(lab, record), new, "username after a renaming")


@check("S2E-ACCT-10")
def usernames_of_two_organizations(lab: Lab) -> None:
    """Two organizations may have the same username."""
    username = _name(lab)
    lab.accepted(staff(lab, userAccount={"username": username}), org=1)
    lab.accepted(staff(lab, userAccount={"username": username}))


@check("S2E-ACCT-10")
def username_counts_only_with_account(lab: Lab) -> None:
    """Without userAccount the e-mail may equal somebody's username: nobody asks for it as one."""
    named = staff(lab, userAccount={"username": lab.new_email()})
    lab.accepted(named)
    lab.accepted(lab.person(email=named["userAccount"]["username"]))


# -- changed e-mails ---------------------------------------------------------------------------------


@check("S2E-ACCT-11")
def changed_email_changes_the_account(lab: Lab) -> None:
    """A new e-mail becomes the account's, with userAccount in the record or without."""
    again: dict[str, Any]
    for again in ({}, {"userAccount": {}}):
        record = staff(lab)
        user_id = lab.accepted(record)["userId"]
        email = lab.new_email()
        lab.accepted(later(record, email=email, **again))
        user = account_of(lab, record)
        lab.equal((user["id"], user["email"]), (user_id, email), "id and e-mail of the account")
        if lab.controlled:
            lab.equal(lab.employee(record["externalEmployeeId"])["email"], email, "e-mail of the employee")


@check("S2E-ACCT-11")
def freed_email_can_be_used_at_once(lab: Lab) -> None:
    """The e-mail that somebody gives up is free for the next record of the same batch."""
    record = staff(lab)
    lab.accepted(record)
    heir = staff(lab, email=record["email"])
    body = lab.sync(later(record, email=lab.new_email()), heir)
    lab.equal(body["errors"], [], "errors of a change and its heir")
    lab.equal(account_of(lab, heir)["email"], record["email"], "e-mail of the heir's account")
    lab.true(account_of(lab, heir)["id"] != account_of(lab, record)["id"], "the two have accounts of their own")


@check("S2E-ACCT-11")
def username_follows_the_email(lab: Lab) -> None:
    """A username made from the e-mail follows it, in other letters too; seen at a control plane."""
    needs_control(lab, "usernames")
    record = staff(lab)
    lab.accepted(record)
    other = lab.new_email()
    for email in (other, other.upper(), other.title(), lab.new_email().upper()):
        lab.accepted(later(record, email=email))
        lab.equal(_username(lab, record), email, "username after a change of e-mail")


@check("S2E-ACCT-11")
def given_username_stays(lab: Lab) -> None:
    """A username that was given stays when the e-mail changes; seen at a control plane."""
    needs_control(lab, "usernames")
    record = staff(lab, userAccount={"username": _name(lab)})
    lab.accepted(record)
    again: dict[str, Any]
    for again in ({}, {"userAccount": {}}):
        lab.accepted(later(record, email=lab.new_email(), **again))
        lab.equal(_username(lab, record), record["userAccount"]["username"], "username after a change of e-mail")


@check("S2E-ACCT-11")
def username_given_later_stays(lab: Lab) -> None:
    """A username that a later record gives, be it the e-mail itself, no longer follows; seen at a control plane."""
    needs_control(lab, "usernames")
    for name in (_name(lab), None):
        record = staff(lab)
        lab.accepted(record)
        username = name or record["email"]
        lab.accepted(record | {"userAccount": {"username": username}})
        lab.accepted(later(record, email=lab.new_email()))
        lab.equal(_username(lab, record), username, "username after a change of e-mail")


@check("S2E-ACCT-11")
def following_username_gives_way(lab: Lab) -> None:
    """Where the new e-mail is somebody's username and no account is asked for, the old username stays for now."""
    needs_control(lab, "usernames")
    named, record = staff(lab, userAccount={"username": lab.new_email()}), staff(lab)
    lab.sync(named, record)
    taken = named["userAccount"]["username"]
    lab.accepted(later(record, email=taken))
    lab.equal(account_of(lab, record)["email"], taken, "e-mail of the account")
    lab.equal(_username(lab, record), record["email"], "username that could not follow")
    email = lab.new_email()
    lab.accepted(later(record, email=email))
    lab.equal(_username(lab, record), email, "username that follows again")


# -- users that nobody is linked to ------------------------------------------------------------------


@check("S2E-ACCT-07", about=("account-flags",))
def unlinked_user_is_linked(lab: Lab) -> None:
    """A user of that e-mail who is linked to nobody is linked: the same id, no second user, no mail, no password."""
    email = lab.new_email()
    made = lab.add("users", email=email, name="Invited By Hand", username=_name(lab))
    number = len(lab.users())
    record = staff(lab, email=email.upper(), userAccount={"forcePasswordReset": True, "sendWelcomeEmail": True})
    result = lab.accepted(record)
    lab.equal(result["userId"], made["id"], "userId of a linked user")
    user = account_of(lab, record)
    lab.equal((user["id"], user["email"]), (made["id"], email.upper()), "id and e-mail of a linked user")
    lab.equal(len(lab.users()), number, "number of users after linking")
    lab.equal(mail_to(lab, record), [], "mail to a linked user")
    account = lab.employee(record["externalEmployeeId"])["user"]
    shown = (account["username"], account["mustResetPassword"])
    lab.equal(shown, (made["username"], False), "username and mustResetPassword of a linked user")
    lab.accepted(later(record, email=lab.new_email()))
    lab.equal(_username(lab, record), made["username"], "given username of a linked user after another e-mail")


@check("S2E-ACCT-07")
def linking_leaves_a_username_made_from_the_email(lab: Lab) -> None:
    """A username that was merely the e-mail stays letter for letter at linking, and follows the e-mail from then on."""
    email = lab.new_email()
    made = lab.add("users", email=email, name="Invited By Hand")
    record = staff(lab, email=email.upper())
    lab.equal(lab.accepted(record)["userId"], made["id"], "userId of a linked user")
    lab.equal(_username(lab, record), email, "username of a linked user")
    new = lab.new_email()
    lab.accepted(record | {"email": new})
    lab.equal(_username(lab, record), new, "username after another e-mail")


@check("S2E-ACCT-07")
def linking_renames_where_asked(lab: Lab) -> None:
    """Linking renames a user where the record gives a username, unless somebody has it."""
    email, username, taken = lab.new_email(), _name(lab), _name(lab)
    lab.add("users", email=email, name="Invited By Hand")
    lab.accepted(staff(lab, userAccount={"username": taken}))
    record = staff(lab, email=email, userAccount={"username": taken})
    lab.refused(record, messages.username_taken(taken))
    lab.accepted(record | {"userAccount": {"username": username}})
    lab.equal(_username(lab, record), username, "username of a linked user")


@check("S2E-ACCT-07")
def linking_enables(lab: Lab) -> None:
    """A user who was disabled is enabled by linking."""
    email = lab.new_email()
    made = lab.add("users", email=email, name="Invited By Hand")
    organization = lab.organization().organization_id
    path = f"/scan2evolve/organizations/{organization}/users/{made['id']}"
    lab.space.control("PATCH", path, {"enabled": False})
    record = staff(lab, email=email)
    lab.accepted(record)
    user = account_of(lab, record)
    lab.equal((user["id"], user["isActive"]), (made["id"], True), "id and isActive of a linked user")


@check("S2E-ACCT-07")
def known_employee_is_linked_too(lab: Lab) -> None:
    """An employee without an account who asks for one gets the unlinked user of that e-mail."""
    record = lab.person()
    lab.accepted(record)
    email = lab.new_email()
    made = lab.add("users", email=email, name="Invited By Hand")
    lab.equal(lab.accepted(record | {"email": email, "userAccount": {}})["userId"], made["id"], "userId")


@check("S2E-ACCT-07")
def nobody_is_linked_unasked(lab: Lab) -> None:
    """Without userAccount, or for somebody who is not ACTIVE, the user stays unlinked and there is no error."""
    email = lab.new_email()
    made = lab.add("users", email=email, name="Invited By Hand")
    record = lab.person(email=email)
    for update in (record, record | {"status": "INACTIVE", "userAccount": {}}):
        lab.equal(lab.accepted(update).get("userId"), None, "userId")
        user = next(user for user in lab.users() if user["id"] == made["id"])
        shown = (user["employeeNumber"], user["isActive"], user["name"])
        lab.equal(shown, (None, True, "Invited By Hand"), "the user that nobody is linked to")


@check("S2E-ACCT-07", about=("email-on-update",))
def stored_email_links(lab: Lab) -> None:
    """Where a stored e-mail is enough for an account, the user of that e-mail who is linked to nobody becomes it."""
    email = lab.new_email()
    made = lab.add("users", email=email, name="Invited By Hand")
    record = lab.person(email=email)
    lab.accepted(record)
    update = later(record, userAccount={})
    if lab.readings["email-on-update"] == "request":
        lab.refused(update, messages.EMAIL_REQUIRED)
    else:
        lab.equal(lab.accepted(update)["userId"], made["id"], "userId of a user linked by the stored e-mail")


@check("S2E-ACCT-07")
def second_account_is_refused(lab: Lab) -> None:
    """Whoever has an account cannot take the e-mail of a user linked to nobody."""
    record = staff(lab)
    lab.accepted(record)
    email = lab.new_email()
    lab.add("users", email=email, name="Invited By Hand")
    nameless = {"userAccount": {"username": ""}}
    # The e-mail is looked at before the username.
    for update in (
        later(record, email=email),
        record | {"email": email.upper()},
        later(record, email=email, **nameless),
    ):
        lab.refused(update, messages.email_taken(update["email"]))


@check("S2E-ACCT-07")
def unlinked_user_keeps_its_username(lab: Lab) -> None:
    """The username of a user linked to nobody is taken for everybody else."""
    username = _name(lab)
    lab.add("users", email=lab.new_email(), name="Invited By Hand", username=username)
    lab.refused(staff(lab, userAccount={"username": username}), messages.username_taken(username))
