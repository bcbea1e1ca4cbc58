from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.errors import Rejected
from schemas.event import DEPTH_MAX, NAME_OF_TYPE, Event, read_event


def read(**fields: Any) -> Event:
    return read_event(json.dumps({"type": "track", "event": "viewed", "userId": "u1"} | fields).encode())


def reason(value: bytes | None) -> str:
    with pytest.raises(Rejected) as refused:
        read_event(value)
    assert refused.value.reason.stage == "lane"
    return refused.value.reason.code


def nested(levels: int, inner: bytes = b"") -> bytes:
    """A record of so many levels: the record itself is the first."""
    return b'{"type":"page","userId":"u1","properties":' + b"[" * (levels - 1) + inner + b"]" * (levels - 1) + b"}"


def test_a_track_event_is_known_by_its_event() -> None:
    event = read(id="m-1", timestamp=1_764_000_000_123)

    assert (event.name, event.routing_id, event.id, event.stated_ms) == ("viewed", "user:u1", "m-1", 1_764_000_000_123)


@pytest.mark.parametrize(("kind", "name"), NAME_OF_TYPE.items())
def test_any_other_type_is_known_by_the_type(kind: str, name: str) -> None:
    assert read(type=kind, event="viewed").name == name == f"${kind}"


@pytest.mark.parametrize("identity", ["", None, 7, ["m"], True])
def test_an_id_that_is_empty_or_no_text_is_missing(identity: Any) -> None:
    assert read(id=identity).id is None
    assert read().id is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"null",
        b'"track"',
        b"7",
        b'{"type":"page","userId":"u1"} x',
        b'{"type":"page","userId":"u1","properties":{"x":NaN}}',
        b'{"type":"page","userId":"u1","properties":{"x":1e400}}',
        b'{"type":"page","userId":"u1","properties":{"x":' + b"9" * 5_000 + b"}}",
        b'{"type":"page","userId":"\\ud800"}',
        b'{"type":"page","userId":"\xff"}',
        b'\xef\xbb\xbf{"type":"page","userId":"u1"}',
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_json_object_in_utf_8_is_not_json(value: bytes | None) -> None:
    assert reason(value) == "not-json"


@pytest.mark.parametrize("kind", [b"", b'"type":"click",', b'"type":null,', b'"type":["track"],', b'"type":"",', b'"type":"Track",'])
def test_an_unknown_type_is_refused(kind: bytes) -> None:
    assert reason(b"{" + kind + b'"userId":"u1","event":"e"}') == "unknown-type"


@pytest.mark.parametrize("name", [b"", b',"event":""', b',"event":null', b',"event":7', b',"event":["e"]'])
def test_a_track_event_needs_a_name(name: bytes) -> None:
    assert reason(b'{"type":"track","userId":"u1"' + name + b"}") == "name-missing"


@pytest.mark.parametrize(
    "who",
    [
        b"",
        b'"userId":"",',
        b'"userId":7,"anonymousId":null,',
        b'"ids":{},',
        b'"ids":["a"],',
        b'"ids":{"":"a","wx":"","qq":7},',
    ],
)
def test_an_event_about_nobody_is_refused(who: bytes) -> None:
    assert reason(b"{" + who + b'"type":"page"}') == "person-missing"


def test_an_unreadable_time_is_told_before_a_missing_person() -> None:
    assert reason(b'{"type":"page","timestamp":null}') == "time-unreadable"


@pytest.mark.parametrize(
    "stated",
    [
        None,
        True,
        1.5,
        1764000000123.0,
        [],
        {},
        "",
        "1764000000123",
        "2026-11-22",
        "2026-11-22T08:00:00",
        "2026-11-22T08",
        "2026-11-22T08Z",
        "20261122T080000Z",
        "2026-W47-7T08:00:00Z",
        "2026-02-30T08:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T08:00:60Z",
        "2026-11-22T08:00:00+24:00",
        "2026-11-22T08:00:00+08:60",
        "2026-11-22T08:00:00.Z",
        "2026-11-22T08:00:00Z ",
        "２026-11-22T08:00:00Z",
        "2026-11-22T08:00:00Z" + "0" * 100,
    ],
)
def test_a_timestamp_that_is_neither_whole_milliseconds_nor_iso_8601_with_an_offset_is_refused(stated: Any) -> None:
    with pytest.raises(Rejected) as refused:
        read(timestamp=stated, receivedAt=1)

    assert refused.value.reason.code == "time-unreadable"
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01 00:00:00Z", 0),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1970-01-01T08:00:00+0800", 0),
        ("1970-01-01T08:00:00+08", 0),
        ("1969-12-31T18:30:00-05:30", 0),
        ("1970-01-01T00:00:00.1Z", 100),
        ("1970-01-01T00:00:00,123Z", 123),
        ("1970-01-01T00:00:00.1239999999Z", 123),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-11-22T08:00:00.123Z", 1_795_334_400_123),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140_000),
        ("9999-12-31T23:59:59.999-23:59", 253_402_387_139_999),
    ],
)
def test_iso_8601_with_an_offset_is_read_to_the_millisecond_and_the_rest_is_cut_off(text: str, milliseconds: int) -> None:
    assert read(timestamp=text).stated_ms == milliseconds


def test_without_a_timestamp_the_time_of_receipt_counts_and_without_both_nothing_is_stated() -> None:
    assert read(receivedAt=5).stated_ms == 5
    assert read(receivedAt="1970-01-01T00:00:00.005Z").stated_ms == 5
    assert read(timestamp=4, receivedAt=5).stated_ms == 4
    assert read().stated_ms is None


@pytest.mark.parametrize("stated", [0, -1, 10**30, -(10**30)])
def test_a_whole_number_of_any_size_is_a_time(stated: int) -> None:
    assert read(timestamp=stated).stated_ms == stated


@pytest.mark.parametrize("inner", [b"", b"1"])
def test_sixty_four_levels_are_read_and_sixty_five_are_not(inner: bytes) -> None:
    assert DEPTH_MAX == 64
    assert read_event(nested(64, inner)).name == "$page"
    assert read_event(nested(64, inner).replace(b'"userId"', b'"context":[[],{}],"userId"')).name == "$page"
    assert reason(nested(65, inner)) == "too-nested"


def test_objects_and_lists_count_alike_as_levels() -> None:
    pairs = b'{"a":[' * 31
    assert read_event(nested(1, pairs + b"[]" + b"]}" * 31)).name == "$page"
    assert reason(nested(2, pairs + b"[]" + b"]}" * 31)) == "too-nested"


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert read(properties={"items": [{"n": at} for at in range(500)]}).name == "viewed"


def test_brackets_in_a_text_are_no_levels() -> None:
    assert read(properties={"text": "[{" * 500, '["\\[{': '"[{\\"' * 100}).name == "viewed"


def test_what_nobody_reads_counts_as_levels_too() -> None:
    assert reason(nested(65).replace(b"properties", b"unread")) == "too-nested"


def test_nesting_that_no_stack_could_hold_is_refused_and_not_fatal() -> None:
    assert reason(nested(200_000)) == "too-nested"


def test_whole_numbers_beyond_a_double_stay_exact() -> None:
    assert read(properties={"n": 2**70 + 1}).wire.properties == {"n": 2**70 + 1}


def test_of_equal_keys_the_last_counts() -> None:
    assert read_event(b'{"type":"page","userId":"a","userId":"b"}').routing_id == "user:b"


@pytest.mark.parametrize(("kind", "told"), [("x" * 100, 60), (7, 1), (None, 4), ([1], 4)])
def test_a_refusal_tells_what_it_found_in_few_words(kind: Any, told: int) -> None:
    with pytest.raises(Rejected) as refused:
        read(type=kind)

    assert refused.value.detail.startswith("type is ")
    assert len(refused.value.detail) <= len("type is ") + told
