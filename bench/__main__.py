"""`python -m bench`: measure, print a table, and exit with 1 where a bound is missed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import orjson

from bench import growth, life, rates
from bench.client import AnswerError
from bench.load import LoadError
from bench.processes import LOAD_CORE, SERVER_CORE, StartError
from bench.report import Figure, table

_RATES = ("users", "creations", "updates")
_OTHERS = {"growth": growth.measure, "start": life.start, "worlds": life.worlds, "crowd": life.crowd}
_NEEDS = {"wrk": "wrk", "taskset": "util-linux"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Of bare and ours in turn.")
@click.option("--seconds", default=3, show_default=True, type=click.IntRange(1), help="Of load, each time.")
@click.option("--only", "names", multiple=True, type=click.Choice([*_RATES, *_OTHERS]), help="May be repeated.")
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write all samples there.")
def main(rounds: int, seconds: int, names: tuple[str, ...], target: Path | None) -> None:
    """Measure the hot paths as ratios to bare routes; only those say something on a shared machine."""
    for command, package in _NEEDS.items():
        if shutil.which(command) is None:
            click.echo(f"bench: {command} is missing: apt-get install {package}", err=True)
            sys.exit(2)
    if SERVER_CORE == LOAD_CORE:
        click.echo("bench: one core only, server and load share it: no ratio is to be relied on", err=True)
    try:
        figures = _measure(names or (*_RATES, *_OTHERS), rounds, seconds)
    except (StartError, AnswerError, LoadError) as error:
        click.echo(f"bench: {error}", err=True)
        sys.exit(2)
    click.echo(f"Servers on core {SERVER_CORE}, load on core {LOAD_CORE}, load average {os.getloadavg()[0]:.1f}.")
    click.echo(table(figures))
    if target is not None:
        target.write_bytes(orjson.dumps([figure.as_json() for figure in figures], option=orjson.OPT_INDENT_2))
    sys.exit(1 if any(figure.verdict == "missed" for figure in figures) else 0)


def _measure(chosen: tuple[str, ...], rounds: int, seconds: int) -> list[Figure]:
    figures = []
    wanted = set(chosen) & set(_RATES)
    if wanted:
        with TemporaryDirectory() as folder:
            click.echo("bench: rates …", err=True)
            figures += rates.measure(Path(folder), wanted, rounds, seconds)
    for name, measured in _OTHERS.items():
        if name in chosen:
            click.echo(f"bench: {name} …", err=True)
            figures += measured()
    return figures


if __name__ == "__main__":
    main()
