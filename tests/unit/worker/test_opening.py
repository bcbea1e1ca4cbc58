"""Whether a store belongs to a log."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from schemas.definitions.model import Bundle
from schemas.errors import Misconfigured
from schemas.topics import Topics
from stream.kafka.port import StoredRecord
from stream.runtime.catalogue import process, worker
from stream.runtime.clock import SettableClock
from stream.runtime.metrics import Metrics
from stream.runtime.settings_worker import WorkerSettings
from stream.store.memory import MemoryStateStore
from stream.store.port import Commit, LaneHeader, pack_header, unpack_header
from stream.worker.lane import LaneParts
from stream.worker.measures import LaneMeasures
from stream.worker.opening import LogState, check_header, open_lane
from tests.unit.worker.made import BUNDLES, FakePublisher

LOG = LogState("topic-1", 8, 0, 100)
HEADER = LaneHeader(topic_id="topic-1", partitions=8, cursor=50, clock=7)


def test_a_header_of_this_log_is_taken_as_it_is() -> None:
    assert check_header(3, HEADER, LOG) is HEADER


def test_a_log_from_its_true_start_begins_with_nothing() -> None:
    assert check_header(3, None, LOG) == LaneHeader(topic_id="topic-1", partitions=8)


@pytest.mark.parametrize("cursor", [0, 100])
def test_a_cursor_may_stand_at_either_end_of_the_log(cursor: int) -> None:
    header = replace(HEADER, cursor=cursor)

    assert check_header(3, header, LOG) is header


@pytest.mark.parametrize(
    ("header", "log", "told"),
    [
        (None, LogState("topic-1", 8, 1, 100), "partition 3: the store knows nothing of it and the log begins at offset 1, not 0"),
        (HEADER, LogState("topic-1", 16, 0, 100), "made for 8 partitions, the topic has 16"),
        (HEADER, LogState("topic-2", 8, 0, 100), "deleted and made again"),
        (HEADER, LogState("topic-1", 8, 51, 100), "cursor 50 is outside the log, which holds 51 to 100"),
        (HEADER, LogState("topic-1", 8, 0, 49), "cursor 50 is outside the log, which holds 0 to 49"),
    ],
)
def test_a_store_that_does_not_belong_to_the_log_is_refused_and_says_why(header: LaneHeader | None, log: LogState, told: str) -> None:
    with pytest.raises(Misconfigured, match=told):
        check_header(3, header, log)


def test_a_header_is_read_back_and_one_of_another_version_refused() -> None:
    assert unpack_header(pack_header(HEADER)) == HEADER
    with pytest.raises(Misconfigured, match="lane format 3, this version reads 2"):
        unpack_header(pack_header(replace(HEADER, format=3)))


class Sets:
    async def bundle(self, version: int) -> Bundle:
        return BUNDLES[version]


class NoPast:
    async def start(self, _partition: int) -> int:
        return 0

    async def read(self, _partition: int, _offset: int, _most: int) -> list[StoredRecord]:
        return []


def parts(store: MemoryStateStore) -> LaneParts:
    measures = LaneMeasures(Metrics(process.CATALOGUE, worker.CATALOGUE))
    return LaneParts(store, FakePublisher(), Sets(), SettableClock(), measures, Topics(), WorkerSettings(), NoPast())


async def test_an_owner_that_still_works_while_another_takes_over_does_not_make_the_store_look_ahead_of_the_log() -> None:
    store, ends = MemoryStateStore(), iter([100, 200])
    await store.commit(3, Commit(b"", pack_header(HEADER)))

    async def read_log(partition: int) -> LogState:
        """The owner so far reads on to an end that was not there before."""
        end = next(ends)
        if end == 100:
            await store.commit(partition, Commit(pack_header(HEADER), pack_header(replace(HEADER, cursor=150, number=1))))
        return LogState("topic-1", 8, 0, end)

    opened = await open_lane(3, read_log, parts(store))

    assert (opened.memory.header.cursor, opened.memory.header.number, opened.memory.header.epoch) == (150, 2, 1)
    assert await store.header(3) == pack_header(opened.memory.header)
