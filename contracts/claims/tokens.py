"""Scan2Evolve's credentials: the pair, the access token made from it, its life, and what it reaches."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from contracts.checks import check
from contracts.lab import Answer, Lab

TOKEN = "/api/v1/auth/token"
SYNC = "/api/v1/sync/employees"
DAY = 86_400
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def grant_of(lab: Lab, org: int = 0, **fields: Any) -> dict[str, Any]:
    """A good token request of an organization, with `fields` put in; a field that is ... is left out."""
    organization = lab.organization(org)
    grant = {
        "client_id": organization.client_id,
        "client_secret": organization.client_secret,
        "grant_type": "client_credentials",
    }
    return {key: value for key, value in (grant | fields).items() if value is not ...}


def ask(lab: Lab, grant: Any) -> Answer:
    """Send a token request as JSON."""
    return lab.scan2evolve("POST", TOKEN, grant, authorization=None)


def _ask_by_form(lab: Lab, fields: dict[str, str], authorization: str | None = None) -> Answer:
    return lab.scan2evolve(
        "POST", TOKEN, authorization=authorization, headers=_FORM, content=urlencode(fields).encode()
    )


def issued(lab: Lab, answer: Answer, how: str) -> str:
    """The token in an answer that must hold one."""
    lab.equal(answer.status, 200, f"status of {how}")
    text = answer.body.get("access_token")
    lab.true(isinstance(text, str) and text != "", f"{how} is answered with an access_token")
    return str(text)


def not_issued(lab: Lab, answer: Answer, status: int, code: str, what: str) -> None:
    """Broken unless the answer is this refusal and holds no token."""
    lab.equal(answer.status, status, f"status of a token request with {what}")
    body = answer.body
    lab.true(isinstance(body, dict), f"the refusal of a token request with {what} is an object")
    lab.equal(body.get("error"), code, f"error of a token request with {what}")
    lab.equal(set(body), {"error", "error_description", "requestId"}, f"keys of the refusal of {what}")
    lab.true("se_" not in answer.content.decode("utf-8", "replace"), f"{what} gets no token")


def lets_in(lab: Lab, authorization: str | None) -> bool:
    """Whether these credentials get past the door: an envelope without employees is a 400 then, else a 401."""
    status = lab.scan2evolve("POST", SYNC, {}, authorization=authorization).status
    lab.true(status in (400, 401), f"an empty envelope is answered 400 or 401, not {status}")
    return status == 400


def pair_of(client_id: str, client_secret: str) -> str:
    """An Authorization header with these two."""
    return basic_of(f"{client_id}:{client_secret}".encode())


def basic_of(pair: bytes) -> str:
    """An Authorization header with these bytes for a pair."""
    return "Basic " + base64.b64encode(pair).decode()


# -- the grant -----------------------------------------------------------------------------------------


@check("S2E-AUTH-01", "S2E-AUTH-06", writes=True)
def good_pair_gets_a_working_token(lab: Lab) -> None:
    """The pair and grant_type client_credentials are exchanged for a token that lets a sync in."""
    for org in range(len(lab.space.credentials.organizations)):
        bearer = f"Bearer {issued(lab, ask(lab, grant_of(lab, org)), 'a token request')}"
        person = lab.person()
        answer = lab.scan2evolve("POST", SYNC, {"employees": [person]}, authorization=bearer)
        lab.equal(answer.status, 200, "status of a sync with a fresh token")
        lab.equal(
            [result.get("externalEmployeeId") for result in answer.body["results"]],
            [person["externalEmployeeId"]],
            "results of a sync with a fresh token",
        )


@check("S2E-AUTH-01", writes=False)
def new_token_leaves_older_ones_alive(lab: Lab) -> None:
    """A second exchange gives another token, and the first one goes on working."""
    first = lab.token()
    if lab.sees("the clock"):
        lab.advance(3600)
    second = lab.token()
    lab.true(first != second, "two token requests get two tokens")
    for name, text in (("first", first), ("second", second)):
        lab.true(lets_in(lab, f"Bearer {text}"), f"the {name} of two tokens lets a request in")


@check("S2E-AUTH-02", "S2E-AUTH-03", "S2E-AUTH-04", "S2E-AUTH-13", writes=False)
def token_answer_is_complete(lab: Lab) -> None:
    """The answer has the six documented fields: a Bearer token of the known form, a day's life, the organization."""
    for org, organization in enumerate(lab.space.credentials.organizations):
        answer = ask(lab, grant_of(lab, org))
        issued(lab, answer, "a token request")
        body = answer.body
        wanted = {"access_token", "token_type", "expires_in", "expires_at", "organization_id", "organization_name"}
        lab.equal(set(body), wanted, "keys of the token answer")
        lab.equal(body["token_type"], "Bearer", "token_type")
        lab.true(re.fullmatch(r"se_[0-9a-f]{64}", body["access_token"]) is not None, "the token is se_ and 64 hex")
        lab.equal((body["expires_in"], type(body["expires_in"]).__name__), (DAY, "int"), "expires_in")
        if organization.organization_id is not None:
            lab.equal(body["organization_id"], organization.organization_id, "organization_id")
        for key in ("organization_id", "organization_name"):
            lab.true(isinstance(body[key], str) and body[key].strip() != "", f"{key} is a text")
        if lab.sees("the organization's name"):
            named = lab.space.control("GET", "/scan2evolve/organizations?limit=1000")["items"]
            names = {row["organization_id"]: row["organization_name"] for row in named}
            lab.equal(body["organization_name"], names[body["organization_id"]], "organization_name")


@check("S2E-AUTH-05", writes=False)
def expiry_is_a_day_after_the_issue(lab: Lab) -> None:
    """expires_at is a UTC instant with milliseconds, expires_in seconds after the moment of issue."""
    body = ask(lab, grant_of(lab)).body
    text = body.get("expires_at")
    lab.true(isinstance(text, str) and _INSTANT.fullmatch(text) is not None, "expires_at is YYYY-MM-DDTHH:mm:ss.sssZ")
    datetime.fromisoformat(text)
    if lab.sees("the clock"):
        for seconds in (0, 1.234, 3600):
            lab.advance(seconds)
            issued = datetime.fromisoformat(lab.now())
            body = ask(lab, grant_of(lab)).body
            ends = datetime.fromisoformat(body["expires_at"])
            lab.equal(ends - issued, timedelta(seconds=body["expires_in"]), "life between issue and expires_at")


# -- refusals ------------------------------------------------------------------------------------------


@check("S2E-AUTH-09", writes=False)
def wrong_pair_gets_no_token(lab: Lab) -> None:
    """A wrong secret or an unknown client gets 401 invalid_client and no token."""
    secret = lab.organization().client_secret
    wrong = {
        "a wrong secret": grant_of(lab, client_secret=secret + "0"),
        "a truncated secret": grant_of(lab, client_secret=secret[:-1]),
        "a secret in the other case": grant_of(lab, client_secret=secret.swapcase()),
        "an empty secret": grant_of(lab, client_secret=""),
        "an unknown client": grant_of(lab, client_id=f"{lab.prefix}-nobody"),
        "an empty client_id": grant_of(lab, client_id=""),
    }
    for what, grant in wrong.items():
        answer = ask(lab, grant)
        not_issued(lab, answer, 401, "invalid_client", what)
        lab.true("www-authenticate" in answer.headers, f"the 401 for {what} carries WWW-Authenticate")


@check("S2E-AUTH-10", writes=False)
def other_grant_types_get_no_token(lab: Lab) -> None:
    """grant_type must be there and be client_credentials, else the answer is 400, before the pair is looked at."""
    not_issued(lab, ask(lab, grant_of(lab, grant_type=...)), 400, "invalid_request", "no grant_type")
    others = ("password", "authorization_code", "refresh_token", "CLIENT_CREDENTIALS", "client_credentials ", "")
    for value in (*others, None, 1, ["client_credentials"]):
        answer = ask(lab, grant_of(lab, grant_type=value))
        not_issued(lab, answer, 400, "unsupported_grant_type", f"grant_type {value!r}")
    answer = ask(lab, grant_of(lab, grant_type="password", client_secret="wrong"))  # noqa: S106
    not_issued(lab, answer, 400, "unsupported_grant_type", "another grant_type and a wrong secret")


@check("S2E-AUTH-10", writes=False)
def unreadable_token_requests_get_no_token(lab: Lab) -> None:
    """A token request whose body cannot be read is invalid_request."""
    for content in (b"", b"{", b"[]", b"null", b'"client_credentials"'):
        answer = lab.scan2evolve("POST", TOKEN, content=content, authorization=None)
        not_issued(lab, answer, 400, "invalid_request", f"the body {content.decode()!r}")


@check("S2E-AUTH-17", writes=False)
def half_a_pair_gets_no_token(lab: Lab) -> None:
    """client_id and client_secret come together, as texts, or the token request is invalid."""
    halves = {
        "no client_id": grant_of(lab, client_id=...),
        "no client_secret": grant_of(lab, client_secret=...),
        "neither half": grant_of(lab, client_id=..., client_secret=...),
        "client_id null": grant_of(lab, client_id=None),
        "client_secret null": grant_of(lab, client_secret=None),
        "client_secret a number": grant_of(lab, client_secret=1),
        "client_id an array": grant_of(lab, client_id=[lab.organization().client_id]),
    }
    for what, grant in halves.items():
        not_issued(lab, ask(lab, grant), 400, "invalid_request", what)


@check("S2E-AUTH-17", writes=False)
def halves_of_two_pairs_do_not_fit(lab: Lab) -> None:
    """A client_id goes with its own client_secret only, not with that of another pair."""
    one, other = lab.organization(0), lab.organization(1)
    grant = grant_of(lab, client_secret=other.client_secret)
    not_issued(lab, ask(lab, grant), 401, "invalid_client", "halves of two pairs")
    for client_id, secret in ((one.client_id, other.client_secret), (other.client_id, one.client_secret)):
        lab.true(not lets_in(lab, pair_of(client_id, secret)), "HTTP Basic with halves of two pairs is refused")
    if lab.controlled:
        made = lab.add("credentials", name=f"{lab.prefix} pair")
        lab.true(bool(made.get("client_id")) and bool(made.get("client_secret")), "new credentials are a pair")
        lab.true(lets_in(lab, pair_of(made["client_id"], made["client_secret"])), "the new pair lets a request in")
        mixed = pair_of(made["client_id"], one.client_secret)
        lab.true(not lets_in(lab, mixed), "an older secret does not go with the new client_id")


# -- standard OAuth clients -----------------------------------------------------------------------------


@check("S2E-AUTH-14", writes=False)
def oauth_clients_get_tokens(lab: Lab) -> None:
    """A form-encoded grant and HTTP Basic client authentication get a token, as RFC 6749 has them."""
    only_type = {"grant_type": "client_credentials"}
    answers = {
        "a form": _ask_by_form(lab, grant_of(lab)),
        "a form with a charset": lab.scan2evolve(
            "POST",
            TOKEN,
            authorization=None,
            headers={"content-type": "application/x-www-form-urlencoded; charset=UTF-8"},
            content=urlencode(grant_of(lab)).encode(),
        ),
        "Basic and a form": _ask_by_form(lab, only_type, lab.basic()),
        "a form with a field of no concern": _ask_by_form(lab, grant_of(lab) | {"audience": "x"}),
        "Basic and JSON": lab.scan2evolve("POST", TOKEN, only_type, authorization=lab.basic()),
    }
    for how, answer in answers.items():
        token = issued(lab, answer, how)
        lab.equal(answer.headers.get("cache-control"), "no-store", f"Cache-Control of the answer to {how}")
        lab.true(lets_in(lab, f"Bearer {token}"), f"the token from {how} lets a request in")


@check("S2E-AUTH-14", "S2E-AUTH-09", "S2E-AUTH-10", writes=False)
def oauth_clients_get_standard_errors(lab: Lab) -> None:
    """Forms and HTTP Basic are refused like JSON; credentials given twice, or a parameter twice, are invalid."""
    form = grant_of(lab)
    not_issued(lab, _ask_by_form(lab, form | {"client_secret": "x"}), 401, "invalid_client", "a wrong form")
    not_issued(lab, _ask_by_form(lab, form | {"client_secret": ""}), 401, "invalid_client", "a blank secret")
    not_issued(lab, _ask_by_form(lab, form | {"grant_type": "x"}), 400, "unsupported_grant_type", "another form")
    wrong = pair_of(lab.organization().client_id, "wrong")
    only_type = {"grant_type": "client_credentials"}
    answer = _ask_by_form(lab, only_type, wrong)
    not_issued(lab, answer, 401, "invalid_client", "Basic with a wrong secret")
    lab.true(
        answer.headers.get("www-authenticate", "").lower().startswith("basic"), "a wrong Basic is asked for Basic again"
    )
    answer = _ask_by_form(lab, only_type, basic_of(b"\xff\xfe:\xe9"))
    not_issued(lab, answer, 400, "invalid_request", "Basic that is no UTF-8")
    not_issued(lab, _ask_by_form(lab, form, lab.basic()), 400, "invalid_request", "Basic and body credentials")
    again = urlencode([*form.items(), ("grant_type", "client_credentials")]).encode()
    answer = lab.scan2evolve("POST", TOKEN, authorization=None, headers=_FORM, content=again)
    not_issued(lab, answer, 400, "invalid_request", "grant_type twice")


@check("S2E-AUTH-14", writes=False)
def schemes_are_read_as_the_standards_have_it(lab: Lab) -> None:
    """The scheme's letters do not matter (RFC 9110), all else does: one token, clean Base64, the secret as it is."""
    one, token = lab.organization(), lab.token()
    pair = base64.b64encode(f"{one.client_id}:{one.client_secret}".encode()).decode()
    for good in (f"bearer {token}", f"BEARER {token}", f"basic {pair}", f"BASIC {pair}"):
        lab.true(lets_in(lab, good), f"the scheme {good.partition(' ')[0]} is let in")
    bad = {
        "two tokens": f"Bearer {token} {token}",
        "a token and a word": f"Bearer {token} x",
        "another scheme": f"Token {token}",
        "Base64 with a stray character": f"Basic {pair[:8]}!{pair[8:]}",
        "a secret with a space behind it": pair_of(one.client_id, f"{one.client_secret} "),
        "a secret with a colon before it": pair_of(one.client_id, f":{one.client_secret}"),
        "a secret in capitals": pair_of(one.client_id, one.client_secret.upper()),
    }
    for what, authorization in bad.items():
        lab.true(not lets_in(lab, authorization), f"{what} is refused")


@check("S2E-AUTH-14", writes=False)
def credentials_given_twice_get_no_token(lab: Lab) -> None:
    """HTTP Basic together with any client field of the body is refused, be it the same one."""
    one = lab.organization()
    for fields in ({"client_id": one.client_id}, {"client_secret": one.client_secret}):
        answer = lab.scan2evolve(
            "POST", "/api/v1/auth/token", {"grant_type": "client_credentials", **fields}, authorization=lab.basic()
        )
        not_issued(lab, answer, 400, "invalid_request", f"Basic and {next(iter(fields))}")
