"""Receivers that misbehave hold no slot longer than the deadline, and cost neither memory nor what others get."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stream.senders.receiver import Receiver
from tests.integration.senders import faults
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

DEADLINE_SECONDS = 1.0
RISE_BYTES = 128 * 1024 * 1024


@pytest.fixture
async def broker(stack: Any, prefix: str) -> AsyncIterator[Broker]:
    async with broker_of(stack.kafka, prefix) as made:
        yield made


def resident_peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize(
    ("behave", "outcomes"),
    [
        (faults.hang, ["timeout"]),
        (faults.drip_headers, ["timeout"]),
        (faults.close_mid_headers, ["unreachable", "garbage"]),
        (faults.garbage, ["garbage"]),
        (faults.endless_headers, ["garbage"]),
        (faults.huge_error, ["failed"]),
    ],
)
async def test_a_misbehaving_receiver_holds_a_slot_no_longer_than_the_deadline(broker: Broker, behave: Any, outcomes: list[str]) -> None:
    await broker.publish(transitions(people=3, each=1))
    before = resident_peak_bytes()
    settings = settings_for(
        broker.kafka, broker.topics.prefix, attempt_seconds=DEADLINE_SECONDS, connect_seconds=DEADLINE_SECONDS, concurrency=1
    )
    async with faults.raw_receiver(behave) as (url, ids), running(settings, [sender_to(url)]) as sender:
        began = time.monotonic()
        await eventually(lambda: len(ids) >= 5)
        took = time.monotonic() - began
        attempts = [await sender.metric(f'ebbtide_sender_attempts_total{{outcome="{outcome}"}}') for outcome in outcomes]
        assert await sender.metric("ebbtide_sender_delivered_total") == 0
    assert sum(attempts) >= 4
    assert len(set(ids)) == 3
    # With one slot: five attempts of a second each, the waits of a short schedule, and ten times the patience for a busy machine.
    assert took < 5 * DEADLINE_SECONDS * 10
    assert resident_peak_bytes() - before < RISE_BYTES


async def test_a_success_counts_when_its_status_has_come_however_its_body_goes_on(broker: Broker) -> None:
    await broker.publish(transitions(people=1, each=2))
    settings = settings_for(broker.kafka, broker.topics.prefix)
    async with faults.raw_receiver(faults.dripping_success) as (url, ids), running(settings, [sender_to(url)]) as sender:
        await eventually_equal(lambda: sender.metric("ebbtide_sender_delivered_total"), 2)
    assert len(ids) == 2


async def test_a_hanging_receiver_slows_no_other_sender(broker: Broker) -> None:
    crm = Arrived()
    settings = settings_for(broker.kafka, broker.topics.prefix, concurrency=2, window_records=20)
    async with (
        faults.raw_receiver(faults.hang) as (url, _),
        Receiver(SECRETS["CRM_SECRET"], crm) as receiver,
        running(settings, [sender_to(url), sender_to(receiver.url, id="crm", secret_env="CRM_SECRET")]),
    ):
        await broker.publish(transitions(people=50, each=10))
        await eventually(lambda: len(crm.ids) == 500, seconds=30)


async def test_an_outage_in_mid_stream_is_made_good_in_order_soon_after_recovery(broker: Broker) -> None:
    """The schedule would wait for up to an hour by then: the first success wakes all that waits."""
    arrived = Arrived()
    schedule = {"retry_factor": 100, "retry_longest_seconds": 3600, "retry_first_seconds": 1}
    receiver = Receiver(SECRET, arrived)
    await receiver.start()
    async with running(settings_for(broker.kafka, broker.topics.prefix, **schedule), [sender_to(receiver.url)]) as sender:
        await broker.publish(transitions(people=40, each=5))
        await eventually(lambda: len(arrived.bodies) == 200)
        await receiver.stop()
        await broker.publish(transitions(people=40, each=5, first=5))
        await eventually_equal(lambda: sender.metric("ebbtide_sender_breakers_open"), 1)
        await asyncio.sleep(3)
        await receiver.start()
        await eventually(lambda: len(arrived.bodies) == 400, seconds=30)
    await receiver.stop()
    assert arrived.in_order()
