"""Rate limits of Scan2Evolve: what counts for whom, the window, and an honest Retry-After."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.ratelimit import Limit, RateLimiter
from tests.client import ServerClient, WorldClient

START = 1_731_925_800  # the Unix time of client.NOW
LIMIT = {"limit": 3, "window_seconds": 10}


@pytest.fixture
def limited(server: ServerClient) -> Iterator[WorldClient]:
    """A world with three requests in ten seconds for each organization."""
    made = server.world(limits={"scan2evolve": LIMIT, "hrms": None})
    yield made
    made.control("DELETE")


def standing(answer: httpx.Response) -> tuple[int, int, int]:
    """What the X-RateLimit headers say: limit, remaining, reset."""
    limit, remaining, reset = (int(answer.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))
    return limit, remaining, reset


def spend(world: WorldClient, org: int = 0) -> None:
    """Use up the window of an organization."""
    for _ in range(LIMIT["limit"]):
        assert world.scan2evolve("GET", "/users", org).status_code == 200


# -- by default ---------------------------------------------------------------------------------------


def test_default_limit_is_a_hundred_requests_a_minute(server: ServerClient) -> None:
    """100 in a window of 60 s, counted down by one (S2E-RATE-04, S2E-RATE-05)."""
    default = server.http.get("/_sandbox/worlds/default/limits").json()
    assert default == {"scan2evolve": {"limit": 100, "window_seconds": 60}, "hrms": None}
    world = server.world(limits={})
    for left in range(99, -1, -1):
        answer = world.scan2evolve("GET", "/users")
        assert answer.status_code == 200
        assert standing(answer) == (100, left, START + 60)
    answer = world.scan2evolve("GET", "/users")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"
    world.control("DELETE")


# -- over it ---------------------------------------------------------------------------------------------


def test_request_over_the_limit_is_refused_and_not_processed(limited: WorldClient) -> None:
    """429 with the vendor's body and headers, and nothing changes (S2E-RATE-01, S2E-RATE-02)."""
    spend(limited)
    before = limited.state()
    body = {"employees": [{"externalEmployeeId": "E-1"}]}
    answer = limited.scan2evolve("POST", "/sync/employees", json=body)
    shown = answer.json()
    assert shown.pop("requestId").startswith("sync-")
    assert (answer.status_code, shown) == (429, {"error": "Rate limit exceeded"})
    assert standing(answer) == (3, 0, START + 10)
    assert answer.headers["retry-after"] == "10"
    assert limited.state() == before
    limited.advance(10)
    assert limited.scan2evolve("POST", "/sync/employees", json=body).status_code == 200
    assert limited.employee("E-1")["status"] == "ACTIVE"


def test_refused_requests_neither_count_nor_move_the_window(limited: WorldClient) -> None:
    """Any number of 429s later the window ends when it was to end (S2E-RATE-07)."""
    spend(limited)
    for second in range(10):
        for _ in range(3):
            answer = limited.scan2evolve("GET", "/users")
            assert answer.status_code == 429
            assert standing(answer) == (3, 0, START + 10)
            assert answer.headers["retry-after"] == str(10 - second)
        limited.advance(1)
    assert standing(limited.scan2evolve("GET", "/users")) == (3, 2, START + 20)


def test_retry_after_and_reset_are_rounded_up(limited: WorldClient) -> None:
    """Whole seconds, at least one, never too short (S2E-RATE-03, S2E-RATE-05)."""
    limited.advance(0.4)
    spend(limited)
    for step, retry in ((0.0, "10"), (0.001, "10"), (8.998, "2"), (0.001, "1"), (0.999, "1")):
        limited.advance(step)
        answer = limited.scan2evolve("GET", "/users")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, retry)
        assert standing(answer) == (3, 0, START + 11)
    limited.advance(0.001)
    assert limited.scan2evolve("GET", "/users").status_code == 200


def test_window_starts_with_the_first_counted_request_after_the_last_one(limited: WorldClient) -> None:
    """Not at a full minute, and not at the end of the last window (S2E-RATE-05)."""
    assert standing(limited.scan2evolve("GET", "/users")) == (3, 2, START + 10)
    limited.advance(3)
    assert standing(limited.scan2evolve("GET", "/users")) == (3, 1, START + 10)
    limited.advance(60)
    assert standing(limited.scan2evolve("GET", "/users")) == (3, 2, START + 73)


def test_clock_put_back_starts_a_window_anew(limited: WorldClient) -> None:
    """A window that has not begun yet holds nobody up (S2E-RATE-03)."""
    spend(limited)
    limited.control("PATCH", "/clock", json={"now": "2020-01-01T00:00:00Z"})
    answer = limited.scan2evolve("GET", "/users")
    assert answer.status_code == 200
    assert standing(answer) == (3, 2, 1_577_836_810)


# -- what counts, and for whom --------------------------------------------------------------------------------


def test_bearer_and_basic_count_together_for_the_organization(limited: WorldClient) -> None:
    """All credentials and tokens of an organization share its window (S2E-RATE-05)."""
    spare = limited.add("credentials")
    token = limited.token()
    answer = limited.scan2evolve("GET", "/users", headers={"Authorization": f"Bearer {token}"})
    assert standing(answer)[1] == 1
    pair = spare["client_id"], spare["client_secret"]
    assert standing(limited.scan2evolve("GET", "/users", auth=pair))[1] == 0
    assert limited.scan2evolve("GET", "/users").status_code == 429


def test_organizations_do_not_use_up_each_other(limited: WorldClient) -> None:
    """Each has a window of its own (S2E-RATE-06)."""
    spend(limited)
    assert limited.scan2evolve("GET", "/users").status_code == 429
    assert standing(limited.scan2evolve("GET", "/users", org=1)) == (3, 2, START + 10)


def test_token_request_counts_for_the_organization_of_its_client_id(limited: WorldClient) -> None:
    """Good or bad secret alike; over the limit it is a 429 (S2E-RATE-01, S2E-RATE-07)."""
    client_id, secret = limited.basic()

    def ask(**fields: Any) -> httpx.Response:
        return limited.http.post("/scan2evolve/api/v1/auth/token", json=fields)

    grant = {"client_id": client_id, "grant_type": "client_credentials"}
    answers = [
        ask(client_secret=secret, **grant),
        ask(client_secret="wrong", **grant),
        ask(client_id=client_id),
        ask(client_secret=secret, **grant),
        ask(client_secret="wrong", **grant),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 400, 429, 429]
    assert [standing(answer)[1] for answer in answers] == [2, 1, 0, 0, 0]
    assert limited.scan2evolve("GET", "/users").status_code == 429


@pytest.mark.parametrize(
    "request_of",
    [
        {"url": "/sync/employees", "json": {"employees": []}},
        {"url": "/auth/token", "json": {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}},
        {"url": "/auth/token", "content": b"{"},
        {"url": "/sync/employees", "headers": {"Authorization": "Bearer se_none"}},
        {"url": "/nothing"},
        {"url": "/users"},
    ],
    ids=["no credentials", "unknown client", "unreadable grant", "unknown token", "unknown path", "other method"],
)
def test_request_without_valid_credentials_counts_for_its_peer(
    limited: WorldClient, request_of: dict[str, Any]
) -> None:
    """Its headers show the peer's window; it is never a 429 and uses up no organization's (S2E-RATE-07)."""
    request_of = dict(request_of)
    headers = {"X-Sandbox-World": limited.id} | request_of.pop("headers", {})
    url = "/scan2evolve/api/v1" + request_of.pop("url")
    answers = [limited.http.post(url, headers=headers, **request_of) for _ in range(5)]
    assert len({answer.status_code for answer in answers}) == 1
    assert answers[0].status_code in (400, 401, 404, 405)
    assert [standing(answer) for answer in answers] == [(3, left, START + 10) for left in (2, 1, 0, 0, 0)]
    assert not any("retry-after" in answer.headers for answer in answers)
    assert standing(limited.scan2evolve("GET", "/users")) == (3, 2, START + 10)


def test_wrong_secret_of_a_known_client_counts_for_the_peer(limited: WorldClient) -> None:
    """Whoever guesses secrets cannot lock the organization out (S2E-RATE-06, S2E-AUTH-07)."""
    pair = limited.basic()[0], "wrong"
    for _ in range(5):
        assert limited.http.get("/scan2evolve/api/v1/users", auth=pair).status_code == 401
    assert standing(limited.scan2evolve("GET", "/users")) == (3, 2, START + 10)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/users", 405)])
def test_404_and_405_count_for_whom_the_credentials_name_and_never_become_429(
    limited: WorldClient, method: str, path: str, status: int
) -> None:
    """They use up the window, and still come over the limit (S2E-RATE-07)."""
    answers = [limited.scan2evolve(method, path) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [status] * 4
    assert [standing(answer)[1] for answer in answers] == [2, 1, 0, 0]
    assert limited.scan2evolve("GET", "/users").status_code == 429


@pytest.mark.parametrize(
    ("method", "path", "request_of", "status"),
    [
        ("GET", "/users", {}, 200),
        ("GET", "/users/user_0", {}, 404),
        ("GET", "/users?isActive=x", {}, 400),
        ("POST", "/sync/employees", {"json": {"employees": [{}]}}, 200),
        ("POST", "/sync/employees", {"content": b"{"}, 400),
    ],
)
def test_every_answer_of_an_operation_counts_once_and_shows_the_window(
    limited: WorldClient, method: str, path: str, request_of: dict[str, Any], status: int
) -> None:
    """Refused by the operation or not (S2E-RATE-04, S2E-RATE-07)."""
    answer = limited.scan2evolve(method, path, **request_of)
    assert answer.status_code == status
    assert standing(answer) == (3, 2, START + 10)


# -- changing it ------------------------------------------------------------------------------------------


def test_change_of_limits_starts_windows_anew(limited: WorldClient) -> None:
    """A limit that changes forgets what was counted; one that is set again to the same value does not."""
    spend(limited)
    limited.control("PATCH", "/limits", json={"scan2evolve": LIMIT})
    assert limited.scan2evolve("GET", "/users").status_code == 429
    limited.advance(2)
    limited.control("PATCH", "/limits", json={"scan2evolve": {"limit": 5}})
    assert standing(limited.scan2evolve("GET", "/users")) == (5, 4, START + 12)
    limited.control("PATCH", "/limits", json={"scan2evolve": {"window_seconds": 100}})
    assert standing(limited.scan2evolve("GET", "/users")) == (5, 4, START + 102)
    limited.control("PATCH", "/limits", json={"hrms": {"limit": 1, "window_seconds": 1}})
    assert standing(limited.scan2evolve("GET", "/users")) == (5, 3, START + 102)


def test_limit_switched_off_lets_everything_in_without_headers(limited: WorldClient) -> None:
    """A limit of null is off (S2E-RATE-04 holds where there is one)."""
    spend(limited)
    limited.control("PATCH", "/limits", json={"scan2evolve": None})
    answer = limited.scan2evolve("GET", "/users")
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


# -- the counter itself ---------------------------------------------------------------------------------------

PARTIES = st.sampled_from(["org-a", "org-b", "peer:1"])
MOVES = st.one_of(st.integers(0, 3_000), st.integers(-100_000, 100_000))
STEPS = st.lists(st.tuples(MOVES, PARTIES, st.booleans()), max_size=60)


@given(limit=st.integers(1, 5), seconds=st.integers(1, 90), start=st.integers(0, 2**43), steps=STEPS)
def test_counter_is_honest_whatever_the_clock_does(
    limit: int, seconds: int, start: int, steps: list[tuple[int, str, bool]]
) -> None:
    """Waiting Retry-After always helps, less never; no window lets too many in (S2E-RATE-01, S2E-RATE-03)."""
    limiter = RateLimiter({"scan2evolve": Limit(limit, seconds), "hrms": None})
    now = start
    let_in: dict[str, tuple[int, int]] = {}
    for move, party, refusable in steps:
        now = max(0, now + move)
        seen = limiter.count("scan2evolve", party, now, refusable)
        assert seen is not None
        window = limiter.state().windows[f"scan2evolve:{party}"]
        assert window.start <= now < window.end == window.start + seconds * 1000
        assert seen.reset - 1 < window.end / 1000 <= seen.reset
        assert 0 <= seen.remaining < limit
        if seen.retry_after is None:
            began, count = let_in.get(party, (window.start, 0))
            let_in[party] = window.start, count * (began == window.start) + refusable
            assert let_in[party][1] <= limit
        else:
            assert refusable
            assert seen.remaining == 0
            assert 1 <= seen.retry_after <= seconds
            assert retry_after_at(limiter, party, now + seen.retry_after * 1000) is None
            if seen.retry_after > 1:
                assert retry_after_at(limiter, party, now + (seen.retry_after - 1) * 1000) is not None


def retry_after_at(limiter: RateLimiter, party: str, now: int) -> int | None:
    """What a request at `now` would be told, tried on a copy of the counter."""
    copy = RateLimiter({})
    copy.restore(limiter.state())
    then = copy.count("scan2evolve", party, now, refusable=True)
    assert then is not None
    return then.retry_after


def test_counter_remembers_only_so_many_peers() -> None:
    """A stream of new peers does not grow the memory without end."""
    limiter = RateLimiter({"scan2evolve": Limit(100, 60), "hrms": None})
    for number in range(25_000):
        limiter.count("scan2evolve", f"peer:{number}", number, refusable=False)
    assert len(limiter.state().windows) <= 10_000


def test_limit_of_an_organization_outlasts_any_number_of_peers() -> None:
    """Strangers from twenty thousand addresses are forgotten, the oldest first, before anybody with credentials."""
    limiter = RateLimiter({"scan2evolve": Limit(2, 60), "hrms": None})
    for _ in range(2):
        limiter.count("scan2evolve", "org-1", 0, refusable=True)
    for number in range(20_000):
        limiter.count("scan2evolve", f"peer:{number}", 1, refusable=False)
    standing = limiter.count("scan2evolve", "org-1", 2, refusable=True)
    assert standing is not None
    assert standing.retry_after == 60
    windows = limiter.state().windows
    assert 9_000 <= len(windows) <= 10_000
    assert "scan2evolve:peer:0" not in windows
    assert "scan2evolve:peer:19999" in windows
