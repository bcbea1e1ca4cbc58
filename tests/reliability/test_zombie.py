"""R7: a worker that was thought dead comes back.

What does this test check?
    That a worker which stood still (SIGSTOP) until another had taken its partitions, and then goes on with a batch half done, writes
    nothing: its commits are refused, and the one writer of each partition stays one.

How does it check it?
    Two workers under a steady load; one is stopped until every lane is moving again in the other's hands, then continued; twice,
    the other way round. The oracle and the product's own replay judge what came out.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.chaos import Plan, tell, zombies
from tests.reliability.deployment import deployment

EVENTS_A_SECOND = 600
PEOPLE = 2_000
PARTITIONS = 4


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("runner", ["aiokafka", "faust"])
async def test_a_worker_that_comes_back_from_the_dead_changes_nothing(
    stack: Any, prefix: str, redis_url: str, tmp_path: Path, runner: str
) -> None:
    if runner == "faust" and find_spec("stream.worker.faust_runner") is None:
        pytest.skip("there is no Faust runner")
    async with deployment(stack, prefix, redis_url, tmp_path, partitions=PARTITIONS) as made:
        result = await zombies(made, Plan(2, EVENTS_A_SECOND, PEOPLE, runner=runner))
    tell(result.describe())

    assert result.is_clean, result.describe()
