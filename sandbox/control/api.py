"""The control plane on the wire: its guard, its problems, and what all its handlers share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from sandbox.calls import Call, Reply
from sandbox.control.problems import conflict, invalid, missing
from sandbox.document import Operation, Parameter
from sandbox.errors import Refusal, problem_body
from sandbox.jsonplaces import pointer
from sandbox.jsontext import InvalidJson, decode
from sandbox.media import is_encoded, is_merge_patch
from sandbox.readings import Readings
from sandbox.security import Guard
from sandbox.worlds import World

Handler = Callable[[Call], Reply | Awaitable[Reply]]
Item = TypeVar("Item")

DEFAULT_PAGE = 100
_MOST_FAULTS = 20
_READINGS = Readings()


class ControlFace:
    """What the pipeline needs to know of the control plane."""

    ERROR_MEDIA_TYPE = "application/problem+json"
    needs_people = False

    def __init__(self, guard: Guard, handlers: dict[str, Handler]) -> None:
        self._guard = guard
        self.HANDLERS = handlers

    @staticmethod
    def error_body(refusal: Refusal, request_id: str) -> dict[str, Any]:
        """A problem (RFC 9457)."""
        return problem_body(refusal, request_id)

    @staticmethod
    def not_found(call: Call) -> Refusal:
        """404 for a path that no operation has."""
        return Refusal(404, "There is nothing at this path", step="path")

    @staticmethod
    def method_not_allowed(call: Call, allow: str) -> Refusal:
        """405 for a path that other methods have."""
        return Refusal(405, f"This path takes {allow}", step="method", headers={"Allow": allow})

    @staticmethod
    def too_many(call: Call) -> Refusal:
        """429; the control plane has no limit, so this never comes."""
        return Refusal(429, "Too many requests", step="rate limit")

    @staticmethod
    def server_error(call: Call) -> Refusal:
        """500."""
        return Refusal(500, "Internal server error; the server's log has the details", step="handler")

    @staticmethod
    def action(call: Call) -> str:
        """Control requests are not audited."""
        return "none"

    @staticmethod
    def reads_body_first(operation: Operation) -> bool:
        """Whether the body says who asks; never here."""
        return False

    def identify(self, call: Call, use: bool) -> None:
        """The guard, before anything is told of what there is."""
        health = call.operation is not None and call.operation.id == "getHealth"
        self._guard.check(
            call.header(b"host"), call.header(b"origin"), call.scheme, call.header(b"authorization"), open_to_all=health
        )

    @staticmethod
    def authorize(call: Call) -> None:
        """Whoever is past the guard may do everything."""

    @staticmethod
    def check_parameters(call: Call, faults: Sequence[tuple[Parameter, str | None]], unknown: Sequence[str]) -> None:
        """Bad and unknown parameters are refused, the first by name."""
        for parameter, value in faults:
            if parameter.location == "path":
                raise missing(f"{parameter.name} {value!r}", f"#/path/{parameter.name}")
            what = "is required" if value is None else f"{value!r} is not allowed"
            raise invalid(f"Query parameter {parameter.name}: {what}", f"#/query/{parameter.name}")
        for name in unknown:
            raise invalid(f"Query parameter {name} is unknown", f"#/query/{name}")

    @staticmethod
    def check_media(call: Call, media_type: str | None) -> None:
        """JSON or a JSON merge patch, else 415."""
        if not is_merge_patch(media_type):
            raise Refusal(415, "Content-Type must be application/json", step="media type")
        if is_encoded(call.header(b"content-encoding")):
            raise Refusal(415, "Content-Encoding is not understood here", step="media type")

    @staticmethod
    def decode_body(call: Call) -> None:
        """The body as JSON."""
        try:
            call.payload = decode(call.body)
        except InvalidJson as error:
            raise Refusal(400, f"The body is not valid JSON: {error}", step="body", extra={"pointer": ""}) from None

    @staticmethod
    def check_payload(call: Call, operation: Operation) -> None:
        """Against the document's schema: every fault with its JSON pointer, unknown keys among them."""
        schema = next(iter(operation.body.values()))
        validator = schema.validator(_READINGS)
        if validator.is_valid(call.payload):
            call.payload = schema.whole(call.payload)
            return
        faults: list[dict[str, str]] = []
        try:
            for error in islice(validator.iter_errors(call.payload), _MOST_FAULTS):
                path = list(error.instance_path)
                unexpected = getattr(error.kind, "unexpected", None)
                for name in unexpected[:_MOST_FAULTS] if unexpected else [None]:
                    detail = "is unknown" if unexpected else str(error.message)[:300]
                    faults.append({"pointer": pointer(*path, *([] if name is None else [name])), "detail": detail})
        except ValueError:
            faults = [{"pointer": "", "detail": "is nested too deeply"}]
        faults = faults[:_MOST_FAULTS]
        first = faults[0]
        where = first["pointer"] or "the body"
        raise Refusal(
            422,
            f"{where}: {first['detail']}",
            step="validation",
            extra={"pointer": first["pointer"], "errors": faults},
        )


def world_of(call: Call) -> World:
    """The world that the path names; 404 where there is none."""
    world = call.worlds.get(call.path_values[0])
    if world is None:
        fate = call.worlds.fate(call.path_values[0])
        raise missing(f"world {call.path_values[0]!r}" + (f": it was {fate}" if fate else ""), "#/path/world")
    return world


async def peopled_world_of(call: Call) -> World:
    """The same, once its people are made; 404 where it has ended by then."""
    while not (world := world_of(call)).populated:
        await world.populate()
    return world


def body_of(call: Call) -> dict[str, Any]:
    """The body; one left out is an empty object."""
    return call.payload if isinstance(call.payload, dict) else {}


def fresh(draw: Callable[[], str], taken: Container[str]) -> str:
    """The next name that is free: a reset starts the names anew, and credentials outlive it."""
    while (name := draw()) in taken:
        pass
    return name


def page(
    call: Call, items: Iterable[tuple[str, Item]], show: Callable[[str, Item], Any], default: int = DEFAULT_PAGE
) -> Reply:
    """A page of (cursor, item) pairs: those behind the cursor `after`, at most `limit`."""
    after, limit = call.query.get("after"), call.query.get("limit", default)
    shown: list[Any] = []
    last, more = None, False
    skipping = after is not None
    for cursor, item in items:
        if skipping:
            skipping = cursor != after
            continue
        if len(shown) == limit:
            more = True
            break
        shown.append(show(cursor, item))
        last = cursor
    if skipping:
        raise invalid(f"after: there is no entry {after!r}", "#/query/after")
    return Reply(payload={"items": shown, "next": last if more else None})


def ring_page(call: Call, items: Iterable[tuple[int, Item]], show: Callable[[int, Item], Any]) -> Reply:
    """A page of a ring's numbered items; a forgotten number is as good a cursor as any."""
    limit = call.query.get("limit", DEFAULT_PAGE)
    shown: list[Any] = []
    last, more = None, False
    for number, item in items:
        if len(shown) == limit:
            more = True
            break
        shown.append(show(number, item))
        last = str(number)
    return Reply(payload={"items": shown, "next": last if more else None})


def ring_cursor(call: Call) -> int:
    """The number that `after` names, 0 where it is left out."""
    after = call.query.get("after")
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise invalid(f"after: {after!r} is not a cursor of this list", "#/query/after")
    return int(after)


__all__ = ["ControlFace", "Handler", "body_of", "conflict", "invalid", "missing", "page", "pointer", "world_of"]
