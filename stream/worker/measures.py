"""A lane's figures, noted once a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.identities import Refusal
from schemas.transition import Transition
from segments.tally import Tally
from stream.kafka.port import Record
from stream.runtime.catalogue import worker as catalogue
from stream.runtime.metrics import Metrics
from stream.worker.batch import DeadLetter
from stream.worker.memory import Changes


class LaneMeasures:
    """The worker's metrics, as lanes feed them."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._records = metrics.counter(catalogue.RECORDS)
        self._events = metrics.counter(catalogue.EVENTS)
        self._duplicates = metrics.counter(catalogue.DUPLICATES)
        self._batches = metrics.counter(catalogue.BATCHES)
        self._batch_records = metrics.histogram(catalogue.BATCH_RECORDS)
        self._stages = tuple(metrics.histogram(catalogue.STAGE_SECONDS, stage=stage) for stage in catalogue.STAGES)
        self._event_to_transition = metrics.histogram(catalogue.EVENT_TO_TRANSITION_SECONDS)
        self._due_late = metrics.histogram(catalogue.DUE_LATE_SECONDS)
        self._clock_records = metrics.counter(catalogue.CLOCK_RECORDS)
        self._sweep_people = metrics.counter(catalogue.SWEEP_PEOPLE)
        self._gaps = metrics.counter(catalogue.OFFSET_GAPS)
        self._bound_bites = metrics.counter(catalogue.BOUND_BITES)
        self._withheld = tuple(metrics.counter(catalogue.TRANSITIONS_WITHHELD, direction=each) for each in catalogue.DIRECTIONS)

    def batch(self, records: int, changes: Changes, stage_seconds: tuple[float, ...]) -> None:
        """A batch has been committed."""
        self._records.inc(records)
        self._events.inc(changes.applied)
        self._duplicates.inc(changes.duplicates)
        self._batches.inc()
        if changes.internal or changes.repeated or changes.refused_links:
            self._identity(changes)
        if changes.erased:
            self._metrics.counter(catalogue.ERASED).inc(len(changes.erased))
        self._batch_records.observe(records)
        for histogram, seconds in zip(self._stages, stage_seconds, strict=True):
            histogram.observe(seconds)

    def _identity(self, changes: Changes) -> None:
        metrics = self._metrics
        metrics.counter(catalogue.FORWARDED).inc(changes.forwarded)
        metrics.counter(catalogue.MERGES).inc(len(changes.merged))
        metrics.counter(catalogue.RECORDS_REPEATED).inc(changes.repeated)
        for reason, times in changes.refused_links.items():
            metrics.counter(catalogue.LINKS_REFUSED, reason=reason).inc(times)

    def ids(self, refused: Mapping[Refusal, int]) -> None:
        """Ids that name nobody have been left out."""
        for reason, times in refused.items():
            self._metrics.counter(catalogue.IDS_REFUSED, reason=reason).inc(times)

    def left_out(self, tally: Tally) -> None:
        """What a commit has made true beside its transitions; the tally begins anew."""
        self._bound_bites.inc(tally.bound_bites)
        for counter, held_back in zip(self._withheld, (tally.entries, tally.leaves), strict=True):
            counter.inc(held_back)
        tally.bound_bites = tally.entries = tally.leaves = 0

    def forgotten(self, people: int) -> None:
        """People have been forgotten because they were inactive."""
        if people:
            self._metrics.counter(catalogue.FORGOTTEN).inc(people)

    def offsets(self, cursor: int, records: Sequence[Record]) -> None:
        """Offsets of one partition are dense; what is missing between the cursor and the records is counted."""
        missing = records[-1].offset + 1 - cursor - len(records)
        if missing > 0:
            self._gaps.inc(missing)

    def dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Dead letters have been written."""
        for letter in letters:
            self._metrics.counter(catalogue.DEAD_LETTERS, reason=letter.rejected.reason.code).inc()

    def published(self, transitions: Sequence[Transition], now_ms: int) -> None:
        """Transitions have been acknowledged by the broker."""
        for transition in transitions:
            direction = "entered" if transition.sequence & 1 else "left"
            self._metrics.counter(catalogue.TRANSITIONS, direction=direction, cause=transition.cause).inc()
            late = max(0, now_ms - transition.timestamp) / 1000
            if transition.cause == "event":
                self._event_to_transition.observe(late)
            elif transition.cause == "time":
                self._due_late.observe(late)

    def sweep(self, people: int) -> None:
        """A slice of people has been visited."""
        self._sweep_people.inc(people)

    def clock_record(self) -> None:
        """A ``$clock`` record is being written."""
        self._clock_records.inc()

    def fenced(self) -> None:
        """A lane stopped because of another owner."""
        self._metrics.counter(catalogue.FENCED).inc()

    def rewound(self) -> None:
        """The store was found older than the lane had left it."""
        self._metrics.counter(catalogue.REWINDS).inc()
