from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.worker.dues import DueIndex

slices = st.integers(0, 5)
bounds = st.integers(1, 20)
steps = st.lists(
    st.tuples(st.just("lower"), slices, bounds)
    | st.tuples(st.just("put"), slices, st.none() | bounds)
    | st.tuples(st.just("ready"), bounds, st.integers(0, 7)),
    max_size=40,
)


@settings(deadline=None)
@given(st.dictionaries(slices, bounds), steps)
def test_the_index_is_a_map_that_knows_its_least_values(first: dict[int, int], log: list[tuple[str, int, int | None]]) -> None:
    index, held = DueIndex(first), dict(first)
    for what, one, other in log:
        if what == "lower":
            assert other is not None
            assert index.lower(one, other) is (one not in held or other < held[one])
            held[one] = min(other, held.get(one, other))
        elif what == "put":
            index.put(one, other)
            held.pop(one, None)
            held |= {} if other is None else {one: other}
        else:
            assert other is not None
            due = sorted((bound, number) for number, bound in held.items() if bound < one)
            assert index.ready(one, other) == [number for _, number in due[:other]]
        assert index.earliest() == min(held.values(), default=None)
        assert [index.bound(number) for number in range(6)] == [held.get(number) for number in range(6)]


def test_a_slice_is_ready_when_the_clock_is_past_its_bound() -> None:
    index = DueIndex({3: 10})

    assert (index.ready(10, 9), index.ready(11, 9)) == ([], [3])
    assert index.ready(11, 9) == [3]


def test_the_index_keeps_a_copy_of_its_own() -> None:
    given_bounds = {1: 5}
    DueIndex(given_bounds).put(1, None)

    assert given_bounds == {1: 5}
