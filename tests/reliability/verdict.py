"""What is counted and found when a deployment is judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.oracle.compare import Difference


@dataclass
class Verdict:
    """Everything counted. ``pointers``: ids that stand for others; ``told``: records between lanes by kind.

    ``lost``: acknowledged events that are not in the log; ``faults``: sentences, empty when all is well.
    """

    records: int = 0
    applied: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    lost: int = 0
    people: int = 0
    expected: int = 0
    timed: int = 0
    merges: int = 0
    pointers: int = 0
    told: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    difference: Difference = field(default_factory=Difference)
    faults: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.lost and self.difference.is_empty and not self.faults

    def describe(self) -> str:
        return "\n".join(
            [
                f"{self.records} records: {self.applied} applied, {self.duplicates} repeats, {self.dead_letters} dead letters",
                f"{self.lost} acknowledged events are not in the log",
                f"{self.people} people, {self.merges} merged into others, {self.pointers} ids that stand for somebody else",
                f"told between lanes: {dict(self.told)}",
                f"{self.expected} transitions expected, {self.timed} of them without an event",
                self.difference.describe(),
                f"faults: {len(self.faults)}",
                *self.faults[:20],
            ]
        )

    def figures(self) -> dict[str, int]:
        difference = self.difference
        counts = {name: len(getattr(difference, name)) for name in ("missing", "unexpected", "differing", "two_ids", "out_of_order")}
        own = ("records", "applied", "duplicates", "dead_letters", "lost", "people", "merges", "pointers", "expected", "timed", "repeated")
        return {name: int(getattr(self, name)) for name in own} | counts | dict(self.told) | {"faults": len(self.faults)}
