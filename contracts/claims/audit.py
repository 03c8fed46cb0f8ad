"""What the vendor keeps: an audit log of all activity, and no secret that could be read back."""

from __future__ import annotations

import base64
import json
from typing import Any

from contracts.checks import check
from contracts.claims.tokens import SYNC, ask, grant_of, issued, pair_of
from contracts.lab import Lab


def _log(lab: Lab) -> list[dict[str, Any]]:
    return list(lab.space.control("GET", "/audit?limit=1000")["items"])


def _entry(lab: Lab, what: str, known: int, **wanted: Any) -> dict[str, Any]:
    """The one entry since `known`, which must hold what is wanted; `who` is the actor's id."""
    new = _log(lab)[known:]
    lab.equal(len(new), 1, f"number of audit entries for {what}")
    entry = new[0]
    lab.equal(entry["at"], lab.now(), f"time of the audit entry for {what}")
    shown = {**entry, "who": entry["actor"]["id"], "organization": entry["actor"]["organization_id"]}
    lab.equal({key: shown[key] for key in wanted}, wanted, f"audit entry for {what}")
    return entry


@check("S2E-AUDIT-01", writes=True)
def audit_log_names_who_did_what(lab: Lab) -> None:
    """Token issues, reads and changes are logged one by one, with credential, operation, time and outcome."""
    one = lab.organization()
    mine = {"api": "scan2evolve", "who": one.client_id, "organization": one.organization_id, "outcome": "accepted"}
    known = len(_log(lab))
    token = lab.token()
    _entry(lab, "a token request", known, operation="issueToken", action="token", status=200, **mine)
    lab.advance(61)
    user_id = str((lab.users() or [{"id": lab.prefix}])[0]["id"])
    _entry(lab, "reading users", known + 1, operation="listUsers", action="read", status=200, **mine)
    lab.scan2evolve("GET", f"/api/v1/users/{user_id}", authorization=f"Bearer {token}")
    entry = _entry(lab, "reading a user", known + 2, operation="getUser", action="read", who=one.client_id)
    lab.equal(entry["subject"], user_id, "subject of the audit entry for reading a user")
    lab.sync(lab.person())
    _entry(lab, "a sync", known + 3, operation="syncEmployees", action="change", status=200, **mine)
    lab.equal(len({row["id"] for row in _log(lab)}), known + 4, "number of different ids in the audit log")


@check("S2E-AUDIT-01", writes=True)
def audit_log_names_every_record(lab: Lab) -> None:
    """The entry of a batch says of each record whom it created, whom it updated, and which were refused."""
    old = lab.person(status="ACTIVE")
    lab.accepted(old)
    known = len(_log(lab))
    new, bad = lab.person(), lab.person(email="not an address")
    results = {row["externalEmployeeId"]: row["employeeId"] for row in lab.sync(old, bad, new)["results"]}
    records = _entry(lab, "a batch", known, operation="syncEmployees", outcome="accepted")["records"]
    wanted = [(old, "UPDATED"), (bad, "ERROR"), (new, "CREATED")]
    lab.equal(
        records,
        [
            {
                "externalEmployeeId": record["externalEmployeeId"],
                "employeeId": results.get(record["externalEmployeeId"]),
                "outcome": outcome,
            }
            for record, outcome in wanted
        ],
        "records in the audit entry of a batch",
    )


@check("S2E-AUDIT-01", writes=False)
def audit_log_has_refusals(lab: Lab) -> None:
    """Refused requests are logged with their status: who it was where that is known, nobody where it is not."""
    one = lab.organization()
    known = len(_log(lab))
    lab.scan2evolve("POST", SYNC, {"employees": [lab.person()]}, authorization=None)
    refused = {"outcome": "refused", "operation": "syncEmployees"}
    _entry(lab, "a sync without credentials", known, status=401, who=None, organization=None, **refused)
    lab.scan2evolve("POST", SYNC, {})
    _entry(lab, "a bad envelope", known + 1, status=400, who=one.client_id, records=None, **refused)
    ask(lab, grant_of(lab, client_secret="wrong"))  # noqa: S106
    _entry(lab, "a wrong secret", known + 2, status=401, operation="issueToken", outcome="refused")
    lab.scan2evolve("GET", f"/api/v1/users/{lab.prefix}")
    _entry(lab, "an unknown user", known + 3, status=404, outcome="refused", who=one.client_id)
    lab.limit(1)
    lab.scan2evolve("GET", "/api/v1/users", org=1, patient=False)
    lab.scan2evolve("GET", "/api/v1/users", org=1, patient=False)
    _entry(lab, "a request over the limit", known + 5, status=429, outcome="refused", operation="listUsers")


@check("S2E-AUDIT-01", writes=False)
def audit_log_has_the_hrms_too(lab: Lab) -> None:
    """All activity means the reading of the HRMS as well, by token and environment, refused or not."""
    made = lab.new_hrms_token("users:read")
    known = len(_log(lab))
    lab.hrms("/v1/users", environment="staging", token=made["token"])
    entry = _entry(lab, "reading the HRMS", known, api="hrms", operation="listUsers", status=200, who=made["id"])
    lab.equal(entry["actor"]["environment"], "staging", "environment in the audit entry")
    lab.hrms("/v1/departments", environment="staging", token=made["token"])
    refused = {"api": "hrms", "operation": "listDepartments", "outcome": "refused"}
    _entry(lab, "a scope that is missing", known + 1, status=403, who=made["id"], **refused)
    lab.hrms("/v1/users", token=None)
    _entry(lab, "the HRMS without a token", known + 2, api="hrms", status=401, who=None, outcome="refused")


@check("S2E-SEC-02", writes=True)
def no_secret_can_be_read_back(lab: Lab) -> None:
    """Secrets and tokens, right or wrong, new or old, are in no state, journal, audit log or snapshot."""
    made = lab.add("credentials", name=f"{lab.prefix} secret")
    pair = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    issued_token = issued(lab, ask(lab, grant_of(lab, **pair)), "a token request with new credentials")
    application = str(lab.new_hrms_token("users:read")["token"])
    secrets = [str(made["client_secret"]), issued_token, lab.token(), application]
    secrets += [organization.client_secret for organization in lab.space.credentials.organizations]
    secrets += [row.token for row in lab.space.credentials.hrms]

    ask(lab, grant_of(lab, client_id=f"{lab.prefix}-nobody"))
    form = {"content-type": "application/x-www-form-urlencoded"}
    for content in (f"client_secret={made['client_secret']}&grant_type=x", f"{{broken {issued_token}"):
        lab.scan2evolve("POST", "/api/v1/auth/token", content=content.encode(), headers=form, authorization=None)
        lab.scan2evolve("POST", "/api/v1/auth/token", content=content.encode(), authorization=None)
    basic = pair_of(made["client_id"], made["client_secret"])
    for authorization in (basic, f"Bearer {issued_token}", issued_token, f"Token {issued_token}"):
        lab.scan2evolve("GET", f"/api/v1/users?token={issued_token}", authorization=authorization)
    lab.scan2evolve("GET", f"/api/v1/users/{issued_token}")
    lab.sync(lab.person(status="ACTIVE", roles=[issued_token, made["client_secret"]]))
    lab.hrms(f"/v1/users/{application}", environment="staging", token=application)
    secrets.append(basic.partition(" ")[2])
    secrets += [base64.b64encode(secret.encode()).decode() for secret in secrets]

    organization_id = lab.organization().organization_id
    below = f"/scan2evolve/organizations/{organization_id}"
    paths = ["", "/snapshot", "/journal?limit=1000", "/audit?limit=1000", "/hrms/tokens", f"{below}/credentials"]
    paths += [f"{below}/credentials/{made['id']}", f"{below}/users", f"{below}/employees", "/outbox"]
    for path in [*paths, "/scan2evolve/organizations"]:
        shown = json.dumps(lab.space.control("GET", path))
        found = [number for number, secret in enumerate(secrets) if secret in shown]
        lab.equal(found, [], f"secrets in {path or 'the world'}, by number")


@check("S2E-SEC-02", writes=True)
def temporary_passwords_are_in_mail_only(lab: Lab) -> None:
    """A temporary password is in the mail that carries it, and in no answer, state, journal or audit log."""
    record = lab.person(userAccount={"forcePasswordReset": True, "sendWelcomeEmail": True})
    payload = {"employees": [record]}
    answer = lab.scan2evolve("POST", SYNC, payload)
    mails = lab.outbox(record["email"])
    lab.equal(len(mails), 1, "number of welcome mails")
    password = mails[0].get("temporaryPassword")
    lab.true(isinstance(password, str) and len(password) >= 8, "the mail carries a temporary password")
    shown = {"the sync's answer": answer.content.decode(), "the users": json.dumps(lab.users())}
    below = f"/scan2evolve/organizations/{lab.organization().organization_id}"
    for path in ("", "/journal?limit=1000", "/audit?limit=1000", f"{below}/users", f"{below}/employees?limit=1000"):
        shown[path or "the world"] = json.dumps(lab.space.control("GET", path))
    snapshot = lab.space.control("GET", "/snapshot")
    shown["the snapshot but for its outbox"] = json.dumps(_without(snapshot, "outbox"))
    for where, text in shown.items():
        lab.true(str(password) not in text, f"{where} does not hold the temporary password")


def _without(value: Any, key: str) -> Any:
    """`value` with every member of that name taken out."""
    if isinstance(value, dict):
        return {name: _without(item, key) for name, item in value.items() if name != key}
    return [_without(item, key) for item in value] if isinstance(value, list) else value
