"""Events that follow each other: one per step, in order of event time."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from segments.nodes import Outlook
from segments.recorder import Record
from tagging.conditions import Predicate
from tagging.decay import NEVER
from tagging.leaves import LeafState, Row, rows_of
from tagging.person import Person
from tagging.windows import add_row, merge_rows

MATCHES_KEPT_MAX: Final = 64
Step = tuple[frozenset[str], Predicate | None]


@dataclass(slots=True)
class Steps:
    """Keeps the newest 64 matches of each step: a row per event, its time and the steps that it matches.

    Rows stand in order of event time, and of application where times are equal. ``kept_ms``: what is older decides nothing.
    """

    number: int
    steps: tuple[Step, ...]
    kept_ms: int | None

    def record(self, record: Record) -> int:
        """See Recorder."""
        matched = [index for index, (names, where) in enumerate(self.steps) if record.name in names and record.meets(where)]
        oldest = -NEVER if self.kept_ms is None else record.now - self.kept_ms
        if not matched or record.at <= oldest:
            return 0
        leaves = record.person.state.leaves
        rows = rows_of(leaves.get(self.number))
        add_row(rows, [record.at, *matched], len(rows) + 1, oldest)
        lost = sum(_bound(rows, step) for step in matched)
        leaves[self.number] = [row for row in rows if len(row) > 1]
        return lost

    def unite(self, mine: LeafState, theirs: LeafState) -> tuple[LeafState, int]:
        """See Recorder."""
        rows = [list(row) for row in merge_rows(mine, theirs)]
        lost = sum(_bound(rows, step) for step in range(len(self.steps)))
        return [row for row in rows if len(row) > 1], lost


def _bound(rows: list[Row], step: int) -> int:
    matches = [row for row in rows if step in row[1:]]
    for row in matches[:-MATCHES_KEPT_MAX]:
        row[1:] = [one for one in row[1:] if one != step]
    return max(0, len(matches) - MATCHES_KEPT_MAX)


@dataclass(frozen=True, slots=True)
class SequenceLeaf:
    """Distinct events, one per step, last − first ≤ ``span`` (None: any), the last in (at − within, at] (None: ever)."""

    number: int
    steps: int
    span: int | None
    within: int | None

    def found(self, person: Person) -> list[int] | None:
        """The times of the run that ends last; None if there is none."""
        rows = rows_of(person.state.leaves.get(self.number))
        places = [[at for at, row in enumerate(rows) if step in row[1:]] for step in range(self.steps)]
        for last in reversed(places[-1]):
            run = [last]
            for earlier in reversed(places[:-1]):
                before = bisect_left(earlier, run[0])
                if before == 0:
                    return None
                run.insert(0, earlier[before - 1])
            times: list[int] = [rows[at][0] for at in run]
            if self.span is None or times[-1] - times[0] <= self.span:
                return times
        return None

    def most(self, person: Person) -> int:
        """How many matches are kept of the step that has the most."""
        rows = rows_of(person.state.leaves.get(self.number))
        return max(sum(step in row[1:] for row in rows) for step in range(self.steps))

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - an exact bound is cheap
        """See ``segments.nodes``."""
        times = self.found(person)
        if times is None:
            return (False, NEVER)
        if self.within is None:
            return (True, NEVER)
        leaves_at = times[-1] + self.within
        return (True, leaves_at) if at < leaves_at else (False, NEVER)
