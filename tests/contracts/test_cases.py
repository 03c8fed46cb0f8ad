"""Regression cases as files: read strictly, written as they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.cases import BadCase, as_text, cases_at, load

GOOD: dict[str, Any] = {
    "version": 1,
    "name": "a-case",
    "claims": ["S2E-BATCH-11"],
    "says": "A new employee is CREATED.",
    "readings": {"role-case": "exact"},
    "seed": 3,
    "clock": {"now": "2024-11-18T10:30:00.000Z", "frozen": False},
    "found": {"check": "batch.something"},
    "requests": [
        {"advance": 1.5},
        {
            "api": "scan2evolve",
            "method": "POST",
            "path": "/api/v1/sync/employees",
            "as": "org0",
            "headers": {"x-extra": "${prefix}"},
            "body": {"employees": [{"externalEmployeeId": "${prefix}-1"}]},
            "expected": {
                "status": 200,
                "headers": {"allow": "${absent}"},
                "body": {"id": "${id}", "${rest}": "${any}"},
            },
            "came": {"status": 500},
        },
        {"api": "hrms", "method": "GET", "path": "/v1/users/${id}", "as": "hrms.staging", "expected": {"status": 404}},
        {"api": "scan2evolve", "method": "POST", "path": "/x", "as": "basic a:b", "body_text": "id=${org1.client_id}"},
        {"api": "control", "method": "POST", "path": "/x", "as": "bearer ${id}", "body_base64": "AP8="},
    ],
}


def request(**fields: Any) -> dict[str, Any]:
    """A case of one request, with these fields in place of its own; ... takes one away."""
    own = {"api": "hrms", "method": "GET", "path": "/v1/users", "expected": {"status": 200}} | fields
    return GOOD | {"requests": [{key: value for key, value in own.items() if value is not ...}]}


def without(key: str) -> dict[str, Any]:
    """The good case without a key."""
    return {name: value for name, value in GOOD.items() if name != key}


BAD: dict[str, tuple[Any, str]] = {
    "array": ([GOOD], "the case must be an object"),
    "version missing": (without("version"), "version must be 1, not None"),
    "version to come": (GOOD | {"version": 2}, "version must be 1, not 2"),
    "unknown key": (GOOD | {"sead": 1}, "the case has sead, which is not known here"),
    "name missing": (without("name"), "the case: name must be a text"),
    "name": (GOOD | {"name": "../up"}, "name '../up' must be of a-z, 0-9 and -"),
    "claims missing": (without("claims"), "claims must be an array of IDs"),
    "claim": (GOOD | {"claims": ["S2E-NO-1"]}, "claims must be an array of IDs"),
    "claims": (GOOD | {"claims": [["S2E-BATCH-11"]]}, "claims must be an array of IDs"),
    "says": (without("says"), "the case: says must be a text"),
    "reading": (GOOD | {"readings": {"no": "x"}}, "readings: no = x is none of"),
    "value": (GOOD | {"readings": {"role-case": "EXACT"}}, "readings: role-case = EXACT is none of"),
    "seed": (GOOD | {"seed": -1}, "seed must be an integer"),
    "seed true": (GOOD | {"seed": True}, "seed must be an integer"),
    "clock": (GOOD | {"clock": {"now": 5}}, "clock.now must be a text"),
    "clock key": (GOOD | {"clock": {"then": "x"}}, "clock has then, which is not known here"),
    "found": (GOOD | {"found": []}, "found must be an object"),
    "requests missing": (without("requests"), "requests must be an array that is not empty"),
    "no request": (GOOD | {"requests": []}, "requests must be an array that is not empty"),
    "request": (GOOD | {"requests": [5]}, r"requests\[0\] must be an object"),
    "nothing expected": (request(expected=...), "no request says what is expected"),
    "request key": (request(bdy=1), r"requests\[0\] has bdy, which is not known here"),
    "api": (request(api="crm"), r"requests\[0\].api must be one of hrms"),
    "method": (request(method="get"), r"requests\[0\].method must be one of GET"),
    "path": (request(path="v1"), r"requests\[0\].path must begin with /"),
    "as": (request(**{"as": "me"}), r"requests\[0\].as must be orgN"),
    "headers": (request(headers={"a": 1}), r"requests\[0\].headers must hold texts"),
    "two bodies": (request(body={}, body_text="x"), r"requests\[0\] has both body and body_text"),
    "base64": (request(body_base64="%%"), r"requests\[0\].body_base64 is no base64"),
    "expected": (request(expected={"state": 1}), r"requests\[0\].expected has state"),
    "status": (request(expected={"status": "200"}), r"requests\[0\].expected.status must be an integer"),
    "advance": (GOOD | {"requests": [{"advance": -1}]}, r"requests\[0\].advance must be seconds"),
    "advance and more": (GOOD | {"requests": [{"advance": 1, "api": "hrms"}]}, r"requests\[0\] has api"),
    "name not met": (request(path="/v1/users/${user}"), r"requests\[0\] has \$\{user\}, which no earlier answer"),
    "name met later": (request(path="/${id}", expected={"body": "${id}"}), r"requests\[0\] has \$\{id\}"),
    "no name": (request(path="/${}"), r".* has a name that is not like \$\{name\}"),
}


def written(folder: Path, content: Any) -> Path:
    """A file that holds that as JSON."""
    path = folder / "case.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_good_case_is_read_and_written_alike(tmp_path: Path) -> None:
    """What is written is what was read, key for key."""
    case = load(written(tmp_path, GOOD))
    assert json.loads(as_text(case)) == GOOD
    assert case.writes
    assert [request.needs_control for request in case.requests] == [True, False, False, False, True]


def test_case_that_only_asks_for_tokens_does_not_write(tmp_path: Path) -> None:
    """A token request changes no data, so it may be sent anywhere."""
    asked = request(api="scan2evolve", method="POST", path="/api/v1/auth/token", body={})
    assert not load(written(tmp_path, asked)).writes


@pytest.mark.parametrize(("content", "told"), BAD.values(), ids=BAD)
def test_bad_case_is_told_in_one_line(tmp_path: Path, content: Any, told: str) -> None:
    """A file that is no case is refused with its name and the place."""
    path = written(tmp_path, content)
    with pytest.raises(BadCase, match=f"case .*case.json: {told}") as error:
        load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": "\udc80"}'], ids=["empty", "cut", "deep", "surrogate"])
def test_file_that_is_no_json_is_told(tmp_path: Path, text: str) -> None:
    """Broken JSON ends in one line, too."""
    path = tmp_path / "case.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(BadCase, match=r"case .*case.json is not JSON: "):
        load(path)


def test_missing_file_and_empty_folder_are_told(tmp_path: Path) -> None:
    """A place without a case is refused."""
    with pytest.raises(BadCase, match="No such file or directory"):
        cases_at((str(tmp_path / "none.json"),))
    with pytest.raises(BadCase, match="holds no case"):
        cases_at((str(tmp_path),))
