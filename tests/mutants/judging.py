"""Judging a mutant: a process of its own serves it, and the contract suite says whether anything is wrong.

Every mutant is a fork of one process that has all libraries loaded and nothing of the sandbox, so a judgement
begins within a tenth of a second and no mutant is ever on disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType

from contracts import ledger
from contracts.checks import Check, all_checks
from contracts.run import Options, Run
from contracts.target import CannotRun, Target
from tests.mutants.making import Mutant, path_of

# Loaded before the first fork, so that no child does it.
_LIBRARIES = ("faker", "httptools", "jsonschema_rs", "msgspec", "orjson", "starlette.applications", "uvicorn", "uvloop")
_SECONDS = 120.0
_ANSWER_SECONDS = 5.0
_MEMORY = 4 * 1024**3


class _Replaced(MetaPathFinder, Loader):
    """Gives one module another source."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        """The mutant in place of its module."""
        if fullname != self._mutant.module:
            return None
        return spec_from_loader(fullname, self, origin=str(path_of(fullname)))

    def exec_module(self, module: ModuleType) -> None:
        """Run the other source."""
        exec(compile(self._mutant.source, str(path_of(module.__name__)), "exec"), module.__dict__)


def load_libraries() -> None:
    """Load what every child needs but the sandbox itself."""
    for name in _LIBRARIES:
        __import__(name)
    all_checks()
    loaded = [name for name in sys.modules if name.partition(".")[0] == "sandbox"]
    if loaded:
        raise RuntimeError(f"{loaded} are loaded, so no mutant could take their place")


def judge(mutant: Mutant, first: Iterable[str]) -> str:
    """What kills the mutant: a check's name, `detector`, `start`, `time`, `crash`; "" where nothing does.

    `first` are the checks to begin with.
    """
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reader)
        _in_child(mutant, list(first), writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        ready, _, _ = select.select([answer], [], [], _SECONDS)
        if not ready:
            os.kill(process, signal.SIGKILL)
        said = answer.read()
    os.waitpid(process, 0)
    if not ready:
        return "time"
    return str(json.loads(said)) if said else "crash"


def _in_child(mutant: Mutant, first: list[str], writer: int) -> None:
    """Judge, write the answer, and end the process whatever happens."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        sys.meta_path.insert(0, _Replaced(mutant))
        os.write(writer, json.dumps(_killer(first)).encode())
    finally:
        os._exit(0)


def _killer(first: list[str]) -> str:
    with contextlib.ExitStack() as stack:
        try:
            from sandbox.app import Application
            from sandbox.server import serving

            url = stack.enter_context(serving(Application()))
        except Exception:  # noqa: BLE001 - a mutant that does not start may raise anything
            return "start"
        target = Target(f"{url}/hrms/api", f"{url}/scan2evolve", f"{url}/_sandbox")
        options = Options(target, timeout=_ANSWER_SECONDS)
        ranks = {name: rank for rank, name in enumerate(first)}
        checks = sorted(all_checks(), key=lambda check: ranks.get(check.name, len(ranks)))
        try:
            return next(_alarms(options, [check for check in checks if check.claims and check.profile == "quick"]), "")
        except CannotRun:
            return "no answer"


def _alarms(options: Options, checks: list[Check]) -> Iterator[str]:
    """Whatever is wrong: all checks under the default readings, then each other value and the checks about it.

    Last, all checks where every reading has its last value: a branch may show in a check of another claim.
    """
    defaults = ledger.load().defaults()
    yield from _broken(options, defaults, checks)
    for row in ledger.load().readings.values():
        about = [check for check in checks if set(check.claims) & set(row.claims)]
        for value in row.values:
            readings = defaults | {row.name: value}
            yield from _broken(options, readings, about if value != row.default else [])
    yield from _broken(options, {row.name: row.values[-1] for row in ledger.load().readings.values()}, checks)


def _broken(options: Options, readings: dict[str, str], checks: list[Check]) -> Iterator[str]:
    run = Run(replace(options, template={"readings": readings}))
    run.follow(readings)
    for check in checks:
        if any(finding.status == "broken" for finding in run.attempt(check)):
            yield check.name
    if {found.name: found.value for found in run.prepare()} != readings:
        yield "detector"
