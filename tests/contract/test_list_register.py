"""What every register of lists promises, asked of the one in memory and of the real one alike."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from stream.lists.memory import MemoryListRegister
from stream.lists.redis import RedisListRegister
from stream.lists.register import Bucket, ListBusy, ListRegister, ListTaken

ANN = Bucket(frozenset({"user:ann"}), frozenset({"user:bob"}))
NOW = 1_764_000_000_123


@pytest.fixture(params=["memory", "redis"])
async def register(request: pytest.FixtureRequest) -> AsyncIterator[ListRegister]:
    if request.param == "memory":
        yield MemoryListRegister()
        return
    redis = RedisListRegister(request.getfixturevalue("redis_url"))
    yield redis
    await redis.close()


async def test_a_list_that_nobody_put_is_none(register: ListRegister) -> None:
    assert (await register.lists(), await register.numbers("vip"), await register.bucket("vip", 3)) == ({}, [], Bucket())


async def test_buckets_are_kept_and_an_empty_one_is_gone(register: ListRegister) -> None:
    await register.begin("vip", "t", NOW)
    await register.write("vip", "t", 200, ANN)
    await register.write("vip", "t", 3, ANN)
    await register.settle()
    assert (await register.numbers("vip"), await register.bucket("vip", 3)) == ([3, 200], ANN)
    assert (await register.numbers("staff"), await register.bucket("vip", 4)) == ([], Bucket())

    await register.write("vip", "t", 3, Bucket())
    assert await register.numbers("vip") == [200]


async def test_each_put_has_a_greater_version_that_is_not_less_than_the_time(register: ListRegister) -> None:
    versions = []
    for now in (NOW, NOW - 5, NOW + 10):
        versions.append(await register.begin("vip", "t", now))
        await register.end("vip", "t")

    assert versions == [NOW, NOW + 1, NOW + 10]
    await register.begin("staff", "t", 7)
    assert await register.lists() == {"vip": NOW + 10, "staff": 7}


async def test_one_put_at_a_time_holds_a_list(register: ListRegister) -> None:
    await register.begin("vip", "one", NOW)
    with pytest.raises(ListBusy):
        await register.begin("vip", "two", NOW)
    await register.end("vip", "two")
    with pytest.raises(ListTaken):
        await register.write("vip", "two", 1, ANN)

    await register.end("vip", "one")
    assert await register.begin("vip", "two", NOW) == NOW + 1
    with pytest.raises(ListTaken):
        await register.write("vip", "one", 1, ANN)
    assert await register.numbers("vip") == []


async def test_a_hold_runs_out_unless_it_is_held_anew(redis_url: str) -> None:
    register, client = RedisListRegister(redis_url), Redis.from_url(redis_url)
    try:
        await register.begin("vip", "one", NOW)
        await client.pexpire("{list:vip}h", 20_000)
        await register.write("vip", "one", 1, ANN)
        assert await client.pttl("{list:vip}h") > 40_000
    finally:
        await register.close()
        await client.aclose()
