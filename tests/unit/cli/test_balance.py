from __future__ import annotations

from dataclasses import replace

import pytest

from stream.cli.demo.balance import Balance, Counted
from stream.cli.demo.traffic import Answers

GOOD = Balance(Answers(accepted=100), Counted(90, 8, 2, 30, 30), received=30, repeats=0, bad_signatures=0, timed_exits=4)


def test_a_balance_holds_when_both_sides_are_equal_and_somebody_left_by_time() -> None:
    assert GOOD.good
    assert GOOD.faults() == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (replace(GOOD, answers=Answers(accepted=101)), "events accepted"),
        (replace(GOOD, answers=Answers(accepted=99)), "events accepted"),
        (replace(GOOD, received=29), "transitions published"),
        (replace(GOOD, bad_signatures=1), "transitions published"),
        (replace(GOOD, timed_exits=0), "nobody left"),
    ],
)
def test_each_side_that_differs_is_named(wrong: Balance, says: str) -> None:
    assert not wrong.good
    assert [fault for fault in wrong.faults() if fault.startswith(says)]


def test_calls_without_an_answer_may_be_on_either_side() -> None:
    assert replace(GOOD, answers=Answers(accepted=97, unanswered=3)).good
    assert not replace(GOOD, answers=Answers(accepted=96, unanswered=3)).good
