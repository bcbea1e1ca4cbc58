"""Pairs that an operator has told apart, so that no later report asks again.

They are an operator's memory and no state of a person: nothing that a lane computes depends on them, so they are not in the log. A
Redis that is lost loses them, and the next report shows those pairs again.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from schemas.errors import Unavailable

KEY: Final = "ebbtide:duplicates:refused"
Names = tuple[str, str]


class Refusals:
    """The refused pairs of one deployment, in its Redis. All calls may raise Unavailable."""

    def __init__(self, url: str) -> None:
        self._client = Redis.from_url(url)

    async def close(self) -> None:
        """Drop the connection."""
        await self._client.aclose()

    async def all(self) -> frozenset[Names]:
        """Every refused pair, the lesser id first."""
        found = await self._asked(self._client.smembers(KEY))
        return frozenset(cast("Names", tuple(json.loads(member))) for member in found)

    async def add(self, one: str, other: str) -> bool:
        """Remember that these are two people; false if it was known."""
        return bool(await self._asked(self._client.sadd(KEY, _member(one, other))))

    async def remove(self, one: str, other: str) -> None:
        """Forget it."""
        await self._asked(self._client.srem(KEY, _member(one, other)))

    @staticmethod
    async def _asked(call: Any) -> Any:
        try:
            return await cast("Awaitable[Any]", call)
        except RedisError as error:
            raise Unavailable(f"the refused pairs cannot be had from Redis: {error}") from None


def _member(one: str, other: str) -> str:
    return json.dumps([min(one, other), max(one, other)])
