"""A hundred thousand people whose times in a window end at one millisecond: how soon all have left, and what a live load feels of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from benchmarks.live import NEWCOMER, all_open, live_load
from benchmarks.rig import WORKER_CORE, load, make_rig, prepare, process, until
from benchmarks.workload import DEFINITIONS, SEGMENTS, padded, plain_event
from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from stream.stack.stack import Stack

_WINDOW_MS = 3_600_000
_CROWD = """
  - id: crowd
    when: {event: gate_passed, within: 1h}
"""
_PER_SECOND = 1_000
_LOAD_PEOPLE_PER_SECOND = 2_500
_LEAST_LOAD_SECONDS = 8
_AFTER_SECONDS = 120
_CLEAR_SECONDS = 0.5


class _Crowd:
    """Who has left, and when the first and the last did (by the clock at reading)."""

    def __init__(self) -> None:
        self.left: Counter[str] = Counter()
        self.entered = 0
        self.first_at = 0.0
        self.last_at = 0.0
        self._waiting: list[bytes] = []

    def hear(self, record: Any) -> None:
        """Note a transition; what it says is read later, so that reading costs the live load nothing."""
        if b'"crowd"' not in record.value:
            return
        if b"segment.entered" in record.value:
            self.entered += 1
            return
        self.last_at = time.time()
        self.first_at = self.first_at or self.last_at
        self._waiting.append(record.value)

    @property
    def heard(self) -> int:
        """Exits so far."""
        return len(self._waiting)

    def judge(self, leaves_at_ms: int) -> None:
        """Read all exits. Raises RuntimeError if one is not of the instant."""
        for value in self._waiting:
            data = orjson.loads(value)
            self.left[data["data"]["person"]] += 1
            if data["data"]["cause"] != "time" or not data["timestamp"].endswith(f".{leaves_at_ms % 1000:03d}Z"):
                raise RuntimeError(f"an exit that is not of the instant: {value!r}")


def _gate(people: int, at_ms: int) -> Iterator[tuple[str, bytes]]:
    for number in range(people):
        user = f"guest-{number:08d}"
        event = plain_event(UUID(int=number + (11 << 100), version=4), "gate_passed", user, number)
        event["timestamp"] = at_ms
        yield f"user:{user}", padded(event)


async def leaving(stack: Stack, people: int, quiet_seconds: float, database: int) -> dict[str, Any]:
    """Load the people, measure the live load for so long, let them leave, measure it again."""
    rig = make_rig(stack, "leaving.", database, EBBTIDE_WORKER_RUNNER="aiokafka", EBBTIDE_WORKER_METRICS_PORT="0")
    await prepare(rig, next_bundle(Bundle(), parse_files({"tags.yaml": DEFINITIONS, "segments.yaml": SEGMENTS + NEWCOMER + _CROWD})))
    crowd = _Crowd()
    with process(rig, ["worker"], WORKER_CORE):
        await until(lambda: all_open(rig), 60)
        loading_seconds = max(_LEAST_LOAD_SECONDS, people / _LOAD_PEOPLE_PER_SECOND)
        leaves_at = time.time() + loading_seconds + quiet_seconds
        leaves_at_ms = int(leaves_at * 1000)
        await load(rig, _gate(people, leaves_at_ms - _WINDOW_MS))
        async with live_load(rig, _PER_SECOND, crowd.hear) as live:
            await _until_in(crowd, people, leaves_at - quiet_seconds)
            await asyncio.sleep(max(0.0, leaves_at - time.time()))
            before = await live.waits(leaves_at - quiet_seconds, leaves_at - _CLEAR_SECONDS)
            await until(lambda: _have_left(crowd, people), _AFTER_SECONDS, 0.01)
            during = await live.waits(leaves_at, crowd.last_at)
            await asyncio.sleep(1)
    crowd.judge(leaves_at_ms)
    return {
        "people": people,
        "left_once": sum(times == 1 for times in crowd.left.values()),
        "left_twice": sum(times > 1 for times in crowd.left.values()),
        "drain_seconds": round(crowd.last_at - crowd.first_at, 2),
        "last_exit_late_seconds": round(crowd.last_at - leaves_at, 2),
        "events_per_second": _PER_SECOND,
        **before.figures("quiet"),
        **during.figures("drain"),
    }


async def _until_in(crowd: _Crowd, people: int, at: float) -> None:
    """Wait for the time at which everybody must be in."""
    await asyncio.sleep(max(0.0, at - time.time()))
    if crowd.entered < people:
        raise TimeoutError(f"{crowd.entered:,} of {people:,} people had come in when the measurement was to begin: the machine is too busy")


async def _have_left(crowd: _Crowd, people: int) -> bool:
    return crowd.heard >= people
