"""What Faust as it comes costs: an agent that does nothing, in a process of its own on one core.

``measure`` is the yardstick of "a worker does at least eight times the events of a stock Faust agent". As a program:
``python benchmarks/stock_faust.py BOOTSTRAP TOPIC EVENTS [CORE]`` on a topic that holds at least so many records.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

_DEADLINE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Rate:
    """``events_per_second`` from the first event to the last, and the CPU time of the whole process for each, in µs."""

    events_per_second: float
    cpu_us_per_event: float


def measure(bootstrap: str, topic: str, events: int, *, core: int | None = None, deadline_seconds: float = _DEADLINE_SECONDS) -> Rate:
    """Let a stock agent read ``events`` records of ``topic`` from its beginning, pinned to ``core`` if one is given.

    Raises subprocess.CalledProcessError or TimeoutExpired when it does not come to the end.
    """
    command = [sys.executable, __file__, bootstrap, topic, str(events)] + ([] if core is None else [str(core)])
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=deadline_seconds)
    rate, cpu = done.stdout.split()
    return Rate(float(rate), float(cpu))


class _Count:
    """Counts events; the clock begins with the first, so that starting up is not measured."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._seen = 0
        self._began = (0.0, 0.0)
        self.done: asyncio.Future[Rate] = asyncio.get_running_loop().create_future()

    def add(self) -> None:
        if not self._seen:
            self._began = (time.perf_counter(), time.process_time())
        self._seen += 1
        if self._seen == self._wanted:
            seconds, cpu = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
            self.done.set_result(Rate((self._wanted - 1) / seconds, cpu / (self._wanted - 1) * 1e6))


async def _read(bootstrap: str, topic: str, events: int) -> Rate:
    import faust  # noqa: PLC0415 - only the process that is measured pays for it

    count = _Count(events)
    app: Any = faust.App(
        f"stock-{secrets.token_hex(4)}",
        broker=f"kafka://{bootstrap}",
        loop=asyncio.get_running_loop(),
        autodiscover=False,
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        web_enabled=False,
    )

    @app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw"))  # type: ignore[untyped-decorator]
    async def nothing(stream: AsyncIterator[bytes]) -> None:
        async for _ in stream:
            count.add()

    await app.start()
    return await count.done  # the process ends here: how stock Faust stops is not what is measured


def main() -> None:
    bootstrap, topic, events, *core = sys.argv[1:]
    if core:
        os.sched_setaffinity(0, {int(core[0])})
    logging.disable(logging.WARNING)
    loop = asyncio.new_event_loop()
    rate = loop.run_until_complete(_read(bootstrap, topic, int(events)))
    sys.stdout.write(f"{rate.events_per_second} {rate.cpu_us_per_event}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
