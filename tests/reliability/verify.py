"""The verdict after the faults: what the log says must be true against what Ebbtide has done."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

from schemas.definitions.model import Bundle
from stream.store.layout import person_digest
from stream.store.port import LaneHeader
from tagging.codec import unpack
from tests.oracle.classify import Raw
from tests.oracle.compare import compare
from tests.oracle.deployment import Deployed
from tests.oracle.linking import LinkingLane
from tests.oracle.parallel import run_in_processes
from tests.oracle.partition import Outcome
from tests.property.verdict import MERGED, person_differences, view
from tests.reliability.deployment import Deployment
from tests.reliability.load import Load, digest
from tests.reliability.verdict import Verdict
from tests.reliability.verify_people import judge_merged, judge_who


async def verify(deployment: Deployment, load: Load | None = None) -> Verdict:
    """Read everything back and judge it, all lanes together; call it when the deployment is drained and its workers have ended."""
    partitions, topics = range(deployment.partitions), deployment.settings.topics
    log = await deployment.read(topics.events, partitions)
    published = await deployment.read(topics.transitions, partitions)
    letters = (await deployment.read(topics.dead_letters, [0]))[0]
    headers = await deployment.headers()
    raw = [[_raw(record) for record in log[number]] for number in partitions]
    expected = await asyncio.to_thread(run_in_processes, raw, {0: Bundle(), **deployment.bundles})
    verdict = Verdict(records=sum(map(len, raw)), merges=len(expected.merged))
    verdict.faults += [f"nothing told partition {partition} what stands at {offset}" for partition, offset in expected.waiting]
    if load is not None:
        there = Counter(digest(record.value or b"") for records in log.values() for record in records)
        verdict.lost = sum((load.sent - there).values())
    for lane, outcome in zip(expected.lanes, expected.outcomes, strict=True):
        _judge_counters(verdict, lane, headers[lane.number], outcome, len(raw[lane.number]))
        await _judge_people(verdict, deployment, lane.number, outcome)
        await judge_who(verdict, deployment, lane, headers[lane.number])
    _judge_transitions(verdict, expected, published)
    _judge_dead_letters(verdict, dict(enumerate(expected.outcomes)), log, letters)
    return verdict


def _raw(record: Any) -> Raw:
    return Raw(record.offset, record.timestamp, record.key, record.value, list(record.headers))


def _judge_counters(verdict: Verdict, lane: LinkingLane, header: LaneHeader, outcome: Outcome, end: int) -> None:
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
        # Who is part of another by now has had a number too, which is not given again.
        len(outcome.persons) + len(lane.merged),
        len(outcome.transitions),
    )
    if held != wanted:
        names = "cursor applied duplicates dead_letters clock people transitions"
        verdict.faults.append(f"partition {lane.number}, header ({names}): {held}, expected {wanted}")


async def _judge_people(verdict: Verdict, deployment: Deployment, partition: int, outcome: Outcome) -> None:
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


def _judge_transitions(verdict: Verdict, expected: Deployed, published: dict[int, list[Any]]) -> None:
    wanted = [one for outcome in expected.outcomes for one in outcome.transitions]
    verdict.expected = len(wanted) + len(expected.merged)
    verdict.timed = sum(one["data"]["cause"] == "time" for one in wanted)
    bodies = {number: [json.loads(record.value) for record in records] for number, records in published.items()}
    found = [body for records in bodies.values() for body in records]
    verdict.difference = compare(wanted, [one for one in found if one["type"] != MERGED])
    verdict.repeated = verdict.difference.repeated
    judge_merged(verdict, expected, bodies)
    for number, records in bodies.items():
        people = expected.outcomes[number].persons.keys() | expected.lanes[number].pointers.keys()
        astray = sum(record["data"].get("person", record["data"].get("from")) not in people for record in records)
        if astray:
            verdict.faults.append(f"{astray} transitions stand in partition {number}, where their people are not")


def _judge_dead_letters(verdict: Verdict, outcomes: dict[int, Outcome], log: dict[int, list[Any]], letters: list[Any]) -> None:
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
