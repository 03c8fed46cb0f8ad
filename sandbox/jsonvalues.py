"""JSON values by place: RFC 6901 pointers into bodies of the journal, equality, and how a value is shown."""

from __future__ import annotations

from typing import Any, Final

from sandbox.journal import MAX_BODY, Body
from sandbox.jsontext import InvalidJson, decode, encode

_LONGEST_SHOWN = 120
_MOST_KEYS = 8


class _Absent:
    """Nothing is there, not even null."""


ABSENT: Final = _Absent()


class Unreadable(Exception):
    """A body of the journal whose JSON cannot be looked at; the text says why."""


def body_value(body: Body, side: str) -> Any:
    """The JSON of a body that is not empty. Raises Unreadable."""
    if body.size > MAX_BODY:
        kept = f"of the {side}'s body, {body.size} bytes, the journal keeps {MAX_BODY}"
        raise Unreadable(f"{kept}, so that nothing in it can be compared")
    try:
        return decode(body.head)
    except InvalidJson:
        raise Unreadable(f"the {side}'s body was no JSON") from None


def steps(pointer: str) -> list[str]:
    """The steps of a JSON pointer, unescaped."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def at(value: Any, pointer: str) -> Any:
    """What is at `pointer`, ABSENT where there is nothing."""
    for step in steps(pointer):
        value = _child(value, step)
    return value


def _child(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step, ABSENT)
    # RFC 6901, 4: an index has no leading zeros.
    index = step.isascii() and step.isdecimal() and len(step) < 10 and (step == "0" or step[0] != "0")
    if isinstance(value, list) and index and int(step) < len(value):
        return value[int(step)]
    return ABSENT


def _nearest(value: Any, pointer: str) -> tuple[Any, int]:
    """The last value on the way of `pointer` that there is, and how many steps lead there."""
    for depth, step in enumerate(steps(pointer)):
        child = _child(value, step)
        if child is ABSENT:
            return value, depth
        value = child
    return value, len(steps(pointer))


def missing_share(value: Any, pointer: str) -> float:
    """Which part of the way of `pointer` does not exist."""
    return 1 - _nearest(value, pointer)[1] / len(steps(pointer)) if value is not ABSENT and pointer else 1.0


def keys_beside(value: Any, pointer: str) -> str:
    """What there is instead where the path of `pointer` ends, in brackets."""
    if value is ABSENT:
        return ""
    value, _ = _nearest(value, pointer)
    if isinstance(value, dict):
        names = list(map(shown, list(value)[:_MOST_KEYS]))
        more = ", …" if len(value) > _MOST_KEYS else ""
        return f" (there is {', '.join(names)}{more})" if names else " (the object is empty)"
    if isinstance(value, list):
        return f" (the array has {len(value)} elements)"
    return f" (there is {shown(value)})"


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 is 1.0 but not true, and the order of keys is nothing."""
    pairs = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if isinstance(a, bool) or isinstance(b, bool):
            equal = a is b
        elif isinstance(a, dict) and isinstance(b, dict):
            equal = a.keys() == b.keys()
            pairs.extend((a[key], b[key]) for key in a if equal)
        elif isinstance(a, list) and isinstance(b, list):
            equal = len(a) == len(b)
            pairs.extend(zip(a, b, strict=False))
        else:
            equal = bool(a == b)
        if not equal:
            return False
    return True


def shown(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = encode(value).decode("utf-8", "replace")
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
