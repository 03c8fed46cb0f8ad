"""Regression cases: a few requests and what must be answered, as a JSON file that can be replayed at any deployment.

    {"version": 1, "name": "…", "claims": ["S2E-…"], "says": "…", "readings": {}, "seed": 0,
     "clock": {"now": "2024-11-18T10:30:00.000Z", "frozen": true},
     "found": {"deviations": ["…"]},
     "requests": [
       {"api": "scan2evolve", "method": "POST", "path": "/api/v1/sync/employees", "as": "org0",
        "body": {"employees": [{"externalEmployeeId": "${prefix}-1"}]},
        "expected": {"status": 200, "body": {"results": [{"employeeId": "${employee_1}", "${rest}": "${any}"}],
                                             "${rest}": "${any}"}},
        "came": {"status": 200, "body": …}},
       {"advance": 86400}]}

`readings` are those on which the case depends. `api` is hrms, scan2evolve or control (a path within the world).
`as` is `orgN` (HTTP Basic with that organization's pair), `hrms.ENVIRONMENT`, `basic ID:SECRET` or `bearer TOKEN`;
without it no credentials are sent. A body is `body` (JSON), `body_text`, or `body_base64` (bytes as they are).
Texts may hold `${names}` (contracts.patterns): what replay knows of the target, and what an earlier
answer's `expected` met first. `found` and `came` tell where the case is from and are never compared.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts import ledger
from contracts.patterns import names_in
from contracts.space import NOW
from contracts.target import CannotRun

VERSION = 1
_APIS = ("hrms", "scan2evolve", "control")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
#: What replay knows of every target; a number says which one.
TARGET_NAMES = re.compile(
    r"prefix|PREFIX|hrms\.(staging|uat)\.token"
    r"|org\d\.(client_id|client_secret|organization_id|(site|role|group|external_group)\d)"
)
_AS = re.compile(r"org\d|hrms\.(staging|uat)|basic [^:]+:.*|bearer .+", re.DOTALL)
_CASE_KEYS = {"version", "name", "claims", "says", "readings", "seed", "clock", "found", "requests"}
_REQUEST_KEYS = {
    *("api", "method", "path", "as", "headers", "body", "body_text", "body_base64", "expected", "came"),
}
_ANSWER_KEYS = {"status", "headers", "body", "body_text"}
# Requests that change nothing at a target.
_READS = ("GET", "HEAD", "OPTIONS")
_TOKEN_PATH = "/api/v1/auth/token"


class BadCase(CannotRun):
    """A file that is no case; the text says where and why."""


@dataclass(frozen=True)
class Request:
    """One request of a case, or, where `advance` is set, a move of the clock by so many seconds.

    `body` is JSON, bytes, or Ellipsis for none; a text is sent as it is where `is_text`.
    """

    api: str = "scan2evolve"
    method: str = "GET"
    path: str = "/"
    acting: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = ...
    is_text: bool = False
    expected: dict[str, Any] = field(default_factory=dict)
    came: dict[str, Any] = field(default_factory=dict)
    advance: float | None = None

    @property
    def writes(self) -> bool:
        """Whether it may change data; a token request does not."""
        return self.advance is None and self.method not in _READS and self.path != _TOKEN_PATH

    @property
    def needs_control(self) -> bool:
        """Whether it is for a control plane."""
        return self.advance is not None or self.api == "control"

    def texts(self) -> list[Any]:
        """All that may hold names to be filled in."""
        body = None if self.body is ... or isinstance(self.body, bytes) else self.body
        return [self.path, self.acting, self.headers, body]


@dataclass(frozen=True)
class Case:
    """A regression case."""

    name: str
    says: str
    claims: tuple[str, ...]
    requests: tuple[Request, ...]
    readings: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    now: str = NOW
    frozen: bool = True
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether replaying it may change data."""
        return any(request.writes for request in self.requests)


# -- from JSON -----------------------------------------------------------------------------------------


def cases_at(places: tuple[str, ...]) -> list[Case]:
    """The cases of files, and of folders' `*.json`, in order. Raises BadCase."""
    found = []
    for place in map(Path, places):
        files = sorted(place.glob("*.json")) if place.is_dir() else [place]
        if not files:
            raise BadCase(f"{place} holds no case: there is no *.json in it")
        found += [load(file) for file in files]
    return found


def load(path: Path) -> Case:
    """The case of a file. Raises BadCase."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadCase(f"case {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadCase(f"case {path} is not JSON: {error}") from None
    try:
        return _case(raw)
    except ValueError as error:
        raise BadCase(f"case {path}: {error}") from None
    except RecursionError:
        raise BadCase(f"case {path} is nested too deep") from None


def _case(raw: Any) -> Case:
    _object(raw, "the case")
    if raw.get("version") != VERSION:
        raise ValueError(f"version must be {VERSION}, not {raw.get('version')!r}")
    _no_others(raw, _CASE_KEYS, "the case")
    name = _text(raw, "name", "the case")
    if not _NAME.fullmatch(name):
        raise ValueError(f"name {name!r} must be of a-z, 0-9 and -, 80 characters at most")
    claims = raw.get("claims")
    known = list(ledger.load().claims)
    if not isinstance(claims, list) or not claims or not all(claim in known for claim in claims):
        raise ValueError("claims must be an array of IDs of contracts/claims.yaml")
    seed = raw.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise ValueError("seed must be an integer from 0 to 2^63-1")
    clock = _object(raw.get("clock", {}), "clock")
    _no_others(clock, {"now", "frozen"}, "clock")
    now, frozen = clock.get("now", NOW), clock.get("frozen", True)
    if not isinstance(now, str) or not isinstance(frozen, bool):
        raise ValueError("clock.now must be a text and clock.frozen a boolean")  # noqa: TRY004
    requests = raw.get("requests")
    if not isinstance(requests, list) or not requests:
        raise ValueError("requests must be an array that is not empty")
    made = tuple(_request(row, f"requests[{index}]") for index, row in enumerate(requests))
    if not any(request.expected for request in made):
        raise ValueError("no request says what is expected")
    _names_are_known(made)
    says, found = _text(raw, "says", "the case"), _object(raw.get("found", {}), "found")
    return Case(name, says, tuple(claims), made, _readings(raw), seed, now, frozen, found)


def _readings(raw: dict[str, Any]) -> dict[str, str]:
    readings: dict[str, str] = _object(raw.get("readings", {}), "readings")
    known = ledger.load().readings
    for name, value in readings.items():
        if name not in known or value not in known[name].values:
            raise ValueError(f"readings: {name} = {value} is none of contracts/claims.yaml")
    return readings


def _request(raw: Any, where: str) -> Request:
    _object(raw, where)
    if "advance" in raw:
        _no_others(raw, {"advance"}, where)
        seconds = raw["advance"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 10**10:
            raise ValueError(f"{where}.advance must be seconds, 0 or more")
        return Request(advance=seconds)
    _no_others(raw, _REQUEST_KEYS, where)
    api, method, path = (_text(raw, key, where) for key in ("api", "method", "path"))
    if api not in _APIS:
        raise ValueError(f"{where}.api must be one of {', '.join(_APIS)}")
    if method not in _METHODS:
        raise ValueError(f"{where}.method must be one of {', '.join(_METHODS)}")
    if not path.startswith("/"):
        raise ValueError(f"{where}.path must begin with /")
    acting = _text(raw, "as", where) if "as" in raw else None
    if acting is not None and not _AS.fullmatch(acting):
        raise ValueError(f"{where}.as must be orgN, hrms.staging, hrms.uat, basic ID:SECRET or bearer TOKEN")
    headers = _texts(raw.get("headers", {}), f"{where}.headers")
    expected, came = (_answer(raw.get(key, {}), f"{where}.{key}") for key in ("expected", "came"))
    body = _body(raw, where)
    return Request(api, method, path, acting, headers, body, "body_text" in raw, expected, came)


def _body(raw: dict[str, Any], where: str) -> Any:
    given = [key for key in ("body", "body_text", "body_base64") if key in raw]
    if len(given) > 1:
        raise ValueError(f"{where} has both {given[0]} and {given[1]}")
    if not given:
        return ...
    if given == ["body"]:
        return raw["body"]
    text = _text(raw, given[0], where)
    if given == ["body_text"]:
        return text
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(f"{where}.body_base64 is no base64") from None


def _answer(raw: Any, where: str) -> dict[str, Any]:
    answer = _object(raw, where)
    _no_others(answer, _ANSWER_KEYS, where)
    status = answer.get("status", 200)
    if isinstance(status, bool) or not isinstance(status, int):
        raise ValueError(f"{where}.status must be an integer")  # noqa: TRY004
    _texts(answer.get("headers", {}), f"{where}.headers")
    return answer


def _names_are_known(requests: tuple[Request, ...]) -> None:
    """ValueError where a request has a name that neither the target nor an earlier answer gives a meaning."""
    met: set[str] = set()
    for index, request in enumerate(requests):
        for name in names_in(request.texts()):
            if name not in met and not TARGET_NAMES.fullmatch(name):
                raise ValueError(f"requests[{index}] has ${{{name}}}, which no earlier answer is expected to hold")
        met.update(names_in(request.expected))


def _object(raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValueError(f"{where} must be an object")  # noqa: TRY004 - all that is wrong with a file is one error
    return raw


def _texts(raw: Any, where: str) -> dict[str, str]:
    texts = _object(raw, where)
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError(f"{where} must hold texts")
    return texts


def _text(raw: dict[str, Any], key: str, where: str) -> str:
    text = raw.get(key)
    if not isinstance(text, str) or not text:
        raise ValueError(f"{where}: {key} must be a text")
    return text


def _no_others(raw: dict[str, Any], known: set[str], where: str) -> None:
    others = sorted(raw.keys() - known)
    if others:
        raise ValueError(f"{where} has {others[0]}, which is not known here")


# -- to JSON -------------------------------------------------------------------------------------------


def as_text(case: Case) -> str:
    """The case as its file holds it."""
    shown = {
        "version": VERSION,
        "name": case.name,
        "claims": list(case.claims),
        "says": case.says,
        "readings": case.readings,
        "seed": case.seed,
        "clock": {"now": case.now, "frozen": case.frozen},
        **({"found": case.found} if case.found else {}),
        "requests": [dict(_shown(request)) for request in case.requests],
    }
    return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"


def _shown(request: Request) -> Iterator[tuple[str, Any]]:
    if request.advance is not None:
        yield "advance", request.advance
        return
    yield from (("api", request.api), ("method", request.method), ("path", request.path))
    if request.acting is not None:
        yield "as", request.acting
    if request.headers:
        yield "headers", request.headers
    if isinstance(request.body, bytes):
        yield "body_base64", base64.b64encode(request.body).decode()
    elif request.body is not ...:
        yield "body_text" if request.is_text else "body", request.body
    if request.expected:
        yield "expected", request.expected
    if request.came:
        yield "came", request.came
