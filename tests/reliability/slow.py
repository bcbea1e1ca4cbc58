"""What it checks: clients that send nothing, or a byte a second, are each let go at their deadline, good ones feel little of it, and
nothing of them is left open.

How: a collector in a process of its own. First good requests alone, at a constant rate; then the same beside so many slow connections, of
five kinds in turn, each of which connects again when it is let go. At the end the process has as many descriptors open as before.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.collector import EVENT, KEY, collecting
from schemas.definitions.model import Source
from stream.runtime.settings import Settings
from tests.integration.collectors.running import apply_sources, create_topics, settings_for

HALF_HEAD: Final = b"POST /v1/track HTTP/1.1\r\nHost: x\r\n"
HALF_BODY: Final = HALF_HEAD + b"Content-Length: 1000\r\n\r\n{"
_GRACE_SECONDS: Final = 1.5
_DRIP_SECONDS: Final = 1.0
_DESCRIPTORS_MORE: Final = 5
_SPREAD_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class SlowPlan:
    """``connections`` slow ones for ``seconds``, beside good requests at ``rate`` a second."""

    connections: int
    seconds: float
    rate: int = 100


@dataclass(frozen=True, slots=True)
class Kind:
    """What a slow client sends at first, what once a second, and which deadline ends it."""

    name: str
    first: bytes
    drip: bytes
    deadline: Callable[[Settings], float]


def _of_the_head(settings: Settings) -> float:
    return settings.collector.header_deadline_seconds


def _of_the_body(settings: Settings) -> float:
    return settings.collector.body_deadline_seconds


KINDS: Final = (
    Kind("silent", b"", b"", _of_the_head),
    Kind("half a head", HALF_HEAD, b"", _of_the_head),
    Kind("a head by the byte", HALF_HEAD + b"X-Slow: ", b"x", _of_the_head),
    Kind("half a body", HALF_BODY, b"", _of_the_body),
    Kind("a body by the byte", HALF_BODY, b"x", _of_the_body),
)


@dataclass
class SlowResult:
    """``latest``: by kind the longest that one was held, in seconds; ``late``: held beyond deadline and farewell; waits in ms."""

    plan: SlowPlan
    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    failed: int = 0
    held: Counter[str] = field(default_factory=Counter)
    latest: dict[str, float] = field(default_factory=dict)
    late: int = 0
    descriptors: tuple[int, int, int] = (0, 0, 0)

    @property
    def clean(self) -> bool:
        """Nobody held too long, none left open, every good request taken."""
        before, _, after = self.descriptors
        return not self.late and not self.failed and after - before <= _DESCRIPTORS_MORE

    def figures(self) -> dict[str, Any]:
        """For a report."""
        alone, beside = (quantile(waits, 0.99) for waits in (self.alone, self.beside))
        return {
            "connections": self.plan.connections,
            "let_go": dict(self.held),
            "held_seconds_at_most": {name: round(seconds, 2) for name, seconds in self.latest.items()},
            "held_too_long": self.late,
            "good_ms_p50": [round(quantile(waits, 0.5), 2) for waits in (self.alone, self.beside)],
            "good_ms_p99": [round(alone, 2), round(beside, 2)],
            "ratio_p99": round(beside / alone, 2),
            "good_failed": self.failed,
            "descriptors": self.descriptors,
            "clean": self.clean,
        }


def quantile(waits: list[float], share: float) -> float:
    """Of some waits in any order."""
    return sorted(waits)[int(len(waits) * share)]


async def slow_clients(kafka: str, prefix: str, data: str, plan: SlowPlan, **collector: object) -> SlowResult:
    """Run the scenario on new topics."""
    settings = settings_for(kafka, prefix, collector)
    await create_topics(settings)
    await apply_sources(settings, Source("bench", "server", (hashlib.sha256(KEY.encode()).hexdigest(),)))
    further = {f"EBBTIDE_COLLECTOR_{name.upper()}": str(value) for name, value in collector.items()} | {"EBBTIDE_PARTITIONS": "4"}
    result = SlowResult(plan)
    async with collecting(settings, 0, data, further) as (pid, url):
        await _good(url, 2, plan.rate, SlowResult(plan), [])
        await _good(url, min(plan.seconds, 20), plan.rate, result, result.alone)
        before = _descriptors(pid)
        until = time.monotonic() + plan.seconds
        # One after the other: all at once is a test of how a thousand connections begin.
        after = min(_SPREAD_SECONDS, plan.seconds / 4) / plan.connections
        slow = [
            asyncio.ensure_future(_slow(url, KINDS[n % len(KINDS)], until, settings, result, n * after)) for n in range(plan.connections)
        ]
        await _good(url, plan.seconds, plan.rate, result, result.beside)
        most = _descriptors(pid)
        await asyncio.gather(*slow)
        await asyncio.sleep(1)
        result.descriptors = (before, most, _descriptors(pid))
    return result


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - the names alone


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def _slow(url: str, kind: Kind, until: float, settings: Settings, result: SlowResult, begins_after: float) -> None:
    await asyncio.sleep(begins_after)
    allowed = kind.deadline(settings) + settings.collector.linger_close_seconds + _GRACE_SECONDS
    while time.monotonic() < until:
        reader, writer = await _connect(url)
        began = time.monotonic()
        reading = asyncio.ensure_future(reader.read())
        with suppress(OSError):
            writer.write(kind.first)
            while not reading.done() and time.monotonic() - began < 2 * allowed:
                await asyncio.wait({reading}, timeout=_DRIP_SECONDS)
                if kind.drip and not reading.done():
                    writer.write(kind.drip)
        held = time.monotonic() - began
        writer.close()
        with suppress(OSError):
            await reading
        result.held[kind.name] += 1
        result.latest[kind.name] = max(held, result.latest.get(kind.name, 0.0))
        result.late += held > allowed


async def _good(url: str, seconds: float, rate: int, result: SlowResult, waits: list[float]) -> None:
    """Requests at a constant rate over eight connections; each wait runs from when its request was due."""
    began, taken = time.monotonic(), 0

    async def one() -> None:
        nonlocal taken
        reader, writer = await _connect(url)
        while True:
            number, taken = taken, taken + 1
            due = began + number / rate
            if due - began >= seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            body = (EVENT % (int(began), number, number, number)).encode()
            writer.write(b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            waits.append((time.monotonic() - due) * 1000)
            result.failed += head[9:12] != b"200"
        writer.close()

    await asyncio.gather(*(one() for _ in range(8)))
