"""Targets to point the suite at, good and bad, and the runs against them."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from contracts.run import Options, Run
from contracts.target import Credentials, Target
from contracts.verdicts import Report

# Credentials that look like some, for servers that look at none.
WORLD: dict[str, Any] = {
    "hrms": {"tokens": [{"token": "hrms_1", "environment": "staging", "scopes": ["users:read"]}]},
    "scan2evolve": {
        "organizations": [
            {
                "client_id": "ci_1",
                "client_secret": "secret-of-another-shape",
                "organization_id": "org_1",
                "sites": ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"],
                "roles": ["inspector"],
                "groups": [{"groupName": "Shift A", "externalGroupId": "A"}],
            }
        ]
    },
}
#: What worlds are made like whose vendor lets any text pass for an e-mail.
NO_EMAIL_FORMAT: dict[str, Any] = {"deviations": ["without-email-format"]}
Answering = Callable[[BaseHTTPRequestHandler], None]


def target_at(url: str, *, control: bool = True) -> Target:
    """A server's APIs under the paths of the sandbox."""
    return Target(f"{url}/hrms/api", f"{url}/scan2evolve", f"{url}/_sandbox" if control else None)


def judged(url: str, *claims: str, **options: Any) -> Report:
    """A run against a server with a control plane; of all claims unless some are named."""
    return Run(Options(target_at(url), claims=claims or ("*",), name="the target", **options))()


def judged_from_outside(url: str, world: dict[str, Any], *claims: str, **options: Any) -> Report:
    """A run that is given a world's credentials and no control plane."""
    wishes = {"target": target_at(url, control=False), "name": "the tenant", "run_id": "r", **options}
    return Run(Options(credentials=Credentials.of_world(world), claims=claims or ("*",), **wishes))()


def statuses(report: Report) -> dict[str, str]:
    """Claim -> what the run says of it."""
    return {verdict.claim.id: verdict.status for verdict in report.verdicts}


def answer(
    handler: BaseHTTPRequestHandler, status: int, body: bytes = b"{}", kind: str = "application/json", **headers: str
) -> None:
    """A whole answer; underscores in names of headers stand for hyphens."""
    handler.send_response(status)
    sent = {"content-type": kind, "content-length": str(len(body)), **headers}
    for name, value in sent.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def always(status: int, body: Any = None, **headers: str) -> Answering:
    """The same JSON answer to everything."""
    return lambda handler: answer(handler, status, json.dumps({} if body is None else body).encode(), **headers)


@contextmanager
def serving(answering: Answering, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A small server that answers every request in one way, over TLS if it has a context; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            self.received = self.rfile.read(int(self.headers.get("content-length", 0)))
            answering(self)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any  # noqa: N815 - http.server's names
        do_HEAD = do_TRACE = do_QUERY = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(5)


@dataclass
class Forwarded:
    """A request that went on to another server, and its answer, to be changed at will."""

    method: str
    path: str
    request_headers: dict[str, str]
    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def forwarding(url: str, defect: Callable[[Forwarded], None]) -> Iterator[str]:
    """A server that has another one answer, and spoils the answers of the two APIs; yields its URL."""
    lengths = {"content-length", "transfer-encoding", "connection", "content-encoding"}
    with httpx.Client(timeout=20) as http:

        def answering(handler: BaseHTTPRequestHandler) -> None:
            asked = {name.lower(): value for name, value in handler.headers.items() if name.lower() != "host"}
            raw = {name.encode(): value.encode("latin-1") for name, value in asked.items()}
            held = http.request(handler.command, url + handler.path, headers=raw, content=handler.received)  # type: ignore[attr-defined]
            headers = {name: value for name, value in held.headers.items() if name not in lengths}
            forwarded = Forwarded(handler.command, handler.path, asked, held.status_code, headers, held.content)
            if not handler.path.startswith("/_sandbox"):
                defect(forwarded)
            handler.send_response_only(forwarded.status)
            if forwarded.status != 204:
                forwarded.headers["content-length"] = str(len(forwarded.body))
            for name, value in forwarded.headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            if handler.command != "HEAD" and forwarded.status != 204:
                handler.wfile.write(forwarded.body)

        with serving(answering) as forwarder:
            yield forwarder
