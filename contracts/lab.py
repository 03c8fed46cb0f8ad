"""The lab: what a check works with. It sends requests, looks at state, and says what is broken."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from contracts.checks import Broken, NotObservable, Profile
from contracts.documents import Operation
from contracts.evidence import shown_value
from contracts.space import Space
from contracts.target import ABSENT, Organization, Wire

# How long a 429 of the target is waited out, in seconds, and how often a request is sent.
_LONGEST_WAIT = 120
_WAITS = 3


class Answer:
    """An HTTP answer, its body read as JSON where a check asks for it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.content = answer.content

    @property
    def body(self) -> Any:
        """The body as JSON. Broken where it is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            start = self.content[:80].decode("utf-8", "replace")
            raise Broken(f"the body is not JSON: {start!r}") from None


class Lab:
    """One check's place of work, in a space of its own where the target can make one.

    `readings` are those that the target follows. `prefix` marks every identifier that is made. `profile` and
    `seed` are the run's: how much to try, and where chance begins. `writes`: whether it may change data. `absent`:
    operations that the target does not have; nothing is said of them.
    """

    def __init__(
        self,
        wire: Wire,
        space: Space,
        readings: dict[str, str],
        prefix: str,
        pause: Callable[[float], None] = time.sleep,
        *,
        profile: Profile = "quick",
        seed: int = 0,
        writes: bool = True,
        absent: frozenset[Operation] = frozenset(),
    ) -> None:
        self.wire = wire
        self.space = space
        self.readings = readings
        self.prefix = prefix
        self.profile: Profile = profile
        self.seed = seed
        self.writes = writes
        self._absent = absent
        #: What was left out of a check that looks at more where there is a control plane.
        self.unseen: dict[str, None] = {}
        self._pause = pause
        self._made = 0

    # -- saying what is broken ---------------------------------------------------------------------

    def equal(self, actual: Any, expected: Any, what: str) -> None:
        """Broken unless `actual` is `expected`."""
        if actual != expected:
            raise Broken(f"{what}: expected {shown_value(expected)}, got {shown_value(actual)}")

    def true(self, condition: bool, what: str) -> None:
        """Broken unless `condition`; `what` says what should be."""
        if not condition:
            raise Broken(f"expected that {what}")

    # -- making things up ----------------------------------------------------------------------------

    def new_id(self) -> str:
        """An externalEmployeeId that nobody has."""
        self._made += 1
        return f"{self.prefix}-{self._made}"

    def new_email(self) -> str:
        """An e-mail address that nobody has."""
        self._made += 1
        return f"{self.prefix}-{self._made}@example.com"

    def person(self, **fields: Any) -> dict[str, Any]:
        """A valid record of somebody new, with `fields` put in; a field that is ... is left out."""
        record = {
            "externalEmployeeId": self.new_id(),
            "firstName": "Robin",
            "lastName": "Sample",
            "email": self.new_email(),
            **fields,
        }
        return {key: value for key, value in record.items() if value is not ...}

    # -- the organizations ---------------------------------------------------------------------------

    def organization(self, org: int = 0) -> Organization:
        """An organization's credentials; NotObservable where the target has not so many."""
        organizations = self.space.credentials.organizations
        if org >= len(organizations):
            raise NotObservable(f"the credentials name {len(organizations)} Scan2Evolve organizations, not {org + 1}")
        return organizations[org]

    def site(self, index: int = 0, org: int = 0) -> str:
        """A site's UUID."""
        return self._nth(self.organization(org).sites, index, "sites")

    def role(self, index: int = 0, org: int = 0) -> str:
        """The name of a role other than site_manager."""
        roles = [role for role in self.organization(org).roles if role.casefold() != "site_manager"]
        return self._nth(tuple(roles), index, "roles besides site_manager")

    def group(self, index: int = 0) -> str:
        """A group's name."""
        return self._nth(tuple(name for name, _ in self.organization().groups), index, "groups")

    def external_group(self) -> str:
        """A group's external id."""
        external = tuple(key for _, key in self.organization().groups if key is not None)
        return self._nth(external, 0, "groups with an external id")

    @staticmethod
    def _nth(items: tuple[str, ...], index: int, what: str) -> str:
        if index >= len(items):
            raise NotObservable(f"the credentials name {len(items)} {what}, not {index + 1}")
        return items[index]

    # -- Scan2Evolve ---------------------------------------------------------------------------------

    def basic(self, org: int = 0) -> str:
        """An Authorization header with HTTP Basic."""
        organization = self.organization(org)
        pair = f"{organization.client_id}:{organization.client_secret}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def scan2evolve(
        self,
        method: str,
        path: str,
        payload: Any = ...,
        *,
        org: int = 0,
        authorization: str | None = "",
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        patient: bool = True,
    ) -> Answer:
        """A request to Scan2Evolve: with HTTP Basic, another `authorization`, or none (None).

        A 429 is waited out unless the check is not `patient`.
        """
        if self.wire.target.scan2evolve is None:
            raise NotObservable("the run has no Scan2Evolve URL")
        sent = {} if payload is ... and content is None else {"content-type": "application/json"}
        sent |= headers or {}
        if authorization is not None:
            sent["authorization"] = authorization or self.basic(org)
        body = json.dumps(payload).encode() if payload is not ... else content
        return self.send(method, self.wire.target.scan2evolve + path, sent, body, patient)

    def send(
        self, method: str, url: str, headers: Mapping[str, str | bytes], body: bytes | None, patient: bool = True
    ) -> Answer:
        """A request to any URL of the target, in this lab's space. A 429 is waited out unless not `patient`."""
        for waits_left in reversed(range(_WAITS)):
            answer = self.wire.send(method, url, {**self.space.headers, **headers}, body)
            if answer.status_code != 429 or not patient or not waits_left:
                break
            wait = answer.headers.get("retry-after", "1")
            self._pause(min(int(wait) if wait.isdecimal() else 1, _LONGEST_WAIT))
        if answer.status_code in ABSENT and self._absent:
            operation = self.wire.target.operation(method, url)
            if operation in self._absent:
                raise NotObservable(f"the target has no {operation}")
        return Answer(answer)

    def token(self, org: int = 0) -> str:
        """The text of a new access token."""
        organization = self.organization(org)
        grant = {
            "client_id": organization.client_id,
            "client_secret": organization.client_secret,
            "grant_type": "client_credentials",
        }
        answer = self.scan2evolve("POST", "/api/v1/auth/token", grant, authorization=None)
        self.equal(answer.status, 200, "status of a good token request")
        text = answer.body.get("access_token")
        self.true(isinstance(text, str), "the token answer has an access_token")
        return str(text)

    def sync(self, *records: Any, org: int = 0, **envelope: Any) -> dict[str, Any]:
        """Sync a good batch; the answer's body."""
        payload = {"employees": list(records), **envelope}
        answer = self.scan2evolve("POST", "/api/v1/sync/employees", payload, org=org)
        self.equal(answer.status, 200, "status of a batch whose envelope is good")
        body = answer.body
        if not (
            isinstance(body, dict) and isinstance(body.get("results"), list) and isinstance(body.get("errors"), list)
        ):
            raise Broken(f"expected results and errors in {shown_value(body)}")
        return body

    def accepted(self, record: dict[str, Any], org: int = 0) -> dict[str, Any]:
        """Sync one record that must be accepted; its result."""
        body = self.sync(record, org=org)
        self.equal(body["errors"], [], f"errors for {shown_value(record)}")
        self.equal(len(body["results"]), 1, "number of results")
        result: dict[str, Any] = body["results"][0]
        return result

    def refused(self, record: Any, message: str, org: int = 0) -> None:
        """Sync one record that must be refused with exactly this message and leave no trace."""
        before = self.everything(org)
        body = self.sync(record, org=org)
        self.equal(body["results"], [], f"results for {shown_value(record)}")
        self.equal([entry.get("message") for entry in body["errors"]], [message], f"error for {shown_value(record)}")
        self.equal(self.everything(org), before, "state after a refused record")

    # -- what can be seen ----------------------------------------------------------------------------

    @property
    def controlled(self) -> bool:
        """Whether there is a control plane."""
        return self.wire.target.control is not None

    def sees(self, what: str) -> bool:
        """Whether what only a control plane shows can be looked at; where not, the check holds in part at most."""
        if not self.controlled:
            self.unseen[what] = None
        return self.controlled

    def users(self, org: int = 0, query: str = "") -> list[dict[str, Any]]:
        """The users of an organization, over the vendor's own API."""
        answer = self.scan2evolve("GET", f"/api/v1/users{query}", org=org)
        if answer.status == 404:
            raise NotObservable("the target has no GET /api/v1/users")
        self.equal(answer.status, 200, "status of GET /api/v1/users")
        body = answer.body
        self.true(isinstance(body, list), "GET /api/v1/users answers an array")
        return list(body)

    def user_of(self, external_id: str, org: int = 0) -> dict[str, Any] | None:
        """The user who is linked to that employee, over the vendor's own API."""
        return next((user for user in self.users(org) if user.get("employeeNumber") == external_id), None)

    def employees(self, org: int = 0) -> list[dict[str, Any]]:
        """All employees; NotObservable without a control plane."""
        organization_id = self.organization(org).organization_id
        path = f"/scan2evolve/organizations/{organization_id}/employees?limit=1000"
        return list(self.space.control("GET", path)["items"])

    def employee(self, external_id: str, org: int = 0) -> dict[str, Any]:
        """An employee's whole state, who must be there; NotObservable without a control plane."""
        for employee in self.employees(org):
            if employee["externalEmployeeId"] == external_id:
                return employee
        raise Broken(f"employee {external_id} should be there")

    def everything(self, org: int = 0) -> Any:
        """All that a sync could change and that can be seen here."""
        if self.controlled:
            return self.employees(org), self.users(org), self.outbox()
        try:
            return self.users(org)
        except NotObservable:
            return None

    def outbox(self, to: str | None = None) -> list[dict[str, Any]]:
        """The mail sent; NotObservable without a control plane."""
        mails = list(self.space.control("GET", "/outbox?limit=1000")["items"])
        return mails if to is None else [mail for mail in mails if mail["to"].casefold() == to.casefold()]

    def advance(self, seconds: float) -> None:
        """Move the target's time; NotObservable without a control plane."""
        self.space.control("POST", "/clock/advance", {"seconds": seconds})

    def now(self) -> str:
        """The target's time; NotObservable without a control plane."""
        return str(self.space.control("GET", "/clock")["now"])

    def now_ms(self) -> int:
        """The same in milliseconds since the epoch."""
        return round(datetime.fromisoformat(self.now()).timestamp() * 1000)

    def limit(self, limit: int, window_seconds: int = 60, api: str = "scan2evolve") -> None:
        """Set a rate limit; NotObservable without a control plane."""
        self.space.control("PATCH", "/limits", {api: {"limit": limit, "window_seconds": window_seconds}})

    def fault(self, name: str, parameters: dict[str, Any], **when: Any) -> None:
        """Let something go wrong on the way; NotObservable without a control plane."""
        self.space.control("POST", "/faults", {"name": name, "parameters": parameters, **when})

    def add(self, collection: str, org: int = 0, **item: Any) -> dict[str, Any]:
        """Make a role, group, site, user or credential; NotObservable without a control plane."""
        organization_id = self.organization(org).organization_id
        made: dict[str, Any] = self.space.control(
            "POST", f"/scan2evolve/organizations/{organization_id}/{collection}", item
        )
        return made

    # -- HRMS ----------------------------------------------------------------------------------------

    def hrms_token(self, environment: str | None = None, scopes: tuple[str, ...] = ()) -> tuple[str, str]:
        """(token, environment) of a token that has all of `scopes`."""
        for held in self.space.credentials.hrms:
            if environment in (None, held.environment) and set(scopes) <= set(held.scopes):
                return held.token, held.environment
        raise NotObservable(f"the credentials name no HRMS token for {environment or 'any environment'}")

    def new_hrms_token(self, *scopes: str, environment: str = "staging") -> dict[str, Any]:
        """Make an application token; NotObservable without a control plane."""
        wish = {"name": self.prefix, "scopes": list(scopes), "environment": environment}
        made: dict[str, Any] = self.space.control("POST", "/hrms/tokens", wish)
        return made

    def hrms(
        self,
        path: str,
        *,
        method: str = "GET",
        environment: str | None = None,
        token: str | None = "",
        headers: dict[str, str | None] | None = None,
        patient: bool = True,
    ) -> Answer:
        """A request to the HRMS: with a token of the environment, another `token`, or none (None).

        `headers` are put over the usual ones; None takes one away.
        """
        if self.wire.target.hrms is None:
            raise NotObservable("the run has no HRMS URL")
        own, own_environment = self.hrms_token(environment)
        sent: dict[str, str | None] = {"x-environment": own_environment, "content-type": "application/json"}
        if token is not None:
            sent["authorization"] = f"Bearer {token or own}"
        sent |= headers or {}
        kept = {name: value for name, value in sent.items() if value is not None}
        return self.send(method, self.wire.target.hrms + path, kept, None, patient)
