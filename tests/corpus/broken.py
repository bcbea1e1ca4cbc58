"""Records that are no events, or only just: each one must be applied or dead-lettered as the contract says, and stop nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.corpus.oddities import (
    DEEP_RAW,
    DEPTHS,
    DOUBTFUL_TIMES,
    FIELDS,
    GREAT_DEPTHS,
    IDS,
    NUMBERS,
    RAW,
    SAID,
    SHAPES,
    TEXTS,
    TIMES,
)
from tests.corpus.shop import shop_events

NOW_MS = 1_764_000_000_000
Body = dict[str, Any]


def malformed(seed: int, n: int, *, doubtful: bool = False) -> Iterator[bytes | None]:
    """``n`` values of records, most of them broken in one way or in two, some of them good after all.

    ``doubtful`` adds times whose form "ISO 8601 with an offset" leaves open.
    """
    random = Random(seed)
    times = TIMES + DOUBTFUL_TIMES if doubtful else TIMES
    good = shop_events(seed, 50, lambda: NOW_MS)
    breakers: list[Callable[[Random, Body], bytes | None]] = [
        _without_field, _odd_field, _odd_number, _odd_text, _odd_shape, _deep, _cut, _flipped, _bytes_in_text, _equal_keys, _raw,
        _odd_ids, _odd_said,
        lambda random, body: _with(body, random.choice(("timestamp", "timestamp", "receivedAt")), random.choice(times)),
    ]  # fmt: skip
    for _ in range(n):
        body = json.loads(next(good).value)
        if random.random() < 0.5:
            body.pop("timestamp", None)
        yield random.choice(breakers)(random, body)


def _with(body: Body, key: str, text: str) -> bytes:
    """The body with ``key`` set to a piece of JSON, or of what is none."""
    rest = {name: value for name, value in body.items() if name != key}
    inner = json.dumps(rest, ensure_ascii=False)[1:]
    return ("{" + json.dumps(key) + ":" + text + ("," if rest else "") + inner).encode("utf-8", "surrogatepass")


def _without_field(random: Random, body: Body) -> bytes:
    for _ in range(random.randrange(1, 4)):
        body.pop(random.choice(FIELDS), None)
    return json.dumps(body).encode()


def _odd_field(random: Random, body: Body) -> bytes:
    return _with(body, random.choice(FIELDS), random.choice(("0", "1.5", '""', '"x"', "true", *SHAPES[:11])))


def _odd_number(random: Random, body: Body) -> bytes:
    number = random.choice(NUMBERS)
    if random.random() < 0.3:
        return _with(body, "traits", f'{{"city":{number},"level":[{number}]}}')
    category = number if random.random() < 0.3 else '"shoes"'
    return _with(body, "properties", f'{{"category":{category},"price":{number},"quantity":{number},"total":{number}}}')


def _odd_text(random: Random, body: Body) -> bytes:
    text = random.choice(TEXTS)
    where = random.choice(("id", "userId", "event", "properties", "key"))
    if where == "key":
        return _with(body, "properties", "{" + text + ":1}")
    return _with(body, where, '{"category":' + text + "}" if where == "properties" else text)


def _odd_shape(random: Random, body: Body) -> bytes:
    return _with(body, random.choice((*FIELDS, "other")), random.choice(SHAPES))


def _deep(random: Random, body: Body) -> bytes:
    depth = random.choice(DEPTHS if random.random() < 0.97 else GREAT_DEPTHS)
    if random.random() < 0.5:
        return _with(body, "properties", "[" * depth + "]" * depth)
    return _with(body, random.choice(("traits", "properties", "other")), '{"a":' * depth + "1" + "}" * depth)


def _cut(random: Random, body: Body) -> bytes:
    whole = json.dumps(body, ensure_ascii=False).encode()
    return whole[: random.randrange(len(whole))]


def _flipped(random: Random, body: Body) -> bytes:
    whole = bytearray(json.dumps(body, ensure_ascii=False).encode())
    for _ in range(random.randrange(1, 4)):
        whole[random.randrange(len(whole))] = random.randrange(256)
    return bytes(whole)


def _bytes_in_text(random: Random, body: Body) -> bytes:
    odd = random.choice(
        (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"\x00", b"\xfe")
    )
    place = random.choice(("event", "userId", "other"))
    return _with(body, place, '"ODD"').replace(b"ODD", odd)


def _equal_keys(random: Random, body: Body) -> bytes:
    key = random.choice(FIELDS)
    whole = json.dumps(body, ensure_ascii=False)
    return (whole[:-1] + "," + json.dumps(key) + ":" + random.choice(('"x"', "null", "1", "{}")) + "}").encode()


def _raw(random: Random, body: Body) -> bytes | None:
    value = random.choice(RAW if random.random() < 0.95 else DEEP_RAW)
    if value is not None and random.random() < 0.3:
        return value + json.dumps(body).encode()
    return value


def _odd_ids(random: Random, body: Body) -> bytes:
    for key in ("userId", "anonymousId"):
        if random.random() < 0.8:
            body[key] = random.choice(("", None, 1, True, [], {}, ["u1"], 1.5))
    return _with(body, "ids", random.choice(IDS))


def _odd_said(random: Random, body: Body) -> bytes:
    body["type"] = random.choice(("tag", "untag"))
    return _with(body, "tags", random.choice(SAID))
