"""The whole language on real servers.

What does this test check?
    That definitions of every kind, over events of every kind, come out on a real Kafka and a real Redis as the oracle has them, while
    the worker is killed and a second version takes the place of the first.

How does it check it?
    Twenty drawn segments, five thousand drawn events, two kills with SIGKILL, an edit in between. The oracle evaluates the log as it
    lies, with the append times that the broker gave; transitions, counters, people and dead letters must be the same. `scripts/soak
    --what language` does it with 200 segments and 200 000 events.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.reliability.chaos import Plan, tell
from tests.reliability.deployment import deployment
from tests.reliability.language import Size, language


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_whole_language_survives_kills(stack: Any, prefix: str, redis_url: str, tmp_path: Path) -> None:
    async with deployment(stack, prefix, redis_url, tmp_path, partitions=2) as made:
        result = await language(made, Plan(2, 1_500, people=500), Size(20, 5_000))
    tell(result.describe())

    assert result.is_clean, result.describe()
    assert result.verdict.timed > 0
    assert len(made.bundles) == 2
