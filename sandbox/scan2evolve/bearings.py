"""Which readings bore on what became of a record: those under whose other value it would have become something else.

What is asked here is asked of the few records that a rule had to look at. What every record could meet is noted where
it is decided, in `assignments` and `employees`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sandbox.scan2evolve.organization import SITE_MANAGER
from sandbox.scan2evolve.records import UUID, is_blank, without_nulls
from sandbox.scan2evolve.rules import ACCOUNT, MANAGER, RULES, Checks, Rule

if TYPE_CHECKING:
    from sandbox.scan2evolve.attempts import Attempt

# Names of readings.
Bearings = tuple[str, ...]
NO_BEARINGS: Bearings = ()


def of_refusal(rule: Rule, attempt: Attempt) -> Bearings:
    """The readings because of which `rule` refuses the record."""
    if rule.name in _OF_SHAPE:
        shaped = type(attempt)(attempt.batch, without_nulls(attempt.record))
        return () if rule.check(shaped) == rule.check(attempt) else ("null-field",)
    found = list(_OF_RULE[rule.name](attempt)) if rule.name in _OF_RULE else []
    concern = _CONCERNS.get(rule.name)
    if concern in (ACCOUNT, MANAGER) and _is_active_by_default(attempt):
        found.append("omitted-status")
    if concern == MANAGER and _has_malformed_site(attempt):
        found.append("malformed-site-id")
    if rule.stage == "employee" and _passes_by_stored_email(attempt):
        found.append("email-on-update")
    return tuple(found)


def of_passing(attempt: Attempt) -> Bearings:
    """The readings without which a rule would have refused the record that passed."""
    readings, existing = attempt.readings, attempt.existing
    found = []
    if _has_malformed_site(attempt):
        found.append("malformed-site-id")
    if existing is None:
        return tuple(found)
    if _passes_by_stored_email(attempt):
        found.append("email-on-update")
    if attempt.additive and attempt.asks_manager and not attempt.asks_any_site:
        found += ["additive-existing-sites"] if readings.additive_existing_sites == "effective" else []
    if attempt.additive and attempt.asks_site_manager and not attempt.asks_manager:
        found += ["additive-site-manager"] if readings.additive_site_manager == "effective" else []
    return tuple(found)


def of_nulls(came: Attempt, shaped: Attempt, checks: Checks, refused_by: str | None) -> Bearings:
    """Whether a record as it came, with nulls, would have been refused otherwise than it was without them."""
    for check, rule in checks:
        if rule.name in _OF_SHAPE and check(came) != check(shaped):
            return ("null-field",)
        if rule.name == refused_by:
            return ()
    return ()


def _passes_by_stored_email(attempt: Attempt) -> bool:
    existing = attempt.existing
    if attempt.readings.email_on_update != "stored" or existing is None:
        return False
    return attempt.wants_account and attempt.email is None and not is_blank(existing.email)


def _has_malformed_site(attempt: Attempt) -> bool:
    return any(UUID.fullmatch(entry.get("id", "")) is None for entry in attempt.record.get("sites", ()))


def _is_active_by_default(attempt: Attempt) -> bool:
    existing = attempt.existing
    return existing is not None and existing.status != "ACTIVE" and "status" not in attempt.record


def _of_missing_email(attempt: Attempt) -> Iterable[str]:
    if attempt.email is None and attempt.existing is not None and not is_blank(attempt.existing.email):
        yield "email-on-update"


def _of_manager_without_site(attempt: Attempt) -> Iterable[str]:
    if attempt.additive and attempt.existing is not None and attempt.existing.sites:
        yield "additive-existing-sites"
    if _only_by_case(attempt.record.get("roles", ())):
        yield "role-case"


def _of_site_manager_without_role(attempt: Attempt) -> Iterable[str]:
    held = attempt.holds_manager(attempt.existing_roles)
    if attempt.additive:
        if held:
            yield "additive-site-manager"
    elif not attempt.asks_site_manager or (held and "roles" not in attempt.record):
        yield "omitted-assignments"
    at_sites = [entry.get("role", "") for entry in attempt.record.get("sites", ())]
    if _only_by_case(at_sites) or _only_by_case(attempt.record.get("roles", ())):
        yield "role-case"


def _of_manager_left_without_site(attempt: Attempt) -> Iterable[str]:
    if attempt.existing is not None and "roles" not in attempt.record:
        yield "omitted-assignments"
    if _only_by_case(attempt.record.get("roles", ())):
        yield "role-case"


def _only_by_case(names: Iterable[str]) -> bool:
    """Whether site_manager is named in other letters only."""
    names = tuple(names)
    return SITE_MANAGER not in names and any(name.casefold() == SITE_MANAGER for name in names)


# Of a rule by its name: a world may ask it more often than it concerns a record.
_CONCERNS = {rule.name: rule.concern for rule in RULES}
_OF_SHAPE = frozenset({"status-is-text", "field-types", "update-mode-is-text"})
_OF_RULE: dict[str, Callable[[Attempt], Iterable[str]]] = {
    "id-once-in-batch": lambda _: ("duplicate-in-batch",),
    "email-required": _of_missing_email,
    "site-id-well-formed": lambda _: ("malformed-site-id",),
    "site-manager-asks-site": _of_manager_without_site,
    "site-level-manager-has-role": _of_site_manager_without_role,
    "site-manager-keeps-site": _of_manager_left_without_site,
}
