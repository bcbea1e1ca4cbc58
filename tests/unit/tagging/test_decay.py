from __future__ import annotations

from math import exp2, inf, isfinite, nextafter

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from schemas.definitions.model import Comparison, NumberOperator
from tagging.decay import NEVER, TOLERANCE, VANISHED, Cut, _first_true, cuts, equal, flip_time, holds, score_at

TEN_YEARS = 3_650 * 86_400_000
half_lives = st.integers(1_000, TEN_YEARS)
scores = st.floats(-1e9, 1e9).filter(lambda score: abs(score) > 1e-9)
doubles = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)
OPERATORS: tuple[NumberOperator, ...] = ("eq", "ne", "gt", "gte", "lt", "lte")


def test_a_score_halves_in_a_half_life() -> None:
    assert [score_at(8, 100, 50, at) for at in (100, 150, 200, 350)] == [8, 4, 2, 0.25]


def test_a_score_without_a_half_life_stays() -> None:
    assert score_at(1e-300, 0, None, 10**15) == 1e-300


@pytest.mark.parametrize("sign", [1, -1])
def test_a_fading_score_below_a_million_millionth_is_zero(sign: int) -> None:
    assert score_at(sign * VANISHED, 0, 1_000, 0) == sign * VANISHED
    assert score_at(sign * VANISHED, 0, 1_000, 1) == 0
    assert score_at(sign * 1e290, 0, 1, 10**15) == 0


@settings(deadline=None)
@given(scores, half_lives, st.integers(-(10**12), 10**13), st.integers(0, 10**12), st.integers(0, 10**12))
def test_fading_over_a_time_is_fading_over_its_parts(score: float, half_life: int, last: int, first: int, second: int) -> None:
    middle, end = last + first, last + first + second
    whole = score_at(score, last, half_life, end)
    assume(abs(whole) >= VANISHED)

    assert score_at(score_at(score, last, half_life, middle), middle, half_life, end) == pytest.approx(whole, rel=1e-12, abs=0)


@settings(deadline=None)
@given(scores, half_lives, st.integers(0, 10**12), st.integers(-(10**13), 10**13))
def test_only_differences_of_times_matter(score: float, half_life: int, age: int, origin: int) -> None:
    assert score_at(score, origin, half_life, origin + age) == score_at(score, 0, half_life, age)


@settings(deadline=None)
@given(scores, half_lives, st.integers(0, 10**13))
def test_a_score_never_grows_and_never_changes_its_sign(score: float, half_life: int, age: int) -> None:
    now, later = score_at(score, 0, half_life, age), score_at(score, 0, half_life, age + 1)

    assert isfinite(later)
    assert abs(later) <= abs(now) <= abs(score)
    assert later * score >= 0


def test_three_weights_of_one_at_one_instant_are_three() -> None:
    third = exp2(-1 / 3)

    assert equal(third + third + third, 3 * third)
    assert holds("gte", 3 - 1e-13, 3)
    assert not holds("lt", 3 - 1e-13, 3)
    assert not holds("gte", 3 - 1e-11, 3)


@pytest.mark.parametrize("wanted", [1.0, -1.0, 3.0, 2.0**-30, -(2.0**800)])
def test_equality_ends_at_the_tolerance(wanted: float) -> None:
    edge = wanted * (1 - TOLERANCE)

    assert equal(wanted, edge)
    assert not equal(wanted, nextafter(edge, 0.0))


def test_nothing_but_zero_equals_zero() -> None:
    assert equal(0.0, -0.0)
    assert not equal(0.0, 5e-324)


@settings(deadline=None)
@given(doubles, doubles, st.integers(-3, 3))
@example(5e-324, 1e-323, 0)
@example(0.0, -5e-324, 0)
def test_exactly_one_of_less_equal_and_greater_holds(found: float, other: float, steps: int) -> None:
    for wanted in (other, _near(found, steps)):
        assert [holds(operator, found, wanted) for operator in ("lt", "eq", "gt")].count(True) == 1
        assert holds("lte", found, wanted) is not holds("gt", found, wanted)
        assert holds("gte", found, wanted) is not holds("lt", found, wanted)
        assert holds("ne", found, wanted) is not holds("eq", found, wanted)


def _near(value: float, steps: int) -> float:
    """A double some steps from the edge of what equals ``value``."""
    edge = value * (1 + TOLERANCE * (1 if steps > 0 else -1))
    for _ in range(abs(steps)):
        edge = nextafter(edge, inf if steps > 0 else -inf)
    return edge


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(("gt", "gte", "lt", "lte")), doubles, doubles, st.integers(-4, 4))
@example("gt", 5e-324, 1e-323, 0)
@example("gt", 0.0, 5e-324, 0)
@example("gte", -5e-324, -5e-324, 0)
def test_a_cut_is_its_comparison(operator: NumberOperator, wanted: float, far: float, steps: int) -> None:
    (cut,) = cuts((Comparison(operator, wanted),))

    for found in (far, wanted, 0.0, cut.level, nextafter(cut.level, -inf), _near(wanted, steps), -_near(wanted, steps)):
        assert cut.holds(found) is holds(operator, found, wanted)


@settings(deadline=None)
@given(doubles, doubles, doubles)
def test_between_is_two_cuts_that_include_both_ends(lower: float, upper: float, found: float) -> None:
    pair = cuts((Comparison("between", lower, upper),))

    assert len(pair) == 2
    for value in (found, lower, upper):
        assert all(cut.holds(value) for cut in pair) is (holds("gte", value, lower) and holds("lte", value, upper))


def test_between_without_an_upper_end_is_one_number() -> None:
    assert [all(cut.holds(found) for cut in cuts((Comparison("between", 2),))) for found in (1, 2, 3)] == [False, True, False]


def test_equalities_have_no_cut() -> None:
    assert cuts((Comparison("eq", 1), Comparison("ne", 1))) == ()


@settings(max_examples=300, deadline=None)
@given(
    st.floats(-50, 50),
    st.integers(-30, 30),
    st.integers(1, 12),
    st.sampled_from([-3.0, -1.0, 0.0, 1e-13, 0.25, 1.0, 3.0]) | st.floats(-50, 50),
    st.sampled_from(("gt", "gte", "lt", "lte")),
    st.integers(0, 40),
)
def test_every_millisecond_of_a_life_agrees_with_the_flip(
    score: float, last: int, half_life: int, wanted: float, operator: NumberOperator, waited: int
) -> None:
    (cut,) = cuts((Comparison(operator, wanted),))
    after = last + waited
    gone = last + half_life * 50 + 1
    values = {at: cut.holds(score_at(score, last, half_life, at)) for at in range(after, max(after, gone) + 2)}
    changes = [at for at in values if at > after and values[at] is not values[at - 1]]

    assert len(changes) <= 1
    assert flip_time(score, last, half_life, cut, after) == (changes[0] if changes else NEVER)


@settings(max_examples=300, deadline=None)
@given(scores, st.integers(0, 4 * 10**12), half_lives, st.floats(-1e9, 1e9), st.booleans(), st.integers(0, 10**11))
def test_a_flip_after_years_is_neither_a_millisecond_early_nor_late(
    score: float, last: int, half_life: int, level: float, above: bool, waited: int
) -> None:
    cut, after = Cut(level, above), last + waited
    now = cut.holds(score_at(score, last, half_life, after))

    flip = flip_time(score, last, half_life, cut, after)

    if flip == NEVER:
        assert cut.holds(score_at(score, last, half_life, after + 100 * TEN_YEARS)) is now
    else:
        assert flip > after
        assert cut.holds(score_at(score, last, half_life, flip)) is not now
        assert cut.holds(score_at(score, last, half_life, flip - 1)) is now


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(1, 200), st.integers(1, 500))
def test_from_any_guess_the_search_finds_the_first_millisecond(after: int, later: int, guessed: int) -> None:
    """A closed form is a guess: over a hundred years it is wrong by a millisecond now and then."""
    assert _first_true(lambda at: at >= after + later, after, after + guessed) == after + later
