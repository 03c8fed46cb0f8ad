"""The documents of the two APIs, as they come with the suite: what a target promises, in OpenAPI."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

Api = Literal["hrms", "scan2evolve"]
APIS: tuple[Api, ...] = ("hrms", "scan2evolve")
NAMES = {"hrms": "the HRMS", "scan2evolve": "Scan2Evolve"}
_METHODS = ("get", "post", "put", "patch", "delete")
_PLACEHOLDER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Operation:
    """One operation; `path` stands below the API's URL, `statuses` are those of any reading."""

    api: Api
    id: str
    method: str
    path: str
    statuses: frozenset[int]

    def __str__(self) -> str:
        return f"{self.method} {self.path} of {NAMES[self.api]}"

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one for this operation."""
        return method == self.method and _pattern(self.path).fullmatch(path) is not None


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, _PLACEHOLDER.split(path))))


def _folder() -> Path:
    """Beside the code in the wheel, at the top of a checkout."""
    packaged = Path(__file__).parent / "openapi"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "openapi"


@cache
def _document(api: Api) -> Any:
    return yaml.load((_folder() / f"{api}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)


@cache
def operations(api: Api) -> tuple[Operation, ...]:
    """The operations of an API, in the order of its document."""
    return tuple(
        Operation(
            api, item[method]["operationId"], method.upper(), path, frozenset(map(int, item[method]["responses"]))
        )
        for path, item in _document(api)["paths"].items()
        for method in _METHODS
        if method in item
    )


def find(api: Api, method: str, path: str) -> Operation | None:
    """The operation that a request is for; `path` is what follows the API's URL, without a query."""
    # A path without placeholders goes before one with.
    found = [operation for operation in operations(api) if operation.matches(method, path)]
    return min(found, key=lambda operation: "{" in operation.path, default=None)


def under(api: Api, readings: dict[str, str]) -> Any:
    """The document with the branches of other readings taken out; a copy, to be changed at will."""
    whole = _document(api)

    def in_force(node: Any) -> bool:
        if not isinstance(node, dict):
            return True
        if isinstance(node.get("$ref"), str):
            return in_force(_at(whole, node["$ref"]))
        name, _, value = str(node.get("x-reading", "")).partition("=")
        return readings.get(name, value) == value

    def pruned(node: Any) -> Any:
        if isinstance(node, list):
            return [pruned(item) for item in node if in_force(item)]
        if isinstance(node, dict):
            return {key: pruned(value) for key, value in node.items() if in_force(value)}
        return node

    return pruned(whole)


def _at(document: Any, reference: str) -> Any:
    """What a local reference points to."""
    node = document
    for key in reference.removeprefix("#/").split("/"):
        node = node[key.replace("~1", "/").replace("~0", "~")]
    return node
