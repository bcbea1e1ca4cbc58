"""kill -9 of a sender, again and again: every transition arrives, each with its one id, and what comes twice is what was under way."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

from stream.senders.receiver import Received, Receiver
from tests.integration.senders.harness import SECRET, SECRETS, Arrived, Broker, broker_of, sender_to, settings_for, transitions

_ROOT = Path(__file__).resolve().parent.parent
_PEOPLE = 200
_BLOCK = 5
_BLOCK_SECONDS = 1.0
_DRAIN_SECONDS = 180
_CONCURRENCY = 16


async def _answer(_: Received) -> web.StreamResponse:
    await asyncio.sleep(0.005)
    return web.Response(status=204)


async def sender_killed(kafka: str, kills: int, random: Random, say: Callable[[str], None]) -> dict[str, Any]:
    """A thousand transitions a second to one receiver; the figures of what came."""
    arrived, began, stopping = Arrived(), time.monotonic(), asyncio.Event()
    async with broker_of(kafka, "soak-sender.") as broker, Receiver(SECRET, arrived, answer=_answer) as receiver:
        sender = sender_to(receiver.url)
        writing = asyncio.create_task(_write(broker, stopping))
        for kill in range(1, kills + 1):
            process = await _start(broker, sender)
            taken = len(arrived.ids)
            await _until(lambda taken=taken: len(arrived.ids) > taken, 60)  # type: ignore[misc]
            await asyncio.sleep(random.uniform(0.0, 1.5))
            process.kill()
            await process.communicate()
            say(f"  sender: fault {kill}, {len(arrived.bodies)} delivered")
        stopping.set()
        written = await writing
        process = await _start(broker, sender)
        await _until(lambda: len(arrived.bodies) >= len(written), _DRAIN_SECONDS)
        process.terminate()
        await process.communicate()
        unfinished = await broker.unfinished("shop")
    lost = len(written.keys() - arrived.bodies.keys())
    wrong = sum(arrived.bodies.get(name, body) != body for name, body in written.items())
    twice = sum(times - 1 for times in Counter(arrived.ids).values())
    return {
        "kills": kills,
        "written": len(written),
        "lost": lost,
        "changed": wrong,
        "unexpected": len(arrived.bodies.keys() - written.keys()),
        "twice_under_one_id": twice,
        "in_order": arrived.in_order(),
        "bad_signatures": receiver.bad,
        "unfinished": unfinished,
        "seconds": round(time.monotonic() - began),
        "clean": not (lost or wrong or receiver.bad or unfinished) and arrived.in_order(),
    }


async def _write(broker: Broker, stopping: asyncio.Event) -> dict[str, bytes]:
    written: dict[str, bytes] = {}
    block = 0
    while not stopping.is_set():
        given = transitions(_PEOPLE, _BLOCK, block * _BLOCK)
        await broker.publish(given)
        written.update((each.id, each.to_json()) for each in given)
        block += 1
        await asyncio.sleep(_BLOCK_SECONDS)
    return written


async def _start(broker: Broker, sender: Any) -> asyncio.subprocess.Process:
    settings = settings_for(broker.kafka, broker.topics.prefix, concurrency=_CONCURRENCY)
    given = {"settings": settings.model_dump(mode="json"), "secrets": SECRETS, "senders": [asdict(sender)]}
    command = [sys.executable, "-m", "tests.integration.senders.process", json.dumps(given)]
    return await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdout=asyncio.subprocess.DEVNULL)


async def _until(what: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)
