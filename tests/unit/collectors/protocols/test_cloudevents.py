"""CloudEvents: structured, in batches, and with their attributes in headers."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
import pytest

from tests.unit.collectors.asking import BASIC, KEY, NOW_MS, Told, ask

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/shop",
    "type": "com.example.order.created",
    "subject": "u1",
    "time": "2025-11-24T15:59:00Z",
    "data": {"price": 129},
}


def send(*events: object, headers: dict[str, str] | None = None) -> Told:
    body = events[0] if len(events) == 1 else list(events)
    return ask("/cloudevents", body, {**BASIC, **(headers or {})})


def sent(**fields: Any) -> dict[str, Any]:
    return send(EVENT | fields).event


def binary(body: bytes, **attributes: str) -> Told:
    headers = {f"ce-{name}": value for name, value in (EVENT | attributes).items() if name != "data"}
    return ask("/cloudevents", body, {**BASIC, "content-type": "application/json", **headers}, method="POST")


def test_an_event_keeps_person_name_values_and_time() -> None:
    told = send(EVENT)
    assert told.answer.status == 200
    event = told.event
    assert (event["event"], event["properties"], event["userId"]) == ("com.example.order.created", {"price": 129}, "u1")
    assert (event["timestamp"], event["protocol"]) == (NOW_MS - 60_000, "cloudevents")
    said = {"id": "1", "source": "/shop", "type": "com.example.order.created", "subject": "u1"}
    assert event["context"]["cloudevents"] == said


def test_an_id_is_of_its_source() -> None:
    assert sent()["id"] == sent(data={"price": 130})["id"]
    assert len({sent()["id"], sent(id="2")["id"], sent(source="/other")["id"], sent(id="hop1", source="/s")["id"]}) == 4


@pytest.mark.parametrize(
    ("said", "user", "anonymous"),
    [
        ({}, "u1", None),
        ({"userid": "u2"}, "u2", None),
        ({"anonymousid": "a1"}, None, "a1"),
        ({"data": {"userId": "u3", "anonymousId": "a3"}}, "u3", "a3"),
        ({"userid": "u2", "data": {"userId": "u3"}}, "u2", None),
    ],
)
def test_whose_an_event_is(said: dict[str, Any], user: str | None, anonymous: str | None) -> None:
    event = sent(**said)
    assert (event.get("userId"), event.get("anonymousId")) == (user, anonymous)


def test_a_type_of_ours_is_a_call_of_that_type() -> None:
    identify = sent(type="ebbtide.identify", data={"city": "Wuhan"})
    assert (identify["type"], identify["traits"], identify["properties"]) == ("identify", {"city": "Wuhan"}, {})
    group = sent(type="ebbtide.group", data={"groupId": "g1", "plan": "pro"})
    assert (group["type"], group["traits"], group["properties"]) == ("group", {"plan": "pro"}, {"groupId": "g1"})
    alias = sent(type="ebbtide.alias", data={"previousId": "a1"})
    assert (alias["userId"], alias["previousId"]) == ("u1", "a1")
    assert sent(type="ebbtide.nothing")["event"] == "ebbtide.nothing"
    assert sent(type="$click")["event"] == "_$click"
    assert sent(data={"groupId": "g1"})["properties"] == {"groupId": "g1"}


@pytest.mark.parametrize(
    ("said", "properties"),
    [
        ({"data": None}, {}),
        ({"data": [1]}, {"data": [1]}),
        ({"data": "text"}, {"data": "text"}),
        ({"data_base64": b64encode(b'{"a":1}').decode()}, {"a": 1}),
        ({"datacontentencoding": "base64", "data": b64encode(b'{"a":1}').decode()}, {"a": 1}),
    ],
)
def test_data_is_the_properties(said: dict[str, Any], properties: dict[str, Any]) -> None:
    assert sent(**said)["properties"] == properties


def test_a_binary_event_has_its_attributes_in_headers() -> None:
    event = binary(b'{"price":129}', subject="%E5%90%8D").event
    assert (event["event"], event["properties"], event["userId"]) == ("com.example.order.created", {"price": 129}, "名")
    assert event["id"] == sent()["id"]
    assert event["context"]["cloudevents"]["datacontenttype"] == "application/json"
    assert binary(b"text", userid='"u2"').event["properties"] == {"data": "text"}
    assert binary(b"").event["properties"] == {}
    assert binary(b"\xff").reason == "bad-encoding"
    assert binary(b" " * 40_000).reason == "event-too-large"
    assert binary(b"[" * 100 + b"]" * 100).reason == "too-deep"


def test_a_batch_is_taken_apart() -> None:
    told = send(EVENT, EVENT | {"id": ""}, 7, EVENT | {"type": ""})
    assert (told.answer.status, len(told.events)) == (200, 1)
    assert [item.reason.code for item in told.refused] == ["bad-shape", "bad-shape", "missing-name"]
    strict = send(EVENT, 7, headers={"x-strict-mode": "1"})
    assert (strict.answer.status, strict.json["accepted"]) == (400, 1)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"specversion": "2"}, "bad-shape"),
        ({"source": 7}, "bad-shape"),
        ({"type": None}, "missing-name"),
        ({"subject": None}, "missing-person"),
        ({"time": "soon"}, "bad-time"),
        ({"data_base64": "!"}, "bad-encoding"),
        ({"data_base64": 7}, "bad-shape"),
    ],
)
def test_what_cannot_be_taken_is_refused(said: dict[str, Any], reason: str) -> None:
    told = send(EVENT | said)
    assert (told.reason, told.answer.status) == (reason, 400)


def test_the_key_is_basic_a_bearers_or_in_the_query() -> None:
    assert len(ask("/cloudevents", EVENT, {"authorization": f"Bearer {KEY}"}).events) == 1
    assert len(ask(f"/cloudevents?writeKey={KEY}", EVENT).events) == 1
    assert ask("/cloudevents", EVENT).reason == "no-write-key"
    assert ask("/cloudevents", EVENT, {"authorization": "Bearer guess"}).reason == "unknown-write-key"
    assert ask("/cloudevents", b"no", BASIC).reason == "bad-json"
    assert ask("/cloudevents", orjson.dumps(EVENT)[:-1], BASIC).reason == "bad-json"
