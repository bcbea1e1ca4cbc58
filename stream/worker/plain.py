"""The log read by a plain aiokafka loop: the insurance against Faust, and what it is measured against."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from schemas.errors import Unavailable
from stream.kafka.retire import STOP_SECONDS, stop_consumer
from stream.kafka.start import start_client
from stream.runtime.settings import Settings
from stream.worker.lane import LaneParts
from stream.worker.membership import Membership
from stream.worker.worker import Worker

_HINT_SECONDS = 5.0


def consumer_options(settings: Settings) -> dict[str, Any]:
    """What every reader of the events topic must be told, whoever runs it."""
    worker = settings.worker
    return {
        "bootstrap_servers": settings.kafka,
        "client_id": f"ebbtide-{worker.instance}",
        "group_id": f"{settings.prefix}worker",
        "group_instance_id": worker.instance,
        "auto_offset_reset": "none",
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        "session_timeout_ms": worker.session_timeout_ms,
        "heartbeat_interval_ms": worker.heartbeat_ms,
        "fetch_max_wait_ms": worker.fetch_max_wait_ms,
        "fetch_max_bytes": 8 << 20,
        "max_partition_fetch_bytes": 2 << 20,
    }


class PlainRunner(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """Reads events and feeds lanes until ``stop``."""

    def __init__(self, settings: Settings, parts: LaneParts) -> None:
        self._settings = settings
        # A fetch is fed in the same turn of the loop in which the client hands it over, so a seek leaves nothing stale behind.
        self._member = Membership(AIOKafkaConsumer(**consumer_options(settings)), settings.topics.events, parts, lambda _partitions: None)

    @property
    def worker(self) -> Worker:
        """See Runner."""
        return self._member.worker

    @property
    def ends(self) -> dict[int, int]:
        """See Runner."""
        return self._member.ends

    def stop(self) -> None:
        """See Runner."""
        self._member.stopping.set()

    async def run(self) -> None:
        """Read until stopped. Raises what ended a lane, if that was a defect."""
        member = self._member
        try:
            await start_client(member.consumer)
        except KafkaError as error:
            await stop_consumer(member.consumer, STOP_SECONDS)
            raise Unavailable(f"no Kafka answers at {self._settings.kafka}: {error}") from None
        member.consumer.subscribe([member.topic], listener=self)
        try:
            await self._read()
        finally:
            await member.hint()
            await member.release()
            await stop_consumer(member.consumer, STOP_SECONDS)
        if member.failure is not None:
            raise member.failure

    async def _read(self) -> None:
        worker, member = self._settings.worker, self._member
        hinted = asyncio.get_running_loop().time()
        while not member.stopping.is_set():
            await member.worker.room()
            try:
                fetched = await member.consumer.getmany(timeout_ms=200, max_records=worker.records_in_flight_max)
            except NoOffsetForPartitionError:
                continue  # assigned, and the seek to the store's cursor is still to come
            except OffsetOutOfRangeError as error:
                member.fail(error)
                return
            for place, records in fetched.items():
                member.worker.feed(place.partition, records)
            if worker.fetch_pace_ms and sum(map(len, fetched.values())) < worker.batch_records_max:
                await asyncio.sleep(worker.fetch_pace_ms / 1000)
            now = asyncio.get_running_loop().time()
            if now - hinted > _HINT_SECONDS:
                hinted = now
                await member.hint()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """The group takes partitions away: finish and let go."""
        await self._member.release([place.partition for place in revoked])

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """The group gives partitions: own them, and read on from the store's cursors."""
        await self._member.own([place.partition for place in assigned])
