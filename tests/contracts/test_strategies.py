"""The strategies for integrators: what they call good is accepted, what they call bad gets exactly its message."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import strategies
from tests.client import WorldClient
from tests.thoroughness import examples

_NUMBERS = count()
_ATTRIBUTES = {"staffId", "email", "name", "preferred_name", "phone", "status"}
# One world serves all examples of a test, so each has identifiers of its own.
in_one_world = settings(max_examples=examples(15), suppress_health_check=list(HealthCheck))


def own() -> str:
    """A prefix that no earlier example has had."""
    return f"x{next(_NUMBERS)}-"


def sent(world: WorldClient, body: Any) -> tuple[int, dict[str, Any]]:
    """Status and answer of a sync with this body."""
    # httpx takes `json=None` for no body at all, and null is one.
    content = json.dumps(body).encode()
    answer = world.scan2evolve("POST", "/sync/employees", content=content, headers={"Content-Type": "application/json"})
    return answer.status_code, answer.json()


@in_one_world
@given(data=st.data())
def test_valid_employees_are_accepted(world: WorldClient, data: st.DataObject) -> None:
    """A valid record brings no error."""
    record = data.draw(strategies.employees(prefix=own()))
    assert world.accepted(record)["status"] == "CREATED"


@in_one_world
@given(data=st.data())
def test_invalid_employees_get_their_message(world: WorldClient, data: st.DataObject) -> None:
    """A record with one violation is refused with the message that comes with it."""
    record, message = data.draw(strategies.invalid_employees(prefix=own()))
    status, body = sent(world, {"employees": [record]})
    assert status == 200
    assert body["results"] == []
    assert [entry["message"] for entry in body["errors"]] == [message]


@in_one_world
@given(data=st.data())
def test_batches_are_accepted_whole(world: WorldClient, data: st.DataObject) -> None:
    """A good batch has a result for each record, in order, and its syncBatchId back."""
    batch = data.draw(strategies.batches(prefix=own(), max_size=5))
    status, body = sent(world, batch)
    assert (status, body["errors"]) == (200, [])
    assert [row["externalEmployeeId"] for row in body["results"]] == [
        record["externalEmployeeId"] for record in batch["employees"]
    ]
    assert body.get("syncBatchId") == batch.get("syncBatchId")


@in_one_world
@given(data=st.data())
def test_mixed_batches_are_parted_as_they_say(world: WorldClient, data: st.DataObject) -> None:
    """The bad records of a mixed batch get their messages in order, the good ones results."""
    pairs = data.draw(strategies.mixed_batches(prefix=own(), max_size=4))
    status, body = sent(world, {"employees": [record for record, _ in pairs]})
    assert status == 200
    assert [entry["message"] for entry in body["errors"]] == [text for _, text in pairs if text is not None]
    assert len(body["results"]) == sum(text is None for _, text in pairs)


@in_one_world
@given(data=st.data())
def test_invalid_batches_are_refused_whole(world: WorldClient, data: st.DataObject) -> None:
    """A bad envelope is a 400 with the message that comes with it, and changes nothing."""
    before = world.state()
    body, message = data.draw(strategies.invalid_batches(prefix=own()))
    status, answer = sent(world, body)
    assert (status, answer["error"]) == (400, message)
    assert world.state() == before


@given(user=strategies.users())
def test_users_have_what_the_hrms_lists(user: dict[str, Any]) -> None:
    """A user has the documented attributes, each of its kind, and is JSON."""
    assert user.keys() == {"id", "type", "attributes"}
    assert user["type"] == "user"
    attributes = user["attributes"]
    assert attributes.keys() == _ATTRIBUTES
    assert all(
        isinstance(attributes[name], str) and attributes[name] for name in ("staffId", "email", "name", "status")
    )
    assert json.loads(json.dumps(user)) == user


@given(case=strategies.invalid_users(prefix="p-"))
def test_invalid_users_are_broken_in_the_attribute_that_they_name(case: tuple[dict[str, Any], str]) -> None:
    """One attribute is missing or of another kind, and all others are as they should be."""
    user, broken = case
    attributes = user["attributes"]
    value = attributes.get(broken)
    assert not isinstance(value, str) or not value.strip()
    for name in {"staffId", "email", "name", "status"} - {broken}:
        assert attributes[name].strip()
    assert user["id"].startswith("p-")
