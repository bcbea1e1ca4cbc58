"""The workloads of the worker's benchmark: definitions (8 tags that fade, 4 segments; busy and lean) and events of 547 bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files

EVENT_BYTES = 547
CATEGORIES = ("shoes", "bags", "coats", "hats")
NAMES = ("product_viewed", "product_viewed", "product_viewed", "product_viewed", "product_added", "search_done", "order_completed")

DEFINITIONS = """
tags:
  - id: interest
    value: properties.category
    half_life: 7d
    rules:
      - {id: viewed, event: product_viewed, weight: 1}
      - {id: added, event: product_added, weight: 3}
      - {id: bought, event: order_completed, weight: 5}
  - id: engaged
    half_life: 1d
    rules:
      - {id: any, event: [product_viewed, product_added, search_done, order_completed], weight: 1}
  - id: shopper
    half_life: 3d
    cap: 50
    rules:
      - {id: added, event: [product_added, order_completed], weight: 2}
  - id: big_spender
    half_life: 30d
    rules:
      - id: price
        event: [product_viewed, order_completed]
        where: {properties.price: {gte: 100}}
        weight: {property: properties.quantity, times: 2, max: 10}
  - id: searcher
    half_life: 12h
    rules:
      - {id: searched, event: search_done, weight: 1}
"""

SEGMENTS = """
segments:
  - id: hot_shoes
    when:
      all:
        - {tag: "interest:shoes", score: {gte: 3}}
        - {event: product_viewed, where: {properties.category: shoes}, within: 30m, count: {gte: 2}}
        - not: {event: order_completed, within: 7d}
  - id: active
    when:
      any:
        - {event: product_viewed, within: 10m, count: {gte: 5}}
        - {tag: engaged, score: {gte: 8}}
  - id: spender
    when:
      all:
        - {tag: big_spender, score: {gte: 10}}
        - {tag: shopper, count: {gte: 2}}
  - id: window_shopper
    when:
      all:
        - {event: product_viewed, within: 1h, count: {gte: 10}}
        - not: {tag: shopper}
"""


LEAN = """
tags:
  - id: interest
    value: properties.category
    half_life: 7d
    rules:
      - {id: viewed, event: product_viewed, weight: 1}
  - {id: carted, half_life: 3d, rules: [{id: added, event: product_added, weight: 2}]}
  - {id: searcher, half_life: 12h, rules: [{id: searched, event: search_done, weight: 1}]}
  - {id: buyer, half_life: 30d, rules: [{id: bought, event: order_completed, weight: 1}]}
  - {id: spender, half_life: 30d, rules: [{id: paid, event: order_completed, weight: {property: properties.price}}]}
segments:
  - id: hot_shoes
    when:
      all:
        - {tag: "interest:shoes", score: {gte: 3}}
        - not: {event: order_completed, within: 7d}
  - id: ready_to_buy
    when:
      all:
        - {tag: carted, score: {gte: 2}}
        - not: {event: order_completed, within: 1h}
  - {id: searching, when: {tag: searcher, score: {gte: 2}}}
  - {id: regular, when: {tag: buyer, score: {gte: 2}}}
"""


def bundle() -> Bundle:
    """The busy definitions: 8 fading tags a person, 4 segments; an event matches 3.0 rules and touches 3.6 segments on average."""
    return next_bundle(Bundle(), parse_files({"tags.yaml": DEFINITIONS, "segments.yaml": SEGMENTS}))


def lean_bundle() -> Bundle:
    """As many tags and segments, as a shop would start with: an event matches 1.1 rules and touches 1.3 segments on average."""
    return next_bundle(Bundle(), parse_files({"lean.yaml": LEAN}))


def events(seed: int, people: int) -> Iterator[tuple[str, bytes]]:
    """Endless (routing id, JSON) with message ids that never repeat; no timestamp, so the append time counts."""
    draw = random.Random(seed)
    while True:
        number = draw.randrange(people)
        user = f"user-{number:08d}"
        yield f"user:{user}", padded(shop_event(draw, user, number))


def plain_event(event_id: UUID, name: str, user: str, number: int) -> dict[str, Any]:
    """What every event of a web shop carries, without properties."""
    return {
        "id": str(event_id),
        "type": "track",
        "event": name,
        "userId": user,
        "anonymousId": str(UUID(int=number + (7 << 100), version=4)),
        "source": "shop-web",
        "protocol": "segment",
        "properties": {},
        "traits": {},
        "context": {
            "page": {"url": f"https://shop.example/{name}", "title": "Shop"},
            "ip": "203.0.113.7",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
            "locale": "zh-CN",
        },
    }


def shop_event(draw: random.Random, user: str, number: int) -> dict[str, Any]:
    """What a shopper does: one of ``NAMES``, in one of ``CATEGORIES``."""
    category = draw.choice(CATEGORIES)
    event = plain_event(UUID(int=draw.getrandbits(128), version=4), draw.choice(NAMES), user, number)
    event["properties"] = {
        "category": category,
        "price": draw.choice((19.0, 89.0, 129.0, 249.0)),
        "sku": f"SKU-{draw.randrange(10**6):06d}",
        "quantity": 1,
    }
    event["context"]["page"]["url"] = f"https://shop.example/{category}/{draw.randrange(10**6)}"
    return event


def padded(event: dict[str, Any]) -> bytes:
    """An event's JSON, made as long as one of a real shop is on average."""
    body = orjson.dumps(event)
    event["context"]["padding"] = "x" * max(0, EVENT_BYTES - len(body) - len(',"padding":""'))
    return orjson.dumps(event)
