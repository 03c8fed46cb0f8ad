"""A look at all that a world can show, and at the log meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from tests.client import MAIN, WorldClient


@contextmanager
def no_errors_logged() -> Iterator[None]:
    """Fail if the server logs an error in this block."""
    seen: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())

    listener = Listener(logging.ERROR)
    logging.getLogger().addHandler(listener)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(listener)
    assert seen == []


def look_at_everything(world: WorldClient) -> None:
    """Read all that a world can show; none of it may be a server error."""
    for path in (
        "",
        "/snapshot",
        "/clock",
        "/readings",
        "/limits",
        "/faults",
        "/journal?limit=1000",
        "/outbox",
        "/audit",
    ):
        assert world.control("GET", path).status_code == 200, path
    listed = world.control("GET", "/scan2evolve/organizations").json()["items"]
    for organization in listed:
        for collection in ("employees", "sites", "roles", "groups", "users", "credentials"):
            path = f"/scan2evolve/organizations/{quote(organization['organization_id'], safe='')}/{collection}"
            assert world.control("GET", path).status_code == 200, path
    for environment in ("staging", "uat"):
        for collection in ("users", "departments", "positions", "work-locations", "tokens"):
            path = f"/hrms/{collection}?environment={environment}"
            assert world.control("GET", path).status_code == 200, path
        for path in ("/users", "/departments", "/positions", "/users/user_001"):
            assert world.hrms(path, environment).status_code < 500, path
    for org in (0, 1):
        assert world.scan2evolve("GET", "/users", org).status_code < 500
        assert world.scan2evolve("GET", "/users?role=admin&isActive=true", org).status_code < 500
    records = [
        {"externalEmployeeId": "A", "email": "a@example.com", "roles": ["site_manager"], "sites": [{"id": MAIN}]},
        {"externalEmployeeId": "N", "email": "n@example.com", "updateMode": "additive", "userAccount": {}},
    ]
    assert world.scan2evolve("POST", "/sync/employees", json={"employees": records}).status_code < 500
