"""A circuit breaker: a receiver that fails everybody is asked by one attempt at a time until it answers again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stream.senders.schedule import Backoff, Chance


class Breaker:
    """Open after ``threshold`` failures in a row that concern at least two persons.

    One person whose transition no receiver takes says nothing about the receiver: it follows its own schedule alone.
    While open, ``probe_at`` is the earliest time (the caller's clock, seconds) of the next attempt.
    """

    def __init__(self, threshold: int, probes: Backoff, chance: Chance) -> None:
        self._threshold = threshold
        self._probes = probes
        self._chance = chance
        self._failures = 0
        self._failed_probes = 0
        self._first_person: str | None = None
        self._several = False
        self.open = False
        self.probe_at = 0.0

    def succeeded(self) -> bool:
        """An attempt got through; True when that closed an open breaker."""
        closed = self.open
        self.open = False
        self._failures = self._failed_probes = 0
        self._first_person = None
        self._several = False
        return closed

    def failed(self, person: str, now: float, hold_seconds: float = 0.0) -> None:
        """An attempt failed in a way that concerns the receiver as a whole; it asked to be left alone for ``hold_seconds``."""
        self._failures += 1
        if self._first_person is None:
            self._first_person = person
        self._several = self._several or person != self._first_person
        if not self.open and not (self._several and self._failures >= self._threshold):
            return
        self.open = True
        self._failed_probes += 1
        self.probe_at = now + max(self._probes.draw_seconds(self._failed_probes, self._chance), hold_seconds)
