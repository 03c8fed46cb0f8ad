"""The catalogue of faults, and how one with its parameters is read."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import msgspec

from sandbox.faults import answers, connections, delays, records, scripts
from sandbox.faults.fault import Fault, Wrong
from sandbox.faults.scripts import Script, Scripted
from sandbox.jsonplaces import key_of, place

CATALOGUE: tuple[type[Fault], ...] = (
    *delays.FAULTS,
    *answers.FAULTS,
    *connections.FAULTS,
    *records.FAULTS,
    *scripts.FAULTS,
)
BY_NAME = {fault.name: fault for fault in CATALOGUE}


def named(name: str) -> type[Fault]:
    """The fault of that name. Raises Wrong."""
    fault = BY_NAME.get(name)
    if fault is None:
        close = get_close_matches(name, BY_NAME, 1)
        raise Wrong(f"there is no fault {name[:80]!r}" + (f": did you mean {close[0]}?" if close else ""), "name")
    return fault


def read(name: str, parameters: dict[str, Any], *, strict: bool = True) -> Fault:
    """A fault with its parameters, whose texts stand for other values where it is not `strict`. Raises Wrong."""
    kind = named(name)
    try:
        fault = msgspec.convert(parameters, kind, strict=strict)
        fault.check()
    except msgspec.ValidationError as error:
        text, path = place(str(error))
        raise Wrong(text, "parameters", *path, *key_of(text)) from None
    except Wrong as wrong:
        raise Wrong(str(wrong), "parameters", *wrong.path) from None
    if isinstance(fault, Script):
        for index, answer in enumerate(fault.answers):
            if isinstance(answer, Scripted):
                _read_answer(answer, index)
    return fault


def _read_answer(answer: Scripted, index: int) -> None:
    where = ("parameters", "answers", index)
    if answer.name == Script.name:
        raise Wrong("a script is no answer of a script", *where, "name")
    if answer.name == answers.Unavailable.name and "seconds" not in answer.parameters:
        raise Wrong("is needed in a script", *where, "parameters", "seconds")
    try:
        read(answer.name, answer.parameters)
    except Wrong as wrong:
        raise Wrong(str(wrong), *where, *wrong.path) from None


def parameters_of(kind: type[Fault]) -> list[dict[str, Any]]:
    """Each parameter of a fault: name, whether it must be given, and its JSON Schema."""
    held = msgspec.json.schema(kind)
    schema = held["$defs"][kind.__name__]
    required = schema.get("required", ())
    return [
        {"name": key, "required": key in required, "schema": _without_refs(described, held["$defs"])}
        for key, described in schema["properties"].items()
    ]


def _without_refs(schema: Any, definitions: dict[str, Any]) -> Any:
    """A schema in which what `$ref` leads to stands in its place."""
    if isinstance(schema, list):
        return [_without_refs(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _without_refs(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: _without_refs(value, definitions) for key, value in schema.items() if key not in ("title",)}
