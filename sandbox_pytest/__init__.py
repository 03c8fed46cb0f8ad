"""The pytest plugin of hris-sandbox: a world for each test, and what a test needs to point code at it.

pytest loads `sandbox_pytest.plugin` by its entry point wherever hris-sandbox is installed. The names here are the
types of its fixtures: `sandbox` is a SandboxWorld, `hrms` and `scan2evolve` are called like their types, and
`sandbox_server` is a SandboxServer.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox_pytest.apis import Hrms, Scan2Evolve
    from sandbox_pytest.server import SandboxServer
    from sandbox_pytest.world import SandboxWorld

__all__ = ["Hrms", "SandboxServer", "SandboxWorld", "Scan2Evolve"]

_PLACES = {"Hrms": "apis", "Scan2Evolve": "apis", "SandboxServer": "server", "SandboxWorld": "world"}


def __getattr__(name: str) -> Any:
    """A type is imported once it is asked for: sessions that do not use the plugin load it, too."""
    if name in _PLACES:
        return getattr(importlib.import_module(f"sandbox_pytest.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
