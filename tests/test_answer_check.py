"""The answer check: what is not in the document never leaves the server, whatever a handler does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox.app import Application
from sandbox.calls import Call, Listing, Reply
from sandbox.errors import Refusal
from tests.client import WorldClient
from tests.conftest import serving

Handler = Callable[[Call], Reply]
HRMS, SCAN2EVOLVE, CONTROL = 0, 1, 2
USER = {"staffId": "S1", "email": "a@b.example", "name": "A", "preferred_name": None, "phone": None, "status": "active"}


@pytest.fixture(scope="module")
def app() -> Application:
    """A server of this module's own, whose handlers are swapped."""
    return Application()


@pytest.fixture(scope="module")
def at_work(app: Application) -> Iterator[WorldClient]:
    """A world of it."""
    with serving(app) as server:
        yield server.world()


@pytest.fixture
def swap(app: Application) -> Iterator[Callable[[int, str, Handler], None]]:
    """Puts a handler in another's place, for one test; the table of the package stays as it is."""
    before = [pipeline.api.handlers for pipeline in app.pipelines]

    def put(api: int, operation: str, handler: Handler) -> None:
        app.pipelines[api].api.handlers = app.pipelines[api].api.handlers | {operation: handler}

    yield put
    for pipeline, handlers in zip(app.pipelines, before, strict=True):
        pipeline.api.handlers = handlers


def departments(*items: Any) -> Handler:
    """A handler of listDepartments that answers these, in slices as lists are."""
    return lambda _: Reply(listing=Listing("data", items, lambda item: item))


def raising(error: Exception) -> Handler:
    """A handler that fails."""

    def handler(call: Call) -> Reply:
        raise error

    return handler


GOOD = {"id": "d", "type": "department", "attributes": {"name": "D", "code": None}}
BAD_HRMS: list[tuple[str, str, Handler, str]] = [
    ("/departments", "listDepartments", lambda _: Reply(payload={"data": [{"id": "d"}]}), "/data/0"),
    ("/departments", "listDepartments", lambda _: Reply(payload={"data": [], "page": 1}), "page"),
    ("/departments", "listDepartments", lambda _: Reply(payload=[]), "is not of type"),
    ("/departments", "listDepartments", departments(GOOD, {**GOOD, "type": "position"}), "/data/1/type"),
    ("/departments", "listDepartments", departments(*[GOOD] * 700, {**GOOD, "extra": 1}), "extra"),
    ("/departments", "listDepartments", lambda _: Reply(201, {"data": []}), "does not document 201"),
    (
        "/departments",
        "listDepartments",
        lambda _: Reply(payload={"data": []}, media_type="text/json"),
        "does not document 200 text/json",
    ),
    (
        "/users/u",
        "getUser",
        lambda _: Reply(
            payload={
                "data": {
                    "id": "u",
                    "type": "user",
                    "attributes": {**USER, "department": None, "position": None, "work_locations": []},
                }
            }
        ),
        "answer 200",
    ),
    ("/departments", "listDepartments", raising(Refusal(418, "I am a teapot", step="test")), "does not document 418"),
    ("/departments", "listDepartments", raising(Refusal(403, "Some other text", step="test")), "/message"),
    ("/departments", "listDepartments", raising(Refusal(401, "Unauthenticated", step="test", extra={"x": 1})), "x"),
]


@pytest.mark.parametrize(("path", "operation", "handler", "violation"), BAD_HRMS)
def test_hrms_answer_that_breaks_its_document_becomes_a_server_error(
    at_work: WorldClient,
    swap: Callable[[int, str, Handler], None],
    caplog: pytest.LogCaptureFixture,
    path: str,
    operation: str,
    handler: Handler,
    violation: str,
) -> None:
    """500 in the HRMS's own format, and the log names the violation (HRMS-ERR-02)."""
    swap(HRMS, operation, handler)
    answer = at_work.hrms(path)
    assert (answer.status_code, answer.json()) == (500, {"message": "Server Error"})
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert errors[0].startswith(f"GET /hrms/api/v1{path}: ")
    assert violation in errors[0]
    assert at_work.journal()[-1]["status"] == 500


BAD_SCAN2EVOLVE: list[tuple[Handler, str]] = [
    (lambda _: Reply(payload={"results": [], "errors": []}), "requestId"),
    (
        lambda _: Reply(payload={"requestId": "sync-1", "results": [], "errors": []}),
        "/requestId",
    ),
    (
        lambda call: Reply(
            payload={"requestId": call.world.ids.request_id(call.now), "results": [{"status": "MADE"}], "errors": []}
        ),
        "/results/0",
    ),
    (
        lambda call: Reply(
            payload={
                "requestId": call.world.ids.request_id(call.now),
                "results": [],
                "errors": [{"externalEmployeeId": "", "message": "externalEmployeeId is required"}],
            }
        ),
        "/errors/0",
    ),
    (lambda _: Reply(204), "does not document 204"),
    (raising(Refusal(400, "", step="test")), "/error"),
]


@pytest.mark.parametrize(("handler", "violation"), BAD_SCAN2EVOLVE)
def test_scan2evolve_answer_that_breaks_its_document_becomes_a_server_error(
    at_work: WorldClient,
    swap: Callable[[int, str, Handler], None],
    caplog: pytest.LogCaptureFixture,
    handler: Handler,
    violation: str,
) -> None:
    """500 with error and requestId; the readings in force count (S2E-ERR-01, S2E-ERR-02)."""
    swap(SCAN2EVOLVE, "syncEmployees", handler)
    answer = at_work.scan2evolve("POST", "/sync/employees", json={"employees": [{"externalEmployeeId": "E-1"}]})
    body = answer.json()
    assert body.pop("requestId").startswith("sync-1731925800000-")
    assert (answer.status_code, body) == (500, {"error": "Internal server error"})
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert violation in errors[0]


@pytest.mark.parametrize("error", [KeyError("no-such-thing"), ZeroDivisionError(), RecursionError(), AssertionError()])
@pytest.mark.parametrize("api", [HRMS, SCAN2EVOLVE, CONTROL])
def test_handler_that_fails_is_answered_without_a_traceback(
    at_work: WorldClient,
    swap: Callable[[int, str, Handler], None],
    caplog: pytest.LogCaptureFixture,
    api: int,
    error: Exception,
) -> None:
    """500 in each API's format; the traceback is in the log and nowhere else (S2E-ERR-02, HRMS-ERR-02)."""
    operation = ("listPositions", "listUsers", "getClock")[api]
    swap(api, operation, raising(error))
    send: list[Callable[[], httpx.Response]] = [
        lambda: at_work.hrms("/positions"),
        lambda: at_work.scan2evolve("GET", "/users"),
        lambda: at_work.control("GET", "/clock"),
    ]
    answer = send[api]()
    assert answer.status_code == 500
    assert (
        set(answer.json())
        == (
            {"message"},
            {"error", "requestId"},
            {"type", "title", "status", "detail", "pointer"},
        )[api]
    )
    assert "raceback" not in answer.text
    assert type(error).__name__ not in answer.text
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(logged) == 1
    assert logged[0].exc_info is not None
    assert logged[0].exc_info[1] is error


def test_answer_of_the_control_plane_is_checked_too(
    at_work: WorldClient, swap: Callable[[int, str, Handler], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Its document binds it as the vendors' do."""
    swap(CONTROL, "getClock", lambda _: Reply(payload={"now": "soon", "frozen": True, "rate": 1, "step_ms": 0}))
    answer = at_work.control("GET", "/clock")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "/now" in caplog.records[-1].getMessage()


def test_healthy_handlers_answer_again_afterwards(at_work: WorldClient, caplog: pytest.LogCaptureFixture) -> None:
    """The swaps of this module end with their tests, and nothing that was refused is kept."""
    assert at_work.hrms("/departments").status_code == 200
    assert at_work.scan2evolve("GET", "/users").status_code == 200
    assert at_work.control("GET", "/clock").status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
