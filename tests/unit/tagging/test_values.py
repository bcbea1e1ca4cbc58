from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.conditions import same
from tagging.paths import MISSING, Many
from tagging.values import elements, exact_sum_of, kept_numbers, plain_numbers, value_key

GREATEST = 1e290
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.sampled_from([0.0, -0.0, 1.0, 0.5, 2.0**53, 2.0**63, 1e300, 2**53, 2**53 + 1, 2**63, 2**64, "1", "i1", "None", "x" * 40])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
json = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3), max_leaves=5
)
numbers = st.integers(-(2**70), 2**70) | st.floats(-GREATEST, GREATEST)


@given(json, json)
def test_two_values_share_a_key_just_if_they_are_equal(one: Any, other: Any) -> None:
    assert (value_key(one) == value_key(other)) is same(one, other)
    assert value_key(one) == value_key(msgspec.json.decode(msgspec.json.encode(one)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0),
        (None, 0),
        ("1", 1),
        ([1], 1),
        ([1, 2], [12]),
        (["a", "b"], ["a,b"]),
        ({"a": 1}, ["a", 1]),
        ({}, []),
        ("", None),
    ],
)
def test_nothing_is_taken_for_something_else(one: Any, other: Any) -> None:
    assert value_key(one) != value_key(other)


def test_equal_numbers_are_equal_however_they_are_written_and_wherever_they_stand() -> None:
    assert value_key([1, {"a": 2.0, "b": 3}]) == value_key([1.0, {"b": 3, "a": 2}])
    assert value_key(2**64) == value_key(2.0**64)
    assert value_key(2**53) != value_key(2**53 + 1)


@given(json)
def test_a_key_can_be_packed_and_is_small(value: Any) -> None:
    packed = msgspec.msgpack.encode(value_key(value))

    assert msgspec.msgpack.decode(packed) == value_key(value)
    assert len(packed) <= 66


@given(st.lists(numbers, max_size=8))
def test_numbers_of_any_size_are_kept_exactly(values: list[int | float]) -> None:
    kept = kept_numbers(Many(values)) if values else []

    assert plain_numbers(msgspec.msgpack.decode(msgspec.msgpack.encode(kept))) == values


def test_what_is_no_number_is_not_kept_nor_what_is_too_great() -> None:
    assert kept_numbers(Many([1, True, "2", None, [3], 2.5, 10**400, -(10**400), 1.1e290, -1.1e290])) == [1, 2.5]
    assert (kept_numbers(MISSING), kept_numbers("x"), kept_numbers(7)) == ([], [], [7])


def test_a_path_finds_none_one_or_several_values() -> None:
    assert [list(elements(found)) for found in (MISSING, None, [1, 2], Many([1, 2]))] == [[], [None], [[1, 2]], [1, 2]]


def exact_sum(values: list[int | float]) -> float:
    return exact_sum_of(values)(values)


@given(st.lists(numbers, min_size=1, max_size=8))
def test_what_adds_some_numbers_adds_all_of_them_or_a_part_exactly(values: list[int | float]) -> None:
    add = exact_sum_of(values)
    for first in range(len(values) + 1):
        assert add(values[first:]) == float(sum(map(Fraction, values[first:]), Fraction(0)))


def test_large_integers_are_added_before_anything_is_rounded() -> None:
    assert exact_sum([2**60 + 1, -(2**60)]) == 1
    assert exact_sum([1e16, 1.0, -1e16]) == 1


@pytest.mark.parametrize("sign", [1, -1])
def test_as_many_of_the_greatest_as_are_ever_kept_have_a_sum(sign: int) -> None:
    assert exact_sum([sign * GREATEST] * 256) == pytest.approx(sign * GREATEST * 256)
    assert exact_sum([sign * int(GREATEST)] * 256) == pytest.approx(sign * GREATEST * 256)
