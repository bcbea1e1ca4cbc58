"""Whom lists name by any of some ids, and taking them off."""

from __future__ import annotations

import pytest

from stream.lists.memory import MemoryListRegister
from stream.lists.naming import lists_naming, take_off
from stream.lists.register import Bucket, ListBusy, bucket_of

NOW = 1_764_000_000_000
ANN, LAPTOP, BOB = "user:ann", "anon:laptop", "user:bob"


async def register() -> MemoryListRegister:
    """Ann is on two lists, on one of them by a put that may have told the log or not; of the third she knows nothing."""
    made = MemoryListRegister()
    for list_id, sure, unsure in (("vip", (ANN, BOB), ()), ("staff", (BOB,), (LAPTOP,)), ("other", (BOB,), ())):
        await made.begin(list_id, "put", 1)
        for number in {bucket_of(each) for each in (*sure, *unsure)}:
            mine = [frozenset(one for one in each if bucket_of(one) == number) for each in (sure, unsure)]
            await made.write(list_id, "put", number, Bucket(*mine))
        await made.end(list_id, "put")
    return made


async def test_lists_are_found_by_any_id_sure_or_not() -> None:
    assert await lists_naming(await register(), [ANN, LAPTOP]) == {"vip": [ANN], "staff": [LAPTOP]}
    assert await lists_naming(await register(), ["user:nobody"]) == {}


async def test_who_is_taken_off_is_on_no_list_and_the_others_stay() -> None:
    made = await register()
    assert await take_off(made, [ANN, LAPTOP], NOW, 1) == {"vip": [ANN], "staff": [LAPTOP]}

    assert await lists_naming(made, [ANN, LAPTOP, BOB]) == {"vip": [BOB], "staff": [BOB], "other": [BOB]}
    assert await made.lists() == {"vip": NOW, "staff": NOW, "other": 1}
    assert await made.begin("vip", "next", NOW) == NOW + 1


async def test_a_put_that_does_not_end_is_told_and_another_that_ends_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await register()
    await made.begin("vip", "put", NOW)
    with pytest.raises(ListBusy):
        await take_off(made, [ANN], NOW, 0)

    monkeypatch.setattr("stream.lists.naming._PAUSE_SECONDS", 0)
    held, tries = made.begin, 0

    async def begin(list_id: str, token: str, now_ms: int) -> int:
        nonlocal tries
        tries += 1
        if tries == 2:
            made.expire("vip")
        return await held(list_id, token, now_ms)

    monkeypatch.setattr(made, "begin", begin)
    assert await take_off(made, [ANN], NOW, 60) == {"vip": [ANN]}
    assert tries == 2
