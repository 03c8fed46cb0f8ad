"""The sandbox that a session's tests share: one of this process, or one that runs elsewhere."""

from __future__ import annotations

import contextlib
import hashlib
import re
import ssl
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Unpack

from sandbox.client import ControlClient, ControlError, Unreachable, shapes
from sandbox_pytest.options import Options
from sandbox_pytest.world import SandboxWorld

if TYPE_CHECKING:
    import httpx

    from sandbox.embedded import AsgiApplication, Sandbox

_READABLE = 48
# Worlds of a sandbox elsewhere go by themselves where a session died before it could end them.
_SECONDS_LEFT_ALONE = 3600
# As often as a world's name can be taken: by as many sessions at once that run the same test.
_NAMESAKES = 1000


class NoServer(Exception):
    """There is no sandbox to be had; the text says why."""


class SandboxServer:
    """A running sandbox, which makes worlds. `url` is where it listens, `control` its typed control client.

    `world` makes a world for as long as a `with` block lasts, for who wants one for a whole module, say.
    """

    def __init__(self, url: str, control: ControlClient, options: Options, running: Sandbox | None = None) -> None:
        self.url = url
        self.control = control
        self._options = options
        self._running = running

    def __repr__(self) -> str:
        return f"<SandboxServer at {self.url}>"

    @contextlib.contextmanager
    def world(self, name: str = "world", /, **settings: Unpack[shapes.WorldNew]) -> Iterator[SandboxWorld]:
        """A world of its own, gone after the block; `settings` are what POST /_sandbox/worlds takes.

        Its id is made from `name`, unless `settings` hold one. Raises ControlError where the sandbox refuses.
        """
        made = self.make(name, settings)
        try:
            yield made
        finally:
            made.closing.close()
            made.delete()

    def make(self, name: str, settings: shapes.WorldNew) -> SandboxWorld:
        """A new world that stays until somebody deletes it, else like `world`."""
        if self._running is None and "ttl_seconds" not in settings:
            settings = {**settings, "ttl_seconds": _SECONDS_LEFT_ALONE}
        if "id" in settings:
            return SandboxWorld(self, self.control.create_world(**settings), settings)
        for world_id in world_ids(name):
            wanted: shapes.WorldNew = {**settings, "id": world_id}
            try:
                return SandboxWorld(self, self.control.create_world(**wanted), settings)
            except ControlError as error:
                # The server is asked, since only it knows what other sessions make at the same moment.
                if (error.status, error.pointer) != (409, "/id"):
                    raise
        raise NoServer(f"the sandbox at {self.url} has {_NAMESAKES} worlds called {name!r}: end some of them")

    # -- ways to it --------------------------------------------------------------------------------------

    def asgi(self) -> AsgiApplication:
        """It as an ASGI application; RuntimeError where it does not run in this process."""
        return self._in_process().asgi()

    def transport(self) -> httpx.BaseTransport:
        """A transport for httpx.Client, over the socket or in process, as the mode says."""
        if self._options.mode == "process":
            from sandbox_pytest.transports import InProcess

            return InProcess(self._in_process().request)
        import httpx

        return httpx.HTTPTransport(verify=self._tls)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """The same for httpx.AsyncClient."""
        if self._options.mode == "process":
            from sandbox_pytest.transports import AsyncInProcess

            return AsyncInProcess(self.asgi())
        import httpx

        return httpx.AsyncHTTPTransport(verify=self._tls)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # One for all clients, since loading the usual authorities takes longer than most tests.
        return ssl.create_default_context(cafile=self._options.ca)

    def _in_process(self) -> Sandbox:
        if self._running is None:
            raise RuntimeError(f"the sandbox at {self.url} is not in this process: leave out --sandbox-url")
        return self._running


def world_ids(name: str) -> Iterator[str]:
    """Ids for a world of that name, the best first: a part that can be read, and one that tells names apart."""
    path, bracket, parameters = name.partition("[")
    words = re.sub("[^a-z0-9]+", "-", (path.rpartition("::")[2] + bracket + parameters).lower()).strip("-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    first = f"{words[:_READABLE].strip('-')}-{digest}".strip("-")
    yield first
    for number in range(2, _NAMESAKES + 1):
        yield f"{first}-{number}"


@contextlib.contextmanager
def opened(options: Options) -> Iterator[SandboxServer]:
    """The sandbox that the options name, or one in this process for as long as the block lasts. Raises NoServer."""
    if options.url is not None:
        yield _elsewhere(options)
        return
    from sandbox.embedded import Sandbox
    from sandbox.server import BindError

    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(Sandbox(port=options.port))
        except BindError as error:
            raise NoServer(str(error)) from None
        control = running.control
        if options.mode == "process":

            def ask(method: str, target: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
                sent = {"Host": running.url.partition("://")[2], **headers}
                pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()]
                answer = running.request(method, target, pairs, body or b"")
                return answer.status, answer.body

            control = ControlClient.through(ask)
        yield SandboxServer(running.url, control, options, running)


def _elsewhere(options: Options) -> SandboxServer:
    """A sandbox that runs already, once it has answered and let us in."""
    url = (options.url or "").rstrip("/")
    try:
        control = ControlClient(url, options.control_key, authority=options.ca)
    except OSError as error:
        raise NoServer(f"--sandbox-ca {options.ca}: {error.strerror or error}") from None
    except ValueError as error:
        raise NoServer(f"--sandbox-url: {error}") from None
    try:
        if control.get_health()["status"] == "ok":
            # Health needs no key, and this does.
            control.list_worlds(limit=1)
            return SandboxServer(url, control, options)
    except Unreachable as error:
        raise NoServer(f"--sandbox-url: {error}") from None
    except ControlError as error:
        if error.problem.get("status") == error.status:
            hint = ": give --sandbox-control-key" if error.status == 401 else ""
            raise NoServer(f"--sandbox-url {url}: {error}{hint}") from None
    except (ValueError, LookupError, TypeError):
        # Not what a sandbox says.
        pass
    raise NoServer(f"--sandbox-url {url}: what answers there is no sandbox")
