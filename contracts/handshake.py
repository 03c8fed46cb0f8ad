"""The first words of a TLS handshake by hand: what a server says to a client that offers one version at most.

A library would be no help: it offers no version older than its own configuration allows.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from hashlib import sha256
from struct import pack
from typing import Literal

VERSIONS: dict[str, bytes] = {
    "SSL 3.0": b"\x03\x00",
    "TLS 1.0": b"\x03\x01",
    "TLS 1.1": b"\x03\x02",
    "TLS 1.2": b"\x03\x03",
}
#: `taken`: a ServerHello. `version`: an alert that says that the version is what is wrong. `refused`: anything else.
Said = Literal["taken", "version", "refused"]

_HANDSHAKE, _ALERT = 22, 21
_SERVER_HELLO = 2
_PROTOCOL_VERSION = 70
# ECDHE with ECDSA and RSA, RSA alone, DHE: for each version some that every server had, those of 1.2 last.
_SUITES = (
    *(0xC009, 0xC00A, 0xC013, 0xC014, 0x002F, 0x0035, 0x000A, 0x0033, 0x0039),
    *(0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA9, 0xCCA8, 0x009C, 0x009D, 0x009E, 0x003C),
)
_GROUPS = (29, 23, 24)
_SIGNATURES = (0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201)


def hello(version: str, host: str) -> bytes:
    """A ClientHello (RFC 5246, 7.4.1.2) that offers this version and older ones."""
    number = VERSIONS[version]
    random = sha256(f"{version} {host}".encode()).digest()
    body = number + random + b"\x00" + _sized(2, _shorts(_SUITES)) + b"\x01\x00" + _sized(2, _extensions(host))
    # The record names the oldest version, as clients do that offer several.
    return pack("!BH", _HANDSHAKE, 0x0301 if number > b"\x03\x00" else 0x0300) + _sized(2, b"\x01" + _sized(3, body))


def ask(host: str, port: int, version: str, seconds: float) -> Said:
    """What the server says to that hello. OSError where no connection comes about, or nothing is said in time."""
    with socket.create_connection((host, port), seconds) as connection:
        connection.sendall(hello(version, host))
        head = b""
        # Whoever hangs up without a word refuses, too.
        with suppress(ConnectionError):
            while len(head) < 7 and (data := connection.recv(7 - len(head))):
                head += data
    if len(head) > 5 and (head[0], head[5]) == (_HANDSHAKE, _SERVER_HELLO):
        return "taken"
    return "version" if len(head) > 6 and (head[0], head[6]) == (_ALERT, _PROTOCOL_VERSION) else "refused"


def _extensions(host: str) -> bytes:
    named = b""
    with suppress(UnicodeError):
        named = _extension(0, _sized(2, b"\x00" + _sized(2, host.encode("ascii"))))
    with suppress(ValueError):
        # An address is no name that could be asked for (RFC 6066, 3).
        ipaddress.ip_address(host)
        named = b""
    return b"".join(
        (
            named,
            _extension(10, _sized(2, _shorts(_GROUPS))),
            _extension(11, b"\x01\x00"),
            _extension(13, _sized(2, _shorts(_SIGNATURES))),
            _extension(0xFF01, b"\x00"),
        )
    )


def _extension(kind: int, data: bytes) -> bytes:
    return pack("!H", kind) + _sized(2, data)


def _sized(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width) + data


def _shorts(numbers: tuple[int, ...]) -> bytes:
    return b"".join(number.to_bytes(2) for number in numbers)
