"""What passes between the pipeline and a handler: the call, and the reply to it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.audit import NOBODY, Actor
from sandbox.document import Operation
from sandbox.errors import Gone, Refusal
from sandbox.journal import Body
from sandbox.ratelimit import Standing
from sandbox.scan2evolve.outcomes import Outcome
from sandbox.scan2evolve.trouble import Trouble

if TYPE_CHECKING:
    from sandbox.faults.strike import Strike
    from sandbox.registry import Worlds
    from sandbox.worlds import World

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_WORLD_HOST = re.compile(rb"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)\.localhost(:[0-9]{0,5})?")


def world_in_host(host: bytes) -> str | None:
    """The world that `{world}.localhost` names, with or without a port; None where the host is another."""
    match = _WORLD_HOST.fullmatch(host.lower())
    return match[1].decode() if match else None


class Overtaken(Gone):
    """The call's world was reset, restored or ended while it waited: whom it found there is nobody any more."""


class ClientLeft(Gone):
    """The client went away before it was answered."""


class Call:
    """One request on its way through the pipeline.

    `world`, and `now` on its clock, are set once its credentials are known, `principal` is whoever they
    prove to be, `party` whom the rate limit counts and, if `refusable`, may refuse. `payload` is the
    decoded body. Handlers that wait get `receive`, by which they hear that the client has left.
    """

    __slots__ = (
        "actor",
        "body",
        "headers",
        "life",
        "method",
        "notes",
        "now",
        "operation",
        "party",
        "path",
        "path_values",
        "payload",
        "peer",
        "principal",
        "query",
        "query_string",
        "raw_headers",
        "receive",
        "refusable",
        "request_id",
        "scheme",
        "standing",
        "strike",
        "subject",
        "trouble",
        "unauthorized",
        "world",
        "worlds",
    )

    world: World
    now: int
    receive: Receive

    def __init__(
        self,
        worlds: Worlds,
        method: str,
        path: bytes,
        query_string: bytes = b"",
        raw_headers: Sequence[tuple[bytes, bytes]] = (),
        peer: str = "",
        scheme: str = "http",
    ) -> None:
        self.worlds = worlds
        self.method = method
        self.path = path
        self.query_string = query_string
        self.raw_headers = raw_headers
        self.peer = peer
        self.scheme = scheme
        headers: dict[bytes, bytes] = {}
        for name, value in raw_headers:
            # A repeated header is one value joined by commas (RFC 9110, 5.2), which then matches nothing.
            headers[name] = value if name not in headers else headers[name] + b", " + value
        self.headers = headers
        self.operation: Operation | None = None
        self.path_values: tuple[str, ...] = ()
        self.principal: Any = None
        self.party = f"peer:{peer}"
        self.refusable = False
        self.actor: Actor = NOBODY
        self.unauthorized: Refusal | None = None
        self.standing: Standing | None = None
        self.query: dict[str, Any] = {}
        self.body = b""
        self.payload: Any = None
        self.request_id: str | None = None
        self.subject: str | None = None
        self.notes: tuple[str, ...] = ()
        #: That of its world when it came; None while it belongs to none.
        self.life: object | None = None
        #: What faults do to it, and to the records in it; None where there are none.
        self.strike: Strike | None = None
        self.trouble: Trouble | None = None

    def header(self, name: bytes) -> str | None:
        """A header's value as text, None where it is missing."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def enter(self, world: World) -> None:
        """Belong to `world` from here on: all of this request is one moment of its time."""
        self.world = world
        self.life = world.life
        self.now = world.clock.tick()
        world.traffic.under_way[self] = None

    def leave(self) -> None:
        """Be under way no longer: in the journal, or gone."""
        # None where its credentials have not been read yet, and at the control plane.
        if self.life is not None:
            traffic = self.world.traffic
            traffic.under_way.pop(self, None)
            if traffic.watchers:
                traffic.tell()

    async def left(self) -> None:
        """Return once the client has left. Only for handlers that wait, and once the body has been read."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    def keep_up(self) -> None:
        """To be called after each wait: raises Overtaken where that is what happened meanwhile.

        A call of the control plane has entered no world.
        """
        if self.life is not None and self.life is not self.world.life:
            raise Overtaken

    def named_world(self) -> World:
        """The world that X-Sandbox-World names, else Host, else the default one; a name that leads nowhere is noted."""
        place, name = "X-Sandbox-World", self.header(b"x-sandbox-world")
        if name is None:
            place, name = "Host", world_in_host(self.headers.get(b"host", b""))
        if name is None:
            return self.worlds.default
        world = self.worlds.get(name)
        if world is None:
            fate = self.worlds.fate(name)
            self.notes += (f"{place}: there is no world {name[:63]!r}" + (f", it was {fate}" if fate else ""),)
            return self.worlds.default
        return world

    def path_value(self, index: int = 0) -> str:
        """A path parameter, percent-decoded."""
        return self.path_values[index]

    def base_url(self) -> str:
        """Scheme, host and port by which the caller reached the server."""
        return f"{self.scheme}://{self.header(b'host') or 'localhost'}"


class Listing(msgspec.Struct, frozen=True):
    """A long list to be checked and encoded in slices, and kept while `version` stays equal.

    It stands under `key`, or is the whole answer where that is None; without a version it is not kept.
    """

    key: str | None
    items: Collection[Any]
    show: Callable[[Any], Any]
    version: object = None


class Reply(msgspec.Struct):
    """A handler's answer: `payload` is JSON-able (None = no body), or `listing` stands in for it."""

    status: int = 200
    payload: Any = None
    listing: Listing | None = None
    headers: Iterable[tuple[bytes, bytes]] = ()
    records: tuple[Outcome, ...] | None = None
    records_bytes: int = 0
    claims: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    media_type: str = "application/json"
    #: What the journal keeps of the body, where that is known already.
    journaled: Body | None = None
