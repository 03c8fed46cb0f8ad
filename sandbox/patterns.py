"""From a pattern as it is written to its conditions; what no request can ever fit is refused with the place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from sandbox.document import Operation
from sandbox.faults.catalogue import BY_NAME
from sandbox.journal import redact_text, shown_header
from sandbox.jsonvalues import ABSENT, shown
from sandbox.scan2evolve import trouble
from sandbox.scan2evolve.rules import RULES, WARNINGS
from sandbox.verification import (
    RECORD_FIELDS,
    BodyHas,
    Condition,
    FaultActed,
    HeaderIs,
    Is,
    OperationIs,
    Pattern,
    RecordLike,
    StatusIs,
    ValueIs,
)

_REFUSING = {rule.name for rule in RULES} | {trouble.RULE}
_WARNING = {warning.name for warning in WARNINGS}

Path = tuple[str | int, ...]


class Impossible(ValueError):
    """A pattern that nothing can fit; `path` is the way to what is wrong in it."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


class Patterns:
    """Makes patterns about the operations of the vendors' documents."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = tuple(operations)

    def read(self, raw: dict[str, Any]) -> Pattern:
        """The pattern that `raw`, which its schema lets pass, describes. Raises Impossible."""
        _refuse_secrets(raw, ())
        operations = self._meant(raw)
        conditions: list[Condition] = []
        if "operation" in raw:
            conditions.append(OperationIs(raw["operation"], operations))
        if "api" in raw:
            conditions.append(Is("api", raw["api"], lambda entry: entry.act.api, 1))
        if "method" in raw:
            conditions.append(Is("method", raw["method"], lambda entry: entry.method, 1))
        if "path" in raw:
            conditions.append(Is("path", raw["path"], lambda entry: entry.path.decode("latin-1"), 3))
        if "status" in raw:
            conditions.append(StatusIs(raw["status"]))
        if "fault" in raw:
            conditions.append(FaultActed(_fault(raw["fault"])))
        if "delivered" in raw:
            conditions.append(Is("delivered", raw["delivered"], lambda entry: entry.delivered, 1))
        if "record" in raw:
            conditions.append(_record(raw["record"], operations))
        for side, key in (("request", "headers"), ("response", "response_headers")):
            conditions += [HeaderIs(side, name, _header(key, name, value)) for name, value in raw.get(key, {}).items()]
        for index, value in enumerate(raw.get("json", ())):
            conditions.append(BodyHas(value.get("in", "request"), _value(value, ("json", index))))
        return Pattern(conditions)

    def _meant(self, raw: dict[str, Any]) -> tuple[Operation, ...]:
        """The operations that api, operation, method and path leave over. Raises Impossible where none is."""
        left = self._operations
        if "operation" in raw:
            left = tuple(operation for operation in left if operation.id == raw["operation"])
            if not left:
                names = sorted({operation.id for operation in self._operations})
                raise Impossible(_unknown("operation", raw["operation"], names), "operation")
        if "api" in raw:
            of_api = tuple(operation for operation in left if operation.api == raw["api"])
            if not of_api:
                raise Impossible(f"{left[0].id} is no operation of {raw['api']}", "api")
            left = of_api
        if "operation" not in raw:
            return left
        for key, fits in (
            ("method", lambda operation: operation.method == raw["method"]),
            ("path", lambda operation: _is_path_of(raw["path"], operation)),
        ):
            if key in raw:
                fitting = tuple(filter(fits, left))
                if not fitting:
                    places = " or ".join(f"{operation.method} {operation.path}" for operation in left)
                    raise Impossible(f"{raw['operation']} is {places}", key)
                left = fitting
        return left


def _is_path_of(path: str, operation: Operation) -> bool:
    steps, template = path.split("/"), operation.path.split("/")
    return len(steps) == len(template) and all(
        there == step or (there.startswith("{") and step) for there, step in zip(template, steps, strict=True)
    )


def _fault(name: str) -> str:
    if name not in BY_NAME:
        raise Impossible(_unknown("fault", name, sorted(BY_NAME)), "fault")
    return name


def _record(raw: dict[str, Any], operations: tuple[Operation, ...]) -> RecordLike:
    if not any(operation.items for operation in operations):
        named = f"{operations[0].id} takes" if len({o.id for o in operations}) == 1 else f"{operations[0].api} takes"
        raise Impossible(f"{named} no records", "record")
    rule, outcome = raw.get("rule"), raw.get("outcome")
    if rule is not None and rule not in _REFUSING | _WARNING:
        raise Impossible(_unknown("rule", rule, sorted(_REFUSING | _WARNING)), "record", "rule")
    if rule in _REFUSING and outcome in ("CREATED", "UPDATED"):
        raise Impossible(f"a record that breaks {rule} is an ERROR, never {outcome}", "record", "rule")
    if rule in _WARNING and outcome == "ERROR":
        raise Impossible(f"{rule} is a warning, and a record that is an ERROR has none", "record", "rule")
    fields: dict[str, str] = {name: raw[name] for name in RECORD_FIELDS if name in raw}
    sent = [_value(value, ("record", "sent", index)) for index, value in enumerate(raw.get("sent", ()))]
    return RecordLike(fields, sent)


def _value(raw: dict[str, Any], path: Path) -> ValueIs:
    exists = raw.get("exists", True)
    if not exists and "equals" in raw:
        raise Impossible("what does not exist equals nothing", *path, "equals")
    return ValueIs(raw["pointer"], raw.get("equals", ABSENT), exists)


def _header(key: str, name: str, wanted: str | None) -> str | None:
    if wanted is not None and key == "headers":
        kept = shown_header(name, wanted)
        if kept != wanted:
            raise Impossible(f"is kept without its secret: ask for {shown(kept)}", key, name)
    return wanted


def _refuse_secrets(value: Any, path: Path) -> None:
    """Raise Impossible at a token or client secret: the journal holds none, and this answer must not either."""
    for place, text in _texts(value, path):
        if redact_text(text) != text:
            raise Impossible("holds a secret, and the journal keeps none", *place)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    left: list[tuple[Path, Any]] = [(path, value)]
    while left:
        place, held = left.pop()
        if isinstance(held, str):
            yield place, held
        elif isinstance(held, dict):
            left += [((*place, key), child) for key, child in held.items()]
        elif isinstance(held, list):
            left += [((*place, index), child) for index, child in enumerate(held)]


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"there is no {what} {name}" + (f": did you mean {near[0]}?" if near else f", only {', '.join(known)}")
