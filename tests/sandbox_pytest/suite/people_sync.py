"""Brings the people of an HRMS to Scan2Evolve: the code under test, as somebody might have written it.

It knows nothing of a sandbox. What waits is passed in, so that a test need not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

ATTEMPTS = 6


class GivenUp(Exception):
    """An API did not let us through, however often we asked."""


@dataclass
class Report:
    """What became of everybody: ids by outcome, messages and warnings by id, and seconds that were waited."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    waited: float = 0.0


class PeopleSync:
    """One way, from an HRMS environment to a Scan2Evolve organization; `batch` records go at a time."""

    def __init__(
        self,
        http: httpx.Client,
        hrms_url: str,
        hrms_headers: dict[str, str],
        scan2evolve_url: str,
        credentials: tuple[str, str],
        *,
        batch: int = 500,
        roles: tuple[str, ...] = (),
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._http = http
        self._users = f"{hrms_url}/v1/users"
        # The HRMS may want the type of a body that is not there.
        self._hrms_headers = {"Content-Type": "application/json", **hrms_headers}
        self._tokens = f"{scan2evolve_url}/api/v1/auth/token"
        self._employees = f"{scan2evolve_url}/api/v1/sync/employees"
        self._credentials = credentials
        self._batch = batch
        self._roles = roles
        self._sleep = sleep
        self._report = Report()

    def run(self) -> Report:
        """Sync everybody. Raises GivenUp, and httpx.HTTPStatusError where an API refuses us."""
        self._report = Report()
        people = self._ask("GET", self._users, headers=self._hrms_headers).raise_for_status().json()["data"]
        token = self._token()
        for start in range(0, len(people), self._batch):
            batch = {"employees": [self._record(row["attributes"]) for row in people[start : start + self._batch]]}
            answer = self._ask("POST", self._employees, headers=_bearer(token), json=batch)
            if answer.status_code == 401:
                # It has expired, or somebody has revoked it: once more with a new one.
                token = self._token()
                answer = self._ask("POST", self._employees, headers=_bearer(token), json=batch)
            self._note(answer.raise_for_status().json())
        return self._report

    def _token(self) -> str:
        client_id, client_secret = self._credentials
        grant = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        return str(self._ask("POST", self._tokens, json=grant).raise_for_status().json()["access_token"])

    def _record(self, person: dict[str, Any]) -> dict[str, Any]:
        first, _, last = person["name"].partition(" ")
        active = person["status"] == "active"
        return {
            "externalEmployeeId": person["staffId"],
            "firstName": first,
            "lastName": last,
            "displayName": person.get("preferred_name") or person["name"],
            "email": person["email"],
            "status": "ACTIVE" if active else "INACTIVE",
            "roles": list(self._roles) if active else [],
        }

    def _note(self, answer: dict[str, Any]) -> None:
        for result in answer["results"]:
            done = self._report.created if result["status"] == "CREATED" else self._report.updated
            done.append(result["externalEmployeeId"])
            if result.get("warnings"):
                self._report.warnings[result["externalEmployeeId"]] = result["warnings"]
        for error in answer["errors"]:
            self._report.failed[error["externalEmployeeId"]] = error["message"]

    def _ask(self, method: str, url: str, **request: Any) -> httpx.Response:
        """Ask until there is an answer. Asking again is safe: a batch that is sent twice leaves what it left once."""
        for attempt in range(ATTEMPTS):
            wait = 0.5 * 2**attempt
            try:
                answer = self._http.request(method, url, **request)
                answer.json()
            except (httpx.TransportError, ValueError):
                # No answer, or half of one; whether the work was done nobody knows.
                pass
            else:
                if answer.status_code != 429 and answer.status_code < 500:
                    return answer
                wait = float(answer.headers.get("Retry-After", wait))
            self._report.waited += wait
            self._sleep(wait)
        raise GivenUp(f"{method} {url}")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
