from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.topics import Topics
from schemas.transition import Transition
from stream.kafka.port import Message
from stream.worker import outbox as outbox_module
from stream.worker.outbox import Outbox, entries_of, pack_entry, unpack_entry
from tests.unit.worker.made import FakePublisher, T


def transition(sequence: int) -> Transition:
    return Transition("user:u1", "u1", None, "s", T, sequence, T + sequence, "event", 1)


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[Outbox]:
    task = asyncio.create_task(outbox.run())
    try:
        async with asyncio.timeout(30):
            yield outbox
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def made(publisher: FakePublisher, heard: list[int] | None = None) -> Outbox:
    told: list[int] = [] if heard is None else heard
    return Outbox(publisher, Topics("t."), 3, lambda published: told.extend(one.sequence for one in published))


@settings(deadline=None)
@given(st.binary(max_size=70_000), st.binary(max_size=50))
def test_an_entry_is_read_back_and_too_long_a_key_is_cut(key: bytes, value: bytes) -> None:
    assert unpack_entry(pack_entry(key, value)) == (None, Message(key[:65_534], value))


def test_a_key_of_any_length_leaves_the_value_whole() -> None:
    for length in (0, 1, 65_534, 65_535, 65_536, 200_000):
        assert unpack_entry(pack_entry(b"k" * length, b"value")) == (None, Message(b"k" * min(length, 65_534), b"value"))


def test_the_entry_of_a_transition_has_the_person_as_key() -> None:
    (entry,) = entries_of([transition(1)])

    assert unpack_entry(entry) == (None, Message(b"user:u1", transition(1).to_json()))


async def test_what_is_added_is_published_in_order_and_may_then_be_cleared() -> None:
    publisher, heard = FakePublisher(), list[int]()
    async with running(made(publisher, heard)) as outbox:
        for sequence in range(1, 6):
            outbox.add([pack_entry(b"k", b"%d" % sequence), pack_entry(b"k", b"again")], [transition(sequence)])
        assert outbox.unpublished == 5
        await outbox.room(0)

    values = [message.value for batch in publisher.batches for message in batch]
    assert values == [value for sequence in range(1, 6) for value in (b"%d" % sequence, b"again")]
    assert (heard, outbox.clearable, outbox.unpublished) == ([1, 2, 3, 4, 5], 10, 0)
    assert publisher.places == {("t.transitions", 3)}


async def test_what_waits_goes_out_in_one_batch() -> None:
    publisher = FakePublisher()
    outbox = made(publisher)
    for sequence in range(4):
        outbox.add([pack_entry(b"k", b"%d" % sequence)], [])
    async with running(outbox):
        await outbox.room(0)

    assert [len(batch) for batch in publisher.batches] == [4]


async def test_nothing_is_no_commit_to_wait_for() -> None:
    outbox = made(FakePublisher())
    outbox.add([], [])

    assert outbox.unpublished == 0
    await asyncio.wait_for(outbox.room(0), 30)


async def test_a_broker_that_is_away_is_asked_again_and_nothing_overtakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(outbox_module, "_LONGEST_PAUSE_SECONDS", 0.002)
    publisher, heard = FakePublisher(refusals=4), list[int]()
    async with running(made(publisher, heard)) as outbox:
        outbox.add([pack_entry(b"k", b"1")], [transition(1)])
        while publisher.calls < 2:  # noqa: ASYNC110 - one turn of the loop at a time
            await asyncio.sleep(0)
        outbox.add([pack_entry(b"k", b"2")], [transition(2)])
        assert (outbox.clearable, heard) == (0, [])
        await outbox.room(0)

    assert [[message.value for message in batch] for batch in publisher.batches] == [[b"1"], [b"2"]]
    assert (publisher.calls, heard, outbox.clearable) == (6, [1, 2], 2)


async def test_room_waits_until_few_enough_commits_are_unpublished() -> None:
    gate = asyncio.Event()

    class Gated(FakePublisher):
        async def publish(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
            await gate.wait()
            await super().publish(topic, partition, messages)

    async with running(made(Gated())) as outbox:
        outbox.add([b"\0\0a"], [])
        outbox.add([b"\0\0b"], [])
        await outbox.room(2)
        waiting = asyncio.create_task(outbox.room(1))
        await asyncio.sleep(0.01)
        assert not waiting.done()

        gate.set()
        await waiting
        assert outbox.unpublished <= 1
