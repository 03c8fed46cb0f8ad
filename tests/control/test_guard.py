"""The guard: no web page elsewhere, no rebound name, nobody without the key reaches the control plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.settings import Settings, SettingsError
from tests.client import ServerClient
from tests.conftest import running

KEY = "a-key-that-only-this-test-knows"
PAGE = "https://tools.example.com"


@pytest.fixture(scope="module")
def keyed() -> Iterator[ServerClient]:
    """A server with a control key, and one page of another origin that may use it."""
    with running(Settings(control_key=KEY, cors_origins=(PAGE,))) as client:
        yield client


def ask(server: ServerClient, method: str = "GET", path: str = "/_sandbox/worlds", **headers: Any) -> httpx.Response:
    """A request with these headers; underscores stand for hyphens."""
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    return server.http.request(method, path, headers=sent)


def assert_kept_out(server: ServerClient, answer: httpx.Response, status: int) -> None:
    """A problem that tells nothing of the worlds."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert "client_" not in answer.text


def own(server: ServerClient) -> str:
    """The server's host and port."""
    return server.url.removeprefix("http://")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:1", "localhost", "LOCALHOST:8080", "app.localhost", "[::1]", "[::1]:99", "192.168.7.7"],
)
def test_host_that_cannot_be_rebound_is_let_in(server: ServerClient, host: str) -> None:
    """Addresses and localhost cannot be pointed elsewhere by DNS."""
    assert ask(server, host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "default.localhost.evil.example",
        "default.localhost.",
        "evil.example:80.localhost",
        "localhost@evil.example",
        "notlocalhost",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "[::1].evil.example",
        "localhost, evil.example",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/_sandbox/worlds"), ("POST", "/_sandbox/worlds"), ("GET", "/_sandbox/health"), ("GET", "/_sandbox/none")],
)
def test_host_that_may_be_rebound_is_kept_out(server: ServerClient, host: str, method: str, path: str) -> None:
    """DNS rebinding comes with the attacker's name: 403 for everything, and no world is made."""
    before = server.http.get("/_sandbox/health").json()
    assert_kept_out(server, ask(server, method, path, host=host), 403)
    assert server.http.get("/_sandbox/health").json() == before


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "https://{own}", "{own}", ""]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_page_of_another_origin_is_kept_out(server: ServerClient, origin: str, method: str) -> None:
    """A browser names the page's origin: only this very server's is let in (403)."""
    path = "/_sandbox/worlds" if method != "DELETE" else "/_sandbox/worlds/default/journal"
    before = server.http.get("/_sandbox/health").json()
    assert_kept_out(server, ask(server, method, path, origin=origin.format(own=own(server))), 403)
    assert server.http.get("/_sandbox/health").json() == before


def test_page_of_the_server_itself_is_let_in(server: ServerClient) -> None:
    """Same scheme, host and port."""
    assert ask(server, origin=server.url).status_code == 200
    assert ask(server, host="localhost:7", origin="http://LOCALHOST:7").status_code == 200


def test_page_under_another_worlds_host_name_is_kept_out(server: ServerClient) -> None:
    """Each `{world}.localhost` is an origin of its own: a page of one cannot ask the control plane of another."""
    port = own(server).partition(":")[2]
    hosts = [f"{name}.localhost:{port}" for name in ("default", "evil")]
    assert ask(server, host=hosts[0], origin=f"http://{hosts[0]}").status_code == 200
    assert_kept_out(server, ask(server, host=hosts[0], origin=f"http://{hosts[1]}"), 403)


def test_vendor_apis_are_open_to_any_host_and_origin(server: ServerClient) -> None:
    """The guard stands before the control plane only: the APIs have credentials of their own."""
    for path in ("/hrms/api/v1/users", "/scan2evolve/api/v1/users"):
        assert ask(server, path=path, host="evil.example", origin="https://evil.example").status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer wrong",
        f"Basic {KEY}",
        KEY,
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        f"Bearer {KEY} x",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_sandbox/worlds"),
        ("POST", "/_sandbox/worlds"),
        ("GET", "/_sandbox/readings"),
        ("DELETE", "/_sandbox/worlds/default/journal"),
        ("GET", "/_sandbox/worlds/nowhere"),
        ("GET", "/_sandbox/nothing"),
        ("PUT", "/_sandbox/health"),
    ],
)
def test_control_key_is_demanded_for_everything(
    keyed: ServerClient, authorization: str | None, method: str, path: str
) -> None:
    """401 before anything is told of what there is."""
    headers = {} if authorization is None else {"authorization": authorization}
    answer = ask(keyed, method, path, **headers)
    assert_kept_out(keyed, answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_control_key_opens_the_control_plane_to_any_host(keyed: ServerClient) -> None:
    """Whoever has the key is no victim of a rebound name; an origin is still checked."""
    key = f"Bearer {KEY}"
    for host in (own(keyed), "sandbox.example"):
        assert ask(keyed, host=host, authorization=key).status_code == 200
        assert ask(keyed, "POST", "/_sandbox/worlds/default/reset", host=host, authorization=key).status_code == 200
    assert ask(keyed, authorization=key, origin="https://evil.example").status_code == 403


def test_health_needs_no_key(keyed: ServerClient) -> None:
    """A probe need not know it."""
    for host in (own(keyed), "sandbox.example"):
        assert ask(keyed, path="/_sandbox/health", host=host).json()["status"] == "ok"
    assert ask(keyed, path="/_sandbox/health", origin="https://evil.example").status_code == 403


@pytest.mark.parametrize("key", ["two words", " key", "key\n", "schlüssel", "\x7f"])
def test_control_key_that_no_header_can_carry_is_refused(key: str) -> None:
    """A server with it could never be controlled: it does not start."""
    with pytest.raises(SettingsError, match="header"):
        Settings(control_key=key)


@pytest.mark.parametrize("origin", ["https://[::1]:8080", "http://localhost", "chrome-extension://abcdef", "*"])
def test_origin_as_browsers_send_it_is_taken(origin: str) -> None:
    """Scheme, host and perhaps a port; or every page."""
    assert Settings(cors_origins=(origin,)).cors_origins == (origin,)


@pytest.mark.parametrize("origin", ["", "null", "a.example", "https://", "https://a.example/", "HTTPS://a.example"])
def test_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    """It would let nobody in, or, as null, pages of everybody."""
    with pytest.raises(SettingsError, match="is no origin"):
        Settings(cors_origins=(origin,))


def test_page_of_an_allowed_origin_is_let_in_and_told_so(keyed: ServerClient) -> None:
    """The origin that was named at the start, and no other, gets CORS headers."""
    answer = ask(keyed, origin=PAGE, authorization=f"Bearer {KEY}")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    preflight = {"origin": PAGE, "access_control_request_method": "PATCH"}
    assert ask(keyed, "OPTIONS", "/_sandbox/worlds", **preflight).headers["access-control-allow-origin"] == PAGE
    other = {"origin": "https://evil.example", "access_control_request_method": "PATCH"}
    assert "access-control-allow-origin" not in ask(keyed, "OPTIONS", "/_sandbox/worlds", **other).headers
