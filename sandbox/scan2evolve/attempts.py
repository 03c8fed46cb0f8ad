"""A record on its way, as the rules see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sandbox.readings import Readings
from sandbox.scan2evolve.assignments import Settled
from sandbox.scan2evolve.bearings import of_refusal
from sandbox.scan2evolve.organization import Employee, Organization, User
from sandbox.scan2evolve.outcomes import Outcome
from sandbox.scan2evolve.records import is_blank
from sandbox.scan2evolve.rules import Checks, Rule

if TYPE_CHECKING:
    from sandbox.scan2evolve.employees import Batch


class Attempt:
    """One record as the rules see it; made only where a rule has to look."""

    __slots__ = (
        "additive",
        "asks_manager",
        "asks_site_manager",
        "batch",
        "email",
        "existing",
        "external_id",
        "record",
        "roles",
        "sites",
        "user",
        "username",
        "wants_account",
    )

    asks_manager: bool
    asks_site_manager: bool

    def __init__(self, batch: Batch, record: Any) -> None:
        self.batch = batch
        self.record = record

    def read(
        self,
        existing: Employee | None,
        email: str | None,
        wants_account: bool,
        user: User | None,
        username: str | None,
        settled: Settled,
    ) -> None:
        """What is known once the record's shape is known to be good."""
        self.external_id = self.record["externalEmployeeId"]
        self.existing = existing
        self.email = email
        self.wants_account = wants_account
        self.user = user
        self.username = username
        self.additive = self.record.get("updateMode") == "additive"
        self.roles, _, self.sites, _, _ = settled

    def refusal(self, checks: Checks, ignored: tuple[str, ...]) -> Outcome | None:
        """The error by the first rule that refuses the record, None where all let it pass."""
        for check, rule in checks:
            fills = check(self)
            if fills is not None:
                return self._refused(rule, fills, ignored)
        return None

    def _refused(self, rule: Rule, fills: dict[str, Any], ignored: tuple[str, ...]) -> Outcome:
        # A message is filled once: braces in what fills it stay as they are.
        message = rule.message.format_map(fills) if fills else rule.message
        external_id = self.record.get("externalEmployeeId") if isinstance(self.record, dict) else None
        if not isinstance(external_id, str) or is_blank(external_id):
            external_id = None
        readings = of_refusal(rule, self)
        return Outcome(external_id, "ERROR", None, None, (), rule.name, message, ignored, readings)

    @property
    def readings(self) -> Readings:
        """The readings in force."""
        return self.batch.readings

    @property
    def organization(self) -> Organization:
        """Where the record goes."""
        return self.batch.organization

    @property
    def email_folded(self) -> str | None:
        """The e-mail of the record, case folded."""
        return None if self.email is None else self.email.casefold()

    @property
    def username_given(self) -> Any:
        """The username that the record gives."""
        return self.record["userAccount"].get("username") if self.wants_account else None

    @property
    def asks_any_site(self) -> bool:
        """Whether the record lists a site, known or not."""
        return bool(self.record.get("sites"))

    @property
    def existing_roles(self) -> tuple[str, ...]:
        """Role ids held before this record."""
        return () if self.existing is None else self.existing.roles

    def holds_manager(self, roles: Iterable[str]) -> bool:
        """Whether site_manager is among these role ids."""
        return not self.batch.assignables.manager_roles.isdisjoint(roles)

    def carries_site_manager(self) -> bool:
        """Whether sites that the record leaves out are kept, one of them with site-level site_manager."""
        if self.existing is None or self.additive or not self.batch.assignments_kept or "sites" in self.record:
            return False
        return any(role in self.batch.assignables.manager_roles for _, role in self.existing.sites)
