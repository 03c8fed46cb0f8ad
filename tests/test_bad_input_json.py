"""Bodies that are no JSON, or only almost: the vendor's own error, nothing changed, nothing crashed."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import pytest

from tests.client import WorldClient

JSON = {"Content-Type": "application/json"}


def batch(*records: bytes) -> bytes:
    """A batch of records that need not be JSON."""
    return b'{"employees":[' + b",".join(records) + b"]}"


def person(field: bytes, external_id: bytes = b"E-1") -> bytes:
    """A record with one more field, as text."""
    return b'{"externalEmployeeId":"%s",%s}' % (external_id, field)


BROKEN = {
    "nothing": b"",
    "white space": b" \r\n\t",
    "a word": b"employees",
    "half an object": b'{"employees":[',
    "a second value": batch(b"{}") + b"{}",
    "a trailing comma": batch(b"{},"),
    "a comment": batch(b"/* */"),
    "single quotes": b"{'employees':[]}",
    "a leading zero": batch(b"01"),
    "a plus sign": batch(b"+1"),
    "NaN": batch(b"NaN"),
    "Infinity": batch(person(b'"x":Infinity')),
    "minus Infinity": batch(person(b'"metadata":{"x":-Infinity}')),
    "a number beyond doubles": batch(person(b'"x":1e999')),
    "a negative one": batch(person(b'"metadata":{"x":-1e999}')),
    "an integer above 2^64-1": batch(person(b'"x":18446744073709551616')),
    "one in metadata": batch(person(b'"metadata":{"x":[18446744073709551616]}')),
    "one at the top": b'{"employees":[],"x":18446744073709551616}',
    "one below -2^63": batch(person(b'"metadata":{"x":-9223372036854775809}')),
    "one after a long fraction": batch(person(b'"x":[0.1000000000000000055511151231257827,99999999999999999999]')),
    "one of a million digits": batch(b"9" * 1_000_000),
    "an escaped high surrogate": batch(person(b'"firstName":"\\ud800"')),
    "an escaped low surrogate": batch(person(b'"metadata":{"x":"\\udfff"}')),
    "surrogates the wrong way round": batch(person(b'"x":"\\udc00\\ud800"')),
    "a surrogate in a key": batch(person(b'"\\ud800":1')),
    "a surrogate in UTF-8": batch(person(b'"firstName":"\xed\xa0\x80"')),
    "no UTF-8": batch(person(b'"firstName":"\xff"')),
    "an overlong form": batch(person(b'"firstName":"\xc0\x80"')),
    "UTF-16": batch(b"{}").decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + batch(b"{}"),
    "a bare control character": batch(person(b'"firstName":"\n"')),
    "NUL": b"\x00",
    "open brackets": b"[" * 100_000,
    "100,000 nested arrays": b"[" * 100_000 + b"]" * 100_000,
    "100,000 nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nesting in metadata": batch(person(b'"metadata":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_sync_of_broken_json_is_refused_and_changes_nothing(world: WorldClient, body: bytes) -> None:
    """What is no JSON, or holds what would not come back equal, is `Invalid JSON` (S2E-BATCH-15)."""
    before = world.state()
    answer = world.scan2evolve("POST", "/sync/employees", content=body, headers=JSON, auth=world.basic())
    assert answer.status_code == 400
    assert answer.json() == {"error": "Invalid JSON", "requestId": answer.json()["requestId"]}
    assert world.state() == before


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_token_request_of_broken_json_is_an_invalid_request(world: WorldClient, body: bytes) -> None:
    """An unreadable token request is `invalid_request` (S2E-AUTH-10)."""
    answer = world.http.post("/scan2evolve/api/v1/auth/token", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["error_description"] == "The body must be a JSON object or a form"


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_control_request_of_broken_json_is_a_problem_and_changes_nothing(world: WorldClient, body: bytes) -> None:
    """The control plane refuses the same bodies as a problem."""
    before = world.control("GET", "/readings").json()
    answer = world.control("PATCH", "/readings", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("The body is not valid JSON: ")
    assert world.control("GET", "/readings").json() == before


@pytest.mark.parametrize("body", [b"null", b"true", b"0", b'"x"', b"[]", b"[[]]"])
def test_sync_of_something_else_than_an_object_is_refused(world: WorldClient, body: bytes) -> None:
    """JSON that is no object has its own words (S2E-BATCH-15)."""
    answer = world.scan2evolve("POST", "/sync/employees", content=body, headers=JSON, auth=world.basic())
    assert (answer.status_code, answer.json()["error"]) == (400, "Request body must be an object")


@pytest.mark.parametrize("body", [b"null", b"true", b"0", b'"x"', b"[]", b'{"a":' * 600 + b"1" + b"}" * 600])
def test_control_patch_of_something_else_is_unprocessable(world: WorldClient, body: bytes) -> None:
    """JSON of the wrong kind, or nested deeper than a schema can follow, is a 422."""
    answer = world.control("PATCH", "/limits", content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["pointer"] is not None


def test_control_patch_nested_too_deeply_says_so(world: WorldClient) -> None:
    """A patch that no validator can follow to its end is refused, never a 500."""
    body = b'{"user-detail":' + b"[" * 500 + b"]" * 500 + b"}"
    answer = world.control("PATCH", "/readings", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["detail"]) == (422, "the body: is nested too deeply")


def test_control_patch_of_very_many_unknown_keys_names_the_first_ones(world: WorldClient) -> None:
    """The list of faults is bounded, whatever was sent."""
    answer = world.control("PATCH", "/readings", json={f"key-{number}": number for number in range(20_000)})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "/key-0: is unknown"
    assert len(answer.json()["errors"]) == 20


@pytest.mark.parametrize("text", ["--5", "-", "-1", "+1", "1.0", "1e3", "0x1", "\u0661", "", "1,2", "9" * 40, "\x00"])
@pytest.mark.parametrize("name", ["limit", "status"])
def test_control_query_that_is_no_number_is_unprocessable(world: WorldClient, name: str, text: str) -> None:
    """A query parameter that is no number in its range is refused by name."""
    answer = world.control("GET", "/journal", params={name: text})
    assert (answer.status_code, answer.json()["pointer"]) == (422, f"#/query/{name}")


# -- what must be taken ---------------------------------------------------------------------------------


def metadata_of(world: WorldClient, external_id: str) -> Any:
    """An employee's metadata, from the control plane."""
    return world.employee(external_id)["metadata"]


def nested(levels: int) -> Any:
    """An object nested so many levels, by turns object and array."""
    value: Any = 1
    for level in range(levels):
        value = {"a": value} if level % 2 == levels % 2 else [value]
    return {"a": value}


def as_text(value: Any) -> bytes:
    """JSON of `nested`, which recursion could not write."""
    text, levels = b"1", []
    while value != 1:
        levels.append(isinstance(value, dict))
        value = value["a"] if isinstance(value, dict) else value[0]
    for is_object in reversed(levels):
        text = b'{"a":%s}' % text if is_object else b"[%s]" % text
    return text


def employees_text(world: WorldClient, external_id: str) -> httpx.Response:
    """The control plane's list, whose nesting a JSON reader may refuse."""
    organization = world.organizations[0]["organization_id"]
    path = f"/scan2evolve/organizations/{organization}/employees"
    return world.control("GET", path, params={"externalEmployeeId": external_id})


@pytest.mark.parametrize("levels", [1, 250, 252, 253, 254, 255, 256, 500, 1019, 1020])
def test_nested_metadata_comes_back_equal_and_survives_a_snapshot(world: WorldClient, levels: int) -> None:
    """Nesting up to the decoder's 1,024 levels is stored, shown and restored as it was (S2E-FIELD-15)."""
    text = as_text(nested(levels))
    body = batch(person(b'"metadata":' + text))
    answer = world.scan2evolve("POST", "/sync/employees", content=body, headers=JSON, auth=world.basic())
    assert answer.status_code == 200
    assert answer.json()["errors"] == []
    assert b'"metadata":' + text in employees_text(world, "E-1").content
    taken = world.control("GET", "/snapshot").json()
    world.accepted({"externalEmployeeId": "E-1", "metadata": {}})
    assert world.control("PUT", "/snapshot", json=taken).status_code == 204
    assert b'"metadata":' + text in employees_text(world, "E-1").content
    assert world.control("GET", "/snapshot").json() == taken


def test_nesting_one_level_deeper_is_invalid_json(world: WorldClient) -> None:
    """The limit itself: 1,024 levels are read, 1,025 are not."""
    body = batch(person(b'"metadata":' + as_text(nested(1021))))
    answer = world.scan2evolve("POST", "/sync/employees", content=body, headers=JSON, auth=world.basic())
    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid JSON")


@pytest.mark.parametrize("where", ["unknown field", "unknown key of the envelope", "wrong type"])
def test_deep_nesting_where_it_is_not_kept_is_no_server_error(world: WorldClient, where: str) -> None:
    """Values that no schema follows to their end are ignored or refused as any others."""
    deep = b"[" * 1000 + b"]" * 1000
    body = {
        "unknown field": batch(person(b'"x":' + deep)),
        "unknown key of the envelope": b'{"employees":[%s],"x":%s}' % (person(b'"firstName":"A"'), deep),
        "wrong type": batch(person(b'"firstName":' + deep)),
    }[where]
    answer = world.scan2evolve("POST", "/sync/employees", content=body, headers=JSON, auth=world.basic())
    assert answer.status_code == 200
    messages = [error["message"] for error in answer.json()["errors"]]
    assert messages == (["firstName must be a string"] if where == "wrong type" else [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"-9223372036854775808", -(2**63)),
        (b"9223372036854775808", 2**63),
        (b"18446744073709551615", 2**64 - 1),
        (b"-0", 0),
        (b"-0.0", -0.0),
        (b"1.0", 1.0),
        (b"0.1", 0.1),
        (b"5e-324", 5e-324),
        (b"1.7976931348623157e308", 1.7976931348623157e308),
        (b"123456789012345678901234567890.0", 1.2345678901234568e29),
        (b"123456789012345678901e0", 123456789012345678901.0),
        (b"0.1000000000000000055511151231257827", 0.1),
        (b"-1.99999999999999999999e0", -2.0),
        (b"1e-99999999999999999999", 0.0),
        (b"1E+00000000000000000002", 100.0),
        (b'"18446744073709551616 \\" 99999999999999999999"', '18446744073709551616 " 99999999999999999999'),
        (b'"\\ud83d\\ude00\\u0000\xf0\x9f\x98\x80"', "\U0001f600\x00\U0001f600"),
        (b'{"":{"\\u0000":null}}', {"": {"\x00": None}}),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_value_at_the_limit_comes_back_equal(world: WorldClient, text: bytes, value: Any) -> None:
    """Numbers come back equal as doubles and 64-bit integers, and texts letter for letter (S2E-FIELD-15)."""
    body = batch(person(b'"metadata":{"x":%s},"unknown":%s' % (text, text)))
    answer = world.scan2evolve("POST", "/sync/employees", content=body, headers=JSON, auth=world.basic())
    assert answer.status_code == 200
    assert answer.json()["errors"] == []
    back = metadata_of(world, "E-1")
    assert back == {"x": value}
    assert isinstance(back["x"], int) == isinstance(value, int)
    world.control("PUT", "/snapshot", json=world.control("GET", "/snapshot").json())
    assert metadata_of(world, "E-1") == {"x": value}


def test_duplicate_keys_the_last_wins_at_every_level(world: WorldClient) -> None:
    """Of duplicate keys the last counts: in the envelope, in a record and in metadata (S2E-BATCH-15)."""
    record = b'{"externalEmployeeId":"lost","externalEmployeeId":"E-1","metadata":{"a":1,"a":{"b":1,"b":2}}}'
    body = b'{"employees":null,"employees":[' + record + b"]}"
    answer = world.scan2evolve("POST", "/sync/employees", content=body, headers=JSON, auth=world.basic())
    assert [result["externalEmployeeId"] for result in answer.json()["results"]] == ["E-1"]
    assert metadata_of(world, "E-1") == {"a": {"b": 2}}


def test_huge_id_is_an_id_like_any_other(world: WorldClient) -> None:
    """An externalEmployeeId of 5 MB is stored, found again and told in messages."""
    external_id = "x" * 5_000_000
    assert world.accepted({"externalEmployeeId": external_id, "email": "a@example.com"})["status"] == "CREATED"
    assert world.accepted({"externalEmployeeId": external_id, "email": "a@example.com"})["status"] == "UPDATED"
    message = world.refused({"externalEmployeeId": "E-2", "email": "a@example.com"})
    assert message == f"User with email a@example.com already exists and is linked to employee {external_id}"


def test_huge_client_id_is_an_unknown_one(world: WorldClient) -> None:
    """A client_id of 1 MB is wrong credentials, nothing worse (S2E-AUTH-09)."""
    grant = {"client_id": "c" * 1_000_000, "client_secret": "s" * 1_000_000, "grant_type": "client_credentials"}
    answer = world.http.post("/scan2evolve/api/v1/auth/token", json=grant)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_501_records_are_refused_whatever_they_are(world: WorldClient) -> None:
    """The 501st record refuses the whole batch, unseen (S2E-BATCH-02)."""
    before = world.state()
    answer = world.scan2evolve("POST", "/sync/employees", json={"employees": [{"externalEmployeeId": "E"}] * 501})
    assert (answer.status_code, answer.json()["error"]) == (400, "Maximum of 500 employees per request exceeded")
    assert world.state() == before


# -- media types ------------------------------------------------------------------------------------------

GOOD = batch(b'{"externalEmployeeId":"E-1"}')


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=UTF-8",
        'application/json ; charset="utf-8"',
        "application/json;",
        "application/json; version=1",
    ],
)
def test_sync_in_json_by_any_spelling_is_taken(world: WorldClient, media_type: str) -> None:
    """Media types are compared without case, and parameters other than a charset say nothing."""
    headers = {"Content-Type": media_type}
    answer = world.scan2evolve("POST", "/sync/employees", content=GOOD, headers=headers, auth=world.basic())
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        ";",
        "json",
        "text/json",
        "text/plain",
        "application/jsonx",
        "application/xml",
        "application/merge-patch+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "application/json, application/json",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-16",
        "*/*",
        "\xe9",
    ],
)
def test_sync_in_another_media_type_is_refused_and_changes_nothing(world: WorldClient, media_type: str | None) -> None:
    """A wrong or missing media type is a 400, never a 415 (S2E-ERR-01)."""
    headers = {} if media_type is None else {b"Content-Type": media_type.encode("latin-1")}
    before = world.state()
    answer = world.scan2evolve(
        "POST", "/sync/employees", content=GOOD, headers=httpx.Headers(headers), auth=world.basic()
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "Content-Type must be application/json")
    assert world.state() == before


@pytest.mark.parametrize("body", [gzip.compress(GOOD), GOOD], ids=["compressed", "only said to be"])
def test_sync_with_a_content_encoding_is_not_read_as_json(world: WorldClient, body: bytes) -> None:
    """A coding that is not understood is never silently passed over."""
    before = world.state()
    headers = JSON | {"Content-Encoding": "gzip"}
    answer = world.scan2evolve("POST", "/sync/employees", content=body, headers=headers, auth=world.basic())
    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid JSON")
    assert world.state() == before


def test_control_request_with_a_content_encoding_is_unsupported(world: WorldClient) -> None:
    """The control plane has a status for it; `identity` is no coding."""
    encoded = world.control("PATCH", "/clock", content=b"{}", headers=JSON | {"Content-Encoding": "gzip"})
    assert (encoded.status_code, encoded.headers["content-type"]) == (415, "application/problem+json")
    plain = world.control("PATCH", "/clock", content=b"{}", headers=JSON | {"Content-Encoding": "identity"})
    assert plain.status_code == 200
