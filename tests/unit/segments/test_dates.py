from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import AnniversaryNode, DateNode, Node
from segments.build import Builder
from segments.nodes import next_change
from tagging.decay import NEVER
from tagging.person import Person
from tagging.state import new_person
from tests.unit.segments.life import made, under
from tests.unit.segments.scene import DAY, HOUR, T

SHANGHAI = "Asia/Shanghai"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def person(value: Any, base: int) -> Person:
    """Somebody with the trait ``d`` whose times count from ``base``."""
    found = Person(new_person("user:u1", 0, base, 1))
    found.set_traits({"d": (value, 0)})
    return found


def outlook(node: Node, value: Any, at: str) -> tuple[bool, int | None]:
    """Value and bound (absolute), of somebody whose base lies an hour before."""
    base = ms(at) - HOUR
    found, bound = Builder(made(), {}).node(node).outlook(person(value, base), HOUR)
    return found, None if bound == NEVER else base + bound


def date_node(direction: Literal["next", "last"], zone: str = "UTC") -> DateNode:
    return DateNode("d", direction, 3 * DAY, zone)


@pytest.mark.parametrize(
    ("at", "coming", "past"),
    [
        ("2026-05-06T23:59:59.999+00:00", (False, "2026-05-07T00:00:00+00:00"), (False, "2026-05-10T00:00:00+00:00")),
        ("2026-05-07T00:00:00+00:00", (True, "2026-05-10T00:00:00+00:00"), (False, "2026-05-10T00:00:00+00:00")),
        ("2026-05-09T23:59:59.999+00:00", (True, "2026-05-10T00:00:00+00:00"), (False, "2026-05-10T00:00:00+00:00")),
        ("2026-05-10T00:00:00+00:00", (False, None), (True, "2026-05-13T00:00:00+00:00")),
        ("2026-05-13T00:00:00+00:00", (False, None), (False, None)),
    ],
)
def test_a_date_is_near_before_it_and_after_it(at: str, coming: tuple[bool, str | None], past: tuple[bool, str | None]) -> None:
    for direction, (value, bound) in (("next", coming), ("last", past)):
        node = DateNode("d", "next" if direction == "next" else "last", 3 * DAY)
        assert outlook(node, "2026-05-10", at) == (value, None if bound is None else ms(bound))


@pytest.mark.parametrize(
    ("value", "zone", "begins"),
    [
        ("2026-05-10", SHANGHAI, "2026-05-10T00:00:00+08:00"),
        ("2026-05-10T10:00", SHANGHAI, "2026-05-10T10:00:00+08:00"),
        ("2026-05-10t10:00:01,5", SHANGHAI, "2026-05-10T10:00:01.500+08:00"),
        ("2026-05-10T10:00:00Z", SHANGHAI, "2026-05-10T10:00:00+00:00"),
        ("2026-05-10T10:00:00.1239z", "UTC", "2026-05-10T10:00:00.123+00:00"),
        ("2026-05-10 10:00:00-0330", "UTC", "2026-05-10T13:30:00+00:00"),
        ("9999-12-31", "UTC", "9999-12-31T00:00:00+00:00"),
    ],
)
def test_a_date_is_its_midnight_in_the_zone_and_a_time_is_what_it_says(value: str, zone: str, begins: str) -> None:
    assert outlook(date_node("last", zone), value, "2026-05-01T00:00:00+00:00") == (False, ms(begins))


@pytest.mark.parametrize(
    "value", ["tomorrow", "2026-02-30", "20260510", "2026-05-10T25:00", "2026-05-10T24:00", "2026-W19-7", "", 7, None, True, ["2026-05-10"]]
)
def test_what_is_no_date_is_never_near(value: Any) -> None:
    for node in (date_node("next"), date_node("last"), AnniversaryNode("d", DAY)):
        assert outlook(node, value, "2026-05-09T12:00:00+00:00") == (False, None)


def test_of_several_dates_one_is_enough() -> None:
    node = DateNode("d[]", "next", 3 * DAY)
    assert outlook(node, ["2026-05-10", 7, "2026-05-08"], "2026-05-06T00:00:00+00:00") == (True, ms("2026-05-10T00:00:00+00:00"))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-05-02T15:59:59.999+00:00", (False, "2026-05-02T16:00:00+00:00")),
        ("2026-05-02T16:00:00+00:00", (True, "2026-05-10T16:00:00+00:00")),
        ("2026-05-10T15:59:59.999+00:00", (True, "2026-05-10T16:00:00+00:00")),
        ("2026-05-10T16:00:00+00:00", (False, "2027-05-02T16:00:00+00:00")),
    ],
)
def test_a_birthday_is_near_from_before_its_midnight_until_the_day_ends(at: str, expected: tuple[bool, str]) -> None:
    node = AnniversaryNode("d", 7 * DAY, SHANGHAI)
    for value in ("1990-05-10", "1990-05-10T23:30:00-08:00", "2040-05-10"):
        assert outlook(node, value, at) == (expected[0], ms(expected[1]))


def test_a_new_year_s_birthday_is_near_in_the_year_before() -> None:
    node = AnniversaryNode("d", 7 * DAY)
    assert outlook(node, "1990-01-02", "2025-12-26T00:00:00+00:00") == (True, ms("2026-01-03T00:00:00+00:00"))


@pytest.mark.parametrize(("year", "day"), [("2026", "2026-02-28"), ("2028", "2028-02-29"), ("2100", "2100-02-28")])
def test_a_leap_day_is_the_day_before_the_first_of_march(year: str, day: str) -> None:
    assert outlook(AnniversaryNode("d", 0), "2000-02-29", f"{year}-02-01T00:00:00+00:00") == (False, ms(f"{day}T00:00:00+00:00"))


def test_within_more_than_a_year_every_day_is_near_a_birthday() -> None:
    node = AnniversaryNode("d", 370 * DAY)
    assert outlook(node, "1990-05-10", "2026-05-12T00:00:00+00:00") == (True, None)
    assert outlook(node, "nonsense", "2026-05-12T00:00:00+00:00") == (False, None)


def test_within_almost_a_year_only_a_leap_year_leaves_a_day_out() -> None:
    compiled = Builder(made(), {}).node(AnniversaryNode("d", 364 * DAY))
    base = ms("2026-05-12T00:00:00+00:00")
    somebody = person("1990-05-10", base)
    gap = next_change(compiled, somebody, 0)

    assert base + gap == ms("2027-05-11T00:00:00+00:00")
    assert base + next_change(compiled, somebody, gap) == ms("2027-05-12T00:00:00+00:00")


def test_dates_move_segments_and_by_themselves() -> None:
    life = under(DateNode("d", "next", 3 * DAY), AnniversaryNode("d", DAY))
    life.event(0, "$identify", type="identify", traits={"d": "2025-12-01"})
    life.advance(40 * DAY)
    day = ms("2025-12-01T00:00:00+00:00") - T

    assert life.rows() == [
        ("s0", "in", day - 3 * DAY, "time"),
        ("s1", "in", day - DAY, "time"),
        ("s0", "out", day, "time"),
        ("s1", "out", day + DAY, "time"),
    ]
    assert life.out[0].leaves_at == T + day


dates = st.dates(date(2024, 1, 1), date(2030, 1, 1)).map(str)


@settings(max_examples=80, deadline=None)
@given(dates, st.integers(0, 400), st.sampled_from(["UTC", SHANGHAI, "America/Havana"]), st.integers(0, 2_000), st.booleans())
def test_from_change_to_change_no_hour_is_wrong(value: str, within: int, zone: str, offset: int, yearly: bool) -> None:
    """All that happens, happens at full hours in these zones."""
    node: Node = AnniversaryNode("d", within * DAY, zone) if yearly else DateNode("d", "last", (within + 1) * DAY, zone)
    compiled = Builder(made(), {}).node(node)
    base = ms("2024-01-01T00:00:00+00:00") + offset * DAY
    somebody = person(value, base)
    change = next_change(compiled, somebody, 0)
    current = compiled.outlook(somebody, 0)[0]
    hours = range(0, min(change, 500 * DAY), 5 * HOUR)
    assert all(compiled.outlook(somebody, hour)[0] is current for hour in hours)
    if change != NEVER:
        assert compiled.outlook(somebody, change - 1)[0] is current
        assert compiled.outlook(somebody, change)[0] is not current
