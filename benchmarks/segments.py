"""What an event costs a worker under a thousand segments, against ten of the same kinds over the same events and people."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from benchmarks.worker import Plan, throughput
from benchmarks.workload import CATEGORIES, padded, plain_event
from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from segments.compile import compile_bundle
from stream.stack.stack import Stack

_NAMES = 250
_FEW, _MANY = 10, 1_000
_SOURCES = "sources: [{id: shop-web, kind: web}]\n"
_TOUCHED = 4
_KINDS = (
    "{{event: {names}, where: {{properties.category: {category}}}, within: 30m, count: {{gte: 20}}}}",
    "{{all: [{{tag: tag_{at}, score: {{gte: 20}}}}, {{not: {{event: {name}, within: 1d, count: {{gte: 20}}}}}}]}}",
    "{{all: [{{event: {names}, within: 7d, count: {{gte: 20}}}}, {{not: {{event: {other}, within: 1d}}}}]}}",
    "{{any: [{{event: {names}, calendar: {{unit: day, last: 1}}, count: {{gte: 20}}}}, {{trait: plan, eq: paid}}]}}",
    "{{all: [{{trait: plan, eq: paid}}, {{event: {names}, within: 1d, sum: {{property: properties.price, gte: 1000}}}}]}}",
)
_ONE_NAME = "product_viewed"


@dataclass(frozen=True, slots=True)
class Company:
    """Definitions with so many segments, and events that do not depend on how many there are."""

    spread: bool

    def bundle(self, segments: int) -> Bundle:
        """``spread``: mixed conditions over all names, the most frequent first; else all about one name, with different values."""
        text = _spread(segments) if self.spread else _crowded(segments)
        return next_bundle(Bundle(), parse_files({"company.yaml": text}))

    def events(self, people: int) -> Iterator[tuple[str, bytes]]:
        """Endless (routing id, JSON). The n-th most frequent name comes 1/n as often as the first."""
        draw = random.Random(people)
        weights = list(itertools.accumulate(1 / place for place in range(1, _NAMES + 1)))
        for count in itertools.count():
            number = draw.randrange(people)
            user = f"user-{number:08d}"
            name = f"action_{draw.choices(range(_NAMES), cum_weights=weights)[0]:03d}" if self.spread else _ONE_NAME
            event = plain_event(UUID(int=count + (17 << 100), version=4), name, user, number)
            event["properties"] = {"category": draw.choice(CATEGORIES), "price": 19.0, "sku": f"SKU-{draw.randrange(_MANY):04d}"}
            yield f"user:{user}", padded(event)


def _spread(segments: int) -> str:
    """Every name is read by four segments at least, however many there are: of few segments each reads more names."""
    lines, tags = [], []
    width = max(1, _TOUCHED * _NAMES // segments)
    for number in range(segments):
        kind = _KINDS[(number + number // _NAMES) % len(_KINDS)]
        names = [f"action_{(number + step * segments // _TOUCHED) % _NAMES:03d}" for step in range(width)]
        listed = f"[{', '.join(names)}]"
        words = {"names": listed, "name": names[0], "other": f"action_{(number + 1) % _NAMES:03d}", "category": CATEGORIES[number % 4]}
        lines.append(f"  - {{id: segment_{number:04d}, when: {kind.format(**words, at=number)}}}")
        if "tag:" in kind:
            tags.append(f"  - {{id: tag_{number}, half_life: 7d, rules: [{{id: seen, event: {listed}}}]}}")
    return "\n".join(["tags:", *tags, "segments:", *lines, _SOURCES])


def _crowded(segments: int) -> str:
    when = f"{{event: {_ONE_NAME}, where: {{properties.sku: SKU-%04d}}, within: 1h, count: {{gte: 2}}}}"
    return "\n".join(["segments:", *[f"  - {{id: segment_{n:04d}, when: {when % n}}}" for n in range(segments)], _SOURCES])


async def many(stack: Stack, count: int, database: int) -> list[dict[str, Any]]:
    """CPU an event with few and with many segments: spread over the names, and all about one (then many with fewer events: slow)."""
    results = []
    for spread in (True, False):
        company = Company(spread)
        costs, touched = {}, {}
        for segments in (_FEW, _MANY):
            events = count if spread or segments == _FEW else count // 4
            people = max(100, events // 12)
            bundle = company.bundle(segments)
            name = f"{'spread' if spread else 'crowded'}-{segments}"
            plan = Plan("aiokafka", name, people, events, bundle, company.events(people))
            costs[segments] = (await throughput(stack, plan, database))["cpu_us_per_event"]
            touched[segments] = _touched(bundle, company, people)
            database += 1
        results.append(
            {
                "spread": spread,
                "few": _FEW,
                "many": _MANY,
                "few_cpu_us_per_event": costs[_FEW],
                "many_cpu_us_per_event": costs[_MANY],
                "few_segments_per_event": touched[_FEW],
                "many_segments_per_event": touched[_MANY],
                "ratio": round(costs[_MANY] / costs[_FEW], 2),
            }
        )
    return results


def _touched(bundle: Bundle, company: Company, people: int) -> float:
    """How many segments read what an event of the load may write, on average."""
    program = compile_bundle(bundle)
    names = [_name(value) for _, value in itertools.islice(company.events(people), 2_000)]
    return round(sum(len(program.plans.get(name, program.other).segments) for name in names) / len(names), 1)


def _name(value: bytes) -> str:
    """The name of an event of the load."""
    return value.partition(b'"event":"')[2].partition(b'"')[0].decode()
