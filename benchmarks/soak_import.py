"""kill -9 of an import of a great file, begun again each time; then a worker applies what is in the log: each line once."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.definitions.model import Bundle
from tests.reliability.deployment import ROOT, Deployment

_PEOPLE: Final = 50_000
_END_SECONDS: Final = 1_800
_SHOWN_EVERY_SECONDS: Final = 10


async def import_killed(
    made: Deployment, folder: Path, lines: int, kills: int, random: Random, say: Callable[[str], None]
) -> dict[str, Any]:
    """Import ``lines`` lines, killed ``kills`` times at drawn places; the figures of what is in the log and of what was applied."""
    path, began = folder / "events.json", time.monotonic()
    with path.open("w") as file:
        file.writelines(f'{{"id":"m{number}","userId":"u{number % _PEOPLE}","event":"bought"}}\n' for number in range(lines))
    kept = path.with_name(path.name + ".import.json")
    for kill in range(1, kills + 1):
        until = int(lines * (kill - random.random() / 2) / (kills + 1))
        process = await _begin(made, path)
        while _accepted(kept) < until and process.returncode is None:  # noqa: ASYNC110 - a file sets no event
            await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
        say(f"  import: killed at {_accepted(kept)} of {lines} lines")
    process = await _begin(made, path)
    while process.returncode is None:
        await asyncio.wait({asyncio.create_task(process.wait())}, timeout=_SHOWN_EVERY_SECONDS)
        say(f"  import: {_accepted(kept)} of {lines} lines")
    seconds = time.monotonic() - began
    missing, doubled = await _in_the_log(made, lines)
    applied, duplicates = await _applied(made)
    clean = process.returncode == 0 and (missing, doubled, applied, duplicates) == (0, 0, lines, 0)
    return {
        "clean": clean,
        "lines": lines,
        "kills": kills,
        "import_seconds": round(seconds),
        "missing": missing,
        "doubled": doubled,
        "applied": applied,
        "duplicates": duplicates,
    }


async def _begin(made: Deployment, path: Path) -> asyncio.subprocess.Process:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EBBTIDE_")} | made.environment
    command = (sys.executable, "-m", "stream.cli", "import", str(path), "--json")
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL)


def _accepted(kept: Path) -> int:
    return int(json.loads(kept.read_bytes())["accepted"]) if kept.exists() else 0


async def _in_the_log(made: Deployment, lines: int) -> tuple[int, int]:
    """How many lines are not in the log, and how many records stand there beyond one a line."""
    times = bytearray(lines)
    async for value in _values(made):
        times[int(orjson.loads(value)["id"][1:])] += 1
    return times.count(0), sum(times) - (lines - times.count(0))


async def _values(made: Deployment) -> AsyncIterator[bytes]:
    places = [TopicPartition(made.settings.topics.events, number) for number in range(made.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=made.settings.kafka, enable_auto_commit=False, isolation_level="read_committed")
    await consumer.start()
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    yield record.value
    finally:
        await consumer.stop()


async def _applied(made: Deployment) -> tuple[int, int]:
    """What a worker applies of the log, and what it takes for repeats."""
    await made.activate(Bundle(version=1))
    worker = made.worker()
    await worker.start()
    await made.drained([worker], seconds=_END_SECONDS)
    headers = (await made.headers()).values()
    return sum(header.applied for header in headers), sum(header.duplicates for header in headers)
