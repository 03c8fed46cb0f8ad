"""The world of a test, as its fixture `sandbox` hands it out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from sandbox.client import ControlError, Unreachable, WorldControl, shapes
from sandbox_pytest.apis import Hrms, Scan2Evolve
from sandbox_pytest.paging import PAGE, all_items

if TYPE_CHECKING:
    from sandbox.embedded import AsgiApplication
    from sandbox_pytest.server import SandboxServer


class SandboxWorld:
    """A world of both APIs that nobody else is in, and all that a test wants of it.

    `id` is its name, `url` where its server listens, `world` what POST /_sandbox/worlds answered: its base URLs and
    credentials. `control` is the typed client of its control plane, for whatever has no shortcut here.
    """

    def __init__(self, server: SandboxServer, world: shapes.WorldCreated, settings: Mapping[str, Any]) -> None:
        self.server = server
        self.world = world
        #: What it was made with.
        self.settings = settings
        self.id = world["id"]
        self.url = server.url
        self.control: WorldControl = server.control.world(self.id)
        #: Whatever is to be closed when the world ends.
        self.closing = contextlib.ExitStack()

    def __repr__(self) -> str:
        return f"<SandboxWorld {self.id!r} at {self.url}>"

    @property
    def header(self) -> dict[str, str]:
        """What names this world in a request whose credentials do not: one without any, or with wrong ones."""
        return {"X-Sandbox-World": self.id}

    @cached_property
    def hrms(self) -> Hrms:
        """Its HRMS, as the fixture `hrms` has it."""
        return Hrms(self)

    @cached_property
    def scan2evolve(self) -> Scan2Evolve:
        """Its first organization of Scan2Evolve, as the fixture `scan2evolve` has it."""
        return self.organizations[0]

    @cached_property
    def organizations(self) -> list[Scan2Evolve]:
        """Scan2Evolve as each of its organizations sees it."""
        return [Scan2Evolve(self, row) for row in self.world["scan2evolve"]["organizations"]]

    def asgi(self) -> AsgiApplication:
        """The server as an ASGI application; RuntimeError where it does not run in this process."""
        return self.server.asgi()

    # -- time --------------------------------------------------------------------------------------------

    @property
    def now(self) -> str:
        """The time in this world, like 2024-11-18T10:30:00.000Z."""
        return self.control.get_clock()["now"]

    def advance(self, seconds: float) -> None:
        """Move this world's clock forward: tokens expire and rate windows end, and nobody has slept.

        Give it to your code in place of time.sleep, and waiting takes no time.
        """
        self.control.advance_clock(seconds=seconds)

    # -- what came of it ---------------------------------------------------------------------------------

    def verify(
        self,
        *,
        times: int | None = None,
        at_least: int | None = None,
        after: str | None = None,
        **pattern: Unpack[shapes.Pattern],
    ) -> shapes.Verified:
        """See that the journal holds requests that fit the pattern: exactly `times`, or `at_least` so many (once).

        With `after` only entries count that came behind the one of that id. Raises AssertionError where it does not
        hold, with what was expected, which request comes nearest and what differs; ControlError where the pattern is
        one that no request can ever fit.
        """
        __tracebackhide__ = True
        wanted: shapes.Verification = {"pattern": pattern}
        if times is not None:
            wanted["times"] = times
        if at_least is not None:
            wanted["at_least"] = at_least
        return self._verified(wanted, after)

    def verify_in_order(self, *patterns: shapes.Pattern, after: str | None = None) -> shapes.Verified:
        """See that the journal holds a request for each pattern, each behind the one before; raises like `verify`."""
        __tracebackhide__ = True
        return self._verified({"in_order": list(patterns)}, after)

    def _verified(self, wanted: shapes.Verification, after: str | None) -> shapes.Verified:
        __tracebackhide__ = True
        if after is not None:
            wanted["after"] = after
        try:
            return self.control.verify_journal(**wanted)
        except ControlError as error:
            if error.problem.get("type") != "/problems/verification-failed":
                raise
            failed = error.detail
        # Outside of the except block, so that the report has one sentence and no chain of errors.
        raise AssertionError(failed)

    def journal(self, *, operation: str | None = None, status: int | None = None) -> list[shapes.JournalEntry]:
        """What was asked of both APIs in this world and what was decided, oldest first."""
        control = self.control
        return all_items(
            lambda after: control.list_journal(operation=operation, status=status, after=after, limit=PAGE)
        )

    def outbox(self, *, to: str | None = None) -> list[shapes.OutboxMessage]:
        """The e-mails that would have gone out, oldest first; those to one address with `to`."""
        return all_items(lambda after: self.control.list_outbox(to=to, after=after, limit=PAGE))

    def employees(self) -> list[shapes.Employee]:
        """The employees of its first organization, as `scan2evolve.employees()` has them."""
        return self.scan2evolve.employees()

    # -- its end -----------------------------------------------------------------------------------------

    def delete(self) -> None:
        """End it; where it is gone already, or its server is, there is nothing left to do."""
        with contextlib.suppress(ControlError, Unreachable):
            self.control.delete_world()
