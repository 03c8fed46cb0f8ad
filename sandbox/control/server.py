"""Control plane: the server, its worlds, and each world's clock, limits, readings and histories."""

from __future__ import annotations

from functools import partial
from typing import Any

from sandbox import __version__, audit, outbox, snapshot
from sandbox.calls import Call, Reply
from sandbox.clock import EARLIEST_MS, LATEST_MS, instant_text, parse_instant
from sandbox.control.api import Handler, body_of, page, peopled_world_of, ring_cursor, ring_page, world_of
from sandbox.control.company import token_view
from sandbox.control.deviations import asked
from sandbox.control.faults import Plans
from sandbox.control.organizations import organization_view
from sandbox.control.problems import conflict, invalid
from sandbox.ratelimit import Limit
from sandbox.readings import CATALOGUE
from sandbox.scan2evolve.organization import Conflict
from sandbox.worlds import DEFAULT, Secrets, World, WorldSpec

_NO_STORE = (b"cache-control", b"no-store")


def get_health(call: Call) -> Reply:
    """That the server is up."""
    return Reply(payload={"status": "ok", "version": __version__, "worlds": len(call.worlds)})


def list_readings(call: Call) -> Reply:
    """The catalogue of readings."""
    items = [
        {
            "name": row.name,
            "question": row.question,
            "values": list(row.values),
            "default": row.default,
            "claims": list(row.claims),
        }
        for row in CATALOGUE
    ]
    return Reply(payload={"items": items, "next": None})


def list_server_journal(call: Call) -> Reply:
    """The worlds that had to go, oldest first."""
    return ring_page(
        call,
        call.worlds.dropped.items(ring_cursor(call)),
        lambda number, entry: {
            "id": str(number),
            "at": instant_text(entry.at),
            "event": "world-dropped",
            "world": entry.world,
            "reason": entry.reason,
            "idle_seconds": entry.idle_ms / 1000,
            "message": f"World {entry.world} was {entry.why}",
        },
    )


# -- worlds ---------------------------------------------------------------------------------------------


def world_view(call: Call, world: World, secrets: Secrets | None = None) -> dict[str, Any]:
    """A world; its secrets only when it has just been made."""
    tokens = []
    for token in world.application_tokens.values():
        shown = token_view(token)
        kept = {key: shown[key] for key in ("id", "name", "environment", "scopes")}
        if secrets is not None:
            kept["token"] = secrets.tokens[token.id]
        tokens.append(kept)
    clients = None if secrets is None else secrets.clients
    base = call.base_url()
    return {
        "id": world.id,
        "seed": world.spec.seed,
        **clock_view(world),
        "readings": world.readings.as_dict(),
        "limits": limits_view(world),
        "deviations": list(world.deviations),
        "show_deviations": world.show_deviations,
        "ttl_seconds": world.spec.ttl_seconds,
        "allow_fault_header": world.faults.header_allowed,
        "hrms": {"base_url": f"{base}/hrms/api", "tokens": tokens},
        "scan2evolve": {
            "base_url": f"{base}/scan2evolve",
            "organizations": [organization_view(world, item, clients) for item in world.organizations.values()],
        },
    }


def list_worlds(call: Call) -> Reply:
    """All worlds, oldest first."""
    return page(call, ((world.id, world) for world in call.worlds), lambda _, world: world_view(call, world))


async def create_world(plans: Plans, call: Call) -> Reply:
    """A new world with its secrets; others are served while its people are made."""
    body, default = body_of(call), call.worlds.default.spec
    world_id = body.get("id") or call.worlds.free_id()
    spec = WorldSpec(
        id=world_id,
        seed=body.get("seed", default.seed),
        users=body.get("users", default.users),
        now=_instant(body["now"]) if "now" in body else None,
        frozen=body.get("frozen", False),
        readings=default.readings.patched(body.get("readings", {})),
        limits=_merged(default.limits, body.get("limits", {}), "/limits"),
        deviations=asked(body.get("deviations") or ()),
        show_deviations=body.get("show_deviations", False),
        ttl_seconds=body.get("ttl_seconds", call.worlds.ttl_seconds),
        rate=body.get("rate", 1.0),
        step_ms=body.get("step_ms", 0),
        faults=plans.read_all(body.get("faults", ())),
        allow_fault_header=body.get("allow_fault_header", False),
    )
    try:
        world, secrets = call.worlds.add(spec)
    except Conflict as taken:
        raise conflict(f"/id: {taken}", "/id") from None
    shown = world_view(call, world, secrets)
    await world.populate()
    if world.life is None:
        why = call.worlds.fate(world_id) or "deleted"
        raise conflict(f"World {world_id} was {why}, while it was being made", "/id")
    return Reply(201, shown, headers=[(b"location", f"/_sandbox/worlds/{world_id}".encode()), _NO_STORE])


def get_world(call: Call) -> Reply:
    """One world, without its secrets."""
    return Reply(payload=world_view(call, world_of(call)))


def delete_world(call: Call) -> Reply:
    """End a world; the default one stays."""
    world = world_of(call)
    if world.id == DEFAULT:
        raise conflict("The world default cannot be deleted; it can be reset", "#/path/world")
    call.worlds.remove(world)
    return Reply(204)


def reset_world(call: Call) -> Reply:
    """A world as created: credentials stay valid, issued tokens do not."""
    world = world_of(call)
    world.reset()
    for client_id in world.tokens.credentials:
        call.worlds.register_client(world, client_id)
    for digest in world.application_tokens:
        call.worlds.register_digest(world, digest)
    return Reply(payload=world_view(call, world))


async def get_snapshot(call: Call) -> Reply:
    """Everything in a world."""
    world = await peopled_world_of(call)
    return Reply(payload=snapshot.take(world))


async def put_snapshot(call: Call) -> Reply:
    """Back to a snapshot of this world, exactly or not at all."""
    world = await peopled_world_of(call)
    try:
        snapshot.restore(call.worlds, world, body_of(call))
    except snapshot.InvalidSnapshot as error:
        raise invalid(f"{error.path}: {error}", error.path) from None
    except Conflict as error:
        raise conflict(str(error), "/world") from None
    return Reply(204)


# -- clock, readings, limits ----------------------------------------------------------------------------------


def _instant(text: str, pointer: str = "/now") -> int:
    try:
        return parse_instant(text)
    except ValueError:
        raise invalid(f"{pointer}: {text!r} is no instant like 2024-11-18T10:30:00.000Z", pointer) from None


def clock_view(world: World) -> dict[str, Any]:
    """A world's time, and how it passes."""
    clock = world.clock
    return {"now": instant_text(clock.now()), "frozen": clock.frozen, "rate": clock.rate, "step_ms": clock.step_ms}


def get_clock(call: Call) -> Reply:
    """A world's time."""
    return Reply(payload=clock_view(world_of(call)))


def patch_clock(call: Call) -> Reply:
    """Set a world's time, freeze it or let it run, faster or slower, or in steps."""
    world, body = world_of(call), body_of(call)
    now = _instant(body["now"]) if "now" in body else None
    world.clock.set(now, body.get("frozen"), body.get("rate"), body.get("step_ms"))
    return get_clock(call)


def advance_clock(call: Call) -> Reply:
    """Move a world's time forward."""
    world = world_of(call)
    target = world.clock.now() + round(body_of(call)["seconds"] * 1000)
    if not EARLIEST_MS <= target <= LATEST_MS:
        raise invalid("/seconds: that is beyond the year 9999", "/seconds")
    world.clock.set(now=target)
    return get_clock(call)


def get_readings(call: Call) -> Reply:
    """The readings that a world follows."""
    return Reply(payload=world_of(call).readings.as_dict())


def patch_readings(call: Call) -> Reply:
    """Switch readings; null is the default."""
    world = world_of(call)
    world.readings = world.readings.patched(body_of(call))
    return get_readings(call)


def limits_view(world: World) -> dict[str, Any]:
    """A world's rate limits, null where there is none."""
    return {
        api: None if limit is None else {"limit": limit.limit, "window_seconds": limit.window_seconds}
        for api, limit in world.rates.limits.items()
    }


def _merged(limits: dict[str, Limit | None], patch: dict[str, Any], pointer: str) -> dict[str, Limit | None]:
    merged = dict(limits)
    for api, change in patch.items():
        current = merged[api]
        if change is None:
            merged[api] = None
            continue
        fields = {} if current is None else {"limit": current.limit, "window_seconds": current.window_seconds}
        fields |= change
        for key in ("limit", "window_seconds"):
            if key not in fields:
                raise invalid(f"{pointer}/{api}/{key}: is required, as there is no limit yet", f"{pointer}/{api}/{key}")
        merged[api] = Limit(fields["limit"], fields["window_seconds"])
    return merged


def get_limits(call: Call) -> Reply:
    """A world's rate limits."""
    return Reply(payload=limits_view(world_of(call)))


def patch_limits(call: Call) -> Reply:
    """Change a world's rate limits; null switches one off, and a change starts its windows anew."""
    world = world_of(call)
    world.rates.set(_merged(world.rates.limits, body_of(call), ""))
    return get_limits(call)


# -- outbox, audit log -----------------------------------------------------------------------------------------


def list_outbox(call: Call) -> Reply:
    """The e-mails that a world would have sent, oldest first."""
    world, to = world_of(call), call.query.get("to")
    mails = (
        (number, mail)
        for number, mail in world.outbox.items(ring_cursor(call))
        if to is None or mail.to.casefold() == to.casefold()
    )
    return ring_page(call, mails, lambda _, mail: outbox.view(mail))


def clear_outbox(call: Call) -> Reply:
    """Forget the outbox, or the e-mails to one address."""
    world, to = world_of(call), call.query.get("to")
    if to is None:
        world.outbox.clear()
    else:
        world.outbox.drop({n for n, mail in world.outbox.items() if mail.to.casefold() == to.casefold()})
    return Reply(204)


def list_audit(call: Call) -> Reply:
    """The audit log, oldest first (S2E-AUDIT-01)."""
    return ring_page(call, world_of(call).audit.items(ring_cursor(call)), audit.view)


_HANDLERS: dict[str, Handler] = {
    "getHealth": get_health,
    "listServerJournal": list_server_journal,
    "listReadings": list_readings,
    "listWorlds": list_worlds,
    "getWorld": get_world,
    "deleteWorld": delete_world,
    "resetWorld": reset_world,
    "getSnapshot": get_snapshot,
    "putSnapshot": put_snapshot,
    "getClock": get_clock,
    "patchClock": patch_clock,
    "advanceClock": advance_clock,
    "getWorldReadings": get_readings,
    "patchWorldReadings": patch_readings,
    "getLimits": get_limits,
    "patchLimits": patch_limits,
    "listOutbox": list_outbox,
    "clearOutbox": clear_outbox,
    "listAudit": list_audit,
}


def handlers(plans: Plans) -> dict[str, Handler]:
    """The handlers of the server and its worlds; a new world's faults are read as `plans` does."""
    return _HANDLERS | {"createWorld": partial(create_world, plans)}
