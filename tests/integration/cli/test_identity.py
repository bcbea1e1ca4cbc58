"""What does this test do? It follows one shopper from an anonymous visit over a login to WeChat, by commands and HTTP alone.

How? `ebbtide up` runs as a subprocess on the broker and store of the test run; every other command is a subprocess too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from schemas.routing import partition_of
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.stack import Stack
from tests.integration.cli.machine import as_json, ebbtide, environment, eventually, line_with, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PARTITIONS = 4
DEFINITIONS = f"""
tags:
  - id: interest
    value: properties.category
    half_life: 7d
    rules: [{{id: viewed, event: product_viewed}}]
segments:
  - id: keen
    when: {{event: product_viewed, within: 1d, count: {{gte: 2}}}}
  - id: fond
    when: {{event: product_viewed, within: 1d, count: {{gte: 5}}}}
sources:
  - {{id: web, kind: web, write_keys: [{{sha256: "{sha256(b"key").hexdigest()}"}}]}}
"""


@dataclass(frozen=True)
class Shop:
    """A running `up`, and the browser and the mini program that talk to it."""

    env: dict[str, str]
    url: str
    folder: Path

    def view(self, message: str, **who: Any) -> None:
        body = {"type": "track", "event": "product_viewed", "messageId": message, "writeKey": "key", **who}
        body["properties"] = {"category": "shoes"}
        asked = Request(f"{self.url}/v1/track", json.dumps(body).encode(), {"content-type": "application/json"})
        with urlopen(asked, timeout=20) as answer:
            assert answer.status == 200

    def views_of(self, person: str) -> int:
        """How many views the person's tag has counted."""
        (found,) = as_json(self.env, "person", person)
        return sum(tag["count"] for tag in found["tags"])

    async def write_astray(self, person: str, message: str) -> None:
        """An event in the partition behind the one that is its person's."""
        publisher = KafkaPublisher(self.env["EBBTIDE_KAFKA"])
        await publisher.start()
        kind, _, value = person.partition(":")
        assert kind == "user"
        event = {"type": "track", "event": "product_viewed", "id": message, "userId": value, "properties": {"category": "shoes"}}
        place = (partition_of(person, PARTITIONS) + 1) % PARTITIONS
        await publisher.publish(f"{self.env['EBBTIDE_PREFIX']}events", place, [Message(person.encode(), json.dumps(event).encode())])
        await publisher.stop()


@pytest.fixture
def shop(stack: Stack, redis_url: str, prefix: str, tmp_path: Path) -> Iterator[Shop]:
    env = environment(stack.kafka, redis_url, prefix)
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "a.yaml").write_text(DEFINITIONS, encoding="utf-8")
    ebbtide(env, "topics")
    ebbtide(env, "apply", str(definitions))
    where = ("--kafka", stack.kafka, "--redis", redis_url, "--data", str(tmp_path / "data"), "--port", "0")
    with running(env, "up", *where, "--json") as process:
        yield Shop(env, line_with(process, "ready")["collector"]["url"], tmp_path)


def knows_the_key(shop: Shop) -> bool:
    try:
        shop.view("m1", anonymousId="a1")
    except OSError:
        return False
    return True


def test_a_visitor_who_logs_in_and_comes_back_by_wechat_is_one_person(shop: Shop) -> None:
    env = shop.env
    eventually(lambda: knows_the_key(shop))
    shop.view("m2", anonymousId="a1")
    eventually(lambda: as_json(env, "members", "keen") == [{"person": "anon:a1"}])

    shop.view("m3", anonymousId="a1", userId="u1")
    eventually(lambda: [one["person"] for one in as_json(env, "members", "keen")] == ["user:u1"])
    shop.view("m4", userId="u1", ids={"wx_unionid": "o1"})
    eventually(lambda: "wx_unionid:o1" in as_json(env, "identity", "show", "user:u1")[0]["ids"])
    shop.view("m5", ids={"wx_unionid": "o1"})
    shop.view("m6", anonymousId="a1")
    shop.view("m6", anonymousId="a1")
    asyncio.run(shop.write_astray("user:u1", "m7"))
    eventually(lambda: shop.views_of("user:u1") == 7)

    for name in ("anon:a1", "a1", "wx_unionid:o1"):
        (person,) = as_json(env, "person", name)
        assert (person["person"], sum(tag["count"] for tag in person["tags"])) == ("user:u1", 7)
    _shows_the_way(env)
    told = [record["value"] for record in as_json(env, "transitions", "--all")]
    said = sorted((one["data"].get("person", one["data"].get("from")), one["type"], one["data"].get("segment")) for one in told)
    assert said == [
        ("anon:a1", "person.merged", None),
        ("anon:a1", "segment.entered", "keen"),
        ("anon:a1", "segment.left", "keen"),
        ("user:u1", "segment.entered", "fond"),
        ("user:u1", "segment.entered", "keen"),
    ]
    (merged,) = [one for one in told if one["type"] == "person.merged"]
    assert merged["data"]["into"] == "user:u1"
    _nothing_is_left_over(shop)


def _shows_the_way(env: dict[str, str]) -> None:
    (shown,) = as_json(env, "identity", "show", "anon:a1")
    assert (shown["person"], sorted(shown["ids"]), shown["asked"]) == ("user:u1", ["anon:a1", "user:u1", "wx_unionid:o1"], [])
    (why,) = as_json(env, "identity", "why", "anon:a1", "wx_unionid:o1")
    assert [({edge["one"], edge["other"]}, edge["reason"]) for edge in why["way"]] == [
        ({"anon:a1", "user:u1"}, "product_viewed"),
        ({"user:u1", "wx_unionid:o1"}, "product_viewed"),
    ]
    shop = [edge["source"] for edge in why["way"]]
    assert shop == ["web", "web"]


def _nothing_is_left_over(shop: Shop) -> None:
    records = as_json(shop.env, "events", "--internal", "--all")
    passed_on = [record["value"] for record in records if record["internal"] == "forward"]
    assert sorted(record["event"]["id"] for record in passed_on) == ["m5", "m6", "m6", "m7"]
    assert as_json(shop.env, "dead-letters") == []
    assert as_json(shop.env, "doctor")[0]["healthy"]
    (replayed,) = as_json(shop.env, "replay", "--into", str(shop.folder / "replayed"), "--compare")
    assert (replayed["difference"]["empty"], replayed["difference"]["same"]) == (True, 5), replayed
