"""Drawn lives of a spool: writes, drains, kills at any byte, full disks, damaged bytes, small files.

A lane that reads what is drained keeps the greatest number of each collector. For it, nothing acknowledged may be missing but what was
damaged, nothing may come twice, and what is taken must come in the order in which it was accepted.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.spool_mark import HEADER, Marks, is_repeat, pack_mark
from tests.unit.collectors.spool.disk import Killed, failing, files, kill, no_space, opened, record

LANES = 3
EXAMPLES = {"soak": 2_000, "few": 20}.get(os.environ.get("EBBTIDE_HYPOTHESIS", ""), 80)

WRITE = st.tuples(st.just("write"), st.lists(st.tuples(st.integers(0, LANES - 1), st.integers(0, 900)), min_size=1, max_size=8))
BAD_WRITE = st.tuples(st.sampled_from(("kill in write", "disk full", "sync fails")), st.integers(0, 3_000))
DRAIN = st.tuples(st.just("drain"), st.tuples(st.integers(0, LANES - 1), st.integers(1, 9)))
OTHER = st.tuples(st.sampled_from(("kill", "kill in drain", "save", "close")), st.integers(0, LANES - 1))
DAMAGE = st.tuples(st.just("damage"), st.integers(0, 1 << 30))
STEPS = st.lists(st.one_of(WRITE, WRITE, DRAIN, BAD_WRITE, OTHER, DAMAGE), max_size=40)


@dataclass
class Life:
    """The spool, what was acknowledged, and what a lane has taken of what was drained."""

    folder: Path
    number: int = 0
    accepted: list[tuple[int, bytes]] = field(default_factory=list)
    unsure: set[bytes] = field(default_factory=set)
    taken: list[list[bytes]] = field(default_factory=lambda: [[] for _ in range(LANES)])
    marks: list[Marks] = field(default_factory=lambda: [{} for _ in range(LANES)])
    damages: int = 0

    def __post_init__(self) -> None:
        self.log = opened(self.folder)

    def step(self, kind: str, given: object) -> None:
        getattr(self, kind.replace(" ", "_"))(given)

    def group(self, sizes: object) -> list[tuple[int, int]]:
        assert isinstance(sizes, list)
        return sizes

    def write(self, sizes: list[tuple[int, int]]) -> None:
        records = []
        for lane, size in sizes:
            self.number += 1
            records.append(record(lane, self.number, size))
        self.log.append(records)
        self.accepted += [(each.lane, each.value) for each in records]

    def _fail(self, at_byte: int, error: BaseException, *, in_sync: bool = False) -> None:
        self.number += 2
        records = [record(0, self.number - 1, 300), record(1, self.number, 300)]
        self.unsure |= {each.value for each in records}
        try:
            with failing(at_byte, error, in_sync=in_sync):
                self.log.append(records)
        except OSError:
            return
        except Killed:
            self.kill(0)
            return
        self.unsure -= {each.value for each in records}
        self.accepted += [(each.lane, each.value) for each in records]

    def kill_in_write(self, at_byte: int) -> None:
        self._fail(at_byte, Killed())

    def disk_full(self, at_byte: int) -> None:
        self._fail(at_byte, no_space())

    def sync_fails(self, _: int) -> None:
        self._fail(0, no_space(), in_sync=True)

    def drain(self, given: tuple[int, int]) -> None:
        lane, most = given
        self.log.done(lane, self._publish(lane, most))

    def kill_in_drain(self, lane: int) -> None:
        self._publish(lane, 5)
        self.kill(0)

    def _publish(self, lane: int, most: int) -> int:
        records, _ = self.log.read(lane, most, 2_000)
        for each in records:
            if not is_repeat([(HEADER, pack_mark(each.name, each.number))], self.marks[lane]):
                self.taken[lane].append(each.value)
        return len(records)

    def kill(self, _: int) -> None:
        kill(self.log)
        self.log = opened(self.folder)
        self.number = 0 if self.number > 40 else self.number

    def close(self, _: int) -> None:
        self.log.close()
        self.log = opened(self.folder)

    def save(self, _: int) -> None:
        self.log.save()

    def damage(self, draw: int) -> None:
        paths = [path for path in files(self.folder) if path.stat().st_size]
        if not paths:
            return
        path = paths[draw % len(paths)]
        with path.open("r+b") as file:
            at = draw % path.stat().st_size
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << draw % 8]))
        self.damages += 1

    def end(self) -> None:
        for lane in range(LANES):
            while count := self._publish(lane, 9):
                self.log.done(lane, count)
        self.log.close()


@pytest.mark.timeout(900)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=tuple(HealthCheck))
@given(STEPS)
def test_nothing_acknowledged_is_lost_or_taken_twice_and_lanes_keep_their_order(steps: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        life = Life(Path(folder))
        for kind, what in steps:
            life.step(kind, what)
        life.end()
        assert files(life.folder) == []
    lost = 0
    for lane in range(LANES):
        accepted = [value for each, value in life.accepted if each == lane]
        sure = [value for value in life.taken[lane] if value not in life.unsure]
        missing = Counter(accepted) - Counter(sure)
        lost += missing.total()
        assert not Counter(life.taken[lane]) - Counter(accepted) - Counter(life.unsure), "something came twice, or from nowhere"
        kept = iter(accepted)
        assert all(any(value == other for other in kept) for value in sure), "the order is another"
    assert lost <= life.damages
