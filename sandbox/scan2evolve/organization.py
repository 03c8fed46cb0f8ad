"""An organization's people and what they can be assigned to: the state, and its invariants.

Everything stored is an immutable record; a change swaps a whole record, so a reader never sees half
of one. The look-up tables beside the records are derived and rebuilt on restore.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from sandbox.ids import Name
from sandbox.jsontext import decode
from sandbox.scan2evolve.records import is_email

Status = Literal["ACTIVE", "INACTIVE", "TERMINATED"]

SITE_MANAGER = "site_manager"

# What ids in a snapshot must look like.
SiteId = Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\Z")]
UserId = Annotated[str, msgspec.Meta(pattern="^user_[0-9a-f]{16}\\Z")]
EmployeeId = Annotated[str, msgspec.Meta(pattern="^emp_[0-9a-f]{24}\\Z")]


class Role(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A role of the organization; names are compared as the reading `role-case` says."""

    id: Name
    name: str


class Group(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A group; `external_id` is the caller's own key for it, where it has one."""

    id: Name
    name: str
    external_id: str | None


class Site(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A site; `id` is its UUID, compared without case."""

    id: SiteId
    name: str
    code: str | None


class User(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An account. `employee` is the externalEmployeeId it is linked to, or None.

    `username_given`: False while the username is merely the e-mail and follows it.
    """

    id: UserId
    email: str
    username: str
    username_given: bool
    enabled: bool
    must_reset_password: bool
    name: str
    employee: str | None


# (group or site id, role): a group's role is free text, a site's the id of a role.
Assignment = tuple[str, str | None]


class Employee(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An employee as last synced. `metadata` is JSON text, dates are shown as they were given."""

    external_id: Name
    id: EmployeeId
    status: Status
    first_name: str | None
    last_name: str | None
    display_name: str
    display_name_given: bool
    email: str | None
    phone: str | None
    job_title: str | None
    department: str | None
    hire_date: str | None
    termination_date: str | None
    supervisor: tuple[str | None, str | None] | None
    metadata: str | None
    roles: tuple[str, ...]
    groups: tuple[Assignment, ...]
    sites: tuple[Assignment, ...]
    user: str | None


class Conflict(Exception):
    """A change from outside that an invariant forbids."""


class OrganizationState(msgspec.Struct, forbid_unknown_fields=True):
    """An organization in a snapshot, in order of creation throughout."""

    id: Name
    name: Name
    roles: list[Role]
    groups: list[Group]
    sites: list[Site]
    employees: list[Employee]
    users: list[User]

    def check(self) -> None:
        """Raise Conflict where a reference leads nowhere or an id comes twice."""
        roles = {role.id for role in self.roles}
        groups = {group.id for group in self.groups}
        sites = {site.id for site in self.sites}
        users = {user.id for user in self.users}
        employees = {employee.external_id for employee in self.employees}
        for employee in self.employees:
            who = f"employee {employee.external_id}"
            used = {*employee.roles, *(role for _, role in employee.sites if role is not None)}
            if not used <= roles or not {g for g, _ in employee.groups} <= groups:
                raise Conflict(f"{who} has a role or group that is not there")
            if not {site for site, _ in employee.sites} <= sites:
                raise Conflict(f"{who} has a site that is not there")
            if employee.metadata is not None and not _is_object(employee.metadata):
                raise Conflict(f"{who} has metadata that is no JSON object")
            if employee.user is not None and employee.user not in users:
                raise Conflict(f"{who} and user {employee.user} are not linked to each other")
        for user in self.users:
            if user.employee is not None and user.employee not in employees:
                raise Conflict(f"user {user.id} and employee {user.employee} are not linked to each other")
        for what, keys in (
            ("role id", [role.id for role in self.roles]),
            ("group id", [group.id for group in self.groups]),
            ("site id", [site.id.casefold() for site in self.sites]),
            ("externalEmployeeId", [e.external_id for e in self.employees]),
            ("user id", [u.id for u in self.users]),
        ):
            if len(set(keys)) != len(keys):
                raise Conflict(f"{what} comes twice")

    def check_rules(self) -> None:
        """Raise Conflict where there is what the rules of employee sync never let come about."""
        managers = {role.id for role in self.roles if role.name == SITE_MANAGER}
        users = {user.id: user for user in self.users}
        employees = {employee.external_id: employee for employee in self.employees}
        for employee in self.employees:
            who = f"employee {employee.external_id}"
            if managers.intersection(employee.roles) and not employee.sites:
                raise Conflict(f"{who} holds site_manager and has no site")
            if employee.user is not None and users[employee.user].employee != employee.external_id:
                raise Conflict(f"{who} and user {employee.user} are not linked to each other")
        for user in self.users:
            if not is_email(user.email):
                raise Conflict(f"user {user.id} has no e-mail")
            owner = employees.get(user.employee or "")
            if owner is not None and (owner.email or "").casefold() != user.email.casefold():
                raise Conflict(f"user {user.id} has another e-mail than employee {user.employee}")
            if user.employee is not None and employees[user.employee].user != user.id:
                raise Conflict(f"user {user.id} and employee {user.employee} are not linked to each other")
        for what, keys in (
            ("employee e-mail", [e.email.casefold() for e in self.employees if e.email is not None]),
            ("user e-mail", [u.email.casefold() for u in self.users]),
            ("username", [u.username.casefold() for u in self.users]),
        ):
            if len(set(keys)) != len(keys):
                raise Conflict(f"{what} comes twice")


def folded(text: str) -> str:
    """`text` without case: itself, not a copy, where that makes no difference, which saves much memory."""
    other = text.casefold()
    return text if other == text else other


def index() -> dict[str, Any]:
    """An empty dict in which keys are looked up without being touched.

    A dict that never had any but texts for keys reads the hash of a key from the key itself, which in a
    large world is seldom in the processor's caches. Once it had another key it keeps the hashes at hand.
    """
    table: dict[Any, Any] = {None: None}
    del table[None]
    return table


def _free(table: dict[str, str], key: str, owner: str) -> None:
    """Take a key from its owner; where a deviation let two have it, the other one keeps it."""
    if table.get(key) == owner:
        del table[key]


def _is_object(text: str) -> bool:
    try:
        return isinstance(decode(text.encode()), dict)
    except ValueError:
        return False


class Organization:
    """One organization's records by id, and look-up tables by what requests name them by."""

    def __init__(self, state: OrganizationState) -> None:
        self.id = state.id
        self.name = state.name
        self.roles = {role.id: role for role in state.roles}
        self.groups = {group.id: group for group in state.groups}
        self.sites = {site.id: site for site in state.sites}
        self.employees: dict[str, Employee] = index()
        self._users: dict[str, User] = index()
        # New accounts that are not in the index yet: making thousands needs no look-up of any.
        self._new_users: list[User] = []
        self.employee_by_email: dict[str, str] = index()
        # An account that is linked has its employee's e-mail; the others stand here.
        self.unlinked_by_email: dict[str, str] = {}
        self.user_by_username: dict[str, str] = index()
        for employee in state.employees:
            self.employees[employee.external_id] = employee
            if employee.email is not None:
                self.employee_by_email[employee.email.casefold()] = employee.external_id
        for user in state.users:
            self._users[user.id] = user
            if user.employee is None:
                self.unlinked_by_email[user.email.casefold()] = user.id
            self.user_by_username[user.username.casefold()] = user.id
        self.index_assignables()

    @property
    def users(self) -> dict[str, User]:
        """All accounts by id, oldest first."""
        if self._new_users:
            new, self._new_users = self._new_users, []
            self._users.update((user.id, user) for user in new)
        return self._users

    def state(self) -> OrganizationState:
        """For a snapshot."""
        return OrganizationState(
            id=self.id,
            name=self.name,
            roles=list(self.roles.values()),
            groups=list(self.groups.values()),
            sites=list(self.sites.values()),
            employees=list(self.employees.values()),
            users=list(self.users.values()),
        )

    def index_assignables(self) -> None:
        """Make the tables of roles, groups and sites anew; the first of equal names counts."""
        self.role_by_name: dict[str, str] = {}
        self.role_by_casefold: dict[str, str] = {}
        self.group_by_name: dict[str, str] = {}
        self.group_by_external_id: dict[str, str] = {}
        for role in self.roles.values():
            self.role_by_name.setdefault(role.name, role.id)
            self.role_by_casefold.setdefault(role.name.casefold(), role.id)
        for group in self.groups.values():
            self.group_by_name.setdefault(group.name, group.id)
            if group.external_id is not None:
                self.group_by_external_id.setdefault(group.external_id, group.id)
        self.site_by_id = {site.id.casefold(): site.id for site in self.sites.values()}

    def knows_email(self, folded: str) -> bool:
        """Whether an employee or user of this organization has that e-mail (S2E-FIELD-11)."""
        return folded in self.employee_by_email or folded in self.unlinked_by_email

    # What a sync writes -----------------------------------------------------------------------

    def put_employee(self, before: Employee | None, after: Employee, key: str | None = None) -> None:
        """Store `after` in place of `before`, and free an e-mail it no longer has (S2E-ACCT-11).

        `key` is the folded e-mail, where that is known already.
        """
        email = after.email
        if before is None or before.email != email:
            if before is not None and before.email is not None:
                _free(self.employee_by_email, before.email.casefold(), before.external_id)
            if email is not None:
                self.employee_by_email[key or folded(email)] = after.external_id
        self.employees[after.external_id] = after

    def put_user(self, before: User | None, after: User, key: str | None = None) -> None:
        """Store `after` in place of `before`; `key` is the folded username, where that is known already."""
        if before is None:
            self._new_users.append(after)
        else:
            self.users[after.id] = after
            if before.employee is None:
                _free(self.unlinked_by_email, before.email.casefold(), before.id)
            _free(self.user_by_username, before.username.casefold(), before.id)
            key = None
        if after.employee is None:
            self.unlinked_by_email[after.email.casefold()] = after.id
        self.user_by_username[key or folded(after.username)] = after.id

    def user_of_email(self, email: str) -> str | None:
        """The id of the user who has that e-mail, linked or not."""
        key = email.casefold()
        owner = self.employee_by_email.get(key)
        linked = None if owner is None else self.employees[owner].user
        return linked or self.unlinked_by_email.get(key)

    # What only the control plane does -----------------------------------------------------------

    def remove_user(self, user: User) -> None:
        """Delete an account; its employee, if any, stays without one."""
        if user.employee is not None:
            employee = self.employees[user.employee]
            self.employees[user.employee] = msgspec.structs.replace(employee, user=None)
        del self.users[user.id]
        if user.employee is None:
            _free(self.unlinked_by_email, user.email.casefold(), user.id)
        _free(self.user_by_username, user.username.casefold(), user.id)

    def remove_role(self, role_id: str) -> None:
        """Delete a role and take it off everybody, site-level uses too."""
        for employee in list(self.employees.values()):
            if role_id in employee.roles or any(role == role_id for _, role in employee.sites):
                self.employees[employee.external_id] = msgspec.structs.replace(
                    employee,
                    roles=tuple(role for role in employee.roles if role != role_id),
                    sites=tuple((site, None if role == role_id else role) for site, role in employee.sites),
                )
        del self.roles[role_id]
        self.index_assignables()

    def remove_group(self, group_id: str) -> None:
        """Delete a group and take everybody out of it."""
        for employee in list(self.employees.values()):
            if any(group == group_id for group, _ in employee.groups):
                kept = tuple(item for item in employee.groups if item[0] != group_id)
                self.employees[employee.external_id] = msgspec.structs.replace(employee, groups=kept)
        del self.groups[group_id]
        self.index_assignables()

    def remove_site(self, site_id: str) -> None:
        """Delete a site and take everybody off it.

        Raises Conflict where it is the last site of somebody who holds site_manager (S2E-SM-05).
        """
        changed = []
        for employee in self.employees.values():
            kept = tuple(item for item in employee.sites if item[0] != site_id)
            if len(kept) == len(employee.sites):
                continue
            if not kept and self.holds_site_manager(employee):
                raise Conflict(
                    f"site {site_id} is the last site of employee {employee.external_id}, who holds site_manager"
                )
            changed.append(msgspec.structs.replace(employee, sites=kept))
        for employee in changed:
            self.employees[employee.external_id] = employee
        del self.sites[site_id]
        self.index_assignables()

    def holds_site_manager(self, employee: Employee) -> bool:
        """Whether one of the employee's roles is site_manager, in whatever case it is spelt."""
        return any(self.roles[role].name.casefold() == SITE_MANAGER for role in employee.roles)

    # How an employee and a user are shown ---------------------------------------------------------

    def employee_view(self, employee: Employee) -> dict[str, Any]:
        """The control plane's Employee, `metadata` still as JSON text."""
        user = self.users[employee.user] if employee.user is not None else None
        supervisor = employee.supervisor
        return {
            "externalEmployeeId": employee.external_id,
            "employeeId": employee.id,
            "status": employee.status,
            "firstName": employee.first_name,
            "lastName": employee.last_name,
            "displayName": employee.display_name,
            "email": employee.email,
            "phone": employee.phone,
            "jobTitle": employee.job_title,
            "department": employee.department,
            "hireDate": employee.hire_date,
            "terminationDate": employee.termination_date,
            "supervisor": None
            if supervisor is None
            else {k: v for k, v in zip(("name", "email"), supervisor, strict=True) if v is not None},
            "metadata": employee.metadata,
            "roles": [self.roles[role].name for role in employee.roles],
            "groups": [
                {
                    "groupName": self.groups[group].name,
                    "externalGroupId": self.groups[group].external_id,
                    "role": role,
                }
                for group, role in employee.groups
            ],
            "sites": [
                {"id": site, "role": None if role is None else self.roles[role].name} for site, role in employee.sites
            ],
            "user": None
            if user is None
            else {
                "userId": user.id,
                "username": user.username,
                "email": user.email,
                "enabled": user.enabled,
                "mustResetPassword": user.must_reset_password,
            },
        }

    def user_view(self, user: User) -> dict[str, Any]:
        """A user as `GET /api/v1/users` shows it (S2E-USER-01, S2E-USER-02)."""
        employee = self.employees[user.employee] if user.employee is not None else None
        supervisor = (employee.supervisor if employee else None) or (None, None)
        sites = [self.sites[site] for site, _ in employee.sites] if employee else []
        return {
            "id": user.id,
            "name": employee.display_name if employee else user.name,
            "email": user.email,
            "isActive": user.enabled,
            "employeeNumber": user.employee,
            "supervisorName": supervisor[0],
            "supervisorEmail": supervisor[1],
            "lastSeen": None,
            "organizationId": self.id,
            "roles": [self.roles[role].name for role in employee.roles] if employee else [],
            "sites": [{"id": site.id, "name": site.name, "code": site.code} for site in sites],
        }
