"""Umami: pages, events, and people who are known only if the page says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.collectors.asking import ADDRESS, AGENT, KEY, NOW_MS, VISITORS, Told, ask

PAGE: dict[str, Any] = {
    "website": KEY,
    "hostname": "shop.example",
    "url": "/shoes?utm_source=mail&utm_campaign=spring",
    "title": "Shoes",
    "referrer": "https://news.example/",
    "language": "zh-CN",
    "screen": "1920x1080",
}


def send(kind: str = "event", **fields: Any) -> Told:
    return ask("/api/send", {"type": kind, "payload": {**PAGE, **fields}}, {"origin": "https://shop.example"})


def test_an_event_without_a_name_is_a_page() -> None:
    told = send()
    assert (told.answer.status, told.json["disabled"]) == (200, False)
    event = told.event
    url = "https://shop.example/shoes?utm_source=mail&utm_campaign=spring"
    page = {"url": url, "path": "/shoes", "title": "Shoes", "referrer": "https://news.example/"}
    assert (event["type"], event["properties"], event["context"]["page"]) == ("page", page, page)
    assert event["context"]["campaign"] == {"source": "mail", "name": "spring"}
    assert (event["context"]["locale"], event["context"]["screen"]) == ("zh-CN", "1920x1080")
    assert (event["protocol"], event["context"]["vendorEvent"]) == ("umami", "event")


def test_an_event_with_a_name_is_that_event() -> None:
    event = send(name="bought", data={"price": 129}).event
    assert (event["type"], event["event"], event["properties"]) == ("track", "bought", {"price": 129})
    assert send(name="$click").event["event"] == "_$click"


def test_a_visitor_has_a_name_for_the_day_and_no_address() -> None:
    event = send().event
    assert event["anonymousId"] == VISITORS.name_of("shop-web", ADDRESS, AGENT, NOW_MS)
    assert "ip" not in event["context"]
    other = send(userAgent="another browser", ip="198.51.100.1").event
    assert other["anonymousId"] == VISITORS.name_of("shop-web", "198.51.100.1", "another browser", NOW_MS)


def test_who_says_who_they_are_is_a_user_and_not_tied_to_the_visitor() -> None:
    event = send("identify", id="u1", data={"city": "Shanghai"}).event
    assert (event["type"], event["userId"], event["traits"]) == ("identify", "u1", {"city": "Shanghai"})
    assert "anonymousId" not in event
    assert event["context"]["ip"] == ADDRESS
    assert send(id="u1").people == ["user:u1"]


def test_speed_and_errors_keep_their_values() -> None:
    event = send("performance", lcp=1200, cls=0.1).event
    assert (event["event"], event["properties"]) == ("performance", {"lcp": 1200, "cls": 0.1})


def test_a_timestamp_is_in_seconds() -> None:
    assert send(timestamp=NOW_MS / 1_000 - 60).event["timestamp"] == NOW_MS - 60_000
    assert send(timestamp=NOW_MS).reason == "bad-time"
    assert send(timestamp="yesterday").reason == "bad-time"


def test_two_equal_clicks_are_two() -> None:
    assert send(name="x").event["id"] != send(name="x").event["id"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"type": "event"}, "bad-shape"),
        ({"type": "event", "payload": {}}, "no-write-key"),
        ({"type": "event", "payload": {"website": "guess"}}, "unknown-write-key"),
        ({"type": "other", "payload": PAGE}, "bad-shape"),
        ({"type": ["error"], "payload": PAGE}, "bad-shape"),
        ({"type": "event", "payload": PAGE | {"name": 7}}, "missing-name"),
    ],
)
def test_what_cannot_be_taken_is_refused(body: object, reason: str) -> None:
    assert ask("/api/send", body).reason == reason


def test_a_batch_is_taken_apart() -> None:
    told = ask("/api/batch", [{"type": "event", "payload": PAGE}, {"type": "x", "payload": PAGE}, 7])
    assert told.json == {"size": 3, "processed": 1, "errors": 2}
    assert (len(told.events), [item.index for item in told.refused]) == (1, [1, 2])
    assert ask("/api/batch", [{"type": "event", "payload": {"website": "guess"}}]).reason == "unknown-write-key"
    assert ask("/api/batch", {"type": "event"}).reason == "bad-json"
    assert ask("/api/batch", [{}] * 1_001).reason == "too-many-events"


@pytest.mark.parametrize("url", ["https://[", "/a?utm_source=" + "x" * 9, 7, None])
def test_an_odd_address_is_no_reason_to_lose_a_page(url: object) -> None:
    assert len(send(url=url).events) == 1
