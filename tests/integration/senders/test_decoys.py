"""A decoy that any sender reaches raises its alert: the whole inside of a sender process on a real broker."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import Any

import pytest

from schemas.definitions.model import Sender
from schemas.definitions.quality_model import Decoy
from stream.senders.directory import DefinedSender, Directory, StaticSenderDirectory
from stream.senders.receiver import Receiver
from tests.integration.senders.harness import (
    SECRET,
    SECRETS,
    Arrived,
    Broker,
    Running,
    broker_of,
    eventually,
    eventually_equal,
    running,
    sender_to,
    settings_for,
    transitions,
)


@pytest.fixture
async def broker(stack: Any, prefix: str) -> AsyncIterator[Broker]:
    async with broker_of(stack.kafka, prefix) as made:
        yield made


def settings_of(broker: Broker) -> Any:
    return settings_for(broker.kafka, broker.topics.prefix)


async def reached(sender: Running, sender_id: str) -> float | None:
    """How often a sender has reached a decoy; None while it is not there yet."""
    _, text = await sender.get("/metrics")
    found = re.search(rf'^ebbtide_decoy_reached_total{{sender="{sender_id}"}} (.+)$', text, re.MULTILINE)
    return None if found is None else float(found[1])


async def test_whichever_sender_reaches_a_decoy_is_named_and_the_bait_is_taken(broker: Broker) -> None:
    given = transitions(people=3, each=1)
    shop, crm = Arrived(), Arrived()
    async with Receiver(SECRET, shop) as first, Receiver(SECRETS["CRM_SECRET"], crm) as second:
        senders = [
            sender_to(first.url),
            sender_to(second.url, id="crm", secret_env="CRM_SECRET", directions=("leave",)),
        ]
        async with running(settings_of(broker), StaticSenderDirectory(senders, decoys=(Decoy("user:u1", "planted"),))) as sender:
            await eventually_equal(partial(reached, sender, "shop"), 0)
            await broker.publish(given)
            await eventually(lambda: len(shop.ids) == 3)
            await eventually_equal(partial(reached, sender, "shop"), 1)
            assert await reached(sender, "crm") == 0, "what it does not want reaches nobody"

            await broker.publish(transitions(people=2, each=1, first=1))
            await eventually(lambda: len(crm.ids) == 2)
            await eventually_equal(partial(reached, sender, "crm"), 1)
            letters = await broker.dead_letters(3)
    assert {dict(letter.headers)["reason"] for letter in letters} == {b"decoy-reached"}
    assert {letter.key for letter in letters} == {b"user:u1"}
    assert sorted(dict(letter.headers)["sender"] for letter in letters) == [b"crm", b"shop", b"shop"]


async def test_a_decoy_that_blocks_gets_nothing_and_holds_nothing_up(broker: Broker) -> None:
    await broker.publish(transitions(people=3, each=1))
    arrived = Arrived()
    async with Receiver(SECRET, arrived) as receiver:
        directory = StaticSenderDirectory([sender_to(receiver.url)], decoys=(Decoy("user:u1", block=True),))
        async with running(settings_of(broker), directory) as sender:
            await eventually(lambda: len(arrived.ids) == 2)
            await eventually_equal(partial(sender.metric, 'ebbtide_sender_skipped_total{why="decoy"}'), 1)
            assert await reached(sender, "shop") == 1
    assert set(arrived.sequences) == {"user:u0", "user:u2"}
    assert await broker.unfinished("shop") == 0


class Told:
    """A directory that says what it is told."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Directory] = asyncio.Queue()

    def tell(self, sender: Sender, *decoys: Decoy) -> None:
        self.queue.put_nowait({sender.id: DefinedSender(sender, 0, decoys)})

    async def changes(self) -> AsyncGenerator[Directory, None]:
        while True:
            yield await self.queue.get()


async def test_a_decoy_that_is_planted_while_a_sender_runs_is_watched_from_then_on(broker: Broker) -> None:
    told, arrived = Told(), Arrived()
    async with Receiver(SECRET, arrived) as receiver:
        shop = sender_to(receiver.url)
        told.tell(shop)
        async with running(settings_of(broker), told) as sender:
            await broker.publish(transitions(people=2, each=1))
            await eventually(lambda: len(arrived.ids) == 2)
            assert await reached(sender, "shop") == 0

            told.tell(shop, Decoy("user:u1"))
            number = 1
            async with asyncio.timeout(60):
                while not await reached(sender, "shop"):
                    await broker.publish(transitions(people=2, each=1, first=number))
                    number += 1
                    await asyncio.sleep(0.2)
            await eventually(lambda: len(arrived.bodies) == 2 * number)
    assert arrived.in_order()
