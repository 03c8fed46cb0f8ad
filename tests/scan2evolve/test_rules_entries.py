"""Check 9 of a record: that each group and each site is named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import MAIN, WorldClient
from tests.scan2evolve.samples import NO_SITE, NO_SITES_LEFT, employee, site

GROUP_UNNAMED = "Either groupName or externalGroupId is required"
SITE_UNNAMED = "Site id is required"
MALFORMED = [
    "x",
    "MAIN",
    MAIN[:-1],
    MAIN + "0",
    MAIN.replace("-", ""),
    "{" + MAIN + "}",
    " " + MAIN,
    MAIN + " ",
    MAIN + "\n",
    MAIN.replace("f", "g"),
    MAIN.replace("-", "_"),
    MAIN.replace("1", "\u0661"),
    "urn:uuid:" + MAIN,
    "{site}",
]


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE", "TERMINATED"])
@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"role": "Lead"},
        {"name": "Maintenance Team"},
        {"groupName": ""},
        {"groupName": " ", "externalGroupId": "\t"},
        {"externalGroupId": "\u00a0", "role": "Lead"},
    ],
)
def test_group_without_a_key_is_refused(world: WorldClient, status: str, entry: dict[str, str]) -> None:
    """A group entry has one of two keys that is not blank, whatever the status (S2E-GROUP-02)."""
    groups = [{"groupName": "Maintenance Team"}, entry]
    assert world.refused(employee(status=status, groups=groups)) == GROUP_UNNAMED


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE", "TERMINATED"])
@pytest.mark.parametrize("entry", [{}, {"role": "inspector"}, {"siteCode": "MAIN"}, {"id": ""}, {"id": " \u2003"}])
@pytest.mark.parametrize("malformed", ["warning", "error"])
def test_site_without_id_is_refused(world: WorldClient, status: str, entry: dict[str, str], malformed: str) -> None:
    """A site entry has an id that is not blank, whatever the status (S2E-SITE-01)."""
    world.read(malformed_site_id=malformed)
    assert world.refused(employee(status=status, sites=[site(), entry])) == SITE_UNNAMED


def test_groups_are_checked_before_sites(world: WorldClient) -> None:
    """Of a bad group and a bad site the group is answered (S2E-GROUP-02)."""
    assert world.refused(employee(sites=[{}], groups=[{"groupName": "Nowhere"}, {}])) == GROUP_UNNAMED


@pytest.mark.parametrize("site_id", MALFORMED)
def test_malformed_site_id_by_warning_is_an_unknown_site(world: WorldClient, site_id: str) -> None:
    """Reading malformed-site-id = warning: an id that is no UUID is skipped like an unknown one (S2E-SITE-02)."""
    result = world.accepted(employee(sites=[site(site_id)]))
    assert result["warnings"] == [f"Site with id '{site_id}' not found, skipped"]
    assert world.employee("E-1")["sites"] == []
    assert world.refused(employee("E-2", roles=["site_manager"], sites=[site(site_id)])) == NO_SITES_LEFT


@pytest.mark.parametrize("site_id", MALFORMED)
@pytest.mark.parametrize("status", ["ACTIVE", "TERMINATED"])
def test_malformed_site_id_by_error_is_refused(world: WorldClient, site_id: str, status: str) -> None:
    """Reading malformed-site-id = error: an id that is no UUID is refused, whatever the status (S2E-SITE-01)."""
    world.read(malformed_site_id="error")
    assert world.refused(employee(status=status, sites=[site(), site(site_id)])) == f"Invalid site id '{site_id}'"


@pytest.mark.parametrize("site_id", [NO_SITE, NO_SITE.upper(), "0" * 8 + "-0000" * 3 + "-" + "f" * 12])
@pytest.mark.parametrize("malformed", ["warning", "error"])
def test_well_formed_unknown_site_id_is_a_warning_under_either_reading(
    world: WorldClient, site_id: str, malformed: str
) -> None:
    """A UUID that leads nowhere is skipped with a warning (S2E-SITE-02)."""
    world.read(malformed_site_id=malformed)
    assert world.accepted(employee(sites=[site(site_id)]))["warnings"] == [
        f"Site with id '{site_id}' not found, skipped"
    ]


@pytest.mark.parametrize(
    ("sites", "message"),
    [
        ([{"id": ""}, {"id": "x"}], SITE_UNNAMED),
        ([{"id": "x"}, {"id": ""}], "Invalid site id 'x'"),
        ([{"id": MAIN}, {"id": "x"}, {"id": "y"}], "Invalid site id 'x'"),
    ],
)
def test_first_offending_site_is_answered(world: WorldClient, sites: list[dict[str, Any]], message: str) -> None:
    """Under malformed-site-id = error the first bad entry of the list is the record's error (S2E-SITE-01)."""
    world.read(malformed_site_id="error")
    assert world.refused(employee(sites=sites)) == message
