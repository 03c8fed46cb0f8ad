"""Identifiers and secrets, all made from a seed: equal seeds and equal requests give equal bytes."""

from __future__ import annotations

from hashlib import blake2b, sha256, shake_256
from typing import Annotated

import msgspec

#: A text in a snapshot that must not be empty, and a count.
Name = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]

# Hex digits of a draw, enough for all ids of an employee; and draws made at a time.
_DIGITS = 56
_DRAWS = 32
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(a + b for a in _BASE36 for b in _BASE36)
_SUFFIXES = 36**6
# An odd multiplier that 3 does not divide shares no factor with 36^6, so that n -> n * step + start
# runs through every suffix once before one comes again: a requestId is new on every request.
_STEP = 1_000_003_859


def digest(secret: str) -> str:
    """The stored form of a secret: lower-case hex SHA-256 (S2E-SEC-02, HRMS-AUTH-05)."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def derived_hex(seed: int, *parts: str) -> str:
    """64 hex digits that depend on `seed` and `parts` alone."""
    data = "\x00".join((str(seed), *parts)).encode()
    return blake2b(data, digest_size=32).hexdigest()


def derived_fraction(seed: int, *parts: str) -> float:
    """A number from 0 up to 1, without 1, that depends on `seed` and `parts` alone: chance that shifts nothing else."""
    return int(derived_hex(seed, *parts)[:13], 16) / 16**13


def derived_uuid(seed: int, *parts: str) -> str:
    """A version-4-shaped UUID that depends on `seed` and `parts` alone."""
    h = derived_hex(seed, *parts)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) % 4]}{h[17:20]}-{h[20:32]}"


class IdsState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a world's identifiers have come, for a snapshot."""

    drawn: Count
    requests: Count
    tokens: Count
    named: Count


class Ids:
    """The identifiers of one world, in the order in which they are asked for.

    `seed` alone decides employee, user and request ids; `world` goes into tokens and secrets too.
    """

    __slots__ = ("_drawn", "_key", "_named", "_pool", "_requests", "_seed", "_start", "_tokens", "_world")

    def __init__(self, seed: int, world: str) -> None:
        self._seed = seed
        self._world = world
        self._key = bytes.fromhex(derived_hex(seed, "ids"))
        self._start = int(derived_hex(seed, "requests"), 16) % _SUFFIXES
        self._drawn = self._requests = self._tokens = self._named = 0
        self._pool: list[str] = []

    def draw(self) -> str:
        """The next 56 hex digits of the world's stream."""
        if not self._pool:
            self._pool = self._make_pool(self._drawn // _DRAWS)
        self._drawn += 1
        return self._pool.pop()

    def _make_pool(self, index: int) -> list[str]:
        """The draws of a block that are still to come, the next one last."""
        block = shake_256(self._key + b"%d" % index).hexdigest(_DRAWS * _DIGITS // 2)
        draws = [block[at : at + _DIGITS] for at in range(0, len(block), _DIGITS)]
        return draws[self._drawn % _DRAWS :][::-1]

    def request_id(self, now: int) -> str:
        """`sync-<13-digit epoch ms>-<6 of a-z0-9>`, new on every call (S2E-BATCH-06)."""
        n = (self._start + self._requests * _STEP) % _SUFFIXES
        self._requests += 1
        high, low = divmod(n, 1_679_616)
        middle, low = divmod(low, 1296)
        return f"sync-{max(now, 0) % 10_000_000_000_000:013d}-{_PAIRS[high]}{_PAIRS[middle]}{_PAIRS[low]}"

    def access_token(self) -> str:
        """`se_` and 64 hex digits (S2E-AUTH-13)."""
        self._tokens += 1
        return "se_" + derived_hex(self._seed, self._world, "token", str(self._tokens))

    def secret(self, kind: str) -> str:
        """A new secret of 40 hex digits, this world's own and none of its founding ones."""
        self._tokens += 1
        return derived_hex(self._seed, self._world, "made", kind, str(self._tokens))[:40]

    def uuid(self) -> str:
        """A UUID for something made at the control plane."""
        self._named += 1
        return derived_uuid(self._seed, "named", str(self._named))

    def name(self, prefix: str, digits: int = 12) -> str:
        """`<prefix>_` and hex digits, for something made at the control plane."""
        self._named += 1
        return f"{prefix}_{derived_hex(self._seed, 'named', str(self._named))[:digits]}"

    def state(self) -> IdsState:
        """For a snapshot."""
        return IdsState(self._drawn, self._requests, self._tokens, self._named)

    def restore(self, state: IdsState) -> None:
        """Back to what a snapshot held."""
        self._drawn, self._requests = state.drawn, state.requests
        self._tokens, self._named = state.tokens, state.named
        self._pool = []
