"""A request of employee sync: its envelope, the order and shape of its answer, and what the journal says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sandbox.explanations import WHY
from sandbox.scan2evolve.rules import ENVELOPE, RULES
from tests.client import NOW, WorldClient
from tests.scan2evolve.samples import EMAIL_INVALID, NO_SITES_ASKED, employee, full, site, with_account

NO_ARRAY = "employees array is required"
TOO_MANY = "Maximum of 500 employees per request exceeded"
BATCH_ID = "syncBatchId must be a string"
NO_OBJECT = "Request body must be an object"
DUPLICATE = "Duplicate externalEmployeeId in batch"
REQUEST_ID = re.compile(r"sync-1731925800000-[a-z0-9]{6}")


def many(count: int) -> list[dict[str, Any]]:
    """So many good records."""
    return [employee(f"E-{number}") for number in range(count)]


def refused_whole(world: WorldClient, message: str, **request: Any) -> None:
    """Send a request that must be answered 400 with that message and change nothing."""
    before = world.state()
    answer = world.scan2evolve("POST", "/sync/employees", **request)
    assert answer.status_code == 400
    body = answer.json()
    assert REQUEST_ID.fullmatch(body.pop("requestId"))
    assert body == {"error": message}
    assert world.state() == before
    entry = world.journal()[-1]
    assert (entry["decision"]["outcome"], entry["decision"]["message"]) == ("refused", message)
    assert entry["records"] is None


# -- the envelope ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"employees": [{"externalEmployeeId": "E-1"}',
        b'{"employees": [{"externalEmployeeId": "E-1"}]} x',
        b"{'employees': []}",
        b'{"employees": [{"externalEmployeeId": "E-1", "metadata": {"n": NaN}}]}',
        b'{"employees": [{"externalEmployeeId": "E-1", "metadata": {"n": -Infinity}}]}',
        b'{"employees": [{"externalEmployeeId": "E-1", "metadata": {"n": 1e999}}]}',
        b'{"employees": [{"externalEmployeeId": "E-1", "metadata": {"n": 18446744073709551616}}]}',
        b'{"employees": [{"externalEmployeeId": "E-1", "metadata": {"n": -9223372036854775809}}]}',
        b'{"employees": [{"externalEmployeeId": "\\ud800"}]}',
        b'{"employees": [{"externalEmployeeId": "E-1\xff"}]}',
    ],
)
def test_envelope_of_invalid_json_is_refused(world: WorldClient, content: bytes) -> None:
    """What is no JSON, or would not come back equal, is refused whole (S2E-BATCH-15)."""
    refused_whole(world, "Invalid JSON", content=content, headers=json_headers(world))


def json_headers(world: WorldClient) -> dict[str, str]:
    """Headers of a JSON request with a body of one's own making."""
    return {"Content-Type": "application/json", "Authorization": f"Bearer {world.token()}"}


@pytest.mark.parametrize("body", [[], None, 1, "employees", True, many(1)])
def test_envelope_that_is_no_object_is_refused(world: WorldClient, body: Any) -> None:
    """A batch is an object (S2E-BATCH-15)."""
    refused_whole(world, NO_OBJECT, content=encode(body), headers=json_headers(world))


def encode(body: Any) -> bytes:
    """The body as JSON, null included."""
    return json.dumps(body).encode()


@pytest.mark.parametrize("value", [None, {}, "E-1", 0, True, employee()])
def test_envelope_without_an_employees_array_is_refused(world: WorldClient, value: Any) -> None:
    """The array is required (S2E-BATCH-03)."""
    refused_whole(world, NO_ARRAY, json={"employees": value})
    refused_whole(world, NO_ARRAY, json={"records": many(1)})


def test_empty_batch_follows_the_reading(world: WorldClient) -> None:
    """Reading empty-batch: error refuses it, ok answers two empty lists (S2E-BATCH-03)."""
    refused_whole(world, NO_ARRAY, json={"employees": []})
    world.read(empty_batch="ok")
    body = world.sync(syncBatchId="empty")
    assert (body["syncBatchId"], body["results"], body["errors"]) == ("empty", [], [])
    refused_whole(world, NO_ARRAY, json={})


@pytest.mark.parametrize("reading", ["error", "ok"])
@pytest.mark.parametrize("records", [many(501), [None] * 501, [{}] * 600])
def test_batch_of_more_than_500_records_is_refused(world: WorldClient, records: list[Any], reading: str) -> None:
    """501 records are too many, whatever they are (S2E-BATCH-02)."""
    world.read(empty_batch=reading)
    refused_whole(world, TOO_MANY, json={"employees": records})


def test_batch_of_500_records_is_accepted(world: WorldClient) -> None:
    """500 records are not too many (S2E-BATCH-01)."""
    body = world.sync(*many(500))
    assert [result["externalEmployeeId"] for result in body["results"]] == [f"E-{n}" for n in range(500)]
    assert body["errors"] == []


@pytest.mark.parametrize("value", [None, 1, True, [], {}])
def test_batch_id_that_is_no_string_is_refused(world: WorldClient, value: Any) -> None:
    """A syncBatchId is a string, null under either reading of null-field none (S2E-BATCH-15)."""
    for reading in ("error", "ignored"):
        world.read(null_field=reading)
        refused_whole(world, BATCH_ID, json={"employees": many(1), "syncBatchId": value})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"syncBatchId": 5}, NO_ARRAY),
        ({"syncBatchId": 5, "employees": []}, NO_ARRAY),
        ({"syncBatchId": 5, "employees": [5] * 501}, TOO_MANY),
        ({"syncBatchId": 5, "employees": [5]}, BATCH_ID),
    ],
)
def test_envelope_is_checked_in_order(world: WorldClient, body: dict[str, Any], message: str) -> None:
    """Array, then size, then syncBatchId, then the records (S2E-BATCH-02, S2E-BATCH-03, S2E-BATCH-15)."""
    refused_whole(world, message, json=body)


def test_envelope_rules_are_named_in_the_journal(world: WorldClient) -> None:
    """Each refusal of the envelope names its rule and claim."""
    bodies: list[Any] = [[], {}, {"employees": [1] * 501}, {"employees": [1], "syncBatchId": 1}]
    for body, rule in zip(bodies, ENVELOPE, strict=True):
        refused_whole(world, rule.message, json=body)
        decision = world.journal()[-1]["decision"]
        assert (decision["step"], decision["rule"], decision["claims"]) == ("envelope", rule.name, [rule.claim])


def test_unknown_keys_of_the_envelope_are_ignored(world: WorldClient) -> None:
    """Top-level keys that no page names do not matter (S2E-BATCH-01)."""
    body = world.sync(full(), dryRun=True, results=None)
    assert set(body) == {"requestId", "results", "errors"}
    assert len(body["results"]) == 1


def test_of_duplicate_keys_the_last_wins(world: WorldClient) -> None:
    """JSON with a key twice is read with the last one (S2E-BATCH-15)."""
    content = b'{"employees": 5, "employees": [{"externalEmployeeId": "A", "externalEmployeeId": "B"}]}'
    answer = world.scan2evolve("POST", "/sync/employees", content=content, headers=json_headers(world))
    assert [result["externalEmployeeId"] for result in answer.json()["results"]] == ["B"]


# -- the answer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_id", ["batch-2024-11-18-001", "", " ", "\u0000\U0001f600", "x" * 5_000])
def test_batch_id_is_echoed(world: WorldClient, batch_id: str) -> None:
    """A syncBatchId comes back as given, the empty one too (S2E-BATCH-07)."""
    assert world.sync(employee(), syncBatchId=batch_id)["syncBatchId"] == batch_id


def test_batch_id_not_given_is_left_out(world: WorldClient) -> None:
    """Without syncBatchId the answer has none (S2E-BATCH-07)."""
    assert set(world.sync(employee())) == {"requestId", "results", "errors"}


def test_request_id_is_new_on_every_request(world: WorldClient) -> None:
    """A requestId has its form, the world's time in it, and never comes twice (S2E-BATCH-06)."""
    assert NOW == "2024-11-18T10:30:00.000Z"
    ids = {world.sync(employee())["requestId"] for _ in range(50)}
    assert len(ids) == 50
    assert all(REQUEST_ID.fullmatch(text) for text in ids)
    world.advance(1.5)
    assert world.sync(employee())["requestId"].startswith("sync-1731925801500-")


def test_entries_have_their_keys_and_no_others(world: WorldClient) -> None:
    """Results and errors have the documented keys (S2E-BATCH-08, S2E-BATCH-09)."""
    body = world.sync(with_account("A"), employee("B"), employee("C", email="x"))
    common = {"externalEmployeeId", "status", "employeeId", "warnings"}
    assert [set(result) for result in body["results"]] == [common | {"userId"}, common]
    assert body["errors"] == [{"externalEmployeeId": "C", "message": EMAIL_INVALID}]


def test_user_id_without_account_follows_the_reading(world: WorldClient) -> None:
    """Reading user-id-without-account: absent leaves the key out, null says null (S2E-BATCH-08)."""
    assert "userId" not in world.accepted(employee())
    world.read(user_id_without_account="null")
    assert world.accepted(employee())["userId"] is None
    assert world.accepted(with_account())["userId"].startswith("user_")
    assert world.accepted(employee("E-2", status="TERMINATED"))["userId"] is None


@pytest.mark.parametrize("record", [{}, employee(""), employee(" "), {"externalEmployeeId": 5}, 5, None, []])
@pytest.mark.parametrize(("reading", "entry"), [("null", None), ("empty", ""), ("absent", "absent")])
def test_error_of_a_record_without_id_follows_the_reading(
    world: WorldClient, record: Any, reading: str, entry: str | None
) -> None:
    """Reading missing-id-entry: null, the empty text, or no key at all (S2E-FIELD-01)."""
    world.read(missing_id_entry=reading)
    body = world.sync(record)
    assert body["results"] == []
    (error,) = body["errors"]
    assert error.pop("message")
    assert error == ({} if reading == "absent" else {"externalEmployeeId": entry})


@pytest.mark.parametrize("reading", ["null", "empty", "absent"])
def test_error_of_a_record_with_id_names_it(world: WorldClient, reading: str) -> None:
    """The reading has no say where there is an id, though it is a strange one (S2E-BATCH-09)."""
    world.read(missing_id_entry=reading)
    body = world.sync(employee(" E\u0000 ", firstName=5))
    assert body["errors"] == [{"externalEmployeeId": " E\u0000 ", "message": "firstName must be a string"}]


def test_records_are_answered_once_in_request_order(world: WorldClient) -> None:
    """Every record is in results or in errors, each list in request order (S2E-BATCH-04, S2E-BATCH-10)."""
    world.accepted(employee("known"))
    body = world.sync(
        employee("bad-1", email="x"),
        employee("good-1"),
        {},
        employee("known"),
        5,
        employee("bad-2", roles=["site_manager"]),
        employee("good-2", roles=["nobody"]),
        employee("bad-3", firstName=5),
    )
    assert [(r["externalEmployeeId"], r["status"], len(r["warnings"])) for r in body["results"]] == [
        ("good-1", "CREATED", 0),
        ("known", "UPDATED", 0),
        ("good-2", "CREATED", 1),
    ]
    assert [(e["externalEmployeeId"], e["message"]) for e in body["errors"]] == [
        ("bad-1", EMAIL_INVALID),
        (None, "externalEmployeeId is required"),
        (None, "Employee record must be an object"),
        ("bad-2", NO_SITES_ASKED),
        ("bad-3", "firstName must be a string"),
    ]
    stored = [item["externalEmployeeId"] for item in world.scan2evolve_state("employees")]
    assert stored == ["known", "good-1", "good-2"]


@pytest.mark.parametrize("bad", range(4))
def test_failed_record_does_not_hold_up_or_touch_the_others(world: WorldClient, bad: int) -> None:
    """A failure anywhere in a batch leaves the others' outcome as it is without it (S2E-BATCH-04, S2E-BATCH-05)."""
    good = [with_account(f"E-{n}", f"e{n}@example.com", roles=["admin"]) for n in range(3)]
    expected = world.sync(*good)["results"]
    state = world.state()
    world.control("POST", "/reset")
    body = world.sync(*good[:bad], with_account("BAD", "bad@example.com", roles=["site_manager"]), *good[bad:])
    assert body["results"] == expected
    assert [error["message"] for error in body["errors"]] == [NO_SITES_ASKED]
    assert world.state() == state


# -- the same id twice -----------------------------------------------------------------------------------------


def test_duplicate_in_batch_updates_by_default(world: WorldClient) -> None:
    """Reading duplicate-in-batch = update: the records are processed in turn (S2E-BATCH-14)."""
    body = world.sync(employee(firstName="Ada"), employee(lastName="King"), employee(email="x"), employee(phone="1"))
    assert [result["status"] for result in body["results"]] == ["CREATED", "UPDATED", "UPDATED"]
    assert len({result["employeeId"] for result in body["results"]}) == 1
    assert [error["message"] for error in body["errors"]] == [EMAIL_INVALID]
    stored = world.employee("E-1")
    assert (stored["displayName"], stored["phone"], stored["email"]) == ("Ada King", "1", None)


def test_duplicate_in_batch_is_refused_by_error(world: WorldClient) -> None:
    """Reading duplicate-in-batch = error: the later ones are refused before all else (S2E-BATCH-14)."""
    world.read(duplicate_in_batch="error")
    body = world.sync(employee(firstName="Ada"), employee("e-1"), employee(firstName=5), employee(phone="1"))
    assert [result["externalEmployeeId"] for result in body["results"]] == ["E-1", "e-1"]
    assert body["errors"] == [{"externalEmployeeId": "E-1", "message": DUPLICATE}] * 2
    assert (world.employee("E-1")["firstName"], world.employee("E-1")["phone"]) == ("Ada", None)
    assert world.accepted(employee(phone="1"))["status"] == "UPDATED"


def test_duplicate_of_a_failed_record_is_refused_by_error(world: WorldClient) -> None:
    """Under duplicate-in-batch = error the later ones fail even where the first one has failed (S2E-BATCH-14)."""
    world.read(duplicate_in_batch="error")
    body = world.sync(employee(email="x"), employee(), {}, {}, employee(""))
    assert body["results"] == []
    assert [error["message"] for error in body["errors"]] == [
        EMAIL_INVALID,
        DUPLICATE,
        *["externalEmployeeId is required"] * 3,
    ]
    assert world.scan2evolve_state("employees") == []


# -- again -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["replace", "additive"])
def test_same_request_again_changes_nothing(world: WorldClient, mode: str) -> None:
    """A repeated request makes no duplicates: same ids, UPDATED, same state (S2E-BATCH-11, S2E-BATCH-12)."""
    records = [
        {**full(), "updateMode": mode},
        with_account("E-2", roles=["nobody"]),
        employee("E-3", status="TERMINATED"),
        employee("E-4", email="x"),
    ]
    first = world.sync(*records, syncBatchId="b")
    state = world.state()
    second = world.sync(*records, syncBatchId="b")
    assert second["results"] == [{**result, "status": "UPDATED"} for result in first["results"]]
    assert second["errors"] == first["errors"]
    assert second["requestId"] != first["requestId"]
    assert world.state() == state


def test_retry_after_a_partial_failure_completes_the_batch(world: WorldClient) -> None:
    """A batch that has failed in part can be sent again as a whole (S2E-ERR-03, S2E-BATCH-12)."""
    records = [with_account("E-1", "a@example.com"), with_account("E-2", "b@example.com")]
    blocker = world.accepted(employee("E-3", email="b@example.com"))
    body = world.sync(*records)
    assert [error["externalEmployeeId"] for error in body["errors"]] == ["E-2"]
    world.accepted(employee("E-3", email="c@example.com"))
    body = world.sync(*records)
    assert [result["status"] for result in body["results"]] == ["UPDATED", "CREATED"]
    assert blocker["employeeId"] not in [result["employeeId"] for result in body["results"]]


# -- the journal -----------------------------------------------------------------------------------------------


def breaches() -> list[tuple[str, Any]]:
    """A record for each rule that can be broken without anything stored, by the rule's name."""
    return [
        ("record-is-object", 5),
        ("id-required", {}),
        ("id-is-text", employee(5)),  # type: ignore[arg-type]
        ("status-is-text", employee("a", status=5)),
        ("status-known", employee("b", status="GONE")),
        ("field-types", employee("c", phone=5)),
        ("update-mode-is-text", employee("d", updateMode=5)),
        ("update-mode-known", employee("e", updateMode="merge")),
        ("dates", employee("f", hireDate="soon")),
        ("email-required", employee("g", userAccount={})),
        ("email-format", employee("h", email="x")),
        ("email-in-other-organization", employee("i", email="robin.hale@example.com")),
        ("email-linked", employee("j", email="ada@example.com")),
        ("email-of-other-user", employee("E-1", email="pat.morgan@example.com")),
        ("username-not-empty", with_account("k", "k@example.com", account={"username": ""})),
        ("username-free", with_account("l", "l@example.com", account={"username": "ada"})),
        ("group-named", employee("m", groups=[{}])),
        ("site-named", employee("n", sites=[{}])),
        ("site-id-well-formed", employee("o", sites=[site("x")])),
        ("site-manager-asks-site", employee("p", roles=["site_manager"])),
        ("site-level-manager-has-role", employee("q", sites=[site(role="site_manager")])),
        (
            "site-manager-keeps-site",
            employee("r", roles=["site_manager"], sites=[site("00000000-0000-4000-8000-00000000000f")]),
        ),
        ("id-once-in-batch", employee("a")),
    ]


def test_journal_names_rule_and_claim_of_every_refused_record(world: WorldClient) -> None:
    """For every record of a batch the journal has its outcome, with the rule and claim that decided."""
    world.read(duplicate_in_batch="error", malformed_site_id="error")
    world.accepted(with_account("E-1", account={"username": "ada"}))
    table = breaches()
    assert {rule for rule, _ in table} == {rule.name for rule in RULES}
    before = world.state()
    body = world.sync(*(record for _, record in table))
    assert body["results"] == []
    assert world.state() == before
    claims = {rule.name: rule.claim for rule in RULES}
    turned_on = {
        "id-once-in-batch": {"duplicate-in-batch": "error"},
        "site-id-well-formed": {"malformed-site-id": "error"},
    }
    entry = world.journal()[-1]
    assert (entry["operation"], entry["status"], entry["decision"]["outcome"]) == ("syncEmployees", 200, "accepted")
    for index, ((rule, _), error, noted) in enumerate(zip(table, body["errors"], entry["records"], strict=True)):
        assert noted == {
            "index": index,
            "externalEmployeeId": error["externalEmployeeId"],
            "outcome": "ERROR",
            "employeeId": None,
            "rule": rule,
            "claims": [claims[rule]],
            "message": error["message"],
            "warnings": [],
            "ignored": [],
            "reading": turned_on.get(rule, {}),
            "explanation": noted["explanation"],
        }
        assert noted["explanation"].startswith(f"Refused, and nothing of it was stored: {WHY[rule]}.")


def test_journal_names_outcome_and_warnings_of_every_accepted_record(world: WorldClient) -> None:
    """Accepted records are in the journal with their warnings, each with its rule and claim."""
    record = employee(roles=["x"], groups=[{"groupName": "y"}], sites=[site("z")])
    for outcome in ("CREATED", "UPDATED"):
        result = world.accepted(record)
        (noted,) = world.journal()[-1]["records"]
        assert (noted["outcome"], noted["employeeId"]) == (outcome, result["employeeId"])
        assert (noted["rule"], noted["claims"], noted["message"]) == (None, ["S2E-BATCH-11"], None)
        assert [{key: row[key] for key in ("message", "rule", "claims")} for row in noted["warnings"]] == [
            {"message": "Role 'x' not found, skipped", "rule": "role-unknown", "claims": ["S2E-ROLE-02"]},
            {"message": "Group 'y' not found, skipped", "rule": "group-unknown", "claims": ["S2E-GROUP-03"]},
            {"message": "Site with id 'z' not found, skipped", "rule": "site-unknown", "claims": ["S2E-SITE-02"]},
        ]
