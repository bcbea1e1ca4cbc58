from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from schemas.definitions.model import Source
from stream.stack import Stack
from tests.clients.running import DOMAIN, KEY, WEBSITE
from tests.integration.collectors.running import Running, collector_on, digest


@pytest.fixture
async def collector(stack: Stack, prefix: str) -> AsyncIterator[Running]:
    """One collector whose source takes every protocol's kind of key, from pages anywhere."""
    source = Source("shop-web", "web", tuple(map(digest, (KEY, WEBSITE, DOMAIN))), ("*",))
    async with collector_on(stack.kafka, prefix, source, visitor_secret="of these tests alone") as running:
        yield running
