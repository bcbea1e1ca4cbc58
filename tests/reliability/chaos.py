"""The scenarios: a load, faults while it lasts, and the verdict. Tests run them briefly, ``benchmarks/soak.py`` for long."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from stream.replay.difference import Difference
from stream.replay.run import run_replay
from tests.corpus.generate import shop_events
from tests.reliability.deployment import Deployment
from tests.reliability.kills import EVENTS_A_FAULT, Resumes, applied_by_lane, kill_worker, resumed
from tests.reliability.load import Events, Load
from tests.reliability.scenario import first_version, second_version
from tests.reliability.verdict import Verdict
from tests.reliability.verify import verify


@dataclass(frozen=True)
class Plan:
    """What a scenario does. ``kills`` counts faults of whatever kind it makes."""

    kills: int
    events_a_second: int = 2_000
    people: int = 4_000
    seed: int = 20_261_122
    runner: str = "aiokafka"
    drain_seconds: float = 180


@dataclass
class Result:
    """What came out. ``replayed`` is the product's own judgement of the same log."""

    plan: Plan
    load: Load
    verdict: Verdict
    replayed: Difference
    resumes: Resumes = field(default_factory=Resumes)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Events a second that were really written."""
        return self.load.acknowledged / max(self.load.seconds, 0.001)

    def describe(self) -> str:
        spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.seconds.items())
        load = f"{self.load.acknowledged} events in {self.load.seconds:.0f} s ({self.rate:.0f} a second)"
        replay = f"replay: {self.replayed.same} the same, {self.replayed.missing} missing, {self.replayed.unexpected} unexpected, "
        replay += f"{self.replayed.differing} differing, {self.replayed.repeated} repeated, {self.replayed.pending} pending"
        head = f"seed {self.plan.seed}, {self.plan.kills} faults, runner {self.plan.runner}; {load}"
        return f"\n{head}\n{self.verdict.describe()}\n{replay}\n{self.resumes.describe()}\n{spent}\n"

    def figures(self) -> dict[str, Any]:
        """The same as numbers."""
        resumes = self.resumes
        return {
            "plan": asdict(self.plan),
            "events": self.load.acknowledged,
            "events_a_second": round(self.rate),
            "oracle": self.verdict.figures(),
            "replay": {name: value for name, value in vars(self.replayed).items() if isinstance(value, int)},
            "resume_seconds": {
                f"{name}_p{round(share * 100)}": round(resumes.quantile(values, share), 3)
                for name, values in (("first_event", resumes.first), ("all_lanes", resumes.all_lanes))
                for share in (0.5, 0.95)
            },
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
            "clean": self.is_clean,
        }

    @property
    def is_clean(self) -> bool:
        """Nothing lost, doubled, missing or different, by the oracle and by the replay."""
        complete = self.replayed.pending == 0 and self.replayed.same == self.verdict.expected
        return self.verdict.is_clean and self.replayed.is_empty and complete


async def under_load(
    deployment: Deployment,
    plan: Plan,
    faults: Callable[[Load], Awaitable[Resumes]],
    events: Events = shop_events,
    judge: Callable[[Deployment, Load], Awaitable[Verdict]] = verify,
) -> Result:
    """Write events while ``faults`` runs, drain, and judge. The workers run when it is called, and have ended when it returns."""
    began = time.monotonic()
    load = Load(deployment, plan.seed, plan.events_a_second, plan.people, events)
    seconds: dict[str, float] = {}

    def lap(name: str) -> None:
        seconds[name] = time.monotonic() - began - sum(seconds.values())

    load.start()
    load.allow(EVENTS_A_FAULT)
    await load.sent_at_least(min(1_000, plan.events_a_second))
    resumes = await faults(load)
    await load.stop()
    lap("load")
    await deployment.drained([worker for worker in deployment.workers if worker.running], seconds=plan.drain_seconds)
    lap("drain")
    verdict = await judge(deployment, load)
    lap("oracle")
    report = await run_replay(deployment.settings, start=None, end=None, into=deployment.folder / "replay", compare=True)
    lap("replay")
    assert report.difference is not None
    return Result(plan, load, verdict, report.difference, resumes, seconds)


async def worker_killed(deployment: Deployment, plan: Plan, progress: Callable[[int], None] = lambda kill: None) -> Result:
    """SIGKILL of the only worker, again and again; in the middle a second version of the definitions is asked for and filled."""
    first = first_version()
    await deployment.activate(first)
    worker = deployment.worker(runner=plan.runner)
    await worker.start()

    async def on_kill(kill: int) -> None:
        progress(kill)
        if kill == (plan.kills + 1) // 2:
            await deployment.ask(second_version(first))

    async def faults(load: Load) -> Resumes:
        return await kill_worker(load, worker, Random(plan.seed), plan.kills, on_kill)

    return await under_load(deployment, plan, faults)


async def server_killed(
    deployment: Deployment,
    plan: Plan,
    server: Any,
    *,
    meanwhile: Callable[[int], None] = lambda kill: None,
    progress: Callable[[int], None] = lambda kill: None,
) -> Result:
    """SIGKILL of a server (Redis or Kafka) under a running worker, and a start on the same data; ``meanwhile`` is called in between."""
    await deployment.activate(first_version())
    await deployment.worker(runner=plan.runner).start()
    random = Random(plan.seed)

    async def faults(load: Load) -> Resumes:
        resumes = Resumes()
        # A worker that finds no broker when it starts ends and says so; here it has started.
        await resumed(load, await applied_by_lane(deployment), time.monotonic(), Resumes())
        for kill in range(1, plan.kills + 1):
            await asyncio.sleep(random.uniform(1.0, 3.0))
            progress(kill)
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(random.uniform(0.0, 1.0))
            meanwhile(kill)
            began = time.monotonic()
            await asyncio.to_thread(server.start)
            await resumed(load, await applied_by_lane(deployment), began, resumes)
        return resumes

    return await under_load(deployment, plan, faults)


async def zombies(deployment: Deployment, plan: Plan, progress: Callable[[int], None] = lambda kill: None) -> Result:
    """Two workers; one is stopped until the other has all its partitions, and then goes on as if nothing had happened."""
    await deployment.activate(first_version())
    workers = [deployment.worker(f"worker-{number}", plan.runner) for number in (1, 2)]
    for worker in workers:
        await worker.start()

    async def faults(load: Load) -> Resumes:
        resumes = Resumes()
        for kill in range(1, plan.kills + 1):
            progress(kill)
            zombie = workers[kill % 2]
            await resumed(load, await applied_by_lane(deployment), time.monotonic(), Resumes())
            zombie.pause()
            await resumed(load, await applied_by_lane(deployment), time.monotonic(), resumes)
            zombie.resume()
        await asyncio.sleep(3)
        return resumes

    return await under_load(deployment, plan, faults)


def tell(text: str) -> None:
    """Show what was counted; pytest keeps it with a failed test, and shows it with -s."""
    sys.stdout.write(text)
