"""Schemathesis, wired to a lab: its documents under the readings, its requests over the lab's own connection."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit
from zlib import crc32

import requests
from hypothesis import reject
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.generation.overrides import Override
from schemathesis.specs.openapi.schemas import OpenApiSchema
from schemathesis.transport.requests import REQUESTS_TRANSPORT, RequestsTransport

from contracts import documents
from contracts.answers import Watch
from contracts.checks import NotObservable
from contracts.documents import Api
from contracts.lab import Answer, Lab
from contracts.partition import Partition, is_beyond_some_readers
from contracts.target import CannotRun

_READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# What no HTTP library sends within a header.
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|^\s|\s$")


class Stopped(BaseException):
    """Leaves Hypothesis at once; no Exception, for that it would take for a failure and try again."""

    def __init__(self, reason: Exception | None = None) -> None:
        super().__init__()
        self.reason = reason


class Wired(RequestsTransport):
    """Sends what schemathesis makes up over a lab's connection, and looks at each answer.

    So its requests have the run's budget, evidence, patience and world. `problems` are what our own checks found
    since it was last emptied.
    """

    def __init__(self, lab: Lab, api: Api, url: str, watch: Watch, partition: Partition | None) -> None:
        super().__init__()
        self._copy_serializers_from(REQUESTS_TRANSPORT)
        self._lab = lab
        self._api: Api = api
        self.url = url
        self._watch = watch
        self._partition = partition
        self.problems: list[str] = []
        self.good_answers = 0

    def send(self, case: Any, *, session: Any = None, **kwargs: Any) -> Response:  # noqa: ARG002 - the lab's is used
        """The answer to a case. Left out: what would write where nothing may, and what cannot be sent at all."""
        described = self.serialize_case(case, **kwargs) | {"cookies": None}
        prepared = requests.Request(**{key: described[key] for key in _REQUEST_KEYS if key in described}).prepare()
        method, url = str(prepared.method), str(prepared.url)
        headers = {name.lower(): _text(value) for name, value in prepared.headers.items() if name.lower() not in _OWN}
        if method not in _READ_ONLY and not self._lab.writes:
            reject()
        if any(_UNSENDABLE.search(value) for value in headers.values()):
            reject()
        body = prepared.body.encode() if isinstance(prepared.body, str) else cast("bytes | None", prepared.body)
        if headers.get("content-type") == "application/json" and _is_refused_by_some(body):
            reject()
        operation = documents.find(self._api, method, urlsplit(url).path.removeprefix(urlsplit(self.url).path))
        if operation is not None and operation.id == "issueToken" and body is not None and b"client_" not in body:
            # The grant's other form: its credentials stand in the header.
            headers["authorization"] = self._lab.basic()
        if operation is not None and operation.id == "syncEmployees" and not self._lab.controlled:
            body = _with_prefix(body, self._lab.prefix)
        try:
            sent = {name: value.encode("latin-1") for name, value in headers.items()}
            answer = self._lab.send(method, url, sent, body)
        except (CannotRun, NotObservable) as reason:
            raise Stopped(reason) from None
        self._look(operation, headers, body, answer)
        return Response(
            status_code=answer.status,
            headers={name: answer.headers.get_list(name) for name in answer.headers},
            content=answer.content,
            request=prepared,
            elapsed=0.0,
            verify=True,
            encoding="utf-8",
            _override=Override.from_send_kwargs(kwargs),
        )

    def _look(self, operation: Any, headers: dict[str, str], body: bytes | None, answer: Answer) -> None:
        who = headers.get("authorization", "")
        # The answer to a token request holds a token: that is what it is for.
        self.problems += self._watch.problems(operation, who, answer.status, answer.headers, answer.content)
        if operation is None:
            return
        self.good_answers += 200 <= answer.status < 300
        if self._partition is not None and operation.id == "syncEmployees" and answer.status not in (401, 403, 429):
            said = self._partition.problem(headers.get("content-type", ""), body or b"", answer.status, answer.content)
            self.problems += [said] if said else []


_REQUEST_KEYS = ("method", "url", "headers", "params", "data", "json", "files")
# Headers that say which tool sent them, or that the connection sets itself.
_OWN = frozenset({"user-agent", "x-schemathesis-testcaseid", "content-length", "connection", "accept-encoding", "host"})


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value.encode("latin-1", "replace").decode("latin-1")


def _is_refused_by_some(body: bytes | None) -> bool:
    try:
        return body is not None and is_beyond_some_readers(json.loads(body))
    except (ValueError, RecursionError):
        return False


def _with_prefix(body: bytes | None, prefix: str) -> bytes | None:
    """A batch whose people are told from a tenant's own, and to whom no mail goes: what is no batch stays as it is."""
    try:
        batch = json.loads(body or b"")
        records = [record for record in batch["employees"] if isinstance(record, dict)]
    except (ValueError, TypeError, KeyError, RecursionError):
        return body
    for record in records:
        name, email = record.get("externalEmployeeId"), record.get("email")
        if isinstance(name, str) and name.strip():
            record["externalEmployeeId"] = f"{prefix}-{name}"
        if isinstance(email, str) and _EMAIL.fullmatch(email):
            record["email"] = f"{prefix}-{crc32(email.encode('utf-8', 'replace')):08x}@example.com"
    return json.dumps(batch).encode()


class Document(OpenApiSchema):
    """A document whose operations are called over a `Wired`."""

    wired: Wired

    @property
    def transport(self) -> Wired:
        """The only way out."""
        return self.wired


def load(raw: dict[str, Any], wired: Wired) -> Document:
    """A document to make cases from, by schemathesis' own defaults, whatever configuration lies about."""
    config = SchemathesisConfig().projects.get(raw)
    # Its masking takes any field that sounds like a secret, and we have our own.
    config.output.sanitization.update(enabled=False)
    document = Document(raw_schema=raw, config=config)
    document.wired = wired
    return document


def with_real_values(raw: dict[str, Any], values: Mapping[str, str]) -> Any:
    """The document with other texts in its examples: what the samples name does not exist at the target."""
    if isinstance(raw, dict):
        return {key: with_real_values(value, values) for key, value in raw.items()}
    if isinstance(raw, list):
        return [with_real_values(item, values) for item in raw]
    return values.get(raw, raw) if isinstance(raw, str) else raw
