"""Splitting people of a deployment in memory, and what each person must be whom splits have left."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.identities import IdentityPolicy
from schemas.internal import CLOCK_HEADERS, CLOCK_VALUE, HEADER, SPLIT_HEADERS, SplitRecord, split_value
from schemas.routing import partition_of
from segments.engine import Engine
from stream.kafka.port import Message, StoredRecord
from stream.replay.split import SidesReader, cut_of
from tagging.parting import Cut
from tagging.person import Person
from tests.oracle.classify import Raw
from tests.oracle.naming import Names
from tests.oracle.outcome import PersonView
from tests.oracle.partition import run_partition
from tests.property.dice import Dice
from tests.property.driver import done
from tests.property.lanes import Deployment
from tests.property.verdict import states, view

_NEAR = 1e-9


@dataclass(frozen=True)
class Logs:
    """The logs as they stand, read again a few records at a time."""

    deployment: Deployment

    async def start(self, _partition: int) -> int:
        return 0

    async def read(self, partition: int, offset: int, most: int) -> Sequence[StoredRecord]:
        found = self.deployment.logs[partition][offset : offset + min(most, 7)]
        return [StoredRecord(raw.offset, raw.append_ms, raw.key, raw.value, raw.headers) for raw in found]


def people(deployment: Deployment) -> Iterator[Person]:
    """Everybody in the stores."""
    for lane in deployment.lanes:
        yield from map(Person, states(lane))


def engine_of(deployment: Deployment) -> Engine:
    """The definitions that hold."""
    return Engine(deployment.bundles[1], secret=deployment.secret)


def drawn_cut(deployment: Deployment, dice: Dice, policy: IdentityPolicy) -> tuple[Person, Cut] | None:
    """Somebody of several ids, and two of them that are joined."""
    known = [one for one in people(deployment) if one.identities().edges]
    if not known:
        return None
    person = dice.pick(known)
    edge = dice.pick(person.identities().edges)
    cut = cut_of(person, edge.one, edge.other, policy)
    return None if cut is None else (person, cut)


def read_sides(
    deployment: Deployment, person: Person, cut: Cut, engine: Engine, meanwhile: Callable[[], None] = lambda: None
) -> SplitRecord:
    """The record that splits a person; ``meanwhile`` happens after the end of its own partition is known, and before the others are."""
    own = partition_of(person.state.id, deployment.partitions)
    end = len(deployment.logs[own])
    meanwhile()
    ends = [end if number == own else len(log) for number, log in enumerate(deployment.logs)]
    return done(_turns(SidesReader(engine, Logs(deployment), ends).record(person, cut)))


async def _turns(call: Coroutine[Any, Any, SplitRecord]) -> SplitRecord:
    """The result; that others have their turn meanwhile means nothing here."""
    try:
        while True:
            call.send(None)
    except StopIteration as stop:
        record: SplitRecord = stop.value
        return record


def split(deployment: Deployment, record: SplitRecord) -> None:
    """Ask for it."""
    deployment.append(partition_of(record.id, deployment.partitions), Message(record.id.encode(), split_value(record), SPLIT_HEADERS))


def settle(deployment: Deployment) -> None:
    """All clocks are the same, and nothing is left to do."""
    deployment.finish()
    for partition in range(deployment.partitions):
        deployment.append(partition, Message(None, CLOCK_VALUE, CLOCK_HEADERS))
    deployment.finish()


def not_as_the_oracle_says(deployment: Deployment) -> list[str]:
    """Each person against the oracle's, who did itself all that its ids have done, and nothing else."""
    found: list[str] = []
    active = deployment.bundles[1]
    for lane in deployment.lanes:
        for state in states(lane):
            person = Person(state)
            expected = _alone(deployment, person.ids())
            got = view(state, active, lane.header.clock)
            found += [f"{state.id}: {line}" for line in _differences(expected, got)]
    return found


def _alone(deployment: Deployment, ids: Sequence[str]) -> PersonView:
    """The person of these ids in a deployment that had no others."""
    names = Names(deployment.bundles[1].identity, deployment.secret)
    mine = [name for name in ids if names.kind(name).joins != "never"] or [ids[0]]
    events = [(raw.append_ms, partition, raw) for partition, log in enumerate(deployment.logs) for raw in log]
    log = [deployment.logs[0][0]]
    for append_ms, _, raw in sorted(events, key=lambda one: (one[0], one[1], one[2].offset)):
        if any(name == HEADER for name, _ in raw.headers):
            continue
        body = json.loads(raw.value or b"")
        stated = names.stated(body)
        if stated and stated[0] in mine:
            log.append(Raw(len(log), append_ms, None, json.dumps(_by_one(body)).encode(), raw.headers))
    log.append(Raw(len(log), deployment.now_ms, None, CLOCK_VALUE, list(CLOCK_HEADERS)))
    outcome = run_partition(log, partition=0, partitions=1, bundles={**deployment.bundles})
    return outcome.persons.get("user:somebody") or PersonView(0, {}, {}, {})


def _by_one(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in ("ids", "anonymousId", "previousId")} | {"userId": "somebody"}


def _differences(expected: PersonView, got: PersonView) -> Iterator[str]:
    for tag in sorted(expected.tags.keys() | got.tags.keys()):
        one, other = expected.tags.get(tag), got.tags.get(tag)
        if one is None or other is None:
            yield f"tag {tag}: expected {one}, got {other}"
            continue
        exact = [getattr(one, name) != getattr(other, name) for name in ("count", "first_at", "last_at")]
        if any(exact) or any(abs(a - b) > _NEAR * (1 + one.magnitude) for a, b in ((one.weight, other.weight), (one.score, other.score))):
            yield f"tag {tag}: expected {one}, got {other}"
    if expected.tags or got.tags:
        inside = [{segment for segment, held in each.memberships.items() if held.inside} for each in (expected, got)]
        if inside[0] != inside[1]:
            yield f"is in {inside[1]}, expected {inside[0]}"
    if json.dumps(expected.traits, sort_keys=True) != json.dumps(got.traits, sort_keys=True):
        yield f"traits: expected {expected.traits}, got {got.traits}"
