"""The mark of a collector's records: each is taken once, in whatever order copies come."""

from __future__ import annotations

from schemas.spool_mark import HEADER, NAMES_KEPT, Marks, is_repeat, pack_mark


def name(number: int) -> bytes:
    return number.to_bytes(8, "big")


def took(marks: Marks, collector: int, number: int) -> bool:
    return not is_repeat([("other", b""), (HEADER, pack_mark(name(collector), number))], marks)


def test_a_number_counts_once_and_so_does_every_smaller_one() -> None:
    marks: Marks = {}
    assert [took(marks, 1, number) for number in (1, 2, 2, 1, 5, 4, 6, 6)] == [True, True, False, False, True, False, True, False]
    assert marks == {name(1): 6}


def test_collectors_do_not_hide_each_other() -> None:
    marks: Marks = {}
    assert took(marks, 1, 9)
    assert took(marks, 2, 1)
    assert not took(marks, 1, 9)


def test_a_record_without_a_readable_mark_is_never_a_repeat() -> None:
    marks: Marks = {}
    for headers in ((), [("other", b"x" * 16)], [(HEADER, b"")], [(HEADER, b"x" * 17)]):
        assert not is_repeat(headers, marks)
        assert not is_repeat(headers, marks)
    assert marks == {}


def test_the_collectors_heard_of_last_are_remembered() -> None:
    marks: Marks = {}
    for collector in range(NAMES_KEPT):
        assert took(marks, collector, 1)
    assert not took(marks, 0, 1)
    assert took(marks, NAMES_KEPT, 1)
    assert len(marks) == NAMES_KEPT
    assert name(0) in marks
    assert name(1) not in marks
