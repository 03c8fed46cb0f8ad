"""The HRMS: how a request's token and headers are judged, and where user detail puts what is related."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model.state import Claims, blank

ENVIRONMENTS = ("staging", "uat")
RELATED = ("department", "position", "work_locations")
_JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """A GET. `token_environment` is None where the token is no good; a header that is None is not sent."""

    token_environment: str | None
    environment: str | None
    content_type: str | None
    resource_there: bool = True


@dataclass(frozen=True)
class Refusal:
    """Status and whole body of a refused request."""

    status: int
    body: dict[str, Any]
    claims: Claims


def refusal(request: Request, readings: Mapping[str, str]) -> Refusal | None:
    """How the request is refused, None where it is let in."""
    if request.token_environment is None:
        return Refusal(401, {"message": "Unauthenticated"}, ("HRMS-AUTH-02",))
    faults, claims = _header_faults(request, readings)
    if faults:
        status = int(readings["validation-status"])
        return Refusal(status, {"message": "Validation failed", "errors": faults}, ("HRMS-ERR-01", *claims))
    if request.environment != request.token_environment:
        if readings["environment-mismatch"] == "401":
            return Refusal(401, {"message": "Unauthenticated"}, ("HRMS-ENV-03",))
        return Refusal(403, {"message": "Insufficient permissions for this resource"}, ("HRMS-ENV-03",))
    if not request.resource_there:
        return Refusal(404, {"message": "Resource not found"}, ("HRMS-USER-05",))
    return None


def _header_faults(request: Request, readings: Mapping[str, str]) -> tuple[dict[str, list[str]], list[str]]:
    faults: dict[str, list[str]] = {}
    claims: list[str] = []
    checked: list[tuple[str, str | None, tuple[str, ...], str]] = [
        ("X-Environment", request.environment, ENVIRONMENTS, "HRMS-ENV-02")
    ]
    if readings["hrms-content-type"] == "required":
        checked.append(("Content-Type", request.content_type, (_JSON,), "HRMS-FMT-03"))
    for name, value, good, claim in checked:
        if value is None or blank(value):
            faults[name] = [f"The {name} field is required."]
        elif value not in good:
            faults[name] = [f"The selected {name} is invalid."]
        if name in faults:
            claims.append("HRMS-ENV-01" if value is None and name == "X-Environment" else claim)
    return faults, claims


def detail_is_well_placed(body: Any, readings: Mapping[str, str]) -> bool:
    """Whether department, position and work locations stand where reading `user-detail` has them."""
    data = body["data"]
    beside = all(name in data.get("relationships", {}) for name in RELATED) and "included" in body
    inside = all(name in data["attributes"] for name in RELATED)
    return (beside, inside) == ((False, True) if readings["user-detail"] == "embedded" else (True, False))
