"""HTTPS: a certificate authority made at the start, and what a server needs of it (S2E-SEC-01).

The authority's key is never written anywhere.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import ssl
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sandbox.clock import machine_ms

if TYPE_CHECKING:
    from trustme import CA

# Some clients refuse a certificate that is valid for longer.
_DAYS = 397
# So many certificates for names below localhost are kept.
_MAX_KEPT = 256
# Two hyphens in the third place begin an international name, which is not read here.
_LABEL = "(?!..--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*{_LABEL}")
_BEGIN = b"-----BEGIN CERTIFICATE-----"


class TlsError(Exception):
    """There can be no HTTPS; the text says why."""


class Tls(NamedTuple):
    """A context to serve with, and the certificate (PEM) of the authority that a client has to trust."""

    context: ssl.SSLContext
    authority: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, as tools show it: hex pairs joined by colons."""
        return sha256(ssl.PEM_cert_to_DER_cert(self.authority.decode())).digest().hex(":").upper()


def for_host(host: str, names: tuple[str, ...]) -> Tls:
    """What a server needs that listens on `host` and is also called by `names`.

    Raises TlsError as `make` does.
    """
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        everywhere = False
    return make(names if everywhere else (host, *names))


def make(names: tuple[str, ...] = ()) -> Tls:
    """A new authority, and a server certificate for localhost, 127.0.0.1, ::1 and `names`.

    Who asks for a name below localhost, which may be a world's, is shown a certificate for that name.
    Raises TlsError where a name is none, and where the extra `tls` is not installed.
    """
    try:
        import trustme
    except ImportError as error:
        raise TlsError(f"{error.name} is not installed: pip install 'hris-sandbox[tls]'") from None
    authority = trustme.CA(organization_name="hris-sandbox")
    context = _context(authority, dict.fromkeys(("localhost", "127.0.0.1", "::1", *(name.lower() for name in names))))

    @lru_cache(maxsize=_MAX_KEPT)
    def of_name(name: str) -> ssl.SSLContext:
        return _context(authority, (name,))

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        # No wildcard would do: OpenSSL, for one, takes none directly below a top-level name.
        if name is not None and name.lower().endswith(".localhost"):
            with contextlib.suppress(TlsError):
                connection.context = of_name(name.lower())

    context.sni_callback = choose
    return Tls(context, authority.cert_pem.bytes())


def _context(authority: CA, names: Iterable[str]) -> ssl.SSLContext:
    """What to serve with under these names."""
    for name in names:
        if not _is_name(name):
            raise TlsError(f"no certificate can name {name!r}: give a host name or an IP address")
    today = datetime.fromtimestamp(machine_ms() // 1000, UTC)
    certificate = authority.issue_cert(
        *names,
        common_name="hris-sandbox",
        organization_name="hris-sandbox",
        # A client's clock may be behind.
        not_before=today - timedelta(days=1),
        not_after=today + timedelta(days=_DAYS - 1),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    certificate.configure_cert(context)
    return context


def save_authority(tls: Tls, file: Path) -> None:
    """Write the authority's certificate for clients, whole or not at all; an older one makes room.

    Raises TlsError where the file cannot be written, or holds something else.
    """
    try:
        with contextlib.suppress(FileNotFoundError), file.open("rb") as held:
            if held.read(len(_BEGIN)) != _BEGIN:
                raise TlsError(f"--tls-ca {file}: is there already, and is no certificate")
        number, written = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
        try:
            with os.fdopen(number, "wb") as made:
                made.write(tls.authority)
            # Whoever shall trust it must read it; there is no secret in it.
            Path(written).chmod(0o644)
            Path(written).replace(file)
        except BaseException:
            Path(written).unlink()
            raise
    except OSError as error:
        raise TlsError(f"--tls-ca {file}: {error.strerror}") from None


def _is_name(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return len(name) < 254 and _NAME.fullmatch(name.lower()) is not None
    return True
