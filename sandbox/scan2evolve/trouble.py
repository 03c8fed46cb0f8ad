"""A database that fails for some records of a batch (S2E-ERR-03); a retry of them is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from sandbox.scan2evolve.employees import Batch
from sandbox.scan2evolve.outcomes import Outcome
from sandbox.scan2evolve.records import Record

#: From a record's place in the batch and its externalEmployeeId to the message of its error, None where it is stored.
Trouble = Callable[[int, str], str | None]


#: What stands for the rule in the outcome of such a record, and its claim.
RULE, CLAIM = "transient-database-error", "S2E-ERR-03"


class _Failed(Exception):
    """The transaction of a record is rolled back."""


class _Troubled(Batch):
    """The part of a batch that fails in the place of storing: whatever a rule refuses is refused by it as always."""

    trouble: Trouble
    _index = -1

    def run(self, records: Iterable[Any], metadata: Iterable[str | None] | None = None) -> tuple[Outcome, ...]:
        """Process all records, counting them."""
        return super().run(map(self._counted, records), metadata)

    def _counted(self, record: Any) -> Any:
        self._index += 1
        return record

    def _process(self, record: Record, metadata: str | None, raw: Any, ignored: tuple[str, ...]) -> Outcome:
        try:
            return super()._process(record, metadata, raw, ignored)
        except _Failed as failed:
            return Outcome(record.externalEmployeeId, "ERROR", None, None, (), RULE, str(failed), ignored)

    def _store(self, record: Record, *more: Any) -> Any:
        message = self.trouble(self._index, record.externalEmployeeId)
        if message is not None:
            raise _Failed(message)
        return super()._store(record, *more)


@lru_cache(maxsize=256)
def _kind(batch: type[Batch]) -> type[_Troubled]:
    return type("Batch", (_Troubled, batch), {})


def troubled(batch: type[Batch], trouble: Trouble) -> Callable[..., Batch]:
    """What makes batches of that kind of which some records fail."""

    def made(*arguments: Any) -> Batch:
        one = _kind(batch)(*arguments)  # type: ignore[arg-type]  # a class is hashable
        one.trouble = trouble
        return one

    return made
