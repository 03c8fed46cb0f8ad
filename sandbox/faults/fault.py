"""What a fault is: something that goes wrong on the way, at one of the two points of the pipeline.

Before the handler it can wait, answer in the handler's place, or take the connection away; after the answer has been
checked it can wait, change the bytes, or send them badly. A fault's fields are its parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from sandbox.errors import Gone, Refusal
from sandbox.faults.delivery import Delivery
from sandbox.ids import derived_fraction

if TYPE_CHECKING:
    from sandbox.calls import Call

Point = Literal["before", "after"]

#: The longest that a request is held back, in real seconds.
LONGEST_WAIT = 600.0
#: The status that the journal gives to a request that was never handled and got no answer, as web servers log it.
NO_STATUS = 444

Seconds = msgspec.Meta(ge=0, le=LONGEST_WAIT)


class Wrong(ValueError):
    """A fault that cannot be as it was asked for; `path` leads to what is wrong."""

    def __init__(self, text: str, *path: str | int) -> None:
        super().__init__(text)
        self.path = path


class NoAnswer(Refusal):
    """The handler is never reached, and the client gets nothing but what `delivery` does to the connection."""

    def __init__(self, name: str, delivery: Delivery) -> None:
        super().__init__(NO_STATUS, f"No answer: {name}", step="fault", rule=name)
        self.delivery = delivery


class Forsaken(Gone):
    """The world as the request found it is no more: it must neither do anything in the new one nor be seen there."""


class Act:
    """One fault at work on one request.

    `key` names the fault, `number` says for the how manieth time it has been asked; its chance is made from both.
    `until` is the instant at which the fault ends, None where it has no end.
    """

    __slots__ = ("body", "call", "delivery", "face", "key", "number", "until", "wait")

    def __init__(
        self,
        call: Call,
        face: Any,
        key: str,
        number: int,
        until: int | None,
        wait: Callable[[float], Any],
    ) -> None:
        self.call = call
        self.face = face
        self.key = key
        self.number = number
        self.until = until
        #: Let so many of the world's seconds pass: a coroutine, which ends at once when the fault does.
        self.wait = wait
        #: At the second point: the body to send, and how, None for as usual.
        self.body = b""
        self.delivery: Delivery | None = None

    def fraction(self, *parts: str) -> float:
        """A number from 0 up to 1 from the world's seed."""
        return derived_fraction(self.call.world.spec.seed, "fault", self.key, str(self.number), *parts)


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault with its parameters. `says` how an integrator meets it, `in_process` what it does without a socket."""

    name: ClassVar[str]
    says: ClassVar[str]
    #: Where it can act; the first is the default.
    points: ClassVar[tuple[Point, ...]]
    in_process: ClassVar[str] = "The same."
    #: The operations that it can befall, None for all.
    operations: ClassVar[frozenset[str] | None] = None
    #: The kinds of credential that it can befall, None for all, and requests without any.
    credentials: ClassVar[frozenset[str] | None] = None

    def befalls(self, call: Call) -> bool:
        """Whether it can happen to such a request at all."""
        operation = None if call.operation is None else call.operation.id
        return (self.operations is None or operation in self.operations) and (
            self.credentials is None or call.actor.kind in self.credentials
        )

    @property
    def at(self) -> Point:
        """The point at which it acts."""
        return self.points[0]

    def check(self) -> None:
        """Raise Wrong where the parameters do not go together."""

    async def before(self, act: Act) -> None:
        """Act before the handler: raising a Refusal answers in its place."""

    async def after(self, act: Act) -> None:
        """Act on the answer: `act.body` and `act.delivery` are to be changed."""
