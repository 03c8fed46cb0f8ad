"""`python -m tests.mutants [MODULE …]`: judge the mutants of the domain, and write the table of what survives."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import click

from tests.mutants.judging import judge, load_libraries
from tests.mutants.making import MODULES, ROOT, Mutant, mutants_of
from tests.mutants.table import TABLE, rendered

_RESULTS = ROOT / ".mutants"
#: module -> how many mutants it has.
_TOTALS = "totals.json"


@click.command()
@click.argument("modules", nargs=-1, type=click.Choice(MODULES))
@click.option("--minutes", default=60.0, show_default=True, help="Stop after so long; a later run goes on from there.")
@click.option("--every", default=1, show_default=True, help="Judge only each n-th mutant: a sample of every module.")
@click.option("--again", is_flag=True, help="Judge the survivors of earlier runs anew.")
@click.option("--results", default=_RESULTS, show_default=False, type=click.Path(path_type=Path), help="Kept here.")
@click.option("--page", default=TABLE, show_default=False, type=click.Path(path_type=Path), help="The table goes here.")
@click.option("--table", is_flag=True, help="Judge nothing, write the table from earlier results.")
def main(
    modules: tuple[str, ...], minutes: float, every: int, again: bool, results: Path, page: Path, table: bool
) -> None:
    """Judge the mutants of MODULES, by default of the whole domain, by the contract suite alone."""
    results.mkdir(exist_ok=True)
    if not table:
        load_libraries()
        ends = time.monotonic() + 60 * minutes
        for module in modules or MODULES:
            _judge_module(module, results / f"{module}.json", ends, every, again)
    found = {module: _read(results / f"{module}.json") for module in MODULES}
    totals = {module: int(_read(results / _TOTALS).get(module, 0)) for module in MODULES}
    page.write_text(rendered(found, totals), encoding="utf-8")
    click.echo(f"wrote {page}")


def _read(path: Path) -> dict[str, str]:
    """Mutant -> what killed it, of earlier runs; empty where there was none."""
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _judge_module(module: str, path: Path, ends: float, every: int, again: bool) -> None:
    mutants = mutants_of(module)
    totals = _read(path.parent / _TOTALS) | {module: str(len(mutants))}
    (path.parent / _TOTALS).write_text(json.dumps(totals, indent=0), encoding="utf-8")
    earlier = _read(path)
    found = {mutant.key: earlier[mutant.key] for mutant in mutants if mutant.key in earlier}
    if again:
        found = {key: killer for key, killer in found.items() if killer}
    killers: Counter[str] = Counter(found.values())
    by_function: dict[str, list[str]] = {}
    for mutant in mutants[::every]:
        if mutant.key in found or time.monotonic() > ends:
            continue
        killer = judge(mutant, _first(mutant, killers, by_function))
        found[mutant.key] = killer
        killers[killer] += 1
        by_function.setdefault(mutant.function, []).insert(0, killer)
        path.write_text(json.dumps(found, indent=0, ensure_ascii=False), encoding="utf-8")
        if not killer:
            click.echo(f"survives: {module} {mutant.line} {mutant.key}")
    killed = sum(bool(killer) for killer in found.values())
    click.echo(f"{module}: {killed} of {len(found)} killed, {len(mutants) - len(found)} not judged yet")


def _first(mutant: Mutant, killers: Counter[str], by_function: dict[str, list[str]]) -> list[str]:
    """The checks to begin with: what killed others of the function, then what killed most."""
    likely = [*by_function.get(mutant.function, ()), *(name for name, _ in killers.most_common())]
    return list(dict.fromkeys(likely))


if __name__ == "__main__":
    main()
