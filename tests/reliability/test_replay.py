"""What a replay of a real log yields, finds and refuses."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from schemas.errors import Misconfigured
from stream.kafka.port import Message
from stream.replay.difference import milliseconds
from stream.replay.run import ReplayReport, run_replay
from tests.reliability.deployment import Deployment, deployment
from tests.reliability.load import Load
from tests.reliability.scenario import first_version

PARTITIONS = 2
EVENTS = 600


async def lived(made: Deployment) -> None:
    """A worker has read some hundred events and published what they caused."""
    await made.activate(first_version())
    worker, load = made.worker(), Load(made, 5, 1_000, 50)
    await worker.start()
    load.start()
    load.allow(EVENTS)
    await load.sent_at_least(EVENTS)
    await load.stop()
    await made.drained([worker], rest_seconds=2)


async def replay(made: Deployment, start: int | None = None, end: int | None = None) -> ReplayReport:
    return await run_replay(made.settings, start=start, end=end, into=made.folder / "replay", compare=True)


def written(made: Deployment) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((made.folder / "replay").iterdir()) for line in path.read_bytes().splitlines()]


@pytest.mark.slow
async def test_a_replay_yields_what_was_published_and_finds_what_was_forged(
    stack: Any, prefix: str, redis_url: str, tmp_path: Path
) -> None:
    async with deployment(stack, prefix, redis_url, tmp_path, partitions=PARTITIONS) as made:
        await lived(made)
        before = await made.headers()
        told: list[tuple[int, int]] = []
        report = await run_replay(
            made.settings, start=None, end=None, into=tmp_path / "replay", compare=True, progress=lambda done, of: told.append((done, of))
        )
        assert report.difference is not None
        assert report.difference.is_empty
        assert report.difference.same == report.written == len(written(made)) > EVENTS // 4
        assert told[-1] == (report.records, report.records)
        assert await made.headers() == before

        published = (await made.read(made.settings.topics.transitions, [0]))[0]
        forged = json.loads(published[3].value)
        forged["data"]["sequence"] += 1_000
        changed = json.loads(published[4].value)
        changed["data"]["cause"] = "list"
        messages = [Message(b"user:u1", json.dumps(each).encode()) for each in (forged, changed)]
        await made.publisher.publish(made.settings.topics.transitions, 0, messages)
        difference = (await replay(made)).difference
        assert difference is not None
        assert (difference.unexpected, difference.differing, difference.missing) == (1, 1, 0)


@pytest.mark.slow
async def test_a_stretch_holds_the_transitions_between_its_ends(stack: Any, prefix: str, redis_url: str, tmp_path: Path) -> None:
    async with deployment(stack, prefix, redis_url, tmp_path, partitions=PARTITIONS) as made:
        await lived(made)
        await replay(made)
        whole = sorted(written(made), key=lambda each: str(each["timestamp"]))
        first, last = whole[len(whole) // 4]["timestamp"], whole[len(whole) // 2]["timestamp"]
        report = await replay(made, milliseconds({"timestamp": first}), milliseconds({"timestamp": last}))

        wanted = [each for each in whole if first <= each["timestamp"] <= last]
        assert sorted(each["data"]["id"] for each in written(made)) == sorted(each["data"]["id"] for each in wanted)
        assert report.difference is not None
        assert report.difference.is_empty
        assert report.difference.same == len(wanted)


async def test_a_log_that_has_lost_its_beginning_is_refused(stack: Any, prefix: str, redis_url: str, tmp_path: Path) -> None:
    async with deployment(stack, prefix, redis_url, tmp_path, partitions=PARTITIONS) as made:
        topic = made.settings.topics.events
        await made.publisher.publish(topic, 1, [Message(None, b"{}")] * 3)
        admin = AIOKafkaAdminClient(bootstrap_servers=made.settings.kafka)
        await admin.start()
        await admin.delete_records({TopicPartition(topic, 1): RecordsToDelete(before_offset=2)})
        await admin.close()

        with pytest.raises(Misconfigured, match=r"partition 1 .* begins at offset 2, not 0"):
            await replay(made)


async def test_a_topic_that_is_not_there_is_named(stack: Any, prefix: str, redis_url: str, tmp_path: Path) -> None:
    async with deployment(stack, prefix, redis_url, tmp_path, partitions=PARTITIONS) as made:
        other = made.settings.model_copy(update={"prefix": f"{prefix}other."})
        with pytest.raises(Misconfigured, match="ebbtide topics"):
            async with asyncio.timeout(20):
                await run_replay(other, start=None, end=None, into=tmp_path / "none")
