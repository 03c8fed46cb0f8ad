"""The space in which a check works: a world of its own where the target can make one, else the tenant as it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from contracts.checks import NotObservable
from contracts.target import CannotRun, Credentials, Organization, Target, Wire

NOW = "2024-11-18T10:30:00.000Z"


class Space(Protocol):
    """Credentials, and what only a control plane can see or do."""

    credentials: Credentials

    @property
    def wishes(self) -> dict[str, Any] | None:
        """What this space was asked for as a world; None where it is none."""

    @property
    def headers(self) -> dict[str, str]:
        """Headers that name this space where a request's credentials do not."""

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control plane about this space; NotObservable where there is none."""

    def close(self) -> None:
        """Leave nothing behind."""


@dataclass
class Tenant:
    """A tenant as it is: no control plane, so much stays hidden."""

    credentials: Credentials

    @property
    def wishes(self) -> None:
        """None: nobody makes it again."""
        return None

    @property
    def headers(self) -> dict[str, str]:
        """None: there is one tenant only."""
        return {}

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """There is none."""
        raise NotObservable("the target has no control plane")

    def close(self) -> None:
        """Nothing to do: what the checks wrote carries the run's prefix."""


class ControlledWorld:
    """A world of its own, frozen in time, without limits; made like `template` and deleted at the end."""

    def __init__(self, wire: Wire, template: dict[str, Any], world_id: str) -> None:
        self._wire = wire
        target = wire.target
        self.wishes: dict[str, Any] | None = {
            "id": world_id,
            "now": NOW,
            "frozen": True,
            "users": 5,
            "limits": {"scan2evolve": None, "hrms": None},
            **template,
        }
        made = _control(wire, target, "POST", "/worlds", self.wishes)
        if not isinstance(made, dict) or "id" not in made:
            raise CannotRun(f"{target.control} makes no worlds: is it a control plane?")
        self.id = str(made["id"])
        self.credentials = Credentials.of_world(made)
        self.headers = {"x-sandbox-world": self.id}

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control plane about this world."""
        return _control(self._wire, self._wire.target, method, f"/worlds/{self.id}{path}", body)

    def close(self) -> None:
        """Delete the world."""
        self.control("DELETE", "")


def _control(wire: Wire, target: Target, method: str, path: str, body: Any = None) -> Any:
    if target.control is None:
        raise NotObservable("the target has no control plane")
    headers = {"content-type": "application/json"}
    if target.control_key:
        headers["authorization"] = f"Bearer {target.control_key}"
    content = None if body is None else json.dumps(body).encode()
    answer = wire.send(method, f"{target.control}{path}", headers, content)
    if answer.status_code >= 400:
        raise CannotRun(f"control plane: {method} {path} answered {answer.status_code}: {answer.text[:300]}")
    try:
        return json.loads(answer.content) if answer.content else None
    except ValueError:
        raise CannotRun(f"control plane: {method} {path} answered {answer.status_code} with no JSON") from None


def has_everything(credentials: Credentials) -> list[str]:
    """What is missing in credentials for a whole run, in words."""
    missing = []
    if not credentials.organizations:
        missing.append("a Scan2Evolve organization")
    for organization in credentials.organizations[:1]:
        missing += _missing_in(organization)
    if not credentials.hrms:
        missing.append("an HRMS token")
    return missing


def _missing_in(organization: Organization) -> list[str]:
    wanted = {"sites": 2, "roles": 1, "groups": 1}
    return [
        f"{number} {name} in the first organization"
        for name, number in wanted.items()
        if len(getattr(organization, name)) < number
    ]
