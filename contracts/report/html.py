"""report.html: one file, readable without help, filterable, with the evidence of every failure."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from contracts.verdicts import Report


def render(report: Report) -> bytes:
    """The report as a self-contained page, in UTF-8."""
    environment = Environment(
        loader=PackageLoader("contracts.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(report=report).encode()
