"""A lane's memory and records, without a lane."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from schemas.errors import Unavailable
from segments.history import History
from stream.kafka.port import Headers, Message, StoredRecord
from stream.store.port import LaneHeader, pack_header
from stream.worker.dues import DueIndex
from stream.worker.memory import LaneMemory

T = 1_764_000_000_000
HOUR = 3_600_000

ONE = next_bundle(
    Bundle(), parse_files({"a.yaml": "segments: [{id: seen, when: {event: viewed, within: 1h}}, {id: ever, when: {event: viewed}}]"})
)
TWO = next_bundle(ONE, parse_files({"a.yaml": "segments: [{id: ever, when: {event: viewed}}, {id: rich, when: {trait: rich}}]"}))
BUNDLES = {0: Bundle(), 1: ONE, 2: TWO}


def memory(partitions: int = 1, bounds: dict[int, int] | None = None, **header: Any) -> LaneMemory:
    held = LaneHeader(topic_id="topic", partitions=partitions, switches=((1, T),), **header)
    return LaneMemory(0, held, pack_header(held), DueIndex(bounds or {}), History(BUNDLES, held.switches))


def record(offset: int, at: int, value: bytes | None, headers: Headers = ()) -> StoredRecord:
    return StoredRecord(offset, T + at, b"key", value, headers)


def viewed(offset: int, at: int, user: str = "u1", **fields: Any) -> StoredRecord:
    return record(offset, at, json.dumps({"type": "track", "event": "viewed", "userId": user} | fields).encode())


class FakePublisher:
    """Remembers what was published; refuses the first ``refusals`` calls."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.calls = 0
        self.batches: list[list[Message]] = []
        self.places: set[tuple[str, int]] = set()

    async def publish(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
        self.calls += 1
        if self.calls <= self.refusals:
            raise Unavailable("away")
        self.places.add((topic, partition))
        self.batches.append(list(messages))
