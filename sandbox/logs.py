"""The server's log: text for people, or one JSON object a line."""

from __future__ import annotations

import asyncio
import logging
import sys

import orjson

LEVELS = ("debug", "info", "warning", "error")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message and, where there is one, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def _is_news(record: logging.LogRecord) -> bool:
    """Whether it is more than that a request was still under way when the server was stopped, which ends it."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError) and "graceful shutdown exceeded" not in str(record.msg)


def configure(level: str, form: str) -> None:
    """Send everything from `level` up to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonFormatter() if form == "json" else text)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # A malformed request is answered and not our fault; how uvicorn starts and stops, the banner tells.
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.setLevel(max(logging.ERROR, root.level))
    uvicorn.addFilter(_is_news)
