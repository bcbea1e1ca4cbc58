from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.json_text import to_json

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: "\\ud" not in json.dumps(value))


@settings(deadline=None)
@given(values)
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    assert json.loads(to_json(value)) == value


@pytest.mark.parametrize("value", [2**63, 2**64, -(2**64), 10**400])
def test_whole_numbers_of_any_size_stay_exact(value: int) -> None:
    assert to_json({"n": value}) == b'{"n":%d}' % value


def test_there_are_no_spaces_and_no_escapes_on_either_way() -> None:
    assert to_json({"a": ["人", 1]}) == '{"a":["人",1]}'.encode()
    assert to_json({"a": ["人", 2**70]}) == f'{{"a":["人",{2**70}]}}'.encode()


def test_nesting_that_the_fast_way_refuses_is_written_too() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]

    assert to_json(deep) == b"[" * 301 + b"]" * 301
