"""Records and names that the tests of employee sync start from."""

from __future__ import annotations

from typing import Any

from tests.client import MAIN, NORTH

PAT = "pat.morgan@example.com"  # the first organization's user who is linked to nobody
ROBIN = "robin.hale@example.com"  # the second organization's
MAIL_KEYS = {"to", "subject", "body", "sent_at"}
NO_SITE = "00000000-0000-4000-8000-00000000000f"

NO_SITES_ASKED = "Cannot assign site_manager role: employee must have at least one site assigned"
NO_ROLE_FOR_SITE = (
    "Cannot assign site_manager role at site level: employee must have 'site_manager' in their roles array"
)
NO_SITES_LEFT = "site_manager role requires at least one site assignment"
EMAIL_REQUIRED = "Email is required for ACTIVE users with userAccount"
EMAIL_INVALID = "Invalid email format"


def employee(external_id: str = "E-1", **fields: Any) -> dict[str, Any]:
    """A record of these fields."""
    return {"externalEmployeeId": external_id, **fields}


def with_account(external_id: str = "E-1", email: str = "ada@example.com", **fields: Any) -> dict[str, Any]:
    """A record that asks for an account; `account` is its userAccount."""
    account = fields.pop("account", {})
    return employee(external_id, email=email, userAccount=account, **fields)


def site(site_id: str = MAIN, role: str | None = None) -> dict[str, str]:
    """An entry of `sites`."""
    return {"id": site_id} if role is None else {"id": site_id, "role": role}


def site_manager(external_id: str = "E-1", **fields: Any) -> dict[str, Any]:
    """A record of a site_manager at the main site."""
    return employee(external_id, **{"roles": ["site_manager"], "sites": [site(MAIN, "site_manager")], **fields})


def full(external_id: str = "EMP-100245") -> dict[str, Any]:
    """Every field that the page names, with the values of its full example."""
    return {
        "externalEmployeeId": external_id,
        "status": "ACTIVE",
        "firstName": "Jane",
        "lastName": "Doe",
        "displayName": "Jane Doe",
        "email": "jane.doe@example.com",
        "phone": "+1-415-555-0123",
        "jobTitle": "Maintenance Supervisor",
        "department": "Facilities",
        "hireDate": "2023-04-12",
        "terminationDate": None,
        "supervisor": {"name": "John Smith", "email": "john.smith@example.com"},
        "roles": ["FIELD_TECH", "site_manager"],
        "groups": [{"groupName": "Maintenance Team", "role": "Member"}],
        "sites": [site(MAIN, "site_manager"), site(NORTH, "inspector")],
        "metadata": {
            "badgeNumber": "A12345",
            "unionMember": True,
            "emergencyContact": {"name": "John Doe", "phone": "+1-415-555-9999"},
        },
        "userAccount": {"username": "jane.doe", "forcePasswordReset": True, "sendWelcomeEmail": True},
        "updateMode": "replace",
    }


def reading_matrix(**axes: list[str]) -> list[dict[str, str]]:
    """Every combination of these values of readings."""
    rows: list[dict[str, str]] = [{}]
    for name, values in axes.items():
        rows = [{**row, name: value} for row in rows for value in values]
    return rows
