from __future__ import annotations

import pytest

from schemas.definitions.nodes import Unreadable
from schemas.definitions.scalars import plain_value, readable


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "True", "FALSE", "n", "22:00", "2026-01-31", "1_000", "1e", "NULL", "0b1", "1.2.3", "-"]
)
def test_no_word_surprises(word: str) -> None:
    assert plain_value(word) == word


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("18446744073709551617", 2**64 + 1),
        ("1.5", 1.5),
        ("1.0", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("0x1F", 31),
        ("0o17", 15),
    ],
)
def test_numbers_and_the_four_words(word: str, value: object) -> None:
    found = plain_value(word)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("word", [".nan", ".inf", "-.inf", "1e999", "007", "-01", "9" * 1001, "0x" + "f" * 1001])
def test_what_would_be_read_in_two_ways_or_not_at_all_is_refused(word: str) -> None:
    assert isinstance(plain_value(word), Unreadable)


def test_half_a_surrogate_pair_is_no_text() -> None:
    assert isinstance(readable("\ud83d"), Unreadable)
    assert readable("\U0001f45f") == "\U0001f45f"
