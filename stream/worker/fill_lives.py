"""When, in the past, people were forgotten: decided by the sets that held then, and not by the one that is being filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.definitions.model import Bundle
from segments.history import Switches, end_among
from tagging.state import PersonState


@dataclass(slots=True)
class Lives:
    """The sets by version, and the switches, (version, barrier in absolute ms), that the filling has passed: those at which the time
    changed after which people are forgotten.
    """

    sets: Mapping[int, Bundle]
    switches: Switches

    def switch(self, version: int, barrier_ms: int) -> None:
        """From here on the set of that version holds."""
        if self._forget_after_ms(version) != self._forget_after_ms(self.switches[-1][0]):
            self.switches = (*self.switches, (version, barrier_ms))

    def has_ended(self, state: PersonState, clock: int) -> bool:
        """Whether somebody with that state has been forgotten before the clock (absolute ms)."""
        return end_among(self.switches, self._forget_after_ms, state, clock) is not None

    def _forget_after_ms(self, version: int) -> int | None:
        return self.sets[version].settings.forget_after_ms
