"""How many events a worker applies per second of one core, with everything on: 8 fading tags, 4 segments, durable in Redis."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis.asyncio

from benchmarks.rig import OTHER_CORE, WORKER_CORE, Rig, cpu_seconds, load, make_rig, pin_tree, prepare, process, until
from schemas.definitions.model import Bundle
from stream.stack.stack import Stack

_WARM_PART = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """One measurement: which runner, which definitions under which name, how many people and events of which kind."""

    runner: str
    definitions: str
    people: int
    count: int
    bundle: Bundle
    events: Iterator[tuple[str, bytes]]


async def throughput(stack: Stack, plan: Plan, database: int) -> dict[str, Any]:
    """Load ``count`` events, then let a worker work them off on a core of its own; broker and store share the other."""
    runner, people, count = plan.runner, plan.people, plan.count
    prefix = f"bench-{runner}-{plan.definitions}-{people}."
    rig = make_rig(stack, prefix, database, EBBTIDE_WORKER_RUNNER=runner, EBBTIDE_WORKER_METRICS_PORT="0")
    await prepare(rig, plan.bundle)
    await load(rig, itertools.islice(plan.events, count))
    for server in (stack.kafka_process, stack.redis_process):
        pin_tree(server.pid, OTHER_CORE)
    with process(rig, ["worker"], WORKER_CORE) as worker:
        started = await until(lambda: _applied_at_least(rig, int(count * _WARM_PART)), 300, 0.1)
        first, cpu = await _applied(rig), cpu_seconds(worker.pid)
        ended = await until(lambda: _applied_at_least(rig, count), 600, 0.1)
        applied, cpu = await _applied(rig) - first, cpu_seconds(worker.pid) - cpu
        size = await _bytes_a_person(rig)
    rate = applied / (ended - started)
    return {
        "runner": runner,
        "definitions": plan.definitions,
        "people": people,
        "events": applied,
        "events_per_second": round(rate),
        "events_per_cpu_second": round(applied / cpu),
        "cpu_us_per_event": round(cpu / applied * 1e6, 1),
        "redis_bytes_per_person_while_busy": size,
    }


async def _applied(rig: Rig) -> int:
    return sum(header.applied for header in await rig.headers())


async def _applied_at_least(rig: Rig, count: int) -> bool:
    return await _applied(rig) >= count


async def _bytes_a_person(rig: Rig) -> int:
    people = sum(header.people for header in await rig.headers())
    client = redis.asyncio.Redis.from_url(rig.settings.redis)
    try:
        used = int((await client.info("memory"))["used_memory_dataset"])
    finally:
        await client.aclose()
    return round(used / max(1, people))
