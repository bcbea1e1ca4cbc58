"""Callbacks against a real broker: many accounts at once, tries that come again, a broker that stands still."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from schemas.definitions.model import Source
from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import Running, collector_on, headers_of, until
from tests.integration.collectors.wechat_server import HEARD, VendorServer
from tests.unit.collectors.wechat.vendor import AES_KEY, OTHER_KEY, Vendor, xml

ACCOUNTS = 30
SECRETS = {f"TOKEN_{number}": f"token-{number}" for number in range(ACCOUNTS)} | {"KEY": AES_KEY, "KEYS": f"{AES_KEY} {OTHER_KEY}"}
BRANDS = [
    Source(f"brand-{n}", "official_account", app_id=f"wx{n}", token_env=f"TOKEN_{n}", aes_key_env="KEYS") for n in range(ACCOUNTS - 2)
]
MINI = Source("mini", "mini_program", app_id=f"wx{ACCOUNTS - 2}", token_env=f"TOKEN_{ACCOUNTS - 2}")
CORP = Source("corp", "wecom", corp_id="ww1", token_env=f"TOKEN_{ACCOUNTS - 1}", aes_key_env="KEY")
BRAND_0 = Vendor("wx0", "token-0")


@pytest.fixture
async def accounts(stack: Stack, prefix: str) -> AsyncIterator[Running]:
    async with collector_on(stack.kafka, prefix, *BRANDS, MINI, CORP, secrets=SECRETS) as running:
        yield running


async def test_thirty_accounts_call_back_at_once_and_each_event_is_its_own(accounts: Running, http: aiohttp.ClientSession) -> None:
    servers = [VendorServer(http, accounts.url, Vendor(source.app_id, f"token-{n}")) for n, source in enumerate(BRANDS)]
    servers.append(VendorServer(http, accounts.url, Vendor(MINI.app_id, f"token-{ACCOUNTS - 2}"), plain=True))
    servers.append(VendorServer(http, accounts.url, Vendor("ww1", f"token-{ACCOUNTS - 1}")))
    assert all(await asyncio.gather(*(server.accepts_address(f"59277824894{n}") for n, server in enumerate(servers))))
    assert not await accounts.records()
    said = {"FromUserName": "oP", "CreateTime": 1_763_999_999, "MsgType": "text", "Content": "hi", "MsgId": 7}
    messages = [said if server.plain else xml(MsgType="text", Content="hi", MsgId=7) for server in servers]
    assert set(await asyncio.gather(*(server.deliver(message) for server, message in zip(servers, messages, strict=True)))) == {HEARD}
    events = await accounts.events()
    assert Counter(event["source"] for event in events) == {source.id: 1 for source in (*BRANDS, MINI, CORP)}
    assert len({event["id"] for event in events}) == ACCOUNTS
    assert {event["properties"]["text"] for event in events} == {"hi"}
    assert accounts.count(catalogue.EVENTS_ACCEPTED, protocol="wechat") == ACCOUNTS - 1
    assert accounts.count(catalogue.EVENTS_ACCEPTED, protocol="wecom") == 1


async def test_a_message_whose_answers_get_lost_comes_three_times_under_one_id(accounts: Running, http: aiohttp.ClientSession) -> None:
    server = VendorServer(http, accounts.url, BRAND_0)
    assert await server.deliver(xml("subscribe", EventKey="qrscene_7"), deaf=3) == HEARD
    assert server.tries == ["lost"] * 3
    ids = Counter((event["event"], event["id"]) for event in await accounts.events())
    assert sorted(name for name, _ in ids) == ["$follow", "$scan"]
    assert set(ids.values()) == {3}


async def test_forged_callbacks_hear_403_and_are_counted_and_leave_nothing(accounts: Running, http: aiohttp.ClientSession) -> None:
    for forger in (replace(BRAND_0, token="guessed"), Vendor("ww1", "guessed")):
        server = VendorServer(http, accounts.url, forger)
        assert await server.deliver(xml("subscribe")) == "403"
        assert not await server.accepts_address("1")
    assert accounts.rejected("wrong-signature") == 2 * (3 + 1)
    unknown = VendorServer(http, accounts.url, Vendor("wx999"))
    assert await unknown.deliver(xml("subscribe")) == "404"
    assert not await accounts.records()
    assert not await accounts.dead_letters()


async def test_a_proven_message_that_cannot_be_read_is_a_dead_letter_once(accounts: Running, http: aiohttp.ClientSession) -> None:
    server = VendorServer(http, accounts.url, Vendor(MINI.app_id, f"token-{ACCOUNTS - 2}"), plain=True)
    assert await server.deliver("<xml><MsgType>text") == HEARD
    (letter,) = await accounts.dead_letters()
    assert letter.value == b"<xml><MsgType>text"
    assert headers_of(letter)["reason"] == "bad-xml"
    assert accounts.rejected("bad-xml") == 1


@pytest.mark.slow
async def test_while_the_broker_stands_still_and_there_is_no_spool_the_vendor_hears_so_in_time_and_comes_again(
    own_stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    async with collector_on(own_stack.kafka, prefix, *BRANDS, secrets=SECRETS, spool_bytes_max=0, produce_deadline_seconds=20) as collector:
        server = VendorServer(http, collector.url, BRAND_0)
        assert await server.deliver(xml("subscribe")) == HEARD
        own_stack.kafka_process.pause()
        coming = asyncio.create_task(server.deliver(xml("SCAN", EventKey="7"), pause_seconds=0.5))
        await until(lambda: len(server.tries) == 2)
        own_stack.kafka_process.resume()
        await coming
        assert server.tries == [HEARD, "503", HEARD]

        async def both_are_in() -> bool:
            return len(await collector.records()) == 3

        await until(both_are_in)
        assert sorted(Counter(event["id"] for event in await collector.events()).values()) == [1, 2]
        assert collector.count(catalogue.EVENTS_ACCEPTED, protocol="wechat") == 3


@pytest.mark.slow
async def test_while_the_broker_stands_still_a_spool_keeps_what_the_vendor_says(
    own_stack: Stack, prefix: str, http: aiohttp.ClientSession
) -> None:
    async with collector_on(own_stack.kafka, prefix, *BRANDS, secrets=SECRETS) as collector:
        server = VendorServer(http, collector.url, BRAND_0)
        assert await server.deliver(xml("subscribe")) == HEARD
        own_stack.kafka_process.pause()
        assert await server.deliver(xml("SCAN", EventKey="7")) == HEARD
        own_stack.kafka_process.resume()
        assert server.tries == [HEARD, HEARD]

        async def both_are_in() -> bool:
            return len({event["id"] for event in await collector.events()}) == 2

        await until(both_are_in)
