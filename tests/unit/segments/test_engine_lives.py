"""Whole lives drawn at random under a set that has everything: what must be so of any of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segments import engine as engine_module
from segments.engine import Engine
from tests.unit.segments.scene import DAY, HOUR, MINUTE, Story, T, bundle_of

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
