"""Google Analytics 4: what servers, apps and gtag.js send, and a check that stores nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.unit.collectors.asking import ADDRESS, KEY, NOW_MS, Told, ask

WAS_MS = NOW_MS - 60_000
BODY: dict[str, Any] = {"client_id": "c1", "user_id": "u1", "timestamp_micros": WAS_MS * 1_000}
HIT = {"v": "2", "tid": KEY, "cid": "c1", "_p": "77", "_s": "1", "sid": "5", "dl": "https://shop.example/x?utm_source=mail", "dt": "Shoes"}


def send(*events: object, path: str = "mp/collect", key: str = f"api_secret={KEY}", **fields: Any) -> Told:
    return ask(f"/{path}?measurement_id=G-1&{key}", {**BODY, "events": events, **fields})


def collect(*lines: dict[str, str], **shared: str) -> Told:
    return ask(f"/g/collect?{urlencode({**HIT, **shared})}", "\r\n".join(map(urlencode, lines)).encode(), method="POST")


def test_an_event_keeps_person_name_values_and_time() -> None:
    told = send({"name": "viewed", "params": {"number": 7, "session_id": "5", "engagement_time_msec": 100}})
    assert (told.answer.status, told.answer.body) == (204, b"")
    event = told.event
    assert (event["event"], event["properties"], event["timestamp"]) == ("viewed", {"number": 7}, WAS_MS)
    assert (event["userId"], event["anonymousId"], event["protocol"]) == ("u1", "c1", "ga4")
    assert (event["context"]["sessionId"], event["context"]["ga4"]) == ("5", {"engagement_time_msec": 100})
    assert "ip" not in event["context"]
    app = send({"name": "viewed", "timestamp_micros": str(WAS_MS * 1_000 - 5_000)}, client_id=None, app_instance_id="a1", ip_override="::1")
    assert (app.event["anonymousId"], app.event["timestamp"], app.event["context"]["ip"]) == ("a1", WAS_MS - 5, "::1")


def test_properties_of_the_user_are_traits_even_without_an_event() -> None:
    said = {"city": {"value": "Wuhan"}, "plan": {"value": None}}
    assert send({"name": "viewed"}, user_properties=said).event["traits"] == {"city": "Wuhan", "plan": None}
    event = send(user_properties=said).event
    assert (event["type"], event["traits"]) == ("identify", {"city": "Wuhan", "plan": None})
    assert send().events == []


def test_pages_and_screens_are_those_of_all_protocols() -> None:
    page = send({"name": "page_view", "params": {"page_location": "https://a.example/x?utm_source=mail", "page_title": "X", "n": 1}}).event
    url = "https://a.example/x?utm_source=mail"
    assert (page["type"], page["properties"]) == ("page", {"url": url, "path": "/x", "title": "X", "n": 1})
    assert (page["context"]["campaign"], page["context"]["vendorEvent"]) == ({"source": "mail"}, "page_view")
    screen = send({"name": "screen_view", "params": {"screen_name": "Start"}}).event
    assert (screen["type"], screen["properties"]) == ("screen", {"name": "Start"})
    assert send({"name": "$click"}).event["event"] == "_$click"


def test_one_body_may_say_the_same_twice_and_come_twice() -> None:
    one, again = (send({"name": "viewed"}, {"name": "viewed"}) for _ in range(2))
    ids = [event["id"] for event in one.events]
    assert len(set(ids)) == 2
    assert [event["id"] for event in again.events] == ids
    assert send({"name": "x"}, timestamp_micros=None).event["id"] != send({"name": "x"}, timestamp_micros=None).event["id"]


def test_google_says_yes_to_all_and_a_strict_client_hears_the_truth() -> None:
    bad = send({"name": "x"}, 7, {"name": "x", "params": 1}, {}, client_id="c1")
    assert (bad.answer.status, len(bad.events), len(bad.refused)) == (204, 1, 3)
    assert send(key="api_secret=guess").answer.status == 204
    assert send(key="api_secret=guess").reason == "unknown-write-key"
    strict = ask("/mp/collect?api_secret=guess", b"{}", {"x-strict-mode": "1"})
    assert strict.answer.status == 401
    assert ask(f"/mp/collect?api_secret={KEY}", b'{"events":[7]}', {"x-strict-mode": "1"}).answer.status == 400
    assert ask(f"/mp/collect?api_secret={KEY}", b"no").reason == "bad-json"
    assert ask(f"/mp/collect?measurement_id={KEY}", b'{"events":7}').reason == "bad-shape"
    assert ask("/mp/collect?" + "&".join(["a=1"] * 600), b"{}").reason == "too-many-keys"


def test_a_check_says_what_is_wrong_and_stores_nothing() -> None:
    told = send({"name": "viewed"}, {}, path="debug/mp/collect")
    assert (told.answer.status, told.events, told.refused) == (200, [], [])
    assert [(each["fieldPath"], each["validationCode"]) for each in told.json["validationMessages"]] == [("events[1]", "MISSING_NAME")]
    assert send({"name": "viewed"}, path="debug/mp/collect").json == {"validationMessages": []}
    assert send(key="api_secret=guess", path="debug/mp/collect").json["validationMessages"][0]["validationCode"] == "UNKNOWN_WRITE_KEY"


def test_a_hit_of_gtag_is_all_in_its_query() -> None:
    event = collect(
        **{"en": "viewed", "ep.colour": "red", "epn.price": "1.5", "up.city": "Wuhan", "upn.age": "7", "uid": "u1", "cu": "CNY"}
    ).event
    assert (event["event"], event["properties"]) == ("viewed", {"colour": "red", "price": 1.5, "currency": "CNY"})
    assert (event["userId"], event["anonymousId"], event["traits"]) == ("u1", "c1", {"city": "Wuhan", "age": 7})
    context = event["context"]
    assert (context["sessionId"], context["campaign"], context["ip"]) == ("5", {"source": "mail"}, ADDRESS)
    assert (context["page"]["path"], context["page"]["title"]) == ("/x", "Shoes")
    assert ask(f"/g/collect?{urlencode({**HIT, 'en': 'viewed'})}").event["event"] == "viewed"


def test_several_hits_are_lines_of_the_body_and_known_again() -> None:
    lines = ({"en": "page_view"}, {"en": "viewed", "epn.number": "x"}, {"en": "viewed", "epn.number": "x"}, {"_et": "5"})
    told, again = collect(*lines), collect(*lines)
    assert [event.get("event") or event["type"] for event in told.events] == ["page", "viewed", "viewed"]
    assert told.events[1]["properties"] == {"number": "x"}
    assert len({event["id"] for event in told.events}) == 3
    assert [event["id"] for event in again.events] == [event["id"] for event in told.events]
    assert [item.reason.code for item in told.refused] == ["missing-name"]
    assert told.answer.status == 204


def test_a_click_that_leads_away_is_a_click() -> None:
    event = collect(**{"en": "click", "ep.link_url": "https://b.example/", "ep.link_text": "B", "ep.outbound": "true"}).event
    assert (event["event"], event["properties"]) == ("$click", {"href": "https://b.example/", "text": "B", "outbound": "true"})
    assert collect(en="click").event["event"] == "click"


@pytest.mark.parametrize("missing", ["_p", "_s"])
def test_a_hit_without_numbers_has_an_id_of_its_own(missing: str) -> None:
    fields = {name: value for name, value in HIT.items() if name != missing} | {"en": "viewed"}
    one, other = (ask(f"/g/collect?{urlencode(fields)}").event["id"] for _ in range(2))
    assert one != other
