"""One running sender: reads its own group, keeps its own queue, calls its own receiver. Nothing is shared with other senders."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.errors import Rejected
from stream.runtime.catalogue import sender as catalogue
from stream.senders.breaker import Breaker
from stream.senders.decoys import Decoys
from stream.senders.deliveries import Deliveries, Tools
from stream.senders.plan import Bounds, Item, Plan
from stream.senders.reader import Place, Reader
from stream.senders.schedule import Backoff, RetrySchedule
from stream.senders.transition import Record, lacks_consent, read_notice, wanted
from stream.senders.webhook import Deadlines, Webhook

if TYPE_CHECKING:
    from schemas.topics import Topics
    from stream.runtime.settings_sender import SenderSettings
    from stream.senders.address import AddressGuard
    from stream.senders.directory import DefinedSender
    from stream.senders.signing import Signer

_READ_WAIT_MS = 300
_HANDOVER_SPARE_MS = 10_000
_COMMIT_AGAIN_SECONDS = 0.5
_ROOM_SECONDS = 2.0
_PROBE_FIRST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class House:
    """What all senders of a process have in common."""

    kafka: str
    topics: Topics
    settings: SenderSettings
    tools: Tools
    guard: AddressGuard


class SenderTask:
    """One sender from start to stop. A failure of Kafka raises out of ``run``; a failure of the receiver never does."""

    def __init__(self, defined: DefinedSender, signer: Signer, house: House) -> None:
        settings, tools = house.settings, house.tools
        self._sender = defined.sender
        self._settings = settings
        self._tools = tools
        self.plan = _plan(settings, tools)
        deadlines = Deadlines(settings.attempt_seconds, settings.connect_seconds)
        self._webhook = Webhook(defined.sender, signer, deadlines, tools.clock, house.guard)
        self._decoys = Decoys(defined, tools)
        self._deliveries = Deliveries(defined.sender.id, self.plan, self._webhook, tools, self._finished)
        place = Place(
            kafka=house.kafka,
            topic=house.topics.transitions,
            group=group_of(house.topics, defined.sender.id),
            instance=settings.instance,
            session_timeout_ms=settings.session_timeout_ms,
            handover_ms=round(settings.drain_seconds * 1000) + _HANDOVER_SPARE_MS,
            since_ms=defined.since_ms,
        )
        self._reader = Reader(place, tools.metrics, tools.clock, self._settle, self._deliveries.clear)

    @property
    def gone(self) -> bool:
        """The receiver answered 410: this run of the sender is over."""
        return self._deliveries.gone.is_set()

    def lag(self) -> int:
        """Records that are not finished, as far as is known."""
        return self._reader.lag()

    def oldest_ms(self) -> int | None:
        """When the oldest transition in memory was published, in milliseconds since 1970."""
        return min((item.record.timestamp_ms for item in self.plan), default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop`` is set or the receiver is gone; then finish what is under way and commit."""
        async with self._webhook:
            try:
                await self._reader.start()
                await self._until_stopped(stop)
                await self._settle()
                await self._reader.commit()
            finally:
                await self._deliveries.settle(0)
                self._deliveries.clear()
                await self._reader.stop()

    async def _until_stopped(self, stop: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        delivering = asyncio.create_task(self._deliveries.run())
        others = [asyncio.create_task(self._read()), asyncio.create_task(self._commit())]
        tasks = [stopped, delivering, *others]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            # Reading ends before delivering, so that nothing is begun that nobody delivers.
            for task in reversed(tasks):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _read(self) -> None:
        while True:
            room = await self._deliveries.room(_ROOM_SECONDS)
            records = await self._reader.read(room, _READ_WAIT_MS)
            generation = self._reader.generation
            for record in records:
                if generation != self._reader.generation:
                    break  # the partitions went while a dead letter was written: their next owner reads the rest again
                await self._take(record)

    async def _take(self, record: Record) -> None:
        try:
            notice = read_notice(record)
        except Rejected as rejected:
            await self._deliveries.reject(record, rejected.detail)
            self._finished(record)
            return
        if not wanted(self._sender, notice):
            self._skip(record, "not_wanted")
        elif lacks_consent(self._sender, notice):
            self._skip(record, "no_consent")
        elif await self._decoys.forbid(record, notice):
            self._skip(record, "decoy")
        else:
            self._deliveries.offer(Item(record, notice))

    def _skip(self, record: Record, why: str) -> None:
        self._tools.metrics.counter(catalogue.SKIPPED, why=why).inc()
        self._finished(record)

    async def _commit(self) -> None:
        while True:
            await self._reader.dirty.wait()
            finished = self.plan.uncommitted
            if await self._reader.commit():
                self._deliveries.committed(finished)
                await asyncio.sleep(self._settings.commit_interval_ms / 1000)
            else:
                await asyncio.sleep(_COMMIT_AGAIN_SECONDS)

    async def _settle(self) -> None:
        await self._deliveries.settle(self._settings.drain_seconds)

    def _finished(self, record: Record) -> None:
        self._reader.finish(record)


def group_of(topics: Topics, sender_id: str) -> str:
    """The consumer group of a sender: each has its own, so that none waits for another."""
    return f"{topics.prefix}sender.{sender_id}"


def _plan(settings: SenderSettings, tools: Tools) -> Plan:
    backoff = Backoff(settings.retry_first_seconds, settings.retry_factor, settings.retry_longest_seconds)
    probes = Backoff(min(_PROBE_FIRST_SECONDS, settings.probe_longest_seconds), 2.0, settings.probe_longest_seconds)
    return Plan(
        Bounds(settings.concurrency, settings.window_records, settings.window_bytes),
        RetrySchedule(backoff, settings.retry_horizon_seconds, settings.retry_after_longest_seconds),
        Breaker(settings.breaker_failures, probes, tools.chance),
        tools.chance,
    )
