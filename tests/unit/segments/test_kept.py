"""What leaves keep of events, and the bounds of it, by example."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.definitions.model import (
    AbsenceNode,
    Aggregate,
    AllNode,
    AnniversaryNode,
    AnyNode,
    CalendarWindow,
    Comparison,
    DateNode,
    EventNode,
    FixedWindow,
    ListNode,
    Node,
    NotNode,
    PathTest,
    SampleNode,
    Segment,
    SegmentNode,
    SequenceNode,
    StaysNode,
    Tag,
    TagNode,
)
from segments import engine as engine_module
from segments.engine import Engine
from segments.explain import Explanation, explain
from segments.people import place
from tagging.codec import pack
from tagging.lists import Naming
from tagging.person import Person
from tagging.state import new_person
from tests.unit.segments.life import Life, at_least, made, match, under
from tests.unit.segments.scene import DAY, HOUR, T


def total(kind: Any, *comparisons: Comparison, path: str = "properties.n", **window: Any) -> EventNode:
    return EventNode(match("a"), (), aggregates=(Aggregate(kind, path, comparisons),), **window)


def told(life: Life, at: int) -> Explanation:
    return explain(life.engine.program, "s0", life.person, T + at)


def test_a_sum_is_over_the_newest_256_events_and_says_so() -> None:
    life = under(total("sum", Comparison("gte", 300)))
    for at in range(300):
        life.does(at, n=2 if at == 0 else 1)

    assert life.rows() == []
    assert life.engine.tally.bound_bites == 44
    assert told(life, 300).facts == {"sum properties.n": 256, "exact_over_newest": 256}


def test_a_sum_between_two_bounds_is_within_the_tolerance_of_both() -> None:
    life = under(total("sum", Comparison("between", 1, 2)), total("avg", Comparison("between", 1), path="properties.m"))
    for at, n in enumerate((1 - 1e-11, 1e-11 - 1e-13, 1.0, 1e-13, 1e-11)):
        life.does(at, n=n, m=1 + 1e-13 if at < 4 else 9)

    assert life.rows() == [("s1", "in", 0, "event"), ("s0", "in", 1, "event"), ("s0", "out", 4, "event"), ("s1", "out", 4, "event")]


def test_events_without_a_number_are_among_the_newest() -> None:
    life = under(total("max", Comparison("gte", 5)))
    life.does(0, n=7)
    for at in range(1, 257):
        life.does(at)

    assert life.rows() == [("s0", "in", 0, "event"), ("s0", "out", 256, "event")]


def test_a_value_that_is_older_than_the_window_is_not_kept() -> None:
    life = under(total("sum", *at_least(1), within_ms=10))
    life.does(20, event_at=10, n=5)
    assert life.person.state.leaves == {}


def test_of_a_list_every_element_is_a_value() -> None:
    life = under(total("distinct", Comparison("gte", 3), path="properties.n[]"), total("sum", *at_least(6), path="properties.n[]"))
    life.does(0, n=[1, "1", 1.0, True])
    assert told(life, 0).facts == {"distinct properties.n[]": 3}
    life.does(1, n=[2, 2, "x"])

    assert life.rows() == [("s0", "in", 0, "event"), ("s1", "in", 1, "event")]


def test_an_event_with_too_many_values_counts_as_a_bound_that_bites() -> None:
    life = under(total("distinct", Comparison("gte", 3), path="properties.n[]"))
    life.does(0, n=list(range(300)))

    assert (life.engine.tally.bound_bites, told(life, 0).facts) == (1, {"distinct properties.n[]": 256, "exact_over_newest": 256})


def test_nodes_over_the_same_events_share_one_state_that_serves_the_longest() -> None:
    short, long = total("sum", *at_least(2), within_ms=10), total("avg", *at_least(1), within_ms=30)
    for nodes in ((short, long), (long, short)):
        life = under(*nodes)
        life.does(0, n=1)
        life.does(20, n=1)
        assert life.state() == [[0, 1], [20, 1]]


@pytest.mark.parametrize("order", [(1, 3), (3, 1)])
def test_counters_of_periods_are_kept_for_the_longest_window(order: tuple[int, int]) -> None:
    life = under(*(EventNode(match("a"), calendar=CalendarWindow("day", "UTC", last)) for last in order))
    life.does(0)
    life.does(2 * DAY)
    assert sorted(life.state().values()) == [1, 1]
    life.does(4 * DAY, event_at=0)

    assert sum(life.state().values()) == 1
    assert len(told(life, 4 * DAY).facts["periods"]) == (1 if order[0] == 3 else 0)


def test_a_late_event_of_a_period_that_is_over_leaves_nothing() -> None:
    life = under(EventNode(match("a"), calendar=CalendarWindow("day")))
    life.does(4 * DAY, event_at=0)
    assert life.person.state.leaves == {}


def test_conditions_are_asked_of_every_kind_of_leaf() -> None:
    big = replace(match("a"), where=PathTest("properties.n", "gt", 5))
    nodes: list[Node] = [
        EventNode(big, fixed=FixedWindow(since_ms=T)),
        EventNode(big, calendar=CalendarWindow("day")),
        EventNode(big, (), aggregates=(Aggregate("sum", "properties.n", at_least(1)),)),
        SequenceNode((big, match("a"))),
        AbsenceNode(big, match("b"), 5),
    ]
    life = under(*nodes)
    life.does(0, n=5)
    assert life.person.state.leaves == {4: [[0, 1]]}
    life.does(1, n=6)
    assert len(life.person.state.leaves) == 5


def test_only_the_newest_64_matches_of_a_step_are_kept() -> None:
    life = under(SequenceNode((match("a"), match("b")), within_ms=10))
    for at in range(70):
        life.does(at, "a")
    life.does(100, "b", event_at=5)
    assert (life.rows(), len(life.state()), life.engine.tally.bound_bites) == ([], 65, 6)
    life.does(101, "b")

    assert life.rows() == [("s0", "in", 101, "event")]
    assert told(life, 101).facts == {"times": [T + 69, T + 101], "exact_over_newest": 64}


def test_matches_that_can_decide_nothing_any_more_are_dropped() -> None:
    bounded = SequenceNode((match("a"), match("b")), 5, 10)
    life = under(bounded, SequenceNode((match("a"), match("b")), 7, 10))
    life.does(0, "a")
    life.does(20, "a", event_at=3)
    life.does(20, "a")
    assert life.state() == [[20, 0]]

    for nodes in ((bounded, SequenceNode((match("a"), match("b")))), (SequenceNode((match("a"), match("b"))), bounded)):
        for_ever = under(*nodes)
        for_ever.does(0, "a")
        for_ever.does(20, "a")
        assert for_ever.state() == [[0, 0], [20, 0]]


def test_one_event_is_not_two_steps() -> None:
    life = under(SequenceNode((match("a"), match("a"))))
    life.does(0)
    assert life.rows() == []
    life.does(0)
    assert life.rows() == [("s0", "in", 0, "event")]


CART = AbsenceNode(match("a"), match("b"), 10, "properties.k", 20)


def test_a_key_waits_for_itself_alone() -> None:
    life = under(CART)
    life.does(0, "a", k=1)
    life.does(1, "a", k="1")
    life.does(2, "b", k=1.0)
    life.does(3, "b")
    life.does(4, "a")

    assert told(life, 4).facts == {"waiting": [{"key": "1", "after_at": T + 1}], "waiting_in_all": 1}
    life.advance(100)
    assert life.rows() == [("s0", "in", 11, "time"), ("s0", "out", 31, "time")]


def test_a_key_that_is_no_small_value_is_shown_by_its_hash() -> None:
    life = under(CART)
    life.does(0, "a", k="x" * 40)
    assert len(told(life, 0).facts["waiting"][0]["key"]) == 32


def test_what_came_before_a_late_after_cancels_it() -> None:
    life = under(CART)
    life.does(5, "b", k=1)
    life.does(6, "a", event_at=4, k=1)
    life.advance(100)
    assert life.rows() == []


def test_an_after_outlives_what_cancelled_an_earlier_one() -> None:
    life = under(CART)
    life.does(0, "a", k=1)
    life.does(1, "b", k=1)
    life.does(2, "a", k=1)
    assert life.state() == [[2, 0, 1]]


def test_the_64_keys_with_the_newest_after_are_kept_and_as_many_that_came_alone() -> None:
    life = under(CART)
    for key in range(66):
        life.does(key // 16, "a", k=key)
    assert (len(life.state()), life.engine.tally.bound_bites) == (64, 2)
    assert (told(life, 5).facts["waiting_in_all"], told(life, 5).facts["exact_over_newest"]) == (64, 64)
    for key in range(100, 166):
        life.does(5, "b", k=key)
    assert (len(life.state()), life.engine.tally.bound_bites) == (128, 4)


def test_what_came_alone_is_bounded_and_says_so_too() -> None:
    life = under(CART)
    for key in range(64):
        assert "exact_over_newest" not in told(life, 0).facts
        life.does(0, "b", k=key)
    assert told(life, 0).facts == {"waiting": [], "waiting_in_all": 0, "exact_over_newest": 64}


def test_keys_that_can_decide_nothing_any_more_are_dropped() -> None:
    life = under(CART)
    life.does(0, "a", k=1)
    life.does(31, "b")
    assert life.person.state.leaves == {}

    longer = under(AbsenceNode(match("a"), match("b"), 10, "properties.k", 40), CART)
    longer.does(0, "a", k=1)
    longer.does(31, "b", k=2)
    assert longer.state() == [[0, 0, 1], [31, 1, 2]]


def test_a_sample_only_grows_with_its_percentage() -> None:
    people = [f"user:{number}" for number in range(300)]

    def sampled(percent: float) -> set[str]:
        return {
            who
            for who in people
            if Life(Engine(made(Segment("s", "s", SampleNode(percent, "x")))), Person(new_person(who, 0, T, 1))).outlook(0)[0]
        }

    assert sampled(0) < sampled(10) < sampled(50) < sampled(100) == set(people)
    assert 100 < len(sampled(50)) < 200


def test_a_list_names_a_person_until_it_does_not() -> None:
    life = under(ListNode("vips"), SegmentNode("s0"), NotNode(ListNode("others")))
    for at, naming in enumerate(
        (Naming("vips", 1, True), Naming("nobody_reads_it", 7, True), Naming("others", 1, True), Naming("vips", 2, False))
    ):
        assert life.engine.enlist(life.person, naming, T + at, life.out)

    assert life.rows() == [
        ("s0", "in", 0, "list"),
        ("s1", "in", 0, "list"),
        ("s2", "in", 0, "list"),
        ("s2", "out", 2, "list"),
        ("s0", "out", 3, "list"),
        ("s1", "out", 3, "list"),
    ]
    assert life.person.state.lists == [("nobody_reads_it", 15), ("others", 3), ("vips", 4)]


def test_an_older_version_of_a_list_changes_nothing_and_an_equal_one_applies() -> None:
    life = under(ListNode("vips"))
    assert life.engine.enlist(life.person, Naming("vips", 2, True), T, life.out)
    before = pack(life.person.state)
    assert not life.engine.enlist(life.person, Naming("vips", 1, False), T + 1, life.out)
    assert pack(life.person.state) == before

    assert life.engine.enlist(life.person, Naming("vips", 2, False), T + 2, life.out)
    assert life.rows() == [("s0", "in", 0, "list"), ("s0", "out", 2, "list")]


def test_a_list_that_drops_one_id_of_a_person_still_names_the_person_by_another() -> None:
    life = under(ListNode("vips"))
    life.person.state.lists = [("vips:user:u2", 3)]
    assert life.engine.enlist(life.person, Naming("vips", 1, True), T, life.out)
    assert life.engine.enlist(life.person, Naming("vips", 2, False), T + 1, life.out)

    assert life.rows() == [("s0", "in", 0, "list")]


def test_a_list_fires_what_is_due_before_it_and_brings_due_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "REBASE_AFTER", 50)
    life = under(EventNode(match("a"), within_ms=10), AllNode((ListNode("x"), EventNode(match("a"), within_ms=100))))
    life.does(0)
    life.engine.enlist(life.person, Naming("x", 1, True), T + 60, life.out)
    assert life.due() == 100
    life.advance(200)

    assert life.rows() == [
        ("s0", "in", 0, "event"),
        ("s0", "out", 10, "time"),
        ("s1", "in", 60, "list"),
        ("s1", "out", 100, "time"),
    ]


def test_the_last_time_of_a_tag_is_in_its_window_and_leaves_it() -> None:
    tags = (Tag("vip", "vip", (), half_life_ms=5), Tag("old", "old", ()))
    life = under(
        TagNode("vip", last_within_ms=10),
        TagNode("vip", score=(Comparison("lt", 0.5),), last_within_ms=10),
        TagNode("old", last_within_ms=10),
        tags=tags,
    )
    life.event(0, "$tag", type="tag", tags={"vip": {}})
    life.event(30, "other")
    life.event(40, "$tag", 20, type="tag", tags={"old": {}})

    assert life.rows() == [("s0", "in", 0, "event"), ("s1", "in", 6, "time"), ("s0", "out", 10, "time"), ("s1", "out", 10, "time")]


@pytest.mark.parametrize(
    ("node", "kind", "text", "facts"),
    [
        (EventNode(match("a"), fixed=FixedWindow(since_ms=T)), "event", None, {"count": 1}),
        (SequenceNode((match("a"), match("b")), 5, 10), "sequence", "a then b, 5ms in all, within 10ms", {"times": None}),
        (
            AbsenceNode(match("a"), match("b"), 10, "properties.k", 20),
            "absence",
            "a without b with the same properties.k within 10ms, for 20ms",
            {"waiting": [], "waiting_in_all": 0},
        ),
        (AbsenceNode(match("b"), match("a"), 10), "absence", "b without a within 10ms", {"waiting": [], "waiting_in_all": 0}),
        (StaysNode(EventNode(match("a")), 5), "stays", "stays for 5ms", {"since": T, "for_ms": 5}),
        (StaysNode(EventNode(match("b")), 5), "stays", "stays for 5ms", {"since": None, "for_ms": 5}),
        (ListNode("x"), "list", "named by list x", {"named": False}),
        (SegmentNode("other"), "segment", "in segment other", {"inside": True}),
        (SegmentNode("nowhere"), "segment", "in segment nowhere", {"inside": False}),
        (AnniversaryNode("d", DAY), "anniversary", "anniversary of d within 1d", {"date": None}),
        (DateNode("e", "next", HOUR), "date", "e within the next 1h", {"date": "2026-01-01"}),
        (total("avg", *at_least(1)), "event", None, {"avg properties.n": None}),
    ],
)
def test_every_node_tells_what_it_asks_and_what_is_so(node: Node, kind: str, text: str | None, facts: dict[str, Any]) -> None:
    life = Life(Engine(made(Segment("s0", "s", node), Segment("other", "o", AnyNode((EventNode(match("a")),))))))
    life.event(0, "a", traits={"e": "2026-01-01"})
    explained = told(life, 0)

    assert (explained.kind, explained.facts) == (kind, facts)
    assert text in (None, explained.text)


def test_a_sample_tells_the_place() -> None:
    life = under(SampleNode(50, "x"))
    life.does(0)
    assert told(life, 0).facts == {"place": place("x", "user:u1") / 2**64}
    assert told(life, 0).text == "in 50% by x"
