"""One partition on its way to the broker, batch by batch."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collectors.spool.frame import Spooled
    from schemas.rejection import Reason

LETTERS_PLACE: Final = 65_535
"""The place in the spool of the lane of dead letters; the others have their partition's."""

Headers = list[tuple[str, bytes]]
"""Of a record: name and value each. A list: the batch builder takes nothing else."""


class Receipt(Protocol):
    """Who waits for records. Called once for each record: with None when it is in, else with the reason why it may not be."""

    def settle(self, failure: Reason | None) -> None:
        """One record has fared so."""


class Batch:
    """Records of one partition that go to the broker together, and who waits for them.

    ``records``: what they are, kept while there is a spool to which they might go. ``drained``: so many come from the spool.
    """

    __slots__ = ("born", "builder", "bytes", "drained", "receipts", "records")

    def __init__(self, builder: Any, born: float, drained: int = 0) -> None:
        self.builder = builder
        self.born = born
        self.bytes = 0
        self.receipts: list[Receipt] = []
        self.records: list[Spooled] = []
        self.drained = drained


class Lane:
    """One partition of one topic on its way to the broker: what fills, what is full, what is with the broker.

    ``place`` names it in the spool. ``is_behind``: newcomers go to the spool. ``drained``: the next records out of the spool.
    """

    __slots__ = ("drained", "filling", "full", "is_behind", "leader", "overdue", "partition", "place", "topic", "under_way")

    def __init__(self, topic: str, partition: int, place: int | None = None) -> None:
        self.topic = topic
        self.partition = partition
        self.place = partition if place is None else place
        self.filling: Batch | None = None
        self.full: deque[Batch] = deque()
        self.under_way: Batch | None = None
        self.overdue = False
        self.is_behind = False
        self.drained: list[Spooled] = []
        self.leader: object = None

    def take(self) -> Batch:
        """The next batch, from here on with the broker."""
        if self.full:
            batch = self.full.popleft()
        else:
            assert self.filling is not None
            batch, self.filling = self.filling, None
        self.under_way = batch
        return batch

    def give_up(self) -> list[Batch]:
        """All batches in order, for the spool. The one with the broker stays there too: it may still get in."""
        batches = [self.under_way, *self.full, self.filling]
        self.full.clear()
        self.filling = None
        return [batch for batch in batches if batch is not None and not batch.drained]

    def oldest(self) -> float | None:
        """When the oldest batch with somebody who waits for it began."""
        for batch in (self.under_way, *self.full, self.filling):
            if batch is not None and batch.receipts:
                return batch.born
        return None
