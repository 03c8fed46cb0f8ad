"""Faults of the connection and of the bytes on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sandbox.faults.delivery import BadChunk, Closed, Delivery, Reset, Truncated
from sandbox.faults.fault import Act, Fault, NoAnswer, Point


class ConnectionReset(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A TCP reset."""

    name = "connection-reset"
    says = "TCP RST in place of an answer; nothing is done, or with `point` after all of it."
    points = ("before", "after")
    in_process = "Raises ConnectionResetError."

    point: Point = "before"

    @property
    def at(self) -> Point:
        """As it was asked for."""
        return self.point

    async def before(self, act: Act) -> None:
        """Reset it unhandled."""
        raise NoAnswer(self.name, Reset())

    async def after(self, act: Act) -> None:
        """Reset it instead of answering."""
        act.delivery = Reset()


class EmptyAnswer(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A connection that closes."""

    name = "empty-answer"
    says = "The connection is closed without a byte, and nothing has been done."
    points = ("before",)
    in_process = "Raises ConnectionAbortedError."

    async def before(self, act: Act) -> None:
        """Close it unhandled."""
        raise NoAnswer(self.name, Closed())


class _Sent(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault that is a way to send the answer."""

    points = ("after",)

    #: How to send it.
    way: ClassVar[Callable[[], Delivery]]

    async def after(self, act: Act) -> None:
        """Send it so."""
        act.delivery = type(self).way()


class AnswerLost(_Sent, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The work without the answer."""

    name = "answer-lost"
    says = "All the work is done, and then the connection is closed without a byte: is a retry safe?"
    in_process = "Raises ConnectionAbortedError once the work is done."

    way = Closed


class TruncatedBody(_Sent, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Half a body."""

    name = "truncated-body"
    says = "Content-Length announces the whole body, half of it comes, and the connection is closed."
    in_process = "Sends half the body, then raises ConnectionAbortedError."

    way = Truncated


class MalformedChunk(_Sent, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body whose framing breaks."""

    name = "malformed-chunk"
    says = "The body comes chunked, and the size of its second chunk is no number."
    in_process = "There are no chunks: sends half the body, then raises ConnectionAbortedError."

    way = BadChunk


class MalformedJson(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Good HTTP around bad JSON."""

    name = "malformed-json"
    says = "Status and headers are right, but the JSON breaks off in the middle."
    points = ("after",)

    async def after(self, act: Act) -> None:
        """Keep the first half, and Content-Length true to it."""
        act.body = act.body[: len(act.body) // 2]


FAULTS: tuple[type[Fault], ...] = (
    ConnectionReset,
    EmptyAnswer,
    AnswerLost,
    TruncatedBody,
    MalformedChunk,
    MalformedJson,
)
