"""What the plugin is told: options of the command line, of the ini file, and one environment variable."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, cast

import pytest

Mode: TypeAlias = Literal["socket", "process"]

_MODES = ("socket", "process")
_KEY_VARIABLE = "HRIS_SANDBOX_CONTROL_KEY"
_TEXTS = {
    "url": ("URL", "use the sandbox that runs there, which workers and sessions may share"),
    "ca": ("FILE", "certificate of its authority, where that is not known anyway"),
    "port": ("N", "let the sandbox of this process listen there; 0, the default, is any free port"),
    "journal_dir": ("DIR", "write the whole journal of each failed test's world there, as JSON"),
}


@dataclass(frozen=True)
class Options:
    """How the sandbox is reached, and where journals go; `url` is None for a sandbox of this process."""

    mode: Mode
    url: str | None
    control_key: str | None = field(repr=False)
    ca: str | None
    port: int
    journal_dir: Path | None


def add(parser: pytest.Parser) -> None:
    """The options, each of the command line and, but for the secret, of the ini file."""
    group = parser.getgroup("sandbox", "a sandbox of the HRMS and Scan2Evolve for tests (hris-sandbox)")
    mode = "how the fixtures' clients reach the sandbox: over a socket, or within this process"
    group.addoption("--sandbox-mode", choices=_MODES, help=mode)
    parser.addini("sandbox_mode", f"{mode} ({', '.join(_MODES)})", default="socket")
    for name, (metavar, says) in _TEXTS.items():
        group.addoption(f"--sandbox-{name.replace('_', '-')}", metavar=metavar, help=says)
        parser.addini(f"sandbox_{name}", says, default="")
    group.addoption(
        "--sandbox-control-key", metavar="KEY", help=f"control key of a sandbox that demands one; or {_KEY_VARIABLE}"
    )


def read(config: pytest.Config) -> Options:
    """The options in force: the command line's before the ini file's. Raises pytest.UsageError."""

    def text(name: str) -> str | None:
        return config.getoption(f"sandbox_{name}") or config.getini(f"sandbox_{name}") or None

    mode, url, folder = text("mode"), text("url"), text("journal_dir")
    if mode not in _MODES:
        raise pytest.UsageError(f"sandbox_mode: {mode!r} is none of {', '.join(_MODES)}")
    if url is not None and mode == "process":
        raise pytest.UsageError(f"the sandbox at {url} is not in this process: give --sandbox-mode=socket, or no URL")
    port = text("port") or "0"
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise pytest.UsageError(f"--sandbox-port: {port!r} is no port from 0 to 65535")
    if int(port) and getattr(config.option, "dist", "no") != "no":
        raise pytest.UsageError(
            f"--sandbox-port: each worker of pytest-xdist has a sandbox of its own, and they cannot share port {port}: "
            "leave out -n, or start one sandbox and give its --sandbox-url"
        )
    return Options(
        mode=cast("Mode", mode),
        url=url,
        control_key=config.getoption("sandbox_control_key") or os.environ.get(_KEY_VARIABLE) or None,
        ca=text("ca"),
        port=int(port),
        journal_dir=None if folder is None else config.invocation_params.dir / folder,
    )
