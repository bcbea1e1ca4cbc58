from __future__ import annotations

import json
import logging
import random
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from schemas.definitions.bundle import bundle_to_json
from schemas.definitions.model import Bundle, Sender
from schemas.definitions.quality_model import Decoy, QualityRules
from schemas.rejection import Reason
from schemas.transition import Transition
from stream.runtime.catalogue import sender as catalogue
from stream.runtime.clock import SystemClock
from stream.runtime.metrics import Metrics
from stream.senders.decoys import Decoys
from stream.senders.deliveries import Tools
from stream.senders.directory import DefinedSender, History
from stream.senders.transition import Record, read_notice

SHOP = Sender("shop", "https://shop.example/", "SHOP_SECRET")
DECOYS = (Decoy("user:decoy-1", "list of March"), Decoy("anon:decoy-2", block=True))


@dataclass
class Letters:
    """Keeps what is put."""

    kept: list[tuple[str, str, str]] = field(default_factory=list)

    async def put(self, record: Record, reason: Reason, *, sender: str, attempts: int, detail: str) -> None:
        self.kept.append((reason.code, sender, detail))


class Watch:
    def __init__(self, decoys: tuple[Decoy, ...] = DECOYS) -> None:
        self.letters = Letters()
        self.metrics = Metrics(catalogue.CATALOGUE)
        tools = Tools(self.metrics, SystemClock(), time.monotonic, random.SystemRandom(), self.letters)
        self.decoys = Decoys(DefinedSender(SHOP, 0, decoys), tools)

    async def forbids(self, record: Record) -> bool:
        return await self.decoys.forbid(record, read_notice(record))

    @property
    def reached(self) -> float:
        return self.metrics.value(catalogue.DECOYS_REACHED, sender="shop")


def entered(person: str, user: str | None = None, anonymous: str | None = None) -> Record:
    transition = Transition(person, user, anonymous, "hot", 1, 1, 1_764_000_000_000, "event", 1)
    return Record(0, 0, person.encode(), transition.to_json(), 0, 0, "t")


def merged(absorbed: str, into: str) -> Record:
    data: dict[str, Any] = {"id": "pm_1", "from": absorbed, "into": into}
    return Record(0, 0, into.encode(), json.dumps({"type": "person.merged", "data": data}).encode(), 0, 0, "t")


async def test_a_decoy_that_is_reached_raises_its_alert_and_is_sent_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()

    assert not await watch.forbids(entered("user:decoy-1"))
    assert watch.reached == 1
    assert watch.letters.kept == [("decoy-reached", "shop", "user:decoy-1 by sender shop, segment hot (list of March)")]
    (told,) = caplog.records
    assert told.levelno == logging.ERROR
    assert "the decoy user:decoy-1 was reached by sender shop, segment hot" in told.getMessage()


async def test_a_decoy_that_blocks_is_told_of_too() -> None:
    watch = Watch()
    assert await watch.forbids(entered("anon:decoy-2"))
    assert (watch.reached, len(watch.letters.kept)) == (1, 1)


@pytest.mark.parametrize(
    "record",
    [entered("wx_unionid:o1", user="decoy-1"), entered("user:u1", anonymous="decoy-2"), merged("user:decoy-1", "user:u1")],
)
async def test_a_decoy_is_known_by_whatever_name_the_record_has_for_it(record: Record) -> None:
    watch = Watch()
    await watch.forbids(record)
    assert watch.reached == 1


async def test_others_are_nobodys_business_and_the_series_stands_at_0_from_the_start() -> None:
    for watch in (Watch(), Watch(())):
        assert not await watch.forbids(entered("user:u1", "u1", "a1"))
        assert (watch.reached, watch.letters.kept) == (0, [])
        assert b'ebbtide_decoy_reached_total{sender="shop"} 0.0' in watch.metrics.render()


def test_senders_learn_of_decoys_from_the_definitions() -> None:
    history = History()
    history.add(bundle_to_json(Bundle(version=1, senders=(SHOP,), quality=QualityRules(decoys=DECOYS))), 100)
    assert history.directory == {"shop": DefinedSender(SHOP, 100, DECOYS)}
