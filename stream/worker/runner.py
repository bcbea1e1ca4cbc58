"""What the worker process needs of whoever reads the log, be it Faust or aiokafka."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from stream.runtime.settings import Settings
from stream.worker.lane import LaneParts
from stream.worker.worker import Worker


class Runner(Protocol):
    """Reads the events topic as a member of the worker group and feeds ``worker``'s lanes."""

    @property
    def worker(self) -> Worker:
        """The lanes."""
        ...

    @property
    def ends(self) -> Mapping[int, int]:
        """Partition → the end of the log as last heard from the broker."""
        ...

    async def run(self) -> None:
        """Read until stopped, then drain. Raises Unavailable, Misconfigured, or what ended a lane."""
        ...

    def stop(self) -> None:
        """Drain and end ``run``; may be called at any time, also twice."""
        ...


MakeRunner = Callable[[Settings, LaneParts], Runner]
