"""What a client does with a world of its own, step by step, as requests and answers without a way to send them.

A life is a generator: it yields a request, is sent the answer, and goes on as a plan says. So the same life can be led
in process or on a socket, alone or among others, and what it saw can be compared byte for byte.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.client import MAIN, NORTH, NOW

SCAN2EVOLVE = "/scan2evolve/api/v1"
HRMS = "/hrms/api/v1"
_LIMITS = {"scan2evolve": {"limit": 12, "window_seconds": 3600}, "hrms": {"limit": 4, "window_seconds": 1800}}
_DEVIATIONS: tuple[list[str], ...] = ([], ["without-email-format"], ["retry-after-too-short"])
_PEOPLE = (0, 3, 3, 120)


class Request(NamedTuple):
    """One request; `pieces` are how its body comes, `pause` is how long the client waits before each of them."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    pieces: tuple[bytes, ...]
    pause: int


class Exchange(NamedTuple):
    """A request's answer: status, headers, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def exchange(request: Request, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Exchange:
    """An answer as it is compared: the control plane's Date is the machine's, and no part of it."""
    kept = ((name.lower().decode(), value.decode("latin-1")) for name, value in headers)
    control = request.target.startswith("/_sandbox")
    return Exchange(status, tuple(sorted(pair for pair in kept if not (control and pair[0] == "date"))), body)


class Step(NamedTuple):
    """One step of a plan: what is done, and how in particular; `pause` is the request's."""

    name: str
    number: int
    pause: int


Seen = list[tuple[str, object]]
Life = Generator[Request, Exchange, Seen]


def record(owner: str, number: int) -> dict[str, Any]:
    """A record that may be good or bad; ids and e-mails are few, so that worlds would run into each other."""
    which = number % 5
    made: dict[str, Any] = {
        "externalEmployeeId": f"E-{which}",
        "displayName": f"{owner} {number}",
        "email": (f"p{which}@example.com", f"p{number % 3}@example.com", "nonsense")[number // 5 % 3],
        "roles": (["site_manager"], ["admin", "cook"], [], ["Inspector"])[number % 4],
        "sites": ([{"id": MAIN}], [{"id": NORTH}, {"id": "nowhere"}], [])[number % 3],
        "status": ("ACTIVE", "ACTIVE", "INACTIVE", "GONE")[number // 2 % 4],
        "updateMode": ("replace", "additive")[number % 2],
        "metadata": {"owner": owner},
    }
    if number % 7:
        made["userAccount"] = {"forcePasswordReset": number % 2 == 0, "sendWelcomeEmail": True}
    return made


class Client:
    """A client of one world: what it knows of it, and the requests that follow from that."""

    def __init__(self, world_id: str) -> None:
        self.id = world_id
        self.base = f"/_sandbox/worlds/{world_id}"
        #: What the last creation answered, also once the world is deleted.
        self.created: dict[str, Any] | None = None
        self.alive = False
        self.token = "none"
        self.snapshot = b"{}"

    def request(self, step: Step) -> Request | None:
        """The request of a step, None where nothing is known yet that it needs."""
        if self.created is None and step.name in VENDORS:
            return None
        method, target, headers, body = STEPS[step.name](self, step.number)
        if step.name in VENDORS:
            # A token that nobody knows belongs to the world that is named.
            headers = headers | {"X-Sandbox-World": self.id}
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if body is not None and "Content-Type" not in headers:
            headers = headers | {"Content-Type": "application/json"}
        size = len(data) // 4 + 1
        pieces = tuple(data[at : at + size] for at in range(0, len(data), size))
        lengths = {} if body is None else {"Content-Length": str(len(data))}
        return Request(method, target, tuple((headers | lengths).items()), pieces, step.pause)

    def learn(self, step: Step, answer: Exchange) -> None:
        """Remember what the next steps need."""
        if step.name == "create" and answer.status == 201:
            self.created, self.alive = json.loads(answer.body), True
        elif step.name == "delete" and answer.status == 204:
            self.alive = False
        elif step.name == "snapshot" and answer.status == 200:
            self.snapshot = answer.body
        elif step.name == "token" and answer.status == 200:
            self.token = json.loads(answer.body)["access_token"]

    # -- what a step asks for ------------------------------------------------------------------------

    def organization(self, number: int) -> dict[str, Any]:
        """One of the two organizations."""
        assert self.created is not None
        found: dict[str, Any] = self.created["scan2evolve"]["organizations"][number % 2]
        return found

    def basic(self, number: int, secret: str | None = None) -> dict[str, str]:
        """The Authorization of an organization."""
        mine = self.organization(number)
        pair = f"{mine['client_id']}:{secret or mine['client_secret']}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def bearer(self, number: int) -> dict[str, str]:
        """The headers of an environment of the HRMS."""
        assert self.created is not None
        token = self.created["hrms"]["tokens"][number % 2]
        environment = token["environment"] if number % 5 else "production"
        return {"Authorization": f"Bearer {token['token']}", "X-Environment": environment}

    def create(self, number: int) -> Any:
        """A world of one of three seeds, frozen or in steps."""
        body = {"id": self.id, "seed": number % 3, "users": _PEOPLE[number % 4], "now": NOW, "frozen": True}
        more = {"limits": _LIMITS} if number % 2 else {"step_ms": 250}
        return "POST", "/_sandbox/worlds", {}, body | more

    def sync(self, number: int) -> Any:
        """A batch of one to four records."""
        employees = [record(self.id, number * 3 + index) for index in range(1 + number % 4)]
        body = {"employees": employees, "syncBatchId": f"b-{number}"}
        return "POST", f"{SCAN2EVOLVE}/sync/employees", self.basic(number), body

    def grant(self, number: int) -> Any:
        """A token request as a form."""
        headers = self.basic(number) | {"Content-Type": "application/x-www-form-urlencoded"}
        return "POST", f"{SCAN2EVOLVE}/auth/token", headers, b"grant_type=client_credentials"

    def make(self, number: int) -> Any:
        """Something made at the control plane: a role, a credential or an application token."""
        place = f"{self.base}/scan2evolve/organizations"
        where = "none" if self.created is None else self.organization(number)["organization_id"]
        if number % 3 == 0:
            return "POST", f"{place}/{where}/roles", {}, {"name": f"role {number}"}
        if number % 3 == 1:
            return "POST", f"{place}/{where}/credentials", {}, {"name": f"made {number}"}
        wish = {"name": f"made {number}", "scopes": ["users:read"], "environment": "uat"}
        return "POST", f"{self.base}/hrms/tokens", {}, wish


def _hired(number: int) -> dict[str, str]:
    return {"environment": ("staging", "uat")[number % 2], "name": f"New {number}", "email": f"n{number}@example.com"}


def _of_world(method: str, path: str, bodies: Callable[[int], Any] = lambda number: None) -> Any:
    return lambda client, number: (method, client.base + path, {}, bodies(number))


#: Steps that need credentials.
VENDORS: dict[str, Callable[[Client, int], Any]] = {
    "sync": Client.sync,
    "token": Client.grant,
    "bearer": lambda client, n: ("GET", f"{SCAN2EVOLVE}/users", {"Authorization": f"Bearer {client.token}"}, None),
    "accounts": lambda client, n: ("GET", f"{SCAN2EVOLVE}/users?isActive=true", client.basic(n), None),
    "account": lambda client, n: ("GET", f"{SCAN2EVOLVE}/users/user_{n}", client.basic(n), None),
    "people": lambda client, n: ("GET", f"{HRMS}/users", client.bearer(n), None),
    "person": lambda client, n: ("GET", f"{HRMS}/users/user_{n:03d}", client.bearer(n), None),
    "departments": lambda client, n: ("GET", f"{HRMS}/departments", client.bearer(n), None),
    "nothing": lambda client, n: ("GET", f"{SCAN2EVOLVE}/nothing/{n}", client.basic(n), None),
    "stranger": lambda client, n: ("GET", f"{SCAN2EVOLVE}/users", client.basic(n, "wrong"), None),
    "no json": lambda client, n: ("POST", f"{SCAN2EVOLVE}/sync/employees", client.basic(n), b'{"employees": [' * n),
}
STEPS: dict[str, Callable[[Client, int], Any]] = VENDORS | {
    "create": Client.create,
    "make": Client.make,
    "delete": _of_world("DELETE", ""),
    "reset": _of_world("POST", "/reset"),
    "snapshot": _of_world("GET", "/snapshot"),
    "restore": lambda client, n: ("PUT", f"{client.base}/snapshot", {}, client.snapshot),
    "advance": _of_world("POST", "/clock/advance", lambda n: {"seconds": n * 300}),
    "step": _of_world("PATCH", "/clock", lambda n: {"step_ms": n * 10}),
    "deviate": _of_world("PATCH", "/deviations", lambda n: {"deviations": _DEVIATIONS[n % 3], "show": n % 2 == 0}),
    "read": _of_world("PATCH", "/readings", lambda n: {"role-case": ("exact", "insensitive", None, "odd")[n % 4]}),
    "limit": _of_world("PATCH", "/limits", lambda n: {"scan2evolve": None if n % 3 else {"limit": n + 1}}),
    "hire": _of_world("POST", "/hrms/users", _hired),
    "leave": lambda client, n: ("DELETE", f"{client.base}/hrms/users/user_{n:03d}?environment=staging", {}, None),
    "journal": _of_world("GET", "/journal?limit=1000"),
    "outbox": _of_world("GET", "/outbox"),
    "audit": _of_world("GET", "/audit"),
    "verify": _of_world("POST", "/journal/verify", lambda n: {"pattern": {"operation": "syncEmployees"}, "times": n}),
    "shown": _of_world("GET", ""),
}
_OFTEN = ["sync", "sync", "sync", "people", "bearer", "reset", "create", "delete"]


def life(client: Client, plan: list[Step]) -> Life:
    """Lead a life: the world is made first, and looked at in the end."""
    seen: Seen = []
    ends = [Step(name, 0, 0) for name in ("snapshot", "delete")]
    for step in (Step("create", plan[0].number if plan else 0, 0), *plan, *ends):
        request = client.request(step)
        if request is None:
            continue
        alone = client.alive or step.name not in VENDORS
        answer = yield request
        client.learn(step, answer)
        # Without a world of its own, a credential is the default world's to refuse: its answer is everybody's.
        seen.append((step.name, answer if alone else answer.status))
    return seen


def plans(least: int, most: int) -> st.SearchStrategy[list[Step]]:
    """Plans of so many steps."""
    names = st.one_of(st.sampled_from(_OFTEN), st.sampled_from(sorted(STEPS)))
    step = st.builds(Step, names, st.integers(0, 11), st.integers(0, 3))
    return st.lists(step, min_size=least, max_size=most)
