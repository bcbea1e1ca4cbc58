"""How long from an event to its transition at a constant load, and how late a timed exit comes; whole box busy."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from benchmarks.live import NEWCOMER, all_open, live_load, milliseconds
from benchmarks.rig import WORKER_CORE, make_rig, prepare, process, quantile, until
from benchmarks.workload import DEFINITIONS, SEGMENTS
from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from stream.stack.stack import Stack

_WARM_SECONDS = 3
_EXITS_SECONDS = 8


async def latency(stack: Stack, runner: str, per_second: int, seconds: float, database: int) -> dict[str, Any]:
    """Entries and timed exits of newcomers among a constant load of others."""
    rig = make_rig(stack, f"latency-{runner}-{per_second}.", database, EBBTIDE_WORKER_RUNNER=runner, EBBTIDE_WORKER_METRICS_PORT="0")
    await prepare(rig, next_bundle(Bundle(), parse_files({"tags.yaml": DEFINITIONS, "segments.yaml": SEGMENTS + NEWCOMER})))
    with process(rig, ["worker"], WORKER_CORE):
        await until(lambda: all_open(rig), 60)
        async with live_load(rig, per_second) as live:
            await asyncio.sleep(_WARM_SECONDS)
            began = time.time()
            await asyncio.sleep(seconds)
            live.stop()
            await asyncio.sleep(_EXITS_SECONDS)
            waits = await live.waits(began, time.time())
    return {
        "runner": runner,
        "events_per_second": per_second,
        "entries": len(waits.entries),
        "entry_ms_p50": milliseconds(quantile(waits.entries, 0.5)),
        "entry_ms_p99": milliseconds(quantile(waits.entries, 0.99)),
        "timed_exits": len(waits.exits),
        "exit_late_ms_p50": milliseconds(quantile(waits.exits, 0.5)),
        "exit_late_ms_p99": milliseconds(quantile(waits.exits, 0.99)),
    }
