"""List, make, read, change and delete: what every collection of the control plane has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from sandbox.calls import Call, Reply
from sandbox.control.api import Handler, body_of, page, world_of
from sandbox.control.problems import invalid, missing
from sandbox.scan2evolve.records import is_blank

Item = TypeVar("Item")
Place = TypeVar("Place")


class Collection(ABC, Generic[Place, Item]):
    """One collection: `Place` is what holds it, an organization or a directory.

    A subclass says what its items are; `handlers` binds the operations of the document to it.
    """

    singular: str
    plural: str
    label: str
    #: Keys whose text must not be blank.
    not_blank: tuple[str, ...] = ("name",)

    @abstractmethod
    async def place(self, call: Call) -> Place:
        """What holds the collection that the path names."""

    @abstractmethod
    def items(self, place: Place) -> Iterable[tuple[str, Item]]:
        """(id, item) in order of creation."""

    @abstractmethod
    def find(self, place: Place, item_id: str) -> Item | None:
        """The item of that id."""

    @abstractmethod
    def show(self, place: Place, item: Item) -> dict[str, Any]:
        """The item as the document describes it."""

    @abstractmethod
    def create(self, call: Call, place: Place, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make an item; its id and what the 201 shows of it."""

    @abstractmethod
    def change(self, call: Call, place: Place, item: Item, body: dict[str, Any]) -> Item:
        """Apply a merge patch that is known to be well-formed; the item as it is now."""

    @abstractmethod
    def delete(self, call: Call, place: Place, item: Item) -> None:
        """Delete an item with everything that refers to it."""

    def handlers(self) -> dict[str, Handler]:
        """OperationId -> handler."""
        return {
            f"list{self.plural}": self._list,
            f"create{self.singular}": self._create,
            f"get{self.singular}": self._get,
            f"patch{self.singular}": self._patch,
            f"delete{self.singular}": self._delete,
        }

    async def _list(self, call: Call) -> Reply:
        place = await self.place(call)
        return page(call, self.items(place), lambda _, item: self.show(place, item))

    async def _create(self, call: Call) -> Reply:
        place = await self.place(call)
        body = body_of(call)
        self._check_blanks(body)
        item_id, shown = self.create(call, place, body)
        location = f"{call.path.decode('latin-1').rstrip('/')}/{item_id}"
        headers = [(b"location", location.encode())]
        if self.secret:
            headers.append((b"cache-control", b"no-store"))
        return Reply(201, shown, headers=headers)

    #: Whether the 201 shows a secret.
    secret = False

    async def _get(self, call: Call) -> Reply:
        place = await self.place(call)
        return Reply(payload=self.show(place, self._found(call, place)))

    async def _patch(self, call: Call) -> Reply:
        place = await self.place(call)
        item = self._found(call, place)
        body = body_of(call)
        self._check_blanks(body)
        return Reply(payload=self.show(place, self.change(call, place, item, body)))

    async def _delete(self, call: Call) -> Reply:
        place = await self.place(call)
        self.delete(call, place, self._found(call, place))
        return Reply(204)

    def _found(self, call: Call, place: Place) -> Item:
        item = self.find(place, call.path_values[-1])
        if item is None:
            raise missing(f"{self.label} {call.path_values[-1]!r}", "#/path/id")
        return item

    def _check_blanks(self, body: dict[str, Any]) -> None:
        for key in self.not_blank:
            if isinstance(body.get(key), str) and is_blank(body[key]):
                raise invalid(f"/{key}: must not be blank", f"/{key}")


__all__ = ["Collection", "world_of"]
