"""R1: kill -9 of a worker under load.

What does this test check?
    That a worker killed with SIGKILL at any moment, again and again, loses no event, counts none twice, and that every transition
    is published, with its id and its time, though the process that found it may be gone: also those that no event causes.

How does it check it?
    Events are written at a steady rate by a seeded producer: repeats, late events, equal times. A worker process is killed at
    seeded random moments, also while it starts, and started again at once. In the middle a second version of the definitions becomes
    active. When all is drained, the oracle evaluates the raw log by itself; its transitions, counters and people must be the store's
    and the topic's. Then the product's own replay must find no difference.

Constants: see below; the seed is printed.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.chaos import Plan, tell, worker_killed
from tests.reliability.deployment import deployment

KILLS = {"faust": 20, "aiokafka": 8}
EVENTS_A_SECOND = 2_000
PARTITIONS = 8


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("runner", ["faust", "aiokafka"])
async def test_a_worker_killed_under_load_loses_nothing_and_counts_nothing_twice(
    stack: Any, prefix: str, redis_url: str, tmp_path: Path, runner: str
) -> None:
    if runner == "faust" and find_spec("stream.worker.faust_runner") is None:
        pytest.skip("there is no Faust runner")
    async with deployment(stack, prefix, redis_url, tmp_path, partitions=PARTITIONS) as made:
        result = await worker_killed(made, Plan(KILLS[runner], EVENTS_A_SECOND, runner=runner))
    tell(result.describe())

    assert result.is_clean, result.describe()
    assert result.verdict.timed > 0
    assert result.rate > 0.9 * EVENTS_A_SECOND
    assert len(result.resumes.first) > KILLS[runner] // 2
