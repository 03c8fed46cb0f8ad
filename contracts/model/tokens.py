"""Bearer tokens: how long one is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.model.state import Claims

LIFE = 86_400_000
UNAUTHORIZED = (401, "Unauthorized")


@dataclass
class Token:
    """The n-th access token, of organization number `org`; instants in milliseconds of the world's clock."""

    number: int
    org: int
    text: str
    issued: int
    used: int

    def is_alive(self, now: int, readings: Mapping[str, str]) -> bool:
        """Whether a request with it is let in at `now`; at exactly 24 hours it is dead."""
        start = self.used if readings["token-lifetime"] == "sliding" else self.issued
        return now < start + LIFE

    def claims(self, now: int) -> Claims:
        """The claims that say whether it is alive."""
        if now >= self.used + LIFE:
            return ("S2E-AUTH-11", "S2E-AUTH-12")
        return ("S2E-AUTH-06",) if now < self.issued + LIFE else ("S2E-AUTH-12",)
