"""The answer to a sync, compared with the expected one: each difference names its claims."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model.state import Claims, Symbol, World
from contracts.model.sync import Answer, Error, Result

# An error or a warning that should not be there belongs to the claim that gives its text.
_CLAIM_OF_TEXT = (
    (r"Email is required for ", "S2E-FIELD-09"),
    (r"Invalid email format", "S2E-FIELD-08"),
    (r"User with email .* in a different organization", "S2E-FIELD-11"),
    (r"User with email .* is linked to employee ", "S2E-FIELD-10"),
    (r"User with email .* already exists", "S2E-ACCT-07"),
    (r"Username ", "S2E-ACCT-10"),
    (r"Cannot assign site_manager role: ", "S2E-SM-02"),
    (r"Cannot assign site_manager role at site level", "S2E-SM-03"),
    (r"site_manager role requires", "S2E-SM-04"),
    (r"Duplicate externalEmployeeId", "S2E-BATCH-14"),
    (r"Invalid status ", "S2E-FIELD-02"),
    (r"Invalid updateMode ", "S2E-FIELD-16"),
    (r"Invalid date format for hireDate", "S2E-FIELD-12"),
    (r"Invalid date format for terminationDate", "S2E-FIELD-13"),
    (r"externalEmployeeId is required", "S2E-FIELD-01"),
    (r"Either groupName or externalGroupId", "S2E-GROUP-02"),
    (r"Site id is required", "S2E-SITE-01"),
    (r"Invalid site id ", "S2E-SITE-02"),
    (r".* must be (a|an) ", "S2E-FIELD-17"),
    (r"Role '", "S2E-ROLE-02"),
    (r"Group '", "S2E-GROUP-03"),
    (r"Site with id '", "S2E-SITE-02"),
)
_REQUEST_ID = re.compile(r"sync-([0-9]+)-[0-9a-z]+")
Differences = Iterator["Difference"]


@dataclass(frozen=True)
class Difference:
    """What was expected and what came; `claims` say why it was expected."""

    claims: Claims
    what: str
    expected: Any
    actual: Any


def claims_of(text: Any) -> Claims:
    """The claims that a message belongs to, none for a text that no source knows."""
    return tuple(claim for pattern, claim in _CLAIM_OF_TEXT if re.match(pattern, str(text)))[:1]


def _once(*claims: str) -> Claims:
    return tuple(dict.fromkeys(claims))


def error_differences(status: int, body: Any, expected: tuple[int, str], claims: Claims) -> Differences:
    """An error of a whole request: status, text, and nothing beside them but a requestId."""
    if status != expected[0]:
        yield Difference(claims, "status", expected[0], status)
    elif not isinstance(body, dict) or body.get("error") != expected[1]:
        yield Difference(claims, "error", expected[1], body)
    elif set(body) != {"error", "requestId"} or not isinstance(body["requestId"], str):
        yield Difference(("S2E-ERR-01",), "members of an error", ["error", "requestId"], sorted(body))


def answer_differences(world: World, expected: Answer, status: int, body: Any) -> Differences:
    """All that is not as expected; ids seen for the first time are remembered in the model."""
    if expected.error is not None:
        yield from error_differences(status, body, (expected.status, expected.error), expected.claims)
        return
    if status != expected.status:
        reasons = {error.claims for error in expected.errors}
        claims = reasons.pop() if len(reasons) == 1 else ()
        yield Difference(_once("S2E-BATCH-04", *claims), "status of a good batch", expected.status, status)
        return
    if not _has_lists(body):
        yield Difference(("S2E-BATCH-06",), "results and errors, two lists of objects", {}, body)
        return
    yield from _envelope(expected, body)
    yield from _partition(expected, body)
    yield from _errors(expected.errors, body["errors"])
    for result, came in zip(expected.results, body["results"], strict=False):
        if came.get("externalEmployeeId") == result.external_id:
            yield from _result(world, result, came)


def _has_lists(body: Any) -> bool:
    return isinstance(body, dict) and all(
        isinstance(body.get(name), list) and all(isinstance(entry, dict) for entry in body[name])
        for name in ("results", "errors")
    )


def _envelope(expected: Answer, body: Mapping[str, Any]) -> Differences:
    if body.get("syncBatchId", ...) != (... if expected.batch_id is None else expected.batch_id):
        yield Difference(("S2E-BATCH-07",), "syncBatchId", expected.batch_id, body.get("syncBatchId"))
    made = _REQUEST_ID.fullmatch(str(body.get("requestId")))
    if made is None or (expected.at is not None and int(made[1]) != expected.at):
        wanted = f"sync-{expected.at or '<milliseconds>'}-<letters and digits>"
        yield Difference(("S2E-BATCH-06",), "requestId", wanted, body.get("requestId"))


def _partition(expected: Answer, body: Mapping[str, Any]) -> Differences:
    """Every record in one of the two lists, in order."""
    wanted = [result.external_id for result in expected.results]
    came = [entry.get("externalEmployeeId") for entry in body["results"]]
    refused = {error.entry.get("externalEmployeeId"): error for error in expected.errors}
    if wanted == came:
        return
    messages = {entry.get("externalEmployeeId"): entry.get("message") for entry in body["errors"]}
    claims: list[str] = []
    for name in Counter(wanted) - Counter(map(str, came)):
        claims += claims_of(messages.get(name))
    for name in Counter(map(str, came)) - Counter(wanted):
        claims += refused[name].claims if name in refused else ()
    yield Difference(_once(*claims) or ("S2E-BATCH-10",), "records in results", wanted, came)


def _errors(expected: tuple[Error, ...], came: list[Any]) -> Differences:
    if [error.entry for error in expected] == came:
        return
    wrong = [error for error in expected if error.entry not in came]
    texts = {str(entry.get("message")) for entry in came}
    claims: list[str] = []
    for error in wrong:
        # The right text with another id is an entry that is wrong, not a rule.
        claims += ("S2E-BATCH-09",) if error.entry["message"] in texts else error.claims
    for entry in came:
        if not wrong and not any(error.entry == entry for error in expected):
            claims += claims_of(entry.get("message"))
    named = _once(*claims) or ("S2E-BATCH-10",)
    yield Difference(named, "errors", [dict(error.entry) for error in expected], came)


def _result(world: World, expected: Result, came: Mapping[str, Any]) -> Differences:
    who = expected.external_id
    if came.get("status") != expected.status:
        yield Difference(expected.claims, f"status of {who}", expected.status, came.get("status"))
    yield from _id(world, expected.employee_id, came.get("employeeId"), f"employeeId of {who}", "S2E-BATCH-13")
    if expected.user_id is not None:
        why = "S2E-ACCT-01" if came.get("userId") is None else "S2E-BATCH-13"
        yield from _id(world, expected.user_id, came.get("userId"), f"userId of {who}", why)
    else:
        wanted = None if world.readings["user-id-without-account"] == "null" else ...
        if came.get("userId", ...) is not wanted:
            why = "S2E-BATCH-08" if came.get("userId") is None else "S2E-ACCT-08"
            shown = "null" if wanted is None else "absent"
            yield Difference((why,), f"userId of {who}, who has no account", shown, came.get("userId", "absent"))
    yield from _warnings(expected, came.get("warnings"))


def _warnings(expected: Result, came: Any) -> Differences:
    wanted = [text for text, _ in expected.warnings]
    if came == wanted:
        return
    claims: list[str] = []
    shown = came if isinstance(came, list) else []
    for text, why in expected.warnings:
        claims += why if text not in shown else ()
    for text in shown:
        claims += claims_of(text) if text not in wanted else ()
    named = _once(*claims) or ("S2E-BATCH-08",)
    yield Difference(named, f"warnings of {expected.external_id}", wanted, came)


def _id(world: World, symbol: Symbol, came: Any, what: str, claim: str) -> Differences:
    """An id as it was first shown; a new one must look like one and be nobody else's."""
    if symbol.value is not None:
        if came != symbol.value:
            yield Difference((claim,), what, symbol.value, came)
    elif not isinstance(came, str) or not came.startswith(symbol.prefix):
        yield Difference((claim,), what, f"{symbol.prefix}…", came)
    elif came in world.known_ids():
        yield Difference((claim,), what, "an id that nobody else has", came)
    else:
        symbol.value = came
