"""Scan2Evolve's refusals of whole requests: their shape, and the statuses there are."""

from __future__ import annotations

import json
import re

from contracts.checks import check
from contracts.claims.tokens import SYNC, TOKEN
from contracts.lab import Answer, Lab

# Every status that the vendor documents, and the two that HTTP itself brings.
_STATUSES = {200, 400, 401, 403, 404, 405, 413, 429, 500}
_REQUEST_ID = re.compile(r"sync-(\d{13})-[0-9a-z]{6}")
_USERS = "/api/v1/users"


def _refusals(lab: Lab) -> dict[str, tuple[int, str, Answer]]:
    """What is asked -> the status and error it must get, and the answer."""
    send = lab.scan2evolve
    text = {"content-type": "text/plain"}
    return {
        "broken JSON": (400, "Invalid JSON", send("POST", SYNC, content=b'{"employees": [')),
        "no employees": (400, "employees array is required", send("POST", SYNC, {})),
        "text": (400, "Content-Type must be application/json", send("POST", SYNC, content=b"{}", headers=text)),
        "no credentials": (401, "Unauthorized", send("POST", SYNC, {}, authorization=None)),
        "an unknown path": (404, "Not found", send("GET", f"/api/v1/{lab.prefix}")),
        "an unknown path for nobody": (404, "Not found", send("GET", f"/api/v1/{lab.prefix}", authorization=None)),
        "another method": (405, "Method not allowed", send("GET", SYNC)),
    }


@check("S2E-ERR-01", writes=False)
def refusals_have_one_shape(lab: Lab) -> None:
    """A refused request is answered {error, requestId} as JSON, with the text for its fault."""
    for what, (status, error, answer) in _refusals(lab).items():
        lab.equal(answer.status, status, f"status of {what}")
        lab.equal(answer.body.get("error"), error, f"error of {what}")
        lab.equal(set(answer.body), {"error", "requestId"}, f"keys of the answer to {what}")
        kind = answer.headers.get("content-type", "")
        lab.equal(kind.partition(";")[0].strip().lower(), "application/json", f"media type of the answer to {what}")


@check("S2E-ERR-01", writes=False)
def refusals_have_new_request_ids(lab: Lab) -> None:
    """The requestId of a refusal is sync-<milliseconds>-<letters and digits>, and each is a new one."""
    seen = []
    if lab.controlled:
        lab.advance(1.789)
    for what, (_, _, answer) in [*_refusals(lab).items(), *_refusals(lab).items()]:
        request_id = answer.body["requestId"]
        match = _REQUEST_ID.fullmatch(request_id) if isinstance(request_id, str) else None
        lab.true(match is not None, f"the requestId of {what} has the documented form, not {request_id!r}")
        seen.append(request_id)
        if lab.controlled and match is not None:
            lab.equal(int(match[1]), lab.now_ms(), f"time in the requestId of {what}")
    lab.equal(len(set(seen)), len(seen), "number of different requestIds")


@check("S2E-ERR-01", "S2E-ERR-02", writes=False)
def unknown_user_is_refused_alike(lab: Lab) -> None:
    """A user who is not there, and a filter that makes no sense, are refused in the same shape."""
    lab.users()
    cases = ((404, f"{_USERS}/{lab.prefix}"), (400, f"{_USERS}?isActive=maybe"))
    for status, path in cases:
        answer = lab.scan2evolve("GET", path)
        lab.equal(answer.status, status, f"status of GET {path}")
        lab.equal(set(answer.body), {"error", "requestId"}, f"keys of the answer to GET {path}")


@check("S2E-ERR-02", writes=False)
def other_methods_are_405(lab: Lab) -> None:
    """A path under another method is 405, with the methods that it knows in Allow."""
    known = {SYNC: "POST", TOKEN: "POST", _USERS: "GET"}
    lab.users()
    for path, allowed in known.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {allowed}:
            answer = lab.scan2evolve(method, path)
            lab.equal(answer.status, 405, f"status of {method} {path}")
            allow = {name.strip() for name in answer.headers.get("allow", "").split(",")}
            lab.true(allowed in allow and method not in allow, f"Allow of {path} names {allowed} and not {method}")


@check("S2E-ERR-02", writes=False)
def unknown_paths_are_404(lab: Lab) -> None:
    """What no operation answers is 404, however near to one it is."""
    for path in ("/api/v1", "/api/v2/users", "/api/v1/sync", f"{SYNC}/{lab.prefix}", f"{_USERS}/a/b", "/v1/users"):
        lab.equal(lab.scan2evolve("GET", path).status, 404, f"status of GET {path}")


@check("S2E-ERR-02", writes=False)
def wrong_media_type_is_400(lab: Lab) -> None:
    """A batch in another media type than JSON is a 400, never a 415."""
    body = json.dumps({"employees": [{}]}).encode()
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "json"):
        answer = lab.scan2evolve("POST", SYNC, content=body, headers={"content-type": kind})
        lab.equal(answer.status, 400, f"status of a batch sent as {kind}")
    answer = lab.scan2evolve("POST", SYNC, content=body, headers={"content-type": "application/json; charset=utf-8"})
    lab.equal(answer.status, 200, "status of a batch sent as JSON with a charset")


@check("S2E-ERR-02", writes=False)
def odd_requests_get_documented_statuses(lab: Lab) -> None:
    """However odd a request is, its status is a documented one, and nothing fails inside."""
    odd = {"accept": "text/html", "range": "bytes=0-1", "if-none-match": "*", "if-modified-since": "yesterday"}
    deep = b'{"employees": ' + b"[" * 2000 + b"]" * 2000 + b"}"
    bodies = (b"", b"\xff\xfe", b"null", b"[]", b"1", b'"x"', deep, b'{"employees": [1e999]}', b'{"employees": {}}')
    answers = {f"a body of {body[:20]!r}": lab.scan2evolve("POST", SYNC, content=body) for body in bodies}
    answers |= {f"a grant of {body[:20]!r}": lab.scan2evolve("POST", TOKEN, content=body) for body in bodies}
    answers["odd headers"] = lab.scan2evolve("GET", _USERS, headers=odd)
    for path in (f"{_USERS}?role=%00&isActive", f"{_USERS}/%2e%2e", f"{_USERS}/%00", f"{_USERS}?role=a&role=b", "/"):
        answers[f"GET {path}"] = lab.scan2evolve("GET", path)
    for what, answer in answers.items():
        lab.true(answer.status in _STATUSES, f"the status of {what} is a documented one, not {answer.status}")
        lab.true(answer.status < 500, f"nothing fails inside over {what}, unlike with status {answer.status}")
        text = answer.content.decode("utf-8", "replace")
        lab.true("Traceback" not in text, f"the answer to {what} shows no traceback")
