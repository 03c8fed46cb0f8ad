"""What the control plane takes and answers. Made from openapi/control.yaml by `make client`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

Environment: TypeAlias = Literal["staging", "uat"]
"""One of the two HRMS environments. They share no data."""

Scope: TypeAlias = Literal["users:read", "departments:read", "positions:read"]
"""What an application token may read."""


class ProblemErrors(TypedDict):
    """What its name says."""

    #: Where, written as above.
    pointer: str
    #: What is wrong there.
    detail: str


class Problem(TypedDict):
    """What is wrong with a request (RFC 9457)."""

    #: The kind of problem: `about:blank`, or a path that names it.
    type: str
    #: The kind of problem in words.
    title: str
    #: The HTTP status, once more.
    status: int
    #: What is wrong in this request.
    detail: str
    #: JSON pointer to what is wrong in the body; `#/query/…`, `#/path/…` or `#/header/…` for what is outside
    #: of it; null where no one place is wrong.
    pointer: str | None
    #: Every fault, where there is more than one.
    errors: NotRequired[list[ProblemErrors]]


class Health(TypedDict):
    """That the server is up."""

    status: Literal["ok"]
    #: The version of the sandbox.
    version: str
    #: How many worlds there are.
    worlds: int


class ServerJournalEntry(TypedDict):
    """A world that the server dropped by itself."""

    id: str
    #: In the machine's time, since the server has no clock of its own.
    at: str
    event: Literal["world-dropped"]
    world: str
    #: `ttl`: nobody had used it for its time to live. `cap`: a new world needed the room.
    reason: Literal["ttl", "cap"]
    #: How long nobody had used it.
    idle_seconds: float
    #: The same in words.
    message: str


class ServerJournalList(TypedDict):
    """A page of the server's journal, oldest first."""

    items: list[ServerJournalEntry]
    next: str | None


Readings = TypedDict(
    "Readings",
    {
        "omitted-assignments": Literal["cleared", "kept"],
        "omitted-status": Literal["active", "kept"],
        "role-case": Literal["insensitive", "exact"],
        "missing-id-entry": Literal["null", "empty", "absent"],
        "user-id-without-account": Literal["absent", "null"],
        "additive-site-manager": Literal["request", "effective"],
        "additive-existing-sites": Literal["effective", "request"],
        "additive-existing": Literal["kept", "updated"],
        "email-on-update": Literal["request", "stored"],
        "null-field": Literal["error", "ignored"],
        "malformed-site-id": Literal["warning", "error"],
        "empty-batch": Literal["error", "ok"],
        "duplicate-in-batch": Literal["update", "error"],
        "display-name": Literal["sticky", "regenerated"],
        "account-flags": Literal["on-create", "every-sync"],
        "token-lifetime": Literal["fixed", "sliding"],
        "environment-mismatch": Literal["401", "403"],
        "validation-status": Literal["400", "422"],
        "hrms-content-type": Literal["optional", "required"],
        "user-detail": Literal["included", "embedded"],
    },
)
"""The readings in force in a world, all of them."""

ReadingsPatch = TypedDict(
    "ReadingsPatch",
    {
        "omitted-assignments": NotRequired[Literal["cleared", "kept", None]],
        "omitted-status": NotRequired[Literal["active", "kept", None]],
        "role-case": NotRequired[Literal["insensitive", "exact", None]],
        "missing-id-entry": NotRequired[Literal["null", "empty", "absent", None]],
        "user-id-without-account": NotRequired[Literal["absent", "null", None]],
        "additive-site-manager": NotRequired[Literal["request", "effective", None]],
        "additive-existing-sites": NotRequired[Literal["effective", "request", None]],
        "additive-existing": NotRequired[Literal["kept", "updated", None]],
        "email-on-update": NotRequired[Literal["request", "stored", None]],
        "null-field": NotRequired[Literal["error", "ignored", None]],
        "malformed-site-id": NotRequired[Literal["warning", "error", None]],
        "empty-batch": NotRequired[Literal["error", "ok", None]],
        "duplicate-in-batch": NotRequired[Literal["update", "error", None]],
        "display-name": NotRequired[Literal["sticky", "regenerated", None]],
        "account-flags": NotRequired[Literal["on-create", "every-sync", None]],
        "token-lifetime": NotRequired[Literal["fixed", "sliding", None]],
        "environment-mismatch": NotRequired[Literal["401", "403", None]],
        "validation-status": NotRequired[Literal["400", "422", None]],
        "hrms-content-type": NotRequired[Literal["optional", "required", None]],
        "user-detail": NotRequired[Literal["included", "embedded", None]],
    },
)
"""Readings to set. What is left out stays; null sets the default again."""


class Reading(TypedDict):
    """A reading and the values it can take."""

    #: The name that the worlds know it by.
    name: str
    #: What the sources leave open.
    question: str
    #: All values; the first is the default.
    values: list[str]
    #: The value of a world that sets none.
    default: str
    #: The claims whose expected outcome depends on it.
    claims: list[str]


class ReadingList(TypedDict):
    """The catalogue of readings, always in one page."""

    items: list[Reading]
    next: None


class Deviation(TypedDict):
    """A bug that a vendor could have."""

    name: str
    #: How an integrator meets it.
    says: str
    #: What it swaps; two that swap the same thing do not go together, unless they can stand in line.
    swaps: list[str]
    #: The claims that it breaks; none where it only follows another reading.
    claims: list[str]


class DeviationList(TypedDict):
    """The catalogue of deviations, always in one page."""

    items: list[Deviation]
    next: None


class WorldDeviations(TypedDict):
    """The deviations in force in a world."""

    deviations: list[str]
    #: Whether the APIs' answers name them in X-Sandbox-Deviation.
    show: bool


class WorldDeviationsPatch(TypedDict):
    """What to change. What is left out stays."""

    #: All that are to be in force; null is none.
    deviations: NotRequired[list[str] | None]
    #: Whether answers name them; null is false.
    show: NotRequired[bool | None]


FaultPoint: TypeAlias = Literal["before", "after"]
"""Before the handler, or after the answer has been checked."""


class FaultParameter(TypedDict):
    """A parameter of a fault."""

    name: str
    #: Whether it must be given.
    required: bool
    #: The JSON Schema of its value.
    schema: dict[str, Any]


class Fault(TypedDict):
    """Something that can go wrong on the way."""

    name: str
    #: How an integrator meets it.
    says: str
    #: Where it can act; the first is the default.
    points: list[FaultPoint]
    parameters: list[FaultParameter]
    #: The operations that it is about, null for all.
    operations: list[str] | None
    #: What it does where there is no socket.
    in_process: str


class FaultList(TypedDict):
    """The catalogue of faults, always in one page."""

    items: list[Fault]
    next: None


class FaultNew(TypedDict):
    """A fault, whom it concerns and when it acts.

    Of what is left out nothing is asked; whatever is given must hold.
    """

    name: str
    #: Those of the catalogue; what is wrong in them is told by its place.
    parameters: NotRequired[dict[str, Any]]
    #: Only requests to this API.
    api: NotRequired[Literal["hrms", "scan2evolve"]]
    #: Only requests of this operationId.
    operation: NotRequired[str]
    #: Only requests with this client_id or application token ID; never a secret. It must be there already,
    #: unless the world is new.
    credential: NotRequired[str]
    #: Of acting on a request, from the seed.
    probability: NotRequired[float]
    #: The numbers of the requests to act on; the first that it concerns is 1.
    calls: NotRequired[list[int]]
    #: How often it acts at most.
    times: NotRequired[int]
    #: From this instant of the world's clock on.
    since: NotRequired[str]
    #: Before this instant of the world's clock.
    until: NotRequired[str]


class WorldFault(TypedDict):
    """A fault of a world; null is what was left open."""

    id: str
    name: str
    #: As they were given.
    parameters: dict[str, Any]
    api: Literal["hrms", "scan2evolve", None]
    operation: str | None
    credential: str | None
    probability: float | None
    calls: list[int] | None
    times: int | None
    since: str | None
    #: When it ends, also where its parameters say so.
    until: str | None
    made_at: str
    #: Requests that it concerned.
    seen: int
    #: Requests on which it acted.
    acted: int


class WorldFaultList(TypedDict):
    """A page of a world's faults, oldest first."""

    items: list[WorldFault]
    next: str | None


class FaultSwitches(TypedDict):
    """What concerns all faults of a world."""

    #: Whether X-Sandbox-Fault is heeded.
    allow_fault_header: bool


class FaultSwitchesPatch(TypedDict):
    """What to change. What is left out stays."""

    #: Whether X-Sandbox-Fault is heeded; null is false.
    allow_fault_header: NotRequired[bool | None]


class JournalFault(TypedDict):
    """A fault that acted on a request."""

    #: Null where the request brought it in X-Sandbox-Fault.
    id: str | None
    name: str


class Limit(TypedDict):
    """So many requests in a window of so many seconds."""

    #: Requests in a window.
    limit: int
    #: Length of the window.
    window_seconds: int


class LimitPatch(TypedDict):
    """A limit to merge into the one there is; null is off. Where there is none, both members are needed."""

    #: Requests in a window.
    limit: NotRequired[int]
    #: Length of the window.
    window_seconds: NotRequired[int]


class Limits(TypedDict):
    """The rate limits of a world; null means off. Scan2Evolve counts by organization, the HRMS by token."""

    scan2evolve: Limit | None
    hrms: Limit | None


class LimitsPatch(TypedDict):
    """Limits to set. What is left out stays; null switches a limit off."""

    scan2evolve: NotRequired[LimitPatch | None]
    hrms: NotRequired[LimitPatch | None]


class Clock(TypedDict):
    """The clock of a world."""

    now: str
    #: Whether it stands still until it is moved.
    frozen: bool
    rate: float
    step_ms: int


class ClockPatch(TypedDict):
    """What to set on the clock."""

    now: NotRequired[str]
    #: True stops the clock, false lets it run on.
    frozen: NotRequired[bool]
    rate: NotRequired[float]
    step_ms: NotRequired[int]


class ClockAdvance(TypedDict):
    """How far to move the clock."""

    #: Seconds forward, fractions allowed.
    seconds: float


class Site(TypedDict):
    """A site of an organization."""

    #: The site's UUID.
    id: str
    #: Its name.
    name: str
    #: Its short code.
    code: str | None


class SiteNew(TypedDict):
    """A site to make."""

    #: Its name, not blank.
    name: str
    #: Its short code.
    code: NotRequired[str | None]
    #: The UUID it shall have; one is made where none is given.
    id: NotRequired[str]


class SitePatch(TypedDict):
    """What to change in a site."""

    #: Not blank.
    name: NotRequired[str]
    #: Null takes the code away.
    code: NotRequired[str | None]


class Role(TypedDict):
    """A role of an organization."""

    id: str
    #: Its name, in the spelling that employees show.
    name: str


class RoleNew(TypedDict):
    """A role to make."""

    #: Its name, not blank.
    name: str


class RolePatch(TypedDict):
    """What to change in a role."""

    #: Not blank. Everybody who holds the role keeps it.
    name: NotRequired[str]


class GroupName(TypedDict):
    """A group as a world shows it."""

    #: Its name.
    groupName: str
    #: Its ID in the system it came from.
    externalGroupId: str | None


class Group(TypedDict):
    """A group of an organization."""

    id: str
    #: Its name.
    groupName: str
    #: Its ID in the system it came from.
    externalGroupId: str | None


class GroupNew(TypedDict):
    """A group to make."""

    #: Its name, not blank.
    groupName: str
    #: Its ID in the system it came from, not blank.
    externalGroupId: NotRequired[str | None]


class GroupPatch(TypedDict):
    """What to change in a group."""

    #: Not blank.
    groupName: NotRequired[str]
    #: Null takes the ID away.
    externalGroupId: NotRequired[str | None]


class OrganizationUser(TypedDict):
    """A user account of an organization."""

    id: str
    #: Their e-mail.
    email: str
    #: The display name of the employee; of a user linked to nobody, the name given here.
    name: str
    #: The name to log in with.
    username: str
    #: Whether the account can be used.
    enabled: bool
    #: Whether the first login asks for a new password.
    mustResetPassword: bool
    #: The employee it is linked to, null for nobody.
    externalEmployeeId: str | None


class OrganizationUserNew(TypedDict):
    """A user to make, linked to nobody."""

    email: str
    #: Their name, not blank.
    name: str
    #: Not blank; the e-mail where it is left out.
    username: NotRequired[str]


class OrganizationUserPatch(TypedDict):
    """What to change in a user."""

    email: NotRequired[str]
    #: Not blank.
    name: NotRequired[str]
    #: Not blank. From then on it counts as given.
    username: NotRequired[str]
    #: Whether the account can be used.
    enabled: NotRequired[bool]


class Credential(TypedDict):
    """API credentials of an organization, without the secret."""

    id: str
    #: The public half of the pair.
    client_id: str
    #: What it is for.
    name: str | None
    created_at: str


class CredentialCreated(TypedDict):
    """New API credentials. Their secret is shown here and never again."""

    id: str
    #: The public half of the pair.
    client_id: str
    #: What it is for.
    name: str | None
    created_at: str
    #: The secret half.
    client_secret: str


class CredentialNew(TypedDict):
    """API credentials to make."""

    #: What they are for.
    name: NotRequired[str | None]


class CredentialPatch(TypedDict):
    """What to change in API credentials."""

    #: What they are for; null takes the name away.
    name: NotRequired[str | None]


class Organization(TypedDict):
    """An organization and what employees can be assigned to in it."""

    organization_id: str
    organization_name: str
    #: Of its oldest credentials; null when all are revoked.
    client_id: str | None
    sites: list[Site]
    #: Names.
    roles: list[str]
    groups: list[GroupName]


class OrganizationCreated(TypedDict):
    """An organization with the secret of its credentials."""

    organization_id: str
    organization_name: str
    #: The public half of its credentials.
    client_id: str
    #: The secret half.
    client_secret: str
    sites: list[Site]
    #: Names.
    roles: list[str]
    groups: list[GroupName]


class EmployeeSupervisor(TypedDict):
    """What its name says."""

    name: NotRequired[str | None]
    email: NotRequired[str | None]


class EmployeeGroups(TypedDict):
    """What its name says."""

    groupName: str
    externalGroupId: str | None
    #: The part they play in the group.
    role: str | None


class EmployeeSites(TypedDict):
    """What its name says."""

    id: str
    #: The role at this site.
    role: str | None


class EmployeeUser(TypedDict):
    """What its name says."""

    userId: str
    username: str
    email: str | None
    enabled: bool
    mustResetPassword: bool


class Employee(TypedDict):
    """An employee as the syncs have left them."""

    externalEmployeeId: str
    #: Made by the sandbox, never changes.
    employeeId: str
    status: Literal["ACTIVE", "INACTIVE", "TERMINATED"]
    firstName: str | None
    lastName: str | None
    #: Given, or made from the names.
    displayName: str
    email: str | None
    phone: str | None
    jobTitle: str | None
    department: str | None
    #: As it was given.
    hireDate: str | None
    #: As it was given.
    terminationDate: str | None
    supervisor: EmployeeSupervisor | None
    #: As it was given.
    metadata: dict[str, Any] | None
    #: Names, in the organization's spelling.
    roles: list[str]
    groups: list[EmployeeGroups]
    sites: list[EmployeeSites]
    #: Their account, null where there is none.
    user: EmployeeUser | None


class WorldToken(TypedDict):
    """An application token of a world, without its text."""

    id: str
    name: str
    environment: Environment
    scopes: list[Scope]


class WorldTokenCreated(TypedDict):
    """An application token with its text."""

    id: str
    name: str
    #: The text to send.
    token: str
    environment: Environment
    scopes: list[Scope]


class HrmsToken(TypedDict):
    """An application token, without its text."""

    id: str
    name: str
    description: str | None
    scopes: list[Scope]
    environment: Environment
    created_at: str


class HrmsTokenCreated(TypedDict):
    """A new application token. Its text is shown here and never again."""

    id: str
    name: str
    description: str | None
    scopes: list[Scope]
    environment: Environment
    created_at: str
    #: The text to send.
    token: str


class HrmsTokenNew(TypedDict):
    """An application token to make."""

    #: Not blank.
    name: str
    description: NotRequired[str | None]
    #: What it may read; none is allowed.
    scopes: list[Scope]
    environment: Environment


class HrmsUser(TypedDict):
    """A user of the HRMS company."""

    id: str
    environment: Environment
    staffId: str
    email: str
    name: str
    preferred_name: str | None
    phone: str | None
    status: Literal["active", "inactive"]
    department_id: str | None
    position_id: str | None
    work_location_ids: list[str]
    manager_id: str | None


class HrmsUserNew(TypedDict):
    """A user to make."""

    #: Where to make it. Here or in the query; in both only if they agree.
    environment: NotRequired[Environment]
    #: The ID it shall have; one is made where none is given.
    id: NotRequired[str]
    #: Not blank, unique in the environment.
    staffId: NotRequired[str]
    email: str
    #: Not blank.
    name: str
    preferred_name: NotRequired[str | None]
    phone: NotRequired[str | None]
    #: A new user is active where nothing is said.
    status: NotRequired[Literal["active", "inactive"]]
    #: Of a department in the same environment.
    department_id: NotRequired[str | None]
    #: Of a position in the same environment.
    position_id: NotRequired[str | None]
    #: Of work locations in the same environment.
    work_location_ids: NotRequired[list[str]]
    #: Of another user in the same environment; no circles.
    manager_id: NotRequired[str | None]


class HrmsUserPatch(TypedDict):
    """What to change in a user. Null takes a value away where it can be missing."""

    #: Not blank, unique in the environment.
    staffId: NotRequired[str]
    email: NotRequired[str]
    #: Not blank.
    name: NotRequired[str]
    preferred_name: NotRequired[str | None]
    phone: NotRequired[str | None]
    #: A new user is active where nothing is said.
    status: NotRequired[Literal["active", "inactive"]]
    #: Of a department in the same environment.
    department_id: NotRequired[str | None]
    #: Of a position in the same environment.
    position_id: NotRequired[str | None]
    #: Of work locations in the same environment.
    work_location_ids: NotRequired[list[str]]
    #: Of another user in the same environment; no circles.
    manager_id: NotRequired[str | None]


class HrmsDepartment(TypedDict):
    """A department of the HRMS company."""

    id: str
    environment: Environment
    name: str
    code: str | None


class HrmsDepartmentNew(TypedDict):
    """A department to make."""

    #: Where to make it. Here or in the query; in both only if they agree.
    environment: NotRequired[Environment]
    #: The ID it shall have; one is made where none is given.
    id: NotRequired[str]
    #: Not blank.
    name: str
    code: NotRequired[str | None]


class HrmsDepartmentPatch(TypedDict):
    """What to change in a department. Null takes a value away where it can be missing."""

    #: Not blank.
    name: NotRequired[str]
    code: NotRequired[str | None]


class HrmsPosition(TypedDict):
    """A position of the HRMS company."""

    id: str
    environment: Environment
    name: str
    code: str | None


class HrmsPositionNew(TypedDict):
    """A position to make."""

    #: Where to make it. Here or in the query; in both only if they agree.
    environment: NotRequired[Environment]
    #: The ID it shall have; one is made where none is given.
    id: NotRequired[str]
    #: Not blank.
    name: str
    code: NotRequired[str | None]


class HrmsPositionPatch(TypedDict):
    """What to change in a position. Null takes a value away where it can be missing."""

    #: Not blank.
    name: NotRequired[str]
    code: NotRequired[str | None]


class HrmsWorkLocation(TypedDict):
    """A work location of the HRMS company."""

    id: str
    environment: Environment
    name: str
    address: str | None
    city: str | None
    country: str | None


class HrmsWorkLocationNew(TypedDict):
    """A work location to make."""

    #: Where to make it. Here or in the query; in both only if they agree.
    environment: NotRequired[Environment]
    #: The ID it shall have; one is made where none is given.
    id: NotRequired[str]
    #: Not blank.
    name: str
    address: NotRequired[str | None]
    city: NotRequired[str | None]
    country: NotRequired[str | None]


class HrmsWorkLocationPatch(TypedDict):
    """What to change in a work location. Null takes a value away where it can be missing."""

    #: Not blank.
    name: NotRequired[str]
    address: NotRequired[str | None]
    city: NotRequired[str | None]
    country: NotRequired[str | None]


class WorldHrms(TypedDict):
    """Its HRMS company."""

    #: Put `/v1/…` behind it.
    base_url: str
    tokens: list[WorldToken]


class WorldScan2evolve(TypedDict):
    """Its Scan2Evolve organizations."""

    #: Put `/api/v1/…` behind it.
    base_url: str
    organizations: list[Organization]


class World(TypedDict):
    """A world, without secrets."""

    id: str
    #: What people, names and IDs are made from.
    seed: int
    now: str
    #: Whether its clock stands still.
    frozen: bool
    rate: float
    step_ms: int
    readings: Readings
    limits: Limits
    deviations: list[str]
    #: Whether answers name them in X-Sandbox-Deviation.
    show_deviations: bool
    ttl_seconds: int | None
    #: Whether X-Sandbox-Fault is heeded.
    allow_fault_header: bool
    #: Its HRMS company.
    hrms: WorldHrms
    #: Its Scan2Evolve organizations.
    scan2evolve: WorldScan2evolve


class WorldCreatedHrms(TypedDict):
    """Its HRMS company."""

    #: Put `/v1/…` behind it.
    base_url: str
    tokens: list[WorldTokenCreated]


class WorldCreatedScan2evolve(TypedDict):
    """Its Scan2Evolve organizations."""

    #: Put `/api/v1/…` behind it.
    base_url: str
    organizations: list[OrganizationCreated]


class WorldCreated(TypedDict):
    """A new world with its secrets, which no other answer shows."""

    id: str
    #: What people, names and IDs are made from.
    seed: int
    now: str
    #: Whether its clock stands still.
    frozen: bool
    rate: float
    step_ms: int
    readings: Readings
    limits: Limits
    deviations: list[str]
    #: Whether answers name them in X-Sandbox-Deviation.
    show_deviations: bool
    ttl_seconds: int | None
    #: Whether X-Sandbox-Fault is heeded.
    allow_fault_header: bool
    #: Its HRMS company.
    hrms: WorldCreatedHrms
    #: Its Scan2Evolve organizations.
    scan2evolve: WorldCreatedScan2evolve


class WorldNew(TypedDict):
    """The world to make. Everything can be left out."""

    #: Its name; one is made where none is given.
    id: NotRequired[str]
    #: The server's seed where it is left out.
    seed: NotRequired[int]
    #: People in each HRMS environment.
    users: NotRequired[int]
    #: Where its clock starts; the real time where it is left out.
    now: NotRequired[str]
    #: Whether its clock stands still.
    frozen: NotRequired[bool]
    #: 1 where it is left out.
    rate: NotRequired[float]
    #: 0 where it is left out.
    step_ms: NotRequired[int]
    readings: NotRequired[ReadingsPatch]
    limits: NotRequired[LimitsPatch]
    deviations: NotRequired[list[str]]
    #: Whether answers name them in X-Sandbox-Deviation.
    show_deviations: NotRequired[bool]
    #: The server's `--world-ttl` where it is left out.
    ttl_seconds: NotRequired[int | None]
    #: What goes wrong from the start, and again after a reset.
    faults: NotRequired[list[FaultNew]]
    #: Whether X-Sandbox-Fault is heeded.
    allow_fault_header: NotRequired[bool]


class Snapshot(TypedDict):
    """Everything a world holds. Secrets are in it as hashes only."""

    #: Of this format.
    version: Literal[1]
    world: str
    #: Not meant to be read or edited.
    state: dict[str, Any]


class JournalRequest(TypedDict):
    """The request as it went over the wire, secrets blacked out."""

    #: Pairs of name and value, in order.
    headers: list[list[str]]
    #: Its text; null where there was none or it is no text.
    body: str | None
    #: Its full length.
    body_bytes: int
    #: Whether the text above is cut.
    body_cut: bool


class JournalResponse(TypedDict):
    """The answer as it went over the wire, secrets blacked out."""

    #: Pairs of name and value, in order.
    headers: list[list[str]]
    #: Its text; null where there was none or it is no text.
    body: str | None
    #: Its full length.
    body_bytes: int
    #: Whether the text above is cut.
    body_cut: bool


class JournalDecision(TypedDict):
    """What the pipeline decided."""

    #: The step that decided.
    step: str
    outcome: Literal["accepted", "refused"]
    #: The rule behind it, if one was.
    rule: str | None
    #: The claims behind it.
    claims: list[str]
    #: What the caller was told.
    message: str | None
    #: The readings that made the difference, by name.
    reading: dict[str, str]


class JournalRecordWarnings(TypedDict):
    """What its name says."""

    message: str
    rule: str | None
    claims: list[str]
    #: What was skipped, as it was named; null where the message does not quote it.
    item: str | None
    #: What may have been meant, as it would have to be named: the nearest name of a role, name or external ID
    #: of a group, ID of a site that the organization has now. Null where nothing is near, and where so many
    #: names have been compared for one answer that it would take too long: ask for the entry alone then.
    nearest: str | None
    #: Why it was skipped.
    explanation: str


class JournalRecord(TypedDict):
    """What became of one record of a batch, and why."""

    #: Its place in the batch, from 0.
    index: int
    #: As given, null where it was no string.
    externalEmployeeId: str | None
    outcome: Literal["CREATED", "UPDATED", "ERROR"]
    #: Null for an error.
    employeeId: str | None
    #: The rule that failed it.
    rule: str | None
    claims: list[str]
    #: The error in the answer.
    message: str | None
    warnings: list[JournalRecordWarnings]
    #: Fields that no document knows.
    ignored: list[str]
    #: The readings that made the difference, by name, with the values that they had: with another value of it
    #: the record would have become something else. How the answer words it (`missing-id-entry`, `user-id-
    #: without-account`) is left out.
    reading: dict[str, str]
    #: All of it in plain sentences.
    explanation: str


class JournalEntryCredential(TypedDict):
    """What its name says."""

    #: `token`, `basic`, `bearer`, …
    kind: str
    id: NotRequired[str | None]
    organization_id: NotRequired[str | None]
    environment: NotRequired[str | None]


class JournalEntry(TypedDict):
    """One request to a world and what was decided about it."""

    id: str
    at: str
    api: Literal["hrms", "scan2evolve"]
    #: The operationId, null where no operation matched.
    operation: str | None
    method: str
    #: As it was sent.
    path: str
    #: As it was sent, without the question mark; empty if none.
    query: str
    status: int
    #: Who asked, null for nobody known.
    credential: JournalEntryCredential | None
    decision: JournalDecision
    request: JournalRequest
    response: JournalResponse
    #: Whatever else is worth knowing.
    notes: list[str]
    #: Those that acted, in order. Where one took the connection away before the request was handled, `status`
    #: is 444.
    faults: list[JournalFault]
    #: What the client got of the answer: `status` and `response` are what was decided.
    delivered: Literal["whole", "part", "nothing"]
    #: Record by record, null where the request was no batch.
    records: list[JournalRecord] | None


class JournalList(TypedDict):
    """A page of the journal, oldest first."""

    items: list[JournalEntry]
    next: str | None


class JournalSummary(TypedDict):
    """Enough of an entry of the journal to find it by."""

    id: str
    at: str
    api: Literal["hrms", "scan2evolve"]
    #: The operationId, null where no operation matched.
    operation: str | None
    method: str
    #: As it was sent.
    path: str
    status: int


PatternValue = TypedDict(
    "PatternValue",
    {
        "in": NotRequired[Literal["request", "response"]],
        "pointer": str,
        "equals": NotRequired[Any],
        "exists": NotRequired[bool],
    },
)
"""What is at a place of a JSON body. Without `equals` it is enough that there is something."""


class PatternSent(TypedDict):
    """What is at a place of a record, wherever in the batch the record was sent."""

    pointer: str
    #: The value there.
    equals: NotRequired[Any]
    #: False for a place where there must be nothing.
    exists: NotRequired[bool]


class PatternRecord(TypedDict):
    """A record of a batch that has all of this."""

    #: Exactly this ID.
    externalEmployeeId: NotRequired[str]
    outcome: NotRequired[Literal["CREATED", "UPDATED", "ERROR"]]
    #: The rule that failed it, or one of its warnings, as the journal names them.
    rule: NotRequired[str]
    #: Its error or one of its warnings, word by word.
    message: NotRequired[str]
    #: What it held as it was sent.
    sent: NotRequired[list[PatternSent]]


class Pattern(TypedDict):
    """What a request must have to fit. Without any of it, every request fits."""

    api: NotRequired[Literal["hrms", "scan2evolve"]]
    #: The operationId.
    operation: NotRequired[str]
    #: For what hit no operation: the method.
    method: NotRequired[str]
    #: The whole path as it was sent, without the query.
    path: NotRequired[str]
    #: The answer's status.
    status: NotRequired[int]
    #: The name of a fault that acted on it.
    fault: NotRequired[str]
    #: What the client got of the answer.
    delivered: NotRequired[Literal["whole", "part", "nothing"]]
    headers: NotRequired[dict[str, str | None]]
    response_headers: NotRequired[dict[str, str | None]]
    #: Places in the bodies. One over 64 KiB is kept in part, and fits nothing.
    json: NotRequired[list[PatternValue]]
    record: NotRequired[PatternRecord]


class Verification(TypedDict):
    """What is expected: `pattern` with `times` or `at_least`, or else `in_order`."""

    pattern: NotRequired[Pattern]
    #: So many and no more; 0 is never.
    times: NotRequired[int]
    #: So many or more; 1 where neither is given.
    at_least: NotRequired[int]
    #: Patterns, each to be found behind the one before; others may come in between.
    in_order: NotRequired[list[Pattern]]
    #: Look only at what came behind this entry.
    after: NotRequired[str]


class Verified(TypedDict):
    """What was found."""

    #: How many entries were looked at.
    looked_at: int
    #: How many of them fit.
    found: int
    #: Those that fit, oldest first.
    matched: list[JournalSummary]


class JournalMiss(TypedDict):
    """An entry that does not fit, and what differs."""

    id: str
    at: str
    api: Literal["hrms", "scan2evolve"]
    #: The operationId, null where no operation matched.
    operation: str | None
    method: str
    #: As it was sent.
    path: str
    status: int
    #: A sentence for each condition that is not met.
    differences: list[str]


class VerificationFailureExpected(TypedDict):
    """How often: the one that was asked for."""

    times: NotRequired[int]
    at_least: NotRequired[int]
    #: So many patterns.
    in_order: NotRequired[int]


class VerificationFailure(TypedDict):
    """What was expected, what was found, and what comes nearest (RFC 9457)."""

    type: Literal["/problems/verification-failed"]
    title: str
    status: Literal[409]
    #: All of it in words.
    detail: str
    #: The pattern of `in_order` that was not found.
    pointer: str | None
    #: How often: the one that was asked for.
    expected: VerificationFailureExpected
    #: How many entries were looked at.
    looked_at: int
    #: How many of them fit.
    found: int
    #: Those that fit, oldest first.
    matched: list[JournalSummary]
    #: Of those that do not fit the nearest three, the nearest first; none where too many fit.
    nearest: list[JournalMiss]


class InFlight(TypedDict):
    """A request that is not in the journal yet."""

    method: str
    #: As it was sent.
    path: str
    #: The operationId, null where no operation matched.
    operation: str | None
    since: str


class Awaited(TypedDict):
    """What was found, and what is under way."""

    #: How many entries were looked at.
    looked_at: int
    #: How many of them fit.
    found: int
    #: Those that fit, oldest first.
    matched: list[JournalSummary]
    #: What is not answered yet, the longest first.
    in_flight: list[InFlight]


class WaitFailureExpected(TypedDict):
    """How often."""

    at_least: int


class WaitFailure(TypedDict):
    """What was waited for, what was found, what comes nearest, and what is under way (RFC 9457)."""

    type: Literal["/problems/verification-failed"]
    title: str
    status: Literal[409]
    #: All of it in words.
    detail: str
    pointer: None
    #: How often.
    expected: WaitFailureExpected
    #: How many entries were looked at.
    looked_at: int
    #: How many of them fit.
    found: int
    #: Those that fit, oldest first.
    matched: list[JournalSummary]
    #: Of those that do not fit the nearest three, the nearest first.
    nearest: list[JournalMiss]
    #: What is not answered yet, the longest first.
    in_flight: list[InFlight]


class HarPair(TypedDict):
    """A name and its value."""

    name: str
    value: str


class HarPostData(TypedDict):
    """The body of a request."""

    #: Its Content-Type; `x-unknown` where it had none.
    mimeType: str
    text: str
    #: That it is cut, or no text.
    comment: NotRequired[str]


class HarRequest(TypedDict):
    """The request as it went over the wire, secrets blacked out."""

    method: str
    url: str
    httpVersion: Literal["HTTP/1.1"]
    #: Empty: cookies are secrets.
    cookies: list[HarPair]
    #: In order, as they were sent.
    headers: list[HarPair]
    #: In order, as they were sent.
    queryString: list[HarPair]
    postData: NotRequired[HarPostData]
    #: Unknown.
    headersSize: Literal[-1]
    #: -1 where it was not read.
    bodySize: int
    #: That its body was not read.
    comment: NotRequired[str]


class HarContent(TypedDict):
    """The body of an answer."""

    #: Its whole length, in bytes.
    size: int
    #: Its Content-Type; `x-unknown` where it had none.
    mimeType: str
    text: str
    #: Where it is no text.
    encoding: NotRequired[Literal["base64"]]
    #: That it is cut.
    comment: NotRequired[str]


class HarResponse(TypedDict):
    """The answer as it went over the wire, secrets blacked out."""

    status: int
    statusText: str
    httpVersion: Literal["HTTP/1.1"]
    cookies: list[HarPair]
    #: In order, as they were sent.
    headers: list[HarPair]
    content: HarContent
    redirectURL: str
    #: Unknown.
    headersSize: Literal[-1]
    bodySize: int
    #: Where a fault kept all or part of it from the client.
    comment: NotRequired[str]


class HarSandboxCredential(TypedDict):
    """What its name says."""

    kind: str
    id: NotRequired[str | None]
    organization_id: NotRequired[str | None]
    environment: NotRequired[str | None]


class HarSandbox(TypedDict):
    """What only the sandbox knows of a request, as the journal shows it."""

    world: str
    #: Of the entry in the journal.
    id: str
    api: Literal["hrms", "scan2evolve"]
    operation: str | None
    credential: HarSandboxCredential | None
    decision: JournalDecision
    notes: list[str]
    faults: list[JournalFault]
    delivered: Literal["whole", "part", "nothing"]
    records: list[JournalRecord] | None


class HarEntryTimings(TypedDict):
    """Not measured."""

    send: Literal[0]
    wait: Literal[0]
    receive: Literal[0]


class HarEntry(TypedDict):
    """One request and its answer."""

    startedDateTime: str
    #: Not measured.
    time: Literal[0]
    request: HarRequest
    response: HarResponse
    #: There is none.
    cache: dict[str, Any]
    #: Not measured.
    timings: HarEntryTimings
    _sandbox: HarSandbox


class HarLogCreator(TypedDict):
    """What its name says."""

    name: Literal["hris-sandbox"]
    version: str


class HarLog(TypedDict):
    """The log of an archive."""

    #: Of the format.
    version: Literal["1.2"]
    creator: HarLogCreator
    #: Empty: nobody knows which requests belong together.
    pages: list[dict[str, Any]]
    #: Oldest first.
    entries: list[HarEntry]
    comment: str


class Har(TypedDict):
    """An HTTP Archive (HAR 1.2)."""

    log: HarLog


class OutboxMessage(TypedDict):
    """An e-mail that would have gone out."""

    to: str
    subject: str
    body: str
    sent_at: str
    #: Only where the e-mail holds one.
    temporaryPassword: NotRequired[str]


class OutboxList(TypedDict):
    """A page of the outbox, oldest first."""

    items: list[OutboxMessage]
    next: str | None


class AuditEntryActor(TypedDict):
    """Who."""

    kind: str
    id: str | None
    organization_id: str | None
    environment: str | None


class AuditEntryRecords(TypedDict):
    """What its name says."""

    #: As given, null where it was no string.
    externalEmployeeId: str | None
    #: Null for an error.
    employeeId: str | None
    outcome: Literal["CREATED", "UPDATED", "ERROR"]


class AuditEntry(TypedDict):
    """Who did what, when, and how it ended."""

    id: str
    at: str
    api: Literal["hrms", "scan2evolve", "control"]
    #: Who.
    actor: AuditEntryActor
    #: The operationId, null where none matched.
    operation: str | None
    #: What was done.
    action: str
    #: What it was done to.
    subject: str | None
    outcome: str
    status: int
    #: Record by record who was changed, null where it was no batch.
    records: list[AuditEntryRecords] | None


class AuditList(TypedDict):
    """A page of the audit log, oldest first."""

    items: list[AuditEntry]
    next: str | None


class WorldList(TypedDict):
    """A page of worlds."""

    items: list[World]
    next: str | None


class OrganizationList(TypedDict):
    """A page of organizations."""

    items: list[Organization]
    next: str | None


class EmployeeList(TypedDict):
    """A page of employees."""

    items: list[Employee]
    next: str | None


class SiteList(TypedDict):
    """A page of sites."""

    items: list[Site]
    next: str | None


class RoleList(TypedDict):
    """A page of roles."""

    items: list[Role]
    next: str | None


class GroupList(TypedDict):
    """A page of groups."""

    items: list[Group]
    next: str | None


class OrganizationUserList(TypedDict):
    """A page of users."""

    items: list[OrganizationUser]
    next: str | None


class CredentialList(TypedDict):
    """A page of credentials."""

    items: list[Credential]
    next: str | None


class HrmsUserList(TypedDict):
    """A page of users."""

    items: list[HrmsUser]
    next: str | None


class HrmsDepartmentList(TypedDict):
    """A page of departments."""

    items: list[HrmsDepartment]
    next: str | None


class HrmsPositionList(TypedDict):
    """A page of positions."""

    items: list[HrmsPosition]
    next: str | None


class HrmsWorkLocationList(TypedDict):
    """A page of work locations."""

    items: list[HrmsWorkLocation]
    next: str | None


class HrmsTokenList(TypedDict):
    """A page of application tokens."""

    items: list[HrmsToken]
    next: str | None
