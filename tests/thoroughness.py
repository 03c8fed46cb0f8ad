"""How much the property tests try: the same few examples in every `make test`, many new ones in `make fuzz`."""

from __future__ import annotations

import os

#: `make fuzz` sets it: so many times the examples, and others for each seed.
VARIABLE = "FUZZ_FACTOR"
FACTOR = int(os.environ.get(VARIABLE, "1"))


def examples(number: int) -> int:
    """How many examples a test tries that tries `number` in `make test`."""
    return number * FACTOR
