"""The HRMS' door: application tokens, their scopes and environments, the headers, and the refusals."""

from __future__ import annotations

from typing import Any

from contracts.checks import NotObservable, check
from contracts.lab import Answer, Lab

USERS = "/v1/users"
SCOPE_OF = {USERS: "users:read", "/v1/departments": "departments:read", "/v1/positions": "positions:read"}
ENVIRONMENTS = ("staging", "uat")
# Every status that the vendor documents, and 405 from HTTP itself; 422 by a reading.
_STATUSES = {200, 400, 401, 403, 404, 405, 500}
_FORBIDDEN = "Insufficient permissions for this resource"


def open_paths(lab: Lab) -> dict[str, tuple[str, str]]:
    """Path -> (token, environment) for every operation that some token of the target opens."""
    found = {}
    for path, scope in SCOPE_OF.items():
        try:
            found[path] = lab.hrms_token(scopes=(scope,))
        except NotObservable:
            continue
    if USERS in found:
        token, environment = found[USERS]
        answer = lab.hrms(USERS, environment=environment, token=token)
        lab.equal(answer.status, 200, "status of GET /v1/users")
        for user in answer.body["data"][:1]:
            found[f"{USERS}/{user['id']}"] = found[USERS]
    if not found:
        raise NotObservable("the credentials name no HRMS token with a scope")
    return found


def says(lab: Lab, answer: Answer, status: int, message: str, what: str) -> None:
    """Broken unless the answer is this status with {message} alone."""
    lab.equal(answer.status, status, f"status of {what}")
    lab.equal(answer.body, {"message": message}, f"body of the answer to {what}")


def _invalid(lab: Lab, answer: Answer, errors: dict[str, str], what: str) -> None:
    lab.equal(answer.status, int(lab.readings["validation-status"]), f"status of {what}")
    wanted = {"message": "Validation failed", "errors": {key: [text] for key, text in errors.items()}}
    lab.equal(answer.body, wanted, f"body of the answer to {what}")


# -- tokens --------------------------------------------------------------------------------------------


@check("HRMS-AUTH-01", "HRMS-AUTH-04", writes=False)
def token_and_environment_let_in(lab: Lab) -> None:
    """A token with the operation's scope, and its environment, let every operation answer 200."""
    for path, (token, environment) in open_paths(lab).items():
        answer = lab.hrms(path, environment=environment, token=token)
        lab.equal(answer.status, 200, f"status of GET {path}")
        lab.true("data" in answer.body, f"GET {path} answers under data")


@check("HRMS-AUTH-02", writes=False)
def without_a_good_token_nothing_is_shown(lab: Lab) -> None:
    """Without a token, or with one that is none, every operation answers 401 Unauthenticated."""
    token = lab.hrms_token()[0]
    bad: dict[str, dict[str, str | None]] = {
        "no token": {"authorization": None},
        "an unknown token": {"authorization": "Bearer hrms_" + "0" * 40},
        "a token cut short": {"authorization": f"Bearer {token[:-1]}"},
        "a token in the other case": {"authorization": f"Bearer {token.swapcase()}"},
        "a token without a scheme": {"authorization": token},
        "a token by Basic": {"authorization": f"Basic {token}"},
        "a scheme without a token": {"authorization": "Bearer"},
        "another scheme": {"authorization": f"Token {token}"},
        "a token and a word": {"authorization": f"Bearer {token} x"},
        "no token and no environment": {"authorization": None, "x-environment": None},
    }
    for path in open_paths(lab):
        for what, headers in bad.items():
            says(lab, lab.hrms(path, headers=headers), 401, "Unauthenticated", f"GET {path} with {what}")
    says(lab, lab.hrms(f"{USERS}/{lab.prefix}", token=None), 401, "Unauthenticated", "an unknown user, no token")


@check("HRMS-AUTH-02", "HRMS-AUTH-01", writes=False)
def credentials_of_the_other_api_are_no_token(lab: Lab) -> None:
    """What Scan2Evolve issues lets nobody into the HRMS."""
    for authorization in (f"Bearer {lab.token()}", lab.basic()):
        answer = lab.hrms(USERS, headers={"authorization": authorization})
        says(lab, answer, 401, "Unauthenticated", "GET /v1/users with credentials of Scan2Evolve")


@check("HRMS-AUTH-03", "HRMS-AUTH-04", writes=False)
def scope_opens_its_own_operations_only(lab: Lab) -> None:
    """A token opens the operations of its scopes; any other answers 403, whether the resource exists or not."""
    paths = {**SCOPE_OF, f"{USERS}/{lab.prefix}": "users:read"}
    if lab.controlled:
        scopes = list(SCOPE_OF.values())
        wishes = [*((scope,) for scope in scopes), *(tuple(s for s in scopes if s != out) for out in scopes), ()]
        held = [(lab.new_hrms_token(*wish)["token"], "staging", wish) for wish in wishes]
    else:
        tokens = lab.space.credentials.hrms
        held = [
            (row.token, row.environment, row.scopes) for row in tokens if not set(SCOPE_OF.values()) <= {*row.scopes}
        ]
        if not held:
            raise NotObservable("every HRMS token of the credentials has all scopes")
    for token, environment, wish in held:
        for path, scope in paths.items():
            answer = lab.hrms(path, environment=environment, token=token)
            what = f"GET {path} with {', '.join(wish) or 'no scope'}"
            if scope in wish:
                lab.true(answer.status != 403, f"{what} is let in, not 403")
            else:
                says(lab, answer, 403, _FORBIDDEN, what)


@check("HRMS-AUTH-05", writes=False)
def token_text_is_shown_once(lab: Lab) -> None:
    """The text of an application token is in the answer that makes it and in no later one."""
    made = lab.new_hrms_token("users:read")
    text = made.get("token")
    lab.true(isinstance(text, str) and len(text) >= 16, "a new token shows its text")
    other = lab.new_hrms_token("users:read")["token"]
    lab.true(text != other, "two tokens have two texts")
    lab.equal(lab.hrms(USERS, environment="staging", token=text).status, 200, "status with the text that was shown")
    for path in ("/hrms/tokens?limit=1000", "", "/snapshot", "/journal?limit=1000", "/audit?limit=1000"):
        shown = str(lab.space.control("GET", path))
        lab.true(
            str(text) not in shown and str(other) not in shown, f"GET {path or 'of the world'} shows no token text"
        )
    listed = lab.space.control("GET", "/hrms/tokens?limit=1000")["items"]
    lab.true(made["id"] in [row["id"] for row in listed], "the new token is listed, without its text")


@check("HRMS-AUTH-06", writes=False)
def revoked_token_is_unknown(lab: Lab) -> None:
    """A revoked token is 401 at once, and other tokens go on."""
    made, kept = lab.new_hrms_token("users:read"), lab.new_hrms_token("users:read")
    lab.equal(lab.hrms(USERS, environment="staging", token=made["token"]).status, 200, "status before it is revoked")
    lab.space.control("DELETE", f"/hrms/tokens/{made['id']}")
    says(lab, lab.hrms(USERS, environment="staging", token=made["token"]), 401, "Unauthenticated", "a revoked token")
    lab.equal(lab.hrms(USERS, environment="staging", token=kept["token"]).status, 200, "status of another token")


@check("HRMS-AUTH-01", writes=False)
def token_does_not_expire(lab: Lab) -> None:
    """An application token works until it is revoked, also after days without use."""
    for days in (1, 30, 400):
        lab.advance(days * 86_400)
        lab.equal(lab.hrms(USERS).status, 200, f"status after another {days} days")


# -- environments --------------------------------------------------------------------------------------


@check("HRMS-ENV-01", "HRMS-ERR-01", writes=False)
def environment_is_required(lab: Lab) -> None:
    """Without X-Environment, or with a blank one, every operation answers with the fault of that header."""
    for path, (token, environment) in [*open_paths(lab).items(), (f"{USERS}/{lab.prefix}", lab.hrms_token())]:
        for what, value in (("no X-Environment", None), ("a blank X-Environment", "")):
            answer = lab.hrms(path, environment=environment, token=token, headers={"x-environment": value})
            errors = {"X-Environment": "The X-Environment field is required."}
            _invalid(lab, answer, errors, f"GET {path} with {what}")


@check("HRMS-ENV-02", "HRMS-ERR-01", writes=False)
def other_environments_are_invalid(lab: Lab) -> None:
    """X-Environment takes staging and uat, in this case, and nothing else."""
    for value in ("production", "Staging", "STAGING", "UAT", "staging,uat", "prod", "0", "null"):
        for path in open_paths(lab):
            answer = lab.hrms(path, headers={"x-environment": value})
            errors = {"X-Environment": "The selected X-Environment is invalid."}
            _invalid(lab, answer, errors, f"GET {path} with X-Environment {value}")


def _mismatch(lab: Lab) -> tuple[int, str]:
    if lab.readings["environment-mismatch"] == "401":
        return 401, "Unauthenticated"
    return 403, _FORBIDDEN


@check("HRMS-ENV-03", writes=False)
def token_works_in_its_own_environment_only(lab: Lab) -> None:
    """Every token is refused in the other environment, for every operation, and shows nothing of it."""
    status, message = _mismatch(lab)
    paths = list(open_paths(lab))
    for held in lab.space.credentials.hrms:
        other = next(name for name in ENVIRONMENTS if name != held.environment)
        for path in paths:
            answer = lab.hrms(path, environment=held.environment, token=held.token, headers={"x-environment": other})
            says(lab, answer, status, message, f"GET {path} in {other} with a token of {held.environment}")


@check("HRMS-ENV-03", writes=False)
def new_token_belongs_to_one_environment(lab: Lab) -> None:
    """A token made for an environment works there and not in the other one, whatever its scopes."""
    status, message = _mismatch(lab)
    for home, other in (ENVIRONMENTS, ENVIRONMENTS[::-1]):
        for scopes in (tuple(SCOPE_OF.values()), ("departments:read",)):
            token = lab.new_hrms_token(*scopes, environment=home)["token"]
            answer = lab.hrms("/v1/departments", environment=home, token=token)
            lab.equal(answer.status, 200, f"status of a token of {home} at home")
            for path in (USERS, "/v1/departments", f"{USERS}/{lab.prefix}"):
                answer = lab.hrms(path, environment=home, token=token, headers={"x-environment": other})
                says(lab, answer, status, message, f"GET {path} in {other} with a new token of {home}")


@check("HRMS-ENV-04", writes=False)
def environments_show_people_of_their_own(lab: Lab) -> None:
    """The people, departments and positions of staging and of uat are others."""
    tokens = {name: lab.hrms_token(name, ("users:read",)) for name in ENVIRONMENTS}
    lists = {}
    for name, (token, _) in tokens.items():
        answer = lab.hrms(USERS, environment=name, token=token)
        lab.equal(answer.status, 200, f"status of GET /v1/users in {name}")
        lists[name] = answer.body["data"]
    if not lab.controlled:
        if lists["staging"] == lists["uat"]:
            raise NotObservable("both environments show the same people: they may be copies of each other")
        return
    for index, (path, collection) in enumerate(((USERS, "users"), ("/v1/departments", "departments"))):
        for home, other in (ENVIRONMENTS, ENVIRONMENTS[::-1]):
            wish: dict[str, Any] = {"environment": home, "name": f"{lab.prefix} {home}"}
            if collection == "users":
                wish["email"] = f"{lab.prefix}-{index}-{home}@example.com"
            before = lab.hrms(path, environment=other).content
            made = lab.space.control("POST", f"/hrms/{collection}", wish)
            ids = [row["id"] for row in lab.hrms(path, environment=home).body["data"]]
            lab.true(made["id"] in ids, f"what was made in {home} is listed there")
            lab.equal(
                lab.hrms(path, environment=other).content, before, f"GET {path} in {other} after a change in {home}"
            )
            if collection == "users":
                lab.equal(
                    lab.hrms(f"{path}/{made['id']}", environment=home).status, 200, f"status of {home}'s own user"
                )
                answer = lab.hrms(f"{path}/{made['id']}", environment=other)
                says(lab, answer, 404, "Resource not found", f"a user of {home} in {other}")


# -- headers and shapes --------------------------------------------------------------------------------


@check("HRMS-FMT-03", writes=False)
def json_content_type_is_always_fine(lab: Lab) -> None:
    """With Content-Type: application/json, as the page demands it, every operation answers 200."""
    for path, (token, environment) in open_paths(lab).items():
        for kind in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
            answer = lab.hrms(path, environment=environment, token=token, headers={"content-type": kind})
            lab.equal(answer.status, 200, f"status of GET {path} with Content-Type {kind}")


@check("HRMS-FMT-03", writes=False)
def content_type_is_demanded_or_not(lab: Lab) -> None:
    """A request without Content-Type, or with another one, is fine or a validation fault, as the reading has it."""
    faults = {
        None: "The Content-Type field is required.",
        "text/plain": "The selected Content-Type is invalid.",
        "application/xml": "The selected Content-Type is invalid.",
        "application/vnd.api+json": "The selected Content-Type is invalid.",
        "text/json": "The selected Content-Type is invalid.",
        "": "The Content-Type field is required.",
    }
    for path, (token, environment) in open_paths(lab).items():
        for kind, text in faults.items():
            answer = lab.hrms(path, environment=environment, token=token, headers={"content-type": kind})
            if lab.readings["hrms-content-type"] == "optional":
                lab.equal(answer.status, 200, f"status of GET {path} with Content-Type {kind}")
            else:
                _invalid(lab, answer, {"Content-Type": text}, f"GET {path} with Content-Type {kind}")
    answer = lab.hrms(USERS, headers={"content-type": None, "x-environment": None})
    errors = {"X-Environment": "The X-Environment field is required."}
    if lab.readings["hrms-content-type"] == "required":
        errors["Content-Type"] = "The Content-Type field is required."
    _invalid(lab, answer, errors, "a request with neither header")


@check("HRMS-ERR-01", writes=False)
def validation_fault_has_its_shape(lab: Lab) -> None:
    """A validation fault is {message, errors}, errors naming each field with a list of texts."""
    answer = lab.hrms(USERS, headers={"x-environment": "nowhere"})
    lab.equal(answer.status, int(lab.readings["validation-status"]), "status of a validation fault")
    body = answer.body
    lab.equal(set(body), {"message", "errors"}, "keys of a validation fault")
    lab.equal(body["message"], "Validation failed", "message of a validation fault")
    lab.true(isinstance(body["errors"], dict) and body["errors"] != {}, "errors is an object with entries")
    for field, texts in body["errors"].items():
        good = isinstance(texts, list) and texts and all(isinstance(text, str) and text for text in texts)
        lab.true(bool(good), f"errors.{field} is a list of texts")


@check("HRMS-ERR-02", writes=False)
def other_methods_are_405(lab: Lab) -> None:
    """A known path under another method than GET is 405, with GET in Allow; nothing is changed by it."""
    before = lab.hrms(USERS).content
    for path in open_paths(lab):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = lab.hrms(path, method=method)
            says(lab, answer, 405, "Method Not Allowed", f"{method} {path}")
            allow = [name.strip() for name in answer.headers.get("allow", "").split(",")]
            lab.true("GET" in allow and method not in allow, f"Allow of {path} names GET and not {method}")
    lab.equal(lab.hrms(USERS).content, before, "users after requests with other methods")


@check("HRMS-ERR-02", writes=False, about=("validation-status",))
def odd_requests_get_documented_statuses(lab: Lab) -> None:
    """However odd a request is, its status is a documented one, and nothing fails inside."""
    odd: dict[str, str | None] = {"accept": "text/html", "range": "bytes=0-1", "if-none-match": "*"}
    answers = {"odd headers": lab.hrms(USERS, headers=odd), "a long token": lab.hrms(USERS, token="x" * 4000)}
    for path in (
        f"{USERS}?limit=-1&page=x&%00",
        f"{USERS}/%00",
        f"{USERS}/%2e%2e",
        f"{USERS}/{'9' * 300}",
        f"{USERS}//",
        "/",
    ):
        answers[f"GET {path[:40]}"] = lab.hrms(path)
    for what, answer in answers.items():
        documented = answer.status in _STATUSES or answer.status == int(lab.readings["validation-status"])
        lab.true(documented and answer.status < 500, f"the status of {what} is a documented one, not {answer.status}")
        lab.true("Traceback" not in answer.content.decode("utf-8", "replace"), f"{what} brings up no traceback")


@check("HRMS-ERR-02", writes=False)
def limit_is_429_where_one_is_switched_on(lab: Lab) -> None:
    """Where a limit is switched on, each token has its own, and over it the answer is 429 with Retry-After."""
    other = str(lab.new_hrms_token("users:read")["token"])
    lab.equal("x-ratelimit-limit" in lab.hrms(USERS).headers, False, "whether an HRMS without a limit shows one")
    lab.limit(2, 60, "hrms")
    for remaining in ("1", "0"):
        answer = lab.hrms(USERS, environment="staging", patient=False)
        shown = answer.status, answer.headers.get("x-ratelimit-limit"), answer.headers.get("x-ratelimit-remaining")
        lab.equal(shown, (200, "2", remaining), "status, Limit and Remaining under a limit of 2")
    answer = lab.hrms(USERS, environment="staging", patient=False)
    says(lab, answer, 429, "Too Many Requests", "a request over the limit")
    lab.equal(answer.headers.get("retry-after"), "60", "Retry-After of a request over the limit")
    answer = lab.hrms(USERS, environment="staging", token=other, patient=False)
    lab.equal(answer.status, 200, "status of another token's request")
    lab.advance(60)
    answer = lab.hrms(USERS, environment="staging", patient=False)
    lab.equal(answer.status, 200, "status of a request after the Retry-After")


@check("HRMS-FMT-01", writes=False)
def every_body_is_json(lab: Lab) -> None:
    """Good answers and refusals alike are application/json and hold JSON objects."""
    answers = {
        f"GET {path}": lab.hrms(path, environment=env, token=token) for path, (token, env) in open_paths(lab).items()
    }
    answers |= {
        "no environment": lab.hrms(USERS, headers={"x-environment": None}),
        "no token": lab.hrms(USERS, token=None),
        "an unknown user": lab.hrms(f"{USERS}/{lab.prefix}"),
        "an unknown path": lab.hrms(f"/v1/{lab.prefix}"),
        "another method": lab.hrms(USERS, method="DELETE"),
        "text asked for": lab.hrms(USERS, headers={"accept": "text/plain"}),
    }
    for what, answer in answers.items():
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        lab.equal(kind, "application/json", f"media type of the answer to {what}")
        lab.true(isinstance(answer.body, dict), f"the answer to {what} is an object")


@check("HRMS-FMT-02", writes=False)
def every_path_has_its_version(lab: Lab) -> None:
    """The operations are under /v1; without it, or under another version, there is nothing."""
    for path in SCOPE_OF:
        name = path.rpartition("/")[2]
        for wrong in (f"/{name}", f"/v2/{name}", f"/V1/{name}", f"/v1/v1/{name}"):
            lab.equal(lab.hrms(wrong).status, 404, f"status of GET {wrong}")
    for path, (token, environment) in open_paths(lab).items():
        lab.equal(lab.hrms(path, environment=environment, token=token).status, 200, f"status of GET {path}")
    says(lab, lab.hrms(f"/v1/{lab.prefix}"), 404, "Resource not found", "an unknown path")
