"""Signals inside an event loop: the first asks for the end, those that follow are told that it is coming."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any


def stop_on_signals(say: Callable[[str], None]) -> asyncio.Event:
    """An event that Ctrl-C, SIGTERM or a closed terminal sets."""
    stop = asyncio.Event()

    def asked() -> None:
        say("stopping …" if not stop.is_set() else "still stopping: everything is drained first")
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked)
    return stop


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work, or give it up when the end is asked for first; whether it was done. Raises what the work raises."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            return False
        working.result()
        return True
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
