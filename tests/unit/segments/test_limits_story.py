"""Tags with ttl, exclusive and max_values in a person's story: who enters and leaves, and what is stored."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import (
    AnyNode,
    Bundle,
    Comparison,
    EventMatch,
    EventNode,
    ListNode,
    Node,
    NotNode,
    Rule,
    Segment,
    Tag,
    TagNode,
)
from segments.engine import Engine
from tagging.lists import Naming
from tagging.person import Person
from tagging.state import new_person
from tests.unit.segments.life import Life, made, match, under
from tests.unit.segments.scene import DAY, HOUR, T


def on(*names: str) -> tuple[Rule, ...]:
    return tuple(Rule(name, EventMatch((name,), match().where)) for name in names)


BRIEF = Tag("brief", "brief", on("a"), ttl_ms=HOUR)
HAS_BRIEF = TagNode("brief")


def test_a_tag_ends_at_its_newest_event_time_plus_the_ttl() -> None:
    life = under(HAS_BRIEF, tags=(BRIEF,))
    life.does(0)
    life.does(10, event_at=5)
    life.advance(DAY)

    assert life.rows() == [("s0", "in", 0, "event"), ("s0", "out", HOUR + 5, "time")]
    assert life.out[0].leaves_at == T + HOUR
    assert life.person.state.tags == {}


def test_a_record_exactly_at_the_end_finds_the_tag_gone() -> None:
    life = under(HAS_BRIEF, TagNode("brief", count=(Comparison("gte", 2),)), tags=(BRIEF,))
    life.does(0)
    life.does(HOUR)

    assert life.rows() == [("s0", "in", 0, "event")], "gone before the record and there again after it: one evaluation, no change"
    assert [held.count for held in life.person.state.tags.values()] == [1]
    life.does(2 * HOUR - 1)
    assert [held.count for held in life.person.state.tags.values()] == [2]
    assert life.rows()[1:] == [("s1", "in", 2 * HOUR - 1, "event")]


def test_another_record_exactly_at_the_end_is_its_cause() -> None:
    life = under(HAS_BRIEF, tags=(BRIEF,))
    life.does(0)
    life.does(HOUR, "other")

    assert life.rows() == [("s0", "in", 0, "event"), ("s0", "out", HOUR, "event")]


def test_an_old_event_neither_brings_the_tag_back_nor_lengthens_it() -> None:
    life = under(HAS_BRIEF, tags=(BRIEF,))
    life.does(2 * HOUR, event_at=HOUR)
    assert life.rows() == []

    life.does(2 * HOUR, event_at=HOUR + 1)
    life.advance(DAY)
    assert life.rows() == [("s0", "in", 2 * HOUR, "event"), ("s0", "out", 2 * HOUR + 1, "time")]


def test_a_tag_that_no_segment_reads_has_no_due_time_and_goes_at_the_next_record() -> None:
    life = under(EventNode(match("b")), tags=(BRIEF,))
    life.does(0)
    assert life.due() is None

    life.does(HOUR - 1, "other")
    assert len(life.person.state.tags) == 1
    life.does(HOUR, "other")
    assert life.person.state.tags == {}


def test_a_repeat_takes_no_tag_away() -> None:
    life = under(EventNode(match("b")), tags=(BRIEF,))
    life.event(0, "a", id="m-1")
    life.event(HOUR - 1, "other", id="m-2")

    assert not life.event(HOUR, "other", id="m-2")
    assert len(life.person.state.tags) == 1


def test_who_gives_way_leaves_at_the_same_record() -> None:
    tags = (
        Tag("new", "new", on("a"), exclusive="life"),
        Tag("loyal", "loyal", on("b"), exclusive="life"),
        Tag("size", "size", on("c"), value="properties.x", exclusive="life"),
    )
    life = under(TagNode("new"), TagNode("loyal"), TagNode("size", "m"), tags=tags)
    life.does(0)
    life.does(1, "b")
    life.does(2, "a", event_at=0)
    life.does(3, "c", x="m")
    life.does(4, "c", x="l")

    assert [row[:3] for row in life.rows()] == [
        ("s0", "in", 0),
        ("s0", "out", 1),
        ("s1", "in", 1),
        ("s1", "out", 3),
        ("s2", "in", 3),
        ("s2", "out", 4),
    ]


def test_a_value_that_is_evicted_leaves_and_the_bound_is_counted() -> None:
    life = under(TagNode("few", "x"), tags=(Tag("few", "few", on("a"), value="properties.x", max_values=1),))
    life.does(0, x="x")
    life.does(1, x="y")

    assert [row[:3] for row in life.rows()] == [("s0", "in", 0), ("s0", "out", 1)]
    assert life.engine.tally.bound_bites == 1


def test_an_archived_tag_stays_as_it_is() -> None:
    living = Tag("t", "t", on("a"))
    life = Life(Engine(made(Segment("s0", "s", TagNode("t")), tags=(living,))))
    life.does(0)
    archived = made(Segment("s0", "s", TagNode("t")), tags=(Tag("t", "t", on("a"), archived=True),), previous=life.engine.program.bundle)
    life.engine = Engine(archived)
    life.does(1)
    life.event(2, type="untag", tags={"t": {}})

    assert life.rows() == [("s0", "in", 0, "event")]
    assert [held.count for held in life.person.state.tags.values()] == [1]


def test_bringing_a_person_forward_drops_what_is_over_before_that_time() -> None:
    life = under(EventNode(match("b")), tags=(BRIEF,))
    life.does(0)
    life.advance(HOUR)
    assert len(life.person.state.tags) == 1

    life.advance(HOUR + 1)
    assert life.person.state.tags == {}


def test_a_list_is_a_record_before_which_a_tag_may_go() -> None:
    life = under(HAS_BRIEF, ListNode("vips"), tags=(BRIEF,))
    life.does(0)
    life.engine.enlist(life.person, Naming("vips", 1, True), T + HOUR, life.out)

    assert life.person.state.tags == {}
    assert life.rows() == [("s0", "in", 0, "event"), ("s0", "out", HOUR, "list"), ("s1", "in", HOUR, "list")]


TAGS = (
    Tag("a", "a", on("a"), ttl_ms=12, exclusive="g"),
    Tag("b", "b", on("b"), half_life_ms=5, exclusive="g"),
    Tag("c", "c", on("c"), value="properties.x", ttl_ms=9, max_values=2, half_life_ms=7),
)
SEGMENTS: tuple[Node, ...] = (
    TagNode("a"),
    NotNode(TagNode("a", count=(Comparison("gte", 2),))),
    TagNode("b", score=(Comparison("gte", 1.5),)),
    TagNode("c", "x"),
    TagNode("c", score=(Comparison("gt", 1),)),
    AnyNode((TagNode("c", "y"), TagNode("a"))),
    TagNode("c", "x", last_within_ms=4),
)
BUNDLE: Bundle = made(*(Segment(f"s{number}", "s", node) for number, node in enumerate(SEGMENTS)), tags=TAGS)
steps = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 14), st.sampled_from(["a", "b", "c", "c", "other"]), st.sampled_from(["x", "y", "z"])),
    max_size=20,
)


@settings(max_examples=200, deadline=None)
@given(steps)
def test_however_often_time_is_looked_at_the_same_happens_at_the_same_time(script: list[tuple[int, int, str, str]]) -> None:
    """One person is brought forward at every millisecond, the other only by records; and each change is where truth changes."""
    lazy, eager = (Life(Engine(BUNDLE), Person(new_person("user:u1", 0, T, 1), is_new=True)) for _ in range(2))
    clock = 0
    for step, late, name, value in script:
        for at in range(clock + 1, clock + step + 1):
            eager.advance(at)
        clock += step
        for life in (lazy, eager):
            life.does(clock, name, clock - late, x=value)
    for at in range(clock, clock + 60):
        eager.advance(at)
    lazy.advance(clock + 59)

    assert lazy.rows() == eager.rows()
    assert lazy.person.state.tags == eager.person.state.tags
