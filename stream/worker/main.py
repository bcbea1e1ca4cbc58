"""The worker process: its one composition root."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

from schemas.errors import EbbtideError, Unavailable
from stream.kafka.bundles import BundleLog
from stream.kafka.past_log import KafkaPastLog
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.catalogue import process, worker
from stream.runtime.clock import SystemClock
from stream.runtime.health import HealthServer
from stream.runtime.metrics import Metrics
from stream.runtime.settings import Settings
from stream.runtime.settings_worker import WorkerSettings
from stream.store.redis import RedisStateStore
from stream.worker.lane import LaneParts
from stream.worker.measures import LaneMeasures
from stream.worker.runner import MakeRunner, Runner
from stream.worker.watchdog import Watchdog

_log = logging.getLogger(__name__)
_WATCH_SECONDS = 1.0
_GARBAGE_SECONDS = 20.0
_END_SECONDS = 15.0


class Stuck(EbbtideError):
    """There are records, and no cursor moves: end the process, so that its partitions go to somebody else."""


async def run_worker(
    settings: Settings, *, ready: Callable[[int], None] | None = None, stop: asyncio.Event | None = None, runner: MakeRunner | None = None
) -> None:
    """Run until ``stop`` is set or SIGTERM or SIGINT comes, then drain. ``ready`` hears the port of metrics and health.

    Raises:
        Misconfigured: the store and the log do not belong together.
        Unavailable: broker or store do not answer at the start.
        Stuck: the watchdog has bitten.
    """
    stop = stop or asyncio.Event()
    metrics = Metrics(process.CATALOGUE, worker.CATALOGUE)
    async with AsyncExitStack() as stack:
        publisher = KafkaPublisher(settings.kafka, f"ebbtide-{settings.worker.instance}")
        stack.push_async_callback(publisher.stop)
        store = RedisStateStore(settings.redis, settings.worker.redis_timeout_ms / 1000)
        stack.callback(store.close)
        bundles = BundleLog(settings.kafka, settings.topics)
        stack.push_async_callback(bundles.stop)
        await asyncio.gather(publisher.start(), store.ping(), bundles.start())
        past = KafkaPastLog(settings.kafka, settings.topics.events)
        stack.push_async_callback(past.stop)
        parts = LaneParts(
            store, publisher, bundles, SystemClock(), LaneMeasures(metrics), settings.topics, settings.worker, past, settings.identity_key
        )
        running = (runner or choose_runner(settings))(settings, parts)
        watch = _Watch(running, store, metrics, settings.worker)
        health = HealthServer(metrics, {"broker": watch.broker, "store": watch.store}, settings.host, settings.worker.metrics_port)
        stack.push_async_callback(health.stop)
        port = await health.start()
        _on_signals(stop)
        if ready is not None:
            ready(port)
        await _run(running, watch, stop)


async def _run(running: Runner, watch: _Watch, stop: asyncio.Event) -> None:
    reading = asyncio.create_task(running.run(), name="runner")
    watching = asyncio.create_task(watch.run(), name="watchdog")
    asked = asyncio.create_task(stop.wait(), name="stop")
    garbage = asyncio.create_task(_collect_garbage(), name="garbage")
    done, _ = await asyncio.wait({reading, watching, asked}, return_when=asyncio.FIRST_COMPLETED)
    running.stop()
    for task in (watching, asked, garbage):
        task.cancel()
    gc.enable()
    if watching in done:
        reading.cancel()
        watching.result()
    ended, _ = await asyncio.wait({reading}, timeout=watch.drain_seconds + _END_SECONDS)
    if not ended:
        _log.error("the worker does not end; the process goes without it, the next owner does again what is not committed")
        os._exit(1)
    reading.result()


def choose_runner(settings: Settings) -> MakeRunner:
    """The runner that the settings name. Faust is imported only where it is used: it takes half a second."""
    if settings.worker.runner == "faust":
        from stream.worker.faust_runner import FaustRunner  # noqa: PLC0415 - see above

        return FaustRunner
    from stream.worker.plain import PlainRunner  # noqa: PLC0415 - likewise

    return PlainRunner


class _Watch:
    """Looks after a running worker once a second: lag, store, standstill."""

    def __init__(self, running: Runner, store: RedisStateStore, metrics: Metrics, limits: WorkerSettings) -> None:
        self._running = running
        self._store = store
        self._lag = metrics.gauge(worker.LAG_RECORDS)
        self._lanes = metrics.gauge(worker.LANES)
        self._people = metrics.gauge(worker.PEOPLE)
        self._dog = Watchdog(limits.watchdog_seconds)
        self.drain_seconds = limits.drain_seconds
        self._store_fault: str | None = None

    async def run(self) -> None:
        """Watch until the worker stands still."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                await self._store.ping()
            except Unavailable as error:
                self._store_fault = str(error)
            else:
                self._store_fault = None
            cursors, ends = self._running.worker.cursors, self._running.ends
            self._lag.set(sum(max(0, ends.get(partition, 0) - cursor) for partition, cursor in cursors.items()))
            self._lanes.set(len(cursors))
            self._people.set(self._running.worker.people)
            if self._dog.stuck(time.monotonic(), cursors, ends):
                raise Stuck("records are waiting and no cursor has moved")

    def broker(self) -> str | None:
        """Ready once the group has given partitions."""
        return None if self._running.worker.cursors else "no partition is assigned yet"

    def store(self) -> str | None:
        """Ready while Redis answers."""
        return self._store_fault


async def _collect_garbage() -> None:
    """Collect cycles now and then instead of every so many allocations.

    A batch makes tens of thousands of containers that die by reference counting alone; walking them in search of cycles took
    a sixth of the worker's time. What exists at the start is never walked again.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    while True:
        await asyncio.sleep(_GARBAGE_SECONDS)
        gc.collect()


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(ValueError, NotImplementedError, RuntimeError):
            loop.add_signal_handler(number, stop.set)
