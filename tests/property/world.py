"""Real lanes over collaborators in memory: a log that grows, owners that die and are followed, and what they leave behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from random import Random

import pytest

from schemas import rejection
from schemas.definitions.model import Bundle
from schemas.errors import Fenced, Rejected, Unavailable
from schemas.internal import HEADER
from schemas.topics import Topics as Names
from stream.kafka.port import Message, StoredRecord
from stream.runtime.catalogue import process, worker
from stream.runtime.clock import SettableClock
from stream.runtime.metrics import Metrics
from stream.runtime.settings_worker import WorkerSettings
from stream.store.memory import MemoryStateStore
from stream.store.port import LaneHeader, unpack_header
from stream.worker import filling, lane
from stream.worker.lane import Lane, LaneParts
from stream.worker.measures import LaneMeasures
from stream.worker.opening import LogState, open_lane
from stream.worker.people import KINDS
from tests.oracle.classify import Raw
from tests.property.driver import Place, Topics, done
from tests.property.mortal import Death, Life, Mortal

_NAMES = Names()
_PAUSES_SECONDS = (0.0, 0.0, 0.001, 0.05, 0.25, 2.0)
_SIZES = (1, 2, 3, 5, 9, 40)
_LONGEST_SECONDS = 10_000
_COMING_BACK_SECONDS = 5


@dataclass(frozen=True)
class Fate:
    """The deaths of one owner after the other, and the seed of everything else: when records come, how many are fed at once."""

    deaths: tuple[Death, ...]
    seed: int = 0
    troubles: int = 0


class World:
    """One partition of ``events`` and all that there is around it; it passes for a driver that has come to the end.

    ``answers``: what the lane tells another comes to its own log, which is the only one. Before the records ``rests`` are written,
    there is nothing left to do.
    """

    def __init__(
        self, bundles: Mapping[int, Bundle], place: Place, fate: Fate, *, answers: bool = False, rests: Iterable[int] = ()
    ) -> None:
        self.place = place
        self._answers = answers
        self._rests = set(rests)
        self.store = MemoryStateStore()
        self.topics = Topics()
        self.log: list[StoredRecord] = []
        self.lives: list[Life] = []
        self.bundles = {0: Bundle(), **bundles}
        self._fate = fate
        self._random = Random(fate.seed)
        self._wall = SettableClock()
        self._grown = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def header(self) -> LaneHeader:
        """What the store holds of the partition as a whole."""
        packed = done(self.store.header(self.place.partition))
        return unpack_header(packed) if packed else LaneHeader()

    @property
    def records(self) -> list[Raw]:
        """The log as the oracle reads it."""
        return [Raw(one.offset, one.timestamp, one.key, one.value, list(one.headers)) for one in self.log]

    async def live(self, records: Sequence[Raw]) -> World:
        """Write the records while one owner follows the other; returns when the last has done all there is to do."""
        async with asyncio.timeout(_LONGEST_SECONDS):
            writing = asyncio.create_task(self._write(records))
            for death in self._fate.deaths:
                await self._own(death, writing)
            if not self._rests:
                await writing
            while not await self._own(None, writing):
                pass
            for life in self.lives:
                life.go_on()
            await asyncio.sleep(_COMING_BACK_SECONDS)
            while not await self._own(None, writing):
                pass
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()
        return self

    # ── what is written ──

    async def _write(self, records: Sequence[Raw]) -> None:
        for number, raw in enumerate(records):
            await asyncio.sleep(self._random.choice(_PAUSES_SECONDS))
            while number in self._rests and not self._is_quiet():  # noqa: ASYNC110 - nothing tells that there is nothing left to do
                await asyncio.sleep(0.1)
            if raw.append_ms > self._wall.now_ms() and not self._random.randrange(3):
                self._wall.set(raw.append_ms - self._random.choice((1, 1, 250)))
                await asyncio.sleep(0.1)
            self._wall.set(max(self._wall.now_ms(), raw.append_ms))
            self._append(Message(raw.key, raw.value, raw.headers), raw.append_ms)

    def _append(self, message: Message, append_ms: int) -> None:
        self.log.append(StoredRecord(len(self.log), append_ms, message.key, message.value, message.headers))
        self._grown.set()
        self._grown = asyncio.Event()

    async def publish(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
        """See Publisher; in time of trouble only the first of the messages are written."""
        given = list(messages)
        most = self._random.randrange(len(given)) if self._fate.troubles and not self._random.randrange(8) else len(given)
        for message in given[:most]:
            self._publish(topic, partition, message)
        if most < len(given):
            raise Unavailable("only the first were written")

    def _publish(self, topic: str, partition: int, message: Message) -> None:
        if topic == _NAMES.transitions:
            self.topics.transitions.append(json.loads(message.value or b""))
        elif topic == _NAMES.dead_letters:
            headers = dict(message.headers)
            offset, reason = int(headers["source-offset"]), headers["reason"].decode()
            # A crash may write a dead letter again, but never with another reason.
            assert self.topics.dead_letters.setdefault(offset, reason) == reason
        elif dict(message.headers).get(HEADER) in KINDS.values() and not self._answers:
            # Who is who is told by tests of many lanes: here nobody answers.
            self.topics.internal.append((partition, message))
        elif partition == self.place.partition:
            self._append(message, self._wall.now_ms())

    # ── what is read ──

    async def bundle(self, version: int) -> Bundle:
        """See Bundles."""
        if version not in self.bundles:
            raise Rejected(rejection.UNREADABLE_INTERNAL)
        return self.bundles[version]

    async def start(self, _partition: int) -> int:
        """See PastLog."""
        return 0

    async def read(self, _partition: int, offset: int, most: int) -> Sequence[StoredRecord]:
        """See PastLog."""
        return self.log[offset : offset + most]

    async def log_state(self, _partition: int) -> LogState:
        """What the log says of itself."""
        return LogState("t", self.place.partitions, 0, len(self.log))

    # ── who owns it ──

    async def _own(self, death: Death | None, writing: asyncio.Task[None]) -> bool:
        """Let an owner take over and live until it dies, or is fenced by one who came back, or all is done; whether all is done."""
        life = Life(death, self._random, self._fate.troubles)
        self.lives.append(life)
        owner = asyncio.create_task(self._work(life))
        died = asyncio.create_task(life.died.wait())
        self._tasks += [owner]
        while not owner.done() and not life.died.is_set():
            if writing.done() and self._is_quiet():
                break
            await asyncio.wait([owner, died], timeout=0.1 if writing.done() else 1.0)
        died.cancel()
        if death is not None and death.manner != "stands still" and life.died.is_set():
            # What the killed do from here on reaches nobody: every call holds them.
            owner.cancel()
            life.go_on()
        if owner.done():
            owner.result()
        return not life.died.is_set() and not owner.done()

    async def _work(self, life: Life) -> None:
        parts = LaneParts(
            Mortal(self.store, life),
            Mortal(self, life, lambda _, topic, *__: f"publish to {topic.removeprefix(_NAMES.prefix)}"),
            Mortal(self, life),
            self._wall,
            _measures(),
            _NAMES,
            WorkerSettings(),
            Mortal(self, life, lambda name, *_: f"{name} the past"),
        )
        opened = await open_lane(self.place.partition, Mortal(self, life).log_state, parts)
        feeding = asyncio.create_task(self._feed(opened))
        try:
            with suppress(Fenced):
                await opened.run()
        finally:
            feeding.cancel()

    async def _feed(self, opened: Lane) -> None:
        at = opened.memory.header.cursor
        while True:
            records = self.log[at : at + self._random.choice(_SIZES)]
            if records:
                opened.feed(records)
                at += len(records)
                await asyncio.sleep(self._random.choice(_PAUSES_SECONDS))
            else:
                await self._grown.wait()

    def _is_quiet(self) -> bool:
        header, partition = self.header, self.place.partition
        current = header.switches[-1][0]
        asked = self.place.partitions == 1 and header.prepared > current and header.prepared in self.bundles
        due = min(done(self.store.slice_bounds(partition)).values(), default=self._wall.now_ms())
        settled = header.cursor == len(self.log) and len(header.switches) == 1 and not asked
        return settled and due >= self._wall.now_ms() and not done(self.store.outbox(partition))


@contextmanager
def small_lanes() -> Iterator[None]:
    """A batch of a few records has several parts, a filling several slices; a lane rests by the loop's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lane, "_CHUNK_RECORDS", 3)
        patch.setattr(lane, "_CHUNKS_A_TURN", 2)
        patch.setattr(filling, "_SLICE_RECORDS", 3)
        patch.setattr(lane, "perf_counter", lambda: asyncio.get_running_loop().time())
        yield


@cache
def _measures() -> LaneMeasures:
    return LaneMeasures(Metrics(process.CATALOGUE, worker.CATALOGUE))
