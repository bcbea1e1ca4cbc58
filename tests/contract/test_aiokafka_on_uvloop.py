"""A connection that closed under aiokafka, on the event loop that the processes run on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from stream.kafka.closed_writes import hear_of_closed_connections


def on_uvloop(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def closed_streams() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Streams whose transport is closed, and nobody has noticed yet."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    reader, writer = await asyncio.open_connection(host, port)
    writer.transport.abort()
    while True:
        await asyncio.sleep(0.01)
        try:
            writer.write(b"x")
        except RuntimeError:
            break
    server.close()
    return reader, writer


def test_a_request_on_a_connection_that_has_just_closed_is_an_error_that_aiokafka_knows() -> None:
    async def main() -> None:
        async with asyncio.timeout(10):
            streams = await closed_streams()
        connection = AIOKafkaConnection("127.0.0.1", 9)
        connection._reader, connection._writer = streams
        connection._read_task = asyncio.create_task(asyncio.Event().wait())
        connection._versions = {MetadataRequest.API_KEY: (0, 1)}
        with pytest.raises(KafkaConnectionError, match="is closed"):
            connection.send(MetadataRequest([]))
        assert not connection.connected()

    hear_of_closed_connections()
    hear_of_closed_connections()
    on_uvloop(main())
