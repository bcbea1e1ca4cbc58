"""Links and pixels against a real broker, and beside one that stands still."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from collectors.links.signing import Link, link_token, pixel_signature
from schemas.definitions.model import Source
from schemas.spool_mark import HEADER as MARK_HEADER
from stream.stack import Stack
from tests.integration.collectors.running import Running, collector_on, until

SECRET = "a-secret-of-the-posters"
POSTERS = Source("posters", "links", link_secret_env="LINK_SECRET", targets=("https://shop.example",))
TARGET = "https://shop.example/sale"
LINK = f"/l/{link_token(Link('posters', TARGET, 'u1'), SECRET.encode())}"
PIXEL = f"/p.gif?source=posters&userId=u1&sig={pixel_signature([('source', 'posters'), ('userId', 'u1')], SECRET.encode())}"


@pytest.fixture
async def posters(stack: Stack, prefix: str) -> AsyncIterator[Running]:
    async with collector_on(stack.kafka, prefix, POSTERS, secrets={"LINK_SECRET": SECRET}) as running:
        yield running


async def follow(http: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with http.get(url, allow_redirects=False) as answer:
        await answer.read()
        return answer.status, answer.headers.get("Location", "")


async def test_a_link_that_is_followed_and_a_pixel_that_is_loaded_are_events(posters: Running, http: aiohttp.ClientSession) -> None:
    assert await follow(http, posters.url + LINK) == (302, TARGET)
    async with http.get(posters.url + PIXEL) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")
    assert sorted((event["event"], event["userId"]) for event in await posters.events()) == [("$click", "u1"), ("opened", "u1")]


async def test_what_is_forged_leads_nowhere_and_is_counted_and_leaves_nothing(posters: Running, http: aiohttp.ClientSession) -> None:
    for path in (LINK[:-1], f"{LINK}A", f"{PIXEL}A", PIXEL.replace("u1", "u2")):
        assert (await follow(http, posters.url + path))[1] == ""
    evil = link_token(Link("posters", "https://evil.example/"), SECRET.encode())
    assert await follow(http, f"{posters.url}/l/{evil}") == (403, "")
    assert posters.rejected("target-not-allowed") == 1
    assert posters.rejected("wrong-signature") + posters.rejected("unknown-link") == 4
    assert not await posters.records()
    assert not await posters.dead_letters()


@pytest.mark.slow
async def test_while_the_broker_stands_still_links_lead_on(own_stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(own_stack.kafka, prefix, POSTERS, secrets={"LINK_SECRET": SECRET}) as collector:
        own_stack.kafka_process.pause()
        began = time.monotonic()
        assert await follow(http, collector.url + LINK) == (302, TARGET)
        assert time.monotonic() - began < 10
        own_stack.kafka_process.resume()

        # A broker that stood still may have taken what was on its way, and then takes it again from the spool, under the same mark.
        await until(collector.records)
        assert len({dict(record.headers)[MARK_HEADER] for record in await collector.records()}) == 1
