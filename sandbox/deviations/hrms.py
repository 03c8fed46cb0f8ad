"""Deviations of the HRMS: its tokens and environments, its lists, one user, and its refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.deviations.deviation import Sent, policy, wire
from sandbox.hrms.access import Access, Lack
from sandbox.hrms.directory import Directory
from sandbox.hrms.tokens import ApplicationToken, Environment

if TYPE_CHECKING:
    from sandbox.calls import Call

_YEAR_MS = 365 * 86_400_000
_PAGE = 100

# -- policies ----------------------------------------------------------------------------------------------


class _ScopesUnchecked(Access):
    def lack(self, token: ApplicationToken, environment: str | None, scopes: frozenset[str]) -> Lack | None:
        """Every token may read everything of its environment."""
        lack = super().lack(token, environment, scopes)
        return None if lack == "scope" else lack


class _PositionsOfUsers(Access):
    def lack(self, token: ApplicationToken, environment: str | None, scopes: frozenset[str]) -> Lack | None:
        """Positions belong to users, and so does their scope."""
        return super().lack(token, environment, frozenset(s.replace("positions", "users") for s in scopes))


class _EnvironmentIgnored(Access):
    environment_counts = False

    def lack(self, token: ApplicationToken, environment: str | None, scopes: frozenset[str]) -> Lack | None:
        """Whatever the header says, it is the token's environment that is shown."""
        return super().lack(token, token.environment, scopes)


class _OneDirectory(Access):
    def directory(self, directories: Mapping[Environment, Directory], token: ApplicationToken) -> Directory:
        """The data of staging, for everybody."""
        return directories["staging"]


class _TextKept(Access):
    def kept(self, token: ApplicationToken, text: str) -> ApplicationToken:
        """A new token that is described by its text."""
        return msgspec.structs.replace(super().kept(token, text), description=text)


class _NotRevoked(Access):
    def revoke(self, tokens: dict[str, ApplicationToken], token: ApplicationToken) -> None:
        """Leave the token alone."""


# -- on the wire -------------------------------------------------------------------------------------------


def _is(call: Call, *operations: str) -> bool:
    return call.operation is not None and call.operation.id in operations and _here(call)


def _here(call: Call) -> bool:
    return call.path.startswith(b"/hrms/")


def _old_token_unknown(call: Call, sent: Sent) -> None:
    if _here(call) and call.principal is not None and call.now >= call.principal.created_at + _YEAR_MS:
        sent.answer({"message": "Unauthenticated"}, 401)


def _unauthorized(call: Call, sent: Sent) -> None:
    if _here(call) and sent.status == 401:
        sent.answer({"message": "Unauthorized"})


def _first_hundred(call: Call, sent: Sent) -> None:
    if _is(call, "listUsers", "listDepartments", "listPositions") and sent.status == 200:
        sent.answer({"data": sent.json()["data"][:_PAGE]})


def _without_null(call: Call, sent: Sent) -> None:
    if _is(call, "listUsers") and sent.status == 200:
        rows = sent.json()["data"]
        for row in rows:
            row["attributes"] = {key: value for key, value in row["attributes"].items() if value is not None}
        sent.answer({"data": rows})


def _nobody_inactive(call: Call, sent: Sent) -> None:
    if _is(call, "getUser") and sent.status == 200 and sent.json()["data"]["attributes"]["status"] == "inactive":
        sent.answer({"message": "Resource not found"}, 404)


def _preferred_name(call: Call, sent: Sent) -> None:
    if _is(call, "getUser") and sent.status == 200:
        payload = sent.json()
        attributes = payload["data"]["attributes"]
        attributes["name"] = attributes["preferred_name"] or attributes["name"]
        sent.answer(payload)


def _one_place(call: Call, sent: Sent) -> None:
    if not _is(call, "getUser") or sent.status != 200:
        return
    payload: dict[str, Any] = sent.json()
    data = payload["data"]
    if "included" in payload:
        places = data["relationships"]["work_locations"]
        gone = {place["id"] for place in places["data"][1:]}
        places["data"] = places["data"][:1]
        payload["included"] = [
            row for row in payload["included"] if row["type"] != "work_location" or row["id"] not in gone
        ]
    else:
        data["attributes"]["work_locations"] = data["attributes"]["work_locations"][:1]
    sent.answer(payload)


def _user_not_found(call: Call, sent: Sent) -> None:
    if _is(call, "getUser") and sent.status == 404:
        sent.answer({"message": "User not found"})


def _texts_for_lists(call: Call, sent: Sent) -> None:
    payload = sent.json() if _here(call) and sent.status in (400, 422) else {}
    if "errors" in payload:
        sent.answer(payload | {"errors": {key: texts[0] for key, texts in payload["errors"].items()}})


def _method_not_found(call: Call, sent: Sent) -> None:
    if _here(call) and sent.status == 405:
        sent.answer({"message": "Resource not found"}, 404)


def _plain_refusals(call: Call, sent: Sent) -> None:
    if _here(call) and sent.status == 404:
        sent.set_header(b"content-type", b"text/plain; charset=utf-8")


def _old_paths(call: Call, sent: Sent) -> None:
    parts = call.path.split(b"/")
    if call.operation is None and sent.status == 404 and parts[:3] == [b"", b"hrms", b"api"] and len(parts) == 4:
        sent.answer({"data": []}, 200)


def _charset_refused(call: Call, sent: Sent) -> None:
    kind = call.header(b"content-type") or ""
    if _here(call) and sent.status == 200 and kind.lower().startswith("application/json;"):
        errors = {"Content-Type": ["The selected Content-Type is invalid."]}
        status = int(call.world.readings.validation_status)
        sent.answer({"message": "Validation failed", "errors": errors}, status)


DEVIATIONS = (
    wire(
        "application-tokens-expire",
        "An application token is answered 401 once it is a year old.",
        "HRMS-AUTH-01",
        "any answer to an old HRMS token",
        _old_token_unknown,
    ),
    wire(
        "unauthenticated-reworded",
        "The message of a 401 is Unauthorized, not Unauthenticated.",
        "HRMS-AUTH-02",
        "message of an HRMS 401",
        _unauthorized,
    ),
    policy(
        "scopes-not-checked",
        "An application token of any scope reads users, departments and positions.",
        "HRMS-AUTH-03 HRMS-AUTH-04",
        _ScopesUnchecked,
    ),
    policy(
        "positions-under-users-scope",
        "Positions are opened by users:read, and positions:read opens nothing.",
        "HRMS-AUTH-04",
        _PositionsOfUsers,
    ),
    policy(
        "token-text-in-description",
        "The text of a new application token is kept as its description and shown in every list.",
        "HRMS-AUTH-05",
        _TextKept,
    ),
    policy("revoked-token-works", "A revoked application token goes on working.", "HRMS-AUTH-06", _NotRevoked),
    policy(
        "environment-ignored",
        "X-Environment is not looked at: it may be missing, unknown, or another than the token's.",
        "HRMS-ENV-01 HRMS-ENV-02 HRMS-ENV-03",
        _EnvironmentIgnored,
    ),
    policy(
        "environments-share-data",
        "A token of uat is shown the people of staging.",
        "HRMS-ENV-04",
        _OneDirectory,
    ),
    wire(
        "lists-cut-at-100",
        "A list holds its first 100 items and does not say that there are more.",
        "HRMS-USER-01 HRMS-DEPT-01 HRMS-POS-01",
        "length of HRMS lists",
        _first_hundred,
    ),
    wire(
        "null-attributes-left-out",
        "A user of the list has no preferred_name or phone where there is none, instead of null.",
        "HRMS-USER-02",
        "attributes of listed HRMS users",
        _without_null,
    ),
    wire(
        "inactive-user-not-found",
        "A user who is inactive is listed, but 404 by id.",
        "HRMS-USER-03",
        "detail of an inactive HRMS user",
        _nobody_inactive,
    ),
    wire(
        "work-locations-cut-to-one",
        "User detail shows one work location, however many there are.",
        "HRMS-USER-04",
        "work locations of an HRMS user",
        _one_place,
    ),
    wire(
        "unknown-user-reworded",
        "The message for an unknown userId is User not found.",
        "HRMS-USER-05",
        "message about an unknown HRMS user",
        _user_not_found,
    ),
    wire(
        "detail-shows-preferred-name",
        "User detail shows the preferred name as the name, unlike the list.",
        "HRMS-USER-06",
        "name of an HRMS user by id",
        _preferred_name,
    ),
    wire(
        "validation-errors-as-texts",
        "The errors of a validation fault are texts, not lists of texts.",
        "HRMS-ERR-01",
        "errors of an HRMS validation fault",
        _texts_for_lists,
    ),
    wire(
        "other-methods-are-404",
        "A method that a path has not is answered 404.",
        "HRMS-ERR-02",
        "status of another HRMS method",
        _method_not_found,
    ),
    wire(
        "not-found-as-plain-text",
        "A 404 is sent as text/plain.",
        "HRMS-FMT-01",
        "media type of an HRMS 404",
        _plain_refusals,
    ),
    wire(
        "paths-without-version",
        "Paths without /v1 answer 200 and an empty list.",
        "HRMS-FMT-02",
        "HRMS paths without version",
        _old_paths,
    ),
    wire(
        "content-type-charset-refused",
        "Content-Type: application/json with a charset is refused as invalid.",
        "HRMS-FMT-03",
        "answer to a Content-Type with a charset",
        _charset_refused,
    ),
)
