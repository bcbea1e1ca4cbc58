"""Enrichment by a real collector: addresses behind proxies, files of regions, and a start that a wrong file stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from schemas.definitions.model import Enrichment, Source
from schemas.errors import Misconfigured
from stream.stack import Stack
from tests.integration.collectors.running import BASIC, KEY, collector_on, digest
from tests.unit.collectors.enriching.files import CHINA, CITY, write_mmdb, write_xdb

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
ALL = Enrichment(True, True, True, True, True, True)
SHOP = Source("shop-web", "web", (digest(KEY), digest("shop.example")), ("*",), enrich=ALL)
PAGE = {"url": "https://shop.example/?utm_source=mail&token=abc", "referrer": "https://www.google.com/"}
EVENT = {"userId": "u1", "event": "viewed", "context": {"page": PAGE}}


async def test_an_event_through_a_trusted_proxy_is_enriched(stack: Stack, prefix: str, tmp_path: Path, http: aiohttp.ClientSession) -> None:
    files: dict[str, Any] = {"region_file": write_mmdb(tmp_path / "a.mmdb", CITY), "region_xdb_files": write_xdb(tmp_path / "a.xdb", CHINA)}
    async with collector_on(stack.kafka, prefix, SHOP, trusted_proxies="127.0.0.0/8", **files) as collector:
        for client in ("203.0.113.9", "112.64.0.1"):
            headers = {**BASIC, "User-Agent": CHROME, "X-Forwarded-For": f"198.51.100.99, {client}"}
            async with http.post(f"{collector.url}/v1/track", json=EVENT, headers=headers) as answer:
                assert answer.status == 200
        said = {"n": "viewed", "u": PAGE["url"], "d": "shop.example"}
        async with http.post(f"{collector.url}/api/event", json=said, headers={"X-Forwarded-For": "203.0.113.9", "User-Agent": CHROME}):
            pass
        found = {(event["protocol"], event["context"].get("ip")): event["context"] for event in await collector.events()}
    assert found.keys() == {("segment", "203.0.113.0"), ("segment", "112.64.0.0"), ("plausible", None)}
    world, china, hidden = found["segment", "203.0.113.0"], found["segment", "112.64.0.0"], found["plausible", None]
    assert (world["location"]["city"], china["location"]["isp"], hidden["location"]["city"]) == ("Brisbane", "联通", "Brisbane")
    assert world["userAgentParsed"]["browser"] == hidden["userAgentParsed"]["browser"] == "Chrome"
    assert world["campaign"] == hidden["campaign"] == {"source": "mail"}
    assert world["referrer"] == {"type": "search", "name": "Google", "host": "google.com"}
    assert world["page"]["url"] == hidden["page"]["url"] == "https://shop.example/?utm_source=mail&token=redacted"


async def test_a_collector_does_not_start_with_a_file_that_it_cannot_read(stack: Stack, prefix: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"EBBTIDE_COLLECTOR_REGION_FILE: found .*none\.mmdb, expected .*: No such file"):
        async with collector_on(stack.kafka, prefix, SHOP, region_file=tmp_path / "none.mmdb"):
            pass
