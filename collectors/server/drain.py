"""From the spool back to the lanes: in order, one batch of a lane at a time, before anything newer of that lane.

A lane whose broker is away is *behind*: newcomers go to the spool, behind what is there. When little is left to drain, newcomers wait
in memory instead, and go once the spool holds nothing more of the lane; so a lane comes out of the spool under any load.

A batch is tried until the broker has it. What is written twice that way, because an answer was lost or the collector was killed, is told
by its mark (see ``schemas.spool_mark``): nothing of a lane is written before what stands before it has been acknowledged.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiokafka.errors import InvalidMessageError, MessageSizeTooLargeError, RecordListTooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from collectors.server.lane import Batch, Lane
    from collectors.spool.spool import Spool

_RECORDS_MAX: Final = 256
_BYTES_MAX: Final = 131_072
_LITTLE_RECORDS: Final = 512
_REST_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.2
NEVER_TAKEN: Final = (InvalidMessageError, MessageSizeTooLargeError, RecordListTooLargeError)


class Drain:
    """Keeps each lane's ``drained`` filled. ``ready`` hears when there is something to send."""

    def __init__(self, spool: Spool, lanes: Sequence[Lane], ready: Callable[[], None]) -> None:
        self._spool = spool
        self._lanes = tuple(lanes)
        self._ready = ready
        self._most = dict.fromkeys(self._lanes, _RECORDS_MAX)
        self._resting: set[Lane] = set()
        self._wake = asyncio.Event()
        spool.on_written = self._wake.set

    async def run(self) -> None:
        """Read ahead until cancelled."""
        while True:
            self._wake.clear()
            for lane in self._lanes:
                if self._is_wanted(lane):
                    lane.drained = await self._spool.read(lane.place, self._most[lane], _BYTES_MAX)
                    if lane.drained:
                        self._ready()
            # Not wait_for: woken and cancelled at once, it forgets that it was cancelled.
            with suppress(TimeoutError):
                async with asyncio.timeout(_REST_SECONDS):
                    await self._wake.wait()

    def _is_wanted(self, lane: Lane) -> bool:
        is_sent = bool(lane.drained) or (lane.under_way is not None and lane.under_way.drained > 0)
        return self._spool.held[lane.place] > 0 and not is_sent and lane not in self._resting

    def ended(self, lane: Lane, batch: Batch, error: BaseException | None) -> None:
        """A batch out of the spool has been acknowledged, or refused: then it comes again, in smaller parts."""
        if error is None:
            self._spool.done(lane.place, batch.drained)
            self._most[lane] = _RECORDS_MAX
            if self._spool.held[lane.place] <= _LITTLE_RECORDS:
                lane.is_behind = False
        elif batch.drained == 1 and isinstance(error, NEVER_TAKEN):
            self._spool.refuse(lane.place)
        else:
            self._most[lane] = max(1, batch.drained // 2)
            self._resting.add(lane)
            asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._rested, lane)
        self._wake.set()

    def _rested(self, lane: Lane) -> None:
        self._resting.discard(lane)
        self._wake.set()
