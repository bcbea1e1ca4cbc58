"""S1: slow clients hold nothing for longer than their deadline, and nobody up. ``scripts/soak --what slow`` does it at full size."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.stack import Stack
from tests.reliability.slow import KINDS, SlowPlan, quantile, slow_clients


@pytest.mark.slow
async def test_slow_clients_are_let_go_and_good_ones_feel_little(stack: Stack, prefix: str, tmp_path: Path) -> None:
    deadlines = {"header_deadline_seconds": 2.0, "body_deadline_seconds": 3.0, "linger_close_seconds": 0.5}
    result = await slow_clients(stack.kafka, prefix, str(tmp_path), SlowPlan(300, 10), **deadlines)
    assert result.clean, result.figures()
    assert result.held.keys() == {kind.name for kind in KINDS}
    assert quantile(result.beside, 0.99) < max(10 * quantile(result.alone, 0.99), 1_000)
