"""R9: whatever stands on the topic, good traffic goes on.

What does this test check?
    That records which are no events, or only just, and internal records that are none, stop and crash nothing; that each of them is
    applied if it can be read after all, or stands on the dead-letter topic, byte for byte, with a reason of the catalogue and all
    headers; and that every record read is accounted for.

How does it check it?
    Two thousand seeded records, broken in their structure or in their bytes, are written straight to the events topic among good
    traffic, each to the partition of the person it names, or to any. One worker, started once, must read all of it. The oracle says
    for each record what it must be.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from schemas.rejection import BY_CODE
from schemas.routing import partition_of, routing_id
from stream.kafka.port import Message
from tests.corpus.generate import malformed
from tests.reliability.chaos import Plan, tell, under_load
from tests.reliability.deployment import Deployment, deployment
from tests.reliability.kills import Resumes
from tests.reliability.load import Load
from tests.reliability.scenario import first_version

MALFORMED = 2_000
AT_ONCE = 40
PARTITIONS = 4
SEED = 9
INTERNAL = [
    None, b"", b"{}", b"null", b"\xff", b'{"type":"$clock"', b'{"type":"$link"}', b'{"type":"clock"}', b'{"type":"$definitions"}',
    b'{"type":"$definitions","version":"1","phase":"activate"}', b'{"type":"$definitions","version":2,"phase":"now"}',
    b'{"type":"$definitions","version":1e400,"phase":"activate"}', b'[{"type":"$clock"}]', b"[" * 100_000,
]  # fmt: skip
HEADERS = {"reason", "stage", "version", "source-topic", "source-partition", "source-offset", "received-at", "attempts", "detail"}


def place(random: Random, value: bytes | None) -> int:
    """The partition of the person whom a record names, if it can be read; else any."""
    try:
        body = json.loads(value or b"")
        return partition_of(str(routing_id(body["userId"], None, None)), PARTITIONS)
    except (ValueError, KeyError, TypeError, RecursionError):
        return random.randrange(PARTITIONS)


async def write_malformed(made: Deployment) -> None:
    random, topic = Random(SEED), made.settings.topics.events
    values = list(malformed(SEED, MALFORMED))
    for at in range(0, MALFORMED, AT_ONCE):
        batches: dict[int, list[Message]] = {}
        for value in values[at : at + AT_ONCE]:
            batches.setdefault(place(random, value), []).append(Message(None, value))
        internal = Message(None, random.choice(INTERNAL), (("ebbtide-internal", random.choice((b"clock", b"definitions", b"other"))),))
        batches.setdefault(random.randrange(PARTITIONS), []).append(internal)
        for partition, messages in batches.items():
            await made.publisher.publish(topic, partition, messages)
        await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_malformed_records_on_the_topic_harm_nobody(stack: Any, prefix: str, redis_url: str, tmp_path: Path) -> None:
    async with deployment(stack, prefix, redis_url, tmp_path, partitions=PARTITIONS) as made:
        await made.activate(first_version())
        worker = made.worker()
        await worker.start()

        async def faults(load: Load) -> Resumes:
            load.allow(MALFORMED)
            await write_malformed(made)
            assert worker.running
            return Resumes()

        result = await under_load(made, Plan(MALFORMED, 300, 500), faults)
        letters = (await made.read(made.settings.topics.dead_letters, [0]))[0]
        log = await made.read(made.settings.topics.events, range(PARTITIONS))
        headers = await made.headers()
    reasons = Counter(dict(letter.headers)["reason"].decode() for letter in letters)
    tell(f"{result.describe()}{dict(reasons)}\n")

    assert result.is_clean, result.describe()
    assert len(letters) == result.verdict.dead_letters > MALFORMED // 4
    for letter in letters:
        held = dict(letter.headers)
        assert held.keys() == HEADERS
        assert BY_CODE[held["reason"].decode()].stage == held["stage"].decode() == "lane"
        assert held["source-topic"].decode() == made.settings.topics.events
        assert len(held["detail"]) <= 512
    # An event that was forwarded stands once more in the log for each lane that passed it on.
    records = [record for partition in log.values() for record in partition]
    moved = sum(1 for record in records if is_internal(record) and reads(record))
    assert len(records) == sum(one.applied + one.duplicates + one.dead_letters for one in headers.values()) + moved


def is_internal(record: Any) -> bool:
    return any(name == "ebbtide-internal" for name, _ in record.headers)


def reads(record: Any) -> bool:
    """Whether an internal record is one that the lane knows; written here with the eyes of the broker's reader."""
    from_lane = record.headers[0][1] in (b"forward", b"link", b"transfer", b"filled") and b'"origin":' in (record.value or b"")
    return from_lane or record.value in (b'{"type":"$clock"}', b'{"type":"$definitions","version":1,"phase":"activate"}')
