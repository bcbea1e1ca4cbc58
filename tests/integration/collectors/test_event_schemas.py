"""Schemas and first types over HTTP, on a real broker: what is labelled, refused and counted, and what collectors agree on."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp

from collectors.server.definitions import FollowedSources
from schemas.definitions.source_model import EventSchemas, Source
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.metrics import Metrics
from stream.senders.directory import KafkaSenderDirectory
from stream.stack import Stack
from tests.integration.collectors.running import (
    BASIC,
    SHOP,
    Running,
    apply_sources,
    collector_on,
    create_topics,
    headers_of,
    read_topic,
    serving,
    settings_for,
    until,
)

ORDER = '{"required":["total"],"properties":{"total":{"type":"number"}}}'


def shop(otherwise: str = "keep", *, infer: bool = True, **events: str) -> Source:
    return replace(SHOP, schemas=EventSchemas(events, infer, "refuse" if otherwise == "refuse" else "keep"))


async def send(http: aiohttp.ClientSession, running: Running, *calls: dict[str, Any]) -> list[str]:
    """The reasons of what is refused."""
    body = {"batch": [{"type": "track", "userId": "u1", **call} for call in calls]}
    async with http.post(f"{running.url}/v1/batch", json=body, headers={**BASIC, "X-Strict-Mode": "1"}) as answer:
        said = await answer.json()
        return [each["reason"] for each in said["error"]["refused"]] if answer.status == 400 else []


def bought(number: str, **properties: Any) -> dict[str, Any]:
    return {"event": "bought", "messageId": number, "properties": properties}


async def labels(running: Running) -> dict[str, list[str] | None]:
    """By id, once the log has all: of topics just made the broker may say that it does not lead them yet, and then the spool has them."""
    await until(lambda: running.count(catalogue.SPOOL_EVENTS) == 0)
    return {event["id"]: event["context"].get("violations") for event in await running.events()}


async def types_on_topic(running: Running) -> int:
    records = await read_topic(running.settings.kafka, running.settings.topics.definitions, 1)
    return sum((record.key or b"").startswith(b"types/") for record in records)


async def test_events_against_their_schema_are_kept_labelled_and_counted(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(stack.kafka, prefix, shop(infer=False, bought=ORDER)) as running:
        assert await send(http, running, bought("good", total=3), bought("bad", total="3"), bought("none")) == []
        assert await labels(running) == {
            "good": None,
            "bad": ['properties.total: the value is not of type "number"'],
            "none": ['properties: "total" is a required property'],
        }
        assert running.count(catalogue.VIOLATIONS, source="shop-web", kind="schema", outcome="keep") == 2


async def test_a_source_that_refuses_them_makes_dead_letters(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(stack.kafka, prefix, shop("refuse", bought=ORDER)) as running:
        seen = [{"event": "seen", "messageId": name, "properties": {"n": value}} for name, value in (("s1", 1), ("s2", "x"))]
        assert await send(http, running, bought("good", total=3), bought("bad", total="3"), *seen) == ["schema-violated"] * 2
        assert set(await labels(running)) == {"good", "s1"}

        async def both_are_stored() -> bool:
            return len(await running.dead_letters()) == 2

        await until(both_are_stored)
        letters = [headers_of(record) for record in await running.dead_letters()]
        assert sorted(letter["detail"] for letter in letters) == [
            "properties.n: a text, at first a number",
            'properties.total: the value is not of type "number"',
        ]
        counted = {kind: running.count(catalogue.VIOLATIONS, source="shop-web", kind=kind, outcome="refuse") for kind in ("schema", "type")}
        assert counted == {"schema": 1, "type": 1}


async def test_a_property_that_drifts_is_labelled_at_once_and_after_a_restart(
    stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    drifted = ["properties.price: a text, at first a number"]
    async with two_lives(stack, prefix) as settings:
        async with serving(settings) as first:
            await send(http, first, bought("a", price=129), bought("b", price="129"), bought("c", price=None))
            assert await labels(first) == {"a": None, "b": drifted, "c": None}
            assert first.count(catalogue.VIOLATIONS, source="shop-web", kind="type", outcome="keep") == 1
            await until(lambda: is_written(first))
        async with serving(settings) as second:
            await send(http, second, bought("d", price="129"), bought("e", price=1.5))
            assert await labels(second) == {"a": None, "b": drifted, "c": None, "d": drifted, "e": None}


async def is_written(running: Running) -> bool:
    return await types_on_topic(running) > 0


@asynccontextmanager
async def two_lives(stack: Stack, prefix: str) -> AsyncIterator[Any]:
    settings = settings_for(stack.kafka, prefix, {})
    try:
        await create_topics(settings)
        await apply_sources(settings, shop())
        yield settings
    finally:
        shutil.rmtree(settings.data)


async def test_all_collectors_go_by_what_the_log_names_first(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with two_lives(stack, prefix) as settings, serving(settings) as first:
        other = settings_for(stack.kafka, prefix, {})
        async with serving(other) as second:
            await asyncio.gather(send(http, first, bought("a", n=1)), send(http, second, bought("b", n="x")))

            async def both_are_written() -> bool:
                return await types_on_topic(first) == 2

            await until(both_are_written)
            numbers = [0]

            async def they_agree() -> bool:
                """Of a number and a text one is labelled, the same by both."""
                number = numbers[0] = numbers[0] + 1
                ids = [f"{who}{kind}{number}" for who in "12" for kind in "nx"]
                for who, running in zip("12", (first, second), strict=True):
                    await send(http, running, bought(f"{who}n{number}", n=1), bought(f"{who}x{number}", n="x"))
                found = await labels(first)
                verdicts = [found[each] is None for each in ids]
                return verdicts in ([True, False] * 2, [False, True] * 2)

            await until(they_agree)
        shutil.rmtree(other.data)


async def test_the_records_of_types_disturb_nobody_who_reads_the_definitions(
    stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    async with two_lives(stack, prefix) as settings, serving(settings) as running:
        await send(http, running, bought("a", n=1))
        await until(lambda: is_written(running))
        sources = FollowedSources(settings.kafka, settings.topics, Metrics(catalogue.CATALOGUE))
        await sources.start()
        assert (sources.table.version, sources.types.of("shop-web", "bought", "properties")) == (1, {"n": "number"})
        await sources.stop()
        senders = KafkaSenderDirectory(settings.kafka, settings.topics.definitions).changes()
        assert dict(await anext(senders)) == {}
        await senders.aclose()
