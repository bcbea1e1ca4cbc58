"""Splitting a person from outside the lanes: the log is read, one record is written, and then it is seen that they are two."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.internal import SPLIT_HEADERS, SplitRecord, split_value
from schemas.routing import partition_of
from schemas.transition import iso_time
from segments.engine import Engine
from stream.cli.deployment import Deployment, log_ends
from stream.cli.erasing import append
from stream.cli.errors import Failed
from stream.cli.lookup import find_person
from stream.cli.output import plain
from stream.explain.people import Found
from stream.replay.split import SidesReader, cut_of, other_person
from stream.runtime.clock import SystemClock
from stream.store.layout import person_digest
from tagging.parting import Cut
from tagging.person import Person

_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Joined:
    """One person, and how it would be cut."""

    found: Found
    cut: Cut
    into: str


async def plan_split(deployment: Deployment, name: str, other: str) -> dict[str, Any]:
    """What a split would do; nothing is written. Raises Failed, Misconfigured, Unavailable."""
    joined = await _joined(deployment, name, other)
    return _plan(joined)


async def split_person(deployment: Deployment, name: str, other: str, wait_seconds: float) -> dict[str, Any]:
    """Split the person; the receipt, when all lanes know. Raises Failed, Misconfigured, Unavailable.

    A person who changes its ids, or whose lane comes to new definitions, while the log is read stays one; then it is read again.
    """
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while True:
        joined = await _joined(deployment, name, other)
        record = await _record(deployment, joined)
        partition, offset, appended_ms = await append(deployment, record.id, split_value(record), SPLIT_HEADERS)
        await until_read(deployment, partition, offset, deadline)
        if await has_taken(deployment, record):
            break
        if asyncio.get_running_loop().time() > deadline:
            raise Failed(
                f"{plain(record.id)} is still one after {wait_seconds:.0f} s: it waits for an answer about an id, or definitions are being "
                "switched\n`ebbtide identity show` tells which ids it has asked for; `ebbtide doctor` whether all lanes work."
            )
        await asyncio.sleep(_POLL_SECONDS)
    await _until_known(deployment, record, deadline, wait_seconds)
    done = {"partition": partition, "offset": offset, "appendedAt": iso_time(appended_ms), "doneAt": iso_time(SystemClock().now_ms())}
    return _plan(joined) | done


def _plan(joined: _Joined) -> dict[str, Any]:
    cut = joined.cut
    return {
        "person": joined.found.person.state.id,
        "into": joined.into,
        "cut": [{"one": one, "other": other} for one, other in cut.pairs],
        "keeps": list(cut.mine),
        "gets": list(cut.theirs),
    }


async def _joined(deployment: Deployment, name: str, other: str) -> _Joined:
    found, far = await find_person(deployment, name), await find_person(deployment, other)
    person = found.person
    if person.state.id != far.person.state.id:
        raise Failed(f"they are two already: {plain(person.state.id)} and {plain(far.person.state.id)}")
    policy = found.history.current.policy
    cut = cut_of(person, found.asked_for, far.asked_for, policy)
    if cut is None:
        raise Failed(
            f"no edge of {plain(far.asked_for)} leads to {plain(found.asked_for)}; `ebbtide identity show` shows the edges\n"
            "An id that joins nobody, as a device, is only noted: there is nothing to split."
        )
    return _Joined(found, cut, other_person(cut, policy))


async def _record(deployment: Deployment, joined: _Joined) -> SplitRecord:
    person, cut = joined.found.person, joined.cut
    (record,) = await records_of(deployment, joined.found.history.current, [(person, cut)])
    return record


async def records_of(deployment: Deployment, engine: Engine, asked: Sequence[tuple[Person, Cut]]) -> list[SplitRecord]:
    """Read the log once for some people of one partition, whose end is asked for first: see ``SidesReader``.

    Raises Misconfigured, Unavailable.
    """
    settings = deployment.settings
    topic, partitions = settings.topics.events, settings.partitions
    own = partition_of(asked[0][0].state.id, partitions)
    before = (await log_ends(settings, topic, partitions)).ends
    after = (await log_ends(settings, topic, partitions)).ends
    ends = [before[number] if number == own else after[number] for number in range(partitions)]
    graves = {}
    for typed_id in (typed_id for _, cut in asked for typed_id in (*cut.mine, *cut.theirs)):
        (grave,) = await deployment.store.tombstones(partition_of(typed_id, partitions), [person_digest(typed_id)])
        if grave is not None:
            graves[typed_id] = grave
    return await SidesReader(engine, deployment.past, ends, graves).records(asked)


async def until_read(deployment: Deployment, partition: int, offset: int, deadline: float) -> None:
    """Until the lane has come to a record (deadline: of the loop's clock). Raises Failed."""
    while (header := await deployment.people.header(partition)) is None or header.cursor <= offset:
        if asyncio.get_running_loop().time() > deadline:
            raise Failed(
                f"the record stands in the log at {partition}/{offset}, and the lane has not come to it\n"
                "It does as it reads on; `ebbtide doctor` shows whether a worker runs and how far it is."
            )
        await asyncio.sleep(_POLL_SECONDS)


async def has_taken(deployment: Deployment, record: SplitRecord) -> bool:
    """Whether the lane has done what the record says: then the person knows the parting."""
    stored = await deployment.people.as_stored(record.id)
    return stored is not None and any(one.into == record.into and one.ends == record.ends for one in stored.identities().partings)


async def _until_known(deployment: Deployment, record: SplitRecord, deadline: float, wait_seconds: float) -> None:
    """Until every id leads to its own side."""
    persons = (record.id, record.into)
    waiting = {typed_id: person for side, person in zip(record.sides, persons, strict=True) for typed_id in side}
    while waiting:
        for typed_id, person in list(waiting.items()):
            stored = await deployment.people.as_stored(typed_id)
            # A person who has become a part of another meanwhile brought its partings along.
            if stored is not None and (stored.state.id == person or stored.state.id not in persons):
                del waiting[typed_id]
        if waiting and asyncio.get_running_loop().time() > deadline:
            raise Failed(f"after {wait_seconds:.0f} s not all lanes have heard of the split: {', '.join(map(plain, waiting))}")
        await asyncio.sleep(_POLL_SECONDS)
