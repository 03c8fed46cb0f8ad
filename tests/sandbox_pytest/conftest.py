"""Sessions of pytest within a test, each in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox_pytest import journal, marker, transports
from tests.client import ServerClient

# Loaded before pytester notes which modules there are: what is loaded later it takes away again.
LOADED = (journal, marker, transports)

# A project of its own, for test_suite.
collect_ignore = ["suite"]

Ran = Callable[..., pytest.RunResult]


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Ran:
    """Runs pytest in this process, with a sandbox of its own; warnings are errors, and so are unknown markers."""
    pytester: pytest.Pytester = request.getfixturevalue("pytester")

    def ran(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess("-W", "error", "--strict-markers", "-p", "no:cacheprovider", *arguments)

    return ran


@pytest.fixture
def run_here(run: Ran, server: ServerClient) -> Ran:
    """The same with the server of this test process, which spares a start."""

    def ran(*arguments: str) -> pytest.RunResult:
        return run("--sandbox-url", server.url, *arguments)

    return ran
