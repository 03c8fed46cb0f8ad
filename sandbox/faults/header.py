"""X-Sandbox-Fault: one fault for one request, from those who cannot reach the control plane."""

from __future__ import annotations

import re
from typing import Any

from sandbox.faults.answers import Unavailable
from sandbox.faults.catalogue import named, parameters_of, read
from sandbox.faults.fault import Fault, Wrong
from sandbox.faults.scripts import Script

NAME = b"x-sandbox-fault"

_FAULT = re.compile(r"\s*([a-z0-9-]+)\s*")
_PARAMETER = re.compile(r";\s*([a-z_]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\",;]+))\s*")
_ESCAPE = re.compile(r"\\(.)")


def read_header(text: str) -> Fault:
    """The fault of `name;parameter=value;…`; values may stand in double quotes, and a list repeats its parameter.

    Raises Wrong.
    """
    start = _FAULT.match(text)
    if start is None:
        raise Wrong("it begins with the name of a fault")
    kind = named(start[1])
    if kind is Script:
        raise Wrong("a script is about more than one request")
    lists = {row["name"] for row in parameters_of(kind) if _is_list(row["schema"])}
    parameters: dict[str, Any] = {}
    at = start.end()
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if found is None:
            raise Wrong(f"cannot be read from {text[at : at + 40]!r} on: it is one `name;parameter=value`")
        key, quoted, plain = found.groups()
        value = plain if quoted is None else _ESCAPE.sub(r"\1", quoted)
        if key in lists:
            parameters.setdefault(key, []).append(value)
        elif key in parameters:
            raise Wrong(f"parameter {key} is given twice")
        else:
            parameters[key] = value
        at = found.end()
    try:
        fault = read(kind.name, parameters, strict=False)
    except Wrong as wrong:
        where = f"{kind.name}, {'/'.join(map(str, wrong.path[1:]))}" if wrong.path[1:] else kind.name
        raise Wrong(f"{where}: {wrong}") from None
    if isinstance(fault, Unavailable) and fault.seconds is None:
        raise Wrong(f"{kind.name}, seconds: is needed")
    return fault


def _is_list(schema: dict[str, Any]) -> bool:
    return any(option.get("type") == "array" for option in schema.get("anyOf", [schema]))
