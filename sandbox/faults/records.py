"""The fault of single records: the vendor's "temporary database issues", which a retry of them gets over."""

from __future__ import annotations

from typing import Annotated

import msgspec

from sandbox.faults.fault import Act, Fault, Wrong

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
_Index = Annotated[int, msgspec.Meta(ge=0, le=499)]


class TransientDatabaseError(Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Records that the rules accept and the database does not."""

    name = "transient-database-error"
    says = (
        "Records of a batch that no rule refuses come back in `errors` and are not stored, the others go on: those of "
        "`ids` (externalEmployeeId), those at `indexes` (from 0), each with a `chance` from the seed; all where "
        "nothing of it is given. The vendor's page names the case and no text; `message` is another one."
    )
    points = ("before",)
    operations = frozenset({"syncEmployees"})

    ids: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=500)] | None = None
    indexes: Annotated[tuple[_Index, ...], msgspec.Meta(min_length=1, max_length=500)] | None = None
    chance: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    message: _Text = "Temporary database error, please retry"

    def check(self) -> None:
        """Chosen records are chosen, others drawn."""
        if self.chance is not None and (self.ids is not None or self.indexes is not None):
            raise Wrong("records are named or drawn, not both", "chance")

    async def before(self, act: Act) -> None:
        """Tell the database which records are in for it."""
        ids, indexes = frozenset(self.ids or ()), frozenset(self.indexes or ())
        chance, message = self.chance, self.message
        everybody = chance is None and self.ids is None and self.indexes is None
        earlier = act.call.trouble

        def trouble(index: int, external_id: str) -> str | None:
            first = None if earlier is None else earlier(index, external_id)
            if first is not None:
                return first
            if chance is not None and act.fraction("record", str(index)) < chance:
                return message
            return message if everybody or external_id in ids or index in indexes else None

        act.call.trouble = trouble


FAULTS: tuple[type[Fault], ...] = (TransientDatabaseError,)
