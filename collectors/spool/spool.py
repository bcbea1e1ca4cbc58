"""The spool as the event loop sees it: what is added is durable when its receipt hears so.

All that comes while the disk is busy is written together next, with one wait for the disk.

The files are touched by one thread of their own, in the order asked for; a disk that hangs holds up nobody but those who wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from collectors.spool.frame import Spooled
from schemas import rejection
from stream.runtime.catalogue import collector as catalogue

if TYPE_CHECKING:
    from collectors.server.lane import Receipt
    from collectors.spool.log import SegmentLog, Tally
    from schemas.rejection import Reason
    from stream.runtime.clock import Clock
    from stream.runtime.metrics import Metrics
    from stream.runtime.settings_collector import CollectorSettings

_GROUP_BYTES_MAX: Final = 4 << 20
_OVERHEAD_BYTES: Final = 64
_PAUSE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.5
_log: Final = logging.getLogger(__name__)

T = TypeVar("T")


class _Waiting(NamedTuple):
    record: Spooled
    receipt: Receipt
    size: int


class Spool:
    """Bounded in what it holds on disk and in what waits for the disk. ``held``: records of each lane, those that wait for the disk too.

    ``on_written`` hears when there is more to drain.
    """

    def __init__(self, log: SegmentLog, limits: CollectorSettings, metrics: Metrics, clock: Clock) -> None:
        self.held: Counter[int] = Counter()
        self.on_written: Callable[[], None] = lambda: None
        self._log = log
        self._limits = limits
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._disk_bytes = 0
        self._no_room = False
        self._failing_until = 0.0
        self._is_stuck = False
        self._groups = 0
        self._writing: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._counters = _Counters(metrics)

    @property
    def name(self) -> bytes:
        """This collector's name in marks."""
        return self._log.name

    async def open(self) -> None:
        """Take the folder and find what is to be drained. Raises ``Misconfigured``."""
        await self._in_thread(self._log.open)
        self.held.update(await self._in_thread(self._log.counts))
        if self.held.total():
            _log.info("%d records are spooled", self.held.total())
        await self._look()
        self._looking = asyncio.create_task(self._keep_looking(), name="spool-look")

    async def close(self) -> None:
        """Finish the group that is being written, and let go of the folder."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=self._limits.produce_deadline_seconds)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._in_thread(self._log.close), self._limits.produce_deadline_seconds)
        self._thread.shutdown(wait=False)

    def refusal(self) -> Reason | None:
        """Why nothing may be added now; None when all is well."""
        if self._is_stuck or time.monotonic() < self._failing_until:
            return rejection.SPOOL_FAILED
        if self._no_room or self._disk_bytes + self._waiting_bytes >= self._limits.spool_bytes_max:
            return rejection.SPOOL_FULL
        if self._waiting_bytes >= self._limits.max_in_flight_bytes or len(self._waiting) >= self._limits.max_in_flight_events:
            return rejection.OVERLOADED
        return None

    def add(self, record: Spooled, receipt: Receipt) -> None:
        """Add a record; ``receipt`` hears when the disk has it, or why it may not have it."""
        reason = self.refusal()
        if reason is not None:
            receipt.settle(reason)
            return
        size = len(record.value) + len(record.key or b"") + _OVERHEAD_BYTES
        self._waiting.append(_Waiting(record, receipt, size))
        self._waiting_bytes += size
        self.held[record.lane] += 1
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="spool-write")

    async def read(self, lane: int, most: int, most_bytes: int) -> list[Spooled]:
        """The next records of a lane that the disk has, not taken away by reading; empty if it cannot be read now."""
        groups = self._groups
        try:
            records, damaged = await self._in_thread(self._log.read, lane, most, most_bytes)
        except OSError as error:
            self._log.counted.errors += 1
            _log.error("the spool cannot be read now: %s", error)
            return []
        self.held[lane] = max(len(records), self.held[lane] - damaged)
        if not records and self._groups == groups and self._writing is None:
            # Nothing is there and nothing on its way: whatever was counted must not keep the lane behind for ever.
            self.held[lane] = 0
        return records

    def done(self, lane: int, count: int) -> None:
        """The next so many records of a lane are with the broker."""
        self.held[lane] -= count
        self._counters.drained.inc(count)
        self._later(self._log.done, lane, count)

    def refuse(self, lane: int) -> None:
        """The next record of a lane is one that the broker will never take."""
        self.held[lane] -= 1
        self._later(self._log.refuse, lane)

    # ── writing ──

    async def _write(self) -> None:
        try:
            while self._waiting:
                group = self._take()
                started = time.monotonic()
                await self._commit(group, [each.record for each in group])
                self._counters.sync_seconds.observe(time.monotonic() - started)
        finally:
            self._writing = None

    def _take(self) -> list[_Waiting]:
        size, count = 0, 0
        for each in self._waiting:
            if count and size + each.size > _GROUP_BYTES_MAX:
                break
            size, count = size + each.size, count + 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    async def _commit(self, group: list[_Waiting], records: list[Spooled]) -> None:
        work = asyncio.ensure_future(self._in_thread(self._log.append, records))
        self._groups += 1
        done, _ = await asyncio.wait({work}, timeout=self._limits.produce_deadline_seconds)
        waiting = group
        if not done:
            self._is_stuck = True
            _log.error("the disk has not answered for %.0f s", self._limits.produce_deadline_seconds)
            self._settle(group, rejection.SPOOL_FAILED)
            self._drop_waiting()
            waiting = []
            await asyncio.wait({work})
            self._is_stuck = False
        failure: Reason | None = None
        try:
            work.result()
        except OSError as error:
            _log.error("the spool cannot be written now: %s", error)
            failure = rejection.SPOOL_FAILED
            self._failing_until = time.monotonic() + _PAUSE_SECONDS
            self.held.subtract(record.lane for record in records)
        else:
            self._counters.spooled.inc(len(records))
        self._waiting_bytes -= sum(each.size for each in group)
        self._disk_bytes = self._log.total_bytes
        self._settle(waiting, failure)
        if failure is None:
            self.on_written()
        else:
            self._drop_waiting()

    def _drop_waiting(self) -> None:
        dropped, self._waiting = self._waiting, []
        self._waiting_bytes -= sum(each.size for each in dropped)
        self.held.subtract(each.record.lane for each in dropped)
        self._settle(dropped, rejection.SPOOL_FAILED)

    @staticmethod
    def _settle(group: list[_Waiting], failure: Reason | None) -> None:
        for each in group:
            each.receipt.settle(failure)

    # ── the thread, and what is seen now and then ──

    def _in_thread(self, work: Callable[..., T], *given: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *given)

    def _later(self, work: Callable[..., None], *given: Any) -> None:
        self._in_thread(work, *given).add_done_callback(self._heard)

    def _heard(self, done: asyncio.Future[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._log.counted.errors += 1
            _log.error("the spool: %s", error)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        try:
            await self._in_thread(self._log.save)
            free_bytes = await self._in_thread(self._log.free_bytes)
            oldest_ms = await self._in_thread(self._log.oldest_ms)
        except OSError as error:
            self._log.counted.errors += 1
            _log.error("the spool's folder cannot be looked at: %s", error)
            return
        self._no_room = free_bytes < self._limits.spool_reserve_bytes
        self._disk_bytes = self._log.total_bytes
        age_ms = 0 if oldest_ms is None else max(0, self._clock.now_ms() - oldest_ms)
        self._counters.show(self.held.total(), self._disk_bytes, age_ms / 1000)
        self._counters.catch_up(self._log.counted)


class _Counters:
    """The spool's metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self.spooled = metrics.counter(catalogue.SPOOLED)
        self.drained = metrics.counter(catalogue.SPOOL_DRAINED)
        self.sync_seconds = metrics.histogram(catalogue.SPOOL_SYNC_SECONDS)
        self._gauges = [metrics.gauge(each) for each in (catalogue.SPOOL_EVENTS, catalogue.SPOOL_BYTES, catalogue.SPOOL_OLDEST)]
        self._told = (0, 0, 0)
        self._totals = [metrics.counter(each) for each in (catalogue.SPOOL_CUT_TAILS, catalogue.SPOOL_SET_ASIDE, catalogue.SPOOL_ERRORS)]

    def show(self, events: int, size: int, oldest_seconds: float) -> None:
        """What is in the spool now."""
        for gauge, value in zip(self._gauges, (events, size, oldest_seconds), strict=True):
            gauge.set(value)

    def catch_up(self, tally: Tally) -> None:
        """Count what the files have counted since the last time."""
        now = (tally.cut_tails, tally.set_aside, tally.errors)
        for counter, total, told in zip(self._totals, now, self._told, strict=True):
            counter.inc(total - told)
        self._told = now
