"""Control plane: the HRMS company of a world, one environment at a time, and its tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from sandbox.calls import Call, Reply
from sandbox.clock import instant_text
from sandbox.control.api import Handler, body_of, fresh, page, peopled_world_of, world_of
from sandbox.control.collections import Collection
from sandbox.control.problems import conflict, invalid, missing
from sandbox.hrms.directory import Department, Directory, Person, Position, WorkLocation
from sandbox.hrms.tokens import ENVIRONMENTS, ApplicationToken, Environment
from sandbox.ids import digest
from sandbox.scan2evolve.records import is_blank

Place = tuple[Environment, Directory]


class _OfDirectory(Collection[Place, Any]):
    """A collection of a directory. Without `environment`, an id is looked for in staging, then in uat."""

    #: The attribute of Directory that holds it, the kind of its items, and the prefix of new ids.
    attribute: str
    kind: type[Any]
    prefix: str

    def _table(self, directory: Directory) -> dict[str, Any]:
        table: dict[str, Any] = getattr(directory, self.attribute)
        return table

    async def place(self, call: Call) -> Place:
        world = await peopled_world_of(call)
        asked = call.query.get("environment")
        given = body_of(call).get("environment") if call.method == "POST" else None
        if asked is not None and given is not None and asked != given:
            raise invalid(f"/environment: {given} is not the query's {asked}", "/environment")
        if asked is None and given is None:
            if call.method == "POST":
                raise invalid("/environment: is required, here or in the query", "/environment")
            for environment in ENVIRONMENTS:
                if call.path_values[-1] in self._table(world.directories[environment]):
                    return environment, world.directories[environment]
        chosen: Environment = asked or given or "staging"
        return chosen, world.directories[chosen]

    def items(self, place: Place) -> Iterable[tuple[str, Any]]:
        return self._table(place[1]).items()

    def find(self, place: Place, item_id: str) -> Any:
        return self._table(place[1]).get(item_id)

    def show(self, place: Place, item: Any) -> dict[str, Any]:
        fields = msgspec.to_builtins(item)
        return {"id": fields.pop("id"), "environment": place[0], **fields}

    def create(self, call: Call, place: Place, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        table = self._table(place[1])
        item_id = body.get("id", "")
        if item_id in table:
            raise conflict(f"/id: {item_id} is taken", "/id")
        item = self._made(place, item_id, {k: v for k, v in body.items() if k not in ("id", "environment")})
        if not item_id:
            # Drawn last: a refused request uses none up.
            item = msgspec.structs.replace(item, id=world_of(call).ids.name(self.prefix))
        place[1].put(table, item)
        return item.id, self.show(place, item)

    def change(self, call: Call, place: Place, item: Any, body: dict[str, Any]) -> Any:
        changed = msgspec.structs.replace(item, **body)
        place[1].put(self._table(place[1]), changed)
        return changed

    def _made(self, place: Place, item_id: str, fields: dict[str, Any]) -> Any:
        names = self.kind.__struct_fields__
        return self.kind(**(dict.fromkeys(names) | {"id": item_id} | fields))

    def delete(self, call: Call, place: Place, item: Any) -> None:
        place[1].remove(self._table(place[1]), item.id)


class Departments(_OfDirectory):
    """Departments."""

    singular, plural, label = "HrmsDepartment", "HrmsDepartments", "department"
    attribute, kind, prefix = "departments", Department, "dept"


class Positions(_OfDirectory):
    """Positions."""

    singular, plural, label = "HrmsPosition", "HrmsPositions", "position"
    attribute, kind, prefix = "positions", Position, "pos"


class WorkLocations(_OfDirectory):
    """Work locations."""

    singular, plural, label = "HrmsWorkLocation", "HrmsWorkLocations", "work location"
    attribute, kind, prefix = "work_locations", WorkLocation, "loc"


class Users(_OfDirectory):
    """Users of the HRMS; what they refer to must be in the same environment."""

    singular, plural, label = "HrmsUser", "HrmsUsers", "user"
    attribute, kind, prefix = "users", Person, "user"
    not_blank = ("name", "staffId", "preferred_name", "phone")

    def show(self, place: Place, item: Person) -> dict[str, Any]:
        shown = super().show(place, item)
        return {
            "id": shown.pop("id"),
            "environment": shown.pop("environment"),
            "staffId": shown.pop("staff_id"),
            **shown,
        }

    def _made(self, place: Place, item_id: str, fields: dict[str, Any]) -> Person:
        defaults: dict[str, Any] = {
            "staffId": self._free_staff_id(place[1]),
            "preferred_name": None,
            "phone": None,
            "status": "active",
            "department_id": None,
            "position_id": None,
            "work_location_ids": [],
            "manager_id": None,
        }
        return self._checked(place[1], item_id, defaults | fields)

    def change(self, call: Call, place: Place, item: Person, body: dict[str, Any]) -> Person:
        before = self.show(place, item)
        del before["id"], before["environment"]
        changed = self._checked(place[1], item.id, before | body)
        place[1].put(place[1].users, changed)
        return changed

    @staticmethod
    def _free_staff_id(directory: Directory) -> str:
        taken = {person.staff_id for person in directory.users.values()}
        number = len(taken) + 1
        while f"S{number:04d}" in taken:
            number += 1
        return f"S{number:04d}"

    @staticmethod
    def _checked(directory: Directory, item_id: str, fields: dict[str, Any]) -> Person:
        """A person of these fields, if all that they refer to exists and no circle of managers closes."""
        for key, table in (
            ("department_id", directory.departments),
            ("position_id", directory.positions),
            ("manager_id", directory.users),
        ):
            if fields[key] is not None and fields[key] not in table:
                raise invalid(f"/{key}: there is no {fields[key]!r} in this environment", f"/{key}")
        for index, place in enumerate(fields["work_location_ids"]):
            if place not in directory.work_locations:
                where = f"/work_location_ids/{index}"
                raise invalid(f"{where}: there is no {place!r} in this environment", where)
        above = fields["manager_id"]
        while above is not None:
            if above == item_id:
                raise invalid("/manager_id: this would close a circle of managers", "/manager_id")
            above = directory.users[above].manager_id
        for other in directory.users.values():
            if other.staff_id == fields["staffId"] and other.id != item_id:
                raise conflict(f"/staffId: {other.staff_id} is taken by {other.id}", "/staffId")
        return Person(
            id=item_id,
            staff_id=fields["staffId"],
            work_location_ids=tuple(fields["work_location_ids"]),
            **{k: v for k, v in fields.items() if k not in ("staffId", "work_location_ids")},
        )


# -- application tokens --------------------------------------------------------------------------------


def token_view(token: ApplicationToken) -> dict[str, Any]:
    """A token without its text (HRMS-AUTH-05)."""
    return {
        "id": token.id,
        "name": token.name,
        "description": token.description,
        "scopes": list(token.scopes),
        "environment": token.environment,
        "created_at": instant_text(token.created_at),
    }


def list_tokens(call: Call) -> Reply:
    """The application tokens of a world."""
    environment = call.query.get("environment")
    tokens = (
        (token.id, token)
        for token in world_of(call).application_tokens.values()
        if environment is None or token.environment == environment
    )
    return page(call, tokens, lambda _, token: token_view(token))


def create_token(call: Call) -> Reply:
    """A new application token; its text is in this answer alone (HRMS-AUTH-05)."""
    world, body = world_of(call), body_of(call)
    if is_blank(body["name"]):
        raise invalid("/name: must not be blank", "/name")
    tokens = world.application_tokens
    text = f"hrms_{world.ids.secret('application token')}"
    while digest(text) in tokens:
        text = f"hrms_{world.ids.secret('application token')}"
    token = ApplicationToken(
        id=fresh(lambda: world.ids.name("token"), {token.id for token in tokens.values()}),
        digest=digest(text),
        name=body["name"],
        description=body.get("description"),
        scopes=tuple(body["scopes"]),
        environment=body["environment"],
        created_at=world.clock.now(),
    )
    world.application_tokens[token.digest] = world.access.kept(token, text)
    call.worlds.register_digest(world, token.digest)
    location = f"{call.path.decode('latin-1').rstrip('/')}/{token.id}"
    return Reply(
        201,
        token_view(token) | {"token": text},
        headers=[(b"location", location.encode()), (b"cache-control", b"no-store")],
    )


def delete_token(call: Call) -> Reply:
    """Revoke an application token (HRMS-AUTH-06)."""
    world = world_of(call)
    environment = call.query.get("environment")
    for token in world.application_tokens.values():
        if token.id == call.path_values[-1] and environment in (None, token.environment):
            world.access.revoke(world.application_tokens, token)
            return Reply(204)
    raise missing(f"token {call.path_values[-1]!r}", "#/path/id")


HANDLERS: dict[str, Handler] = {
    "listHrmsTokens": list_tokens,
    "createHrmsToken": create_token,
    "deleteHrmsToken": delete_token,
}
for _collection in (Departments(), Positions(), WorkLocations(), Users()):
    HANDLERS |= _collection.handlers()
