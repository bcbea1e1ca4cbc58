"""The verdict after the faults: what the log says must be true against what Ebbtide has done."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from schemas.definitions.model import Bundle
from stream.store.layout import person_digest
from stream.store.port import LaneHeader
from tagging.codec import unpack
from tests.oracle.classify import Raw, partition_of
from tests.oracle.compare import Difference, compare
from tests.oracle.partition import Outcome, run_partition
from tests.property.verdict import person_differences, view
from tests.reliability.deployment import Deployment
from tests.reliability.load import Load, digest

_PROCESSES = 2


@dataclass
class Verdict:
    """Everything counted. ``lost``: acknowledged events that are not in the log; ``faults``: sentences, empty when all is well."""

    records: int = 0
    applied: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    lost: int = 0
    people: int = 0
    expected: int = 0
    timed: int = 0
    repeated: int = 0
    difference: Difference = field(default_factory=Difference)
    faults: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.lost and self.difference.is_empty and not self.faults

    def describe(self) -> str:
        return "\n".join(
            [
                f"{self.records} records: {self.applied} applied, {self.duplicates} repeats, {self.dead_letters} dead letters",
                f"{self.lost} acknowledged events are not in the log",
                f"{self.people} people; {self.expected} transitions expected, {self.timed} of them without an event",
                self.difference.describe(),
                f"faults: {len(self.faults)}",
                *self.faults[:20],
            ]
        )

    def figures(self) -> dict[str, int]:
        difference = self.difference
        counts = {name: len(getattr(difference, name)) for name in ("missing", "unexpected", "differing", "two_ids", "out_of_order")}
        own = ("records", "applied", "duplicates", "dead_letters", "lost", "people", "expected", "timed", "repeated")
        return {name: int(getattr(self, name)) for name in own} | counts | {"faults": len(self.faults)}


async def verify(deployment: Deployment, load: Load | None = None) -> Verdict:
    """Read everything back and judge it; call it when the deployment is drained and its workers have ended."""
    partitions = range(deployment.partitions)
    log = await deployment.read(deployment.settings.topics.events, partitions)
    published = await deployment.read(deployment.settings.topics.transitions, partitions)
    letters = (await deployment.read(deployment.settings.topics.dead_letters, [0]))[0]
    headers = await deployment.headers()
    raw = {number: [raw_of(record) for record in records] for number, records in log.items()}
    outcomes = await _outcomes(raw, deployment.bundles)
    verdict = Verdict(records=sum(map(len, log.values())))
    if load is not None:
        there = Counter(digest(record.value or b"") for records in log.values() for record in records)
        verdict.lost = sum((load.sent - there).values())
    for number, outcome in outcomes.items():
        judge_counters(verdict, number, headers[number], outcome, len(log[number]))
        await judge_people(verdict, deployment, number, outcome)
    _judge_transitions(verdict, outcomes, published)
    judge_dead_letters(verdict, outcomes, log, letters)
    return verdict


def raw_of(record: Any) -> Raw:
    """A record of the topic as the oracle reads it."""
    return Raw(record.offset, record.timestamp, record.key, record.value, list(record.headers))


async def _outcomes(raw: dict[int, list[Raw]], bundles: dict[int, Bundle]) -> dict[int, Outcome]:
    loop = asyncio.get_running_loop()
    # fork would copy the event loop's threads half way; spawn begins clean.
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        found = await asyncio.gather(*[loop.run_in_executor(pool, _outcome, records, n, len(raw), bundles) for n, records in raw.items()])
    return dict(zip(raw, found, strict=True))


def _outcome(records: list[Raw], partition: int, partitions: int, bundles: dict[int, Bundle]) -> Outcome:
    return run_partition(records, partition=partition, partitions=partitions, bundles=bundles)


def judge_counters(verdict: Verdict, partition: int, header: LaneHeader, outcome: Outcome, end: int, absorbed: int = 0) -> None:
    """``absorbed``: how many people of the partition are part of others by now; their numbers are not given again."""
    verdict.applied += outcome.applied
    verdict.duplicates += outcome.duplicates
    verdict.dead_letters += len(outcome.dead_letters)
    verdict.people += len(outcome.persons)
    held = (header.cursor, header.applied, header.duplicates, header.dead_letters, header.clock, header.people, header.transitions)
    wanted = (
        end,
        outcome.applied,
        outcome.duplicates,
        len(outcome.dead_letters),
        outcome.clock_ms,
        len(outcome.persons) + absorbed,
        len(outcome.transitions),
    )
    if held != wanted:
        names = "cursor applied duplicates dead_letters clock people transitions"
        verdict.faults.append(f"partition {partition}, header ({names}): {held}, expected {wanted}")


async def judge_people(verdict: Verdict, deployment: Deployment, partition: int, outcome: Outcome) -> None:
    """Everybody in the store, and how many each segment has."""
    bundle = deployment.bundles[max(deployment.bundles)]
    names = list(outcome.persons)
    for at in range(0, len(names), 1000):
        asked = names[at : at + 1000]
        packed = await deployment.store.persons(partition, [person_digest(name) for name in asked])
        for name, body in zip(asked, packed, strict=True):
            if body is None:
                verdict.faults.append(f"{name} is not in the store")
                continue
            held = view(unpack(body), bundle, outcome.clock_ms)
            verdict.faults += [f"{name}: {line}" for line in person_differences(outcome.persons[name], held)]
    # Of a segment whose entries may be held back, what is published is not who is in it.
    held_back = {one.id for one in bundle.segments if one.paused or one.at_most is not None}
    for segment, number in bundle.numbers.segments.items():
        if segment in held_back:
            continue
        inside = sum(person.memberships[segment].inside for person in outcome.persons.values() if segment in person.memberships)
        if (count := await deployment.store.member_count(partition, number)) != inside:
            verdict.faults.append(f"partition {partition}: {count} members of {segment}, expected {inside}")


def _judge_transitions(verdict: Verdict, outcomes: dict[int, Outcome], published: dict[int, list[Any]]) -> None:
    expected = [one for outcome in outcomes.values() for one in outcome.transitions]
    bodies = {number: [json.loads(record.value) for record in records] for number, records in published.items()}
    judge_transitions(verdict, expected, bodies)


def judge_transitions(verdict: Verdict, expected: list[dict[str, Any]], bodies: dict[int, list[dict[str, Any]]]) -> None:
    """All that was published, by partition, against what must have been."""
    verdict.expected = len(expected)
    verdict.timed = sum(one["data"]["cause"] == "time" for one in expected)
    verdict.difference = compare(expected, [body for records in bodies.values() for body in records])
    verdict.repeated = verdict.difference.repeated
    for number, records in bodies.items():
        astray = sum(partition_of(record["data"]["person"], len(bodies)) != number for record in records)
        if astray:
            verdict.faults.append(f"{astray} transitions stand in partition {number}, where their people are not")


def judge_dead_letters(verdict: Verdict, outcomes: dict[int, Outcome], log: dict[int, list[Any]], letters: list[Any]) -> None:
    """Each dead letter of the oracle stands on the topic with its reason and its bytes; a crash may write one twice."""
    found: dict[tuple[int, int], set[tuple[str, bytes | None]]] = {}
    for letter in letters:
        headers = dict(letter.headers)
        place = (int(headers["source-partition"]), int(headers["source-offset"]))
        found.setdefault(place, set()).add((headers["reason"].decode(), letter.value))
    wanted = {
        (number, offset): {(reason, log[number][offset].value)}
        for number, outcome in outcomes.items()
        for offset, reason in outcome.dead_letters
    }
    for place in wanted.keys() | found.keys():
        if wanted.get(place) != found.get(place):
            reasons = [sorted(reason for reason, _ in side.get(place, set())) for side in (found, wanted)]
            verdict.faults.append(f"record {place}: dead-lettered as {reasons[0]}, expected {reasons[1]}")
