"""The HRMS has no rate limit unless a world switches one on."""

from __future__ import annotations

import httpx

from tests.client import ServerClient, WorldClient

LIMIT = {"limit": 3, "window_seconds": 10}
START = 1_731_925_800  # the Unix time of client.NOW


def limited(server: ServerClient) -> WorldClient:
    """A world in which a token has three requests in ten seconds."""
    return server.world(limits={"scan2evolve": None, "hrms": LIMIT})


def standing(answer: httpx.Response) -> tuple[int, int, int]:
    """What the X-RateLimit headers say: limit, remaining, reset."""
    limit, remaining, reset = (int(answer.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))
    return limit, remaining, reset


def test_hrms_answers_carry_no_rate_limit_headers_by_default(server: ServerClient, world: WorldClient) -> None:
    """No limit is documented, so none is on (HRMS-ERR-02)."""
    assert server.http.get("/_sandbox/worlds/default/limits").json()["hrms"] is None
    for _ in range(150):
        answer = world.hrms("/departments")
        assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


def test_limit_switched_on_is_counted_for_each_token(server: ServerClient) -> None:
    """Four requests of one token: three are let in; the other token has its own window (HRMS-ERR-02)."""
    world = limited(server)
    for left in (2, 1, 0):
        answer = world.hrms("/users")
        assert answer.status_code == 200
        assert standing(answer) == (3, left, START + 10)
    answer = world.hrms("/users")
    assert (answer.status_code, answer.json()) == (429, {"message": "Too Many Requests"})
    assert standing(answer) == (3, 0, START + 10)
    assert answer.headers["retry-after"] == "10"
    assert standing(world.hrms("/users", "uat")) == (3, 2, START + 10)
    world.control("DELETE")


def test_window_of_the_hrms_ends_on_the_clock_of_the_world(server: ServerClient) -> None:
    """Waiting as long as Retry-After says always helps, and one second less does not."""
    world = limited(server)
    for _ in range(3):
        world.hrms("/users")
    world.advance(9)
    answer = world.hrms("/users")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    world.advance(1)
    assert standing(world.hrms("/users")) == (3, 2, START + 20)
    world.control("DELETE")


def test_hrms_request_without_a_good_token_counts_for_the_peer(server: ServerClient) -> None:
    """It is answered 401 over the limit too, and uses up nobody's window."""
    world = limited(server)
    headers = {"X-Sandbox-World": world.id, "Authorization": "Bearer nonsense"}
    seen = [server.http.get("/hrms/api/v1/users", headers=headers) for _ in range(5)]
    assert [answer.status_code for answer in seen] == [401] * 5
    assert [standing(answer)[1] for answer in seen] == [2, 1, 0, 0, 0]
    assert standing(world.hrms("/users")) == (3, 2, START + 10)
    world.control("DELETE")


def test_hrms_limit_can_be_switched_off_again(server: ServerClient) -> None:
    """A limit of null is off, and the headers go with it."""
    world = limited(server)
    for _ in range(4):
        answer = world.hrms("/users")
    assert answer.status_code == 429
    assert world.control("PATCH", "/limits", json={"hrms": None}).json() == {"scan2evolve": None, "hrms": None}
    answer = world.hrms("/users")
    assert answer.status_code == 200
    assert "x-ratelimit-limit" not in answer.headers
    world.control("DELETE")
