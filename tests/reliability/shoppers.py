"""Shoppers who speak HTTP to a collector, and a book of what it has promised them."""

from __future__ import annotations

import asyncio
import hashlib
import time
from base64 import b64encode
from dataclasses import dataclass, field
from random import Random

import aiohttp
import orjson

from schemas.definitions.model import Source

KEY = "key-of-the-shop"
SHOP = Source("shop-web", "web", (hashlib.sha256(KEY.encode()).hexdigest(),), ("*",))
_DEADLINE_SECONDS = 15
_PAUSE_SECONDS = 0.05
_KINDS = ("product_viewed", "product_viewed", "product_viewed", "product_added", "cart_removed", "order_completed")


@dataclass
class Shoppers:
    """``people`` shoppers, each with one request at a time and, together, at most ``rate`` a second. No event is ever sent twice.

    ``promised``: person → numbers of the events that were answered with 200, in order. ``unsure``: of those that got no answer, or 503.
    """

    url: str
    people: int
    rate: int
    seed: int
    promised: dict[int, list[int]] = field(default_factory=dict)
    unsure: dict[int, set[int]] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    _stopping: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Events promised."""
        return sum(map(len, self.promised.values()))

    def start(self) -> None:
        self._tasks.append(asyncio.create_task(self._run(), name="shoppers"))

    async def stop(self) -> None:
        """Returns when every request has been answered, or never will be."""
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def more(self, events: int, seconds: float = 60) -> None:
        """Wait until so many more are promised."""
        wanted = self.count + events
        async with asyncio.timeout(seconds):
            while self.count < wanted:  # noqa: ASYNC110 - what is waited for sets no event
                await asyncio.sleep(0.02)

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_DEADLINE_SECONDS)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        headers = {"Authorization": "Basic " + b64encode(f"{KEY}:".encode()).decode()}
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, headers=headers) as http:
            await asyncio.gather(*(self._shop(http, person) for person in range(self.people)))

    async def _shop(self, http: aiohttp.ClientSession, person: int) -> None:
        random, number = Random(self.seed * 100_003 + person), 0
        promised, unsure = self.promised.setdefault(person, []), self.unsure.setdefault(person, set())
        pause = self.people / self.rate
        await asyncio.sleep(random.uniform(0, pause))
        due = time.monotonic()
        while not self._stopping:
            number += 1
            status = await self._send(http, person, number, random)
            if status == 200:
                promised.append(number)
            else:
                unsure.add(number)
                await asyncio.sleep(_PAUSE_SECONDS)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            due = max(due + pause * random.uniform(0.5, 1.5), time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _send(self, http: aiohttp.ClientSession, person: int, number: int, random: Random) -> int:
        """The status; 0 if there was none."""
        properties = {"category": random.choice(("shoes", "bags", "coats")), "price": random.randrange(1, 300), "number": number}
        event = {"messageId": f"{person}-{number}", "userId": f"u{person}", "event": random.choice(_KINDS), "properties": properties}
        try:
            async with http.post(f"{self.url}/v1/track", data=orjson.dumps(event)) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0
