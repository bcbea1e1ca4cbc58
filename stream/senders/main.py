"""The sender process: its one composition root."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import time
from contextlib import AsyncExitStack, aclosing, suppress
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import EbbtideError
from stream.kafka.start import start_client
from stream.runtime.catalogue import process, sender
from stream.runtime.clock import SystemClock
from stream.runtime.health import HealthServer
from stream.runtime.metrics import Metrics
from stream.senders.address import AddressGuard, AllowAll
from stream.senders.dead_letter import KafkaDeadLetters
from stream.senders.deliveries import Tools
from stream.senders.directory import KafkaSenderDirectory, SenderDirectory
from stream.senders.supervisor import Supervisor
from stream.senders.task import House

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stream.runtime.settings import Settings

_log = logging.getLogger(__name__)
_AGAIN_SECONDS = 2.0
_MEASURE_SECONDS = 1.0
_NOT_READ = "the definitions have not been read yet"


async def run_sender(
    settings: Settings,
    *,
    secrets: Mapping[str, str],
    ready: Callable[[int], None] | None = None,
    stop: asyncio.Event | None = None,
    directory: SenderDirectory | None = None,
    guard: AddressGuard | None = None,
) -> None:
    """Run until ``stop`` is set or SIGTERM or SIGINT comes, then drain.

    ``secrets`` are environment variables by name. ``ready`` hears the port of metrics and health once the definitions
    have been read. ``directory`` is the definitions topic unless given. Raises Misconfigured, and KafkaError if the
    broker is away at the start.
    """
    stop = _on_signals(stop or asyncio.Event())
    metrics = Metrics(process.CATALOGUE, sender.CATALOGUE)
    following = _Following()
    async with AsyncExitStack() as stack:
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all", enable_idempotence=True)
        stack.push_async_callback(producer.stop)
        await start_client(producer)
        letters = KafkaDeadLetters(producer, settings.topics.dead_letters)
        tools = Tools(metrics, SystemClock(), time.monotonic, random.SystemRandom(), letters)
        supervisor = Supervisor(House(settings.kafka, settings.topics, settings.sender, tools, guard or AllowAll()), secrets)
        stack.push_async_callback(supervisor.stop)
        checks = {"definitions": following.check, "senders": supervisor.check}
        health = HealthServer(metrics, checks, settings.host, settings.sender.metrics_port)
        stack.push_async_callback(health.stop)
        port = await health.start()
        told = ready or (lambda _: None)
        source = directory or KafkaSenderDirectory(settings.kafka, settings.topics.definitions)
        work = [
            asyncio.create_task(following.run(source, supervisor, lambda: told(port))),
            asyncio.create_task(_measure(supervisor)),
        ]
        work.append(asyncio.create_task(_until(stop)))
        stack.push_async_callback(_cancel, work)
        done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


class _Following:
    """Keeps the supervisor at the newest definitions, and knows whether they could be read."""

    def __init__(self) -> None:
        self._why: str | None = _NOT_READ

    def check(self) -> str | None:
        return self._why

    async def run(self, directory: SenderDirectory, supervisor: Supervisor, first: Callable[[], None]) -> None:
        told = False
        while True:
            try:
                # Closed here, not by the collector some day: what it holds is a connection.
                async with aclosing(directory.changes()) as changes:
                    async for senders in changes:
                        await supervisor.apply(senders)
                        self._why = None
                        if not told:
                            told = True
                            first()
            except (KafkaError, EbbtideError, OSError, TimeoutError) as error:
                self._why = f"the definitions cannot be read: {type(error).__name__}"
                _log.warning("%s", self._why)
            await asyncio.sleep(_AGAIN_SECONDS)


async def _measure(supervisor: Supervisor) -> None:
    while True:
        supervisor.measure()
        await asyncio.sleep(_MEASURE_SECONDS)


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


def _on_signals(stop: asyncio.Event) -> asyncio.Event:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop.set)
    return stop
