"""The documents: valid OpenAPI, examples that hold, claims that exist; what is not understood stops the start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from sandbox import document
from sandbox.app import Application
from sandbox.document import Document, Operation
from sandbox.hrms import api as hrms_api
from sandbox.pipeline import Api
from sandbox.readings import CATALOGUE, NAMES, Readings
from sandbox.scan2evolve.rules import ENVELOPE, RULES, WARNINGS
from sandbox.schemas import DocumentError, Schema
from tests.client import ServerClient, WorldClient

TOP = Path(__file__).parent.parent
DOCUMENTS = {name: document.load(name) for name in document.NAMES}
LEDGER = yaml.safe_load((TOP / "contracts" / "claims.yaml").read_text())
CLAIMS: dict[str, dict[str, Any]] = LEDGER["claims"]
CLAIM_ID = re.compile(r"\b(?:S2E|HRMS)-[A-Z]+-[0-9]{2}\b")


def reading_of(example: str) -> dict[str, str | None]:
    """The reading that an example's name ends with, none by default."""
    _, marked, wanted = example.partition("-reading-")
    if not marked:
        return {}
    found = {row.name: value for row in CATALOGUE for value in row.values if wanted == f"{row.name}-{value}"}
    assert len(found) == 1, f"{example} names no reading"
    return dict(found)


def examples() -> Iterator[tuple[str, str, Any, Schema]]:
    """(where, name, value, schema) of every example of a request or an answer."""
    for held in DOCUMENTS.values():
        for operation in held.operations.values():
            for name, value in operation.body_examples.items():
                for media, schema in operation.body.items():
                    yield f"{held.name} {operation.id} {media}", name.partition(" ")[0], value, schema
            for status, answers in operation.answers.items():
                for answer in answers:
                    for name, value in answer.examples.items():
                        for schema in answer.media.values():
                            yield f"{held.name} {operation.id} {status}", name.partition(" ")[0], value, schema


@pytest.mark.parametrize("name", document.NAMES)
def test_document_is_valid_openapi(name: str) -> None:
    """Held against the OpenAPI 3.1 schema by a validator that is not ours."""
    validate(DOCUMENTS[name].root)


def test_every_example_is_valid_under_the_reading_that_its_name_says() -> None:
    """Default readings unless the name ends in `-reading-<name>-<value>`."""
    count = 0
    for where, name, value, schema in examples():
        validator = schema.validator(Readings().patched(reading_of(name)))
        faults = [f"{list(error.instance_path)} {error.message}" for error in validator.iter_errors(value)]
        assert not faults, f"{where}: {name}: {faults}"
        count += 1
    assert count > 300


def test_every_body_has_an_example() -> None:
    """At least one named example for each request body and each answer that has a body."""
    for held in DOCUMENTS.values():
        for operation in held.operations.values():
            assert bool(operation.body) == bool(operation.body_examples), operation.id
            for status, answers in operation.answers.items():
                for answer in answers:
                    assert bool(answer.media) == bool(answer.examples), (operation.id, status)


# -- the running server answers as documented -----------------------------------------------------------

VENDORS = [operation for name in ("hrms", "scan2evolve") for operation in DOCUMENTS[name].operations.values()]
REQUESTS = [
    pytest.param(operation, media, name.partition(" ")[0], value, id=f"{operation.id} {name} {media}")
    for operation in VENDORS
    for name, value in operation.body_examples.items()
    for media in operation.body
]


def path_of(operation: Operation) -> str:
    """The operation's path with the examples of its parameters."""
    item = next(v for k, v in DOCUMENTS[operation.api].root["paths"].items() if operation.path.endswith(k))
    values = {p["name"]: p.get("example") for p in item[operation.method.lower()].get("parameters", ()) if "name" in p}
    return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), operation.path)


def answered_as_documented(world: WorldClient, operation: Operation, answer: Any, readings: Readings) -> int:
    """The status, once status and body are known to be documented."""
    documented = operation.answer(answer.status_code, readings)
    assert documented is not None, answer.status_code
    schema = documented.media[answer.headers["content-type"]]
    assert schema.validator(readings).is_valid(answer.json()), answer.text
    assert world.journal()[-1]["operation"] == operation.id
    return int(answer.status_code)


@pytest.mark.parametrize(("operation", "media", "name", "value"), REQUESTS)
def test_every_request_example_is_answered_as_documented(
    world: WorldClient, operation: Operation, media: str, name: str, value: Any
) -> None:
    """Sent as it stands, with the world's credentials in its place (S2E-EX-01)."""
    readings = Readings().patched(reading_of(name))
    world.read(**reading_of(name))
    client_id, secret = world.basic()
    if operation.id == "issueToken":
        value = {**value, **({"client_id": client_id, "client_secret": secret} if "client_id" in value else {})}
    by_header = operation.id != "issueToken" or "client_id" not in value
    body = {"data": value} if media == "application/x-www-form-urlencoded" else {"json": value}
    answer = world.http.request(
        operation.method, operation.path, auth=(client_id, secret) if by_header else None, **body
    )
    assert answered_as_documented(world, operation, answer, readings) == 200
    if operation.id == "syncEmployees":
        assert answer.json()["errors"] == []
        assert [result["warnings"] for result in answer.json()["results"]] == [[]] * len(value["employees"])


@pytest.mark.parametrize("operation", [o for o in VENDORS if not o.body], ids=lambda o: f"{o.api} {o.id}")
def test_every_operation_without_a_body_is_answered_as_documented(world: WorldClient, operation: Operation) -> None:
    """With good credentials, with none, and in the wrong environment."""
    path = path_of(operation)
    if operation.api == "hrms":
        token = {"Authorization": f"Bearer {world.hrms_token()}"}
        tried = [
            (200, token | {"X-Environment": "staging"}),
            (400, token),
            (401, token | {"X-Environment": "uat"}),
            (401, {"X-Sandbox-World": world.id}),
        ]
        for status, headers in tried:
            answer = world.http.get(path, headers=headers)
            assert answered_as_documented(world, operation, answer, Readings()) == status
        return
    answer = world.http.get(path, auth=world.basic())
    expected = 404 if operation.path_names else 200
    assert answered_as_documented(world, operation, answer, Readings()) == expected
    answer = world.http.get(path, headers={"X-Sandbox-World": world.id})
    assert answered_as_documented(world, operation, answer, Readings()) == 401


@pytest.mark.parametrize("name", document.NAMES)
def test_document_is_served_as_it_is_in_the_package(server: ServerClient, name: str) -> None:
    """YAML letter for letter, and JSON of the same value."""
    text = server.http.get(f"/openapi/{name}.yaml")
    assert text.text == (document.folder() / f"{name}.yaml").read_text()
    assert text.headers["content-type"].startswith("application/yaml")
    assert server.http.get(f"/openapi/{name}.json").json() == DOCUMENTS[name].root
    assert server.http.get("/openapi/other.yaml").status_code == 404


# -- the ledger --------------------------------------------------------------------------------------------


def provenances(node: Any) -> Iterator[dict[str, Any]]:
    """Every x-provenance below a node."""
    if isinstance(node, dict):
        if "x-provenance" in node:
            yield node["x-provenance"]
        for value in node.values():
            yield from provenances(value)
    elif isinstance(node, list):
        for value in node:
            yield from provenances(value)


NAMED = {
    name: {claim for provenance in provenances(held.root) for claim in provenance["claims"]}
    for name, held in DOCUMENTS.items()
}


def test_every_claim_of_a_document_is_in_the_ledger() -> None:
    """And is a claim about that document's API; the control plane names none."""
    assert NAMED["control"] == set()
    for name in ("hrms", "scan2evolve"):
        assert {claim for claim in NAMED[name] if CLAIMS[claim]["api"] != name} == set()


def test_every_claim_that_is_not_planned_is_named_by_a_document_and_no_other() -> None:
    """`status: planned` is dropped when the documents cover a claim, and only then."""
    planned = {claim for claim, row in CLAIMS.items() if row.get("status") == "planned"}
    assert NAMED["hrms"] | NAMED["scan2evolve"] == CLAIMS.keys() - planned


def test_every_claim_that_the_code_names_is_in_the_ledger() -> None:
    """Docstrings, rules and refusals cite claims that exist."""
    for folder in ("sandbox", "tests", "openapi"):
        for file in (TOP / folder).rglob("*"):
            if file.suffix in (".py", ".yaml", ".md"):
                unknown = set(CLAIM_ID.findall(file.read_text())) - CLAIMS.keys()
                assert not unknown, (file.name, unknown)


def test_readings_of_the_sandbox_are_those_of_the_ledger() -> None:
    """Names, values in their order with the default first, and claims."""
    rows: dict[str, dict[str, Any]] = LEDGER["readings"]
    assert [(row.name, list(row.values), list(row.claims)) for row in CATALOGUE] == [
        (name, row["values"], row["claims"]) for name, row in rows.items()
    ]
    assert all(row.default == row.values[0] for row in CATALOGUE)
    for row in CATALOGUE:
        assert set(row.claims) <= CLAIMS.keys()


def test_readings_of_the_control_document_are_those_of_the_ledger() -> None:
    """The closed lists of names and values there say the same."""
    schemas = DOCUMENTS["control"].root["components"]["schemas"]
    values = {name: row["values"] for name, row in LEDGER["readings"].items()}
    assert {name: node["enum"] for name, node in schemas["Readings"]["properties"].items()} == values
    assert schemas["Readings"]["required"] == list(NAMES)
    assert {name: node["enum"] for name, node in schemas["ReadingsPatch"]["properties"].items()} == {
        name: [*row, None] for name, row in values.items()
    }


# -- the tables of employee sync ---------------------------------------------------------------------------


def table(heading: str) -> list[tuple[str, str]]:
    """(message, last cell) of each row of a table in the description of syncEmployees."""
    description = DOCUMENTS["scan2evolve"].root["paths"]["/api/v1/sync/employees"]["post"]["description"]
    part = description.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    _, *lines = [line for line in part.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [(next(cell for cell in row if cell.startswith("`")).split("`")[1], row[-1]) for row in rows]


def test_table_of_record_errors_is_that_of_the_rules() -> None:
    """Every message in the order of the checks, with the claim that the journal names."""
    fills = {"value": "X", "email": "X", "username": "X", "site": "X", "employee": "Y"}
    told = []
    for rule in RULES:
        fields = ("hireDate", "terminationDate") if "{field}" in rule.message else ("",)
        if "{kind}" not in rule.message:
            told += [(rule.message.format(**fills, field=field), rule.claim) for field in fields]
    # One row stands for all wrong types; and terminationDate has a claim of its own in the ledger.
    rows = [row for row in table("Record errors") if row[0] != "firstName must be a string"]
    assert len(rows) == len(table("Record errors")) - 1
    own = {("Invalid date format for terminationDate", "S2E-FIELD-13")}
    assert [text for text, _ in rows] == [text for text, _ in told]
    assert set(rows) - set(told) == own


def test_table_of_warnings_is_that_of_the_rules() -> None:
    """In the order in which they come."""
    assert table("Warnings") == [(row.message.format("X"), row.claim) for row in WARNINGS]


def test_table_of_request_errors_is_that_of_the_envelope(world: WorldClient) -> None:
    """In the order of the checks, beside what comes before the envelope."""
    first, second, *envelope, last = [text for text, _ in table("Request-level errors")]
    assert envelope == [rule.message for rule in ENVELOPE]
    for text, request in (
        (first, {"content": b"{}"}),
        (second, {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        (last, {"content": b" " * (10 * 2**20 + 1), "headers": {"Content-Type": "application/json"}}),
    ):
        answer = world.scan2evolve("POST", "/sync/employees", auth=world.basic(), **request)
        assert answer.json()["error"] == text


def test_example_of_www_authenticate_is_what_is_sent(world: WorldClient) -> None:
    """The header of a 401 to a token request."""
    header = DOCUMENTS["scan2evolve"].root["components"]["headers"]["WwwAuthenticate"]
    grant = {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "none"}
    answer = world.http.post("/scan2evolve/api/v1/auth/token", json=grant)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, header["example"])


# -- what stops the start --------------------------------------------------------------------------------

USERS = "/paths/~1v1~1users"
FAULTS = [
    ("    UserList:\n", "    UserList:\n      nullable: true\n", "#/components/schemas/UserList/nullable: "),
    (
        "          type: string\n          const: user\n",
        "          type: string\n          const: user\n          x-note: no\n",
        "#/components/schemas/User/properties/type/x-note: ",
    ),
    ("openapi: 3.1.0\n", "openapi: 3.1.0\nwebhooks: {}\n", "#/webhooks: "),
    ("openapi: 3.1.0\n", "openapi: 3.1.0\nx-other: 1\n", "#/x-other: "),
    ("openapi: 3.1.0\n", "openapi: 3.0.3\n", "#/openapi: "),
    ("  /v1/users:\n", "  /v1/users:\n    trace: {}\n", f"#{USERS}/trace: "),
    (
        "      operationId: listUsers\n",
        "      operationId: listUsers\n      callbacks: {}\n",
        f"#{USERS}/get/callbacks: ",
    ),
    (
        "      operationId: listUsers\n",
        "      operationId: listUsers\n      x-handler: a.b\n",
        f"#{USERS}/get/x-handler: ",
    ),
    ("      operationId: listUsers\n", "", f"#{USERS}/get: has no operationId"),
    (
        "    get:\n      operationId: getUser\n",
        "    get:\n      operationId: listUsers\n",
        f"#{USERS}~1{{userId}}: ",
    ),
    (
        "      operationId: listUsers\n",
        "      operationId: listUsers\n      x-request-validation: all\n",
        f"#{USERS}/get/x-request-validation: ",
    ),
    ("      security:\n        - applicationToken", "      x\n        - applicationToken", ": "),
    (
        "        '401': {$ref: '#/components/responses/Unauthenticated'}",
        "        '401': {$ref: '#/components/responses/Nobody'}",
        f"#{USERS}/get/responses/401: ",
    ),
    (
        "            $ref: '#/components/schemas/User'\n",
        "            $ref: '#/components/schemas/Usr'\n",
        "#/components/schemas/UserList/properties/data/items: ",
    ),
    (
        "            $ref: '#/components/schemas/User'\n",
        "            $ref: 'https://example.com/user.json'\n",
        "#/components/schemas/UserList/properties/data/items: ",
    ),
    (
        "    MethodNotAllowedError:\n      type: object\n",
        "    MethodNotAllowedError:\n      $ref: '#/components/schemas/MethodNotAllowedError'\n      type: object\n",
        "#/components/schemas/MethodNotAllowedError: ",
    ),
    (
        "        - $ref: '#/components/parameters/Environment'\n",
        "        - {name: X, in: cookie}\n",
        f"#{USERS}/get/parameters/0",
    ),
    ("        '400': {$ref", "        '4XX': {$ref", f"#{USERS}/get/responses/4XX: "),
    ("      x-reading: validation-status=400\n", "      x-reading: validation-status=418\n", "/x-reading: "),
    ("      x-reading: validation-status=400\n", "      x-reading: moon-phase=full\n", "/x-reading: "),
    ("      x-reading: validation-status=400\n", "      x-reading: validation-status\n", "/x-reading: "),
    ("          x-reading: user-detail=included\n", "          x-reading: user-detail=all\n", "/x-reading: "),
    ("        level: documented\n", "        level: certain\n", "/x-provenance: "),
    ("        level: documented\n", "", "/x-provenance: "),
    ("  limit: null\n", "  limt: null\n", "#/x-rate-limit: "),
    ("servers:\n", "server:\n", "#/server: "),
    (
        "          type: string\n          const: user\n",
        "          type: strng\n",
        "#/paths/~1v1~1users/get/responses/200",
    ),
    (
        "        enum: [staging, uat]\n",
        "        enum: [staging, uat]\n        pattern: '['\n",
        f"#{USERS}/get/parameters/0/schema: ",
    ),
    ("          minLength: 1\n", "          minLength: few\n", f"#{USERS}~1{{userId}}/get/parameters/1/schema: "),
    ('      security:\n        - applicationToken: ["users:read"]\n', "      security: nobody\n", "hrms.yaml: "),
    ("  title: HRMS Public API\n", "  title: HRMS Public API\n  x-logo: {}\n", "#/info/x-logo: "),
    ("  - name: users\n", "  - name: users\n    x-order: 1\n", "#/tags/0/x-order: "),
    (
        "      scheme: bearer\n",
        "      scheme: bearer\n      x-roles: []\n",
        "#/components/securitySchemes/applicationToken/x-roles: ",
    ),
    (
        "  responses:\n    Val",
        "  responses:\n    Unused: {x-note: 1}\n    Val",
        "#/components/responses/Unused/x-note: ",
    ),
    (
        "  responses:\n    Val",
        "  responses:\n    Unused: {$ref: '#/components/responses/No'}\n    Val",
        "#/components/responses/Unused: ",
    ),
    (
        "              operationId: getUser\n",
        "              operationId: getNobody\n",
        f"#{USERS}/get/responses/200/links/FirstUser: must name an operationId of this document",
    ),
    (
        "                userId: '$response.body#/data/0/id'\n",
        "                user: '$response.body#/data/0/id'\n",
        f"#{USERS}/get/responses/200/links/FirstUser/parameters: must be parameters of getUser",
    ),
    (
        "              operationId: getUser\n",
        "              operationRef: getUser\n",
        f"#{USERS}/get/responses/200/links/FirstUser/operationRef: ",
    ),
    ("openapi: 3.1.0\n", "openapi: 3.1.0\ninfo: {\n", "hrms.yaml: "),
    ("openapi: 3.1.0\n", "- openapi\n", "hrms.yaml: "),
    ("openapi: 3.1.0\n", "openapi: 3.1.0\nopenapi: 3.1.1\n", "hrms.yaml: the key openapi comes twice"),
    ("openapi: 3.1.0\n", "a: 1\n---\nopenapi: 3.1.0\n", "hrms.yaml: a second document begins"),
    ("openapi: 3.1.0\n", "openapi: &version 3.1.0\nagain: *version\n", "hrms.yaml: aliases are not used here"),
    ("openapi: 3.1.0\n", "openapi: !!binary aGk=\n", "hrms.yaml: tag:yaml.org,2002:binary is not used here"),
]


def broken(folder: Path, old: str, new: str) -> Path:
    """A folder in which the HRMS document has one fault."""
    text = (document.folder() / "hrms.yaml").read_text()
    assert old in text, f"nothing to break: {old!r}"
    (folder / "hrms.yaml").write_text(text.replace(old, new, 1))
    return folder


def compile_all(held: Document) -> None:
    """What the start does with a document: every validator."""
    for schema in held.schemas():
        schema.validator(Readings())


@pytest.mark.parametrize(("old", "new", "place"), FAULTS)
def test_document_that_is_not_understood_stops_the_start(tmp_path: Path, old: str, new: str, place: str) -> None:
    """One line that names file and JSON pointer."""
    with pytest.raises(DocumentError) as caught:
        compile_all(document.load("hrms", broken(tmp_path, old, new)))
    message = str(caught.value)
    assert message.startswith("hrms.yaml")
    assert place in message
    assert "\n" not in message


def test_document_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(DocumentError, match=r"hrms\.yaml"):
        document.load("hrms", tmp_path)


def test_server_does_not_start_with_a_broken_document(tmp_path: Path) -> None:
    """The whole server, not only the loader."""
    for name in ("scan2evolve", "control"):
        (tmp_path / f"{name}.yaml").write_text((document.folder() / f"{name}.yaml").read_text())
    with pytest.raises(DocumentError, match=r"^hrms\.yaml#/webhooks: "):
        Application(documents=broken(tmp_path, "openapi: 3.1.0\n", "openapi: 3.1.0\nwebhooks: {}\n"))


@pytest.mark.parametrize(
    ("handlers", "named"),
    [
        ({k: v for k, v in hrms_api.HANDLERS.items() if k != "getUser"}, "operations without handler ['getUser']"),
        ({**hrms_api.HANDLERS, "putUser": hrms_api.get_user}, "handlers without operation ['putUser']"),
    ],
    ids=["missing", "surplus"],
)
def test_handler_missing_or_surplus_stops_the_start(handlers: dict[str, Any], named: str) -> None:
    """Operations and handlers match one to one, or the document is named."""
    with pytest.raises(DocumentError) as caught:
        Api(DOCUMENTS["hrms"], SimpleNamespace(HANDLERS=handlers), 1)
    assert str(caught.value).startswith("hrms.yaml#/paths: ")
    assert named in str(caught.value)
