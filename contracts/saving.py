"""Saving: what a run found broken, as regression cases that are as small as they can be made.

What a check asserts cannot be replayed, only requests and answers can. So a case comes from a comparison: the
recorded requests are sent to the target and to a reference, each in a fresh world of the same seed, readings and
frozen clock, and the last answer that differs is what the case pins. Requests, records of a batch, and fields are
left out one by one as long as that answer still differs from the reference's in the same place.

What it can not do: without a reference, or where the reference has the same fault, there is no difference and no
case; nor for checks of which a part of a secret was sent, whose identifiers were sent in other letters *and* matter,
or whose requests are too many for the bound. `Saver.unsaved` says why for each. The smallest case found is not always
the smallest there is, and it may show another difference of the same place than the check meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path as File
from typing import Any

from contracts import ledger
from contracts.cases import Case, Request, as_text
from contracts.checks import Check, NotObservable
from contracts.lab import Lab
from contracts.patterns import ABSENT, AMONG, ANY, REST, Mismatch, Names, match, names_in
from contracts.recording import Path, Step, Unfit, at, both, came, general, leaves, pinned, steps_of
from contracts.replay import Answered, Replay, compare, names_of, send
from contracts.target import Budget, CannotRun, Target

# Requests, of both sides together: for one case, and for all cases of a run.
_MOST_A_CASE = 2_000
_MOST_IN_ALL = 15_000
# Longer recordings are not played again and again.
_MOST_STEPS = 120
# At the end a case is tried under each value of each reading.
_TRIES_AFTER = 25
# So deep in a body something is left out.
_DEEPEST = 8
# What a target makes up, in the forms of the documents: it differs even between two healthy ones.
# How much of a message a case repeats.
_LONGEST_MESSAGE = 400
_IDS = re.compile(
    r"emp_[0-9a-f]{24}|user_[0-9a-f]{16}|sync-\d{13}-[a-z0-9]{6}|(?:se|hrms|cs|client|cred|token)_[0-9a-f]{16,}"
    r"|org-[0-9a-f-]{36}|\b[0-9a-f]{16}\b"
)
_HEADERS = (
    *("content-type", "allow", "www-authenticate", "cache-control", "retry-after"),
    *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
)
Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Difference:
    """The last answer that differs: which, how, and what the reference says there.

    `origins` are (answer, name, where in its body) of the names in it that an earlier answer has held already.
    """

    index: int
    wrong: Mismatch
    expected: dict[str, Any]
    came: dict[str, Any]
    statuses: tuple[int, ...]
    origins: tuple[tuple[int, str, Path], ...] = ()

    def alike(self, other: Difference | None, ours: Steps, theirs: Steps) -> bool:
        """Whether another one is the same fault, as far as its place can tell."""
        if other is None:
            return False
        one, two = ours[self.index].request, theirs[other.index].request
        same_request = (one.api, one.method) == (two.api, two.method)
        return same_request and _place(self.wrong) == _place(other.wrong)


def _place(wrong: Mismatch) -> str:
    return re.sub(r"\d+", "", wrong.path)


@dataclass
class _Recorded:
    check: Check
    variants: list[Steps]
    readings: dict[str, str]
    message: str


@dataclass
class Saver:
    """Records broken checks while a run goes on (`note`), and makes cases of them when it is done (`save`).

    `seed` and `template` are the run's: what its own worlds are made like. `unsaved` says of each check without a
    case why it has none.
    """

    seed: int = 0
    template: dict[str, Any] = field(default_factory=dict)
    unsaved: dict[str, str] = field(default_factory=dict)
    recorded: list[_Recorded] = field(default_factory=list)

    def note(self, check: Check, lab: Lab, message: str) -> None:
        """Record what a broken check has sent, before its world is gone."""
        if not check.claims:
            self.unsaved[check.name] = "it belongs to no claim"
            return
        if len(lab.wire.tape) > _MOST_STEPS:
            self.unsaved[check.name] = f"it sent {len(lab.wire.tape)} requests, more than {_MOST_STEPS}"
            return
        variants = []
        for keep_prefix in (False, True):
            try:
                variants.append(tuple(steps_of(lab.wire, lab.space, lab.prefix, keep_prefix=keep_prefix)))
            except Unfit as unfit:
                self.unsaved[check.name] = str(unfit)
        if variants:
            self.unsaved.pop(check.name, None)
            self.recorded.append(_Recorded(check, variants, dict(lab.readings), message))

    def save(self, target: Target, reference: Target, folder: File) -> list[str]:
        """Write a case for each broken check into `folder`, made if need be; what was done, line by line.

        Both targets must have a control plane; `reference` is a healthy one. Raises OSError.
        """
        spent, said = Budget(_MOST_IN_ALL), []
        for recorded in sorted(self.recorded, key=lambda row: row.check.name):
            budget = Budget(min(_MOST_A_CASE, spent.most - spent.sent))
            sides = _Sides(target, reference, self._frame(recorded), self.template, budget)
            try:
                case = self._case(recorded, sides)
            except CannotRun as stopped:
                case, self.unsaved[recorded.check.name] = None, str(stopped)
            spent.sent += budget.sent
            if case is not None:
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{case.name}.json"
                path.write_text(as_text(case), encoding="utf-8")
                said.append(f"wrote {path}")
        return said + [f"no case of {name}: {why}" for name, why in sorted(self.unsaved.items())]

    def _frame(self, recorded: _Recorded) -> Case:
        """A case without requests: what its worlds are made like."""
        name = re.sub(r"[^a-z0-9]+", "-", recorded.check.name.lower())[:80].strip("-")
        return Case(name, recorded.check.says, recorded.check.claims, (), recorded.readings, self.seed)

    def _case(self, recorded: _Recorded, sides: _Sides) -> Case | None:
        """The case of one broken check, None where nothing differs from the reference."""
        for whole in recorded.variants:
            first = sides.difference(whole)
            if first is not None:
                break
        else:
            self.unsaved[recorded.check.name] = "no answer differs from those of the reference"
            return None
        steps = smaller(whole[: first.index + 1], lambda fewer: sides.shows(first, whole, fewer))
        last = sides.last_seen if sides.last_seen is not None and steps == sides.last_steps else None
        difference = last or first
        found = {"check": recorded.check.name, "message": recorded.message[:_LONGEST_MESSAGE]}
        if self.template.get("deviations"):
            found["deviations"] = self.template["deviations"]
        case = replace(sides.frame, requests=_requests(steps, difference), found=found)
        if not sides.tell_apart(case):
            self.unsaved[recorded.check.name] = "what differs does not show in the answers alone"
            return None
        return replace(case, readings=sides.needed(case))


class _Sides:
    """The target and the reference, to which the same steps are sent."""

    def __init__(
        self, target: Target, reference: Target, frame: Case, template: dict[str, Any], budget: Budget
    ) -> None:
        self._target = Replay(target, budget, template=template)
        self._reference = Replay(reference, budget)
        self.frame = frame
        self._budget = budget
        self.last_seen: Difference | None = None
        self.last_steps: Steps = ()

    def shows(self, first: Difference, whole: Steps, fewer: Steps) -> bool:
        """Whether fewer steps still show the same; False where that would take too many requests."""
        # Two worlds made and deleted, too; and at the end the case is tried on both sides, and under each reading.
        if self._budget.sent + (_TRIES_AFTER + 4) * (len(fewer) + 4) > self._budget.most:
            return False
        difference = self.difference(fewer)
        if difference is None or difference.index != len(fewer) - 1 or not first.alike(difference, whole, fewer):
            return False
        self.last_seen, self.last_steps = difference, fewer
        return True

    def tell_apart(self, case: Case) -> bool:
        """Whether a case is broken at the target and holds at the reference."""
        return self._target(case).status == "broken" and self._reference(case).status == "holds"

    def needed(self, case: Case) -> dict[str, str]:
        """The readings without which a case says something else: under another value the reference breaks it."""
        held = {}
        for row in ledger.load().readings.values():
            others = [value for value in row.values if value != case.readings[row.name]]
            tries = (replace(case, readings=case.readings | {row.name: value}) for value in others)
            if any(self._reference(other).status != "holds" for other in tries):
                held[row.name] = case.readings[row.name]
        return held

    def difference(self, steps: Steps) -> Difference | None:
        """The last answer of the target that is not like the reference's."""
        reference, target = (self._played(side, steps) for side in (self._reference, self._target))
        if reference is None or target is None:
            return None
        (healthy, known), (answers, names) = reference, target
        found: Difference | None = None
        texts = {value: name for name, value in reversed(known.items())}
        statuses = tuple(answer.status if answer is not None else 0 for answer in healthy)
        for index, (good, answer) in enumerate(zip(healthy, answers, strict=True)):
            if good is None or answer is None:
                continue
            pattern = _pattern(good, texts)
            before = dict(names)
            wrong = compare(Request(expected=pattern), answer, names)
            if wrong is not None:
                expected = _only(pattern, wrong, answer, before)
                origins = tuple(_origins(healthy[:index], expected, texts))
                found = Difference(index, wrong, expected, came(answer), statuses, origins)
        return found

    def _played(self, side: Replay, steps: Steps) -> tuple[list[Answered | None], Names] | None:
        """The answers to the steps in a fresh world, None where a step needs what no earlier one gave."""
        with side.space(self.frame) as (wire, space):
            names = names_of(space.credentials, "replay-000000")
            answers: list[Answered | None] = []
            for step in steps:
                try:
                    answer = send(wire, space, step.request, names)
                except NotObservable:
                    return None
                answers.append(answer)
                for name, path in step.takes:
                    value = at(answer.body, path) if answer is not None else ...
                    if isinstance(value, str):
                        names[name] = value
            return answers, names


def _pattern(answer: Answered, texts: Names) -> dict[str, Any]:
    """All of an answer that another healthy target must answer too; ids become names."""
    for found in _IDS.findall(answer.text):
        if found not in texts:
            texts[found] = f"id_{sum(name.startswith('id_') for name in texts.values()) + 1}"
    headers = {name: answer.headers.get(name, ABSENT) for name in _HEADERS}
    shown = {name: value if value == ABSENT else general(value, texts) for name, value in headers.items()}
    pattern: dict[str, Any] = {"status": answer.status, "headers": shown}
    return pattern if answer.body is ... else pattern | {"body": general(answer.body, texts)}


def _origins(answers: list[Answered | None], expected: dict[str, Any], texts: Names) -> Iterator[tuple[int, str, Path]]:
    """Where each made-up name of what is expected was answered first."""
    values = {name: text for text, name in texts.items()}
    for name in dict.fromkeys(names_in(expected)):
        if not name.startswith("id_"):
            continue
        places = (
            (index, name, path)
            for index, answer in enumerate(answers)
            for path, text in leaves(answer.body if answer is not None else None)
            if text == values[name]
        )
        yield from islice(places, 1)


def _only(pattern: dict[str, Any], wrong: Mismatch, answer: Answered, names: Names) -> dict[str, Any]:
    """What is left of a pattern when only the part that was found wrong is looked at."""
    kept: dict[str, Any] = {"status": pattern["status"]}
    if wrong.path.startswith("header "):
        name = wrong.path.removeprefix("header ")
        return kept | {"headers": {name: pattern["headers"][name]}}
    if wrong.path.startswith("body"):
        body = pattern["body"]
        key = re.match(r"body\.([^.\[]+)", wrong.path)
        if isinstance(body, dict) and key is not None:
            part = _missing(body.get(key[1], ABSENT), at(answer.body, (key[1],)), names)
            return kept | {"body": {key[1]: part, REST: ANY}}
        return kept | {"body": _missing(body, answer.body, names)}
    return kept


def _missing(pattern: Any, value: Any, names: Names) -> Any:
    """Of a list of what there is (it has `id` or `externalEmployeeId`), only what is not found in the answer.

    Other targets hold more than a fresh world does. Where everything is found, the whole: something is too much.
    """
    if not isinstance(pattern, list) or not isinstance(value, list):
        return pattern
    lost = [inner for inner in pattern if match([AMONG, inner], value, dict(names)) is not None]
    # Only where each of them says something by itself.
    kept = [inner for inner in lost if isinstance(inner, dict) and {"id", "employeeId", "to"} & inner.keys()]
    entries = all("warnings" not in inner for inner in kept)
    return [AMONG, *kept] if kept and len(kept) == len(lost) and entries else pattern


def _requests(steps: Steps, difference: Difference) -> tuple[Request, ...]:
    """The requests of a case: of the earlier ones only what later ones take is expected, of the last what differs."""
    requests = []
    for index, step in enumerate(steps[: difference.index + 1]):
        expected: dict[str, Any] = {}
        earlier = [(name, path) for origin, name, path in difference.origins if origin == index]
        for name, path in (*step.takes, *earlier):
            pattern = pinned(path, f"${{{name}}}")
            expected["body"] = both(expected["body"], pattern) if "body" in expected else pattern
        if index == difference.index:
            requests.append(replace(step.request, expected=difference.expected, came=difference.came))
        elif step.request.advance is None:
            requests.append(replace(step.request, expected={"status": difference.statuses[index], **expected}))
        else:
            requests.append(step.request)
    return tuple(requests)


# -- making smaller ------------------------------------------------------------------------------------


def smaller(steps: Steps, still: Callable[[Steps], bool]) -> Steps:
    """Fewer steps, records and fields, of which `still` holds; the last step stays."""
    if not still(steps):
        return steps
    while True:
        before = steps
        for way in (_fewer_steps, _fewer_parts):
            steps = way(steps, still)
        if steps == before:
            return steps


def _fewer_steps(steps: Steps, still: Callable[[Steps], bool]) -> Steps:
    """Leave out steps that follow one another, many first; from the end, so that earlier places stay."""
    size = len(steps) // 2
    while size:
        for start in reversed(range(0, len(steps) - 1, size)):
            fewer = (*steps[:start], *steps[min(start + size, len(steps) - 1) :])
            if still(fewer):
                steps = fewer
        size //= 2
    return steps


def _fewer_parts(steps: Steps, still: Callable[[Steps], bool]) -> Steps:
    """Leave out elements and keys of JSON bodies: whole records first, then their fields."""
    for depth in range(1, _DEEPEST):
        for index in range(len(steps)):
            body = steps[index].request.body
            if steps[index].request.is_text or isinstance(body, bytes):
                continue
            for path in reversed(list(_places(body, depth))):
                request = steps[index].request
                less = replace(request, body=_without(request.body, path))
                fewer = (*steps[:index], replace(steps[index], request=less), *steps[index + 1 :])
                if still(fewer):
                    steps = fewer
    return steps


def _places(value: Any, depth: int) -> Iterator[Path]:
    """Where something can be left out, so many steps deep; `employees` itself stays, it is what the batch is."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        if depth == 1:
            if key != "employees":
                yield (key,)
        else:
            yield from ((key, *path) for path in _places(inner, depth - 1))


def _without(value: Any, path: Path) -> Any:
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {
            key: _without(inner, rest) if key == step else inner for key, inner in value.items() if rest or key != step
        }
    return [
        _without(inner, rest) if index == step else inner for index, inner in enumerate(value) if rest or index != step
    ]
