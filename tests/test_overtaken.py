"""A request whose world is reset, restored, ended or made again while its body is still on the way."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.client import NOW, ServerClient, WorldClient
from tests.wire import SYNC, Answer, Wire, bearer, request, sync_lines

pytestmark = pytest.mark.usefixtures("no_errors_logged")
RECORD = {"externalEmployeeId": "E-1", "email": "e-1@example.com", "userAccount": {"sendWelcomeEmail": True}}
BODY = orjson.dumps({"employees": [RECORD]})


def overtaken(world: WorldClient, act: Any, *lines: bytes, body: bytes = BODY) -> Answer:
    """The answer to a sync that is known to wait for its body while `act` is done."""
    framing = (b"Content-Length: %d" % len(body), b"Expect: 100-continue")
    with Wire(str(world.http.base_url)) as wire:
        wire.send(request(b"POST", SYNC, *(lines or sync_lines(world)), *framing))
        assert wire.answer().status == 100
        act()
        wire.send(body)
        return wire.answer()


def default_notes(server: ServerClient) -> list[str]:
    """The notes of the last entry in the default world's journal."""
    items = server.http.get("/_sandbox/worlds/default/journal", params={"limit": 1000}).json()["items"]
    notes: list[str] = items[-1]["notes"]
    return notes


def test_batch_that_a_reset_overtakes_is_as_if_it_came_after(server: ServerClient) -> None:
    """It is stored and journaled in the world as it is now, with the ids that a fresh world gives."""
    world = server.world(id="again", seed=4)
    first = world.sync(RECORD)
    world.control("POST", "/reset")
    world.sync({"externalEmployeeId": "E-0"})
    answer = overtaken(world, lambda: world.control("POST", "/reset"))
    assert (answer.status, answer.json()) == (200, first)
    assert [employee["externalEmployeeId"] for employee in world.scan2evolve_state("employees")] == ["E-1"]
    assert [entry["status"] for entry in world.journal()] == [200]
    assert len(world.outbox()) == 1
    world.control("DELETE")


def test_batch_that_a_restore_overtakes_is_as_if_it_came_after(world: WorldClient) -> None:
    """It is added to what the snapshot held."""
    world.sync({"externalEmployeeId": "E-0"})
    taken = world.control("GET", "/snapshot").json()
    world.sync({"externalEmployeeId": "E-2"})
    answer = overtaken(world, lambda: world.control("PUT", "/snapshot", json=taken))
    assert answer.json()["results"][0]["status"] == "CREATED"
    assert [employee["externalEmployeeId"] for employee in world.scan2evolve_state("employees")] == ["E-0", "E-1"]
    assert len(world.journal()) == 2


def test_token_that_a_reset_overtakes_ends_before_its_batch(world: WorldClient) -> None:
    """A reset ends issued tokens, also for a body that is still on the way (S2E-AUTH-07)."""
    line = b"Authorization: Bearer " + world.token().encode()
    answer = overtaken(world, lambda: world.control("POST", "/reset"), line, b"Content-Type: application/json")
    assert (answer.status, answer.json()["error"]) == (401, "Unauthorized")
    assert world.scan2evolve_state("employees") == []
    assert [entry["status"] for entry in world.journal()] == [401]


def test_bad_body_that_a_reset_overtakes_is_journaled_once(world: WorldClient) -> None:
    """A refusal is decided anew as well: the world's first request, with its first requestId."""
    world.control("POST", "/reset")
    fresh = world.scan2evolve("POST", "/sync/employees", content=b"{", headers={"Content-Type": "application/json"})
    answer = overtaken(world, lambda: world.control("POST", "/reset"), body=b"{")
    assert (answer.status, answer.body) == (400, fresh.content)
    assert [entry["status"] for entry in world.journal()] == [400]


def test_rate_window_of_a_world_that_a_reset_overtakes_counts_the_batch_once(server: ServerClient) -> None:
    """The window is new, and the request is the first in it."""
    world = server.world(limits={"scan2evolve": {"limit": 5, "window_seconds": 60}, "hrms": None})
    world.sync(RECORD)
    answer = overtaken(world, lambda: world.control("POST", "/reset"))
    assert (answer.status, answer.headers["x-ratelimit-remaining"]) == (200, "4")
    world.control("DELETE")


def test_batch_whose_world_is_deleted_meanwhile_is_refused(server: ServerClient) -> None:
    """Its credentials are nobody's any more, so that the 401 is in the default world's journal."""
    world = server.world()
    answer = overtaken(world, lambda: world.control("DELETE"))
    assert (answer.status, answer.json()["error"]) == (401, "Unauthorized")
    assert default_notes(server) == []


def test_batch_whose_world_is_made_again_with_another_seed_leaves_no_trace_in_it(server: ServerClient) -> None:
    """The namesake has other credentials: it neither answers nor stores the old world's batch."""
    old = server.world(id="namesake", seed=1)

    def again() -> None:
        old.control("DELETE")
        made.append(server.world(id="namesake", seed=2))

    made: list[WorldClient] = []
    assert overtaken(old, again).status == 401
    assert made[0].scan2evolve_state("employees") == made[0].journal() == made[0].outbox() == []
    made[0].control("DELETE")


def test_batch_whose_world_is_made_again_alike_belongs_to_the_new_one(server: ServerClient) -> None:
    """The same id and seed have the same credentials: the batch is the new world's first request."""
    wishes = {"id": "namesake", "seed": 1}
    old = server.world(**wishes)
    expected = old.sync(RECORD)

    def again() -> None:
        old.control("DELETE")
        server.world(**wishes)

    assert overtaken(old, again).json() == expected
    assert len(old.journal()) == 1
    old.control("DELETE")


# -- what a namesake inherits ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_issued_tokens_of_a_deleted_world_open_nothing_in_its_namesake(server: ServerClient, seed: int) -> None:
    """Access tokens and what was made at the control plane end with the world, whatever the new one's seed."""
    old = server.world(id="namesake", seed=1, users=1)
    access, application = old.token(), old.new_hrms_token(["users:read"])["token"]
    extra = old.add("credentials")
    old.control("DELETE")
    new = server.world(id="namesake", seed=seed, users=1)
    bearers = [("/scan2evolve/api/v1/users", access), ("/hrms/api/v1/users", application)]
    for path, token in bearers:
        headers = {"Authorization": f"Bearer {token}", "X-Environment": "staging"}
        assert new.http.get(path, headers=headers).status_code == 401
    pair = extra["client_id"], extra["client_secret"]
    assert new.http.get("/scan2evolve/api/v1/users", auth=pair).status_code == 401
    assert new.journal() == []
    new.control("DELETE")


def test_founding_credentials_of_a_deleted_world_are_its_namesakes_under_the_same_seed_only(
    server: ServerClient,
) -> None:
    """Equal seeds under one id give equal credentials; another seed gives none of them."""
    old = server.world(id="namesake", seed=1, users=1)
    old.control("DELETE")
    for seed, status in ((2, 401), (1, 200)):
        new = server.world(id="namesake", seed=seed, users=1)
        assert new.http.get("/scan2evolve/api/v1/users", auth=old.basic(1)).status_code == status
        assert old.hrms("/users").status_code == status
        new.control("DELETE")


def test_bearer_of_a_world_is_refused_by_the_other_api_and_stays_in_its_journal(world: WorldClient) -> None:
    """A token of one API is no token of the other, wherever X-Sandbox-World and Host point to."""
    elsewhere = {"X-Sandbox-World": "default", "Host": "default.localhost"}
    wire_lines = dict(line.split(": ", 1) for line in bearer(world).decode().split("\r\n"))
    answers = [
        world.http.get("/scan2evolve/api/v1/users", headers=elsewhere | wire_lines),
        world.http.get(
            "/hrms/api/v1/users",
            headers=elsewhere | {"Authorization": f"Bearer {world.token()}", "X-Environment": "staging"},
        ),
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert [entry["status"] for entry in world.journal()] == [401, 200, 401]


def test_snapshot_of_one_world_goes_into_no_other(server: ServerClient) -> None:
    """409, whether it comes as it is or renamed: its credentials name the other world; neither world changes."""
    one, other = server.world(seed=1), server.world(seed=2, now=NOW)
    one.sync(RECORD)
    taken, before = one.control("GET", "/snapshot").json(), other.control("GET", "/snapshot").json()
    for snapshot in (taken, taken | {"world": other.id}):
        assert other.control("PUT", "/snapshot", json=snapshot).status_code == 409
    assert other.control("GET", "/snapshot").json() == before
    assert one.control("GET", "/snapshot").json() == taken
    for world in (one, other):
        world.control("DELETE")


def test_world_whose_credentials_a_snapshot_gave_to_another_cannot_be_made(server: ServerClient) -> None:
    """Making it would take them away from whoever uses them there: 409, until the other one is gone."""
    wishes = {"id": "moved-from", "seed": 5}
    gone = server.world(**wishes)
    taken = gone.control("GET", "/snapshot").json()
    gone.control("DELETE")
    heir = server.world(id="moved-to", seed=6)
    assert heir.control("PUT", "/snapshot", json=taken | {"world": heir.id}).status_code == 204
    answer = server.http.post("/_sandbox/worlds", json=wishes)
    assert (answer.status_code, answer.json()["pointer"]) == (409, "/id")
    assert answer.json()["detail"] == "/id: another world has the credentials of a world moved-from of seed 5"
    assert server.http.get("/scan2evolve/api/v1/users", auth=gone.basic()).status_code == 200
    assert [entry["status"] for entry in heir.journal()] == [200]
    heir.control("DELETE")
    server.world(**wishes).control("DELETE")
