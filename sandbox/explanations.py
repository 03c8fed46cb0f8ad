"""Why a record became what it became: rule, claim, readings, and what may have been meant, in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.journal import CLAIM_OF_RULE, Entry
from sandbox.readings import CATALOGUE
from sandbox.scan2evolve import trouble
from sandbox.scan2evolve.neighbours import Neighbours, listed, shown
from sandbox.scan2evolve.organization import Organization
from sandbox.scan2evolve.outcomes import Outcome
from sandbox.scan2evolve.records import STATUSES, UPDATE_MODES
from sandbox.scan2evolve.rules import GROUP_UNKNOWN, ROLE_UNKNOWN, SITE_UNKNOWN

#: What each rule of employee sync asks, for somebody who has not read the pages.
WHY: dict[str, str] = {
    "record-is-object": "each element of employees must be a JSON object",
    "id-required": "each record must say in externalEmployeeId whom it is about",
    "id-is-text": "externalEmployeeId must be a string, also where it looks like a number",
    "id-once-in-batch": "an earlier record of this batch has the same externalEmployeeId",
    "status-is-text": "status must be a string, or be left out",
    "status-known": f"status must be one of {', '.join(STATUSES)}, in capitals",
    "field-types": "a field is not of the type that the pages give it",
    "update-mode-is-text": "updateMode must be a string, or be left out",
    "update-mode-known": f"updateMode must be one of {', '.join(UPDATE_MODES)}",
    "dates": "a date must look like 2024-11-18 and be on the calendar",
    "email-required": "whoever is ACTIVE and gets a userAccount needs an email",
    "email-format": "email does not look like an e-mail address",
    "email-in-other-organization": "somebody in another organization has this email",
    "email-linked": "another employee has this email",
    "email-of-other-user": "a user who is no employee has this email, and this employee has an account already",
    "username-not-empty": "a username must not be blank; left out, it is the email",
    "username-free": "somebody else in the organization has this username, whatever the case",
    "group-named": "each entry of groups must have a groupName or an externalGroupId",
    "site-named": "each entry of sites must have an id",
    "site-id-well-formed": "the id of a site must be a UUID",
    "site-manager-asks-site": "who is to be site_manager must have a site in the same request",
    "site-level-manager-has-role": "who is site_manager of one site must have the role site_manager in roles, too",
    "site-manager-keeps-site": "after this record somebody would be site_manager without a site",
    trouble.RULE: "a fault of this world has the database fail for it, and the same record may be sent again",
}
_ITEM = re.compile("'(.*)'", re.DOTALL)
_WHAT = {ROLE_UNKNOWN.name: "Role", GROUP_UNKNOWN.name: "Group", SITE_UNKNOWN.name: "Site"}
_QUESTIONS = {row.name: row.question for row in CATALOGUE}


class Explanations:
    """Explains records of batches in one world; `deviated` says that its rules have not always been in force."""

    def __init__(self, organizations: Mapping[str, Organization], *, deviated: bool) -> None:
        self._neighbours = Neighbours(organizations, sure=not deviated)

    def records(self, entry: Entry) -> list[dict[str, Any]] | None:
        """All records of a batch, as the control plane shows them; None where the request was none."""
        if entry.act.records is None:
            return None
        readings = {} if entry.readings is None else entry.readings.as_dict()
        seen: set[str | None] = set()
        shown_records = []
        for index, outcome in enumerate(entry.act.records):
            again = outcome.external_id is not None and outcome.external_id in seen
            seen.add(outcome.external_id)
            warnings = [self._warning(entry, readings, *warning) for warning in outcome.warnings]
            names = (*outcome.readings, "duplicate-in-batch") if again else outcome.readings
            reading = {name: readings[name] for name in names if name in readings}
            shown_records.append(_record(index, outcome, warnings, reading))
        return shown_records

    def _warning(self, entry: Entry, readings: Mapping[str, str], rule: str, text: str) -> dict[str, Any]:
        """A warning, with what the skipped item may have been meant to be."""
        item = _ITEM.search(text)
        nearest, says = None, ""
        if item is not None:
            case_counts = readings.get("role-case") == "exact"
            hint = self._neighbours.hint(entry.act.actor.organization or "", rule, item[1], case_counts=case_counts)
            nearest, says = hint.nearest, f"{_WHAT[rule]} {shown(item[1])} was skipped: {_ended(hint.says)}"
        return {
            "message": text,
            "rule": rule,
            "claims": [CLAIM_OF_RULE[rule]],
            "item": None if item is None else item[1],
            "nearest": nearest,
            "explanation": says or text,
        }


def _record(index: int, outcome: Outcome, warnings: list[dict[str, Any]], reading: dict[str, str]) -> dict[str, Any]:
    claims = ["S2E-BATCH-11"] if outcome.rule is None else [CLAIM_OF_RULE[outcome.rule]]
    return {
        "index": index,
        "externalEmployeeId": outcome.external_id,
        "outcome": outcome.status,
        "employeeId": outcome.employee_id,
        "rule": outcome.rule,
        "claims": claims,
        "message": outcome.message,
        "warnings": warnings,
        "ignored": list(outcome.ignored),
        "reading": reading,
        "explanation": " ".join(_sentences(outcome, warnings, reading)),
    }


def _sentences(outcome: Outcome, warnings: Iterable[Mapping[str, Any]], reading: Mapping[str, str]) -> Iterable[str]:
    account = "without a user account" if outcome.user_id is None else f"with the user account {outcome.user_id}"
    if outcome.status == "ERROR":
        why = "a deviation of this world does so" if outcome.rule is None else WHY[outcome.rule]
        yield f"Refused, and nothing of it was stored: {why}."
    elif outcome.status == "CREATED":
        yield f"Nobody had this externalEmployeeId, so an employee was made, {account}."
    else:
        yield f"There was an employee of this externalEmployeeId, who was updated, {account}."
    for warning in warnings:
        yield warning["explanation"]
    if outcome.ignored:
        yield f"No page knows these fields, so they were ignored: {listed(outcome.ignored)}."
    for name, value in reading.items():
        yield f"This turned on the reading {name}, which was {value} ({_QUESTIONS[name]})."


def _ended(clause: str) -> str:
    return clause if clause.endswith("?") else f"{clause}."
