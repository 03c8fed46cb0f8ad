"""Places in a JSON value: pointers, and the steps in msgspec's words of what is wrong."""

from __future__ import annotations

import re

_STEP = re.compile(r"\.([^.\[`]+)|\[([^\]]*)\]")
_KEY = re.compile(r"(?:unknown|missing required) field `([^`]*)`")


def place(message: str) -> tuple[str, list[str]]:
    """A ValidationError's `… - at `$.a[0].b`` as its text and steps; they end where it leaves a key out."""
    text, _, path = message.partition(" - at `$")
    return text, [name or index for name, index in _STEP.findall(path.partition("[...]")[0])]


def key_of(text: str) -> list[str]:
    """The key that such a text says is unknown or missing, as one more step; none where it says neither."""
    return _KEY.findall(text)[:1]


def pointer(*steps: str | int) -> str:
    """A JSON pointer (RFC 6901) to the place where these steps lead."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
