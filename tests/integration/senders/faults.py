"""Receivers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from aiohttp import web

from stream.senders.receiver import Answer, Received


def script(*answers: tuple[int, dict[str, str]], after: int = 204) -> Answer:
    """These answers (status, headers) one after another, then ``after`` for ever."""
    left = list(answers)

    async def answer(_: Received) -> web.StreamResponse:
        status, headers = left.pop(0) if left else (after, {})
        return web.Response(status=status, headers=headers)

    return answer


def by_person(status_of: Callable[[str], int]) -> Answer:
    """A status that depends on the person."""

    async def answer(received: Received) -> web.StreamResponse:
        return web.Response(status=status_of(received.transition["data"]["person"]))

    return answer


class Behaviour(Protocol):
    """What a raw receiver does once it has read a request's head."""

    async def __call__(self, writer: asyncio.StreamWriter) -> None: ...


async def hang(writer: asyncio.StreamWriter) -> None:
    """Never says a word."""
    await asyncio.sleep(3600)


async def drip_headers(writer: asyncio.StreamWriter) -> None:
    """A status line, then a byte of a header now and then, for ever."""
    writer.write(b"HTTP/1.1 204 No Content\r\nX-Slow: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def close_mid_headers(writer: asyncio.StreamWriter) -> None:
    """Hangs up within the head."""
    writer.write(b"HTTP/1.1 204 No Con")
    await writer.drain()


async def garbage(writer: asyncio.StreamWriter) -> None:
    """Speaks no HTTP."""
    writer.write(b"\x16\x03\x01 SSH-2.0-nonsense\r\n\r\n" * 20)
    await writer.drain()


async def endless_headers(writer: asyncio.StreamWriter) -> None:
    """Headers without end."""
    writer.write(b"HTTP/1.1 204 No Content\r\n")
    for number in range(1_000_000):
        writer.write(f"X-{number}: {'y' * 200}\r\n".encode())
        await writer.drain()


async def huge_error(writer: asyncio.StreamWriter) -> None:
    """A failure with a body of a gigabyte, as fast as it is read."""
    writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(1_000_000_000 // 65_536):
        writer.write(b"z" * 65_536)
        await writer.drain()


async def dripping_success(writer: asyncio.StreamWriter) -> None:
    """A success whose body never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"z")
        await writer.drain()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def raw_receiver(behave: Behaviour) -> AsyncIterator[tuple[str, list[str]]]:
    """A port that behaves so; yields its URL and the webhook ids that came."""
    ids: list[str] = []
    open_now: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            ids.extend(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("webhook-id:"))
            await behave(writer)
        open_now.discard(task)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", ids
    finally:
        server.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)
