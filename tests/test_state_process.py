"""The state file of a real server: killed at any moment, stopped, on a full disk, and by its option."""

from __future__ import annotations

import random
import resource
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.keeper import EVERY
from tests.client import ServerClient, WorldClient
from tests.processes import Process, completed, started

# What an answer is older than at the kill must be there: the README's bound, and room for a busy machine.
BOUND = EVERY + 4.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file that is not there yet."""
    return tmp_path / "state"


def soon(holds: Any) -> None:
    """Wait until that holds, in a loop that ends."""
    for _ in range(500):
        if holds():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it never came to hold")


def world(process: Process, world_id: str = "default") -> httpx.Response:
    """A world's snapshot."""
    return httpx.get(f"{process.url}/_sandbox/worlds/{world_id}/snapshot", timeout=30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_server_has_saved_everything(path: Path, number: int) -> None:
    """Whatever was answered before the signal is there at the next start."""
    with started("--port", "0", "--users", "2", "--state", str(path)) as process:
        made = httpx.post(f"{process.url}/_sandbox/worlds", json={"id": "last", "users": 2}, timeout=10)
        assert made.status_code == 201
        process.popen.send_signal(number)
        process.popen.wait(10)
        assert process.log() == ""
    assert [entry.name for entry in path.parent.iterdir()] == ["state"]
    with started("--port", "0", environment={"HRIS_SANDBOX_STATE": str(path)}) as process:
        assert world(process, "last").status_code == 200
        assert world(process).json()["state"]["spec"]["users"] == 2
        assert process.popen.stdout is not None
        assert f"state           {path}   (worlds: 2)" in "".join(process.popen.stdout.readline() for _ in range(6))


def test_change_is_saved_without_a_stop(path: Path) -> None:
    """A moment later it is in the file, and a kill -9 does not take it away."""
    with started("--port", "0", "--users", "0", "--state", str(path)) as process:
        httpx.patch(f"{process.url}/_sandbox/worlds/default/clock", json={"now": "2024-01-01T00:00:00Z"}, timeout=10)
        httpx.patch(f"{process.url}/_sandbox/worlds/default/clock", json={"frozen": True}, timeout=10)
        held = world(process).json()
        soon(lambda: b'"frozen_at":17' in path.read_bytes())
        process.popen.kill()
        process.popen.wait(10)
    with started("--port", "0", "--state", str(path)) as process:
        assert world(process).json() == held


class Load:
    """A client that syncs numbered employees into one world, two a batch, until its server is gone."""

    def __init__(self, process: Process, made: dict[str, Any]) -> None:
        self.acknowledged: list[float] = []
        self._url, self._made = process.url, made
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        client = ServerClient(self._url)
        try:
            mine = WorldClient(client.http, self._made)
            while True:
                number = len(self.acknowledged)
                pair = [{"externalEmployeeId": f"{number}-{half}"} for half in "ab"]
                mine.sync(*pair)
                self.acknowledged.append(time.monotonic())
        except httpx.TransportError:
            pass
        finally:
            client.http.close()

    def ended(self) -> list[float]:
        """When each batch was answered."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.acknowledged


@pytest.mark.slow
def test_server_killed_at_any_moment_leaves_a_complete_state(path: Path) -> None:
    """Kills -9 under load: worlds are whole, no batch is there by half, and nothing older than the bound is lost."""
    chance = random.Random(4)
    # Between two saves, while one is written, and long after the first.
    for attempt, moment in enumerate((0.0, 0.05, 0.1, 0.5, 1.1, BOUND + 1.0)):
        path.unlink(missing_ok=True)
        with started("--port", "0", "--users", "0", "--state", str(path)) as process:
            client = ServerClient(process.url)
            made = [client.world(id=f"w{number}", users=3).created for number in range(3)]
            client.http.close()
            loads = [Load(process, each) for each in made]
            threading.Event().wait(moment + chance.random() / 10)
            process.popen.kill()
            killed = time.monotonic()
            process.popen.wait(10)
            answered = [load.ended() for load in loads]
        with started("--port", "0", "--state", str(path)) as process:
            for each, acknowledged in zip(made, answered, strict=True):
                sure = sum(at < killed - BOUND for at in acknowledged)
                found = world(process, each["id"])
                if found.status_code == 404:
                    assert sure == 0, attempt
                    continue
                state = found.json()["state"]
                names = [employee["external_id"] for employee in state["organizations"][0]["employees"]]
                whole = len(names) // 2
                assert names == [f"{number}-{half}" for number in range(whole) for half in "ab"], attempt
                assert sure <= whole <= len(acknowledged) + 1, attempt
                assert state["journal"]["last"] == whole, attempt


def test_full_disk_is_logged_and_the_server_goes_on(path: Path) -> None:
    """The file stays the last complete one; a stop with room has everything again."""
    with started("--port", "0", "--users", "3", "--state", str(path)) as process:
        soon(path.exists)
        held = path.read_bytes()
        # No file may grow beyond that: as if the disk were full.
        resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
        assert httpx.post(f"{process.url}/_sandbox/worlds", json={"id": "new", "users": 2}, timeout=10).is_success
        soon(lambda: "cannot be written: File too large. It stays as it was" in process.log())
        assert world(process, "new").status_code == 200
        assert path.read_bytes() == held
        resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        process.popen.terminate()
        process.popen.wait(10)
    with started("--port", "0", "--state", str(path)) as process:
        assert world(process, "new").status_code == 200


@pytest.fixture
def held(path: Path) -> Path:
    """A state file whose default world has seed 7, two users and rate limits."""
    with started("--port", "0", "--seed", "7", "--users", "2", "--state", str(path)) as process:
        soon(path.exists)
        process.popen.terminate()
        process.popen.wait(10)
    return path


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--seed", "8"], "the default world in it has seed 7: leave out --seed, or begin another file"),
        (["--users", "25"], "the default world in it has 2 users: leave out --users, or begin another file"),
        (
            ["--no-rate-limit"],
            "the default world in it has rate limits: leave out --no-rate-limit, or begin another file",
        ),
    ],
)
def test_option_that_contradicts_the_file_is_one_line_and_exit_code_2(held: Path, options: list[str], why: str) -> None:
    """An option that is given is followed or refused; one that is not given follows the file."""
    before = held.read_bytes()
    result = completed("serve", "--port", "0", "--state", str(held), *options)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"hris-sandbox: state file {held}: {why}\n"
    assert held.read_bytes() == before
    assert [entry.name for entry in held.parent.iterdir()] == ["state"]


def test_option_that_agrees_with_the_file_is_fine(held: Path) -> None:
    """So that one command can stand in a script for every start."""
    with started("--port", "0", "--seed", "7", "--users", "2", "--state", str(held)) as process:
        assert world(process).json()["state"]["spec"]["seed"] == 7


def test_bad_file_and_file_in_use_are_one_line_and_exit_code_2(path: Path) -> None:
    """The server says why it does not start, and the file stays as it was."""
    path.write_bytes(b"hris-sandbox state 1\n{}")
    result = completed("serve", "--port", "0", "--state", str(path))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"hris-sandbox: state file {path}: is cut off, or has been changed at its end\n"
    assert path.read_bytes() == b"hris-sandbox state 1\n{}"
    path.unlink()
    with started("--port", "0", "--state", str(path)):
        result = completed("serve", "--port", "0", "--state", str(path))
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == f"hris-sandbox: state file {path}: is in use by another server\n"
