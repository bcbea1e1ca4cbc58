"""The broker is away and the collector goes on: what it answers with 200 is spooled, and reaches the log in order afterwards."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import count

import aiohttp
import pytest

from schemas.spool_mark import Marks, is_repeat
from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import BASIC, KEY, SHOP, Running, apply_sources, create_topics, serving, settings_for, until

PEOPLE = 20
PIXEL = f"/v1/pixel/track?writeKey={KEY}&userId=u1&event=seen"


async def send(http: aiohttp.ClientSession, collector: Running, person: int, number: int, size: int = 0) -> int:
    event = {"messageId": f"{person}-{number}", "userId": f"u{person}", "event": "viewed", "properties": {"x": "x" * size}}
    async with http.post(f"{collector.url}/v1/track", json=event, headers=BASIC) as answer:
        if answer.status == 503:
            assert int(answer.headers["Retry-After"]) > 0
            assert (await answer.json())["error"]["reason"] == "spool-full"
        return answer.status


async def send_each(http: aiohttp.ClientSession, collector: Running, number: int) -> None:
    assert set(await asyncio.gather(*(send(http, collector, person, number) for person in range(PEOPLE)))) == {200}


async def applied(collector: Running) -> dict[str, list[str]]:
    """What lanes take of the log: person → ids in order."""
    marks: dict[int, Marks] = defaultdict(dict)
    found: dict[str, list[str]] = defaultdict(list)
    for record, event in zip(await collector.records(), await collector.events(), strict=True):
        if not is_repeat(record.headers, marks[record.partition]):
            found[event["userId"]].append(event["id"])
    return found


async def is_drained(collector: Running) -> None:
    await until(lambda: collector.count(catalogue.SPOOL_EVENTS) == 0)


@pytest.mark.slow
async def test_while_the_broker_is_dead_200_goes_on_and_a_collector_can_start_and_each_event_is_in_the_log_once_and_in_order(
    own_stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    settings = settings_for(own_stack.kafka, prefix, {"spool_after_seconds": 0.2, "drain_seconds": 1})
    await create_topics(settings)
    await apply_sources(settings, SHOP)
    numbers = count()
    async with serving(settings) as collector:
        await send_each(http, collector, next(numbers))
        own_stack.kafka_process.kill()
        for number in range(1, 4):
            await send_each(http, collector, number)
        assert collector.count(catalogue.EVENTS_ACCEPTED, protocol="segment") == 4 * PEOPLE
    async with serving(settings) as collector:
        await send_each(http, collector, 4)
        await until(lambda: collector.count(catalogue.SPOOL_EVENTS) == 4 * PEOPLE)
        async with http.get(f"http://127.0.0.1:{collector.addresses.metrics_port}/readyz") as answer:
            assert answer.status == 200, "a collector that can spool is ready"
        await asyncio.to_thread(own_stack.kafka_process.start)
        await send_each(http, collector, 5)
        await is_drained(collector)
        await send_each(http, collector, 6)
        assert await applied(collector) == {f"u{person}": [f"{person}-{number}" for number in range(7)] for person in range(PEOPLE)}
        assert collector.count(catalogue.SPOOL_DRAINED) >= 5 * PEOPLE
    assert not list((settings.data / "spool").rglob("*.spool"))


@pytest.mark.slow
async def test_a_full_spool_is_503_for_who_sends_again_and_a_picture_for_who_does_not(
    own_stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    settings = settings_for(own_stack.kafka, prefix, {"spool_after_seconds": 0.2, "spool_bytes_max": 100_000, "drain_seconds": 1})
    await create_topics(settings)
    await apply_sources(settings, SHOP)
    taken: list[str] = []
    async with serving(settings) as collector:
        own_stack.kafka_process.kill()
        for number in count():
            status = await send(http, collector, 1, number, size=10_000)
            if status == 503:
                break
            taken.append(f"1-{number}")
        assert 5 < len(taken) < 20
        async with http.get(collector.url + PIXEL) as answer:
            assert (answer.status, answer.content_type) == (200, "image/gif")
        assert collector.count(catalogue.GIVEN_UP, protocol="pixel") == 1
        await asyncio.to_thread(own_stack.kafka_process.start)
        await is_drained(collector)
        assert (await applied(collector))["u1"][: len(taken)] == taken
