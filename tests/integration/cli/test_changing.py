"""What does this test do? It changes definitions by the commands, on a real stack, and holds `plan` and `apply` to what they say.

How? The log, the workers and the commands are real; events are written straight into the log. What is expected is computed here,
from the events alone. Where something is killed, it is killed with SIGKILL.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from redis import Redis

from schemas.routing import partition_of
from schemas.transition import iso_time
from stream.cli.deployment import log_ends
from stream.kafka.port import Message
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.settings import Settings
from stream.stack import Stack
from stream.store.layout import PartitionKeys
from stream.store.port import LaneHeader, unpack_header
from tests.integration.cli.machine import EBBTIDE, ROOT, as_json, ebbtide, environment, eventually, line_with, running
from tests.integration.worker.deployment import read_all

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PARTITIONS = 4
LOCK = "ebbtide:apply"
FAST = {"EBBTIDE_WORKER_RUNNER": "aiokafka", "EBBTIDE_WORKER_SESSION_TIMEOUT_MS": "1500", "EBBTIDE_WORKER_HEARTBEAT_MS": "300"}
OLD = """
tags:
  - {id: buyer, rules: [{event: bought}]}
segments:
  - {id: often, when: {event: seen, within: 30d, count: {gte: 8}}}
  - {id: buyers, when: {tag: buyer}}
  - {id: going, when: {event: bought}}
"""
NEW = """
tags:
  - {id: buyer, rules: [{event: bought}]}
  - {id: keen, half_life: 7d, rules: [{event: seen, where: {properties.n: {gte: 8}}}]}
segments:
  - {id: often, when: {event: seen, within: 60d, count: {gte: 10}}}
  - {id: buyers, name: Those who buy, when: {tag: buyer}}
  - {id: keen, when: {tag: keen, score: {gte: 1.5}}}
  - {id: rich, when: {event: bought, since: 2020-01-01T00:00:00Z, sum: {property: properties.n, gte: 9}}}
  - {id: then, when: {all: [{sequence: [{event: seen}, {event: bought}], within: 30d}, {not: {segment: rich}}]}}
"""


@dataclass
class Place:
    """One deployment: its commands, its log, its store."""

    env: dict[str, str]
    redis: Redis
    folder: Path
    written: int = 0

    @property
    def settings(self) -> Settings:
        return Settings(kafka=self.env["EBBTIDE_KAFKA"], prefix=self.env["EBBTIDE_PREFIX"], partitions=PARTITIONS)

    def define(self, text: str) -> str:
        """Write the folder; its name."""
        (self.folder / "a.yaml").write_text(text, encoding="utf-8")
        return str(self.folder)

    def apply(self, text: str, *options: str) -> dict[str, Any]:
        (told,) = as_json(self.env, "apply", self.define(text), *options)
        return dict(told)

    def refused(self, text: str) -> str:
        """What apply says when it applies nothing."""
        command = [*EBBTIDE, "apply", self.define(text)]
        done = subprocess.run(command, capture_output=True, text=True, env=self.env, cwd=ROOT, timeout=60, check=False)
        assert done.returncode == 1
        return done.stderr

    def write(self, *events: tuple[str, str, int]) -> None:
        """Write events to the log: (user, event, n)."""
        batches: dict[int, list[Message]] = defaultdict(list)
        for user, name, n in events:
            event = {"id": f"m{self.written}", "type": "track", "event": name, "userId": user, "properties": {"n": n}}
            key = f"user:{user}"
            batches[partition_of(key, PARTITIONS)].append(Message(key.encode(), json.dumps(event).encode()))
            self.written += 1
        asyncio.run(self._publish(batches))

    async def _publish(self, batches: dict[int, list[Message]]) -> None:
        publisher = KafkaPublisher(self.settings.kafka)
        await publisher.start()
        try:
            for partition, batch in batches.items():
                await publisher.publish(self.settings.topics.events, partition, batch)
        finally:
            await publisher.stop()

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        with running(self.env, "worker", "--metrics-port", "0", "--json") as process:
            line_with(process, "metrics_port")
            yield process

    def headers(self) -> list[LaneHeader]:
        packed = [self.redis.get(PartitionKeys(partition).header) for partition in range(PARTITIONS)]
        return [unpack_header(one) if isinstance(one, bytes) else LaneHeader() for one in packed]

    def all_applied(self) -> None:
        eventually(lambda: sum(header.applied for header in self.headers()) == self.written)

    def transitions(self, **wanted: Any) -> list[dict[str, Any]]:
        """What is on the topic, by fields of its data."""
        topic = self.settings.topics.transitions
        values = asyncio.run(read_all(self.settings.kafka, [TopicPartition(topic, partition) for partition in range(PARTITIONS)]))
        found = [json.loads(value) for value in values]
        return [one for one in found if all(one["data"].get(name) == value for name, value in wanted.items())]

    def published(self, count: int) -> None:
        """Wait until so many transitions there have been are published."""
        eventually(lambda: sum(header.transitions for header in self.headers()) == count)
        self.at_rest()

    def people(self, **wanted: Any) -> list[tuple[str, str, bool]]:
        """(segment, type, silent) of the transitions that are wanted, in order of the topic."""
        return [(one["data"]["segment"], one["type"], one["data"].get("silent", False)) for one in self.transitions(**wanted)]

    def everything(self) -> tuple[dict[bytes, Any], dict[str, Any]]:
        """Every key of the store with value and time to live, and where every topic ends."""
        keys: list[bytes] = sorted(self.redis.scan_iter("*"))
        topics = self.settings.topics.catalogue()
        ends = {topic.name: asyncio.run(log_ends(self.settings, topic.name, topic.partitions)) for topic in topics}
        return {key: (self.redis.dump(key), self.redis.pttl(key)) for key in keys}, ends

    def at_rest(self) -> tuple[dict[bytes, Any], dict[str, Any]]:
        """Everything, once all that was published is known to be, which is the last that a worker writes."""
        eventually(lambda: not any(self.redis.exists(PartitionKeys(partition).outbox) for partition in range(PARTITIONS)))
        while (before := self.everything()) != self.everything():
            pass
        return before


@pytest.fixture
def place(stack: Stack, redis_url: str, prefix: str, tmp_path: Path) -> Iterator[Place]:
    env = {**environment(stack.kafka, redis_url, prefix), **FAST}
    ebbtide(env, "topics")
    with Redis.from_url(redis_url) as redis:
        yield Place(env, redis, tmp_path)


def past(people: int, events: int) -> list[tuple[str, str, int]]:
    """The first people come more often; every seventh event is a purchase."""
    return [
        (f"u{number % (people if number % 3 else people // 3)}", "bought" if number % 7 == 0 else "seen", number % 10)
        for number in range(events)
    ]


def test_a_plan_changes_nothing_and_apply_does_what_it_said(place: Place) -> None:
    events = past(60, 600)
    with place.worker():
        assert place.apply(OLD)["everywhere"]
        place.write(*events)
        place.all_applied()
        before = place.at_rest()
        (plan,) = as_json(place.env, "plan", place.define(NEW))
        said = ebbtide(place.env, "plan", str(place.folder))
        after = place.everything()
        assert [key for key in before[0].keys() | after[0].keys() if before[0].get(key) != after[0].get(key)] == []
        assert after == before
        applied = place.apply(NEW)
        eventually(lambda: all(len(header.switches) == 1 for header in place.headers()))
        switched = {partition: iso_time(header.switches[-1][1]) for partition, header in enumerate(place.headers())}
        place.at_rest()

    caused = place.transitions(cause="definition", definitions=2)
    directions = Counter((one["data"]["segment"], one["type"]) for one in caused)
    for segment in plan["segments"]:
        assert segment["published"]["entered"] == segment["enters"] == directions[segment["segment"], "segment.entered"]
        assert segment["published"]["left"] == segment["leaves"] == directions[segment["segment"], "segment.left"]
    assert sum(directions.values()) == _published(plan) > 50
    assert all(one["timestamp"] == switched[partition_of(one["data"]["person"], PARTITIONS)] for one in caused)
    entered = {one["data"]["person"] for one in caused if (one["data"]["segment"], one["type"]) == ("rich", "segment.entered")}
    spent: Counter[str] = Counter()
    for user, name, n in events:
        spent[f"user:{user}"] += n * (name == "bought")
    assert entered == {person for person, sum_of in spent.items() if sum_of >= 9}

    needs = {(need["of"], need["id"], need["reach"], need["missing"]) for need in plan["past"]["needs"]}
    assert needs == {
        ("tag", "keen", "ever", False), ("segment", "often", "within", False), ("segment", "keen", "ever", False),
        ("segment", "rich", "since", False), ("segment", "then", "ever", False),
    }  # fmt: skip
    assert (plan["past"]["logBegins"], plan["past"]["recordsRead"]) == (
        None,
        sum(before[1][f"{place.settings.prefix}events"].ends.values()),
    )
    assert applied["past"]["needs"][0]["id"] == "keen"
    assert "segment rich is filled from the past, from 2020-01-01 00:00:00.000 UTC on: bought since" in said
    assert [change["id"] for change in applied["changes"]] == [change["id"] for change in plan["changes"]]
    assert [change["how"] for change in plan["changes"] if change["id"] == "going"] == ["removed"]
    assert not place.transitions(segment="buyers", cause="definition")
    _explained(place, min(entered), min(spent.keys() - entered))


def _published(plan: dict[str, Any]) -> int:
    return sum(sum(segment["published"].values()) for segment in plan["segments"])


def _explained(place: Place, inside: str, outside: str) -> None:
    (why,), (why_not,) = (as_json(place.env, "explain", person, "rich") for person in (inside, outside))
    assert (why["in"], why["published"]["in"], why["because"]["value"], why["because"]["changesAt"]) == (True, True, True, None)
    assert why["because"]["facts"]["sum properties.n"] >= 9 > why_not["because"]["facts"]["sum properties.n"]
    assert (why_not["in"], why_not["because"]["asked"]) == (False, {"sum properties.n": ["≥ 9"]})
    assert f"{inside} is in rich" in ebbtide(place.env, "explain", inside, "rich")
    said = ebbtide(place.env, "explain", outside, "rich")
    assert f"{outside} is not in rich" in said
    assert "(asked ≥ 9)" in said


def test_a_worker_and_an_apply_that_are_killed_in_the_middle_leave_nothing_half_done(place: Place) -> None:
    events = past(400, 24_000)
    with place.worker() as first:
        place.apply(OLD)
        place.write(*events)
        place.all_applied()
        with subprocess.Popen([*EBBTIDE, "apply", place.define(NEW)], env=place.env, cwd=ROOT, stderr=subprocess.DEVNULL) as apply:
            eventually(lambda: any(header.filling is not None and header.filling.cursor > 0 for header in place.headers()), every=0.002)
            first.kill()
            apply.kill()
    place.redis.delete(LOCK)  # where the command still held it, it goes by itself a minute after
    filling = [header.filling for header in place.headers() if header.filling is not None]
    assert any(each.cursor < each.until for each in filling), "the filling was over before the worker was killed"
    assert {header.switches[-1][0] for header in place.headers()} == {1}
    assert "version 2 does not hold yet in the lanes 0, 1, 2, 3; nothing was applied" in place.refused(OLD)

    with place.worker():
        again = place.apply(NEW)
        assert (again["version"], again["changes"], again["everywhere"]) == (2, [], True)
        eventually(lambda: all(not header.filled for header in place.headers()))
        seen = Counter(f"user:{user}" for user, name, _ in events if name == "seen")
        expected = {person for person, count in seen.items() if count >= 10}
        assert {one["person"] for one in as_json(place.env, "members", "often")} == expected
        ebbtide(place.env, "replay", "--into", str(place.folder / "replay"), "--compare")


def test_an_apply_that_was_killed_is_followed_by_one_that_ends_what_it_began(place: Place) -> None:
    with subprocess.Popen([*EBBTIDE, "apply", place.define(OLD)], env=place.env, cwd=ROOT) as apply:
        eventually(lambda: bool(place.redis.exists(LOCK)), every=0.001)
        os.kill(apply.pid, signal.SIGKILL)
    if place.redis.exists(LOCK):
        assert "another apply is under way; nothing was applied" in place.refused(OLD)
        place.redis.delete(LOCK)  # as it does by itself a minute after
    place.write(("u1", "bought", 1))
    with place.worker():
        told = place.apply(OLD)
        assert (told["version"], told["everywhere"]) == (1, True)
        place.all_applied()
        place.published(2)


def test_a_log_that_has_lost_its_beginning_is_told_before_anything_happens(place: Place) -> None:
    place.write(*past(40, 200))
    asyncio.run(_lose(place, 5))
    folder = place.define(OLD)

    (plan,) = as_json(place.env, "plan", folder)
    said = ebbtide(place.env, "plan", folder)

    assert plan["past"]["logBegins"] is not None
    assert plan["past"]["retentionMs"] == 30 * 86_400_000
    missing = {(need["id"], need["reach"]) for need in plan["past"]["needs"] if need["missing"]}
    assert missing == {("buyer", "ever"), ("often", "within"), ("buyers", "ever"), ("going", "ever")}
    assert "WARNING: segment going needs the past as far back as there is any, but the log begins" in said
    assert {need["id"] for need in place.apply(OLD)["past"]["needs"] if need["missing"]} == {"buyer", "often", "buyers", "going"}


async def _lose(place: Place, records: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=place.settings.kafka)
    await admin.start()
    try:
        topic = place.settings.topics.events
        await admin.delete_records({TopicPartition(topic, partition): RecordsToDelete(records) for partition in range(PARTITIONS)})
    finally:
        await admin.close()


STORY = """
segments:
  - {{id: a, when: {{event: a}}}}
  - {{id: b, {b}when: {{event: b}}}}
{more}
"""


def story(b: str = "", *more: str) -> str:
    return STORY.format(b=b, more="\n".join(f"  - {one}" for one in more))


def test_silent_paused_archived_renamed_and_removed(place: Place) -> None:
    with place.worker():
        place.apply(story())
        place.write(("u1", "a", 1), ("u1", "b", 1), ("u1", "c", 1))
        place.all_applied()

        place.apply(story("", "{id: c, when: {event: c}}"), "--silent")
        place.apply(story("paused: true, ", "{id: c, name: See, when: {event: c}}"))
        place.write(("u2", "b", 1), ("u2", "c", 1))
        place.all_applied()
        assert [one["person"] for one in as_json(place.env, "members", "b")] in (["user:u1", "user:u2"], ["user:u2", "user:u1"])
        place.published(4)
        place.apply(story("", "{id: c, archived: true, when: {event: c}}"))
        place.published(7)
        place.apply(story("", "{id: c, when: {event: c}}"))
        place.apply("segments: [{id: b, when: {event: b}}, {id: c, when: {event: c}}]")
        place.published(10)

    entered, left = "segment.entered", "segment.left"
    assert place.people(definitions=1) == [("a", entered, False), ("b", entered, False)]
    assert place.people(definitions=2) == [("c", entered, True)]
    assert place.people(definitions=3) == [("c", entered, False)]
    assert sorted(place.people(definitions=4)) == [("b", entered, False), ("c", left, True), ("c", left, True)]
    assert place.people(definitions=5) == [("c", entered, False)] * 2
    assert place.people(definitions=6) == [("a", left, True)]
    assert {(one["data"]["person"], one["data"]["cause"]) for one in place.transitions(segment="b")} == {
        ("user:u1", "event"), ("user:u2", "definition"),
    }  # fmt: skip
    assert [one["data"]["sequence"] for one in place.transitions(segment="c", person="user:u1")] == [1, 2, 3]
