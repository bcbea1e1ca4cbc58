"""What has happened so far: the latest transitions with their reasons, and figures of all of them."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from stream.senders.receiver import Received

_ROWS: Final = 200
_WORDS: Final = 50_000


@dataclass(slots=True)
class Row:
    """One transition as it is shown. Times in ms since 1970; ``late_ms`` from the stated time to its arrival here."""

    at_ms: int
    person: str
    segment: str
    entered: bool
    cause: str
    reason: str
    leaves_at_ms: int | None
    late_ms: int


class Story:
    """Hears what shoppers do and what the receiver gets."""

    def __init__(self, now_ms: Callable[[], int], on_row: Callable[[Row], None]) -> None:
        self._now_ms = now_ms
        self._on_row = on_row
        self._words: OrderedDict[str, str] = OrderedDict()
        self._seen: set[str] = set()
        self.rows: deque[Row] = deque(maxlen=_ROWS)
        self.people: set[str] = set()
        self.received = 0
        self.repeats = 0
        self.entered = 0
        self.timed_entries = 0
        self.exit_lateness_ms: list[int] = []

    def told(self, message_id: str, words: str) -> None:
        """A shopper did something."""
        self._words[message_id] = words
        if len(self._words) > _WORDS:
            self._words.popitem(last=False)

    def heard(self, received: Received) -> None:
        """The receiver got a webhook with a good signature."""
        if received.id in self._seen:
            self.repeats += 1
            return
        self._seen.add(received.id)
        self.received += 1
        row = self._row(received.transition)
        self.people.add(row.person)
        self.entered += row.entered
        if row.cause == "time":
            if row.entered:
                self.timed_entries += 1
            else:
                self.exit_lateness_ms.append(row.late_ms)
        self.rows.append(row)
        self._on_row(row)

    def _row(self, transition: dict[str, Any]) -> Row:
        data, at_ms = transition["data"], milliseconds(transition["timestamp"])
        leaves_at = data.get("leavesAt")
        return Row(
            at_ms,
            data["person"],
            data["segment"],
            transition["type"] == "segment.entered",
            data["cause"],
            self._words.get(data.get("eventId", ""), "time passed" if data["cause"] == "time" else "an event"),
            None if leaves_at is None else milliseconds(leaves_at),
            self._now_ms() - at_ms,
        )

    def quantile_ms(self, share: float) -> int:
        """Of the lateness of timed exits; 0 if there was none."""
        ordered = sorted(self.exit_lateness_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def milliseconds(text: str) -> int:
    """Milliseconds since 1970 of the times in a transition."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
