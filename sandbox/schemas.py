"""The schemas of an OpenAPI document, and the places in it that they refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import jsonschema_rs
import msgspec

from sandbox.readings import Readings

_LEVELS = ("documented", "vendor-docs", "assumed")
_READING_MARK = re.compile(r"([a-z-]+)=([a-z0-9-]+)")

# Keywords that hold schemas: one, a list of them, or a table of them by name.
_ONE = frozenset(
    {"items", "additionalProperties", "unevaluatedProperties", "not", "if", "then", "else", "contains", "propertyNames"}
)
_MANY = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NAMED = frozenset({"properties"})
_PLAIN = frozenset(
    [
        "type",
        "enum",
        "const",
        "required",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
    ]
)
_NOTES = frozenset(
    ["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "x-provenance", "x-reading"]
)
_SCHEMA_KEYS = _ONE | _MANY | _NAMED | _PLAIN | _NOTES | {"$ref"}


class DocumentError(Exception):
    """A document that the server does not understand; the text names file and JSON pointer."""


class Provenance(msgspec.Struct, frozen=True):
    """Where a statement of the document comes from."""

    level: Literal["documented", "vendor-docs", "assumed"]
    claims: tuple[str, ...]
    note: str | None = None


class Source:
    """A document as it was read: where its references lead and what its marks mean."""

    def __init__(self, file: str, root: dict[str, Any]) -> None:
        self.file = file
        self.root = root

    def error(self, pointer: str, text: str) -> DocumentError:
        """The error to raise about the place `pointer`."""
        return DocumentError(f"{self.file}#{pointer}: {text}")

    def resolve(self, node: Any, pointer: str) -> Any:
        """`node`, or what its `$ref` names."""
        seen = set()
        while isinstance(node, dict) and "$ref" in node:
            ref = node["$ref"]
            if ref in seen or not isinstance(ref, str) or not ref.startswith("#/"):
                raise self.error(pointer, f"$ref {ref!r} leads nowhere")
            seen.add(ref)
            target: Any = self.root
            for step in ref[2:].split("/"):
                key = step.replace("~1", "/").replace("~0", "~")
                if not isinstance(target, dict) or key not in target:
                    raise self.error(pointer, f"$ref {ref!r} leads nowhere")
                target = target[key]
            node = target
        return node

    def provenance(self, node: Mapping[str, Any], pointer: str) -> Provenance:
        """The `x-provenance` of an object."""
        raw = node.get("x-provenance")
        if not isinstance(raw, dict) or raw.get("level") not in _LEVELS or not isinstance(raw.get("claims"), list):
            raise self.error(f"{pointer}/x-provenance", "must hold a level and claims")
        return Provenance(level=raw["level"], claims=tuple(raw["claims"]), note=raw.get("note"))

    def reading(self, node: Mapping[str, Any], pointer: str) -> tuple[str, str] | None:
        """The `x-reading` of an object as (name, value), None where it has none."""
        raw = node.get("x-reading")
        if raw is None:
            return None
        match = _READING_MARK.fullmatch(str(raw))
        if match is None:
            raise self.error(f"{pointer}/x-reading", f"{raw!r} is not name=value")
        try:
            Readings().patched({match[1]: match[2]})
        except msgspec.ValidationError:
            raise self.error(f"{pointer}/x-reading", f"there is no reading {raw!r}") from None
        return match[1], match[2]

    def check_schema(self, node: Any, pointer: str) -> None:
        """Raise DocumentError at the first keyword or mark below `node` that is not understood."""
        if isinstance(node, bool):
            return
        if not isinstance(node, dict):
            raise self.error(pointer, "a schema must be an object or a boolean")
        self.reading(node, pointer)
        if "x-provenance" in node:
            self.provenance(node, pointer)
        if "$ref" in node:
            self.resolve(node, pointer)
        for key, value in node.items():
            here = f"{pointer}/{key}"
            if key not in _SCHEMA_KEYS:
                raise self.error(here, "not understood in a schema")
            for step, child in _children(key, value):
                self.check_schema(child, f"{here}/{escape(step)}" if step else here)

    def reading_marks(self, node: Any) -> Iterator[tuple[str, str]]:
        """Every (reading, value) that marks a branch below `node`, references followed."""
        node = self.resolve(node, "")
        if isinstance(node, dict):
            mark = self.reading(node, "")
            if mark is not None:
                yield mark
            for key, value in node.items():
                for _, child in _children(key, value):
                    if isinstance(child, dict) and "x-reading" in child:
                        yield from self.reading_marks({"x-reading": child["x-reading"]})
                    yield from self.reading_marks(child)

    def plain_schema(self, node: Any, readings: Mapping[str, str]) -> Any:
        """`node` as plain JSON Schema: references inlined, notes dropped, only the branches in force."""
        if not isinstance(node, dict):
            return node
        siblings = {key: value for key, value in node.items() if key != "$ref" and key not in _NOTES}
        if "$ref" in node:
            target = self.plain_schema(self.resolve(node, ""), readings)
            rest = self.plain_schema(siblings, readings)
            return target if not rest else {"allOf": [target, rest]}
        plain: dict[str, Any] = {}
        for key, value in siblings.items():
            if key in _MANY:
                branches = [child for child in value if self._in_force(child, readings)]
                plain[key] = [self.plain_schema(child, readings) for child in branches]
            elif key in _NAMED:
                plain[key] = {name: self.plain_schema(child, readings) for name, child in value.items()}
            elif key in _ONE:
                plain[key] = self.plain_schema(value, readings)
            else:
                plain[key] = value
        for key in ("anyOf", "oneOf"):
            if len(plain.get(key, ())) == 1 and len(plain) == 1:
                return plain[key][0]
        return plain

    def _in_force(self, node: Any, readings: Mapping[str, str]) -> bool:
        mark = self.reading(node, "") if isinstance(node, dict) else None
        return mark is None or readings[mark[0]] == mark[1]


class Schema:
    """A schema of a document, whose validator depends on the readings in force."""

    def __init__(self, source: Source, pointer: str, node: Any) -> None:
        self._node = node
        self._source = source
        self.pointer = pointer
        names = {name for name, _ in source.reading_marks(node)}
        self._names = tuple(sorted(name.replace("-", "_") for name in names))
        self._validators: dict[tuple[str, ...], jsonschema_rs.Validator] = {}
        self._plain: Any = None

    def validator(self, readings: Readings) -> jsonschema_rs.Validator:
        """What checks a value under these readings."""
        key = tuple([getattr(readings, name) for name in self._names]) if self._names else ()
        found = self._validators.get(key)
        if found is None:
            found = self._validators[key] = self._compile(readings)
        return found

    def whole(self, value: Any) -> Any:
        """`value`, which is valid, with an int for each 5.0 that stands for an integer.

        JSON Schema takes 5.0 for an integer, and whoever handles it should not have to tell the two apart.
        """
        if self._plain is None:
            self._plain = self._source.plain_schema(self._node, Readings().as_dict())
        return _whole(value, self._plain)

    def _compile(self, readings: Readings) -> jsonschema_rs.Validator:
        schema = self._source.plain_schema(self._node, readings.as_dict())
        try:
            return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        except (jsonschema_rs.ValidationError, ValueError) as error:
            raise self._source.error(self.pointer, str(error).splitlines()[0]) from None


def _whole(value: Any, plain: Any) -> Any:
    if not isinstance(plain, dict):
        return value
    if isinstance(value, float) and value.is_integer() and "integer" in plain.get("type", ()):
        return int(value)
    if isinstance(value, dict):
        for name, child in plain.get("properties", {}).items():
            if name in value:
                value[name] = _whole(value[name], child)
    elif isinstance(value, list) and "items" in plain:
        value[:] = [_whole(item, plain["items"]) for item in value]
    for key in _MANY - {"prefixItems"}:
        for branch in plain.get(key, ()):
            value = _whole(value, branch)
    return value


def _children(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if key in _ONE:
        yield "", value
    elif key in _MANY:
        yield from ((str(index), child) for index, child in enumerate(value))
    elif key in _NAMED:
        yield from value.items()


def escape(step: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return step.replace("~", "~0").replace("/", "~1")
