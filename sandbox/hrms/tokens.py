"""HRMS application tokens: what one may read, and in which environment."""

from __future__ import annotations

from typing import Literal

import msgspec

from sandbox.clock import Instant
from sandbox.ids import Name

Environment = Literal["staging", "uat"]
ENVIRONMENTS: tuple[Environment, ...] = ("staging", "uat")
Scope = Literal["users:read", "departments:read", "positions:read"]
SCOPES: tuple[Scope, ...] = ("users:read", "departments:read", "positions:read")


class ApplicationToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token by its digest: its text is shown once, at creation (HRMS-AUTH-05)."""

    id: Name
    digest: str
    name: str
    description: str | None
    scopes: tuple[Scope, ...]
    environment: Environment
    created_at: Instant
