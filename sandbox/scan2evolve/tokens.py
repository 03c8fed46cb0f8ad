"""Scan2Evolve's credentials and the access tokens issued from them."""

from __future__ import annotations

import msgspec

from sandbox.clock import Instant
from sandbox.ids import Ids, Name, digest

TOKEN_SECONDS = 86_400
_TOKEN_MS = TOKEN_SECONDS * 1000
# Expired tokens go first when there are more.
_MAX_TOKENS = 10_000


class Credential(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A client_id and the digest of its secret (S2E-AUTH-17, S2E-SEC-02)."""

    id: Name
    organization: str
    client_id: Name
    secret_digest: str
    name: str | None
    created_at: Instant


class AccessToken(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """An issued token by its digest; instants in milliseconds."""

    digest: str
    client_id: str
    issued_at: Instant
    last_used_at: Instant


class TokensState(msgspec.Struct, forbid_unknown_fields=True):
    """Credentials and tokens in a snapshot, secrets only as digests."""

    credentials: list[Credential]
    tokens: list[AccessToken]


class Tokens:
    """All credentials and access tokens of one world."""

    def __init__(self) -> None:
        self.credentials: dict[str, Credential] = {}
        self.tokens: dict[str, AccessToken] = {}

    def check_secret(self, client_id: str, secret: str) -> Credential | None:
        """The credential, if the pair is right (S2E-AUTH-08, S2E-AUTH-09)."""
        credential = self.credentials.get(client_id)
        if credential is None or credential.secret_digest != digest(secret):
            return None
        return credential

    def issue(self, credential: Credential, ids: Ids, now: int) -> str:
        """A new token's text; older ones stay as they are (S2E-AUTH-01)."""
        text = ids.access_token()
        if len(self.tokens) >= _MAX_TOKENS:
            self._drop_some(now)
        key = digest(text)
        self.tokens[key] = AccessToken(key, credential.client_id, now, now)
        return text

    def _drop_some(self, now: int) -> None:
        for key in [k for k, t in self.tokens.items() if now >= t.last_used_at + _TOKEN_MS]:
            del self.tokens[key]
        while len(self.tokens) >= _MAX_TOKENS:
            del self.tokens[next(iter(self.tokens))]

    def use(self, token_digest: str, now: int, sliding: bool, counts: bool = True) -> Credential | None:
        """The credential behind a live token, which is used now if that `counts`.

        Dead at exactly 24 hours from its issue, or from its last use if `sliding` (S2E-AUTH-12).
        """
        token = self.tokens.get(token_digest)
        if token is None or now >= (token.last_used_at if sliding else token.issued_at) + _TOKEN_MS:
            return None
        if counts:
            token.last_used_at = now
        return self.credentials.get(token.client_id)

    def end(self, token_digest: str) -> None:
        """End one token, if it is there."""
        self.tokens.pop(token_digest, None)

    def revoke(self, credential: Credential) -> None:
        """End a credential and every token issued from it (S2E-AUTH-15)."""
        del self.credentials[credential.client_id]
        self.tokens = {k: t for k, t in self.tokens.items() if t.client_id != credential.client_id}

    def state(self) -> TokensState:
        """For a snapshot."""
        tokens = [msgspec.structs.replace(token) for token in self.tokens.values()]
        return TokensState(list(self.credentials.values()), tokens)

    def restore(self, state: TokensState) -> None:
        """Back to what a snapshot held."""
        self.credentials = {c.client_id: c for c in state.credentials}
        self.tokens = {t.digest: t for t in state.tokens}
