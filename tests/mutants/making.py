"""Making mutants: the operators of mutmut, one at a time, at every place of a module where they apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

ROOT = Path(__file__).parent.parent.parent
#: The domain: what decides how the sandbox answers.
MODULES = (
    *(f"sandbox.scan2evolve.{name}" for name in ("rules", "records", "employees", "assignments", "attempts")),
    *(f"sandbox.scan2evolve.{name}" for name in ("organization", "outcomes", "tokens")),
    "sandbox.scan2evolve.api",
    *(f"sandbox.hrms.{name}" for name in ("access", "directory", "tokens", "api")),
    "sandbox.ratelimit",
    "sandbox.readings",
)


@dataclass(frozen=True)
class Mutant:
    """A module with one thing changed.

    `key` names it over changes elsewhere in the module: function, old and new text of the changed lines, and
    which of several alike it is. `line` is where it begins, from 1.
    """

    module: str
    function: str
    line: int
    before: str
    after: str
    nth: int
    source: str

    @property
    def key(self) -> str:
        """What stands for it in tables and in the list of explanations."""
        return f"{self.function}: {self.before} -> {self.after}" + (f" #{self.nth}" if self.nth > 1 else "")


def path_of(module: str) -> Path:
    """The file of a module."""
    return ROOT / f"{module.replace('.', '/')}.py"


def mutants_of(module: str) -> list[Mutant]:
    """All mutants of a module, in order of lines; those that change no text are none."""
    wrapper = MetadataWrapper(cst.parse_module(path_of(module).read_text(encoding="utf-8")))
    original = wrapper.module.code
    finder = _Finder()
    wrapper.visit(finder)
    seen: Counter[str] = Counter()
    made = []
    for function, line, old, new in finder.found:
        source = cst.ensure_type(wrapper.module.deep_replace(old, new), cst.Module).code
        before, after = _difference(original, source)
        if not (before or after):
            continue
        name = f"{function}: {before} -> {after}"
        seen[name] += 1
        made.append(Mutant(module, function, line, before, after, seen[name], source))
    return sorted(made, key=lambda mutant: mutant.line)


def _difference(original: str, changed: str) -> tuple[str, str]:
    """The lines that differ, before and after, each as one line of text."""
    old, new = original.splitlines(), changed.splitlines()
    start = next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), None)
    if start is None:
        return "", ""
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    shown = (" ".join(" ".join(lines[start : len(lines) - end]).split()) for lines in (old, new))
    before, after = shown
    return before, after


class _Finder(cst.CSTVisitor):
    """Collects (function, line, node, other node), leaving out what says nothing of behaviour."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, int, cst.CSTNode, cst.CSTNode]] = []
        self._names: list[str] = []
        self._in_options = False

    def visit_ClassDef_keywords(self, node: cst.ClassDef) -> None:  # noqa: N802 - libcst's name
        """How msgspec lays out a record (frozen, gc …) is no behaviour."""
        self._in_options = True

    def leave_ClassDef_keywords(self, node: cst.ClassDef) -> None:  # noqa: N802
        """The record's fields are."""
        self._in_options = False

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Whether to look into a node, after its own mutants were noted."""
        if self._in_options or isinstance(
            node, cst.Annotation | cst.Decorator | cst.ImportFrom | cst.Import | cst.Assert
        ):
            return False
        if isinstance(node, cst.SimpleStatementLine) and _is_for_types_alone(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._names.append(node.name.value)
        for other in _others(node):
            line = self.get_metadata(PositionProvider, node).start.line
            self.found.append((".".join(self._names) or "(module)", line, node, other))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        """Forget the name of a function that ends."""
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._names.pop()


def _others(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)


def _is_for_types_alone(line: cst.SimpleStatementLine) -> bool:
    """Docstrings and aliases of types."""
    statement = line.body[0]
    if isinstance(statement, cst.Expr):
        return isinstance(statement.value, cst.SimpleString)
    text = cst.Module([line]).code
    return any(sign in text for sign in ("TypeVar(", "TypeAlias", "Literal[", "Callable[", "= tuple[", "= dict["))
