"""JSON text in and out, with the limits that behaviour.md sets on what counts as valid."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import orjson

_DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_LONG = b"0" * 19
# Strings whole, so that nothing in them is looked at; and integers, which no fraction or exponent is.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|(?<![0-9.eE+-])(-?[0-9]{19,})(?![0-9.eE])', re.DOTALL)
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
# orjson reads 1,024 levels and writes 254; the standard library needs this much stack for the rest.
_DEEP_RECURSION_LIMIT = 8_000


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
