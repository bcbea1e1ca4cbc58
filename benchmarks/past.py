"""A definition that needs the past: how long until it holds for everybody, and what a live load feels of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from benchmarks.live import NEWCOMER, Live, all_open, live_load
from benchmarks.rig import WORKER_CORE, Rig, load, make_rig, prepare, process, until
from benchmarks.workload import CATEGORIES, DEFINITIONS, NAMES, SEGMENTS, padded, plain_event
from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from stream.stack.stack import Stack

_EVENTS_A_PERSON = 3
_PER_SECOND = 1_000
_APPLY_SECONDS = 1_800
_SETTLE_SECONDS = 3
_CLEAR_SECONDS = 0.5
_AT_REST_SECONDS = 0.25
_QUIET_AFTER_SECONDS = 180
_CHUNK_PEOPLE = 100_000
_NEEDS_THE_PAST = """
tags:
  - id: bag_lover
    half_life: 30d
    rules:
      - {id: viewed, event: product_viewed, where: {properties.category: bags}}
segments:
  - id: bags_again
    when:
      all:
        - {tag: bag_lover, score: {gte: 1}}
        - {event: product_viewed, where: {properties.category: bags}, within: 30d, count: {gte: 2}}
"""


@dataclass(slots=True)
class _Marks:
    """When it was asked for, held in all lanes, and had reached everybody."""

    asked: float = 0.0
    held: float = 0.0
    swept: float = 0.0


def _files() -> dict[str, str]:
    return {"tags.yaml": DEFINITIONS, "segments.yaml": SEGMENTS + NEWCOMER}


def _lives(people: range, at_ms: int) -> Iterator[tuple[str, bytes]]:
    """Each of the people does three things in the days before."""
    draw = Random(people.start)
    for turn, number in itertools.product(range(_EVENTS_A_PERSON), people):
        user = f"regular-{number:08d}"
        event = plain_event(UUID(int=number * _EVENTS_A_PERSON + turn + (13 << 100), version=4), draw.choice(NAMES), user, number)
        event["properties"] = {"category": draw.choice(CATEGORIES), "price": 19.0, "quantity": 1}
        event["timestamp"] = at_ms - (_EVENTS_A_PERSON - turn) * 86_400_000 + number
        yield f"user:{user}", padded(event)


async def filling(stack: Stack, people: int, quiet_seconds: float, database: int) -> dict[str, Any]:
    """Load the people's past, measure a live load for so long, apply the definition, measure until everybody is under it."""
    rig = make_rig(stack, "past.", database, EBBTIDE_WORKER_RUNNER="aiokafka", EBBTIDE_WORKER_METRICS_PORT="0")
    await prepare(rig, next_bundle(Bundle(), parse_files(_files())))
    marks = _Marks()
    with process(rig, ["worker"], WORKER_CORE):
        await until(lambda: all_open(rig), 60)
        written = await _load_all(rig, people)
        await until(lambda: _applied(rig, written), max(120, written / 5_000), 0.5)
        async with live_load(rig, _PER_SECOND) as live:
            await _settled(live)
            began = time.time()
            await asyncio.sleep(quiet_seconds)
            before = await live.waits(began, time.time() - _CLEAR_SECONDS)
            await _apply(rig, marks)
            to_activation = await live.waits(marks.asked, marks.held)
            during = await live.waits(marks.asked, marks.swept)
    return {
        "people": people,
        "events_of_the_past": written,
        "activated_seconds": round(marks.held - marks.asked, 1),
        "everybody_seconds": round(marks.swept - marks.asked, 1),
        "events_per_second": _PER_SECOND,
        **before.figures("quiet"),
        **to_activation.figures("until_activated"),
        **during.figures("fill"),
    }


async def _settled(live: Live) -> None:
    """After a million people have been loaded, Redis and the broker write for a while; it must not count as quiet."""
    async with asyncio.timeout(_QUIET_AFTER_SECONDS):
        longest = float("inf")
        while longest > _AT_REST_SECONDS:
            began = time.time()
            await asyncio.sleep(_SETTLE_SECONDS)
            waits = await live.waits(began, time.time() - _CLEAR_SECONDS)
            longest = max(waits.entries, default=longest)


async def _load_all(rig: Rig, people: int) -> int:
    now = int(time.time() * 1000) - people
    written = 0
    for start in range(0, people, _CHUNK_PEOPLE):
        written += sum(await load(rig, _lives(range(start, min(people, start + _CHUNK_PEOPLE)), now)))
    return written


async def _apply(rig: Rig, marks: _Marks) -> None:
    """``ebbtide apply`` as anybody would call it, and then until everybody has been brought to the set."""
    with tempfile.TemporaryDirectory(prefix="ebbtide-bench-definitions-") as folder:
        for name, text in {**_files(), "bags.yaml": _NEEDS_THE_PAST}.items():
            (Path(folder) / name).write_text(text)
        marks.asked = time.time()
        command = [sys.executable, "-m", "stream.cli", "apply", folder, "--json", "--wait", str(_APPLY_SECONDS)]
        applying = await asyncio.create_subprocess_exec(*command, env=rig.environment, stdout=asyncio.subprocess.PIPE)
        told, _ = await applying.communicate()
        marks.held = time.time()
        if applying.returncode != 0 or not json.loads(told)["everywhere"]:
            raise RuntimeError(f"apply failed: {told.decode()}")
    await until(lambda: _is_behind_everybody(rig), _APPLY_SECONDS, 0.2)
    marks.swept = time.time()


async def _is_behind_everybody(rig: Rig) -> bool:
    return all(len(header.switches) == 1 and header.switches[0][0] == 2 for header in await rig.headers())


async def _applied(rig: Rig, count: int) -> bool:
    return sum(header.applied for header in await rig.headers()) >= count
