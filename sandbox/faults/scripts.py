"""The fault that is another one from request to request."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from sandbox.faults.fault import Fault


class Scripted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer of a script: a fault with its parameters."""

    name: str
    parameters: dict[str, Any] = {}


class Script(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault a request."""

    name = "script"
    says = (
        'One of `answers` a request, in order: "pass" lets it through, anything else is a fault with its parameters. '
        "Then all pass, or with `repeat` it begins anew."
    )
    points = ("before", "after")
    in_process = "As each of its answers."

    answers: Annotated[tuple[Literal["pass"] | Scripted, ...], msgspec.Meta(min_length=1, max_length=1000)]
    repeat: bool = False

    def answer(self, number: int) -> Scripted | None:
        """What comes for the request of that number, None where it passes."""
        index = number - 1
        if index >= len(self.answers) and not self.repeat:
            return None
        answer = self.answers[index % len(self.answers)]
        return answer if isinstance(answer, Scripted) else None


FAULTS: tuple[type[Fault], ...] = (Script,)
