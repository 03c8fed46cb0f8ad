"""The short way into employee sync: what it takes, it reads as the long way does."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from sandbox.jsontext import InvalidJson, decode
from sandbox.scan2evolve import records
from tests.scan2evolve import strategies
from tests.thoroughness import examples

ODD_VALUES = (
    b"01", b"1.", b".5", b"+1", b"1e5", b"-0", b"-0.0", b"NaN", b"1e999", b"1e-400", b"18446744073709551615",
    b"18446744073709551616", b"-9223372036854775809", b"123456789012345678901.5", b'"\\ud800"', b'"\\ud83d\\ude00"',
    b'"\xff"', b'"\xed\xa0\x80"', b'"\t"', b'"\x7f"', b"[" * 300 + b"]" * 300, b'{"a":1,"a":2}', b"tru", b"1 x",
)  # fmt: skip


def short_and_long(body: bytes) -> tuple[Any, Any]:
    """The employees as the short way reads them, None if it does not; and as the long way does, None if it refuses."""
    short = records.read_batch(body)
    try:
        whole = decode(body)
    except InvalidJson:
        whole = None
    if short is None:
        return None, whole
    batch, texts = short
    read = msgspec.to_builtins(batch)
    for record, text in zip(read["employees"], texts, strict=True):
        assert ("metadata" in record) == (text is not None)
        if text is not None:
            assert orjson.loads(text) == record["metadata"]
    return read, whole


@pytest.mark.parametrize("value", ODD_VALUES)
def test_odd_value_in_metadata_is_read_alike_or_left_to_the_long_way(value: bytes) -> None:
    """No value is taken that the long way refuses, and none is read as another one (S2E-BATCH-15)."""
    short, whole = short_and_long(b'{"employees":[{"externalEmployeeId":"E","metadata":{"v":' + value + b"}}]}")
    assert short is None or short == whole


@settings(max_examples=examples(300))
@given(st.lists(strategies.plain_records | strategies.broken_records(), max_size=4), st.data())
def test_batch_is_read_alike_or_left_to_the_long_way(batch: list[Any], data: st.DataObject) -> None:
    """Good bodies, and bodies with a byte changed, are read as the long way reads them, or left to it."""
    body = bytearray(orjson.dumps({"employees": batch}))
    if data.draw(st.booleans()):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    short, whole = short_and_long(bytes(body))
    event("long" if short is None else "short")
    assert short is None or short == whole


def test_fields_of_the_typed_record_are_those_of_the_rules() -> None:
    """The typed record and the table that the rules of shape follow name the same fields, nested ones too."""

    def names(kind: Any) -> Any:
        if isinstance(kind, dict):
            return {key: names(value) for key, value in kind.items()}
        return [names(kind[0])] if isinstance(kind, list) else None

    def fields(struct: type[msgspec.Struct]) -> Any:
        return {field.name: nested(field.type) for field in msgspec.structs.fields(struct)}

    def nested(kind: Any) -> Any:
        for part in (kind, *getattr(kind, "__args__", ())):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                return fields(part)
            if getattr(part, "__origin__", None) is list:
                return [nested(part.__args__[0])]
        return None

    assert fields(records.Record) == names(records.KNOWN_FIELDS)


@pytest.mark.parametrize("employees", [[], [{"externalEmployeeId": str(n)} for n in range(501)]])
def test_batch_of_an_unusual_size_is_left_to_the_long_way(employees: list[Any]) -> None:
    """Empty batches and those of more than 500 records go to the rules of the envelope (S2E-BATCH-02)."""
    assert records.read_batch(orjson.dumps({"employees": employees})) is None
