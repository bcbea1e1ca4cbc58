"""The spool as the event loop sees it: who hears what, and when."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from collectors.spool.log import SegmentLog
from collectors.spool.spool import Spool
from schemas import rejection
from schemas.rejection import Reason
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.clock import SystemClock
from stream.runtime.metrics import Metrics
from stream.runtime.settings_collector import CollectorSettings
from tests.integration.collectors.running import until
from tests.unit.collectors.spool.disk import files, no_space, record


class Waiter:
    def __init__(self) -> None:
        self.heard: list[Reason | None] = []

    def settle(self, failure: Reason | None) -> None:
        self.heard.append(failure)


@asynccontextmanager
async def spooling(folder: Path, metrics: Metrics | None = None, **settings: Any) -> AsyncIterator[Spool]:
    limits = CollectorSettings(**{"spool_segment_bytes": 4_096, "spool_reserve_bytes": 0, **settings})
    spool = Spool(SegmentLog(folder, limits.spool_segment_bytes), limits, metrics or Metrics(catalogue.CATALOGUE), SystemClock())
    await spool.open()
    yield spool
    await spool.close()


def patched(monkeypatch: pytest.MonkeyPatch, sync: Callable[[int], None]) -> None:
    monkeypatch.setattr(os, "fdatasync", sync)


async def test_all_that_comes_while_the_disk_is_busy_waits_for_it_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy, synced = threading.Event(), []
    fdatasync = os.fdatasync

    def slow(descriptor: int) -> None:
        busy.wait(10)
        fdatasync(descriptor)
        synced.append(descriptor)

    patched(monkeypatch, slow)
    waiter = Waiter()
    async with spooling(tmp_path) as spool:
        spool.add(record(0, 1), waiter)
        await asyncio.sleep(0.01)
        for number in range(2, 500):
            spool.add(record(number % 4, number), waiter)
        assert waiter.heard == []
        busy.set()
        await until(lambda: len(waiter.heard) == 499)
    assert set(waiter.heard) == {None}
    assert len(synced) == 2


async def test_full_is_full_and_draining_makes_room(tmp_path: Path) -> None:
    waiter, number = Waiter(), 0
    async with spooling(tmp_path, spool_bytes_max=20_000) as spool:
        while spool.refusal() is None:
            number += 1
            spool.add(record(0, number, size=500), waiter)
            await until(lambda: len(waiter.heard) == number)  # noqa: B023 - waited for at once
        assert spool.refusal() is rejection.SPOOL_FULL
        spool.add(record(0, number + 1), waiter)
        assert waiter.heard.pop() is rejection.SPOOL_FULL
        assert set(waiter.heard) == {None}
        assert sum(path.stat().st_size for path in files(tmp_path)) < 21_000
        taken = 0
        while spool.held[0]:
            records = await spool.read(0, 10, 1 << 20)
            spool.done(0, len(records))
            taken += len(records)
        assert taken == number
        await until(lambda: spool.refusal() is None)


async def test_little_free_space_counts_as_full(tmp_path: Path) -> None:
    async with spooling(tmp_path, spool_reserve_bytes=1 << 60) as spool:
        assert spool.refusal() is rejection.SPOOL_FULL


async def test_while_the_disk_fails_nothing_is_promised_and_afterwards_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiter, metrics = Waiter(), Metrics(catalogue.CATALOGUE)

    def fails(_: int) -> None:
        raise no_space()

    async with spooling(tmp_path, metrics) as spool:
        with monkeypatch.context() as patch:
            patched(patch, fails)
            spool.add(record(0, 1), waiter)
            await until(lambda: waiter.heard)
            assert waiter.heard == [rejection.SPOOL_FAILED]
            assert spool.refusal() is rejection.SPOOL_FAILED
            assert spool.held.total() == 0
        await until(lambda: spool.refusal() is None)
        spool.add(record(0, 2), waiter)
        await until(lambda: len(waiter.heard) == 2)
        assert waiter.heard[1] is None
        assert [each.number for each in await spool.read(0, 10, 1 << 20)] == [2]
        await until(lambda: metrics.value(catalogue.SPOOL_ERRORS) == 1)


async def test_a_disk_that_hangs_holds_nobody_longer_than_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, waiter = threading.Event(), Waiter()
    fdatasync = os.fdatasync

    def hang(descriptor: int) -> None:
        hanging.wait(20)
        fdatasync(descriptor)

    patched(monkeypatch, hang)
    async with spooling(tmp_path, produce_deadline_seconds=0.2) as spool:
        spool.add(record(0, 1), waiter)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        spool.add(record(0, 2), waiter)
        await until(lambda: len(waiter.heard) == 2)
        assert set(waiter.heard) == {rejection.SPOOL_FAILED}
        assert spool.refusal() is rejection.SPOOL_FAILED
        hanging.set()
        await until(lambda: spool.refusal() is None)
        spool.add(record(0, 3), waiter)
        await until(lambda: len(waiter.heard) == 3)
        # What hung got in after all; nobody was told so.
        assert [each.number for each in await spool.read(0, 10, 1 << 20)] == [1, 3]


async def test_the_metrics_tell_what_is_there(tmp_path: Path) -> None:
    metrics, waiter = Metrics(catalogue.CATALOGUE), Waiter()
    async with spooling(tmp_path, metrics) as spool:
        for number in range(1, 6):
            spool.add(record(0, number), waiter)
        await until(lambda: metrics.value(catalogue.SPOOL_EVENTS) == 5)
        assert metrics.value(catalogue.SPOOL_BYTES) > 100
        assert metrics.value(catalogue.SPOOL_OLDEST) > 0
        spool.done(0, 5)
        await until(lambda: metrics.value(catalogue.SPOOL_EVENTS) == 0)
        assert metrics.value(catalogue.SPOOL_OLDEST) == 0
        assert (metrics.value(catalogue.SPOOLED), metrics.value(catalogue.SPOOL_DRAINED)) == (5, 5)
