"""The outbox, and the audit log: who did what, when, with which outcome."""

from __future__ import annotations

from typing import Any

from tests.client import NOW, WorldClient

BOTH = {"forcePasswordReset": True, "sendWelcomeEmail": True}


def person(number: int, **account: Any) -> dict[str, Any]:
    """A record with an account."""
    return {
        "externalEmployeeId": f"E-{number}",
        "firstName": f"Name{number}",
        "email": f"p{number}@example.com",
        "userAccount": account,
    }


def audit(world: WorldClient, **query: Any) -> list[dict[str, Any]]:
    """The audit log, oldest first."""
    listed: list[dict[str, Any]] = world.control("GET", "/audit", params=query).json()["items"]
    return listed


def test_outbox_holds_the_mail_that_would_have_gone_out(world: WorldClient) -> None:
    """To, subject, body and time; the password only where the mail carries one (S2E-ACCT-04, S2E-ACCT-05)."""
    world.sync(person(1, sendWelcomeEmail=True), person(2, **BOTH), person(3, forcePasswordReset=True))
    first, second = world.outbox()
    organization = world.organizations[0]["organization_name"]
    assert set(first) == {"to", "subject", "body", "sent_at"}
    assert (first["to"], first["sent_at"], first["subject"]) == ("p1@example.com", NOW, f"Welcome to {organization}")
    assert "p1@example.com" in first["body"]
    assert "assword" not in first["body"]
    assert set(second) == {"to", "subject", "body", "sent_at", "temporaryPassword"}
    assert second["temporaryPassword"] in second["body"]
    assert len(second["temporaryPassword"]) >= 12


def test_outbox_is_filtered_paged_and_cleared(world: WorldClient) -> None:
    """By address without case; clearing one address leaves the others."""
    world.sync(*(person(number, sendWelcomeEmail=True) for number in range(5)))

    def seen(**query: Any) -> list[str]:
        return [mail["to"] for mail in world.control("GET", "/outbox", params=query).json()["items"]]

    whole = [f"p{number}@example.com" for number in range(5)]
    assert seen() == whole
    assert seen(to="P3@EXAMPLE.com") == ["p3@example.com"]
    assert seen(to="nobody@example.com") == []
    page = world.control("GET", "/outbox", params={"limit": 2}).json()
    assert [mail["to"] for mail in page["items"]] == whole[:2]
    assert seen(after=page["next"]) == whole[2:]
    assert world.control("DELETE", "/outbox", params={"to": "p1@Example.com"}).status_code == 204
    assert seen() == [whole[0], *whole[2:]]
    assert world.control("DELETE", "/outbox").status_code == 204
    assert seen() == []


def test_all_activity_is_audited(world: WorldClient) -> None:
    """Token issues, reads, changes and refusals, with who, what, when and outcome (S2E-AUDIT-01)."""
    token = world.token()
    bearer = {"Authorization": f"Bearer {token}"}
    body = {"employees": [{"externalEmployeeId": "E-1"}, {"externalEmployeeId": "E-2", "email": "x"}, {}]}
    synced = world.scan2evolve("POST", "/sync/employees", json=body, headers=bearer).json()
    world.advance(5)
    world.scan2evolve("GET", "/users")
    world.scan2evolve("GET", "/users/user_0")
    world.http.get("/scan2evolve/api/v1/users", headers={"X-Sandbox-World": world.id})
    world.scan2evolve("GET", "/nothing")
    world.hrms("/users/user_001")
    world.hrms("/departments", "uat", headers={"X-Environment": "staging"})
    organization = world.organizations[0]
    client = {"id": organization["client_id"], "organization_id": organization["organization_id"], "environment": None}
    basic, by_token = {"kind": "basic", **client}, {"kind": "bearer", **client}
    nobody = {"kind": "anonymous", "id": None, "organization_id": None, "environment": None}
    staging, uat = (
        {"kind": "application token", "id": f"token_{name}", "organization_id": None, "environment": name}
        for name in ("staging", "uat")
    )
    later = "2024-11-18T10:30:05.000Z"
    records = [
        {"externalEmployeeId": "E-1", "employeeId": synced["results"][0]["employeeId"], "outcome": "CREATED"},
        {"externalEmployeeId": "E-2", "employeeId": None, "outcome": "ERROR"},
        {"externalEmployeeId": None, "employeeId": None, "outcome": "ERROR"},
    ]
    expected: list[tuple[Any, ...]] = [
        (NOW, "scan2evolve", {"kind": "client", **client}, "issueToken", "token", None, "accepted", 200, None),
        (NOW, "scan2evolve", by_token, "syncEmployees", "change", None, "accepted", 200, records),
        (later, "scan2evolve", basic, "listUsers", "read", None, "accepted", 200, None),
        (later, "scan2evolve", basic, "getUser", "read", "user_0", "refused", 404, None),
        (later, "scan2evolve", nobody, "listUsers", "read", None, "refused", 401, None),
        (later, "scan2evolve", basic, None, "none", None, "refused", 404, None),
        (later, "hrms", staging, "getUser", "read", "user_001", "accepted", 200, None),
        (later, "hrms", uat, "listDepartments", "read", None, "refused", 401, None),
    ]
    keys = ("at", "api", "actor", "operation", "action", "subject", "outcome", "status", "records")
    assert audit(world) == [
        {"id": str(number)} | dict(zip(keys, row, strict=True)) for number, row in enumerate(expected, 1)
    ]


def test_audit_log_is_read_in_pages_and_survives_a_cleared_journal(world: WorldClient) -> None:
    """It has its own numbers and cannot be cleared but by a reset."""
    for _ in range(5):
        world.scan2evolve("GET", "/users")
    world.control("DELETE", "/journal")
    page = world.control("GET", "/audit", params={"limit": 3}).json()
    assert ([entry["id"] for entry in page["items"]], page["next"]) == (["1", "2", "3"], "3")
    assert [entry["id"] for entry in audit(world, after="3")] == ["4", "5"]
    assert world.control("DELETE", "/audit").status_code == 405
    world.control("POST", "/reset")
    assert audit(world) == []
