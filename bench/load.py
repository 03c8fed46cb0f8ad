"""Load from wrk, on a core of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import orjson

from bench.processes import LOAD_CORE, Server
from bench.records import MARK, NUMBER_FORMAT

# wrk calls this at the end: its figures as one line of JSON.
_DONE = """
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"microseconds":%d,"failures":%d}\\n', summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""
# The text lies between the marks once for all; a request joins it with its own number, which costs a
# fraction of what the server does meanwhile.
_NUMBERED = """
local pieces, marks, number = {}, 0, 0
function init(args)
  local text = io.open(args[1], "rb"):read("*a")
  local at = 1
  while true do
    local from, to = text:find("%(mark)s", at, true)
    pieces[#pieces + 1] = text:sub(at, (from or 0) - 1)
    if not from then break end
    pieces[#pieces + 1] = "%(mark)s"
    at = to + 1
  end
end
function request()
  number = number + 1
  local text = string.format("%(form)s", number)
  for i = 2, #pieces, 2 do pieces[i] = text end
  return wrk.format("POST", nil, nil, table.concat(pieces))
end
"""
_SAME = """
function init(args)
  wrk.body = io.open(args[1], "rb"):read("*a")
  wrk.method = "POST"
  same = wrk.format()
end
function request() return same end
"""


class LoadError(Exception):
    """Requests failed, so that the rate says nothing."""


class Rate(msgspec.Struct, frozen=True):
    """What one run of wrk measured, and what it cost the server."""

    per_second: float
    cpu_microseconds: float

    @property
    def busy(self) -> float:
        """The part of the time that the server was on a core: near 1, or load and neighbours held it up."""
        return self.per_second * self.cpu_microseconds / 1e6


class Load:
    """One kind of request: its headers, its body if any, and how many connections send it.

    A body that holds MARK is sent with another number at each request.
    """

    def __init__(self, folder: Path, name: str, connections: int, body: bytes | None = None) -> None:
        self.body = body
        self._connections = connections
        self._script = folder / f"{name}.lua"
        self._file = folder / f"{name}.json"
        if body is None:
            script = ""
        elif MARK.encode() in body:
            script = _NUMBERED % {"mark": MARK, "form": NUMBER_FORMAT}
        else:
            script = _SAME
        self._script.write_text(script + _DONE)
        self._file.write_bytes(body or b"")

    def run(self, server: Server, path: str, headers: dict[str, str], seconds: int) -> Rate:
        """Send as fast as answers come. Raises LoadError where one of them is not a success."""
        lines = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        before = server.cpu_seconds()
        output = subprocess.run(
            [
                *("taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{self._connections}", f"-d{seconds}s"),
                *("--timeout", "30s", "-s", str(self._script), *lines, server.url + path, "--", str(self._file)),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        spent = server.cpu_seconds() - before
        figures = orjson.loads(output.splitlines()[-1])
        if figures["failures"] or not figures["requests"]:
            raise LoadError(f"{path}: {figures['failures']} of {figures['requests']} requests failed\n{output}")
        return Rate(figures["requests"] / figures["microseconds"] * 1e6, spent / figures["requests"] * 1e6)
