"""Batches: the envelope of a sync, what it answers, and how its records keep apart."""

from __future__ import annotations

import json
import re
from typing import Any

from contracts import messages
from contracts.checks import check
from contracts.holdings import account_of, at, mail_to, needs_control, staff, unknown
from contracts.lab import Answer, Lab

_PATH = "/api/v1/sync/employees"
_REQUEST_ID = re.compile(r"sync-[0-9]+-[A-Za-z0-9]+")
# The form that is settled where the vendor's pages only show samples.
_SETTLED_REQUEST_ID = re.compile(r"sync-[0-9]{13}-[a-z0-9]{6}")


def _post(lab: Lab, payload: Any) -> Answer:
    return lab.scan2evolve("POST", _PATH, payload)


def _fails(lab: Lab, answer: Answer, message: str) -> None:
    """Broken unless the answer is a 400 with this text and a requestId."""
    lab.equal(answer.status, 400, "status of a bad envelope")
    lab.equal(answer.body.get("error"), message, "error of a bad envelope")
    request_id = answer.body.get("requestId")
    lab.true(isinstance(request_id, str) and bool(_REQUEST_ID.fullmatch(request_id)), "the error has a requestId")


def _ids(entries: list[dict[str, Any]]) -> list[Any]:
    return [entry.get("externalEmployeeId") for entry in entries]


# -- how many ----------------------------------------------------------------------------------------


@check("S2E-BATCH-01")
def several_records_are_synced(lab: Lab) -> None:
    """A batch takes several records at once and stores every one of them."""
    records = [staff(lab) for _ in range(3)]
    body = lab.sync(*records)
    lab.equal(body["errors"], [], "errors of three good records")
    lab.equal(_ids(body["results"]), _ids(records), "results of three good records")
    for record in records:
        account_of(lab, record)


@check("S2E-BATCH-01")
def five_hundred_records_are_let_in(lab: Lab) -> None:
    """Five hundred records make a batch that is processed record by record, the last one too."""
    first, last = staff(lab), staff(lab)
    body = lab.sync(first, *({} for _ in range(498)), last)
    lab.equal(_ids(body["results"]), _ids([first, last]), "results of a batch of 500")
    lab.equal(len(body["errors"]), 498, "number of errors in a batch of 500")
    account_of(lab, last)


@check("S2E-BATCH-01")
def five_hundred_employees_are_made(lab: Lab) -> None:
    """Five hundred good records make five hundred employees; seen where there is a control plane."""
    needs_control(lab, "whoever has no account")
    records = [lab.person() for _ in range(500)]
    body = lab.sync(*records)
    lab.equal(_ids(body["results"]), _ids(records), "results of 500 good records")
    lab.equal(sorted(_ids(lab.employees())), sorted(_ids(records)), "employees after a batch of 500")


@check("S2E-BATCH-02")
def one_more_than_500_is_refused(lab: Lab) -> None:
    """With 501 records the whole batch is refused and not one of them is stored."""
    before = lab.everything()
    answer = _post(lab, {"employees": [staff(lab), *({} for _ in range(499)), staff(lab)]})
    _fails(lab, answer, messages.TOO_MANY_EMPLOYEES)
    lab.equal(lab.everything(), before, "state after a batch of 501")


@check("S2E-BATCH-02")
def a_thousand_records_are_refused(lab: Lab) -> None:
    """A batch twice as large as the limit is refused whole as well."""
    before = lab.everything()
    answer = _post(lab, {"employees": [staff(lab), *({} for _ in range(999))]})
    _fails(lab, answer, messages.TOO_MANY_EMPLOYEES)
    lab.equal(lab.everything(), before, "state after a batch of 1,000")


# -- bad envelopes -----------------------------------------------------------------------------------


@check("S2E-BATCH-03", writes=False)
def employees_must_be_an_array(lab: Lab) -> None:
    """A body whose employees are missing, or no array, is a 400 that asks for the array."""
    wrong: tuple[Any, ...] = (None, {}, "EMP-1", 5, True)
    for payload in ({}, {"syncBatchId": "b"}, {"Employees": []}, *({"employees": value} for value in wrong)):
        _fails(lab, _post(lab, payload), messages.EMPLOYEES_REQUIRED)


@check("S2E-BATCH-03")
def one_record_is_no_array(lab: Lab) -> None:
    """A single record in place of the array is refused and not stored."""
    before = lab.everything()
    _fails(lab, _post(lab, {"employees": staff(lab)}), messages.EMPLOYEES_REQUIRED)
    _fails(lab, _post(lab, staff(lab)), messages.EMPLOYEES_REQUIRED)
    lab.equal(lab.everything(), before, "state after a record without an array")


@check("S2E-BATCH-03", writes=False)
def empty_batch(lab: Lab) -> None:
    """An empty array counts as missing, or is a batch of nothing, as reading empty-batch says."""
    answer = _post(lab, {"employees": [], "syncBatchId": lab.prefix})
    if lab.readings["empty-batch"] == "error":
        _fails(lab, answer, messages.EMPLOYEES_REQUIRED)
        return
    lab.equal(answer.status, 200, "status of an empty batch")
    body = answer.body
    lab.equal((body["results"], body["errors"]), ([], []), "results and errors of an empty batch")
    lab.equal(body["syncBatchId"], lab.prefix, "syncBatchId of an empty batch")


@check("S2E-BATCH-15", writes=False)
def malformed_json_is_refused(lab: Lab) -> None:
    """What is no JSON text is a 400 that says so."""
    for content in (
        b"",
        b"{",
        b'{"employees": [}',
        b"employees=1",
        b'{"employees": []} x',
        b'{"a": "\xff"}',
        b"{'a': 1}",
    ):
        answer = lab.scan2evolve("POST", _PATH, content=content, headers={"content-type": "application/json"})
        _fails(lab, answer, messages.JSON_INVALID)


@check("S2E-BATCH-15")
def values_that_json_has_not_are_refused(lab: Lab) -> None:
    """Numbers out of range, NaN, Infinity and half a surrogate pair make the body invalid, wherever they stand."""
    before = lab.everything()
    good = json.dumps(staff(lab))[:-1]
    for value in ("NaN", "Infinity", "-Infinity", "1e400", "18446744073709551616", "-9223372036854775809", '"\\ud800"'):
        content = f'{{"employees": [{good}, "metadata": {{"value": {value}}}}}]}}'.encode()
        answer = lab.scan2evolve("POST", _PATH, content=content, headers={"content-type": "application/json"})
        _fails(lab, answer, messages.JSON_INVALID)
    lab.equal(lab.everything(), before, "state after values that JSON has not")


@check("S2E-BATCH-15", writes=False)
def body_must_be_an_object(lab: Lab) -> None:
    """A JSON body that is no object is a 400 that says so."""
    payload: Any
    for payload in ([], [{}], "employees", 5, True, None):
        _fails(lab, _post(lab, payload), messages.BODY_NOT_OBJECT)


@check("S2E-BATCH-15")
def batch_id_must_be_text(lab: Lab) -> None:
    """A syncBatchId of another type, null too, fails the whole batch and nothing is stored."""
    before = lab.everything()
    for value in (5, None, True, ["b"], {"id": "b"}):
        answer = _post(lab, {"syncBatchId": value, "employees": [staff(lab)]})
        _fails(lab, answer, messages.BATCH_ID_NOT_TEXT)
    lab.equal(lab.everything(), before, "state after a syncBatchId of another type")


@check("S2E-BATCH-15", writes=False)
def envelope_faults_have_an_order(lab: Lab) -> None:
    """Of several faults of an envelope the array is named before its size, and that before syncBatchId."""
    _fails(lab, _post(lab, {"syncBatchId": 5}), messages.EMPLOYEES_REQUIRED)
    _fails(lab, _post(lab, {"syncBatchId": 5, "employees": [{}] * 501}), messages.TOO_MANY_EMPLOYEES)


@check("S2E-BATCH-15")
def unknown_envelope_keys_are_ignored(lab: Lab) -> None:
    """Top-level keys that no page names do no harm, and of a key given twice the last counts."""
    record = staff(lab)
    body = lab.sync(record, source="HRIS", dryRun=True)
    lab.equal((_ids(body["results"]), body["errors"]), (_ids([record]), []), "answer with unknown top-level keys")
    account_of(lab, record)
    other = staff(lab)
    content = f'{{"employees": "none", "employees": [{json.dumps(other)}]}}'.encode()
    answer = lab.scan2evolve("POST", _PATH, content=content, headers={"content-type": "application/json"})
    lab.equal(answer.status, 200, "status of a batch with a key given twice")
    account_of(lab, other)


# -- records keep apart ------------------------------------------------------------------------------


@check("S2E-BATCH-04")
def failures_do_not_stop_the_others(lab: Lab) -> None:
    """Records that fail, at either end and in the middle, leave all good ones of the batch processed."""
    good = [staff(lab) for _ in range(3)]
    bad = [lab.person(email="nobody"), lab.person(email=..., userAccount={}), lab.person(roles=["site_manager"])]
    body = lab.sync(bad[0], good[0], good[1], bad[1], good[2], bad[2])
    lab.equal(_ids(body["results"]), _ids(good), "results beside failures")
    lab.equal(_ids(body["errors"]), _ids(bad), "errors beside good records")
    expected = [messages.EMAIL_INVALID, messages.EMAIL_REQUIRED, messages.MANAGER_ASKS_NO_SITE]
    lab.equal([entry["message"] for entry in body["errors"]], expected, "messages of the failures")
    for record in good:
        account_of(lab, record)


@check("S2E-BATCH-04")
def all_records_may_fail(lab: Lab) -> None:
    """A batch of nothing but failures is still answered 200, each with its own error."""
    before = lab.everything()
    records = [lab.person(email="nobody"), lab.person(roles=["site_manager"], sites=[])]
    body = lab.sync(*records)
    expected = [
        {"externalEmployeeId": record["externalEmployeeId"], "message": message}
        for record, message in zip(records, (messages.EMAIL_INVALID, messages.MANAGER_ASKS_NO_SITE), strict=True)
    ]
    lab.equal((body["results"], body["errors"]), ([], expected), "answer where every record fails")
    lab.equal(lab.everything(), before, "state where every record fails")


@check("S2E-BATCH-05")
def failed_update_leaves_no_trace(lab: Lab) -> None:
    """An update that fails at the last rule leaves name, account, assignments and mail as they were."""
    record = staff(lab, displayName="As Before", roles=[lab.role()], groups=[{"groupName": lab.group()}])
    record |= {"sites": [at(lab.site())], "supervisor": {"name": "First"}}
    lab.accepted(record)
    before = lab.everything()
    changed = {
        "displayName": "Not This",
        "email": lab.new_email(),
        "supervisor": {"name": "Second"},
        "metadata": {"changed": True},
        "roles": ["site_manager"],
        "groups": [],
        "sites": [at("00000000-0000-4000-8000-00000000000f")],
        "userAccount": {"username": f"{lab.prefix}-other", "forcePasswordReset": True, "sendWelcomeEmail": True},
    }
    for mode in ("replace", "additive"):
        if mode == "additive":
            changed |= {"sites": [at(lab.site(1), "site_manager")], "roles": []}
        body = lab.sync(record | changed | {"updateMode": mode})
        lab.equal((len(body["errors"]), body["results"]), (1, []), f"answer to a bad update under {mode}")
        lab.equal(lab.everything(), before, f"state after a bad update under {mode}")


@check("S2E-BATCH-05")
def failed_record_holds_nothing_back(lab: Lab) -> None:
    """What a failed new record asked for, e-mail and username, is free for the next record of the batch."""
    username = f"{lab.prefix}-name"
    failed = staff(lab, userAccount={"username": username, "sendWelcomeEmail": True})
    failed |= {"roles": ["site_manager"], "sites": [at("00000000-0000-4000-8000-00000000000f")]}
    heir = staff(lab, email=failed["email"], userAccount={"username": username})
    body = lab.sync(failed, heir)
    lab.equal(_ids(body["errors"]), _ids([failed]), "errors")
    lab.equal(_ids(body["results"]), _ids([heir]), "results")
    lab.equal(account_of(lab, heir)["email"], failed["email"], "e-mail of the heir's account")
    lab.equal(lab.user_of(failed["externalEmployeeId"]), None, "user of a failed record")
    if lab.sees("mail and who has no account"):
        lab.equal(mail_to(lab, failed), [], "mail of a failed record")
        lab.true(failed["externalEmployeeId"] not in _ids(lab.employees()), "a failed record makes no employee")


@check("S2E-BATCH-05")
def failed_record_can_be_sent_again(lab: Lab) -> None:
    """A new record that failed is still new when it comes again, mended."""
    failed = staff(lab, email="nobody")
    lab.refused(failed, messages.EMAIL_INVALID)
    result = lab.accepted(failed | {"email": lab.new_email()})
    lab.equal(result["status"], "CREATED", "status of the mended record")


# -- the answer --------------------------------------------------------------------------------------


@check("S2E-BATCH-06")
def answer_has_its_parts(lab: Lab) -> None:
    """The answer holds requestId, results and errors, also where a list is empty."""
    for record in (lab.person(), lab.person(email="nobody")):
        body = lab.sync(record)
        lab.equal(sorted(body), ["errors", "requestId", "results"], "keys of the answer")
        lab.true(isinstance(body["requestId"], str), "requestId is a string")


@check("S2E-BATCH-06")
def request_id_is_new_every_time(lab: Lab) -> None:
    """Every request gets a requestId of its own, the same request repeated and a refused one too."""
    record = lab.person()
    if lab.controlled:
        lab.advance(1.789)
    seen = [lab.sync(record)["requestId"] for _ in range(5)]
    seen += [_post(lab, {}).body["requestId"] for _ in range(2)]
    lab.equal(len(set(seen)), len(seen), "number of different requestIds")
    for request_id in seen:
        lab.true(bool(_REQUEST_ID.fullmatch(request_id)), f"requestId {request_id} has the form of the samples")
        if lab.controlled:
            matches = bool(_SETTLED_REQUEST_ID.fullmatch(request_id))
            lab.true(matches, f"requestId {request_id} is sync-, 13 digits and 6 of a-z0-9")
            lab.equal(int(request_id.split("-")[1]), lab.now_ms(), f"time in the requestId {request_id}")


@check("S2E-BATCH-07")
def batch_id_is_echoed(lab: Lab) -> None:
    """A syncBatchId comes back letter for letter, the empty one and a strange one too."""
    for batch_id in (f"{lab.prefix}-batch", "", "  Zürich/北 #1 ", "x" * 300):
        body = lab.sync(lab.person(email="nobody"), syncBatchId=batch_id)
        lab.equal(body.get("syncBatchId"), batch_id, "syncBatchId")


@check("S2E-BATCH-07")
def batch_id_is_not_made_up(lab: Lab) -> None:
    """Without a syncBatchId in the request there is none in the answer, not even after a batch that had one."""
    lab.sync(lab.person(email="nobody"), syncBatchId="before")
    body = lab.sync(lab.person(email="nobody"))
    lab.true("syncBatchId" not in body, "an answer without syncBatchId in the request has none")


@check("S2E-BATCH-08")
def result_with_an_account(lab: Lab) -> None:
    """The result of somebody with an account names id, status, employeeId, userId and warnings."""
    record = staff(lab)
    for status in ("CREATED", "UPDATED"):
        result = lab.accepted(record)
        keys = ["employeeId", "externalEmployeeId", "status", "userId", "warnings"]
        lab.equal(sorted(result), keys, "keys of a result")
        lab.equal(result["externalEmployeeId"], record["externalEmployeeId"], "externalEmployeeId")
        lab.equal((result["status"], result["warnings"]), (status, []), "status and warnings")
        lab.equal(result["userId"], account_of(lab, record)["id"], "userId")


@check("S2E-BATCH-08")
def result_without_an_account(lab: Lab) -> None:
    """The result of somebody without an account has no userId, or a null one, as the reading says."""
    record = lab.person()
    for _ in range(2):
        result = lab.accepted(record)
        keys = ["employeeId", "externalEmployeeId", "status", "warnings"]
        if lab.readings["user-id-without-account"] == "null":
            keys = sorted([*keys, "userId"])
            lab.equal(result.get("userId"), None, "userId without an account")
        lab.equal(sorted(result), keys, "keys of a result without an account")


@check("S2E-BATCH-08")
def warnings_stand_in_their_result(lab: Lab) -> None:
    """A warning stands in the result of its own record and in no other."""
    name = unknown(lab, "role")
    body = lab.sync(lab.person(), lab.person(roles=[name]), lab.person())
    warnings = [result["warnings"] for result in body["results"]]
    lab.equal(warnings, [[], [messages.role_unknown(name)], []], "warnings of three records")


@check("S2E-BATCH-09")
def error_names_its_record(lab: Lab) -> None:
    """An entry of errors holds the record's own id and a message, and nothing else."""
    first, second = lab.person(email="nobody"), lab.person(roles=["site_manager"])
    body = lab.sync(first, lab.person(), second)
    expected = [
        {"externalEmployeeId": first["externalEmployeeId"], "message": messages.EMAIL_INVALID},
        {"externalEmployeeId": second["externalEmployeeId"], "message": messages.MANAGER_ASKS_NO_SITE},
    ]
    lab.equal(body["errors"], expected, "errors")


@check("S2E-BATCH-10")
def answers_keep_the_order(lab: Lab) -> None:
    """Results and errors each follow the request's order, new, known and failing records mixed."""
    known = [lab.person() for _ in range(3)]
    lab.sync(*known)
    new = [lab.person() for _ in range(3)]
    bad = [lab.person(email="nobody") for _ in range(3)]
    batch = [known[2], bad[1], new[2], known[0], bad[2], new[0], new[1], bad[0], known[1]]
    body = lab.sync(*batch)
    lab.equal(_ids(body["errors"]), _ids([record for record in batch if record in bad]), "order of errors")
    lab.equal(_ids(body["results"]), _ids([record for record in batch if record not in bad]), "order of results")


@check("S2E-BATCH-10")
def warnings_keep_an_order(lab: Lab) -> None:
    """Warnings come as roles, groups, sites, each as listed in the record, a repeated one once."""
    role, group, site = unknown(lab, "role"), unknown(lab, "group"), "00000000-0000-4000-8000-00000000000f"
    other = "00000000-0000-4000-8000-00000000000e"
    record = lab.person(
        sites=[at(site), at(lab.site(), role), at(other), at(site)],
        groups=[{"externalGroupId": group}, {"groupName": f"{group} 2"}, {"groupName": group}],
        roles=[f"{role} 2", role, f"{role} 2"],
    )
    expected = [
        messages.role_unknown(f"{role} 2"),
        messages.role_unknown(role),
        messages.group_unknown(group),
        messages.group_unknown(f"{group} 2"),
        messages.site_unknown(site),
        messages.site_unknown(other),
    ]
    lab.equal(lab.accepted(record)["warnings"], expected, "warnings")


@check("S2E-BATCH-14")
def ids_in_other_letters_are_other_employees(lab: Lab) -> None:
    """Records whose ids differ in letters' case, or in a space, are several employees, and errors name them so."""
    one = lab.new_id()
    records = [lab.person(externalEmployeeId=key) for key in (one, one.swapcase(), f"{one} ")]
    body = lab.sync(*records)
    lab.equal(body["errors"], [], "errors for ids that differ in letters or a space")
    lab.equal([entry["status"] for entry in body["results"]], ["CREATED"] * 3, "what becomes of them")
    lab.equal(len({entry["employeeId"] for entry in body["results"]}), 3, "number of employees that they are")
    errors = lab.sync(lab.person(externalEmployeeId=f" {one} ", email="nobody"))["errors"]
    lab.equal([entry["externalEmployeeId"] for entry in errors], [f" {one} "], "the id in an error")
