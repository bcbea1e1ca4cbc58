"""The JSON Schema of events says what the reader reads and what the collector writes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collectors.normalise import TYPES, Arrival, normalise
from schemas.errors import Rejected
from schemas.event import NAME_OF_TYPE, WireEvent, iso_ms, read_event
from schemas.event_schema import COLLECTED, event_schema
from tests.corpus.generate import malformed, shop_events, ticking
from tests.unit.schemas.definitions.validator import is_valid

SCHEMA = event_schema()
NOW_MS = 1_764_000_000_000
ARRIVAL = Arrival(NOW_MS, "shop-web", "segment", "203.0.113.9", "Mozilla/5.0", "zh-CN")
VIEWED = {"type": "track", "event": "viewed", "userId": "u1"}


def valid(body: Any) -> bool:
    return is_valid(body, SCHEMA, SCHEMA)


def collected(body: Any) -> bool:
    return is_valid(body, SCHEMA["$defs"]["collected"], SCHEMA)


def written(kind: str, **call: Any) -> dict[str, Any]:
    """What the collector makes of a call."""
    event: dict[str, Any] = json.loads(normalise({"userId": "u1", **call}, kind, None, ARRIVAL)[1])
    return event


def test_there_is_a_schema_for_each_type_and_each_field() -> None:
    kinds = {"track", *NAME_OF_TYPE}
    assert {kind for kind in SCHEMA["$defs"] if kind in kinds} == kinds
    assert set(COLLECTED) == TYPES
    for kind in kinds:
        assert SCHEMA["$defs"][kind]["properties"].keys() == set(WireEvent.__struct_fields__)


def test_whatever_shoppers_do_holds() -> None:
    shop = shop_events(7, 40, ticking(NOW_MS, 13))
    bodies = [json.loads(next(shop).value) for _ in range(2_000)]
    assert {body["type"] for body in bodies} >= {"track", "page", "identify", "tag", "untag"}
    assert [body for body in bodies if not valid(body)] == []


@pytest.mark.parametrize("kind", sorted(TYPES))
@pytest.mark.parametrize(
    "call",
    [
        {},
        {"userId": 7, "anonymousId": "a-9", "messageId": "m-1", "timestamp": "2026-11-22T08:00:00Z", "properties": {"price": 129.0}},
        {
            "userId": None,
            "ids": {"wx_unionid": "oU", "wx_openid:wx123": 7, "": "x"},
            "traits": {"city": None},
            "integrations": {"All": False},
        },
        {"name": "home", "category": "shop", "groupId": "g", "previousId": "a-1", "context": {"traits": {"a": 1}, "page": {"url": "/"}}},
    ],
    ids=["least", "much", "other ids", "lifted"],
)
def test_what_the_collector_writes_holds_in_its_narrower_schema_too(kind: str, call: dict[str, Any]) -> None:
    event = written(kind, event="viewed", **{"userId": "u1", **call})
    assert collected(event)
    assert valid(event)


@pytest.mark.parametrize(
    "field", ["id", "type", "event", "timestamp", "receivedAt", "source", "protocol", "properties", "traits", "context"]
)
def test_the_collector_leaves_nothing_out(field: str) -> None:
    event = written("track", event="viewed")
    del event[field]
    assert not collected(event)


@pytest.mark.parametrize(
    "change", [{"timestamp": "2026-11-22T08:00:00Z"}, {"tags": {}}, {"integrations": {}}, {"type": "tag"}, {"ids": {}}], ids=str
)
def test_the_collector_writes_nothing_else(change: dict[str, Any]) -> None:
    assert not collected(written("track", event="viewed") | change)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"type": "track", "userId": "u1"},
        VIEWED | {"event": ""},
        VIEWED | {"event": 7},
        VIEWED | {"type": "click"},
        VIEWED | {"userId": ""},
        VIEWED | {"userId": 7},
        VIEWED | {"timestamp": "2026-11-22T08:00:00"},
        VIEWED | {"timestamp": "2026-13-22T08:00:00Z"},
        VIEWED | {"timestamp": "2026-11-22T24:00:00Z"},
        VIEWED | {"timestamp": None},
        VIEWED | {"timestamp": 1.5},
        VIEWED | {"properties": []},
        VIEWED | {"traits": "city"},
        {"type": "track", "event": "viewed"},
        {"type": "page", "ids": {}},
        {"type": "page", "ids": {"": "x"}},
        {"type": "page", "ids": {"wx": 7}},
        {"type": "alias", "userId": "u1", "previousId": 7},
        {"type": "tag", "userId": "u1"},
        {"type": "tag", "userId": "u1", "tags": ["vip"]},
        {"type": "untag", "userId": "u1", "tags": {"vip": True}},
        {"type": "tag", "userId": "u1", "tags": {"vip": {"weight": "2"}}},
    ],
    ids=str,
)
def test_what_is_malformed_does_not_hold(body: Any) -> None:
    assert not valid(body)


@pytest.mark.parametrize(
    "body",
    [
        VIEWED,
        VIEWED | {"timestamp": NOW_MS, "receivedAt": "2026-11-22T08:00:00.123+08:00", "anything": [1]},
        {"type": "page", "anonymousId": "a-9"},
        {"type": "alias", "userId": "u1", "previousId": "a-9"},
        {"type": "screen", "ids": {"wx_openid:wx123": "oP"}},
        {"type": "tag", "userId": "u1", "tags": {"vip": {"weight": 1}, "likes:red": {}, "interest:shoes": None}},
        {"type": "untag", "userId": "u1", "tags": {"vip": {}}},
    ],
    ids=str,
)
def test_what_holds_is_read(body: dict[str, Any]) -> None:
    assert valid(body)
    read_event(json.dumps(body).encode())


def test_what_the_schema_takes_and_the_reader_refuses_has_to_do_with_depth_bytes_or_the_calendar_alone() -> None:
    taken = 0
    for value in malformed(3, 4_000, doubtful=True):
        try:
            body = json.loads(value or b"")
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict) and len(value or b"") < 5_000 and valid(body):
            taken += 1
            assert reason_of(value) in {None, "too-nested", "not-json"} or not is_whole_or_text(
                body.get("timestamp", body.get("receivedAt"))
            ), body
    assert taken > 1_000


def reason_of(value: bytes | None) -> str | None:
    try:
        read_event(value)
    except Rejected as refused:
        return refused.reason.code
    return None


def is_whole_or_text(stated: Any) -> bool:
    """False for 1.0, which JSON Schema takes for a whole number, and for a date that no calendar has."""
    if isinstance(stated, str):
        try:
            iso_ms(stated)
        except Rejected:
            return False
    return not isinstance(stated, float)
