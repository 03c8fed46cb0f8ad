"""Who gets past Scan2Evolve's door, for how long, and whose data lie behind it."""

from __future__ import annotations

from contracts.checks import NotObservable, check
from contracts.claims.tokens import DAY, SYNC, ask, basic_of, grant_of, issued, lets_in, not_issued, pair_of
from contracts.lab import Lab

# -- the door ------------------------------------------------------------------------------------------


def _bad_authorizations(lab: Lab) -> dict[str, str | None]:
    one = lab.organization()
    token = lab.token()
    return {
        "no Authorization header": None,
        "an unknown token": "Bearer se_" + "0" * 64,
        "a token with a digit changed": "Bearer " + token[:-1] + ("0" if token[-1] != "0" else "1"),
        "a token in upper case": "Bearer " + token.upper(),
        "a token with no scheme": token,
        "a token under the scheme Token": f"Token {token}",
        "a client_secret as a token": f"Bearer {one.client_secret}",
        "a wrong secret": pair_of(one.client_id, one.client_secret + "0"),
        "an empty secret": pair_of(one.client_id, ""),
        "an unknown client": pair_of(f"{lab.prefix}-nobody", one.client_secret),
        "a pair without its secret": basic_of(one.client_id.encode()),
        "Basic that is no Base64": "Basic %%%",
        "Basic that is no UTF-8": basic_of(b"\xff\xfe:\xe9"),
        "Basic with bytes that are no UTF-8 behind a good pair": basic_of(
            f"{one.client_id}:{one.client_secret}".encode() + b"\xff"
        ),
    }


@check("S2E-AUTH-06", writes=False)
def bearer_reads_the_users(lab: Lab) -> None:
    """A token in the Authorization header opens the reading of users as the pair itself does."""
    users = lab.users()
    answer = lab.scan2evolve("GET", "/api/v1/users", authorization=f"Bearer {lab.token()}")
    lab.equal(answer.status, 200, "status of GET /api/v1/users with a token")
    lab.equal(answer.body, users, "users by Bearer, compared with those by Basic")


@check("S2E-AUTH-07", writes=True)
def sync_needs_credentials(lab: Lab) -> None:
    """A sync without valid credentials gets 401, whatever it holds, and changes nothing."""
    before = lab.everything()
    for what, authorization in _bad_authorizations(lab).items():
        payload = {"employees": [lab.person(userAccount={"sendWelcomeEmail": True})]}
        answer = lab.scan2evolve("POST", SYNC, payload, authorization=authorization)
        lab.equal(answer.status, 401, f"status of a sync with {what}")
        lab.equal(answer.body.get("error"), "Unauthorized", f"error of a sync with {what}")
        lab.equal(set(answer.body), {"error", "requestId"}, f"keys of the answer to a sync with {what}")
    lab.equal(lab.everything(), before, "state after syncs without credentials")
    answer = lab.scan2evolve("POST", SYNC, content=b"{", authorization=None)
    lab.equal(answer.status, 401, "status of broken JSON without credentials")


@check("S2E-AUTH-07", writes=False)
def reading_users_needs_credentials(lab: Lab) -> None:
    """Users are shown to nobody without valid credentials."""
    users = lab.users()
    for path in ("/api/v1/users", *(f"/api/v1/users/{user['id']}" for user in users[:1])):
        for what, authorization in _bad_authorizations(lab).items():
            answer = lab.scan2evolve("GET", path, authorization=authorization)
            lab.equal(answer.status, 401, f"status of GET {path} with {what}")
            lab.equal(answer.body.get("error"), "Unauthorized", f"error of GET {path} with {what}")


@check("S2E-AUTH-08", writes=True)
def pair_lets_in_directly(lab: Lab) -> None:
    """HTTP Basic with the pair lets a sync in with no token request before it."""
    person = lab.person(userAccount={})
    result = lab.accepted(person)
    lab.equal(result["status"], "CREATED", "status of a sync with HTTP Basic")
    user = lab.user_of(person["externalEmployeeId"])
    lab.true(user is not None, "the synced user is listed for HTTP Basic")


@check("S2E-AUTH-08", writes=False)
def pair_does_not_expire(lab: Lab) -> None:
    """HTTP Basic works on, days after its first use."""
    for days in (0, 1, 2, 40):
        lab.advance(days * DAY)
        lab.true(lets_in(lab, lab.basic()), f"HTTP Basic lets a request in {days} days after its last use")


# -- the life of a token --------------------------------------------------------------------------------


@check("S2E-AUTH-11", writes=True)
def unused_token_dies_after_a_day(lab: Lab) -> None:
    """A token that nobody uses lives for 24 hours and is dead then: no request of it changes anything."""
    early, late = lab.token(), lab.token()
    lab.advance(DAY - 1)
    lab.true(lets_in(lab, f"Bearer {early}"), "a token is alive a second before its 24 hours are over")
    lab.advance(1)
    before = lab.everything()
    payload = {"employees": [lab.person()]}
    answer = lab.scan2evolve("POST", SYNC, payload, authorization=f"Bearer {late}")
    lab.equal(answer.status, 401, "status of a sync with a token unused for 24 hours")
    lab.equal(answer.body.get("error"), "Unauthorized", "error of a sync with a dead token")
    lab.equal(lab.everything(), before, "state after a sync with a dead token")
    lab.advance(3 * DAY)
    lab.true(not lets_in(lab, f"Bearer {late}"), "a dead token stays dead")


@check("S2E-AUTH-12", writes=False)
def life_runs_from_issue_or_last_use(lab: Lab) -> None:
    """The 24 hours of a token in use run from its issue, or from its last use, as the reading has it."""
    bearer = f"Bearer {lab.token()}"
    sliding = lab.readings["token-lifetime"] == "sliding"
    for seconds in (DAY // 2, DAY // 2 - 1):
        lab.advance(seconds)
        lab.true(lets_in(lab, bearer), "a token in use is alive within 24 hours of its issue")
    lab.advance(1)
    lab.equal(lets_in(lab, bearer), sliding, "whether a token used a second ago is alive 24 hours after its issue")
    if sliding:
        lab.advance(DAY - 1)
        lab.true(lets_in(lab, bearer), "a token is alive a second less than 24 hours after its last use")
        lab.advance(DAY)
        lab.true(not lets_in(lab, bearer), "a token is dead 24 hours after its last use")


@check("S2E-AUTH-12", writes=False)
def use_of_one_token_is_not_use_of_another(lab: Lab) -> None:
    """Using one token, or the pair, does not lengthen the life of another token."""
    idle, busy = lab.token(), lab.token()
    lab.advance(DAY // 2)
    lab.true(lets_in(lab, f"Bearer {busy}"), "the busy token is alive")
    lab.true(lets_in(lab, lab.basic()), "the pair lets in")
    lab.advance(DAY // 2)
    lab.true(not lets_in(lab, f"Bearer {idle}"), "the idle token is dead after 24 hours")


# -- revoking, and whose data it is ---------------------------------------------------------------------


@check("S2E-AUTH-15", writes=True)
def revoked_pair_lets_nothing_in(lab: Lab) -> None:
    """Once a pair is revoked, neither it nor its tokens let anything in; other pairs are untouched."""
    made = lab.add("credentials", name=f"{lab.prefix} to revoke")
    basic = pair_of(made["client_id"], made["client_secret"])
    grant = grant_of(lab, client_id=made["client_id"], client_secret=made["client_secret"])
    token = issued(lab, ask(lab, grant), "a token request with new credentials")
    kept = lab.token()
    for authorization in (basic, f"Bearer {token}"):
        lab.true(lets_in(lab, authorization), "new credentials let a request in")
    lab.space.control(
        "DELETE", f"/scan2evolve/organizations/{lab.organization().organization_id}/credentials/{made['id']}"
    )
    lab.true(not lets_in(lab, basic), "HTTP Basic with revoked credentials is refused")
    lab.true(not lets_in(lab, f"Bearer {token}"), "a token issued from revoked credentials is refused")
    not_issued(lab, ask(lab, grant), 401, "invalid_client", "revoked credentials")
    for authorization in (lab.basic(), f"Bearer {kept}"):
        lab.true(lets_in(lab, authorization), "other credentials of the organization still let in")


@check("S2E-AUTH-16", writes=True)
def sync_reaches_its_own_organization_only(lab: Lab) -> None:
    """What one organization syncs, by pair or by token, leaves the other as it was, same ids or not."""
    theirs = lab.person(firstName="Other", userAccount={})
    there = lab.accepted(theirs, org=1)
    before = lab.users(1), (lab.employees(1) if lab.sees("who has no account") else None)
    mine = lab.person(externalEmployeeId=theirs["externalEmployeeId"], userAccount={})
    here = lab.accepted(mine)
    lab.equal(here["status"], "CREATED", "status of an externalEmployeeId that only the other organization knows")
    lab.true(here["employeeId"] != there["employeeId"], "the two organizations' employees are two")
    gone = mine | {"status": "TERMINATED"}
    answer = lab.scan2evolve("POST", SYNC, {"employees": [gone]}, authorization=f"Bearer {lab.token()}")
    lab.equal(answer.status, 200, "status of a sync with a token")
    lab.equal((lab.users(1), lab.employees(1) if lab.controlled else None), before, "the other organization's data")


@check("S2E-AUTH-16", writes=False)
def reading_reaches_its_own_organization_only(lab: Lab) -> None:
    """A pair, or a token from it, shows the users of its own organization and of no other."""
    own, other = lab.users(0), lab.users(1)
    bearer = f"Bearer {lab.token(0)}"
    lab.equal(lab.scan2evolve("GET", "/api/v1/users", authorization=bearer).body, own, "users shown to a token")
    lab.true(not {user["id"] for user in own} & {user["id"] for user in other}, "no user is in two organizations")
    for users, org in ((own, 0), (other, 1)):
        lab.equal(
            {user["organizationId"] for user in users} <= {lab.organization(org).organization_id}
            or lab.organization(org).organization_id is None,
            True,
            "whether all users listed are of the credential's organization",
        )
    if not other:
        raise NotObservable("the second organization has no users to look for")
    for authorization in (lab.basic(0), bearer):
        answer = lab.scan2evolve("GET", f"/api/v1/users/{other[0]['id']}", authorization=authorization)
        lab.equal(answer.status, 404, "status of another organization's user")
