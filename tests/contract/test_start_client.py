"""A client of Kafka whose start is cancelled leaves no connection behind, whenever that happens."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError

from stream.kafka.start import start_client

_AFTER_TENTHS_OF_MS = range(60)


async def left_open(client: Any, start: Callable[[Any], Awaitable[None]], tenths_of_ms: int) -> int:
    """How many connections nobody closes when the start is cancelled after so long."""
    starting = asyncio.ensure_future(start(client))
    until = time.perf_counter() + tenths_of_ms / 10_000
    while time.perf_counter() < until:  # noqa: ASYNC110 - a span is waited for, not an event
        await asyncio.sleep(0)
    starting.cancel()
    with suppress(asyncio.CancelledError):
        await starting
    await (client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())
    left = [each for each in gc.get_objects() if isinstance(each, AIOKafkaConnection) and each.connected()]
    for connection in left:
        connection.close()
    return len(left)


@pytest.mark.parametrize("kind", [AIOKafkaConsumer, AIOKafkaProducer, AIOKafkaAdminClient])
async def test_a_start_that_is_cancelled_leaves_no_connection(stack: Any, kind: Any) -> None:
    left = [tenths for tenths in _AFTER_TENTHS_OF_MS if await left_open(kind(bootstrap_servers=stack.kafka), start_client, tenths)]
    assert left == []


async def test_a_start_that_fails_says_why() -> None:
    client = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
    with pytest.raises(KafkaConnectionError):
        await start_client(client)
    await client.stop()
