"""The control plane's client: typed, and made of the standard library alone.

`ControlClient(url)` has a method for each operation that concerns the server, `.world(id)` one for each that concerns
a world. A method is called like its operationId, in snake case: `createWorld` is `create_world`.
"""

from __future__ import annotations

from sandbox.client.operations import ServerOperations, WorldOperations
from sandbox.client.transport import SECONDS, Channel, ControlError, HttpChannel, Unreachable

__all__ = ["Channel", "ControlClient", "ControlError", "Unreachable", "WorldControl"]


class WorldControl(WorldOperations):
    """One world of a sandbox, there or not."""

    def __init__(self, channel: Channel, world: str, key: str | None = None) -> None:
        super().__init__(channel, key, f"/_sandbox/worlds/{self.quoted(world)}")
        self.id = world


class ControlClient(ServerOperations):
    """The control plane of the sandbox at `url`.

    `key` is its control key, where it demands one; `authority` a PEM file with the authority of its certificate, where
    it speaks HTTPS; `timeout` in seconds. Threads may share a client. Its methods raise ControlError where the sandbox
    refuses, and Unreachable where none answers.
    """

    def __init__(
        self, url: str, key: str | None = None, *, authority: str | None = None, timeout: float = SECONDS
    ) -> None:
        super().__init__(HttpChannel(url, authority, timeout), key)

    @classmethod
    def through(cls, channel: Channel, key: str | None = None) -> ControlClient:
        """A client that sends its requests through `channel`, whatever that is."""
        client = cls.__new__(cls)
        ServerOperations.__init__(client, channel, key)
        return client

    def world(self, world: str = "default") -> WorldControl:
        """The world of that id, with its operations; asks nothing of the sandbox yet."""
        return WorldControl(self.channel, world, self.key)
