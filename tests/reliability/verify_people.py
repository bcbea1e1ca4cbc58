"""The verdict where people turn out to be the same: all lanes at once, because what one decides another has caused."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import redis.asyncio

from schemas.definitions.model import Bundle
from stream.store.layout import DIGEST_BYTES, person_digest
from stream.store.port import LaneHeader
from tagging.codec import unpack
from tests.oracle.compare import canonical
from tests.oracle.deployment import Deployed, run_deployment
from tests.oracle.linking import LinkingLane
from tests.property.verdict import MERGED
from tests.property.who_verdict import known_differences
from tests.reliability.deployment import Deployment
from tests.reliability.load import Load, digest
from tests.reliability.verify import Verdict, judge_counters, judge_dead_letters, judge_people, judge_transitions, raw_of


@dataclass
class PeopleVerdict(Verdict):
    """``merged``: persons who became part of others; ``pointers``: ids that stand for somebody; ``told``: records between lanes by kind."""

    merged: int = 0
    pointers: int = 0
    told: Counter[str] | None = None

    def describe(self) -> str:
        return f"{super().describe()}\n{self.merged} merges, {self.pointers} pointers; told: {dict(self.told or {})}"

    def figures(self) -> dict[str, int]:
        return super().figures() | {"merged": self.merged, "pointers": self.pointers} | dict(self.told or {})


async def verify_people(deployment: Deployment, load: Load) -> PeopleVerdict:
    """Read everything back and judge it; call it when the deployment is drained and its workers have ended."""
    partitions, topics = range(deployment.partitions), deployment.settings.topics
    log = await deployment.read(topics.events, partitions)
    published = await deployment.read(topics.transitions, partitions)
    letters = (await deployment.read(topics.dead_letters, [0]))[0]
    headers = await deployment.headers()
    raw = [[raw_of(record) for record in log[number]] for number in partitions]
    expected = await asyncio.to_thread(run_deployment, raw, {0: Bundle(), **deployment.bundles})
    verdict = PeopleVerdict(records=sum(map(len, raw)), merged=len(expected.merged))
    sent = (said for lane in expected.lanes for to_one in lane.sent.values() for said in to_one)
    verdict.told = Counter(f"{said.kind} {said.phase}".strip() for said in sent)
    verdict.faults += [f"nothing told partition {partition} what stands at {offset}" for partition, offset in expected.waiting]
    there = Counter(digest(record.value or b"") for records in log.values() for record in records)
    verdict.lost = sum((load.sent - there).values())
    for lane, outcome in zip(expected.lanes, expected.outcomes, strict=True):
        verdict.faults += lane.wrong
        judge_counters(verdict, lane.number, headers[lane.number], outcome, len(raw[lane.number]), len(lane.merged))
        _judge_told(verdict, lane, headers[lane.number])
        await judge_people(verdict, deployment, lane.number, outcome)
        await _judge_known(verdict, deployment, lane)
        await _judge_pointers(verdict, deployment, lane)
    _judge_published(verdict, expected, published)
    judge_dead_letters(verdict, dict(enumerate(expected.outcomes)), log, letters)
    return verdict


def _judge_told(verdict: Verdict, lane: LinkingLane, header: LaneHeader) -> None:
    """How many records went to each lane, and came from there."""
    partitions = range(lane.partitions)
    nothing = (0,) * lane.partitions
    wanted = [len(lane.sent[one]) for one in partitions], [lane.taken[one] for one in partitions]
    held = list(header.sent or nothing), list(header.received or nothing)
    if held != wanted:
        verdict.faults.append(f"partition {lane.number}: sent and received {held}, expected {wanted}")


async def _judge_known(verdict: Verdict, deployment: Deployment, lane: LinkingLane) -> None:
    names = list(lane.persons)
    packed = await deployment.store.persons(lane.number, [person_digest(name) for name in names])
    for name, body in zip(names, packed, strict=True):
        if body is not None:
            verdict.faults += known_differences(lane.persons[name], unpack(body), lane.clock_ms)


async def _judge_pointers(verdict: PeopleVerdict, deployment: Deployment, lane: LinkingLane) -> None:
    """Every id stands for whom it must, nobody is there twice, and no other key is left."""
    found = await deployment.store.pointers(lane.number, [person_digest(name) for name in lane.pointers])
    wrong = {name: to for (name, to), held in zip(lane.pointers.items(), found, strict=True) if held != to.encode()}
    if wrong:
        verdict.faults.append(f"partition {lane.number}: {len(wrong)} ids stand for others than {wrong}")
    verdict.pointers += len(lane.pointers)
    tag = b"{%d}" % lane.number
    client = redis.asyncio.Redis.from_url(deployment.settings.redis)
    try:
        hashes = [key async for key in client.scan_iter(match=tag + b"i*", count=1000, _type="hash")]
        pointers = sum([await client.hlen(key) for key in hashes])
        strings = [key async for key in client.scan_iter(match=tag + b"*", count=1000, _type="string")]
    finally:
        await client.aclose()
    people = sum(len(key) == len(tag) + DIGEST_BYTES for key in strings)
    if (pointers, people) != (len(lane.pointers), len(lane.persons)):
        wanted = f"{len(lane.pointers)} and {len(lane.persons)}"
        verdict.faults.append(f"partition {lane.number} holds {pointers} pointers and {people} people, expected {wanted}")


def _judge_published(verdict: Verdict, expected: Deployed, published: dict[int, list[Any]]) -> None:
    bodies = {number: [json.loads(record.value) for record in records] for number, records in published.items()}
    plain = {number: [one for one in records if one["type"] != MERGED] for number, records in bodies.items()}
    judge_transitions(verdict, [one for outcome in expected.outcomes for one in outcome.transitions], plain)
    merged = [one for records in bodies.values() for one in records if one["type"] == MERGED]
    wanted, got = Counter(map(canonical, expected.merged)), Counter(set(map(canonical, merged)))
    if wanted != got:
        verdict.faults.append(f"person.merged: missing {list(wanted - got)[:5]}, unexpected {list(got - wanted)[:5]}")
    verdict.repeated += len(merged) - sum(got.values())
    verdict.expected += len(expected.merged)
    for number, records in bodies.items():
        late = _after_their_end(records)
        if late:
            verdict.faults.append(f"partition {number}: {late} transitions of people stand behind their person.merged")


def _after_their_end(records: list[dict[str, Any]]) -> int:
    """How many transitions, repeats aside, come after the person has become part of another."""
    seen: set[str] = set()
    ended: set[str] = set()
    late = 0
    for record in records:
        data = record["data"]
        if data["id"] in seen:
            continue
        seen.add(data["id"])
        if record["type"] == MERGED:
            ended.add(data["from"])
        else:
            late += data["person"] in ended
    return late
