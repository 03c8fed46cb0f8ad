"""Worlds: isolated universes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from sandbox import outbox
from sandbox.audit import AuditEntry
from sandbox.clock import Clock, machine_ms
from sandbox.deviations.catalogue import compiled
from sandbox.deviations.deviation import Parts, announce
from sandbox.faults.plans import Faults, Plan
from sandbox.hrms import people
from sandbox.hrms.directory import Directory, DirectoryState
from sandbox.hrms.tokens import ENVIRONMENTS, SCOPES, ApplicationToken, Environment
from sandbox.ids import derived_hex, derived_uuid, digest
from sandbox.journal import Body, Entry
from sandbox.ratelimit import Limit
from sandbox.readings import Readings
from sandbox.rings import Ring
from sandbox.scan2evolve.organization import Group, Organization, OrganizationState, Role, Site, User
from sandbox.scan2evolve.tokens import Credential
from sandbox.traffic import Traffic

DEFAULT = "default"

_SAMPLE_ROLES = ("site_manager", "FIELD_TECH", "inspector", "admin")
_SAMPLE_SITES = (
    ("ff1223ac-dfb5-11ec-9d64-0242ac120002", "Main Plant", "MAIN"),
    ("ff1223ac-dfb5-11ec-9d64-0242ac120001", "North Depot", "NORTH"),
)


class WorldSpec(msgspec.Struct, frozen=True):
    """As what a world is created, and becomes again on reset. `now` in milliseconds, None = real time.

    `rate`, `step_ms`: see Clock. `ttl_seconds`: see registry.
    """

    id: str
    seed: int = 0
    users: int = 25
    now: int | None = None
    frozen: bool = False
    readings: Readings = Readings()
    limits: dict[str, Limit | None] = msgspec.field(default_factory=lambda: {"scan2evolve": None, "hrms": None})
    deviations: tuple[str, ...] = ()
    show_deviations: bool = False
    ttl_seconds: int | None = None
    rate: float = 1.0
    step_ms: int = 0
    faults: tuple[Plan, ...] = ()
    allow_fault_header: bool = False


class Secrets(msgspec.Struct, frozen=True):
    """The secrets of a new world, in no other place than this: client_id -> secret, token id -> text."""

    clients: dict[str, str]
    tokens: dict[str, str]


class World:
    """One universe: both APIs' state, clock, limits, readings, deviations, faults, journal, outbox and audit log."""

    def __init__(self, spec: WorldSpec, machine: Callable[[], int] = machine_ms) -> None:
        self.spec = spec
        self.id = spec.id
        self._machine = machine
        self.tokens = self._use(compiled(spec.deviations)).tokens()
        self.application_tokens: dict[str, ApplicationToken] = {}
        #: Digests and client ids that name this world in the registry.
        self.known: dict[str, None] = {}
        self.known_clients: dict[str, None] = {}
        #: When it was last asked for, in the machine's milliseconds.
        self.used_at = machine()
        self.traffic = Traffic()
        self._founding: dict[Environment, DirectoryState] | None = None
        self._populating: asyncio.Task[None] | None = None
        #: Another object each time the world begins anew, None once it has ended; see Call.is_overtaken.
        self.life: object | None = None
        self.begin()

    def begin(self, keep_people: bool = True) -> None:
        """Everything as created, but for credentials and the people of the HRMS."""
        self.life = object()
        spec = self.spec
        parts = self._use(compiled(spec.deviations))
        self.clock = Clock(spec.now, spec.frozen, self._machine, spec.rate, spec.step_ms)
        self.faults = Faults(self.clock, spec.faults, header_allowed=spec.allow_fault_header)
        self.ids = parts.ids(spec.seed, spec.id)
        self.readings = spec.readings
        self.rates = parts.rates(spec.limits)
        self.recorder = parts.recorder()
        self.outbox = outbox.new_outbox()
        states = founding_organizations(spec.seed)
        self.organizations: dict[str, Organization] = {state.id: parts.organization(state) for state in states}
        self.directories: dict[Environment, Directory] = {}
        if not keep_people:
            self._founding = None
        if self._founding is not None:
            self._open_directories(self._founding)
        #: Encoded answers by (operation, status, …) with what they were made from; see app.
        self.encoded: dict[tuple[object, ...], tuple[object, bytes, Body]] = {}
        self.deviated = False
        self._name_deviations(spec.deviations, spec.show_deviations)
        # Who waits for this journal has lost it.
        self.traffic.tell()

    # -- deviations --------------------------------------------------------------------------------

    def _use(self, parts: Parts) -> Parts:
        """Take what is asked at every request from `parts`."""
        self.rulebook, self.envelope, self.batch = parts.rulebook, parts.envelope, parts.batch
        self.access, self.renderers = parts.access, parts.renderers
        return parts

    def _name_deviations(self, names: tuple[str, ...], show: bool) -> None:
        self.deviations = names
        self.show_deviations = show
        #: Whether there have been any since the world began: then its data may break rules.
        self.deviated = self.deviated or bool(names)
        if names and show:
            self.renderers += (announce(names),)

    def deviate(self, names: tuple[str, ...], *, show: bool) -> None:
        """Put these deviations in force, and no others; data, windows and tokens stay.

        Raises Unknown or Clash and changes nothing where they cannot be.
        """
        parts = self._use(compiled(names))
        # State and behaviour are one object here: giving it another class changes the second alone.
        self.tokens.__class__ = parts.tokens
        self.rates.__class__ = parts.rates
        self.ids.__class__ = parts.ids
        self.recorder.__class__ = parts.recorder
        for organization in self.organizations.values():
            organization.__class__ = parts.organization
            organization.index_assignables()
        self._name_deviations(names, show)

    @property
    def journal(self) -> Ring[Entry]:
        """What was asked and decided."""
        return self.recorder.journal

    @property
    def audit(self) -> Ring[AuditEntry]:
        """Who did what."""
        return self.recorder.audit

    def _open_directories(self, states: dict[Environment, DirectoryState]) -> None:
        self.directories = {environment: Directory(state) for environment, state in states.items()}

    # -- credentials -------------------------------------------------------------------------------

    def make_credentials(self) -> Secrets:
        """The founding credentials: a client pair an organization, a token an environment."""
        seed = self.spec.seed if self.id != DEFAULT else 0
        now = self.clock.now()
        secrets = Secrets({}, {})
        for number, organization in enumerate(self.organizations.values(), 1):
            client_id = f"client_{derived_hex(seed, self.id, 'client', str(number))[:24]}"
            secret = f"cs_{derived_hex(seed, self.id, 'client secret', str(number))[:40]}"
            credential = Credential(f"cred_{number}", organization.id, client_id, digest(secret), None, now)
            self.tokens.credentials[client_id] = credential
            secrets.clients[client_id] = secret
        for environment in ENVIRONMENTS:
            text = f"hrms_{derived_hex(seed, self.id, 'application token', environment)[:40]}"
            token = ApplicationToken(
                id=f"token_{environment}",
                digest=digest(text),
                name=f"All scopes, {environment}",
                description=None,
                scopes=SCOPES,
                environment=environment,
                created_at=now,
            )
            self.application_tokens[token.digest] = token
            secrets.tokens[token.id] = text
        return secrets

    # -- people ------------------------------------------------------------------------------------

    @property
    def populated(self) -> bool:
        """Whether the people of the HRMS have been made yet."""
        return bool(self.directories)

    @property
    def in_making(self) -> bool:
        """Whether its people are being made right now."""
        return self._populating is not None and not self._populating.done()

    async def populate(self) -> None:
        """Make the people of the HRMS, in slices between which other requests are served.

        A world that ends meanwhile stays without.
        """
        while not self.populated and self.life is not None:
            task = self._populating
            if task is None or task.done():
                task = self._populating = asyncio.ensure_future(self._populate())
            await asyncio.shield(task)

    async def _populate(self) -> None:
        if not people.faker_is_loaded():
            await asyncio.to_thread(people.load_faker)
        for made in people.company(self.spec.seed, self.spec.users):
            if self.life is None:
                return
            if made is None:
                await asyncio.sleep(0)
            else:
                self._founding = made
                self._open_directories(made)
                # Whoever has waited for this has not been idle.
                self.used_at = self._machine()

    # -- life --------------------------------------------------------------------------------------

    def end(self, why: str) -> None:
        """The world is gone: who waits for it is told `why`, whom a fault holds back is let go, its memory is freed."""
        self.life = None
        self.faults.end()
        self.traffic.end(why)
        self.recorder.forget()

    def reset(self) -> None:
        """As created. Credentials stay valid, the founding ones come back; issued tokens end."""
        self.faults.end()
        credentials, tokens = self.tokens.credentials, self.application_tokens
        self.tokens, self.application_tokens = compiled(self.spec.deviations).tokens(), {}
        self.begin()
        self.make_credentials()
        # A snapshot may have held organizations that the world was not created with.
        kept = {key: item for key, item in credentials.items() if item.organization in self.organizations}
        self.tokens.credentials = kept | self.tokens.credentials
        self.application_tokens = tokens | self.application_tokens


def founding_organizations(seed: int) -> list[OrganizationState]:
    """The two organizations that every world starts with: the first has what the vendor's samples name."""
    organizations = []
    for number, name in enumerate(("Evolve Facilities", "Northwind Maintenance"), 1):
        here = ("organization", str(number))

        def made(kind: str, index: int, here: tuple[str, str] = here) -> str:
            return f"{kind}_{derived_hex(seed, *here, kind, str(index))[:12]}"

        roles = [Role(made("role", i), role) for i, role in enumerate(_SAMPLE_ROLES)]
        groups = [
            Group(made("group", 0), "Maintenance Team", None),
            Group(made("group", 1), "Field Team", "TEAM-001"),
        ]
        if number == 1:
            sites = [Site(*site) for site in _SAMPLE_SITES]
            email, person = "pat.morgan@example.com", "Pat Morgan"
        else:
            sites = [
                Site(derived_uuid(seed, *here, "site", str(i)), place, code)
                for i, (place, code) in enumerate((("South Works", "SOUTH"), ("Harbor Yard", "HARBOR")))
            ]
            email, person = "robin.hale@example.com", "Robin Hale"
        user_id = f"user_{derived_hex(seed, *here, 'user')[:16]}"
        user = User(user_id, email, email, False, True, False, person, None)
        organizations.append(
            OrganizationState(
                id=f"org-{derived_uuid(seed, *here)}",
                name=name,
                roles=roles,
                groups=groups,
                sites=sites,
                employees=[],
                users=[user],
            )
        )
    return organizations
