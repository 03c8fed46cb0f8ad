"""The HRMS on the wire: who asks, in which environment, and what the answers look like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sandbox.audit import Actor
from sandbox.calls import Call, Listing, Reply
from sandbox.document import Operation, Parameter
from sandbox.errors import Refusal, hrms_body, hrms_text
from sandbox.hrms.directory import Department, Directory, Person, Position, WorkLocation
from sandbox.security import bearer_digest

NAME = "hrms"
ERROR_MEDIA_TYPE = "application/json"
error_body = hrms_body
needs_people = True


def not_found(call: Call) -> Refusal:
    """404 for a path that no operation has."""
    return Refusal(404, "Resource not found", step="path", claims=("HRMS-USER-05",))


def method_not_allowed(call: Call, allow: str) -> Refusal:
    """405 for a path that other methods have."""
    return Refusal(405, "Method Not Allowed", step="method", claims=("HRMS-ERR-02",), headers={"Allow": allow})


def too_many(call: Call) -> Refusal:
    """429, only where a world has switched a limit on."""
    return Refusal(429, "Too Many Requests", step="rate limit")


def server_error(call: Call) -> Refusal:
    """500."""
    return Refusal(500, "Server Error", step="handler")


def failure(call: Call, status: int, message: str | None) -> Refusal:
    """A fault's error status, in the vendor's words where no other are given."""
    return Refusal(status, hrms_text(status) if message is None else message, step="fault")


def revoke(call: Call) -> Refusal:
    """End the application token of the request; its 401 (HRMS-AUTH-06)."""
    call.world.access.revoke(call.world.application_tokens, call.principal)
    return _unauthenticated("HRMS-AUTH-06")


def action(call: Call) -> str:
    """What the audit log calls this request."""
    return "read"


def reads_body_first(operation: Operation) -> bool:
    """Whether the body says who asks; never here."""
    return False


def identify(call: Call, use: bool) -> None:
    """Find the world and the application token; without a good one, note the 401 (HRMS-AUTH-02)."""
    key = bearer_digest(call.header(b"authorization")) or ""
    world = call.worlds.of_digest(key)
    call.enter(call.named_world() if world is None else world)
    token = call.world.application_tokens.get(key)
    if token is None:
        if world is not None:
            call.notes += ("The token belongs to this world, but is revoked or no application token",)
        call.unauthorized = _unauthenticated("HRMS-AUTH-02")
        return
    call.principal = token
    call.party, call.refusable = token.id, True
    call.actor = _actor(token.id, token.environment)


@lru_cache(maxsize=1024)
def _actor(token_id: str, environment: str) -> Actor:
    """One object for all requests of a token."""
    return Actor("application token", token_id, None, environment)


def _unauthenticated(claim: str, **why: Any) -> Refusal:
    return Refusal(401, "Unauthenticated", step="credentials", claims=(claim,), **why)


def _forbidden(claim: str, **why: Any) -> Refusal:
    return Refusal(403, "Insufficient permissions for this resource", step="scopes", claims=(claim,), **why)


def check_parameters(call: Call, faults: Sequence[tuple[Parameter, str | None]], unknown: Sequence[str]) -> None:
    """One validation fault for all that is wrong with the headers (HRMS-ENV-01, HRMS-ENV-02, HRMS-FMT-03)."""
    readings = call.world.readings
    if not faults and readings.hrms_content_type == "optional":
        return
    if not call.world.access.environment_counts:
        faults = []
    wrong = {parameter.name: value for parameter, value in faults}
    if readings.hrms_content_type == "required":
        value = call.header(b"content-type")
        if value is None or value.split(";")[0].strip().lower() != "application/json":
            wrong["Content-Type"] = value
    if wrong:
        found = {name: _header_fault(name, value) for name, value in wrong.items()}
        raise Refusal(
            int(readings.validation_status),
            "Validation failed",
            step="parameters",
            claims=("HRMS-ERR-01", *(claim for claim, _ in found.values())),
            extra={"errors": {name: [text] for name, (_, text) in found.items()}},
            reading="validation-status",
        )


def _header_fault(name: str, value: str | None) -> tuple[str, str]:
    """(claim, text) of a header that is missing, blank or wrong."""
    missing = value is None or not value.strip()
    text = f"The {name} field is required." if missing else f"The selected {name} is invalid."
    if name == "Content-Type":
        return "HRMS-FMT-03", text
    return "HRMS-ENV-01" if missing else "HRMS-ENV-02", text


def authorize(call: Call) -> None:
    """The token's own environment first (HRMS-ENV-03), then its scopes (HRMS-AUTH-03)."""
    scopes = frozenset() if call.operation is None else call.operation.scopes
    lack = call.world.access.lack(call.principal, call.header(b"x-environment"), scopes)
    if lack == "environment":
        make = _unauthenticated if call.world.readings.environment_mismatch == "401" else _forbidden
        raise make("HRMS-ENV-03", reading="environment-mismatch")
    if lack == "scope":
        raise _forbidden("HRMS-AUTH-03")


def check_media(call: Call, media_type: str | None) -> None:
    """No HRMS operation has a body."""


def decode_body(call: Call) -> None:
    """No HRMS operation has a body."""


# -- handlers -----------------------------------------------------------------------------------------


def _directory(call: Call) -> Directory:
    return call.world.access.directory(call.world.directories, call.principal)


def _list(directory: Directory, collection: dict[str, Any], show: Callable[[Any], dict[str, Any]]) -> Reply:
    version = (directory, directory.version)
    return Reply(listing=Listing("data", collection.values(), show, version))


def list_users(call: Call) -> Reply:
    """All users of the environment, whatever their status (HRMS-USER-01)."""
    directory = _directory(call)
    return _list(directory, directory.users, user_resource)


def list_departments(call: Call) -> Reply:
    """All departments (HRMS-DEPT-01)."""
    directory = _directory(call)
    return _list(directory, directory.departments, department_resource)


def list_positions(call: Call) -> Reply:
    """All positions (HRMS-POS-01)."""
    directory = _directory(call)
    return _list(directory, directory.positions, position_resource)


def get_user(call: Call) -> Reply:
    """One user with department, position and work locations (HRMS-USER-03, HRMS-USER-04)."""
    directory = _directory(call)
    call.subject = call.path_value()
    person = directory.users.get(call.path_value())
    if person is None:
        raise Refusal(404, "Resource not found", step="resource", claims=("HRMS-USER-05",))
    show = _with_included if call.world.readings.user_detail == "included" else _with_embedded
    return Reply(payload=show(directory, person), claims=("HRMS-USER-04",), readings=("user-detail",))


def user_resource(person: Person) -> dict[str, Any]:
    """A user as every answer shows it (HRMS-USER-02)."""
    return {
        "id": person.id,
        "type": "user",
        "attributes": {
            "staffId": person.staff_id,
            "email": person.email,
            "name": person.name,
            "preferred_name": person.preferred_name,
            "phone": person.phone,
            "status": person.status,
        },
    }


def department_resource(department: Department) -> dict[str, Any]:
    """A department."""
    return {"id": department.id, "type": "department", "attributes": _named(department)}


def position_resource(position: Position) -> dict[str, Any]:
    """A position."""
    return {"id": position.id, "type": "position", "attributes": _named(position)}


def location_resource(location: WorkLocation) -> dict[str, Any]:
    """A work location."""
    return {"id": location.id, "type": "work_location", "attributes": _place(location)}


def _named(item: Department | Position) -> dict[str, Any]:
    return {"name": item.name, "code": item.code}


def _place(location: WorkLocation) -> dict[str, Any]:
    return {
        "name": location.name,
        "address": location.address,
        "city": location.city,
        "country": location.country,
    }


def _with_included(directory: Directory, person: Person) -> dict[str, Any]:
    resource = user_resource(person)
    included = []
    relationships: dict[str, Any] = {}
    department = directory.departments.get(person.department_id or "")
    position = directory.positions.get(person.position_id or "")
    related = (
        ("department", None if department is None else department_resource(department)),
        ("position", None if position is None else position_resource(position)),
    )
    for name, found in related:
        relationships[name] = {"data": None if found is None else {"id": found["id"], "type": name}}
        if found is not None:
            included.append(found)
    locations = [directory.work_locations[place] for place in person.work_location_ids]
    relationships["work_locations"] = {"data": [{"id": place.id, "type": "work_location"} for place in locations]}
    included.extend(location_resource(place) for place in locations)
    return {"data": {**resource, "relationships": relationships}, "included": included}


def _with_embedded(directory: Directory, person: Person) -> dict[str, Any]:
    resource = user_resource(person)
    department = directory.departments.get(person.department_id or "")
    position = directory.positions.get(person.position_id or "")
    locations = [directory.work_locations[place] for place in person.work_location_ids]
    resource["attributes"] |= {
        "department": None if department is None else {"id": department.id, **_named(department)},
        "position": None if position is None else {"id": position.id, **_named(position)},
        "work_locations": [{"id": place.id, **_place(place)} for place in locations],
    }
    return {"data": resource}


HANDLERS = {
    "listUsers": list_users,
    "getUser": get_user,
    "listDepartments": list_departments,
    "listPositions": list_positions,
}
