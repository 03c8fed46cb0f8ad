"""Scan2Evolve on the wire: who asks, the grant, the batch envelope, and what the answers look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from msgspec import UNSET, to_builtins

from sandbox.audit import Actor
from sandbox.calls import Call, Listing, Reply
from sandbox.clock import LATEST_MS, instant_text
from sandbox.document import Operation, Parameter
from sandbox.errors import Refusal, scan2evolve_body, scan2evolve_text
from sandbox.ids import digest
from sandbox.jsontext import InvalidJson, decode
from sandbox.media import is_encoded, is_form, is_json
from sandbox.scan2evolve.organization import Organization, User
from sandbox.scan2evolve.outcomes import Outcome, WelcomeMail
from sandbox.scan2evolve.records import read_batch
from sandbox.scan2evolve.rules import STANDARD_ENVELOPE
from sandbox.scan2evolve.tokens import TOKEN_SECONDS, Credential
from sandbox.scan2evolve.trouble import troubled
from sandbox.security import basic_pair, bearer_digest

NAME = "scan2evolve"
ERROR_MEDIA_TYPE = "application/json"
error_body = scan2evolve_body
needs_people = False


def not_found(call: Call) -> Refusal:
    """404 for a path that no operation has."""
    return Refusal(404, "Not found", step="path", claims=("S2E-ERR-01",))


def method_not_allowed(call: Call, allow: str) -> Refusal:
    """405 for a path that other methods have."""
    return Refusal(405, "Method not allowed", step="method", claims=("S2E-ERR-02",), headers={"Allow": allow})


def too_many(call: Call) -> Refusal:
    """429: nothing is processed (S2E-RATE-01)."""
    return Refusal(429, "Rate limit exceeded", step="rate limit", claims=("S2E-RATE-01",))


def server_error(call: Call) -> Refusal:
    """500."""
    return Refusal(500, "Internal server error", step="handler", claims=("S2E-ERR-02",))


def failure(call: Call, status: int, message: str | None) -> Refusal:
    """A fault's error status, in the vendor's words where no other are given; a grant has its codes for two."""
    if message is None and isinstance(call.principal, Grant) and status in (400, 401):
        return _bad_grant() if status == 401 else _grant_refusal(400, "invalid_request", "Bad request", "S2E-AUTH-10")
    return Refusal(status, scan2evolve_text(status) if message is None else message, step="fault")


def revoke(call: Call) -> Refusal:
    """End the access token of the request; its 401 (S2E-AUTH-07)."""
    call.world.tokens.end(bearer_digest(call.header(b"authorization")) or "")
    return Refusal(401, "Unauthorized", step="credentials", claims=("S2E-AUTH-07",))


# -- who asks -----------------------------------------------------------------------------------------


def action(call: Call) -> str:
    """What the audit log calls this request."""
    if call.operation is None:
        return "none"
    return {"issueToken": "token", "syncEmployees": "change"}.get(call.operation.id, "read")


def reads_body_first(operation: Operation) -> bool:
    """Whether the body says who asks: that of a token request does."""
    return operation.id == "issueToken"


def identify(call: Call, use: bool) -> None:
    """Find the world and the organization; without good credentials, note the 401 (S2E-AUTH-07).

    `use` says that the request counts as a use of its token (reading token-lifetime).
    """
    header = call.header(b"authorization")
    worlds = call.worlds
    if call.operation is not None and call.operation.id == "issueToken":
        call.principal = Grant(call)
        client_id = call.principal.client_id
        call.enter((worlds.of_client(client_id) if client_id is not None else None) or call.named_world())
        _count_for(call, call.world.tokens.credentials.get(client_id or ""), "client")
        return
    credential = None
    key, pair = bearer_digest(header), basic_pair(header)
    if key is not None:
        call.enter(worlds.of_digest(key) or call.named_world())
        sliding = call.world.readings.token_lifetime == "sliding"
        credential = call.world.tokens.use(key, call.now, sliding, use)
    elif pair is not None:
        call.enter(worlds.of_client(pair[0]) or call.named_world())
        credential = call.world.tokens.check_secret(*pair)
    else:
        call.enter(call.named_world())
    if credential is None:
        if key is not None and worlds.of_digest(key) is not None:
            call.notes += ("The token belongs to this world, but is expired, revoked or from before a reset",)
        call.unauthorized = Refusal(401, "Unauthorized", step="credentials", claims=("S2E-AUTH-07",))
        return
    call.principal = call.world.organizations[credential.organization]
    _count_for(call, credential, "bearer" if key is not None else "basic")


def _count_for(call: Call, credential: Credential | None, kind: str) -> None:
    if credential is not None:
        call.party, call.refusable = credential.organization, True
        call.actor = Actor(kind, credential.client_id, credential.organization, None)


def check_parameters(call: Call, faults: Sequence[tuple[Parameter, str | None]], unknown: Sequence[str]) -> None:
    """Parameters are checked by the operations' own rules."""


def authorize(call: Call) -> None:
    """Every credential may do everything within its organization (S2E-AUTH-16)."""


def check_media(call: Call, media_type: str | None) -> None:
    """A wrong media type is a 400, never a 415; the token operation has its own words for it."""
    if not isinstance(call.principal, Grant) and not is_json(media_type):
        raise Refusal(
            400, "Content-Type must be application/json", step="media type", claims=("S2E-ERR-01",), rule="content-type"
        )


def decode_body(call: Call) -> None:
    """The body as JSON, a normal batch as typed records; the token operation has read its own already."""
    if isinstance(call.principal, Grant):
        return
    if not call.header(b"content-encoding"):
        call.payload = read_batch(call.body)
        if call.payload is not None:
            return
    try:
        if is_encoded(call.header(b"content-encoding")):
            raise InvalidJson("compressed")
        call.payload = decode(call.body)
    except InvalidJson:
        raise Refusal(400, "Invalid JSON", step="body", claims=("S2E-BATCH-15",), rule="json") from None


# -- tokens ---------------------------------------------------------------------------------------------

_CLIENT_FIELDS = ("client_id", "client_secret")


class Grant:
    """A token request as read: its fields, None where the body is unreadable, and a Basic header."""

    def __init__(self, call: Call) -> None:
        self.fields = _grant_fields(call)
        header = call.header(b"authorization") or ""
        self.by_basic = header.partition(" ")[0].lower() == "basic"
        self.pair: tuple[Any, Any] | None = basic_pair(header)
        if not self.by_basic and self.fields is not None and all(key in self.fields for key in _CLIENT_FIELDS):
            self.pair = self.fields["client_id"], self.fields["client_secret"]
        named = self.pair[0] if self.pair is not None else (self.fields or {}).get("client_id")
        self.client_id: str | None = named if isinstance(named, str) else None


def _grant_fields(call: Call) -> dict[str, Any] | None:
    media_type = call.header(b"content-type")
    if is_encoded(call.header(b"content-encoding")):
        return None
    try:
        if is_json(media_type):
            fields = decode(call.body)
            return fields if isinstance(fields, dict) else None
        if is_form(media_type):
            pairs = parse_qsl(
                call.body.decode("utf-8"), keep_blank_values=True, strict_parsing=False, max_num_fields=100
            )
            # A parameter must not come twice (RFC 6749, 3.2).
            return dict(pairs) if len(dict(pairs)) == len(pairs) else None
    except ValueError:
        return None
    return None


def _grant_refusal(status: int, code: str, text: str, claim: str, **more: Any) -> Refusal:
    return Refusal(status, code, step="grant", claims=(claim,), extra={"error_description": text}, rule=code, **more)


def _bad_grant() -> Refusal:
    return _grant_refusal(
        401,
        "invalid_client",
        "Client authentication failed",
        "S2E-AUTH-09",
        headers={"WWW-Authenticate": 'Basic realm="Scan2Evolve"'},
    )


def issue_token(call: Call) -> Reply:
    """A new token for the organization of the credentials (S2E-AUTH-01 to -05; RFC 6749, 4.4)."""
    grant: Grant = call.principal
    fields = grant.fields
    if fields is None:
        raise _grant_refusal(400, "invalid_request", "The body must be a JSON object or a form", "S2E-AUTH-10")
    if "grant_type" not in fields:
        raise _grant_refusal(400, "invalid_request", "grant_type is required", "S2E-AUTH-10")
    if fields["grant_type"] != "client_credentials":
        raise _grant_refusal(400, "unsupported_grant_type", "grant_type must be client_credentials", "S2E-AUTH-10")
    if grant.by_basic and any(key in fields for key in _CLIENT_FIELDS):
        raise _grant_refusal(400, "invalid_request", "Client credentials are given twice", "S2E-AUTH-14")
    if grant.pair is None or not all(isinstance(part, str) for part in grant.pair):
        raise _grant_refusal(400, "invalid_request", "client_id and client_secret are required", "S2E-AUTH-17")
    world = call.world
    credential = world.tokens.check_secret(*grant.pair)
    if credential is None:
        raise _bad_grant()
    text = world.tokens.issue(credential, world.ids, call.now)
    call.worlds.register_digest(world, digest(text))
    organization = world.organizations[credential.organization]
    payload = {
        "access_token": text,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "expires_at": instant_text(min(call.now + TOKEN_SECONDS * 1000, LATEST_MS)),
        "organization_id": organization.id,
        "organization_name": organization.name,
    }
    return Reply(payload=payload, headers=[(b"cache-control", b"no-store")], claims=("S2E-AUTH-01",))


# -- employee sync ---------------------------------------------------------------------------------------


def sync_employees(call: Call) -> Reply:
    """A batch: the envelope as a whole, then each record by itself (S2E-BATCH-01 to -16)."""
    world, body = call.world, call.payload
    readings = world.readings
    envelope = world.envelope
    # The short way knows the standard rules only.
    short = body if isinstance(body, tuple) and envelope is STANDARD_ENVELOPE else None
    if short is None:
        body = envelope.read(to_builtins(body[0]) if isinstance(body, tuple) else body)
        rule = envelope.refusal(body, readings)
        if rule is not None:
            reading = "empty-batch" if rule.name == "employees-array" and body.get("employees") == [] else None
            raise Refusal(400, rule.message, step="envelope", claims=(rule.claim,), rule=rule.name, reading=reading)
    organization: Organization = call.principal
    mails: list[WelcomeMail] = []
    batch = (world.batch if call.trouble is None else troubled(world.batch, call.trouble))(
        organization,
        [other for other in world.organizations.values() if other is not organization],
        readings,
        world.rulebook,
        world.ids,
        call.now,
        mails.append,
    )
    call.request_id = world.ids.request_id(call.now)
    if short is not None:
        outcomes = batch.run(short[0].employees, short[1])
        batch_id = short[0].syncBatchId
    else:
        outcomes = batch.run(body["employees"])
        batch_id = body.get("syncBatchId", UNSET)
    world.outbox.extend(mails)
    results, errors, size = [], [], 0
    with_null = readings.user_id_without_account == "null"
    for outcome in outcomes:
        if outcome.status == "ERROR":
            size += outcome.text_size()
            errors.append(_error_entry(outcome, readings.missing_id_entry))
            continue
        warnings: list[str] = []
        if outcome.warnings or outcome.ignored:
            size += outcome.text_size()
            warnings = [text for _, text in outcome.warnings]
        external_id, user_id = outcome.external_id, outcome.user_id
        size += len(external_id or "")
        shown: dict[str, Any] = {
            "externalEmployeeId": external_id,
            "status": outcome.status,
            "employeeId": outcome.employee_id,
            "userId": user_id,
            "warnings": warnings,
        }
        if user_id is None and not with_null:
            del shown["userId"]
        results.append(shown)
    payload: dict[str, Any] = {"requestId": call.request_id}
    if batch_id is not UNSET:
        payload["syncBatchId"] = batch_id
    payload["results"] = results
    payload["errors"] = errors
    marks = () if outcomes or short is not None else ("empty-batch",)
    return Reply(payload=payload, records=outcomes, records_bytes=size, claims=("S2E-BATCH-04",), readings=marks)


def _error_entry(outcome: Outcome, missing_id: str) -> dict[str, Any]:
    """An entry of `errors`; what stands for an id that was not given is a reading (S2E-FIELD-01)."""
    if outcome.external_id is not None:
        return {"externalEmployeeId": outcome.external_id, "message": outcome.message}
    if missing_id == "absent":
        return {"message": outcome.message}
    return {"externalEmployeeId": None if missing_id == "null" else "", "message": outcome.message}


# -- users -------------------------------------------------------------------------------------------------


def list_users(call: Call) -> Reply:
    """The organization's users, oldest first, filtered by role and isActive (S2E-USER-01)."""
    organization: Organization = call.principal
    role, is_active = call.query.get("role"), call.query.get("isActive")
    if is_active is not None and is_active not in ("true", "false"):
        raise Refusal(
            400,
            f"Invalid isActive '{is_active}'. Must be true or false",
            step="parameters",
            claims=("S2E-USER-01",),
            rule="is-active",
        )
    users = list(organization.users.values())
    if is_active is not None:
        users = [user for user in users if user.enabled == (is_active == "true")]
    if role is not None:
        wanted = _roles_named(organization, role, call.world.readings.role_case == "exact")
        users = [user for user in users if not wanted.isdisjoint(_roles_of(organization, user))]
    return Reply(listing=Listing(None, users, organization.user_view), claims=("S2E-USER-01",))


def _roles_named(organization: Organization, name: str, exact: bool) -> set[str]:
    return {
        role.id
        for role in organization.roles.values()
        if (role.name == name if exact else role.name.casefold() == name.casefold())
    }


def _roles_of(organization: Organization, user: User) -> tuple[str, ...]:
    return organization.employees[user.employee].roles if user.employee is not None else ()


def get_user(call: Call) -> Reply:
    """One user of the organization (S2E-USER-02)."""
    organization: Organization = call.principal
    call.subject = call.path_value()
    user = organization.users.get(call.path_value())
    if user is None:
        raise Refusal(404, "User not found", step="resource", claims=("S2E-USER-02",))
    return Reply(payload=organization.user_view(user), claims=("S2E-USER-02",))


HANDLERS = {
    "issueToken": issue_token,
    "syncEmployees": sync_employees,
    "listUsers": list_users,
    "getUser": get_user,
}
