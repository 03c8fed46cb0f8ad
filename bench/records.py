"""The records that are synced: about 600 bytes each, all different."""

from __future__ import annotations

from typing import Any

SITE = "ff1223ac-dfb5-11ec-9d64-0242ac120002"
BATCH = 500
# Stands in a batch's text where each request has a number of its own; as long as the number.
MARK = "########"
NUMBER_FORMAT = "%08d"

_FIRST = ("Alexandra", "Benjamin", "Catarina", "Dominic", "Eleonora", "Florian", "Giulietta", "Hamish")
_LAST = ("Abernathy", "Borgström", "Castellanos", "Drummond", "Echeverría", "Fitzgerald", "Grünewald")
_TITLES = ("Maintenance Technician", "Electrical Inspector", "Field Service Planner", "Safety Coordinator", "Fitter")
_DEPARTMENTS = ("Operations", "Facilities", "Electrical", "Health and Safety")


def record(prefix: str, number: int) -> dict[str, Any]:
    """One employee with an account; `prefix` and `number` are in everything that must be unique."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    handle = f"{prefix}.{number:06d}"
    return {
        "externalEmployeeId": f"EMP-{prefix}-{number:06d}",
        "status": "ACTIVE",
        "firstName": first,
        "lastName": last,
        "displayName": f"{first} {last}",
        "email": f"{handle}@example.com",
        "phone": f"+1-555-{number % 10_000:04d}",
        "jobTitle": _TITLES[number % len(_TITLES)],
        "department": _DEPARTMENTS[number % len(_DEPARTMENTS)],
        "hireDate": f"20{10 + number % 15}-{1 + number % 12:02d}-{1 + number % 28:02d}",
        "supervisor": {"name": "Pat Morgan", "email": "pat@example.com"},
        "roles": ["FIELD_TECH"],
        "groups": [{"groupName": "Maintenance Team", "role": "Member"}],
        "sites": [{"id": SITE, "role": "inspector"}],
        "metadata": {"costCenter": number % 97, "shift": "early"},
        "userAccount": {"username": handle, "forcePasswordReset": True, "sendWelcomeEmail": True},
    }


def batch(prefix: str, numbers: range | list[int]) -> dict[str, Any]:
    """A whole request's body."""
    return {"syncBatchId": f"bench-{prefix}", "employees": [record(prefix, number) for number in numbers]}
