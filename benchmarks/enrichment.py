"""What enrichment costs a collector: all of its steps against none, one event a request and twenty, in one run.

``python benchmarks/enrichment.py`` starts a broker and prints one JSON object. The load is the same with and without: 2,000 addresses,
50 user agents, 1,000 pages with a campaign and a referrer, a file of regions. Rates count against the collector's own CPU time, as in
``benchmarks/collector.py``; with and without take turns, so that a machine that slows down slows both.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from benchmarks.collector import KEY, collecting, cpu_seconds, pinned, records
from schemas.definitions.model import Bundle, Enrichment, Source
from stream.kafka.admin import ensure_topics
from stream.kafka.bundles import write_bundle
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.settings import from_mapping
from stream.stack import Stack

ALL: Final = Enrichment(user_agent=True, bots=True, campaign=True, region=True, truncate_ip=True, scrub_urls=True)
AGENT: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36"
EVENT: Final = (
    '{"messageId":"m-%d-%d","type":"track","userId":"u%d","event":"product_viewed","timestamp":"2026-11-22T08:00:00.123Z",'
    '"properties":{"category":"shoes","price":129.5,"currency":"CNY","sku":"SKU-%d","position":3,"list":"search results","brand":"acme"},'
    '"context":{"library":{"name":"analytics.js","version":"2.1.0"},"page":{"path":"/p/12","referrer":"https://www.google.com/",'
    '"title":"Shoes","url":"https://shop.example/p/%d?utm_source=mail&utm_campaign=spring"},"locale":"zh-CN",'
    '"screen":{"width":1440,"height":900}}}'
)


async def compare(kafka: str, *, connections: int = 64, seconds: int = 5, rounds: int = 3, core: int = 0, load_core: int = 1) -> Any:
    """Events per second of the collector's CPU time, with and without, by events a request; the median of some rounds."""
    found: dict[tuple[int, bool], list[float]] = {}
    for _ in range(rounds):
        for batch in (1, 20):
            for enriched in (False, True):
                rate = await _measure(kafka, batch, connections, seconds, (core, load_core), enriched=enriched)
                found.setdefault((batch, enriched), []).append(rate)
    middle = {case: sorted(rates)[len(rates) // 2] for case, rates in found.items()}
    return [
        {
            "events_a_request": batch,
            "connections": connections,
            "per_cpu_second": round(middle[batch, True]),
            "without_per_cpu_second": round(middle[batch, False]),
            "microseconds_an_event": round(1e6 / middle[batch, True] - 1e6 / middle[batch, False], 2),
        }
        for batch in (1, 20)
    ]


async def _measure(kafka: str, batch: int, connections: int, seconds: int, cores: tuple[int, int], *, enriched: bool) -> float:
    settings = from_mapping({"EBBTIDE_KAFKA": kafka, "EBBTIDE_PREFIX": f"bench{os.getpid()}-{time.time_ns()}."})
    await ensure_topics(kafka, settings.topics)
    publisher = KafkaPublisher(kafka)
    await publisher.start()
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    source = Source("bench", "server", (digest,), ("*",), enrich=ALL if enriched else Enrichment())
    await write_bundle(publisher, settings.topics, Bundle(version=1, sources=(source,)))
    await publisher.stop()
    with tempfile.TemporaryDirectory() as data:
        further = {"EBBTIDE_COLLECTOR_TRUSTED_PROXIES": "127.0.0.0/8", "EBBTIDE_COLLECTOR_REGION_FILE": _regions(Path(data))}
        async with collecting(settings, cores[0], data, further) as (pid, url):
            await _load(url, batch, connections, 1, cores[1])
            start, before = cpu_seconds(pid), await records(settings)
            answered = await _load(url, batch, connections, seconds, cores[1])
            used = cpu_seconds(pid) - start
    stored = await records(settings) - before
    assert stored >= answered * batch, f"{answered * batch} events were answered, {stored} are stored"
    return stored / used


def _regions(folder: Path) -> str:
    writer = MMDBWriter(ip_version=4, database_type="Bench-City")
    record = {
        "country": {"iso_code": "AU", "names": {"en": "Australia"}},
        "subdivisions": [{"names": {"en": "Queensland"}}],
        "city": {"names": {"en": "Brisbane"}},
    }
    writer.insert_network(IPSet(["203.0.0.0/16"]), record)
    path = folder / "regions.mmdb"
    writer.to_db_file(str(path))
    return str(path)


async def _load(url: str, batch: int, connections: int, seconds: int, core: int) -> int:
    return int(await pinned(core, sys.executable, __file__, "load", url, str(batch), str(connections), str(seconds)))


async def drive(url: str, batch: int, connections: int, seconds: int) -> int:
    """So many connections, each with one request at a time; how many were answered with 200. Bodies are made beforehand."""
    host, _, port = url.removeprefix("http://").partition(":")
    run = time.time_ns() % 1_000_000
    bodies = [_request(run, number, batch) for number in range(2_000)]
    until = time.monotonic() + seconds
    answered = 0

    async def one(first: int) -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection(host, int(port))
        at = first * 31
        while time.monotonic() < until:
            at += 1
            writer.write(bodies[at % len(bodies)])
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            answered += head[9:12] == b"200"
        writer.close()

    await asyncio.gather(*(one(number) for number in range(connections)))
    return answered


def _request(run: int, number: int, batch: int) -> bytes:
    at = number * batch
    events = [EVENT % (run, at + each, (at + each) % 10_000, each % 997, (at + each) % 1_000) for each in range(batch)]
    path, body = ("/v1/track", f'{events[0][:-1]},"writeKey":"{KEY}"}}') if batch == 1 else ("/v1/batch", _batch(events))
    head = f"User-Agent: {AGENT % (100 + number % 50)}\r\nX-Forwarded-For: 203.0.{number % 8}.{number % 250}\r\n"
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def _batch(events: list[str]) -> str:
    return f'{{"writeKey":"{KEY}","batch":[{",".join(events)}]}}'


def main() -> None:
    match sys.argv[1:]:
        case ["load", url, batch, connections, seconds]:
            print(asyncio.run(drive(url, int(batch), int(connections), int(seconds))))
        case _:
            with tempfile.TemporaryDirectory() as folder, Stack(Path(folder)) as stack:
                print(json.dumps(asyncio.run(compare(stack.kafka))))


if __name__ == "__main__":
    main()
