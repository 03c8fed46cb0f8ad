"""What the model knows of a world: organizations, employees, users, mail. Records are replaced, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Claims = tuple[str, ...]
Why = Mapping[str, Claims]

MANAGER = "site_manager"
# Fields of a record that are stored as given.
PLAIN = ("firstName", "lastName", "email", "phone", "jobTitle", "department", "hireDate", "supervisor", "metadata")
FIELDS = (*PLAIN, "terminationDate")


@dataclass(eq=False)
class Symbol:
    """An id that the target makes; `value` is None until the target has first shown it."""

    prefix: str
    value: str | None = None


@dataclass(frozen=True)
class User:
    """An account. `employee` is the externalEmployeeId it is linked to; `name` counts while that is None.

    `follows`: the username was made from the e-mail, and nobody has given one. `why`: field -> claims.
    """

    id: Symbol
    email: str
    name: str
    username: str
    follows: bool
    enabled: bool = True
    must_reset: bool = False
    employee: str | None = None
    why: Why = field(default_factory=dict)


@dataclass(frozen=True)
class Employee:
    """An employee. `fields`: those of FIELDS, None where there is none. `why`: field -> claims.

    `groups`: groupName -> role in it, `sites`: UUID -> role there. `last`: the record accepted last.
    """

    external_id: str
    id: Symbol
    status: str
    fields: Mapping[str, Any]
    display_name: str
    name_given: bool
    roles: tuple[str, ...] = ()
    groups: Mapping[str, str | None] = field(default_factory=dict)
    sites: Mapping[str, str | None] = field(default_factory=dict)
    last: Mapping[str, Any] | None = None
    why: Why = field(default_factory=dict)


@dataclass(frozen=True)
class Mail:
    """A welcome mail. `with_password`: it holds a temporary password. `at`: milliseconds, None if not known."""

    to: str
    with_password: bool
    at: int | None
    claims: Claims


@dataclass
class Organization:
    """What can be assigned, and who is there. `sites`: UUID -> (name, code), None where that is not known.

    Employees and users stand in the order in which they came.
    """

    organization_id: str | None
    roles: tuple[str, ...]
    groups: tuple[tuple[str, str | None], ...]
    sites: Mapping[str, tuple[str, str | None] | None]
    employees: dict[str, Employee] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)

    def user_of(self, external_id: str) -> User | None:
        """The account of an employee."""
        return next((user for user in self.users if user.employee == external_id), None)

    def put_user(self, user: User) -> None:
        """Store a user in their old place, or as the newest."""
        for index, known in enumerate(self.users):
            if known.id is user.id:
                self.users[index] = user
                return
        self.users.append(user)

    def role(self, name: str, readings: Mapping[str, str]) -> str | None:
        """The organization's own spelling of a role, None if it has none of that name."""
        return next((role for role in self.roles if same_role(role, name, readings)), None)


@dataclass
class World:
    """One world. `now`: milliseconds since 1970 on its clock, None where that cannot be known.

    `quiet`: e-mail in folded case -> the claims by which the last sync sent nothing there. `undecided`: something
    was asked for that no source decides, and from there on nothing is known.
    """

    readings: Mapping[str, str]
    organizations: list[Organization]
    now: int | None = None
    outbox: list[Mail] = field(default_factory=list)
    quiet: dict[str, Claims] = field(default_factory=dict)
    undecided: bool = False

    def others(self, org: int) -> list[Organization]:
        """All organizations but one."""
        return [organization for index, organization in enumerate(self.organizations) if index != org]

    def known_ids(self) -> set[str]:
        """All ids that the target has shown."""
        symbols = [user.id for organization in self.organizations for user in organization.users]
        symbols += [who.id for organization in self.organizations for who in organization.employees.values()]
        return {symbol.value for symbol in symbols if symbol.value is not None}


def blank(text: str) -> bool:
    """Empty, or white space only."""
    return not text.strip()


def alike(one: str, other: str) -> bool:
    """Equal without case."""
    return one.casefold() == other.casefold()


def same_role(one: str, other: str, readings: Mapping[str, str]) -> bool:
    """Whether two names mean the same role, by reading `role-case`."""
    return one == other if readings["role-case"] == "exact" else alike(one, other)
