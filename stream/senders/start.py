"""Where a sender that has never committed begins: at the first transition published after its definition was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.kafka.retire import STOP_SECONDS, stop_consumer
from stream.kafka.start import start_client

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient


async def set_start(admin: AIOKafkaAdminClient, kafka: str, group: str, topic: str, since_ms: int) -> None:
    """Commit a start for each partition that the group has no commit for.

    Neither end of the topic would do: the earliest sends what happened before anybody asked for it, the latest loses
    what happens between the definition and the first run. Raises Unavailable when the topic is away.
    """
    partitions = [TopicPartition(topic, number) for number in await _numbers(admin, topic)]
    new = await _without_commit(admin, group, partitions)
    if not new:
        return
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=group, enable_auto_commit=False, auto_offset_reset="none", isolation_level="read_committed"
    )
    try:
        await start_client(consumer)
        consumer.assign(new)
        found = await consumer.offsets_for_times(dict.fromkeys(new, since_ms))
        ends = await consumer.end_offsets(new)
        await consumer.commit({each: found[each].offset if found[each] is not None else ends[each] for each in new})
    except KafkaError as error:
        # Another process of the same sender is a member by now, so it has written the start: a second look decides.
        if await _without_commit(admin, group, new):
            raise Unavailable(f"no start could be committed: {type(error).__name__}") from error
    finally:
        await stop_consumer(consumer, STOP_SECONDS)


async def _numbers(admin: AIOKafkaAdminClient, topic: str) -> list[int]:
    (described,) = await admin.describe_topics([topic])
    if described["error_code"] or not described["partitions"]:
        raise Unavailable(f"the topic {topic} does not exist")
    return sorted(partition["partition"] for partition in described["partitions"])


async def _without_commit(admin: AIOKafkaAdminClient, group: str, partitions: list[TopicPartition]) -> list[TopicPartition]:
    known = await admin.list_consumer_group_offsets(group, partitions=partitions)
    return [each for each in partitions if each not in known or known[each].offset < 0]
