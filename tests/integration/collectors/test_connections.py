"""HTTP itself: connections that live on, requests in a row, odd but legal ways to send a body, and the way down."""

from __future__ import annotations

import asyncio

import orjson

from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import KEY, Running, collector_on


def post(number: int, extra: bytes = b"", version: bytes = b"1.1") -> bytes:
    body = orjson.dumps({"writeKey": KEY, "messageId": f"m-{number}", "userId": f"u{number}", "event": "viewed"})
    return b"POST /v1/track HTTP/%s\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s" % (version, extra, len(body), body)


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head[9:12]), await asyncio.wait_for(reader.readexactly(length), 20)


async def test_one_connection_carries_many_requests(collector: Running) -> None:
    reader, writer = await collector.connect()
    for number in range(20):
        writer.write(post(number))
        assert (await read_answer(reader))[0] == 200
    writer.close()
    assert len(await collector.events()) == 20


async def test_pipelined_requests_are_answered_in_their_order(collector: Running) -> None:
    reader, writer = await collector.connect()
    ask_for_more = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    writer.write(b"".join(post(number) + ask_for_more for number in range(50)))
    statuses = [(await read_answer(reader))[0] for _ in range(100)]
    writer.close()
    assert statuses == [200, 404] * 50
    assert len(await collector.events()) == 50


async def test_a_request_split_at_every_byte_is_still_one_request(collector: Running) -> None:
    reader, writer = await collector.connect()
    for byte in post(1):
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert (await read_answer(reader))[0] == 200
    writer.close()


async def test_http_1_0_and_connection_close_end_the_connection(collector: Running) -> None:
    for request in (post(1, version=b"1.0"), post(2, b"Connection: close\r\n")):
        said = await collector.raw(request)
        assert said.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in said


async def test_a_chunked_body_is_put_together(collector: Running) -> None:
    body = orjson.dumps({"writeKey": KEY, "userId": "u1", "event": "viewed"})
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7))
    request = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    assert (await collector.raw(request)).startswith(b"HTTP/1.1 200")


async def test_a_client_that_asks_before_it_sends_is_told_to_go_on(collector: Running) -> None:
    reader, writer = await collector.connect()
    head, _, body = post(1, b"Expect: 100-continue\r\n").partition(b"\r\n\r\n")
    writer.write(head + b"\r\n\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await read_answer(reader))[0] == 200
    writer.close()


async def test_an_upgrade_nobody_wants_does_not_cost_the_event(collector: Running) -> None:
    reader, writer = await collector.connect()
    asks = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
    writer.write(post(1, asks))
    assert (await read_answer(reader))[0] == 200
    writer.write(post(2))
    assert (await read_answer(reader))[0] == 200
    writer.close()
    assert len(await collector.events()) == 2


async def test_nobody_is_connected_through(collector: Running) -> None:
    assert (await collector.raw(b"CONNECT kafka:9092 HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 400")


async def test_what_is_no_http_is_400_and_closed(collector: Running) -> None:
    for rubbish in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"POST /v1/track HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ):
        assert (await collector.raw(rubbish)).startswith(b"HTTP/1.1 400")
    assert collector.rejected("bad-request") == 3


async def test_two_lengths_that_disagree_are_never_smuggled(collector: Running) -> None:
    head = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    said = await collector.raw(head + b"0\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400")
    assert said.count(b"HTTP/1.1 ") == 1


async def test_draining_answers_what_is_under_way_and_loses_nothing(stack: Stack, prefix: str) -> None:
    async with collector_on(stack.kafka, prefix, produce_linger_ms=100) as collector:
        pairs = [await collector.connect() for _ in range(20)]
        for number, (_, writer) in enumerate(pairs):
            writer.write(post(number))
        await asyncio.sleep(0.05)
    for reader, writer in pairs:
        assert (await read_answer(reader))[0] == 200
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
    assert len(await collector.events()) == 20


async def test_one_connection_too_many_hears_503(stack: Stack, prefix: str) -> None:
    async with collector_on(stack.kafka, prefix, max_connections=3) as collector:
        held = [await collector.connect() for _ in range(3)]
        await asyncio.sleep(0.1)
        said = await collector.raw(b"")
        assert said.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 2" in said
        held[0][1].close()
        await asyncio.sleep(0.1)
        assert (await collector.raw(post(1, b"Connection: close\r\n"))).startswith(b"HTTP/1.1 200")
        for _, writer in held:
            writer.close()
        assert collector.count(catalogue.CONNECTIONS) <= 3
