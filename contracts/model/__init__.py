"""The reference model: what one world must answer and hold, said plainly, without HTTP.

It follows the description of both APIs rule by rule and takes no shortcut for speed. Each thing that it
expects names the claims it comes from, so that a difference says which claim is broken. Ids are symbols:
the target makes them, the model remembers the first that it saw.
"""

from __future__ import annotations

from contracts.model.answers import Difference, answer_differences, error_differences
from contracts.model.state import Mail, Organization, Symbol, World
from contracts.model.sync import Answer, sync
from contracts.model.views import Seen, state_differences

__all__ = [
    "Answer",
    "Difference",
    "Mail",
    "Organization",
    "Seen",
    "Symbol",
    "World",
    "answer_differences",
    "error_differences",
    "state_differences",
    "sync",
]
