"""Two persons who are one: every kind of leaf is what it is for a person who got all events."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import (
    AbsenceNode,
    Aggregate,
    AllOf,
    CalendarWindow,
    Comparison,
    EventMatch,
    EventNode,
    FixedWindow,
    Node,
    Rule,
    SequenceNode,
    StaysNode,
    Tag,
    TagNode,
)
from segments.absence import KEYS_KEPT_MAX
from segments.aggregates import EVENTS_KEPT_MAX
from segments.periods import FixedCounter
from segments.sequence import MATCHES_KEPT_MAX
from segments.spans import Ever, span_of
from segments.union import union_terms
from tagging.leaves import LeafState
from tagging.person import Person
from tagging.state import new_person
from tagging.unite import United, unite
from tests.unit.segments.life import Life, at_least, match, under
from tests.unit.segments.scene import HOUR, T

TAGS = (Tag("heat", "heat", (Rule("r", match("a")),), half_life_ms=HOUR),)
NODES: tuple[Node, ...] = (
    EventNode(match("a"), at_least(3)),
    EventNode(match("a"), at_least(3), within_ms=40),
    EventNode(match("a"), at_least(3), fixed=FixedWindow(since_ms=T + 10, until_ms=T + 60)),
    EventNode(match("a", "b"), at_least(3), calendar=CalendarWindow("hour", last=2)),
    EventNode(match("a"), (), within_ms=50, aggregates=(Aggregate("sum", "properties.n", (Comparison("gt", 4),)),)),
    EventNode(match("b"), (), aggregates=(Aggregate("distinct", "properties.n", (Comparison("gte", 3),)),)),
    SequenceNode((match("a"), match("b"), match("a")), span_ms=30, within_ms=60),
    AbsenceNode(match("a"), match("b"), 20, same="properties.n", for_ms=40),
    TagNode("heat", count=at_least(4)),
)


def person(base: int = T, name: str = "user:u1") -> Person:
    return Person(new_person(name, 0, base, 1), is_new=True)


def united(mine: Life, theirs: Life, clock: int) -> United:
    return unite(mine.person.state, theirs.person.state, union_terms(mine.engine.program, T + clock))


steps = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30), st.sampled_from("ab"), st.integers(0, 3), st.booleans()), max_size=25)


@settings(max_examples=150, deadline=None)
@given(steps, st.integers(0, 40))
def test_the_union_sees_what_a_person_who_got_all_events_sees(script: list[tuple[int, int, str, int, bool]], waited: int) -> None:
    """The second person begins 500 ms earlier. Events at one instant are left out: their order of application differs."""
    whole, mine, theirs = under(*NODES, tags=TAGS), under(*NODES, tags=TAGS), under(*NODES, tags=TAGS)
    theirs.person = person(T - 500, "user:u2")
    clock = 100
    taken: set[int] = set()
    for step, late, name, number, to_mine in script:
        clock += step
        if clock - late in taken:
            continue
        taken.add(clock - late)
        for life in (whole, mine if to_mine else theirs):
            life.does(clock, name, clock - late, n=number)
    for life in (whole, mine, theirs):
        life.advance(clock + 1)
    found = united(mine, theirs, clock)
    one = under(*NODES, tags=TAGS)
    one.person = Person(found.state)

    assert found.bound_bites == 0
    for number in range(len(NODES)):
        for at in (clock, clock + waited):
            assert one.outlook(at, number) == whole.outlook(at, number), NODES[number]


def leaf_of(node: Node, mine: LeafState, theirs: LeafState) -> tuple[Any, int]:
    """The only leaf of a node, united."""
    lives = under(node), under(node)
    (number,) = lives[0].engine.program.leaves
    for life, held in zip(lives, (mine, theirs), strict=True):
        life.person.state.leaves = {number: held}
    found = united(*lives, 0)
    return found.state.leaves[number], found.bound_bites


def test_of_aggregates_the_newest_rows_are_kept_and_what_is_lost_is_counted() -> None:
    node = EventNode(match("a"), (), aggregates=(Aggregate("sum", "properties.n", at_least(1)),))
    rows, lost = leaf_of(node, [[at, "mine"] for at in range(0, 400, 2)], [[at, "theirs"] for at in range(1, 400, 2)])

    assert ([row[0] for row in rows], lost) == (list(range(400 - EVENTS_KEPT_MAX, 400)), 400 - EVENTS_KEPT_MAX)


def test_of_equal_times_the_survivors_row_comes_first() -> None:
    node = EventNode(match("a"), (), aggregates=(Aggregate("sum", "properties.n", at_least(1)),))

    assert leaf_of(node, [[5, "mine"]], [[4, "x"], [5, "theirs"]]) == ([[4, "x"], [5, "mine"], [5, "theirs"]], 0)


def test_of_a_sequence_each_step_keeps_its_newest_matches() -> None:
    node = SequenceNode((match("a"), match("b")))
    count = MATCHES_KEPT_MAX
    mine = [[at, 0] for at in range(count)]
    theirs = [[-1, 1], [0, 0, 1], *([at, 0] for at in range(count, count + 3))]
    rows, lost = leaf_of(node, mine, theirs)

    assert rows == [[-1, 1], [0, 1], *([at, 0] for at in range(3, count + 3))]
    assert lost == 4
    assert theirs[1] == [0, 0, 1]


def test_of_an_absence_the_latest_of_each_key_is_kept_and_the_oldest_keys_go() -> None:
    node = AbsenceNode(match("a"), match("b"), 20, same="properties.n", for_ms=40)
    assert leaf_of(node, [[5, 0, "x"], [6, 1, "y"]], [[9, 0, "x"], [3, 1, "y"], [7, 1, "x"]]) == ([[9, 0, "x"], [6, 1, "y"]], 0)

    rows, lost = leaf_of(node, [[at, 0, at] for at in range(KEYS_KEPT_MAX)], [[100 + at, 0, 100 + at] for at in range(3)])
    assert (len(rows), lost) == (KEYS_KEPT_MAX, 3)
    assert min(row[0] for row in rows) == 3


def test_periods_add_up_one_by_one() -> None:
    node = EventNode(match("a"), at_least(1), calendar=CalendarWindow("day"))

    assert leaf_of(node, {1: 2, 2: 3}, {2: 4, 3: 5}) == ({1: 2, 2: 7, 3: 5}, 0)


def test_stays_is_the_survivors() -> None:
    node = StaysNode(TagNode("heat"), 10)
    mine, theirs = under(node, tags=TAGS), under(node, tags=TAGS)
    mine.does(5)
    theirs.does(0)

    (number,) = mine.engine.program.leaves
    assert united(mine, theirs, 8).state.leaves[number] == [5, 5]
    assert united(theirs, mine, 8).state.leaves[number] == [0, 0]


def test_counters_of_a_fixed_window_add_up() -> None:
    node = EventNode(EventMatch(("a",), AllOf(())), fixed=FixedWindow(0, 5))
    span = span_of(node)
    assert isinstance(span, Ever)
    assert FixedCounter(1, None, span).unite(2, 3) == (5, 0)
