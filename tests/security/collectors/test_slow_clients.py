"""Clients that hold a place and send nothing: each is let go within the deadline that the settings give, and good ones feel nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import Running, collector_on, until
from tests.integration.collectors.test_connections import post, read_answer

DEADLINES: dict[str, Any] = {"header_deadline_seconds": 1, "body_deadline_seconds": 1, "keep_alive_seconds": 1, "linger_close_seconds": 0.5}
HALF_HEAD = b"POST /v1/track HTTP/1.1\r\nHost: x\r\n"
HALF_BODY = HALF_HEAD + b"Content-Length: 100\r\n\r\n{"


async def closed_after(collector: Running, first: bytes, drip: bytes = b"") -> bytes:
    reader, writer = await collector.connect()
    writer.write(first)
    reading = asyncio.ensure_future(reader.read())
    began = time.monotonic()
    while not reading.done() and time.monotonic() - began < 30:
        await asyncio.wait({reading}, timeout=0.2)
        if drip and not reading.done():
            writer.write(drip)
    writer.close()
    return await reading


@pytest.mark.parametrize(
    ("first", "drip", "said"),
    [
        pytest.param(b"", b"", b"", id="silent"),
        pytest.param(HALF_HEAD, b"", b"HTTP/1.1 408", id="half a head"),
        pytest.param(HALF_HEAD, b"X-More: 1\r\n", b"HTTP/1.1 408", id="a head without end"),
        pytest.param(b"P", b"O", b"HTTP/1.1 4", id="a letter at a time"),
        pytest.param(HALF_BODY, b"", b"HTTP/1.1 408", id="half a body"),
        pytest.param(HALF_BODY, b"x", b"HTTP/1.1 408", id="a body byte by byte"),
        pytest.param(HALF_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", b"HTTP/1.1 408", id="chunks without end"),
    ],
)
async def test_a_slow_client_is_let_go(stack: Stack, prefix: str, first: bytes, drip: bytes, said: bytes) -> None:
    async with collector_on(stack.kafka, prefix, **DEADLINES) as collector:
        assert (await asyncio.wait_for(closed_after(collector, first, drip), 30)).startswith(said)
        await until(lambda: not collector.count(catalogue.CONNECTIONS))


async def test_a_resting_connection_is_closed_without_a_word(stack: Stack, prefix: str) -> None:
    async with collector_on(stack.kafka, prefix, **DEADLINES) as collector:
        reader, writer = await collector.connect()
        writer.write(post(1))
        assert (await read_answer(reader))[0] == 200
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()


async def test_a_client_that_never_reads_its_answers_is_cut(stack: Stack, prefix: str) -> None:
    async with collector_on(stack.kafka, prefix, **DEADLINES) as collector:
        _, writer = await collector.connect()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        ask = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000
        async with asyncio.timeout(60):
            while collector.count(catalogue.CONNECTIONS):
                writer.write(ask)
                await asyncio.wait({asyncio.ensure_future(writer.drain())}, timeout=0.2)
        writer.transport.abort()


async def test_good_clients_are_served_beside_a_thousand_slow_ones(stack: Stack, prefix: str) -> None:
    async with collector_on(stack.kafka, prefix, header_deadline_seconds=4, linger_close_seconds=0.5) as collector:
        slow = [await collector.connect() for _ in range(1_000)]
        for number, (_, writer) in enumerate(slow):
            writer.write((b"", HALF_HEAD, HALF_BODY)[number % 3])
        reader, good = await collector.connect()
        for number in range(50):
            good.write(post(number))
            assert (await asyncio.wait_for(read_answer(reader), 10))[0] == 200
        await until(lambda: collector.count(catalogue.CONNECTIONS) < 400)
        for _, writer in slow:
            writer.close()
        good.close()
