"""Deviations of the batch: its envelope, its order, what belongs to which record, and repeating it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.deviations.deviation import Sent, policy, rule, wire
from sandbox.deviations.records import AnyRecord, Meddled, Record
from sandbox.ids import Ids
from sandbox.scan2evolve.employees import Batch
from sandbox.scan2evolve.organization import Employee, User
from sandbox.scan2evolve.outcomes import Outcome
from sandbox.scan2evolve.records import MAX_RECORDS
from sandbox.scan2evolve.rules import ENVELOPE, Envelope

if TYPE_CHECKING:
    from sandbox.calls import Call

# -- the envelope ------------------------------------------------------------------------------------------

_BATCH_SIZE = next(row for row in ENVELOPE if row.name == "batch-size")


class _Cut(Envelope):
    def read(self, body: Any) -> Any:
        """The body with no more records than the limit."""
        body = super().read(body)
        if isinstance(body, dict) and isinstance(body.get("employees"), list):
            return {**body, "employees": body["employees"][:MAX_RECORDS]}
        return body


# -- the order of things -----------------------------------------------------------------------------------


class _Aborted(Batch):
    def run(self, records: Iterable[Any], metadata: Iterable[str | None] | None = None) -> tuple[Outcome, ...]:
        """Process records up to the first that fails; the rest is not even looked at."""
        coming = map(self.sync, records) if metadata is None else map(self.sync_typed, records, metadata)
        outcomes: list[Outcome] = []
        for outcome in coming:
            outcomes.append(outcome)
            if outcome.status == "ERROR":
                break
        return tuple(outcomes)


class _DuplicateDropped(AnyRecord):
    def __init__(self, *shared: Any) -> None:
        super().__init__(*shared)
        self.answers: dict[str, Outcome] = {}

    def sync(self, record: Any) -> Outcome:
        """Answer for somebody seen before in this batch as if the record had been processed."""
        external_id = record.get("externalEmployeeId") if isinstance(record, dict) else None
        if not isinstance(external_id, str):
            return super().sync(record)
        before = self.answers.get(external_id)
        if before is not None and before.status != "ERROR":
            return msgspec.structs.replace(before, status="UPDATED")
        outcome = self.answers[external_id] = super().sync(record)
        return outcome


class _OneIdForAll(AnyRecord):
    def sync(self, record: Any) -> Outcome:
        """Refuse somebody whose id another organization has."""
        external_id = record.get("externalEmployeeId") if isinstance(record, dict) else None
        if isinstance(external_id, str) and external_id not in self.organization.employees:
            for other in self.others:
                if external_id in other.employees:
                    text = f"Employee {external_id} already exists in a different organization"
                    return Outcome(external_id, "ERROR", None, None, (), None, text, ())
        return super().sync(record)


# -- what is stored and what is answered ---------------------------------------------------------------------


class _PartialWrite(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Leave the names and the supervisor's of a record that failed behind."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status == "ERROR" and existing is not None:
            self.change(outcome, display_name=record.get("displayName", existing.display_name))
        return outcome


class _SecondAccount(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Make one more account for somebody known, beside the one that they have."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status == "UPDATED" and "userAccount" in record and existing is not None and existing.user:
            user, drawn = self.organization.users[existing.user], self.ids.draw()
            again: dict[str, Any] = {"id": f"user_{drawn[:16]}", "username": f"{user.username}-{drawn[16:24]}"}
            self.organization.put_user(None, msgspec.structs.replace(user, **again))
        return outcome


class _NewId(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Give an employee a new id with each update."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status != "UPDATED":
            return outcome
        fresh = f"emp_{self.ids.draw()[:24]}"
        self.change(outcome, id=fresh)
        return msgspec.structs.replace(outcome, employee_id=fresh)


class _NewUserId(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Put another account in the place of one that comes back, under a new id."""
        outcome = super().answered(record, existing, outcome)
        if outcome.status != "UPDATED" or existing is None or existing.status == "ACTIVE":
            return outcome
        user = self.account(outcome)
        if user is None or not user.enabled:
            return outcome
        fresh: User = msgspec.structs.replace(user, id=f"user_{self.ids.draw()[:16]}")
        self.organization.put_user(user, fresh)
        del self.organization.users[user.id]
        self.change(outcome, user=fresh.id)
        return msgspec.structs.replace(outcome, user_id=fresh.id)


class _AlwaysCreated(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Say CREATED of an update too."""
        outcome = super().answered(record, existing, outcome)
        return msgspec.structs.replace(outcome, status="CREATED") if outcome.status == "UPDATED" else outcome


class _NoUserIdLater(Meddled):
    def answered(self, record: Record, existing: Employee | None, outcome: Outcome) -> Outcome:
        """Name the account in the result of a creation alone."""
        outcome = super().answered(record, existing, outcome)
        return msgspec.structs.replace(outcome, user_id=None) if outcome.status == "UPDATED" else outcome


class _SameRequestId(Ids):
    __slots__ = ()

    def request_id(self, now: int) -> str:
        """The same for all requests of a millisecond."""
        text = super().request_id(now)
        self._requests -= 1
        return text


# -- on the wire -------------------------------------------------------------------------------------------


def _batch_of(call: Call, sent: Sent) -> dict[str, Any] | None:
    """The answer to a batch, None where it is another answer."""
    if call.operation is None or call.operation.id != "syncEmployees" or sent.status != 200:
        return None
    payload: dict[str, Any] = sent.json()
    return payload


def _reversed_results(call: Call, sent: Sent) -> None:
    payload = _batch_of(call, sent)
    if payload is not None and len(payload["results"]) > 1:
        sent.answer(payload | {"results": payload["results"][::-1]})


def _rotated_errors(call: Call, sent: Sent) -> None:
    payload = _batch_of(call, sent)
    if payload is not None and len(payload["errors"]) > 1:
        messages = [entry["message"] for entry in payload["errors"]]
        turned = zip(payload["errors"], messages[1:] + messages[:1], strict=True)
        sent.answer(payload | {"errors": [entry | {"message": message} for entry, message in turned]})


def _errors_without_id(call: Call, sent: Sent) -> None:
    payload = _batch_of(call, sent)
    if payload is not None and payload["errors"]:
        sent.answer(payload | {"errors": [{"message": entry["message"]} for entry in payload["errors"]]})


def _null_batch_id(call: Call, sent: Sent) -> None:
    payload = _batch_of(call, sent)
    if payload is not None and "syncBatchId" not in payload:
        sent.answer(payload | {"syncBatchId": None})


DEVIATIONS = (
    rule(
        "batch-limit-one-too-low",
        "A batch of exactly 500 records is refused as too large.",
        "S2E-BATCH-01",
        msgspec.structs.replace(_BATCH_SIZE, refuses=lambda body, _: len(body["employees"]) >= MAX_RECORDS),
    ),
    policy(
        "oversized-batch-cut",
        "Of a batch that is too large the first 500 records are processed and the rest is dropped without a word.",
        "S2E-BATCH-02",
        _Cut,
    ),
    policy(
        "batch-aborted-by-bad-record",
        "The first record that fails ends the batch: those after it are neither processed nor answered.",
        "S2E-BATCH-04 S2E-BATCH-10",
        _Aborted,
    ),
    policy(
        "partial-write-on-failure",
        "A record that is refused has changed the employee's display name all the same.",
        "S2E-BATCH-05 S2E-SM-07",
        _PartialWrite,
    ),
    policy(
        "request-id-repeated",
        "Requests that come within one millisecond share a requestId.",
        "S2E-BATCH-06 S2E-ERR-01",
        _SameRequestId,
    ),
    wire(
        "batch-id-null-when-missing",
        "A batch without a syncBatchId is answered with one of null.",
        "S2E-BATCH-07",
        "syncBatchId",
        _null_batch_id,
    ),
    policy(
        "user-id-missing-on-update",
        "The result of an update leaves out the userId of the account that there is.",
        "S2E-BATCH-08 S2E-BATCH-12",
        _NoUserIdLater,
    ),
    wire(
        "errors-without-id",
        "An entry of errors holds the message and not the record's externalEmployeeId.",
        "S2E-BATCH-09",
        "externalEmployeeId of errors",
        _errors_without_id,
    ),
    wire(
        "error-of-the-wrong-record",
        "Where several records fail, each is answered with the next one's message.",
        "S2E-BATCH-09 S2E-BATCH-04",
        "message of errors",
        _rotated_errors,
    ),
    wire(
        "results-in-reverse-order",
        "The results of a batch come in another order than its records.",
        "S2E-BATCH-10",
        "order of results",
        _reversed_results,
    ),
    policy("update-says-created", "The status of an update is CREATED.", "S2E-BATCH-11", _AlwaysCreated),
    policy(
        "duplicate-on-retry",
        "A record that is sent again makes a second account for the same employee.",
        "S2E-BATCH-12 S2E-ERR-03",
        _SecondAccount,
    ),
    policy(
        "employee-id-changes-on-update",
        "Every update gives the employee a new employeeId.",
        "S2E-BATCH-13 S2E-BATCH-12",
        _NewId,
    ),
    policy(
        "user-id-changes-on-return",
        "Whoever comes back to ACTIVE has an account under a new userId.",
        "S2E-BATCH-13 S2E-ACCT-06",
        _NewUserId,
    ),
    policy(
        "second-record-of-an-id-dropped",
        "The second record of an externalEmployeeId in a batch is answered UPDATED and never processed.",
        "S2E-BATCH-14",
        _DuplicateDropped,
    ),
    policy(
        "external-ids-global",
        "An externalEmployeeId that another organization uses is refused.",
        "S2E-BATCH-16 S2E-AUTH-16",
        _OneIdForAll,
    ),
)
