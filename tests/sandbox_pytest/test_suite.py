"""Somebody's whole suite: two hundred tests of a sync, side by side, in any order, again and again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.client import ControlClient
from tests.client import ServerClient
from tests.processes import clean_environment

SUITE = Path(__file__).parent / "suite"
pytestmark = pytest.mark.slow


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """The suite as a project elsewhere, which sees nothing of this checkout's own configuration."""
    return Path(shutil.copytree(SUITE, tmp_path / "suite", ignore=shutil.ignore_patterns("__pycache__")))


def ran(suite: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The suite in two processes."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=suite, env=clean_environment(), capture_output=True, text=True, timeout=300, check=False
    )


def passed(done: subprocess.CompletedProcess[str]) -> int:
    """How many tests passed; no other outcome is allowed."""
    last = done.stdout.strip().splitlines()[-1]
    counted = re.fullmatch(r"(\d+) passed in \S+s( \(.*\))?", last)
    assert counted, done.stdout + done.stderr
    return int(counted[1])


def test_suite_passes_in_any_order_and_twice_in_a_row_on_one_server(suite: Path, server: ServerClient) -> None:
    """Both workers use one sandbox; afterwards no world is left, and nobody has strayed into the default one."""
    control = ControlClient(server.url)
    control.world().clear_journal()
    before = [row["id"] for row in control.list_worlds(limit=1000)["items"]]
    for seed in ("1", "2"):
        assert passed(ran(suite, "--sandbox-url", server.url, "--shuffle", seed)) >= 200
        assert [row["id"] for row in control.list_worlds(limit=1000)["items"]] == before
    assert control.world().list_journal()["items"] == []


def test_suite_passes_with_a_sandbox_in_each_worker(suite: Path) -> None:
    """As it does without any option, in an order of its own."""
    assert passed(ran(suite, "--shuffle", "3")) >= 200


def test_suite_is_typed_to_the_last_fixture(suite: Path) -> None:
    """A type checker at its strictest has nothing to say about tests that use the plugin's types."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "."]
    done = subprocess.run(command, cwd=suite, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
