"""The HRMS company of one environment: users, departments, positions and work locations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from sandbox.ids import Name

#: An id in a snapshot: it is put into paths and headers.
ItemId = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\\Z")]
UserStatus = Literal["active", "inactive"]


class Department(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A department (HRMS-DEPT-01)."""

    id: ItemId
    name: str
    code: str | None


class Position(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A position, that is a job title (HRMS-POS-01)."""

    id: ItemId
    name: str
    code: str | None


class WorkLocation(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A place of work."""

    id: ItemId
    name: str
    address: str | None
    city: str | None
    country: str | None


class Person(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A user of the HRMS (HRMS-USER-02)."""

    id: ItemId
    staff_id: Name
    email: str
    name: str
    preferred_name: str | None
    phone: str | None
    status: UserStatus
    department_id: str | None
    position_id: str | None
    work_location_ids: tuple[str, ...]
    manager_id: str | None


Item = TypeVar("Item", Department, Position, WorkLocation, Person)


class DirectoryState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A directory in a snapshot."""

    departments: tuple[Department, ...]
    positions: tuple[Position, ...]
    work_locations: tuple[WorkLocation, ...]
    users: tuple[Person, ...]

    def fault(self) -> str | None:
        """What does not hold together, None where all references lead somewhere."""
        departments = {item.id for item in self.departments}
        positions = {item.id for item in self.positions}
        locations = {item.id for item in self.work_locations}
        users = {item.id for item in self.users}
        for items in (self.departments, self.positions, self.work_locations, self.users):
            if len({item.id for item in items}) != len(items):
                return "an id comes twice"
        for person in self.users:
            for item_id, known in (
                (person.department_id, departments),
                (person.position_id, positions),
                (person.manager_id, users),
            ):
                if item_id is not None and item_id not in known:
                    return f"user {person.id} refers to {item_id}, which is not there"
            if not locations.issuperset(person.work_location_ids):
                return f"user {person.id} has a work location that is not there"
            if len(set(person.work_location_ids)) != len(person.work_location_ids):
                return f"user {person.id} has a work location twice"
        managers = {person.id: person.manager_id for person in self.users}
        # Whoever is left when all without a manager among them have gone is in a circle, or below one.
        while managers:
            free = [user_id for user_id, manager in managers.items() if manager not in managers]
            if not free:
                return f"user {next(iter(managers))} is in a circle of managers"
            for user_id in free:
                del managers[user_id]
        return None


class Directory:
    """One environment's records by id. `version` grows with every change, for whoever keeps a copy."""

    def __init__(self, state: DirectoryState) -> None:
        self.departments = {item.id: item for item in state.departments}
        self.positions = {item.id: item for item in state.positions}
        self.work_locations = {item.id: item for item in state.work_locations}
        self.users = {item.id: item for item in state.users}
        self.version = 0

    def state(self) -> DirectoryState:
        """For a snapshot."""
        return DirectoryState(
            tuple(self.departments.values()),
            tuple(self.positions.values()),
            tuple(self.work_locations.values()),
            tuple(self.users.values()),
        )

    def put(self, collection: dict[str, Item], item: Item) -> None:
        """Store `item` in one of this directory's collections."""
        collection[item.id] = item
        self.version += 1

    def remove(self, collection: dict[str, Any], item_id: str) -> None:
        """Delete a record and every reference to it."""
        del collection[item_id]
        self.version += 1
        forget = self._forgetting(collection, item_id)
        for person in list(self.users.values()):
            changed = forget(person)
            if changed is not None:
                self.users[person.id] = changed

    def _forgetting(self, collection: dict[str, Any], item_id: str) -> Callable[[Person], Person | None]:
        def forget(person: Person) -> Person | None:
            if collection is self.departments and person.department_id == item_id:
                return msgspec.structs.replace(person, department_id=None)
            if collection is self.positions and person.position_id == item_id:
                return msgspec.structs.replace(person, position_id=None)
            if collection is self.users and person.manager_id == item_id:
                return msgspec.structs.replace(person, manager_id=None)
            if collection is self.work_locations and item_id in person.work_location_ids:
                kept = tuple(place for place in person.work_location_ids if place != item_id)
                return msgspec.structs.replace(person, work_location_ids=kept)
            return None

        return forget
