"""OpenAPI documents, compiled once at start-up into flat operations.

What this module does not understand stops the start with `DocumentError`, naming file and JSON
pointer. It knows no HTTP server and no domain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from sys import intern
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
import yaml

from sandbox.readings import Readings
from sandbox.schemas import DocumentError, Provenance, Schema, Source, escape

_METHODS = ("get", "post", "put", "patch", "delete")
_ALLOWED: dict[str, frozenset[str]] = {
    key: frozenset(names.split())
    for key, names in {
        "document": "openapi info servers tags paths components externalDocs x-rate-limit x-unknown-parameters",
        "path": "summary description parameters get post put patch delete",
        "operation": "operationId tags summary description parameters requestBody responses security deprecated "
        "x-provenance x-request-validation",
        "parameter": "name in required description schema example examples deprecated x-provenance",
        "body": "description required content x-provenance",
        "media": "schema example examples encoding",
        "response": "description headers content links x-provenance x-reading",
        "link": "operationId description parameters",
        "header": "description required schema example examples deprecated x-provenance",
    }.items()
}

_EXTENSIONS = frozenset(["x-provenance", "x-reading", "x-rate-limit", "x-request-validation", "x-unknown-parameters"])
# Schemas have a check of their own, and what an example holds is nobody's business.
_CHECKED_ELSEWHERE = frozenset(["schema", "schemas", "example", "examples", "x-rate-limit"])


class _Loader(yaml.CSafeLoader):
    """YAML with the scalars of version 1.2: no dates, and only true and false are booleans."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
    ]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))

_SCALARS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": lambda text: text == "true",
    "tag:yaml.org,2002:null": lambda _: None,
}


def _read(text: str) -> Any:
    """The value of a YAML text, made as its parts are read.

    PyYAML would first make a tree of it, in five times its memory, and take three times as long: at every start.
    """
    loader = _Loader(text)
    try:
        loader.get_event()
        if isinstance(loader.get_event(), yaml.StreamEndEvent):
            return None
        value = _value(loader, loader.get_event())
        loader.get_event()
        behind: Any = loader.get_event()
        if not isinstance(behind, yaml.StreamEndEvent):
            raise yaml.MarkedYAMLError(problem="a second document begins", problem_mark=behind.start_mark)
        return value
    finally:
        loader.dispose()


def _value(loader: Any, event: Any) -> Any:
    kind = event.__class__
    if kind is yaml.ScalarEvent:
        tag = event.tag or loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        convert = _SCALARS.get(tag)
        if convert is None:
            raise yaml.MarkedYAMLError(problem=f"{tag} is not used here", problem_mark=event.start_mark)
        return convert(event.value)
    if kind is yaml.MappingStartEvent:
        table: dict[Any, Any] = {}
        while not isinstance(event := loader.get_event(), yaml.MappingEndEvent):
            key = _value(loader, event)
            if key in table:
                raise yaml.MarkedYAMLError(problem=f"the key {key} comes twice", problem_mark=event.start_mark)
            # The same few hundred keys come thousands of times.
            table[intern(key) if key.__class__ is str else key] = _value(loader, loader.get_event())
        return table
    if kind is yaml.SequenceStartEvent:
        items = []
        while not isinstance(event := loader.get_event(), yaml.SequenceEndEvent):
            items.append(_value(loader, event))
        return items
    raise yaml.MarkedYAMLError(problem="aliases are not used here", problem_mark=event.start_mark)


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of an operation; `kind` is the JSON type that its text stands for.

    `raw_name` is its name as a header. `is_valid` checks a value; no reading changes a parameter.
    """

    name: str
    raw_name: bytes
    location: Literal["path", "query", "header"]
    required: bool
    kind: str
    is_valid: Callable[[Any], bool]


class Answer(msgspec.Struct, frozen=True):
    """A documented answer: its body by media type (None where it has none) and when it may come."""

    status: int
    media: dict[str, Schema]
    reading: tuple[str, str] | None
    examples: dict[str, Any]
    provenance: Provenance


class Operation(msgspec.Struct, frozen=True):
    """One operation, flat: all that the pipeline needs to know of it.

    `items` is empty unless the operation is marked `x-request-validation: envelope`: then it holds the
    schemas of what lies in the arrays directly under the body, which the rules check one by one.
    """

    api: str
    id: str
    method: str
    path: str
    raw_path: bytes
    segments: tuple[str | None, ...]
    path_names: tuple[str, ...]
    schemes: tuple[str, ...]
    scopes: frozenset[str]
    parameters: tuple[Parameter, ...]
    body: dict[str, Schema]
    body_required: bool
    body_examples: dict[str, Any]
    items: dict[str, Schema]
    answers: dict[int, tuple[Answer, ...]]
    claims: tuple[str, ...]

    def answer(self, status: int, readings: Readings) -> Answer | None:
        """The documented answer of that status under these readings, or None."""
        for answer in self.answers.get(status, ()):
            if answer.reading is None or getattr(readings, answer.reading[0].replace("-", "_")) == answer.reading[1]:
                return answer
        return None


class Document:
    """A compiled document: `operations` by operationId and what holds for all of them."""

    def __init__(self, name: str, text: str, file: str) -> None:
        self.name = name
        self.text = text
        try:
            root = _read(text)
        except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
            raise DocumentError(f"{file}: {' '.join(str(error).split())}") from None
        if not isinstance(root, dict):
            raise DocumentError(f"{file}: is not an object")
        self.source = Source(file, root)
        self.root: dict[str, Any] = root
        self._schemas: dict[int, Schema] = {}
        self._links: list[tuple[str, dict[str, Any]]] = []
        self._only("document", root, "")
        if not str(root.get("openapi", "")).startswith("3.1."):
            raise self.source.error("/openapi", "must be 3.1")
        for key, node in root.items():
            if key != "paths":
                self._check_loose(node, f"/{key}")
        for schema_name, node in root.get("components", {}).get("schemas", {}).items():
            self.source.check_schema(node, f"/components/schemas/{schema_name}")
        self.base_path = self._base_path()
        self.rate_limit: dict[str, Any] | None = self._rate_limit()
        self.refuses_unknown_parameters = root.get("x-unknown-parameters") == "refused"
        self.operations: dict[str, Operation] = {}
        for operation in self._operations():
            if operation.id in self.operations:
                path = escape(operation.path.removeprefix(self.base_path))
                raise self.source.error(f"/paths/{path}", f"operationId {operation.id} comes twice")
            self.operations[operation.id] = operation
        for pointer, link in self._links:
            self._check_link(link, pointer)

    # -- reading it --------------------------------------------------------------------------------

    def _only(self, kind: str, node: Any, pointer: str) -> None:
        if not isinstance(node, dict):
            raise self.source.error(pointer, f"a {kind} must be an object")
        for key in node:
            if key not in _ALLOWED[kind]:
                raise self.source.error(f"{pointer}/{escape(str(key))}", f"not understood in a {kind}")

    def _check_loose(self, node: Any, pointer: str) -> None:
        """Marks and references where no operation need lead: in info, in tags, in components that nobody uses."""
        if isinstance(node, list):
            for index, item in enumerate(node):
                self._check_loose(item, f"{pointer}/{index}")
        if not isinstance(node, dict):
            return
        if "$ref" in node:
            self.source.resolve(node, pointer)
        for key, value in node.items():
            here = f"{pointer}/{escape(str(key))}"
            if str(key).startswith("x-") and key not in _EXTENSIONS:
                raise self.source.error(here, "not one of the extensions")
            if key not in _CHECKED_ELSEWHERE:
                self._check_loose(value, here)

    def _base_path(self) -> str:
        servers = self.root.get("servers")
        if not isinstance(servers, list) or not servers or "url" not in servers[0]:
            raise self.source.error("/servers", "the first server must give the base path")
        return urlsplit(str(servers[0]["url"]).replace("{port}", "0")).path.rstrip("/")

    def _rate_limit(self) -> dict[str, Any] | None:
        policy = self.root.get("x-rate-limit")
        if policy is None:
            return None
        if set(policy) != {"counted-per", "limit", "window_seconds"}:
            raise self.source.error("/x-rate-limit", "must hold counted-per, limit and window_seconds")
        return dict(policy)

    def _schema(self, node: Any, pointer: str) -> Schema:
        target = self.source.resolve(node, pointer)
        if id(target) not in self._schemas:
            self.source.check_schema(node, pointer)
            self._schemas[id(target)] = Schema(self.source, pointer, target)
        return self._schemas[id(target)]

    # -- operations --------------------------------------------------------------------------------

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.root["paths"].items():
            pointer = f"/paths/{escape(path)}"
            self._only("path", item, pointer)
            for method in _METHODS:
                if method in item:
                    yield self._operation(path, method, item, f"{pointer}/{method}")

    def _operation(self, path: str, method: str, item: dict[str, Any], pointer: str) -> Operation:
        node = item[method]
        self._only("operation", node, pointer)
        for key in ("operationId", "responses", "security"):
            if key not in node:
                raise self.source.error(pointer, f"has no {key}")
        if node.get("x-request-validation", "envelope") != "envelope":
            raise self.source.error(f"{pointer}/x-request-validation", "must be envelope")
        steps = path.strip("/").split("/")
        body = self.source.resolve(node.get("requestBody", {}), pointer)
        self._only("body", body, f"{pointer}/requestBody")
        media, examples = self._content(body, f"{pointer}/requestBody")
        parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
        answers: dict[int, list[Answer]] = {}
        for status, response in node["responses"].items():
            answer = self._answer(status, response, f"{pointer}/responses/{status}")
            answers.setdefault(answer.status, []).append(answer)
        return Operation(
            api=self.name,
            id=node["operationId"],
            method=method.upper(),
            path=self.base_path + path,
            raw_path=(self.base_path + path).encode(),
            segments=tuple(None if step.startswith("{") else step for step in steps),
            path_names=tuple(step[1:-1] for step in steps if step.startswith("{")),
            schemes=tuple(name for option in node["security"] for name in option),
            scopes=frozenset(scope for option in node["security"] for scopes in option.values() for scope in scopes),
            parameters=tuple(self._parameter(p, f"{pointer}/parameters/{i}") for i, p in enumerate(parameters)),
            body=media,
            body_required=bool(body.get("required", False)),
            body_examples=examples,
            items=self._item_schemas(body, pointer) if "x-request-validation" in node else {},
            answers={status: tuple(options) for status, options in answers.items()},
            claims=self.source.provenance(node, pointer).claims,
        )

    def _item_schemas(self, body: dict[str, Any], pointer: str) -> dict[str, Schema]:
        schemas = {}
        for media in body.get("content", {}).values():
            properties = self.source.resolve(media["schema"], pointer).get("properties", {})
            for name, value in properties.items():
                branches = self.source.resolve(value, pointer)
                for branch in branches.get("anyOf", [branches]):
                    items = self.source.resolve(branch, pointer).get("items")
                    if items is not None:
                        schemas[name] = self._schema(items, f"{pointer}/requestBody/{name}/items")
        return schemas

    def _parameter(self, node: Any, pointer: str) -> Parameter:
        node = self.source.resolve(node, pointer)
        self._only("parameter", node, pointer)
        if node.get("in") not in ("path", "query", "header") or "schema" not in node or "name" not in node:
            raise self.source.error(pointer, "must have a name, a schema and a place in path, query or header")
        schema = self.source.resolve(node["schema"], pointer)
        kind = schema.get("type", "string")
        return Parameter(
            name=node["name"],
            raw_name=str(node["name"]).lower().encode(),
            location=node["in"],
            required=bool(node.get("required", False)),
            kind=kind if isinstance(kind, str) else "string",
            is_valid=self._schema(node["schema"], f"{pointer}/schema").validator(Readings()).is_valid,
        )

    def _answer(self, status: str, node: Any, pointer: str) -> Answer:
        node = self.source.resolve(node, pointer)
        self._only("response", node, pointer)
        for name, header in node.get("headers", {}).items():
            header = self.source.resolve(header, pointer)
            self._only("header", header, f"{pointer}/headers/{name}")
        for name, link in node.get("links", {}).items():
            self._only("link", link, f"{pointer}/links/{name}")
            self._links.append((f"{pointer}/links/{name}", link))
        if not re.fullmatch(r"[1-5][0-9]{2}", str(status)):
            raise self.source.error(pointer, "the status must be a number")
        media, examples = self._content(node, pointer)
        return Answer(
            status=int(status),
            media=media,
            reading=self.source.reading(node, pointer),
            examples=examples,
            provenance=self.source.provenance(node, pointer),
        )

    def _check_link(self, link: dict[str, Any], pointer: str) -> None:
        """It leads to an operation that there is, and names parameters that this one has."""
        operation = self.operations.get(link.get("operationId", ""))
        if operation is None:
            raise self.source.error(pointer, "must name an operationId of this document")
        known = {parameter.name for parameter in operation.parameters}
        if not set(link.get("parameters", ())) <= known:
            raise self.source.error(f"{pointer}/parameters", f"must be parameters of {operation.id}")

    def _content(self, node: Mapping[str, Any], pointer: str) -> tuple[dict[str, Schema], dict[str, Any]]:
        schemas, examples = {}, {}
        for media_type, media in node.get("content", {}).items():
            here = f"{pointer}/content/{escape(media_type)}"
            self._only("media", media, here)
            if "schema" not in media:
                raise self.source.error(here, "has no schema")
            schemas[media_type] = self._schema(media["schema"], f"{here}/schema")
            for name, example in media.get("examples", {}).items():
                example = self.source.resolve(example, f"{here}/examples/{name}")
                examples[f"{name} ({media_type})" if name in examples else name] = example.get("value")
        return schemas, examples

    def schemas(self) -> Iterator[Schema]:
        """Every schema in use."""
        yield from self._schemas.values()


NAMES = ("hrms", "scan2evolve", "control")


def folder() -> Path:
    """Where the documents lie: beside the code in the wheel, at the top of a checkout."""
    packaged = Path(__file__).parent / "openapi"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "openapi"


def load(name: str, where: Path | None = None) -> Document:
    """Read and compile one document. Raises DocumentError, also where the file cannot be read."""
    path = (where or folder()) / f"{name}.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path}: {error}") from None
    try:
        return Document(name, text, path.name)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        # Some place holds another kind of value than OpenAPI has there.
        raise DocumentError(f"{path.name}: {type(error).__name__} {error}: not an OpenAPI document") from None
