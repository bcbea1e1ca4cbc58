from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.definitions.path import EACH, Each, parse_path, quote_key


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("city", ("city",)),
        ("properties.price", ("properties", "price")),
        ("properties.items[].price", ("properties", "items", EACH, "price")),
        ("properties.grid[][]", ("properties", "grid", EACH, EACH)),
        (r"properties.a\.b.c", ("properties", "a.b", "c")),
        (r"properties.a\[\]\\", ("properties", "a[]\\")),
        ("属性.价格", ("属性", "价格")),
    ],
)
def test_a_path_walks_keys_by_dots_and_lists_by_brackets(text: str, steps: tuple[str | Each, ...]) -> None:
    assert parse_path(text) == steps


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "[]", "a.[]", "a[0]", "a[", "a]", "a[]b", "a[][", "a\\", r"a\n"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a path of keys|brackets only|a backslash only"):
        parse_path(text)


@given(st.lists(st.text(min_size=1), min_size=1))
def test_any_keys_can_be_written_as_a_path(keys: list[str]) -> None:
    assert parse_path(".".join(map(quote_key, keys))) == tuple(keys)
