from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.routing import murmur2, partition_of, routing_id


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_kafkas_own_tests(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed & 0xFFFFFFFF


@pytest.mark.parametrize(("key", "of_eight", "of_twelve"), [("21", 4, 0), ("foobar", 6, 6), ("abc", 3, 3)])
def test_the_partition_is_that_of_kafkas_own_clients(key: str, of_eight: int, of_twelve: int) -> None:
    assert (partition_of(key, 8), partition_of(key, 12)) == (of_eight, of_twelve)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(1, 1_000))
def test_every_id_has_a_partition(key: str, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
    assert partition_of(key, 1) == 0


def test_ids_of_every_remainder_of_four_bytes_spread_over_the_partitions() -> None:
    for length in range(8, 12):
        counts = [0] * 8
        for number in range(4_000):
            counts[partition_of(f"{number:0{length}}", 8)] += 1
        assert min(counts) > 350
        assert max(counts) < 650


@pytest.mark.parametrize(
    ("user", "anonymous", "ids", "expected"),
    [
        ("u", "a", {"wx": "o"}, "user:u"),
        (None, "a", {"wx": "o"}, "anon:a"),
        ("", "a", None, "anon:a"),
        (7, "a", None, "anon:a"),
        (None, None, {"wx": "o", "qq": "q"}, "wx:o"),
        (None, ["a"], {"": "x", "wx": "", "qq": 7, "wb": "w"}, "wb:w"),
        (None, None, {}, None),
        (None, None, [["wx", "o"]], None),
        (None, None, None, None),
        ("人", None, None, "user:人"),
    ],
)
def test_the_first_usable_id_names_the_person(user: Any, anonymous: Any, ids: Any, expected: str | None) -> None:
    assert routing_id(user, anonymous, ids) == expected
