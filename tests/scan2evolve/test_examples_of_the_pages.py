"""The vendors' own examples, sent as the pages show them."""

from __future__ import annotations

from tests.client import WorldClient


def test_first_example_of_the_introduction_is_accepted_without_warning(world: WorldClient) -> None:
    """The introduction's first sync names role INSPECTOR and gets no warning (S2E-ROLE-04)."""
    result = world.accepted(
        {
            "externalEmployeeId": "EMP-001",
            "status": "ACTIVE",
            "firstName": "John",
            "lastName": "Doe",
            "email": "john.doe@example.com",
            "roles": ["INSPECTOR"],
            "userAccount": {"username": "john.doe", "forcePasswordReset": True, "sendWelcomeEmail": True},
        }
    )
    assert result["status"] == "CREATED"
    assert result["warnings"] == []
    assert world.employee("EMP-001")["roles"] == ["inspector"]
