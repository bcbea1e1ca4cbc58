"""The link against a scripted server: what happens to answers when the other side misbehaves. With Redis itself: tests/contract."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import hiredis
import pytest

from schemas.errors import Misconfigured, Unavailable
from stream.store.link import RedisLink, command_parts, connect

LONG_SECONDS = 30.0
Script = Callable[[list[bytes]], bytes]


class Server:
    """Answers each command with what the script says; empty: no answer."""

    def __init__(self, script: Script) -> None:
        self.commands: list[list[bytes]] = []
        self.reads = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.tasks: list[asyncio.Task[None] | None] = []
        self._script = script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.tasks.append(asyncio.current_task())
        parser = hiredis.Reader()
        with suppress(ConnectionError):
            while data := await reader.read(1 << 20):
                self.reads += 1
                parser.feed(data)
                while (command := parser.gets()) is not False:
                    self.commands.append(command)
                    writer.write(self._script(command))
        writer.close()


def echo(command: list[bytes]) -> bytes:
    """``PING`` → PONG, anything else its last argument."""
    return b"+PONG\r\n" if command == [b"PING"] else b"$%d\r\n%s\r\n" % (len(command[-1]), command[-1])


@pytest.mark.parametrize(
    "command", [("PING",), ("GET", b"\0\r\n"), ("SELECT", 1), ("SETRANGE", b"k", 0, "ü"), ("MSET", *[b"x" * size for size in range(50)])]
)
def test_a_command_is_packed_as_hiredis_does_it(command: tuple[bytes | str | int, ...]) -> None:
    assert b"".join(command_parts(command)) == hiredis.pack_command(command)  # type: ignore[arg-type]  # the stub takes one argument only


@asynccontextmanager
async def serving(script: Script = echo, path: Path | None = None) -> AsyncIterator[tuple[Server, str]]:
    server = Server(script)
    if path is None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        url = f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    else:
        listening = await asyncio.start_unix_server(server.serve, str(path))
        url = f"unix://{path}"
    try:
        async with asyncio.timeout(LONG_SECONDS):
            yield server, url
    finally:
        for writer in server.writers:
            writer.transport.abort()
        await asyncio.gather(*(task for task in server.tasks if task is not None), return_exceptions=True)
        listening.close()
        await listening.wait_closed()


@asynccontextmanager
async def linked(script: Script = echo, timeout_seconds: float = LONG_SECONDS) -> AsyncIterator[tuple[Server, RedisLink]]:
    async with serving(script) as (server, url):
        link = await connect(url, timeout_seconds)
        try:
            yield server, link
        finally:
            link.close()


async def test_answers_come_to_those_who_asked() -> None:
    async with linked() as (_, link):
        answers = await asyncio.gather(*(link.call("ECHO", b"%d" % number) for number in range(500)))

    assert answers == [b"%d" % number for number in range(500)]


async def test_all_commands_of_one_turn_go_out_together() -> None:
    async with linked() as (server, link):
        before = server.reads
        await asyncio.gather(*(link.call("ECHO", number) for number in range(50)))

        assert server.reads == before + 1
        assert server.commands[-1] == [b"ECHO", b"49"]


async def test_an_error_comes_to_the_one_who_asked_and_to_nobody_else() -> None:
    async with linked(lambda command: b"-ERR no\r\n" if command[-1] == b"bad" else echo(command)) as (_, link):
        good, bad, other = await asyncio.gather(*(link.call("ECHO", text) for text in ("good", "bad", "other")), return_exceptions=True)

        assert (good, other) == (b"good", b"other")
        assert isinstance(bad, hiredis.ReplyError)
        assert link.is_open


async def test_an_answer_that_nobody_waits_for_any_more_is_not_given_to_the_next() -> None:
    async with linked() as (_, link):
        given_up, kept = link.call("ECHO", "first"), link.call("ECHO", "second")
        given_up.cancel()

        assert await kept == b"second"


async def test_an_overdue_answer_drops_the_connection_for_all() -> None:
    async with linked(lambda command: echo(command) if command == [b"PING"] else b"", timeout_seconds=0.2) as (_, link):
        waiting = [link.call("ECHO", text) for text in ("never", "after")]
        for future in waiting:
            with pytest.raises(Unavailable):
                await future

        assert not link.is_open
        with pytest.raises(Unavailable):
            await link.call("PING")


async def test_a_connection_whose_answers_come_in_time_is_kept() -> None:
    """The watch set for the first call finds a later one waiting, and waits for that."""
    async with linked(lambda command: b"" if command[-1] == b"never" else echo(command), timeout_seconds=0.5) as (_, link):
        assert await link.call("ECHO", "first") == b"first"
        await asyncio.sleep(0.3)
        overdue = link.call("ECHO", "never")
        await asyncio.sleep(0.3)
        assert link.is_open
        with pytest.raises(Unavailable):
            await overdue


async def test_a_quiet_connection_is_kept() -> None:
    async with linked(timeout_seconds=0.1) as (_, link):
        await link.call("ECHO", "once")
        await asyncio.sleep(0.3)

        assert await link.call("ECHO", "again") == b"again"


async def test_a_server_that_goes_tells_everybody_who_waits() -> None:
    async with linked(lambda command: echo(command) if command == [b"PING"] else b"") as (server, link):
        waiting = [link.call("ECHO", "a"), link.call("ECHO", "b")]
        while len(server.commands) < 3:  # noqa: ASYNC110 - the scripted server has nothing to wait for
            await asyncio.sleep(0.001)
        waiting[0].cancel()
        server.writers[0].transport.abort()

        with pytest.raises(Unavailable, match="lost"):
            await waiting[1]
        assert not link.is_open


@pytest.mark.parametrize("nonsense", [b"?what\r\n", b"+ok\r\n+one too many\r\n"])
async def test_answers_that_cannot_be_told_apart_drop_the_connection(nonsense: bytes) -> None:
    async with linked(lambda command: nonsense if command == [b"X"] else echo(command)) as (_, link):
        with suppress(Unavailable):
            await link.call("X")
        while link.is_open:  # noqa: ASYNC110 - the link has nothing to wait for
            await asyncio.sleep(0.001)

        with pytest.raises(Unavailable):
            await link.call("PING")


async def test_a_link_that_is_closed_before_its_turn_ends_sends_nothing() -> None:
    async with linked() as (server, link):
        waiting = link.call("ECHO", "unsent")
        link.close()
        link.close()
        with pytest.raises(Unavailable):
            await waiting
        await asyncio.sleep(0.01)

        assert [b"ECHO", b"unsent"] not in server.commands


async def test_the_url_names_user_password_and_database() -> None:
    async with serving() as (server, url):
        for place, expected in (
            ("", [[b"PING"]]),
            ("/0", [[b"PING"]]),
            ("/3", [[b"SELECT", b"3"], [b"PING"]]),
        ):
            server.commands.clear()
            (await connect(url + place, LONG_SECONDS)).close()
            assert server.commands == expected
        for who, user in (("ann:secret@", b"ann"), (":secret@", b"default")):
            server.commands.clear()
            (await connect(url.replace("//", f"//{who}"), LONG_SECONDS)).close()
            assert server.commands == [[b"AUTH", user, b"secret"], [b"PING"]]


async def test_a_unix_socket_will_do(tmp_path: Path) -> None:
    async with serving(path=tmp_path / "redis.sock") as (_, url):
        link = await connect(url, LONG_SECONDS)
        assert await link.call("ECHO", "x") == b"x"
        link.close()


@pytest.mark.parametrize(
    "answer", [b"-WRONGPASS invalid\r\n", b"-NOAUTH Authentication required.\r\n", b"-ERR DB index is out of range\r\n"]
)
async def test_a_url_that_redis_refuses_is_for_a_person_to_mend_and_the_password_is_not_told(answer: bytes) -> None:
    async with serving(lambda _: answer) as (_, url):
        with pytest.raises(Misconfigured) as refused:
            await connect(url.replace("//", "//ann:secret@"), LONG_SECONDS)

    assert "secret" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)


@pytest.mark.parametrize("answer", [b"-LOADING Redis is loading\r\n", b"-MASTERDOWN Link with MASTER is down\r\n"])
async def test_a_redis_that_is_not_ready_is_to_be_asked_again(answer: bytes) -> None:
    async with serving(lambda _: answer) as (_, url):
        with pytest.raises(Unavailable, match="not ready"):
            await connect(url, LONG_SECONDS)


async def test_nobody_at_the_address_is_to_be_asked_again_and_the_password_is_not_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(Unavailable) as away:
            await connect(f"redis://:secret@127.0.0.1:{port}/1", LONG_SECONDS)

    assert "secret" not in str(away.value)
    assert str(port) in str(away.value)


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    async with serving(lambda _: b"") as (_, url):
        with pytest.raises(Unavailable):
            await connect(url, 0.2)
