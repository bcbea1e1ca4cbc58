from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import AllNode, AnyNode, EventNode, Node, NotNode, Segment, SegmentNode, StaysNode, Tag, TagNode
from segments.engine import Engine
from segments.history import History
from tests.unit.segments.life import Applied, Life, at_least, made, match, truth, under
from tests.unit.segments.scene import T

SEEN = EventNode(match("a"), within_ms=10)


def test_it_becomes_true_after_the_whole_time_and_ends_with_the_inner_node() -> None:
    life = under(StaysNode(SEEN, 6))
    life.does(0)
    life.advance(100)

    assert life.rows() == [("s0", "in", 6, "time"), ("s0", "out", 10, "time")]
    assert life.out[0].leaves_at == T + 10


def test_what_ends_before_the_time_is_over_never_was() -> None:
    life = under(StaysNode(SEEN, 10))
    life.does(0)
    life.advance(100)

    assert life.rows() == []


def test_a_break_starts_the_time_anew() -> None:
    life = under(StaysNode(SEEN, 12))
    life.does(0)
    life.does(8)
    life.does(18)
    life.advance(100)
    # At 18 the event of 8 leaves and one comes: decided after the record, so there is no break.
    assert life.rows() == [("s0", "in", 12, "time"), ("s0", "out", 28, "time")]

    life.out.clear()
    life.does(100)
    life.does(112)
    life.does(120)
    life.advance(200)
    assert life.rows() == [("s0", "in", 124, "time"), ("s0", "out", 130, "time")]


def test_a_late_event_fills_no_gap() -> None:
    life = under(StaysNode(SEEN, 12))
    life.does(0)
    life.does(12)
    life.does(13, event_at=9)
    life.advance(100)

    assert life.rows() == []


def test_it_waits_for_a_break_that_does_not_come() -> None:
    life = under(StaysNode(NotNode(SEEN), 20))
    life.does(0)
    life.advance(100)

    assert life.rows() == [("s0", "in", 30, "time")]
    assert life.out[0].leaves_at is None


def test_it_counts_from_the_first_record_of_a_person() -> None:
    life = under(StaysNode(AllNode(()), 20))
    life.does(5, "other")
    life.advance(100)

    assert life.rows() == [("s0", "in", 25, "time")]


def test_time_runs_though_something_else_makes_the_whole_false_for_good() -> None:
    life = under(AllNode((StaysNode(SEEN, 15), EventNode(match("b")))))
    life.does(0)
    life.does(20)
    life.does(29)
    life.does(36, "b")

    assert life.rows() == [("s0", "in", 36, "event")]
    assert life.out[0].leaves_at == T + 39


def test_one_may_stand_in_another() -> None:
    life = under(StaysNode(StaysNode(SEEN, 3), 4))
    life.does(0)
    life.advance(100)

    assert life.rows() == [("s0", "in", 7, "time"), ("s0", "out", 10, "time")]


def test_it_may_wait_for_a_segment_and_a_segment_for_it() -> None:
    life = Life(
        Engine(made(Segment("a", "a", StaysNode(SegmentNode("z"), 4)), Segment("b", "b", SegmentNode("a")), Segment("z", "z", SEEN)))
    )
    life.does(0)
    life.advance(100)

    assert life.rows() == [
        ("z", "in", 0, "event"),
        ("a", "in", 4, "time"),
        ("b", "in", 4, "time"),
        ("z", "out", 10, "time"),
        ("a", "out", 10, "time"),
        ("b", "out", 10, "time"),
    ]
    assert {one.segment: one.leaves_at for one in life.out if one.leaves_at} == {"z": T + 10, "a": T + 10, "b": T + 10}


def test_two_that_wait_for_the_same_share_one_state() -> None:
    life = under(StaysNode(SEEN, 3), StaysNode(SEEN, 5))
    life.does(0)
    life.advance(6)

    assert life.rows() == [("s0", "in", 3, "time"), ("s1", "in", 5, "time")]
    assert len(life.person.state.leaves) == 2


def test_a_new_definition_starts_at_its_barrier() -> None:
    one = made(Segment("s", "s", SEEN))
    two = made(Segment("s", "s", SEEN), Segment("w", "w", StaysNode(SEEN, 4)), previous=one)
    past = History({1: one, 2: two}, ((1, T), (2, T + 5)))
    life = Life(Engine(one))
    life.does(0)
    past.bring(life.person, life.out)
    past.current.advance(life.person, 100, life.out)

    assert life.rows()[1:] == [("w", "in", 9, "time"), ("s", "out", 10, "time"), ("w", "out", 10, "time")]


def test_asked_before_any_evaluation_it_says_what_would_be() -> None:
    two = made(Segment("w", "w", StaysNode(SEEN, 4)), previous=made(Segment("s", "s", SEEN)))
    life = Life(Engine(made(Segment("s", "s", SEEN))))
    life.does(0)
    later = Life(Engine(two), life.person)

    assert later.outlook(5) == (False, 9)
    assert later.outlook(10) == (False, None)


def test_asked_about_later_it_follows_the_inner_node() -> None:
    twice = AnyNode((EventNode(match("a"), within_ms=10), EventNode(match("a"), at_least(1), within_ms=20)))
    gap = AllNode((twice, NotNode(EventNode(match("b"), within_ms=5))))
    life = under(StaysNode(gap, 4))
    life.does(0)
    life.does(1, "b")

    assert life.outlook(5) == (False, 6)
    assert life.outlook(9) == (False, 10)
    assert life.outlook(10)[0]
    assert not life.outlook(20)[0]


inner: st.SearchStrategy[Node] = st.recursive(
    st.builds(
        lambda name, within, count: EventNode(match(name), at_least(count), within),
        st.sampled_from("ab"),
        st.integers(1, 20),
        st.integers(1, 2),
    ),
    lambda node: (
        st.lists(node, min_size=1, max_size=2).map(lambda items: AllNode(tuple(items)))
        | st.lists(node, min_size=1, max_size=2).map(lambda items: AnyNode(tuple(items)))
        | node.map(NotNode)
    ),
    max_leaves=3,
)
steps = st.lists(st.tuples(st.integers(1, 12), st.sampled_from([0, 0, 3, 9]), st.sampled_from(["a", "b", "c"])), min_size=1, max_size=7)


@settings(max_examples=150, deadline=None)
@given(inner, st.integers(1, 15), st.booleans(), steps, st.sets(st.integers(0, 90), max_size=5))
def test_it_is_what_asking_at_every_millisecond_finds(
    item: Node, lasts: int, negated: bool, log: list[tuple[int, int, str]], looks: set[int]
) -> None:
    """Also beside something that makes the whole false while the time runs, and whenever somebody looks."""
    stays = StaysNode(item, lasts)
    guard = EventNode(match("c"), within_ms=15)
    life = under(AllNode((guard, NotNode(stays) if negated else stays)), AnyNode((guard, stays)))
    lazy = under(AllNode((guard, NotNode(stays) if negated else stays)), AnyNode((guard, stays)))
    records: dict[int, tuple[int, str]] = {}
    now = 0
    for wait, late, name in log:
        now += wait
        records[now] = (now - late, name)
    born = min(records)
    known: list[Applied] = []
    since: int | None = None
    inside = [False, False]
    expected = []
    for t in range(born, now + 80):
        if t in records:
            at, name = records[t]
            if t - 1 in looks:
                life.advance(t)
            life.does(t, name, at)
            lazy.does(t, name, at)
            known.append(life.applied[-1])
        elif t in looks:
            life.advance(t)
        since = (t if since is None else since) if truth(item, known, t) else None
        stayed = since is not None and t - since >= lasts
        guarded = truth(guard, known, t)
        values = [guarded and stayed is not negated, guarded or stayed]
        for number in (0, 1):
            if values[number] is not inside[number]:
                inside[number] = values[number]
                expected.append((f"s{number}", "in" if values[number] else "out", t, "event" if t in records else "time"))
    for one in (life, lazy):
        one.advance(now + 80)
        assert one.rows() == expected
    assert_entries_told_their_end(lazy, now)


def assert_entries_told_their_end(life: Life, last: int) -> None:
    for place, one in enumerate(life.out):
        if one.kind == "segment.entered" and one.timestamp - T > last:
            follower = next((later.timestamp for later in life.out[place + 1 :] if later.segment == one.segment), None)
            assert one.leaves_at == follower


def test_it_may_wait_for_a_said_tag() -> None:
    life = under(StaysNode(TagNode("vip"), 5), tags=(Tag("vip", "vip", ()),))
    life.event(0, "$tag", type="tag", tags={"vip": {}})
    life.advance(10)

    assert life.rows() == [("s0", "in", 5, "time")]
