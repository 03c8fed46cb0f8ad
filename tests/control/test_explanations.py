"""Why each record of a batch became what it became: rule, claim, reading, and what may have been meant."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.explanations import WHY
from sandbox.scan2evolve import trouble
from sandbox.scan2evolve.rules import RULES
from tests.client import MAIN, NORTH, ServerClient, WorldClient


def told(world: WorldClient, *records: Any) -> list[dict[str, Any]]:
    """What the journal says of each of these records, sent as one batch."""
    world.sync(*records)
    explained: list[dict[str, Any]] = world.journal()[-1]["records"]
    return explained


def warned(world: WorldClient, **record: Any) -> dict[str, Any]:
    """The one warning about a record."""
    (warning,) = told(world, {"externalEmployeeId": "E-1", **record})[0]["warnings"]
    found: dict[str, Any] = warning
    return found


def test_every_rule_says_what_it_asks() -> None:
    """No rule without its sentence, and no sentence without a rule."""
    assert WHY.keys() == {rule.name for rule in RULES} | {trouble.RULE}


def test_explanation_of_a_record_tells_all_of_it_in_sentences(world: WorldClient) -> None:
    """What happened, what was skipped and what may have been meant, what was ignored, on which reading it turned."""
    world.read(role_case="exact")
    record = {"externalEmployeeId": "E-1", "roles": ["INSPECTR", "Admin"], "shoeSize": 7}
    made, refused = told(world, record, {"externalEmployeeId": "E-2", "email": "nonsense"})
    assert made["explanation"] == (
        "Nobody had this externalEmployeeId, so an employee was made, without a user account. "
        "Role 'INSPECTR' was skipped: did you mean 'inspector'? "
        "Role 'Admin' was skipped: did you mean 'admin'? Case counts, as the reading role-case is exact. "
        "No page knows these fields, so they were ignored: 'shoeSize'. "
        "This turned on the reading role-case, which was exact (Is case ignored when a role name is looked up?)."
    )
    assert made["reading"] == {"role-case": "exact"}
    assert refused["explanation"] == (
        "Refused, and nothing of it was stored: email does not look like an e-mail address."
    )
    assert (refused["rule"], refused["claims"], refused["reading"]) == ("email-format", ["S2E-FIELD-08"], {})


def test_reading_is_told_as_it_was_in_force_also_after_a_switch(world: WorldClient) -> None:
    """The second record of an id was an update, whatever would be made of it now."""
    world.accepted({"externalEmployeeId": "E-1", "roles": ["admin"]})
    told(world, {"externalEmployeeId": "E-1"}, {"externalEmployeeId": "E-1", "status": "INACTIVE"})
    world.read(omitted_assignments="kept", duplicate_in_batch="error")
    entry = world.journal()[1]
    assert [record["reading"] for record in entry["records"]] == [
        {"omitted-assignments": "cleared"},
        {"duplicate-in-batch": "update"},
    ]
    assert told(world, {"externalEmployeeId": "E-1"}, {"externalEmployeeId": "E-1"})[1]["reading"] == {
        "duplicate-in-batch": "error"
    }


def test_readings_of_a_batch_survive_a_snapshot(world: WorldClient) -> None:
    """The journal explains the same after a restore."""
    told(world, {"externalEmployeeId": "E-1", "roles": ["Inspector"], "sites": [{"id": "x"}]})
    before = world.journal()
    assert before[0]["records"][0]["reading"] == {"malformed-site-id": "warning", "role-case": "insensitive"}
    taken = world.control("GET", "/snapshot").json()
    world.read(role_case="exact")
    assert world.control("PUT", "/snapshot", json=taken).status_code == 204
    assert world.journal() == before


@pytest.mark.parametrize("readings", [["no-such"], ["role-case"]])
def test_snapshot_with_readings_that_cannot_be_told_is_refused(world: WorldClient, readings: list[str]) -> None:
    """One that there is not, or one without the value that it had: 422 with the place, and the world as it was."""
    told(world, {"externalEmployeeId": "E-1"})
    taken = world.control("GET", "/snapshot").json()
    entry = taken["state"]["journal"]["entries"][0][1]
    entry["act"]["records"][0]["readings"] = readings
    if readings == ["role-case"]:
        entry["readings"] = None
    before = world.journal()
    answer = world.control("PUT", "/snapshot", json=taken)
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/state/journal/entries/0")
    assert world.journal() == before


def test_empty_batch_names_its_reading_in_the_decision(world: WorldClient) -> None:
    """Refused under one value, let pass under the other."""
    world.scan2evolve("POST", "/sync/employees", json={"employees": []})
    world.scan2evolve("POST", "/sync/employees", json={"employees": 7})
    world.read(empty_batch="ok")
    world.scan2evolve("POST", "/sync/employees", json={"employees": []})
    decisions = [(entry["status"], entry["decision"]["reading"]) for entry in world.journal()]
    assert decisions == [(400, {"empty-batch": "error"}), (400, {}), (200, {"empty-batch": "ok"})]


# -- what may have been meant ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "item", "nearest", "says"),
    [
        ({"roles": ["INSPECTR"]}, "INSPECTR", "inspector", "did you mean 'inspector'?"),
        (
            {"roles": ["cook"]},
            "cook",
            None,
            "no role is called so, or nearly so; there is 'site_manager', 'FIELD_TECH', 'inspector', 'admin'.",
        ),
        ({"roles": [""]}, "", None, None),
        ({"sites": [{"id": MAIN, "role": "admn"}]}, "admn", "admin", "did you mean 'admin'?"),
        (
            {"groups": [{"groupName": "maintenance team"}]},
            "maintenance team",
            "Maintenance Team",
            "did you mean 'Maintenance Team'? Case counts in what groups are named by.",
        ),
        ({"groups": [{"groupName": "Maintenence Team"}]}, "Maintenence Team", "Maintenance Team", None),
        ({"groups": [{"externalGroupId": "TEAM-01"}]}, "TEAM-01", "TEAM-001", "did you mean 'TEAM-001'?"),
        (
            {"groups": [{"groupName": "TEAM-001"}]},
            "TEAM-001",
            "TEAM-001",
            (
                "there is a group with externalGroupId 'TEAM-001' now: "
                "it came into being since, or the record names it as groupName."
            ),
        ),
        (
            {"sites": [{"id": "north depot"}]},
            "north depot",
            NORTH,
            f"did you mean '{NORTH}'? 'north depot' is that site's name, and sites go by their id.",
        ),
        (
            {"sites": [{"id": "MAIN"}]},
            "MAIN",
            MAIN,
            f"did you mean '{MAIN}'? 'MAIN' is that site's code, and sites go by their id.",
        ),
        ({"sites": [{"id": "Nort Depot"}]}, "Nort Depot", NORTH, f"did you mean '{NORTH}', the site 'North Depot'?"),
        ({"sites": [{"id": MAIN[:-1] + "3"}]}, MAIN[:-1] + "3", MAIN, f"did you mean '{MAIN}', the site 'Main Plant'?"),
        ({"sites": [{"id": "Lab"}]}, "Lab", None, None),
    ],
)
def test_skipped_item_is_told_with_its_nearest_neighbour(
    world: WorldClient, record: dict[str, Any], item: str, nearest: str | None, says: str | None
) -> None:
    """Roles by name, groups by either key, sites by id, name or code; nothing where nothing is near."""
    warning = warned(world, **record)
    assert (warning["item"], warning["nearest"]) == (item, nearest)
    if says is not None:
        assert warning["explanation"].partition(" was skipped: ")[2] == says


def test_site_of_another_organization_is_told_as_such(world: WorldClient) -> None:
    """The control plane shows both organizations, so it may name the one that has the site; the API does not."""
    elsewhere = world.organizations[1]
    site = elsewhere["sites"][0]["id"]
    warning = warned(world, sites=[{"id": site.upper()}])
    assert (warning["item"], warning["nearest"]) == (site.upper(), None)
    assert warning["explanation"] == (
        f"Site '{site.upper()}' was skipped: it is a site of another organization, "
        f"'{elsewhere['organization_name']}' ({elsewhere['organization_id']}), and counts as unknown here."
    )
    answered = world.journal()[-1]["response"]["body"]
    assert elsewhere["organization_id"] not in answered
    assert elsewhere["organization_name"] not in answered


def test_item_that_came_into_being_since_is_told_as_such(world: WorldClient) -> None:
    """What is near is looked for as things stand when somebody looks."""
    record = {"externalEmployeeId": "E-1", "roles": ["cook", "Baker"], "sites": [{"id": NORTH[:-1] + "9"}]}
    told(world, record)
    world.add("roles", name="cook")
    world.add("roles", name="baker")
    world.add("sites", id=NORTH[:-1] + "9", name="New", code=None)
    warnings = world.journal()[-1]["records"][0]["warnings"]
    assert [warning["explanation"].partition(" was skipped: ")[2] for warning in warnings] == [
        "there is a role 'cook' now, which came into being since.",
        "there is a role 'baker' now, which came into being since.",
        f"there is a site '{NORTH[:-1]}9' now, which came into being since.",
    ]


def test_item_that_a_deviation_skips_is_not_said_to_be_new(server: ServerClient) -> None:
    """In a world with bugs what is there may have been there all along."""
    world = server.world(deviations=["capitals-are-unknown-roles", "role-unknown-reworded"])
    warning = warned(world, roles=["INSPECTOR"])
    assert (warning["nearest"], warning["message"]) == ("inspector", "Role 'INSPECTOR' does not exist, skipped")
    assert warning["explanation"] == "Role 'INSPECTOR' was skipped: there is a role 'inspector' now."
    world.control("DELETE")


def test_answer_compares_a_bounded_number_of_names(world: WorldClient) -> None:
    """Hundreds of unknown names among hundreds of roles: the first ones are told, one alone always is."""
    for number in range(120):
        world.add("roles", name=f"specialist for {number:03}")
    names = [f"specialst for {number:03}" for number in range(120)]
    warnings = told(world, {"externalEmployeeId": "E-1", "roles": names})[0]["warnings"]
    assert warnings[0]["nearest"] == "specialist for 000"
    assert warnings[-1]["nearest"] is None
    told(world, {"externalEmployeeId": "E-1", "roles": names[-1:]})
    alone = world.control("GET", "/journal/2").json()["records"][0]
    assert alone["warnings"][0]["nearest"] == "specialist for 119"
    long = warned(world, roles=["x" * 1_000])
    assert (long["item"], long["nearest"]) == ("x" * 1_000, None)
    assert len(long["explanation"]) < 1_000
