"""Patterns: names filled in, names met, and what differs told in one line."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.patterns import Names, UnknownName, fill, literal, match, names_in

KNOWN = {"prefix": "run-1", "org0.site0": "ff1223ac"}
AGREEING: list[tuple[Any, Any]] = [
    (1, 1),
    (1.0, 1),
    (None, None),
    ("${prefix}-1", "run-1-1"),
    ("a${any}z", "abcz"),
    ("${any}", {"of": ["any", "kind"]}),
    ({"a": 1, "${rest}": "${any}"}, {"a": 1, "b": 2}),
    ({"a": "${absent}", "b": 1}, {"b": 1}),
    ([1, "${rest}"], [1, 2, 3]),
    ([1, "${rest}"], [1]),
    (["${among}", 3, {"x": "${any}"}], [1, {"x": 2}, 3]),
    ("$${prefix}", "${prefix}"),
    ("it costs $5 {or} so", "it costs $5 {or} so"),
    (["${one}", "${two}", "${one}"], ["a", "b", "a"]),
    ("${one}:${two}", "left:right"),
]
DISAGREEING: list[tuple[Any, Any, str]] = [
    (1, 2, "the whole: expected 1, got 2"),
    (True, 1, "the whole: expected true, got 1"),
    (0, False, "the whole: expected 0, got false"),
    (None, "", 'the whole: expected null, got ""'),
    ({"a": {"b": "${prefix}"}}, {"a": {"b": "x"}}, 'a.b: expected "run-1", got "x"'),
    ({"a": 1}, {"a": 1, "b": 2}, "b: expected no such key, got 2"),
    ({"a": 1}, {}, "a: expected 1, got no such key"),
    ({"a": "${absent}"}, {"a": None}, "a: expected no such key, got null"),
    ([1], [1, 2], "the whole: expected [1], got [1, 2]"),
    ([{"a": 1}, "${rest}"], [{"a": 2}], "[0].a: expected 1, got 2"),
    ([1, 2, "${rest}"], [1], 'the whole: expected [1, 2, "${rest}"], got [1]'),
    (["${among}", 4], [1, 2], "the whole: expected one like 4, got [1, 2]"),
    (["${one}", "${one}"], ["a", "b"], '[1]: expected "a", got "b"'),
    (["${one}", "${two}"], ["a", "a"], '[1]: expected another text than ${one}, got "a"'),
    ("${one}", 5, 'the whole: expected "${one}", got 5'),
    ("a.c", "abc", 'the whole: expected "a.c", got "abc"'),
]


@pytest.mark.parametrize(("pattern", "value"), AGREEING)
def test_pattern_of_such_a_value_matches(pattern: Any, value: Any) -> None:
    """A pattern lets through what it says, and what it leaves open."""
    assert match(pattern, value, dict(KNOWN)) is None


@pytest.mark.parametrize(("pattern", "value", "told"), DISAGREEING)
def test_pattern_of_another_value_says_where_and_what(pattern: Any, value: Any, told: str) -> None:
    """The first place that differs is told with what was expected and got."""
    assert str(match(pattern, value, dict(KNOWN))) == told


def test_name_met_first_stands_for_what_was_there() -> None:
    """An unknown name takes the text, and is known from then on."""
    names: Names = dict(KNOWN)
    assert (
        match({"id": "${employee}", "note": "made as ${employee}"}, {"id": "e-1", "note": "made as e-1"}, names) is None
    )
    assert names == KNOWN | {"employee": "e-1"}
    assert fill("/users/${employee}?at=${org0.site0}", names) == "/users/e-1?at=ff1223ac"


def test_names_of_an_element_that_does_not_match_are_not_met() -> None:
    """Among several elements only the one that matches gives names their meaning."""
    names: Names = {}
    assert (
        match(["${among}", {"id": "${id}", "ok": True}], [{"id": "a", "ok": False}, {"id": "b", "ok": True}], names)
        is None
    )
    assert names == {"id": "b"}


def test_unknown_name_cannot_be_filled_in() -> None:
    """What stands for nothing cannot be sent."""
    with pytest.raises(UnknownName, match=r"^employee$"):
        fill({"id": ["${employee}"]}, dict(KNOWN))


def test_literal_text_survives_filling_and_matching() -> None:
    """A text that looks like a name stands for itself once it is made literal."""
    text = "pay ${prefix} in $ and ${}"
    assert fill(literal(text), dict(KNOWN)) == text
    assert match(literal(text), text, dict(KNOWN)) is None


def test_names_are_found_in_keys_and_values() -> None:
    """All names are listed, those with a meaning of their own left out."""
    assert list(names_in({"${a}": ["${b}-${c.d}"], "x": "${any}", "${rest}": "${absent}", "y": "$${e}"})) == [
        "a",
        "b",
        "c.d",
    ]


def test_malformed_name_is_told() -> None:
    """A brace that opens no name is an error, not a text."""
    with pytest.raises(ValueError, match=r"has a name that is not like \$\{name\}"):
        list(names_in("${not a name}"))
