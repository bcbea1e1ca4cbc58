"""The collector knows the sources of the newest definitions, and no others."""

from __future__ import annotations

import aiohttp

from schemas.definitions.model import Source
from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import SHOP, Running, apply_sources, create_topics, digest, serving, settings_for, until, write


async def status(http: aiohttp.ClientSession, collector: Running, key: str) -> int:
    async with http.post(f"{collector.url}/v1/t", json={"writeKey": key, "userId": "u1", "event": "x"}) as answer:
        return answer.status


async def until_version(collector: Running, version: int) -> None:
    await until(lambda: collector.count(catalogue.DEFINITIONS_VERSION) == version)


async def test_before_the_first_definitions_every_key_is_unknown(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    settings = settings_for(stack.kafka, prefix, {})
    await create_topics(settings)
    async with serving(settings) as collector:
        assert await status(http, collector, "demo") == 401


async def test_new_definitions_bring_keys_and_withdraw_them(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    settings = settings_for(stack.kafka, prefix, {})
    await create_topics(settings)
    await apply_sources(settings, Source("a", "web", (digest("one"),)), version=1)
    await apply_sources(settings, Source("a", "web", (digest("two"),)), version=2)
    async with serving(settings) as collector:
        assert [await status(http, collector, key) for key in ("one", "two")] == [401, 200]
        await apply_sources(settings, Source("a", "web", (digest("three"),)), version=3)
        await until_version(collector, 3)
        assert [await status(http, collector, key) for key in ("two", "three")] == [401, 200]


async def test_a_set_that_cannot_be_read_changes_nothing(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    settings = settings_for(stack.kafka, prefix, {})
    await create_topics(settings)
    await apply_sources(settings, SHOP, version=1)
    await write(settings, settings.topics.definitions, b"{broken")
    await apply_sources(settings, Source("b", "web", (digest("other"),)), version=2)
    await write(settings, settings.topics.definitions, b"{}")
    async with serving(settings) as collector:
        assert await status(http, collector, "other") == 200
