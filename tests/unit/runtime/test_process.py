from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from stream import VERSION
from stream.runtime import process as watched
from stream.runtime.catalogue import process
from stream.runtime.metrics import Metrics
from stream.runtime.process import resident_bytes, watch_process

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def watch_until_observed(metrics: Metrics, least: int) -> None:
    task = asyncio.create_task(watch_process(metrics, time.monotonic, period_seconds=0.001))
    async with asyncio.timeout(30):
        while metrics.value(process.LOOP_LAG_SECONDS) < least:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_process_tells_version_start_memory_and_cpu() -> None:
    metrics = Metrics(process.CATALOGUE)
    before = time.time()
    await watch_until_observed(metrics, 2)
    assert metrics.value(process.BUILD_INFO, version=VERSION) == 1
    assert before <= metrics.value(process.START_TIMESTAMP_SECONDS) <= time.time()
    assert metrics.value(process.RESIDENT_BYTES) > 1_000_000
    assert 0 < metrics.value(process.CPU_SECONDS) <= time.process_time()


async def test_a_blocked_event_loop_shows_as_lag() -> None:
    metrics = Metrics(process.CATALOGUE)
    task = asyncio.create_task(watch_process(metrics, time.monotonic, period_seconds=0.001))
    await asyncio.sleep(0)
    time.sleep(0.3)  # noqa: ASYNC251  the fault itself
    async with asyncio.timeout(30):
        while metrics.value(process.LOOP_LAG_SECONDS) < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (metrics.registry.get_sample_value("ebbtide_process_loop_lag_seconds_sum") or 0) > 0.25


async def test_metrics_built_without_the_process_catalogue_are_left_alone() -> None:
    async with asyncio.timeout(30):
        await watch_process(Metrics(), time.monotonic)


def test_memory_is_told_where_the_system_has_no_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(watched, "_STATM", tmp_path / "absent")
    assert resident_bytes() > 0
