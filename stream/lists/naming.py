"""Whom uploaded lists name, asked by id: to tell a person, and to take an erased one off."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from typing import Final

from stream.lists.register import Bucket, ListBusy, ListRegister, bucket_of

_PAUSE_SECONDS: Final = 0.5


async def lists_naming(register: ListRegister, ids: Iterable[str]) -> dict[str, list[str]]:
    """List → those of the ids that it names, or that a put under way may have named; lists that name none are left out."""
    wanted = list(ids)
    found: dict[str, list[str]] = {}
    for list_id in await register.lists():
        for typed_id in wanted:
            bucket = await register.bucket(list_id, bucket_of(typed_id))
            if typed_id in bucket.sure or typed_id in bucket.unsure:
                found.setdefault(list_id, []).append(typed_id)
    return found


async def take_off(register: ListRegister, ids: Iterable[str], now_ms: int, wait_seconds: float) -> dict[str, list[str]]:
    """Take ids off all lists, without a word to the log; list → the ids that it named. A put under way is waited for.

    Raises:
        ListBusy: a put has not ended in time.
    """
    found = await lists_naming(register, ids)
    for list_id, named in found.items():
        token = secrets.token_hex(16)
        await _hold(register, list_id, token, now_ms, wait_seconds)
        try:
            for number in sorted({bucket_of(typed_id) for typed_id in named}):
                held, gone = await register.bucket(list_id, number), frozenset(named)
                await register.write(list_id, token, number, Bucket(held.sure - gone, held.unsure - gone))
        finally:
            await register.end(list_id, token)
    return found


async def _hold(register: ListRegister, list_id: str, token: str, now_ms: int, wait_seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + wait_seconds
    while True:
        try:
            await register.begin(list_id, token, now_ms)
        except ListBusy:
            if asyncio.get_running_loop().time() >= deadline:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
