"""The journal of a failed test's world: short for the report, and whole in a file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sandbox.client import ControlError, Unreachable, shapes
from sandbox_pytest.world import SandboxWorld

SECTION = "sandbox journal"
PROPERTY = "sandbox_journal"

# So much of it is in a report.
_ENTRIES = 30
_RECORDS = 12
_WIDTH = 300


def told(world: SandboxWorld, test: str, folder: Path | None) -> str:
    """What the report says of a world: each of the latest requests with what was decided and why.

    With a folder all of the journal goes into a file there, and the text names it. Whatever cannot be done is said in
    the text, too: a report must come about. Secrets are in neither, since the server has taken them out.
    """
    try:
        clock, entries = world.control.get_clock(), world.journal()
        lines = [*_head(world, clock, len(entries))]
        for entry in entries[-_ENTRIES:]:
            lines += _entry(entry)
        if folder is not None:
            lines.append(_saved(world, test, clock, entries, folder))
    except (ControlError, Unreachable, RuntimeError) as error:
        lines = [f"the journal of world {world.id} cannot be read: {error}"]
    except (LookupError, TypeError, ValueError) as error:
        # A sandbox elsewhere may be of another version.
        lines = [f"the journal of world {world.id} cannot be read: {type(error).__name__}: {error}"]
    return "".join(f"{_shown(line)}\n" for line in lines)


def _head(world: SandboxWorld, clock: shapes.Clock, count: int) -> Iterator[str]:
    made = f", made with {json.dumps(world.settings)}" if world.settings else ""
    yield f"world {world.id} at {world.url}{made}"
    stands = "stands still" if clock["frozen"] else "runs"
    yield f"its clock {stands} at {clock['now']}; {count or 'no'} request{'' if count == 1 else 's'}" + (
        f", the last {_ENTRIES} of them:" if count > _ENTRIES else ":" if count else ""
    )


def _entry(entry: shapes.JournalEntry) -> Iterator[str]:
    query = f"?{entry['query']}" if entry["query"] else ""
    asked = f"{entry['method']} {entry['path']}{query}"
    yield f"{entry['id']:>4}  {entry['at'][11:23]}  {entry['status']}  {asked}  {_decided(entry)}"
    if entry["faults"]:
        names = ", ".join(fault["name"] for fault in entry["faults"])
        came = "" if entry["delivered"] == "whole" else f", and the client got {entry['delivered']} of the answer"
        yield f"      fault {names}{came}"
    for note in entry["notes"]:
        yield f"      note: {note}"
    told = [line for record in entry["records"] or () for line in _record(record)]
    yield from told[:_RECORDS]
    if len(told) > _RECORDS:
        yield f"      … and {len(told) - _RECORDS} more lines about its records"


def _decided(entry: shapes.JournalEntry) -> str:
    """What was decided, and where it was refused, why."""
    decision = entry["decision"]
    words: list[str] = [entry["operation"]] if entry["operation"] else []
    words.append(decision["outcome"])
    if decision["outcome"] == "refused":
        words.append(f"by {decision['rule'] or decision['step']}: {decision['message']}{_claims(decision['claims'])}")
    elif entry["records"]:
        counted = Counter(record["outcome"] for record in entry["records"])
        words.append(f"with {', '.join(f'{count} {outcome}' for outcome, count in counted.items())}")
    return " ".join(words)


def _record(record: shapes.JournalRecord) -> Iterator[str]:
    """Why a record failed, and what was not taken as it was sent."""
    name = f"      record {record['index']} {json.dumps(record['externalEmployeeId'])}"
    if record["message"] is not None:
        yield f"{name} {record['outcome']} by {record['rule']}: {record['message']}{_claims(record['claims'])}"
    for warning in record["warnings"]:
        near = "" if warning["nearest"] is None else f"; did you mean {warning['nearest']}?"
        yield f"{name} warned by {warning['rule']}: {warning['message']}{_claims(warning['claims'])}{near}"
    if record["ignored"]:
        yield f"{name} ignored {', '.join(record['ignored'])}"


def _claims(claims: list[str]) -> str:
    return f" ({', '.join(claims)})" if claims else ""


def _saved(
    world: SandboxWorld, test: str, clock: shapes.Clock, entries: list[shapes.JournalEntry], folder: Path
) -> str:
    file = folder / f"{world.id}.json"
    content = {"test": test, "world": world.id, "settings": world.settings, "clock": clock, "journal": entries}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        return f"all of it could not be written to {file}: {error.strerror or error}"
    return f"all of it: {file}"


def _shown(line: str) -> str:
    """A line that is one line on a terminal, whatever somebody has sent."""
    plain = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in line)
    return plain if len(plain) <= _WIDTH else f"{plain[: _WIDTH - 1]}…"
