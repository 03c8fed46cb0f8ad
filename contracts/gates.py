"""Gates against a vacuous pass: what a target answered must be enough to say anything about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from contracts import documents
from contracts.checks import Broken, NotObservable
from contracts.documents import Api, Operation
from contracts.lab import Lab
from contracts.target import ABSENT, CannotRun, Tally, Target
from contracts.verdicts import Finding

# A part of a run whose answers are mostly these says nothing about the target.
_EMPTY_STATUSES = (401, 404, 429)
_MOST_EMPTY = 0.6
# Schemathesis asks without credentials, and for what is not there, on purpose.
_MOST_EMPTY_BEYOND = 0.9


@dataclass
class Answers:
    """How all requests of a run were answered: those of the claims, and those of the checks beyond them."""

    claims: Tally = field(default_factory=Tally)
    beyond: Tally = field(default_factory=Tally)

    @property
    def statuses(self) -> Counter[int]:
        """Status -> number of answers."""
        return self.claims.statuses + self.beyond.statuses


def refuse_vacuous(answers: Answers) -> None:
    """CannotRun where a part of the run got little else than 401, 404 and 429.

    The two parts are held apart, so that neither can hide behind the other.
    """
    parts = (
        (answers.claims, _MOST_EMPTY, ""),
        (answers.beyond, _MOST_EMPTY_BEYOND, " of the checks beyond the claims"),
    )
    for tally, most, part in parts:
        total = tally.statuses.total()
        empty = sum(tally.statuses[status] for status in _EMPTY_STATUSES)
        if total and empty / total > most:
            raise CannotRun(
                f"{empty} of {total} answers{part} were 401, 404 or 429: such a run proves nothing; check URLs, "
                "credentials and limits"
            )


def reachability(target: Target, answers: Answers, absent: frozenset[Operation]) -> Finding:
    """Whether every operation that the target has was answered 2xx at least once, with the names of the others."""
    asked = answers.claims.asked | answers.beyond.asked
    reached = answers.claims.reached | answers.beyond.reached
    known = [operation for api, _ in target.apis for operation in documents.operations(api)]
    closed = [operation for operation in known if operation in asked - reached - absent]
    unseen = [operation for operation in known if operation in absent or operation not in asked]
    finding = Finding(
        "gates.reachability", "Every operation that the target has is answered 2xx at least once.", (), "holds"
    )
    if closed:
        return _with(finding, "broken", f"never answered 2xx: {_named(closed)}")
    if unseen:
        return _with(finding, "not observable", f"not there, or never asked: {_named(unseen)}")
    return finding


def _with(finding: Finding, status: Any, message: str) -> Finding:
    return Finding(finding.check, finding.says, finding.claims, status, message)


def _named(operations: Iterable[Operation]) -> str:
    return ", ".join(map(str, operations))


def absent_operations(lab: Lab) -> frozenset[Operation]:
    """The operations that a target without a control plane does not have: it says so to a good request.

    Where there is a control plane it is our own sandbox, which has them all: there a 404 is a fault.
    """
    if lab.controlled:
        return frozenset()
    return frozenset(
        operation
        for api, _ in lab.wire.target.apis
        for operation in documents.operations(api)
        if _status(lab, operation) in ABSENT
    )


def _status(lab: Lab, operation: Operation) -> int | None:
    """How a good request is answered; None where none can be made here."""
    path = operation.path
    try:
        if "{" in path:
            collection = path.rpartition("/")[0]
            path = f"{collection}/{_first_id(lab, operation.api, collection)}"
        if operation.api == "hrms":
            return lab.hrms(path).status
        if operation.method == "GET":
            return lab.scan2evolve("GET", path).status
        # An empty object is no batch and no grant: it changes nothing anywhere.
        return lab.scan2evolve(operation.method, path, {}).status if lab.writes else None
    except (NotObservable, Broken, KeyError, IndexError, TypeError):
        return None


def _first_id(lab: Lab, api: Api, collection: str) -> str:
    body = (lab.hrms(collection) if api == "hrms" else lab.scan2evolve("GET", collection)).body
    return str((body["data"] if api == "hrms" else body)[0]["id"])


def refuse_half(target: Target, absent: frozenset[Operation]) -> None:
    """CannotRun where an API has half of its operations or fewer: as a whole it cannot be judged."""
    for api, url in target.apis:
        missing = [operation for operation in documents.operations(api) if operation in absent]
        if 2 * len(missing) >= len(documents.operations(api)):
            raise CannotRun(f"{url} has no {_named(missing)}: name what is to be judged with --claims")
