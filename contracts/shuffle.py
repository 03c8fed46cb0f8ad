"""Shuffling: an order that looks random and follows from a seed alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TypeVar

Item = TypeVar("Item")


def _rank(seed: str, index: int) -> bytes:
    return blake2b(f"{seed}/{index}".encode(), digest_size=8).digest()


def shuffled(items: Iterable[Item], seed: str) -> list[Item]:
    """The items in the order that the seed makes."""
    ranked = sorted(enumerate(items), key=lambda pair: _rank(seed, pair[0]))
    return [item for _, item in ranked]


def pick(items: Sequence[Item], seed: str, index: int) -> Item:
    """The item that the seed picks for a step."""
    return items[int.from_bytes(_rank(seed, index), "big") % len(items)]
