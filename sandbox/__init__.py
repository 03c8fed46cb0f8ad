"""A stateful sandbox of two SaaS APIs: an HRMS and Scan2Evolve."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.embedded import Sandbox

__all__ = ["Sandbox", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`Sandbox` is imported once it is asked for: it brings the whole server, and `import sandbox` costs nothing."""
    if name == "Sandbox":
        return importlib.import_module("sandbox.embedded").Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
