"""The checks of the definitions over HTTP, on a real broker: what is published, what is refused, what is counted."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from schemas.definitions.bundle import bundle_to_json
from schemas.definitions.model import Bundle
from stream.runtime.catalogue import collector as catalogue
from tests.integration.collectors.running import BASIC, SERVER, SHOP, Running, headers_of, write
from tests.unit.schemas.definitions.reading import read

CHECKS = """
quality:
  checks:
    - {id: phone, path: traits.phone, verify: phone, region: CN, rewrite: true}
    - {id: age, path: traits.age, type: whole, otherwise: drop}
    - {id: price, path: properties.price, range: {gte: 0}, otherwise: refuse}
"""


async def applied(collector: Running) -> None:
    """The checks hold in the collector."""
    settings = collector.settings
    bundle = Bundle(version=2, sources=(SHOP, SERVER), quality=read(CHECKS).quality)
    await write(settings, settings.topics.definitions, bundle_to_json(bundle))
    async with asyncio.timeout(30):
        while collector.count(catalogue.DEFINITIONS_VERSION) != 2:  # noqa: ASYNC110 - a gauge sets no event
            await asyncio.sleep(0.05)


def batch(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"batch": [{"messageId": f"m{number}", "userId": "u1", **call} for number, call in enumerate(calls)]}


async def test_values_are_rewritten_labelled_dropped_and_events_refused_as_the_definitions_say(
    collector: Running, http: aiohttp.ClientSession
) -> None:
    await applied(collector)
    body = batch(
        {"type": "identify", "traits": {"phone": "138 1234 5678", "age": 40}},
        {"type": "identify", "traits": {"phone": "none", "age": "forty"}},
        {"type": "track", "event": "bought", "properties": {"price": -5}},
        {"type": "track", "event": "bought", "properties": {"price": 5}},
    )
    async with http.post(f"{collector.url}/v1/batch", json=body, headers={**BASIC, "X-Strict-Mode": "1"}) as answer:
        assert answer.status == 400
        (refused,) = (await answer.json())["error"]["refused"]
    assert refused == {"index": 2, "reason": "poor-quality", "detail": "properties.price: not at least 0"}

    events = {event["id"]: event for event in await collector.events()}
    assert sorted(events) == ["m0", "m1", "m3"]
    assert events["m0"]["traits"] == {"phone": "+8613812345678", "age": 40}
    assert events["m1"]["traits"] == {"phone": "none"}
    assert events["m1"]["context"]["quality"] == ["traits.phone: not a phone", "traits.age: not a whole number"]
    assert "quality" not in events["m0"]["context"]
    (letter,) = await collector.dead_letters()
    assert headers_of(letter)["reason"] == "poor-quality"
    counted = {check: collector.count(catalogue.QUALITY_FINDINGS, source="shop-web", check=check, outcome=outcome)
               for check, outcome in (("phone", "keep"), ("age", "drop"), ("price", "refuse"))}  # fmt: skip
    assert counted == {"phone": 1, "age": 1, "price": 1}
    assert collector.rejected("poor-quality") == 1


async def test_a_single_event_that_is_refused_hears_400(collector: Running, http: aiohttp.ClientSession) -> None:
    await applied(collector)
    call = {"userId": "u1", "event": "bought", "properties": {"price": "free"}}
    async with http.post(f"{collector.url}/v1/track", json=call, headers=BASIC) as answer:
        assert (answer.status, (await answer.json())["error"]) == (
            400,
            {"reason": "poor-quality", "detail": "properties.price: not a number"},
        )
    assert await collector.records() == []
