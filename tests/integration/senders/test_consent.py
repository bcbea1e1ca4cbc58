"""A sender that needs consent gets nothing of who has not given it: definitions, engine, broker and the inside of a sender process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from schemas.event import read_event
from schemas.transition import Transition
from segments.engine import Engine
from stream.senders.receiver import Receiver
from tagging.person import Person
from tagging.state import new_person
from tests.integration.senders.harness import (
    SECRET,
    SECRETS,
    Arrived,
    Broker,
    broker_of,
    eventually,
    eventually_equal,
    running,
    settings_for,
)
from tests.unit.segments.scene import T, bundle_of

DEFINITIONS = """
settings: {consent: {marketing: opt_in}}
segments: [{id: ordering, when: {event: ordered, within: 1m}}]
senders:
  - {id: ads, url: "URL_OF_ADS", secret_env: SHOP_SECRET, needs: marketing}
  - {id: crm, url: "URL_OF_CRM", secret_env: CRM_SECRET}
"""
YES, NO = {"consent": {"marketing": True}}, {"consent": {"marketing": False}}


@pytest.fixture
async def broker(stack: Any, prefix: str) -> AsyncIterator[Broker]:
    async with broker_of(stack.kafka, prefix) as made:
        yield made


def life(engine: Engine, who: str, *said: dict[str, Any] | None) -> list[Transition]:
    """An order every hour, each with what the person says of consent; between them time passes."""
    person, out = Person(new_person(f"user:{who}", 0, T, 1), is_new=True), list[Transition]()
    for hour, traits in enumerate(said):
        body = {"type": "track", "event": "ordered", "userId": who} | ({} if traits is None else {"traits": traits})
        now = T + hour * 3_600_000
        engine.apply(person, read_event(json.dumps(body).encode()), now, now, out)
    return out


async def test_a_marketing_sender_gets_nobody_without_consent_and_nothing_after_it_was_taken_back(broker: Broker) -> None:
    ads, crm = Arrived(), Arrived()
    async with Receiver(SECRET, ads) as first, Receiver(SECRETS["CRM_SECRET"], crm) as second:
        bundle = bundle_of(DEFINITIONS.replace("URL_OF_ADS", first.url).replace("URL_OF_CRM", second.url))
        engine = Engine(bundle)
        lives = [life(engine, "silent", None, None), life(engine, "fickle", YES, None, NO, None), life(engine, "never", NO, NO)]
        await broker.publish([one for each in lives for one in each])
        async with running(settings_for(broker.kafka, broker.topics.prefix), list(bundle.senders)) as sender:
            await eventually(lambda: len(crm.bodies) == sum(map(len, lives)))
            await eventually_equal(partial(broker.unfinished, "ads"), 0)
            assert await sender.metric('ebbtide_sender_skipped_total{why="no_consent"}') == sum(map(len, lives)) - len(ads.bodies)
    # Two orders and the leave between them; the leave that was due before the refusal, and nothing from the refusal on.
    assert dict(ads.sequences) == {"user:fickle": [1, 2, 3, 4]}
