from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import Any

import pytest

from schemas.definitions.model import Sender
from stream.senders.directory import DefinedSender, Directory
from stream.senders.receiver import Receiver
from tests.integration.senders.faults import by_person, script
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


@pytest.fixture
async def broker(stack: Any, prefix: str) -> AsyncIterator[Broker]:
    async with broker_of(stack.kafka, prefix) as made:
        yield made


def settings_of(broker: Broker, **changes: Any) -> Any:
    return settings_for(broker.kafka, broker.topics.prefix, **changes)


async def test_transitions_arrive_signed_unchanged_and_in_order_per_person(broker: Broker) -> None:
    given = transitions(people=20, each=10)
    await broker.publish(given)
    arrived = Arrived()
    async with Receiver(SECRET, arrived) as receiver, running(settings_of(broker), [sender_to(receiver.url)]) as sender:
        await eventually(lambda: len(arrived.ids) >= 200)

        await eventually_equal(partial(sender.metric, "ebbtide_sender_delivered_total"), 200)
        assert await sender.failing() == {}
        assert (receiver.good, receiver.bad) == (200, 0)
    assert arrived.bodies == {each.id: each.to_json() for each in given}
    assert arrived.in_order()
    assert await broker.unfinished("shop") == 0


async def test_a_failure_is_tried_again_under_the_same_id_and_holds_back_its_person(broker: Broker) -> None:
    await broker.publish(transitions(people=1, each=3))
    arrived = Arrived()
    async with (
        Receiver(SECRET, arrived, answer=script((500, {}), (503, {}), (404, {}))) as receiver,
        running(settings_of(broker), [sender_to(receiver.url)]) as sender,
    ):
        await eventually(lambda: len(arrived.ids) == 3)
        assert await sender.metric('ebbtide_sender_attempts_total{outcome="failed"}') == 2
        assert await sender.metric('ebbtide_sender_attempts_total{outcome="rejected"}') == 1
    assert arrived.sequences == {"user:u0": [1, 2, 3]}


async def test_retry_after_is_obeyed(broker: Broker) -> None:
    await broker.publish(transitions(people=1, each=1))
    arrived = Arrived()
    async with (
        Receiver(SECRET, arrived, answer=script((429, {"Retry-After": "2"}))) as receiver,
        running(settings_of(broker), [sender_to(receiver.url)]) as sender,
    ):
        before = time.monotonic()
        await eventually(lambda: len(arrived.ids) == 1)
        assert time.monotonic() - before > 1
        assert await sender.metric('ebbtide_sender_attempts_total{outcome="throttled"}') == 1


async def test_a_redirect_is_a_failure_and_not_followed(broker: Broker) -> None:
    await broker.publish(transitions(people=1, each=1))
    elsewhere, arrived = Arrived(), Arrived()
    async with Receiver(SECRET, elsewhere) as other:
        answer = script((307, {"Location": other.url}), (302, {"Location": other.url}))
        async with Receiver(SECRET, arrived, answer=answer) as receiver, running(settings_of(broker), [sender_to(receiver.url)]):
            await eventually(lambda: len(arrived.ids) == 1)
    assert elsewhere.ids == []


async def test_when_all_attempts_failed_it_becomes_a_dead_letter_and_the_next_follows(broker: Broker) -> None:
    given = transitions(people=2, each=2)
    await broker.publish(given)
    arrived = Arrived()
    poison = {given[0].person: 500}
    async with (
        Receiver(SECRET, arrived, answer=by_person(lambda person: poison.get(person, 204))) as receiver,
        running(settings_of(broker, retry_horizon_seconds=1), [sender_to(receiver.url)]) as sender,
    ):
        letters = await broker.dead_letters(2)
        await eventually(lambda: len(arrived.ids) == 2)
        assert await sender.metric('ebbtide_sender_dead_letters_total{reason="exhausted"}') == 2
    assert [(letter.key, letter.value) for letter in letters] == [(given[n].person.encode(), given[n].to_json()) for n in (0, 2)]
    headers = dict(letters[0].headers)
    assert headers["reason"] == b"exhausted"
    assert headers["stage"] == b"sender"
    assert headers["sender"] == b"shop"
    assert headers["detail"] == b"status 500"
    assert headers["source-topic"] == broker.topics.transitions.encode()
    assert int(headers["attempts"]) > 2
    assert await broker.unfinished("shop") == 0


async def test_a_record_that_is_no_transition_becomes_a_dead_letter_and_holds_nothing_up(broker: Broker) -> None:
    await (await broker.put(b"\xff not json"))
    await broker.publish(transitions(people=1, each=1))
    arrived = Arrived()
    async with Receiver(SECRET, arrived) as receiver, running(settings_of(broker), [sender_to(receiver.url)]):
        (letter,) = await broker.dead_letters(1)
        await eventually(lambda: len(arrived.ids) == 1)
    assert letter.value == b"\xff not json"
    assert dict(letter.headers)["reason"] == b"unreadable-transition"


async def test_410_disables_the_sender_for_this_run_and_the_others_go_on(broker: Broker) -> None:
    given = transitions(people=1, each=3)
    await broker.publish(given)
    gone, arrived = Arrived(), Arrived()
    async with Receiver(SECRET, gone, answer=script((410, {}))) as closed, Receiver(SECRETS["CRM_SECRET"], arrived) as crm:
        senders = [sender_to(closed.url), sender_to(crm.url, id="crm", secret_env="CRM_SECRET")]
        async with running(settings_of(broker), senders) as sender:
            (letter,) = await broker.dead_letters(1)
            await eventually(lambda: len(arrived.ids) == 3)
            await eventually_equal(lambda: sender.metric('ebbtide_sender_senders{state="disabled"}'), 1)
            assert "shop: its receiver answered 410" in (await sender.failing())["senders"]
            assert gone.ids == []
        assert (letter.value, dict(letter.headers)["reason"]) == (given[0].to_json(), b"gone")

        async with running(settings_of(broker), senders[:1]):
            await eventually(lambda: len(gone.ids) == 2)
    assert gone.sequences == {"user:u0": [2, 3]}


async def test_a_sender_without_its_secret_is_named_and_the_others_go_on(broker: Broker) -> None:
    await broker.publish(transitions(people=1, each=1))
    arrived = Arrived()
    async with Receiver(SECRET, arrived) as receiver:
        senders = [sender_to(receiver.url), sender_to(receiver.url, id="crm", secret_env="NO_SUCH_SECRET")]
        async with running(settings_of(broker), senders) as sender:
            await eventually(lambda: len(arrived.ids) == 1)
            failing = await sender.failing()
            status, _ = await sender.get("/readyz")
    assert status == 503
    assert failing["senders"].startswith("crm: NO_SUCH_SECRET is not set")


async def test_only_what_the_definition_asks_for_is_sent_and_all_is_committed(broker: Broker) -> None:
    await broker.publish(transitions(people=3, each=4))
    arrived = Arrived()
    async with Receiver(SECRET, arrived) as receiver, running(settings_of(broker), [sender_to(receiver.url, directions=("leave",))]):
        await eventually(lambda: len(arrived.ids) == 6)
        await eventually_equal(lambda: broker.unfinished("shop"), 0)
    assert set(map(tuple, arrived.sequences.values())) == {(2, 4)}


class Told:
    """A directory that says what it is told."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Directory] = asyncio.Queue()

    def tell(self, since_ms: int, *senders: Sender) -> None:
        self.queue.put_nowait({sender.id: DefinedSender(sender, since_ms) for sender in senders})

    async def changes(self) -> AsyncGenerator[Directory, None]:
        while True:
            yield await self.queue.get()


async def test_a_new_sender_starts_with_the_first_transition_after_its_definition(broker: Broker) -> None:
    await broker.publish(transitions(people=4, each=2))
    await asyncio.sleep(0.05)
    defined_ms = time.time_ns() // 1_000_000
    await asyncio.sleep(0.05)
    later = transitions(people=4, each=2, first=2)
    await broker.publish(later)
    told, arrived = Told(), Arrived()
    async with Receiver(SECRET, arrived) as receiver:
        told.tell(defined_ms, sender_to(receiver.url))
        async with running(settings_of(broker), told):
            await eventually(lambda: len(arrived.ids) >= 8)
    assert set(arrived.ids) == {each.id for each in later}


async def test_senders_are_added_changed_and_removed_while_the_process_runs(broker: Broker) -> None:
    told, old, new, crm = Told(), Arrived(), Arrived(), Arrived()
    async with (
        Receiver(SECRET, old) as first,
        Receiver(SECRET, new) as second,
        Receiver(SECRETS["CRM_SECRET"], crm) as other,
    ):
        told.tell(0, sender_to(first.url))
        async with running(settings_of(broker), told) as sender:
            await broker.publish(transitions(people=1, each=2))
            await eventually(lambda: len(old.ids) == 2)
            told.tell(0, sender_to(second.url), sender_to(other.url, id="crm", secret_env="CRM_SECRET"))
            await eventually(lambda: len(crm.ids) == 2)
            await broker.publish(transitions(people=1, each=2, first=2))
            await eventually(lambda: len(crm.ids) == 4 and len(new.ids) == 2)
            told.tell(0, sender_to(second.url))
            await eventually_equal(lambda: sender.metric('ebbtide_sender_senders{state="running"}'), 1)
            await broker.publish(transitions(people=1, each=1, first=4))
            await eventually(lambda: len(new.ids) == 3)
    assert old.sequences == {"user:u0": [1, 2]}
    assert new.sequences == {"user:u0": [3, 4, 5]}
    assert crm.sequences == {"user:u0": [1, 2, 3, 4]}


async def test_while_the_receiver_is_away_no_more_than_the_window_is_read(broker: Broker) -> None:
    given = transitions(people=50, each=20)
    await broker.publish(given)
    arrived = Arrived()
    receiver = Receiver(SECRET, arrived)
    await receiver.start()
    url, port = receiver.url, receiver.port
    await receiver.stop()
    async with running(settings_of(broker, window_records=100), [sender_to(url)]) as sender:
        await eventually_equal(lambda: sender.metric("ebbtide_sender_waiting"), 100)
        await eventually_equal(lambda: sender.metric("ebbtide_sender_breakers_open"), 1)
        await asyncio.sleep(2)
        assert await sender.metric("ebbtide_sender_waiting") == 100
        assert await sender.metric("ebbtide_sender_records_total") == 100
        assert await sender.metric("ebbtide_sender_oldest_seconds") > 1
        assert receiver.port == port
        await receiver.start()
        await eventually(lambda: len(arrived.bodies) == 1000)
    await receiver.stop()
    assert arrived.in_order()


async def test_what_waits_for_days_makes_nothing_be_sent_again_after_a_restart(broker: Broker) -> None:
    given = transitions(people=10, each=30)
    await broker.publish(given)
    arrived = Arrived()
    poison = {given[0].person: 500}
    async with Receiver(SECRET, arrived, answer=by_person(lambda person: poison.get(person, 204))) as receiver:
        for _ in range(2):
            async with running(settings_of(broker), [sender_to(receiver.url)]) as sender:
                await eventually(lambda: len(arrived.ids) >= 270)
                await eventually_equal(partial(sender.metric, "ebbtide_sender_waiting"), 30)
        poison.clear()
        async with running(settings_of(broker), [sender_to(receiver.url)]):
            await eventually(lambda: len(arrived.bodies) == 300)
    assert len(arrived.ids) == 300
    assert arrived.in_order()


async def test_one_dead_sender_does_not_slow_another(broker: Broker) -> None:
    crm = Arrived()
    dead = "http://127.0.0.1:9/"
    async with Receiver(SECRETS["CRM_SECRET"], crm) as receiver:
        alive = sender_to(receiver.url, id="crm", secret_env="CRM_SECRET")
        async with running(settings_of(broker, window_records=50), [alive, sender_to(dead)]) as sender:
            await broker.publish(transitions(people=50, each=20))
            await eventually(lambda: len(crm.ids) == 1000)
            assert await sender.metric('ebbtide_sender_attempts_total{outcome="unreachable"}') > 0
            assert await broker.unfinished("shop") > 0
    assert crm.in_order()
