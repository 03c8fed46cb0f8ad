"""Verification: which requests of the journal fit a pattern, and what keeps the others from it.

A pattern is a row of conditions. Each condition says in one sentence what it asks for and, of an entry that
does not meet it, what differs. A near miss is an entry ranked by how much of the pattern it does meet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from sandbox.clock import instant_text
from sandbox.document import Operation
from sandbox.journal import Entry, header_pairs
from sandbox.jsonvalues import ABSENT, Unreadable, at, body_value, keys_beside, missing_share, same, shown
from sandbox.scan2evolve.outcomes import Outcome

# How many of the nearest misses are told.
NEAREST = 3
# How far off a wrong value at the right place is.
_WRONG_VALUE = 0.25
# How far off a batch of other records is.
_OTHER_RECORDS = 0.9


class Misfit(NamedTuple):
    """What of an entry does not meet a condition, and how much of it: 1 is all, just above 0 next to nothing."""

    says: str
    share: float = 1.0


class Exchange:
    """An entry of the journal as conditions look at it; what they ask for twice is read once."""

    __slots__ = ("_bodies", "entry", "number")

    def __init__(self, number: int, entry: Entry) -> None:
        self.number = number
        self.entry = entry
        self._bodies: dict[str, Any] = {}

    def body(self, side: str) -> Any:
        """The JSON of the request's or the response's body. Raises Unreadable."""
        if side not in self._bodies:
            body = self.entry.request if side == "request" else self.entry.response
            try:
                self._bodies[side] = body_value(body, side) if body.size else self._no_body(side)
            except Unreadable as unreadable:
                self._bodies[side] = unreadable
        value = self._bodies[side]
        if isinstance(value, Unreadable):
            raise value
        return value

    def _no_body(self, side: str) -> Unreadable:
        """Whoever is refused early sends a body that nobody reads."""
        length = self.header(side, "content-length") or self.header(side, "transfer-encoding")
        if side == "request" and length not in (None, "0"):
            return Unreadable("the request was answered before its body was read")
        return Unreadable(f"the {side} had no body")

    def header(self, side: str, name: str) -> str | None:
        """A header's value, of several joined by commas; None where it is missing. `name` is in lower case."""
        head = self.entry.request_head if side == "request" else self.entry.response_head
        values = [value for key, value in header_pairs(head) if key.lower() == name]
        return ", ".join(values) if values else None

    def summary(self) -> dict[str, Any]:
        """Enough of the entry to find it by."""
        act = self.entry.act
        return {
            "id": str(self.number),
            "at": instant_text(act.at),
            "api": act.api,
            "operation": act.operation,
            "method": self.entry.method,
            "path": self.entry.path.decode("latin-1"),
            "status": act.status,
        }


class Condition(ABC):
    """One thing that a pattern asks of an entry. `weight` ranks near misses; `says` follows "a request with"."""

    weight = 1
    says: str

    @abstractmethod
    def misfit(self, exchange: Exchange) -> Misfit | None:
        """What differs, None where the entry is as asked."""


class Is(Condition):
    """A plain attribute of the entry: api, method or path."""

    def __init__(self, what: str, wanted: str, of: Callable[[Entry], str], weight: int) -> None:
        self.says = f"{what} {wanted}"
        self.weight = weight
        self._what, self._wanted, self._of = what, wanted, of

    def misfit(self, exchange: Exchange) -> Misfit | None:
        """What the attribute was instead."""
        value = self._of(exchange.entry)
        return None if value == self._wanted else Misfit(f"{self._what} was {value}, not {self._wanted}")


class OperationIs(Condition):
    """The operationId; a request that hit no operation is told where the wanted one is."""

    weight = 4

    def __init__(self, wanted: str, operations: Sequence[Operation]) -> None:
        self.says = f"operation {wanted}"
        self._wanted = wanted
        self._places = " or ".join(f"{operation.method} {operation.path}" for operation in operations)

    def misfit(self, exchange: Exchange) -> Misfit | None:
        """Which operation it was, or that there is none at this method and path."""
        entry = exchange.entry
        if entry.act.operation == self._wanted:
            return None
        if entry.act.operation is not None:
            return Misfit(f"operation was {entry.act.operation}, not {self._wanted}")
        place = f"{entry.method} {entry.path.decode('latin-1')}"
        return Misfit(f"no operation is at {place}; {self._wanted} is {self._places}")


class StatusIs(Condition):
    """The status of the answer; with another one comes what the caller was told."""

    weight = 2

    def __init__(self, wanted: int) -> None:
        self.says = f"status {wanted}"
        self._wanted = wanted

    def misfit(self, exchange: Exchange) -> Misfit | None:
        """Which status it was, and the message of a refusal."""
        act, decision = exchange.entry.act, exchange.entry.decision
        if act.status == self._wanted:
            return None
        told = f" ({decision.message})" if decision.message else ""
        return Misfit(f"status was {act.status}{told}, not {self._wanted}")


class FaultActed(Condition):
    """A fault by name, among those that acted on the request."""

    weight = 2

    def __init__(self, wanted: str) -> None:
        self.says = f"fault {wanted}"
        self._wanted = wanted

    def misfit(self, exchange: Exchange) -> Misfit | None:
        """Which faults acted instead, if any."""
        acted = [struck.name for struck in exchange.entry.faults]
        if self._wanted in acted:
            return None
        return Misfit(f"the fault was {listed(acted)}, not {self._wanted}" if acted else "no fault acted on it")


class HeaderIs(Condition):
    """A header of the request or of the answer: its value, or None for one that must be missing."""

    def __init__(self, side: str, name: str, wanted: str | None) -> None:
        self._where = f"{'header' if side == 'request' else 'response header'} {name}"
        self.says = f"no {self._where}" if wanted is None else f"{self._where} {shown(wanted)}"
        self._side, self._name, self._wanted = side, name.lower(), wanted

    def misfit(self, exchange: Exchange) -> Misfit | None:
        """What the header held, or that it was missing."""
        value = exchange.header(self._side, self._name)
        if value == self._wanted:
            return None
        if self._wanted is None:
            return Misfit(f"{self._where} was there: {shown(value)}")
        was = "missing" if value is None else shown(value)
        return Misfit(f"{self._where} was {was}, not {shown(self._wanted)}")


class ValueIs:
    """What is at a JSON pointer: a value, or with `wanted` ABSENT anything (`exists`) or nothing."""

    def __init__(self, pointer: str, wanted: Any, exists: bool) -> None:
        self._pointer, self._wanted, self._exists = pointer, wanted, exists
        where = pointer or "the whole"
        if not exists:
            self.says = f"nothing at {where}"
        else:
            self.says = f"something at {where}" if wanted is ABSENT else f"{shown(wanted)} at {where}"

    def misfit(self, value: Any) -> Misfit | None:
        """What is there instead, None where it is as asked; the further the way to it exists, the nearer it is."""
        found = at(value, self._pointer)
        if found is ABSENT:
            gone = f"{self._pointer} was missing{keys_beside(value, self._pointer)}"
            return Misfit(gone, missing_share(value, self._pointer)) if self._exists else None
        if not self._exists:
            return Misfit(f"{self._pointer or 'the whole'} was there: {shown(found)}", _WRONG_VALUE)
        if self._wanted is ABSENT or same(found, self._wanted):
            return None
        return Misfit(f"{self._pointer or 'the whole'} was {shown(found)}, not {shown(self._wanted)}", _WRONG_VALUE)


class BodyHas(Condition):
    """A value in the JSON body of the request or of the answer."""

    def __init__(self, side: str, value: ValueIs) -> None:
        self.says = f"{value.says} in the {side}'s body"
        self._side, self._value = side, value

    def misfit(self, exchange: Exchange) -> Misfit | None:
        """What was at that place instead, or why the body cannot be looked at."""
        try:
            misfit = self._value.misfit(exchange.body(self._side))
        except Unreadable as unreadable:
            return Misfit(str(unreadable))
        return None if misfit is None else Misfit(f"in the {self._side}'s body {misfit.says}", misfit.share)


class RecordLike(Condition):
    """A record of a batch: its outcome by any of the journal's fields, and what of it was sent."""

    weight = 3

    def __init__(self, fields: Mapping[str, str], sent: Sequence[ValueIs]) -> None:
        self._fields, self._sent = fields, sent
        asked = [f"{name} {shown(value)}" for name, value in fields.items()]
        asked += [f"{value.says} as it was sent" for value in sent]
        self.says = "a record" + (f" with {listed(asked)}" if asked else "")

    def misfit(self, exchange: Exchange) -> Misfit | None:
        """What keeps the nearest record from it."""
        records = exchange.entry.act.records
        if not records:
            return Misfit("no record was processed")
        external_id = self._fields.get("externalEmployeeId")
        if external_id is not None:
            ids = [outcome.external_id for outcome in records]
            if external_id not in ids:
                near = get_close_matches(external_id, [known for known in ids if known is not None], 1)
                hint = f" (there is {shown(near[0])})" if near else ""
                return Misfit(f"no record had externalEmployeeId {shown(external_id)}{hint}", _OTHER_RECORDS)
        nearest: list[str] | None = None
        for index, outcome in enumerate(records):
            if external_id is not None and outcome.external_id != external_id:
                continue
            differences = self._differences(exchange, index, outcome)
            if not differences:
                return None
            if nearest is None or len(differences) < len(nearest):
                nearest = differences
        share = len(nearest or ()) / (len(self._fields) + len(self._sent) + 1)
        return Misfit(listed(nearest or ()), share)

    def _differences(self, exchange: Exchange, index: int, outcome: Outcome) -> list[str]:
        who = f"record {index}" + ("" if outcome.external_id is None else f" ({shown(outcome.external_id)})")
        found = []
        for name, wanted in self._fields.items():
            values = RECORD_FIELDS[name](outcome)
            if wanted not in values:
                was = " and ".join(map(shown, values)) or "none"
                told = f" ({outcome.message})" if name == "outcome" and outcome.message else ""
                found.append(f"the {name} of {who} was {was}{told}, not {shown(wanted)}")
        for value in self._sent:
            try:
                sent = _sent(exchange.body("request"), index, outcome.external_id)
            except Unreadable as unreadable:
                found.append(str(unreadable))
                continue
            misfit = value.misfit(sent)
            if misfit is not None:
                found.append(f"in {who} as it was sent, {misfit.says}")
        return found


def _sent(body: Any, index: int, external_id: str | None) -> Any:
    """A record as it was sent; where a deviation mixed up the outcomes, the first one of that id."""
    record = at(body, f"/employees/{index}")
    employees = at(body, "/employees")
    if external_id is None or not isinstance(employees, list) or at(record, "/externalEmployeeId") == external_id:
        return record
    return next((each for each in employees if at(each, "/externalEmployeeId") == external_id), ABSENT)


#: What a pattern can ask of a record, as the values that the record has of it.
RECORD_FIELDS: dict[str, Callable[[Outcome], list[str]]] = {
    "externalEmployeeId": lambda outcome: [] if outcome.external_id is None else [outcome.external_id],
    "outcome": lambda outcome: [outcome.status],
    "rule": lambda outcome: [*filter(None, (outcome.rule,)), *(name for name, _ in outcome.warnings)],
    "message": lambda outcome: [*filter(None, (outcome.message,)), *(text for _, text in outcome.warnings)],
}


class Pattern:
    """Conditions that must all be met; without any, every request fits."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self.conditions = conditions
        self.says = f" with {listed([condition.says for condition in conditions])}" if conditions else ""

    def fits(self, exchange: Exchange) -> bool:
        """Whether the entry meets every condition."""
        return all(condition.misfit(exchange) is None for condition in self.conditions)

    def miss(self, exchange: Exchange) -> Miss:
        """How near an entry comes that does not fit, and what differs."""
        met, differences = 0.0, []
        for condition in self.conditions:
            misfit = condition.misfit(exchange)
            met += condition.weight * (1.0 if misfit is None else 1.0 - misfit.share)
            if misfit is not None:
                differences.append(misfit.says)
        return Miss(met, exchange, tuple(differences))


class Miss(NamedTuple):
    """An entry that does not fit: how much of the pattern it meets, and what differs, a sentence a condition."""

    met: float
    exchange: Exchange
    differences: tuple[str, ...]

    def view(self) -> dict[str, Any]:
        """As the control plane shows it."""
        return {**self.exchange.summary(), "differences": list(self.differences)}

    def says(self) -> str:
        """In one sentence."""
        entry = self.exchange.entry
        place = f"{entry.method} {entry.path.decode('latin-1')}"
        return f"Nearest is entry {self.exchange.number}, {place}: {'; '.join(self.differences)}."


def nearest_misses(pattern: Pattern, exchanges: Iterable[Exchange]) -> list[Miss]:
    """Those that do not fit but come nearest, the nearest first and of equals the newest."""
    misses = [miss for miss in map(pattern.miss, exchanges) if miss.differences]
    misses.sort(key=lambda miss: (miss.met, miss.exchange.number), reverse=True)
    return misses[:NEAREST]


def in_order(patterns: Sequence[Pattern], exchanges: Iterable[Exchange]) -> list[Exchange]:
    """For each pattern the first entry that fits it behind the one before; it ends where there is none."""
    left: Iterator[Exchange] = iter(exchanges)
    found: list[Exchange] = []
    for pattern in patterns:
        match = next((exchange for exchange in left if pattern.fits(exchange)), None)
        if match is None:
            break
        found.append(match)
    return found


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)
