"""A dry run says of people what the lane then does: the lane here is a replay's, over a store and a log in memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from schemas.definitions.model import Bundle
from schemas.internal import DEFINITIONS_HEADERS, definitions_value
from schemas.person_merged import PersonMerged
from schemas.transition import Transition
from stream.explain import dry_run
from stream.explain.dry_run import DryRun, Progress, Rehearsal
from stream.explain.past import Held, held
from stream.explain.people import PeopleReader
from stream.kafka.port import Record, StoredRecord
from stream.replay.lane import ReplayLane
from tagging.state import PersonState
from tests.unit.segments.scene import bundle_of

T = 1_764_000_000_000
PEOPLE = 300
OLD = """
tags:
  - {id: buyer, rules: [{event: bought}]}
segments:
  - {id: here, when: {event: viewed, within: 5s}}
  - {id: going, when: {event: viewed}}
  - {id: rested, paused: true, when: {event: bought}}
  - {id: rare, at_most: {times: 1, per: 1h}, when: {event: viewed, within: 20s}}
"""
NEW = """
tags:
  - {id: buyer, rules: [{event: bought}]}
  - {id: keen, half_life: 1h, rules: [{event: viewed, where: {properties.n: {gte: 4}}}]}
segments:
  - {id: here, when: {event: viewed, within: 10m, count: {gte: 8}}}
  - {id: keen, when: {tag: keen, score: {gte: 1.5}}}
  - {id: rich, when: {event: bought, sum: {property: properties.n, gte: 9}}}
  - {id: going, archived: true, when: {event: viewed}}
  - {id: rested, when: {event: bought}}
  - {id: quiet, paused: true, when: {event: bought, count: {gte: 2}}}
  - {id: rare, at_most: {times: 1, per: 1h}, when: {event: viewed, within: 20s}}
"""


class Log:
    """A partition's log, of which the first records may be gone."""

    def __init__(self, records: Sequence[StoredRecord], first: int = 0) -> None:
        self.records = records
        self.first = first
        self.reads = 0

    async def start(self, partition: int) -> int:
        return self.first

    async def read(self, partition: int, offset: int, most: int) -> Sequence[Record]:
        self.reads += 1
        return self.records[offset : offset + most]


class Sets:
    def __init__(self, *bundles: Bundle) -> None:
        self._bundles = {0: Bundle(), **{bundle.version: bundle for bundle in bundles}}

    async def bundle(self, version: int) -> Bundle:
        return self._bundles[version]


class Scene:
    """A lane that has read 3000 events of 300 people, 37 of them early, under OLD. ``told``: how far a dry run said it was."""

    def __init__(self, new: str = NEW) -> None:
        self.old = bundle_of(OLD)
        self.new = bundle_of(new, self.old)
        records = [switch(0, 1)]
        for number in range(1, 3_000):
            name = "bought" if number % 7 == 0 else "viewed"
            event: dict[str, Any] = {
                "type": "track",
                "event": name,
                "userId": f"u{number % (37 if number < 1_500 else PEOPLE)}",
                "id": f"m{number}",
            }
            records.append(StoredRecord(number, T + number * 100, b"", json.dumps({**event, "properties": {"n": number % 6}}).encode()))
        self.log = Log(records)
        self.transitions: list[Transition | PersonMerged] = []
        self.lane = ReplayLane(0, 1, Sets(self.old, self.new), self.log, self.transitions.extend)
        self.people = PeopleReader(self.lane._store, Sets(self.old, self.new), 1)
        self.told: list[tuple[int, int, int]] = []

    async def states(self) -> list[PersonState]:
        found = [one async for one in self.people.everybody(0, T + 300_000)]
        return [one.person.state for one in found]

    async def stored(self) -> list[bytes | None]:
        digests = [digest for number in range(3) for digest in await self.people.digests(0, number)]
        return await self.lane._store.persons(0, digests)

    async def rehearse(self, now_ms: int) -> DryRun:
        def tell(progress: Progress) -> None:
            self.told.append((progress.people, progress.read, progress.of))

        return await Rehearsal(self.people, Sets(self.old, self.new), self.log, 1, tell).run(self.old, self.new, now_ms)


def switch(offset: int, version: int, at: int = 0) -> StoredRecord:
    return StoredRecord(offset, T + at, None, definitions_value(version, "activate"), DEFINITIONS_HEADERS)


@pytest.mark.parametrize("slices_at_once", [1_600, 1])
async def test_a_dry_run_says_whom_the_switch_then_enters_and_lets_leave(monkeypatch: pytest.MonkeyPatch, slices_at_once: int) -> None:
    monkeypatch.setattr(dry_run, "SLICES_AT_ONCE", slices_at_once)
    scene = Scene()
    await scene.lane.read(scene.log.records)
    now_ms = T + 300_000

    run = await scene.rehearse(now_ms)
    scene.transitions.clear()
    scene.log.records = [*scene.log.records, switch(3_000, 2, 300_000)]
    await scene.lane.read(scene.log.records[3_000:])
    caused = [one for one in scene.transitions if isinstance(one, Transition) and one.cause == "definition"]

    assert all(one.timestamp == now_ms for one in caused)
    entered = Counter(one.segment for one in caused if one.sequence & 1)
    left = Counter(one.segment for one in caused if not one.sequence & 1)
    assert {each.segment: each.entered for each in run.segments if each.entered} == entered
    assert {each.segment: each.left for each in run.segments if each.left} == left
    assert {"keen", "rich", "here", "rested"} <= entered.keys()
    assert {"going", "here"} <= left.keys()
    parts = 3 if slices_at_once == 1 else 1
    assert (run.people, run.records) == (len(await scene.stored()), 3_000 * parts)
    assert scene.told[-1] == (run.people, run.records, run.records)


async def test_membership_is_by_the_condition_and_publishing_a_matter_of_its_own() -> None:
    scene = Scene()
    await scene.lane.read(scene.log.records)

    run = await scene.rehearse(T + 300_000)
    by_name = {each.segment: each for each in run.segments}
    rested, quiet, going, rare = (by_name[name] for name in ("rested", "quiet", "going", "rare"))

    assert rested.before == rested.after == rested.entered > 0
    assert (rested.enters, rested.leaves) == (0, 0)
    assert quiet.enters == quiet.after > 0
    assert quiet.entered == 0
    assert {(example.enters, example.published) for example in quiet.examples} == {(True, False)}
    assert (going.after, going.leaves, going.left) == (0, going.before, going.before)
    assert going.examples[0].reasons == ("the segment is gone",)
    assert (rare.before, rare.enters, rare.leaves, rare.entered, rare.left) == (rare.after, 0, 0, 0, 0)
    assert rare.before > sum(state.members.get(scene.new.numbers.segments["rare"], 0) & 1 for state in await scene.states())


async def test_the_examples_say_what_the_past_says() -> None:
    scene = Scene()
    await scene.lane.read(scene.log.records)

    (keen,) = [each for each in (await scene.rehearse(T + 300_000)).segments if each.segment == "keen"]

    assert len(keen.examples) == 10 < keen.enters
    assert {reason for example in keen.examples for reason in example.reasons} == {"score of keen ≥ 1.5: holds"}


async def test_nothing_is_read_of_the_log_if_nothing_needs_it() -> None:
    scene = Scene(OLD.replace("within: 5s", "within: 2s"))
    await scene.lane.read(scene.log.records)

    run = await scene.rehearse(T + 300_000)

    assert (run.records, scene.log.reads) == (0, 0)
    assert sum(each.leaves for each in run.segments) > 0


async def test_a_dry_run_writes_nothing() -> None:
    scene = Scene()
    await scene.lane.read(scene.log.records)
    before = [scene.lane.header, await scene.stored()]

    await scene.rehearse(T + 300_000)

    assert [scene.lane.header, await scene.stored()] == before


@pytest.mark.parametrize(
    ("first", "records", "since"),
    [(0, [switch(0, 1)], None), (1, [switch(0, 1), switch(1, 2, 5)], T + 5), (1, [switch(0, 1)], T + 9)],
)
async def test_a_log_holds_all_there_was_or_begins_with_its_first_record(first: int, records: list[StoredRecord], since: int) -> None:
    assert await held(Log(records, first), 1, 7, T + 9) == Held(since, 7)
