"""A whole deployment in memory: several partitions, whose lanes tell each other what they decide, in any order of turns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.definitions.model import Bundle
from schemas.internal import CLOCK_HEADERS, CLOCK_VALUE, HEADER
from stream.kafka.port import Message
from stream.store.memory import MemoryStateStore
from tests.oracle.classify import Raw
from tests.property.driver import Driver, Fate, Place, Step


@dataclass(frozen=True)
class Turn:
    """One lane does one thing, or a client's record is appended to a partition."""

    partition: int
    step: Step | None = None
    message: Message | None = None


@dataclass
class Deployment:
    """``logs``: by partition, as they have come to be. The append clock rises by one millisecond with each record, or stays."""

    partitions: int
    bundles: Mapping[int, Bundle]
    now_ms: int
    secret: bytes | None = None
    logs: list[list[Raw]] = field(default_factory=list)
    lanes: list[Driver] = field(default_factory=list)
    store: MemoryStateStore = field(default_factory=MemoryStateStore)
    taken: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.logs = [[] for _ in range(self.partitions)]
        self.taken = [0] * self.partitions
        self.lanes = [
            Driver([], self.bundles, Place(number, self.partitions, self.secret), self.store) for number in range(self.partitions)
        ]

    def append(self, partition: int, message: Message) -> None:
        """A record of a client or of a lane comes to a log's end."""
        log = self.logs[partition]
        raw = Raw(len(log), self.now_ms, message.key, message.value, list(message.headers))
        log.append(raw)
        self.lanes[partition].append(raw)

    def activate(self, version: int) -> None:
        """A set of definitions holds from here on in all partitions."""
        value = json.dumps({"type": "$definitions", "version": version, "phase": "activate"}).encode()
        for partition in range(self.partitions):
            self.append(partition, Message(None, value, ((HEADER, b"definitions"),)))

    def tick(self) -> None:
        """Time passes in all partitions without anything else."""
        for partition in range(self.partitions):
            self.append(partition, Message(None, CLOCK_VALUE, CLOCK_HEADERS))

    def turn(self, turn: Turn) -> None:
        """Do one thing."""
        if turn.message is not None:
            self.append(turn.partition, turn.message)
        if turn.step is not None:
            self.lanes[turn.partition].do(turn.step)
            self._deliver(turn.partition)

    def _deliver(self, partition: int) -> None:
        """What a lane has published for others comes to their logs, repeats included."""
        internal = self.lanes[partition].topics.internal
        for target, message in internal[self.taken[partition] :]:
            self.append(target, message)
        self.taken[partition] = len(internal)

    def finish(self) -> None:
        """Everything that is left to do, until no lane has anything to tell another."""
        while True:
            for partition, lane in enumerate(self.lanes):
                lane.finish()
                self._deliver(partition)
            if all(lane.header.cursor == len(log) for lane, log in zip(self.lanes, self.logs, strict=True)):
                return

    @property
    def transitions(self) -> list[dict[str, Any]]:
        """All that was published, each once."""
        found = {json.dumps(one, sort_keys=True): one for lane in self.lanes for one in lane.topics.transitions}
        return list(found.values())

    @property
    def dead_letters(self) -> list[tuple[int, int, str]]:
        """(partition, offset, reason)."""
        return [
            (partition, offset, reason) for partition, lane in enumerate(self.lanes) for offset, reason in lane.topics.dead_letters.items()
        ]


def run_all(deployment: Deployment, turns: Sequence[Turn]) -> Deployment:
    """Do the turns, then what is left."""
    for turn in turns:
        deployment.turn(turn)
    deployment.finish()
    return deployment


FATES: tuple[Fate, ...] = ("well", "lost before", "lost after", "sent twice")
