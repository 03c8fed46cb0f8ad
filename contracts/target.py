"""The target: whatever a run is pointed at, seen as URLs and credentials only."""

from __future__ import annotations

import json
import os
import ssl
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx

from contracts import documents
from contracts.documents import Api, Operation
from contracts.evidence import Exchange, redact, shown_body, shown_headers

_UNTRUSTED = "certificate verify failed"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# How long an answer may take, in seconds.
TIMEOUT = 15.0
# What a server answers that does not have an operation.
ABSENT = frozenset({404, 405, 501})


class CannotRun(Exception):
    """The run makes no sense as it was asked for; the text says what to do. Exit code 2."""


@dataclass(frozen=True)
class HrmsToken:
    """An application token and what it is good for."""

    token: str
    environment: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Organization:
    """An organization's credentials, and what employees can be assigned to in it."""

    client_id: str
    client_secret: str
    organization_id: str | None
    sites: tuple[str, ...]
    roles: tuple[str, ...]
    groups: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Credentials:
    """All that a target's owner gives to the suite."""

    hrms: tuple[HrmsToken, ...] = ()
    organizations: tuple[Organization, ...] = ()

    @staticmethod
    def of_world(world: dict[str, Any]) -> Credentials:
        """Those of a world, or of a credentials file, which has the same form."""
        try:
            tokens = tuple(
                HrmsToken(row["token"], row["environment"], tuple(row.get("scopes", ())))
                for row in world.get("hrms", {}).get("tokens", ())
            )
            organizations = tuple(
                Organization(
                    row["client_id"],
                    row["client_secret"],
                    row.get("organization_id"),
                    tuple(site["id"] if isinstance(site, dict) else str(site) for site in row.get("sites", ())),
                    tuple(row.get("roles", ())),
                    tuple((group["groupName"], group.get("externalGroupId")) for group in row.get("groups", ())),
                )
                for row in world.get("scan2evolve", {}).get("organizations", ())
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise CannotRun(f"the credentials are not understood: {type(error).__name__} {error}") from None
        secrets = [held.token for held in tokens]
        secrets += [text for row in organizations for text in (row.client_id, row.client_secret)]
        # They travel in headers.
        if not all(isinstance(text, str) and text.isascii() and text.isprintable() for text in secrets):
            raise CannotRun("the credentials are not understood: tokens, ids and secrets must be plain ASCII texts")
        return Credentials(tokens, organizations)

    @staticmethod
    def of_file(name: str) -> Credentials:
        """Those of a JSON file; `env` means the one that HRIS_SANDBOX_CREDENTIALS names."""
        if name == "env":
            name = os.environ.get("HRIS_SANDBOX_CREDENTIALS", "")
            if not name:
                raise CannotRun("--credentials env: set HRIS_SANDBOX_CREDENTIALS to the name of a JSON file")
        try:
            raw = json.loads(Path(name).read_text(encoding="utf-8"))
        except OSError as error:
            raise CannotRun(f"credentials file {name}: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            raise CannotRun(f"credentials file {name} is not JSON: {error}") from None
        if not isinstance(raw, dict):
            raise CannotRun(f"credentials file {name} must hold an object")
        return Credentials.of_world(raw)


@dataclass
class Budget:
    """How many requests may still go out, and how the answers were so far; workers share it.

    `stopped`: nobody waits for the answers any more, so that what still runs is to end.
    """

    most: int
    sent: int = 0
    stopped: bool = False
    statuses: dict[int, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def spend(self) -> None:
        """Count a request; CannotRun where there are too many."""
        with self._lock:
            if self.sent >= self.most:
                raise CannotRun(f"more than {self.most} requests would be sent: raise --max-requests")
            self.sent += 1

    def note(self, status: int) -> None:
        """Count an answer."""
        with self._lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1


@dataclass
class Tally:
    """How the two APIs answered: statuses, the operations asked, and those that ever answered 2xx."""

    statuses: Counter[int] = field(default_factory=Counter)
    asked: set[Operation] = field(default_factory=set)
    reached: set[Operation] = field(default_factory=set)

    def note(self, operation: Operation | None, status: int) -> None:
        """Count an answer."""
        self.statuses[status] += 1
        if operation is not None:
            self.asked.add(operation)
            if 200 <= status < 300:
                self.reached.add(operation)

    def add(self, other: Tally) -> None:
        """Count all of another tally."""
        self.statuses += other.statuses
        self.asked |= other.asked
        self.reached |= other.reached


@dataclass(frozen=True)
class Target:
    """Where the two APIs are, and the control plane if there is one.

    `ca`: a file with the authority (PEM) of their certificates, beside those that are trusted anyway.
    """

    hrms: str | None
    scan2evolve: str | None
    control: str | None
    control_key: str | None = None
    ca: str | None = None

    @property
    def apis(self) -> list[tuple[Api, str]]:
        """Those of the two APIs that the run has, with their URLs."""
        held: list[tuple[Api, str | None]] = [("hrms", self.hrms), ("scan2evolve", self.scan2evolve)]
        return [(api, url) for api, url in held if url is not None]

    def operation(self, method: str, url: str) -> Operation | None:
        """The operation that a request is for; None for the control plane, and for paths that no document has."""
        for api, base in self.apis:
            if url.startswith(base):
                return documents.find(api, method, urlsplit(url[len(base) :]).path)
        return None

    @property
    def is_local(self) -> bool:
        """Whether all of it is on this machine."""
        urls = [url for url in (self.hrms, self.scan2evolve, self.control) if url]
        try:
            return all((urlsplit(url).hostname or "") in _LOOPBACK for url in urls)
        except ValueError:
            # What is no URL is nowhere; the first request will say so.
            return False


@cache
def certificates(ca: str | None) -> ssl.SSLContext:
    """The authorities that are trusted, with that of the file `ca`; reading them takes longer than many a check.

    CannotRun where the file holds none.
    """
    context = httpx.create_ssl_context()
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except ssl.SSLError:
            raise CannotRun(f"--ca {ca}: holds no certificate (PEM)") from None
        except OSError as error:
            raise CannotRun(f"--ca {ca}: {error.strerror}") from None
    return context


def what_failed(error: Exception) -> str:
    """Why no HTTP answer came, and what to do about it where that is known; one line."""
    if isinstance(error, httpx.TimeoutException):
        return f"does not answer in time: {type(error).__name__} {error}"
    if _UNTRUSTED in str(error):
        why = str(error).partition(_UNTRUSTED)[2].strip(" :.").partition(" (_ssl")[0].rstrip(".")
        if "mismatch" in why:
            return f"has a certificate for another name ({why})"
        return f"has a certificate that nobody here knows ({why}): name its authority with --ca FILE"
    return f"cannot be talked to: {type(error).__name__} {error}"


@dataclass(frozen=True)
class Sent:
    """A request as it went out, secrets and all, and its answer: never to be shown as it is."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | None
    answer: httpx.Response


class Wire:
    """Sends requests to a target and keeps the evidence of those since `begin`; `tape` has them whole."""

    def __init__(self, target: Target, budget: Budget, timeout: float = TIMEOUT) -> None:
        self.target = target
        self.budget = budget
        self.evidence: list[Exchange] = []
        self.tape: list[Sent] = []
        self.tally = Tally()
        self._http = httpx.Client(timeout=timeout, follow_redirects=False, verify=certificates(target.ca))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _shown(self, url: str) -> str:
        """The URL with a shell variable for its base, so that a report does not depend on where a target ran."""
        for name, base in (("$SCAN2EVOLVE", self.target.scan2evolve), ("$HRMS", self.target.hrms)):
            if base is not None and url.startswith(base):
                return name + url[len(base) :]
        return url

    def begin(self) -> None:
        """Start evidence and tape anew."""
        self.evidence = []
        self.tape = []

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str | bytes] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """One request. CannotRun where no HTTP answer comes back."""
        if self.budget.stopped and "/_sandbox/" not in url:
            raise CannotRun("the run was stopped")
        self.budget.spend()
        sent = headers or {}
        try:
            raw = {key.encode(): value if isinstance(value, bytes) else value.encode() for key, value in sent.items()}
            request = self._http.build_request(method, url, headers=raw, content=content)
            answer = self._http.send(request)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise CannotRun(f"{redact(url)} {what_failed(error)}") from None
        self.budget.note(answer.status_code)
        texts = {key: value if isinstance(value, str) else value.decode("latin-1") for key, value in sent.items()}
        self.tape.append(Sent(method, url, texts, content, answer))
        if "/_sandbox/" not in url:
            self.tally.note(self.target.operation(method, url), answer.status_code)
            self.evidence.append(
                Exchange(
                    method=method,
                    url=redact(self._shown(url)),
                    request_headers=shown_headers(list(request.headers.items())),
                    request_body=shown_body(content or b""),
                    status=answer.status_code,
                    response_headers=shown_headers(list(answer.headers.items())),
                    response_body=shown_body(answer.content),
                )
            )
        return answer
