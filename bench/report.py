"""Figures and the table that shows them."""

from __future__ import annotations

from statistics import median
from typing import Literal

import msgspec

Verdict = Literal["missed", "floor met", "aim met", "met", "-"]


class Figure(msgspec.Struct, frozen=True):
    """One subject's samples, and the bound that their median must keep.

    `unit` "x bare" marks a ratio of rates, which must not fall below its floor; all else must not rise
    above its limit.
    """

    subject: str
    unit: str
    samples: list[float]
    floor: float | None = None
    limit: float | None = None
    aim: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """What counts."""
        return median(self.samples)

    @property
    def verdict(self) -> Verdict:
        """Whether the median keeps its bound."""
        if self.floor is not None:
            if self.aim is not None and self.median >= self.aim:
                return "aim met"
            return "floor met" if self.median >= self.floor else "missed"
        if self.limit is not None:
            return "met" if self.median <= self.limit else "missed"
        return "-"

    def as_json(self) -> dict[str, object]:
        """For machines: the samples too."""
        return {**msgspec.structs.asdict(self), "median": self.median, "verdict": self.verdict}


def _bound(figure: Figure) -> str:
    if figure.floor is not None:
        return f">= {figure.floor:g}"
    return "" if figure.limit is None else f"<= {figure.limit:g}"


def table(figures: list[Figure]) -> str:
    """All figures, a line each."""
    heads = ("subject", "median", "min..max", "unit", "bound", "aim", "verdict", "")
    rows = [
        (
            figure.subject,
            f"{figure.median:.3g}",
            f"{min(figure.samples):.3g}..{max(figure.samples):.3g}",
            figure.unit,
            _bound(figure),
            "" if figure.aim is None else f"{figure.aim:g}",
            figure.verdict,
            figure.note,
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows)]
    return "\n".join(line.rstrip() for line in lines)
