"""The hooks and fixtures that pytest loads by the entry point `hris-sandbox`.

Every session loads them where hris-sandbox is installed, so nothing is imported or started before a test asks for it.
`-p no:hris-sandbox` leaves them out.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from sandbox_pytest import options

if TYPE_CHECKING:
    from sandbox.client import ControlError
    from sandbox_pytest.apis import Hrms, Scan2Evolve
    from sandbox_pytest.server import SandboxServer
    from sandbox_pytest.world import SandboxWorld

_WORLD = pytest.StashKey["SandboxWorld"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The plugin's options."""
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and refuse options that make no sense."""
    config.addinivalue_line(
        "markers",
        "sandbox(**settings): the kind of world that the fixture `sandbox` makes, in the words of POST "
        "/_sandbox/worlds: seed, now, frozen, readings, limits, deviations, …; module, class and function are merged",
    )
    options.read(config)


# -- fixtures ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sandbox_server(pytestconfig: pytest.Config) -> SandboxServer:
    """The sandbox of this session, or with pytest-xdist of this worker; the one at --sandbox-url where that is given.

    It makes worlds: `with sandbox_server.world("of-this-module", users=3) as world: …`.
    """
    from sandbox_pytest.server import NoServer, opened

    stack = contextlib.ExitStack()
    try:
        server = stack.enter_context(opened(options.read(pytestconfig)))
    except NoServer as error:
        why = str(error)
    else:
        # Not at the end of the fixture: the last test's report comes after it, and wants its world's journal.
        pytestconfig.add_cleanup(stack.close)
        return server
    pytest.fail(f"there is no sandbox for this test: {why}", pytrace=False)


@pytest.fixture
def sandbox_defaults() -> Mapping[str, Any]:
    """What all worlds have in common, in the words of the marker `sandbox`; override it in a conftest.py."""
    return {}


@pytest.fixture
def sandbox(
    request: pytest.FixtureRequest, sandbox_server: SandboxServer, sandbox_defaults: Mapping[str, Any]
) -> Iterator[SandboxWorld]:
    """A world of this test alone, as its marks `sandbox` want it: `control`, `verify(…)`, `advance(seconds)`, ….

    Where the test fails, the world's journal is in the report.
    """
    made = _made(request.node, sandbox_server, sandbox_defaults)
    if isinstance(made, str):
        pytest.fail(made, pytrace=False)
    # The world itself goes once the test's end is reported, journal and all.
    request.node.stash[_WORLD] = made
    with made.closing:
        yield made


def _made(node: pytest.Item, server: SandboxServer, defaults: Mapping[str, Any]) -> SandboxWorld | str:
    """The world that a test's marks want, or why there can be none."""
    from sandbox.client import ControlError, Unreachable
    from sandbox_pytest.marker import NAME, MarkerError, settings_of
    from sandbox_pytest.server import NoServer

    marks = [(mark.args, mark.kwargs) for mark in node.iter_markers(NAME)]
    try:
        return server.make(node.nodeid, settings_of(defaults, reversed(marks)))
    except ControlError as error:
        return f"the sandbox refuses the world of this test: {_reasons(error)}"
    except (MarkerError, NoServer, Unreachable) as error:
        return str(error)


@pytest.fixture
def hrms(sandbox: SandboxWorld) -> Hrms:
    """The HRMS of this test's world, in its environment staging: `base_url`, `token`, `headers`, `client`, …."""
    return sandbox.hrms


@pytest.fixture
def scan2evolve(sandbox: SandboxWorld) -> Scan2Evolve:
    """Scan2Evolve of this test's world, as its first organization: `base_url`, `client_id`, `client`, …."""
    return sandbox.scan2evolve


def _reasons(error: ControlError) -> str:
    """What the control plane found wrong, with its place."""
    rows = error.problem.get("errors") or [{"pointer": error.pointer, "detail": error.detail}]
    told = []
    for row in rows:
        place, detail = row["pointer"] or "", row["detail"]
        told.append(detail if detail.startswith(place) else f"{place}: {detail}")
    return f"{'; '.join(told)} ({error.status})"


# -- reports -------------------------------------------------------------------------------------------------


# Wrapped in the way that every pluggy knows: an old one must not fail to load this for who does not use it.
@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Put the journal into the report of a failure; end the world after that of the teardown."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if report.failed:
        _attach(item, report)
    if call.when == "teardown" and _WORLD in item.stash:
        item.stash[_WORLD].delete()
        del item.stash[_WORLD]


def _attach(item: pytest.Item, report: pytest.TestReport) -> None:
    """The journal of the test's world, and of worlds that fixtures of the tests' own have handed it."""
    if "sandbox_pytest.world" not in sys.modules:
        return
    from sandbox_pytest import journal
    from sandbox_pytest.world import SandboxWorld

    worlds = [item.stash[_WORLD]] if _WORLD in item.stash else []
    given = getattr(item, "funcargs", None) or {}
    worlds += [value for value in given.values() if isinstance(value, SandboxWorld) and value not in worlds]
    folder = options.read(item.config).journal_dir
    texts = [journal.told(world, item.nodeid, folder) for world in worlds]
    report.sections += [(journal.SECTION, text) for text in texts]
    # junit.xml shows properties, and of sections only what was captured.
    for properties in (item.user_properties, report.user_properties):
        if texts and all(name != journal.PROPERTY for name, _ in properties):
            properties.append((journal.PROPERTY, "\n".join(texts)))
