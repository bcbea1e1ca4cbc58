"""Erasing a person from outside the lanes: one record to the log, and then it is seen that nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from schemas.internal import ERASE_HEADERS, erase_value
from schemas.routing import partition_of
from schemas.transition import iso_time
from stream.cli.deployment import Deployment
from stream.cli.errors import Failed
from stream.cli.listing import register
from stream.cli.lookup import find_person
from stream.duplicates.refusals import Refusals
from stream.kafka.start import start_client
from stream.lists.naming import take_off
from stream.runtime.clock import SystemClock
from stream.store.layout import person_digest
from stream.store.port import Tombstone

_POLL_SECONDS: Final = 0.1


async def erase(deployment: Deployment, name: str, wait_seconds: float) -> dict[str, Any]:
    """Erase the person of any id; the receipt, when nothing is left in the store.

    What is no state of a lane goes first, so that a command that is killed can be given again: the person is still found.
    Raises Failed, Unavailable, ListBusy.
    """
    settings, clock = deployment.settings, SystemClock()
    found = await find_person(deployment, name)
    person_id, ids = found.person.state.id, found.person.ids()
    lists = await _outside(deployment, ids, wait_seconds)
    graves = await _graves(deployment, ids)
    partition, offset, appended_ms = await append(deployment, person_id, erase_value(person_id), ERASE_HEADERS)
    await _until_gone(deployment, graves, (partition, offset), wait_seconds)
    return {
        "person": person_id,
        "incarnation": found.person.state.incarnation,
        "ids": len(ids),
        "partition": partition,
        "offset": offset,
        "partitions": sorted({partition_of(each, settings.partitions) for each in ids}),
        "lists": sorted(lists),
        "appendedAt": iso_time(appended_ms),
        "doneAt": iso_time(clock.now_ms()),
    }


async def _outside(deployment: Deployment, ids: list[str], wait_seconds: float) -> dict[str, list[str]]:
    """Take the ids off uploaded lists, and out of the pairs that an operator has told apart."""
    refusals = Refusals(deployment.settings.redis)
    try:
        for one, other in await refusals.all():
            if one in ids or other in ids:
                await refusals.remove(one, other)
    finally:
        await refusals.close()
    async with register(deployment.settings) as lists:
        return await take_off(lists, ids, SystemClock().now_ms(), wait_seconds)


async def append(deployment: Deployment, person_id: str, value: bytes, headers: tuple[tuple[str, bytes], ...]) -> tuple[int, int, int]:
    """Write an internal record to a person's partition; its partition, offset and append time. Raises Unavailable."""
    settings = deployment.settings
    partition = partition_of(person_id, settings.partitions)
    producer: Any = AIOKafkaProducer(bootstrap_servers=settings.kafka, client_id="ebbtide-append", acks="all", enable_idempotence=True)
    try:
        await start_client(producer)
        written = await producer.send_and_wait(settings.topics.events, value, person_id.encode(), partition, headers=list(headers))
    except KafkaError as error:
        raise Unavailable(f"{settings.topics.events}-{partition} was not written: {error}") from None
    finally:
        await producer.stop()
    return partition, written.offset, written.timestamp


async def _graves(deployment: Deployment, ids: Iterable[str]) -> dict[str, Tombstone | None]:
    """The newest erasure of each id so far."""
    store, partitions = deployment.store, deployment.settings.partitions
    return {each: (await store.tombstones(partition_of(each, partitions), [person_digest(each)]))[0] for each in ids}


async def _until_gone(deployment: Deployment, graves: dict[str, Tombstone | None], asked: tuple[int, int], wait_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_seconds
    while left := await _left(deployment, graves, asked):
        if loop.time() > deadline:
            raise Failed(
                f"the record stands in the log at {asked[0]}/{asked[1]}, but after {wait_seconds:.0f} s {left}\n"
                "The lanes come to it as they read on; `ebbtide doctor` shows whether a worker runs and how far they are."
            )
        await asyncio.sleep(_POLL_SECONDS)


async def _left(deployment: Deployment, graves: dict[str, Tombstone | None], asked: tuple[int, int]) -> str:
    """What is not done yet; empty if all is. ``graves``: as they were before."""
    store = deployment.store
    partition, offset = asked
    header = await deployment.people.header(partition)
    if header is None or header.cursor <= offset:
        return f"the lane {partition} has not applied it"
    for typed_id, grave in (await _graves(deployment, graves)).items():
        number = partition_of(typed_id, deployment.settings.partitions)
        (pointer,) = await store.pointers(number, [person_digest(typed_id)])
        # A pointer that was made after the erasure leads to a new incarnation.
        if pointer is not None and pointer.target in graves and grave == graves[typed_id]:
            return f"the lane {number} has not heard of it"
    names = [typed_id.encode() for typed_id in graves]
    for number in {partition_of(each, deployment.settings.partitions) for each in graves}:
        if any(one in entry for entry in await store.outbox(number) for one in names):
            return f"what the lane {number} has to say of it is not published"
    return ""
