"""What the fixtures hand out: a world over the socket, in process, and at a sandbox elsewhere."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from typing import Any, Literal

import httpx
import pytest

from sandbox.client import ControlError
from sandbox_pytest import Hrms, SandboxServer, SandboxWorld, Scan2Evolve
from sandbox_pytest.apis import MissingExtra
from sandbox_pytest.options import Options
from sandbox_pytest.server import opened, world_ids
from tests.client import NOW, ServerClient

SECRETS = re.compile(r"(hrms|cs|se)_[0-9a-f]{12,}")


def options(mode: Literal["socket", "process"] = "socket", url: str | None = None) -> Options:
    """What the command line makes of these, and of nothing else."""
    return Options(mode=mode, url=url, control_key=None, ca=None, port=0, journal_dir=None)


@pytest.fixture(scope="module", params=["socket", "process", "elsewhere"])
def served(request: pytest.FixtureRequest, server: ServerClient) -> Iterator[SandboxServer]:
    """A sandbox in each of the ways to reach one."""
    asked = options(url=server.url) if request.param == "elsewhere" else options(mode=request.param)
    with opened(asked) as made:
        yield made


@pytest.fixture
def frozen(served: SandboxServer) -> Iterator[SandboxWorld]:
    """A world of it with three people, whose clock stands still."""
    with served.world("frozen", users=3, now=NOW, frozen=True) as made:
        yield made


def synced(world: SandboxWorld, *records: dict[str, Any]) -> httpx.Response:
    """The answer to a batch, sent by the first organization."""
    return world.scan2evolve.client.post("/api/v1/sync/employees", json={"employees": list(records)})


def test_world_is_reached_by_the_clients_of_its_fixtures(frozen: SandboxWorld) -> None:
    """Both APIs let them in, and what one does all see, the control plane too."""
    people = frozen.hrms.client.get("/v1/users").json()["data"]
    assert [row["attributes"]["staffId"] for row in people] == [row["staffId"] for row in frozen.hrms.users()]
    assert synced(frozen, {"externalEmployeeId": "E-1"}).json()["results"][0]["status"] == "CREATED"

    async def again() -> httpx.Response:
        async with frozen.scan2evolve.async_client() as client:
            return await client.post("/api/v1/sync/employees", json={"employees": [{"externalEmployeeId": "E-1"}]})

    assert asyncio.run(again()).json()["results"][0]["status"] == "UPDATED"
    assert [row["externalEmployeeId"] for row in frozen.employees()] == ["E-1"]
    assert [entry["operation"] for entry in frozen.journal()] == ["listUsers", "syncEmployees", "syncEmployees"]
    assert len(frozen.journal(operation="syncEmployees", status=200)) == 2


def test_world_tells_where_code_has_to_be_pointed(frozen: SandboxWorld) -> None:
    """Base URLs and credentials work with any client, over the socket of this very server."""
    hrms, scan2evolve = frozen.hrms, frozen.scan2evolve
    assert hrms.base_url == f"{frozen.url}/hrms/api"
    assert scan2evolve.base_url == f"{frozen.url}/scan2evolve"
    assert hrms.headers == {"Authorization": f"Bearer {hrms.token}", "X-Environment": "staging"}
    assert httpx.get(f"{hrms.base_url}/v1/users", headers=hrms.headers).status_code == 200
    pair = scan2evolve.client_id, scan2evolve.client_secret
    assert httpx.get(f"{scan2evolve.base_url}/api/v1/users", auth=pair).status_code == 200
    held = frozen.world["scan2evolve"]["organizations"][0]
    assert (scan2evolve.organization_id, scan2evolve.organization) == (held["organization_id"], held)
    assert [row["token"] for row in hrms.tokens if row["environment"] == "staging"] == [hrms.token]


def test_world_shows_the_other_environment_and_the_other_organization(frozen: SandboxWorld) -> None:
    """Each with its own credentials, and nothing of the first."""
    uat = frozen.hrms.in_environment("uat")
    assert (uat.environment, uat.token) != (frozen.hrms.environment, frozen.hrms.token)
    assert uat.client.get("/v1/users").status_code == 200
    synced(frozen, {"externalEmployeeId": "E-1", "email": "only.here@example.com", "userAccount": {}})
    first, second = frozen.organizations
    assert ([row["externalEmployeeId"] for row in first.employees()], second.employees()) == (["E-1"], [])
    accounts = [[row for row in org.users() if row["email"] == "only.here@example.com"] for org in (first, second)]
    assert [len(found) for found in accounts] == [1, 0]
    assert "only.here@example.com" not in second.client.get("/api/v1/users").text


def test_world_has_the_requests_whose_credentials_name_none(frozen: SandboxWorld) -> None:
    """The ready clients name it, also where they are told to use a wrong secret."""
    assert frozen.scan2evolve.client.get("/api/v1/users", auth=("nobody", "wrong")).status_code == 401
    assert frozen.hrms.client.get("/v1/users", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert httpx.get(f"{frozen.hrms.base_url}/v1/nothing", headers=frozen.header).status_code == 404
    assert [entry["status"] for entry in frozen.journal()] == [401, 401, 404]


def test_world_moves_its_clock_by_whatever_is_waited(frozen: SandboxWorld) -> None:
    """An access token expires after a day, and `now` says when that is."""
    token = {"Authorization": f"Bearer {frozen.scan2evolve.access_token()}"}
    url = f"{frozen.scan2evolve.base_url}/api/v1/users"
    frozen.advance(86_399.5)
    assert httpx.get(url, headers=token).status_code == 200
    frozen.advance(seconds=0.5)
    assert httpx.get(url, headers=token).status_code == 401
    assert frozen.now == "2024-11-19T10:30:00.000Z"


def test_world_keeps_the_mail(frozen: SandboxWorld) -> None:
    """All of it, or what went to one address."""
    for name in ("a", "b"):
        account = {"sendWelcomeEmail": True, "forcePasswordReset": True}
        synced(frozen, {"externalEmployeeId": name, "email": f"{name}@example.com", "userAccount": account})
    assert [mail["to"] for mail in frozen.outbox()] == ["a@example.com", "b@example.com"]
    assert [mail["to"] for mail in frozen.outbox(to="b@example.com")] == ["b@example.com"]


def test_world_lists_more_than_a_page(served: SandboxServer) -> None:
    """Whoever has 1,001 people sees 1,001."""
    with served.world("large", users=1001) as large:
        assert len({row["id"] for row in large.hrms.users()}) == 1001


def test_world_verifies_what_came(frozen: SandboxWorld) -> None:
    """So often, in that order, and since that entry."""
    synced(frozen, {"externalEmployeeId": "E-1"})
    frozen.scan2evolve.client.get("/api/v1/users")
    assert frozen.verify(operation="syncEmployees")["found"] == 1
    assert frozen.verify(operation="syncEmployees", record={"outcome": "CREATED"}, times=1)["found"] == 1
    assert frozen.verify(api="scan2evolve", at_least=2)["found"] == 2
    assert frozen.verify(operation="syncEmployees", times=0, after="1")["looked_at"] == 1
    assert frozen.verify_in_order({"operation": "syncEmployees"}, {"status": 200})["found"] == 2
    synced(frozen, {"externalEmployeeId": "E-1"})
    with pytest.raises(AssertionError, match="did not come after entry 3"):
        frozen.verify_in_order({"operation": "syncEmployees"}, {"operation": "listUsers"}, after="1")


def test_world_that_was_not_asked_so_says_what_came_nearest(frozen: SandboxWorld) -> None:
    """An assertion that fails with one sentence, and with no other error behind it."""
    synced(frozen, {"externalEmployeeId": "E-1"})
    with pytest.raises(AssertionError) as failed:
        frozen.verify(operation="syncEmployees", status=201)
    assert str(failed.value) == (
        "Expected at least 1 request with operation syncEmployees and status 201, found none among 1 request. "
        "Nearest is entry 1, POST /scan2evolve/api/v1/sync/employees: status was 200, not 201."
    )
    assert (failed.value.__cause__, failed.value.__context__) == (None, None)
    with pytest.raises(AssertionError, match=r"^Expected .* in order"):
        frozen.verify_in_order({"operation": "syncEmployees"}, {"operation": "issueToken"})


def test_world_refuses_a_pattern_that_nothing_can_fit(frozen: SandboxWorld) -> None:
    """A mistake in the test is not taken for one of the code under test."""
    with pytest.raises(ControlError) as refused:
        frozen.verify(operation="syncEmployes")
    assert (refused.value.status, refused.value.pointer) == (422, "/pattern/operation")


def test_world_ends_with_its_block(served: SandboxServer) -> None:
    """It is gone, its clients are closed, and that it was gone before is no fault."""
    with served.world("short", users=0) as short:
        client = short.hrms.client
        assert client.get("/v1/users").status_code == 200
    with pytest.raises(RuntimeError, match="closed"):
        client.get("/v1/users")
    with pytest.raises(ControlError, match="There is no world"):
        short.control.get_world()
    with served.world("shorter", users=0) as shorter:
        shorter.control.delete_world()


def test_world_whose_name_is_taken_gets_a_number(served: SandboxServer) -> None:
    """Two sessions that run the same test at the same time have a world each; the id that is asked for is exact."""
    with served.world("twin", users=0) as first, served.world("twin", users=0) as second:
        assert (first.id, second.id) == ("twin-72b33a1c", "twin-72b33a1c-2")
        with pytest.raises(ControlError, match="exists already"), served.world(id=first.id):
            pass


def test_world_elsewhere_goes_by_itself_where_its_session_dies(server: ServerClient) -> None:
    """After an hour without a request, unless it was wished otherwise; one of this process needs no such care."""
    with opened(options(url=server.url)) as elsewhere, opened(options()) as here:
        for served, wishes, seconds in (
            (elsewhere, {}, 3600),
            (elsewhere, {"ttl_seconds": 60}, 60),
            (elsewhere, {"ttl_seconds": None}, None),
            (here, {}, None),
        ):
            with served.world("left-alone", users=0, **wishes) as world:
                assert world.control.get_world()["ttl_seconds"] == seconds


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("tests/test_sync.py::TestRetry::test_waits[429-a b]", "test-waits-429-a-b-c616b78f"),
        ("test_x.py::test_y[a::b]", "test-y-a-b-e7c5ccd1"),
        ("test_x.py::test_ü[…]", "test-cf5e1069"),
        ("…", "b4935894"),
        ("t.py::" + "long_" * 50, f"{'long-' * 9}lon-c8fd6427"),
    ],
)
def test_world_ids_can_be_read_and_are_ids(name: str, first: str) -> None:
    """Whatever a test is called, and however many namesakes it has."""
    ids = list(world_ids(name))
    assert ids[0] == first
    assert len(set(ids)) == 1000
    assert all(re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", made) for made in ids)


def test_world_shows_no_secret_where_a_report_shows_it(frozen: SandboxWorld, served: SandboxServer) -> None:
    """What pytest and debuggers print of fixtures."""
    for shown in (frozen, frozen.hrms, frozen.scan2evolve, served):
        assert not SECRETS.search(repr(shown))
    assert "sesame" not in repr(Options("socket", None, "sesame", None, 0, None))


def test_sandbox_elsewhere_is_not_called_in_process(server: ServerClient) -> None:
    """It says that it is not here."""
    with opened(options(url=server.url)) as elsewhere, elsewhere.world("far", users=0) as far:
        refused = f"the sandbox at {server.url} is not in this process: leave out --sandbox-url"
        for ask in (far.asgi, elsewhere.asgi):
            with pytest.raises(RuntimeError, match=f"^{re.escape(refused)}$"):
                ask()


@pytest.mark.parametrize("mode", ["socket", "process"])
def test_sandbox_of_this_process_is_an_asgi_application(mode: Literal["socket", "process"]) -> None:
    """In both modes, with the state that its URL shows."""
    with opened(options(mode)) as served, served.world("here", users=2) as here:

        async def read() -> httpx.Response:
            transport = httpx.ASGITransport(app=here.asgi())
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.get(f"{here.hrms.base_url}/v1/users", headers=here.hrms.headers)

        assert len(asyncio.run(read()).json()["data"]) == 2
        assert httpx.get(f"{here.url}/_sandbox/worlds/{here.id}").status_code == 200


def test_clients_without_httpx_say_what_to_install(frozen: SandboxWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """All else works without it."""
    monkeypatch.setitem(sys.modules, "httpx", None)
    uat = frozen.hrms.in_environment("uat")
    for ask in (lambda: uat.client, uat.async_client):
        with pytest.raises(MissingExtra, match=r"^httpx is not installed: pip install 'hris-sandbox\[pytest\]'$"):
            ask()
    frozen.advance(1)
    assert frozen.verify(times=0)["looked_at"] == 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"name": "connection-reset"}, httpx.ReadError),
        ({"name": "empty-answer"}, httpx.RemoteProtocolError),
        ({"name": "answer-lost"}, httpx.RemoteProtocolError),
        ({"name": "truncated-body"}, httpx.RemoteProtocolError),
        ({"name": "malformed-chunk"}, httpx.RemoteProtocolError),
    ],
)
def test_world_breaks_connections_alike_in_every_mode(frozen: SandboxWorld, fault: Any, error: type[Exception]) -> None:
    """Code under test catches httpx' errors, over a socket and in process, waiting and in an event loop."""
    frozen.control.create_fault(**fault)

    async def ask() -> None:
        async with frozen.hrms.async_client() as client:
            await client.get("/v1/users")

    with pytest.raises(error) as broken:
        frozen.hrms.client.get("/v1/users")
    assert type(broken.value) is error
    with pytest.raises(error) as broken:
        asyncio.run(ask())
    assert type(broken.value) is error
    frozen.verify(operation="listUsers", times=2)


def test_fixtures_of_this_very_session_are_a_world(sandbox: SandboxWorld, hrms: Hrms, scan2evolve: Scan2Evolve) -> None:
    """`hrms` and `scan2evolve` are those of `sandbox`."""
    assert (hrms, scan2evolve) == (sandbox.hrms, sandbox.scan2evolve)
    assert sandbox.id.startswith("test-fixtures-of-this-very-session-are-a-world-")
    assert sandbox.world["seed"] == 0
