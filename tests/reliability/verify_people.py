"""The verdict where people turn out to be the same: all lanes at once, because what one decides another has caused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import redis.asyncio

from stream.store.layout import DIGEST_BYTES, person_digest
from stream.store.port import LaneHeader
from tagging.codec import unpack
from tests.oracle.compare import canonical
from tests.oracle.deployment import Deployed
from tests.oracle.linking import LinkingLane
from tests.property.verdict import MERGED
from tests.property.who_verdict import known_differences
from tests.reliability.deployment import Deployment
from tests.reliability.verdict import Verdict


async def judge_who(verdict: Verdict, deployment: Deployment, lane: LinkingLane, header: LaneHeader) -> None:
    """What one lane knows of who its people are, and what it has told others of it."""
    verdict.faults += lane.wrong
    verdict.told += Counter(f"{said.kind} {said.phase}".strip() for to_one in lane.sent.values() for said in to_one)
    _judge_told(verdict, lane, header)
    await _judge_known(verdict, deployment, lane)
    await _judge_pointers(verdict, deployment, lane)


def judge_merged(verdict: Verdict, expected: Deployed, bodies: dict[int, list[dict[str, Any]]]) -> None:
    """``bodies``: all that was published, by partition."""
    merged = [one for records in bodies.values() for one in records if one["type"] == MERGED]
    wanted, got = Counter(map(canonical, expected.merged)), Counter(set(map(canonical, merged)))
    if wanted != got:
        verdict.faults.append(f"person.merged: missing {list(wanted - got)[:5]}, unexpected {list(got - wanted)[:5]}")
    verdict.repeated += len(merged) - sum(got.values())
    for number, records in bodies.items():
        late = _after_their_end(records)
        if late:
            verdict.faults.append(f"partition {number}: {late} transitions of people stand behind their person.merged")


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


async def _judge_pointers(verdict: Verdict, deployment: Deployment, lane: LinkingLane) -> None:
    """Every id stands for whom it must, nobody is there twice, and no other key is left."""
    found = await deployment.store.pointers(lane.number, [person_digest(name) for name in lane.pointers])
    wrong = {name: to for (name, to), held in zip(lane.pointers.items(), found, strict=True) if held is None or held.target != to}
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
