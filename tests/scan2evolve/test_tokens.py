"""Credentials and access tokens: the grant in all its forms, lifetimes, revocation, isolation."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.client import WorldClient

DAY = 86_400
REQUEST_ID = re.compile(r"sync-1731925800000-[a-z0-9]{6}")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def grant(world: WorldClient, fields: Any, media: str = JSON, **request: Any) -> httpx.Response:
    """A token request with these fields, encoded as the media type says."""
    content = json.dumps(fields) if media.startswith(JSON) else urlencode(fields)
    headers = {"Content-Type": media, "X-Sandbox-World": world.id} | request.pop("headers", {})
    return world.http.post("/scan2evolve/api/v1/auth/token", content=content, headers=headers, **request)


def fields_of(world: WorldClient, **changes: Any) -> dict[str, Any]:
    """The fields of a good grant; None takes one out."""
    client_id, secret = world.basic()
    fields = {"client_id": client_id, "client_secret": secret, "grant_type": "client_credentials"} | changes
    return {key: value for key, value in fields.items() if value is not None}


def tokens_of(world: WorldClient) -> Any:
    """What the world remembers of issued tokens."""
    return world.control("GET", "/snapshot").json()["state"]["tokens"]["tokens"]


def works(world: WorldClient, token: str) -> bool:
    """Whether a token lets a request in; a refusal has the vendor's body (S2E-AUTH-07)."""
    answer = world.scan2evolve("GET", "/users", headers={"Authorization": f"Bearer {token}"})
    if answer.status_code == 200:
        return True
    assert answer.status_code == 401
    assert answer.json()["error"] == "Unauthorized"
    assert set(answer.json()) == {"error", "requestId"}
    return False


# -- what is granted ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    ["json", "json with charset", "form", "form with charset", "basic and json", "basic and form", "unknown fields"],
)
def test_grant_in_any_accepted_form_answers_a_token(world: WorldClient, form: str) -> None:
    """JSON, a form, and HTTP Basic beside either, as OAuth clients send them (S2E-AUTH-01 to -05, -13, -14)."""
    whole, bare = fields_of(world), {"grant_type": "client_credentials"}
    answer = {
        "json": lambda: grant(world, whole),
        "json with charset": lambda: grant(world, whole, "application/json; charset=UTF-8"),
        "form": lambda: grant(world, whole, FORM),
        "form with charset": lambda: grant(world, whole, f"{FORM};charset=utf-8"),
        "basic and json": lambda: grant(world, bare, auth=world.basic()),
        "basic and form": lambda: grant(world, bare, FORM, auth=world.basic()),
        "unknown fields": lambda: grant(world, whole | {"scope": "everything", "audience": "x"}, FORM),
    }[form]()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    organization = world.organizations[0]
    assert re.fullmatch(r"se_[0-9a-f]{64}", body.pop("access_token"))
    assert body == {
        "token_type": "Bearer",
        "expires_in": DAY,
        "expires_at": "2024-11-19T10:30:00.000Z",
        "organization_id": organization["organization_id"],
        "organization_name": organization["organization_name"],
    }


def test_token_answers_of_a_running_clock_name_its_milliseconds(world: WorldClient) -> None:
    """The end of a token's life is exactly expires_in after the issue (S2E-AUTH-05)."""
    world.control("PATCH", "/clock", json={"now": "2024-02-28T23:59:59.987Z"})
    assert grant(world, fields_of(world)).json()["expires_at"] == "2024-02-29T23:59:59.987Z"


def test_new_token_leaves_older_ones_alone(world: WorldClient) -> None:
    """Any number of tokens live side by side (S2E-AUTH-01)."""
    tokens = [world.token() for _ in range(5)]
    assert len(set(tokens)) == 5
    assert all(works(world, token) for token in tokens)


# -- what is not granted ---------------------------------------------------------------------------------

UNREADABLE = ("invalid_request", "The body must be a JSON object or a form")
NO_TYPE = ("invalid_request", "grant_type is required")
OTHER_TYPE = ("unsupported_grant_type", "grant_type must be client_credentials")
TWICE = ("invalid_request", "Client credentials are given twice")
NO_CLIENT = ("invalid_request", "client_id and client_secret are required")
WRONG = ("invalid_client", "Client authentication failed")


def assert_refused(world: WorldClient, answer: httpx.Response, fault: tuple[str, str]) -> None:
    """The error of RFC 6749 in the vendor's format, and no token issued."""
    assert answer.status_code == (401 if fault == WRONG else 400)
    body = answer.json()
    assert REQUEST_ID.fullmatch(body.pop("requestId"))
    assert body == {"error": fault[0], "error_description": fault[1]}
    assert answer.headers.get("www-authenticate") == ('Basic realm="Scan2Evolve"' if fault == WRONG else None)
    assert tokens_of(world) == []


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"", JSON),
        (b"", FORM),
        (b"", None),
        (b"{", JSON),
        (b"[]", JSON),
        (b'"grant_type"', JSON),
        (b"null", JSON),
        (b"grant_type=client_credentials", JSON),
        (b'{"grant_type": "client_credentials"}', "text/plain"),
        (b'{"grant_type": "client_credentials"}', "application/json; charset=latin-1"),
        (b"grant_type=client_credentials", "multipart/form-data"),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM),
        (b"grant_type=%ff\xff", FORM),
    ],
)
def test_unreadable_grant_is_an_invalid_request(world: WorldClient, content: bytes, media: str | None) -> None:
    """Not an object, not a form, or a field twice (RFC 6749, 3.2): checked before everything else (S2E-AUTH-10)."""
    headers = {"X-Sandbox-World": world.id} | ({"Content-Type": media} if media else {})
    answer = world.http.post(
        "/scan2evolve/api/v1/auth/token", content=content, headers=headers, auth=("client_unknown", "wrong")
    )
    fault = NO_TYPE if (content, media) == (b"", FORM) else UNREADABLE
    assert_refused(world, answer, fault)


@pytest.mark.parametrize("media", [JSON, FORM])
@pytest.mark.parametrize("more", [{}, {"client_id": "c"}, {"client_id": "c", "client_secret": "s"}])
def test_grant_without_grant_type_is_an_invalid_request(world: WorldClient, media: str, more: dict[str, str]) -> None:
    """A missing grant_type is told before anything about the client (S2E-AUTH-10)."""
    assert_refused(world, grant(world, {"x": "y"} | more, media), NO_TYPE)
    assert_refused(world, grant(world, {"x": "y"} | more, media, auth=world.basic()), NO_TYPE)


@pytest.mark.parametrize("value", ["", "password", "Client_Credentials", " client_credentials", 7, None, [], {}, True])
def test_other_grant_type_is_unsupported(world: WorldClient, value: Any) -> None:
    """Empty or of another type is another grant_type, not none; told before the client fields (S2E-AUTH-10)."""
    assert_refused(world, grant(world, {"grant_type": value}), OTHER_TYPE)
    assert_refused(world, grant(world, {"grant_type": value, "client_id": 7}, auth=world.basic()), OTHER_TYPE)
    if isinstance(value, str):
        assert_refused(world, grant(world, fields_of(world, grant_type=value), FORM), OTHER_TYPE)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_secret": None},
        {"client_id": None, "client_secret": None},
        {"client_id": 7},
        {"client_secret": 7},
        {"client_secret": []},
        {"client_id": {}},
    ],
)
def test_client_field_absent_or_of_another_type_is_an_invalid_request(
    world: WorldClient, changes: dict[str, Any]
) -> None:
    """Credentials come as a pair of strings (S2E-AUTH-17)."""
    assert_refused(world, grant(world, fields_of(world, **changes)), NO_CLIENT)


@pytest.mark.parametrize("key", ["client_id", "client_secret"])
def test_client_field_null_is_an_invalid_request(world: WorldClient, key: str) -> None:
    """A null is no string (S2E-AUTH-17)."""
    assert_refused(world, grant(world, fields_of(world) | {key: None}), NO_CLIENT)


@pytest.mark.parametrize("media", [JSON, FORM])
@pytest.mark.parametrize("keys", [["client_id"], ["client_secret"], ["client_id", "client_secret"]])
def test_client_fields_beside_basic_are_given_twice(world: WorldClient, media: str, keys: list[str]) -> None:
    """Even where both say the same, and even where Basic is wrong (S2E-AUTH-14)."""
    fields = fields_of(world)
    sent = {"grant_type": "client_credentials"} | {key: fields[key] for key in keys}
    assert_refused(world, grant(world, sent, media, auth=world.basic()), TWICE)
    assert_refused(world, grant(world, sent, media, auth=(world.basic()[0], "wrong")), TWICE)


@pytest.mark.parametrize("media", [JSON, FORM])
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "client_of_nobody"},
        {"client_secret": "wrong"},
        {"client_id": ""},
        {"client_secret": ""},
        {"client_id": "", "client_secret": ""},
    ],
)
def test_wrong_client_credentials_are_an_invalid_client(
    world: WorldClient, media: str, changes: dict[str, str]
) -> None:
    """Wrong in the body or in the header, the answer is the same (S2E-AUTH-09)."""
    fields = fields_of(world, **changes)
    assert_refused(world, grant(world, fields, media), WRONG)
    pair = fields.pop("client_id"), fields.pop("client_secret")
    assert_refused(world, grant(world, fields, media, auth=pair), WRONG)


def test_secret_of_another_organization_is_wrong(world: WorldClient) -> None:
    """A pair belongs together (S2E-AUTH-09, S2E-AUTH-17)."""
    assert_refused(world, grant(world, fields_of(world, client_secret=world.basic(1)[1])), WRONG)


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic !!!", "Basic bm9jb2xvbg==", "Basic /w=="])
def test_malformed_basic_header_of_a_grant_names_no_client(world: WorldClient, header: str) -> None:
    """What holds no pair is as good as none (S2E-AUTH-17); a body's pair is then given twice (S2E-AUTH-14)."""
    bare = {"grant_type": "client_credentials"}
    header = header.rstrip()
    assert_refused(world, grant(world, bare, headers={"Authorization": header}), NO_CLIENT)
    assert_refused(world, grant(world, fields_of(world), headers={"Authorization": header}), TWICE)


# -- what lets a request in -------------------------------------------------------------------------------


def test_bearer_token_and_basic_both_let_a_request_in(world: WorldClient) -> None:
    """Two ways in, equal in strength (S2E-AUTH-06, S2E-AUTH-08)."""
    token = world.token()
    body = {"employees": [{"externalEmployeeId": "E-1"}]}
    for headers in ({"Authorization": f"Bearer {token}"}, {"Authorization": f"bEaReR   {token}"}):
        assert world.scan2evolve("POST", "/sync/employees", json=body, headers=headers).status_code == 200
    assert world.scan2evolve("POST", "/sync/employees", json=body).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer",
        "Bearer se_0000000000000000000000000000000000000000000000000000000000000000",
        "Bearer {token}0",
        "Bearer {token} {token}",
        "Basic {token}",
        "{token}",
        "Bearer {secret}",
        "Bearer {hrms}",
        "Basic {client}:{secret}",
        "Digest {client}",
    ],
)
def test_request_without_good_credentials_is_unauthorized_and_changes_nothing(
    world: WorldClient, header: str | None
) -> None:
    """401 with the vendor's body and nothing else (S2E-AUTH-07)."""
    client_id, secret = world.basic()
    before = world.state()
    headers = {"X-Sandbox-World": world.id}
    if header is not None:
        shown = {"token": world.token(), "client": client_id, "secret": secret, "hrms": world.hrms_token()}
        headers["Authorization"] = header.format(**shown)
    answer = world.http.post(
        "/scan2evolve/api/v1/sync/employees", json={"employees": [{"externalEmployeeId": "E-1"}]}, headers=headers
    )
    assert answer.status_code == 401
    body = answer.json()
    assert REQUEST_ID.fullmatch(body.pop("requestId"))
    assert body == {"error": "Unauthorized"}
    assert world.state() == before


@pytest.mark.parametrize("pair", [("{id}", "wrong"), ("{id}", ""), ("", "{secret}"), ("nobody", "{secret}")])
def test_wrong_basic_pair_is_unauthorized(world: WorldClient, pair: tuple[str, str]) -> None:
    """Both halves must be right (S2E-AUTH-07, S2E-AUTH-17)."""
    client_id, secret = world.basic()
    filled = tuple(part.format(id=client_id, secret=secret) for part in pair)
    answer = world.http.get("/scan2evolve/api/v1/users", auth=(filled[0], filled[1]))
    assert (answer.status_code, answer.json()["error"]) == (401, "Unauthorized")


# -- how long ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lifetime", ["fixed", "sliding"])
def test_unused_token_is_dead_at_exactly_24_hours(world: WorldClient, lifetime: str) -> None:
    """A millisecond before it lives, at the full day it does not, under either reading (S2E-AUTH-11)."""
    world.read(token_lifetime=lifetime)
    first, second = world.token(), world.token()
    world.advance(DAY - 0.001)
    assert works(world, first)
    world.advance(0.001)
    assert not works(world, second)


def test_fixed_token_dies_24_hours_after_its_issue_however_it_is_used(world: WorldClient) -> None:
    """By default expires_at says it (S2E-AUTH-12, reading token-lifetime)."""
    token = world.token()
    for _ in range(23):
        world.advance(3600)
        assert works(world, token)
    world.advance(3599.999)
    assert works(world, token)
    world.advance(0.001)
    assert not works(world, token)


def test_sliding_token_dies_24_hours_after_its_last_use(world: WorldClient) -> None:
    """Each use sets its timer back, to the millisecond (S2E-AUTH-12, reading token-lifetime)."""
    world.read(token_lifetime="sliding")
    token = world.token()
    for _ in range(3):
        world.advance(DAY - 0.001)
        assert works(world, token)
    world.advance(DAY)
    assert not works(world, token)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/users", 200),
        ("GET", "/users/user_0", 404),
        ("GET", "/users?isActive=maybe", 400),
        ("POST", "/sync/employees", 400),
    ],
)
def test_every_request_that_a_sliding_token_authenticates_is_a_use(
    world: WorldClient, method: str, path: str, status: int
) -> None:
    """A refusal after the credentials were found good counts as well (S2E-AUTH-12)."""
    world.read(token_lifetime="sliding")
    token = world.token()
    world.advance(DAY - 1)
    answer = world.scan2evolve(method, path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status
    world.advance(DAY - 1)
    assert works(world, token)


def test_basic_never_expires(world: WorldClient) -> None:
    """Only revoking ends it (S2E-AUTH-08)."""
    world.advance(3650 * DAY)
    assert world.scan2evolve("GET", "/users").status_code == 200


# -- revocation and isolation -------------------------------------------------------------------------------


def test_revoked_credentials_let_nothing_in(world: WorldClient) -> None:
    """Not by Basic, not by a token already issued, not by a new grant (S2E-AUTH-15)."""
    spare = world.add("credentials", name="spare")
    pair = spare["client_id"], spare["client_secret"]
    issued = grant(world, {"grant_type": "client_credentials"}, auth=pair).json()["access_token"]
    survivor = world.token()
    assert works(world, issued)
    place = f"/scan2evolve/organizations/{world.organizations[0]['organization_id']}/credentials/{spare['id']}"
    assert world.control("DELETE", place).status_code == 204
    assert not works(world, issued)
    assert world.http.get("/scan2evolve/api/v1/users", auth=pair).status_code == 401
    refused = grant(world, {"grant_type": "client_credentials"}, auth=pair)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert works(world, survivor)
    assert world.scan2evolve("GET", "/users").status_code == 200


def test_two_credentials_of_an_organization_see_the_same_data(world: WorldClient) -> None:
    """A credential stands for its organization (S2E-AUTH-16)."""
    spare = world.add("credentials")
    world.accepted({"externalEmployeeId": "E-1", "email": "e1@example.com", "userAccount": {}})
    seen = world.http.get("/scan2evolve/api/v1/users", auth=(spare["client_id"], spare["client_secret"]))
    assert seen.json() == world.scan2evolve("GET", "/users").json()


def test_organizations_of_a_world_are_isolated(world: WorldClient) -> None:
    """One organization's credentials and tokens neither read nor change the other (S2E-AUTH-16, S2E-BATCH-16)."""
    before = world.state(1)
    first = world.accepted(
        {"externalEmployeeId": "E-1", "firstName": "North", "email": "north@example.com", "userAccount": {}}
    )
    assert world.state(1)[:2] == before[:2]
    second = world.accepted({"externalEmployeeId": "E-1", "firstName": "South"}, org=1)
    assert second["status"] == "CREATED"
    assert world.employee("E-1")["firstName"] == "North"
    assert world.employee("E-1", 1)["firstName"] == "South"
    token = world.token(1)
    for request in ({"org": 1}, {"headers": {"Authorization": f"Bearer {token}"}}):
        assert world.scan2evolve("GET", f"/users/{first['userId']}", **request).status_code == 404
        listed = world.scan2evolve("GET", "/users", **request).json()
        assert {user["organizationId"] for user in listed} == {world.organizations[1]["organization_id"]}
