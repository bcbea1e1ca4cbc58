from __future__ import annotations

import json

from stream.replay.comparison import Live
from stream.replay.difference import Waiting
from stream.store.memory import MemoryStateStore
from stream.store.port import Commit, LaneHeader, pack_header
from stream.worker.outbox import pack_entry, pack_internal


async def test_what_waits_for_another_lane_is_no_transition_to_be_published() -> None:
    store = MemoryStateStore()
    transition = pack_entry(b"user:u1", json.dumps({"data": {"id": "t1"}}).encode())
    forward = pack_internal(1, b"forward", b"user:u2", b'{"type":"$forward"}')
    await store.commit(0, Commit(b"", pack_header(LaneHeader(partitions=2, cursor=3)), outbox=[forward, transition]))

    live = await Live.of(0, 9, store)

    assert live.cursor == 3
    assert await live.waiting() == Waiting(frozenset({"t1"}), None, False)
