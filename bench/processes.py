"""Processes that the bench starts: each on the servers' core, known by its pid, stopped at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import IO, Self

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]
_STOP_SECONDS = 10


class StartError(Exception):
    """A server did not come up; the text is what it said."""


class Server:
    """A server of ours or a bare one. The first line of its output ends with its URL."""

    def __init__(self, *arguments: str) -> None:
        self.started = perf_counter()
        self._process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        self._output: IO[str] = self._process.stdout
        first = self._output.readline()
        self.url = first.strip().rpartition(" ")[2]
        if not self.url.startswith("http://"):
            self.stop()
            raise StartError(first + self._output.read())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def cpu_seconds(self) -> float:
        """How long the server's one thread has been on a core, to the nanosecond."""
        return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[0]) / 1e9

    def resident_mb(self) -> float:
        """Memory in use, in megabytes of 10^6 bytes."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    def stop(self) -> float:
        """Ask it to end, and see it end; the seconds that took."""
        started = perf_counter()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return perf_counter() - started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def sandbox(*options: str) -> Server:
    """The server as `make serve` starts it, on any port."""
    return Server("sandbox", "serve", "--port", "0", "--users", "25", *options)
