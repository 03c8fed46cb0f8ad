"""`hris-sandbox replay`: from cases and a target to what holds, what is broken, and the exit code."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.text import Text

from contracts.cases import cases_at
from contracts.curl import script
from contracts.replay import Replay, Replayed
from contracts.run import Options, Run
from contracts.target import Budget, CannotRun, Target

_STYLES = {"holds": "green", "broken": "bold red"}


def print_curl(places: tuple[str, ...]) -> str:
    """The cases as shell scripts. CannotRun where there is not exactly one case: a script has a single world."""
    cases = cases_at(places)
    if len(cases) != 1:
        raise CannotRun(f"--curl takes one case, not {len(cases)}")
    return script(cases[0])


def replay(places: tuple[str, ...], options: Options, console: Console) -> int:
    """Replay the cases of files and folders, and show what came: 0 all hold, 1 one is broken.

    CannotRun where a file is no case, and where none could be judged.
    """
    cases = cases_at(places)
    # To make a world is to write.
    target = options.target if options.writes else replace(options.target, control=None)
    replaying = Replay(
        target,
        Budget(options.most_requests),
        options.credentials,
        readings=_followed(options, target, any(case.readings for case in cases)),
        template=options.template,
        run_id=options.run_id,
        writes=options.writes,
        timeout=options.timeout,
    )
    results = []
    for case in cases:
        result = replaying(case)
        results.append(result)
        _show(result, console)
    judged = [result for result in results if result.status in ("holds", "broken")]
    if not judged:
        raise CannotRun(f"none of {len(results)} cases could be judged: {results[0].message}")
    broken = sum(result.status == "broken" for result in results)
    console.print(
        f"{len(judged) - broken} of {len(results)} cases hold, {broken} broken, {len(results) - len(judged)} not judged"
    )
    return 1 if broken else 0


def _followed(options: Options, target: Target, needed: bool) -> dict[str, str]:
    """The readings that a target without control plane follows; with one, the cases' worlds follow the cases."""
    if target.control is not None:
        return {}
    run = Run(options)
    if needed:
        return {found.name: found.value for found in run.prepare()}
    run.preflight()
    return {}


def _show(result: Replayed, console: Console) -> None:
    line = Text(f"{result.status}: ", style=_STYLES.get(result.status, "yellow"))
    line.append(f"{result.case.name} ({', '.join(result.case.claims)})", style="default")
    console.print(line, soft_wrap=True)
    if result.message:
        console.print(Text(f"  {result.message}"), soft_wrap=True)
    if result.status == "broken":
        for exchange in result.evidence:
            console.print(Text(f"  {exchange.curl()}"), soft_wrap=True)
