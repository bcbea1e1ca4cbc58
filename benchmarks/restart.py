"""How soon after kill -9 and restart a worker applies the first event again, under load."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import Any

from benchmarks.rig import Rig, make_rig, prepare, quantile, until
from benchmarks.workload import bundle, events
from schemas.routing import partition_of
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.stack.stack import Stack

_PER_SECOND = 2_000
_TICK_SECONDS = 0.02


async def restarts(stack: Stack, kills: int, database: int) -> dict[str, Any]:
    """Kill and restart the worker so often, each time once it works again."""
    results: dict[str, Any] = {"kills": kills, "events_per_second": _PER_SECOND}
    for runner in ("aiokafka", "faust"):
        rig = make_rig(stack, f"restart-{runner}.", database, EBBTIDE_WORKER_RUNNER=runner, EBBTIDE_WORKER_METRICS_PORT="0")
        database += 1
        await prepare(rig, bundle())
        stop = asyncio.Event()
        load = asyncio.create_task(_load(rig, stop))
        try:
            seconds = sorted(await _kill_often(rig, kills))
        finally:
            stop.set()
            await load
        results[runner] = {
            "first_event_seconds_p50": round(quantile(seconds, 0.5), 2),
            "first_event_seconds_p95": round(quantile(seconds, 0.95), 2),
        }
    return results


async def _kill_often(rig: Rig, kills: int) -> list[float]:
    seconds: list[float] = []
    worker = _start(rig)
    try:
        await until(lambda: _applied_more(rig, 1_000), 60)
        for _ in range(kills):
            await asyncio.sleep(1.0)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            before = await _applied(rig)
            began = time.monotonic()
            worker = _start(rig)
            seconds.append(await until(lambda before=before: _applied_more(rig, before + 1), 60, 0.01) - began)  # type: ignore[misc]
    finally:
        worker.kill()
        worker.wait()
    return seconds


def _start(rig: Rig) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "stream.cli", "worker"], env=rig.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


async def _applied(rig: Rig) -> int:
    return sum(header.applied for header in await rig.headers())


async def _applied_more(rig: Rig, count: int) -> bool:
    return await _applied(rig) >= count


async def _load(rig: Rig, stop: asyncio.Event) -> None:
    publisher = KafkaPublisher(rig.settings.kafka)
    await publisher.start()
    source = events(os.getpid(), 20_000)
    while not stop.is_set():
        ended = time.monotonic() + _TICK_SECONDS
        by_partition: dict[int, list[Message]] = {}
        for _ in range(round(_PER_SECOND * _TICK_SECONDS)):
            routing_id, value = next(source)
            by_partition.setdefault(partition_of(routing_id, rig.settings.partitions), []).append(Message(routing_id.encode(), value))
        await asyncio.gather(*[publisher.publish(rig.settings.topics.events, p, messages) for p, messages in by_partition.items()])
        await asyncio.sleep(max(0.0, ended - time.monotonic()))
    await publisher.stop()
