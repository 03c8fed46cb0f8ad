"""Control plane: the catalogue of faults, and those of a world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

from sandbox.calls import Call, Reply
from sandbox.clock import instant_text, parse_instant
from sandbox.control.api import Handler, body_of, page, world_of
from sandbox.control.problems import conflict, invalid, missing
from sandbox.document import Document
from sandbox.faults.catalogue import CATALOGUE, parameters_of
from sandbox.faults.fault import Wrong
from sandbox.faults.plans import MOST, Plan, PlannedFault
from sandbox.journal import redact_text
from sandbox.jsonplaces import pointer
from sandbox.worlds import World


class Plans:
    """Reads plans of faults about the operations of the vendors' documents; 422 names what is wrong in one."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._operations = {document.name: tuple(document.operations) for document in documents}

    def read_all(self, bodies: Sequence[dict[str, Any]]) -> tuple[Plan, ...]:
        """The plans of a request's `faults`."""
        return tuple([self.read(body, "faults", index) for index, body in enumerate(bodies)])

    def read(self, body: dict[str, Any], *where: str | int) -> Plan:
        """The plan that a body, which its schema lets pass, describes."""
        try:
            plan = Plan(
                name=body["name"],
                parameters=body.get("parameters", {}),
                api=body.get("api"),
                operation=body.get("operation"),
                credential=body.get("credential"),
                probability=body.get("probability"),
                calls=tuple(body["calls"]) if "calls" in body else None,
                times=body.get("times"),
                since=_instant(body, "since"),
                until=_instant(body, "until"),
            )
            plan.fault()
            self._check_operation(plan)
            if redact_text(plan.credential) != plan.credential:
                raise Wrong("is a secret: give the client_id or the ID of the token", "credential")
        except Wrong as wrong:
            place = pointer(*where, *wrong.path)
            raise invalid(f"{place}: {wrong}", place) from None
        return plan

    def _check_operation(self, plan: Plan) -> None:
        if plan.operation is None:
            return
        apis = self._operations if plan.api is None else {plan.api: self._operations[plan.api]}
        known = {name for names in apis.values() for name in names}
        if plan.operation not in known:
            close = get_close_matches(plan.operation, sorted(known), 1)
            of = "" if plan.api is None else f" of {plan.api}"
            hint = f": did you mean {close[0]}?" if close else ""
            raise Wrong(f"there is no operation {plan.operation[:80]!r}{of}{hint}", "operation")


def _instant(body: dict[str, Any], key: str) -> int | None:
    if key not in body:
        return None
    try:
        return parse_instant(body[key])
    except ValueError:
        raise Wrong(f"{body[key]!r} is no instant like 2024-11-18T10:30:00.000Z", key) from None


def list_faults(call: Call) -> Reply:
    """The catalogue of faults."""
    items = [
        {
            "name": kind.name,
            "says": kind.says,
            "points": list(kind.points),
            "parameters": parameters_of(kind),
            "operations": None if kind.operations is None else sorted(kind.operations),
            "in_process": kind.in_process,
        }
        for kind in CATALOGUE
    ]
    return Reply(payload={"items": items, "next": None})


def fault_view(planned: PlannedFault) -> dict[str, Any]:
    """A planned fault, with what it has seen and done."""
    plan = planned.plan
    return {
        "id": planned.id,
        "name": plan.name,
        "parameters": plan.parameters,
        "api": plan.api,
        "operation": plan.operation,
        "credential": plan.credential,
        "probability": plan.probability,
        "calls": None if plan.calls is None else list(plan.calls),
        "times": plan.times,
        "since": None if plan.since is None else instant_text(plan.since),
        "until": None if planned.until is None else instant_text(planned.until),
        "made_at": instant_text(planned.made_at),
        "seen": planned.seen,
        "acted": planned.acted,
    }


def list_world_faults(call: Call) -> Reply:
    """A world's faults, in the order in which they act."""
    return page(call, ((item.id, item) for item in world_of(call).faults), lambda _, item: fault_view(item))


def create_fault(plans: Plans, call: Call) -> Reply:
    """Plan a fault; it holds from the next request on."""
    world, body = world_of(call), body_of(call)
    plan = plans.read(body)
    _check_credential(world, plan)
    if len(world.faults) >= MOST:
        raise conflict(f"A world has at most {MOST} faults")
    planned = world.faults.add(plan)
    location = f"/_sandbox/worlds/{world.id}/faults/{planned.id}".encode()
    return Reply(201, fault_view(planned), headers=[(b"location", location)])


def _check_credential(world: World, plan: Plan) -> None:
    if plan.credential is None or plan.credential in world.tokens.credentials:
        return
    if all(token.id != plan.credential for token in world.application_tokens.values()):
        raise invalid(
            "/credential: this world has no such client_id, and no application token of that id", "/credential"
        )


def clear_faults(call: Call) -> Reply:
    """End all faults of a world."""
    world_of(call).faults.clear()
    return Reply(204)


def patch_world_faults(call: Call) -> Reply:
    """Heed X-Sandbox-Fault or not; null is not."""
    faults, body = world_of(call).faults, body_of(call)
    if "allow_fault_header" in body:
        faults.header_allowed = bool(body["allow_fault_header"])
    return Reply(payload={"allow_fault_header": faults.header_allowed})


def _found(call: Call) -> tuple[World, PlannedFault]:
    world = world_of(call)
    planned = world.faults.get(call.path_values[-1])
    if planned is None:
        raise missing(f"fault {call.path_values[-1]!r}", "#/path/id")
    return world, planned


def get_fault(call: Call) -> Reply:
    """One fault of a world."""
    return Reply(payload=fault_view(_found(call)[1]))


def delete_fault(call: Call) -> Reply:
    """End a fault; a request that it holds back goes on."""
    world, planned = _found(call)
    world.faults.remove(planned)
    return Reply(204)


_HANDLERS: dict[str, Handler] = {
    "listFaults": list_faults,
    "listWorldFaults": list_world_faults,
    "clearFaults": clear_faults,
    "patchWorldFaults": patch_world_faults,
    "getFault": get_fault,
    "deleteFault": delete_fault,
}


def handlers(plans: Plans) -> dict[str, Handler]:
    """The handlers of faults."""
    return _HANDLERS | {"createFault": partial(create_fault, plans)}
