"""The collector's composition root: everything is made here, started in order, and stopped in the opposite order."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collectors.body import Limits
from collectors.debugging.debugging import Debugging, DebugLimits
from collectors.enriching.enrichment import Enriching
from collectors.enriching.regions import open_regions
from collectors.keyring import Keyring
from collectors.limiting.limiter import Limiter
from collectors.limiting.quotas import KeptQuotas, Quotas
from collectors.limiting.turns import Service, Turns
from collectors.protocols.registry import PROTOCOLS
from collectors.server.app import App, Desk
from collectors.server.dead_letters import DeadLetters, TokenBucket
from collectors.server.definitions import FollowedSources
from collectors.server.first_types import TypeWriter
from collectors.server.hub import Hub
from collectors.server.lane import LETTERS_PLACE, Lane
from collectors.server.overflow import Overflow
from collectors.server.producer import ProducerMaker
from collectors.server.proxies import TrustedProxies
from collectors.server.publisher import Publisher
from collectors.server.salts import FolderSalts, SecretSalts
from collectors.server.telling import Telling
from collectors.spool.log import SegmentLog, check_no_other_number
from collectors.spool.spool import Spool
from collectors.visitors import Visitors
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.catalogue import process
from stream.runtime.clock import SystemClock
from stream.runtime.health import HealthServer
from stream.runtime.metrics import Metrics

if TYPE_CHECKING:
    from collectors.sources import SourceDirectory
    from stream.runtime.settings import Settings

_PROBE_SECONDS: Final = 2.0
_FLUSH_SECONDS: Final = 5.0
_GARBAGE_THRESHOLD: Final = 20_000
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a collector listens."""

    host: str
    port: int
    metrics_port: int

    @property
    def url(self) -> str:
        """Base URL of the HTTP API."""
        return f"http://{self.host}:{self.port}"


class BrokerProbe:
    """Knows whether events can be taken, for readiness: the spool has room, or the broker answers."""

    def __init__(self, publisher: Publisher, deadline_seconds: float, spool: Spool | None) -> None:
        self._publisher = publisher
        self._spool = spool
        self._deadline_seconds = deadline_seconds
        self._reachable = True

    async def run(self) -> None:
        """Ask the broker every two seconds, until cancelled."""
        while True:
            self._reachable = await self._publisher.reachable(_PROBE_SECONDS)
            await asyncio.sleep(_PROBE_SECONDS)

    def check(self) -> str | None:
        """None when all is well, else what is wrong."""
        if self._spool is not None and self._spool.refusal() is None:
            return None
        silence = self._publisher.silence_seconds()
        if silence > self._deadline_seconds:
            return f"no acknowledgement for {silence:.0f} s"
        return None if self._reachable else "no broker answers"


async def run_collector(
    settings: Settings,
    *,
    ready: Callable[[Addresses], None] | None = None,
    stop: asyncio.Event | None = None,
    metrics: Metrics | None = None,
    secrets: Mapping[str, str] | None = None,
) -> None:
    """Serve until ``stop`` is set; without one, until SIGTERM or SIGINT. Then drain: finish requests, flush, let go.

    ``secrets`` are environment variables by name. ``ready`` hears the addresses once requests are taken. Raises ``Unavailable``
    when no broker answers at the start and there is no spool, or no definitions are kept in its folder; ``Misconfigured`` when a port,
    the spool's folder or a file of regions cannot be had.
    """
    if stop is None:
        stop = _stop_on_signals()
        _spare_the_garbage_collector()
    metrics = metrics or Metrics(catalogue.CATALOGUE, process.CATALOGUE)
    limits = settings.collector
    async with AsyncExitStack() as running:
        spool = await _open_spool(settings, metrics, running)
        sources = await _follow_sources(settings, metrics, running, with_spool=spool is not None)
        events = tuple(Lane(settings.topics.events, partition) for partition in range(settings.partitions))
        letters_lane = Lane(settings.topics.dead_letters, 0, LETTERS_PLACE)
        lanes = (*events, letters_lane)
        overflow = None if spool is None else Overflow(spool, lanes, SystemClock(), limits.spool_after_seconds)
        publisher = Publisher(ProducerMaker(settings.kafka, limits), lanes, limits, metrics, overflow)
        await publisher.start()
        running.push_async_callback(publisher.stop, _FLUSH_SECONDS)
        letters = DeadLetters(publisher, letters_lane, TokenBucket(limits.dead_letters_per_second), metrics)
        limiter = Limiter(limits.ip_requests_per_second, await _kept_quotas(settings, running))
        debugging = Debugging(_debug_limits(settings), metrics)
        running.push_async_callback(_cancel, asyncio.create_task(debugging.run(), name="collector-debugging"))
        desk = _desk(settings, sources, secrets or {}, debugging)
        app = App(PROTOCOLS, desk, publisher, events, letters, Telling(metrics), limiter)
        hub = _hub(settings, app, desk, publisher, metrics)
        probe = BrokerProbe(publisher, limits.produce_deadline_seconds, spool)
        probing = asyncio.create_task(probe.run(), name="collector-probe")
        running.push_async_callback(_cancel, probing)
        health = HealthServer(metrics, {"broker": probe.check}, settings.host, limits.metrics_port)
        running.push_async_callback(health.stop)
        metrics_port = await health.start()
        running.push_async_callback(hub.drain, limits.drain_seconds)
        addresses = Addresses(settings.host, await hub.start(settings.host, limits.port), metrics_port)
        _log.info("collecting on %s, metrics on port %d", addresses.url, metrics_port)
        if ready is not None:
            ready(addresses)
        await stop.wait()
        _log.info("draining")


async def _open_spool(settings: Settings, metrics: Metrics, running: AsyncExitStack) -> Spool | None:
    limits = settings.collector
    if not limits.spool_bytes_max:
        return None
    check_no_other_number(settings.spool_folder)
    spool = Spool(SegmentLog(settings.spool_folder, limits.spool_segment_bytes), limits, metrics, SystemClock())
    running.push_async_callback(spool.close)
    await spool.open()
    return spool


def _hub(settings: Settings, app: App, desk: Desk, publisher: Publisher, metrics: Metrics) -> Hub:
    def has_room(others: bool) -> bool:  # noqa: FBT001 - the port's signature
        return publisher.has_room(beside_others=others)

    service = Service(app.handle, app.late, app.failed, desk.proxies.client_of, has_room)
    turns = Turns(service, settings.collector.produce_deadline_seconds, metrics)
    return Hub(settings.collector, metrics, turns.take)


async def _follow_sources(settings: Settings, metrics: Metrics, running: AsyncExitStack, *, with_spool: bool) -> FollowedSources:
    kept = settings.spool_folder / "definitions.json" if with_spool else None
    sources = FollowedSources(settings.kafka, settings.topics, metrics, kept, Enriching(open_regions(settings.collector)))
    running.push_async_callback(sources.stop)
    await sources.start()
    publisher = KafkaPublisher(settings.kafka, "ebbtide-types")
    running.push_async_callback(publisher.stop)
    writer = TypeWriter(sources.types, publisher, settings.topics)
    running.push_async_callback(writer.close, asyncio.create_task(writer.run(), name="collector-types"))
    return sources


async def _kept_quotas(settings: Settings, running: AsyncExitStack) -> Quotas:
    quotas = Quotas()
    kept = KeptQuotas(quotas, settings.data / "collector-quotas.json")
    await asyncio.to_thread(kept.read)
    running.push_async_callback(_cancel, asyncio.create_task(kept.run(), name="collector-quotas"))
    return quotas


def _debug_limits(settings: Settings) -> DebugLimits:
    limits = settings.collector
    token = None if limits.admin_token is None else limits.admin_token.get_secret_value().encode()
    return DebugLimits(token, limits.debug_streams_max, limits.debug_queue_bytes)


def _desk(settings: Settings, sources: SourceDirectory, secrets: Mapping[str, str], debugging: Debugging) -> Desk:
    limits = settings.collector
    caps = Limits(
        decompressed_bytes=limits.max_decompressed_bytes,
        decompression_ratio=limits.max_decompression_ratio,
        event_bytes=limits.max_event_bytes,
        events=limits.max_events_per_batch,
        depth=limits.max_depth,
        keys=limits.max_keys,
    )
    proxies = TrustedProxies(limits.trusted_proxies)
    secret = limits.visitor_secret
    salts = FolderSalts(settings.data / "visitor-salts") if secret is None else SecretSalts(secret.get_secret_value().encode())
    visitors, keyring = Visitors(salts), Keyring(sources, secrets)
    return Desk(
        caps,
        sources,
        proxies,
        SystemClock(),
        limits.retry_after_seconds,
        visitors=visitors,
        keyring=keyring,
        debugging=debugging,
    )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _spare_the_garbage_collector() -> None:
    """Requests make thousands of objects that no cycle holds: look for cycles less often, and never among what was there at the start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD, 50, 100)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
