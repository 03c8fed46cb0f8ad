"""A world's whole state as JSON and back: exactly, or not at all. Secrets are in it as digests only."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Any

import msgspec

from sandbox.audit import AuditEntry
from sandbox.clock import ClockState, Instant, Rate, Step
from sandbox.deviations.catalogue import Clash, Unknown, compiled
from sandbox.deviations.deviation import Parts
from sandbox.faults.fault import Wrong
from sandbox.faults.plans import MOST, FaultsState, Plan
from sandbox.hrms.directory import Directory, DirectoryState
from sandbox.hrms.tokens import ApplicationToken, Environment
from sandbox.ids import Count, IdsState, Name
from sandbox.journal import Entry, fault
from sandbox.jsonplaces import place, pointer
from sandbox.ratelimit import Limit, RateLimiterState
from sandbox.readings import Readings
from sandbox.registry import Worlds
from sandbox.rings import MAX_ENTRIES, Ring
from sandbox.scan2evolve.organization import Conflict, Organization, OrganizationState
from sandbox.scan2evolve.outcomes import WelcomeMail
from sandbox.scan2evolve.tokens import TokensState
from sandbox.worlds import DEFAULT, World, WorldSpec

VERSION = 1


class InvalidSnapshot(ValueError):
    """A snapshot that cannot be restored; `path` is the JSON pointer to what is wrong in it."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


class _Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    users: Annotated[int, msgspec.Meta(ge=0, le=50_000)]
    now: Instant | None
    frozen: bool
    readings: Readings
    limits: dict[str, Limit | None]
    deviations: tuple[str, ...] = ()
    show_deviations: bool = False
    ttl_seconds: Annotated[int, msgspec.Meta(ge=1, le=31_536_000)] | None = None
    rate: Rate = 1.0
    step_ms: Step = 0
    faults: tuple[Plan, ...] = ()
    allow_fault_header: bool = False


class _EntryLog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    last: int
    entries: list[tuple[int, Entry]]
    lost: Count = 0


class _MailLog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    last: int
    entries: list[tuple[int, WelcomeMail]]


class _AuditLog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    last: int
    entries: list[tuple[int, AuditEntry]]


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything in a world; what it is made of is never changed, so that it can be encoded bit by bit."""

    spec: _Spec
    clock: ClockState
    ids: IdsState
    readings: Readings
    rates: RateLimiterState
    tokens: TokensState
    application_tokens: list[ApplicationToken]
    organizations: list[OrganizationState]
    directories: dict[Environment, DirectoryState]
    journal: _EntryLog
    outbox: _MailLog
    audit: _AuditLog
    deviations: tuple[str, ...] = ()
    show_deviations: bool = False
    deviated: bool = False
    faults: FaultsState = FaultsState()


def take(world: World) -> dict[str, Any]:
    """The snapshot of a world whose people have been made."""
    return {"version": VERSION, "world": world.id, "state": msgspec.to_builtins(state_of(world))}


def state_of(world: World) -> State:
    """A world's state as it is now."""
    spec = world.spec
    return State(
        spec=_Spec(
            spec.seed,
            spec.users,
            spec.now,
            spec.frozen,
            spec.readings,
            spec.limits,
            spec.deviations,
            spec.show_deviations,
            spec.ttl_seconds,
            spec.rate,
            spec.step_ms,
            spec.faults,
            spec.allow_fault_header,
        ),
        clock=world.clock.state(),
        ids=world.ids.state(),
        readings=world.readings,
        rates=world.rates.state(),
        tokens=world.tokens.state(),
        application_tokens=list(world.application_tokens.values()),
        organizations=[organization.state() for organization in world.organizations.values()],
        directories={environment: directory.state() for environment, directory in world.directories.items()},
        journal=_EntryLog(world.journal.last, list(world.journal.items()), world.journal.lost),
        outbox=_MailLog(world.outbox.last, list(world.outbox.items())),
        audit=_AuditLog(world.audit.last, list(world.audit.items())),
        deviations=world.deviations,
        show_deviations=world.show_deviations,
        deviated=world.deviated,
        faults=world.faults.state(),
    )


def restore(worlds: Worlds, world: World, snapshot: dict[str, Any]) -> None:
    """Put `world` back to where the snapshot was taken.

    Raises InvalidSnapshot where it does not hold together, and Conflict where it is another world's.
    Until all of it has been read, nothing is changed.
    """
    if snapshot["world"] != world.id:
        raise Conflict(f"this is a snapshot of world {snapshot['world']}")
    try:
        state = msgspec.convert(snapshot["state"], State)
    except (msgspec.ValidationError, RecursionError) as error:
        text, steps = place(str(error))
        raise InvalidSnapshot(text, pointer("state", *steps)) from None
    if not state.directories:
        raise InvalidSnapshot("staging and uat must both be there", "/state/directories")
    organizations = _organizations(world.id, state)
    digests = {token.digest for token in state.tokens.tokens} | {token.digest for token in state.application_tokens}
    clients = {credential.client_id for credential in state.tokens.credentials}
    if worlds.foreign(world, clients, digests):
        raise Conflict("the snapshot holds credentials of another world")
    _put(worlds, world, state, organizations)


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A world as it outlives its server: its state, and which digests and client ids name it, some of them dead."""

    world: Name
    known: list[str]
    known_clients: list[str]
    state: State


def keep(world: World) -> Kept:
    """A world as it is now; its people need not have been made yet."""
    return Kept(world.id, list(world.known), sorted(world.known_clients), state_of(world))


def revive(worlds: Worlds, kept: Kept, used_at: int) -> World:
    """Put a world that was kept among `worlds`, where its id is free; `used_at`: see World.

    Raises InvalidSnapshot where it does not hold together.
    """
    organizations = _organizations(kept.world, kept.state)
    world = worlds.adopt(WorldSpec(kept.world, kept.state.spec.seed, kept.state.spec.users), used_at)
    _put(worlds, world, kept.state, organizations)
    # The oldest are forgotten first: their order counts.
    world.known.clear()
    for token_digest in kept.known:
        worlds.register_digest(world, token_digest)
    for client_id in kept.known_clients:
        worlds.register_client(world, client_id)
    return world


def _organizations(world_id: str, state: State) -> dict[str, Organization]:
    """The organizations of a state. Raises InvalidSnapshot where anything in it does not hold together."""
    _check_ranges(state)
    if world_id == DEFAULT and state.spec.ttl_seconds is not None:
        raise InvalidSnapshot("the world default has no time to live", "/state/spec/ttl_seconds")
    parts = _parts(state)
    _check_faults(state)
    organizations = {}
    for index, organization_state in enumerate(state.organizations):
        try:
            organization_state.check()
            if not state.deviated:
                # A vendor with a bug may have stored what the rules forbid.
                organization_state.check_rules()
        except (Conflict, KeyError) as error:
            raise InvalidSnapshot(str(error), f"/state/organizations/{index}") from None
        organizations[organization_state.id] = parts.organization(organization_state)
    for index, credential in enumerate(state.tokens.credentials):
        if credential.organization not in organizations:
            raise InvalidSnapshot("there is no such organization", f"/state/tokens/credentials/{index}/organization")
    for environment, directory in state.directories.items():
        wrong = directory.fault()
        if wrong is not None:
            raise InvalidSnapshot(wrong, f"/state/directories/{environment}")
    return organizations


def _parts(state: State) -> Parts:
    """What the world is made of under the snapshot's deviations."""
    for names, path in ((state.spec.deviations, "/state/spec/deviations"), (state.deviations, "/state/deviations")):
        try:
            parts = compiled(names)
        except Unknown as unknown:
            raise InvalidSnapshot(str(unknown), f"{path}/{unknown.index}") from None
        except Clash as clash:
            raise InvalidSnapshot(str(clash), path) from None
    return parts


def _check_faults(state: State) -> None:
    if len(state.spec.faults) > MOST:
        raise InvalidSnapshot("there are too many", "/state/spec/faults")
    for index, plan in enumerate(state.spec.faults):
        try:
            plan.fault()
        except Wrong as error:
            raise InvalidSnapshot(str(error), pointer("state", "spec", "faults", index, *error.path)) from None
    wrong = state.faults.wrong()
    if wrong is not None:
        raise InvalidSnapshot(str(wrong), pointer("state", "faults", *wrong.path))


def _check_ranges(state: State) -> None:
    # None where the people have not been made yet.
    if state.directories and set(state.directories) != {"staging", "uat"}:
        raise InvalidSnapshot("staging and uat must both be there", "/state/directories")
    if set(state.rates.limits) != {"scan2evolve", "hrms"}:
        raise InvalidSnapshot("scan2evolve and hrms must both be there", "/state/rates/limits")
    if not state.organizations:
        raise InvalidSnapshot("there must be an organization", "/state/organizations")
    if set(state.spec.limits) != {"scan2evolve", "hrms"}:
        raise InvalidSnapshot("scan2evolve and hrms must both be there", "/state/spec/limits")
    repeatable: tuple[tuple[str, Iterable[str]], ...] = (
        ("organizations", [organization.id for organization in state.organizations]),
        ("tokens/credentials", [credential.client_id for credential in state.tokens.credentials]),
        ("tokens/tokens", [token.digest for token in state.tokens.tokens]),
        ("application_tokens", [token.digest for token in state.application_tokens]),
        *((f"application_tokens/{i}/scopes", token.scopes) for i, token in enumerate(state.application_tokens)),
    )
    for path, keys in repeatable:
        if len(set(keys)) != len(tuple(keys)):
            raise InvalidSnapshot("something comes twice", f"/state/{path}")
    for name, held in (("journal", state.journal), ("outbox", state.outbox), ("audit", state.audit)):
        numbers = [number for number, _ in held.entries]
        if len(numbers) > MAX_ENTRIES or any(a >= b for a, b in pairwise([0, *numbers, held.last + 1])):
            raise InvalidSnapshot("the numbers do not rise", f"/state/{name}/entries")
    if state.journal.lost >= min([number for number, _ in state.journal.entries], default=state.journal.last + 1):
        raise InvalidSnapshot("what has made room is still there", "/state/journal/lost")
    for index, (_, entry) in enumerate(state.journal.entries):
        wrong = fault(entry)
        if wrong is not None:
            raise InvalidSnapshot(wrong, f"/state/journal/entries/{index}")


def _put(worlds: Worlds, world: World, state: State, organizations: dict[str, Organization]) -> None:
    spec = state.spec
    before = world.spec
    world.spec = WorldSpec(
        world.id,
        spec.seed,
        spec.users,
        spec.now,
        spec.frozen,
        spec.readings,
        dict(spec.limits),
        spec.deviations,
        spec.show_deviations,
        spec.ttl_seconds,
        spec.rate,
        spec.step_ms,
        spec.faults,
        spec.allow_fault_header,
    )
    world.faults.end()
    worlds.expect_end(world)
    world.begin(keep_people=(before.seed, before.users) == (spec.seed, spec.users))
    world.deviate(state.deviations, show=state.show_deviations)
    world.deviated = state.deviated
    world.clock.restore(state.clock)
    world.faults.restore(state.faults)
    world.ids.restore(state.ids)
    world.readings = state.readings
    world.rates.restore(state.rates)
    world.tokens.restore(state.tokens)
    world.application_tokens = {token.digest: token for token in state.application_tokens}
    world.organizations = organizations
    world.directories = {environment: Directory(held) for environment, held in state.directories.items()}
    rings: tuple[tuple[Ring[Any], Any], ...] = (
        (world.journal, state.journal),
        (world.outbox, state.outbox),
        (world.audit, state.audit),
    )
    for ring, held in rings:
        ring.restore(held.last, held.entries)
    world.journal.lost = state.journal.lost
    for client_id in world.tokens.credentials:
        worlds.register_client(world, client_id)
    for token_digest in (*world.tokens.tokens, *world.application_tokens):
        worlds.register_digest(world, token_digest)
