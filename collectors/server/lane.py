"""One partition on its way to the broker, batch by batch."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from schemas.rejection import Reason

Headers = list[tuple[str, bytes]]
"""Of a record: name and value each. A list: the batch builder takes nothing else."""


class Receipt(Protocol):
    """Who waits for records. Called once for each record: with None when it is in, else with the reason why it may not be."""

    def settle(self, failure: Reason | None) -> None:
        """One record has fared so."""


class Batch:
    """Records of one partition that go to the broker together, and who waits for them."""

    __slots__ = ("born", "builder", "bytes", "receipts")

    def __init__(self, builder: Any, born: float) -> None:
        self.builder = builder
        self.born = born
        self.bytes = 0
        self.receipts: list[Receipt] = []


class Lane:
    """One partition of one topic on its way to the broker: what fills, what is full, what is with the broker."""

    __slots__ = ("filling", "full", "leader", "overdue", "partition", "topic", "under_way")

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.filling: Batch | None = None
        self.full: deque[Batch] = deque()
        self.under_way: Batch | None = None
        self.overdue = False
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
