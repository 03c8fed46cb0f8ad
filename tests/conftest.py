"""Fixtures: one server a test process, on a real socket; one world a test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import uvicorn
from hypothesis import settings as hypothesis_settings

from sandbox.app import Sandbox
from sandbox.server import BoundedProtocol, bind
from sandbox.settings import Settings
from tests.client import ServerClient, WorldClient

# The same examples in every run, and none of them against the machine's clock.
hypothesis_settings.register_profile("suite", derandomize=True, deadline=None, max_examples=50)
hypothesis_settings.load_profile("suite")


@contextmanager
def serving(app: Sandbox) -> Iterator[ServerClient]:
    """A server in a thread of its own; stopped, and its sockets closed, at the end."""
    sockets = bind("127.0.0.1", 0)
    config = uvicorn.Config(
        app, http=BoundedProtocol, ws="none", log_config=None, server_header=False, date_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=sockets)), daemon=True)
    thread.start()
    client = ServerClient(f"http://127.0.0.1:{sockets[0].getsockname()[1]}")
    try:
        yield client
    finally:
        client.http.close()
        server.should_exit = True
        thread.join(10)


def running(settings: Settings) -> AbstractContextManager[ServerClient]:
    """A server of these settings, as `serving` runs it."""
    return serving(Sandbox(settings))


@pytest.fixture(scope="session")
def server() -> Iterator[ServerClient]:
    """The server of this test process."""
    with running(Settings(body_timeout=0.5)) as client:
        yield client


@pytest.fixture
def world(server: ServerClient) -> Iterator[WorldClient]:
    """A fresh world, gone after the test."""
    made = server.world()
    yield made
    made.control("DELETE")
