"""Deviations of Scan2Evolve's users, and of the shape of its refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.deviations.deviation import Sent, wire

if TYPE_CHECKING:
    from sandbox.calls import Call


def _is(call: Call, operation: str) -> bool:
    return call.operation is not None and call.operation.id == operation and call.path.startswith(b"/scan2evolve/")


def _everybodys(call: Call, sent: Sent) -> None:
    places = call.world.organizations.values()
    if _is(call, "listUsers") and sent.status == 200 and not call.query:
        sent.answer([place.user_view(user) for place in places for user in place.users.values()])
    elif _is(call, "getUser") and sent.status == 404:
        for place in places:
            if call.path_value() in place.users:
                sent.answer(place.user_view(place.users[call.path_value()]), 200)


def _all_whatever_is_active(call: Call, sent: Sent) -> None:
    if _is(call, "listUsers") and sent.status == 200 and "isActive" in call.query and "role" not in call.query:
        sent.answer([call.principal.user_view(user) for user in call.principal.users.values()])


def _null_for_nobody(call: Call, sent: Sent) -> None:
    if _is(call, "getUser") and sent.status == 404:
        sent.answer(None, 200)


def _without_sites(call: Call, sent: Sent) -> None:
    if _is(call, "getUser") and sent.status == 200:
        sent.answer({**(sent.json() or {}), "sites": []})


def _path_without_request_id(call: Call, sent: Sent) -> None:
    if call.operation is None and sent.status == 404 and call.path.startswith(b"/scan2evolve"):
        sent.answer({"error": "Not found"})


def _unsupported(call: Call, sent: Sent) -> None:
    if _is(call, "syncEmployees") and sent.status == 400 and b"Content-Type must be" in sent.body:
        sent.status = 415


DEVIATIONS = (
    wire(
        "users-of-all-organizations",
        "GET /api/v1/users shows the users of every organization, and GET /api/v1/users/{id} finds them.",
        "S2E-AUTH-16",
        "users of other organizations",
        _everybodys,
    ),
    wire(
        "is-active-filter-ignored",
        "GET /api/v1/users answers all users, whatever isActive asks for.",
        "S2E-USER-01",
        "users filtered by isActive",
        _all_whatever_is_active,
    ),
    wire(
        "unknown-user-is-null",
        "GET /api/v1/users/{id} answers 200 and null for a user who is not there.",
        "S2E-USER-02",
        "answer about an unknown user",
        _null_for_nobody,
    ),
    wire(
        "user-by-id-without-sites",
        "GET /api/v1/users/{id} never shows sites.",
        "S2E-USER-02",
        "sites of one user",
        _without_sites,
    ),
    wire(
        "unknown-path-without-request-id",
        "The 404 for an unknown path has no requestId.",
        "S2E-ERR-01",
        "404 of an unknown path",
        _path_without_request_id,
    ),
    wire(
        "wrong-media-type-is-415",
        "A batch in another media type is answered 415, which no page mentions.",
        "S2E-ERR-02",
        "status of a wrong media type",
        _unsupported,
    ),
)
