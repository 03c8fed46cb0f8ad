"""The headers that every HRMS request needs, under each reading."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import WorldClient, by_hand

PATHS = ("/users", "/users/user_001", "/departments", "/positions")
ENVIRONMENT_REQUIRED = {"X-Environment": ["The X-Environment field is required."]}
ENVIRONMENT_INVALID = {"X-Environment": ["The selected X-Environment is invalid."]}
TYPE_REQUIRED = {"Content-Type": ["The Content-Type field is required."]}
TYPE_INVALID = {"Content-Type": ["The selected Content-Type is invalid."]}


def ask(world: WorldClient, path: str = "/users", **headers: str) -> tuple[int, Any]:
    """Status and body of a GET that sends these headers beside the token."""
    sent = {"Authorization": f"Bearer {world.hrms_token()}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    status, _, body = by_hand(str(world.http.base_url), "GET", f"/hrms/api/v1{path}", sent)
    return status, body


def failed(errors: dict[str, list[str]]) -> dict[str, Any]:
    """The body of a validation fault (HRMS-ERR-01)."""
    return {"message": "Validation failed", "errors": errors}


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("path", PATHS)
def test_missing_x_environment_is_a_validation_fault(world: WorldClient, path: str, status: int) -> None:
    """Without X-Environment nothing is answered (HRMS-ENV-01, HRMS-ERR-01, reading validation-status)."""
    world.read(validation_status=str(status))
    assert ask(world, path) == (status, failed(ENVIRONMENT_REQUIRED))


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("", ENVIRONMENT_REQUIRED),
        ("   ", ENVIRONMENT_REQUIRED),
        ("\t", ENVIRONMENT_REQUIRED),
        ("production", ENVIRONMENT_INVALID),
        ("Staging", ENVIRONMENT_INVALID),
        ("UAT", ENVIRONMENT_INVALID),
        ("staging, uat", ENVIRONMENT_INVALID),
        ("staging,staging", ENVIRONMENT_INVALID),
        ("null", ENVIRONMENT_INVALID),
    ],
)
def test_blank_x_environment_is_missing_and_any_other_text_is_invalid(
    world: WorldClient, value: str, errors: dict[str, list[str]], status: int
) -> None:
    """Only staging and uat, spelt exactly so (HRMS-ENV-02, reading validation-status)."""
    world.read(validation_status=str(status))
    assert ask(world, X_Environment=value) == (status, failed(errors))


def test_repeated_x_environment_is_invalid(world: WorldClient) -> None:
    """Two header lines are no environment (HRMS-ENV-02)."""
    lines = [
        ("Authorization", f"Bearer {world.hrms_token()}"),
        ("X-Environment", "staging"),
        ("X-Environment", "staging"),
    ]
    answer = world.http.get("/hrms/api/v1/users", headers=lines)
    assert (answer.status_code, answer.json()) == (400, failed(ENVIRONMENT_INVALID))


@pytest.mark.parametrize("value", [None, "text/plain", "application/json"])
def test_content_type_is_optional_by_default(world: WorldClient, value: str | None) -> None:
    """Some of the page's own samples leave it out (HRMS-FMT-03, reading hrms-content-type)."""
    headers = {"X_Environment": "staging"} | ({"Content_Type": value} if value else {})
    assert ask(world, **headers)[0] == 200


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    ("value", "errors"),
    [
        (None, TYPE_REQUIRED),
        ("", TYPE_REQUIRED),
        (" ", TYPE_REQUIRED),
        ("text/plain", TYPE_INVALID),
        ("application/jsonx", TYPE_INVALID),
        ("application/json", None),
        ("Application/JSON", None),
        ("application/json; charset=utf-8", None),
    ],
)
def test_content_type_is_demanded_where_the_reading_says_so(
    world: WorldClient, value: str | None, errors: dict[str, list[str]] | None, status: int
) -> None:
    """Under hrms-content-type=required it is checked like X-Environment (HRMS-FMT-03, HRMS-ERR-01)."""
    world.read(hrms_content_type="required", validation_status=str(status))
    headers = {"X_Environment": "staging"} | ({"Content_Type": value} if value is not None else {})
    answered, body = ask(world, **headers)
    if errors is None:
        assert answered == 200
    else:
        assert (answered, body) == (status, failed(errors))


def test_both_headers_wrong_are_told_in_one_answer(world: WorldClient) -> None:
    """One answer with both keys (HRMS-FMT-03)."""
    world.read(hrms_content_type="required")
    assert ask(world) == (400, failed(ENVIRONMENT_REQUIRED | TYPE_REQUIRED))
    both = ask(world, X_Environment="prod", Content_Type="text/xml")
    assert both == (400, failed(ENVIRONMENT_INVALID | TYPE_INVALID))


@pytest.mark.parametrize(
    ("headers", "claims"),
    [
        ({"Content_Type": "application/json"}, ["HRMS-ENV-01"]),
        ({"Content_Type": "application/json", "X_Environment": "prod"}, ["HRMS-ENV-02"]),
        ({"X_Environment": "staging"}, ["HRMS-FMT-03"]),
        ({"X_Environment": "uat!"}, ["HRMS-ENV-02", "HRMS-FMT-03"]),
        ({}, ["HRMS-ENV-01", "HRMS-FMT-03"]),
    ],
)
def test_journal_names_the_claim_of_each_header_at_fault(
    world: WorldClient, headers: dict[str, str], claims: list[str]
) -> None:
    """One that is missing breaks another claim than one that is wrong."""
    world.read(hrms_content_type="required")
    ask(world, **headers)
    assert world.journal()[0]["decision"]["claims"] == ["HRMS-ERR-01", *claims]


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/users/nobody"])
def test_every_answer_is_json(world: WorldClient, path: str) -> None:
    """Every body is application/json, errors too (HRMS-FMT-01, HRMS-FMT-02)."""
    for headers in ({}, {"X-Environment": "uat"}, {"Authorization": "Bearer x"}, {"X-Environment": "?"}):
        answer = world.hrms(path, headers=headers)
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()


@pytest.mark.parametrize("path", ["/hrms/api/users", "/hrms/api/v2/users", "/hrms/v1/users", "/hrms/api/v1/users/"])
def test_other_paths_are_not_found(world: WorldClient, path: str) -> None:
    """Paths are under /api with /v1 in front, and a slash at the end is another path (HRMS-FMT-02)."""
    headers = {"Authorization": f"Bearer {world.hrms_token()}", "X-Environment": "staging"}
    assert world.http.get(path, headers=headers).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_not_allowed(world: WorldClient, method: str, path: str) -> None:
    """The HRMS is read only; Allow names what there is (HRMS-ERR-02)."""
    headers = {"Authorization": f"Bearer {world.hrms_token()}", "X-Environment": "staging"}
    answer = world.http.request(method, f"/hrms/api/v1{path}", headers=headers)
    assert (answer.status_code, answer.json()) == (405, {"message": "Method Not Allowed"})
    assert answer.headers["allow"] == "GET"
