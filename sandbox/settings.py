"""What a server is started with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_KEY = re.compile(r"[!-~]+")
# As browsers send it: an upper-case letter or a path would never match. `*` is every page.
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")


class SettingsError(ValueError):
    """A setting that would never do what it is for; the text says why."""


@dataclass(frozen=True)
class Settings:
    """Settings of a server; the command line's options and their defaults.

    `max_worlds`: so many worlds beside the default one; `world_ttl`: seconds without a request after which a
    world goes, None = never. `body_timeout`: seconds until a request whose body does not arrive is given up.
    `state`: the file in which the worlds outlive the server; where it is there already, it decides on the default
    world, not `seed`, `users` and `rate_limit`.

    Raises SettingsError where nobody could present the control key, or no browser would send an origin.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    seed: int = 0
    users: int = 25
    rate_limit: bool = True
    control_key: str | None = None
    cors_origins: tuple[str, ...] = ()
    max_worlds: int = 1_000
    world_ttl: int | None = None
    body_timeout: float = 20.0
    state: Path | None = None

    def __post_init__(self) -> None:
        if self.control_key is not None and not _KEY.fullmatch(self.control_key):
            raise SettingsError("the control key is sent in a header: only visible ASCII characters can be in it")
        for origin in self.cors_origins:
            if not _ORIGIN.fullmatch(origin):
                raise SettingsError(
                    f"{origin!r} is no origin: browsers send scheme://host[:port], in lower case, no path"
                )
