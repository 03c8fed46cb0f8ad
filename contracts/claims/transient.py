"""Transient errors of Scan2Evolve: they may come for a request or a record, and the retry is safe."""

from __future__ import annotations

from typing import Any

from contracts.checks import check
from contracts.claims.tokens import SYNC
from contracts.holdings import staff
from contracts.lab import Lab


def _batch(lab: Lab) -> list[dict[str, Any]]:
    """Three people with accounts, each of whom is owed a welcome e-mail."""
    account = {"forcePasswordReset": True, "sendWelcomeEmail": True}
    return [staff(lab, userAccount=account) for _ in range(3)]


def _retry(lab: Lab, records: list[dict[str, Any]], statuses: list[str]) -> dict[str, Any]:
    """Send the batch again: everybody is there once, with one account and the e-mails owed. The answer."""
    body = lab.sync(*records)
    lab.equal(body["errors"], [], "errors of the retry")
    lab.equal([result["status"] for result in body["results"]], statuses, "statuses of the retry")
    ids = [record["externalEmployeeId"] for record in records]
    lab.equal(sorted(item["externalEmployeeId"] for item in lab.employees()), sorted(ids), "employees after the retry")
    linked = sorted(user["employeeNumber"] for user in lab.users() if user["employeeNumber"] is not None)
    lab.equal(linked, sorted(ids), "accounts after the retry")
    owed = [record["email"] for record in records]
    if lab.readings["account-flags"] == "every-sync":
        owed += [record["email"] for record, status in zip(records, statuses, strict=True) if status == "UPDATED"]
    lab.equal(sorted(mail["to"] for mail in lab.outbox()), sorted(owed), "welcome e-mails after the retry")
    return body


@check("S2E-ERR-03", about=("account-flags",))
def failed_record_is_safe_to_retry(lab: Lab) -> None:
    """A record that the database fails is in errors and nowhere else; the batch sent again makes it, nobody twice."""
    records = _batch(lab)
    failed = records[1]["externalEmployeeId"]
    lab.fault("transient-database-error", {"ids": [failed]}, times=1)
    first = lab.sync(*records)
    lab.equal(
        [entry["externalEmployeeId"] for entry in first["errors"]], [failed], "records that failed for the moment"
    )
    lab.true(bool(first["errors"][0].get("message")), "the error of such a record has a message")
    stored = sorted(item["externalEmployeeId"] for item in lab.employees())
    others = [records[0], records[2]]
    lab.equal(stored, sorted(record["externalEmployeeId"] for record in others), "employees while one has failed")
    lab.equal(lab.user_of(failed), None, "account of the record that failed")
    lab.equal(lab.outbox(records[1]["email"]), [], "e-mails to whoever failed")
    again = _retry(lab, records, ["UPDATED", "CREATED", "UPDATED"])
    ids = [[result["employeeId"] for result in body["results"]] for body in (first, again)]
    lab.equal([ids[1][0], ids[1][2]], ids[0], "employeeIds of those who did not fail")


@check("S2E-ERR-03", about=("account-flags",))
def failed_request_is_safe_to_retry(lab: Lab) -> None:
    """A request that is answered 503 has changed nothing, and the same again is processed."""
    records = _batch(lab)
    before = lab.everything()
    lab.fault("status", {"status": 503}, operation="syncEmployees", times=1)
    answer = lab.scan2evolve("POST", SYNC, {"employees": records})
    lab.equal(answer.status, 503, "status of a request that fails for the moment")
    lab.equal(lab.everything(), before, "state after a request that failed")
    _retry(lab, records, ["CREATED"] * 3)


@check("S2E-ERR-03", about=("account-flags",))
def unreadable_answer_is_safe_to_retry(lab: Lab) -> None:
    """Where the work was done and its answer came broken, the same again finds it done: the same ids, nobody twice."""
    records = _batch(lab)
    lab.fault("malformed-json", {}, operation="syncEmployees", times=1)
    answer = lab.scan2evolve("POST", SYNC, {"employees": records})
    lab.equal(answer.status, 200, "status of a request whose answer breaks off")
    made = {item["externalEmployeeId"]: item["employeeId"] for item in lab.employees()}
    body = _retry(lab, records, ["UPDATED"] * 3)
    found = {result["externalEmployeeId"]: result["employeeId"] for result in body["results"]}
    lab.equal(found, made, "employeeIds after the retry")


@check("S2E-ERR-03", about=("account-flags",))
def refused_by_the_rate_limit_is_safe_to_retry(lab: Lab) -> None:
    """A 429 is a transient error like others: nothing is processed, and after Retry-After a retry is."""
    records = _batch(lab)
    lab.limit(100)
    lab.fault("rate-limited", {}, operation="syncEmployees", times=1)
    answer = lab.scan2evolve("POST", SYNC, {"employees": records}, patient=False)
    lab.equal(answer.status, 429, "status of a request over the limit")
    wait = answer.headers.get("retry-after", "")
    lab.true(wait.isdecimal(), f"Retry-After is a number of seconds, not {wait!r}")
    lab.advance(int(wait))
    again = lab.scan2evolve("POST", SYNC, {"employees": records[:1]}, patient=False)
    lab.equal(again.status, 200, "status of a request after Retry-After")
    lab.equal(again.body["results"][0]["status"], "CREATED", "status of a record that the limit refused at first")
    _retry(lab, records, ["UPDATED", "CREATED", "CREATED"])
