"""What our own checks make of an answer: the documents, batches told from what was sent, and any answer at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts import ledger
from contracts.answers import RATE_HEADERS, Watch
from contracts.documents import find, operations, under
from contracts.partition import Partition

READINGS = ledger.load().defaults()


# -- the documents -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/api/v1/users", "listUsers"),
        ("GET", "/api/v1/users/user_1", "getUser"),
        ("POST", "/api/v1/users", None),
        ("GET", "/api/v1/users/a/b", None),
        ("GET", "/api/v1/users/", None),
    ],
)
def test_request_is_known_by_its_operation(method: str, path: str, found: str | None) -> None:
    """A method and a path name one operation, or none."""
    operation = find("scan2evolve", method, path)
    assert (operation.id if operation else None) == found


@pytest.mark.parametrize(("value", "statuses"), [("400", {400}), ("422", {422})])
def test_document_under_a_reading_has_no_branch_of_the_others(value: str, statuses: set[int]) -> None:
    """The statuses of a validation fault follow the reading, and so do references to what was taken out."""
    document = under("hrms", READINGS | {"validation-status": value})
    told = set(map(int, document["paths"]["/v1/users"]["get"]["responses"]))
    assert told & {400, 422} == statuses
    assert len(operations("hrms")) == 4


# -- batches -------------------------------------------------------------------------------------------

GOOD = {"externalEmployeeId": "E-1", "email": "a@example.com"}
BAD = {"externalEmployeeId": "E-2", "status": "AWAY"}


def answered(results: list[Any], errors: list[Any]) -> bytes:
    """A batch answer with these ids."""
    return json.dumps(
        {
            "results": [{"externalEmployeeId": name} for name in results],
            "errors": [{"externalEmployeeId": name} for name in errors],
        }
    ).encode()


@pytest.mark.parametrize(
    ("records", "results", "errors", "said"),
    [
        ([GOOD, BAD], ["E-1"], ["E-2"], None),
        ([BAD, GOOD], ["E-1"], ["E-2"], None),
        ([GOOD, BAD], ["E-1", "E-2"], [], "every record sent"),
        ([GOOD, BAD], [], ["E-1", "E-2"], "every record sent"),
        ([GOOD, BAD], ["E-1"], [], "2 records were sent, 1 results and 0 errors"),
        ([GOOD], ["E-1", "E-1"], [], "1 records were sent, 2 results"),
        ([GOOD], ["E-9"], [], "every record sent"),
        ([GOOD, {"externalEmployeeId": "E-3"}], ["E-3", "E-1"], [], "every record sent"),
        ([5, GOOD], ["E-1"], [None], None),
        # A twin may fail or not, by the reading; it must come back all the same.
        ([GOOD, GOOD], ["E-1"], ["E-1"], None),
        ([GOOD, GOOD], ["E-1", "E-1"], [], None),
        # Whether there is a site for a site_manager is not the record's own affair.
        ([GOOD | {"roles": ["site_manager"]}], [], ["E-1"], None),
        ([GOOD | {"userAccount": {"username": "x"}}], [], ["E-1"], None),
        ([{"externalEmployeeId": "E-4", "userAccount": {}}], [], ["E-4"], None),
    ],
)
def test_partition_of_a_batch_is_told_from_what_was_sent(
    records: list[Any], results: list[Any], errors: list[Any], said: str | None
) -> None:
    """Good records in results, bad ones in errors, each once and in order; those that depend on more, in either."""
    partition = Partition(under("scan2evolve", READINGS), READINGS, set())
    sent = json.dumps({"employees": records}).encode()
    told = partition.problem("application/json; charset=utf-8", sent, 200, answered(results, errors))
    assert told is None if said is None else said in str(told)


def test_partition_remembers_who_was_sent_before() -> None:
    """A name or an e-mail that came before can collide, with any reading of upper and lower case."""
    partition = Partition(under("scan2evolve", READINGS), READINGS, {"B@example.com"})
    for record in (GOOD, GOOD, {"externalEmployeeId": "E-5", "email": "b@EXAMPLE.com"}):
        sent = json.dumps({"employees": [record]}).encode()
        partition.problem("application/json", sent, 200, answered([], []))
        assert partition.problem("application/json", sent, 200, answered([], [record["externalEmployeeId"]])) is None


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("application/json", b"{"),
        ("application/json", b"\xff"),
        ("application/json", b"[]"),
        ("application/json", b"{}"),
        ("application/json", b'{"employees": {}}'),
        ("application/json", b'{"employees": []}'),
        ("application/json", b'{"employees": [{"externalEmployeeId": "a", "n": NaN}]}'),
        ("application/json", b'{"employees": [5], "syncBatchId": null}'),
        ("application/json", json.dumps({"employees": [5] * 501}).encode()),
        ("text/plain", b'{"employees": [5]}'),
        ("", b'{"employees": [5]}'),
    ],
)
def test_envelope_that_is_no_good_must_get_400(content_type: str, sent: bytes) -> None:
    """Any other status is a defect, and 400 is none."""
    partition = Partition(under("scan2evolve", READINGS), READINGS, set())
    assert partition.problem(content_type, sent, 400, b"{}") is None
    assert "must get 400, got 200" in str(partition.problem(content_type, sent, 200, answered([], [None])))


@pytest.mark.parametrize("text", ['"\\ud800"', "18446744073709551616", "1e400"])
def test_envelope_that_json_readers_take_differently_is_not_judged(text: str) -> None:
    """Half of a surrogate pair and numbers beyond a machine word may be refused or not."""
    partition = Partition(under("scan2evolve", READINGS), READINGS, set())
    sent = f'{{"employees": [{{"externalEmployeeId": "a", "metadata": {{"x": {text}}}}}]}}'.encode()
    assert partition.problem("application/json", sent, 400, b"{}") is None
    assert partition.problem("application/json", sent, 200, answered(["a"], [])) is None


# -- any answer ----------------------------------------------------------------------------------------

FINE = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "1700312460"}
ERROR = b'{"error": "No", "requestId": "sync-1700312400000-abc123"}'


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, FINE, b"[]", None),
        (200, {}, b"[]", None),
        (404, {"content-type": "application/json"}, ERROR, None),
        (418, {"content-type": "application/json"}, ERROR, "status 418 is not documented"),
        (200, FINE | {"x-ratelimit-remaining": "-1"}, b"[]", "must be three whole numbers"),
        (200, FINE | {"x-ratelimit-remaining": "101"}, b"[]", "x-ratelimit-remaining 101 of"),
        (200, {"x-ratelimit-limit": "100"}, b"[]", "must be three whole numbers"),
        (429, FINE | {"content-type": "application/json"}, ERROR, "429 must tell Retry-After"),
        (429, FINE | {"content-type": "application/json", "retry-after": "0"}, ERROR, "429 must tell Retry-After"),
        (429, FINE | {"content-type": "application/json", "retry-after": "3"}, ERROR, None),
        (200, {}, b'["top secret 1"]', "shows a secret"),
        (200, {}, b"at com.example.Main.run(Main.java:5)", "shows a traceback"),
        (200, {}, b'{"File \\"x.py\\", line 5": 1, "a": "File "/srv/app.py", line 7"}', "shows a traceback"),
        (404, {"content-type": "application/json"}, b'{"error": ""}', "must have the text error"),
        (404, {"content-type": "application/json"}, b"null", "must be a JSON object"),
        (404, {"content-type": "text/html"}, b"<h1>No</h1>", "must be a JSON object"),
    ],
)
def test_answer_is_looked_at_whatever_was_asked(
    status: int, headers: dict[str, str], body: bytes, said: str | None
) -> None:
    """Statuses, headers of the limit, forms of error, tracebacks and secrets: each is one sentence."""
    watch = Watch("scan2evolve", frozenset({"top secret 1"}))
    told = watch.problems(find("scan2evolve", "GET", "/api/v1/users/x"), "me", status, headers, body)
    assert len(told) == (said is not None)
    assert all(str(said) in text for text in told)


def test_remaining_that_does_not_fall_is_told_within_a_window_alone() -> None:
    """A new window starts anew, other credentials count apart, and what is refused need not count."""
    watch = Watch("scan2evolve", frozenset())

    def told(who: str, status: int, remaining: int, reset: int = 60) -> list[str]:
        headers = dict(zip(RATE_HEADERS, ("100", str(remaining), str(reset)), strict=True))
        body = ERROR if status >= 400 else b"[]"
        return watch.problems(None, who, status, headers | {"content-type": "application/json"}, body)

    assert told("a", 200, 9) == told("b", 200, 50) == told("a", 200, 8) == told("a", 401, 8) == []
    assert told("a", 200, 99, reset=120) == []
    assert told("a", 200, 99, reset=120) == [
        "x-ratelimit-remaining must fall with every request of a window: 99, then 99"
    ]
