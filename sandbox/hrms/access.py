"""What an application token opens: its environment, its scopes, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sandbox.hrms.directory import Directory
from sandbox.hrms.tokens import ApplicationToken, Environment

Lack = Literal["environment", "scope"]


class Access:
    """The policy of one world; it keeps nothing itself."""

    #: Whether X-Environment must be there and be valid (HRMS-ENV-01, HRMS-ENV-02).
    environment_counts = True

    def lack(self, token: ApplicationToken, environment: str | None, scopes: frozenset[str]) -> Lack | None:
        """What a token lacks for an operation of these scopes (HRMS-ENV-03, then HRMS-AUTH-03), None if nothing."""
        if environment != token.environment:
            return "environment"
        return None if scopes.issubset(token.scopes) else "scope"

    def directory(self, directories: Mapping[Environment, Directory], token: ApplicationToken) -> Directory:
        """The data of the token's environment (HRMS-ENV-04)."""
        return directories[token.environment]

    def kept(self, token: ApplicationToken, text: str) -> ApplicationToken:  # noqa: ARG002 - the text is kept nowhere
        """A new token as it is stored, without its text (HRMS-AUTH-05)."""
        return token

    def revoke(self, tokens: dict[str, ApplicationToken], token: ApplicationToken) -> None:
        """End a token (HRMS-AUTH-06)."""
        del tokens[token.digest]
