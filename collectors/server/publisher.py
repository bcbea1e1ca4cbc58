"""From events to acknowledged records: one shared batch a partition, one acknowledgement for all that are in it.

Batches go out in waves: while a broker has a wave, nothing more is sent to it, and all partitions it leads go in the next one
together. aiokafka keeps one request per broker in flight anyway; sent as they come, batches would only split into more requests.

A future per event, as ``AIOKafkaProducer.send`` makes them, costs more than everything else here together. So events are
written straight into a ``BatchBuilder`` of their partition; while one batch of a partition is with the broker the next one
fills, and all that wait for a batch hear of its acknowledgement at once.

**Order and idempotence.** A partition has at most one batch with the broker, so a retry cannot overtake. aiokafka gives a
batch its producer id and sequence when it takes it for the first time, a pre-built one too, and a retry carries the same: the
broker drops the copy. But it never gives a sequence back: after a batch that the broker *refused* (not: lost), every later one
of the partition would be out of order for ever. Therefore a refusal retires the producer, and a new one begins at zero.

**The spool.** What waits too long for the broker goes to the spool (see ``collectors.server.overflow``). The batch that is with the
broker stays there, too: it may be in the log already, or get in later, and its records out of the spool are repeats then, which lanes
tell by their marks. Hence every record is marked, not only what comes out of the spool.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiokafka import TopicPartition

from collectors.server.lane import Batch, Lane
from collectors.server.overflow import marked
from schemas import rejection
from stream.kafka.retire import retire
from stream.runtime.catalogue import collector as catalogue

if TYPE_CHECKING:
    from collectors.server.lane import Headers, Receipt
    from collectors.server.overflow import Overflow
    from collectors.server.producer import ProducerMaker
    from collectors.spool.frame import Spooled
    from schemas.rejection import Reason
    from stream.runtime.metrics import Metrics
    from stream.runtime.settings_collector import CollectorSettings

_WATCH_SECONDS: Final = 0.25
_RENEW_PAUSE_SECONDS: Final = 0.5
_NO_HEADERS: Final[Headers] = []
_BUSY_WAVE_EVENTS: Final = 8
_WAVE_BESIDE_OTHERS_EVENTS: Final = 256
_FIRST_PRODUCER_SECONDS: Final = 1.0
_RECORD_OVERHEAD_BYTES: Final = 70
_log: Final = logging.getLogger(__name__)


class Publisher:
    """Writes records to the lanes it was given, bounded in events, bytes and time. Without a spool a broker that is away is a refusal."""

    def __init__(
        self, maker: ProducerMaker, lanes: Sequence[Lane], limits: CollectorSettings, metrics: Metrics, overflow: Overflow | None = None
    ) -> None:
        self._maker = maker
        self._producer: Any = None
        self._lanes = tuple(lanes)
        self._overflow = overflow
        self._limits = limits
        self._linger_seconds = limits.produce_linger_ms / 1000
        self._events = 0
        self._bytes = 0
        self._under_way: Counter[object] = Counter()
        self._wave_events = 0
        self._tick: asyncio.TimerHandle | asyncio.Handle | None = None
        self._spoilt = False
        self._stopped = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._batch_events = metrics.histogram(catalogue.BATCH_EVENTS)
        self._produce_seconds = metrics.histogram(catalogue.PRODUCE_SECONDS)
        self._refused = metrics.counter(catalogue.PRODUCE_FAILURES, cause="refused")
        self._late = metrics.counter(catalogue.PRODUCE_FAILURES, cause="deadline")
        self._renewals = metrics.counter(catalogue.PRODUCER_RENEWALS)
        self._events_gauge = metrics.gauge(catalogue.IN_FLIGHT_EVENTS)
        self._bytes_gauge = metrics.gauge(catalogue.IN_FLIGHT_BYTES)

    async def start(self) -> None:
        """Connect. Raises ``Unavailable`` if no broker answers and there is no spool; with one, it goes on trying."""
        if self._overflow is None:
            self._producer = await self._maker.started()
        else:
            self._overflow.begin()
            self._spoilt = True
            self._spawn(self._overflow.drain(lambda: self._schedule(0)))
            connecting = self._spawn(self._renew())
            await asyncio.wait({connecting}, timeout=_FIRST_PRODUCER_SECONDS)
        self._watcher = asyncio.create_task(self._watch(), name="collector-publisher")

    async def stop(self, seconds: float) -> bool:
        """Send what is left, for at most so long, and let go of the broker. True if all was acknowledged."""
        until = time.monotonic() + seconds
        while self._events and time.monotonic() < until:
            self._schedule(0)
            await asyncio.sleep(0.01)
        self._stopped = True
        for task in (self._watcher, *self._tasks):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        if self._tick is not None:
            self._tick.cancel()
        clean = not self._events
        for lane in self._lanes:
            self._leave(lane)
        if self._producer is not None:
            # A broker that is away would keep it waiting; what is out of the spool comes out of it again.
            await retire(self._producer, 5.0 if clean and not self._under_way else 0.1)
        return clean

    def _leave(self, lane: Lane) -> None:
        self._spool(lane)
        for batch in (lane.under_way, *lane.full, lane.filling):
            if batch is not None:
                self._let_go(batch, rejection.BROKER_AWAY)

    def refusal(self, lane: Lane) -> Reason | None:
        """Why nothing may be added now: overloaded, or the broker of this partition is away; None when all is well."""
        if lane.is_behind and self._overflow is not None:
            return self._overflow.refusal()
        if lane.overdue:
            return rejection.BROKER_AWAY
        if self._events >= self._limits.max_in_flight_events or self._bytes >= self._limits.max_in_flight_bytes:
            return rejection.OVERLOADED
        return None

    def has_room(self, *, beside_others: bool) -> bool:
        """Whether those who send much may add to what waits for the broker: half of what may wait, and beside others only so much that
        the next wave is small, since all partitions' events go in one and are acknowledged together.
        """
        if beside_others and self._events >= _WAVE_BESIDE_OTHERS_EVENTS:
            return False
        return self._events * 2 < self._limits.max_in_flight_events and self._bytes * 2 < self._limits.max_in_flight_bytes

    def publish(self, lane: Lane, key: bytes | None, value: bytes, receipt: Receipt, headers: Headers = _NO_HEADERS) -> None:
        """Add one record to its partition's batch, or to the spool; ``receipt`` hears how it went."""
        record = None
        if self._overflow is not None:
            record = self._overflow.record(lane, key, value, headers)
            if lane.is_behind:
                self._overflow.add(record, receipt)
                return
            headers = marked(record)
        self._add(lane, (key, value, headers), record, receipt)

    def _add(self, lane: Lane, content: tuple[bytes | None, bytes, Headers], record: Spooled | None, receipt: Receipt) -> None:
        key, value, headers = content
        batch = lane.filling
        if batch is None or batch.builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
            if batch is not None:
                lane.full.append(batch)
            batch = lane.filling = Batch(self._producer.create_batch(), time.monotonic())
            batch.builder.append(timestamp=None, key=key, value=value, headers=headers)
        batch.receipts.append(receipt)
        if record is not None:
            batch.records.append(record)
        size = len(value) + _RECORD_OVERHEAD_BYTES
        batch.bytes += size
        self._bytes += size
        self._events += 1
        if self._tick is None:
            self._schedule(self._linger_seconds if self._wave_events >= _BUSY_WAVE_EVENTS else 0)

    def silence_seconds(self) -> float:
        """How long the oldest batch has been with the broker without an answer."""
        born = [lane.under_way.born for lane in self._lanes if lane.under_way is not None]
        return time.monotonic() - min(born) if born else 0.0

    async def reachable(self, seconds: float) -> bool:
        """Whether a broker answers within so long."""
        with suppress(Exception):
            return self._producer is not None and bool(await asyncio.wait_for(self._producer.client.force_metadata_update(), seconds))
        return False

    # ── sending ──

    def _schedule(self, delay: float) -> None:
        if self._tick is None:
            loop = asyncio.get_running_loop()
            self._tick = loop.call_later(delay, self._send_ready) if delay else loop.call_soon(self._send_ready)

    def _send_ready(self) -> None:
        self._tick = None
        if self._spoilt:
            return
        self._wave_events = 0
        ready = []
        busy = set(self._under_way)
        for lane in self._lanes:
            if lane.under_way is not None or not self._has_next(lane):
                continue
            leader = self._leader_of(lane)
            if leader in busy:
                continue
            batch = self._take(lane)
            lane.leader = leader
            self._under_way[leader] += 1
            self._wave_events += len(batch.receipts)
            ready.append((lane, batch))
        if ready:
            self._spawn(self._hand_over(self._producer, ready))

    def _has_next(self, lane: Lane) -> bool:
        """Whether the lane has something to send. What came after something that is in the spool waits for that."""
        if self._overflow is not None and self._overflow.holds(lane):
            return bool(lane.drained)
        return lane.filling is not None or bool(lane.full)

    def _take(self, lane: Lane) -> Batch:
        if not lane.drained or self._overflow is None:
            return lane.take()
        lane.under_way = self._overflow.next_batch(lane, self._producer.create_batch())
        return lane.under_way

    def _leader_of(self, lane: Lane) -> object:
        return self._producer.client.cluster.leader_for_partition(TopicPartition(lane.topic, lane.partition))

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _hand_over(self, producer: Any, ready: list[tuple[Lane, Batch]]) -> None:
        for lane, batch in ready:
            try:
                future = await producer.send_batch(batch.builder, lane.topic, partition=lane.partition)
            except Exception as error:  # noqa: BLE001 - whatever it is, the batch did not get in
                self._end(lane, batch, error)
            else:
                future.add_done_callback(lambda done, lane=lane, batch=batch: self._end(lane, batch, _error_of(done)))

    def _end(self, lane: Lane, batch: Batch, error: BaseException | None) -> None:
        if self._stopped:
            return
        lane.under_way = None
        lane.overdue = False
        self._under_way[lane.leader] -= 1
        if not self._under_way[lane.leader]:
            del self._under_way[lane.leader]
        self._batch_events.observe(len(batch.receipts) or batch.drained or 1)
        self._produce_seconds.observe(time.monotonic() - batch.born)
        if error is not None:
            self._refused.inc()
            _log.warning("partition %d of %s: the broker refused a batch: %r", lane.partition, lane.topic, error)
            if not self._spoilt:
                self._spoilt = True
                self._spawn(self._renew())
        if self._overflow is not None:
            self._events -= self._overflow.ended(lane, batch, error)
        self._let_go(batch, None if error is None else rejection.BROKER_AWAY)
        if lane.leader not in self._under_way and (self._events or (self._overflow is not None and not self._overflow.is_empty)):
            self._schedule(self._linger_seconds if self._wave_events >= _BUSY_WAVE_EVENTS else 0)

    def _let_go(self, batch: Batch, failure: Reason | None) -> None:
        self._bytes -= batch.bytes
        batch.bytes = 0
        self._settle(batch, failure)

    def _settle(self, batch: Batch, failure: Reason | None) -> None:
        receipts = batch.receipts
        batch.receipts = []
        self._events -= len(receipts)
        for receipt in receipts:
            receipt.settle(failure)

    # ── deadlines and renewal ──

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            now = time.monotonic()
            for lane in self._lanes:
                if self._overflow is not None and self._producer is not None and self._overflow.is_wanted(lane, now):
                    self._late.inc()
                    self._spool(lane)
                self._expire(lane, now - self._limits.produce_deadline_seconds)
            self._events_gauge.set(self._events)
            self._bytes_gauge.set(self._bytes)

    def _expire(self, lane: Lane, born_before: float) -> None:
        """Tell those who have waited too long. What is with the broker may still get in, so its bytes stay counted; the rest is dropped."""
        under_way = lane.under_way
        if under_way is not None and under_way.born < born_before:
            lane.overdue = True
            if under_way.receipts:
                self._late.inc()
                self._settle(under_way, rejection.BROKER_AWAY)
        while lane.full and lane.full[0].born < born_before:
            self._late.inc()
            self._let_go(lane.full.popleft(), rejection.BROKER_AWAY)
        if lane.filling is not None and lane.filling.born < born_before:
            batch, lane.filling = lane.filling, None
            self._late.inc()
            self._let_go(batch, rejection.BROKER_AWAY)

    def _spool(self, lane: Lane) -> None:
        if self._overflow is not None:
            events, freed = self._overflow.give(lane)
            self._events -= events
            self._bytes -= freed

    async def _renew(self) -> None:
        """Wait until no batch is with the old producer, which keeps the order, then go on with a new one."""
        while self._under_way:  # noqa: ASYNC110 - a rare wait of some milliseconds
            await asyncio.sleep(0.01)
        old = self._producer
        while True:
            try:
                self._producer = await self._maker.started()
                break
            except Exception as error:  # noqa: BLE001 - until a broker answers
                _log.warning("no new producer yet: %r", error)
                await asyncio.sleep(_RENEW_PAUSE_SECONDS)
        self._spoilt = False
        if self._overflow is not None:
            self._overflow.connected()
        self._schedule(0)
        if old is not None:
            self._renewals.inc()
            await retire(old, 1.0)


def _error_of(done: asyncio.Future[Any]) -> BaseException | None:
    return asyncio.CancelledError() if done.cancelled() else done.exception()
