"""The stores that must pass one and the same suite."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from stream.store.memory import MemoryStateStore
from stream.store.port import StateStore
from stream.store.redis import RedisStateStore


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[StateStore]:
    """An empty store of each kind; the real one on a database of its own."""
    if request.param == "memory":
        yield MemoryStateStore()
        return
    redis = RedisStateStore(request.getfixturevalue("redis_url"))
    try:
        yield redis
    finally:
        redis.close()
