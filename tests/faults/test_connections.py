"""Faults of the connection, met by real clients on real sockets: stdlib, httpx, and bytes by hand."""

from __future__ import annotations

import http.client
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.client import WorldClient
from tests.faults.calling import JANE, plan, stored, struck, sync, users
from tests.wire import USERS, Wire, bearer, request


def raw(world: WorldClient) -> bytes:
    """Every byte that comes for a request for the HRMS's users, until the server closes."""
    place = urlsplit(str(world.http.base_url))
    with socket.create_connection((place.hostname or "", place.port or 0), 10) as connection:
        connection.sendall(request(b"GET", USERS, bearer(world)))
        data = b""
        while piece := connection.recv(65_536):
            data += piece
        return data


def test_connection_reset_is_a_tcp_reset_and_nothing_is_done(world: WorldClient) -> None:
    """The client's own system reports ECONNRESET, httpx a ReadError; the batch was never processed."""
    plan(world, "connection-reset")
    with pytest.raises(ConnectionResetError):
        raw(world)
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        sync(world, JANE)
    assert stored(world) == []
    assert struck(world) == [(444, "nothing", ["connection-reset"])] * 2
    entry = world.journal()[-1]
    assert (entry["response"]["headers"], entry["response"]["body"]) == ([], None)
    assert entry["decision"] == {
        "step": "fault",
        "outcome": "refused",
        "rule": "connection-reset",
        "claims": [],
        "message": "No answer: connection-reset",
        "reading": {},
    }
    assert [act["outcome"] for act in world.control("GET", "/audit").json()["items"]] == ["refused", "refused"]


def test_connection_reset_after_the_work_is_a_tcp_reset_and_all_is_done(world: WorldClient) -> None:
    """With point after, the batch is there, and the journal has the answer that the client did not get."""
    plan(world, "connection-reset", {"point": "after"})
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        sync(world, JANE)
    assert stored(world) == ["EMP-1"]
    assert struck(world) == [(200, "nothing", ["connection-reset"])]
    assert '"CREATED"' in world.journal()[0]["response"]["body"]


def test_empty_answer_closes_without_a_byte_and_nothing_is_done(world: WorldClient) -> None:
    """A clean end of the connection, where an answer should be."""
    plan(world, "empty-answer")
    assert raw(world) == b""
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        sync(world, JANE)
    assert stored(world) == []
    assert struck(world) == [(444, "nothing", ["empty-answer"])] * 2


def test_answer_lost_comes_after_the_work_and_a_retry_finds_it_done(world: WorldClient) -> None:
    """The first time the employee is made and no byte comes back; the retry says UPDATED, with the same ids."""
    plan(world, "answer-lost", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        sync(world, JANE)
    made = world.employee("EMP-1")
    before = world.scan2evolve_state("employees")
    retried = sync(world, JANE).json()
    assert [(row["status"], row["employeeId"]) for row in retried["results"]] == [("UPDATED", made["employeeId"])]
    assert world.scan2evolve_state("employees") == before
    assert struck(world) == [(200, "nothing", ["answer-lost"]), (200, "whole", [])]
    audit = world.control("GET", "/audit").json()["items"]
    assert [act["records"][0]["outcome"] for act in audit] == ["CREATED", "UPDATED"]


def test_truncated_body_ends_before_its_content_length(world: WorldClient) -> None:
    """http.client raises IncompleteRead with the first half; what was announced is the whole."""
    whole = users(world).content
    plan(world, "truncated-body")
    place = urlsplit(str(world.http.base_url))
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    headers = {"Authorization": f"Bearer {world.hrms_token()}", "X-Environment": "staging"}
    connection.request("GET", "/hrms/api/v1/users", headers=headers)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-length")) == (200, str(len(whole)))
    with pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()
    connection.close()
    assert broken.value.partial == whole[: len(whole) // 2]
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        users(world)
    assert struck(world)[1:] == [(200, "part", ["truncated-body"])] * 2


def test_malformed_chunk_breaks_the_framing_of_the_body(world: WorldClient) -> None:
    """The first chunk is good, the size of the second no number; clients give up."""
    whole = users(world).content
    plan(world, "malformed-chunk")
    head, _, body = raw(world).partition(b"\r\n\r\n")
    assert b"\r\ntransfer-encoding: chunked" in head
    assert b"content-length" not in head
    half = whole[: len(whole) // 2]
    assert body == b"%x\r\n%s\r\nZZ\r\n" % (len(half), half)
    with pytest.raises(httpx.RemoteProtocolError, match="illegal chunk header"):
        users(world)
    assert struck(world)[1:] == [(200, "part", ["malformed-chunk"])] * 2


def test_malformed_json_is_good_http_around_half_a_body(world: WorldClient) -> None:
    """Content-Length is true, the connection goes on, and the JSON is none."""
    whole = users(world).content
    plan(world, "malformed-json", times=1)
    answer = users(world)
    assert (answer.status_code, answer.content) == (200, whole[: len(whole) // 2])
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(ValueError, match="Unterminated string"):
        answer.json()
    assert users(world).content == whole
    assert world.journal()[1]["response"]["body"] == answer.text


def test_slow_body_comes_in_pieces_and_all_of_it(world: WorldClient) -> None:
    """The head and the first piece come at once; deleting the fault lets the rest go."""
    whole = users(world).content
    place = plan(world, "slow-body", {"pieces": 4, "pause": 600})
    with Wire(str(world.http.base_url)) as wire:
        wire.send(request(b"GET", USERS, bearer(world)))
        while b"\r\n\r\n" not in wire._buffer or wire._buffer.endswith(b"\r\n\r\n"):
            assert wire._more()
        size = -(-len(whole) // 4)
        assert wire._buffer.partition(b"\r\n\r\n")[2] == whole[:size]
        assert world.control("DELETE", place).status_code == 204
        assert wire.answer().body == whole


def test_slow_body_outlasts_the_patience_of_a_client(world: WorldClient) -> None:
    """A client with a read timeout gets one, in the middle of the body."""
    plan(world, "slow-body", {"pieces": 2, "pause": 600}, times=1)
    headers = {"Authorization": f"Bearer {world.hrms_token()}", "X-Environment": "staging"}
    with world.http.stream("GET", "/hrms/api/v1/users", headers=headers, timeout=httpx.Timeout(10, read=0.2)) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            answer.read()


@pytest.mark.parametrize(
    "name", ["connection-reset", "empty-answer", "answer-lost", "truncated-body", "malformed-chunk"]
)
def test_broken_connection_leaves_the_server_and_its_log_as_they_were(
    world: WorldClient, no_errors_logged: Any, name: str
) -> None:
    """The next request is answered, and to the server nothing has gone wrong."""
    plan(world, name, times=1)
    with pytest.raises(httpx.TransportError):
        users(world)
    assert users(world).status_code == 200


@pytest.mark.parametrize("name", ["connection-reset", "empty-answer", "truncated-body"])
def test_broken_connection_takes_pipelined_requests_with_it(
    world: WorldClient, no_errors_logged: Any, name: str
) -> None:
    """What came behind on the same connection is not answered on it, and the server goes on."""
    plan(world, name, times=1)
    with Wire(str(world.http.base_url)) as wire:
        wire.send(request(b"GET", USERS, bearer(world)) * 3)
        while wire._more():
            pass
        assert wire._buffer.count(b"HTTP/1.1") == (1 if name == "truncated-body" else 0)
    assert users(world).status_code == 200
