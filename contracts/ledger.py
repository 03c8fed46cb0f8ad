"""The ledger: the claims of the sources, and the readings where a source can be read two ways."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

Level = Literal["documented", "vendor-docs", "assumed"]


@dataclass(frozen=True)
class Claim:
    """A row of `claims.yaml`. `planned`: nothing checks it yet. `ineligible`: why nothing ever will."""

    id: str
    api: str
    level: Level
    source: str
    says: str
    planned: bool
    ineligible: str | None


@dataclass(frozen=True)
class Reading:
    """A switch: the first value is the default."""

    name: str
    question: str
    values: tuple[str, ...]
    claims: tuple[str, ...]

    @property
    def default(self) -> str:
        """The value that holds where nothing else is known."""
        return self.values[0]


@dataclass(frozen=True)
class Ledger:
    """All claims and readings, in the order of the file."""

    claims: dict[str, Claim]
    readings: dict[str, Reading]

    def defaults(self) -> dict[str, str]:
        """Reading -> default value."""
        return {reading.name: reading.default for reading in self.readings.values()}


@cache
def load() -> Ledger:
    """The ledger that comes with the suite."""
    text = files("contracts").joinpath("claims.yaml").read_text(encoding="utf-8")
    raw: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    claims = {
        key: Claim(
            id=key,
            api=row["api"],
            level=row["level"],
            source=row["source"],
            says=row["says"],
            planned=row.get("status") == "planned",
            ineligible=row.get("ineligible"),
        )
        for key, row in raw["claims"].items()
    }
    readings = {
        key: Reading(key, row["question"], tuple(map(str, row["values"])), tuple(row["claims"]))
        for key, row in raw["readings"].items()
    }
    return Ledger(claims, readings)
