"""The whole language under kills: definitions drawn at random, events drawn at random, and the oracle over the log as it lies."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from schemas.definitions.model import Bundle
from schemas.routing import routing_id
from tests.corpus.generate import ShopEvent
from tests.property.dice import Dice
from tests.property.drawn_definitions import DAY, bundles
from tests.property.drawn_logs import _who, body
from tests.reliability.chaos import Plan, Result, under_load
from tests.reliability.deployment import Deployment
from tests.reliability.kills import Resumes, applied_by_lane, resumed
from tests.reliability.load import Load

_RECENT = 50
_SENT_SECONDS = 1_800


@dataclass(frozen=True)
class Size:
    """How much there is of everything. ``segments``: as many at least are in the first version."""

    segments: int
    events: int


def drawn_versions(seed: int, segments: int) -> tuple[Bundle, Bundle]:
    """Two versions: of the first, the second leaves some out and changes others. Drawn again until the first has enough."""
    random = Random(seed)
    at_most = segments + segments // 4
    while True:
        found = bundles(Dice(random.randrange), 28 * DAY, (at_most,), (2,))
        if sum(not one.archived for one in found[1].segments) < segments:
            at_most += at_most // 8 + 1
        elif all(found[version].settings.oldest_ms > DAY for version in (1, 2)):
            return found[1], found[2]


def drawn_events(seed: int, people: int, now_ms: Callable[[], int]) -> Iterator[ShopEvent]:
    """Events without end: of every type, late or not, some of them again, some unreadable.

    Each by one id: what a set that is filled makes of people who were merged before is another test's. Nobody has many more than the
    others, as somebody with a thousandth of all events would take the oracle more time than everybody else: all events, after each.
    """
    dice = Dice(Random(seed).randrange)
    names = [f"u{number}" for number in range(people)]
    recent: deque[ShopEvent] = deque(maxlen=_RECENT)
    while True:
        if recent and not dice.below(25):
            yield dice.pick(recent)
            continue
        event = body(dice, now_ms(), _anybody(dice, names))
        who = routing_id(event.get("userId"), event.get("anonymousId"), event.get("ids"))
        recent.append(ShopEvent(who or "", json.dumps(event).encode(), is_repeat=False))
        yield recent[-1]


def _anybody(dice: Dice, names: list[str]) -> dict[str, Any]:
    """Who an event names, in whatever form, by one id."""
    one = dice.pick(names)
    who = _who(dice, [one])
    if who.get("userId"):
        return {"userId": who["userId"]}
    if who.get("anonymousId"):
        return {"anonymousId": f"{who['anonymousId']}-{one}"}
    if isinstance(ids := who.get("ids"), dict):
        return {"ids": {name: f"{value}-{one}" if value in ("o1", "o2") else value for name, value in ids.items()}}
    return who


async def language(
    deployment: Deployment,
    plan: Plan,
    size: Size,
    progress: Callable[[int], None] = lambda kill: None,
) -> Result:
    """SIGKILL of the only worker, spread over the events; in the middle the second version is asked for and filled.

    A quarter of the kills later the events wait until it holds: a worker that is killed again and again while it has live records
    gets round to filling only then.
    """
    first, second = drawn_versions(plan.seed, size.segments)
    await deployment.activate(first)
    worker = deployment.worker(runner=plan.runner)
    await worker.start()

    async def faults(load: Load) -> Resumes:
        resumes, random = Resumes(), Random(plan.seed)
        for kill in range(1, plan.kills + 1):
            share = size.events / (plan.kills + 1)
            load.allow(max(0, int(share * kill) - load.allowed))
            await load.sent_at_least(int(share * (kill - random.random() / 2)), _SENT_SECONDS)
            await worker.kill()
            progress(kill)
            if kill == (plan.kills + 1) // 2:
                await deployment.ask(second)
            before, began = await applied_by_lane(deployment), time.monotonic()
            await worker.start()
            await resumed(load, before, began, resumes)
            if kill == (plan.kills + 1) // 2 + plan.kills // 4:
                await deployment.holds(second.version, _SENT_SECONDS)
        load.allow(max(0, size.events - load.allowed))
        await load.sent_at_least(size.events, _SENT_SECONDS)
        return resumes

    return await under_load(deployment, plan, faults, drawn_events)
