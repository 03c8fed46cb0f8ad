"""From a raw path to the operations that it has."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from sandbox.document import Document, Operation

Methods = dict[str, Operation]


class Routes:
    """The paths of one document. A path is split before it is decoded: `%2F` is never a separator."""

    def __init__(self, document: Document) -> None:
        self._static: dict[bytes, Methods] = {}
        self._by_length: dict[int, list[tuple[tuple[str | None, ...], Methods]]] = {}
        self._base = document.base_path.encode() + b"/"
        for operation in document.operations.values():
            self._add(operation)
        for templates in self._by_length.values():
            # A fixed step is a better match than a parameter.
            templates.sort(key=lambda item: [step is None for step in item[0]])

    def _add(self, operation: Operation) -> None:
        if None not in operation.segments:
            self._static.setdefault(operation.path.encode(), {})[operation.method] = operation
        templates = self._by_length.setdefault(len(operation.segments), [])
        for segments, methods in templates:
            if segments == operation.segments:
                methods[operation.method] = operation
                return
        templates.append((operation.segments, {operation.method: operation}))

    def find(self, path: bytes) -> tuple[Methods, tuple[str, ...]]:
        """The operations of `path` by method, empty where there is no such path, and its parameters."""
        methods = self._static.get(path)
        if methods is not None:
            return methods, ()
        if not path.startswith(self._base):
            return {}, ()
        try:
            steps = tuple(unquote_to_bytes(step).decode() for step in path[len(self._base) :].split(b"/"))
        except UnicodeDecodeError:
            return {}, ()
        for segments, methods in self._by_length.get(len(steps), ()):
            if all(
                step and (segment is None or segment == step) for segment, step in zip(segments, steps, strict=True)
            ):
                return methods, tuple(_parameters(segments, steps))
        return {}, ()


def _parameters(segments: tuple[str | None, ...], steps: tuple[str, ...]) -> Iterable[str]:
    return (step for segment, step in zip(segments, steps, strict=True) if segment is None)
