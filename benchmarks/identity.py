"""What it costs that an event may be about a person whose lane is another, and that two people may turn out to be one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from benchmarks.rig import OTHER_CORE, WORKER_CORE, Rig, cpu_seconds, load, make_rig, pin_tree, prepare, process, until
from benchmarks.workload import lean_bundle, padded, plain_event, shop_event
from stream.stack.stack import Stack

FORWARDED, LINKING = 0.2, 1 / 200
_WARM_PART = 0.25

Events = Iterator[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the measured events: named by an id that stands for a person in another lane; naming two people who were strangers."""

    forwarded: float
    linking: float


async def linked(stack: Stack, people: int, count: int, database: int) -> dict[str, Any]:
    """The same events of the same people without and with; ``ratio``: of events a second of the worker's CPU."""
    plain = await _measure(stack, "plain", Shares(0, 0), (people, count), database)
    mixed = await _measure(stack, "linked", Shares(FORWARDED, LINKING), (people, count), database + 1)
    ratio = mixed["events_per_cpu_second"] / plain["events_per_cpu_second"]
    return {"people": people, "plain": plain, "linked": mixed, "ratio": round(ratio, 3)}


async def _measure(stack: Stack, name: str, shares: Shares, size: tuple[int, int], database: int) -> dict[str, Any]:
    people, count = size
    guests = int(count * LINKING) * 2
    rig = make_rig(stack, f"bench-identity-{name}.", database, EBBTIDE_WORKER_METRICS_PORT="0")
    await prepare(rig, lean_bundle())
    await load(rig, _acquaintance(people, guests))
    with process(rig, ["worker"], None):
        await until(lambda: _settled(rig, people + guests), 300, 0.2)
    await load(rig, _events(people, count, shares))
    before, passed = people + guests, await _passed(rig)
    for server in (stack.kafka_process, stack.redis_process):
        pin_tree(server.pid, OTHER_CORE)
    with process(rig, ["worker"], WORKER_CORE) as worker:
        started = await until(lambda: _applied_at_least(rig, before + int(count * _WARM_PART)), 300, 0.1)
        first, cpu = await _applied(rig), cpu_seconds(worker.pid)
        ended = await until(lambda: _settled(rig, before + count), 600, 0.1)
        applied, cpu = await _applied(rig) - first, cpu_seconds(worker.pid) - cpu
    return {
        "events": applied,
        "events_per_second": round(applied / (ended - started)),
        "events_per_cpu_second": round(applied / cpu),
        "cpu_us_per_event": round(cpu / applied * 1e6, 1),
        "records_between_lanes_per_event": round((await _passed(rig) - passed) / count, 3),
    }


def _acquaintance(people: int, guests: int) -> Events:
    """Everybody once, so that each browser is known to be somebody's before it is named alone; guests are people of their own."""
    draw = random.Random(1)
    for number in range(people):
        user = f"user-{number:08d}"
        yield f"user:{user}", padded(shop_event(draw, user, number))
    for number in range(guests):
        event = plain_event(UUID(int=draw.getrandbits(128), version=4), "search_done", "", 0)
        del event["userId"]
        event["anonymousId"] = _guest(number)
        yield f"anon:{_guest(number)}", padded(event)


def _events(people: int, count: int, shares: Shares) -> Events:
    draw, chance = random.Random(2), random.Random(3)
    guests = 0
    for _ in range(count):
        number, drawn = draw.randrange(people), chance.random()
        user = f"user-{number:08d}"
        event = shop_event(draw, user, number)
        routing_id = f"user:{user}"
        if drawn < shares.forwarded:
            del event["userId"]
            routing_id = f"anon:{event['anonymousId']}"
        elif drawn < shares.forwarded + shares.linking:
            event["anonymousId"] = _guest(guests)
            guests += 1
        yield routing_id, padded(event)


def _guest(number: int) -> str:
    return str(UUID(int=number + (9 << 100), version=4))


async def _applied(rig: Rig) -> int:
    return sum(header.applied for header in await rig.headers())


async def _applied_at_least(rig: Rig, count: int) -> bool:
    return await _applied(rig) >= count


async def _passed(rig: Rig) -> int:
    return sum(sum(header.sent) for header in await rig.headers())


async def _settled(rig: Rig, count: int) -> bool:
    """All applied, and everything that a lane has told another taken."""
    headers = await rig.headers()
    applied, sent, taken = (sum(each) for each in zip(*((one.applied, sum(one.sent), sum(one.received)) for one in headers), strict=True))
    return bool(applied >= count and sent == taken)
