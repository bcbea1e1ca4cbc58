"""First types: what is known, what is proposed, and that the first record decides."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable

import pytest

from collectors.conforming import conforming, in_turn
from collectors.server.first_types import TYPES_MAX, FirstTypes, TypeWriter
from schemas import rejection
from schemas.errors import Rejected, Unavailable
from schemas.topics import Topics
from stream.kafka.port import Message
from tests.unit.schemas.definitions.reading import read

KEY = b"types/web"


def value(**types: str) -> bytes:
    return json.dumps({"format": 1, "types": {"bought": {f"properties.{key}": kind for key, kind in types.items()}}}).encode()


def memory() -> tuple[FirstTypes, list[tuple[str, int]]]:
    left_out: list[tuple[str, int]] = []
    return FirstTypes(lambda source, number: left_out.append((source, number))), left_out


async def test_what_was_learnt_is_known_at_once_and_proposed_once() -> None:
    types, _ = memory()
    assert types.of("web", "bought", "properties") == {}
    types.learn("web", "bought", "properties", {"n": "number"})
    assert types.of("web", "bought", "properties") == {"n": "number"}
    assert types.of("web", "seen", "properties") == types.of("app", "bought", "properties") == {}
    assert types.taken_out() == {"web": {"bought": {"properties.n": "number"}}}
    assert types.taken_out() == {}


async def test_the_first_record_decides_against_what_was_seen_here_and_later_ones_change_nothing() -> None:
    types, _ = memory()
    types.learn("web", "bought", "properties", {"a": "number", "b": "number"})
    types.take(KEY, value(a="text", c="list"))
    assert types.of("web", "bought", "properties") == {"a": "text", "b": "number", "c": "list"}
    types.take(KEY, value(a="number", b="number", c="map"))
    types.take(KEY, value(a="map", b="map", c="map"))
    assert types.of("web", "bought", "properties") == {"a": "text", "b": "number", "c": "list"}


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b'{"format": 2, "types": {}}', b'{"format": 1}', b'{"format": 1, "types": {"e": 1}}'),
        b'{"format": 1, "types": {"e": {"p": 1}}}',
        b'{"format": 1, "types": {"bought": {"properties.a": "text", "p": "text"}}}',
    ],
)
async def test_a_record_that_cannot_be_read_changes_nothing(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    types, _ = memory()
    with caplog.at_level(logging.ERROR):
        types.take(KEY, data)
    assert types.of("web", "bought", "properties") == {}
    assert "a record of types is ignored" in caplog.text


async def test_a_source_has_so_many_types_and_no_more() -> None:
    types, left_out = memory()
    types.take(KEY, value(known="text"))
    types.learn("web", "bought", "properties", {f"p{number}": "text" for number in range(TYPES_MAX + 1)})
    types.learn("web", "seen", "properties", {"p": "text"})
    types.learn("app", "seen", "properties", {"p": "text"})
    assert len(types.of("web", "bought", "properties")) == TYPES_MAX
    assert [types.of(source, "seen", "properties") for source in ("web", "app")] == [{}, {"p": "text"}]
    assert left_out == [("web", 2), ("web", 1)]


class Log:
    """Takes records, after so many failures."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.messages: list[Message] = []
        self.has_all = asyncio.Event()

    async def publish(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
        assert (topic, partition) == ("ebbtide.definitions", 0)
        if self.failures:
            self.failures -= 1
            raise Unavailable("no broker")
        self.messages.extend(messages)
        self.has_all.set()


@pytest.mark.parametrize("failures", [0, 1])
async def test_what_was_learnt_is_written_one_record_a_source_when_the_broker_is_there(failures: int) -> None:
    types, _ = memory()
    log = Log(failures)
    writing = asyncio.create_task(TypeWriter(types, log, Topics()).run())
    types.learn("web", "bought", "properties", {"n": "number"})
    types.learn("web", "bought", "properties", {"x": "text"})
    async with asyncio.timeout(30):
        await log.has_all.wait()
    writing.cancel()

    (message,) = log.messages
    assert message.key == KEY
    other, _ = memory()
    other.take(message.key, message.value or b"")
    assert other.of("web", "bought", "properties") == {"n": "number", "x": "text"}


@pytest.mark.parametrize("failures", [0, 1])
async def test_what_is_not_written_when_it_ends_is_tried_once_more(failures: int) -> None:
    types, _ = memory()
    log = Log(failures)
    writer = TypeWriter(types, log, Topics())
    writing = asyncio.create_task(writer.run())
    types.learn("web", "bought", "properties", {"n": "number"})
    await writer.close(writing)
    assert len(log.messages) == 1 - failures
    await writer.close(writing)
    assert len(log.messages) == 1


def test_violations_are_counted_and_refused_as_the_source_says() -> None:
    counted: list[tuple[str, str, str]] = []
    for otherwise in ("keep", "refuse"):
        said = f"{{otherwise: {otherwise}, events: {{bought: {{required: [n]}}}}}}"
        sources = read(f"sources: [{{id: web, kind: web, schemas: {said}}}]").sources
        inspect = conforming(sources, lambda *each: counted.append(each))
        assert inspect is not None
        event = {"type": "track", "event": "bought", "source": "web", "properties": {}, "traits": {}, "context": {}}
        inspect({**event, "properties": {"n": 1}})
        if otherwise == "keep":
            inspect(event)
        else:
            with pytest.raises(Rejected) as refused:
                inspect(event)
            assert (refused.value.reason, refused.value.detail) == (rejection.SCHEMA_VIOLATED, 'properties: "n" is a required property')
    assert counted == [("web", "schema", "keep"), ("web", "schema", "refuse")]


def test_where_no_source_says_anything_nothing_is_asked_and_what_is_asked_is_asked_in_turn() -> None:
    assert conforming(read("sources: [{id: web, kind: web}]").sources, lambda *_: None) is None
    asked: list[str] = []
    first, second = (lambda _, name=name: asked.append(name) for name in "ab")
    assert in_turn(None, None) is None
    assert in_turn(None, first) is first
    both = in_turn(first, None, second)
    assert both is not None
    both({})
    assert asked == ["a", "b"]
