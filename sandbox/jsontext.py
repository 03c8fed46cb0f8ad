"""JSON text in and out, with the limits that behaviour.md sets on what counts as valid."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

_DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_LONG = b"0" * 19
# Strings whole, so that nothing in them is looked at; and integers, which no fraction or exponent is.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|(?<![0-9.eE+-])(-?[0-9]{19,})(?![0-9.eE])', re.DOTALL)
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
# orjson reads 1,024 levels and writes 254; the standard library needs this much stack for the rest.
_DEEP_RECURSION_LIMIT = 8_000
# What is made in pieces: lists of more than this, and what has one within so many steps.
_PIECE = 250
_DEPTH = 4


class InvalidJson(ValueError):
    """The bytes are not JSON, or hold a number that would not come back equal."""


def decode(data: bytes) -> Any:
    """The value of `data`: UTF-8 JSON, nested at most 1,024 levels, of duplicate keys the last.

    Raises InvalidJson also for NaN, Infinity, lone surrogates, numbers that overflow a double and
    integers outside -2^63…2^64-1 (S2E-BATCH-15).
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(str(error)) from None
    # orjson reads an integer too long for 64 bits as a double: look for one only where a run of
    # digits is long enough, which a translation finds an order of magnitude faster than a regex.
    if _LONG in data.translate(_DIGITS):
        for match in _TOKENS.finditer(data):
            if match[1] and not _SMALLEST <= int(match[1][:40]) <= _LARGEST:
                raise InvalidJson("integer outside of 64 bits")
    return value


def encode(value: Any) -> bytes:
    """The JSON of `value`, as deep as `decode` reads."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, _DEEP_RECURSION_LIMIT))
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        finally:
            sys.setrecursionlimit(limit)


def pieces(value: Any) -> Iterator[bytes]:
    """The JSON of a msgspec.Struct and what is in it, as msgspec.json.encode makes it, in pieces of some hundred items.

    It is for values that are long near their root: between two pieces others can have the processor.
    """
    if not _is_long(value, _DEPTH):
        yield msgspec.json.encode(value)
    elif isinstance(value, list | tuple):
        if len(value) > _PIECE:
            for start in range(0, len(value), _PIECE):
                piece = msgspec.json.encode(value[start : start + _PIECE])
                yield (b"," if start else b"[") + piece[1:-1]
        else:
            for index, item in enumerate(value):
                yield b"," if index else b"["
                yield from pieces(item)
        yield b"]"
    else:
        members = value if isinstance(value, dict) else {name: getattr(value, name) for name in value.__struct_fields__}
        for index, (name, item) in enumerate(members.items()):
            yield (b"," if index else b"{") + msgspec.json.encode(name) + b":"
            yield from pieces(item)
        yield b"}"


def _is_long(value: Any, depth: int) -> bool:
    """Whether there is a long list in a value, not too deep in it."""
    if isinstance(value, list | tuple):
        return len(value) > _PIECE or (depth > 0 and any(_is_long(item, depth - 1) for item in value))
    if depth == 0:
        return False
    if isinstance(value, dict):
        return any(_is_long(item, depth - 1) for item in value.values())
    if isinstance(value, msgspec.Struct):
        return any(_is_long(getattr(value, name), depth - 1) for name in value.__struct_fields__)
    return False
