"""What goes on in a world right now: the calls that are not in its journal yet, and who waits for one that will be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sandbox.clock import instant_text
from sandbox.journal import redact

if TYPE_CHECKING:
    from sandbox.calls import Call


class Traffic:
    """The traffic of one world; it outlives a reset.

    A call is under way from when its credentials have named its world until it is in the journal. Before, while a
    token request's body comes in that will say whose it is, or a head is not whole, it is nobody's and seen nowhere.
    """

    __slots__ = ("over", "under_way", "watchers")

    def __init__(self) -> None:
        self.under_way: dict[Call, None] = {}
        #: Set whenever something has been journaled, has left, or has become of the world.
        self.watchers: dict[asyncio.Event, None] = {}
        #: Why nothing will come any more, None while something may.
        self.over: str | None = None

    def tell(self) -> None:
        """Wake all who wait; each looks for itself."""
        for bell in self.watchers:
            bell.set()

    def end(self, why: str) -> None:
        """Nothing will come any more."""
        self.over = why
        self.tell()

    def view(self) -> list[dict[str, Any]]:
        """The calls under way, the longest first, as the control plane shows them."""
        return [
            {
                "method": call.method,
                "path": redact(call.path).decode("latin-1"),
                "operation": None if call.operation is None else call.operation.id,
                "since": instant_text(call.now),
            }
            for call in self.under_way
        ]
