"""The lanes of one worker: opened when a partition is assigned, ended when it goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from schemas.errors import Fenced
from stream.kafka.port import Record
from stream.worker.lane import Lane, LaneParts, Rewound
from stream.worker.opening import ReadLog, open_lane

_log = logging.getLogger(__name__)
_FULL_PAUSE_SECONDS = 0.002

Lost = Callable[[int, Exception], None]


class Worker:
    """Owns lanes. Whoever reads the log (Faust or aiokafka) opens, starts, feeds and closes them.

    ``lost`` hears of a lane that ended by itself: Rewound (open it again and seek), Fenced (leave it), or a defect (stop).
    """

    def __init__(self, parts: LaneParts, read_log: ReadLog, lost: Lost) -> None:
        self._parts = parts
        self._read_log = read_log
        self._lost = lost
        self._opened: dict[int, Lane] = {}
        self._lanes: dict[int, Lane] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def cursors(self) -> dict[int, int]:
        """Partition → the next offset to read, as committed to the store."""
        return {partition: lane.memory.header.cursor for partition, lane in self._lanes.items()}

    @property
    def people(self) -> int:
        """How many people the owned partitions know."""
        return sum(lane.memory.header.people for lane in self._lanes.values())

    async def open(self, partitions: Iterable[int]) -> dict[int, int]:
        """Become the owner of partitions; partition → the offset to read from. They are fed only once started."""

        async def one(partition: int) -> tuple[int, Lane]:
            return partition, await open_lane(partition, self._read_log, self._parts)

        opened = await asyncio.gather(*[one(partition) for partition in partitions])
        self._opened.update(opened)
        return {partition: lane.memory.header.cursor for partition, lane in opened}

    def start(self, partitions: Iterable[int]) -> None:
        """Let opened lanes run; call it once the log is being read from their cursors."""
        for partition in partitions:
            lane = self._lanes[partition] = self._opened.pop(partition)
            task = self._tasks[partition] = asyncio.create_task(lane.run(), name=f"lane-{partition}")
            task.add_done_callback(lambda done, partition=partition: self._ended(partition, done))  # type: ignore[misc]

    def feed(self, partition: int, records: Sequence[Record]) -> None:
        """Hand records to their lane; those of a partition that is not owned are dropped, their owner reads them."""
        lane = self._lanes.get(partition)
        if lane is not None and records:
            lane.feed(records)

    @property
    def in_flight(self) -> int:
        """Records handed over and not yet committed."""
        return sum(lane.queued for lane in self._lanes.values())

    async def room(self) -> None:
        """Wait until less is in flight than the limit."""
        while self.in_flight >= self._parts.settings.records_in_flight_max:  # noqa: ASYNC110 - asked only once a fetch, and only under overload
            await asyncio.sleep(_FULL_PAUSE_SECONDS)

    async def close(self, partitions: Iterable[int] | None = None) -> None:
        """End lanes: finish the batch under way, publish, let go; after the drain deadline, just let go."""
        asked = [*self._tasks, *self._opened] if partitions is None else list(partitions)
        for partition in asked:
            self._opened.pop(partition, None)
        ending = [partition for partition in asked if partition in self._tasks]
        tasks = [self._tasks[partition] for partition in ending]
        for partition in ending:
            self._lanes[partition].stop()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._parts.settings.drain_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for partition in ending:
            self._forget(partition)

    def _forget(self, partition: int) -> None:
        self._lanes.pop(partition, None)
        self._tasks.pop(partition, None)

    def _ended(self, partition: int, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._tasks.get(partition) is not task:
            return
        error = task.exception()
        if error is None:
            return
        self._forget(partition)
        if isinstance(error, Fenced | Rewound):
            _log.warning("%s", error)
        else:
            _log.error("the lane of partition %d has a defect", partition, exc_info=error)
        assert isinstance(error, Exception)
        self._lost(partition, error)
