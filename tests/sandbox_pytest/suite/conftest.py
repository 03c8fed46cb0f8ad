"""What all tests of the sync share: how it is made, and in which order they run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from people_sync import PeopleSync

from sandbox_pytest import Hrms, SandboxWorld, Scan2Evolve


def pytest_addoption(parser: pytest.Parser) -> None:
    """The order."""
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in an order made from this")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle; the same in each worker, as pytest-xdist wants it."""
    if config.option.shuffle is not None:
        random.Random(config.option.shuffle).shuffle(items)


@pytest.fixture
def sandbox_defaults() -> Mapping[str, Any]:
    """Few people and no clock that runs, unless a test wants it otherwise."""
    return {"users": 5, "now": "2024-11-18T10:30:00Z", "frozen": True}


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """The client of the sync."""
    with httpx.Client() as made:
        yield made


@pytest.fixture
def people_sync(
    http: httpx.Client, sandbox: SandboxWorld, hrms: Hrms, scan2evolve: Scan2Evolve
) -> Callable[..., PeopleSync]:
    """The sync between this test's HRMS and its Scan2Evolve; where it would sleep, the world's clock moves."""

    def made(**options: Any) -> PeopleSync:
        pair = scan2evolve.client_id, scan2evolve.client_secret
        settings = {"sleep": sandbox.advance, **options}
        return PeopleSync(http, hrms.base_url, hrms.headers, scan2evolve.base_url, pair, **settings)

    return made
