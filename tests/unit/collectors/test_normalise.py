"""From a client's call to the event on the topic."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.normalise import TYPES, Arrival, as_id, corrected_ms, normalise, read_sent_ms, read_time_ms
from schemas.errors import Rejected
from schemas.event import read_event

NOW_MS = 1_764_000_000_000
ARRIVAL = Arrival(NOW_MS, "shop-web", "segment", "203.0.113.9", "Mozilla/5.0", "zh-CN")


def event_of(call: dict[str, Any], kind: str = "track", sent_ms: int | None = None) -> dict[str, Any]:
    event: dict[str, Any] = orjson.loads(normalise({"userId": "u1", "event": "viewed", **call}, kind, sent_ms, ARRIVAL)[1])
    return event


def reason_of(call: dict[str, Any], kind: object = "track") -> str:
    with pytest.raises(Rejected) as refusal:
        normalise(call, kind, None, ARRIVAL)
    return refusal.value.reason.code


def test_an_event_has_exactly_the_fields_of_the_contract() -> None:
    assert event_of(
        {"messageId": "m-1", "anonymousId": "a-9", "integrations": {"All": False}, "unknown": 1, "properties": {"price": 129.0}}
    ) == {
        "id": "m-1",
        "type": "track",
        "event": "viewed",
        "userId": "u1",
        "anonymousId": "a-9",
        "timestamp": NOW_MS,
        "receivedAt": NOW_MS,
        "source": "shop-web",
        "protocol": "segment",
        "properties": {"price": 129.0},
        "traits": {},
        "context": {"ip": "203.0.113.9", "userAgent": "Mozilla/5.0", "locale": "zh-CN"},
    }


def test_what_the_client_says_of_itself_is_not_overwritten() -> None:
    context = {"ip": "198.51.100.1", "userAgent": "app", "locale": "en"}
    assert event_of({"context": dict(context)})["context"] == context


@pytest.mark.parametrize(("value", "text"), [(7, "7"), (7.0, "7"), (7.5, "7.5"), (-1, "-1"), ("7", "7")])
def test_ids_that_are_numbers_become_text(value: object, text: str) -> None:
    assert event_of({"userId": value})["userId"] == text


@pytest.mark.parametrize("value", [None, "", True, [], {}, ["u1"]])
def test_what_is_neither_text_nor_number_is_no_id(value: object) -> None:
    assert as_id(value) is None
    assert reason_of({"userId": value, "event": "viewed"}) == "missing-person"


def test_another_namespace_is_enough_to_say_who_it_is() -> None:
    who, value = normalise({"event": "x", "ids": {"wx_unionid": "oU", "": "x", "none": None}}, "track", None, ARRIVAL)
    assert who == "wx_unionid:oU"
    assert orjson.loads(value)["ids"] == {"wx_unionid": "oU"}


@pytest.mark.parametrize(
    ("call", "kind", "reason"),
    [
        ({"userId": "u"}, "track", "missing-name"),
        ({"userId": "u", "event": ""}, "track", "missing-name"),
        ({"userId": "u", "event": 7}, "track", "missing-name"),
        ({"event": "x"}, "track", "missing-person"),
        ({"userId": "u"}, "tag", "bad-shape"),
        ({"userId": "u"}, None, "bad-shape"),
        ({"userId": "u"}, ["track"], "bad-shape"),
        ({"userId": "u", "properties": []}, "page", "bad-shape"),
        ({"userId": "u", "traits": "x"}, "identify", "bad-shape"),
        ({"userId": "u", "context": 1}, "page", "bad-shape"),
        ({"userId": "u", "timestamp": "yesterday"}, "page", "bad-time"),
        ({"userId": "u", "timestamp": True}, "page", "bad-time"),
        ({"userId": "u", "timestamp": 10**18}, "page", "bad-time"),
    ],
)
def test_what_cannot_be_accepted_has_its_reason(call: dict[str, Any], kind: object, reason: str) -> None:
    assert reason_of(call, kind) == reason


def test_a_clients_name_may_not_look_like_ours() -> None:
    assert event_of({"event": "$page"})["event"] == "_$page"


def test_what_segment_keeps_beside_properties_moves_into_them_and_never_over_them() -> None:
    page = event_of({"name": "Home", "category": "Docs", "properties": {"name": "own"}}, "page")
    assert page["properties"] == {"name": "own", "category": "Docs"}
    assert "event" not in page
    assert event_of({"previousId": "a-1"}, "alias")["properties"] == {"previousId": "a-1"}
    assert event_of({"groupId": "g", "traits": {"plan": "pro"}}, "group")["properties"] == {"groupId": "g"}


def test_an_alias_keeps_whom_it_joins_as_an_id_too() -> None:
    assert event_of({"previousId": 7}, "alias")["previousId"] == "7"
    assert "previousId" not in event_of({"previousId": [7]}, "alias")
    assert "previousId" not in event_of({"previousId": "a-1"}, "identify")


def test_traits_of_identify_may_stand_in_the_context() -> None:
    event = event_of({"context": {"traits": {"city": "X"}}}, "identify")
    assert event["traits"] == {"city": "X"}
    assert "traits" not in event["context"]


def test_a_clock_that_is_an_hour_behind_is_corrected() -> None:
    hour = 3_600_000
    assert event_of({"timestamp": NOW_MS - hour - 5_000}, sent_ms=NOW_MS - hour)["timestamp"] == NOW_MS - 5_000


@given(stated=st.integers(-(10**14), 10**14), sent=st.none() | st.integers(-(10**14), 10**14), received=st.integers(0, 10**14))
def test_a_corrected_time_is_never_in_the_future_and_keeps_the_distance_to_sending(stated: int, sent: int | None, received: int) -> None:
    corrected = corrected_ms(stated, sent, received)
    assert corrected <= received
    if sent is not None and stated <= sent:
        assert received - corrected == sent - stated


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:01.999999Z", 1_999),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1970-01-01T00:00:02", 2_000),
        ("1970-01-02", 86_400_000),
        (1_500, 1_500),
        (1_500.9, 1_500),
    ],
)
def test_times_are_read_to_the_whole_millisecond(text: object, milliseconds: int) -> None:
    assert read_time_ms(text) == milliseconds


def test_an_unreadable_time_of_sending_only_costs_the_correction() -> None:
    assert read_sent_ms("nonsense") is None
    assert read_sent_ms(None) is None


def test_the_same_call_again_has_the_same_id_whenever_it_is_sent() -> None:
    call = {"timestamp": "2026-11-22T08:00:00Z", "properties": {"a": 1, "b": 2}}
    first = event_of({**call, "sentAt": "2026-11-22T08:00:01Z", "writeKey": "k"})
    again = event_of({**call, "sentAt": "2026-11-22T09:00:00Z", "properties": {"b": 2, "a": 1}})
    other = event_of({**call, "properties": {"a": 1, "b": 3}})
    assert first["id"] == again["id"] != other["id"]


def test_without_a_time_of_its_own_a_call_is_never_taken_for_a_repeat() -> None:
    assert event_of({})["id"] != event_of({})["id"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
field_names = st.sampled_from(
    ["userId", "anonymousId", "ids", "event", "timestamp", "originalTimestamp", "messageId", "properties", "traits", "context", "name", "x"]
)


@given(
    call=st.dictionaries(field_names, json_values, max_size=8), kind=st.sampled_from(sorted(TYPES)), sent=st.none() | st.integers(0, 10**13)
)
def test_whatever_comes_is_refused_with_a_reason_or_is_an_event_that_a_lane_can_read(
    call: dict[str, Any], kind: str, sent: int | None
) -> None:
    try:
        who, value = normalise(orjson.loads(orjson.dumps(call)), kind, sent, ARRIVAL)
    except Rejected:
        return
    event = read_event(value)
    assert event.routing_id == who
    assert event.id
    assert event.stated_ms is not None
    assert event.stated_ms <= NOW_MS


PREFERENCES = {"consent": {"categoryPreferences": {"analytics": True, "marketing": False}}}


def test_consent_where_segments_libraries_put_it_becomes_the_trait() -> None:
    assert event_of({"context": PREFERENCES})["traits"] == {"consent": {"analytics": True, "marketing": False}}
    assert event_of({"context": PREFERENCES, "traits": {"city": "Oslo"}}, "identify")["traits"]["city"] == "Oslo"
    assert event_of({"context": PREFERENCES})["context"]["consent"] == PREFERENCES["consent"]


def test_a_trait_that_the_call_states_itself_stands_and_a_groups_traits_are_left_alone() -> None:
    said = {"consent": {"marketing": True}}
    assert event_of({"context": PREFERENCES, "traits": said}, "identify")["traits"] == said
    assert event_of({"context": PREFERENCES, "groupId": "g"}, "group")["traits"] == {}


@pytest.mark.parametrize("consent", [None, [], "yes", {}, {"categoryPreferences": None}, {"categoryPreferences": {}}])
def test_what_states_no_consent_adds_no_trait(consent: Any) -> None:
    assert event_of({"context": {"consent": consent}})["traits"] == {}


def test_a_number_that_no_reader_takes_is_refused() -> None:
    for call in ({"properties": {"a": 10**30}}, {"properties": {"a": 10**30}, "timestamp": 1}):
        with pytest.raises(Rejected) as refusal:
            normalise({"userId": "u1", "event": "viewed", **call}, "track", None, Arrival(2_000, "shop", "segment"))
        assert refusal.value.reason.code == "bad-shape"
