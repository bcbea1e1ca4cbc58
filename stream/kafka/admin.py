"""Creating the topics, and checking that those there are right."""

from __future__ import annotations

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from schemas.errors import Misconfigured, Unavailable
from schemas.topics import Topic, Topics
from stream.kafka.start import start_client

_EXISTS = 36


async def ensure_topics(bootstrap: str, topics: Topics, replication: int = 1) -> list[str]:
    """Create the topics that are missing; the names of those created. What exists is checked, not changed.

    Raises:
        Unavailable: no broker answers.
        Misconfigured: a topic cannot be created, or exists with another number of partitions.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await start_client(admin)
        wanted = topics.catalogue()
        new = [NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.settings) for topic in wanted]
        response = await admin.create_topics(new)
        created = []
        for name, code, text in response.topic_errors:
            if code == 0:
                created.append(name)
            elif code != _EXISTS:
                raise Misconfigured(f"the topic {name} cannot be created: {text or for_code(code).__name__}")
        if len(created) < len(wanted):
            _check_partitions(wanted, await admin.describe_topics([topic.name for topic in wanted]))
    except KafkaError as error:
        raise Unavailable(f"no Kafka answers at {bootstrap}: {error}") from None
    else:
        return created
    finally:
        await admin.close()


def _check_partitions(wanted: tuple[Topic, ...], described: list[dict[str, object]]) -> None:
    found = {str(topic["topic"]): topic["partitions"] for topic in described}
    for topic in wanted:
        partitions = found.get(topic.name)
        if isinstance(partitions, list) and partitions and len(partitions) != topic.partitions:
            raise Misconfigured(
                f"the topic {topic.name} has {len(partitions)} partitions, {topic.partitions} are configured; "
                "the number is fixed for a deployment: set EBBTIDE_PARTITIONS to it"
            )


async def retention_ms(bootstrap: str, topic: str) -> int | None:
    """For how long the broker keeps a topic's records; None: for ever. Raises Unavailable."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await start_client(admin)
        kept = int((await _settings_of(admin, topic)).get("retention.ms", "-1"))
    except KafkaError as error:
        raise Unavailable(f"no Kafka answers at {bootstrap}: {error}") from None
    finally:
        await admin.close()
    return None if kept < 0 else kept


async def _settings_of(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {str(entry[0]): str(entry[1]) for response in responses for resource in response.resources for entry in resource[4]}


async def topic_faults(bootstrap: str, topics: Topics) -> list[str]:
    """Settings of existing topics that differ from the catalogue, in words; for ``ebbtide doctor``."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    faults: list[str] = []
    try:
        await start_client(admin)
        existing = set(await admin.list_topics())
        for topic in topics.catalogue():
            if topic.name not in existing:
                faults.append(f"{topic.name}: missing; run `ebbtide topics`")
                continue
            held = await _settings_of(admin, topic.name)
            faults += [
                f"{topic.name}: {name} is {held.get(name)}, must be {value}"
                for name, value in topic.settings.items()
                if held.get(name) != value
            ]
    except KafkaError as error:
        raise Unavailable(f"no Kafka answers at {bootstrap}: {error}") from None
    finally:
        await admin.close()
    return faults
