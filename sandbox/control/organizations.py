"""Control plane: the Scan2Evolve organizations of a world and what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import orjson

from sandbox.calls import Call, Reply
from sandbox.clock import instant_text
from sandbox.control.api import Handler, fresh, page, world_of
from sandbox.control.collections import Collection
from sandbox.control.problems import conflict, missing
from sandbox.ids import digest
from sandbox.scan2evolve.organization import (
    SITE_MANAGER,
    Conflict,
    Employee,
    Group,
    Organization,
    Role,
    Site,
    User,
)
from sandbox.scan2evolve.tokens import Credential
from sandbox.worlds import World


def organization_of(call: Call) -> Organization:
    """The organization that the path names; 404 where there is none."""
    organization = world_of(call).organizations.get(call.path_values[1])
    if organization is None:
        raise missing(f"organization {call.path_values[1]!r}", "#/path/org")
    return organization


def organization_view(
    world: World, organization: Organization, secrets: dict[str, str] | None = None
) -> dict[str, Any]:
    """An organization as a World shows it; `secrets` (client_id -> secret) only when it is made."""
    clients = [c.client_id for c in world.tokens.credentials.values() if c.organization == organization.id]
    shown: dict[str, Any] = {
        "organization_id": organization.id,
        "organization_name": organization.name,
        "client_id": clients[0] if clients else None,
    }
    if secrets is not None:
        shown["client_secret"] = secrets[clients[0]]
    return shown | {
        "sites": [_site_view(site) for site in organization.sites.values()],
        "roles": [role.name for role in organization.roles.values()],
        "groups": [
            {"groupName": group.name, "externalGroupId": group.external_id} for group in organization.groups.values()
        ],
    }


def _site_view(site: Site) -> dict[str, Any]:
    return {"id": site.id, "name": site.name, "code": site.code}


def list_organizations(call: Call) -> Reply:
    """The organizations of a world."""
    world = world_of(call)
    return page(call, world.organizations.items(), lambda _, item: organization_view(world, item))


def list_employees(call: Call) -> Reply:
    """The employees of an organization, by externalEmployeeId or e-mail if asked."""
    organization = organization_of(call)
    found: Iterable[Employee] = organization.employees.values()
    external_id, email = call.query.get("externalEmployeeId"), call.query.get("email")
    if email is not None:
        owner = organization.employee_by_email.get(email.casefold())
        found = [organization.employees[owner]] if owner is not None else []
    if external_id is not None:
        wanted = organization.employees.get(external_id)
        found = [employee for employee in (wanted,) if employee is not None and (email is None or employee in found)]

    def show(_: str, employee: Employee) -> dict[str, Any]:
        shown = organization.employee_view(employee)
        if employee.metadata is not None:
            shown["metadata"] = orjson.loads(employee.metadata)
        return shown

    return page(call, ((employee.id, employee) for employee in found), show)


class _OfOrganization(Collection[Organization, Any]):
    async def place(self, call: Call) -> Organization:
        return organization_of(call)


class Sites(_OfOrganization):
    """Sites; an id is a UUID and compared without case."""

    singular, plural, label = "Site", "Sites", "site"

    def items(self, place: Organization) -> Iterable[tuple[str, Site]]:
        return place.sites.items()

    def find(self, place: Organization, item_id: str) -> Site | None:
        return place.sites.get(place.site_by_id.get(item_id.casefold(), ""))

    def show(self, place: Organization, item: Site) -> dict[str, Any]:
        return _site_view(item)

    def create(self, call: Call, place: Organization, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        world = world_of(call)
        site = Site(body.get("id") or world.ids.uuid(), body["name"], body.get("code"))
        if any(site.id.casefold() in other.site_by_id for other in world.organizations.values()):
            raise conflict(f"/id: site {site.id} exists already in this world", "/id")
        place.sites[site.id] = site
        place.index_assignables()
        return site.id, _site_view(site)

    def change(self, call: Call, place: Organization, item: Site, body: dict[str, Any]) -> Site:
        changed = Site(item.id, body.get("name", item.name), body.get("code", item.code))
        place.sites[item.id] = changed
        return changed

    def delete(self, call: Call, place: Organization, item: Site) -> None:
        try:
            place.remove_site(item.id)
        except Conflict as why:
            raise conflict(str(why)) from None


class Roles(_OfOrganization):
    """Roles; two may differ in case alone, which the reading role-case `exact` can tell apart."""

    singular, plural, label = "Role", "Roles", "role"

    def items(self, place: Organization) -> Iterable[tuple[str, Role]]:
        return place.roles.items()

    def find(self, place: Organization, item_id: str) -> Role | None:
        return place.roles.get(item_id)

    def show(self, place: Organization, item: Role) -> dict[str, Any]:
        return {"id": item.id, "name": item.name}

    def create(self, call: Call, place: Organization, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        self._check_free(place, body["name"], None)
        role = Role(world_of(call).ids.name("role"), body["name"])
        place.roles[role.id] = role
        place.index_assignables()
        return role.id, self.show(place, role)

    def change(self, call: Call, place: Organization, item: Role, body: dict[str, Any]) -> Role:
        changed = Role(item.id, body.get("name", item.name))
        self._check_free(place, changed.name, item.id)
        if changed.name.casefold() == SITE_MANAGER:
            for employee in place.employees.values():
                if item.id in employee.roles and not employee.sites:
                    raise conflict(
                        f"/name: employee {employee.external_id} holds it and has no site, which site_manager needs",
                        "/name",
                    )
        place.roles[item.id] = changed
        place.index_assignables()
        return changed

    @staticmethod
    def _check_free(place: Organization, name: str, own: str | None) -> None:
        if place.role_by_name.get(name, own) != own:
            raise conflict(f"/name: role {name!r} exists already", "/name")

    def delete(self, call: Call, place: Organization, item: Role) -> None:
        place.remove_role(item.id)


class Groups(_OfOrganization):
    """Groups, known by name and, where they have one, by external id."""

    singular, plural, label = "Group", "Groups", "group"
    not_blank = ("groupName", "externalGroupId")

    def items(self, place: Organization) -> Iterable[tuple[str, Group]]:
        return place.groups.items()

    def find(self, place: Organization, item_id: str) -> Group | None:
        return place.groups.get(item_id)

    def show(self, place: Organization, item: Group) -> dict[str, Any]:
        return {"id": item.id, "groupName": item.name, "externalGroupId": item.external_id}

    def create(self, call: Call, place: Organization, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        self._check_free(place, body, None)
        group = Group(world_of(call).ids.name("group"), body["groupName"], body.get("externalGroupId"))
        place.groups[group.id] = group
        place.index_assignables()
        return group.id, self.show(place, group)

    def change(self, call: Call, place: Organization, item: Group, body: dict[str, Any]) -> Group:
        self._check_free(place, body, item.id)
        changed = Group(item.id, body.get("groupName", item.name), body.get("externalGroupId", item.external_id))
        place.groups[item.id] = changed
        place.index_assignables()
        return changed

    @staticmethod
    def _check_free(place: Organization, body: dict[str, Any], own: str | None) -> None:
        for key, table in (("groupName", place.group_by_name), ("externalGroupId", place.group_by_external_id)):
            if body.get(key) is not None and table.get(body[key], own) != own:
                raise conflict(f"/{key}: {body[key]!r} is taken", f"/{key}")

    def delete(self, call: Call, place: Organization, item: Group) -> None:
        place.remove_group(item.id)


class OrganizationUsers(_OfOrganization):
    """Accounts; one made here is linked to nobody until a sync takes it up (S2E-ACCT-07)."""

    singular, plural, label = "OrganizationUser", "OrganizationUsers", "user"
    not_blank = ("name", "username")

    def items(self, place: Organization) -> Iterable[tuple[str, User]]:
        return place.users.items()

    def find(self, place: Organization, item_id: str) -> User | None:
        return place.users.get(item_id)

    def show(self, place: Organization, item: User) -> dict[str, Any]:
        return {
            "id": item.id,
            "email": item.email,
            "name": item.name,
            "username": item.username,
            "enabled": item.enabled,
            "mustResetPassword": item.must_reset_password,
            "externalEmployeeId": item.employee,
        }

    def create(self, call: Call, place: Organization, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        username = body.get("username", body["email"])
        self._check_free(world_of(call), place, None, body["email"], username)
        user = User(
            id="user_" + world_of(call).ids.draw()[24:40],
            email=body["email"],
            username=username,
            username_given="username" in body,
            enabled=True,
            must_reset_password=False,
            name=body["name"],
            employee=None,
        )
        place.put_user(None, user)
        return user.id, self.show(place, user)

    def change(self, call: Call, place: Organization, item: User, body: dict[str, Any]) -> User:
        email = body.get("email", item.email)
        username = body.get("username", item.username)
        follows = "username" not in body and not item.username_given and email != item.email
        if follows:
            username = email
        self._check_free(world_of(call), place, item, email, username)
        changed = msgspec.structs.replace(
            item,
            email=email,
            name=body.get("name", item.name),
            username=username,
            username_given=item.username_given or "username" in body,
            enabled=body.get("enabled", item.enabled),
        )
        place.put_user(item, changed)
        if item.employee is not None and email != item.email:
            # The account's e-mail and the employee's are one.
            employee = place.employees[item.employee]
            place.put_employee(employee, msgspec.structs.replace(employee, email=email))
        return changed

    @staticmethod
    def _check_free(world: World, place: Organization, own: User | None, email: str, username: str) -> None:
        folded = email.casefold()
        own_id = None if own is None else own.id
        if place.user_of_email(email) not in (None, own_id):
            raise conflict(f"/email: {email} is taken by another user", "/email")
        owner = place.employee_by_email.get(folded)
        if owner is not None and own is not None and own.employee is not None and owner != own.employee:
            raise conflict(f"/email: {email} is taken by employee {owner}", "/email")
        if any(other is not place and other.knows_email(folded) for other in world.organizations.values()):
            raise conflict(f"/email: {email} is taken in a different organization", "/email")
        if place.user_by_username.get(username.casefold(), own_id) != own_id:
            raise conflict(f"/username: {username} is taken", "/username")

    def delete(self, call: Call, place: Organization, item: User) -> None:
        place.remove_user(item)


class Credentials(Collection[tuple[World, Organization], Credential]):
    """API credentials; the secret is in the 201 alone. Deleting one revokes it (S2E-AUTH-15)."""

    singular, plural, label = "Credential", "Credentials", "credential"
    secret = True

    async def place(self, call: Call) -> tuple[World, Organization]:
        return world_of(call), organization_of(call)

    def items(self, place: tuple[World, Organization]) -> Iterable[tuple[str, Credential]]:
        world, organization = place
        return ((c.id, c) for c in world.tokens.credentials.values() if c.organization == organization.id)

    def find(self, place: tuple[World, Organization], item_id: str) -> Credential | None:
        return next((item for key, item in self.items(place) if key == item_id), None)

    def show(self, place: tuple[World, Organization], item: Credential) -> dict[str, Any]:
        return {
            "id": item.id,
            "client_id": item.client_id,
            "name": item.name,
            "created_at": instant_text(item.created_at),
        }

    def create(self, call: Call, place: tuple[World, Organization], body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        world, organization = place
        client_id = fresh(lambda: f"client_{world.ids.secret('client')[:24]}", world.tokens.credentials)
        secret = f"cs_{world.ids.secret('client secret')}"
        credential = Credential(
            id=fresh(lambda: world.ids.name("cred"), {c.id for c in world.tokens.credentials.values()}),
            organization=organization.id,
            client_id=client_id,
            secret_digest=digest(secret),
            name=body.get("name"),
            created_at=world.clock.now(),
        )
        world.tokens.credentials[client_id] = credential
        call.worlds.register_client(world, client_id)
        return credential.id, self.show(place, credential) | {"client_secret": secret}

    def change(
        self, call: Call, place: tuple[World, Organization], item: Credential, body: dict[str, Any]
    ) -> Credential:
        changed = msgspec.structs.replace(item, name=body.get("name", item.name))
        place[0].tokens.credentials[item.client_id] = changed
        return changed

    def delete(self, call: Call, place: tuple[World, Organization], item: Credential) -> None:
        place[0].tokens.revoke(item)


HANDLERS: dict[str, Handler] = {"listOrganizations": list_organizations, "listEmployees": list_employees}
for _collection in (Sites(), Roles(), Groups(), OrganizationUsers(), Credentials()):
    HANDLERS |= _collection.handlers()
