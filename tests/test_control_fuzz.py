"""Random walks over every operation of every document: never a server error."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import document
from sandbox.document import Document, Operation
from tests.client import MAIN, NORTH, NOW, ServerClient, WorldClient
from tests.survey import look_at_everything, no_errors_logged
from tests.thoroughness import examples

DOCUMENTS: dict[str, Document] = {name: document.load(name) for name in document.NAMES}
OPERATIONS = [operation for held in DOCUMENTS.values() for operation in held.operations.values()]
# The walk keeps to one world, which must still be there at its end.
WALKED = [operation for operation in OPERATIONS if operation.id not in ("createWorld", "deleteWorld", "putSnapshot")]
OFTEN = [operation for operation in WALKED if operation.id in ("syncEmployees", "listUsers", "listEmployees")]

NAMES = ["site_manager", "Site_Manager", "INSPECTOR", "admin", "FIELD_TECH", "x", "\xdf", "SS", "\u0130", "{0}", "%s"]
EMAILS = ["a@example.com", "A@Example.com", "b@example.com", "c@example.com", "pat.morgan@example.com"]
INSTANTS = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", NOW, "0999-01-01T00:00:00.001Z", "1970-01-01T00:00:00Z"]
SITES = [MAIN, NORTH, NORTH.upper(), "00000000-0000-4000-8000-000000000001"]
ODD: list[Any] = [None, 0, -1, 2**64 - 1, 1.5, "", "\x00", "x" * 300, [], {}, True]

GROUP_ENTRIES = [
    {"groupName": "Maintenance Team", "role": "x"},
    {"externalGroupId": "TEAM-001"},
    {"groupName": "x"},
    {"externalGroupId": "x", "groupName": "x"},
    {},
]
RECORDS = st.fixed_dictionaries(
    {"externalEmployeeId": st.sampled_from(["A", "B", "C"])},
    optional={
        "status": st.sampled_from(["ACTIVE", "ACTIVE", "INACTIVE", "TERMINATED"]),
        "firstName": st.sampled_from(NAMES),
        "displayName": st.sampled_from(NAMES),
        "email": st.sampled_from(EMAILS),
        "terminationDate": st.sampled_from([None, "2020-01-01"]),
        "supervisor": st.sampled_from([{}, {"name": "x"}, {"email": "y"}]),
        "metadata": st.sampled_from([{}, {"a": [1, None]}]),
        "roles": st.lists(st.sampled_from(NAMES), max_size=2),
        "groups": st.lists(st.sampled_from(GROUP_ENTRIES), max_size=2),
        "sites": st.lists(
            st.fixed_dictionaries({"id": st.sampled_from(SITES)}, optional={"role": st.sampled_from(NAMES)}), max_size=2
        ),
        "userAccount": st.fixed_dictionaries(
            {},
            optional={
                "username": st.sampled_from(NAMES + EMAILS),
                "forcePasswordReset": st.booleans(),
                "sendWelcomeEmail": st.booleans(),
            },
        ),
        "updateMode": st.sampled_from(["replace", "additive"]),
        "unknown": st.just(1),
    },
)


class Walk:
    """A walk through one world: what it has met on the way can be named again."""

    def __init__(self, data: st.DataObject, world: WorldClient) -> None:
        self.data = data
        self.world = world
        self.met: dict[str, list[str]] = {"tokens of access": []}
        self.statuses: set[tuple[str, int]] = set()

    def pick(self, values: list[Any]) -> Any:
        """One of these."""
        return self.data.draw(st.sampled_from(values))

    def step(self, operation: Operation) -> None:
        """One request of an operation, with values that are plausible more often than not."""
        collection = operation.path.split("/{id}")[0].split("/{userId}")[0].rsplit("/", 1)[-1]
        org = self.pick([0, 0, 0, 1])
        path = operation.path.replace("{world}", self.world.id)
        path = path.replace("{org}", self.world.organizations[org]["organization_id"])
        for name in ("{id}", "{userId}"):
            if name in path:
                path = path.replace(name, quote(self.pick([*self.met.get(collection, [])[-4:], "1", "none"]), safe=""))
        request: dict[str, Any] = {"params": self._query(operation), "headers": {}}
        if operation.api == "hrms":
            token = self.pick(self.world.created["hrms"]["tokens"])
            environment = self.pick([token["environment"], token["environment"], "staging", "x"])
            request["headers"] = {"Authorization": f"Bearer {token['token']}", "X-Environment": environment}
        elif operation.api == "scan2evolve":
            known = self.met["tokens of access"]
            if known and self.pick([True, False]):
                request["headers"] = {"Authorization": f"Bearer {self.pick(known[-3:])}"}
            elif operation.id != "issueToken":
                request["auth"] = self.world.basic(org)
        if operation.body:
            request["json"] = self._body(operation, org)
        answer = self.world.http.request(operation.method, path, **request)
        assert answer.status_code < 500, (operation.id, path, request, answer.text)
        self.statuses.add((operation.id, answer.status_code))
        if answer.status_code < 300 and answer.content:
            self._remember(collection, answer.json())

    def _query(self, operation: Operation) -> dict[str, Any]:
        query: dict[str, Any] = {}
        for parameter in operation.parameters:
            # Nobody else is there to send what would be waited for.
            wanted = parameter.required or parameter.name == "timeout"
            if parameter.location == "query" and (wanted or self.pick([True, False, False])):
                values: dict[str, list[Any]] = {
                    "limit": [1, 2, 1000],
                    "environment": ["staging", "uat"],
                    "status": [200, 404],
                    "after": [*self.met.get("cursors", [])[-3:], "1"],
                    "email": EMAILS,
                    "isActive": ["true", "false", "x"],
                    "timeout": [0, 0.01],
                    "role": NAMES,
                }
                query[parameter.name] = self.pick(values.get(parameter.name, ["A", "syncEmployees"]))
        return query

    def _body(self, operation: Operation, org: int) -> Any:
        if operation.id == "syncEmployees":
            return {"employees": self.data.draw(st.lists(RECORDS, min_size=1, max_size=3))}
        if operation.id == "issueToken":
            client_id, client_secret = self.world.basic(org)
            return {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        source = DOCUMENTS[operation.api].source
        item = source.root["paths"][operation.path.removeprefix(DOCUMENTS[operation.api].base_path)]
        body = source.resolve(item[operation.method.lower()]["requestBody"], "")
        return self._value(operation, next(iter(body["content"].values()))["schema"], "")

    def _value(self, operation: Operation, node: Any, name: str) -> Any:
        """A value after a schema, now and then one that is not."""
        node = DOCUMENTS[operation.api].source.resolve(node, "")
        if self.data.draw(st.integers(0, 40)) == 40:
            return self.pick(ODD)
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in node:
                return self._value(operation, self.pick(node[keyword]), name)
        if "enum" in node:
            return self.pick(node["enum"])
        kind = node.get("type", "string")
        kind = self.pick(kind) if isinstance(kind, list) else kind
        if kind == "object":
            return {
                key: self._value(operation, child, key)
                for key, child in node.get("properties", {}).items()
                if key in node.get("required", ()) or self.pick([True, False])
            }
        if kind == "array":
            return [self._value(operation, node["items"], name) for _ in range(self.pick([0, 1, 2]))]
        return self._scalar(node, kind, name)

    def _scalar(self, node: dict[str, Any], kind: str, name: str) -> Any:
        if kind in ("integer", "number"):
            return self.pick([node.get("minimum", 0), node.get("maximum", 1000), 1, 60, 86_400])
        if kind == "null":
            return None
        if kind == "boolean":
            return self.pick([True, False])
        references = {"department_id": "departments", "position_id": "positions", "manager_id": "users"}
        references |= {"work_location_ids": "work-locations"}
        if name in references:
            return self.pick([*self.met.get(references[name], [])[-4:], "none"])
        values = {"email": EMAILS, "now": INSTANTS, "id": SITES if node.get("format") == "uuid" else ["new_1", "new_2"]}
        return self.pick(values.get(name, NAMES))

    def _remember(self, collection: str, body: Any) -> None:
        items = body if isinstance(body, list) else body.get("items", body.get("data", [body]))
        for item in [items] if isinstance(items, dict) else items[-4:]:
            if "id" in item:
                self.met.setdefault(collection, []).append(item["id"])
        if isinstance(body, dict) and "access_token" in body:
            self.met["tokens of access"].append(body["access_token"])
        if isinstance(body, dict) and body.get("next"):
            self.met.setdefault("cursors", []).append(body["next"])


def walked(server: ServerClient, data: st.DataObject, steps: int) -> Walk:
    """A walk of so many steps, ended by a look at everything."""
    world = server.world(users=2, limits={"scan2evolve": {"limit": 500, "window_seconds": 60}, "hrms": None})
    walk = Walk(data, world)
    choice = st.one_of(st.sampled_from(WALKED), st.sampled_from(OFTEN))
    with no_errors_logged():
        for _ in range(steps):
            walk.step(data.draw(choice))
        look_at_everything(world)
        taken = world.control("GET", "/snapshot").json()
        assert world.control("PUT", "/snapshot", json=taken).status_code == 204
        assert world.control("GET", "/snapshot").json() == taken
        assert world.control("POST", "/reset").status_code == 200
        look_at_everything(world)
    world.control("DELETE")
    return walk


@settings(max_examples=examples(12), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_walk_over_every_operation_never_meets_a_server_error(server: ServerClient, data: st.DataObject) -> None:
    """Whatever is changed at the control plane, in whatever order, syncs and reads go on."""
    walked(server, data, 40)


@pytest.mark.slow
@settings(max_examples=examples(25), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_long_random_walk_never_meets_a_server_error(server: ServerClient, data: st.DataObject) -> None:
    """The same, further."""
    walked(server, data, 120)


# -- what the walks have found, or might have -----------------------------------------------------------------


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
@pytest.mark.parametrize("lifetime", ["fixed", "sliding"])
def test_clock_at_either_end_of_time_is_no_trouble(world: WorldClient, instant: str, lifetime: str) -> None:
    """Tokens, rate windows, mail and histories work in the first and in the last second there is."""
    world.read(token_lifetime=lifetime)
    world.control("PATCH", "/limits", json={"scan2evolve": {"limit": 3, "window_seconds": 86_400}})
    world.control("PATCH", "/clock", json={"now": instant, "frozen": True})
    mail = {"userAccount": {"sendWelcomeEmail": True}}
    world.accepted({"externalEmployeeId": "A", "email": "a@example.com", **mail})
    headers = {"Authorization": f"Bearer {world.token()}"}
    assert world.scan2evolve("GET", "/users", headers=headers).status_code == 200
    answer = world.scan2evolve("GET", "/users", headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "86400")
    look_at_everything(world)


@pytest.mark.parametrize(
    "host", ["localhost:abc", "[::1]x", "localhost/x", "a@localhost", "localhost#x", "[fe80::1%25eth0]"]
)
def test_control_request_for_a_host_that_is_none_is_forbidden(server: ServerClient, host: str) -> None:
    """A Host that could not stand in a URL is not this server, whatever it begins or ends with."""
    answer = server.http.get("/_sandbox/worlds/default", headers={"Host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
