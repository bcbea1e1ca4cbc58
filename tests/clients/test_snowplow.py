"""Snowplow's trackers for servers, as their vendor ships them: all is there once, though an answer gets lost on the way."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Literal

import pytest

from tests.clients.running import DOMAIN, Arrived, Row, arrived, front_of, node, settle, version_of
from tests.integration.collectors.running import Running

TP2 = "/com.snowplowanalytics.snowplow/tp2"
AGAIN = "sends again, under the same ids"
STORY = {"viewed": 30, "$page": 1, "bought": 1}


def use_python(url: str, method: Literal["get", "post"]) -> None:
    from snowplow_tracker.emitters import Emitter
    from snowplow_tracker.events.page_view import PageView
    from snowplow_tracker.events.self_describing import SelfDescribing
    from snowplow_tracker.events.structured_event import StructuredEvent
    from snowplow_tracker.self_describing_json import SelfDescribingJson
    from snowplow_tracker.subject import Subject
    from snowplow_tracker.tracker import Tracker

    host, _, port = url.removeprefix("http://").partition(":")
    emitter = Emitter(host, protocol="http", port=int(port), method=method, batch_size=10)
    subject = Subject().set_domain_user_id("d-1")
    tracker = Tracker("shop", emitter, subject=subject, app_id=DOMAIN)
    product = SelfDescribingJson("iglu:com.example/product/jsonschema/1-0-0", {"sku": "s1"})
    for number in range(30):
        subject.set_user_id(f"u{number % 3}")
        event = SelfDescribingJson("iglu:com.example/viewed/jsonschema/1-0-0", {"number": number})
        tracker.track(SelfDescribing(event_json=event, context=[product]))
    subject.set_user_id("u1")
    tracker.track(PageView(page_url="https://shop.example/", page_title="Home"))
    tracker.track(StructuredEvent(category="shop", action="bought", value=129.5))
    tracker.flush()


def check_story(found: Arrived) -> None:
    assert found.numbers() == list(range(30))
    assert {event["userId"] for event in found.named("viewed")} == {"u0", "u1", "u2"}
    assert {event["anonymousId"] for event in found.events} == {"d-1"}
    assert {str(event["context"]["entities"]) for event in found.named("viewed")} == {"{'product': [{'sku': 's1'}]}"}
    (page,), (bought,) = found.named("$page"), found.named("bought")
    assert (page["userId"], page["properties"]["url"], page["properties"]["title"]) == ("u1", "https://shop.example/", "Home")
    assert bought["properties"]["value"] == 129.5
    for event in found.events:
        assert 0 <= event["receivedAt"] - event["timestamp"] < 60_000


@pytest.mark.parametrize(("method", "path"), [("post", TP2), ("get", "/i")])
async def test_the_tracker_for_python_delivers_all_once(collector: Running, method: Literal["get", "post"], path: str) -> None:
    loses = {path} if method == "post" else set()
    async with front_of(collector, loses=loses) as front:
        await asyncio.to_thread(use_python, front.url, method)
        found = await arrived(collector, 32, again=len(loses))
    assert set(front.lost) == loses
    assert found.names() == STORY
    check_story(found)
    if loses:
        settle(Row("snowplow-tracker", version("snowplow-tracker"), "snowplow", 32, 32, len(found.events), AGAIN))


async def test_the_tracker_for_node_delivers_all_once(collector: Running) -> None:
    async with front_of(collector, loses={TP2}) as front, node("node/snowplow.mjs", front.url, DOMAIN) as program:
        assert program.said == {"calls": 34, "errors": []}
        found = await arrived(collector, 34, again=1)
    assert front.lost == [TP2]

    assert found.names() == {**STORY, "transaction": 1, "transaction_item": 1}
    check_story(found)
    (item,) = found.named("transaction_item")
    assert item["properties"] == {"orderId": "o-1", "sku": "s1", "price": 10, "quantity": 2}
    package = "@snowplow/node-tracker"
    settle(Row(package, version_of(package), "snowplow", 34, 34, len(found.events), AGAIN))
