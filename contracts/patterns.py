"""Patterns: JSON with `${names}` for what differs from target to target, to be filled in or matched.

A name that is known stands for its value, anywhere in a text. A name that is not known yet matches a text and
from then on stands for it; two such names never stand for the same text. Some names have a meaning of their own:

- `${any}` matches whatever is there;
- the key `${rest}`, or an array's last element `${rest}`, lets further keys or elements be there;
- an array that begins with `${among}` says that each of its others matches some element, wherever;
- the value `${absent}` says that its key must not be there.

`$${` stands for `${` itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.evidence import shown_value

ANY, REST, ABSENT, AMONG = "${any}", "${rest}", "${absent}", "${among}"
_OWN = frozenset({"any", "rest", "absent", "among"})
# Names without a dot are those that a case makes up; the others are the target's.
_OF_TARGET = re.compile(r".*\..*|prefix|PREFIX")
_MARK = re.compile(r"\$\$\{|\$\{([A-Za-z][A-Za-z0-9_.]*)\}")
_BROKEN_MARK = re.compile(r"(?<!\$)\$\{(?![A-Za-z][A-Za-z0-9_.]*\})")

Names = dict[str, str]


class UnknownName(Exception):
    """A pattern to be filled in has a name that stands for nothing."""


@dataclass(frozen=True)
class Mismatch:
    """Where a value is not what a pattern says. `path` is like `errors[0].message`, "" for the whole."""

    path: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.path or 'the whole'}: expected {self.expected}, got {self.got}"


def names_in(value: Any) -> Iterator[str]:
    """All names in a pattern, those with a meaning of their own left out. ValueError where one is not well-formed."""
    if isinstance(value, str):
        if _BROKEN_MARK.search(value):
            raise ValueError(f"{shown_value(value)} has a name that is not like ${{name}}")
        yield from (mark[1] for mark in _MARK.finditer(value) if mark[1] and mark[1] not in _OWN)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from names_in(key)
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


def literal(text: str) -> str:
    """A text that stands for itself in a pattern."""
    return text.replace("${", "$${")


def fill(pattern: Any, names: Names) -> Any:
    """The pattern with every name replaced by what it stands for. Raises UnknownName."""
    if isinstance(pattern, str):
        return _MARK.sub(lambda mark: _known(mark, names), pattern)
    if isinstance(pattern, dict):
        return {fill(key, names): fill(value, names) for key, value in pattern.items()}
    if isinstance(pattern, list):
        return [fill(value, names) for value in pattern]
    return pattern


def _known(mark: re.Match[str], names: Names) -> str:
    if mark[1] is None:
        return "${"
    if mark[1] not in names:
        raise UnknownName(mark[1])
    return names[mark[1]]


def match(pattern: Any, value: Any, names: Names, path: str = "") -> Mismatch | None:
    """The first place where `value` is not what the pattern says; names met for the first time are put into `names`."""
    if pattern == ANY:
        return None
    if isinstance(pattern, str) and isinstance(value, str):
        return _match_text(pattern, value, names, path)
    if isinstance(pattern, dict) and isinstance(value, dict):
        return _match_object(pattern, value, names, path)
    if isinstance(pattern, list) and isinstance(value, list):
        return _match_array(pattern, value, names, path)
    # True is not 1, as it is for Python.
    same = pattern == value and isinstance(pattern, bool) == isinstance(value, bool)
    return None if same else Mismatch(path, _shown(pattern, names), shown_value(value))


def _match_text(pattern: str, value: str, names: Names, path: str) -> Mismatch | None:
    parts, met, end = [], set(), 0
    for mark in _MARK.finditer(pattern):
        parts.append(re.escape(pattern[end : mark.start()]))
        end = mark.end()
        name = mark[1]
        if name is None:
            parts.append(re.escape("${"))
        elif name in names:
            parts.append(re.escape(names[name]))
        elif name in _OWN:
            parts.append(".*")
        elif name in met:
            parts.append(f"(?P=n_{name.replace('.', '_')})")
        else:
            met.add(name)
            parts.append(f"(?P<n_{name.replace('.', '_')}>.+)")
    parts.append(re.escape(pattern[end:]))
    found = re.fullmatch("".join(parts), value, re.DOTALL)
    if found is None:
        return Mismatch(path, _shown(pattern, names), shown_value(value))
    for name in met:
        text = found[f"n_{name.replace('.', '_')}"]
        if not _OF_TARGET.fullmatch(name):
            others = [other for other, value in names.items() if value == text and not _OF_TARGET.fullmatch(other)]
            if others:
                return Mismatch(path, f"another text than ${{{others[0]}}}", shown_value(value))
        names[name] = text
    return None


def _match_object(pattern: dict[str, Any], value: dict[str, Any], names: Names, path: str) -> Mismatch | None:
    for key, inner in pattern.items():
        if key == REST:
            continue
        at = f"{path}.{key}" if path else key
        if inner == ABSENT:
            if key in value:
                return Mismatch(at, "no such key", shown_value(value[key]))
        elif key not in value:
            return Mismatch(at, _shown(inner, names), "no such key")
        else:
            wrong = match(inner, value[key], names, at)
            if wrong is not None:
                return wrong
    more = [] if REST in pattern else [key for key in value if key not in pattern]
    if more:
        at = f"{path}.{more[0]}" if path else more[0]
        return Mismatch(at, "no such key", shown_value(value[more[0]]))
    return None


def _match_array(pattern: list[Any], value: list[Any], names: Names, path: str) -> Mismatch | None:
    if pattern[:1] == [AMONG]:
        return _match_among(pattern[1:], value, names, path)
    wanted = pattern[:-1] if pattern[-1:] == [REST] else pattern
    if len(value) < len(wanted) or (len(value) > len(wanted) and wanted is pattern):
        return Mismatch(path, _shown(pattern, names), shown_value(value))
    for index, inner in enumerate(wanted):
        wrong = match(inner, value[index], names, f"{path}[{index}]")
        if wrong is not None:
            return wrong
    return None


def _match_among(wanted: list[Any], value: list[Any], names: Names, path: str) -> Mismatch | None:
    for inner in wanted:
        for element in value:
            tried = dict(names)
            if match(inner, element, tried) is None:
                names.update(tried)
                break
        else:
            return Mismatch(path, f"one like {_shown(inner, names)}", shown_value(value))
    return None


def _shown(pattern: Any, names: Names) -> str:
    """What was expected, with the names that are known filled in."""
    known = {name: f"${{{name}}}" for name in names_in(pattern)} | {name: f"${{{name}}}" for name in _OWN} | names
    return shown_value(fill(pattern, known))
