"""What a server is started with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Settings of a server; the command line's options and their defaults.

    `max_worlds`: so many worlds beside the default one; `world_ttl`: seconds without a request after which a
    world goes, None = never. `body_timeout`: seconds until a request whose body does not arrive is given up.
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
