from __future__ import annotations

import msgspec
import pytest

from schemas.errors import Rejected
from schemas.internal import (
    CLOCK_HEADERS,
    CLOCK_VALUE,
    DEFINITIONS_HEADERS,
    ERASE_HEADERS,
    HEADER,
    LIST_HEADERS,
    LIST_VERSION_MAX,
    ClockRecord,
    DefinitionsRecord,
    EraseRecord,
    ListRecord,
    SplitRecord,
    definitions_value,
    erase_value,
    list_value,
    read_internal,
    split_value,
)


def test_what_is_written_is_read() -> None:
    assert read_internal(CLOCK_VALUE) == ClockRecord()
    assert read_internal(definitions_value(3, "prepare")) == DefinitionsRecord(3, "prepare")
    assert read_internal(definitions_value(4, "activate")) == DefinitionsRecord(4, "activate")
    assert read_internal(list_value("vip", 5, "user:u1", named=True)) == ListRecord("vip", 5, {"user:u1": True})
    assert read_internal(list_value("vip", 6, "wx:1:o:", named=False)) == ListRecord("vip", 6, {"wx:1:o:": False})
    assert read_internal(erase_value("user:u1")) == EraseRecord("user:u1")
    assert erase_value("user:u1") == b'{"type":"$erase","id":"user:u1"}'
    assert list_value("vip", 5, "user:u1", named=True) == b'{"type":"$list","id":"vip","version":5,"add":["user:u1"]}'


def test_a_split_is_read_as_it_was_written() -> None:
    sides = (("user:u1",), ("anon:a",))
    cut = (("user:u1", "anon:a"),)
    split = SplitRecord("user:u1", 1_764_000_000_000, 3, cut, sides, "anon:a", ("AA==", "AQ=="), (7, 8), 5, (("ab", 9),))

    assert read_internal(split_value(split)) == split
    assert not split.is_recount
    assert msgspec.structs.replace(split, sides=(sides[0], ())).is_recount


def test_a_list_names_several_in_order_and_whom_it_adds_it_does_not_remove() -> None:
    value = b'{"type":"$list","id":"vip","version":1,"remove":["a:1","a:2"],"add":["a:3","a:1","a:3"]}'
    read = read_internal(value)

    assert isinstance(read, ListRecord)
    assert list(read.named.items()) == [("a:3", True), ("a:1", True), ("a:2", False)]
    assert read_internal(b'{"type":"$list","id":"vip","version":%d}' % LIST_VERSION_MAX) == ListRecord("vip", 2**53 - 1, {})


def test_the_header_names_the_record() -> None:
    assert CLOCK_HEADERS == ((HEADER, b"clock"),)
    assert DEFINITIONS_HEADERS == ((HEADER, b"definitions"),)
    assert LIST_HEADERS == ((HEADER, b"list"),)
    assert ERASE_HEADERS == ((HEADER, b"erase"),)
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
        b'{"type":"$list","version":1,"add":["user:u1"]}',
        b'{"type":"$list","id":"VIP","version":1,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip\\n","version":1,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":0,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":9007199254740992,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":true,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":1,"add":["u1"]}',
        b'{"type":"$list","id":"vip","version":1,"add":["user:"]}',
        b'{"type":"$list","id":"vip","version":1,"remove":[":u1"]}',
        b'{"type":"$list","id":"vip","version":1,"remove":[7]}',
        b'{"type":"$erase"}',
        b'{"type":"$erase","id":"u1"}',
        b'{"type":"$erased","to":"user:u1"}',
        b'{"type":"$definitions","version":4611686018427387904,"phase":"prepare"}',
        b'{"type":"$clock","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_record_that_this_version_does_not_know_is_refused(value: bytes | None) -> None:
    with pytest.raises(Rejected) as refused:
        read_internal(value)

    assert refused.value.reason.code == "unreadable-internal"
