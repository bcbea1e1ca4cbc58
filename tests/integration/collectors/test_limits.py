"""Rates and quotas over HTTP: who may send no more hears so if he heeds it, everybody else feels nothing, and all is counted."""

from __future__ import annotations

import asyncio
import shutil
from base64 import b64encode

import aiohttp
import orjson

from schemas.definitions.model import Source
from schemas.definitions.source_model import SourceLimits
from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import (
    KEY,
    SERVER,
    Running,
    apply_sources,
    collector_on,
    create_topics,
    digest,
    serving,
    settings_for,
    until,
)

SECOND_KEY = "another-key-of-the-shop"


def shop(**limits: int) -> Source:
    return Source("shop-web", "web", (digest(KEY), digest(SECOND_KEY)), ("https://shop.example",), limits=SourceLimits(**limits))


async def track(http: aiohttp.ClientSession, collector: Running, key: str, events: int = 1) -> tuple[int, dict[str, str], str]:
    basic = {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}
    batch = [{"type": "track", "event": "viewed", "userId": "u1"}] * events
    async with http.post(f"{collector.url}/v1/batch", json={"batch": batch}, headers=basic) as answer:
        said = await answer.json()
        return answer.status, dict(answer.headers), said.get("error", {}).get("reason", "")


async def test_a_key_over_its_rate_waits_and_is_taken_again(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(stack.kafka, prefix, shop(per_key=5), SERVER) as collector:
        assert (await track(http, collector, KEY, 50))[0] == 200
        status, headers, reason = await track(http, collector, KEY)
        assert (status, reason) == (429, "rate-limited")
        assert headers["Retry-After"] == "1"
        assert int(headers["X-RateLimit-Reset"]) > 1_700_000_000
        assert (await track(http, collector, SECOND_KEY, 50))[0] == 200
        assert (await track(http, collector, "key-of-the-server", 500))[0] == 200
        await asyncio.sleep(int(headers["Retry-After"]))
        assert (await track(http, collector, KEY))[0] == 200
        assert len(await collector.events()) == 601
        assert not await collector.dead_letters()
        assert collector.count(catalogue.LIMITED, source="shop-web", limit="key") == 1
        assert collector.rejected("rate-limited") == 1


async def test_a_client_that_would_lose_or_stumble_hears_what_it_always_hears(
    stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    async with collector_on(stack.kafka, prefix, shop(per_second=1)) as collector:
        assert (await track(http, collector, KEY, 10))[0] == 200
        data = b64encode(orjson.dumps({"type": "track", "event": "viewed", "distinct_id": "u1", "time": 1, "properties": {}})).decode()
        async with http.post(f"{collector.url}/sa?token={KEY}", data={"data": data}) as answer:
            assert answer.status == 200
        assert len(await collector.events()) == 10
        assert collector.count(catalogue.GIVEN_UP, protocol="sensors") == 1
        assert collector.count(catalogue.LIMITED, source="shop-web", limit="second") == 1


async def test_a_page_may_read_how_long_it_has_to_wait(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(stack.kafka, prefix, shop(per_second=1)) as collector:
        await track(http, collector, KEY, 20)
        body = {"writeKey": KEY, "event": "viewed", "userId": "u1"}
        async with http.post(f"{collector.url}/v1/track", json=body, headers={"Origin": "https://shop.example"}) as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) == 11
            assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
            assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_days_quota_outlives_the_collector_and_ends_with_new_definitions(
    stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    settings = settings_for(stack.kafka, prefix, {})
    try:
        await create_topics(settings)
        await apply_sources(settings, shop(per_day=5))
        async with serving(settings) as collector:
            assert (await track(http, collector, KEY, 5))[0] == 200
        async with serving(settings) as collector:
            status, headers, reason = await track(http, collector, KEY)
            assert (status, reason) == (429, "quota-spent")
            assert 0 < int(headers["Retry-After"]) <= 86_400
            await apply_sources(settings, shop(per_day=10), version=2)
            await until(lambda: collector.count(catalogue.DEFINITIONS_VERSION) == 2, 10)
            assert (await track(http, collector, KEY))[0] == 200
            assert len(await collector.events()) == 6
    finally:
        shutil.rmtree(settings.data)


async def test_an_address_over_its_rate_is_not_even_read(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(stack.kafka, prefix, ip_requests_per_second=1, trusted_proxies="127.0.0.0/8") as collector:

        async def ask(address: str) -> int:
            async with http.post(f"{collector.url}/v1/track", data=b"{broken", headers={"X-Forwarded-For": address}) as answer:
                return answer.status

        said = [await ask("203.0.113.9") for _ in range(12)]
        assert said[:10] == [400] * 10
        assert said[11] == 429
        assert await ask("203.0.113.10") == 400
        assert collector.rejected("rate-limited") >= 1


async def test_a_withdrawn_key_is_refused_within_ten_seconds(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(stack.kafka, prefix) as collector:
        assert (await track(http, collector, KEY))[0] == 200
        await apply_sources(collector.settings, SERVER, version=2)

        async def refused() -> bool:
            return (await track(http, collector, KEY))[0] == 401

        await until(refused, 10)
        assert (await track(http, collector, "key-of-the-server"))[0] == 200
