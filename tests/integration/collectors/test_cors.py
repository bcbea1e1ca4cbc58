"""What a browser is allowed to send and to read."""

from __future__ import annotations

import aiohttp
import pytest

from collectors.sources import SourceTable
from schemas.definitions.model import Source
from stream.stack import Stack
from tests.integration.collectors.running import BASIC, KEY, Running, collector_on, digest

SHOP_ORIGIN = "https://shop.example"
EVENT = {"userId": "u1", "event": "viewed"}


async def test_a_preflight_from_a_listed_origin_is_told_all_it_needs(collector: Running, http: aiohttp.ClientSession) -> None:
    asked = {
        "Origin": SHOP_ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-retry-count",
    }
    async with http.options(f"{collector.url}/v1/t", headers=asked) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP_ORIGIN
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Access-Control-Max-Age"] == "7200"
        assert answer.headers["Vary"] == "Origin"
        allowed = {name.strip() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
        assert {"content-type", "authorization", "x-retry-count", "anonymousid", "sentat", "sp-anonymous", "x-strict-mode"} <= allowed


async def test_a_preflight_from_elsewhere_is_2xx_without_permission(collector: Running, http: aiohttp.ClientSession) -> None:
    for headers in ({"Origin": "https://evil.example"}, {}):
        async with http.options(f"{collector.url}/anything", headers=headers) as answer:
            assert answer.status == 204
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_an_answer_may_be_read_where_the_source_allows_it(collector: Running, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{collector.url}/v1/t", json=EVENT, headers={**BASIC, "Origin": SHOP_ORIGIN}) as answer:
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP_ORIGIN
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["Vary"] == "Origin"


async def test_errors_may_be_read_there_too(collector: Running, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{collector.url}/v1/t", json=EVENT, headers={"Origin": SHOP_ORIGIN}) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (401, SHOP_ORIGIN)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://shop.example.evil.example"])
async def test_a_page_that_the_source_does_not_list_is_403_and_writes_nothing(
    collector: Running, http: aiohttp.ClientSession, origin: str
) -> None:
    async with http.post(f"{collector.url}/v1/t", json=EVENT, headers={**BASIC, "Origin": origin}) as answer:
        assert (answer.status, (await answer.json())["error"]["reason"]) == (403, "origin-not-allowed")
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert not await collector.events()


async def test_a_star_allows_every_origin_and_still_echoes_it(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(stack.kafka, prefix, Source("demo", "web", (digest(KEY),), ("*",))) as collector:
        for send in (http.options(f"{collector.url}/v1/t", headers={"Origin": "https://a.example"}),):
            async with send as answer:
                assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
        async with http.post(f"{collector.url}/v1/t", json=EVENT, headers={**BASIC, "Origin": "https://b.example"}) as answer:
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "https://b.example")


def test_no_sources_allow_no_origin() -> None:
    assert not SourceTable().some_allows("https://shop.example")
