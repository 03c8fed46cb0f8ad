"""Employee sync, one record at a time: what it asks, whether the rules let it, what is then stored.

Nothing is written before the last rule has passed, so a record that fails leaves no trace
(S2E-BATCH-05).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from sandbox.ids import Ids
from sandbox.jsontext import encode
from sandbox.readings import Readings
from sandbox.scan2evolve.assignments import NOTHING, Assignables, Settled
from sandbox.scan2evolve.attempts import Attempt
from sandbox.scan2evolve.organization import Employee, Organization, User
from sandbox.scan2evolve.outcomes import Outcome, WelcomeMail
from sandbox.scan2evolve.records import is_blank, unknown_fields, without_nulls
from sandbox.scan2evolve.rules import ACCOUNT, EMAIL, MANAGER, RuleBook, Selection


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
        self.looks_at_records = self.nulls_ignored or readings.duplicate_in_batch == "error"
        self.status_kept = readings.omitted_status == "kept"
        self.assignments_kept = readings.omitted_assignments == "kept"
        self.name_sticks = readings.display_name == "sticky"
        self.flags_repeat = readings.account_flags == "every-sync"
        self.assignables = Assignables(organization, readings)
        # Whoever is in none of these tables can have no conflict of e-mails.
        self.emails: tuple[dict[str, str], ...] = tuple(
            table for place in (organization, *self.others) for table in (place.employee_by_email, place.user_by_email)
        )

    def sync(self, record: Any, well_formed: bool = False) -> Outcome:
        """Process one record in its own transaction: look, ask the rules, and only then store.

        `well_formed` says that the record is known to be valid against the EmployeeRecord schema and
        to hold no unknown field: the rules that follow from this are not run again.
        """
        ignored: tuple[str, ...] = ()
        if not well_formed:
            ignored = tuple(unknown_fields(record))
        if self.looks_at_records or not well_formed:
            if self.nulls_ignored and isinstance(record, dict):
                record = without_nulls(record)
            refused = Attempt(self, record).refusal(self._rules(well_formed).record, ignored)
            if refused is not None:
                return refused
        get = record.get
        existing = self.organization.employees.get(record["externalEmployeeId"])
        status = get("status")
        if status is None:
            status = existing.status if existing is not None and self.status_kept else "ACTIVE"
        email = get("email")
        concerns = 0 if email is None or (existing is not None and existing.email == email) else self._email_held(email)
        account = user = username = None
        asks_manager = asks_site_manager = False
        settled: Settled = NOTHING
        if status == "ACTIVE":
            assignables = self.assignables
            roles = assignables.roles(get("roles", _NONE))
            groups = assignables.groups(get("groups", _NONE))
            sites = assignables.sites(get("sites", _NONE))
            additive = get("updateMode") == "additive"
            settled = assignables.settle(record, existing, roles, groups, sites, additive)
            asks_manager, asks_site_manager = roles[2], sites[2]
            # What is there already matters to a rule only where it can be carried over.
            if asks_manager or asks_site_manager or (existing is not None and (additive or self.assignments_kept)):
                concerns |= MANAGER
            account = get("userAccount")
        if account is not None or (existing is not None and existing.user is not None):
            if existing is not None or concerns & EMAIL:
                user = self._user(existing, email)
            username = desired_username(account, user, existing, email)
            if account is not None and self._account_may_fail(email, username, user):
                concerns |= ACCOUNT
        if concerns or not well_formed:
            attempt = Attempt(self, record)
            attempt.read(existing, email, account, user, username, settled)
            attempt.asks_manager, attempt.asks_site_manager = asks_manager, asks_site_manager
            refused = attempt.refusal(self._rules(well_formed).employee[concerns], ignored)
            if refused is not None:
                return refused
        employee = self._store(record, existing, status, email, account, user, username, settled)
        outcome: Literal["CREATED", "UPDATED"] = "CREATED" if existing is None else "UPDATED"
        return Outcome(employee.external_id, outcome, employee.id, employee.user, settled[3], None, None, ignored)

    def _rules(self, well_formed: bool) -> Selection:
        return self.rulebook.quick if well_formed else self.rulebook.full

    def _email_held(self, email: str) -> int:
        """The concern EMAIL where anybody in the world has that e-mail, else none."""
        folded = email.casefold()
        for table in self.emails:
            if folded in table:
                return EMAIL
        return 0

    def _store(
        self,
        record: dict[str, Any],
        existing: Employee | None,
        status: Any,
        email: str | None,
        account: dict[str, Any] | None,
        user: User | None,
        username: str | None,
        settled: Settled,
    ) -> Employee:
        """Store the employee and the account, send the mail; every rule has passed."""
        get = record.get
        external_id = record["externalEmployeeId"]
        before = _NOBODY if existing is None else existing
        if email is None:
            email = before.email
        first_name, last_name = get("firstName", before.first_name), get("lastName", before.last_name)
        name: Any = get("displayName")
        given = name is not None
        if not given:
            if before.display_name_given and self.name_sticks:
                name, given = before.display_name, True
            else:
                name = made_name(first_name, last_name) or external_id
        if user is not None or (account is not None and email is not None):
            user = self._store_account(account, user, username, email, name, external_id, status == "ACTIVE")
        supervisor = get("supervisor")
        metadata = get("metadata")
        roles, groups, sites, _ = settled
        employee = Employee(
            external_id,
            "emp_" + self.ids.hex(24) if existing is None else existing.id,
            status,
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
            roles,
            groups,
            sites,
            None if user is None else user.id,
        )
        self.organization.put_employee(existing, employee)
        return employee

    def _user(self, existing: Employee | None, email: str | None) -> User | None:
        """The employee's account, else a user of the e-mail who is linked to nobody (S2E-ACCT-07)."""
        users = self.organization.users
        if existing is not None and existing.user is not None:
            return users[existing.user]
        if email is None and existing is not None:
            email = existing.email
        user_id = None if email is None else self.organization.user_by_email.get(email.casefold())
        if user_id is None:
            return None
        user = users[user_id]
        return user if user.employee is None else None

    def _account_may_fail(self, email: str | None, username: str | None, user: User | None) -> bool:
        """Whether a rule about accounts can possibly refuse what is asked: if in doubt, yes."""
        if is_blank(email) or (username is None and user is None):
            return True
        if username is None:
            return False
        if is_blank(username):
            return True
        holder = self.organization.user_by_username.get(username.casefold())
        return holder is not None and (user is None or holder != user.id)

    def _store_account(
        self,
        account: dict[str, Any] | None,
        user: User | None,
        username: str | None,
        email: str | None,
        name: str,
        external_id: str,
        active: bool,
    ) -> User:
        """The account after this record, stored: a new one, a linked one, or the employee's own."""
        # What the flags ask for now: always for a new account, never at linking, later as the reading says.
        flags: dict[str, Any] = _NO_FLAGS
        if account is not None and (user is None or (user.employee is not None and self.flags_repeat)):
            flags = account
        forced = bool(flags.get("forcePasswordReset"))
        given = account is not None and account.get("username") is not None
        if user is None:
            assert email is not None and username is not None  # noqa: S101, PT018 - `sync` has seen to it
            user_id = "user_" + self.ids.hex(16)
            after = User(user_id, email, username, given, True, forced, name, external_id)
        else:
            if username is not None and account is None:
                # Where the username follows the e-mail without being asked for, it gives way (S2E-ACCT-11).
                holder = self.organization.user_by_username.get(username.casefold())
                username = username if holder is None or holder == user.id else None
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
        if flags.get("sendWelcomeEmail"):
            password = self.ids.password() if forced else None
            organization = self.organization.name
            self.send(WelcomeMail(after.email, name, after.username, organization, self.now, password))
        if after != user:
            self.organization.put_user(user, after)
        return after


_NONE: list[Any] = []
_NO_FLAGS: dict[str, Any] = {}
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


def desired_username(account: Any, user: User | None, existing: Employee | None, email: str | None) -> str | None:
    """The username that a record brings about, or None where the account's stays (S2E-ACCT-02)."""
    if account is not None:
        given: str | None = account.get("username")
        if given is not None:
            return given
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
