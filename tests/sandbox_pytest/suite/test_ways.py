"""The same world over the socket and in process, from threads and from asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from people_sync import PeopleSync

from sandbox_pytest import Hrms, SandboxServer, SandboxWorld, Scan2Evolve

Made = Callable[..., PeopleSync]


def test_sync_by_two_at_once_leaves_what_one_leaves(sandbox: SandboxWorld, people_sync: Made) -> None:
    """Whoever comes second finds the others there."""
    with ThreadPoolExecutor(2) as pool:
        reports = [done.result() for done in [pool.submit(people_sync(batch=1).run) for _ in range(2)]]
    assert sum(len(report.created) for report in reports) == 5
    assert len(sandbox.employees()) == 5
    sandbox.verify(operation="syncEmployees", times=10)


def test_readers_of_all_kinds_see_the_same_people(hrms: Hrms) -> None:
    """A client that waits and one for asyncio."""

    async def read() -> list[object]:
        async with hrms.async_client() as client:
            answers = await asyncio.gather(*(client.get("/v1/users") for _ in range(5)))
        return [answer.json() for answer in answers]

    assert asyncio.run(read()) == [hrms.client.get("/v1/users").json()] * 5


def test_worlds_of_one_test_do_not_see_each_other(
    sandbox: SandboxWorld, sandbox_server: SandboxServer, people_sync: Made
) -> None:
    """What goes into one is not in the other."""
    with sandbox_server.world("beside", users=2) as beside:
        people_sync().run()
        assert beside.employees() == []
        assert len(beside.hrms.users()) == 2
        assert len(sandbox.employees()) == 5


@pytest.mark.parametrize("number", range(3))
def test_wrong_credentials_are_told_and_change_nothing(
    number: int, sandbox: SandboxWorld, hrms: Hrms, scan2evolve: Scan2Evolve
) -> None:
    """The sync is refused, and the journal has it, for the world is named by a header."""
    pair = scan2evolve.client_id, f"cs_{number:040x}"
    answer = scan2evolve.client.post("/api/v1/sync/employees", json={"employees": []}, auth=pair)
    assert answer.status_code == 401
    sandbox.verify(operation="syncEmployees", status=401, times=1)
    assert sandbox.employees() == []
