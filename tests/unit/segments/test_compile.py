from __future__ import annotations

import pytest

from segments.compile import Plan, compile_bundle
from tests.unit.segments.scene import bundle_of

DEFINITIONS = """
tags:
  - {id: heat, rules: [{event: [viewed, bought]}]}
  - {id: vip}
segments:
  - {id: z_heat, when: {all: [{not: {tag: heat, score: {gt: 1}}}]}}
  - {id: y_vip, when: {any: [{tag: vip}]}}
  - {id: x_local, when: {any: [{not: {trait: city}}]}}
  - {id: w_viewed, when: {event: viewed, within: 1h, count: {gte: 2}}}
  - {id: v_viewed, when: {not: {event: viewed, within: 7d, count: {eq: 5}}}}
  - {id: u_ever, when: {event: viewed}}
  - {id: t_nothing, when: {all: []}}
"""


@pytest.fixture
def plans() -> dict[str, Plan]:
    program = compile_bundle(bundle_of(DEFINITIONS))
    return {**program.plans, "": program.other}


def ids(plan: Plan) -> list[str]:
    return [segment.id for segment in plan.segments]


def test_segments_stand_in_order_of_their_ids() -> None:
    assert [segment.id for segment in compile_bundle(bundle_of(DEFINITIONS)).segments] == [
        "t_nothing",
        "u_ever",
        "v_viewed",
        "w_viewed",
        "x_local",
        "y_vip",
        "z_heat",
    ]


def test_an_event_touches_the_segments_that_read_what_it_writes(plans: dict[str, Plan]) -> None:
    assert ids(plans["viewed"]) == ["u_ever", "v_viewed", "w_viewed", "z_heat"]
    assert ids(plans["bought"]) == ["z_heat"]
    assert ids(plans[""]) == []


def test_a_said_tag_may_touch_every_segment_that_reads_a_tag(plans: dict[str, Plan]) -> None:
    assert ids(plans["$tag"]) == ids(plans["$untag"]) == ["y_vip", "z_heat"]


def test_an_event_with_traits_touches_the_segments_that_read_traits_too(plans: dict[str, Plan]) -> None:
    assert [segment.id for segment in plans[""].segments_with_traits] == ["x_local"]
    assert [segment.id for segment in plans["bought"].segments_with_traits] == ["x_local", "z_heat"]


def test_leaves_that_match_the_same_events_share_one_state_that_serves_all(plans: dict[str, Plan]) -> None:
    leaves = {leaf.within: leaf.kept for leaf in plans["viewed"].leaves}

    assert leaves == {7 * 86_400_000: 6, None: 1}
    assert plans["bought"].leaves == []


def test_the_empty_set_of_definitions_touches_nothing() -> None:
    program = compile_bundle(bundle_of(""))

    assert (program.segments, program.tags, set(program.plans)) == ((), {}, {"$tag", "$untag"})
