"""The yardstick: a stock Faust agent that does nothing, on the same broker and the same events as the worker."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import asdict
from typing import Any

from benchmarks.rig import OTHER_CORE, WORKER_CORE, load, make_rig, pin_tree
from benchmarks.stock_faust import measure
from benchmarks.workload import events
from stream.kafka.admin import ensure_topics
from stream.stack.stack import Stack


async def throughput(stack: Stack, count: int) -> dict[str, Any]:
    """Load ``count`` events, and let the agent read them on a core of its own."""
    rig = make_rig(stack, "bench-stock.", 15)
    await ensure_topics(rig.settings.kafka, rig.settings.topics)
    await load(rig, itertools.islice(events(1, 20_000), count))
    pin_tree(stack.kafka_process.pid, OTHER_CORE)
    rate = await asyncio.to_thread(measure, rig.settings.kafka, rig.settings.topics.events, count, core=WORKER_CORE)
    return {name: round(value, 1) for name, value in asdict(rate).items()}
