"""What comes of a record: an outcome, and perhaps a welcome e-mail."""

from __future__ import annotations

from typing import Literal

import msgspec

from sandbox.clock import Instant
from sandbox.ids import Name


class WelcomeMail(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A welcome e-mail (S2E-ACCT-04); `temporary_password` only where a reset is forced too (S2E-ACCT-05)."""

    to: str
    name: str
    username: str
    organization: str
    sent_at: Instant
    size: int
    temporary_password: Name | None


class Outcome(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What became of one record: an employee stored, or the rule that refused it.

    `warnings` are (rule name, text); `external_id` is None where the record had none that is a text;
    `readings` names those that bore on it.
    """

    external_id: str | None
    status: Literal["CREATED", "UPDATED", "ERROR"]
    employee_id: str | None
    user_id: str | None
    warnings: tuple[tuple[str, str], ...]
    rule: str | None
    message: str | None
    ignored: tuple[str, ...]
    readings: tuple[str, ...] = ()

    def text_size(self) -> int:
        """How long all its texts are together, which only the request's size limits."""
        size = 0 if self.external_id is None else len(self.external_id)
        if self.message is not None:
            size += len(self.message)
        if self.warnings:
            size += sum(len(text) for _, text in self.warnings)
        return size + sum(map(len, self.ignored)) if self.ignored else size
