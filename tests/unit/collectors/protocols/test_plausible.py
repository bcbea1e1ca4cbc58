"""Plausible: short names, no ids, and 202."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.collectors.asking import ADDRESS, AGENT, DOMAIN, NOW_MS, VISITORS, Told, ask

URL = f"https://{DOMAIN}/shoes?utm_medium=mail&utm_medium=late&ref=x"


def send(**fields: Any) -> Told:
    return ask("/api/event", {"n": "pageview", "u": URL, "d": DOMAIN, "r": None, **fields}, {"content-type": "text/plain"})


def test_a_page_view_is_a_page_of_a_visitor_of_the_day() -> None:
    told = send(r="https://news.example/", p={"author": "Ann"}, v=34)
    assert (told.answer.status, told.answer.body) == (202, b"ok")
    event = told.event
    assert event["properties"] == {"url": URL, "path": "/shoes", "referrer": "https://news.example/", "author": "Ann"}
    assert event["context"]["campaign"] == {"medium": "mail"}
    assert (event["type"], event["protocol"], event["context"]["vendorEvent"]) == ("page", "plausible", "pageview")
    assert told.people == ["anon:" + VISITORS.name_of("shop-web", ADDRESS, AGENT, NOW_MS)]
    assert "ip" not in event["context"]


def test_an_event_keeps_its_name_its_properties_and_its_revenue() -> None:
    sent = {"name": "Bought", "url": URL, "domain": DOMAIN, "props": {"color": "red"}, "revenue": {"amount": 9.5, "currency": "CNY"}}
    for told in (send(n="Bought", p={"color": "red"}, **{"$": {"amount": 9.5, "currency": "CNY"}}), ask("/api/event", sent)):
        assert told.event["event"] == "Bought"
        assert told.event["properties"] == {"color": "red", "revenue": 9.5, "currency": "CNY"}
    assert send(n="x", i=False).event["context"]["interactive"] is False
    assert send(n="$click").event["event"] == "_$click"


def test_properties_that_are_written_as_json_once_more_are_read() -> None:
    event = send(n="Bought", p='{"color":"red"}', **{"$": '{"amount":9.5,"currency":"CNY"}'}).event
    assert event["properties"] == {"color": "red", "revenue": 9.5, "currency": "CNY"}
    for odd in ("", "red", "[1]", "{"):
        assert send(n="Bought", p=odd).event["properties"] == {}
    assert send(n="Bought", p='{"a":' * 100 + "1" + "}" * 100).reason == "too-deep"


def test_engagement_is_how_long_and_how_far_down() -> None:
    event = send(n="engagement", e=2_500, sd=80).event
    assert (event["event"], event["properties"]) == ("engagement", {"seconds": 2.5, "scrollDepth": 80})
    assert send(n="engagement", e=True).event["properties"] == {}


def test_of_several_domains_the_first_known_one_counts() -> None:
    assert send(d=f"guess, {DOMAIN},other").event["source"] == "shop-web"
    assert send(d="guess,other").reason == "unknown-write-key"


@pytest.mark.parametrize(("fields", "reason"), [({"d": None}, "no-write-key"), ({"u": 7}, "bad-shape"), ({"n": None}, "missing-name")])
def test_what_cannot_be_taken_is_refused(fields: dict[str, Any], reason: str) -> None:
    assert send(**fields).reason == reason


def test_an_odd_address_is_no_reason_to_lose_a_page() -> None:
    assert send(u="https://[").event["properties"] == {"url": "https://["}
