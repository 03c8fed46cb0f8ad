"""Employee sync without a server: the organizations that every world starts with, and the Batch class."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import orjson

from sandbox.document import load
from sandbox.ids import Ids
from sandbox.readings import Readings
from sandbox.scan2evolve.employees import Batch
from sandbox.scan2evolve.organization import Organization
from sandbox.scan2evolve.outcomes import Outcome, WelcomeMail
from sandbox.scan2evolve.records import read_batch, unknown_fields
from sandbox.scan2evolve.rules import RULES, Rule, RuleBook
from sandbox.schemas import Schema
from sandbox.worlds import founding_organizations

NOW_MS = 1_731_925_800_000


@cache
def record_schema() -> Schema:
    """The EmployeeRecord schema of the document."""
    return load("scan2evolve").operations["syncEmployees"].items["employees"]


class Domain:
    """Two organizations, their mail and the readings in force; readings by their Python names."""

    def __init__(self, **readings: str) -> None:
        self.organizations = [Organization(state) for state in founding_organizations(0)]
        self.ids = Ids(0, "test")
        self.mail: list[WelcomeMail] = []
        self.rules: tuple[Rule, ...] = RULES
        self.read(**readings)

    def read(self, **readings: str) -> None:
        """Put these readings in force, all others at their default."""
        self.readings = Readings().patched({name.replace("_", "-"): value for name, value in readings.items()})

    def batch(self, org: int = 0) -> Batch:
        """What a request to that organization is processed with."""
        others = [other for index, other in enumerate(self.organizations) if index != org]
        rulebook = RuleBook(self.rules)
        return Batch(self.organizations[org], others, self.readings, rulebook, self.ids, NOW_MS, self.mail.append)

    def sync(self, *records: Any, org: int = 0, quick: bool = False) -> list[Outcome]:
        """One request of these records; `quick` takes the short way where a record may, as the server does."""
        batch = self.batch(org)
        outcomes = []
        for record in records:
            short = read_batch(orjson.dumps({"employees": [record]})) if quick else None
            if short is None:
                outcomes.append(batch.sync(record))
            else:
                outcomes.append(batch.sync_typed(short[0].employees[0], short[1][0]))
        return outcomes

    def is_well_formed(self, record: Any) -> bool:
        """Whether the record is valid against the EmployeeRecord schema and holds no unknown field."""
        return record_schema().validator(self.readings).is_valid(record) and not unknown_fields(record)

    def state(self) -> Any:
        """All that is stored, and all mail, as plain values."""
        return msgspec.to_builtins([[organization.state() for organization in self.organizations], self.mail])

    def tables(self) -> Any:
        """The look-up tables beside the records."""
        return [_tables(organization) for organization in self.organizations]

    def rebuilt_tables(self) -> Any:
        """The look-up tables as they would be made anew from the records."""
        return [_tables(Organization(organization.state())) for organization in self.organizations]

    def change(self, org: int = 0, **lists: list[Any]) -> None:
        """Put these lists (roles, groups, sites, employees, users) in the place of an organization's own."""
        state = msgspec.structs.replace(self.organizations[org].state(), **lists)
        self.organizations[org] = Organization(state)


def _tables(organization: Organization) -> dict[str, dict[str, str]]:
    return {name: dict(table) for name, table in vars(organization).items() if "_by_" in name}
