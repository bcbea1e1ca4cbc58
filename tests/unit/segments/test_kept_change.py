"""When leaves that keep events change by themselves: compared with asking at every millisecond."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import (
    AbsenceNode,
    Aggregate,
    AllNode,
    AnyNode,
    CalendarWindow,
    Comparison,
    EventNode,
    FixedWindow,
    Node,
    NotNode,
    SequenceNode,
)
from segments.nodes import next_change
from tagging.decay import NEVER
from tests.unit.segments.life import Life, match, truth, under
from tests.unit.segments.scene import HOUR, T

# T is a full hour in no zone with whole hours; this is how long after T the next one begins.
FULL_HOUR = HOUR - T % HOUR
LONGEST = 40

operators = st.sampled_from(["gt", "gte", "lt", "lte", "between", "eq", "ne"])


def comparisons(levels: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[Comparison, ...]]:
    one = st.builds(lambda operator, level, more: Comparison(operator, level, level + abs(more)), operators, levels, levels)
    return st.lists(one, min_size=1, max_size=2).map(tuple)


levels = st.sampled_from([0, 1, 2, 3, 0.5, -1, 4.5])
aggregates = st.builds(
    Aggregate,
    st.sampled_from(["sum", "avg", "min", "max", "distinct"]),
    st.sampled_from(["properties.n", "properties.m"]),
    comparisons(levels),
)
matches = st.sampled_from([match("a"), match("b"), match("a", "b")])
windows: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.integers(1, LONGEST).map(lambda within: {"within_ms": within}),
    st.builds(
        lambda since, length: {"fixed": FixedWindow(T + FULL_HOUR + since, T + FULL_HOUR + since + length)},
        st.integers(-30, 30),
        st.integers(1, 40),
    ),
    st.integers(-30, 30).map(lambda since: {"fixed": FixedWindow(since_ms=T + FULL_HOUR + since)}),
    st.integers(-30, 30).map(lambda until: {"fixed": FixedWindow(until_ms=T + FULL_HOUR + until)}),
    st.builds(
        lambda unit, zone, last: {"calendar": CalendarWindow(unit, zone, last)},
        st.sampled_from(["hour", "hour", "day", "week", "month", "quarter", "year"]),
        st.sampled_from(["UTC", "Asia/Shanghai"]),
        st.integers(1, 3),
    ),
)
event_leaves = st.builds(
    lambda events, count, window, more: EventNode(events, count if count or not more else (), aggregates=tuple(more), **window),
    matches,
    st.just(()) | comparisons(st.integers(0, 4)),
    windows,
    st.lists(aggregates, max_size=1),
)
one_fact = event_leaves.filter(lambda node: len(node.count) + len(node.aggregates) > 0 and not (node.count and node.aggregates))
sequences = st.builds(
    SequenceNode,
    st.lists(matches, min_size=2, max_size=3).map(tuple),
    st.none() | st.integers(0, 40),
    st.none() | st.integers(1, LONGEST),
)
absences = st.builds(
    lambda after, without, within, same, lasts: AbsenceNode(after, without, within, same, lasts if lasts or same is None else 7),
    matches,
    st.sampled_from([match("b"), match("c"), match("a", "c")]),
    st.integers(1, 20),
    st.none() | st.just("properties.k"),
    st.none() | st.integers(1, 25),
)
leaves: st.SearchStrategy[Node] = st.one_of(one_fact, sequences, absences)
trees: st.SearchStrategy[Node] = st.recursive(
    st.one_of(event_leaves, sequences, absences),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: AllNode(tuple(items)))
        | st.lists(inner, max_size=3).map(lambda items: AnyNode(tuple(items)))
        | inner.map(NotNode)
    ),
    max_leaves=4,
)
events = st.lists(
    st.tuples(
        st.integers(0, 15),
        st.sampled_from([0, 0, 0, 1, 5, 20]),
        st.sampled_from(["a", "a", "b", "c"]),
        st.fixed_dictionaries({}, optional={"n": st.sampled_from([0, 1, 2, -1, 0.5, 3, "x", True, None]), "k": st.integers(0, 2)}),
    ),
    max_size=9,
)


@st.composite
def lives(draw: st.DrawFn, nodes: st.SearchStrategy[Node]) -> tuple[Node, Life, int]:
    """A node, a life under it, and a time not before its last record. The life passes a full hour."""
    node = draw(nodes)
    life = under(node)
    now = FULL_HOUR - 40
    life.does(now, "nothing")
    for wait, late, name, properties in draw(events):
        now += wait
        life.does(now, name, now - late, **properties)
    at = now + draw(st.integers(0, 40))
    life.advance(at)
    return node, life, at


def changes(node: Node, life: Life, at: int, found: int | None) -> bool:
    """Whether the value changes at the time found and, as far as every millisecond can be asked, not before it."""
    current = truth(node, life.applied, at)
    asked = range(at + 1, at + 150 if found is None else min(found, at + 150))
    if any(truth(node, life.applied, time) is not current for time in asked):
        return False
    if found is None:
        return truth(node, life.applied, at + 40_000 * HOUR) is current
    return truth(node, life.applied, found - 1) is current and truth(node, life.applied, found) is not current


@settings(max_examples=250, deadline=None)
@given(lives(leaves))
def test_a_leaf_that_keeps_events_tells_the_exact_millisecond_of_its_next_change(lived: tuple[Node, Life, int]) -> None:
    node, life, at = lived
    value, bound = life.outlook(at)

    assert value is truth(node, life.applied, at)
    assert changes(node, life, at, bound)


@settings(max_examples=150, deadline=None)
@given(lives(trees))
def test_the_next_change_of_a_condition_on_kept_events_is_neither_early_nor_late(lived: tuple[Node, Life, int]) -> None:
    node, life, at = lived
    value, bound = life.outlook(at)
    base = life.person.state.base - T
    change = next_change(life.node(), life.person, at - base)
    found = None if change == NEVER else change + base

    assert value is truth(node, life.applied, at)
    assert bound is None or bound > at
    assert changes(node, life, at, found)


@settings(max_examples=150, deadline=None)
@given(lives(trees), st.integers(0, 60))
def test_a_bound_beyond_the_horizon_may_be_late_and_one_before_it_not(lived: tuple[Node, Life, int], away: int) -> None:
    node, life, at = lived
    base = life.person.state.base - T
    value, bound = life.node().outlook(life.person, at - base, at - base + away)

    assert value is truth(node, life.applied, at)
    before = range(at + 1, min(at + away, bound + base))
    assert all(truth(node, life.applied, time) is value for time in before)
