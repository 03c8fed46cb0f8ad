"""The Authorization header, and the guard in front of the control plane."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import re
from functools import lru_cache

from sandbox.errors import Refusal
from sandbox.ids import digest


def bearer_token(header: str | None) -> str | None:
    """The token of `Bearer <token>` (RFC 6750, 2.1), None where the header holds something else."""
    scheme, _, rest = (header or "").partition(" ")
    rest = rest.strip(" ")
    return rest if scheme.lower() == "bearer" and rest and " " not in rest else None


@lru_cache(maxsize=1024)
def bearer_digest(header: str | None) -> str | None:
    """The digest of the token of `Bearer <token>`, None where the header holds something else.

    The headers that came last are remembered: a client sends the same one with every request.
    """
    token = bearer_token(header)
    return None if token is None else digest(token)


def basic_pair(header: str | None) -> tuple[str, str] | None:
    """The pair of `Basic base64(id:secret)` (RFC 7617), None where the header holds something else."""
    scheme, _, rest = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(" "), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    client_id, colon, secret = text.partition(":")
    return (client_id, secret) if colon else None


_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{0,5})?")


class Guard:
    """Keeps web pages and strangers off the control plane, which hands out credentials.

    Host must be one that cannot be rebound by DNS: `localhost`, a name below it, an IP address, or the
    name that the server was bound to. Origin, where there is one, must be this very server or one of
    `origins`. Where there is a `key`, it must be presented, and then any Host will do: also for what is
    open to all, which a probe asks for by the name that the machine has for it.
    """

    def __init__(self, key: str | None = None, origins: tuple[str, ...] = (), bound: str | None = None) -> None:
        self._key = key
        self._origins = frozenset(origins)
        self._bound = (bound or "").lower()

    def check(
        self, host: str | None, origin: str | None, scheme: str, authorization: str | None, open_to_all: bool
    ) -> None:
        """Let a request through, or raise the Refusal (401 or 403) that keeps it out."""
        keyed = self._key is not None and not open_to_all
        match = _HOST.fullmatch((host or "").lower())
        if (match is None and host) or not (self._key is not None or (match and self._host_is_safe(match[1]))):
            raise Refusal(
                403, f"Host {host!r} is not this server: use localhost or an IP address", step="guard", rule="host"
            )
        if (
            origin is not None
            and origin not in self._origins
            and origin.lower() != f"{scheme}://{(host or '').lower()}"
        ):
            raise Refusal(403, f"Origin {origin!r} may not use the control plane", step="guard", rule="origin")
        if keyed and not self._key_is_right(authorization):
            raise Refusal(
                401,
                "The control key is missing or wrong",
                step="guard",
                rule="control-key",
                headers={"WWW-Authenticate": 'Bearer realm="sandbox control plane"'},
            )

    def _key_is_right(self, authorization: str | None) -> bool:
        given = bearer_token(authorization)
        return given is not None and hmac.compare_digest(given.encode(), (self._key or "").encode())

    def _host_is_safe(self, name: str) -> bool:
        if name in ("localhost", self._bound) or name.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True
