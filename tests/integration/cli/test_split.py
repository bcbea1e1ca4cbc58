"""What does this test do? It splits a person who was two, by the command, and writes 1 000 events of both afterwards.

How? `ebbtide up` runs as a subprocess on the broker and store of the test run; every other command is a subprocess too.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.routing import partition_of
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.stack import Stack
from tests.integration.cli.machine import EBBTIDE, ROOT, as_json, ebbtide, environment, eventually, line_with, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

USER, ANON = "user:ulla", "anon:kiosk"
BOTH, VISITOR = {"userId": "ulla", "anonymousId": "kiosk"}, {"anonymousId": "kiosk"}
FIRST = """
tags: [{id: keen, half_life: 7d, rules: [{event: viewed}]}]
segments:
  - {id: often, when: {event: viewed, within: 60d, count: {gte: 3}}}
  - {id: heavy, when: {event: viewed, within: 60d, count: {gte: 5}}}
"""
SECOND = FIRST.replace("tags: [", "tags: [{id: late, rules: [{event: viewed}]}, ")


@pytest.fixture
def env(stack: Stack, redis_url: str, prefix: str) -> dict[str, str]:
    return environment(stack.kafka, redis_url, prefix)


@pytest.fixture
def up(env: dict[str, str], tmp_path: Path) -> Iterator[None]:
    where = ("--kafka", env["EBBTIDE_KAFKA"], "--redis", env["EBBTIDE_REDIS"], "--data", str(tmp_path / "data"), "--port", "0")
    with running(env, "up", *where, "--json") as process:
        line_with(process, "ready")
        yield


def views(env: dict[str, str], whose: Sequence[dict[str, str]], name: str) -> None:
    """Events, written straight into the log, in order."""

    async def write() -> None:
        publisher = KafkaPublisher(env["EBBTIDE_KAFKA"])
        try:
            for number, who in enumerate(whose):
                first = USER if "userId" in who else ANON
                value = json.dumps({"type": "track", "event": "viewed", "id": f"{name}-{number}"} | who).encode()
                await publisher.publish(f"{env['EBBTIDE_PREFIX']}events", partition_of(first, 4), [Message(first.encode(), value)])
        finally:
            await publisher.stop()

    asyncio.run(write())


def apply(env: dict[str, str], folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    ebbtide(env, "apply", str(folder))


def counts(env: dict[str, str], person: str) -> dict[str, int]:
    (found,) = as_json(env, "person", person)
    assert found["person"] == person
    return {tag["tag"]: tag["count"] for tag in found["tags"]}


def told(env: dict[str, str]) -> Counter[tuple[str, str, str]]:
    """How often (person, type and segment, cause) stands on the topic."""
    found: list[dict[str, Any]] = [record["value"] for record in as_json(env, "transitions", "--all")]
    data = [(one["type"][8:], one["data"]) for one in found if "segment" in one["data"]]
    return Counter((one["person"], f"{kind} {one['segment']}", one["cause"]) for kind, one in data)


@pytest.mark.usefixtures("up")
def test_after_a_split_and_a_thousand_events_both_are_as_if_they_had_never_been_one(env: dict[str, str], tmp_path: Path) -> None:
    apply(env, tmp_path / "definitions", FIRST)
    views(env, [VISITOR] * 3, "before")
    eventually(lambda: counts(env, ANON) == {"keen": 3})
    views(env, [BOTH] * 2, "login")
    eventually(lambda: counts(env, USER) == {"keen": 5})
    (why,) = as_json(env, "identity", "why", ANON, USER)
    assert [{edge["one"], edge["other"]} for edge in why["way"]] == [{USER, ANON}]

    (plan,) = as_json(env, "identity", "split", USER, ANON, "--dry-run")
    assert (plan["person"], plan["keeps"], plan["into"], plan["gets"]) == (USER, [USER], ANON, [ANON])
    assert counts(env, USER) == {"keen": 5}
    (receipt,) = as_json(env, "identity", "split", USER, ANON, "--yes")
    assert receipt["cut"] == [{"one": USER, "other": ANON}]
    assert (counts(env, USER), counts(env, ANON)) == ({"keen": 2}, {"keen": 3})
    split = {key: times for key, times in told(env).items() if key[2] == "split"}
    assert split == {(USER, "left often", "split"): 1, (USER, "left heavy", "split"): 1, (ANON, "entered often", "split"): 1}

    views(env, [BOTH, VISITOR] * 500, "later")
    eventually(lambda: (counts(env, USER), counts(env, ANON)) == ({"keen": 502}, {"keen": 503}))
    said = ebbtide_fails(env, "identity", "why", ANON, USER)
    assert f"a split cut {USER} – {ANON}" in said
    assert as_json(env, "dead-letters") == []
    (replayed,) = as_json(env, "replay", "--into", str(tmp_path / "replayed"), "--compare")
    assert replayed["difference"]["empty"], replayed
    apply(env, tmp_path / "definitions", SECOND)
    eventually(lambda: (counts(env, USER), counts(env, ANON)) == ({"keen": 502, "late": 502}, {"keen": 503, "late": 503}))

    assert as_json(env, "identity", "recount", "--dry-run") == [{"people": [ANON, USER], "left out": {}}]
    (counted,) = as_json(env, "identity", "recount")
    assert (sorted(counted["people"]), counted["left out"]) == ([ANON, USER], {})
    views(env, [BOTH, VISITOR], "last")
    eventually(lambda: (counts(env, USER), counts(env, ANON)) == ({"keen": 503, "late": 503}, {"keen": 504, "late": 504}))
    (replayed,) = as_json(env, "replay", "--into", str(tmp_path / "again"), "--compare")
    assert (replayed["difference"]["empty"], as_json(env, "dead-letters")) == (True, [])


def ebbtide_fails(env: dict[str, str], *arguments: str) -> str:
    """What a command that fails says."""
    done = subprocess.run([*EBBTIDE, *arguments], capture_output=True, text=True, env=dict(env), cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    return done.stderr
