"""Employee sync, one record at a time: what it asks, whether the rules let it, what is then stored.

Nothing is written before the last rule has passed, so a record that fails leaves no trace
(S2E-BATCH-05).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from sys import intern
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from sandbox.ids import Ids
from sandbox.jsontext import encode
from sandbox.readings import Readings
from sandbox.scan2evolve.assignments import NOTHING, Assignables, Settled
from sandbox.scan2evolve.attempts import Attempt
from sandbox.scan2evolve.bearings import NO_BEARINGS, Bearings, of_nulls, of_passing
from sandbox.scan2evolve.organization import Employee, Organization, Status, User, folded
from sandbox.scan2evolve.outcomes import Outcome, WelcomeMail
from sandbox.scan2evolve.records import (
    Record,
    Supervisor,
    UserAccount,
    is_blank,
    is_date,
    is_email,
    typed,
    unknown_fields,
    without_nulls,
)
from sandbox.scan2evolve.rules import ACCOUNT, EMAIL, ENTRIES, MANAGER, RuleBook


class Batch:
    """What all records of one request share: the organization, the readings as flags, and look-ups done once."""

    assigning: type[Assignables] = Assignables

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
        self.supervisors: dict[Supervisor, tuple[str | None, str | None]] = {}
        self.nulls_ignored = readings.null_field == "ignored"
        self.duplicates_refused = readings.duplicate_in_batch == "error"
        self.status_kept = readings.omitted_status == "kept"
        self.assignments_kept = readings.omitted_assignments == "kept"
        self.name_sticks = readings.display_name == "sticky"
        self.flags_repeat = readings.account_flags == "every-sync"
        self.assignables = self.assigning(organization, readings)
        # Whoever is in none of these tables can have no conflict of e-mails.
        self.emails: tuple[dict[str, str], ...] = tuple(
            table
            for place in (organization, *self.others)
            for table in (place.employee_by_email, place.unlinked_by_email)
        )

    def run(self, records: Iterable[Any], metadata: Iterable[str | None] | None = None) -> tuple[Outcome, ...]:
        """Process all records, in order: the long way, or with their metadata as JSON text the short one."""
        if metadata is None:
            return tuple(map(self.sync, records))
        return tuple(map(self.sync_typed, records, metadata))

    def sync(self, record: Any) -> Outcome:
        """Process one record, whatever it is, in its own transaction: the long way."""
        ignored = tuple(unknown_fields(record))
        if self.nulls_ignored and isinstance(record, dict):
            shaped = without_nulls(record)
            if shaped != record:
                outcome = self._sync(shaped, ignored)
                nulls = of_nulls(Attempt(self, record), Attempt(self, shaped), self.rulebook.record, outcome.rule)
                return msgspec.structs.replace(outcome, readings=nulls + outcome.readings)
        return self._sync(record, ignored)

    def _sync(self, record: Any, ignored: tuple[str, ...]) -> Outcome:
        refused = Attempt(self, record).refusal(self.rulebook.record, ignored)
        if refused is not None:
            return refused
        read = typed(record)
        metadata = None if read.metadata is UNSET else encode(read.metadata).decode()
        return self._process(read, metadata, record, ignored)

    def sync_typed(self, record: Record, metadata: str | None) -> Outcome:
        """Process one record of a typed batch, with its metadata as JSON text: the short way, if it may."""
        external_id, hired, ended = record.externalEmployeeId, record.hireDate, record.terminationDate
        if (
            self.duplicates_refused
            or not external_id
            or external_id.isspace()
            or not (hired is UNSET or is_date(hired))
            or not (ended is UNSET or ended is None or is_date(ended))
        ):
            return self.sync(msgspec.to_builtins(record))
        return self._process(record, metadata, None, ())

    def _process(self, record: Record, metadata: str | None, raw: Any, ignored: tuple[str, ...]) -> Outcome:
        """Look, ask the rules, and only then store; `raw` is the record as it came, None if just as typed."""
        existing = self.organization.employees.get(record.externalEmployeeId)
        readings = NO_BEARINGS
        status = record.status
        if status is UNSET:
            status = "ACTIVE"
            if existing is not None and existing.status != "ACTIVE":
                readings = ("omitted-status",)
                if self.status_kept:
                    status = existing.status
        email = None if record.email is UNSET else record.email
        concerns = 0
        email_key = username_key = None
        if email is not None:
            if existing is not None and existing.email == email:
                # The text that is there already: one in memory is enough.
                email = existing.email
            else:
                email_key = folded(email)
                if not is_email(email) or self._is_held(email_key):
                    concerns = EMAIL
        account = user = username = None
        asks_manager = asks_site_manager = False
        settled: Settled = NOTHING
        asked = self.assignables.asked(record)
        roles, groups, sites, settled_if_new = asked
        if groups[3] or sites[3]:
            concerns |= ENTRIES
        if status == "ACTIVE":
            additive = record.updateMode == "additive"
            settled = settled_if_new if existing is None else self.assignables.settle(record, existing, asked, additive)
            asks_manager, asks_site_manager = roles[2], sites[2]
            # What is there already matters to a rule only where it can be carried over.
            if asks_manager or asks_site_manager or (existing is not None and (additive or self.assignments_kept)):
                concerns |= MANAGER
            account = None if record.userAccount is UNSET else record.userAccount
        if account is not None or (existing is not None and existing.user is not None):
            user, username, username_key, more = self._look_at_account(existing, account, email, email_key, concerns)
            concerns |= more
        checks = self.rulebook.employee[concerns]
        if checks:
            attempt = Attempt(self, msgspec.to_builtins(record) if raw is None else raw)
            attempt.read(existing, email, account is not None, user, username, settled)
            attempt.asks_manager, attempt.asks_site_manager = asks_manager, asks_site_manager
            refused = attempt.refusal(checks, ignored)
            if refused is not None:
                return refused
            readings += of_passing(attempt)
        readings += settled[4]
        keys = (email_key, username_key)
        employee = self._store(record, existing, status, email, metadata, account, user, username, keys, settled)
        outcome: Literal["CREATED", "UPDATED"] = "CREATED" if existing is None else "UPDATED"
        if existing is not None and (account is not None or existing.display_name_given):
            readings += _of_update(record, existing, account, user, employee)
        return Outcome(
            employee.external_id, outcome, employee.id, employee.user, settled[3], None, None, ignored, readings
        )

    def _look_at_account(
        self,
        existing: Employee | None,
        account: UserAccount | None,
        email: str | None,
        email_key: str | None,
        concerns: int,
    ) -> tuple[User | None, str | None, str | None, int]:
        """The account in question, the username it shall have with its key, and the concern ACCOUNT, if any."""
        # A new employee's e-mail that nobody has is no user's either.
        user = self._user(existing, email) if existing is not None or concerns & EMAIL else None
        if account is not None and account.username is not UNSET:
            username: str | None = account.username
        else:
            username = default_username(user, existing, email)
        if username is None:
            return user, None, None, ACCOUNT if account is not None and (email is None or concerns & EMAIL) else 0
        key = email_key if username is email and email_key is not None else folded(username)
        taken = False
        if user is None or username != user.username:
            holder = self.organization.user_by_username.get(key)
            taken = holder is not None and (user is None or holder != user.id)
        if account is None:
            # A username that follows the e-mail without being asked for gives way (S2E-ACCT-11).
            return user, None if taken else username, key, 0
        may_fail = taken or email is None or concerns & EMAIL or not username or username.isspace()
        return user, username, key, ACCOUNT if may_fail else 0

    def _is_held(self, key: str) -> bool:
        """Whether anybody in the world has the e-mail of that key."""
        for table in self.emails:  # noqa: SIM110 - any() costs three times as much, at every record
            if key in table:
                return True
        return False

    def _store(
        self,
        record: Record,
        existing: Employee | None,
        status: Status,
        email: str | None,
        metadata: str | None,
        account: UserAccount | None,
        user: User | None,
        username: str | None,
        keys: tuple[str | None, str | None],
        settled: Settled,
    ) -> Employee:
        """Store the employee and the account, send the mail; every rule has passed."""
        if existing is None:
            # Drawn at once for both ids and a password, whether or not there will be an account.
            drawn = self.ids.draw()
            before, external_id, employee_id = _NOBODY, record.externalEmployeeId, "emp_" + drawn[:24]
        else:
            before, external_id, employee_id, drawn = existing, existing.external_id, existing.id, ""
        if email is None:
            email = before.email
        first_name = before.first_name if record.firstName is UNSET else record.firstName
        last_name = before.last_name if record.lastName is UNSET else record.lastName
        if record.displayName is not UNSET:
            name, given = record.displayName, True
        elif before.display_name_given and self.name_sticks:
            name, given = before.display_name, True
        else:
            name, given = made_name(first_name, last_name) or external_id, False
        if user is not None or (account is not None and email is not None):
            user = self._store_account(
                account, user, username, keys[1], email, name, external_id, drawn, status == "ACTIVE"
            )
        supervisor = before.supervisor
        if record.supervisor is not UNSET:
            supervisor = self.supervisors.get(record.supervisor) or self._supervisor(record.supervisor)
        roles, groups, sites, _, _ = settled
        employee = Employee(
            external_id,
            employee_id,
            status,
            first_name,
            last_name,
            name,
            given,
            email,
            before.phone if record.phone is UNSET else record.phone,
            before.job_title if record.jobTitle is UNSET else intern(record.jobTitle),
            before.department if record.department is UNSET else intern(record.department),
            before.hire_date if record.hireDate is UNSET else record.hireDate,
            before.termination_date if record.terminationDate is UNSET else record.terminationDate,
            supervisor,
            before.metadata if metadata is None else metadata,
            roles,
            groups,
            sites,
            None if user is None else user.id,
        )
        self.organization.put_employee(existing, employee, keys[0])
        return employee

    def _supervisor(self, given: Supervisor) -> tuple[str | None, str | None]:
        """Name and e-mail, remembered: those who have the same supervisor share them."""
        name, email = given.name, given.email
        found = self.supervisors[given] = None if name is UNSET else name, None if email is UNSET else email
        return found

    def _user(self, existing: Employee | None, email: str | None) -> User | None:
        """The employee's account, else a user of the e-mail who is linked to nobody (S2E-ACCT-07)."""
        users = self.organization.users
        if existing is not None and existing.user is not None:
            return users[existing.user]
        if email is None and existing is not None:
            email = existing.email
        user_id = None if email is None else self.organization.unlinked_by_email.get(email.casefold())
        return None if user_id is None else users[user_id]

    def _store_account(
        self,
        account: UserAccount | None,
        user: User | None,
        username: str | None,
        username_key: str | None,
        email: str | None,
        name: str,
        external_id: str,
        drawn: str,
        active: bool,
    ) -> User:
        """The account after this record, stored: a new one, a linked one, or the employee's own."""
        # What the flags ask for now: always for a new account, never at linking, later as the reading says.
        flags = _NO_FLAGS
        if account is not None and (user is None or (user.employee is not None and self.flags_repeat)):
            flags = account
        forced = flags.forcePasswordReset is True
        given = account is not None and account.username is not UNSET
        if user is None:
            assert email is not None and username is not None  # noqa: S101, PT018 - `sync` has seen to it
            user_id = "user_" + (drawn or self.ids.draw())[24:40]
            after = User(user_id, email, username, given, True, forced, name, external_id)
        else:
            if (
                not forced
                and (username is None or username == user.username)
                and (email is None or email == user.email)
                and user.enabled == active
                and user.employee is not None
                and (not given or user.username_given)
                and flags is _NO_FLAGS
            ):
                return user
            after = User(
                user.id,
                user.email if email is None else email,
                user.username if username is None else username,
                user.username_given or given,
                active,
                user.must_reset_password or forced,
                user.name,
                external_id,
            )
        if flags.sendWelcomeEmail is True:
            password = (drawn or self.ids.draw())[40:] if forced else None
            size = len(name) + len(after.username)
            self.send(WelcomeMail(after.email, name, after.username, self.organization.name, self.now, size, password))
        self.organization.put_user(user, after, username_key)
        return after


def _of_update(
    record: Record, before: Employee, account: UserAccount | None, user: User | None, after: Employee
) -> Bearings:
    """The readings that bore on the name and the account of an employee who was there already."""
    readings = NO_BEARINGS
    if before.display_name_given and record.displayName is UNSET:
        made = made_name(after.first_name, after.last_name) or after.external_id
        if made != before.display_name:
            readings = ("display-name",)
    if account is not None and before.user is not None and user is not None:
        forced = account.forcePasswordReset is True and not user.must_reset_password
        if forced or account.sendWelcomeEmail is True:
            readings += ("account-flags",)
    return readings


_NO_FLAGS = UserAccount()
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


def default_username(user: User | None, existing: Employee | None, email: str | None) -> str | None:
    """The username that a record brings about without naming one, None where the account's stays (S2E-ACCT-02)."""
    if user is None:
        return email if email is not None or existing is None else existing.email
    if user.username_given or existing is None or existing.user is None:
        return None
    if email is None:
        email = user.email
    follows = email != user.email or email.casefold() != user.username.casefold()
    return email if follows else None


def made_name(first: str | None, last: str | None) -> str:
    """First and last name joined by a space, blank ones left out (S2E-FIELD-07)."""
    if first and last and not first[0].isspace() and not last[0].isspace():
        # A name that begins with a visible character is not blank: the common case, without looking further.
        return f"{first} {last}"
    return " ".join(part for part in (first, last) if part is not None and not is_blank(part))
