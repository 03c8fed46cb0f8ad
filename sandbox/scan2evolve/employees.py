"""Employee sync, one record at a time: what it asks, whether the rules let it, what is then stored.

Nothing is written before the last rule has passed, so a record that fails leaves no trace
(S2E-BATCH-05).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from sandbox.clock import Instant
from sandbox.ids import Ids, Name
from sandbox.jsontext import encode
from sandbox.readings import Readings
from sandbox.scan2evolve.organization import SITE_MANAGER, Assignment, Employee, Organization, User
from sandbox.scan2evolve.records import is_blank, unknown_fields, without_nulls
from sandbox.scan2evolve.rules import (
    ACCOUNT,
    EMAIL,
    GROUP_UNKNOWN,
    MANAGER,
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
    sent_at: Instant
    temporary_password: Name | None


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

    def text_size(self) -> int:
        """How long all its texts are together, which only the request's size limits."""
        size = len(self.external_id or "") + len(self.message or "")
        if self.warnings:
            size += sum(len(text) for _, text in self.warnings)
        return size + sum(map(len, self.ignored)) if self.ignored else size


class Batch:
    """What all records of one request share: the organization, the readings as flags, and look-ups done once."""

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
        self.nulls_ignored = readings.null_field == "ignored"
        self.duplicates_refused = readings.duplicate_in_batch == "error"
        self.status_kept = readings.omitted_status == "kept"
        self.assignments_kept = readings.omitted_assignments == "kept"
        self.existing_updated = readings.additive_existing == "updated"
        self.name_sticks = readings.display_name == "sticky"
        self.flags_repeat = readings.account_flags == "every-sync"
        self._role_case_counts = readings.role_case == "exact"
        self.roles: dict[str, tuple[str | None, bool]] = {}
        self.manager_roles = {role.id for role in organization.roles.values() if self._is_manager(role.name)}
        # Whoever is in none of these tables can have no conflict of e-mails.
        self.emails: tuple[dict[str, str], ...] = tuple(
            table for place in (organization, *self.others) for table in (place.employee_by_email, place.user_by_email)
        )

    def _is_manager(self, name: str) -> bool:
        return (name if self._role_case_counts else name.casefold()) == SITE_MANAGER

    def role(self, name: str) -> tuple[str | None, bool]:
        """The id of the organization's role of that name, None if unknown; whether it names site_manager.

        Remembered in `roles`.
        """
        organization = self.organization
        role_id = organization.role_by_name.get(name)
        if role_id is None and not self._role_case_counts:
            role_id = organization.role_by_casefold.get(name.casefold())
        found = self.roles[name] = (role_id, self._is_manager(name))
        return found

    def sync(self, record: Any, well_formed: bool = False) -> Outcome:
        """Process one record in its own transaction.

        `well_formed` says that the record is known to be valid against the EmployeeRecord schema and
        to hold no unknown field: the rules that follow from this are not run again.
        """
        ignored: tuple[str, ...] = ()
        if not well_formed:
            ignored = tuple(unknown_fields(record))
        if self.nulls_ignored and isinstance(record, dict):
            record = without_nulls(record)
        attempt = Attempt(self, record)
        rules = self.rulebook.quick if well_formed else self.rulebook.full
        if not well_formed or self.duplicates_refused:
            for check, rule in rules.record:
                fills = check(attempt)
                if fills is not None:
                    return attempt.refused(rule, fills, ignored)
        concerns = attempt.read()
        for check, rule in rules.employee[concerns]:
            fills = check(attempt)
            if fills is not None:
                return attempt.refused(rule, fills, ignored)
        attempt.settle_assignments()
        for check, rule in rules.result[concerns]:
            fills = check(attempt)
            if fills is not None:
                return attempt.refused(rule, fills, ignored)
        employee = attempt.commit()
        warnings = tuple(dict.fromkeys(attempt.warnings)) if attempt.warnings else ()
        status: Literal["CREATED", "UPDATED"] = "CREATED" if attempt.existing is None else "UPDATED"
        return Outcome(employee.external_id, status, employee.id, employee.user, warnings, None, None, ignored)


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
        "record",
        "roles",
        "sites",
        "status",
        "user",
        "username",
        "username_given",
        "warnings",
    )

    roles: tuple[str, ...]
    groups: tuple[Assignment, ...]
    sites: tuple[Assignment, ...]

    def __init__(self, batch: Batch, record: Any) -> None:
        self.batch = batch
        self.organization = batch.organization
        self.record = record

    @property
    def readings(self) -> Readings:
        """The readings in force."""
        return self.batch.readings

    def refused(self, rule: Rule, fills: dict[str, Any], ignored: tuple[str, ...]) -> Outcome:
        """The record's error. A message is never half-filled: braces in values stay as they are."""
        message = rule.message.format_map(fills) if fills else rule.message
        external_id = self.record.get("externalEmployeeId") if isinstance(self.record, dict) else None
        if not isinstance(external_id, str) or is_blank(external_id):
            external_id = None
        return Outcome(external_id, "ERROR", None, None, (), rule.name, message, ignored)

    # What the record asks ------------------------------------------------------------------------

    def read(self) -> int:
        """Work out what the record asks for, once its shape is known to be good.

        Answers its concerns: rules about anything else cannot refuse it and need not be asked.
        """
        record = self.record
        batch = self.batch
        get = record.get
        self.external_id = record["externalEmployeeId"]
        existing = self.existing = self.organization.employees.get(self.external_id)
        status = get("status")
        if status is None:
            status = existing.status if existing is not None and batch.status_kept else "ACTIVE"
        self.status = status
        active = self.active = status == "ACTIVE"
        concerns = 0
        email = self.email = get("email")
        folded = self.email_folded = None if email is None else email.casefold()
        if folded is not None and (existing is None or existing.email != email):
            for table in batch.emails:
                if folded in table:
                    concerns = EMAIL
                    break
        account = self.account = get("userAccount") if active else None
        self.username_given = None if account is None else account.get("username")
        self.user = self._user() if account is not None or existing is not None else None
        self.username = None
        if account is not None:
            concerns |= ACCOUNT
            self.username = self._desired_username()
        elif self.user is not None:
            self.username = self._desired_username()
        self.additive = get("updateMode") == "additive"
        self.warnings: list[tuple[str, str]] = []
        self.asks_manager = self.asks_site_manager = False
        self.asked_roles: dict[str, None] = {}
        self.asked_groups: dict[str, str | None] = {}
        self.asked_sites: dict[str, str | None] = {}
        if active:
            self._look_up(record)
            held = existing is not None and (existing.roles or existing.sites)
            if self.asks_manager or self.asks_site_manager or held:
                concerns |= MANAGER
        return concerns

    @property
    def wants_account(self) -> bool:
        """Whether an account is asked for on an ACTIVE record."""
        return self.account is not None

    def _user(self) -> User | None:
        """The employee's account, else a user of the e-mail who is linked to nobody (S2E-ACCT-07)."""
        organization, existing = self.organization, self.existing
        if existing is not None and existing.user is not None:
            return organization.users[existing.user]
        if self.account is None:
            return None
        folded = self.email_folded
        if folded is None and existing is not None and existing.email is not None:
            folded = existing.email.casefold()
        user_id = None if folded is None else organization.user_by_email.get(folded)
        if user_id is None:
            return None
        user = organization.users[user_id]
        return user if user.employee is None else None

    def _look_up(self, record: dict[str, Any]) -> None:
        """Find the roles, groups and sites asked for; what is unknown becomes a warning."""
        batch, organization = self.batch, self.organization
        known = batch.roles
        for name in record.get("roles", ()):
            role_id, manager = known.get(name) or batch.role(name)
            if manager:
                self.asks_manager = True
            if role_id is not None:
                self.asked_roles[role_id] = None
            else:
                self.warnings.append(ROLE_UNKNOWN.about(name))
        for entry in record.get("groups", ()):
            key = entry.get("externalGroupId")
            if key is None or is_blank(key):
                key = entry.get("groupName")
                group_id = organization.group_by_name.get(key)
            else:
                group_id = organization.group_by_external_id.get(key)
            if group_id is not None:
                self.asked_groups[group_id] = entry.get("role")
            else:
                self.warnings.append(GROUP_UNKNOWN.about(key))
        for entry in record.get("sites", ()):
            site_role = entry.get("role")
            site_id = organization.site_by_id.get(entry.get("id", "").casefold())
            role_id = None
            if site_role is not None:
                role_id, manager = known.get(site_role) or batch.role(site_role)
                if manager:
                    self.asks_site_manager = True
                if role_id is None and site_id is not None:
                    self.warnings.append(ROLE_UNKNOWN.about(site_role))
            if site_id is not None:
                self.asked_sites[site_id] = role_id
            else:
                self.warnings.append(SITE_UNKNOWN.about(entry.get("id", "")))

    @property
    def asks_any_site(self) -> bool:
        """Whether the record lists a site, known or not."""
        return bool(self.active and self.record.get("sites"))

    def carries_site_manager(self) -> bool:
        """Whether sites that the record leaves out are kept, one of them with site-level site_manager."""
        existing = self.existing
        if existing is None or self.additive or not self.active or "sites" in self.record:
            return False
        if not self.batch.assignments_kept:
            return False
        return any(role in self.batch.manager_roles for _, role in existing.sites)

    def holds_manager(self, roles: Iterable[str]) -> bool:
        """Whether site_manager is among these role ids."""
        return not self.batch.manager_roles.isdisjoint(roles)

    @property
    def existing_roles(self) -> tuple[str, ...]:
        """Role ids held before this record."""
        return () if self.existing is None else self.existing.roles

    def _desired_username(self) -> str | None:
        """The username that this record brings about, or None where the account's stays (S2E-ACCT-02)."""
        given = self.username_given
        if given is not None:
            return given  # type: ignore[no-any-return]
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
            self.roles = self.groups = self.sites = ()
            return
        roles, groups, sites = self.asked_roles, self.asked_groups, self.asked_sites
        existing = self.existing
        if existing is not None:
            if self.additive:
                roles = dict.fromkeys(existing.roles) | roles
                groups = self._added(existing.groups, groups)
                sites = self._added(existing.sites, sites)
            elif self.batch.assignments_kept:
                record = self.record
                roles = roles if "roles" in record else dict.fromkeys(existing.roles)
                groups = groups if "groups" in record else dict(existing.groups)
                sites = sites if "sites" in record else dict(existing.sites)
        self.roles = tuple(roles)
        self.groups = tuple(groups.items())
        self.sites = tuple(sites.items())

    def _added(self, existing: tuple[Assignment, ...], asked: dict[str, str | None]) -> dict[str, str | None]:
        merged = dict(existing)
        for key, role in asked.items():
            if key not in merged or (self.batch.existing_updated and role is not None):
                merged[key] = role
        return merged

    def commit(self) -> Employee:
        """Store the employee and the account, send the mail; every rule has passed."""
        record, existing, batch = self.record, self.existing, self.batch
        get = record.get
        before = _NOBODY if existing is None else existing
        email = get("email", before.email)
        first_name, last_name = get("firstName", before.first_name), get("lastName", before.last_name)
        name = get("displayName")
        given = name is not None
        if not given:
            if before.display_name_given and batch.name_sticks:
                name, given = before.display_name, True
            else:
                name = made_name(first_name, last_name) or self.external_id
        user = self.user
        if user is not None or (self.account is not None and email is not None):
            user = self._account(user, email, name)
        supervisor = get("supervisor")
        metadata = get("metadata")
        employee = Employee(
            self.external_id,
            "emp_" + batch.ids.hex(24) if existing is None else existing.id,
            self.status,
            first_name,
            last_name,
            name,
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

    def _account(self, user: User | None, email: str | None, name: str) -> User:
        """The account after this record, stored: a new one, a linked one, or the employee's own."""
        account, batch, username = self.account, self.batch, self.username
        # What the flags ask for now: always for a new account, never at linking, later as the reading says.
        flags: dict[str, Any] = {}
        if account is not None and (user is None or (user.employee is not None and batch.flags_repeat)):
            flags = account
        forced = bool(flags.get("forcePasswordReset"))
        if user is None:
            assert email is not None and username is not None  # noqa: S101, PT018 - commit has seen to it
            given = self.username_given is not None
            user_id = "user_" + batch.ids.hex(16)
            after = User(user_id, email, username, given, True, forced, name, self.external_id)
        else:
            if username is not None and account is None:
                # Where the username follows the e-mail without being asked for, it gives way (S2E-ACCT-11).
                holder = self.organization.user_by_username.get(username.casefold())
                username = username if holder is None or holder == user.id else None
            after = User(
                user.id,
                user.email if email is None else email,
                user.username if username is None else username,
                user.username_given or self.username_given is not None,
                self.active,
                user.must_reset_password or forced,
                user.name,
                self.external_id,
            )
        if flags.get("sendWelcomeEmail"):
            password = batch.ids.password() if forced else None
            organization = self.organization.name
            batch.send(WelcomeMail(after.email, name, after.username, organization, batch.now, password))
        if after != user:
            self.organization.put_user(user, after)
        return after


def made_name(first: str | None, last: str | None) -> str:
    """First and last name joined by a space, blank ones left out (S2E-FIELD-07)."""
    if first and last and not first[0].isspace() and not last[0].isspace():
        # A name that begins with a visible character is not blank: the common case, without looking further.
        return f"{first} {last}"
    return " ".join(part for part in (first, last) if part is not None and not is_blank(part))
