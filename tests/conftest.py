"""Fixtures: one server a test process, on a real socket; one world a test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from sandbox.app import Application
from sandbox.server import serving as serve
from sandbox.settings import Settings
from tests import survey
from tests.client import ServerClient, WorldClient
from tests.thoroughness import FACTOR, examples

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The same examples in every run, but when fuzzing, and none of them against the machine's clock.
hypothesis_settings.register_profile("suite", derandomize=FACTOR == 1, deadline=None, max_examples=examples(50))
hypothesis_settings.load_profile("suite")


@contextmanager
def serving(app: Application) -> Iterator[ServerClient]:
    """A server in a thread of its own; stopped, and its sockets closed, at the end."""
    with serve(app) as url:
        client = ServerClient(url)
        try:
            yield client
        finally:
            client.http.close()


def running(settings: Settings) -> AbstractContextManager[ServerClient]:
    """A server of these settings, as `serving` runs it."""
    return serving(Application(settings))


@pytest.fixture(scope="session")
def server() -> Iterator[ServerClient]:
    """The server of this test process."""
    with running(Settings(body_timeout=2)) as client:
        yield client


@pytest.fixture
def world(server: ServerClient) -> Iterator[WorldClient]:
    """A fresh world, gone after the test."""
    made = server.world()
    yield made
    made.control("DELETE")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window, as Debian has it; nothing that it shows comes from another machine."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no browser here: apt-get install chromium")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium, args=quiet)
        yield launched
        launched.close()


@pytest.fixture
def no_errors_logged() -> Iterator[None]:
    """The server must log no error during the test."""
    with survey.no_errors_logged():
        yield
