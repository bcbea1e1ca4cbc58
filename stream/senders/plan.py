"""Which transition is attempted next: order per person, retries by time, bounded memory. No I/O; time is a parameter."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stream.senders.breaker import Breaker
    from stream.senders.schedule import Chance, RetrySchedule
    from stream.senders.transition import Notice, Record


@dataclass(slots=True, eq=False)
class Item:
    """One transition on its way to one receiver. Times are seconds of the caller's monotonic clock."""

    record: Record
    notice: Notice
    failures: int = 0
    first_attempt: float | None = None
    due: float = 0.0
    hold: float = 0.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one sender does at once (attempts, and results that are not committed yet) and keeps in memory."""

    concurrency: int
    window_records: int
    window_bytes: int


class Plan:
    """The queue of one sender.

    A person's transitions are attempted one after another, and one that waits for a retry holds back only those behind
    it. Every attempt that ``take`` hands out ends with exactly one of ``delivered``, ``failed`` or ``gave_up``; after a
    failure for good, ``gave_up`` frees the slot and ``remove`` (once the dead letter is confirmed) the person.
    """

    def __init__(self, bounds: Bounds, schedule: RetrySchedule, breaker: Breaker, chance: Chance) -> None:
        self._bounds = bounds
        self._schedule = schedule
        self.breaker = breaker
        self._chance = chance
        self._persons: dict[str, deque[Item]] = {}
        self._ready: deque[Item] = deque()
        self._waiting: list[tuple[float, int, Item]] = []
        self._number = count()
        self._records = self._bytes = self._attempting = 0
        self.uncommitted = 0

    def __len__(self) -> int:
        return self._records

    def __iter__(self) -> Iterator[Item]:
        return (item for queue in self._persons.values() for item in queue)

    @property
    def room(self) -> int:
        """How many more records may be read; 0 when a bound is reached."""
        if self._bytes >= self._bounds.window_bytes:
            return 0
        return max(0, self._bounds.window_records - self._records)

    @property
    def attempting(self) -> int:
        """How many slots are taken."""
        return self._attempting

    def add(self, item: Item) -> None:
        """Put a transition behind those of its person."""
        self._records += 1
        self._bytes += len(item.record.value)
        queue = self._persons.get(item.notice.person)
        if queue is None:
            self._persons[item.notice.person] = deque((item,))
            self._ready.append(item)
        else:
            queue.append(item)

    def take(self, now: float) -> Item | None:
        """The next to attempt, which takes a slot; None: nothing yet, see ``next_time``."""
        while self._waiting and self._waiting[0][0] <= now:
            self._ready.append(heapq.heappop(self._waiting)[2])
        if self._busy:
            return None
        if not self.breaker.open:
            item = self._ready.popleft() if self._ready else None
        elif self._attempting or now < self.breaker.probe_at:
            return None
        else:
            item = self._ready.popleft() if self._ready else self._probe(now)
        if item is not None:
            self._attempting += 1
            if item.first_attempt is None:
                item.first_attempt = now
        return item

    def next_time(self, now: float) -> float | None:
        """When ``take`` may have something if nothing else happens; None: not before something ends or comes."""
        if self._busy or (self.breaker.open and self._attempting):
            return None
        if self._ready:
            return max(now, self.breaker.probe_at) if self.breaker.open else now
        if not self._waiting:
            return None
        if self.breaker.open:
            return max(self.breaker.probe_at, min(item.hold for _, _, item in self._waiting))
        return self._waiting[0][0]

    def delivered(self, item: Item, now: float) -> None:
        """An attempt succeeded. If that closed the breaker, all that waits is due, but for what the receiver held back."""
        self._attempting -= 1
        if self.breaker.succeeded():
            self._waiting = [(max(now, waiting.hold), number, waiting) for _, number, waiting in self._waiting]
            heapq.heapify(self._waiting)
        self.remove(item)

    def failed(self, item: Item, now: float, *, receiver_down: bool, retry_after_seconds: float | None = None) -> bool:
        """An attempt failed; True: there will be another. False: given up, the slot is free, ``remove`` is still owed."""
        item.failures += 1
        hold = self._schedule.hold_seconds(retry_after_seconds)
        if receiver_down:
            self.breaker.failed(item.notice.person, now, hold)
        since = now if item.first_attempt is None else item.first_attempt
        wait = self._schedule.wait_seconds(item.failures, now - since, self._chance)
        self._attempting -= 1
        if wait is None:
            return False
        item.hold = now + hold
        item.due = now + max(wait, hold)
        heapq.heappush(self._waiting, (item.due, next(self._number), item))
        return True

    def gave_up(self) -> None:
        """An attempt ended with an answer that ends all attempts: its slot is free, ``remove`` is still owed."""
        self._attempting -= 1

    def remove(self, item: Item) -> None:
        """A transition is finished, and ``uncommitted`` one more: the next of its person may be attempted."""
        queue = self._persons.get(item.notice.person)
        if queue is None or queue[0] is not item:
            return
        queue.popleft()
        self.uncommitted += 1
        self._records -= 1
        self._bytes -= len(item.record.value)
        if queue:
            self._ready.append(queue[0])
        else:
            del self._persons[item.notice.person]

    def clear(self) -> None:
        """Forget everything: the partitions have another owner. Attempts under way must have ended."""
        self._persons.clear()
        self._ready.clear()
        self._waiting.clear()
        self._records = self._bytes = self._attempting = self.uncommitted = 0

    def committed(self, number: int) -> None:
        """So many of the ``uncommitted`` have been committed."""
        self.uncommitted = max(0, self.uncommitted - number)

    @property
    def _busy(self) -> bool:
        # What has ended but is not committed takes a slot, too: so a kill repeats at most ``concurrency`` transitions.
        return self._attempting + self.uncommitted >= self._bounds.concurrency

    def _probe(self, now: float) -> Item | None:
        for at, (_, _, item) in enumerate(self._waiting):
            if item.hold <= now:
                del self._waiting[at]
                heapq.heapify(self._waiting)
                return item
        return None
