"""Which slices of people have somebody due, and when: the lane's copy of the store's bounds."""

from __future__ import annotations

from heapq import heappop, heappush


class DueIndex:
    """Slice → a time (absolute ms) before which nobody in it is due."""

    def __init__(self, bounds: dict[int, int]) -> None:
        self._bounds = dict(bounds)
        self._heap = sorted((bound, number) for number, bound in bounds.items())

    def lower(self, number: int, due_ms: int) -> bool:
        """Note a due time; True if it is the slice's earliest, so that the store must know."""
        held = self._bounds.get(number)
        if held is not None and held <= due_ms:
            return False
        self.put(number, due_ms)
        return True

    def put(self, number: int, bound_ms: int | None) -> None:
        """Set a slice's bound; None: nobody is due."""
        if bound_ms is None:
            self._bounds.pop(number, None)
            return
        self._bounds[number] = bound_ms
        heappush(self._heap, (bound_ms, number))

    def bound(self, number: int) -> int | None:
        """A slice's bound."""
        return self._bounds.get(number)

    def earliest(self) -> int | None:
        """The earliest bound of all."""
        heap = self._heap
        while heap and self._bounds.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def ready(self, clock: int, most: int) -> list[int]:
        """Up to ``most`` slices whose bound is < the clock, the earliest first; they stay in the index."""
        found: list[tuple[int, int]] = []
        while len(found) < most and (bound := self.earliest()) is not None and bound < clock:
            entry = heappop(self._heap)
            if entry not in found:
                found.append(entry)
        for entry in found:
            heappush(self._heap, entry)
        return [number for _, number in found]
