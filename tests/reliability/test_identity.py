"""R1: kill -9 of a worker while people become one.

What does this test check?
    That every event of an id reaches the person it belongs to, once, and that people merge once and alike, though the worker that
    passes events on, asks other lanes and hands people over is killed with SIGKILL at any moment: no transition is missing, different
    or there twice, no person is left behind, and every id stands for whom it must.

How does it check it?
    Drawn people, each of several ids in several partitions, name one or two of them an event: known and unknown, shared with others,
    aliased, repeated, some in the wrong partition. The oracle works through all partitions' logs as they lie, each effect after its
    cause, and its transitions, merges, people, pointers and counts must be the store's and the topic's. Then the product's own replay.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.reliability.chaos import Plan, tell
from tests.reliability.deployment import deployment
from tests.reliability.merging import people_merge

KILLS = 2
MERGES = 300
EVENTS_A_SECOND = 1_500
PARTITIONS = 8


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_people_who_merge_under_kills_lose_nothing_and_are_counted_once(
    stack: Any, prefix: str, redis_url: str, tmp_path: Path
) -> None:
    async with deployment(stack, prefix, redis_url, tmp_path, partitions=PARTITIONS) as made:
        result = await people_merge(made, Plan(KILLS, EVENTS_A_SECOND, people=60), MERGES)
    tell(result.describe())

    assert result.is_clean, result.describe()
    assert result.verdict.merges >= MERGES
    assert {"forward", "transfer", "link claim", "link offer", "link accept", "link refuse"} <= set(result.verdict.told)
