"""What ``stream.worker.faust_transport`` and ``faust_app`` take for granted of Faust. When Faust changes, it shows here first."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faust.app.base import BootStrategy
from faust.serializers import codecs
from faust.tables.manager import TableManager
from faust.transport.base import Transport
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import Consumer as StockConsumer
from faust.types import TP, ConsumerMessage

from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.stack import Stack
from stream.worker import faust_app
from stream.worker.faust_app import LogApp, NoTables, WholeFetch
from stream.worker.faust_transport import Fetch, Log, LogConsumer, LogTransport

OVERRIDDEN = {
    (LogConsumer, Consumer): {
        "on_start": "(self)",
        "on_stop": "(self)",
        "_drain_messages": "(self, fetcher)",
        "commit": "(self, topics=None, start_new_transaction=True)",
        "perform_seek": "(self)",
        "assignment": "(self)",
        "highwater": "(self, tp)",
        "subscribe": "(self, topics)",
        "close": "(self)",
        "verify_recovery_event_path": "(self, now, tp)",
    },
    (NoTables, TableManager): {
        "on_start": "(self)",
        "on_partitions_revoked": "(self, revoked)",
        "on_rebalance": "(self, assigned, revoked, newly_assigned, generation_id=0)",
        "wait_until_recovery_completed": "(self)",
    },
    (faust_app._OnlyReading, BootStrategy): {"kafka_consumer": "(self)"},
    (LogApp, faust.App): {"on_first_start": "(self)"},
}
CALLED = {
    Consumer: {"on_partitions_revoked": 2, "on_partitions_assigned": 3, "resume_flow": 1},
    faust.App: {"on_rebalance_start": 1, "on_rebalance_end": 1, "create_event": 5, "agent": 6, "topic": 17},
}
NEVER_CALLED = {
    "create_topic",
    "position",
    "seek_wait",
    "earliest_offsets",
    "highwaters",
    "topic_partitions",
    "key_partition",
    "_commit",
    "_seek",
    "seek_to_committed",
    "_new_topicpartition",
    "_getmany",
    "_to_message",
}


def rows(table: dict[Any, dict[str, Any]]) -> list[Any]:
    return [
        pytest.param(owner, name, expected, id=f"{owner[0].__name__ if isinstance(owner, tuple) else owner.__name__}.{name}")
        for owner, names in table.items()
        for name, expected in names.items()
    ]


def untyped(function: Any) -> str:
    """The signature without annotations, which each Python writes in its own way."""
    signature = inspect.signature(function)
    parameters = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty))


@pytest.fixture
async def app() -> AsyncIterator[LogApp]:
    async def nothing() -> None: ...

    client = AIOKafkaConsumer()
    yield LogApp("contract", Log(client, nothing, nothing, 1, 1, 0), commit_seconds=5, session_seconds=6)
    await client.stop()


def test_the_versions_are_the_ones_that_were_read() -> None:
    assert (version("faust-streaming"), version("aiokafka")) == ("0.15.3", "0.14.0")


@pytest.mark.parametrize(("owner", "name", "signature"), rows(OVERRIDDEN))
def test_what_is_overridden_exists_and_is_called_as_before(owner: tuple[type, type], name: str, signature: str) -> None:
    ours, theirs = owner
    assert untyped(getattr(theirs, name)) == signature
    assert inspect.iscoroutinefunction(getattr(ours, name)) == inspect.iscoroutinefunction(getattr(theirs, name))


@pytest.mark.parametrize("owner", OVERRIDDEN, ids=lambda owner: owner[0].__name__)
def test_nothing_is_overridden_that_is_not_listed_here(owner: tuple[type, type]) -> None:
    ours, theirs = owner
    overridden = {name for name, value in vars(ours).items() if inspect.isfunction(value) and hasattr(theirs, name)}
    assert overridden - {"__init__"} - NEVER_CALLED == set(OVERRIDDEN[owner])


@pytest.mark.parametrize(("owner", "name", "parameters"), rows(CALLED))
def test_what_is_called_exists(owner: type, name: str, parameters: int) -> None:
    assert len(inspect.signature(getattr(owner, name)).parameters) >= parameters


async def test_what_is_read_and_set_exists(app: LogApp) -> None:
    consumer = app.consumer
    assert isinstance(consumer, LogConsumer)
    assert consumer.flow_active is True
    assert isinstance(consumer.can_resume_flow, asyncio.Event)
    assert consumer.callback == app.topics.on_message
    tables: Any = app.tables
    assert not tables._tables_registered.is_set()
    assert not tables._tables_finalized.is_set()
    assert hasattr(app, "consumer_generation_id")
    assert callable(app.flow_control.resume)
    assert callable(app._fetcher.maybe_start)


def test_faust_runs_no_other_tasks_of_a_consumer_than_these() -> None:
    names = {task.fun.__name__ for cls in Consumer.__mro__ for task in vars(cls).values() if type(task).__name__ == "ServiceTask"}
    assert names == {"_commit_handler", "_commit_livelock_detector"}


def test_the_driver_has_all_that_faust_asks_of_one() -> None:
    assert not LogConsumer.__abstractmethods__
    assert LogTransport.Consumer is LogConsumer
    assert LogTransport.Conductor is Transport.Conductor


async def test_the_app_opens_no_port_writes_nothing_and_elects_nobody(app: LogApp) -> None:
    services = [type(service).__name__ for service in app.on_init_dependencies()]
    assert services == ["Monitor", "LogConsumer", "AgentManager", "Conductor", "NoTables"]
    assert app.conf.web_enabled is False
    assert app.conf.topic_allow_declare is False
    assert app.conf.topic_disable_leader is True
    assert app.in_transaction is False


async def test_no_codec_is_looked_up_and_so_no_pickle_is_loaded(app: LogApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def loads(*_args: Any, **_kwargs: Any) -> None:
        pytest.fail("a codec was asked to load something")

    monkeypatch.setattr(codecs, "loads", loads)
    fetch = Fetch(1, {0: []})
    topic = app.topic("events", schema=WholeFetch(), acks=False)
    for value in (fetch, pickle.dumps(fetch)):
        event = await topic.decode(message(value), propagate=True)
        assert event.value is value
        assert event.key is None


async def test_stock_faust_commits_past_an_event_that_is_still_in_flight(app: LogApp) -> None:
    """The reason why the cursor lives in the store: 10 is not done, and yet 13 is what Faust would commit."""
    app._producer = app.transport.create_producer(loop=app.loop)
    consumer = StockConsumer(app.transport, app.topics.on_message, app._on_partitions_revoked, app._on_partitions_assigned, loop=app.loop)
    place = TP("events", 0)
    consumer._committed_offset[place] = 10
    consumer._acked[place] = [11, 12]
    consumer._acked_index[place] = {11, 12}

    assert consumer._new_offset(place) == 13
    consumer._thread.thread_loop.close()


async def test_stock_faust_takes_an_event_whose_agent_raised_for_done(stack: Stack, prefix: str) -> None:
    """The reason why the agent is total."""
    group, topic = f"{prefix}stock", f"{prefix}stock"
    await create(stack.kafka, topic)
    publisher = KafkaPublisher(stack.kafka)
    await publisher.publish(topic, 0, [Message(b"k", b"1"), Message(b"k", b"2")])
    await publisher.stop()
    app: Any = faust.App(
        group,
        broker=f"kafka://{stack.kafka}",
        loop=asyncio.get_running_loop(),
        autodiscover=False,
        broker_commit_interval=0.1,
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        web_enabled=False,
    )
    app._create_directories = lambda: None  # it would make a folder in the working directory
    raised: list[bytes] = []

    @app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw"))  # type: ignore[untyped-decorator]
    async def failing(stream: Any) -> None:
        async for value in stream:
            raised.append(value)
            raise ValueError(value)

    await app.start()
    try:
        async with asyncio.timeout(60):
            while await committed(stack.kafka, group) != 2:  # noqa: ASYNC110 - it is in the broker
                await asyncio.sleep(0.1)
    finally:
        await app.stop()
    assert raised == [b"1", b"2"]


def message(value: Any) -> ConsumerMessage:
    return ConsumerMessage("events", 0, 0, 0.0, 1, None, b"key", value, None)


async def create(kafka: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()


async def committed(kafka: str, group: str) -> int | None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return next((found.offset for found in offsets.values()), None)
