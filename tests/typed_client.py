"""The typed control client, made from its document: `python -m tests.typed_client` writes its two modules."""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from sandbox.document import load

TOP = Path(__file__).parent.parent
SHAPES = TOP / "sandbox" / "client" / "shapes.py"
OPERATIONS = TOP / "sandbox" / "client" / "operations.py"

_WIDTH = 110
_WORLD = "/_sandbox/worlds/{world}"
_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_SHAPES_TOP = '''"""What the control plane takes and answers. Made from openapi/control.yaml by `make client`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict
'''
_OPERATIONS_TOP = '''"""The control plane's operations, as methods. Made from openapi/control.yaml by `make client`."""

from __future__ import annotations

from typing import Literal, Unpack

from sandbox.client import shapes
from sandbox.client.transport import Caller
'''


class Document:
    """The control plane's document, as text of Python."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.paths: dict[str, dict[str, Any]] = root["paths"]
        self.components: dict[str, dict[str, Any]] = root["components"]
        self.schemas: dict[str, dict[str, Any]] = self.components["schemas"]

    def resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        """What a `$ref` leads to."""
        while "$ref" in node:
            _, _, kind, name = node["$ref"].split("/")
            node = self.components[kind][name]
        return node

    # -- types -------------------------------------------------------------------------------------

    def type_of(self, schema: dict[str, Any], name: str, prefix: str = "") -> str:
        """The type of a schema; an object without a name of its own is called `name`."""
        if "$ref" in schema:
            return self._named(schema["$ref"].split("/")[-1], prefix)
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return _union(self.type_of(option, name, prefix) for option in schema[key])
        if "enum" in schema or "const" in schema:
            return f"Literal[{', '.join(map(_literal, schema.get('enum', [schema.get('const')])))}]"
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return _union(self._of_kind(kind, schema, name, prefix) for kind in kinds)

    def _named(self, name: str, prefix: str) -> str:
        schema = self.schemas[name]
        if "properties" in schema:
            return _union([f"{prefix}{name}", *(["None"] if "null" in schema["type"] else [])])
        return f"{prefix}{name}" if "enum" in schema else self.type_of(schema, name, prefix)

    def _of_kind(self, kind: str, schema: dict[str, Any], name: str, prefix: str) -> str:
        if kind == "array":
            return f"list[{self.type_of(schema.get('items', {}), name, prefix)}]"
        if kind != "object":
            return _SCALARS[kind]
        if "properties" in schema:
            return f"{prefix}{name}"
        values = schema.get("additionalProperties")
        return f"dict[str, {self.type_of(values, name, prefix) if isinstance(values, dict) else 'Any'}]"

    # -- shapes ------------------------------------------------------------------------------------

    def shapes(self) -> str:
        """The module of types."""
        parts = [_SHAPES_TOP]
        for name, schema in self.schemas.items():
            if "properties" in schema:
                parts.extend(self._shape(name, schema))
            elif "enum" in schema:
                parts.append(f"{name}: TypeAlias = {self.type_of(schema, name)}\n{_docstring(schema, '')}")
        return "\n\n".join(parts) + "\n"

    def _shape(self, name: str, schema: dict[str, Any]) -> Iterator[str]:
        fields = [(key, held, self._field_name(name, key)) for key, held in schema["properties"].items()]
        for _, held, inner in fields:
            for nested in _inline_objects(held):
                yield from self._shape(inner, nested)
        required = schema.get("required", ())
        types = [(key, held, self._field(self.type_of(held, inner), key in required)) for key, held, inner in fields]
        if all(_is_name(key) for key, _, _ in types):
            lines = [f"class {name}(TypedDict):", _docstring(schema, "    ")]
            for key, held, kind in types:
                lines += [*_comment(held), f"    {key}: {kind}"]
            yield "\n".join(lines)
        else:
            pairs = ", ".join(f"{key!r}: {kind}" for key, _, kind in types)
            yield f"{name} = TypedDict({name!r}, {{{pairs}}})\n{_docstring(schema, '')}"

    def _field_name(self, name: str, key: str) -> str:
        made = name + key[0].upper() + key[1:]
        return f"{made}Value" if made in self.schemas else made

    @staticmethod
    def _field(kind: str, required: bool) -> str:
        return kind if required else f"NotRequired[{kind}]"

    # -- operations --------------------------------------------------------------------------------

    def operations(self) -> str:
        """The module of methods."""
        server: list[str] = []
        world: list[str] = []
        for path, methods in self.paths.items():
            for method, operation in methods.items():
                target = world if path.startswith(_WORLD) else server
                target.append(self._method(path, method.upper(), operation))
        return "\n\n".join(
            [
                _OPERATIONS_TOP,
                'class ServerOperations(Caller):\n    """What concerns the server, or all worlds."""',
                *server,
                'class WorldOperations(Caller):\n    """What concerns one world, at `self.path`."""',
                *world,
            ]
        )

    def _method(self, path: str, method: str, operation: dict[str, Any]) -> str:
        parameters = [self.resolved(parameter) for parameter in operation.get("parameters", ())]
        body = self._body(operation)
        own = self.schemas[body].get("properties", {}) if body else {}
        in_path = [p["name"] for p in parameters if p["in"] == "path" and p["name"] != "world"]
        # What may stand in the query or in the body is given once.
        query = [p for p in parameters if p["in"] == "query" and p["name"] not in own]
        given = ["self", *(f"{_argument(name)}: str" for name in in_path)]
        sent = [repr(method), _template(path)]
        as_keywords = body is not None and all(map(_is_name, own)) and not self._is_answer(body)
        if body and not as_keywords:
            given.append(f"body: shapes.{body}")
        if len(given) > 1:
            given.append("/")
        if query:
            given.append("*")
            given += [self._keyword(parameter) for parameter in query]
            pairs = ", ".join(f"{p['name']!r}: {_snake(p['name'])}" for p in query)
            sent.append(f"query={{{pairs}}}")
        if as_keywords:
            given.append(f"**body: Unpack[shapes.{body}]")
        if body:
            sent.append("body=body")
        answer = self._answer(operation)
        lines = [f"    def {_snake(operation['operationId'])}({', '.join(given)}) -> {answer}:"]
        says = f"{operation['summary']}. {operation.get('description', '')}"
        lines.append(_docstring({"description": says}, " " * 8))
        call = f"self.call({', '.join(sent)})"
        if answer == "None":
            lines.append(f"        {call}")
        else:
            lines += [f"        answer: {answer} = {call}", "        return answer"]
        return "\n".join(lines)

    def _keyword(self, parameter: dict[str, Any]) -> str:
        kind = self.type_of(parameter["schema"], "", "shapes.")
        ending = "" if parameter.get("required") else " | None = None"
        return f"{_snake(parameter['name'])}: {kind}{ending}"

    def _body(self, operation: dict[str, Any]) -> str | None:
        if "requestBody" not in operation:
            return None
        content = self.resolved(operation["requestBody"])["content"]
        return str(next(iter(content.values()))["schema"]["$ref"].split("/")[-1])

    def _answer(self, operation: dict[str, Any]) -> str:
        kinds = []
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                content = self.resolved(response).get("content", {})
                kinds += [self.type_of(held["schema"], "", "shapes.") for held in content.values()] or ["None"]
        return _union(kinds)

    def _is_answer(self, name: str) -> bool:
        """Whether what is sent is something that was answered, to be handed back as it is."""
        answers = {self._answer(operation) for methods in self.paths.values() for operation in methods.values()}
        return f"shapes.{name}" in answers


def _inline_objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects with properties that are described within a schema."""
    if "properties" in schema:
        yield schema
        return
    for held in [*schema.get("anyOf", ()), *schema.get("oneOf", ()), schema.get("items")]:
        if isinstance(held, dict):
            yield from _inline_objects(held)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _inline_objects(schema["additionalProperties"])


def _union(kinds: Iterable[str]) -> str:
    found = list(dict.fromkeys(kinds))
    if not found or "Any" in found:
        return "Any"
    return " | ".join(sorted(found, key=lambda kind: kind == "None"))


def _literal(value: Any) -> str:
    return "None" if value is None else json.dumps(value, ensure_ascii=False)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _argument(name: str) -> str:
    """A path's parameter as an argument; `id` is Python's own."""
    return "item" if name == "id" else _snake(name)


def _template(path: str) -> str:
    """The path as an expression, each value quoted."""
    inner = re.sub(r"\{(\w+)\}", lambda name: f"{{self.quoted({_argument(name[1])})}}", path.removeprefix(_WORLD))
    if path.startswith(_WORLD):
        return f'f"{{self.path}}{inner}"' if inner else "self.path"
    return repr(path)


def _docstring(schema: dict[str, Any], indent: str) -> str:
    text = " ".join(schema.get("description", "").split()).rstrip() or "What its name says."
    if len(indent) + len(text) + 6 <= _WIDTH:
        return f'{indent}"""{text}"""'
    first, _, rest = text.partition(". ")
    rest = textwrap.fill(rest, _WIDTH, initial_indent=indent, subsequent_indent=indent)
    if not rest.strip() or len(indent) + len(first) > _WIDTH:
        filled = textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
        return f'{indent}"""{filled.strip()}\n{indent}"""'
    return f'{indent}"""{first}.\n\n{rest}\n{indent}"""'


def _comment(schema: dict[str, Any]) -> list[str]:
    text = " ".join(schema.get("description", "").split())
    return textwrap.wrap(text, _WIDTH, initial_indent="    #: ", subsequent_indent="    #: ")


def _formatted(text: str, path: Path) -> str:
    for command in (["check", "--fix-only", "--quiet", "--select", "I,F401"], ["format"]):
        done = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(path), "-"]
        text = subprocess.run(done, input=text, capture_output=True, text=True, check=True, cwd=TOP).stdout
    return text


def made() -> dict[Path, str]:
    """Both modules, as the document has them."""
    document = Document(load("control").root)
    texts = {SHAPES: document.shapes(), OPERATIONS: document.operations()}
    return {path: _formatted(text, path) for path, text in texts.items()}


@click.command()
def main() -> None:
    """Write the modules."""
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
