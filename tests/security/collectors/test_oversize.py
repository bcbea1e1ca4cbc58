"""Bodies and headers over the limits: refused before they are held, with the right status, and good requests go on."""

from __future__ import annotations

import asyncio
import gzip
import io
import zlib

import aiohttp
import orjson
import pytest

from stream.runtime.process import resident_bytes
from tests.integration.collectors.running import BASIC, Running
from tests.integration.collectors.test_connections import post, read_answer

MIB = 1 << 20
AUTH = b"Authorization: " + BASIC["Authorization"].encode() + b"\r\n"


async def test_a_length_over_the_limit_is_413_before_a_byte_of_the_body(collector: Running) -> None:
    said = await collector.raw(b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (10 * MIB))
    assert said.startswith(b"HTTP/1.1 413")
    assert collector.rejected("body-too-large") == 1


async def test_a_client_that_sends_on_still_hears_the_413(collector: Running, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{collector.url}/v1/track", data=io.BytesIO(b"x" * (4 * MIB)), headers=BASIC) as answer:
        assert answer.status == 413


async def test_endless_chunks_end_in_413(collector: Running) -> None:
    reader, writer = await collector.connect()
    writer.write(b"POST /v1/track HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    reading = asyncio.ensure_future(reader.read())
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    try:
        while not reading.done():
            writer.write(chunk)
            await asyncio.wait({reading}, timeout=0.005)
    finally:
        writer.close()
    assert (await reading).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("head", [b"X-Long: " + b"x" * 100_000, b"".join(b"X-%d: y\r\n" % number for number in range(10_000)), b""])
async def test_headers_over_the_limit_are_431(collector: Running, head: bytes) -> None:
    target = b"/v1/track" if head else b"/" + b"x" * 100_000
    said = await collector.raw(b"POST %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % (target, head))
    assert said.startswith(b"HTTP/1.1 431")


async def test_a_header_without_an_end_is_431_and_not_kept(collector: Running) -> None:
    reader, writer = await collector.connect()
    writer.write(b"POST /v1/track HTTP/1.1\r\nX-Endless: ")
    reading = asyncio.ensure_future(reader.read())
    sent = 0
    while not reading.done() and sent < 200 * MIB:
        writer.write(b"x" * 65_536)
        sent += 65_536
        await asyncio.wait({reading}, timeout=0.005)
    writer.close()
    assert (await reading).startswith(b"HTTP/1.1 431")


def bomb(unpacked_bytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * MIB) for _ in range(unpacked_bytes // MIB)) + packer.flush()


@pytest.mark.parametrize("body", [bomb(100 * MIB), bomb(900 * MIB), gzip.compress(bomb(400 * MIB)), gzip.compress(b"{}") * 30])
async def test_a_gzip_bomb_is_refused_without_unpacking_it(collector: Running, http: aiohttp.ClientSession, body: bytes) -> None:
    before = resident_bytes()
    async with http.post(f"{collector.url}/v1/track", data=body, headers=BASIC) as answer:
        assert answer.status in {400, 413}
    assert resident_bytes() - before < 64 * MIB
    reader, writer = await collector.connect()
    writer.write(post(1))
    assert (await read_answer(reader))[0] == 200
    writer.close()


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/v1/track", b"[" * 30_000, "too-deep"),
        ("/v1/batch", b'{"batch":[' + b"[" * 900_000, "too-deep"),
        ("/v1/track", b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "too-deep"),
        ("/v1/track", b'{"userId":"u","event":"e","properties":' + b'{"a":' * 70 + b"1" + b"}" * 71, "too-deep"),
        ("/v1/track", orjson.dumps({"userId": "u", "event": "e", "properties": {str(n): n for n in range(2_500)}}), "too-many-keys"),
        ("/v1/track", orjson.dumps({"userId": "u", "event": "e", "properties": {"x": "y" * 900_000}}), "event-too-large"),
        ("/v1/batch", orjson.dumps({"batch": [0] * 100_000}), "too-many-events"),
    ],
)
async def test_deep_wide_and_long_bodies_are_400_with_their_reason(
    collector: Running, http: aiohttp.ClientSession, path: str, body: bytes, reason: str
) -> None:
    async with http.post(collector.url + path, data=body, headers=BASIC) as answer:
        assert (answer.status, (await answer.json())["error"]["reason"]) == (400, reason)
    assert collector.rejected(reason) == 1
    (letter,) = await collector.dead_letters()
    assert letter.value == body
    assert not await collector.events()
