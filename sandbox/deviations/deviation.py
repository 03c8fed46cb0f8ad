"""What a deviation is, and what a world is made of under some of them.

A deviation swaps rows of the rules' tables, policies (subclasses of a domain class, composed into one for
the world) or renderers, which change an answer after it has been checked. A world without any runs on the
domain's own classes and tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from sandbox.hrms.access import Access
from sandbox.ids import Ids
from sandbox.jsontext import decode, encode
from sandbox.ratelimit import RateLimiter
from sandbox.recorder import Recorder
from sandbox.scan2evolve.assignments import Assignables
from sandbox.scan2evolve.employees import Batch
from sandbox.scan2evolve.organization import Organization
from sandbox.scan2evolve.rules import (
    ENVELOPE,
    RULEBOOK,
    RULES,
    STANDARD_ENVELOPE,
    Envelope,
    EnvelopeRule,
    Rule,
    RuleBook,
)
from sandbox.scan2evolve.tokens import Tokens

if TYPE_CHECKING:
    from sandbox.calls import Call

Domain = TypeVar("Domain")
Row = TypeVar("Row", Rule, EnvelopeRule)

#: What a policy can be a subclass of.
POLICIES: tuple[type[Any], ...] = (
    Envelope,
    Batch,
    Assignables,
    Organization,
    Tokens,
    RateLimiter,
    Ids,
    Recorder,
    Access,
)
# Methods that hand on what they get: any number of policies stand in line.
_IN_LINE = frozenset({"Batch.received", "Batch.answered", "Batch.sync", "Envelope.read"})


class Sent:
    """An answer about to be sent; header names are in lower case."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name: bytes) -> bytes | None:
        """A header's value, None where it is missing."""
        return next((value for key, value in self.headers if key == name), None)

    def set_header(self, name: bytes, value: bytes | None) -> None:
        """Put a header in place of those of that name; None takes them away."""
        self.headers = [pair for pair in self.headers if pair[0] != name]
        if value is not None:
            self.headers.append((name, value))

    def json(self) -> Any:
        """The body as JSON."""
        return decode(self.body)

    def answer(self, payload: Any, status: int | None = None) -> None:
        """Send this JSON, under another status if one is given."""
        self.body = encode(payload)
        self.set_header(b"content-length", b"%d" % len(self.body))
        self.set_header(b"content-type", b"application/json")
        if status is not None:
            self.status = status


Renderer = Callable[["Call", Sent], None]


class Deviation(msgspec.Struct, frozen=True):
    """A bug by name. `says` how an integrator meets it; `claims` are those that it breaks, by ID.

    `swaps` names what it swaps: of two deviations that swap the same, a world has one. With `reading`
    (name, value) it breaks nothing, but a world that was set to the other value follows this one.
    """

    name: str
    says: str
    claims: tuple[str, ...]
    swaps: tuple[str, ...]
    rules: dict[str, Rule | EnvelopeRule | None] = {}
    policies: tuple[type[Any], ...] = ()
    renderer: Renderer | None = None
    reading: tuple[str, str] | None = None


def policy(name: str, says: str, claims: str, *policies: type[Any], swaps: str = "") -> Deviation:
    """A deviation of one or more subclasses of domain classes; `claims` stand in one text."""
    swapped = (swaps,) if swaps else tuple(f"policy {spot}" for kind in policies for spot in _spots(kind))
    return Deviation(name, says, tuple(claims.split()), swapped, policies=policies)


def wire(name: str, says: str, claims: str, part: str, renderer: Renderer) -> Deviation:
    """A deviation of what is sent; `part` of the answer it is that changes."""
    return Deviation(name, says, tuple(claims.split()), (f"answer: {part}",), renderer=renderer)


def rule(name: str, says: str, claims: str, row: Rule | EnvelopeRule) -> Deviation:
    """A deviation of one row of the rules, which takes the place of that of the same name."""
    return Deviation(name, says, tuple(claims.split()), (f"rule {row.name}",), rules={row.name: row})


def _spots(kind: type[Any]) -> list[str]:
    domain = _domain(kind)
    return [f"{domain.__name__}.{name}" for name in vars(kind) if not name.startswith("__")]


def _domain(kind: type[Any]) -> type[Any]:
    return next(domain for domain in POLICIES if issubclass(kind, domain))


def clash(deviations: Iterable[Deviation]) -> tuple[Deviation, Deviation, str] | None:
    """The first two that swap the same thing, and what it is."""
    taken: dict[str, Deviation] = {}
    for deviation in deviations:
        for spot in deviation.swaps:
            if spot.removeprefix("policy ") in _IN_LINE:
                continue
            if spot in taken:
                return taken[spot], deviation, spot
            taken[spot] = deviation
    return None


class Parts(msgspec.Struct, frozen=True):
    """What a world is made of: rules, domain classes, and renderers of what is sent."""

    rulebook: RuleBook
    envelope: Envelope
    batch: type[Batch]
    organization: type[Organization]
    tokens: type[Tokens]
    rates: type[RateLimiter]
    ids: type[Ids]
    recorder: type[Recorder]
    access: Access
    renderers: tuple[Renderer, ...]


STANDARD = Parts(
    RULEBOOK, STANDARD_ENVELOPE, Batch, Organization, Tokens, RateLimiter, Ids, Recorder, Access(), renderers=()
)


def compose(deviations: tuple[Deviation, ...]) -> Parts:
    """The parts of a world with these deviations, which do not clash."""
    if not deviations:
        return STANDARD
    rows: dict[str, Rule | EnvelopeRule | None] = {}
    kinds: list[type[Any]] = []
    for deviation in deviations:
        rows |= deviation.rules
        kinds += [kind for kind in deviation.policies if kind not in kinds]

    def composed(domain: type[Domain], **members: Any) -> type[Domain]:
        own = [kind for kind in kinds if _domain(kind) is domain]
        return type(domain.__name__, (*own, domain), {"__slots__": (), **members}) if own or members else domain

    rules, envelope = _swapped(RULES, rows, Rule), composed(Envelope)
    envelope_rules = _swapped(ENVELOPE, rows, EnvelopeRule)
    assigning = composed(Assignables)
    standard = envelope is Envelope and envelope_rules == ENVELOPE
    return Parts(
        rulebook=RULEBOOK if rules == RULES else RuleBook(rules),
        envelope=STANDARD_ENVELOPE if standard else envelope(envelope_rules),
        batch=composed(Batch) if assigning is Assignables else composed(Batch, assigning=assigning),
        organization=composed(Organization),
        tokens=composed(Tokens),
        rates=composed(RateLimiter),
        ids=composed(Ids),
        recorder=composed(Recorder),
        access=composed(Access)(),
        renderers=tuple(d.renderer for d in deviations if d.renderer is not None),
    )


def _swapped(table: tuple[Row, ...], rows: dict[str, Rule | EnvelopeRule | None], kind: type[Row]) -> tuple[Row, ...]:
    """The table with the rows of that name put in, or taken out where there is None."""
    swapped = [rows.get(row.name, row) for row in table]
    return tuple(row for row in swapped if isinstance(row, kind))


def announce(names: tuple[str, ...]) -> Renderer:
    """A renderer that names the deviations in force in a header."""
    value = ", ".join(names).encode()

    def show(call: Call, sent: Sent) -> None:
        sent.headers.append((b"x-sandbox-deviation", value))

    return show
