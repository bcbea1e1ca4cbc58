"""People of many ids become one while their worker is killed again and again."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.reliability.chaos import Plan, Result, under_load
from tests.reliability.deployment import Deployment
from tests.reliability.kills import Resumes, kill_worker
from tests.reliability.load import Load
from tests.reliability.people import linked_people
from tests.reliability.scenario import first_version

EVENTS_A_MERGE = 3.3
_SENT_SECONDS = 1_800


async def people_merge(deployment: Deployment, plan: Plan, merges: int, progress: Callable[[int], None] = lambda kill: None) -> Result:
    """SIGKILL of the only worker under events of people who are linked; goes on until about so many have merged."""
    await deployment.activate(first_version())
    worker = deployment.worker(runner=plan.runner)
    await worker.start()

    async def on_kill(kill: int) -> None:
        progress(kill)

    async def faults(load: Load) -> Resumes:
        resumes = await kill_worker(load, worker, Random(plan.seed), plan.kills, on_kill)
        load.allow(max(0, int(merges * EVENTS_A_MERGE) - load.allowed))
        await load.sent_at_least(load.allowed, _SENT_SECONDS)
        return resumes

    return await under_load(deployment, plan, faults, linked_people)
