"""How connections to Scan2Evolve are secured."""

from __future__ import annotations

from urllib.parse import urlsplit

from contracts import handshake
from contracts.checks import NotObservable, check
from contracts.lab import Lab
from contracts.target import TIMEOUT

_OLD = ("SSL 3.0", "TLS 1.0", "TLS 1.1")


@check("S2E-SEC-01", writes=False)
def older_tls_is_refused(lab: Lab) -> None:
    """A connection is made with TLS 1.2 or newer; who offers SSL 3.0, TLS 1.0 or TLS 1.1 at most is refused."""
    url = lab.wire.target.scan2evolve
    if url is None:
        raise NotObservable("the run has no Scan2Evolve URL")
    if not url.startswith("https://"):
        raise NotObservable("the target is reached over plain HTTP")
    # Over the run's own connection, which offers TLS 1.2 and newer alone.
    answer = lab.scan2evolve("GET", "/api/v1/users", authorization=None)
    lab.true(answer.status < 500, f"a request over TLS is answered, got {answer.status}")
    # That the hello is understood where its version is good: else its refusal would prove nothing.
    if _said(lab, url, "TLS 1.2") == "refused":
        raise NotObservable("the server takes no handshake made by hand, not even with TLS 1.2")
    for version in _OLD:
        lab.true(_said(lab, url, version) != "taken", f"a client that offers {version} at most is refused")


def _said(lab: Lab, url: str, version: str) -> handshake.Said:
    place = urlsplit(url)
    lab.wire.budget.spend()
    try:
        return handshake.ask(place.hostname or "", place.port or 443, version, TIMEOUT)
    except OSError as error:
        raise NotObservable(f"no handshake by hand: {type(error).__name__} {error}") from None
