"""The command as users run it: a process of its own, with waits that end."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

CHECKOUT = Path(__file__).parent.parent
START_SECONDS = 20.0
MODULE = (sys.executable, "-m", "sandbox")


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without the server's own variables, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HRIS_SANDBOX_")}
    return kept | dict(more or {})


class Process:
    """A running server: its address, its first lines, and what it has logged."""

    def __init__(self, popen: subprocess.Popen[str], log: IO[str]) -> None:
        self.popen = popen
        self._log = log
        self.first_line = self._line()
        match = re.search(r"https?://\S+", self.first_line)
        assert match, f"{self.first_line!r} {self.log()}"
        self.url = match[0]

    def _line(self) -> str:
        assert self.popen.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.popen.stdout, selectors.EVENT_READ)
            assert selector.select(START_SECONDS), f"the server says nothing: {self.log()}"
        return self.popen.stdout.readline()

    def log(self) -> str:
        """Standard error so far."""
        self._log.seek(0)
        return self._log.read()

    def resident_bytes(self) -> int:
        """The memory that it holds."""
        pages = Path(f"/proc/{self.popen.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def started(
    *options: str,
    environment: Mapping[str, str] | None = None,
    command: tuple[str, ...] = MODULE,
    folder: Path = CHECKOUT,
) -> Iterator[Process]:
    """`serve` with these options; ended, if it has not ended by itself, when the block is left."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        popen = subprocess.Popen(
            [*command, "serve", *options],
            cwd=folder,
            env=clean_environment(environment),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield Process(popen, log)
        finally:
            if popen.poll() is None:
                popen.kill()
            popen.wait(10)
            if popen.stdout is not None:
                popen.stdout.close()


def completed(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    command: tuple[str, ...] = MODULE,
    folder: Path = CHECKOUT,
) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, and soon."""
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
