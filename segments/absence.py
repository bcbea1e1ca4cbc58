"""Something that was to follow and did not come, by the value of a path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from segments.intervals import covered
from segments.nodes import Outlook
from segments.recorder import Record
from segments.sequence import Step
from tagging.decay import NEVER
from tagging.leaves import LeafState, Row, rows_of
from tagging.paths import Getter
from tagging.person import Person
from tagging.values import Key, elements, value_key

KEYS_KEPT_MAX: Final = 64
_AFTER: Final = 0
_WITHOUT: Final = 1
_ONE_KEY: Final = 0


@dataclass(slots=True)
class Awaited:
    """Keeps per key the latest ``after``, and the latest ``without`` where it is later: rows of time, which of the two, key.

    At most 64 keys have an ``after``, and as many a ``without`` alone, which cancels an ``after`` that comes late.
    ``kept_ms``: what is older decides nothing.
    """

    number: int
    after: Step
    without: Step
    same: Getter | None
    kept_ms: int | None

    def record(self, record: Record) -> int:
        """See Recorder."""
        matched = [
            which
            for which, (names, where) in ((_AFTER, self.after), (_WITHOUT, self.without))
            if record.name in names and record.meets(where)
        ]
        if not matched:
            return 0
        keys: list[Key] = [_ONE_KEY] if self.same is None else [value_key(value) for value in elements(self.same(record.wire))]
        latest = _latest(rows_of(record.person.state.leaves.get(self.number)), record.now, self.kept_ms)
        for which in matched:
            for key in keys:
                latest[which, key] = max(record.at, latest.pop((which, key), record.at))
        lost = _bound(latest)
        rows = [[time, which, key] for (which, key), time in latest.items()]
        if rows:
            record.person.state.leaves[self.number] = rows
        else:
            record.person.state.leaves.pop(self.number, None)
        return lost

    def unite(self, mine: LeafState, theirs: LeafState) -> tuple[LeafState, int]:
        """See Recorder."""
        latest: _Latest = {}
        for time, which, key in (*mine, *theirs):
            latest[which, key] = max(time, latest.get((which, key), time))
        lost = _bound(latest)
        return [[time, which, key] for (which, key), time in latest.items()], lost


_Latest = dict[tuple[int, Key], int]


def _latest(rows: list[Row], now: int, kept_ms: int | None) -> _Latest:
    return {(which, key): time for time, which, key in rows if kept_ms is None or time > now - kept_ms}


def _bound(latest: _Latest) -> int:
    """Drop the oldest keys beyond the bound, and each ``without`` that a later ``after`` has outlived."""
    after = {key: time for (which, key), time in latest.items() if which == _AFTER}
    surplus = _surplus(after)
    for key in surplus:
        del latest[_AFTER, key], after[key]
    for key, time in after.items():
        if latest.get((_WITHOUT, key), time + 1) <= time:
            del latest[_WITHOUT, key]
    alone = {key: time for (which, key), time in latest.items() if which == _WITHOUT and key not in after}
    unmet = _surplus(alone)
    for key in unmet:
        del latest[_WITHOUT, key]
    return len(surplus) + len(unmet)


def _surplus(times: dict[Key, int]) -> list[Key]:
    """The oldest keys beyond the bound; of equal ones those that were kept first."""
    return sorted(times, key=times.__getitem__)[: max(0, len(times) - KEYS_KEPT_MAX)]


@dataclass(frozen=True, slots=True)
class AbsenceLeaf:
    """True from ``within`` after the latest ``after`` of some key, for ``lasts`` (None: for ever), if no ``without`` came since."""

    number: int
    within: int
    lasts: int | None

    def waiting(self, person: Person) -> Iterator[tuple[Key, int]]:
        """The keys whose latest ``after`` has seen no later ``without``, and its time."""
        rows = rows_of(person.state.leaves.get(self.number))
        cancelled = {key: time for time, which, key in rows if which == _WITHOUT}
        for time, which, key in rows:
            if which == _AFTER and cancelled.get(key, time) <= time:
                yield key, time

    def most(self, person: Person) -> int:
        """How many keys are kept: those with an ``after``, or those with a ``without`` alone, whichever are more."""
        rows = rows_of(person.state.leaves.get(self.number))
        after = {key for _, which, key in rows if which == _AFTER}
        return max(len(after), sum(key not in after for _, _, key in rows))

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - an exact bound is cheap
        """See ``segments.nodes``."""
        starts = [time + self.within for _, time in self.waiting(person)]
        return covered(((start, NEVER if self.lasts is None else start + self.lasts) for start in starts), at)
