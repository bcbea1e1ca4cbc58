"""A source that floods waits for its turns, one that does not is begun at once, and one that is alone gets all there is.

Time is what requests cost here: nothing else moves the clock.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from collectors.http import Answer, Request
from collectors.limiting.turns import _FLOWS_MAX, Service, Turns
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.metrics import Metrics

COST_SECONDS = 0.0005


@dataclass
class Shop:
    """Handles requests whose path names their source; ``order`` is in which order."""

    clock: float = 100.0
    room: bool = True
    order: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    metrics: Metrics = field(default_factory=lambda: Metrics(catalogue.CATALOGUE))

    def turns(self, wait_seconds_max: float = 5.0) -> Turns:
        service = Service(
            self.handle,
            lambda r: self.refused.append(name(r)),
            lambda r: self.broken.append(name(r)),
            lambda r: r.peer,
            lambda _: self.room,
        )
        return Turns(service, wait_seconds_max, self.metrics, lambda: self.clock)

    def handle(self, request: Request) -> None:
        self.clock += COST_SECONDS
        if name(request) == "broken":
            raise LookupError("broken")
        self.order.append(name(request))
        if name(request) != "stranger":
            request.flow = name(request)

    def asked(self, source: str, *, headers: dict[bytes, bytes] | None = None, known: bool = True) -> Request:
        request = Request(b"POST", b"/" + source.encode(), headers or {}, "203.0.113.9", _unheard)
        request.started = self.clock
        request.flow = source if known else ""
        return request


def name(request: Request) -> str:
    return request.path[1:].decode()


def _unheard(request: Request, answer: Answer, extra: bytes = b"") -> None:
    raise AssertionError("nobody answers here")


async def emptied(shop: Shop) -> None:
    async with asyncio.timeout(20):
        while shop.metrics.value(catalogue.REQUESTS_WAITING):  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.001)


async def test_a_source_that_floods_waits_and_another_does_not() -> None:
    shop = Shop()
    turns = shop.turns()
    for _ in range(500):
        turns.take(shop.asked("flood"))
    begun = len(shop.order)
    assert begun < 100
    turns.take(shop.asked("quiet"))
    assert shop.order[-1] == "quiet"
    await emptied(shop)
    assert shop.order.count("flood") == 500
    assert shop.metrics.value(catalogue.TURNS, outcome="served") == 500 - begun


async def test_between_two_slices_the_others_are_begun() -> None:
    shop = Shop()
    turns = shop.turns()
    for _ in range(1_000):
        turns.take(shop.asked("flood"))
    for number in range(20):
        turns.take(shop.asked("quiet"))
        assert shop.order[-1] == "quiet", number
        before = shop.order.count("flood")
        for _ in range(3):
            await asyncio.sleep(0)
        assert shop.order.count("flood") - before <= 10


async def test_two_that_flood_have_equal_turns() -> None:
    shop = Shop()
    turns = shop.turns()
    for source in ("a", "b"):
        for _ in range(300):
            turns.take(shop.asked(source))
    begun = len(shop.order)
    await emptied(shop)
    queue = shop.order[begun : begun + 200]
    assert abs(queue.count("a") - queue.count("b")) <= 20


async def test_a_source_alone_keeps_its_order_and_gets_all_there_is() -> None:
    shop = Shop()
    turns = shop.turns()
    paths = []
    shop.handle = lambda request: paths.append(request.query)  # type: ignore[method-assign]
    turns = shop.turns()
    for number in range(300):
        shop.clock += COST_SECONDS
        request = Request(b"POST", b"/a?%d" % number, {}, "", _unheard)
        request.flow = "a"
        turns.take(request)
    await emptied(shop)
    assert paths == [b"%d" % number for number in range(300)]


async def test_who_has_waited_too_long_is_refused() -> None:
    shop = Shop()
    turns = shop.turns(wait_seconds_max=1.0)
    for _ in range(200):
        turns.take(shop.asked("flood"))
    begun = len(shop.order)
    shop.clock += 2
    await emptied(shop)
    assert (len(shop.order), len(shop.refused)) == (begun, 200 - begun)
    assert shop.metrics.value(catalogue.TURNS, outcome="late") == 200 - begun


async def test_a_request_that_fails_harms_no_other() -> None:
    shop = Shop()
    turns = shop.turns()
    for _ in range(100):
        turns.take(shop.asked("flood"))
    broken = shop.asked("broken")
    broken.flow = "flood"
    turns.take(broken)
    for _ in range(10):
        turns.take(shop.asked("flood"))
    await emptied(shop)
    assert shop.broken == ["broken"]
    assert shop.order.count("flood") == 110


async def test_what_waits_leaves_half_of_the_room_to_the_others() -> None:
    shop = Shop(room=False)
    turns = shop.turns()
    for _ in range(200):
        turns.take(shop.asked("flood"))
    begun = len(shop.order)
    await asyncio.sleep(0.05)
    assert len(shop.order) == begun
    turns.take(shop.asked("quiet"))
    assert shop.order[-1] == "quiet"
    shop.room = True
    await emptied(shop)
    assert shop.order.count("flood") == 200


@pytest.mark.parametrize("header", [b"authorization", b"origin"])
async def test_new_connections_of_a_source_are_known_by_what_they_say(header: bytes) -> None:
    shop = Shop()
    turns = shop.turns()
    for _ in range(200):
        turns.take(shop.asked("flood", headers={header: b"of the flood"}, known=False))
    assert len(shop.order) < 100
    await emptied(shop)


async def test_a_stranger_is_not_charged_to_the_source_that_he_names() -> None:
    shop = Shop()
    turns = shop.turns()
    for _ in range(200):
        turns.take(shop.asked("stranger", headers={b"authorization": b"quiet"}, known=False))
    assert len(shop.order) < 100
    turns.take(shop.asked("quiet"))
    assert shop.order[-1] == "quiet"
    await emptied(shop)


async def test_strangers_are_not_remembered_without_end() -> None:
    shop = Shop()
    turns = shop.turns()
    for number in range(3 * _FLOWS_MAX):
        shop.clock += 1
        turns.take(shop.asked("stranger", headers={b"authorization": b"%d" % number}, known=False))
        turns.take(shop.asked("quiet", headers={b"origin": b"%d" % number}, known=False))
    assert len(turns._flows) <= _FLOWS_MAX
    assert len(turns._learned) <= _FLOWS_MAX
    await emptied(shop)
