"""A put: the log is told of everybody who joins a list or is no longer on it.

1. Hold the list and take its next version. 2. *Announce*: in each bucket that will change, mark as unsure whom this put will add or
take back. 3. Let the store settle. 4. Tell the log: of those who are unsure, who is in the file is added and who is not is taken back;
then the bucket is what the file says. A put that dies has told the log nothing of which the register does not know: the next one,
of whatever file, tells again what is unsure, under a greater version.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from schemas.errors import Unavailable
from schemas.internal import LIST_HEADERS, list_value
from schemas.routing import partition_of
from stream.kafka.port import Message, Publisher
from stream.lists.register import Bucket, ListRegister

PART_RECORDS: Final = 5_000
# Well within the time after which another put may take the list over.
PART_SECONDS: Final = 30.0


class Ids(Protocol):
    """The ids that a list shall name, by bucket (see ``stream.lists.spool``)."""

    def numbers(self) -> list[int]:
        """The buckets in which somebody is."""
        ...

    def ids(self, number: int) -> frozenset[str]:
        """The ids of one bucket."""
        ...


@dataclass(frozen=True, slots=True)
class Put:
    """Which list, under which version; ``token`` holds it."""

    list_id: str
    version: int
    token: str


@dataclass(slots=True)
class Told:
    """What a put has told the log so far. ``persons``: how many the list names; ``done`` of ``buckets`` that had to change."""

    persons: int = 0
    added: int = 0
    removed: int = 0
    done: int = 0
    buckets: int = 0


class Putting:
    """Carries one put out. ``partitions`` of the topic ``events``; ``progress`` hears how far it is."""

    def __init__(
        self, register: ListRegister, publisher: Publisher, events: str, partitions: int, progress: Callable[[Told], None]
    ) -> None:
        self._register = register
        self._publisher = publisher
        self._events = events
        self._partitions = partitions
        self._progress = progress

    async def run(self, put: Put, wanted: Ids) -> Told:
        """Make the list what ``wanted`` says. Raises Unavailable, and ListTaken if the put stood still for too long."""
        told = Told()
        changing = await self._announce(put, wanted, told)
        told.buckets = len(changing)
        if changing:
            await self._register.settle()
        for number in changing:
            await self._tell(put, number, wanted.ids(number), told)
            told.done += 1
            self._progress(told)
        return told

    async def _announce(self, put: Put, wanted: Ids, told: Told) -> list[int]:
        changing: list[int] = []
        numbers = {*await self._register.numbers(put.list_id), *wanted.numbers()}
        for number in sorted(numbers):
            held, ids = await self._register.bucket(put.list_id, number), wanted.ids(number)
            told.persons += len(ids)
            if held != Bucket(ids):
                await self._register.write(put.list_id, put.token, number, held.announced(ids))
                changing.append(number)
        return changing

    async def _tell(self, put: Put, number: int, wanted: frozenset[str], told: Told) -> None:
        held = await self._register.bucket(put.list_id, number)
        unsure = iter(sorted(held.unsure))
        while part := list(islice(unsure, PART_RECORDS)):
            await self._register.write(put.list_id, put.token, number, held)
            await self._write(put, part, wanted)
            added = sum(person in wanted for person in part)
            told.added += added
            told.removed += len(part) - added
            self._progress(told)
        await self._register.write(put.list_id, put.token, number, Bucket(wanted))

    async def _write(self, put: Put, persons: list[str], wanted: frozenset[str]) -> None:
        by_partition: dict[int, list[Message]] = defaultdict(list)
        for person in persons:
            value = list_value(put.list_id, put.version, person, named=person in wanted)
            by_partition[partition_of(person, self._partitions)].append(Message(person.encode(), value, LIST_HEADERS))
        try:
            async with asyncio.timeout(PART_SECONDS):
                await asyncio.gather(*(self._publisher.publish(self._events, number, each) for number, each in by_partition.items()))
        except TimeoutError:
            raise Unavailable(f"{self._events} was not written within {PART_SECONDS:.0f} s") from None
