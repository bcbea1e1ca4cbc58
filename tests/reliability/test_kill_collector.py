"""R3: kill -9 of the broker and of the collector under load: what was answered with 200 is applied once.

What does this test check?
    That every event that a client heard 200 for is applied exactly once by the worker, and each person's events in order, though the broker
    is away for a while, the collector is killed while it spools and while it drains, and starts again while there is no broker.

How does it check it?
    Shoppers speak HTTP, each with one request at a time, and never send an event twice. The worker remembers event ids for a millisecond
    only, so a copy that the spool writes counts twice unless its mark tells; as after an outage longer than any memory of ids. The events
    that lanes take are held against the book of answers; the oracle and the product's replay judge what the worker made of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.reliability.chaos import tell
from tests.reliability.deployment import deployment
from tests.reliability.spooling import SpoolPlan, spooled

PARTITIONS = 4


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_what_the_collector_promised_is_applied_once_though_it_and_the_broker_are_killed(
    own_stack: Any, prefix: str, tmp_path: Path
) -> None:
    async with deployment(own_stack, prefix, own_stack.redis, tmp_path, partitions=PARTITIONS) as made:
        result = await spooled(made, SpoolPlan(rounds=1, kills_a_round=2), own_stack.kafka_process)
    tell(result.describe())

    assert result.is_clean, result.describe()
    assert result.shoppers.count > 500
    assert result.marked_repeats > 0, "no record was written twice, so the marks were not needed"
