"""Ending a producer of aiokafka for certain."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

STOP_SECONDS: Final = 5.0


async def retire(producer: Any, seconds: float) -> None:
    """Stop a producer. Its own ``stop`` waits without end for a broker that is away, and leaves its task running when cut short."""
    with suppress(Exception):
        await asyncio.wait_for(producer.stop(), seconds)
        return
    task = producer._sender.sender_task  # noqa: SLF001 - the only way to end it
    if task is not None:
        task.cancel()
    with suppress(Exception):
        await producer.client.close()
    if task is not None:
        await asyncio.wait({task}, timeout=1.0)


async def stop_consumer(consumer: Any, seconds: float) -> None:
    """Stop a consumer, for at most so long.

    After the broker has been away, aiokafka's ``stop`` can wait for ever on a lock that its own heartbeat holds. Nothing is
    lost by giving up: positions are the store's, and a static member keeps its place in the group anyhow.
    """
    with suppress(Exception):
        await asyncio.wait_for(consumer.stop(), seconds)
        return
    with suppress(Exception):
        await asyncio.wait_for(consumer._client.close(), 1.0)  # noqa: SLF001 - what is left of it
