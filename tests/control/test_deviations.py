"""The control plane's side of deviations: the catalogue, and a merge patch whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.deviations.catalogue import CATALOGUE
from tests.client import ServerClient

TWO = ["retry-after-too-short", "without-email-format"]


def test_catalogue_of_deviations_is_listed_whole(server: ServerClient) -> None:
    """Name, sentence, what is swapped and claims of each, in one page."""
    answer = server.http.get("/_sandbox/deviations").json()
    assert answer["next"] is None
    assert answer["items"] == [
        {"name": row.name, "says": row.says, "swaps": list(row.swaps), "claims": list(row.claims)} for row in CATALOGUE
    ]


def test_world_shows_the_deviations_that_it_is_made_with(server: ServerClient) -> None:
    """In the answer that makes it, by itself and in the list; none by default."""
    for wishes, names, show in (({}, [], False), ({"deviations": TWO, "show_deviations": True}, TWO, True)):
        world = server.world(**wishes)
        listed = server.http.get("/_sandbox/worlds").json()["items"]
        shown = [world.created, world.control("GET").json(), next(row for row in listed if row["id"] == world.id)]
        assert [(row["deviations"], row["show_deviations"]) for row in shown] == [(names, show)] * 3
        assert world.control("GET", "/deviations").json() == {"deviations": names, "show": show}
        world.control("DELETE")


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, {"deviations": TWO, "show": True}),
        ({"show": False}, {"deviations": TWO, "show": False}),
        ({"show": None}, {"deviations": TWO, "show": False}),
        ({"deviations": ["update-says-created"]}, {"deviations": ["update-says-created"], "show": True}),
        ({"deviations": []}, {"deviations": [], "show": True}),
        ({"deviations": None, "show": None}, {"deviations": [], "show": False}),
    ],
)
def test_patch_of_deviations_answers_the_full_value(server: ServerClient, patch: Any, expected: Any) -> None:
    """An array takes the place of the old one, null is none, and what is left out stays."""
    world = server.world(deviations=TWO, show_deviations=True)
    answer = world.control("PATCH", "/deviations", json=patch)
    assert (answer.status_code, answer.json()) == (200, expected)
    assert world.control("GET", "/deviations").json() == expected
    world.control("DELETE")


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"deviations": ["update-says-created", "nonsense"], "show": False}, "/deviations/1"),
        ({"deviations": ["Update Says"], "show": False}, "/deviations"),
        ({"deviations": ["update-says-created"] * 2, "show": False}, "/deviations"),
        ({"deviations": "update-says-created", "show": False}, "/deviations"),
        ({"deviations": ["update-says-created"], "show": "yes"}, "/show"),
        ({"deviations": ["update-says-created"], "hide": True}, "/hide"),
    ],
)
def test_patch_of_deviations_is_applied_whole_or_not_at_all(server: ServerClient, patch: Any, pointer: str) -> None:
    """422 with the pointer, and neither half of the change is made."""
    world = server.world(deviations=TWO, show_deviations=True)
    answer = world.control("PATCH", "/deviations", json=patch)
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    assert world.control("GET", "/deviations").json() == {"deviations": TWO, "show": True}
    world.control("DELETE")


def test_world_with_a_deviation_that_there_is_not_is_not_made(server: ServerClient) -> None:
    """422 with the pointer; the id stays free."""
    answer = server.http.post("/_sandbox/worlds", json={"id": "not-made", "deviations": ["nonsense"]})
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/deviations/0")
    assert server.http.get("/_sandbox/worlds/not-made").status_code == 404
