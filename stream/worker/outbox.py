"""From commit to topic: publishes a lane's transitions in order, and knows how many the store may forget."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.errors import Unavailable
from schemas.transition import Transition
from stream.kafka.port import Message, Publisher

_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


def pack_entry(key: bytes, value: bytes) -> bytes:
    """One entry of the outbox: two bytes of the key's length, key, value. Keys longer than 65 535 bytes are cut."""
    key = key[:65_535]
    return len(key).to_bytes(2, "big") + key + value


def unpack_entry(entry: bytes) -> Message:
    """The record that an entry stands for."""
    end = 2 + int.from_bytes(entry[:2], "big")
    return Message(entry[2:end], entry[end:])


def entries_of(transitions: list[Transition]) -> list[bytes]:
    """The outbox entries of transitions."""
    return [pack_entry(transition.person.encode(), transition.to_json()) for transition in transitions]


@dataclass(slots=True)
class _Waiting:
    entries: list[bytes]
    transitions: list[Transition] = field(default_factory=list)


class Outbox:
    """One lane's way to the transitions topic.

    One publish at a time, merging what waits: a retry can then never overtake or be overtaken, so a person's transitions
    stand in order. ``on_published`` hears of transitions that the broker has acknowledged.
    """

    def __init__(self, publisher: Publisher, topic: str, partition: int, on_published: Callable[[list[Transition]], None]) -> None:
        self._publisher = publisher
        self._topic = topic
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

    async def _publish(self, messages: list[Message]) -> None:
        pause = _PAUSE_SECONDS
        while True:
            try:
                await self._publisher.publish(self._topic, self._partition, messages)
            except Unavailable:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            else:
                return
