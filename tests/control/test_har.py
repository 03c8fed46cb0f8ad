"""The journal as an HTTP Archive: the format by a schema written from its specification, and what is in it."""

from __future__ import annotations

import base64
import json
from typing import Any

import jsonschema_rs
import pytest

from tests.client import NOW, WorldClient
from tests.wire import Wire

USERS = "/scan2evolve/api/v1/users"
TEXT = {"type": "string"}
SIZE = {"type": "integer", "minimum": -1}
TIME = {"type": "number", "minimum": -1}
PAIRS = {
    "type": "array",
    "items": {"type": "object", "required": ["name", "value"], "properties": {"name": TEXT, "value": TEXT}},
}


def needs(optional: dict[str, Any] | None = None, **required: Any) -> dict[str, Any]:
    """An object with these members; further ones must begin with an underscore, as HAR 1.2 asks."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {"comment": TEXT} | required | (optional or {}),
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


REQUEST = needs(
    {"postData": needs({"text": TEXT, "params": PAIRS}, mimeType=TEXT)},
    method=TEXT,
    url={"type": "string", "format": "uri"},
    httpVersion=TEXT,
    cookies=PAIRS,
    headers=PAIRS,
    queryString=PAIRS,
    headersSize=SIZE,
    bodySize=SIZE,
)
RESPONSE = needs(
    status={"type": "integer"},
    statusText=TEXT,
    httpVersion=TEXT,
    cookies=PAIRS,
    headers=PAIRS,
    content=needs({"text": TEXT, "encoding": TEXT, "compression": SIZE}, size=SIZE, mimeType=TEXT),
    redirectURL=TEXT,
    headersSize=SIZE,
    bodySize=SIZE,
)
TIMINGS = needs(
    {"blocked": TIME, "dns": TIME, "connect": TIME, "ssl": TIME},
    **{name: {"type": "number", "minimum": 0} for name in ("send", "wait", "receive")},
)
ENTRY = needs(
    startedDateTime={"type": "string", "format": "date-time"},
    time={"type": "number", "minimum": 0},
    request=REQUEST,
    response=RESPONSE,
    cache=needs(),
    timings=TIMINGS,
)
ARCHIVE = needs(
    log=needs(
        {"pages": {"type": "array"}},
        version={"const": "1.2"},
        creator=needs(name=TEXT, version=TEXT),
        entries={"type": "array", "items": ENTRY},
    )
)
HAR_1_2 = jsonschema_rs.validator_for(ARCHIVE, validate_formats=True)


def exported(world: WorldClient, **query: Any) -> list[dict[str, Any]]:
    """The entries of the world's archive, which is valid."""
    answer = world.control("GET", "/journal/har", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == f'attachment; filename="{world.id}.har"'
    HAR_1_2.validate(answer.json())
    entries: list[dict[str, Any]] = answer.json()["log"]["entries"]
    return entries


def post(world: WorldClient, content: bytes, **headers: str) -> None:
    """A batch of these bytes."""
    sent = {"Content-Type": "application/json"} | headers
    world.scan2evolve("POST", "/sync/employees", content=content, headers=sent, auth=world.basic())


@pytest.mark.parametrize("place", ["/log/version", "/log/entries/0/request/bodySize", "/log/entries/0/timings/wait"])
def test_schema_of_the_format_refuses_an_archive_that_lacks_something(world: WorldClient, place: str) -> None:
    """The judge of the other tests can say no."""
    world.hrms("/users")
    broken = world.control("GET", "/journal/har").json()
    HAR_1_2.validate(broken)
    *steps, last = place.split("/")[1:]
    node = broken
    for step in steps:
        node = node[int(step)] if step.isdecimal() else node[step]
    del node[last]
    assert not HAR_1_2.is_valid(broken)


def test_archive_shows_request_answer_and_what_the_sandbox_knows(world: WorldClient) -> None:
    """One batch, whole: HAR's members, and the journal's own under `_sandbox`."""
    answer = world.scan2evolve(
        "POST", "/sync/employees?a=b%20c&d=", json={"employees": [{"externalEmployeeId": "E-1"}]}
    )
    (entry,) = exported(world)
    shown = world.journal()[0]
    request, response = entry["request"], entry["response"]
    assert (entry["startedDateTime"], entry["time"], entry["cache"]) == (NOW, 0, {})
    assert entry["timings"] == {"send": 0, "wait": 0, "receive": 0}
    url = f"{world.http.base_url}/scan2evolve/api/v1/sync/employees?a=b%20c&d=".replace("//scan", "/scan")
    assert (request["method"], request["url"]) == ("POST", url)
    assert request["queryString"] == [{"name": "a", "value": "b c"}, {"name": "d", "value": ""}]
    assert request["headers"] == [{"name": name, "value": value} for name, value in shown["request"]["headers"]]
    assert request["postData"] == {"mimeType": "application/json", "text": shown["request"]["body"]}
    assert request["bodySize"] == shown["request"]["body_bytes"]
    assert (response["status"], response["statusText"], response["redirectURL"]) == (200, "OK", "")
    assert response["content"] == {
        "size": len(answer.content),
        "mimeType": "application/json",
        "text": answer.text,
    }
    kept = ("id", "api", "operation", "credential", "decision", "notes", "faults", "delivered", "records")
    assert entry["_sandbox"] == {"world": world.id} | {key: shown[key] for key in kept}
    assert entry["_sandbox"]["records"][0]["outcome"] == "CREATED"


def test_archive_has_every_entry_or_those_that_are_asked_for(world: WorldClient) -> None:
    """All of them without a limit; otherwise as the list filters."""
    for _ in range(150):
        world.hrms("/departments")
    world.scan2evolve("GET", "/users/nobody")
    request_id = world.sync({"externalEmployeeId": "E-1"})["requestId"]
    assert len(exported(world)) == 152
    assert [entry["_sandbox"]["id"] for entry in exported(world, limit=2)] == ["1", "2"]
    assert [entry["_sandbox"]["id"] for entry in exported(world, after="150")] == ["151", "152"]
    assert [entry["response"]["status"] for entry in exported(world, status=404)] == [404]
    assert [entry["_sandbox"]["id"] for entry in exported(world, operation="syncEmployees")] == ["152"]
    assert [entry["_sandbox"]["id"] for entry in exported(world, request_id=request_id)] == ["152"]
    assert exported(world, operation="nothing") == []


def test_archive_of_the_same_requests_is_the_same(world: WorldClient) -> None:
    """Byte by byte: nothing in it is measured."""
    world.sync({"externalEmployeeId": "E-1"})
    assert len(exported(world)) == 1
    first, second = (world.control("GET", "/journal/har").content for _ in range(2))
    assert first == second


def test_archive_holds_no_secret(world: WorldClient) -> None:
    """Neither of headers nor of bodies, nor of queries, in which somebody put one by mistake."""
    token, (_, secret) = world.token(), world.basic()
    world.scan2evolve("GET", f"/users?access_token={token}", headers={"Authorization": f"Bearer {token}"})
    world.scan2evolve("GET", "/users", headers={"Cookie": "session=hush", "Authorization": "Bearer x"})
    text = json.dumps(exported(world))
    for secrecy in (token, secret, world.hrms_token(), "hush"):
        assert secrecy not in text
    assert f"{token[:11]}%5Bredacted%5D" in text
    assert '{"name": "authorization", "value": "Bearer [redacted]"}' in text


@pytest.mark.parametrize("letter", ["x", "\xe9", "\u20ac", "\U0001f642"])
def test_body_that_the_journal_cut_says_so(world: WorldClient, letter: str) -> None:
    """In a comment, with both sizes; where the cut goes through a character, that is left out."""
    content = ('{"pad": "' + letter * 70_000 + '"}').encode()
    post(world, content)
    request = exported(world)[0]["request"]
    assert request["bodySize"] == len(content)
    assert request["postData"]["comment"] == f"It had {len(content)} bytes, of which the journal keeps the first 65536."
    assert content.startswith(request["postData"]["text"].encode())
    assert 65_536 - len(request["postData"]["text"].encode()) < 4


def test_body_that_is_no_text_says_so(world: WorldClient) -> None:
    """HAR has no encoding for what was posted, so what cannot be read is marked."""
    post(world, b'\xff{"', **{"Content-Type": "application/octet-stream"})
    assert exported(world)[0]["request"]["postData"] == {
        "mimeType": "application/octet-stream",
        "text": '\ufffd{"',
        "comment": "It was no UTF-8: what could not be read is U+FFFD here.",
    }


def test_answer_that_is_no_text_is_in_base64(world: WorldClient) -> None:
    """As a vendor with a bug might send it; here by way of a snapshot."""
    world.hrms("/users")
    taken = world.control("GET", "/snapshot").json()
    taken["state"]["journal"]["entries"][0][1]["response"] = {"head": base64.b64encode(b"\xff\x00").decode(), "size": 2}
    assert world.control("PUT", "/snapshot", json=taken).status_code == 204
    content = exported(world)[0]["response"]["content"]
    assert (content["text"], content["encoding"], content["size"]) == ("/wA=", "base64", 2)


def test_body_that_was_not_read_has_no_size(world: WorldClient) -> None:
    """Who is refused before sends a body that nobody counts."""
    world.scan2evolve("POST", "/sync/employees", json={"employees": []}, auth=(world.basic()[0], "wrong"))
    request = exported(world)[0]["request"]
    assert (request["bodySize"], request["comment"]) == (-1, "It was answered before its body was read.")
    assert "postData" not in request


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("my-world.localhost:99", "my-world.localhost:99"),
        ("[::1]:8080", "[::1]:8080"),
        ("a b", "localhost"),
        ("x/y", "localhost"),
        ("", "localhost"),
    ],
)
def test_url_is_one_whatever_was_sent(world: WorldClient, host: str, place: str) -> None:
    """A Host or path that could stand in no URL is left out or escaped."""
    target = b"/scan2evolve/api/v1/users/%7Ba%7D|?q=[x]&y='\"%E9"
    lines = f"Host: {host}\r\nX-Sandbox-World: {world.id}\r\n\r\n".encode()
    with Wire(str(world.http.base_url)) as wire:
        wire.send(b"GET " + target + b" HTTP/1.1\r\n" + lines)
        assert wire.answer().status == 401
    request = exported(world)[0]["request"]
    assert request["url"] == f"http://{place}/scan2evolve/api/v1/users/%7Ba%7D%7C?q=%5Bx%5D&y='%22%E9"
    assert request["queryString"][0] == {"name": "q", "value": "[x]"}
