"""Scan2Evolve's rate limit: what counts, what the headers say, and when the next request is let in."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from functools import partial
from math import ceil
from typing import Any

from contracts.checks import NotObservable, check
from contracts.claims.tokens import SYNC, TOKEN, grant_of
from contracts.lab import Answer, Lab

_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
_WINDOW = 60


def _read(lab: Lab, authorization: str | None = "", org: int = 0) -> Answer:
    """A request that changes nothing, answered 400 where it is let in."""
    return lab.scan2evolve("POST", SYNC, {}, authorization=authorization, org=org, patient=False)


def _sync(lab: Lab, *records: Any, authorization: str | None = "") -> Answer:
    return lab.scan2evolve("POST", SYNC, {"employees": list(records)}, authorization=authorization, patient=False)


def _ask(lab: Lab, **fields: Any) -> Answer:
    """A token request; a 429 is not waited out."""
    return lab.scan2evolve("POST", TOKEN, grant_of(lab, **fields), authorization=None, patient=False)


def _shown(lab: Lab, answer: Answer, what: str) -> tuple[int, int, int]:
    """Limit, Remaining and Reset of an answer that must carry them as whole numbers."""
    values = [answer.headers.get(name, "") for name in _HEADERS]
    for name, value in zip(_HEADERS, values, strict=True):
        lab.true(value.isascii() and value.isdigit(), f"{name} of {what} is a whole number, not {value!r}")
    limit, remaining, reset = map(int, values)
    lab.true(0 <= remaining <= limit, f"Remaining of {what} is between 0 and the limit of {limit}, not {remaining}")
    return limit, remaining, reset


def _with_limit(lab: Lab, limit: int) -> None:
    """Bring a limit about; without a control plane, NotObservable where the target shows no limit."""
    if lab.controlled:
        lab.limit(limit, _WINDOW)
    elif not any(name in _read(lab).headers for name in _HEADERS):
        raise NotObservable("the answers carry no rate-limit headers: no limit seems to be in force")


def _seconds(lab: Lab) -> float:
    return lab.now_ms() / 1000


def _over(lab: Lab, answer: Answer, what: str) -> int:
    """Broken unless this is a 429 as documented; its Retry-After."""
    lab.equal(answer.status, 429, f"status of {what}")
    lab.equal(answer.body.get("error"), "Rate limit exceeded", f"error of {what}")
    lab.equal(set(answer.body), {"error", "requestId"}, f"keys of the answer to {what}")
    lab.equal(_shown(lab, answer, what)[1], 0, f"Remaining of {what}")
    wait = answer.headers.get("retry-after", "")
    lab.true(wait.isascii() and wait.isdigit() and int(wait) >= 1, f"Retry-After of {what} is whole seconds, 1 or more")
    return int(wait)


# -- over the limit ------------------------------------------------------------------------------------


@check("S2E-RATE-01", "S2E-RATE-02", writes=True)
def over_the_limit_nothing_is_processed(lab: Lab) -> None:
    """As many requests as the limit go through; the next ones get 429 and are not processed."""
    lab.limit(3, _WINDOW)
    for number in (1, 2, 3):
        lab.equal(_sync(lab, lab.person()).status, 200, f"status of request {number} under a limit of 3")
    before = lab.employees(), lab.outbox()
    person = lab.person(userAccount={"sendWelcomeEmail": True})
    _over(lab, _sync(lab, person), "a sync over the limit")
    _over(lab, _read(lab), "a bad envelope over the limit")
    broken = lab.scan2evolve("POST", SYNC, content=b"{", patient=False)
    _over(lab, broken, "broken JSON over the limit")
    _over(lab, lab.scan2evolve("GET", "/api/v1/users", patient=False), "reading users over the limit")
    lab.equal((lab.employees(), lab.outbox()), before, "state after requests over the limit")


@check("S2E-RATE-01", "S2E-RATE-05", writes=False)
def pair_and_tokens_share_the_limit(lab: Lab) -> None:
    """Bearer, Basic and token requests of an organization count together."""
    token = lab.token()
    lab.limit(4, _WINDOW)
    remaining = [
        _shown(lab, _read(lab), "a request by Basic")[1],
        _shown(lab, _read(lab, f"Bearer {token}"), "a request by Bearer")[1],
        _shown(lab, _ask(lab), "a token request")[1],
        _shown(lab, _ask(lab, client_secret="wrong"), "a refused token request")[1],  # noqa: S106
    ]
    lab.equal(remaining, [3, 2, 1, 0], "Remaining after requests in all ways")
    _over(lab, _read(lab), "Basic over the limit")
    _over(lab, _read(lab, f"Bearer {token}"), "Bearer over the limit")
    _over(lab, _ask(lab), "a token request over the limit")


@check("S2E-RATE-02", "S2E-RATE-03", writes=True)
def retry_after_is_honest(lab: Lab) -> None:
    """Whenever a 429 comes, waiting as long as its Retry-After says lets the same request in."""
    for into in (0, 0.001, 0.999, 17.25, _WINDOW - 1, _WINDOW - 0.001):
        lab.limit(1000, _WINDOW)
        lab.limit(1, _WINDOW)
        lab.equal(_read(lab).status, 400, "status of the only request under a limit of 1")
        lab.advance(into)
        person = lab.person()
        wait = _over(lab, _sync(lab, person), f"a request {into} s into a full window")
        left = _WINDOW - into
        lab.true(wait <= max(1, ceil(left)), f"Retry-After is no more than the {left} s left, rounded up, not {wait}")
        lab.advance(wait)
        answer = _sync(lab, person)
        lab.equal(answer.status, 200, f"status of the same request after the Retry-After of {wait} s")
        lab.equal(answer.body["results"][0]["status"], "CREATED", "status of the record that was refused at first")


@check("S2E-RATE-01", "S2E-RATE-03", writes=False)
def window_lasts_until_its_end(lab: Lab) -> None:
    """Before the window ends, nobody is let in; when it has ended, the whole limit is there again."""
    lab.limit(2, _WINDOW)
    for _ in range(2):
        lab.equal(_read(lab).status, 400, "status of a request under the limit")
    lab.advance(_WINDOW - 1)
    _over(lab, _read(lab), "a request a second before the window ends")
    lab.advance(1)
    for remaining in (1, 0):
        answer = _read(lab)
        lab.equal(answer.status, 400, "status of a request in the next window")
        lab.equal(_shown(lab, answer, "the next window")[1], remaining, "Remaining in the next window")
    _over(lab, _read(lab), "a request over the next window's limit")


@check("S2E-RATE-07", writes=False)
def refused_requests_do_not_count(lab: Lab) -> None:
    """A 429 neither counts nor moves the window's end."""
    lab.limit(1, _WINDOW)
    reset = _shown(lab, _read(lab), "the only request under a limit of 1")[2]
    for _ in range(5):
        lab.advance(10)
        answer = _read(lab)
        _over(lab, answer, "a request over the limit")
        lab.equal(_shown(lab, answer, "a 429")[2], reset, "Reset of a 429")
    lab.advance(10)
    answer = _read(lab)
    lab.equal(answer.status, 400, "status of the first request after the window, 429s or not")
    lab.equal(_shown(lab, answer, "the next window")[2], reset + _WINDOW, "Reset of the next window")


# -- the headers ---------------------------------------------------------------------------------------


def _answers(lab: Lab) -> dict[str, Answer]:
    """Answers of every documented kind but 429."""
    users = lab.users()
    send = partial(lab.scan2evolve, patient=False)
    answers = {
        "a sync": send("POST", SYNC, {"employees": [{}]}),
        "a token request": _ask(lab),
        "the list of users": send("GET", "/api/v1/users"),
    }
    for user in users[:1]:
        answers["one user"] = send("GET", f"/api/v1/users/{user['id']}")
    return answers


def _refusals(lab: Lab) -> dict[str, tuple[int, Answer]]:
    send = partial(lab.scan2evolve, patient=False)
    return {
        "an envelope without employees": (400, send("POST", SYNC, {})),
        "broken JSON": (400, send("POST", SYNC, content=b"{")),
        "another media type": (400, send("POST", SYNC, content=b"{}", headers={"content-type": "text/plain"})),
        "no grant_type": (400, _ask(lab, grant_type=...)),
        "a wrong pair": (401, _ask(lab, client_secret="wrong")),  # noqa: S106
        "no credentials": (401, send("POST", SYNC, {}, authorization=None)),
        "an unknown user": (404, send("GET", f"/api/v1/users/{lab.prefix}")),
        "an unknown path": (404, send("GET", f"/api/v1/{lab.prefix}")),
        "another method": (405, send("DELETE", SYNC)),
    }


@check("S2E-RATE-04", writes=False)
def every_answer_shows_the_limit(lab: Lab) -> None:
    """Every operation's good answer carries Limit, Remaining and Reset."""
    _with_limit(lab, 100)
    limits = {_shown(lab, answer, what)[0] for what, answer in _answers(lab).items()}
    if lab.controlled:
        lab.equal(limits, {100}, "X-RateLimit-Limit under a limit of 100")
        lab.limit(7, _WINDOW)
        lab.equal(_shown(lab, _read(lab), "a request under a limit of 7")[0], 7, "X-RateLimit-Limit")


@check("S2E-RATE-07", "S2E-RATE-04", writes=False)
def refusals_show_the_limit_too(lab: Lab) -> None:
    """Answers 400, 401, 404 and 405 carry the three headers as well."""
    _with_limit(lab, 100)
    for what, (status, answer) in _refusals(lab).items():
        lab.equal(answer.status, status, f"status of {what}")
        _shown(lab, answer, what)


@check("S2E-RATE-05", writes=False)
def remaining_counts_down(lab: Lab) -> None:
    """Within a window each request takes one off Remaining, and Reset stays: a moment still to come."""
    _with_limit(lab, 30)
    answers = [_read(lab), _read(lab)]
    first, second = (_shown(lab, answer, "a request") for answer in answers)
    if first[2] == second[2]:
        lab.true(second[1] < first[1] or first[1] == 0, f"Remaining falls from {first[1]}, not to {second[1]}")
    date = answers[0].headers.get("date")
    if date is not None:
        lab.true(first[2] >= parsedate_to_datetime(date).timestamp(), "Reset is not before the answer's own Date")
    if lab.controlled:
        lab.equal((first[1], second[1]), (29, 28), "Remaining of the first two requests under a limit of 30")


@check("S2E-RATE-05", writes=False)
def each_request_takes_one(lab: Lab) -> None:
    """Good or refused, each request of an organization takes exactly one off Remaining."""
    lab.limit(10, _WINDOW)
    send = partial(lab.scan2evolve, patient=False)
    kinds: list[Callable[[], Answer]] = [
        lambda: send("GET", "/api/v1/users"),
        lambda: send("POST", SYNC, {"employees": [{}]}),
        lambda: send("POST", SYNC, {"employees": [{}, {}, {}]}),
        lambda: send("POST", SYNC, {}),
        lambda: send("GET", f"/api/v1/users/{lab.prefix}"),
        lambda: send("GET", f"/api/v1/{lab.prefix}"),
        lambda: send("PUT", SYNC),
        lambda: _ask(lab),
    ]
    seen = [_shown(lab, kind(), "a request")[1] for kind in kinds]
    lab.equal(seen, list(range(9, 9 - len(kinds), -1)), "Remaining after requests of all kinds")


@check("S2E-RATE-05", writes=False)
def reset_is_the_end_of_the_window(lab: Lab) -> None:
    """Reset is the end of the window that the first request opened, in Unix seconds rounded up, and does not drift."""
    lab.limit(50, _WINDOW)
    lab.advance(0.25)
    start = _seconds(lab)
    for seconds in (0, 1, 29.5, 29.4):
        lab.advance(seconds)
        lab.equal(_shown(lab, _read(lab), "a request")[2], ceil(start + _WINDOW), f"Reset {seconds} s later")
    lab.advance(500.5)
    start = _seconds(lab)
    for seconds in (0, 59):
        lab.advance(seconds)
        lab.equal(_shown(lab, _read(lab), "a request")[2], ceil(start + _WINDOW), "Reset of a window opened later")


# -- for whom it counts --------------------------------------------------------------------------------


@check("S2E-RATE-06", writes=False)
def organizations_have_limits_of_their_own(lab: Lab) -> None:
    """One organization over its limit takes nothing off another's."""
    lab.limit(3, _WINDOW)
    other = lab.token(1)
    for _ in range(3):
        _read(lab)
    _over(lab, _read(lab), "the first organization over its limit")
    for remaining in (1, 0):
        answer = _read(lab, f"Bearer {other}")
        lab.equal(answer.status, 400, "status of the second organization's request")
        lab.equal(_shown(lab, answer, "the second organization")[1], remaining, "Remaining of the second organization")


@check("S2E-RATE-06", writes=False)
def strangers_use_up_nobodys_limit(lab: Lab) -> None:
    """Requests without valid credentials take nothing off an organization's limit, and get 401 over theirs."""
    lab.limit(3, _WINDOW)
    wrong = "Bearer se_" + "0" * 64
    for _ in range(5):
        for authorization in (None, wrong):
            answer = lab.scan2evolve("POST", SYNC, {}, authorization=authorization, patient=False)
            lab.equal(answer.status, 401, "status without credentials, limit or not")
    answer = _read(lab)
    lab.equal(answer.status, 400, "status of an organization's request after strangers' requests")
    lab.equal(_shown(lab, answer, "an organization's first request")[1], 2, "Remaining of an organization's first")


@check("S2E-RATE-07", writes=False)
def unknown_paths_and_methods_never_become_429(lab: Lab) -> None:
    """404 for a path and 405 for a method stay what they are over the limit, headers and all."""
    lab.limit(1, _WINDOW)
    lab.equal(_read(lab).status, 400, "status of the only request under a limit of 1")
    for status, method, path in ((404, "GET", f"/api/v1/{lab.prefix}"), (405, "DELETE", SYNC)):
        answer = lab.scan2evolve(method, path, patient=False)
        lab.equal(answer.status, status, f"status of {method} {path} over the limit")
        lab.equal(_shown(lab, answer, f"{method} {path}")[1], 0, f"Remaining of {method} {path} over the limit")
        lab.true("retry-after" not in answer.headers, f"{method} {path} over the limit tells nobody to wait")


@check("S2E-RATE-07", writes=False)
def large_bodies_meet_the_limit_first_and_their_type_last(lab: Lab) -> None:
    """More than 10 MiB is a 413 whatever its type, and over the limit a 429 all the same."""
    lab.limit(1, _WINDOW)
    large, headers = b" " * (10 * 1024 * 1024 + 1), {"content-type": "text/plain"}
    send = partial(lab.scan2evolve, "POST", SYNC, content=large, headers=headers, patient=False)
    lab.equal(send().status, 413, "status of a body of more than 10 MiB that is no JSON")
    _over(lab, send(), "the same over the limit")
