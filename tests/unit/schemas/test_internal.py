from __future__ import annotations

import pytest

from schemas.errors import Rejected
from schemas.internal import (
    CLOCK_HEADERS,
    CLOCK_VALUE,
    DEFINITIONS_HEADERS,
    HEADER,
    ClockRecord,
    DefinitionsRecord,
    definitions_value,
    read_internal,
)


def test_what_is_written_is_read() -> None:
    assert read_internal(CLOCK_VALUE) == ClockRecord()
    assert read_internal(definitions_value(3, "prepare")) == DefinitionsRecord(3, "prepare")
    assert read_internal(definitions_value(4, "activate")) == DefinitionsRecord(4, "activate")


def test_the_header_names_the_record() -> None:
    assert CLOCK_HEADERS == ((HEADER, b"clock"),)
    assert DEFINITIONS_HEADERS == ((HEADER, b"definitions"),)
    assert HEADER == "ebbtide-internal"


def test_keys_that_a_later_version_adds_are_passed_over() -> None:
    assert read_internal(b'{"type":"$clock","at":1}') == ClockRecord()


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"type":"clock"}',
        b'{"type":"$merge"}',
        b'{"type":"$definitions"}',
        b'{"type":"$definitions","version":"1","phase":"activate"}',
        b'{"type":"$definitions","version":1.5,"phase":"activate"}',
        b'{"type":"$definitions","version":true,"phase":"activate"}',
        b'{"type":"$definitions","version":1,"phase":"undo"}',
        b'{"type":"$definitions","version":4611686018427387904,"phase":"prepare"}',
        b'{"type":"$clock","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_record_that_this_version_does_not_know_is_refused(value: bytes | None) -> None:
    with pytest.raises(Rejected) as refused:
        read_internal(value)

    assert refused.value.reason.code == "unreadable-internal"
