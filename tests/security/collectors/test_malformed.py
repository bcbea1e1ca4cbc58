"""What it checks: no body, however broken, brings the collector down, goes unanswered, or is lost without a reason.

How: 1 000 bodies, made from good ones by changes of structure, of types and of bytes, sent in turn with good events on the same
connections. Every answer is a 4xx with a counted reason, or 200; every dead letter is, byte for byte, a body (or an item of a batch)
that was sent; all good events are on the topic once. The seed is in the test's name.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable

import orjson
import pytest

from schemas.rejection import BY_CODE
from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import BASIC, collector_on, headers_of
from tests.integration.collectors.test_connections import read_answer

BODIES = 2_000
AUTH = b"Authorization: " + BASIC["Authorization"].encode() + b"\r\n"
GOOD: dict[str, object] = {
    "messageId": "m",
    "userId": "u1",
    "event": "viewed",
    "timestamp": "2026-11-22T08:00:00.000Z",
    "sentAt": "2026-11-22T08:00:01.000Z",
    "properties": {"price": 1.5, "tags": ["a", {"b": None}]},
    "context": {"page": {"url": "https://x/"}},
}
ODD_VALUES: tuple[bytes, ...] = (
    *(
        b"null",
        b"true",
        b"0",
        b"-1",
        b"1e400",
        b"-1e400",
        b"NaN",
        b"Infinity",
        b"1" + b"0" * 400,
        b"0.1e-999",
        b"9223372036854775808",
        b"01",
    ),
    *(
        b'""',
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\xff\xfe"',
        b'"' + b"x" * 10_000 + b'"',
        b"[]",
        b"{}",
        b'{"":""}',
        b'[[[[["x"]]]]]',
        b'"$page"',
    ),
    *(
        b"[" * 5_000 + b"]" * 5_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"'x'",
        b"\xef\xbb\xbf1",
        b"",
        b'"2026-13-45T99:99:99Z"',
        b"-62135596800001",
    ),
)
WHOLE: tuple[bytes, ...] = (
    b"",
    b" ",
    b"{",
    b"}",
    b"[]",
    b"null",
    b"17",
    b'"text"',
    b"\x00" * 50,
    b"[" * 1_000_000,
    b"\x1f\x8b",
    b"\x1f\x8b\x08\x00",
)


def by_structure(random_: random.Random) -> bytes:
    fields = {name: orjson.dumps(value) for name, value in GOOD.items()}
    for _ in range(random_.randint(1, 3)):
        name = random_.choice([*fields, "", "ids", "traits", "integrations", "writeKey", "__proto__", "originalTimestamp"])
        if random_.random() < 0.3:
            fields.pop(name, None)
        else:
            fields[name] = random_.choice(ODD_VALUES)
    return b"{" + b",".join(b"%s:%s" % (orjson.dumps(name), value) for name, value in fields.items()) + b"}"


def by_bytes(random_: random.Random) -> bytes:
    body = bytearray(orjson.dumps(GOOD))
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(body))
        match random_.randrange(4):
            case 0:
                body[at] = random_.randrange(256)
            case 1:
                del body[at : at + random_.randint(1, 20)]
            case 2:
                body[at:at] = random_.randbytes(random_.randint(1, 10))
            case _:
                del body[at:]
        if not body:
            break
    return bytes(body)


def in_a_batch(random_: random.Random) -> bytes:
    items = [random_.choice((by_structure, by_bytes, lambda r: r.choice(ODD_VALUES)))(random_) for _ in range(random_.randint(0, 4))]
    return b'{"batch":[%s],"sentAt":%s,"context":%s}' % (
        b",".join(items),
        random_.choice((b'"2026-11-22T08:00:01.000Z"', *ODD_VALUES)),
        random_.choice((b"{}", b"null", *ODD_VALUES)),
    )


MAKERS: tuple[tuple[bytes, Callable[[random.Random], bytes]], ...] = (
    (b"track", by_structure),
    (b"track", by_bytes),
    (b"identify", by_structure),
    (b"batch", in_a_batch),
    (b"batch", by_bytes),
    (b"track", lambda random_: random_.choice(WHOLE)),
)


def request(path: bytes, body: bytes) -> bytes:
    return b"POST /v1/%s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s" % (path, AUTH, len(body), body)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [20_261_122])
async def test_two_thousand_malformed_bodies_harm_nothing(stack: Stack, prefix: str, seed: int) -> None:
    random_ = random.Random(seed)
    sent: list[bytes] = []
    statuses: Counter[int] = Counter()
    reasons: Counter[str] = Counter()
    async with collector_on(stack.kafka, prefix, dead_letters_per_second=1_000_000) as collector:
        reader, writer = await collector.connect()
        for number in range(BODIES):
            path, make = MAKERS[number % len(MAKERS)]
            body = make(random_)
            sent.append(body)
            good = orjson.dumps({**GOOD, "messageId": f"good-{number}"})
            writer.write(request(path, body) + request(b"track", good))
            status, said = await read_answer(reader)
            statuses[status] += 1
            assert status == 200 or 400 <= status < 500, (status, body)
            if status != 200:
                reason = orjson.loads(said)["error"]["reason"]
                assert BY_CODE[reason].status == status
                reasons[reason] += 1
            assert (await asyncio.wait_for(read_answer(reader), 20))[0] == 200
        writer.close()
        events = await collector.events()
        letters = await collector.dead_letters()
        rejected = {code: collector.rejected(code) for code, reason in BY_CODE.items() if reason.stage == "collector"}
        stored = collector.count(catalogue.DEAD_LETTERS, outcome="stored")
        too_large = collector.count(catalogue.DEAD_LETTERS, outcome="too-large")
        accepted = collector.count(catalogue.EVENTS_ACCEPTED, protocol="segment")

    assert rejected["internal-error"] == 0
    assert all(rejected[reason] >= count for reason, count in reasons.items())
    assert statuses[400] > BODIES / 4
    assert statuses[200] > BODIES / 100
    goods = Counter(event["id"] for event in events if event["id"].startswith("good-"))
    assert goods == Counter(f"good-{number}" for number in range(BODIES))
    assert len(events) == accepted
    assert len(letters) == stored
    assert len(letters) + too_large == sum(count for code, count in rejected.items() if BY_CODE[code].dead_letter)
    everything = b"\n".join(sent)
    for letter in letters:
        assert letter.value in everything
        assert headers_of(letter)["reason"] in BY_CODE
        assert len(dict(letter.headers).get("detail", b"")) <= 512
