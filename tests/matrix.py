"""The matrix, deviation by deviation which claims turn red: `python -m tests.matrix [NAME …]` writes the kept table."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click

from contracts import ledger
from contracts.run import Options, Run
from sandbox.app import Application
from sandbox.deviations.catalogue import BY_NAME, CATALOGUE
from sandbox.server import serving
from tests.contracts.targets import target_at

TABLE = Path(__file__).parent.parent / "contracts" / "matrix.md"

#: Claims about the server, which no deviation of a world can break, and the test that shows that they can fail.
OF_THE_SERVER = {"S2E-SEC-01": "tests/contracts/test_transport.py has servers that take older TLS"}

_TOP = """\
# The matrix
Which claims turn red in a world with a deviation, when all checks of all claims run against it (those of the reference
model aside, which go through everything at once, and those in worlds switched to other readings). Declared are those
that the deviation is made to break; the others are broken on the way. `make matrix` judges the deviations and writes
this page.

| deviation | declared | red besides |
|---|---|---|
"""
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def eligible() -> list[str]:
    """The claims that can be checked, and that a world can break."""
    claims = ledger.load().claims.values()
    return [row.id for row in claims if not row.planned and not row.ineligible and row.id not in OF_THE_SERVER]


def red_claims(name: str) -> list[str]:
    """The claims that are broken in a world with this deviation, in the ledger's order."""
    claims = eligible()
    with serving(Application()) as url:
        run = Run(Options(target_at(url), claims=tuple(claims), template={"deviations": [name]}))
        run.prepare()
        checks = [check for check in run.checks() if not check.name.startswith("model.") and check.under is None]
        findings = [finding for check in checks for finding in run.attempt(check)]
    broken = {claim for finding in findings if finding.status == "broken" for claim in finding.claims}
    return [claim for claim in claims if claim in broken]


def kept() -> dict[str, tuple[list[str], list[str]]]:
    """The kept table: deviation -> the claims that it declares and that are red, and those that are red besides."""
    text = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    return {name: (_claims(declared), _claims(besides)) for name, declared, besides in _ROW.findall(text)}


def _claims(cell: str) -> list[str]:
    return re.findall(r"(?<!~)\b[A-Z0-9]+-[A-Z]+-[0-9]{2}", cell)


def rendered(red: dict[str, list[str]]) -> str:
    """The page, from deviation -> red claims; what is declared and not red is struck out."""
    rows = []
    for row in CATALOGUE:
        found = red.get(row.name, [])
        declared = [claim if claim in found else f"~~{claim}~~" for claim in row.claims]
        besides = [claim for claim in found if claim not in row.claims]
        if row.reading is not None:
            declared = [f"none: it is reading `{row.reading[0]}` = `{row.reading[1]}`"]
        rows.append(f"| `{row.name}` | {', '.join(declared)} | {', '.join(besides)} |")
    return _TOP + "\n".join(rows) + "\n"


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(tuple(BY_NAME)))
@click.option("--workers", default=2, show_default=True, help="Processes.")
def main(names: tuple[str, ...], workers: int) -> None:
    """Judge the deviations of these NAMES, by default all, and write the table; the others' rows stay."""
    red = {name: [*declared, *besides] for name, (declared, besides) in kept().items()}
    chosen = names or tuple(BY_NAME)
    with ProcessPoolExecutor(workers) as pool:
        for name, found in zip(chosen, pool.map(red_claims, chosen), strict=True):
            red[name] = found
            click.echo(f"{name}: {len(found)} red")
            TABLE.write_text(rendered(red), encoding="utf-8")


if __name__ == "__main__":
    main()
