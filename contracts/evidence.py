"""Evidence: what was sent and what came back, with every secret taken out."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

# Of a body, so much is kept.
MAX_BODY = 4_000
# A secret cut in two shows so many characters at most before `redact` knows it for one.
_PART_OF_SECRET = 40
_SECRET_HEADERS = frozenset({"authorization", "x-api-key", "cookie", "set-cookie"})
_SECRETS = re.compile(r"\b(se_|hrms_|cs_)[0-9a-f]{16,}")
_FIELDS = re.compile(r'("(?:client_secret|access_token|token|temporaryPassword)"\s*:\s*")(?:[^"\\]|\\.)*')
# The same in a form, and in the text of a mail.
_TEXTS = re.compile(r"(\bclient_secret=|Temporary password: )[^&\s\"\\]+")
_SCHEME = re.compile(r"[A-Za-z]+(?= )")


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as shown in a report."""

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: str

    def curl(self) -> str:
        """The request as a curl command; credentials and base URLs stand as shell variables."""
        parts = ["curl", "-sS", "-i", "-X", self.method]
        for name, value in self.request_headers:
            secret = name.lower() in _SECRET_HEADERS
            parts += [
                "-H",
                f'"{name}: ${name.upper().replace("-", "_")}"' if secret else shlex.quote(f"{name}: {value}"),
            ]
        if self.request_body:
            parts += ["--data-raw", shlex.quote(self.request_body)]
        return " ".join([*parts, f'"{self.url}"'])

    def as_dict(self) -> dict[str, Any]:
        """For report.json."""
        return {
            "method": self.method,
            "url": self.url,
            "request_headers": [list(pair) for pair in self.request_headers],
            "request_body": self.request_body,
            "status": self.status,
            "response_headers": [list(pair) for pair in self.response_headers],
            "response_body": self.response_body,
            "curl": self.curl(),
        }


def world_curl(wishes: dict[str, Any]) -> str:
    """The curl command that has the control plane make a world; $CONTROL is its URL."""
    body = shlex.quote(json.dumps(wishes, ensure_ascii=False))
    return f"curl -sS -X POST -H 'content-type: application/json' --data-raw {body} \"$CONTROL/worlds\""


def redact(text: str) -> str:
    """`text` without tokens, client secrets and temporary passwords."""
    for secret in (_SECRETS, _FIELDS, _TEXTS):
        text = secret.sub(r"\1[redacted]", text)
    return text


def shown_headers(headers: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers without credentials and without those that say nothing."""
    dull = {"accept", "accept-encoding", "connection", "user-agent", "host", "content-length"}
    return tuple(
        (name, _without_secret(value) if name.lower() in _SECRET_HEADERS else redact(value))
        for name, value in headers
        if name.lower() not in dull
    )


def _without_secret(value: str) -> str:
    """A header's scheme, if it names one; all else may be the secret."""
    scheme = _SCHEME.match(value)
    return f"{scheme[0]} [redacted]" if scheme else "[redacted]"


def shown_body(data: bytes) -> str:
    """A body as text, secrets out, cut at MAX_BODY characters."""
    whole = data.decode("utf-8", "replace")
    # Looking for secrets in all of a long body takes longer than the request did.
    text = redact(whole[: 2 * MAX_BODY])
    if len(whole) > 2 * MAX_BODY and len(text) < MAX_BODY + _PART_OF_SECRET:
        text = redact(whole)
    return text if len(text) <= MAX_BODY else f"{text[:MAX_BODY]}… ({len(data)} bytes in all)"


def shown_value(value: Any) -> str:
    """A value as JSON for a message, cut where it is long."""
    text = redact(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= 600 else f"{text[:600]}…"
