"""Recording: what a check sent, made into steps that can be sent again to any target.

Credentials, sites and the like become `${names}`, and so do values that an earlier answer gave and a later request
repeats: ids and tokens differ from target to target.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.cases import Request
from contracts.evidence import redact
from contracts.patterns import ANY, REST, Names, literal
from contracts.replay import Answered, names_of
from contracts.space import Space
from contracts.target import Sent, Wire

Path = tuple[str | int, ...]
# What a target makes up: long enough, with a digit, and no sentence.
_MADE_UP = re.compile(r"(?=\S*\d)[\w.:+-]{8,}")
_SECRET = re.compile(r"\b(se_|hrms_|cs_)[0-9a-f]{16,}")
# Names of these stand for whole texts only: they may be part of others.
_WORDS = re.compile(r"org\d\.(role|group|external_group)\d")
_LONGEST_CAME = 1_500
_OWN_HEADERS = frozenset({"x-sandbox-world", "authorization"})


@dataclass(frozen=True)
class Step:
    """A request, and what later ones take from its answer: (name, where in its body)."""

    request: Request
    takes: tuple[tuple[str, Path], ...] = ()


class Unfit(Exception):
    """What was sent cannot be made into a case; the text says why."""


def steps_of(wire: Wire, space: Space, prefix: str, *, keep_prefix: bool = False) -> list[Step]:
    """The requests on the wire's tape as steps. Raises Unfit.

    `keep_prefix`: identifiers stay as they were sent, for where their length or case matters.
    """
    names = names_of(space.credentials, prefix)
    if keep_prefix:
        del names["prefix"], names["PREFIX"]
    known = {value: name for name, value in reversed(names.items())}
    targets = len(known)
    made: list[Step] = []
    given: dict[str, tuple[int, Path]] = {}
    for sent in wire.tape:
        request = _request(sent, wire, known)
        for value in sorted(_texts_of(request), key=len, reverse=True):
            for text, (index, path) in list(given.items()):
                if text in value and text not in known:
                    name = f"{_word(path)}_{len(known) - targets + 1}"
                    known[text] = name
                    made[index] = Step(made[index].request, (*made[index].takes, (name, path)))
        request = _request(sent, wire, known)
        if not keep_prefix and any(prefix.casefold() in text.casefold() for text in _texts_of(request)):
            raise Unfit("identifiers were sent in other letters")
        if any(_SECRET.search(text) for text in _texts_of(request)):
            raise Unfit("a part of a secret was sent")
        made.append(Step(request))
        for path, text in leaves(Answered.of(sent.answer).body, ()):
            if _MADE_UP.fullmatch(text) and text not in known:
                given.setdefault(text, (len(made) - 1, path))
    return made


def came(answer: Answered) -> dict[str, Any]:
    """What a case says that came: the status, and the body without secrets where it is not too long."""
    text = redact(json.dumps(answer.body)) if answer.body is not ... else ""
    return {"status": answer.status} | ({"body": json.loads(text)} if 0 < len(text) <= _LONGEST_CAME else {})


def general(value: Any, known: Names) -> Any:
    """A value with everything known (text -> name) replaced by its name."""
    if isinstance(value, str):
        if value in known:
            return f"${{{known[value]}}}"
        return _with_names(value, known)
    if isinstance(value, dict):
        return {_with_names(key, known): general(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [general(inner, known) for inner in value]
    return value


def _with_names(text: str, known: Names) -> str:
    parts = {value: name for value, name in known.items() if not _WORDS.fullmatch(name) and value and value in text}
    if not parts:
        return literal(text)
    places = re.compile("|".join(re.escape(value) for value in sorted(parts, key=len, reverse=True)))
    shown, end = "", 0
    for place in places.finditer(text):
        shown += literal(text[end : place.start()]) + f"${{{parts[place[0]]}}}"
        end = place.end()
    return shown + literal(text[end:])


def pinned(path: Path, leaf: Any) -> Any:
    """A pattern that says what is at one place, and nothing of all others."""
    if not path:
        return leaf
    step, inner = path[0], pinned(path[1:], leaf)
    return {step: inner, REST: ANY} if isinstance(step, str) else [*[ANY] * step, inner, REST]


def both(one: Any, other: Any) -> Any:
    """A pattern that says what two of `pinned` say."""
    if isinstance(one, dict) and isinstance(other, dict):
        kept = {key: value for key, value in one.items() if key != REST}
        for key, value in other.items():
            kept[key] = both(kept[key], value) if key in kept else value
        return kept
    if isinstance(one, list) and isinstance(other, list):
        longer, shorter = sorted((one[:-1], other[:-1]), key=len, reverse=True)
        return [*(both(a, b) for a, b in zip(longer, shorter, strict=False)), *longer[len(shorter) :], REST]
    return other if one == ANY else one


def at(value: Any, path: Path) -> Any:
    """What is at a place of JSON, Ellipsis where there is no such place."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ...
    return value


def _request(sent: Sent, wire: Wire, known: Names) -> Request:
    """One request of the tape, with the names that are known so far."""
    for api in ("control", "scan2evolve", "hrms"):
        base = getattr(wire.target, api)
        if base is not None and sent.url.startswith(base):
            break
    else:
        raise Unfit(f"{sent.url} belongs to no API")
    path = sent.url[len(base) :]
    if api == "control":
        path = re.sub(r"^/worlds/[^/?]+", "", path)
        if path == "/clock/advance":
            return Request(advance=json.loads(sent.content or b"{}").get("seconds", 0))
    headers = {name.lower(): value for name, value in sent.headers.items()}
    acting = None if api == "control" else _acting(headers.get("authorization"), known)
    kept = {name: value for name, value in headers.items() if name not in _OWN_HEADERS}
    if acting is None and api != "control" and "authorization" in headers:
        kept["authorization"] = headers["authorization"]
    body, is_text = _body(sent.content, known)
    if (body is not ... or api == "control") and kept.get("content-type") == "application/json":
        del kept["content-type"]
    return Request(api, sent.method, general(path, known), acting, general(kept, known), body, is_text)


def _body(content: bytes | None, known: Names) -> tuple[Any, bool]:
    """(body, whether it is a text to be sent as it is)."""
    if content is None:
        return ..., False
    try:
        text = content.decode()
        body = json.loads(text)
    except UnicodeDecodeError:
        return content, False
    except (ValueError, RecursionError):
        return (_with_names(text, known), True) if text else (b"", False)
    if json.dumps(body).encode() != content:
        # Written in another way than replay writes: it may matter.
        return _with_names(text, known), True
    return general(body, known), False


def _acting(authorization: str | None, known: Names) -> str | None:
    """Whose credentials a header carries, None where it has none or is of another kind."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme == "Bearer" and value:
        name = known.get(value, "")
        return name.removesuffix(".token") if name.startswith("hrms.") else f"bearer {general(value, known)}"
    if scheme == "Basic":
        try:
            pair = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        client_id, colon, secret = pair.partition(":")
        names = known.get(client_id, ""), known.get(secret, "")
        if names[0].endswith(".client_id") and names[1] == names[0].replace("client_id", "client_secret"):
            return names[0].partition(".")[0]
        return f"basic {general(client_id, known)}:{general(secret, known)}" if colon and client_id else None
    return None


def _texts_of(request: Request) -> list[str]:
    body = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else request.body
    return [request.path, request.acting or "", *request.headers.values(), *(text for _, text in leaves(body, ()))]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """(where, text) of every text in JSON."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))


def _word(path: Path) -> str:
    """A name for what is at a place: its key, in lower case with underscores."""
    keys = [step for step in path if isinstance(step, str)]
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", keys[-1] if keys else "value").lower()
    return re.sub(r"[^a-z0-9_]", "_", word) if re.match(r"[a-z]", word) else "value"
