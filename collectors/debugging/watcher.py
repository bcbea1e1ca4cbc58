"""One who looks at what arrives: a filter, and a bounded queue of what is not yet written."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from collectors.http import Outlet

HEARTBEAT: Final = b": still here\n\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a watcher wants to see; empty: all."""

    source: str = ""
    name: str = ""

    def holds(self, source: str, name: str) -> bool:
        """Whether an event of this source and name is wanted. What was refused has no name, and is shown whatever name is asked for."""
        return (not self.source or source == self.source) and (not self.name or not name or name == self.name)


class Watcher:
    """Writes frames to its outlet as fast as the other side reads, keeps ``queue_bytes`` of them, and counts what it must let go.

    What was lost is told where it is missing: between the last frame before and the first after it.
    """

    __slots__ = ("_bytes", "_count_loss", "_ended", "_lost", "_most", "_outlet", "_queue", "wanted")

    def __init__(self, wanted: Wanted, queue_bytes: int, lost: Callable[[], None], ended: Callable[[Watcher], None]) -> None:
        self.wanted = wanted
        self._most = queue_bytes
        self._count_loss = lost
        self._ended = ended
        self._outlet: Outlet | None = None
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._lost = 0

    def begin(self, outlet: Outlet) -> None:
        """From here on there is somewhere to write to."""
        self._outlet = outlet

    def offer(self, frame: bytes) -> None:
        """Write it, keep it, or lose it."""
        if self._bytes + len(frame) > self._most:
            self._lost += 1
            self._count_loss()
            return
        self._tell_loss()
        self._put(frame)
        self.resumed()

    def beat(self) -> None:
        """Something to write while nothing happens: so it is found out who has gone."""
        if self._outlet is not None and not self._outlet.is_blocked and not self._queue:
            self._outlet.write(HEARTBEAT)

    def resumed(self) -> None:
        """The other side reads again: write what is kept."""
        outlet = self._outlet
        if outlet is None:
            return
        while self._queue and not outlet.is_blocked:
            frame = self._queue.popleft()
            self._bytes -= len(frame)
            outlet.write(frame)
        if not self._queue and self._lost and not outlet.is_blocked:
            self._tell_loss()
            self.resumed()

    def ended(self) -> None:
        """The other side has gone."""
        self._queue.clear()
        self._outlet = None
        self._ended(self)

    def _tell_loss(self) -> None:
        if self._lost:
            self._put(b'event: lost\ndata: {"lost":%d}\n\n' % self._lost)
            self._lost = 0

    def _put(self, frame: bytes) -> None:
        self._queue.append(frame)
        self._bytes += len(frame)
