"""Shoppers' calls over HTTP: keep-alive connections to the real collector, at a steady rate, each answer counted."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

import orjson
from aiohttp import BasicAuth, ClientError, ClientSession, ClientTimeout, TCPConnector

from stream.cli.demo.shoppers import Call, Crowd
from stream.cli.demo.story import Story

WRITE_KEY: Final = "demo"
_CONNECTIONS: Final = 8
_QUEUED_MAX: Final = 200
_TURN_SECONDS: Final = 0.02
_ANSWER_SECONDS: Final = 15.0


@dataclass(slots=True)
class Answers:
    """How the collector answered, in events. ``unanswered``: nobody knows whether they are in."""

    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    batches: int = 0
    pixels: int = 0


class Traffic:
    """Lets the crowd call at ``rate`` events a second until told to stop."""

    def __init__(self, url: str, crowd: Crowd, rate: float, story: Story) -> None:
        self._url = url
        self._crowd = crowd
        self._rate = rate
        self._story = story
        self.answers = Answers()
        self._queues: list[asyncio.Queue[Call]] = [asyncio.Queue(_QUEUED_MAX) for _ in range(_CONNECTIONS)]

    async def run(self, stop: asyncio.Event) -> None:
        """Call until ``stop`` is set, then wait for the answers under way."""
        connector = TCPConnector(limit=_CONNECTIONS, keepalive_timeout=60)
        timeout = ClientTimeout(total=_ANSWER_SECONDS)
        async with ClientSession(self._url, connector=connector, timeout=timeout, auth=BasicAuth(WRITE_KEY, "")) as session:
            talking = [asyncio.create_task(self._talk(session, queue)) for queue in self._queues]
            try:
                await self._produce(stop)
                await asyncio.gather(*(queue.join() for queue in self._queues))
            finally:
                for task in talking:
                    task.cancel()
                await asyncio.gather(*talking, return_exceptions=True)

    async def _produce(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0
        while not stop.is_set():
            while sent < (loop.time() - began) * self._rate:
                call = self._crowd.next_call(self._story.told)
                sent += len(call.messages)
                await self._queues[call.lane % _CONNECTIONS].put(call)
            await asyncio.sleep(_TURN_SECONDS)

    async def _talk(self, session: ClientSession, queue: asyncio.Queue[Call]) -> None:
        while True:
            call = await queue.get()
            try:
                await self._send(session, call)
            finally:
                queue.task_done()

    async def _send(self, session: ClientSession, call: Call) -> None:
        answers, events = self.answers, len(call.messages)
        try:
            status = await self._ask(session, call)
        except (ClientError, TimeoutError, OSError):
            answers.unanswered += events
            return
        if status == 200:
            answers.accepted += events
            answers.batches += call.way == "batch"
            answers.pixels += call.way == "pixel"
        else:
            answers.refused += events

    async def _ask(self, session: ClientSession, call: Call) -> int:
        if call.way == "pixel":
            data = b64encode(orjson.dumps({**call.messages[0], "writeKey": WRITE_KEY})).decode()
            async with session.get("/v1/pixel/track", params={"data": data}) as response:
                await response.read()
                return response.status
        body = orjson.dumps({"batch": call.messages} if call.way == "batch" else call.messages[0])
        path = "/v1/batch" if call.way == "batch" else f"/v1/{call.messages[0]['type']}"
        async with session.post(path, data=body, headers={"content-type": "application/json"}) as response:
            await response.read()
            return response.status
