"""Simulated shoppers: who they are, what they do next. Seeded and without a clock, so that one seed is one story."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

NAMES: Final = ("mei", "wei", "jun", "lan", "tao", "xin", "yan", "bo", "hua", "ning", "qi", "rui", "shu", "yu", "zhen", "an")
CITIES: Final = ("Shanghai", "Xiamen", "Qingdao", "Chengdu", "Beijing", "Wuhan", "Xi'an")
LEVELS: Final = ("silver", "gold", "platinum")
CATEGORIES: Final = ("shoes", "bags", "coats", "hats", "books")
ACTIVE: Final = 12
"""Shoppers in the shop at once; the others rest, which is when scores fade and windows run out."""
_REPEATED: Final = 0.01
_WRONG_CLOCK: Final = 0.003
_BATCHED: Final = 0.02
_WRONG_TIME: Final = "2009-01-01T00:00:00Z"

Way = Literal["call", "batch", "pixel"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a shopper does; ``words`` says it in the past."""

    type: str
    words: str
    event: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    way: Way = "call"


@dataclass(frozen=True, slots=True)
class Call:
    """What goes to the collector at once: one message, or several as a batch. ``lane``: calls of one shopper go one by one."""

    way: Way
    messages: tuple[dict[str, Any], ...]
    lane: int


def _view(category: str) -> Step:
    return Step("track", f"viewed {category}", "product_viewed", {"category": category})


def _add(category: str) -> Step:
    return Step("track", f"put {category} into the cart", "product_added", {"category": category})


def _buy(category: str, total: int) -> Step:
    return Step("track", f"bought {category} for {total}", "order_completed", {"category": category, "total": total})


def _page(name: str) -> Step:
    return Step("page", f"opened the page {name}", properties={"name": name})


def _stroll(lot: random.Random, least: int, most: int) -> Iterator[Step]:
    yield _page("home")
    for _ in range(lot.randint(least, most)):
        yield _page("offers") if lot.random() < 0.2 else _view(lot.choice(CATEGORIES[1:]))


def _window_shopper(lot: random.Random) -> Iterator[Step]:
    yield from _stroll(lot, 8, 16)


def _shoe_lover(lot: random.Random) -> Iterator[Step]:
    yield from _stroll(lot, 4, 8)
    for _ in range(lot.randint(3, 5)):
        yield _view("shoes")


def _cart_leaver(lot: random.Random) -> Iterator[Step]:
    category = lot.choice(CATEGORIES)
    yield from _stroll(lot, 5, 10)
    yield from (_view(category), _view(category), _add(category))


def _buyer(lot: random.Random) -> Iterator[Step]:
    category = lot.choice(CATEGORIES)
    yield from _stroll(lot, 5, 10)
    yield from (_view(category), _add(category), _buy(category, lot.choice((40, 90, 150, 260))))


def _reader_of_mails(lot: random.Random) -> Iterator[Step]:
    mail = lot.choice(("spring", "autumn", "loyalty"))
    yield Step("track", f"opened the mail {mail}", "mail_opened", {"mail": mail}, way="pixel")
    if lot.random() < 0.5:
        yield from _stroll(lot, 4, 8)


HABITS: Final[tuple[tuple[int, Callable[[random.Random], Iterator[Step]]], ...]] = (
    (30, _window_shopper),
    (25, _shoe_lover),
    (20, _cart_leaver),
    (15, _buyer),
    (10, _reader_of_mails),
)


class _Shopper:
    def __init__(self, number: int, lot: random.Random) -> None:
        self.number = number
        self.known = lot.random() < 0.8
        self.name = f"{NAMES[number % len(NAMES)]}-{number:02d}"
        self.habit = lot.choices([habit for _, habit in HABITS], [share for share, _ in HABITS])[0]
        self.steps: deque[Step] = deque()
        if self.known:
            traits = {"city": lot.choice(CITIES), "level": lot.choice(LEVELS)}
            self.steps.append(Step("identify", f"said to live in {traits['city']}", traits=traits))

    def come(self, lot: random.Random) -> None:
        self.steps.extend(self.habit(lot))


class Crowd:
    """Shoppers that take turns. ``run`` marks the ids of this run, so that another run on the same data is no repeat."""

    def __init__(self, people: int, seed: int, run: str) -> None:
        self._lot = random.Random(seed)  # noqa: S311 - a story, no secret
        self._run = run
        self._resting = deque(_Shopper(number, self._lot) for number in range(people))
        self._active: list[_Shopper] = []
        self._number = 0
        self._last: Call | None = None

    def next_call(self, told: Callable[[str, str], None]) -> Call:
        """What happens next; ``told`` hears (message id, what it was in words)."""
        lot = self._lot
        if self._last is not None and lot.random() < _REPEATED:
            return self._last  # an SDK that has not heard the answer sends the same again
        while len(self._active) < ACTIVE and self._resting:
            shopper = self._resting.popleft()
            shopper.come(lot)
            self._active.append(shopper)
        shopper = lot.choice(self._active)
        batched = shopper.steps[0].way == "call" and lot.random() < _BATCHED
        steps = [shopper.steps.popleft() for _ in range(len(shopper.steps) if batched else 1)]
        if not shopper.steps:
            self._active.remove(shopper)
            self._resting.append(shopper)
        way: Way = "batch" if batched else steps[0].way
        call = Call(way, tuple(self._message(shopper, step, told) for step in steps), shopper.number)
        self._last = call
        return call

    def _message(self, shopper: _Shopper, step: Step, told: Callable[[str, str], None]) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"type": step.type, "messageId": f"{self._run}-{self._number}"}
        message["userId" if shopper.known else "anonymousId"] = shopper.name if shopper.known else f"guest-{shopper.number:02d}"
        if step.event:
            message["event"] = step.event
        if step.properties:
            message["properties"] = step.properties
        if step.traits:
            message["traits"] = step.traits
        if step.type == "track" and self._lot.random() < _WRONG_CLOCK:
            message["timestamp"] = _WRONG_TIME
        told(message["messageId"], step.words)
        return message
