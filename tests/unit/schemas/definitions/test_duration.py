from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.definitions.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("7d", 604_800_000), ("4w", 2_419_200_000), ("0s", 0)],
)
def test_a_duration_is_one_whole_number_and_one_unit(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["", "7", "d", "1.5h", "-1s", "+1s", "1h30m", "7 d", "7D", "07d", "1y", "٣d", "7d\n", "1" + "0" * 15 + "s"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    assert parse_duration(text) is None


@given(st.integers(0, 10**14))
def test_a_written_duration_reads_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds)) == milliseconds
