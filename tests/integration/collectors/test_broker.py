"""A broker that dies, freezes or refuses, and no spool: what was answered with 200 is there once, and nothing else is promised."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import BASIC, Running, collector_on, until


async def send(http: aiohttp.ClientSession, collector: Running, name: str, size: int = 0) -> int:
    event = {"messageId": name, "userId": f"u{hash(name) % 50}", "event": "viewed", "properties": {"filling": "x" * size}}
    async with http.post(f"{collector.url}/v1/track", json=event, headers=BASIC) as answer:
        if answer.status == 503:
            assert int(answer.headers["Retry-After"]) > 0
            assert (await answer.json())["error"]["reason"] in {"broker-away", "overloaded"}
        return answer.status


async def ready(http: aiohttp.ClientSession, collector: Running) -> int:
    async with http.get(f"http://127.0.0.1:{collector.addresses.metrics_port}/readyz") as answer:
        return answer.status


async def until_ready(http: aiohttp.ClientSession, collector: Running, wanted: int) -> None:
    async def as_wanted() -> bool:
        return await ready(http, collector) == wanted

    await until(as_wanted)


@pytest.mark.slow
async def test_without_a_spool_clients_hear_503_while_the_broker_is_dead_and_every_200_is_there_once(
    own_stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    async with collector_on(own_stack.kafka, prefix, spool_bytes_max=0, produce_deadline_seconds=1, produce_request_seconds=2) as collector:
        before = [f"before-{number}" for number in range(50)]
        assert set(await asyncio.gather(*(send(http, collector, name) for name in before))) == {200}
        own_stack.kafka_process.kill()
        away = await asyncio.gather(*(send(http, collector, f"away-{number}") for number in range(50)))
        assert set(away) == {503}
        await until_ready(http, collector, 503)
        await asyncio.to_thread(own_stack.kafka_process.start)
        await until_ready(http, collector, 200)

        async def taken() -> bool:
            return await send(http, collector, "probe") == 200

        await until(taken)
        after = [f"after-{number}" for number in range(50)]
        assert set(await asyncio.gather(*(send(http, collector, name) for name in after))) == {200}
        ids = [event["id"] for event in await collector.events()]
    for name in before + after:
        assert ids.count(name) == 1


@pytest.mark.slow
async def test_a_batch_that_is_sent_again_after_a_freeze_stands_once(own_stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(
        own_stack.kafka, prefix, spool_bytes_max=0, produce_deadline_seconds=30, produce_request_seconds=2
    ) as collector:
        assert await send(http, collector, "first") == 200
        own_stack.kafka_process.pause()
        names = [f"frozen-{number}" for number in range(50)]
        waiting = asyncio.gather(*(send(http, collector, name) for name in names))
        await asyncio.sleep(7)
        own_stack.kafka_process.resume()
        assert set(await waiting) == {200}
        ids = [event["id"] for event in await collector.events()]
    assert sorted(ids) == sorted([*names, "first"])


async def test_a_batch_the_broker_refuses_costs_its_own_requests_and_no_later_ones(
    stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    async with collector_on(stack.kafka, prefix) as collector:
        admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka)
        await admin.start()
        topic = ConfigResource(ConfigResourceType.TOPIC, collector.settings.topics.events, configs={"max.message.bytes": "2000"})
        await admin.alter_configs([topic])
        await admin.close()
        await asyncio.sleep(0.5)
        assert await send(http, collector, "small-1") == 200
        assert await send(http, collector, "large", 5_000) == 503
        for number in range(2, 20):
            assert await send(http, collector, f"small-{number}") == 200
        assert collector.count(catalogue.PRODUCER_RENEWALS) == 1
        ids = [event["id"] for event in await collector.events()]
    assert sorted(ids) == sorted(f"small-{number}" for number in range(1, 20))


async def test_more_in_flight_than_allowed_is_503_at_once(own_stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(own_stack.kafka, prefix, spool_bytes_max=0, max_in_flight_events=10, produce_deadline_seconds=8) as collector:
        own_stack.kafka_process.pause()
        statuses = await asyncio.gather(*(send(http, collector, f"m-{number}") for number in range(40)))
        own_stack.kafka_process.resume()
        assert statuses.count(503) >= 30
        assert collector.rejected("overloaded") == 30
