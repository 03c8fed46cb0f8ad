"""The claim about TLS: it holds at our server, and turns red at one that takes what is older."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from contracts import handshake
from contracts.handshake import VERSIONS
from contracts.run import Options, Run
from contracts.target import CannotRun, certificates
from contracts.verdicts import Report
from sandbox.app import Application
from sandbox.server import serving as serving_sandbox
from sandbox.tls import Tls, make, save_authority
from tests.client import ServerClient
from tests.contracts.targets import WORLD, answer, judged, judged_from_outside, serving, statuses, target_at

pytest.importorskip("trustme", reason="the extra tls is not installed")

CLAIM = "S2E-SEC-01"
# The library warns of versions that nobody should use any more: here somebody has to.
old_versions = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")


@pytest.fixture(scope="module")
def tls() -> Tls:
    """An authority and what a server needs of it."""
    return make()


@pytest.fixture(scope="module")
def https(tls: Tls) -> Iterator[str]:
    """A sandbox behind HTTPS."""
    with serving_sandbox(Application(), tls=tls) as url:
        yield url


@pytest.fixture(scope="module")
def ca(tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file with the authority's certificate."""
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    save_authority(tls, file)
    return str(file)


def old(version: ssl.TLSVersion) -> Tls:
    """What a server needs that takes no version older than this."""
    made = make()
    made.context.set_ciphers("ALL:@SECLEVEL=0")
    made.context.minimum_version = version
    return made


def empty(handler: BaseHTTPRequestHandler) -> None:
    """Nobody has users, and nothing else is known."""
    answer(handler, 200, b"[]" if handler.path.endswith("/users") else b"{}")


@contextmanager
def saying(answering: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a port of its own that says the same to every connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    answering(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def run_at(url: str, ca: str) -> Report:
    """A run of the claim at a server that is an API by its look."""
    world: dict[str, Any] = {
        "scan2evolve": {"organizations": [{"client_id": "a", "client_secret": "b", "organization_id": "o"}]},
    }
    target = replace(target_at(url, control=False), hrms=None, ca=ca)
    return judged_from_outside(url, world, CLAIM, target=target)


@pytest.mark.slow
def test_claim_holds_at_our_server_over_https(https: str, ca: str) -> None:
    """With --tls the sandbox keeps the vendor's promise, and the suite can see it."""
    report = Run(Options(replace(target_at(https), ca=ca), claims=(CLAIM,)))()
    assert statuses(report) == {CLAIM: "holds"}
    assert report.verdicts[0].findings[0].evidence


def test_claim_is_not_observable_over_plain_http(server: ServerClient) -> None:
    """Nothing is said of TLS where there is none."""
    report = judged(server.url, CLAIM)
    assert [(row.status, row.reason) for row in report.verdicts] == [
        ("not observable", "the target is reached over plain HTTP")
    ]


@old_versions
@pytest.mark.parametrize(
    ("version", "offered"), [(ssl.TLSVersion.TLSv1, "TLS 1.0"), (ssl.TLSVersion.TLSv1_1, "TLS 1.1")]
)
def test_claim_is_broken_by_a_server_that_takes_older_tls(
    tmp_path: Path, version: ssl.TLSVersion, offered: str
) -> None:
    """The oldest version that the server takes is named; requests that led there are the evidence."""
    held = old(version)
    save_authority(held, tmp_path / "ca.pem")
    with serving(empty, held.context) as url:
        report = run_at(url, str(tmp_path / "ca.pem"))
    (verdict,) = report.verdicts
    assert (verdict.status, verdict.reason) == (
        "broken",
        f"expected that a client that offers {offered} at most is refused",
    )
    assert verdict.findings[0].evidence


def test_claim_is_not_observable_where_no_handshake_by_hand_is_understood(tmp_path: Path) -> None:
    """A server that takes none of the suite's own handshakes for other reasons is not praised for it."""
    held = make()
    held.context.set_ciphers("ECDHE-ECDSA-ARIA256-GCM-SHA384")
    save_authority(held, tmp_path / "ca.pem")
    with serving(empty, held.context) as url:
        report = run_at(url, str(tmp_path / "ca.pem"))
    assert [(row.status, row.reason) for row in report.verdicts] == [
        ("not observable", "the server takes no handshake made by hand, not even with TLS 1.2")
    ]


def test_claim_holds_where_tls_1_3_alone_is_taken(tmp_path: Path) -> None:
    """A server may ask for more than TLS 1.2, as long as it says that the version is why it refuses."""
    held = make()
    held.context.minimum_version = ssl.TLSVersion.TLSv1_3
    save_authority(held, tmp_path / "ca.pem")
    with serving(empty, held.context) as url:
        assert statuses(run_at(url, str(tmp_path / "ca.pem"))) == {CLAIM: "holds"}


@pytest.mark.parametrize("version", [*VERSIONS])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_handshake_by_hand_is_judged_by_version_at_our_server(https: str, version: str, host: str) -> None:
    """TLS 1.2 is taken, everything older refused, by whatever name the server is called."""
    said = handshake.ask(host, int(https.rpartition(":")[2]), version, 5)
    assert said == ("taken" if version == "TLS 1.2" else "refused")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "refused"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "version"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "refused"),
        (b"\x15\x03\x01", "refused"),
        (b"\x16\x03\x01\x00\x31\x02\x00", "taken"),
        (b"\x16\x03\x01\x00\x31\x01\x00", "refused"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "refused"),
    ],
    ids=["hangs-up", "protocol-version", "handshake-failure", "half-an-alert", "server-hello", "client-hello", "http"],
)
def test_handshake_by_hand_takes_nothing_but_a_server_hello_for_a_yes(data: bytes, said: str) -> None:
    """Whatever else a server says, it has not taken the version."""
    with saying(lambda connection: connection.sendall(data)) as port:
        assert handshake.ask("127.0.0.1", port, "TLS 1.0", 5) == said


# -- whom to trust -------------------------------------------------------------------------------------


def test_target_with_its_authority_named_is_talked_to(https: str, ca: str) -> None:
    """`ca` is trusted beside the usual ones; without it the run ends in a line that says so."""
    trusted = replace(target_at(https), ca=ca)
    assert statuses(Run(Options(trusted, claims=("S2E-USER-01",)))()) == {"S2E-USER-01": "holds"}
    with pytest.raises(CannotRun) as unknown:
        judged(https, "S2E-USER-01")
    assert str(unknown.value).startswith(f"{https}/_sandbox/worlds has a certificate that nobody here knows (")
    assert str(unknown.value).endswith("): name its authority with --ca FILE")


def test_target_under_another_name_than_its_certificates_is_told_in_one_line(tmp_path: Path) -> None:
    """To name an authority would not help there, and so it is not advised."""
    held = make()
    save_authority(held, tmp_path / "ca.pem")
    with serving_sandbox(Application(), host="127.0.0.2", tls=held) as url:
        target = replace(target_at(url, control=False), ca=str(tmp_path / "ca.pem"))
        with pytest.raises(CannotRun) as caught:
            judged_from_outside(url, WORLD, CLAIM, target=target)
    assert str(caught.value) == (
        f"{url}/hrms/api/v1/users has a certificate for another name "
        "(IP address mismatch, certificate is not valid for '127.0.0.2')"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [(None, "No such file or directory"), ("", "holds no certificate (PEM)"), ("no PEM", "holds no certificate (PEM)")],
)
def test_authority_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, text: str | None, line: str) -> None:
    """A file that is not there or holds no certificate is named."""
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(CannotRun) as caught:
        certificates(str(file))
    assert str(caught.value) == f"--ca {file}: {line}"
