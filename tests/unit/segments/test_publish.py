"""Transitions that are held back: at most so many entries, paused and archived segments."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import AtMost, Bundle, EventNode, NotNode, PathTest, Segment, SegmentNode, TraitNode
from segments.engine import Engine
from segments.history import History
from segments.publish import is_member
from tests.unit.segments.life import Life, made, match
from tests.unit.segments.scene import Row, T

SEEN = EventNode(match("a"), within_ms=10)
RARE = Segment("s", "s", SEEN, at_most=AtMost(1, 100))
PLAIN = Segment("s", "s", SEEN)
PAUSED = Segment("s", "s", SEEN, paused=True)
ARCHIVED = Segment("s", "s", SEEN, archived=True)


def someone(bundle: Bundle) -> Life:
    return Life(Engine(bundle))


def brought(life: Life, first: Bundle, *later: tuple[Bundle, int]) -> Life:
    """The person under newer sets, each from its barrier (after T) on."""
    switches = ((first.version, T), *((bundle.version, T + at) for bundle, at in later))
    past = History({first.version: first, **{bundle.version: bundle for bundle, _ in later}}, switches)
    past.bring(life.person, life.out)
    life.engine = past.current
    return life


def test_an_entry_too_many_is_not_published_nor_is_its_leave_and_neither_takes_a_number() -> None:
    life = someone(made(RARE))
    for at in (0, 20, 99, 120):
        life.does(at)
    life.advance(200)

    assert life.rows() == [("s", "in", 0, "event"), ("s", "out", 10, "time"), ("s", "in", 120, "event"), ("s", "out", 130, "time")]
    assert [one.sequence for one in life.out] == [1, 2, 3, 4]
    assert (life.engine.tally.entries, life.engine.tally.leaves) == (2, 2)


def test_the_time_of_an_entry_is_over_exactly_after_it() -> None:
    for at, published in ((99, 1), (100, 2)):
        life = someone(made(RARE))
        life.does(0)
        life.does(at)
        assert len([one for one in life.out if one.kind == "segment.entered"]) == published


def test_membership_stays_true_to_the_condition() -> None:
    life = someone(made(RARE, Segment("t", "t", SegmentNode("s"))))
    for at in (0, 20):
        life.does(at)

    assert life.rows()[-1] == ("t", "in", 20, "event")
    number = life.engine.program.bundle.numbers.segments["s"]
    assert is_member(life.person.state, number)
    assert not life.person.state.members[number] & 1
    life.advance(40)
    assert not is_member(life.person.state, number)


def test_as_many_entries_as_allowed_are_published() -> None:
    life = someone(made(replace(RARE, at_most=AtMost(2, 100))))
    for at in (0, 20, 40, 101):
        life.does(at)

    assert [row[2] for row in life.rows() if row[1] == "in"] == [0, 20, 101]


def test_who_is_unknown_to_a_segment_is_no_member() -> None:
    life = someone(made(RARE))
    assert not is_member(life.person.state, 1)
    life.does(0)
    assert is_member(life.person.state, 1)


def test_a_person_keeps_nothing_of_segments_that_hold_nothing_back() -> None:
    life = someone(made(PLAIN))
    life.does(0)

    assert life.person.state.apart == {}


def test_a_paused_segment_publishes_nothing_and_then_what_differs() -> None:
    first = made(PAUSED)
    second = made(PLAIN, previous=first)
    life = someone(first)
    life.does(0)
    assert life.rows() == []

    brought(life, first, (second, 5))
    assert life.rows() == [("s", "in", 5, "definition")]
    assert (life.out[0].sequence, life.person.state.apart) == (1, {})


def test_a_pause_that_ends_where_it_began_publishes_nothing() -> None:
    first = made(PAUSED)
    life = someone(first)
    life.does(0)
    life.advance(20)

    assert brought(life, first, (made(PLAIN, previous=first), 30)).rows() == []
    assert life.person.state.apart == {}


def test_a_leave_during_a_pause_is_published_after_it() -> None:
    first = made(PLAIN)
    second = made(PAUSED, previous=first)
    third = made(PLAIN, previous=second)
    life = someone(first)
    life.does(0)
    brought(life, first, (second, 5))
    life.advance(20)
    assert life.rows() == [("s", "in", 0, "event")]
    life.does(21, "other")

    assert brought(life, first, (second, 5), (third, 30)).rows()[1:] == [("s", "out", 30, "definition")]


def test_after_a_pause_an_entry_too_many_is_still_one() -> None:
    first = made(RARE)
    second = made(replace(RARE, paused=True), previous=first)
    third = made(RARE, previous=second)
    life = someone(first)
    life.does(0)
    life.advance(20)
    brought(life, first, (second, 21))
    life.does(30)
    brought(life, first, (second, 21), (third, 31))

    assert life.rows() == [("s", "in", 0, "event"), ("s", "out", 10, "time")]
    assert (life.engine.tally.entries, life.engine.tally.leaves) == (1, 0)


def test_an_archived_segment_is_left_silently_and_its_numbers_go_on_when_it_comes_back() -> None:
    first = made(PLAIN)
    second = made(ARCHIVED, previous=first)
    third = made(PLAIN, previous=second)
    life = someone(first)
    life.does(0)
    brought(life, first, (second, 5), (third, 100))
    life.does(101)

    assert life.rows() == [("s", "in", 0, "event"), ("s", "out", 5, "definition"), ("s", "in", 101, "event")]
    assert [(one.sequence, one.silent) for one in life.out] == [(1, False), (2, True), (3, False)]


def test_nobody_is_in_an_archived_segment() -> None:
    life = someone(made(ARCHIVED, Segment("t", "t", NotNode(SegmentNode("s")))))
    life.does(0)

    assert life.rows() == [("t", "in", 0, "event")]


def test_what_was_suppressed_is_forgotten_with_its_segment() -> None:
    first = made(RARE)
    second = made(replace(RARE, archived=True), previous=first)
    life = someone(first)
    for at in (0, 20):
        life.does(at)
    assert life.person.state.apart == {1: [1, 0]}

    brought(life, first, (second, 25))
    assert (life.rows()[2:], life.person.state.apart) == ([], {})


def test_entries_are_forgotten_when_nobody_counts_them() -> None:
    first = made(RARE)
    second = made(PLAIN, previous=first)
    life = someone(first)
    for at in (0, 20):
        life.does(at)
    brought(life, first, (second, 25))
    assert life.person.state.apart == {1: [1]}
    life.advance(40)
    assert (life.rows()[2:], life.person.state.apart) == ([], {})

    other = someone(first)
    other.does(0)
    assert brought(other, first, (second, 5)).person.state.apart == {}


def test_a_segment_follows_those_it_refers_to_and_the_rest_goes_by_id() -> None:
    bundle = made(
        Segment("a", "a", SegmentNode("z")),
        Segment("b", "b", SEEN),
        Segment("m", "m", NotNode(SegmentNode("a"))),
        Segment("y", "y", SEEN),
        Segment("z", "z", SEEN),
    )
    assert [segment.id for segment in Engine(bundle).program.segments] == ["b", "y", "z", "a", "m"]
    life = someone(bundle)
    life.does(0)
    life.advance(20)

    expected: list[Row] = [
        *((name, "in", 0, "event") for name in "byza"),
        *((name, "out", 10, "time") for name in "byza"),
        ("m", "in", 10, "time"),
    ]
    assert life.rows() == expected


def test_a_trait_moves_the_segments_that_refer_to_one_that_reads_it() -> None:
    life = someone(made(Segment("a", "a", SegmentNode("z")), Segment("z", "z", TraitNode(PathTest("city", "eq", "Oslo")))))
    life.event(0, "other")
    life.event(1, "other", traits={"city": "Oslo"})

    assert life.rows() == [("z", "in", 1, "event"), ("a", "in", 1, "event")]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=12),
    st.integers(1, 3),
    st.integers(1, 150),
)
def test_published_entries_are_what_counting_them_allows(waits: list[int], times: int, per: int) -> None:
    free, rare = someone(made(PLAIN)), someone(made(replace(PLAIN, at_most=AtMost(times, per))))
    now = 0
    for wait in waits:
        now += wait
        free.does(now)
        rare.does(now)
    for life in (free, rare):
        life.advance(now + 50)
    expected: list[Row] = []
    entries: list[int] = []
    published = False
    for row in free.rows():
        if row[1] == "in":
            published = len([at for at in entries if row[2] - per < at]) < times
            entries += [row[2]] * published
        expected += [row] * published
    assert rare.rows() == expected
