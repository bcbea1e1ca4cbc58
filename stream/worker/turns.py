"""Whose turn it is to do what can wait: due times, sweeps and fillings, one slice at a time over all lanes of a worker.

If each lane went on by itself, a live record would wait not for its own lane's slice but for a slice of every lane at each
step of its way, because they share one processor and one connection to the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter

REST_PART = 0.5


class Turns:
    """One turn, given to the lane that has not had it for longest among those that ask and have nothing better to do.

    When live records have come in during a turn, nobody has the next before a rest of ``rest_part`` of its time.
    """

    def __init__(self, rest_part: float = REST_PART) -> None:
        self._rest_part = rest_part
        self._is_free = True
        self._began = 0.0
        self._is_live = False
        self._waiting: dict[int, Callable[[], None]] = {}
        self._served: dict[int, int] = {}
        self._turns = 0

    def live(self) -> None:
        """Live records have come in."""
        self._is_live = True

    def take(self, lane: int, wake: Callable[[], None]) -> bool:
        """Whether the turn is the lane's now, until it gives it back. If not, ``wake`` is called when it is worth asking again."""
        if self._is_free and all(self._since(lane) <= self._since(other) for other in self._waiting):
            self._waiting.pop(lane, None)
            self._is_free = self._is_live = False
            self._began = perf_counter()
            return True
        self._waiting[lane] = wake
        return False

    def give(self, lane: int) -> None:
        """Give the turn back."""
        self._turns += 1
        self._served[lane] = self._turns
        if self._is_live:
            asyncio.get_running_loop().call_later((perf_counter() - self._began) * self._rest_part, self._free)
        else:
            self._free()

    def leave(self, lane: int) -> None:
        """The lane does something else now; it does not hold the others up."""
        if self._waiting.pop(lane, None) is not None:
            self._wake_next()

    def waits(self, lane: int) -> bool:
        """Whether the lane has asked, and will be woken."""
        return lane in self._waiting

    def _since(self, lane: int) -> int:
        return self._served.get(lane, 0)

    def _free(self) -> None:
        self._is_free = True
        self._wake_next()

    def _wake_next(self) -> None:
        if self._is_free and self._waiting:
            self._waiting[min(self._waiting, key=self._since)]()
