"""Deviations of Scan2Evolve's credentials, of the tokens made from them, and of what is kept about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.clock import instant_text
from sandbox.deviations.deviation import Sent, policy, wire
from sandbox.ids import Ids, digest
from sandbox.recorder import Recorder
from sandbox.scan2evolve.tokens import TOKEN_SECONDS, Credential, Tokens, TokensState

if TYPE_CHECKING:
    from sandbox.calls import Call

_MONTH_MS = 30 * 86_400_000

# -- policies ----------------------------------------------------------------------------------------------


class _OneTokenEach(Tokens):
    def issue(self, credential: Credential, ids: Ids, now: int) -> str:
        """A new token ends those issued before."""
        self.tokens = {key: held for key, held in self.tokens.items() if held.client_id != credential.client_id}
        return super().issue(credential, ids, now)


class _EmptySecret(Tokens):
    def check_secret(self, client_id: str, secret: str) -> Credential | None:
        """Without a secret there is nothing to compare."""
        return super().check_secret(client_id, secret) if secret else self.credentials.get(client_id)


class _AnySecret(Tokens):
    def check_secret(self, client_id: str, secret: str) -> Credential | None:
        """The secret of any client will do."""
        known = {credential.secret_digest for credential in self.credentials.values()}
        return self.credentials.get(client_id) if digest(secret) in known else None


class _NeverExpiring(Tokens):
    def use(self, token_digest: str, now: int, sliding: bool, counts: bool = True) -> Credential | None:
        """However late it is, it is the moment of the issue."""
        token = self.tokens.get(token_digest)
        return super().use(token_digest, now if token is None else token.issued_at, sliding=False, counts=counts)


class _TokensOutlive(Tokens):
    def revoke(self, credential: Credential) -> None:
        """Forget the secret and nothing else."""
        self.credentials[credential.client_id] = msgspec.structs.replace(credential, secret_digest="")


class _StoredInClear(Tokens):
    def issue(self, credential: Credential, ids: Ids, now: int) -> str:
        """A new token, stored as its text."""
        text = super().issue(credential, ids, now)
        self.tokens[digest(text)].digest = text
        return text

    def restore(self, state: TokensState) -> None:
        """Back to what a snapshot held, texts too."""
        super().restore(state)
        self.tokens = {digest(key) if key.startswith("se_") else key: held for key, held in self.tokens.items()}


class _ShortTokens(Ids):
    __slots__ = ()

    def access_token(self) -> str:
        """`se_` and 48 hex digits."""
        return super().access_token()[:51]


class _RefusalsUnaudited(Recorder):
    def _write(self) -> None:
        """Drop what was refused from what has just been written."""
        last = self._audit.last
        super()._write()
        refused = {number for number, entry in self._audit.items(last) if entry.status >= 400}
        if refused:
            self._audit.drop(refused)


# -- on the wire -------------------------------------------------------------------------------------------


def _is(call: Call, *operations: str) -> bool:
    return call.operation is not None and call.operation.id in operations


def _granted(call: Call, sent: Sent) -> dict[str, Any] | None:
    """The answer that holds a token, None where it is another answer."""
    return dict(sent.json()) if _is(call, "issueToken") and sent.status == 200 else None


def _without_name(call: Call, sent: Sent) -> None:
    payload = _granted(call, sent)
    if payload is not None:
        del payload["organization_name"]
        sent.answer(payload)


def _lower_case_type(call: Call, sent: Sent) -> None:
    payload = _granted(call, sent)
    if payload is not None:
        sent.answer(payload | {"token_type": "bearer"})


def _life_in_minutes(call: Call, sent: Sent) -> None:
    payload = _granted(call, sent)
    if payload is not None:
        sent.answer(payload | {"expires_in": TOKEN_SECONDS // 60})


def _without_milliseconds(call: Call, sent: Sent) -> None:
    payload = _granted(call, sent)
    if payload is not None:
        sent.answer(payload | {"expires_at": f"{payload['expires_at'][:-5]}Z"})


def _unauthorized(call: Call, sent: Sent) -> None:
    request_id = call.request_id or call.world.ids.request_id(call.now)
    sent.answer({"error": "Unauthorized", "requestId": request_id}, 401)


def _no_reading_by_token(call: Call, sent: Sent) -> None:
    if _is(call, "listUsers", "getUser") and call.actor.kind == "bearer" and sent.status < 400:
        _unauthorized(call, sent)


def _pair_of_a_month(call: Call, sent: Sent) -> None:
    credential = call.world.tokens.credentials.get(call.actor.id or "")
    if call.actor.kind == "basic" and credential is not None and call.now >= credential.created_at + _MONTH_MS:
        _unauthorized(call, sent)


def _bad_request(call: Call, sent: Sent) -> None:
    if _is(call, "issueToken") and sent.status == 401:
        sent.status = 400


def _any_grant(call: Call, sent: Sent) -> None:
    if not _is(call, "issueToken") or sent.status != 400 or call.principal.pair is None:
        return
    pair, fields = call.principal.pair, call.principal.fields or {}
    if fields.get("grant_type") == "client_credentials" or not all(isinstance(part, str) for part in pair):
        return
    world = call.world
    credential = world.tokens.check_secret(*pair)
    if credential is None:
        return
    text = world.tokens.issue(credential, world.ids, call.now)
    call.worlds.register_digest(world, digest(text))
    organization = world.organizations[credential.organization]
    payload = {
        "access_token": text,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "expires_at": instant_text(call.now + TOKEN_SECONDS * 1000),
        "organization_id": organization.id,
        "organization_name": organization.name,
    }
    sent.answer(payload, 200)


def _no_forms(call: Call, sent: Sent) -> None:
    kind = (call.header(b"content-type") or "").lower()
    if _is(call, "issueToken") and "x-www-form-urlencoded" in kind and sent.status == 200:
        text = "The body must be a JSON object"
        request_id = call.world.ids.request_id(call.now)
        sent.answer({"error": "invalid_request", "error_description": text, "requestId": request_id}, 400)


DEVIATIONS = (
    policy(
        "new-token-ends-older-ones",
        "A token request ends the tokens that the client was issued before.",
        "S2E-AUTH-01",
        _OneTokenEach,
    ),
    wire(
        "token-answer-without-name",
        "The token answer leaves out organization_name.",
        "S2E-AUTH-02",
        "organization_name",
        _without_name,
    ),
    wire(
        "token-type-in-lower-case",
        "The token_type of a token answer is bearer, not Bearer.",
        "S2E-AUTH-03",
        "token_type",
        _lower_case_type,
    ),
    wire(
        "expires-in-minutes",
        "The expires_in of a token answer counts minutes.",
        "S2E-AUTH-04",
        "expires_in",
        _life_in_minutes,
    ),
    wire(
        "expires-at-without-milliseconds",
        "expires_at is cut to whole seconds.",
        "S2E-AUTH-05",
        "expires_at",
        _without_milliseconds,
    ),
    wire(
        "tokens-may-not-read",
        "A token lets a sync in, but reading the users takes HTTP Basic.",
        "S2E-AUTH-06",
        "users by token",
        _no_reading_by_token,
    ),
    policy(
        "empty-secret-accepted",
        "An empty client_secret goes with every client_id.",
        "S2E-AUTH-07 S2E-AUTH-09",
        _EmptySecret,
    ),
    wire(
        "pair-expires-after-a-month",
        "HTTP Basic is answered 401 once the pair is 30 days old, though nobody revoked it.",
        "S2E-AUTH-08",
        "any answer to HTTP Basic",
        _pair_of_a_month,
    ),
    wire(
        "wrong-secret-is-400",
        "A token request with wrong credentials is answered 400, not 401.",
        "S2E-AUTH-09",
        "status of a refused token request",
        _bad_request,
    ),
    wire(
        "grant-type-not-checked",
        "Any grant_type, or none, gets a token.",
        "S2E-AUTH-10",
        "token request of another grant_type",
        _any_grant,
    ),
    policy(
        "tokens-never-expire",
        "A token works for ever, whatever expires_at says.",
        "S2E-AUTH-11 S2E-AUTH-12",
        _NeverExpiring,
    ),
    policy("short-tokens", "A token has 48 hex digits after se_, not 64.", "S2E-AUTH-13", _ShortTokens),
    wire(
        "form-grants-refused",
        "A token request has to be JSON: a form, as OAuth clients send it, is refused.",
        "S2E-AUTH-14",
        "token request by form",
        _no_forms,
    ),
    policy(
        "tokens-outlive-their-pair",
        "Revoking a pair ends HTTP Basic, while the tokens issued from it live on.",
        "S2E-AUTH-15",
        _TokensOutlive,
    ),
    policy(
        "secrets-not-tied-to-clients",
        "A client_id goes with the client_secret of any other client.",
        "S2E-AUTH-17",
        _AnySecret,
    ),
    policy(
        "tokens-stored-in-clear",
        "Tokens are stored as their text, and whoever sees the store sees them.",
        "S2E-SEC-02",
        _StoredInClear,
    ),
    policy(
        "refusals-not-audited",
        "The audit log has nothing of requests that were refused.",
        "S2E-AUDIT-01",
        _RefusalsUnaudited,
    ),
)
