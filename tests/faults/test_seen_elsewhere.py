"""What a fault did, as verification and the exported journal tell it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.client import WorldClient
from tests.faults.calling import JANE, plan, sync


@pytest.fixture
def retried(world: WorldClient) -> WorldClient:
    """A world in which an answer was lost, and the same batch was sent again."""
    plan(world, "answer-lost", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        sync(world, JANE)
    assert sync(world, JANE).json()["results"][0]["status"] == "UPDATED"
    return world


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ({"fault": "answer-lost"}, ["1"]),
        ({"delivered": "nothing"}, ["1"]),
        ({"delivered": "whole"}, ["2"]),
        ({"fault": "latency"}, []),
    ],
)
def test_verification_finds_requests_by_what_a_fault_did(
    retried: WorldClient, pattern: dict[str, Any], ids: list[str]
) -> None:
    """By the fault that acted, and by what the client got."""
    answer = retried.control("POST", "/journal/verify", json={"pattern": pattern, "times": len(ids)})
    assert answer.status_code == 200, answer.text
    assert [entry["id"] for entry in answer.json()["matched"]] == ids


def test_failed_verification_says_which_fault_it_was_instead(retried: WorldClient) -> None:
    """With the fault that acted, or that none did."""
    answer = retried.control("POST", "/journal/verify", json={"pattern": {"fault": "latency"}})
    nearest = {miss["id"]: miss["differences"] for miss in answer.json()["nearest"]}
    assert nearest == {"1": ["the fault was answer-lost, not latency"], "2": ["no fault acted on it"]}


def test_archive_says_what_the_client_did_not_get(retried: WorldClient) -> None:
    """The decided answer is there, with a comment that it was lost; a whole one has none."""
    lost, whole = retried.control("GET", "/journal/har").json()["log"]["entries"]
    assert lost["response"]["comment"] == "The client got nothing of this."
    assert (lost["_sandbox"]["delivered"], whole["_sandbox"]["delivered"]) == ("nothing", "whole")
    assert [fault["name"] for fault in lost["_sandbox"]["faults"]] == ["answer-lost"]
    assert "comment" not in whole["response"]
