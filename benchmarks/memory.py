"""What a person costs in Redis at rest, and what the idle stack costs in memory."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import redis.asyncio

from benchmarks.rig import Rig, cpu_seconds, load, make_rig, prepare, process, resident_bytes, until
from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from stream.stack.stack import Stack
from stream.store.layout import PartitionKeys

_TAGS_PER_EVENT = 4
_SOURCES = "sources: [{id: shop-web, kind: web}]\n"
_VISITS = 2


def _definitions(tags: int) -> str:
    """So many fading tags, of which each event sets up to four, and a segment that everybody is in, with a due time in 30 days."""
    rules = "\n".join(
        f"  - {{id: tag-{number}, half_life: 7d, rules: [{{id: seen, event: visit_{number // _TAGS_PER_EVENT}}}]}}"
        for number in range(tags)
    )
    return f"settings: {{dedupe: 2s}}\ntags:\n{rules}\nsegments:\n  - {{id: visited, when: {{event: visit_0, within: 30d}}}}\n{_SOURCES}"


def _visits(people: int, names: int) -> Iterator[tuple[str, bytes]]:
    """Each person does everything twice, with a user id and an anonymous id; ids are UUIDs, times lie up to 20 days back."""
    ids = itertools.count(1)
    now = int(time.time() * 1000)
    for visit in range(names * _VISITS):
        at = now - (names * _VISITS - visit) * 20 * 86_400_000 // (names * _VISITS)
        for number in range(people):
            user = f"user-{number:08d}"
            event = {
                "id": str(UUID(int=next(ids) + (9 << 100), version=4)),
                "type": "track",
                "event": f"visit_{visit % names}",
                "userId": user,
                "anonymousId": str(UUID(int=number + (7 << 100), version=4)),
                "timestamp": at + number,
                "source": "shop-web",
            }
            yield f"user:{user}", orjson.dumps(event)


async def bytes_a_person(stack: Stack, tags: int, people: int, database: int) -> dict[str, Any]:
    """Redis memory a person, all in: state, index, due time, one segment, two ids; once everybody has come to rest."""
    rig = make_rig(stack, f"memory-{tags}.", database, EBBTIDE_WORKER_METRICS_PORT="0", EBBTIDE_WORKER_RUNNER="aiokafka")
    await prepare(rig, next_bundle(Bundle(), parse_files({"memory.yaml": _definitions(tags)})))
    client = redis.asyncio.Redis.from_url(rig.settings.redis)
    before = int((await client.info("memory"))["used_memory"])
    names = -(-tags // _TAGS_PER_EVENT)
    count = people * names * _VISITS
    await load(rig, _visits(people, names))
    with process(rig, ["worker"], None):
        await until(lambda: _applied(rig, count), 600)
        await until(lambda: _at_rest(client, rig.settings.partitions), 120, 0.5)
        await asyncio.sleep(2)
    used = int((await client.info("memory"))["used_memory"])
    await client.aclose()
    return {"tags": tags, "people": people, "redis_bytes_per_person": round((used - before) / people)}


async def _applied(rig: Rig, count: int) -> bool:
    return sum(header.applied for header in await rig.headers()) >= count


async def _at_rest(client: redis.asyncio.Redis, partitions: int) -> bool:
    """Nobody is due within the next days: what is left are the segment's own exits."""
    now, _ = await client.time()
    soon = (int(now) + 86_400) * 1000
    due = [await client.zcount(PartitionKeys(partition).dues, 0, soon) for partition in range(partitions)]
    return not any(due)


async def idle_stack(seconds: float = 10) -> dict[str, Any]:
    """Resident memory and CPU of everything that ``ebbtide up`` starts, with nothing to do."""
    started = _start_everything()
    try:
        await asyncio.to_thread(_until_up, started)
        await asyncio.sleep(5)
        tree = _tree(started.pid)
        before = {pid: cpu_seconds(pid) for pid in tree}
        await asyncio.sleep(seconds)
        cpu = sum(cpu_seconds(pid) - used for pid, used in before.items())
        memory = {_name(pid): round(resident_bytes(pid) / 1e6, 1) for pid in tree}
    finally:
        started.terminate()
        started.wait(60)
    return {
        "idle_megabytes": memory,
        "idle_megabytes_total": round(sum(memory.values()), 1),
        "idle_cpu_percent": round(cpu / seconds * 100, 1),
    }


def _start_everything() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "stream.cli", "up", "--fresh", "--json", "--port", "0"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _until_up(started: subprocess.Popen[bytes]) -> None:
    assert started.stdout is not None
    for line in started.stdout:
        if b"sender" in line:
            return
    raise RuntimeError("`ebbtide up` ended before everything was up")


def _tree(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [child for task in tasks for child in (task / "children").read_text().split()]
    return [pid, *(below for child in children for below in _tree(int(child)))]


def _name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    for name in ("kafka.Kafka", "redis-server", "collector", "worker", "sender", "up"):
        if any(name in word for word in words):
            return f"{name} {pid}"
    return f"other {pid}"


if __name__ == "__main__":
    print(json.dumps(asyncio.run(idle_stack())))
