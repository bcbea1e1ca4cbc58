"""Between the publisher and the spool: which records go to the spool, and in which order they come back.

In a lane what stands in the spool comes before what waits in memory, and that before what comes new. So a lane that is given to the
spool is given whole, and newcomers follow it there for as long as it is behind.
"""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

from collectors.server.drain import NEVER_TAKEN, Drain
from collectors.server.lane import LETTERS_PLACE, Batch
from collectors.spool.frame import Spooled
from schemas.spool_mark import HEADER, pack_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from collectors.server.lane import Headers, Lane, Receipt
    from collectors.spool.spool import Spool
    from schemas.rejection import Reason
    from stream.runtime.clock import Clock


class Overflow:
    """The spool as the publisher uses it."""

    def __init__(self, spool: Spool, lanes: Sequence[Lane], clock: Clock, after_seconds: float) -> None:
        self._spool = spool
        self._lanes = tuple(lanes)
        self._clock = clock
        self._after_seconds = after_seconds
        self._numbers = count(1)
        self._drain: Drain | None = None

    def begin(self) -> None:
        """Before there is a producer: everything goes to the spool."""
        for lane in self._lanes:
            lane.is_behind = True

    def connected(self) -> None:
        """There is a producer: lanes of which the spool holds nothing need it no more."""
        for lane in self._lanes:
            lane.is_behind = lane.is_behind and self.holds(lane)

    async def drain(self, ready: Callable[[], None]) -> None:
        """Read ahead out of the spool until cancelled."""
        self._drain = Drain(self._spool, self._lanes, ready)
        await self._drain.run()

    def refusal(self) -> Reason | None:
        """Why the spool takes nothing now."""
        return self._spool.refusal()

    def holds(self, lane: Lane) -> bool:
        """Whether records of the lane are in the spool or on their way there."""
        return self._spool.held[lane.place] > 0

    @property
    def is_empty(self) -> bool:
        """Whether no lane has anything there."""
        return not self._spool.held.total()

    def record(self, lane: Lane, key: bytes | None, value: bytes, headers: Headers) -> Spooled:
        """A new record, numbered."""
        return Spooled(lane.place, next(self._numbers), self._clock.now_ms(), key, value, headers, self._spool.name)

    def add(self, record: Spooled, receipt: Receipt) -> None:
        """Put a record of a lane that is behind into the spool."""
        self._spool.add(record, receipt)

    def is_wanted(self, lane: Lane, now: float) -> bool:
        """Whether the lane has waited too long for its broker, and the spool would take it. Also ends being behind for nothing."""
        if lane.is_behind:
            # If the broker still is away, the next record will tell.
            lane.is_behind = lane.under_way is not None or self.holds(lane)
            return False
        oldest = lane.oldest()
        is_late = oldest is not None and now - oldest > self._after_seconds
        return (is_late or lane.overdue) and self._spool.refusal() is None

    def give(self, lane: Lane) -> tuple[int, int]:
        """All of the lane goes to the spool; how many records with somebody who waits, and how many bytes, wait for the broker no more."""
        lane.is_behind = True
        events = freed = 0
        for batch in lane.give_up():
            events += self.give_batch(batch)
            # What is with the broker may still get in: its bytes stay counted.
            if batch is not lane.under_way:
                freed, batch.bytes = freed + batch.bytes, 0
        return events, freed

    def give_batch(self, batch: Batch) -> int:
        """A batch's records go to the spool; how many had somebody who waits."""
        receipts, batch.receipts = batch.receipts, []
        if receipts:
            for record, receipt in zip(batch.records, receipts, strict=True):
                self._spool.add(record, receipt)
        return len(receipts)

    def next_batch(self, lane: Lane, builder: Any) -> Batch:
        """The next records out of the spool as a batch, as many as the builder takes."""
        records, lane.drained = lane.drained, []
        taken = 0
        for each in records:
            if builder.append(timestamp=None, key=each.key, value=each.value, headers=marked(each)) is None:
                break
            taken += 1
        return Batch(builder, time.monotonic(), drained=taken)

    def ended(self, lane: Lane, batch: Batch, error: BaseException | None) -> int:
        """A batch has been acknowledged or refused; how many of its records went to the spool therefore."""
        if batch.drained:
            assert self._drain is not None
            self._drain.ended(lane, batch, error)
        elif error is not None and not isinstance(error, NEVER_TAKEN):
            # What has gathered meanwhile comes after it, and newcomers after that: the lane is not behind.
            return self.give_batch(batch)
        return 0


def marked(record: Spooled) -> Headers:
    """A record's headers with its mark. A dead letter has none: nobody would read it."""
    if record.lane == LETTERS_PLACE:
        return record.headers
    return [(HEADER, pack_mark(record.name, record.number)), *record.headers]
