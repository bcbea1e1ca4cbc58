"""What a kill, a restart or a second process may change: never whether a transition arrives, nor its id, nor a person's order."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from schemas.definitions.bundle import bundle_to_json
from schemas.definitions.model import Bundle, Sender
from stream.senders.receiver import Received, Receiver
from tests.integration.senders.harness import (
    SECRET,
    SECRETS,
    Arrived,
    Broker,
    broker_of,
    eventually,
    eventually_equal,
    running,
    sender_to,
    settings_for,
    transitions,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def broker(stack: Any, prefix: str) -> AsyncIterator[Broker]:
    async with broker_of(stack.kafka, prefix) as made:
        yield made


async def started(broker: Broker, sender: Sender, **changes: Any) -> asyncio.subprocess.Process:
    settings = settings_for(broker.kafka, broker.topics.prefix, **changes)
    given = {"settings": settings.model_dump(mode="json"), "secrets": SECRETS, "senders": [asdict(sender)]}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.senders.process", json.dumps(given), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )


async def killed(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.communicate()


FAILED: set[str] = set()


async def sometimes_failing(received: Received) -> web.StreamResponse:
    """10 ms to answer; one in twenty fails the first time."""
    await asyncio.sleep(0.01)
    if int(received.id[-2:], 16) % 20 == 0 and received.id not in FAILED:
        FAILED.add(received.id)
        return web.Response(status=500)
    return web.Response(status=204)


@pytest.mark.slow
async def test_a_sender_killed_five_times_under_load_loses_nothing_and_repeats_only_what_was_in_flight(broker: Broker) -> None:
    """kill -9 at five points of a load; the restarted process goes on under the same member id."""
    kills, concurrency = 5, 16
    given = transitions(people=200, each=15)
    arrived = Arrived()
    async with Receiver(SECRET, arrived, answer=sometimes_failing) as receiver:
        publishing = asyncio.create_task(broker.publish(given))
        for kill in range(1, kills + 1):
            process = await started(broker, sender_to(receiver.url), concurrency=concurrency)
            await eventually(lambda goal=kill * 450: len(arrived.bodies) >= goal)  # type: ignore[misc]
            await killed(process)
        await publishing
        process = await started(broker, sender_to(receiver.url), concurrency=concurrency)
        await eventually(lambda: len(arrived.bodies) == len(given))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
    repeats = {webhook_id: times - 1 for webhook_id, times in Counter(arrived.ids).items() if times > 1}

    assert arrived.bodies == {each.id: each.to_json() for each in given}
    assert arrived.in_order()
    assert sum(repeats.values()) <= kills * concurrency, repeats
    assert await broker.unfinished("shop") == 0


async def test_sigterm_ends_what_is_under_way_and_nothing_is_sent_twice(broker: Broker) -> None:
    given = transitions(people=100, each=10)
    await broker.publish(given)
    arrived = Arrived()
    async with Receiver(SECRET, arrived, answer=sometimes_failing) as receiver:
        for goal in (200, 500, 1000):
            process = await started(broker, sender_to(receiver.url))
            await eventually(lambda goal=goal: len(arrived.bodies) >= goal)  # type: ignore[misc]
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 30) == 0
    assert Counter(arrived.ids) == Counter(each.id for each in given)
    assert arrived.in_order()


async def test_two_processes_share_the_work_and_keep_each_person_s_order(broker: Broker) -> None:
    given = transitions(people=60, each=20)
    arrived = Arrived()
    async with Receiver(SECRET, arrived, answer=sometimes_failing) as receiver:
        sender = [sender_to(receiver.url)]
        settings = [settings_for(broker.kafka, broker.topics.prefix, instance=name) for name in ("one", "two")]
        publishing = asyncio.create_task(broker.publish(given[:600]))
        async with running(settings[0], sender) as first:
            await eventually(lambda: len(arrived.bodies) > 100)
            async with running(settings[1], sender) as second:
                await publishing
                async with asyncio.timeout(40):
                    while not await second.metric("ebbtide_sender_delivered_total"):
                        await broker.publish(given[600:900])
                        await asyncio.sleep(0.2)
                await broker.publish(given[600:])
                await eventually(lambda: len(arrived.bodies) == len(given))
                assert await first.metric("ebbtide_sender_delivered_total") > 0
    assert set(arrived.bodies) == {each.id for each in given}
    assert arrived.in_order()


async def test_the_senders_of_the_newest_definitions_run(broker: Broker) -> None:
    arrived = Arrived()
    async with Receiver(SECRET, arrived) as receiver:
        await broker.producer.send_and_wait(broker.topics.definitions, b"nonsense", partition=0)
        for version, url in ((1, "http://127.0.0.1:9/"), (2, receiver.url)):
            bundle = Bundle(version=version, senders=(sender_to(url),))
            await broker.producer.send_and_wait(broker.topics.definitions, bundle_to_json(bundle), key=b"bundle/%d" % version, partition=0)
        await broker.publish(transitions(people=1, each=2))
        async with running(settings_for(broker.kafka, broker.topics.prefix), None) as sender:
            await eventually(lambda: len(arrived.ids) == 2)
            bundle = Bundle(version=3, senders=())
            await broker.producer.send_and_wait(broker.topics.definitions, bundle_to_json(bundle), key=b"bundle/3", partition=0)
            await eventually_equal(lambda: sender.metric('ebbtide_sender_senders{state="running"}'), 0)
