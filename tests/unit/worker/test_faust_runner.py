from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from stream.kafka.port import StoredRecord
from stream.runtime.settings import Settings
from stream.runtime.settings_worker import WorkerSettings
from stream.worker.faust_runner import FaustRunner
from stream.worker.faust_transport import Fetch


class Parts:
    settings = WorkerSettings()


class Lanes:
    """Remembers the offsets that each lane was fed."""

    def __init__(self) -> None:
        self.fed: dict[int, list[int]] = defaultdict(list)

    def feed(self, partition: int, records: Sequence[Any]) -> None:
        self.fed[partition] += [record.offset for record in records]


@pytest.fixture
async def runner() -> AsyncIterator[FaustRunner]:
    made = FaustRunner(Settings(), Parts())  # type: ignore[arg-type]
    made._member.worker = Lanes()  # type: ignore[assignment]
    yield made
    await made._member.consumer.stop()


def fetch(number: int, **records: list[int]) -> Fetch:
    """``p0=[7, 8]``: offsets 7 and 8 of partition 0."""
    return Fetch(number, {int(name[1:]): [StoredRecord(offset, 0, None, b"{}") for offset in offsets] for name, offsets in records.items()})


async def stream(*fetches: Fetch) -> AsyncIterator[Fetch]:
    for each in fetches:
        yield each


async def test_each_lane_gets_its_records_in_order(runner: FaustRunner) -> None:
    await runner._agent(stream(fetch(1, p0=[1, 2], p1=[5]), fetch(2, p0=[3])))

    assert runner.worker.fed == {0: [1, 2, 3], 1: [5]}  # type: ignore[attr-defined]


async def test_what_was_read_before_a_seek_is_not_fed_after_it(runner: FaustRunner) -> None:
    runner._log.fetches = 2
    runner._sought([0])
    await runner._agent(stream(fetch(2, p0=[150], p1=[5]), fetch(3, p0=[100], p1=[6])))

    assert runner.worker.fed == {0: [100], 1: [5, 6]}  # type: ignore[attr-defined]


async def test_a_defect_in_feeding_is_a_failure_and_never_raised_to_faust(runner: FaustRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    defect = RuntimeError("defect")

    def broken(*_args: Any) -> None:
        raise defect

    monkeypatch.setattr(runner.worker, "feed", broken)
    await runner._agent(stream(fetch(1, p0=[1])))

    assert runner._member.failure is defect
    assert runner._member.stopping.is_set()
