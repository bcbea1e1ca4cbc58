"""An endless stream of what shoppers do, as it stands on the ``events`` topic."""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

CATEGORIES = ("shoes", "bags", "coats", "hats", "toys", "books")
CITIES = ("Shanghai", "Hangzhou", "Beijing", "Chengdu", "Shenzhen")
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.54",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
)


@dataclass(frozen=True)
class Shares:
    """How much of the stream is special, each as a share of 1. ``late_ms``: a late event is at most so late."""

    repeats: float = 0.02
    late: float = 0.05
    equal_times: float = 0.05
    said: float = 0.02
    identify: float = 0.05
    without_time: float = 0.02
    late_ms: int = 8_000


@dataclass(frozen=True)
class ShopEvent:
    """One event with its routing id. ``is_repeat``: the same bytes came not long before."""

    routing_id: str
    value: bytes
    is_repeat: bool


@dataclass
class Shop:
    """Draws events; ``now_ms`` is set by whoever writes them."""

    random: Random
    people: int
    shares: Shares
    now_ms: int
    recent: deque[ShopEvent] = field(default_factory=lambda: deque(maxlen=200))

    def next(self) -> ShopEvent:
        if self.recent and self.random.random() < self.shares.repeats:
            before = self.random.choice(self.recent)
            return ShopEvent(before.routing_id, before.value, is_repeat=True)
        number = self.random.randrange(self.people)
        body = self._body(number)
        body.update(self._what(body))
        routing_id = f"user:{body['userId']}" if "userId" in body else f"anon:{body['anonymousId']}"
        event = ShopEvent(routing_id, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), is_repeat=False)
        self.recent.append(event)
        return event

    def _body(self, number: int) -> dict[str, Any]:
        random, shares = self.random, self.shares
        body: dict[str, Any] = {"id": str(uuid.UUID(int=random.getrandbits(128), version=4)), "type": "track"}
        # Most shoppers are known; every fourth is not.
        if number % 4:
            body["userId"] = f"u{number}"
        body["anonymousId"] = f"a-{number}-{random.randrange(2)}" if number % 4 else f"a-{number}"
        if random.random() >= shares.without_time:
            body["timestamp"] = self._time()
        body["receivedAt"] = self.now_ms
        body |= {"source": "shop-web", "protocol": "segment", "properties": {}, "context": self._context()}
        return body

    def _time(self) -> int:
        drawn = self.random.random()
        if drawn < self.shares.late:
            return self.now_ms - self.random.randrange(1, self.shares.late_ms)
        if drawn < self.shares.late + self.shares.equal_times:
            return self.now_ms // 1_000 * 1_000
        return self.now_ms - self.random.randrange(40)

    def _context(self) -> dict[str, Any]:
        random = self.random
        product = random.randrange(10_000)
        ip = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        page = {"url": f"https://shop.example/p/{product}", "title": f"P {product}", "referrer": "https://shop.example/"}
        return {"page": page, "ip": ip, "userAgent": random.choice(AGENTS), "locale": "zh-CN"}

    def _what(self, body: dict[str, Any]) -> dict[str, Any]:
        drawn = self.random.random()
        if drawn < self.shares.said:
            return self._said()
        if drawn < self.shares.said + self.shares.identify:
            return {"type": "identify", "traits": self._traits(str(body["anonymousId"]))}
        return self._behaviour()

    def _said(self) -> dict[str, Any]:
        random = self.random
        kind = "untag" if random.random() < 0.3 else "tag"
        name = random.choice(("vip", "vip", "interest:shoes", f"interest:{random.choice(CATEGORIES)}"))
        if kind == "untag" and random.random() < 0.3:
            name = "interest"
        return {"type": kind, "tags": {name: {"weight": random.choice((1, 2, 0.5))} if random.random() < 0.7 else {}}}

    def _traits(self, name: str) -> dict[str, Any]:
        random = self.random
        city = random.choice(CITIES) if random.random() < 0.9 else None
        return {"city": city, "name": f"顾客 {name}", "level": random.randrange(5), "address": {"street": {"number": random.randrange(99)}}}

    def _behaviour(self) -> dict[str, Any]:
        random = self.random
        category, price = random.choice(CATEGORIES[:3] if random.random() < 0.6 else CATEGORIES), random.randrange(100, 60_000) / 100
        product = {"category": category, "price": price, "sku": f"SKU-{random.randrange(10**6):06}"}
        drawn = random.random()
        if drawn < 0.55:
            return {"event": "product_viewed", "properties": product}
        if drawn < 0.70:
            return {"type": "page", "properties": {"path": f"/c/{category}"}}
        if drawn < 0.80:
            quantity = random.randrange(1, 5)
            total = round(price * quantity, 2)
            return {"event": "order_completed", "properties": product | {"quantity": quantity, "total": total}}
        if drawn < 0.90:
            return {"event": "cart_removed", "properties": product}
        return {"event": "store_visited", "properties": {"city": random.choice(CITIES), "store": random.randrange(40)}}


def shop_events(seed: int, people: int, clock: Callable[[], int], shares: Shares | None = None) -> Iterator[ShopEvent]:
    """Events without end, each at the time (milliseconds) that ``clock`` tells; same seed and times, same events."""
    shop = Shop(Random(seed), people, shares or Shares(), 0)
    while True:
        shop.now_ms = clock()
        yield shop.next()


def ticking(start_ms: int, step_ms: float) -> Callable[[], int]:
    """A clock for ``shop_events`` that is ``step_ms`` later each time it is asked."""
    asked = count()
    return lambda: start_ms + int(next(asked) * step_ms)
