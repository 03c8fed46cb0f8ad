"""What tests talk through: a running server, and one world of it, over real sockets."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import httpx

NOW = "2024-11-18T10:30:00.000Z"
NORTH = "ff1223ac-dfb5-11ec-9d64-0242ac120001"
MAIN = "ff1223ac-dfb5-11ec-9d64-0242ac120002"


def by_hand(
    url: str, method: str, path: str, headers: dict[str, str], content: bytes = b"", length: int | None = None
) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON body of a request that a client library would not send as it is.

    `length` is declared where there is one, whatever the content.
    """
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    try:
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name, value)
        if length is not None:
            connection.putheader("Content-Length", str(length))
        connection.endheaders(content or None)
        response = connection.getresponse()
        body = json.loads(response.read())
        return response.status, {name.lower(): value for name, value in response.getheaders()}, body
    finally:
        connection.close()


class WorldClient:
    """One world, by the credentials that its creation answered. `org` picks one of its organizations."""

    def __init__(self, http: httpx.Client, created: dict[str, Any]) -> None:
        self.http = http
        self.created = created
        self.id: str = created["id"]
        self.organizations: list[dict[str, Any]] = created["scan2evolve"]["organizations"]

    # -- Scan2Evolve -------------------------------------------------------------------------------

    def basic(self, org: int = 0) -> tuple[str, str]:
        """client_id and client_secret of an organization."""
        return self.organizations[org]["client_id"], self.organizations[org]["client_secret"]

    def scan2evolve(self, method: str, path: str, org: int = 0, **request: Any) -> httpx.Response:
        """A request to Scan2Evolve, with HTTP Basic unless it brings its own `auth` or `headers`."""
        if "auth" not in request and "authorization" not in {key.lower() for key in request.get("headers", {})}:
            request["auth"] = self.basic(org)
        return self.http.request(method, f"/scan2evolve/api/v1{path}", **request)

    def token(self, org: int = 0) -> str:
        """A new access token."""
        client_id, client_secret = self.basic(org)
        grant = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        answer = self.http.post("/scan2evolve/api/v1/auth/token", json=grant)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def sync(self, *records: Any, org: int = 0, **envelope: Any) -> dict[str, Any]:
        """Sync records that make a good batch; the answer's body."""
        answer = self.scan2evolve("POST", "/sync/employees", org, json={"employees": list(records), **envelope})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def accepted(self, record: dict[str, Any], org: int = 0) -> dict[str, Any]:
        """Sync one record that must be accepted; its result."""
        body = self.sync(record, org=org)
        assert body["errors"] == [], body
        result: dict[str, Any] = body["results"][0]
        return result

    def refused(self, record: Any, org: int = 0) -> str:
        """Sync one record that must be refused and change nothing; its message."""
        before = self.state(org)
        body = self.sync(record, org=org)
        assert body["results"] == [], body
        assert self.state(org) == before
        message: str = body["errors"][0]["message"]
        return message

    def state(self, org: int = 0) -> Any:
        """All that a sync could have changed: employees, users and mail."""
        listed = self.scan2evolve_state("employees", org)
        return listed, self.scan2evolve_state("users", org), self.outbox()

    # -- HRMS --------------------------------------------------------------------------------------

    def hrms_token(self, environment: str = "staging") -> str:
        """The founding token of an environment, with all scopes."""
        tokens = self.created["hrms"]["tokens"]
        return str(next(token["token"] for token in tokens if token["environment"] == environment))

    def hrms(self, path: str, environment: str = "staging", headers: dict[str, str] | None = None) -> httpx.Response:
        """A GET to the HRMS with the environment's own token; `headers` are added."""
        sent = {"Authorization": f"Bearer {self.hrms_token(environment)}", "X-Environment": environment}
        return self.http.get(f"/hrms/api/v1{path}", headers=sent | (headers or {}))

    def new_hrms_token(self, scopes: list[str], environment: str = "staging") -> dict[str, Any]:
        """A new application token, its text included."""
        wish = {"name": "made by a test", "scopes": scopes, "environment": environment}
        answer = self.control("POST", "/hrms/tokens", json=wish)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    # -- control plane -----------------------------------------------------------------------------

    def control(self, method: str, path: str = "", **request: Any) -> httpx.Response:
        """A request to the control plane, below this world."""
        return self.http.request(method, f"/_sandbox/worlds/{self.id}{path}", **request)

    def scan2evolve_state(self, collection: str, org: int = 0, **query: Any) -> list[dict[str, Any]]:
        """All items of a collection of an organization."""
        path = f"/scan2evolve/organizations/{self.organizations[org]['organization_id']}/{collection}"
        answer = self.control("GET", path, params={"limit": 1000, **query})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def add(self, collection: str, org: int = 0, **item: Any) -> dict[str, Any]:
        """Make an item of a collection of an organization."""
        path = f"/scan2evolve/organizations/{self.organizations[org]['organization_id']}/{collection}"
        answer = self.control("POST", path, json=item)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def employee(self, external_id: str, org: int = 0) -> dict[str, Any]:
        """An employee, who must be there."""
        return self.scan2evolve_state("employees", org, externalEmployeeId=external_id)[0]

    def outbox(self) -> list[dict[str, Any]]:
        """All mail."""
        items: list[dict[str, Any]] = self.control("GET", "/outbox", params={"limit": 1000}).json()["items"]
        return items

    def journal(self, **query: Any) -> list[dict[str, Any]]:
        """The journal, oldest first."""
        items: list[dict[str, Any]] = self.control("GET", "/journal", params={"limit": 1000, **query}).json()["items"]
        return items

    def read(self, **values: str | None) -> None:
        """Switch readings; underscores stand for hyphens."""
        patch = {name.replace("_", "-"): value for name, value in values.items()}
        answer = self.control("PATCH", "/readings", json=patch)
        assert answer.status_code == 200, answer.text

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        assert self.control("POST", "/clock/advance", json={"seconds": seconds}).status_code == 200


class ServerClient:
    """A running server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=30)

    def world(self, **wishes: Any) -> WorldClient:
        """A new world: frozen, without rate limits and with few people unless it is wished otherwise."""
        defaults = {
            "now": NOW,
            "frozen": True,
            "users": 3,
            "limits": {"scan2evolve": None, "hrms": None},
        }
        answer = self.http.post("/_sandbox/worlds", json=defaults | wishes)
        assert answer.status_code == 201, answer.text
        return WorldClient(self.http, answer.json())
