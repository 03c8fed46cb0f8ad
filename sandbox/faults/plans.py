"""The faults of one world: which are planned, whom they concern, when they act, and what they have done so far."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from sandbox.clock import Clock, Instant
from sandbox.faults.answers import Unavailable
from sandbox.faults.catalogue import read
from sandbox.faults.fault import LONGEST_WAIT, Fault, Forsaken, Wrong
from sandbox.faults.scripts import Script
from sandbox.ids import Count, derived_fraction
from sandbox.jsontext import encode
from sandbox.ratelimit import Api

if TYPE_CHECKING:
    from sandbox.calls import Call

#: So many faults a world has at most.
MOST = 100
# Bytes of JSON that the parameters of one take at most.
_MOST_PARAMETERS = 64 * 1024


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fault as it was asked for: whom it concerns, and when it acts; None leaves that open.

    Of the requests that it concerns from `since` on and before `until`, it acts on those whose numbers are in `calls`,
    each with `probability`, at most `times`.
    """

    name: str
    parameters: dict[str, Any] = {}
    api: Api | None = None
    operation: str | None = None
    credential: str | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    calls: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1)], ...], msgspec.Meta(min_length=1)] | None = None
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    since: Instant | None = None
    until: Instant | None = None

    def fault(self) -> Fault:
        """The fault itself. Raises Wrong where it is none, or what it asks for does not go together."""
        if len(encode(self.parameters)) > _MOST_PARAMETERS:
            raise Wrong(f"are more than {_MOST_PARAMETERS} bytes of JSON", "parameters")
        fault = read(self.name, self.parameters)
        if fault.operations is not None and self.operation not in (None, *fault.operations):
            raise Wrong(f"{self.name} is about {', '.join(sorted(fault.operations))} alone", "operation")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise Wrong("must be later than since", "until")
        if isinstance(fault, Unavailable) and fault.seconds is None and self.until is None:
            raise Wrong("is needed where there is no until: how long does it take?", "parameters", "seconds")
        return fault


class FaultState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A planned fault in a snapshot."""

    id: Annotated[str, msgspec.Meta(pattern="^fault_[1-9][0-9]{0,14}\\Z")]
    plan: Plan
    made_at: Instant
    seen: Count
    acted: Count


class FaultsState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All faults of a world in a snapshot."""

    made: Count = 0
    one_shots: Count = 0
    header_allowed: bool = False
    planned: list[FaultState] = []

    def wrong(self) -> Wrong | None:
        """What of it cannot be, None where all can."""
        for index, state in enumerate(self.planned):
            try:
                state.plan.fault()
            except Wrong as wrong:
                return Wrong(str(wrong), "planned", index, "plan", *wrong.path)
            number = int(state.id.partition("_")[2])
            if not 0 < number <= self.made or any(state.id == other.id for other in self.planned[:index]):
                return Wrong("this id was never given, or is given twice", "planned", index, "id")
        return Wrong("there are too many", "planned") if len(self.planned) > MOST else None


class PlannedFault:
    """One fault of a world, with what it has seen and done."""

    __slots__ = ("acted", "ended", "fault", "id", "made_at", "plan", "seen", "since", "until")

    def __init__(self, fault_id: str, plan: Plan, made_at: int, seen: int = 0, acted: int = 0) -> None:
        self.id = fault_id
        self.plan = plan
        self.fault = plan.fault()
        self.made_at = made_at
        self.since = made_at if plan.since is None else plan.since
        self.until = plan.until
        if isinstance(self.fault, Unavailable) and self.fault.seconds is not None:
            end = self.since + self.fault.seconds * 1000
            self.until = end if self.until is None else min(end, self.until)
        #: Requests that it concerned, and those on which it acted.
        self.seen = seen
        self.acted = acted
        #: Set once it has been deleted: whoever waits for its sake goes on.
        self.ended = asyncio.Event()

    def concerns(self, api: str, call: Call) -> bool:
        """Whether it is about this request at all."""
        plan = self.plan
        operation = call.operation.id if call.operation is not None else None
        return (
            plan.api in (None, api)
            and plan.operation in (None, operation)
            and plan.credential in (None, call.actor.id)
            and self.fault.befalls(call)
            and (plan.since is None or plan.since <= call.now)
            and (self.until is None or call.now < self.until)
        )

    def due(self, seed: int) -> Fault | None:
        """Count a request that it concerns; what is to happen to it, None for nothing."""
        self.seen += 1
        plan = self.plan
        if plan.calls is not None and self.seen not in plan.calls:
            return None
        if plan.probability is not None:
            drawn = derived_fraction(seed, "fault", self.id, str(self.seen), "probability")
            if drawn >= plan.probability:
                return None
        if not isinstance(self.fault, Script):
            return self.fault
        answer = self.fault.answer(self.seen)
        return None if answer is None else read(answer.name, answer.parameters)

    def act(self) -> bool:
        """Whether it may act once more; then that counts."""
        if self.ended.is_set() or (self.plan.times is not None and self.acted >= self.plan.times):
            return False
        self.acted += 1
        return True


class Faults:
    """All faults of one world, in the order in which they were made."""

    def __init__(self, clock: Clock, plans: Iterable[Plan] = (), *, header_allowed: bool = False) -> None:
        self._clock = clock
        self._planned: dict[str, PlannedFault] = {}
        self._made = 0
        self._one_shots = 0
        #: Whether X-Sandbox-Fault is heeded.
        self.header_allowed = header_allowed
        #: Whether there are any: all that a request of a world without faults looks at.
        self.armed = False
        self._ended = asyncio.Event()
        self._over = False
        for plan in plans:
            self.add(plan)

    def __len__(self) -> int:
        return len(self._planned)

    def __iter__(self) -> Iterator[PlannedFault]:
        return iter(self._planned.values())

    def get(self, fault_id: str) -> PlannedFault | None:
        """The fault of that id."""
        return self._planned.get(fault_id)

    def add(self, plan: Plan) -> PlannedFault:
        """Plan a fault, behind those that there are. Raises Wrong where it cannot be."""
        if len(self._planned) >= MOST:
            raise Wrong(f"a world has at most {MOST} faults")
        planned = PlannedFault(f"fault_{self._made + 1}", plan, self._clock.now())
        self._made += 1
        self._planned[planned.id] = planned
        self.armed = True
        return planned

    def remove(self, planned: PlannedFault) -> None:
        """End a fault: it acts on nobody any more, and lets go of whom it holds."""
        del self._planned[planned.id]
        planned.ended.set()
        self.armed = bool(self._planned)

    def clear(self) -> None:
        """End all of them."""
        for planned in list(self):
            self.remove(planned)

    def release(self) -> None:
        """Let go of everybody, now and from now on: the server stops."""
        self._ended.set()
        for planned in self:
            planned.ended.set()

    def end(self) -> None:
        """The world is over, or begins anew: whoever is held back is forsaken."""
        self._over = True
        self.release()

    def one_shot(self) -> int:
        """The number of a fault that comes with a request."""
        self._one_shots += 1
        return self._one_shots

    async def wait(self, planned: PlannedFault | None, seconds: float) -> None:
        """Let so many seconds of the world pass, real ones where its clock stands still; `planned` ends it early.

        Raises Forsaken where the world was reset, restored or deleted meanwhile.
        """
        rate = 1.0 if self._clock.frozen else self._clock.rate
        ended = self._ended if planned is None else planned.ended
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds / rate, LONGEST_WAIT)):
                    await ended.wait()
            if self._over:
                raise Forsaken

    def state(self) -> FaultsState:
        """For a snapshot."""
        planned = [FaultState(item.id, item.plan, item.made_at, item.seen, item.acted) for item in self]
        return FaultsState(self._made, self._one_shots, self.header_allowed, planned)

    def restore(self, state: FaultsState) -> None:
        """Back to what a snapshot held."""
        self.clear()
        self._made, self._one_shots, self.header_allowed = state.made, state.one_shots, state.header_allowed
        for held in state.planned:
            self._planned[held.id] = PlannedFault(held.id, held.plan, held.made_at, held.seen, held.acted)
        self.armed = bool(self._planned)
