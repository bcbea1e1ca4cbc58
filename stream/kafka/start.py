"""Starting a client of Kafka so that it can be stopped whenever that is asked for."""

from __future__ import annotations

import asyncio
from typing import Any

_CUT_SHORT_SECONDS = 2.0


async def start_client(client: Any) -> None:
    """Start a consumer, a producer or an admin client, which the caller stops in any case. Raises KafkaError.

    A plain ``start`` that is cancelled leaves behind the connection by which it asks for the brokers: the client holds
    it in a local variable, so that no ``stop`` closes it. So a start that has begun comes to its end, for at most so long.
    """
    starting = asyncio.create_task(client.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting}, timeout=_CUT_SHORT_SECONDS)
        if starting.done() and not starting.cancelled():
            starting.exception()  # seen: the cancellation is what the caller hears of
        starting.cancel()
        raise
