"""What faults do to one request: the two points at which the pipeline asks them."""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.faults.delivery import Closed, Delivered, Delivery, Header, Outgoing, Struck
from sandbox.faults.fault import Act, Fault, NoAnswer, Point, Wrong
from sandbox.faults.header import NAME, read_header
from sandbox.faults.plans import PlannedFault

if TYPE_CHECKING:
    from sandbox.calls import Call, Reply

_NOT_ALLOWED = "X-Sandbox-Fault: ignored, as this world's allow_fault_header is false"

Coming = tuple[PlannedFault | None, Fault, Act]


class Strike:
    """The faults of one request: those that have acted, and those that are still to come.

    All faults that concern it are asked at once, in the order in which they were made, that of a header first. At each
    point they then act in that order, until one answers in the handler's place or decides how the answer goes out.
    """

    __slots__ = ("_coming", "acted", "delivery", "unanswered")

    def __init__(self) -> None:
        self.acted: list[Struck] = []
        #: Whether there is no answer at all, since the handler was never reached.
        self.unanswered = False
        self.delivery: Delivery | None = None
        self._coming: list[Coming] = []

    @property
    def delivered(self) -> Delivered:
        """What the client gets of the answer."""
        return "whole" if self.delivery is None else self.delivery.delivered

    async def before(self, call: Call, face: Any) -> None:
        """The first point. A Refusal answers in place of the handler."""
        self._ask(call, face)
        for coming in self._at("before"):
            if self._may(coming):
                _, fault, act = coming
                try:
                    await fault.before(act)
                except NoAnswer as nothing:
                    self.delivery, self.unanswered = nothing.delivery, True
                    raise

    async def after(self, reply: Reply, headers: list[Header], body: bytes) -> tuple[list[Header], bytes]:
        """The second point: headers and body to send, or for the journal alone where nothing of them is sent."""
        if self.unanswered:
            return [], b""
        for coming in self._at("after"):
            if self.delivery is None and self._may(coming):
                _, fault, act = coming
                act.body = body
                await fault.after(act)
                if act.body is not body:
                    body, reply.journaled = act.body, None
                    headers = [pair for pair in headers if pair[0] != b"content-length"]
                    headers.append((b"content-length", b"%d" % len(body)))
                self.delivery = act.delivery
        return headers, body

    async def send(
        self, scope: MutableMapping[str, Any], send: Any, status: int, headers: list[Header], body: bytes
    ) -> None:
        """Let the answer go out as the faults have it."""
        out = Outgoing(send, scope.get("extensions", {}).get("sandbox.wire"), status, headers, body)
        if self.delivery is not None:
            await self.delivery.send(out)
        else:
            await out.start()
            await out.piece(body, more=False)

    @staticmethod
    async def forsake(scope: MutableMapping[str, Any], send: Any) -> None:
        """Close the connection of a request whose world is no more."""
        await Closed().send(Outgoing(send, scope.get("extensions", {}).get("sandbox.wire"), 0, [], b""))

    def _ask(self, call: Call, face: Any) -> None:
        faults = call.world.faults
        text = call.header(NAME)
        if text is not None:
            self._heed(text, call, face)
        seed = call.world.spec.seed
        for planned in faults:
            if planned.concerns(face.NAME, call):
                fault = planned.due(seed)
                if fault is not None:
                    wait = partial(faults.wait, planned)
                    act = Act(call, face, planned.id, planned.seen, planned.until, wait)
                    self._coming.append((planned, fault, act))

    def _heed(self, text: str, call: Call, face: Any) -> None:
        faults = call.world.faults
        if not faults.header_allowed:
            call.notes += (_NOT_ALLOWED,)
            return
        try:
            fault = read_header(text)
            if not fault.befalls(call):
                raise Wrong(f"{fault.name} cannot befall such a request")
        except Wrong as wrong:
            refusal = face.failure(call, 400, f"X-Sandbox-Fault: {wrong}")
            refusal.step, refusal.rule = "fault", "x-sandbox-fault"
            raise refusal from None
        act = Act(call, face, "header", faults.one_shot(), None, partial(faults.wait, None))
        self._coming.append((None, fault, act))

    def _at(self, point: Point) -> list[Coming]:
        return [coming for coming in self._coming if coming[1].at == point]

    def _may(self, coming: Coming) -> bool:
        """Whether a fault acts now; then that is kept."""
        planned, fault, _ = coming
        if planned is not None and not planned.act():
            return False
        self.acted.append(Struck(None if planned is None else planned.id, fault.name))
        return True
