"""X-Sandbox-Fault: one fault for one request, where the world allows it."""

from __future__ import annotations

import httpx
import pytest

from tests.client import ServerClient, WorldClient
from tests.faults.calling import JANE, JOHN, plan, stored, struck, sync, users


@pytest.fixture
def open_world(server: ServerClient) -> WorldClient:
    """A world that allows the header."""
    return server.world(allow_fault_header=True)


def with_fault(world: WorldClient, text: str) -> httpx.Response:
    """A sync that brings a fault."""
    client_id, client_secret = world.basic()
    return sync(world, JANE, JOHN, headers={"X-Sandbox-Fault": text}, auth=(client_id, client_secret))


def test_header_is_ignored_and_noted_where_the_world_does_not_allow_it(world: WorldClient) -> None:
    """The request is answered as ever, good header or bad; the journal says why nothing happened."""
    assert with_fault(world, "status;status=503").status_code == 200
    assert with_fault(world, "nonsense").status_code == 200
    note = "X-Sandbox-Fault: ignored, as this world's allow_fault_header is false"
    assert [entry["notes"] for entry in world.journal()] == [[note], [note]]
    assert struck(world) == [(200, "whole", []), (200, "whole", [])]


def test_header_acts_on_its_own_request_alone(open_world: WorldClient) -> None:
    """The next one is answered; the journal names the fault without an id."""
    answer = with_fault(open_world, 'status; status=503; retry_after=7; message="Down; for \\"backup\\""')
    assert (answer.status_code, answer.json()["error"]) == (503, 'Down; for "backup"')
    assert answer.headers["retry-after"] == "7"
    assert (stored(open_world), sync(open_world).status_code) == ([], 200)
    assert [entry["faults"] for entry in open_world.journal()] == [[{"id": None, "name": "status"}], []]


def test_header_reaches_the_connection(open_world: WorldClient) -> None:
    """Reset before and after the work, for both APIs."""
    with pytest.raises(httpx.ReadError):
        users(open_world, **{"X-Sandbox-Fault": "connection-reset"})
    with pytest.raises(httpx.ReadError):
        with_fault(open_world, "connection-reset;point=after")
    assert stored(open_world) == ["EMP-1", "EMP-2"]


def test_header_takes_lists_by_repeating_a_parameter(open_world: WorldClient) -> None:
    """Both named records fail."""
    answer = with_fault(open_world, "transient-database-error;ids=EMP-1;ids=EMP-2;message=Later")
    assert [row["message"] for row in answer.json()["errors"]] == ["Later", "Later"]


def test_header_goes_before_the_worlds_own_faults(open_world: WorldClient) -> None:
    """Its answer is the one that comes; the world's fault has seen the request."""
    place = plan(open_world, "status", {"status": 500})
    assert with_fault(open_world, "status;status=503").status_code == 503
    shown = open_world.control("GET", place).json()
    assert (shown["seen"], shown["acted"]) == (1, 0)


def test_header_switch_is_changed_at_the_control_plane_and_comes_back_with_a_reset(open_world: WorldClient) -> None:
    """PATCH answers the full value, null is false; a reset puts back what the world was made with."""
    off = open_world.control("PATCH", "/faults", json={"allow_fault_header": None})
    assert (off.status_code, off.json()) == (200, {"allow_fault_header": False})
    assert with_fault(open_world, "status;status=503").status_code == 200
    assert open_world.control("GET").json()["allow_fault_header"] is False
    assert open_world.control("PATCH", "/faults", json={}).json() == {"allow_fault_header": False}
    assert open_world.control("POST", "/reset").json()["allow_fault_header"] is True
    assert with_fault(open_world, "status;status=503").status_code == 503


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "it begins with the name of a fault"),
        ("stats;status=503", "there is no fault 'stats': did you mean status?"),
        ("status", "status, status: Object missing required field `status`"),
        ("status;status=200", "status, status: Expected `int` >= 400"),
        ("status;status=many", "status, status: Expected `int`, got `str`"),
        ("status;status=503;status=500", "parameter status is given twice"),
        ("status;status=503;colour=red", "status, colour: Object contains unknown field `colour`"),
        (
            "status;status=503, empty-answer",
            "cannot be read from ', empty-answer' on: it is one `name;parameter=value`",
        ),
        ("status;status", "cannot be read from ';status' on: it is one `name;parameter=value`"),
        ("latency", "latency, seconds: is needed for distribution fixed"),
        ("latency;seconds=601", "latency, seconds: Expected `float` <= 600.0"),
        ("unavailable", "unavailable, seconds: is needed"),
        ("script;answers=pass", "a script is about more than one request"),
        ("token-revoked", "token-revoked cannot befall such a request"),
    ],
)
def test_header_that_cannot_be_is_told_in_the_vendors_format(open_world: WorldClient, text: str, wrong: str) -> None:
    """400 that says what is wrong; nothing is done, and no other fault sees the request."""
    place = plan(open_world, "status", {"status": 503})
    answer = with_fault(open_world, text)
    assert (answer.status_code, answer.json()["error"]) == (400, f"X-Sandbox-Fault: {wrong}")
    assert answer.json().keys() == {"error", "requestId"}
    assert stored(open_world) == []
    assert open_world.control("GET", place).json()["seen"] == 0
    assert open_world.journal()[0]["decision"]["rule"] == "x-sandbox-fault"


def test_header_that_cannot_be_is_told_by_the_hrms_too(open_world: WorldClient) -> None:
    """In its own format; a fault of batches cannot befall a list."""
    answer = users(open_world, **{"X-Sandbox-Fault": "transient-database-error"})
    expected = {"message": "X-Sandbox-Fault: transient-database-error cannot befall such a request"}
    assert (answer.status_code, answer.json()) == (400, expected)
