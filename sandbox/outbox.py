"""The outbox: the e-mails that a world would have sent."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from sandbox.clock import instant_text
from sandbox.rings import Ring
from sandbox.scan2evolve.outcomes import WelcomeMail

# Roughly what an e-mail takes in memory, in bytes, besides what can be long of it.
_MAIL_WEIGHT = 500


def new_outbox() -> Ring[WelcomeMail]:
    """An empty outbox."""
    return Ring(attrgetter("size"), base=_MAIL_WEIGHT)


def view(mail: WelcomeMail) -> dict[str, Any]:
    """An e-mail as `GET …/outbox` shows it; the one place where a temporary password is seen (S2E-ACCT-05)."""
    lines = [
        f"Hello {mail.name},",
        "",
        f"an account has been made for you at {mail.organization}.",
        f"Username: {mail.username}",
    ]
    if mail.temporary_password is not None:
        lines += [f"Temporary password: {mail.temporary_password}", "", "Change it at your first login."]
    shown = {
        "to": mail.to,
        "subject": f"Welcome to {mail.organization}",
        "body": "\n".join(lines) + "\n",
        "sent_at": instant_text(mail.sent_at),
    }
    if mail.temporary_password is not None:
        shown["temporaryPassword"] = mail.temporary_password
    return shown
