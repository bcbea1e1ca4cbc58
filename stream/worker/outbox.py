"""From commit to topics: publishes a lane's transitions and internal records in order, and knows how many the store may forget."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from schemas.errors import Unavailable
from schemas.internal import HEADER
from schemas.person_merged import PersonMerged
from schemas.topics import Topics
from schemas.transition import Transition
from stream.kafka.port import Message, Publisher

_INTERNAL: Final = b"\xff\xff"
_KEY_BYTES_MAX: Final = 65_534
_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


def pack_entry(key: bytes, value: bytes) -> bytes:
    """One transition's entry: two bytes of the key's length, key, value. Keys longer than 65 534 bytes are cut."""
    key = key[:_KEY_BYTES_MAX]
    return len(key).to_bytes(2, "big") + key + value


def pack_internal(partition: int, kind: bytes, key: bytes, value: bytes) -> bytes:
    """One internal record's entry: a length that no key has, four bytes of the partition of ``events``, its kind, then as above."""
    return _INTERNAL + partition.to_bytes(4, "big") + bytes([len(kind)]) + kind + pack_entry(key, value)


def unpack_entry(entry: bytes) -> tuple[int | None, Message]:
    """The partition of ``events`` that an internal record goes to (None: a transition), and the record."""
    if entry[:2] != _INTERNAL:
        end = 2 + int.from_bytes(entry[:2], "big")
        return None, Message(entry[2:end], entry[end:])
    start = 7 + entry[6]
    _, message = unpack_entry(entry[start:])
    return int.from_bytes(entry[2:6], "big"), Message(message.key, message.value, ((HEADER, entry[7:start]),))


def entries_of(transitions: Sequence[Transition | PersonMerged], internal: Sequence[bytes] = ()) -> list[bytes]:
    """The outbox entries of transitions, then of internal records (packed)."""
    return [*(pack_entry(transition.person.encode(), transition.to_json()) for transition in transitions), *internal]


@dataclass(slots=True)
class _Waiting:
    entries: list[bytes]
    transitions: list[Transition] = field(default_factory=list)


class Outbox:
    """One lane's way to the transitions topic, and to other lanes.

    One publish at a time, merging what waits: a retry can then never overtake or be overtaken, so a person's transitions
    stand in order, and so do the records to one lane. ``on_published`` hears of transitions that the broker has acknowledged.
    """

    def __init__(self, publisher: Publisher, topics: Topics, partition: int, on_published: Callable[[list[Transition]], None]) -> None:
        self._publisher = publisher
        self._topics = topics
        self._partition = partition
        self._on_published = on_published
        self._waiting: deque[_Waiting] = deque()
        self._work = asyncio.Event()
        self._moved = asyncio.Event()
        self.clearable = 0
        self.unpublished = 0

    def add(self, entries: list[bytes], transitions: list[Transition]) -> None:
        """Committed entries, to be published after all earlier ones."""
        if entries:
            self._waiting.append(_Waiting(entries, transitions))
            self.unpublished += 1
            self._work.set()

    async def room(self, most: int) -> None:
        """Wait until at most ``most`` commits are unpublished."""
        while self.unpublished > most:
            self._moved.clear()
            await self._moved.wait()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                taken = list(self._waiting)
                await self._publish([unpack_entry(entry) for waiting in taken for entry in waiting.entries])
                for waiting in taken:
                    self._waiting.popleft()
                    self.clearable += len(waiting.entries)
                    self._on_published(waiting.transitions)
                self.unpublished -= len(taken)
                self._moved.set()

    async def _publish(self, entries: list[tuple[int | None, Message]]) -> None:
        """All to one place in order; the places at once."""
        ways: dict[int | None, list[Message]] = {}
        for partition, message in entries:
            ways.setdefault(partition, []).append(message)
        await asyncio.gather(*[self._deliver(partition, messages) for partition, messages in ways.items()])

    async def _deliver(self, partition: int | None, messages: list[Message]) -> None:
        topic = self._topics.transitions if partition is None else self._topics.events
        pause = _PAUSE_SECONDS
        while True:
            try:
                await self._publisher.publish(topic, self._partition if partition is None else partition, messages)
            except Unavailable:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            else:
                return
