"""Kafka killed under load: the sender stays up, and everything arrives once Kafka is back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stream.senders.receiver import Receiver
from tests.integration.senders.harness import SECRET, Arrived, broker_of, eventually, running, sender_to, settings_for, transitions


@pytest.mark.slow
async def test_a_killed_broker_loses_nothing_and_the_sender_goes_on_when_it_is_back(own_stack: Any, prefix: str) -> None:
    given = transitions(people=100, each=20)
    arrived = Arrived()
    async with broker_of(own_stack.kafka, prefix) as broker:
        await broker.publish(given)
        async with Receiver(SECRET, arrived) as receiver:
            async with running(settings_for(own_stack.kafka, prefix, concurrency=4), [sender_to(receiver.url)]) as sender:
                await eventually(lambda: len(arrived.bodies) > 100)
                await asyncio.to_thread(own_stack.kafka_process.kill)
                before = len(arrived.bodies)
                await asyncio.sleep(2)
                assert (await sender.get("/healthz"))[0] == 200
                await asyncio.to_thread(own_stack.kafka_process.start)
                await eventually(lambda: len(arrived.bodies) == len(given), seconds=90)
            assert await broker.unfinished("shop") == 0
    assert before < len(given)
    assert arrived.bodies == {each.id: each.to_json() for each in given}
    assert arrived.in_order()
