"""The people of a company: made from the seed, in a hierarchy that holds."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.hrms import people
from sandbox.hrms.directory import DirectoryState
from sandbox.hrms.tokens import Environment
from tests.client import ServerClient
from tests.thoroughness import examples


def company(seed: int, users: int) -> dict[Environment, DirectoryState]:
    """Both environments, the pauses left out."""
    *pauses, made = people.company(seed, users)
    assert set(pauses) <= {None}
    assert made is not None
    return made


@settings(max_examples=examples(25), deadline=None)
@given(seed=st.integers(0, 2**63 - 1), users=st.integers(0, 250))
def test_company_of_any_seed_and_size_holds_together(seed: int, users: int) -> None:
    """Unique ids, staff numbers and e-mails; one head; every manager above, none in a circle (HRMS-ENV-04)."""
    made = company(seed, users)
    assert list(made) == ["staging", "uat"]
    ids = [person.id for state in made.values() for person in state.users]
    assert len(ids) == len(set(ids)) == 2 * users
    for state in made.values():
        assert state.fault() is None
        assert len({person.staff_id for person in state.users}) == users
        assert len({person.email for person in state.users}) == users
        managers = {person.id: person.manager_id for person in state.users}
        assert sum(manager is None for manager in managers.values()) == min(users, 1)
        for person in state.users:
            above, steps = person.manager_id, 0
            while above is not None:
                above, steps = managers[above], steps + 1
                assert steps <= 4, "more levels than a company of four ranks has"
            assert person.work_location_ids
            assert len(set(person.work_location_ids)) == len(person.work_location_ids)
            assert re.fullmatch(r"[a-z.]+[0-9]*@company\.(com|example)", person.email)


def test_manager_of_a_team_is_in_the_same_department() -> None:
    """Only heads of departments report across departments."""
    for state in company(7, 400).values():
        by_id = {person.id: person for person in state.users}
        heads = {person.id for person in state.users[:10]}
        for person in state.users:
            if person.manager_id is not None and person.id not in heads:
                assert by_id[person.manager_id].department_id == person.department_id
        assert {by_id[head].status for head in heads} == {"active"}
        assert {person.status for person in state.users} == {"active", "inactive"}


@pytest.mark.parametrize("users", [0, 1, 25, 300])
def test_company_of_equal_seeds_is_equal(users: int) -> None:
    """The same seed, the same people in the same order."""
    assert company(42, users) == company(42, users)


def test_company_of_another_seed_is_another_one() -> None:
    """Only the vendor's own sample is in every company."""
    one, other = (company(seed, 25)["staging"].users for seed in (1, 2))
    assert one[0].name == other[0].name == "John Doe"
    assert [person.name for person in one[1:]] != [person.name for person in other[1:]]


def test_people_are_made_in_small_pieces() -> None:
    """Between any two pauses lie at most as many people as a slice has, so others get their turn."""
    pauses = sum(step is None for step in people.company(0, 1_000))
    assert pauses == 2 * 1_000 // people.SLICE


@pytest.mark.slow
def test_largest_company_lets_other_worlds_go_on(server: ServerClient) -> None:
    """While 50,000 people are made, and then listed, another world is answered many times over."""
    other = server.world()
    made: dict[str, Any] = {}

    def make() -> None:
        big = server.world(users=50_000)
        made["world"] = big
        made["users"] = big.hrms("/users").json()["data"]

    thread = threading.Thread(target=make)
    thread.start()
    answers = 0
    while thread.is_alive():
        assert other.hrms("/users").status_code == 200
        answers += 1
    thread.join()
    assert len(made["users"]) == 50_000
    assert answers >= 20
    made["world"].control("DELETE")
    other.control("DELETE")
