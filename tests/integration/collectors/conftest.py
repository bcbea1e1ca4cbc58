from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from stream.stack import Stack
from tests.integration.collectors.running import Running, collector_on


@pytest.fixture
async def collector(stack: Stack, prefix: str) -> AsyncIterator[Running]:
    async with collector_on(stack.kafka, prefix) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session
