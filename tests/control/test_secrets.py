"""Secrets never come back: shown once when they are made, then only as hashes (S2E-SEC-02, HRMS-AUTH-05)."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from sandbox.ids import digest
from tests.client import ServerClient, WorldClient


def texts(world: WorldClient) -> dict[str, str]:
    """Everything that can be read of a world, by path, the outbox left out."""
    paths = ["", "/journal?limit=1000", "/audit?limit=1000", "/snapshot", "/readings", "/limits", "/clock"]
    paths += [f"/journal/{entry['id']}" for entry in world.journal()]
    paths += ["/hrms/tokens", "/scan2evolve/organizations"]
    paths += [
        f"/hrms/{collection}?environment={environment}"
        for collection in ("users", "departments", "positions", "work-locations")
        for environment in ("staging", "uat")
    ]
    for organization in world.organizations:
        base = f"/scan2evolve/organizations/{organization['organization_id']}"
        paths += [f"{base}/{name}" for name in ("employees", "sites", "roles", "groups", "users", "credentials")]
    shown = {path: world.control("GET", path) for path in paths}
    assert {answer.status_code for answer in shown.values()} == {200}
    # What names no world lands in the default one.
    for path in ("/_sandbox/worlds", "/_sandbox/worlds/default/journal", "/_sandbox/worlds/default/audit"):
        shown[path] = world.http.get(path, params={"limit": 1000})
    return {path: answer.text for path, answer in shown.items()}


def assert_nowhere(world: WorldClient, secrets: list[str]) -> None:
    """No secret, no half of one, and no Basic pair is in anything that can be read."""
    shown = texts(world)
    assert len(secrets) == len(set(secrets))
    for secret in secrets:
        for path, text in shown.items():
            assert secret not in text, path
            # Ten characters and no more may be left of a token, to tell one from another.
            assert secret[11:43] not in text, path


def secrets_of(world: WorldClient) -> list[str]:
    """The founding secrets."""
    clients = [organization["client_secret"] for organization in world.organizations]
    return clients + [token["token"] for token in world.created["hrms"]["tokens"]]


def test_no_secret_is_read_back_from_a_world_in_use(world: WorldClient) -> None:
    """Grants in every form, Bearer, Basic, good and bad, made and revoked (S2E-SEC-02, HRMS-AUTH-05)."""
    client_id, secret = world.basic()
    spare, application = world.add("credentials", name="spare"), world.new_hrms_token(scopes=["users:read"])
    grant = {"client_id": client_id, "client_secret": secret, "grant_type": "client_credentials"}
    token_url = "/scan2evolve/api/v1/auth/token"
    issued = [world.token(), world.token(1)]
    issued.append(world.http.post(token_url, data=grant).json()["access_token"])
    issued.append(
        world.http.post(token_url, data={"grant_type": "client_credentials"}, auth=world.basic()).json()["access_token"]
    )
    world.http.post(token_url, json=grant | {"grant_type": "password"})
    world.http.post(token_url, content=b"client_secret=" + secret.encode(), auth=world.basic())
    for token in (*issued, application["token"], world.hrms_token()):
        for scheme in ("Bearer", "Token", "bearer "):
            for path in ("/scan2evolve/api/v1/users", "/hrms/api/v1/users"):
                world.http.get(path, headers={"Authorization": f"{scheme} {token}", "X-Sandbox-World": world.id})
    world.sync({"externalEmployeeId": "E-1"}, org=1)
    place = f"/scan2evolve/organizations/{world.organizations[0]['organization_id']}/credentials/{spare['id']}"
    world.scan2evolve("GET", "/users", auth=(spare["client_id"], spare["client_secret"]))
    world.control("DELETE", place)
    world.scan2evolve("GET", "/users", auth=(spare["client_id"], spare["client_secret"]))
    world.control("DELETE", f"/hrms/tokens/{application['id']}")
    pair = b64encode(f"{client_id}:{secret}".encode()).decode()
    assert_nowhere(world, [*secrets_of(world), *issued, spare["client_secret"], application["token"], pair])
    snapshot = texts(world)["/snapshot"]
    assert digest(secret) in snapshot
    assert digest(issued[0]) in snapshot


@pytest.mark.parametrize(
    "place",
    ["query", "path", "header", "cookie", "filter", "body", "bad body", "messages", "world name", "unknown field"],
)
def test_secret_in_the_wrong_place_is_redacted_all_the_same(world: WorldClient, place: str) -> None:
    """A client that puts a secret where none belongs does not find it in the journal (S2E-SEC-02)."""
    secrets = [world.token(), *secrets_of(world)]
    for secret in secrets:
        record = {"externalEmployeeId": "E-1"}
        quoting = {"externalEmployeeId": "E-2", "roles": [secret]}
        requests: dict[str, tuple[str, str, dict[str, Any]]] = {
            "query": ("GET", f"/users?access_token={secret}", {}),
            "path": ("GET", f"/users/{secret}", {}),
            "header": ("GET", "/users", {"headers": {"X-Auth-Token": f"{secret}", "Referer": f"http://x/?t={secret}"}}),
            "cookie": ("GET", "/users", {"headers": {"Cookie": f"session={secret}", "X-Api-Key": secret}}),
            "filter": ("GET", f"/users?isActive={secret}", {}),
            "body": ("POST", "/sync/employees", {"json": {"employees": 7, "token": secret}}),
            "bad body": ("POST", "/sync/employees", {"content": f'{{"a": "{secret}"'}),
            "messages": ("POST", "/sync/employees", {"json": {"employees": [{**record, "status": secret}, quoting]}}),
            "world name": ("GET", "/users", {"headers": {"X-Sandbox-World": secret, "Authorization": secret}}),
            "unknown field": ("POST", "/sync/employees", {"json": {"employees": [record | {"pin": secret}]}}),
        }
        method, path, request = requests[place]
        credentials: dict[str, Any] = {} if place == "world name" else {"auth": world.basic()}
        world.scan2evolve(method, path, **credentials, **request)
        if place in ("query", "path"):
            world.hrms(path)
    assert_nowhere(world, secrets)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", '{"client_id": "CLIENT", "client_secret": "SECRET", "grant_type": "client_credentials"}'),
        ("application/json", '{"client\\u005fsecret":"SECRET","grant_type":"client_credentials","client_id":"CLIENT"}'),
        ("application/json", '{"client_id": "CLIENT", "client_secret" : "SECRET'),
        ("text/plain", "client_secret=SECRET&client_id=CLIENT"),
        ("application/x-www-form-urlencoded", "client_secret=SECRET&client_id=CLIENT&grant_type=client_credentials"),
        ("application/x-www-form-urlencoded", "client_id=CLIENT&client%5Fsecret=SECRET"),
    ],
)
@pytest.mark.parametrize("secret", ["of-another-system", "escaped%5F7", "escaped\\u005f7", 'with \\" in it'])
def test_client_secret_of_any_form_is_hidden_by_its_name(
    world: WorldClient, media_type: str, body: str, secret: str
) -> None:
    """A token request with a secret that is not ours, or is escaped, leaves none of it behind (S2E-SEC-02)."""
    client_id, _ = world.basic()
    sent = body.replace("CLIENT", client_id).replace("SECRET", secret)
    headers = {"Content-Type": media_type, "X-Sandbox-World": world.id}
    world.http.post("/scan2evolve/api/v1/auth/token", content=sent.encode(), headers=headers)
    entry = world.journal(operation="issueToken")[0]
    assert entry["request"]["body"] == sent.replace(secret, "[redacted]")
    assert entry["request"]["body_bytes"] == len(sent)


def test_client_secret_in_the_query_of_a_token_request_is_hidden(world: WorldClient) -> None:
    """It does not belong there, and is not shown there."""
    world.http.post(
        "/scan2evolve/api/v1/auth/token?x=1&client_secret=of-another-system&y=2", headers={"X-Sandbox-World": world.id}
    )
    assert world.journal()[0]["query"] == "x=1&client_secret=[redacted]&y=2"


def test_client_secret_of_ours_keeps_its_first_characters(world: WorldClient) -> None:
    """Enough to tell one from another; an empty one is seen to be empty."""
    client_id, secret = world.basic()
    for given, kept in ((secret, f"{secret[:7]}[redacted]"), ("", "")):
        grant = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": given}
        world.http.post("/scan2evolve/api/v1/auth/token", json=grant)
        assert json.loads(world.journal()[-1]["request"]["body"])["client_secret"] == kept


def test_temporary_password_is_in_the_outbox_alone(world: WorldClient) -> None:
    """The mail carries it, in the snapshot's outbox too; nothing else does (S2E-ACCT-05)."""
    both = {"forcePasswordReset": True, "sendWelcomeEmail": True}
    for number in range(3):
        world.accepted({"externalEmployeeId": f"E-{number}", "email": f"{number}@example.com", "userAccount": both})
    passwords = [mail["temporaryPassword"] for mail in world.outbox()]
    assert len(set(passwords)) == 3
    snapshot = world.control("GET", "/snapshot").json()
    assert [mail["temporary_password"] for _, mail in snapshot["state"]["outbox"]["entries"]] == passwords
    del snapshot["state"]["outbox"]
    shown = texts(world) | {"/snapshot": str(snapshot)}
    for password in passwords:
        assert not [path for path, text in shown.items() if password in text]


def test_temporary_password_without_mail_is_nowhere(world: WorldClient) -> None:
    """A reset that is forced and not mailed leaves no password to be read (S2E-ACCT-03)."""
    world.accepted({"externalEmployeeId": "E-1", "email": "e@example.com", "userAccount": {"forcePasswordReset": True}})
    assert world.employee("E-1")["user"]["mustResetPassword"] is True
    assert world.outbox() == []
    assert "temporary_password" not in world.control("GET", "/snapshot").text


def test_secrets_of_a_world_are_its_own(server: ServerClient) -> None:
    """Equal seeds under different ids share no secret and no token."""
    worlds = [server.world(seed=5) for _ in range(3)]
    secrets = [secret for world in worlds for secret in (*secrets_of(world), world.token(), world.token(1))]
    pairs = [world.basic(org)[0] for world in worlds for org in (0, 1)]
    assert len(set(secrets)) == len(secrets)
    assert len(set(pairs)) == len(pairs)
    for world in worlds:
        world.control("DELETE")
