"""What does this test do? It lets WeChat call back to a whole Ebbtide, three times for each message, and looks at what the person has.

How? `ebbtide up` runs as a subprocess with the account's secrets in its environment and the account in its definitions; the vendor's
server is one that loses two answers of three.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from stream.stack import Stack
from tests.integration.cli.machine import as_json, ebbtide, environment, eventually, line_with, running
from tests.integration.collectors.wechat_server import VendorServer
from tests.unit.collectors.wechat.vendor import AES_KEY, Vendor, xml

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

DEFINITIONS = """
tags:
  - id: scanned
    value: properties.scene
    rules: [{id: scan, event: $scan}]
  - {id: wrote, rules: [{id: message, event: $message, where: {properties.kind: text}}]}
segments:
  - {id: followers, when: {event: $follow, count: {gte: 1}}}
sources:
  - {id: brand, kind: official_account, app_id: wx123, token_env: WX_TOKEN, aes_key_env: WX_AES_KEY}
"""


def test_three_tries_of_each_callback_count_once(stack: Stack, redis_url: str, prefix: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(AES_KEY, encoding="utf-8")
    secrets = {"WX_TOKEN": "token", "WX_AES_KEY_FILE": str(tmp_path / "key")}
    env = {**environment(stack.kafka, redis_url, prefix), **secrets}
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "a.yaml").write_text(DEFINITIONS, encoding="utf-8")
    ebbtide(env, "topics")
    ebbtide(env, "apply", str(definitions))
    where = ("--kafka", stack.kafka, "--redis", redis_url, "--data", str(tmp_path / "data"), "--port", "0")
    with running(env, "up", *where, "--json") as process:
        url = line_with(process, "ready")["collector"]["url"]
        eventually(lambda: asyncio.run(_accepted(url)))
        asyncio.run(_three_tries(url, xml("subscribe", EventKey="qrscene_poster"), xml(MsgType="text", Content="hi", MsgId=7)))
        asyncio.run(_three_tries(url, xml("SCAN", EventKey="poster"), xml(MsgType="text", Content="ho", MsgId=8)))
        expected = {("scanned", "poster"): 2, ("wrote", None): 2}
        eventually(lambda: _tags(env) == expected)
    assert _tags(env) == expected
    assert as_json(env, "members", "followers") == [{"person": "wx_openid:wx123:oP"}]


async def _accepted(url: str) -> bool:
    async with aiohttp.ClientSession() as http:
        return await VendorServer(http, url, Vendor("wx123", "token")).accepts_address("5927782489442352469")


async def _three_tries(url: str, *messages: str) -> None:
    async with aiohttp.ClientSession() as http:
        server = VendorServer(http, url, Vendor("wx123", "token"))
        for message in messages:
            await server.deliver(message, deaf=3)
        assert server.tries == ["lost"] * (3 * len(messages))


def _tags(env: dict[str, str]) -> dict[tuple[str, str | None], int]:
    found = as_json(env, "person", "wx_openid:wx123:oP")
    return {(tag["tag"], tag["value"]): tag["count"] for person in found for tag in person["tags"]}
