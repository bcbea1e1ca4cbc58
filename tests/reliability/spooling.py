"""The collector and the broker are killed under a load of requests; then everything that was promised is looked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import aiohttp
import orjson

from stream.replay.difference import Difference
from stream.replay.run import run_replay
from stream.stack.ports import free_port
from tests.corpus.generate import numbered
from tests.reliability.deployment import Deployment, WorkerProcess
from tests.reliability.scenario import first_version
from tests.reliability.shoppers import SHOP, Shoppers
from tests.reliability.verdict import Verdict
from tests.reliability.verify import verify

_START_SECONDS = 60
_DRAIN_SECONDS = 240
_EVENTS_A_STAGE = 150
DEDUPE_MS = 1


@dataclass(frozen=True)
class SpoolPlan:
    """``rounds``: kills of the broker; around each the collector is killed ``kills_a_round`` times."""

    rounds: int
    kills_a_round: int
    events_a_second: int = 400
    people: int = 100
    seed: int = 20_261_126

    @property
    def kills(self) -> int:
        return self.rounds * (self.kills_a_round + 1)


@dataclass
class SpoolResult:
    """What came out. ``faults``: sentences about what was promised and is missing, there twice, or out of order."""

    plan: SpoolPlan
    shoppers: Shoppers
    verdict: Verdict
    replayed: Difference
    marked_repeats: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return not self.faults and self.verdict.is_clean and self.replayed.is_empty

    def describe(self) -> str:
        head = (
            f"seed {self.plan.seed}, {self.plan.rounds} kills of the broker, {self.plan.rounds * self.plan.kills_a_round} of the collector"
        )
        told = f"{self.shoppers.count} events promised, statuses {self.shoppers.statuses}, {self.marked_repeats} written twice"
        return "\n".join(["", head, told, *self.faults[:20], self.verdict.describe(), f"{self.seconds:.0f} s", ""])

    def figures(self) -> dict[str, Any]:
        return {
            "broker_kills": self.plan.rounds,
            "collector_kills": self.plan.rounds * self.plan.kills_a_round,
            "promised": self.shoppers.count,
            "statuses": {str(status): count for status, count in self.shoppers.statuses.items()},
            "written_twice": self.marked_repeats,
            "faults": len(self.faults),
            "oracle": self.verdict.figures(),
            "seconds": round(self.seconds, 1),
            "clean": self.is_clean,
        }


class CollectorProcess:
    """A collector on fixed ports, with a data folder that outlives it."""

    def __init__(self, deployment: Deployment) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        settings = deployment.environment | {
            "EBBTIDE_DATA": str(deployment.folder / "data"),
            "EBBTIDE_COLLECTOR_PORT": str(self.port),
            "EBBTIDE_COLLECTOR_METRICS_PORT": str(self.metrics_port),
            "EBBTIDE_COLLECTOR_SPOOL_AFTER_SECONDS": "0.3",
            "EBBTIDE_COLLECTOR_SPOOL_SEGMENT_BYTES": "65536",
        }
        self.process = WorkerProcess(settings, deployment.folder / "collector.log", "collector")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Returns when it takes requests."""
        await self.process.start()
        async with asyncio.timeout(_START_SECONDS):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.05)

    async def is_empty(self) -> bool:
        """Whether nothing is spooled."""
        with suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
                return "ebbtide_collector_spool_events 0.0" in await answer.text()
        return False


async def spooled(deployment: Deployment, plan: SpoolPlan, broker: Any, progress: Callable[[str], None] = lambda text: None) -> SpoolResult:
    """Kill, drain, judge. Ids are remembered for a millisecond, so nothing but the marks keeps a copy from counting."""
    began = time.monotonic()
    first = first_version()
    await deployment.activate(numbered(replace(first, settings=replace(first.settings, dedupe_ms=DEDUPE_MS), sources=(SHOP,))))
    worker, collector = deployment.worker(), CollectorProcess(deployment)
    await worker.start()
    await collector.start()
    keeping = asyncio.create_task(_keep_running(worker), name="keep-the-worker")
    try:
        shoppers = Shoppers(collector.url, plan.people, plan.events_a_second, plan.seed)
        shoppers.start()
        await shoppers.more(_EVENTS_A_STAGE)
        random = Random(plan.seed)
        for number in range(plan.rounds):
            progress(f"round {number + 1}")
            await _round(collector, broker, shoppers, random, plan.kills_a_round)
        await shoppers.stop()
        async with asyncio.timeout(_DRAIN_SECONDS):
            while not await collector.is_empty():  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(0.2)
        await collector.process.terminate()
        async with asyncio.timeout(_DRAIN_SECONDS):
            while not await deployment.quiet():  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(0.5)
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})
        await collector.process.kill()
    await deployment.drained([worker], seconds=_DRAIN_SECONDS)
    verdict = await verify(deployment)
    report = await run_replay(deployment.settings, start=None, end=None, into=deployment.folder / "replay", compare=True)
    assert report.difference is not None
    result = SpoolResult(plan, shoppers, verdict, report.difference)
    await _judge(deployment, result)
    result.seconds = time.monotonic() - began
    return result


async def _keep_running(worker: WorkerProcess) -> None:
    """A worker that is without a broker for long ends, and whoever runs it starts it again."""
    while True:
        await asyncio.sleep(0.5)
        if not worker.running:
            await worker.start()


async def _round(collector: CollectorProcess, broker: Any, shoppers: Shoppers, random: Random, kills: int) -> None:
    """The broker dies and comes back; the collector dies at moments drawn from all that happens meanwhile."""
    stages = sorted(random.choices(("before", "away", "draining"), weights=(1, 2, 2), k=max(0, kills - 2)) + ["away", "draining"][-kills:])

    async def kill_collector(stage: str) -> None:
        for _ in range(stages.count(stage)):
            await asyncio.sleep(random.uniform(0.0, 0.5))
            await collector.process.kill()
            await collector.start()
            if stage != "draining":
                await shoppers.more(_EVENTS_A_STAGE // 3)

    await kill_collector("before")
    await asyncio.to_thread(broker.kill)
    await shoppers.more(_EVENTS_A_STAGE)
    await kill_collector("away")
    starting = asyncio.create_task(asyncio.to_thread(broker.start))
    await _until_drains(collector)
    await kill_collector("draining")
    await starting
    await shoppers.more(_EVENTS_A_STAGE)


async def _until_drains(collector: CollectorProcess) -> None:
    """Until the first spooled event has reached the broker."""
    async with asyncio.timeout(_START_SECONDS):
        while True:
            with suppress(aiohttp.ClientError):
                async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{collector.metrics_port}/metrics") as answer:
                    if "ebbtide_collector_spool_drained_total 0.0" not in await answer.text():
                        return
            await asyncio.sleep(0.02)


async def _judge(deployment: Deployment, result: SpoolResult) -> None:
    log = await deployment.read(deployment.settings.topics.events, range(deployment.partitions))
    applied: dict[int, list[int]] = {}
    for records in log.values():
        for person, number, repeated in _taken(records):
            if repeated:
                result.marked_repeats += 1
            else:
                applied.setdefault(person, []).append(number)
    for person, promised in result.shoppers.promised.items():
        found = applied.get(person, [])
        missing, unknown = set(promised) - set(found), set(found) - set(promised) - result.shoppers.unsure[person]
        if missing:
            result.faults.append(f"u{person}: promised and not applied: {sorted(missing)[:10]}")
        if unknown or len(set(found)) != len(found):
            result.faults.append(f"u{person}: applied twice or unknown: {sorted(unknown)[:10]}")
        if found != sorted(found):
            result.faults.append(f"u{person}: out of order")
    if (total := sum(map(len, applied.values()))) != result.verdict.applied:
        result.faults.append(f"{result.verdict.applied} events were applied, by the marks it should be {total}")


def _taken(records: list[Any]) -> Iterator[tuple[int, int, bool]]:
    """Of each event: whose, its number, and whether its mark has been seen before."""
    greatest: dict[bytes, int] = {}
    for record in records:
        mark = dict(record.headers).get("ebbtide-spool")
        if mark is None:
            continue
        name, number = mark[:8], int.from_bytes(mark[8:], "big")
        event = orjson.loads(record.value)
        yield int(event["userId"][1:]), event["properties"]["number"], number <= greatest.get(name, 0)
        greatest[name] = max(number, greatest.get(name, 0))
