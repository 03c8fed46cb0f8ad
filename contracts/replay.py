"""Replay: the requests of a regression case, sent to any target, and whether the answers are as expected."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

import httpx

from contracts.cases import Case, Request
from contracts.checks import NotObservable
from contracts.evidence import Exchange
from contracts.patterns import Mismatch, Names, UnknownName, fill, match
from contracts.space import ControlledWorld, Space, Tenant
from contracts.target import TIMEOUT, Budget, CannotRun, Credentials, Target, Wire


@dataclass(frozen=True)
class Replayed:
    """What came of a case; `message` says what was expected and got, or why it was not judged."""

    case: Case
    status: Literal["holds", "broken", "not observable", "left out"]
    message: str = ""
    evidence: tuple[Exchange, ...] = ()


@dataclass(frozen=True)
class Answered:
    """An answer as a case sees it; `body` is Ellipsis where it is no JSON."""

    status: int
    headers: dict[str, str]
    text: str
    body: Any

    @staticmethod
    def of(answer: httpx.Response) -> Answered:
        """That of an HTTP answer."""
        text = answer.content.decode("utf-8", "replace")
        try:
            body = json.loads(answer.content) if answer.content else ...
        except (ValueError, RecursionError):
            body = ...
        return Answered(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, text, body)


@dataclass
class Replay:
    """Replays cases at one target.

    `template` goes into every world that is made. `readings` are those that a target without control plane was
    found to follow. `run_id` goes into what is made there, so that no earlier run is met again.
    """

    target: Target
    budget: Budget
    credentials: Credentials | None = None
    readings: dict[str, str] = field(default_factory=dict)
    template: dict[str, Any] = field(default_factory=dict)
    run_id: str = ""
    writes: bool = True
    timeout: float = TIMEOUT

    def __call__(self, case: Case) -> Replayed:
        """Replay a case in a space of its own. CannotRun where the target does not answer."""
        if case.writes and not self.writes:
            return Replayed(case, "left out", "it writes; --allow-writes was not given")
        if self.target.control is None:
            for name, value in case.readings.items():
                if self.readings.get(name, value) != value:
                    followed = self.readings[name]
                    return Replayed(
                        case, "not observable", f"it is about {name} = {value}, the target follows {followed}"
                    )
        with self.space(case) as (wire, space):
            names = names_of(space.credentials, self._prefix(case))
            for index, request in enumerate(case.requests):
                try:
                    answer = send(wire, space, request, names)
                except NotObservable as hidden:
                    return Replayed(case, "not observable", str(hidden))
                wrong = None if answer is None else compare(request, answer, names)
                if wrong is not None:
                    place = f"answer {index + 1} of {len(case.requests)}"
                    return Replayed(case, "broken", f"{place}, {wrong}", tuple(wire.evidence))
        return Replayed(case, "holds")

    @contextmanager
    def space(self, case: Case) -> Iterator[tuple[Wire, Space]]:
        """A wire, and a world made as the case says, or the tenant as it is."""
        wire = Wire(self.target, self.budget, self.timeout)
        with closing(wire):
            space: Space
            if self.target.control is not None:
                wishes = {"seed": case.seed, "now": case.now, "frozen": case.frozen, "readings": case.readings}
                # What the run wishes for all worlds weighs less than what the case does.
                readings = self.template.get("readings", {}) | case.readings
                space = ControlledWorld(wire, self.template | wishes | {"readings": readings}, _world_id(case))
            elif self.credentials is not None:
                space = Tenant(self.credentials)
            else:
                raise CannotRun("without a control plane, --credentials must say who may ask")
            with closing(space):
                wire.begin()
                yield wire, space

    def _prefix(self, case: Case) -> str:
        run = "" if self.target.control is not None else f"{self.run_id}-"
        return f"replay-{run}{sha256(case.name.encode()).hexdigest()[:6]}"


def _world_id(case: Case) -> str:
    return f"replay-{case.name[:46].rstrip('-')}-{sha256(case.name.encode()).hexdigest()[:8]}"


def names_of(credentials: Credentials, prefix: str) -> Names:
    """What every case may name at a target: identifiers of its own, and what the credentials hold."""
    names = {"prefix": prefix, "PREFIX": prefix.upper()}
    for token in reversed(credentials.hrms):
        names[f"hrms.{token.environment}.token"] = token.token
    for org, held in enumerate(credentials.organizations):
        names[f"org{org}.client_id"], names[f"org{org}.client_secret"] = held.client_id, held.client_secret
        if held.organization_id is not None:
            names[f"org{org}.organization_id"] = held.organization_id
        kinds = {
            "site": held.sites,
            "role": tuple(role for role in held.roles if role.casefold() != "site_manager"),
            "group": tuple(name for name, _ in held.groups),
            "external_group": tuple(key for _, key in held.groups if key is not None),
        }
        names |= {f"org{org}.{kind}{at}": text for kind, texts in kinds.items() for at, text in enumerate(texts)}
    return names


def send(wire: Wire, space: Space, request: Request, names: Names) -> Answered | None:
    """Send one request of a case; None where it only moves the clock.

    Raises NotObservable where the target has not what it needs.
    """
    if request.advance is not None:
        space.control("POST", "/clock/advance", {"seconds": request.advance})
        return None
    base = getattr(wire.target, request.api)
    if base is None:
        missing = "no control plane" if request.api == "control" else f"no URL of {request.api}"
        raise NotObservable(f"the target has {missing}")
    try:
        path, headers, body = fill(request.path, names), fill(request.headers, names), _content(request, names)
        authorization = _authorization(request.acting, names)
    except UnknownName as unknown:
        raise NotObservable(f"the target's credentials name no {unknown}") from None
    sent = dict(space.headers)
    if request.api == "control":
        # A path within the space's own world.
        base = f"{base}/worlds/{space.headers['x-sandbox-world']}"
        sent = {"authorization": f"Bearer {wire.target.control_key}"} if wire.target.control_key else {}
    if body is not None:
        sent["content-type"] = "application/json"
    sent |= {name.lower(): value for name, value in headers.items()}
    if authorization is not None:
        sent["authorization"] = authorization
    return Answered.of(wire.send(request.method, base + path, sent, body))


def _content(request: Request, names: Names) -> bytes | None:
    if request.body is ...:
        return None
    if isinstance(request.body, bytes):
        return request.body
    filled = fill(request.body, names)
    return str(filled).encode() if request.is_text else json.dumps(filled).encode()


def _authorization(acting: str | None, names: Names) -> str | None:
    if acting is None:
        return None
    scheme, _, rest = acting.partition(" ")
    if scheme == "bearer":
        return f"Bearer {fill(rest, names)}"
    if scheme != "basic":
        if scheme.startswith("hrms"):
            return f"Bearer {fill(f'${{{scheme}.token}}', names)}"
        rest = f"${{{scheme}.client_id}}:${{{scheme}.client_secret}}"
    return "Basic " + base64.b64encode(fill(rest, names).encode()).decode()


def compare(request: Request, answer: Answered, names: Names) -> Mismatch | None:
    """The first thing in an answer that is not as the request expects; what is met first is put into `names`."""
    expected = request.expected
    if answer.status != expected.get("status", answer.status):
        return Mismatch("status", str(expected["status"]), str(answer.status))
    for name, pattern in expected.get("headers", {}).items():
        found = {name.lower(): answer.headers[name.lower()]} if name.lower() in answer.headers else {}
        wrong = match({name.lower(): pattern}, found, names, "header ")
        if wrong is not None:
            return Mismatch(re.sub(r"^header \.", "header ", wrong.path), wrong.expected, wrong.got)
    if "body_text" in expected:
        return match(expected["body_text"], answer.text, names, "body")
    if "body" not in expected:
        return None
    if answer.body is ...:
        return Mismatch("body", "JSON", repr(answer.text[:80]))
    return match(expected["body"], answer.body, names, "body")
