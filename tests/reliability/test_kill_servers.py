"""R3, R5: Redis and Kafka are killed under load and come back with the data they had.

What does this test check?
    That a worker lives through it: what was not acknowledged is done again, nothing is lost and nothing counted twice. Redis with
    ``appendfsync everysec`` loses nothing when its process is killed; when the machine is, it may come back about a second younger:
    then state, cursor and due times roll back together, the lane sees that its own commit is gone, and reads on from there.

How does it check it?
    SIGKILL and a start on the same folder, at seeded moments under a steady load. For the lost second the end of the append-only
    file is cut off, at any byte, before Redis starts again. The oracle and the product's own replay judge what came out.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.reliability.chaos import Plan, server_killed, tell
from tests.reliability.deployment import deployment

EVENTS_A_SECOND = 1_000
PEOPLE = 2_000
PARTITIONS = 4
KILLS = 4
LONGEST_CUT_BYTES = 400_000


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("lost", ["nothing", "the newest writes"])
async def test_redis_killed_under_load_harms_nothing(own_stack: Any, prefix: str, tmp_path: Path, lost: str) -> None:
    random = Random(KILLS)

    def cut(_: int) -> None:
        if lost == "nothing":
            return
        newest = max((own_stack._folder / "redis").rglob("*.incr.aof"), key=lambda path: path.stat().st_mtime)
        size = newest.stat().st_size
        with newest.open("r+b") as file:
            file.truncate(max(size // 2, size - random.randrange(LONGEST_CUT_BYTES)))

    async with deployment(own_stack, prefix, own_stack.redis, tmp_path, partitions=PARTITIONS) as made:
        plan = Plan(KILLS, EVENTS_A_SECOND, PEOPLE)
        result = await server_killed(made, plan, own_stack.redis_process, meanwhile=cut)
    tell(result.describe())

    assert result.is_clean, result.describe()
    assert lost == "nothing" or result.verdict.repeated > 0, "the cut took nothing away"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_broker_killed_under_load_harms_nothing(own_stack: Any, prefix: str, tmp_path: Path) -> None:
    async with deployment(own_stack, prefix, own_stack.redis, tmp_path, partitions=PARTITIONS) as made:
        result = await server_killed(made, Plan(2, EVENTS_A_SECOND, PEOPLE), own_stack.kafka_process)
    tell(result.describe())

    assert result.is_clean, result.describe()
