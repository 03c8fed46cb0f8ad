"""Employee sync, one record at a time: what it asks, whether the rules let it, what is then stored.

Nothing is written before the last rule has passed, so a record that fails leaves no trace
(S2E-BATCH-05).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from sandbox.ids import Ids, digest
from sandbox.jsontext import encode
from sandbox.readings import Readings
from sandbox.scan2evolve.organization import SITE_MANAGER, Assignment, Employee, Organization, User
from sandbox.scan2evolve.records import is_blank, unknown_fields, without_nulls
from sandbox.scan2evolve.rules import (
    GROUP_UNKNOWN,
    ROLE_UNKNOWN,
    SITE_UNKNOWN,
    Rule,
    RuleBook,
)


class WelcomeMail(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A welcome e-mail (S2E-ACCT-04); `temporary_password` only where a reset is forced too (S2E-ACCT-05)."""

    to: str
    name: str
    username: str
    organization: str
    sent_at: int
    temporary_password: str | None


class Outcome(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What became of one record: an employee stored, or the rule that refused it.

    `warnings` are (rule name, text); `external_id` is None where the record had none that is a text.
    """

    external_id: str | None
    status: Literal["CREATED", "UPDATED", "ERROR"]
    employee_id: str | None
    user_id: str | None
    warnings: tuple[tuple[str, str], ...]
    rule: str | None
    message: str | None
    ignored: tuple[str, ...]


class Batch:
    """What all records of one request share."""

    def __init__(
        self,
        organization: Organization,
        others: Iterable[Organization],
        readings: Readings,
        rulebook: RuleBook,
        ids: Ids,
        now: int,
        send: Callable[[WelcomeMail], Any],
    ) -> None:
        self.organization = organization
        self.others = tuple(others)
        self.readings = readings
        self.rulebook = rulebook
        self.ids = ids
        self.now = now
        self.send = send
        self.seen: set[str] = set()
        self._exact = readings.role_case == "exact"
        self._roles: dict[str, tuple[str | None, bool]] = {}
        self.manager_roles = {role.id for role in organization.roles.values() if self._is_manager(role.name)}

    def _is_manager(self, name: str) -> bool:
        return (name if self._exact else name.casefold()) == SITE_MANAGER

    def role(self, name: str) -> tuple[str | None, bool]:
        """The id of the organization's role of that name, None if unknown; whether it names site_manager."""
        found = self._roles.get(name)
        if found is None:
            organization = self.organization
            role_id = organization.role_by_name.get(name)
            if role_id is None and not self._exact:
                role_id = organization.role_by_casefold.get(name.casefold())
            found = self._roles[name] = (role_id, self._is_manager(name))
        return found

    def sync(self, record: Any, well_formed: bool = False) -> Outcome:
        """Process one record in its own transaction.

        `well_formed` says that the record is known to be valid against the EmployeeRecord schema and
        to hold no unknown field: the rules that follow from this are not run again.
        """
        ignored: tuple[str, ...] = ()
        if not well_formed:
            ignored = tuple(unknown_fields(record))
        if self.readings.null_field == "ignored" and isinstance(record, dict):
            record = without_nulls(record)
        attempt = Attempt(self, record)
        rules = self.rulebook.quick if well_formed else self.rulebook.full
        for check, rule in rules["record"]:
            fills = check(attempt)
            if fills is not None:
                return attempt.refused(rule, fills, ignored)
        attempt.read()
        for check, rule in rules["employee"]:
            fills = check(attempt)
            if fills is not None:
                return attempt.refused(rule, fills, ignored)
        attempt.settle_assignments()
        for check, rule in rules["result"]:
            fills = check(attempt)
            if fills is not None:
                return attempt.refused(rule, fills, ignored)
        employee = attempt.commit()
        return Outcome(
            attempt.external_id,
            "CREATED" if attempt.existing is None else "UPDATED",
            employee.id,
            employee.user,
            tuple(attempt.warnings),
            None,
            None,
            ignored,
        )


_NOBODY = Employee(
    external_id="",
    id="",
    status="ACTIVE",
    first_name=None,
    last_name=None,
    display_name="",
    display_name_given=False,
    email=None,
    phone=None,
    job_title=None,
    department=None,
    hire_date=None,
    termination_date=None,
    supervisor=None,
    metadata=None,
    roles=(),
    groups=(),
    sites=(),
    user=None,
)


class Attempt:
    """One record on its way: what it asks for, as the rules see it."""

    __slots__ = (
        "account",
        "active",
        "additive",
        "asked_groups",
        "asked_roles",
        "asked_sites",
        "asks_manager",
        "asks_site_manager",
        "batch",
        "email",
        "email_folded",
        "existing",
        "external_id",
        "groups",
        "organization",
        "readings",
        "record",
        "roles",
        "sites",
        "status",
        "user",
        "username_given",
        "wants_account",
        "warnings",
    )

    def __init__(self, batch: Batch, record: Any) -> None:
        self.batch = batch
        self.organization = batch.organization
        self.readings = batch.readings
        self.record = record

    def refused(self, rule: Rule, fills: dict[str, Any], ignored: tuple[str, ...]) -> Outcome:
        """The record's error. A message is never half-filled: braces in values stay as they are."""
        message = rule.message.format_map(fills) if fills else rule.message
        external_id = self.record.get("externalEmployeeId") if isinstance(self.record, dict) else None
        if not isinstance(external_id, str) or is_blank(external_id):
            external_id = None
        return Outcome(external_id, "ERROR", None, None, (), rule.name, message, ignored)

    # What the record asks ------------------------------------------------------------------------

    def read(self) -> None:
        """Work out what the record asks for, once its shape is known to be good."""
        record = self.record
        organization = self.organization
        self.external_id = record["externalEmployeeId"]
        existing = self.existing = organization.employees.get(self.external_id)
        status = record.get("status")
        if status is None:
            kept = existing is not None and self.readings.omitted_status == "kept"
            status = existing.status if existing is not None and kept else "ACTIVE"
        self.status = status
        self.active = status == "ACTIVE"
        email = self.email = record.get("email")
        self.email_folded = None if email is None else email.casefold()
        account = self.account = record.get("userAccount") if self.active else None
        self.wants_account = account is not None
        self.username_given = None if account is None else account.get("username")
        self.user = None
        if existing is not None and existing.user is not None:
            self.user = organization.users[existing.user]
        elif account is not None:
            self.user = self._user_to_link()
        self.additive = record.get("updateMode") == "additive"
        self.warnings: list[tuple[str, str]] = []
        self.asks_manager = self.asks_site_manager = False
        self.asked_roles: dict[str, None] = {}
        self.asked_groups: dict[str, str | None] = {}
        self.asked_sites: dict[str, str | None] = {}
        if self.active:
            self._look_up()

    def _user_to_link(self) -> User | None:
        """The user of this e-mail who is linked to nobody (S2E-ACCT-07)."""
        folded = self.email_folded
        if folded is None and self.existing is not None and self.existing.email is not None:
            folded = self.existing.email.casefold()
        if folded is None:
            return None
        user_id = self.organization.user_by_email.get(folded)
        if user_id is None:
            return None
        user = self.organization.users[user_id]
        return user if user.employee is None else None

    def _look_up(self) -> None:
        """Find the roles, groups and sites asked for; what is unknown becomes a warning, once."""
        batch, record, organization = self.batch, self.record, self.organization
        warnings = self.warnings
        for name in record.get("roles", ()):
            role_id, manager = batch.role(name)
            if manager:
                self.asks_manager = True
            if role_id is not None:
                self.asked_roles[role_id] = None
            else:
                warnings.append(ROLE_UNKNOWN.about(name))
        for entry in record.get("groups", ()):
            key = entry.get("externalGroupId")
            if is_blank(key):
                key = entry.get("groupName")
                group_id = organization.group_by_name.get(key)
            else:
                group_id = organization.group_by_external_id.get(key)
            if group_id is not None:
                self.asked_groups[group_id] = entry.get("role")
            else:
                warnings.append(GROUP_UNKNOWN.about(key))
        for entry in record.get("sites", ()):
            site_role = entry.get("role")
            site_id = organization.site_by_id.get(entry.get("id", "").casefold())
            role_id = None
            if site_role is not None:
                role_id, manager = batch.role(site_role)
                if manager:
                    self.asks_site_manager = True
                if role_id is None and site_id is not None:
                    warnings.append(ROLE_UNKNOWN.about(site_role))
            if site_id is not None:
                self.asked_sites[site_id] = role_id
            else:
                warnings.append(SITE_UNKNOWN.about(entry.get("id", "")))
        if len(warnings) > 1:
            self.warnings = list(dict.fromkeys(warnings))

    @property
    def asks_any_site(self) -> bool:
        """Whether the record lists a site, known or not."""
        return bool(self.active and self.record.get("sites"))

    def carries_site_manager(self) -> bool:
        """Whether sites that the record leaves out are kept, one of them with site-level site_manager."""
        existing = self.existing
        if existing is None or self.additive or not self.active or "sites" in self.record:
            return False
        if self.readings.omitted_assignments != "kept":
            return False
        return any(role in self.batch.manager_roles for _, role in existing.sites)

    def holds_manager(self, roles: Iterable[str]) -> bool:
        """Whether site_manager is among these role ids."""
        return not self.batch.manager_roles.isdisjoint(roles)

    @property
    def existing_roles(self) -> tuple[str, ...]:
        """Role ids held before this record."""
        return () if self.existing is None else self.existing.roles

    def desired_username(self) -> str | None:
        """The username that this record brings about, or None where the account's stays (S2E-ACCT-02)."""
        if self.username_given is not None:
            return str(self.username_given)
        user, existing = self.user, self.existing
        if user is None:
            return self.email if self.email is not None or existing is None else existing.email
        if user.username_given or existing is None or existing.user is None:
            return None
        email = user.email if self.email is None else self.email
        follows = email != user.email or email.casefold() != user.username.casefold()
        return email if follows else None

    # What is stored ------------------------------------------------------------------------------

    def settle_assignments(self) -> None:
        """Roles, groups and sites as they would be after this record (S2E-MODE-01, S2E-MODE-03)."""
        if not self.active:
            self.roles: tuple[str, ...] = ()
            self.groups: tuple[Assignment, ...] = ()
            self.sites: tuple[Assignment, ...] = ()
            return
        roles, groups, sites = self.asked_roles, self.asked_groups, self.asked_sites
        existing = self.existing
        if existing is not None:
            if self.additive:
                roles = dict.fromkeys(existing.roles) | roles
                groups = self._added(existing.groups, groups)
                sites = self._added(existing.sites, sites)
            elif self.readings.omitted_assignments == "kept":
                record = self.record
                roles = roles if "roles" in record else dict.fromkeys(existing.roles)
                groups = groups if "groups" in record else dict(existing.groups)
                sites = sites if "sites" in record else dict(existing.sites)
        self.roles = tuple(roles)
        self.groups = tuple(groups.items())
        self.sites = tuple(sites.items())

    def _added(self, existing: tuple[Assignment, ...], asked: dict[str, str | None]) -> dict[str, str | None]:
        merged = dict(existing)
        updates = self.readings.additive_existing == "updated"
        for key, role in asked.items():
            if key not in merged or (updates and role is not None):
                merged[key] = role
        return merged

    def commit(self) -> Employee:
        """Store the employee and the account, send the mail; every rule has passed."""
        record, existing, batch = self.record, self.existing, self.batch
        before = _NOBODY if existing is None else existing
        get = record.get
        email = get("email", before.email)
        first_name, last_name = get("firstName", before.first_name), get("lastName", before.last_name)
        display_name, given = self._display_name(before, first_name, last_name)
        supervisor = get("supervisor")
        metadata = get("metadata")
        user = self._account(email, display_name)
        employee = Employee(
            self.external_id,
            "emp_" + batch.ids.hex(24) if existing is None else existing.id,
            self.status,
            first_name,
            last_name,
            display_name,
            given,
            email,
            get("phone", before.phone),
            get("jobTitle", before.job_title),
            get("department", before.department),
            get("hireDate", before.hire_date),
            get("terminationDate", before.termination_date),
            before.supervisor if supervisor is None else (supervisor.get("name"), supervisor.get("email")),
            before.metadata if metadata is None else encode(metadata).decode(),
            self.roles,
            self.groups,
            self.sites,
            None if user is None else user.id,
        )
        self.organization.put_employee(existing, employee)
        return employee

    def _display_name(self, before: Employee, first: str | None, last: str | None) -> tuple[str, bool]:
        """The name shown, and whether it was given rather than made (S2E-FIELD-07)."""
        name = self.record.get("displayName")
        if name is not None:
            return name, True
        if before.display_name_given and self.readings.display_name == "sticky":
            return before.display_name, True
        made = " ".join(part for part in (first, last) if part is not None and not is_blank(part))
        return made or self.external_id, False

    def _account(self, email: str | None, display_name: str) -> User | None:
        """The account after this record, stored; a new or linked one included."""
        user, account, batch = self.user, self.account, self.batch
        if user is None and (account is None or email is None):
            return None
        username = self.desired_username()
        if username is not None and user is not None:
            holder = self.organization.user_by_username.get(username.casefold())
            if holder is not None and holder != user.id:
                username = None
        password = None
        acts = user is None or (
            user.employee is not None and account is not None and self.readings.account_flags == "every-sync"
        )
        if acts and account is not None and account.get("forcePasswordReset"):
            password = batch.ids.password()
        after = User(
            "user_" + batch.ids.hex(16) if user is None else user.id,
            (email if user is None else email or user.email) or "",
            username if username is not None else user.username if user is not None else "",
            self.username_given is not None or (user is not None and user.username_given),
            self.active,
            password is not None or (user is not None and user.must_reset_password),
            digest(password) if password is not None else None if user is None else user.password_digest,
            display_name if user is None else user.name,
            self.external_id,
        )
        if after != user:
            self.organization.put_user(user, after)
        if acts and account is not None and account.get("sendWelcomeEmail"):
            batch.send(
                WelcomeMail(after.email, display_name, after.username, self.organization.name, batch.now, password)
            )
        return after
