"""The register in Redis, beside the people.

| key | type | holds |
|---|---|---|
| ``{list:<id>}`` | hash | ``version`` of the last put, and the buckets by number |
| ``{list:<id>}h`` | string | the token of the put that holds the list; it runs out |
| ``{lists}`` | set | the ids of all lists |
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from stream.lists.register import NOBODY, Bucket, ListBusy, ListTaken, pack_bucket, unpack_bucket

HOLD_SECONDS: Final = 60
_FSYNC_WAIT_MS: Final = 10_000
_ANSWER_SECONDS: Final = 15
# Redis writes its log to disk every second; one that does not know WAITAOF is given that second, and half of one more.
_FSYNC_SECONDS: Final = 1.5
_LISTS: Final = "{lists}"
_VERSION: Final = "version"

_BEGIN: Final = """
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {0, redis.call('PTTL', KEYS[2])} end
local version = math.max(tonumber(redis.call('HGET', KEYS[1], 'version') or '0') + 1, tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], 'version', string.format('%.0f', version))
return {1, version}
"""
_WRITE: Final = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
if ARGV[4] == '' then redis.call('HDEL', KEYS[1], ARGV[3]) else redis.call('HSET', KEYS[1], ARGV[3], ARGV[4]) end
return 1
"""
_END: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisListRegister:
    """``url`` names the Redis of the deployment. Raises what redis-py raises."""

    def __init__(self, url: str) -> None:
        # WAITAOF waits for what the same connection wrote.
        self._client = Redis.from_url(url, single_connection_client=True, socket_connect_timeout=5, socket_timeout=_ANSWER_SECONDS)

    async def close(self) -> None:
        """Drop the connection."""
        await self._client.aclose()

    async def begin(self, list_id: str, token: str, now_ms: int) -> int:
        """See ListRegister."""
        await cast(Awaitable[Any], self._client.sadd(_LISTS, list_id))
        taken, answer = await self._script(_BEGIN, 2, *_keys(list_id), token, HOLD_SECONDS * 1000, now_ms)
        if not taken:
            raise ListBusy(
                f"another put of the list {list_id} is under way, or has died; nothing was written\n"
                f"Try again when it is done, in {max(1, answer / 1000):.0f} s if it has died."
            )
        return int(answer)

    async def numbers(self, list_id: str) -> list[int]:
        """See ListRegister."""
        fields: list[bytes] = await cast(Awaitable[Any], self._client.hkeys(_keys(list_id)[0]))
        return sorted(int(field) for field in fields if field != _VERSION.encode())

    async def bucket(self, list_id: str, number: int) -> Bucket:
        """See ListRegister."""
        return unpack_bucket(await cast(Awaitable[Any], self._client.hget(_keys(list_id)[0], str(number))))

    async def write(self, list_id: str, token: str, number: int, bucket: Bucket) -> None:
        """See ListRegister."""
        packed = b"" if bucket == NOBODY else pack_bucket(bucket)
        if not await self._script(_WRITE, 2, *_keys(list_id), token, HOLD_SECONDS * 1000, number, packed):
            raise ListTaken(
                f"this put of the list {list_id} stood still for more than {HOLD_SECONDS} s and has lost its hold\nPut it again."
            )

    async def settle(self) -> None:
        """See ListRegister."""
        try:
            await self._client.execute_command("WAITAOF", 1, 0, _FSYNC_WAIT_MS)  # type: ignore[no-untyped-call]
        except ResponseError:
            await asyncio.sleep(_FSYNC_SECONDS)

    async def end(self, list_id: str, token: str) -> None:
        """See ListRegister."""
        await self._script(_END, 1, _keys(list_id)[1], token)

    async def lists(self) -> dict[str, int]:
        """See ListRegister."""
        ids: set[bytes] = await cast(Awaitable[Any], self._client.smembers(_LISTS))
        found = {key.decode(): await cast(Awaitable[Any], self._client.hget(_keys(key.decode())[0], _VERSION)) for key in sorted(ids)}
        return {list_id: int(version) for list_id, version in found.items() if version is not None}

    async def _script(self, script: str, keys: int, *arguments: Any) -> Any:
        return await self._client.eval(script, keys, *arguments)


def _keys(list_id: str) -> tuple[str, str]:
    return f"{{list:{list_id}}}", f"{{list:{list_id}}}h"
