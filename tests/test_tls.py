"""HTTPS: who is let in, what is saved for clients, and that a connection may do no more than over HTTP."""

from __future__ import annotations

import os
import pwd
import signal
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from sandbox import server as sandbox_server
from sandbox.app import Application
from sandbox.server import serving
from sandbox.settings import Settings
from sandbox.tls import Tls, TlsError, for_host, make, save_authority
from tests.client import WorldClient
from tests.processes import MODULE, completed, started
from tests.wire import Wire, request

pytest.importorskip("trustme", reason="the extra tls is not installed")

HEALTH = request(b"GET", b"/_sandbox/health")


@pytest.fixture(scope="module")
def tls() -> Tls:
    """An authority and what a server needs of it."""
    return make()


def trusting(tls: Tls) -> ssl.SSLContext:
    """What a client needs who trusts that authority alone."""
    return ssl.create_default_context(cadata=tls.authority.decode())


@pytest.fixture
def impatient(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server behind HTTPS that waits a fifth of a second for a head."""
    monkeypatch.setattr(sandbox_server, "HEAD_TIMEOUT", 0.2)
    with serving(Application(Settings(body_timeout=0.2)), tls=tls) as url:
        yield url


@pytest.fixture(scope="module")
def https(tls: Tls) -> Iterator[str]:
    """A server behind HTTPS."""
    with serving(Application(), tls=tls) as url:
        yield url


# -- the certificate ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_connection_is_made_with_tls_1_2_and_newer(https: str, tls: Tls, host: str, version: ssl.TLSVersion) -> None:
    """A client who trusts the authority gets through, by either name; what older ones get, test_transport shows."""
    client = trusting(tls)
    client.minimum_version = client.maximum_version = version
    with Wire(https.replace("127.0.0.1", host), tls=client) as wire:
        wire.send(HEALTH)
        assert wire.answer().json()["status"] == "ok"


def names_of(tls: Tls, asked: str = "localhost") -> set[tuple[str, str]]:
    """The names in the certificate that the server shows to whoever asks for a name."""
    server, client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = trusting(tls).wrap_bio(server, client, server_hostname=asked)
    answering = tls.context.wrap_bio(client, server, server_side=True)
    for _ in range(3):
        for side in (asking, answering):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    found: Any = asking.getpeercert()
    return {(kind, name) for kind, name in found["subjectAltName"]}


@pytest.mark.parametrize(
    ("host", "more", "besides"),
    [
        ("127.0.0.1", (), set()),
        ("LOCALHOST", (), set()),
        ("0.0.0.0", ("sandbox.test",), {("DNS", "sandbox.test")}),
        ("192.0.2.7", ("*.sandbox.test",), {("IP Address", "192.0.2.7"), ("DNS", "*.sandbox.test")}),
        ("2001:db8::1", (), {("IP Address", "2001:DB8:0:0:0:0:0:1")}),
        ("build-host", ("Build-Host.test",), {("DNS", "build-host"), ("DNS", "build-host.test")}),
    ],
)
def test_certificate_names_this_machine_and_what_was_asked_for(
    host: str, more: tuple[str, ...], besides: set[tuple[str, str]]
) -> None:
    """The loopback's names are always there; the address that means all is no name."""
    always = {("DNS", "localhost"), ("IP Address", "127.0.0.1"), ("IP Address", "0:0:0:0:0:0:0:1")}
    assert names_of(for_host(host, more)) == always | besides


@pytest.mark.parametrize("name", ["my-test.localhost", "MY-TEST.localhost", "a.b.localhost"])
def test_certificate_for_a_name_below_localhost_is_made_when_it_is_asked_for(tls: Tls, name: str) -> None:
    """A world can be called by its name over HTTPS, too: the client finds that very name."""
    assert names_of(tls, name) == {("DNS", name.lower())}


@pytest.mark.parametrize("name", ["a_b.localhost", "xy--z.localhost", "localhost.test"])
def test_certificate_for_any_other_name_is_not_made(tls: Tls, name: str) -> None:
    """Who asks for what is no name, or not this machine's, is shown the usual certificate, and refuses it."""
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        names_of(tls, name)


@pytest.mark.parametrize(
    "name", ["", "a b", "-a", "a..b", "a@b", "a_b", "xn--a", "10.0.0.0/8", "é", "a" * 64, "x." * 127 + "x"]
)
def test_certificate_for_what_is_no_name_is_refused(name: str) -> None:
    """A name that no client could ask for is told in one line."""
    with pytest.raises(TlsError) as caught:
        make((name,))
    assert str(caught.value) == f"no certificate can name {name!r}: give a host name or an IP address"


def test_authority_is_another_at_every_start() -> None:
    """Nobody can be made to trust what an earlier server left behind."""
    assert make().fingerprint != make().fingerprint


# -- the file ---------------------------------------------------------------------------------------------------


def test_authority_is_saved_for_everybody_and_nothing_else(tls: Tls, tmp_path: Path) -> None:
    """One file that all may read, with the certificate and no key; an older certificate makes room."""
    file = tmp_path / "ca.pem"
    save_authority(make(), file)
    save_authority(tls, file)
    assert file.read_bytes() == tls.authority
    assert b"PRIVATE" not in tls.authority
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]


def test_authority_is_not_saved_over_something_else(tls: Tls, tmp_path: Path) -> None:
    """A file that holds no certificate is somebody's, and stays."""
    file = tmp_path / "notes.txt"
    file.write_text("notes", encoding="utf-8")
    with pytest.raises(TlsError, match=r"notes\.txt: is there already, and is no certificate$"):
        save_authority(tls, file)
    assert file.read_text(encoding="utf-8") == "notes"


@pytest.mark.parametrize(
    ("name", "why"),
    [("no/such/ca.pem", "No such file or directory"), ("", "Is a directory")],
    ids=["nowhere", "folder"],
)
def test_authority_that_cannot_be_saved_is_one_line_and_exit_code_2(tmp_path: Path, name: str, why: str) -> None:
    """The line names the file and the reason; no server is started."""
    file = tmp_path / name
    result = completed("serve", "--port", "0", "--tls", "--tls-ca", str(file))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"hris-sandbox: --tls-ca {file}: {why}\n"


@pytest.fixture
def forbidden(tmp_path: Path) -> Iterator[Path]:
    """A folder that may not be written to; by root neither, who is nobody meanwhile."""
    tmp_path.chmod(0o500)
    user = os.geteuid()
    os.seteuid(user or pwd.getpwnam("nobody").pw_uid)
    try:
        yield tmp_path
    finally:
        os.seteuid(user)


def test_authority_that_may_not_be_saved_is_told(tls: Tls, forbidden: Path) -> None:
    """The line says why."""
    with pytest.raises(TlsError, match="Permission denied"):
        save_authority(tls, forbidden / "ca.pem")


# -- the command ------------------------------------------------------------------------------------------------


def test_serve_over_https_prints_what_a_client_needs(tmp_path: Path) -> None:
    """The banner names the file, its fingerprint and curl lines that trust it; every URL that is told is https."""
    file = tmp_path / "trust me.pem"
    with started("--port", "0", "--users", "1", "--tls", "--tls-ca", str(file)) as process:
        context = ssl.create_default_context(cafile=str(file))
        with closing(httpx.Client(base_url=process.url, verify=context)) as http:
            created = http.post("/_sandbox/worlds", json={"users": 1}).json()
            assert http.get("/").json()["hrms"] == f"{process.url}/hrms/api"
            world = WorldClient(http, created)
            assert world.accepted({"externalEmployeeId": "E-1"})["status"] == "CREATED"
        assert created["hrms"]["base_url"] == f"{process.url}/hrms/api"
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(process.url, timeout=10)
        process.popen.terminate()
        process.popen.wait(5)
        assert process.popen.stdout is not None
        text = process.first_line + process.popen.stdout.read()
        assert process.log() == ""
    assert process.url.startswith("https://127.0.0.1:")
    assert "http://" not in text
    assert f"  trust           {file}\n" in text
    assert text.count(f"  curl --cacert '{file}' ") == 2
    fingerprint = Tls(context, file.read_bytes()).fingerprint
    assert f"SHA-256           {fingerprint}\n" in text


def test_serve_over_https_for_what_is_no_name_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """No server is started and no file made."""
    result = completed("serve", "--port", "0", "--tls", "--tls-name", "a b", "--tls-ca", str(tmp_path / "ca.pem"))
    assert result.stderr == "hris-sandbox: no certificate can name 'a b': give a host name or an IP address\n"
    assert (result.returncode, result.stdout, list(tmp_path.iterdir())) == (2, "", [])


def test_serve_over_plain_http_loads_nothing_of_this() -> None:
    """Who does not ask for HTTPS does not wait for its libraries."""
    code = (
        "import sys, sandbox.cli, sandbox.server; print([n for n in ('trustme', 'cryptography') if n in sys.modules])"
    )
    assert completed(code, command=(*MODULE[:1], "-c")).stdout == "[]\n"


# -- what a connection may do ------------------------------------------------------------------------------------


def test_connection_over_tls_is_kept_between_requests(https: str, tls: Tls) -> None:
    """One handshake serves any number of requests, pipelined ones too."""
    with Wire(https, tls=trusting(tls)) as wire:
        for _ in range(3):
            wire.send(HEALTH * 20)
            assert {wire.answer().status for _ in range(20)} == {200}


@pytest.mark.parametrize("size", [65_000, 66_000])
def test_head_over_tls_is_bounded_as_over_http(https: str, tls: Tls, size: int) -> None:
    """64 KiB are the limit, across records."""
    with Wire(https, tls=trusting(tls)) as wire:
        wire.send(request(b"GET", b"/_sandbox/health", b"X-Long: " + b"x" * size))
        assert wire.answer().status == (200 if size < 65_536 else 431)


@pytest.mark.parametrize("part", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half"])
def test_head_over_tls_that_does_not_come_ends_the_connection(impatient: str, tls: Tls, part: bytes) -> None:
    """A connection that asks nothing, or half of something, is not kept; one that asked in time is."""
    with Wire(impatient, tls=trusting(tls)) as kept, Wire(impatient, tls=trusting(tls)) as wire:
        kept.send(HEALTH)
        assert kept.answer().status == 200
        wire.send(part)
        assert wire.is_closed()
        kept.send(HEALTH)
        assert kept.answer().status == 200


@pytest.mark.parametrize("part", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_handshake_that_does_not_come_ends_the_connection(impatient: str, part: bytes) -> None:
    """Who never gets as far as asking is given no longer than a head may take."""
    with Wire(impatient) as wire:
        wire.send(part)
        assert wire.is_closed()


def test_body_over_tls_that_does_not_come_is_a_timeout(impatient: str, tls: Tls) -> None:
    """The body's own deadline answers as over HTTP."""
    with Wire(impatient, tls=trusting(tls)) as wire:
        wire.send(request(b"POST", b"/_sandbox/worlds", b"Content-Type: application/json", b"Content-Length: 9"))
        assert wire.answer().status == 408
        assert wire.is_closed()


def test_plain_http_at_the_port_of_https_gets_nothing(https: str, caplog: pytest.LogCaptureFixture) -> None:
    """What is no handshake ends the connection, is worth no line in the log, and hurts nobody else."""
    with Wire(https) as plain:
        plain.send(HEALTH)
        assert plain.is_closed()
    assert caplog.records == []


@pytest.mark.slow
def test_signal_stops_a_server_over_https_within_a_second_whatever_is_open(tmp_path: Path) -> None:
    """Neither an idle connection nor half a handshake nor half a body keeps it."""
    file = tmp_path / "ca.pem"
    with started("--port", "0", "--tls", "--tls-ca", str(file)) as process:
        client = ssl.create_default_context(cafile=str(file))
        with Wire(process.url, tls=client) as idle, Wire(process.url, tls=client) as half, Wire(process.url) as silent:
            idle.send(HEALTH)
            assert idle.answer().status == 200
            half.send(
                request(b"POST", b"/scan2evolve/api/v1/auth/token", b"Content-Length: 9", b"Expect: 100-continue")
            )
            assert half.answer().status == 100
            silent.send(b"\x16\x03")
            begun = monotonic()
            process.popen.send_signal(signal.SIGTERM)
            process.popen.wait(5)
            assert monotonic() - begun < 1
            assert process.log() == ""
