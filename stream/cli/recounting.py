"""Counting people anew from the log, whom splits have left: later definitions know their past only nearly, until that is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.errors import Misconfigured
from schemas.internal import SPLIT_HEADERS, SplitRecord, split_value
from stream.cli.deployment import Deployment
from stream.cli.erasing import append
from stream.cli.errors import Failed
from stream.cli.lookup import find_person
from stream.cli.output import plain
from stream.cli.splitting import has_taken, records_of, until_read
from stream.replay.split import nothing_cut
from tagging.identities import has_parted
from tagging.parting import Cut
from tagging.person import Person

_AT_ONCE: Final = 100
_PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Recounted:
    """Who has been counted anew, and who can not be, with the reason."""

    done: list[str]
    left_out: dict[str, str]


async def split_people(deployment: Deployment) -> list[str]:
    """The canonical ids of all whom splits have left. Raises Unavailable."""
    found = []
    for partition, header in (await deployment.headers()).items():
        if header is not None and header.parted:
            found += [one.state.id async for one in deployment.people.stored(partition) if has_parted(one.state.identities)]
    return sorted(found)


async def recount(deployment: Deployment, names: Iterable[str], wait_seconds: float, tell: Callable[[int], None]) -> Recounted:
    """Count people anew, each of whom may be named by any id; ``tell`` hears how many are done.

    Who changes its ids, or whose lane comes to new definitions, while the log is read is counted again.
    Raises Failed, Misconfigured, Unavailable.
    """
    result, waiting = Recounted([], {}), list(dict.fromkeys(names))
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while waiting:
        taken = await _round(deployment, waiting[:_AT_ONCE], result, deadline)
        if taken:
            deadline = asyncio.get_running_loop().time() + wait_seconds
        elif asyncio.get_running_loop().time() > deadline:
            raise Failed(
                f"{plain(waiting[0])} has not been counted anew after {wait_seconds:.0f} s: definitions are being switched, or its ids "
                "change\n`ebbtide doctor` shows whether all lanes work; who is done stays done."
            )
        else:
            await asyncio.sleep(_PAUSE_SECONDS)
        waiting = [name for name in waiting if name not in taken]
        tell(len(result.done) + len(result.left_out))
    return result


async def _round(deployment: Deployment, names: Sequence[str], result: Recounted, deadline: float) -> set[str]:
    """One reading of the log for those of one partition; which names it has settled."""
    found = {name: await find_person(deployment, name) for name in names}
    partition = next(iter(found.values())).partition
    asked: dict[str, tuple[Person, Cut]] = {}
    engine = next(iter(found.values())).history.current
    for one in found.values():
        person_id = one.person.state.id
        if one.partition == partition and person_id not in result.done:
            try:
                asked[person_id] = (one.person, nothing_cut(one.person, engine.policy))
            except Misconfigured as why:
                result.left_out[person_id] = str(why)
    if asked:
        await _settle(deployment, await records_of(deployment, engine, list(asked.values())), result, deadline)
    return {name for name, one in found.items() if one.person.state.id in (*result.done, *result.left_out)}


async def _settle(deployment: Deployment, records: Iterable[SplitRecord], result: Recounted, deadline: float) -> None:
    """Ask for it, and note who has been counted anew."""
    appended = [(record, await append(deployment, record.id, split_value(record), SPLIT_HEADERS)) for record in records]
    for record, (partition, offset, _) in appended:
        await until_read(deployment, partition, offset, deadline)
        if await has_taken(deployment, record):
            result.done.append(record.id)
