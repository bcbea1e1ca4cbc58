"""Killing something again and again while the load goes on, and how long it takes until events are applied again."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from tests.reliability.deployment import Deployment, WorkerProcess
from tests.reliability.load import Load

_POLL_SECONDS = 0.03
_RESUME_SECONDS = 120
EVENTS_A_FAULT = 1_800


@dataclass
class Resumes:
    """Seconds from the beginning of each restart to the first event applied again, and to the last lane's first."""

    first: list[float] = field(default_factory=list)
    all_lanes: list[float] = field(default_factory=list)

    @staticmethod
    def quantile(seconds: list[float], share: float) -> float:
        """Nearest rank; NaN of nothing."""
        if not seconds:
            return float("nan")
        return sorted(seconds)[math.ceil(share * len(seconds)) - 1]

    def describe(self) -> str:
        first, lanes = self.first, self.all_lanes
        shown = [
            f"{name} after p50 {self.quantile(values, 0.5):.2f} s, p95 {self.quantile(values, 0.95):.2f} s"
            for name, values in (("first event applied", first), ("all lanes", lanes))
        ]
        return f"{len(first)} restarts: {', '.join(shown)}"


async def resumed(load: Load, since: dict[int, int], began: float, resumes: Resumes) -> None:
    """Wait until every lane has applied more than ``since``, and note when; the load goes on before and after."""
    noted, deployment = False, load.deployment
    load.allow(EVENTS_A_FAULT // 2)
    async with asyncio.timeout(_RESUME_SECONDS):
        while True:
            applied = await applied_by_lane(deployment)
            moved = [applied[partition] > before for partition, before in since.items()]
            if any(moved) and not noted:
                noted = True
                resumes.first.append(time.monotonic() - began)
            if all(moved):
                resumes.all_lanes.append(time.monotonic() - began)
                load.allow(EVENTS_A_FAULT // 2)
                return
            await asyncio.sleep(_POLL_SECONDS)


async def applied_by_lane(deployment: Deployment) -> dict[int, int]:
    headers = await deployment.headers()
    return {partition: headers[partition].applied if partition in headers else 0 for partition in range(deployment.partitions)}


async def kill_worker(load: Load, worker: WorkerProcess, random: Random, kills: int, on_kill: Callable[[int], Awaitable[None]]) -> Resumes:
    """SIGKILL at moments drawn from ``random``, a restart at once each time; one in five kills hits a worker that is still starting.

    ``on_kill`` hears the number of each kill, from 1 on.
    """
    resumes, number = Resumes(), 0
    while number < kills:
        number += 1
        await asyncio.sleep(random.uniform(0.02, 1.0))
        await worker.kill()
        await on_kill(number)
        began = time.monotonic()
        await worker.start()
        if number % 5 == 0 and number < kills:
            number += 1
            await asyncio.sleep(random.uniform(0.2, 1.5))
            await worker.kill()
            await on_kill(number)
            began = time.monotonic()
            await worker.start()
        await resumed(load, await applied_by_lane(load.deployment), began, resumes)
    return resumes
