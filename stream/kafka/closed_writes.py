"""What aiokafka needs on uvloop's loops: to hear of a closed connection as it would on asyncio's own."""

from __future__ import annotations

from typing import Any, Final

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send: Final = AIOKafkaConnection.send


def hear_of_closed_connections() -> None:
    """Call it once where uvloop is chosen; again changes nothing.

    A write to a transport that has just closed is dropped by asyncio; uvloop raises RuntimeError. aiokafka expects OSError at
    most: its task that renews the metadata dies of it, unheard, in about one of four kills of a broker. From then on the client
    finds no leader and no coordinator any more, and its ``stop`` never returns.
    """
    AIOKafkaConnection.send = _send_or_close


def _send_or_close(connection: Any, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 - aiokafka's signature
    try:
        return _send(connection, request, expect_response)
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"the connection to {connection.host}:{connection.port} is closed: {error}") from error
