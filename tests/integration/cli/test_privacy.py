"""What does this test do? It exports a person, erases it, and looks for what is left: in Redis, in a backfill, in a replay.

How? `ebbtide up` runs as a subprocess on the broker and store of the test run; every other command is a subprocess too. What Redis holds
is read key by key, whatever its type, and lists are unpacked.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from schemas.routing import partition_of
from stream.duplicates.refusals import KEY, _member
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.stack import Stack
from tests.integration.cli.machine import as_json, ebbtide, environment, eventually, line_with, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

USER, ANON, OTHER = "user:ulrike-74", "anon:laptop-9c1", "user:someone-else"
IDS = (b"ulrike-74", b"laptop-9c1")
FIRST = "segments: [{id: seen, when: {event: viewed}}, {id: vips, when: {list: vip}}]"
# What is new here is worked out from the log: the tag, and the window.
SECOND = """
tags: [{id: keen, half_life: 7d, rules: [{event: viewed}]}]
segments:
  - {id: seen, when: {event: viewed}}
  - {id: often, when: {event: viewed, within: 60d, count: {gte: 2}}}
  - {id: vips, when: {list: vip}}
"""


@pytest.fixture
def env(stack: Stack, redis_url: str, prefix: str) -> dict[str, str]:
    return environment(stack.kafka, redis_url, prefix)


@pytest.fixture
def up(env: dict[str, str], tmp_path: Path) -> Iterator[None]:
    where = ("--kafka", env["EBBTIDE_KAFKA"], "--redis", env["EBBTIDE_REDIS"], "--data", str(tmp_path / "data"), "--port", "0")
    with running(env, "up", *where, "--json") as process:
        line_with(process, "ready")
        yield


def view(env: dict[str, str], event_id: str, **who: str) -> None:
    """An event, written straight into the log."""

    async def write() -> None:
        publisher = KafkaPublisher(env["EBBTIDE_KAFKA"])
        first = f"user:{who['userId']}" if "userId" in who else f"anon:{who['anonymousId']}"
        value = json.dumps({"type": "track", "event": "viewed", "id": event_id, "traits": {"city": "Kiel"}} | who).encode()
        try:
            message = Message(first.encode(), value)
            await publisher.publish(f"{env['EBBTIDE_PREFIX']}events", partition_of(first, 4), [message])
        finally:
            await publisher.stop()

    asyncio.run(write())


def apply(env: dict[str, str], folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    ebbtide(env, "apply", str(folder))


def everything(client: Redis) -> list[bytes]:
    """All keys, members, fields and values of the database."""
    found: list[Any] = []
    for key in client.scan_iter():
        found.append(key)
        match client.type(key):
            case b"string":
                found.append(client.get(key) or b"")
            case b"list":
                found += client.lrange(key, 0, -1)
            case b"set":
                found += client.smembers(key)
            case b"zset":
                found += client.zrange(key, 0, -1)
            case b"hash":
                found += [part for pair in client.hgetall(key).items() for part in pair]
            case kind:
                raise AssertionError(f"{key!r} is a {kind!r}")
    return [*found, *(zlib.decompress(one) for one in found if one[:1] == b"\x78" and _is_packed(one))]


def _is_packed(text: bytes) -> bool:
    try:
        zlib.decompress(text)
    except zlib.error:
        return False
    return True


def traces(env: dict[str, str]) -> list[bytes]:
    """What Redis holds that names the person."""
    with Redis.from_url(env["EBBTIDE_REDIS"]) as client:
        return [text for text in everything(client) if any(one in text for one in IDS)]


def told(env: dict[str, str]) -> list[tuple[str, str, str, int]]:
    """Segment, type, cause and incarnation of each transition of the person, by any of its ids."""
    found = [record["value"] for record in as_json(env, "transitions", "--all")]
    mine: list[dict[str, Any]] = [one for one in found if one["data"].get("person") in (USER, ANON)]
    return sorted((one["data"]["segment"], one["type"][8:], one["data"]["cause"], one["data"]["incarnation"]) for one in mine)


def live(env: dict[str, str], folder: Path) -> None:
    """One person by two ids, and another; a segment, a list, a pair told apart."""
    apply(env, folder, FIRST)
    view(env, "m1", anonymousId="laptop-9c1")
    view(env, "m2", userId="ulrike-74", anonymousId="laptop-9c1")
    view(env, "m3", userId="someone-else")
    names = folder.parent / "vips.txt"
    names.write_text("ulrike-74\nanon:laptop-9c1\nsomeone-else\n", encoding="utf-8")
    ebbtide(env, "list", "put", "vip", str(names))
    with Redis.from_url(env["EBBTIDE_REDIS"]) as client:
        client.sadd(KEY, _member(USER, OTHER))
    eventually(lambda: as_json(env, "person", OTHER)[0]["lists"] == ["vip"])
    eventually(lambda: len(as_json(env, "identity", "show", USER)[0]["ids"]) == 2)
    eventually(lambda: as_json(env, "members", "vips", "--count")[0]["members"] == 2)


def exported(env: dict[str, str], file: Path) -> None:
    """The export tells what is held."""
    ebbtide(env, "export", ANON, "--file", str(file))
    held = json.loads(file.read_text(encoding="utf-8"))
    assert (held["person"], held["ids"], held["traits"]["city"]["value"]) == (USER, [USER, ANON], "Kiel")
    assert held["uploadedLists"] == [{"list": "vip", "ids": [USER, ANON]}]
    assert held["rememberedEventIds"] == 2
    assert {one["segment"]: one["because"]["value"] for one in held["segments"]} == {"seen": True, "vips": True}


def erased(env: dict[str, str]) -> dict[str, Any]:
    """Erase the person; the receipt."""
    ebbtide(env, "erase", ANON, "--json", code=2)
    (receipt,) = as_json(env, "erase", ANON, "--yes")
    assert (receipt["person"], receipt["ids"], receipt["lists"]) == (USER, 2, ["vip"])
    assert receipt["partitions"] == sorted({partition_of(USER, 4), partition_of(ANON, 4)})
    assert traces(env) == []
    ebbtide(env, "erase", USER, "--yes", code=1)
    assert {(one[0], one[1]) for one in told(env) if one[2] == "erasure"} == {("seen", "left"), ("vips", "left")}
    assert as_json(env, "list")[0]["persons"] == 1
    return dict(receipt)


def replayed(env: dict[str, str], folder: Path, early: str) -> None:
    """Neither a replay of all nor one that ends before the erasure says anything of the person; live and replay agree."""
    (whole,) = as_json(env, "replay", "--into", str(folder / "whole"), "--compare")
    assert whole["difference"]["empty"], whole
    assert whole["difference"]["same"] == whole["written"] > 0
    ebbtide(env, "replay", "--into", str(folder / "early"), "--to", early)
    written = b"".join(file.read_bytes() for name in ("whole", "early") for file in (folder / name).iterdir())
    assert b"someone-else" in written
    assert not any(one in written for one in IDS)


def test_of_who_is_erased_nothing_is_left_and_nothing_brings_it_back(up: None, env: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "definitions"
    live(env, folder)
    assert traces(env), "the scan finds nothing even where there is something"
    exported(env, tmp_path / "held.json")
    receipt = erased(env)

    before = told(env)
    apply(env, folder, SECOND)
    replayed(env, tmp_path, receipt["appendedAt"])
    assert (traces(env), told(env)) == ([], before)

    view(env, "m2", userId="ulrike-74")
    eventually(lambda: len(told(env)) == len(before) + 1)
    (again,) = as_json(env, "person", USER)
    assert again["incarnation"] > receipt["incarnation"]
    assert again["ids"] == [USER]
    assert {one["segment"]: (one["in"], one["sequence"]) for one in again["segments"]} == {
        "seen": (True, 1),
        "often": (False, 0),
        "vips": (False, 0),
    }
    assert as_json(env, "dead-letters") == []
