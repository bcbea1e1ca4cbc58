from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import Rejected
from segments import engine as engine_module
from segments.engine import Engine
from tagging.codec import FORMAT, REST_FORMAT
from tagging.person import TRAITS_BYTES_MAX, Person
from tagging.state import REBASE_AFTER, new_person
from tests.unit.segments.scene import DAY, HOUR, MINUTE, Row, Story, T, bundle_of, story

HOT = """
tags: [{id: heat, half_life: 1h, rules: [{event: viewed}]}]
segments: [{id: hot, when: {tag: heat, score: {gt: 1}}}]
"""
RECENT = "segments: [{id: recent, when: {event: viewed, within: 10m}}]"


def test_an_event_enters_and_time_leaves() -> None:
    shop = story(HOT)
    shop.event(0)
    shop.event(0)
    assert shop.rows() == [("hot", "in", 0, "event")]

    shop.advance(2 * HOUR)
    assert shop.rows() == [("hot", "in", 0, "event"), ("hot", "out", HOUR, "time")]


def test_an_entry_tells_when_it_would_end_and_a_leave_does_not() -> None:
    shop = story(RECENT)
    shop.event(0)
    shop.advance(DAY)

    assert [one.leaves_at for one in shop.out] == [T + 10 * MINUTE, None]


def test_what_is_due_fires_before_a_later_record_with_its_own_time() -> None:
    shop = story(RECENT)
    shop.event(0)
    shop.event(DAY, "other")

    assert shop.rows() == [("recent", "in", 0, "event"), ("recent", "out", 10 * MINUTE, "time")]


def test_what_is_due_exactly_at_a_record_is_decided_after_it() -> None:
    stays = story(RECENT)
    stays.event(0)
    stays.event(10 * MINUTE)
    assert stays.rows() == [("recent", "in", 0, "event")]

    leaves = story(RECENT)
    leaves.event(0)
    leaves.event(10 * MINUTE, "other", id="m-9")
    assert leaves.rows() == [("recent", "in", 0, "event"), ("recent", "out", 10 * MINUTE, "event")]
    assert leaves.out[1].event_id == "m-9"


def test_a_due_time_fires_when_the_clock_is_past_it() -> None:
    shop = story(RECENT)
    shop.event(0)
    shop.advance(10 * MINUTE)
    assert len(shop.out) == 1

    shop.advance(10 * MINUTE + 1)
    assert shop.rows()[1:] == [("recent", "out", 10 * MINUTE, "time")]


def test_a_person_is_judged_by_all_segments_from_the_first_record_on() -> None:
    shop = story("segments: [{id: b, when: {not: {event: bought}}}, {id: a, when: {all: []}}, {id: c, when: {any: []}}]")
    shop.event(0, "anything")

    assert shop.rows() == [("a", "in", 0, "event"), ("b", "in", 0, "event")]


def test_a_redelivered_event_changes_nothing() -> None:
    shop = story(HOT)
    assert shop.event(0, id="m-1")
    before = shop.packed()

    assert not shop.event(30 * MINUTE, id="m-1")
    assert shop.packed() == before


def test_a_repeat_fires_nothing_that_is_due() -> None:
    shop = story(RECENT)
    shop.event(0, id="m-1")

    assert not shop.event(20 * MINUTE, id="m-1")
    assert len(shop.out) == 1


def test_an_id_counts_again_after_the_window_and_a_repeat_does_not_extend_it() -> None:
    shop = story("settings: {dedupe: 1h}\n" + HOT)
    assert shop.event(0, id="m-1")
    assert not shop.event(HOUR - 1, id="m-1")

    assert shop.event(HOUR, id="m-1")
    assert shop.person.state.tags[1].count == 2


def test_events_without_an_id_all_count() -> None:
    shop = story(HOT)
    for _ in range(3):
        assert shop.event(0)

    assert shop.person.state.tags[1].count == 3
    assert shop.person.state.recent == b""


def test_ids_of_a_person_at_rest_are_forgotten_after_the_window() -> None:
    shop = story("settings: {dedupe: 1h}\n" + HOT)
    shop.event(0, "other", id="m-1")
    assert shop.due() == HOUR
    shop.advance(HOUR + 1)

    assert (shop.person.state.recent, shop.due()) == (b"", None)


def test_ids_outlive_a_change_that_comes_before_they_expire() -> None:
    shop = story("settings: {dedupe: 1h}\n" + RECENT)
    shop.event(0, id="m-1")
    shop.advance(11 * MINUTE)
    assert shop.due() == HOUR
    assert not shop.event(12 * MINUTE, id="m-1")

    shop.advance(HOUR + 1)
    assert shop.due() is None


def test_a_person_is_at_rest_once_nothing_recent_is_left() -> None:
    shop = story("tags: [{id: a, rules: [{event: viewed}]}]\n" + RECENT)
    shop.event(0, id="0f8fad5b-d9cb-469f-a165-70867728950e")
    assert shop.packed()[0] == FORMAT

    shop.advance(HOUR + 1)
    assert shop.packed()[0] == REST_FORMAT
    (held,) = shop.person.state.tags.values()
    assert held.event_id == "0f8fad5b-d9cb-469f-a165-70867728950e"


def test_traits_that_are_too_large_are_refused_and_nothing_changed() -> None:
    shop = story(HOT)
    shop.event(0, traits={"city": "Oslo"})
    before = shop.packed()

    with pytest.raises(Rejected) as refused:
        shop.event(1, traits={"note": "x" * TRAITS_BYTES_MAX}, id="m-1", anonymousId="a")

    assert refused.value.reason.code == "state-too-large"
    assert shop.packed() == before
    assert shop.event(2, id="m-1")


TRAITS = """
segments:
  - {id: local, include: [city, home.zip], when: {trait: city, eq: Oslo}}
  - {id: known, when: {trait: city}}
  - {id: bought_here, when: {event: bought, where: {properties.city: {trait: city}}}}
"""


def test_traits_change_segments_and_travel_with_the_entry() -> None:
    shop = story(TRAITS)
    shop.event(0)
    shop.event(1, "$identify", type="identify", traits={"city": "Oslo"})
    shop.event(2, traits={"city": "Rome", "home": {"zip": 1}})
    shop.event(3, traits={"city": None})

    assert shop.rows() == [
        ("known", "in", 1, "event"),
        ("local", "in", 1, "event"),
        ("local", "out", 2, "event"),
        ("known", "out", 3, "event"),
    ]
    assert [one.traits for one in shop.out if one.segment == "local"] == [{"city": "Oslo"}, {"city": "Rome", "home.zip": 1}]
    assert [one.traits for one in shop.out if one.segment == "known"] == [None, None]


def test_traits_of_a_group_are_not_the_persons() -> None:
    shop = story(TRAITS)
    shop.event(0, type="group", traits={"city": "Oslo"})

    assert shop.rows() == []


@pytest.mark.parametrize("traits", [None, [], "city", 7, {}])
def test_traits_that_are_no_object_change_nothing(traits: object) -> None:
    shop = story(TRAITS)
    shop.event(0, traits=traits)

    assert shop.person.state.traits == b""


def test_late_traits_lose_to_newer_ones() -> None:
    shop = story(TRAITS)
    shop.event(10, traits={"city": "Oslo"})
    shop.event(20, event_at=5, traits={"city": "Rome"})

    assert shop.rows() == [("known", "in", 10, "event"), ("local", "in", 10, "event")]


def test_rules_see_the_traits_before_the_record_and_leaves_those_after() -> None:
    shop = story(
        """
tags: [{id: home, rules: [{event: bought, where: {properties.city: {trait: city}}}]}]
segments: [{id: by_leaf, when: {event: bought, where: {properties.city: {trait: city}}}}, {id: by_tag, when: {tag: home}}]
"""
    )
    shop.event(0, "bought", properties={"city": "Oslo"}, traits={"city": "Oslo"})
    assert shop.rows() == [("by_leaf", "in", 0, "event")]

    shop.event(1, "bought", properties={"city": "Oslo"})
    assert shop.rows()[1:] == [("by_tag", "in", 1, "event")]


def test_a_leaf_counts_only_what_meets_its_condition() -> None:
    shop = story("segments: [{id: dear, when: {event: bought, where: {properties.price: {gt: 10}}}}]")
    shop.event(0, "bought", properties={"price": 10})
    assert shop.rows() == []

    shop.event(1, "bought", properties={"price": 11})
    assert shop.rows() == [("dear", "in", 1, "event")]


def test_tag_and_untag_records_enter_and_leave_with_the_cause_event() -> None:
    shop = story(
        "tags: [{id: vip}, {id: topic, value: properties.topic}]\nsegments: [{id: v, when: {tag: vip}}, {id: t, when: {tag: 'topic:x'}}]"
    )
    shop.event(0, type="tag", tags={"vip": {}, "topic:x": {"weight": 2}})
    shop.event(1, type="untag", tags={"vip": {}, "topic": {}})

    assert shop.rows() == [("t", "in", 0, "event"), ("v", "in", 0, "event"), ("t", "out", 1, "event"), ("v", "out", 1, "event")]


def test_what_an_event_cannot_touch_is_not_asked() -> None:
    plans = story(HOT).engine.program.plans
    assert set(plans) == {"viewed", "$tag", "$untag"}

    other = story(HOT).engine.program.other
    assert (other.rules, other.leaves, other.segments) == ([], [], ())


def test_a_late_event_counts_where_its_time_says() -> None:
    shop = story("segments: [{id: two, when: {event: viewed, within: 10m, count: {gte: 2}}}]")
    shop.event(0)
    shop.event(5 * MINUTE, event_at=-6 * MINUTE)
    assert shop.rows() == []
    shop.event(5 * MINUTE, event_at=-4 * MINUTE)
    assert shop.rows() == [("two", "in", 5 * MINUTE, "event")]
    assert shop.due() == 6 * MINUTE


def test_an_event_that_is_older_than_the_window_is_not_kept() -> None:
    shop = story(RECENT)
    shop.event(HOUR, event_at=HOUR - 10 * MINUTE)
    assert (shop.rows(), shop.person.state.leaves) == ([], {})

    shop.event(HOUR, event_at=HOUR - 10 * MINUTE + 1)
    assert shop.due() == HOUR + 1


def test_a_counter_counts_for_ever() -> None:
    shop = story("segments: [{id: loyal, when: {event: bought, count: {gte: 3}}}]")
    for at in (0, 400 * DAY, 800 * DAY):
        shop.event(at, "bought")

    assert shop.rows() == [("loyal", "in", 800 * DAY, "event")]
    assert shop.out[0].leaves_at is None


def test_one_record_moves_a_segment_at_most_once_and_segments_move_in_order_of_id() -> None:
    shop = story("segments: [{id: z, when: {event: viewed}}, {id: a, when: {event: viewed}}, {id: m, when: {event: viewed}}]")
    shop.event(0)

    assert [one.segment for one in shop.out] == ["a", "m", "z"]


def test_the_last_anonymous_id_is_told() -> None:
    shop = story("segments: [{id: odd, when: {event: viewed, within: 1s}}]")
    shop.event(0, anonymousId="a-1")
    shop.event(HOUR, anonymousId="a-2")
    shop.event(2 * HOUR, anonymousId="")
    shop.event(3 * HOUR, anonymousId=7)

    assert [one.anonymous_id for one in shop.out if one.kind == "segment.entered"] == ["a-1", "a-2", "a-2", "a-2"]


def test_only_a_person_with_a_user_id_has_one() -> None:
    known, unknown = story(RECENT), story(RECENT)
    unknown.person = Person(new_person("anon:a-1", 0, T, 1), is_new=True)
    for shop in (known, unknown):
        shop.event(0)

    assert (known.out[0].user_id, unknown.out[0].user_id) == ("u1", None)


def test_a_source_that_is_defined_is_held_by_its_number() -> None:
    shop = story("sources: [{id: web, kind: web}]\ntags: [{id: a, rules: [{event: viewed}]}]")
    held_as: list[object] = []
    for source in ("web", "app", None, 7):
        shop.event(0, source=source)
        held_as += [held.source for held in shop.person.state.tags.values()]

    assert held_as == [1, "app", None, None]


def test_a_bound_of_a_family_that_bites_is_counted() -> None:
    shop = story("tags: [{id: f, value: 'properties.x[]', rules: [{event: viewed}]}]")
    shop.event(0, properties={"x": [f"v{number}" for number in range(1_003)]})

    assert shop.engine.tally.bound_bites == 3


def test_a_score_that_would_last_beyond_the_year_9999_is_as_good_as_for_ever() -> None:
    """A client may send any weight; a due time must still fit where due times are kept."""
    shop = story(
        """
tags: [{id: a, half_life: 3650d, rules: [{event: viewed, weight: {property: properties.n}}]}]
segments: [{id: s, when: {tag: a, score: {gte: 1}}}]
"""
    )
    shop.event(0, properties={"n": 1e290})
    assert (shop.rows(), shop.out[0].leaves_at, shop.due()) == ([("s", "in", 0, "event")], None, None)

    shop.event(1, properties={"n": -1e290})
    assert shop.rows()[1:] == [("s", "out", 1, "event")]


EVERYTHING = """
settings: {dedupe: 2h}
tags:
  - {id: heat, half_life: 3h, cap: 6, rules: [{event: viewed}, {event: bought, weight: -2}]}
  - {id: topic, value: properties.topic, half_life: 20d, rules: [{event: viewed}]}
  - {id: vip}
segments:
  - {id: hot, when: {tag: heat, score: {gte: 1.5}}}
  - {id: warm, when: {any: [{tag: heat, score: {gt: 0.25}}, {event: bought, within: 40d}]}}
  - {id: mild, when: {tag: heat, score: {between: [0.5, 1.5]}}}
  - {id: fan, when: {all: [{tag: topic, score: {gte: 0.5}}, {not: {event: bought, within: 1h}}]}}
  - {id: one, when: {event: viewed, within: 30m, count: {eq: 1}}}
  - {id: few, when: {event: [viewed, bought], within: 6h, count: {between: [1, 2]}}}
  - {id: gone, when: {not: {any: [{event: viewed, within: 60d}, {tag: vip}]}}}
  - {id: buyer, when: {event: bought}}
  - {id: local, when: {all: [{trait: city, eq: Oslo}, {tag: 'topic:x', score: {lt: 1}}]}}
"""
steps = st.lists(
    st.fixed_dictionaries(
        {
            "wait": st.sampled_from([0, 1, MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, DAY, 20 * DAY, 60 * DAY]) | st.integers(0, 90 * DAY),
            "late": st.sampled_from([0, 0, 0, 1, 20 * MINUTE, DAY, 70 * DAY]),
            "what": st.sampled_from(["viewed", "viewed", "bought", "tag", "untag", "identify"]),
            "topic": st.sampled_from(["x", "y"]),
            "id": st.none() | st.sampled_from(["m-1", "m-2"]),
            "looks": st.lists(st.integers(0, 90 * DAY), max_size=3),
        }
    ),
    min_size=1,
    max_size=12,
)
Steps = list[dict[str, object]]
everything = bundle_of(EVERYTHING)


def live(log: Steps, *, looking: bool, ending: bool = True) -> Story:
    """A person's life; ``looking``: somebody advances the person between the records."""
    shop = Story(Engine(everything))
    clock = 0
    for step in log:
        before, clock = clock, clock + int(str(step["wait"]))
        if looking and step is not log[0]:
            for look in sorted(int(str(at)) for at in step["looks"]):  # type: ignore[attr-defined]
                shop.advance(min(before + look, clock))
        what, topic = str(step["what"]), step["topic"]
        fields = {"type": what, "tags": {"vip": {}, f"topic:{topic}": {}}, "traits": {"city": "Oslo" if topic == "x" else None}}
        if what in ("viewed", "bought"):
            fields = {"properties": {"topic": topic}}
        shop.event(clock, what, event_at=clock - int(str(step["late"])), id=step["id"], **fields)
    if ending:
        shop.advance(clock + 4_000 * DAY)
    return shop


@settings(max_examples=60, deadline=None)
@given(steps)
def test_transitions_alternate_and_their_sequences_have_no_gaps(log: Steps) -> None:
    shop = live(log, looking=True)

    assert len({one.id for one in shop.out}) == len(shop.out)
    assert [one.timestamp for one in shop.out] == sorted(one.timestamp for one in shop.out)
    for segment in {one.segment for one in shop.out}:
        mine = [one for one in shop.out if one.segment == segment]
        assert [one.sequence for one in mine] == list(range(1, len(mine) + 1))
        assert [one.kind for one in mine] == ["segment.entered", "segment.left"] * (len(mine) // 2) + ["segment.entered"] * (len(mine) % 2)
        assert {one.incarnation for one in mine} == {shop.person.state.incarnation}
    assert {number: sequence for number, sequence in shop.person.state.members.items() if sequence} == {
        everything.numbers.segments[segment]: max(one.sequence for one in shop.out if one.segment == segment)
        for segment in {one.segment for one in shop.out}
    }


@settings(max_examples=60, deadline=None)
@given(steps)
def test_when_somebody_looks_makes_no_difference(log: Steps) -> None:
    assert live(log, looking=True).out == live(log, looking=False).out


@settings(max_examples=60, deadline=None)
@given(steps)
def test_an_entry_after_which_nothing_happens_ends_when_it_said(log: Steps) -> None:
    earlier = len(live(log[:-1], looking=False, ending=False).out)
    shop = live(log, looking=False)
    last = T + sum(int(str(step["wait"])) for step in log)
    for at, one in enumerate(shop.out):
        if one.kind == "segment.entered" and (one.timestamp > last or (at >= earlier and one.cause == "event")):
            follower = next((later for later in shop.out[at + 1 :] if later.segment == one.segment), None)
            assert one.leaves_at == (None if follower is None else follower.timestamp)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_how_a_person_counts_time_cannot_be_seen(log: Steps) -> None:
    """Relative times are moved once they no longer fit four bytes; with a bound of an hour that happens all the time."""
    expected = live(log, looking=False).out
    with pytest.MonkeyPatch.context() as patch:
        for bound in (HOUR, 1 << 62):
            patch.setattr(engine_module, "REBASE_AFTER", bound)
            assert live(log, looking=False).out == expected


def test_what_was_due_before_a_long_silence_is_judged_as_it_was_then() -> None:
    """After the silence the person's times are moved, so what is due lies before the new base."""
    shop = story(
        """
tags: [{id: a, half_life: 10d, rules: [{event: viewed}]}]
segments:
  - {id: long, when: {any: [{tag: a, score: {gt: 0.125}}]}}
  - {id: short, when: {event: viewed, within: 5d}}
  - {id: still, when: {all: [{not: {tag: a, score: {gt: 0.125}}}]}}
"""
    )
    shop.event(0)
    shop.event(60 * DAY, "other")

    assert 60 * DAY > REBASE_AFTER
    assert shop.person.state.base == T + 60 * DAY
    expected: list[Row] = [
        ("long", "in", 0, "event"),
        ("short", "in", 0, "event"),
        ("short", "out", 5 * DAY, "time"),
        ("long", "out", 30 * DAY, "time"),
        ("still", "in", 30 * DAY, "time"),
    ]
    assert shop.rows() == expected
