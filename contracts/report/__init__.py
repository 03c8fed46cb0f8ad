"""A run's report: on the terminal, as HTML, JSON and JUnit XML."""

from __future__ import annotations

from pathlib import Path

from contracts.report.html import render as _html
from contracts.report.junit import render as _junit
from contracts.report.machine_readable import render as _json
from contracts.verdicts import Report

FILES = {"report.html": _html, "report.json": _json, "junit.xml": _junit}


def write(report: Report, folder: Path) -> list[Path]:
    """Write all forms of the report into `folder`, which is made if need be. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, render in FILES.items():
        path = folder / name
        path.write_bytes(render(report))
        written.append(path)
    return written
