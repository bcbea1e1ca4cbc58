"""What does this test do? It lives a day with Ebbtide by its commands alone: up, apply, an event over HTTP, and all that looks at it.

How? `ebbtide up` runs as a subprocess on the broker and store of the test run; every other command is a subprocess too.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from stream.stack import Stack
from tests.integration.cli.machine import as_json, ebbtide, environment, eventually, line_with, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DEFINITIONS = f"""
tags:
  - id: interest
    value: properties.category
    half_life: 7d
    rules: [{{id: viewed, event: product_viewed}}]
segments:
  - id: keen
    when: {{tag: "interest:shoes", score: {{gte: 1.5}}}}
  - id: here
    when: {{event: product_viewed, within: 2s}}
sources:
  - {{id: web, kind: web, write_keys: [{{sha256: "{sha256(b"key").hexdigest()}"}}]}}
"""


@dataclass(frozen=True)
class Machine:
    """A running `up`."""

    env: dict[str, str]
    url: str
    process: subprocess.Popen[str]
    folder: Path

    def view(self, person: str, message: str, **fields: Any) -> None:
        body = {"type": "track", "event": "product_viewed", "userId": person, "messageId": message, "writeKey": "key", **fields}
        body.setdefault("properties", {"category": "shoes"})
        with urlopen(
            Request(f"{self.url}/v1/track", json.dumps(body).encode(), {"content-type": "application/json"}), timeout=20
        ) as answer:
            assert answer.status == 200


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "a.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return folder


@pytest.fixture
def up(stack: Stack, redis_url: str, prefix: str, tmp_path: Path) -> Iterator[Machine]:
    env = environment(stack.kafka, redis_url, prefix)
    data = tmp_path / "data"
    with running(env, "up", "--kafka", stack.kafka, "--redis", redis_url, "--data", str(data), "--port", "0", "--json") as process:
        ready = line_with(process, "ready")
        yield Machine(env, ready["collector"]["url"], process, data)


def test_from_an_event_over_http_to_everything_that_tells_of_it(up: Machine, definitions: Path, tmp_path: Path) -> None:
    env = up.env
    (plan,) = as_json(env, "plan", str(definitions))
    assert [change["how"] for change in plan["changes"]] == ["added"] * 4
    (applied,) = as_json(env, "apply", str(definitions))
    assert (applied["version"], applied["everywhere"]) == (1, True)
    (again,) = as_json(env, "apply", str(definitions))
    assert (again["version"], again["changes"]) == (1, [])

    eventually(lambda: _views(up, "u1", "m1"))
    up.view("u1", "m2")
    up.view("u1", "m2")
    eventually(lambda: len(as_json(env, "transitions")) == 3)

    told = [record["value"] for record in as_json(env, "transitions", "--person", "user:u1")]
    assert sorted((one["type"], one["data"]["segment"], one["data"]["cause"]) for one in told) == [
        ("segment.entered", "here", "event"),
        ("segment.entered", "keen", "event"),
        ("segment.left", "here", "time"),
    ]
    (person,) = as_json(env, "person", "u1")
    assert (person["person"], person["tags"][0]["count"]) == ("user:u1", 2)
    assert {one["segment"]: one["in"] for one in person["segments"]} == {"keen": True, "here": False}
    assert 1.9 < person["tags"][0]["score"] < 2
    (why,) = as_json(env, "explain", "user:u1", "keen")
    assert (why["in"], why["because"]["value"], why["because"]["facts"]["count"]) == (True, True, 2)
    assert why["because"]["changesAt"] is not None
    assert as_json(env, "members", "keen") == [{"person": "user:u1"}]
    assert as_json(env, "members", "keen", "--count") == [{"segment": "keen", "members": 1}]
    ebbtide(env, "members", "keen", "--export", str(tmp_path / "keen.csv"))
    assert list(csv.reader((tmp_path / "keen.csv").read_text(encoding="utf-8").splitlines())) == [["person"], ["user:u1"]]
    assert [record["value"]["id"] for record in as_json(env, "events", "--person", "user:u1")] == ["m1", "m2", "m2"]
    (health,) = as_json(env, "doctor")
    assert health["healthy"], health
    assert {lane["definitions"] for lane in health["lanes"]} == {"1"}


def _views(up: Machine, person: str, message: str) -> bool:
    """The collector follows the definitions; until it has them it does not know the write key."""
    try:
        up.view(person, message)
    except OSError:
        return False
    return True


def test_a_plan_says_who_would_enter_and_leave_and_apply_does_it(up: Machine, definitions: Path) -> None:
    ebbtide(up.env, "apply", str(definitions))
    eventually(lambda: _views(up, "u1", "m1"))
    up.view("u2", "m2")
    up.view("u2", "m3")
    eventually(lambda: as_json(up.env, "members", "keen", "--count")[0]["members"] == 1)
    changed = DEFINITIONS.replace("gte: 1.5", "lt: 1.5") + "\nsenders: []\n"
    (definitions / "a.yaml").write_text(changed, encoding="utf-8")

    (plan,) = as_json(up.env, "plan", str(definitions))
    keen = next(segment for segment in plan["segments"] if segment["segment"] == "keen")
    assert (keen["before"], keen["after"], keen["enters"], keen["leaves"]) == (1, 1, 1, 1)
    assert {example["person"]: example["enters"] for example in keen["examples"]} == {"user:u1": True, "user:u2": False}

    ebbtide(up.env, "apply", str(definitions))
    eventually(lambda: as_json(up.env, "members", "keen") == [{"person": "user:u1"}])


def test_a_dead_letter_is_shown_and_written_back_once(up: Machine, definitions: Path) -> None:
    ebbtide(up.env, "apply", str(definitions))
    eventually(lambda: _views(up, "u1", "m1"))
    up.view("u1", "m2", timestamp="2009-01-01T00:00:00Z")
    eventually(lambda: len(as_json(up.env, "dead-letters", "--reason", "too-old")) == 1)

    (letter,) = as_json(up.env, "dead-letters")
    assert (letter["reason"], letter["stage"], json.loads(letter["value"])["id"]) == ("too-old", "lane", "m2")
    assert as_json(up.env, "dead-letters", "replay", "--reason", "too-old")[0]["replayed"] == 1
    eventually(lambda: len(as_json(up.env, "dead-letters")) == 2)


def test_a_process_that_is_killed_is_started_again_and_dies_with_up(up: Machine) -> None:
    before = _children(up.process.pid)
    os.kill(before["worker"], signal.SIGKILL)
    eventually(lambda: _children(up.process.pid).get("worker") not in (None, before["worker"]))

    after = _children(up.process.pid)
    assert set(after) == {"collector", "worker", "sender"}
    up.process.kill()
    up.process.wait()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in after.values()))


def _children(parent: int) -> dict[str, int]:
    found = {}
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"stream.cli" in words:
            found[words[words.index(b"stream.cli") + 1].decode()] = int(pid)
    return found


def test_without_a_worker_apply_says_that_it_takes_effect_later(stack: Stack, redis_url: str, prefix: str, definitions: Path) -> None:
    env = environment(stack.kafka, redis_url, prefix)
    ebbtide(env, "topics")

    assert "No worker is running" in ebbtide(env, "apply", str(definitions))
    assert [finding["what"] for finding in as_json(env, "doctor", code=1)[0]["findings"] if finding["state"] == "bad"]


def test_two_applies_at_once_do_not_lose_one(stack: Stack, redis_url: str, prefix: str, definitions: Path) -> None:
    env = environment(stack.kafka, redis_url, prefix)
    ebbtide(env, "topics")
    from redis import Redis

    with Redis.from_url(redis_url) as client:
        client.set("ebbtide:apply", "somebody", px=60_000)
        began = time.monotonic()
        ebbtide(env, "apply", str(definitions), code=1)
        assert time.monotonic() - began < 60
        client.delete("ebbtide:apply")
    assert as_json(env, "apply", str(definitions))[0]["version"] == 1
