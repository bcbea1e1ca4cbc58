from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tagging.leaves import Row, rows_of, shifted
from tagging.windows import add_row


@given(st.lists(st.integers(0, 20), max_size=12), st.integers(1, 5), st.integers(-1, 15))
def test_the_newest_rows_are_kept_in_order_of_time_and_of_coming(times: list[int], kept: int, oldest: int) -> None:
    rows: list[Row] = []
    lost = sum(add_row(rows, [time, place], kept, oldest) for place, time in enumerate(times))
    young = sorted([time, place] for place, time in enumerate(times) if time > oldest)

    assert rows == young[-kept:]
    assert lost == max(0, len(young) - kept)


def test_only_a_list_of_rows_has_rows() -> None:
    assert [rows_of(held) for held in (None, 3, [], [1, 2], {1: 2}, [[1, 2]])] == [[], [], [], [], [], [[1, 2]]]


def test_the_shape_tells_what_a_time_is() -> None:
    assert [shifted(held, 10) for held in (3, [1, 2], {1: 2}, [[1, 2, b"x"], [5]], [])] == [3, [11, 12], {1: 2}, [[11, 2, b"x"], [15]], []]
