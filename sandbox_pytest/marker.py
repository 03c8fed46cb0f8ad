"""The marker `sandbox`: what kind of world a test gets, merged from whole modules down to one test."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.client import shapes

NAME = "sandbox"
#: Whatever a world can be made with, but for its id, which comes from the test.
KEYWORDS = tuple(name for name in shapes.WorldNew.__annotations__ if name != "id")


class MarkerError(ValueError):
    """The settings of a world are none; the text says which and why."""


def settings_of(defaults: Mapping[str, Any], marks: Iterable[tuple[tuple[Any, ...], Mapping[str, Any]]]) -> Any:
    """What to make a world with: `defaults`, then the arguments of each mark, the one nearest to the test last.

    Objects are merged key by key and lists added up; whatever else comes later takes the place of what came before,
    and None leaves a setting to the server. Raises MarkerError.
    """
    merged = _checked(defaults, "the fixture sandbox_defaults")
    for positional, given in marks:
        if positional:
            raise MarkerError(f"the marker sandbox takes its settings by name, not {positional[0]!r}")
        merged = _over(merged, _checked(given, "the marker sandbox"))
    # That a world has no time to live is a setting of its own.
    return {name: value for name, value in merged.items() if value is not None or name == "ttl_seconds"}


def _checked(settings: Mapping[str, Any], source: str) -> dict[str, Any]:
    if not isinstance(settings, Mapping):
        raise MarkerError(f"{source} must return a dict, not {settings!r}")
    for name, value in settings.items():
        if name not in KEYWORDS:
            near = difflib.get_close_matches(str(name), KEYWORDS, 1)
            hint = f", did you mean {near[0]!r}?" if near else ""
            raise MarkerError(f"{source} knows no {name!r}{hint or '.'} It takes {', '.join(KEYWORDS)}")
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise MarkerError(f"{source}: {name} must be made of JSON's types: {error}") from None
    return dict(settings)


def _over(below: Any, above: Any) -> Any:
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **{key: _over(below.get(key), value) for key, value in above.items()}}
    if isinstance(below, list | tuple) and isinstance(above, list | tuple):
        return [*below, *above]
    return above
