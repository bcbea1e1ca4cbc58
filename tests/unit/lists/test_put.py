"""Puts, whatever dies: afterwards the log names whom the last whole file names, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from random import Random

import pytest

from schemas.errors import Unavailable
from schemas.internal import ListRecord, read_internal
from schemas.routing import partition_of
from stream.kafka.port import Message
from stream.lists import put as put_module
from stream.lists.memory import MemoryListRegister
from stream.lists.put import Put, Putting, Told
from stream.lists.register import Bucket, ListBusy, ListTaken, bucket_of, pack_bucket, unpack_bucket
from stream.lists.spool import Spool
from tagging.lists import Lists, Naming, is_named, noted, version_of

PARTITIONS = 3


class Log:
    """The lanes as they apply what is published. After ``lives`` publishes the broker is away; the last one may have been written."""

    def __init__(self) -> None:
        self.persons: dict[str, Lists] = {}
        self.records = 0
        self.lives = 1 << 30
        self.writes_the_last = False

    async def publish(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
        self.lives -= 1
        if self.lives >= 0 or (self.lives == -1 and self.writes_the_last):
            for message in messages:
                self._apply(message, topic, partition)
        if self.lives < 0:
            raise Unavailable("away")

    def _apply(self, message: Message, topic: str, partition: int) -> None:
        record = read_internal(message.value)
        assert isinstance(record, ListRecord)
        ((person, named),) = record.named.items()
        assert (topic, message.key, message.headers) == ("events", person.encode(), (("ebbtide-internal", b"list"),))
        assert partition == partition_of(person, PARTITIONS)
        self.records += 1
        held = self.persons.get(person)
        if (held is not None or named) and record.version >= version_of(held or [], record.id):
            self.persons[person] = noted(held or [], Naming(record.id, record.version, named))

    def named(self, list_id: str) -> set[str]:
        return {person for person, held in self.persons.items() if is_named(held, list_id)}


async def put(register: MemoryListRegister, log: Log, people: Iterable[str], *, now: int = 1, list_id: str = "vip") -> Told:
    with Spool() as spool:
        spool.add(people)
        spool.close()
        version = await register.begin(list_id, "token", now)
        told = await Putting(register, log, "events", PARTITIONS, lambda _: None).run(Put(list_id, version, "token"), spool)
        await register.end(list_id, "token")
        return told


async def test_a_put_makes_the_file_the_list_and_tells_only_of_those_who_change() -> None:
    register, log = MemoryListRegister(), Log()
    first = await put(register, log, [f"user:{number}" for number in range(100)] + ["user:1", "user:1"])
    assert (first.persons, first.added, first.removed, log.records) == (100, 100, 0, 100)

    second = await put(register, log, [f"user:{number}" for number in range(3, 101)])
    assert (second.persons, second.added, second.removed, log.records) == (98, 1, 3, 104)
    assert log.named("vip") == {f"user:{number}" for number in range(3, 101)}

    again = await put(register, log, log.named("vip"))
    assert (again.persons, again.added, again.removed, again.buckets, log.records) == (98, 0, 0, 0, 104)
    assert (await put(register, log, [])).removed == 98
    assert (log.named("vip"), await register.numbers("vip")) == (set(), [])


async def test_lists_do_not_touch_each_other() -> None:
    register, log = MemoryListRegister(), Log()
    await put(register, log, ["user:1"])
    await put(register, log, ["user:1", "user:2"], list_id="staff")
    await put(register, log, [])

    assert (log.named("vip"), log.named("staff")) == (set(), {"user:1", "user:2"})


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_dies_the_next_whole_put_leaves_its_file_and_nobody_else(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(put_module, "PART_RECORDS", 3)
    random = Random(seed)
    register, log = MemoryListRegister(), Log()
    people = [f"user:{number}" for number in range(40)]
    for _ in range(12):
        file = random.sample(people, random.randrange(len(people)))
        log.lives, log.writes_the_last = random.choice((1 << 30, random.randrange(40))), random.random() < 0.5
        try:
            await put(register, log, file, now=random.randrange(50))
        except Unavailable:
            register.expire("vip")
            continue
        assert log.named("vip") == set(file)


async def test_versions_rise_and_are_not_less_than_the_time_so_that_a_lost_register_does_not_begin_below_them() -> None:
    register = MemoryListRegister()
    versions = []
    for now in (1_000, 500, 2_000):
        versions.append(await register.begin("vip", "t", now))
        await register.end("vip", "t")
    assert versions == [1_000, 1_001, 2_000]
    assert await register.lists() == {"vip": 2_000}


async def test_a_second_put_is_refused_and_one_that_lost_its_hold_stops_before_it_writes() -> None:
    register, log = MemoryListRegister(), Log()
    await register.begin("vip", "one", 1)
    with pytest.raises(ListBusy):
        await register.begin("vip", "two", 1)
    register.expire("vip")
    await register.begin("vip", "two", 1)
    with Spool() as spool:
        spool.add(["user:1"])
        spool.close()
        with pytest.raises(ListTaken):
            await Putting(register, log, "events", PARTITIONS, lambda _: None).run(Put("vip", 1, "one"), spool)
    assert log.records == 0


async def test_a_broker_that_does_not_answer_ends_the_put(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Log):
        async def publish(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
            import asyncio

            await asyncio.sleep(3600)

    monkeypatch.setattr(put_module, "PART_SECONDS", 0.01)
    with pytest.raises(Unavailable, match="not written within"):
        await put(MemoryListRegister(), Silent(), ["user:1"])


def test_a_bucket_is_read_back_and_is_smaller_than_its_ids() -> None:
    bucket = Bucket(frozenset(f"user:{number:08}" for number in range(2_000)), frozenset(['wx:"\n']))

    assert unpack_bucket(pack_bucket(bucket)) == bucket
    assert len(pack_bucket(bucket)) < len(json.dumps(sorted(bucket.sure))) / 3
    assert unpack_bucket(None) == Bucket()
    assert {bucket_of(f"user:{number}") for number in range(5_000)} == set(range(256))
