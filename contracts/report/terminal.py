"""The report on a terminal, and the progress of a run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from contracts.verdicts import Report, Verdict

_STYLES = {
    "holds": "green",
    "holds in part": "yellow",
    "broken": "bold red",
    "not observable": "yellow",
    "left out": "yellow",
    "planned": "dim",
    "ineligible": "dim",
}
# Without a terminal, a line of progress every so many checks, or seconds without one.
_EVERY = 25
_PATIENCE = 30.0


class Live:
    """Progress of a run: a bar on a terminal, a plain line now and then elsewhere, by `clock` (seconds)."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._said = (0, clock())
        columns = (
            TextColumn("checks"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[sent]} requests, {task.fields[failures]} broken"),
        )
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._task = self._bar.add_task("", total=None, sent=0, failures=0) if self._bar else None

    def __enter__(self) -> Live:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, done: int, total: int, sent: int, failures: int) -> None:
        """Show how far it is."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, sent=sent, failures=failures)
            return
        said, at = self._said
        if (done != said and (done % _EVERY == 0 or done == total)) or self._clock() - at >= _PATIENCE:
            self._said = done, self._clock()
            self._console.print(f"{done}/{total} checks, {sent} requests, {failures} broken")


def show(report: Report, console: Console) -> None:
    """Broken claims with what was expected and got, then what could not be seen, then the counts."""
    broken = [verdict for verdict in report.verdicts if verdict.status == "broken"]
    if broken:
        console.print(_table("Broken", broken))
    if report.beyond:
        _show_beyond(report, console)
    hidden = [verdict for verdict in report.verdicts if verdict.status in ("not observable", "left out")]
    if hidden:
        console.print(_table("Not judged", hidden))
    in_part = [verdict for verdict in report.verdicts if verdict.status == "holds in part"]
    if in_part:
        console.print(_table("Judged in part", in_part))
    unusual = [found for found in report.readings if found.value != found.default or found.note]
    if unusual:
        table = Table(
            "reading", "value", "", title="Readings that are not the default, or were not seen", title_justify="left"
        )
        for found in unusual:
            table.add_row(found.name, found.value, found.note)
        console.print(table)
    for note in report.notes:
        console.print(Text(note, style="yellow"))
    counts = ", ".join(f"{count} {status}" for status, count in report.counts.items()) or "no claims were asked for"
    console.print(
        f"{report.target}: {counts}; {report.requests} requests in {report.seconds:.1f} s, seed {report.seed}"
    )
    console.print(Text(_outcome(report), style="bold green" if report.exit_code == 0 else "bold red"))


def _outcome(report: Report) -> str:
    """The last line: what fails the run, or that nothing does."""
    if report.failure:
        return f"{report.failure} the run"
    return "the documented claims hold" if report.verdicts else "nothing is broken"


def _show_beyond(report: Report, console: Console) -> None:
    """Checks beyond the claims: one line where nothing is broken, else those that are."""
    counts = ", ".join(f"{count} {status}" for status, count in Counter(f.status for f in report.beyond).items())
    if not report.broken_beyond:
        console.print(f"Checks beyond the claims: {counts}")
        return
    table = Table("check", "it tries", "found", title="Checks beyond the claims", title_justify="left", show_lines=True)
    for finding in report.broken_beyond:
        table.add_row(finding.check, finding.says, Text("broken: ", style=_STYLES["broken"]) + Text(finding.message))
    console.print(table)


def _table(title: str, verdicts: list[Verdict]) -> Table:
    table = Table("claim", "level", "it says", "found", title=title, title_justify="left", show_lines=True)
    for verdict in verdicts:
        status = Text(f"{verdict.status}: ", style=_STYLES[verdict.status])
        table.add_row(verdict.claim.id, verdict.claim.level, verdict.claim.says, status + Text(verdict.reason))
    return table
