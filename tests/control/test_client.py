"""The typed control client: each operation of the document, over a real socket, and what is refused."""

from __future__ import annotations

import inspect
import re
import socket
import sys
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.client import ControlClient, ControlError, Unreachable, shapes
from sandbox.client.operations import ServerOperations, WorldOperations
from sandbox.client.transport import Caller, HttpChannel
from sandbox.document import Operation, load
from sandbox.settings import Settings
from tests import typed_client
from tests.client import ServerClient, WorldClient
from tests.conftest import running
from tests.processes import completed

OPERATIONS = list(load("control").operations.values())


def named(operation: Operation) -> str:
    """The operationId, for pytest."""
    return operation.id


def method_name(operation: Operation) -> str:
    """How the client calls an operation: its operationId in snake case."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation.id)


class Recording:
    """A channel that keeps what it sends."""

    def __init__(self, url: str) -> None:
        self._channel = HttpChannel(url)
        self.sent: list[tuple[str, str]] = []

    def __call__(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Send it on."""
        self.sent.append((method, target.partition("?")[0]))
        return self._channel(method, target, headers, body)


def test_client_is_what_the_document_makes_of_it() -> None:
    """Both modules are as `make client` writes them now."""
    for path, text in typed_client.made().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is not what the document says: run `make client`"


def test_client_has_one_method_for_each_operation_and_no_other() -> None:
    """What concerns a world stands with worlds, all else with the server."""
    found = {
        kind: {name for name in vars(kind) if not name.startswith("_")} for kind in (ServerOperations, WorldOperations)
    }
    of_worlds = {operation.id for operation in OPERATIONS if operation.path.startswith("/_sandbox/worlds/{world}")}
    for kind, wanted in ((ServerOperations, False), (WorldOperations, True)):
        assert found[kind] == {method_name(row) for row in OPERATIONS if (row.id in of_worlds) is wanted}


def arguments(operation: Operation, method: Any, world: WorldClient) -> tuple[list[Any], dict[str, Any]]:
    """What the method takes for the document's example of the operation."""
    parameters = inspect.signature(method).parameters.values()
    places = {"org": world.organizations[0]["organization_id"]}
    positional: list[Any] = [places.get(name, "nothing/at all") for name in operation.path_names if name != "world"]
    keywords: dict[str, Any] = {
        p.name: "staging" for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty
    }
    if operation.id == "waitJournal":
        keywords["timeout"] = 0
    if operation.body:
        body = next(iter(operation.body_examples.values()))
        if operation.id == "putSnapshot":
            body = world.control("GET", "/snapshot").json()
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            keywords |= body
        else:
            positional.append(body)
    return positional, keywords


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_client_sends_each_operation_to_its_own_place(server: ServerClient, operation: Operation) -> None:
    """Method and path are the document's, the body passes its schema: at most its item is missing, or there already."""
    limit = {"limit": 10, "window_seconds": 10}
    world = server.world(limits={"scan2evolve": limit, "hrms": limit})
    channel = Recording(server.url)
    client = ControlClient.through(channel)
    owner: Caller = client.world(world.id) if "world" in operation.path_names else client
    method = getattr(owner, method_name(operation))
    positional, keywords = arguments(operation, method, world)
    path = operation.path.replace("{world}", world.id)
    for value in positional[: path.count("{")]:
        path = re.sub(r"\{\w+\}", quote(value, safe=""), path, count=1)
    refused = None
    try:
        method(*positional, **keywords)
    except ControlError as error:
        refused = error
    assert channel.sent == [(operation.method, path)]
    assert refused is None or refused.status in (404, 409), refused
    assert refused is None or refused.detail != "There is nothing at this path"
    for row in client.list_worlds(limit=1000)["items"]:
        if row["id"] in (world.id, keywords.get("id")):
            client.world(row["id"]).delete_world()


def test_client_makes_a_world_and_moves_its_clock(server: ServerClient) -> None:
    """What it answers is the document's JSON, with the types of its shapes."""
    control = ControlClient(server.url)
    made: shapes.WorldCreated = control.create_world(seed=7, now="2024-11-18T10:30:00Z", frozen=True, users=3)
    world = control.world(made["id"])
    assert made["now"] == "2024-11-18T10:30:00.000Z"
    clock = {"now": "2024-11-18T10:30:01.500Z", "frozen": True, "rate": 1.0, "step_ms": 0}
    assert world.advance_clock(seconds=1.5) == clock
    site = world.create_site(
        made["scan2evolve"]["organizations"][0]["organization_id"], name="South & Söhne", code=None
    )
    assert (site["name"], site["code"]) == ("South & Söhne", None)
    assert len(world.list_hrms_users(environment="uat", limit=2)["items"]) == 2
    world.delete_world()
    with pytest.raises(ControlError) as refused:
        world.get_world()
    assert (refused.value.status, refused.value.pointer) == (404, "#/path/world")


def test_client_raises_what_the_control_plane_says_of_a_bad_request(server: ServerClient) -> None:
    """Status, sentence, pointer and the whole problem; nothing is made."""
    bad: Any = {"users": -1}
    with pytest.raises(ControlError, match=r"^422: /users: -1 is less than the minimum of 0$") as refused:
        ControlClient(server.url).create_world(id="not-made", **bad)
    assert (refused.value.status, refused.value.pointer) == (422, "/users")
    assert refused.value.problem["errors"] == [{"pointer": "/users", "detail": "-1 is less than the minimum of 0"}]
    assert server.http.get("/_sandbox/worlds/not-made").status_code == 404


def test_client_presents_its_key_to_a_server_that_demands_one() -> None:
    """With the key all is answered, without it only health."""
    with running(Settings(control_key="sesame")) as guarded:
        assert ControlClient(guarded.url, "sesame").world().get_clock()["frozen"] is False
        stranger = ControlClient(guarded.url)
        assert stranger.get_health()["status"] == "ok"
        with pytest.raises(ControlError, match=r"^401: The control key is missing or wrong$"):
            stranger.list_worlds()


def test_client_says_where_no_sandbox_answers() -> None:
    """A port that nobody listens on is told with its URL."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(Unreachable, match=rf"^no sandbox answers at {url}: .*refused"):
            ControlClient(url).get_health()


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://"])
def test_client_refuses_what_is_no_url_of_a_server(url: str) -> None:
    """At once, with the text that it was given."""
    with pytest.raises(ValueError, match=r"^not an URL of a sandbox: "):
        ControlClient(url)


def test_client_needs_the_standard_library_alone() -> None:
    """Importing it brings in neither the server nor any other package."""
    code = (
        "import sys; before = set(sys.modules); import sandbox.client\n"
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names\n"
        "print(tops, sorted(name for name in sys.modules if name.startswith('sandbox.') and 'client' not in name))"
    )
    done = completed("-c", code, command=(sys.executable,))
    assert (done.stdout, done.stderr) == ("{'sandbox'} []\n", "")
