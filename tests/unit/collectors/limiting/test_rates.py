"""How much is taken, by the second and by the day: counted exactly, bounded in memory, and whole requests only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.limiting.bucket import BURST_SECONDS, Bucket, Buckets
from collectors.limiting.limiter import Excess, Limiter, network_of
from collectors.limiting.quotas import KeptQuotas, Quotas
from schemas import rejection
from schemas.definitions.model import Source
from schemas.definitions.source_model import SourceLimits

DAY_MS = 86_400_000
NOON_MS = 1_764_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2


@dataclass
class Sent:
    """What a limiter asks of a submission."""

    source: Source | None
    key: str = "k"
    client_ip: str = "203.0.113.9"
    received_ms: int = NOON_MS


def asked(limiter: Limiter, sent: Sent, events: int = 1, now: float = 0.0) -> Excess | None:
    return limiter.events(cast("Any", sent), events, now)


def limited(**limits: int) -> Source:
    return Source("shop", "web", limits=SourceLimits(**limits))


@given(st.integers(1, 50), st.lists(st.tuples(st.floats(0, 3), st.integers(1, 40)), max_size=60))
def test_never_more_is_granted_than_the_burst_and_the_rate_and_one_batch(rate: int, asks: list[tuple[float, int]]) -> None:
    bucket, now, granted = Bucket(rate, 0.0), 0.0, 0
    largest = max((amount for _, amount in asks), default=0)
    for later, amount in asks:
        now += later
        if not bucket.wait_seconds(now):
            bucket.spend(amount)
            granted += amount
    assert granted <= rate * BURST_SECONDS + rate * now + largest


@given(st.integers(1, 1_000), st.integers(1, 100_000))
def test_who_waits_as_long_as_he_is_told_gets_it(rate: int, spent: int) -> None:
    bucket = Bucket(rate, 0.0)
    bucket.spend(rate * BURST_SECONDS + spent)
    wait = bucket.wait_seconds(0.0)
    assert wait > 0
    assert bucket.wait_seconds(wait * 0.99 - 1e-6) > 0
    assert bucket.wait_seconds(wait + 1e-6) == pytest.approx(0, abs=1e-5)


def test_strangers_cannot_make_more_buckets_than_there_may_be() -> None:
    buckets = Buckets(100)
    for number in range(10_000):
        buckets.of(f"203.0.{number // 256}.{number % 256}", 5, 0.0)
    assert len(buckets) == 100


def test_a_new_rate_holds_at_once() -> None:
    buckets = Buckets()
    bucket = buckets.of("a", 5, 0.0)
    assert buckets.of("a", 7, 0.0) is bucket
    assert bucket.per_second == 7


def test_a_source_without_limits_may_send_what_it_likes() -> None:
    limiter = Limiter()
    assert not any(asked(limiter, Sent(Source("shop", "web")), 1_000) for _ in range(1_000))
    assert not any(asked(limiter, Sent(None), 1_000) for _ in range(1_000))
    assert not any(limiter.request("203.0.113.9", 0.0) for _ in range(1_000))


def test_each_key_has_its_own_rate_and_the_source_has_one_for_all() -> None:
    limiter = Limiter()
    source = limited(per_key=2, per_second=3)
    taken = {key: sum(asked(limiter, Sent(source, key)) is None for _ in range(100)) for key in ("a", "b", "c")}
    assert taken == {"a": 20, "b": 10, "c": 0}
    assert asked(limiter, Sent(source, "a")) == Excess(rejection.RATE_LIMITED, "key", 0.5)
    assert asked(limiter, Sent(source, "c")) == Excess(rejection.RATE_LIMITED, "second", 1 / 3)


def test_an_address_is_counted_by_requests_and_by_source() -> None:
    limiter = Limiter()
    shop, other = limited(per_ip=1), replace(limited(per_ip=1), id="other")
    assert [asked(limiter, Sent(shop), 500) for _ in range(11)][9:] == [None, Excess(rejection.RATE_LIMITED, "ip", 1.0)]
    assert asked(limiter, Sent(other)) is None
    assert asked(limiter, Sent(shop, client_ip="203.0.113.10")) is None


def test_what_one_limit_refuses_is_not_counted_by_another() -> None:
    limiter = Limiter()
    refusing, free = limited(per_key=1, per_day=1_000), limited(per_day=1_000)
    assert asked(limiter, Sent(refusing), 10) is None
    for _ in range(50):
        assert asked(limiter, Sent(refusing), 10) is not None
    assert asked(limiter, Sent(free), 989) is None
    assert asked(limiter, Sent(free)) is None
    assert asked(limiter, Sent(free)) == Excess(rejection.QUOTA_SPENT, "day", DAY_MS / 2000)


def test_a_new_day_in_utc_brings_new_events() -> None:
    limiter = Limiter()
    last, first = NOON_MS + DAY_MS // 2 - 1, NOON_MS + DAY_MS // 2
    source = limited(per_day=1)
    assert asked(limiter, Sent(source, received_ms=last)) is None
    assert asked(limiter, Sent(source, received_ms=last)) is not None
    assert asked(limiter, Sent(source, received_ms=first)) is None


def test_an_address_may_make_so_many_requests_whatever_they_are() -> None:
    limiter = Limiter(per_ip=2)
    assert sum(limiter.request("2001:db8::1", 0.0) is None for _ in range(100)) == 20
    assert limiter.request("2001:db8::ffff:1", 0.0) == Excess(rejection.RATE_LIMITED, "ip", 0.5)
    assert limiter.request("2001:db8:0:1::1", 0.0) is None
    assert limiter.request("2001:db8::1", 0.5) is None


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "20010db800000000"),
        ("fe80::1%eth0", "fe80000000000000"),
        ("no:address", "no:address"),
        ("", ""),
    ],
)
def test_of_ipv6_the_network_counts(address: str, counted: str) -> None:
    assert network_of(address) == counted


async def test_the_days_count_outlives_the_collector(tmp_path: Path) -> None:
    file = tmp_path / "data" / "quotas.json"
    first = Quotas()
    keeper = KeptQuotas(first, file)
    keeper.read()
    first.spend("shop", 7, NOON_MS)
    keeper._write(first.written() or b"")
    assert first.written() is None
    second = Quotas()
    KeptQuotas(second, file).read()
    assert second.wait_seconds("shop", 8, NOON_MS) == 0
    assert second.wait_seconds("shop", 7, NOON_MS) == DAY_MS / 2000


@pytest.mark.parametrize("kept", [b"", b"[]", b"{}", b'{"day":"x","events":{}}', b'{"day":1,"events":[1]}', b'{"day":1,"events":{"a":[]}}'])
def test_a_count_that_cannot_be_read_begins_at_nothing(kept: bytes) -> None:
    quotas = Quotas()
    quotas.read(kept)
    assert quotas.wait_seconds("shop", 1, NOON_MS) == 0
    quotas.spend("shop", 1, NOON_MS)
    assert orjson.loads(quotas.written() or b"")["events"] == {"shop": 1}
