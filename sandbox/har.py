"""The journal as an HTTP Archive (HAR 1.2), for the network panels of browsers and for tools that read such files.

What the journal does not know is said so as the format says it: sizes of heads are -1. Durations are 0, since none are
measured: the same requests make the same file. Secrets are blacked out as they are in the journal.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl, quote

from sandbox import __version__
from sandbox.clock import instant_text
from sandbox.journal import MAX_BODY, Body, Entry, header_pairs

_COMMENT = "Times are those of the world's clock. Durations are not measured: all are 0."
_UNREAD = "It was answered before its body was read."
_NO_TEXT = "It was no UTF-8: what could not be read is U+FFFD here."
_NOT_DELIVERED = {"part": "The client got part of this.", "nothing": "The client got nothing of this."}
_UNKNOWN_TYPE = "x-unknown"
_HTTP_VERSION = "HTTP/1.1"
_HOST = re.compile(r"[A-Za-z0-9.-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
# What may stand in a URI as it is; a percent sign was sent as one.
_PATH_SAFE = "/%:@!$&'()*+,;="
_QUERY_SAFE = _PATH_SAFE + "?"


def archive(world: str, scheme: str, entries: Iterable[tuple[Entry, dict[str, Any]]]) -> dict[str, Any]:
    """The archive of entries, each with its view in the journal; `scheme` is that of the server's URLs."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "hris-sandbox", "version": __version__},
            "pages": [],
            "entries": [_entry(world, scheme, entry, view) for entry, view in entries],
            "comment": _COMMENT,
        }
    }


def _entry(world: str, scheme: str, entry: Entry, view: dict[str, Any]) -> dict[str, Any]:
    kept = ("id", "api", "operation", "credential", "decision", "notes", "faults", "delivered", "records")
    return {
        "startedDateTime": instant_text(entry.act.at),
        "time": 0,
        "request": _request(scheme, entry),
        "response": _response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_sandbox": {"world": world} | {key: view[key] for key in kept},
    }


def _request(scheme: str, entry: Entry) -> dict[str, Any]:
    headers = list(header_pairs(entry.request_head))
    query = entry.query.decode("latin-1")
    pairs = parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="replace")
    request: dict[str, Any] = {
        "method": entry.method,
        "url": _url(scheme, _header(headers, "host"), entry),
        "httpVersion": _HTTP_VERSION,
        "cookies": [],
        "headers": _named(headers),
        "queryString": _named(pairs),
        "headersSize": -1,
        "bodySize": entry.request.size,
    }
    if entry.request.size:
        text, comments = _text(entry.request)
        posted = {"mimeType": _header(headers, "content-type") or _UNKNOWN_TYPE}
        if text is None:
            text = entry.request.head.decode("utf-8", "replace")
            comments.append(_NO_TEXT)
        request["postData"] = posted | {"text": text} | _commented(comments)
    elif _header(headers, "content-length") not in (None, "0") or _header(headers, "transfer-encoding"):
        request |= {"bodySize": -1, "comment": _UNREAD}
    return request


def _response(entry: Entry) -> dict[str, Any]:
    headers = list(header_pairs(entry.response_head))
    text, comments = _text(entry.response)
    content: dict[str, Any] = {
        "size": entry.response.size,
        "mimeType": _header(headers, "content-type") or _UNKNOWN_TYPE,
    }
    if text is None:
        content |= {"text": base64.b64encode(entry.response.head).decode(), "encoding": "base64"}
    else:
        content["text"] = text
    return {
        "status": entry.act.status,
        "statusText": responses.get(entry.act.status, ""),
        "httpVersion": _HTTP_VERSION,
        "cookies": [],
        "headers": _named(headers),
        "content": content | _commented(comments),
        "redirectURL": _header(headers, "location") or "",
        "headersSize": -1,
        "bodySize": entry.response.size,
    } | _commented([_NOT_DELIVERED[entry.delivered]] if entry.delivered in _NOT_DELIVERED else [])


def _url(scheme: str, host: str | None, entry: Entry) -> str:
    """Where the request went; a Host that could not stand in a URL is left out of it."""
    place = host if host is not None and _HOST.fullmatch(host) else "localhost"
    query = f"?{quote(entry.query, safe=_QUERY_SAFE)}" if entry.query else ""
    return f"{scheme}://{place}{quote(entry.path, safe=_PATH_SAFE)}{query}"


def _text(body: Body) -> tuple[str | None, list[str]]:
    """What is kept of a body as text, None where it is none; and what there is to say about it."""
    comments = []
    cut = body.size > MAX_BODY
    if cut:
        comments.append(f"It had {body.size} bytes, of which the journal keeps the first {MAX_BODY}.")
    try:
        return body.head.decode(), comments
    except UnicodeDecodeError as error:
        # The cut may have gone through the middle of a character.
        if cut and error.end == len(body.head) and error.reason == "unexpected end of data":
            return body.head[: error.start].decode(), comments
        return None, comments


def _header(headers: Sequence[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name), None)


def _named(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _commented(comments: list[str]) -> dict[str, str]:
    return {"comment": " ".join(comments)} if comments else {}
