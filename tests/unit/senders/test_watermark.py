from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.senders.watermark import LONGEST_METADATA, Watermark


def test_nothing_is_committed_before_anything_is_known() -> None:
    assert Watermark().position is None
    assert Watermark().metadata() == ""


def test_the_position_is_the_lowest_unfinished_offset() -> None:
    mark = Watermark()
    for offset in (5, 6, 9):
        assert mark.begin(offset)
    mark.finish(6)
    assert mark.position == 5
    mark.finish(5)
    assert mark.position == 9
    mark.finish(9)
    assert mark.position == 10


def test_what_was_finished_beyond_the_position_is_not_begun_again_by_the_next_owner() -> None:
    mark = Watermark("", 5)
    for offset in range(5, 10):
        mark.begin(offset)
    for offset in (6, 7, 9):
        mark.finish(offset)

    after = Watermark(mark.metadata(), 5)

    assert [after.begin(offset) for offset in range(5, 12)] == [True, False, False, True, False, True, True]


def test_an_offset_that_the_log_no_longer_has_holds_nothing_up() -> None:
    mark = Watermark()
    for offset in (1, 2, 3):
        mark.begin(offset)
    mark.finish(2)
    after = Watermark(mark.metadata(), 1)

    assert after.begin(3)
    after.finish(3)

    assert after.position == 4


def test_metadata_that_another_program_wrote_is_ignored() -> None:
    for text in ("", "hello", "1*", "1", "2AAAA"):
        assert Watermark(text, 7).position == 7
        assert Watermark(text, 7).begin(7)


def test_metadata_stays_within_the_broker_s_bound_and_loses_nothing_when_cut() -> None:
    mark = Watermark()
    for offset in range(0, 4_000_000, 1000):
        mark.begin(offset)
    for offset in range(3_000_000, 4_000_000, 2000):
        mark.finish(offset)
    unfinished = {offset for offset in range(0, 4_000_000, 1000) if offset < 3_000_000 or offset % 2000}

    text = mark.metadata()
    after = Watermark(text, 0)

    assert len(text) <= LONGEST_METADATA
    assert unfinished <= {offset for offset in range(0, 4_000_000, 1000) if after.begin(offset)}


STEPS = st.lists(st.one_of(st.integers(1, 3), st.sampled_from(["finish", "crash"]), st.integers(-20, -1)), max_size=80)


@settings(max_examples=400)
@given(STEPS, st.data())
def test_whatever_happens_everything_before_the_position_is_finished_and_nothing_finished_twice(steps: list[Any], data: Any) -> None:
    """Model: a log of offsets with gaps; an owner reads on, finishes in any order, commits, and crashes at any time."""
    log: list[int] = []
    committed: tuple[int, str] = (0, "")
    done_at_commit: set[int] = set()
    done: set[int] = set()
    mark, read, begun = Watermark("", 0), 0, set[int]()
    for step in steps:
        if step == "crash":
            done = set(done_at_commit)
            mark, begun = Watermark(committed[1], committed[0]), set()
            read = committed[0]
        elif step == "finish":
            if begun - done:
                offset = data.draw(st.sampled_from(sorted(begun - done)))
                mark.finish(offset)
                done.add(offset)
        elif step < 0:
            assert mark.position is not None
            committed, done_at_commit = (mark.position, mark.metadata()), set(done)
        else:
            while not any(offset >= read for offset in log):
                log.append((log[-1] if log else -1) + step)
            offset = min(offset for offset in log if offset >= read)
            assert mark.begin(offset) == (offset not in done)
            if offset not in done:
                begun.add(offset)
            read = offset + 1
        assert mark.position is not None
        assert all(offset in done for offset in log if offset < mark.position)
