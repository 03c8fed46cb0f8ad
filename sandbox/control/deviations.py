"""Control plane: the catalogue of deviations, and those of a world."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.calls import Call, Reply
from sandbox.control.api import Handler, body_of, world_of
from sandbox.control.problems import invalid
from sandbox.deviations.catalogue import CATALOGUE, Clash, Unknown, compiled
from sandbox.errors import Refusal


def list_deviations(call: Call) -> Reply:
    """The catalogue of deviations."""
    items = [
        {"name": row.name, "says": row.says, "swaps": list(row.swaps), "claims": list(row.claims)} for row in CATALOGUE
    ]
    return Reply(payload={"items": items, "next": None})


def asked(names: Sequence[str]) -> tuple[str, ...]:
    """The deviations of a request's `deviations`, which go together; 422 or 400 where they do not."""
    try:
        compiled(tuple(names))
    except Unknown as unknown:
        place = f"/deviations/{unknown.index}"
        raise invalid(f"{place}: {unknown}", place) from None
    except Clash as clash:
        place = f"/deviations/{clash.index}"
        raise Refusal(400, f"{place}: {clash}", step="validation", extra={"pointer": place}) from None
    return tuple(names)


def get_deviations(call: Call) -> Reply:
    """The deviations in force in a world."""
    world = world_of(call)
    return Reply(payload={"deviations": list(world.deviations), "show": world.show_deviations})


def patch_deviations(call: Call) -> Reply:
    """Put other deviations in force; null is none."""
    world, body = world_of(call), body_of(call)
    names = asked(body["deviations"] or ()) if "deviations" in body else world.deviations
    world.deviate(names, show=bool(body.get("show", world.show_deviations)))
    return get_deviations(call)


HANDLERS: dict[str, Handler] = {
    "listDeviations": list_deviations,
    "getWorldDeviations": get_deviations,
    "patchWorldDeviations": patch_deviations,
}
