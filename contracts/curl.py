"""A regression case as a shell script of curl commands, to be handed to whoever has only a shell.

The script takes the target from environment variables: `SANDBOX`, the base URL of a sandbox, in which it makes
a world and deletes it at the end; or `HRMS` and `SCAN2EVOLVE`, and for each name of the case that is the target's
own a variable (`ORG0_CLIENT_ID` …). It needs bash, curl and jq. It prints what was expected beside what comes; it
judges nothing.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterator
from typing import Any

from contracts.cases import Case, Request
from contracts.patterns import REST, names_in

_MARKS = ("${any}", "${rest}", "${absent}")
_TOP = """\
#!/usr/bin/env bash
# {says}
# Claims: {claims}. Made from the regression case {name}.
# Target: SANDBOX=http://127.0.0.1:8080, or HRMS=…, SCAN2EVOLVE=… and the variables named below.
set -euo pipefail
SANDBOX=${{SANDBOX:-}} CONTROL_KEY=${{CONTROL_KEY:-}} world=
answer=$(mktemp)
ask() {{ curl -sS -o "$answer" -w '%{{http_code}}\\n' "$@"; cat "$answer"; echo; }}
json='Content-Type: application/json'
control() {{ curl -sS ${{CONTROL_KEY:+-H "Authorization: Bearer $CONTROL_KEY"}} -H "$json" "$@"; }}
finish() {{ rm -f "$answer"; [ -z "$world" ] || control -X DELETE "$SANDBOX/_sandbox/worlds/$world" > /dev/null; }}
trap finish EXIT
PREFIX=${{PREFIX:-replay-$$}}
if [ -n "$SANDBOX" ]; then
  made=$(control -X POST "$SANDBOX/_sandbox/worlds" --data-raw {wishes})
  held() {{ jq -er "$1" <<< "$made"; }}
  world=$(held .id) HRMS=$SANDBOX/hrms/api SCAN2EVOLVE=$SANDBOX/scan2evolve CONTROL=$SANDBOX/_sandbox/worlds/$world
  IN_WORLD="X-Sandbox-World: $world"
{held}
else
  IN_WORLD="X-Sandbox-World:"
{wanted}
fi
"""
_HELD = {
    "client_id": ".client_id",
    "client_secret": ".client_secret",
    "organization_id": ".organization_id",
    "site": ".sites[{}].id",
    "role": '.roles | map(select(ascii_downcase != "site_manager"))[{}]',
    "group": ".groups[{}].groupName",
    "external_group": ".groups | map(.externalGroupId | select(. != null))[{}]",
}


def script(case: Case) -> str:
    """The script; it shows what the target answers, and what the case expects."""
    wishes = {"seed": case.seed, "now": case.now, "frozen": case.frozen, "readings": case.readings}
    wishes["limits"] = {"scan2evolve": None, "hrms": None}
    own = sorted(_names_of_target(case))
    held = "\n".join(f"  {_variable(name)}=$(held {shlex.quote(_place(name))})" for name in own)
    apis = sorted({request.api.upper() for request in case.requests if not request.needs_control})
    wanted = [*apis, *map(_variable, own)]
    if any(request.needs_control for request in case.requests):
        wanted.insert(0, "SANDBOX")
    top = _TOP.format(
        says=" ".join(case.says.split()),
        claims=", ".join(case.claims),
        name=case.name,
        wishes=shlex.quote(json.dumps(wishes)),
        held=held or "  :",
        wanted="\n".join(f'  : "${{{name}:?}}"' for name in wanted) or "  :",
    )
    return top + "\n" + "\n".join(_lines(case)) + "\n"


def _names_of_target(case: Case) -> set[str]:
    names = {name for request in case.requests for name in names_in([request.texts(), request.expected])}
    for request in case.requests:
        acting = request.acting or ""
        if acting.startswith("org"):
            names |= {f"{acting}.client_id", f"{acting}.client_secret"}
        if acting.startswith("hrms"):
            names.add(f"{acting}.token")
    return {name for name in names if name.startswith(("org", "hrms.")) and "." in name}


def _variable(name: str) -> str:
    """The shell variable of a name; the prefix in lower case is `prefix`."""
    return {"PREFIX": "PREFIX_UPPER", "prefix": "PREFIX"}.get(name, name.upper().replace(".", "_"))


def _place(name: str) -> str:
    """The jq program that finds one of the target's names in the answer that made the world."""
    owner, _, what = name.partition(".")
    if owner == "hrms":
        return f'first(.hrms.tokens[] | select(.environment == "{what.partition(".")[0]}")).token'
    kind = what.rstrip("0123456789")
    return f".scan2evolve.organizations[{owner[3:]}] | " + _HELD[kind].format(what[len(kind) :])


def _lines(case: Case) -> Iterator[str]:
    yield 'PREFIX_UPPER=$(tr a-z A-Z <<< "$PREFIX")'
    used = {name for request in case.requests for name in names_in(request.texts())}
    for number, request in enumerate(case.requests, 1):
        yield f"\necho '# {number} of {len(case.requests)}'"
        if request.advance is not None:
            seconds = json.dumps({"seconds": request.advance})
            yield f'control -X POST "$CONTROL/clock/advance" --data-raw {shlex.quote(seconds)}; echo'
            continue
        yield " ".join(_command(request))
        if request.expected:
            shown = json.dumps(request.expected, ensure_ascii=False)
            yield f"echo {shlex.quote(f'# expected: {shown}')}"
        for name, way in _captures(request.expected.get("body"), ""):
            if name in used:
                yield f'{_variable(name)}=$(jq -er {shlex.quote(way)} "$answer")'


def _command(request: Request) -> Iterator[str]:
    yield f"ask -X {request.method}"
    if request.api == "control":
        yield '${CONTROL_KEY:+-H "Authorization: Bearer $CONTROL_KEY"}'
    else:
        yield '-H "$IN_WORLD"'
    if request.acting is not None:
        scheme, _, rest = request.acting.partition(" ")
        if scheme == "bearer":
            yield f"-H {_quoted(f'Authorization: Bearer {rest}')}"
        elif scheme.startswith("hrms"):
            yield f"-H {_quoted(f'Authorization: Bearer ${{{scheme}.token}}')}"
        else:
            yield f"-u {_quoted(rest or f'${{{scheme}.client_id}}:${{{scheme}.client_secret}}')}"
    headers = {name.lower(): value for name, value in request.headers.items()}
    if request.body is not ...:
        headers = {"content-type": "application/json"} | headers
    for name, value in headers.items():
        yield f"-H {_quoted(f'{name}: {value}')}"
    if isinstance(request.body, bytes):
        yield f"--data-binary @<(base64 -d <<< {base64.b64encode(request.body).decode()})"
    elif request.body is not ...:
        text = request.body if request.is_text else json.dumps(request.body, ensure_ascii=False)
        yield f"--data-raw {_quoted(str(text))}"
    yield f'"${request.api.upper()}"{_quoted(request.path)}'


def _quoted(pattern: str) -> str:
    """A text for the shell in which names are variables and nothing else has a meaning."""
    parts = []
    rest = pattern
    for name in dict.fromkeys(names_in(pattern)):
        rest = rest.replace(f"${{{name}}}", f"\0{name}\0")
    for index, part in enumerate(rest.split("\0")):
        if index % 2:
            parts.append(f'"${{{_variable(part)}}}"')
        elif part:
            parts.append(shlex.quote(part.replace("$${", "${")))
    return "".join(parts) or "''"


def _captures(pattern: Any, way: str) -> Iterator[tuple[str, str]]:
    """(name, jq path) of each name that an answer gives a meaning: where it is the whole of a text."""
    if isinstance(pattern, str):
        names = list(names_in(pattern))
        if len(names) == 1 and pattern == f"${{{names[0]}}}" and "." not in names[0] and names[0].lower() != "prefix":
            yield names[0], way
    elif isinstance(pattern, dict):
        for key, inner in pattern.items():
            if key != REST and inner not in _MARKS:
                yield from _captures(inner, f"{way}[{json.dumps(key)}]" if way else f".[{json.dumps(key)}]")
    elif isinstance(pattern, list):
        for index, inner in enumerate(pattern):
            yield from _captures(inner, f"{way}[{index}]" if way else f".[{index}]")
