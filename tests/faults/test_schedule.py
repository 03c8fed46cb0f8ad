"""When a fault acts and on whom: numbers of requests, chance, scripts, instants, selectors, and their order."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.client import ServerClient, WorldClient
from tests.faults.calling import JANE, plan, struck, sync, users


def statuses(world: WorldClient, times: int) -> list[int]:
    """The statuses of so many syncs."""
    return [sync(world).status_code for _ in range(times)]


def counters(world: WorldClient, place: str) -> tuple[int, int]:
    """How many requests a fault has seen, and on how many it has acted."""
    shown = world.control("GET", place).json()
    return shown["seen"], shown["acted"]


def test_fault_without_a_schedule_acts_always(world: WorldClient) -> None:
    """Until it is deleted, and then no more."""
    place = plan(world, "status", {"status": 503})
    assert statuses(world, 3) == [503] * 3
    assert counters(world, place) == (3, 3)
    assert world.control("DELETE", place).status_code == 204
    assert statuses(world, 1) == [200]


def test_fault_of_chosen_calls_acts_on_those(world: WorldClient) -> None:
    """The first request that it concerns is number 1; whom it does not concern has no number."""
    place = plan(world, "status", {"status": 503}, calls=[2, 4], operation="syncEmployees")
    found = []
    for _ in range(5):
        found += statuses(world, 1)
        assert users(world).status_code == 200
    assert found == [200, 503, 200, 503, 200]
    assert counters(world, place) == (5, 2)


def test_fault_of_so_many_times_acts_on_the_first_ones(world: WorldClient) -> None:
    """After that it goes on counting."""
    place = plan(world, "status", {"status": 503}, times=2)
    assert statuses(world, 4) == [503, 503, 200, 200]
    assert counters(world, place) == (4, 2)


def test_fault_with_a_probability_follows_the_seed(server: ServerClient) -> None:
    """The same seed gives the same requests, another one others; a reset begins anew; ids stay what they were."""
    fault = {"name": "status", "parameters": {"status": 503}, "probability": 0.5}
    found = []
    for seed in (1, 1, 2):
        world = server.world(seed=seed, faults=[fault])
        found.append(statuses(world, 30))
        assert world.control("POST", "/reset").status_code == 200
        assert statuses(world, 30) == found[-1]
    assert found[0] == found[1] != found[2]
    assert 5 < found[0].count(503) < 25
    plain, troubled = server.world(seed=1), server.world(seed=1, faults=[fault])
    with_faults = [answer for answer in (sync(troubled) for _ in range(10)) if answer.status_code == 200]
    assert with_faults[0].json()["results"] == sync(plain).json()["results"]


def test_fault_with_a_probability_of_nothing_or_all_is_sure(world: WorldClient) -> None:
    """0 never acts, 1 always."""
    plan(world, "status", {"status": 500}, probability=0)
    plan(world, "status", {"status": 503}, probability=1)
    assert statuses(world, 10) == [503] * 10


def test_two_faults_with_a_probability_draw_apart(world: WorldClient) -> None:
    """Each has chance of its own: they do not act on the same requests alone."""
    first = plan(world, "malformed-json", probability=0.5)
    second = plan(world, "latency", {"seconds": 0}, probability=0.5)
    statuses(world, 40)
    names = [tuple(row[2]) for row in struck(world)]
    assert set(names) == {(), ("malformed-json",), ("latency",), ("latency", "malformed-json")}
    assert (counters(world, first)[0], counters(world, second)[0]) == (40, 40)


def test_script_gives_each_request_its_own_answer(world: WorldClient) -> None:
    """Pass, 503, reset, lost, and then all pass; the journal names the fault that acted."""
    answers: list[Any] = [
        "pass",
        {"name": "status", "parameters": {"status": 503}},
        {"name": "connection-reset"},
        {"name": "answer-lost"},
    ]
    place = plan(world, "script", {"answers": answers})
    assert statuses(world, 2) == [200, 503]
    with pytest.raises(httpx.ReadError):
        sync(world)
    with pytest.raises(httpx.RemoteProtocolError):
        sync(world)
    assert statuses(world, 2) == [200, 200]
    assert [row[2] for row in struck(world)] == [[], ["status"], ["connection-reset"], ["answer-lost"], [], []]
    assert counters(world, place) == (6, 3)


def test_script_that_repeats_begins_anew(world: WorldClient) -> None:
    """And `times` ends it."""
    plan(
        world,
        "script",
        {"answers": ["pass", {"name": "status", "parameters": {"status": 503}}], "repeat": True},
        times=2,
    )
    assert statuses(world, 7) == [200, 503, 200, 503, 200, 200, 200]


def test_script_can_be_unavailable_for_a_request(world: WorldClient) -> None:
    """Retry-After is then what its seconds say."""
    plan(world, "script", {"answers": [{"name": "unavailable", "parameters": {"seconds": 9}}]})
    assert (sync(world).headers["retry-after"], sync(world).status_code) == ("9", 200)


def test_fault_holds_from_since_on_and_before_until(world: WorldClient) -> None:
    """Both on the world's clock, to the millisecond; requests outside of them have no number."""
    place = plan(
        world,
        "status",
        {"status": 503},
        since="2024-11-18T10:30:10Z",
        until="2024-11-18T10:30:20.000Z",
        calls=[1, 3],
    )
    found = statuses(world, 1)
    for step in (9.999, 0.001, 0, 9.999, 0.001, 0):
        world.advance(step)
        found += statuses(world, 1)
    assert found == [200, 200, 503, 200, 503, 200, 200]
    assert counters(world, place) == (3, 2)


def test_fault_of_one_api_one_operation_or_one_credential_concerns_no_other(server: ServerClient) -> None:
    """Each request has the fault that is meant for it, by client_id or token id."""
    world = server.world()
    client_id = world.basic(1)[0]
    plan(world, "status", {"status": 500}, api="scan2evolve", operation="listUsers")
    plan(world, "status", {"status": 502}, credential=client_id)
    plan(world, "status", {"status": 503}, credential="token_uat")
    uat = {"Authorization": f"Bearer {world.hrms_token('uat')}", "X-Environment": "uat"}
    grant = {"client_id": client_id, "client_secret": world.basic(1)[1], "grant_type": "client_credentials"}
    answers = [
        sync(world),
        world.scan2evolve("GET", "/users"),
        sync(world, org=1),
        world.http.post("/scan2evolve/api/v1/auth/token", json=grant),
        users(world),
        world.http.get("/hrms/api/v1/users", headers=uat),
    ]
    assert [answer.status_code for answer in answers] == [200, 500, 502, 502, 200, 503]


def test_faults_of_one_world_leave_others_alone(server: ServerClient) -> None:
    """On the same server, with the same operations, at the same time."""
    one, other = server.world(), server.world()
    plan(one, "status", {"status": 503})
    plan(other, "connection-reset", api="hrms")
    assert (sync(one).status_code, sync(other).status_code) == (503, 200)
    assert (users(one).status_code, struck(other)) == (503, [(200, "whole", [])])
    assert [other.control("GET", "/faults").json()["items"][0][key] for key in ("seen", "acted")] == [0, 0]


def test_first_fault_that_answers_has_the_last_word(world: WorldClient) -> None:
    """Those behind it have seen the request and not acted; what they were to do so many times is still to come."""
    first = plan(world, "status", {"status": 500}, times=1)
    second = plan(world, "status", {"status": 503}, times=1)
    assert statuses(world, 3) == [500, 503, 200]
    assert (counters(world, first), counters(world, second)) == ((3, 1), (3, 1))


def test_fault_after_the_handler_acts_on_the_answer_of_one_before_it(world: WorldClient) -> None:
    """An outage whose page breaks off: both are in the journal, in the order in which they acted."""
    plan(world, "malformed-json", times=1)
    plan(world, "status", {"status": 503}, times=1)
    answer = sync(world)
    assert answer.status_code == 503
    with pytest.raises(ValueError, match="Unterminated string"):
        answer.json()
    assert struck(world) == [(503, "whole", ["status", "malformed-json"])]


def test_fault_after_the_handler_acts_on_its_refusal(world: WorldClient) -> None:
    """A 404 of the handler can be lost like any other answer."""
    plan(world, "answer-lost", operation="getUser", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        world.scan2evolve("GET", "/users/nobody")
    assert struck(world) == [(404, "nothing", ["answer-lost"])]


def test_first_fault_that_decides_how_the_answer_goes_out_is_the_only_one(world: WorldClient) -> None:
    """Lost is lost: what comes behind does not act."""
    plan(world, "answer-lost", times=1)
    behind = plan(world, "truncated-body", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        users(world)
    assert counters(world, behind) == (1, 0)


def test_same_requests_with_the_same_faults_give_the_same_bytes(server: ServerClient) -> None:
    """Chance, scripts and all: world id, seed and requests decide every byte."""
    faults: list[Any] = [
        {"name": "latency", "parameters": {"distribution": "uniform", "least": 0, "most": 0.001}, "probability": 0.5},
        {"name": "status", "parameters": {"status": 503}, "probability": 0.3},
        {"name": "transient-database-error", "parameters": {"chance": 0.5}},
        {"name": "malformed-json", "probability": 0.2},
    ]
    runs = []
    for _ in range(2):
        world = server.world(id="same-faults", seed=5, faults=faults)
        answers = [
            sync(world, {**JANE, "externalEmployeeId": f"EMP-{n}", "email": f"e{n}@example.com"}) for n in range(12)
        ]
        runs.append([(answer.status_code, answer.headers.raw, answer.content) for answer in answers])
        world.control("DELETE")
    assert runs[0] == runs[1]
    assert {status for status, _, _ in runs[0]} == {200, 503}


def test_fault_acts_exactly_as_often_as_asked_whoever_comes_at_once(world: WorldClient) -> None:
    """Forty requests on eight connections: each answer of the script comes once, the other fault acts five times."""
    answers: list[Any] = ["pass", {"name": "status", "parameters": {"status": 503}}] * 7
    plan(world, "script", {"answers": answers})
    behind = plan(world, "status", {"status": 500}, times=5)
    with ThreadPoolExecutor(8) as pool:
        found = Counter(answer.status_code for answer in pool.map(lambda _: sync(world), range(40)))
    assert found == {503: 7, 500: 5, 200: 28}
    assert counters(world, behind) == (40, 5)


@pytest.mark.parametrize("name", ["connection-reset", "answer-lost", "truncated-body"])
def test_broken_connection_goes_with_bugs_that_change_answers(
    server: ServerClient, no_errors_logged: Any, name: str
) -> None:
    """Where there is no answer, or a page of somebody else's, there is nothing for the vendor's bugs to change."""
    world = server.world(deviations=["not-found-as-plain-text", "validation-errors-as-texts"], show_deviations=True)
    plan(world, name, times=1)
    with pytest.raises(httpx.TransportError):
        users(world)
    plan(world, "status", {"status": 404, "body": "<h1>", "content_type": "text/html"}, times=1)
    page = users(world)
    assert (page.status_code, page.text, page.headers["content-type"]) == (404, "<h1>", "text/html")
    assert "x-sandbox-deviation" in users(world).headers
