"""The process watches itself: how late its event loop is, what it uses."""

from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stream import VERSION
from stream.runtime.catalogue import process

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.runtime.metrics import Metrics

PERIOD_SECONDS: Final = 0.25
_STATM: Final = Path("/proc/self/statm")


async def watch_process(metrics: Metrics, monotonic_seconds: Callable[[], float], period_seconds: float = PERIOD_SECONDS) -> None:
    """Fill the process catalogue until cancelled; returns at once if the metrics were built without it."""
    if not metrics.knows(process.LOOP_LAG_SECONDS):
        return
    metrics.gauge(process.BUILD_INFO, version=VERSION).set(1)
    metrics.gauge(process.START_TIMESTAMP_SECONDS).set(time.time())
    lag = metrics.histogram(process.LOOP_LAG_SECONDS)
    cpu = metrics.counter(process.CPU_SECONDS)
    resident = metrics.gauge(process.RESIDENT_BYTES)
    cpu_before = 0.0
    while True:
        cpu_now = time.process_time()
        cpu.inc(cpu_now - cpu_before)
        cpu_before = cpu_now
        resident.set(resident_bytes())
        due = monotonic_seconds() + period_seconds
        await asyncio.sleep(period_seconds)
        lag.observe(max(0.0, monotonic_seconds() - due))


def resident_bytes() -> int:
    """Memory that the process holds now; its greatest so far where the system does not tell (not Linux)."""
    try:
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
