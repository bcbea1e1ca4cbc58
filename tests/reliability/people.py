"""Events of people who turn out, bit by bit, to be one: many ids each, links between them, shared ones, repeats, wrong partitions."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from schemas.definitions.identity_model import IdentityRules
from tests.corpus.generate import ShopEvent
from tests.corpus.shop import CATEGORIES
from tests.oracle.naming import Names

Ids = list[tuple[str, str]]
_RECENT = 50
_REPEATED, _ASTRAY, _SHARED, _ALIASED = 0.02, 0.03, 0.15, 0.2


def linked_people(seed: int, people: int, now_ms: Callable[[], int]) -> Iterator[ShopEvent]:
    """Events without end; ``people`` are about at a time, each for a dozen events: about three merges."""
    random, names, number = Random(seed), Names(IdentityRules()), 0
    recent: deque[ShopEvent] = deque(maxlen=_RECENT)
    about: list[list[dict[str, Any]]] = []
    said = 0
    while True:
        if recent and random.random() < _REPEATED:
            yield random.choice(recent)
            continue
        while len(about) < people:
            about.append(_life(random, number))
            number += 1
        one = random.randrange(len(about))
        who = about[one].pop()
        if not about[one]:
            del about[one]
        said += 1
        body = _what(random, now_ms(), who) | {"id": f"m{said}"}
        routing_id = names.stated(body)[0]
        value = json.dumps(body, ensure_ascii=False).encode()
        if random.random() < _ASTRAY:
            routing_id = f"astray:{said}"
        recent.append(ShopEvent(routing_id, value, is_repeat=False))
        yield recent[-1]


def _life(random: Random, number: int) -> list[dict[str, Any]]:
    """Who each event of one person names: every id alone, and pairs that make them one; mixed."""
    ids: Ids = [("userId", f"u{number}"), ("anonymousId", f"a{number}-1"), ("anonymousId", f"a{number}-2")]
    ids += [("wx_unionid", f"o{number}"), ("wx_openid:w1", f"x{number}"), ("phone", f"p{number}"), ("email", f"e{number}")]
    ids = random.sample(ids, random.randrange(3, 7))
    said = [_named([one]) for one in ids]
    said += [_named([ids[at], ids[random.randrange(at)]]) for at in range(1, len(ids))]
    if random.random() < _SHARED:
        # The telephone of a household, a browser in a library, a record that names the wrong person.
        kind, stem = random.choice((("phone", "p"), ("anonymousId", "a"), ("device", "d"), ("userId", "u"), ("email", "e")))
        other = f"{stem}{max(0, number - random.randrange(1, 20))}" + ("-1" if stem == "a" else "")
        said.append(_named([random.choice(ids), (kind, other)]))
    if random.random() < _ALIASED:
        said.append({"type": "alias", "userId": f"u{number}", "previousId": random.choice((f"old{number}", f"a{number}-1"))})
    random.shuffle(said)
    return said


def _named(ids: Ids) -> dict[str, Any]:
    own = {name: value for name, value in ids if name in ("userId", "anonymousId")}
    others = {name: value for name, value in ids if name not in own}
    return own | ({"ids": others} if others else {})


def _what(random: Random, now_ms: int, who: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "track", "event": "product_viewed", "source": "shop", "timestamp": now_ms - random.randrange(40)}
    drawn = random.random()
    if drawn < 0.1:
        body |= {"type": "identify", "traits": {"city": random.choice(("Shanghai", "Beijing")), "level": random.randrange(5)}}
    elif drawn < 0.2:
        body |= {"type": "page"}
    elif drawn < 0.3:
        body |= {"event": "order_completed", "properties": {"category": "shoes", "quantity": 2, "total": random.randrange(100, 300)}}
    else:
        category = random.choice(CATEGORIES[:3])
        body |= {"properties": {"category": category, "price": random.choice((19.5, 89, 120))}}
    return body | who
