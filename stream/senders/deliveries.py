"""Carries out a sender's plan: starts attempts, judges how they ended, writes dead letters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from schemas.rejection import EXHAUSTED, GONE, REFUSED_ADDRESS, UNREADABLE_TRANSITION, Reason
from stream.runtime.catalogue import sender as catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from stream.runtime.clock import Clock
    from stream.runtime.metrics import Metrics
    from stream.senders.dead_letter import DeadLetters
    from stream.senders.plan import Item, Plan
    from stream.senders.schedule import Chance
    from stream.senders.transition import Record
    from stream.senders.webhook import Outcome

_FOR_GOOD = {"gone": GONE, "refused_address": REFUSED_ADDRESS}


class Receiver(Protocol):
    """What takes transitions."""

    async def attempt(self, webhook_id: str, body: bytes) -> Outcome:
        """Try once; never raises but on cancellation."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every part of a sender process shares. ``monotonic`` is in seconds."""

    metrics: Metrics
    clock: Clock
    monotonic: Callable[[], float]
    chance: Chance
    dead_letters: DeadLetters


class Deliveries:
    """The running attempts of one sender. ``finished`` is called for each record that needs nothing more."""

    def __init__(self, sender_id: str, plan: Plan, receiver: Receiver, tools: Tools, finished: Callable[[Record], None]) -> None:
        self._sender_id = sender_id
        self._plan = plan
        self._receiver = receiver
        self._tools = tools
        self._finished = finished
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._freed = asyncio.Event()
        self._still = False
        self._broken: BaseException | None = None
        self.gone = asyncio.Event()

    def offer(self, item: Item) -> None:
        """A transition to deliver."""
        self._plan.add(item)
        self._wake.set()

    async def run(self) -> None:
        """Start attempts as the plan says, until cancelled or the receiver is gone; raises what broke an attempt unforeseen."""
        while not self.gone.is_set():
            if self._broken is not None:
                raise self._broken
            self._wake.clear()
            now = self._tools.monotonic()
            while not self._still and (item := self._plan.take(now)) is not None:
                self._start(self._attempt(item))
            following = None if self._still else self._plan.next_time(now)
            try:
                async with asyncio.timeout(None if following is None else max(0.0, following - now)):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def committed(self, number: int) -> None:
        """So many finished records have been committed: their slots are free."""
        self._plan.committed(number)
        self._wake.set()

    async def room(self, most_seconds: float) -> int:
        """How many more records may be read, after a wait for room of at most so long."""
        if self._plan.room == 0:
            self._freed.clear()
            try:
                async with asyncio.timeout(most_seconds):
                    await self._freed.wait()
            except TimeoutError:
                pass
        return self._plan.room

    async def reject(self, record: Record, detail: str) -> None:
        """A record that no receiver can be sent becomes a dead letter."""
        await self._bury(record, UNREADABLE_TRANSITION, 0, detail)

    async def settle(self, most_seconds: float) -> None:
        """Start nothing more, let attempts under way end within the deadline, break off the rest; ``clear`` follows."""
        self._still = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=most_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def clear(self) -> None:
        """Forget what is not finished, and be ready for new partitions."""
        self._plan.clear()
        self._still = False
        self._freed.set()
        self._wake.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = error
            self._wake.set()

    async def _attempt(self, item: Item) -> None:
        tools = self._tools
        began = tools.monotonic()
        outcome = await self._receiver.attempt(item.notice.id, item.record.value)
        now = tools.monotonic()
        tools.metrics.counter(catalogue.ATTEMPTS, outcome=outcome.label).inc()
        tools.metrics.histogram(catalogue.ATTEMPT_SECONDS).observe(now - began)
        if outcome.label == "delivered":
            self._plan.delivered(item, now)
            self._finish(item.record)
            tools.metrics.counter(catalogue.DELIVERED).inc()
            tools.metrics.histogram(catalogue.DELIVERY_SECONDS).observe(max(0, tools.clock.now_ms() - item.record.timestamp_ms) / 1000)
        else:
            await self._failed(item, outcome, now)

    async def _failed(self, item: Item, outcome: Outcome, now: float) -> None:
        reason = _FOR_GOOD.get(outcome.label)
        if reason is None:
            if self._plan.failed(item, now, receiver_down=outcome.receiver_down, retry_after_seconds=outcome.retry_after_seconds):
                self._wake.set()
                return
            reason = EXHAUSTED
        else:
            item.failures += 1
            self._plan.gave_up()
        if reason is GONE:
            self._still = True
        self._wake.set()
        await self._bury(item.record, reason, item.failures, outcome.detail)
        self._plan.remove(item)
        self._finish(item.record)
        if reason is GONE:
            self.gone.set()
            self._wake.set()

    async def _bury(self, record: Record, reason: Reason, attempts: int, detail: str) -> None:
        await self._tools.dead_letters.put(record, reason, sender=self._sender_id, attempts=attempts, detail=detail)
        self._tools.metrics.counter(catalogue.DEAD_LETTERS, reason=reason.code).inc()

    def _finish(self, record: Record) -> None:
        self._finished(record)
        self._freed.set()
        self._wake.set()
