"""How tags end and make way for each other. All times are milliseconds after T and worked out by hand."""

from __future__ import annotations

import pytest

from schemas.definitions.model import Comparison, NotNode, PropertyWeight, Tag, TagNode
from tests.oracle.partition import Outcome
from tests.unit.oracle.scenario import Log, T, bundle, log, rule, seen, segment

SHORT = Tag("hot", "Hot", (rule(),), ttl_ms=1_000)


def tags(outcome: Outcome) -> dict[str, int]:
    """The count of each tag that u1 has."""
    return {name: tag.count for name, tag in outcome.persons["user:u1"].tags.items()}


def test_a_tag_goes_exactly_at_its_last_application_plus_its_time_to_live() -> None:
    outcome = log(segment(TagNode("hot")), tags=(SHORT,)).event(0).event(400).clock(9_000).run()
    assert seen(outcome) == [("s", "in", 0, "event"), ("s", "out", 1_400, "time")]
    assert outcome.transitions[0]["data"]["leavesAt"] == "2025-11-24T16:00:01.000Z"
    assert tags(outcome) == {}


def test_a_person_may_enter_when_a_tag_goes() -> None:
    outcome = log(segment(NotNode(TagNode("hot"))), tags=(SHORT,)).event(0).clock(1_001).run()
    assert seen(outcome) == [("s", "in", 1_000, "time")]


def test_a_tag_that_goes_at_the_very_time_of_a_record_is_gone_before_it_and_starts_from_nothing() -> None:
    story = log(segment(TagNode("hot", count=(Comparison("gte", 2),))), tags=(SHORT,))
    assert tags(story.event(0).event(999).event(1_999).run()) == {"hot": 1}
    assert seen(story.run()) == [("s", "in", 999, "event"), ("s", "out", 1_999, "event")]


def test_a_late_application_does_not_make_a_tag_live_longer() -> None:
    story = log(segment(TagNode("hot")), tags=(SHORT,)).event(100).event(500, timestamp=T + 50).clock(9_000)
    assert seen(story.run())[1] == ("s", "out", 1_100, "time")


@pytest.mark.parametrize(("late_ms", "count"), [(999, 2), (1_000, 1), (1_001, 1)])
def test_an_application_whose_time_to_live_is_over_changes_nothing(late_ms: int, count: int) -> None:
    story = log(tags=(SHORT,)).event(5_000).event(5_000, timestamp=T + 5_000 - late_ms)
    assert tags(story.run()) == {"hot": count}
    alone = log(tags=(SHORT,)).event(5_000, timestamp=T + 5_000 - late_ms)
    assert tags(alone.run()) == ({"hot": 1} if late_ms < 1_000 else {})


def test_after_a_tag_has_gone_weight_score_and_first_time_start_from_nothing() -> None:
    tag = log(tags=(SHORT,)).event(0).event(500).event(2_000).run().persons["user:u1"].tags["hot"]
    assert (tag.count, tag.weight, tag.score, tag.first_at, tag.last_at) == (1, 1.0, 1.0, T + 2_000, T + 2_000)


def test_what_an_untag_forbids_stays_forbidden_after_the_tag_has_gone() -> None:
    story = log(tags=(SHORT,)).said(900, "untag", {"hot": {}}).event(1_000, timestamp=T + 900)
    assert tags(story.run()) == {}
    assert tags(story.event(1_000, timestamp=T + 901).run()) == {"hot": 1}


def test_a_longer_time_to_live_saves_what_is_due_exactly_at_its_barrier_and_brings_back_what_was_over_before() -> None:
    longer = Tag("hot", "Hot", (rule(),), ttl_ms=5_000)
    for barrier, row in ((1_000, []), (1_001, [("s", "out", 1_000, "time"), ("s", "in", 1_001, "definition")])):
        story = log(segment(TagNode("hot")), tags=(SHORT,)).event(0)
        story.bundles.append(bundle(2, segment(TagNode("hot")), tags=(longer,)))
        assert seen(story.activate(barrier, 2).clock(4_000).run())[1:] == row


def test_a_shorter_time_to_live_takes_the_tag_at_its_barrier() -> None:
    story = log(segment(TagNode("hot")), tags=(SHORT,)).event(0)
    story.bundles.append(bundle(2, segment(TagNode("hot")), tags=(Tag("hot", "Hot", (rule(),), ttl_ms=300),)))
    assert seen(story.activate(700, 2).run())[1] == ("s", "out", 700, "definition")


def test_last_at_within_holds_until_the_last_application_plus_the_window() -> None:
    tag = Tag("hot", "Hot", (rule(),))
    story = log(segment(TagNode("hot", last_within_ms=300)), tags=(tag,)).event(0).event(200).event(250, timestamp=T + 100)
    assert seen(story.clock(9_000).run()) == [("s", "in", 0, "event"), ("s", "out", 500, "time")]


def test_an_absent_tag_was_never_applied_lately_though_its_count_is_zero() -> None:
    node = TagNode("hot", count=(Comparison("eq", 0),), last_within_ms=300)
    assert seen(log(segment(node), tags=(Tag("hot", "Hot", (rule(),)),)).event(0, "other").run()) == []


def test_one_value_of_a_family_must_meet_the_time_and_the_other_comparisons() -> None:
    family = Tag("interest", "Interest", (rule(),), value="properties.c")
    node = TagNode("interest", count=(Comparison("gte", 2),), last_within_ms=300)
    story = log(segment(node), tags=(family,))
    for at, value in ((0, "a"), (10, "a"), (200, "b")):
        story.event(at, properties={"c": value})
    assert seen(story.clock(9_000).run()) == [("s", "in", 10, "event"), ("s", "out", 310, "time")]


STAGES = (
    Tag("new", "New", (rule("joined"),), exclusive="stage"),
    Tag("loyal", "Loyal", (rule("bought"),), exclusive="stage"),
    Tag("other", "Other", (rule("joined"),)),
)


def stages() -> Log:
    return log(segment(TagNode("new"), "new"), segment(TagNode("loyal"), "loyal"), tags=STAGES)


def test_of_an_exclusive_group_the_newest_event_time_wins_and_the_losers_state_is_deleted() -> None:
    outcome = stages().event(0, "joined").event(100, "joined").event(200, "bought").run()
    assert seen(outcome) == [("new", "in", 0, "event"), ("loyal", "in", 200, "event"), ("new", "out", 200, "event")]
    assert tags(outcome) == {"other": 2, "loyal": 1}


def test_an_older_application_of_another_tag_of_the_group_is_dropped_whole() -> None:
    story = stages().event(200, "bought").event(300, "joined", timestamp=T + 199)
    assert tags(story.run()) == {"loyal": 1, "other": 1}


def test_at_equal_event_times_the_tag_that_is_applied_later_wins() -> None:
    assert tags(stages().event(200, "bought").event(300, "joined", timestamp=T + 200).run()) == {"new": 1, "other": 1}


def test_a_late_application_of_the_tag_that_the_person_has_counts() -> None:
    tag = stages().event(200, "bought").event(300, "bought", timestamp=T + 100).run().persons["user:u1"].tags["loyal"]
    assert (tag.count, tag.first_at, tag.last_at) == (2, T + 100, T + 200)


def test_a_loser_that_wins_again_starts_from_nothing() -> None:
    outcome = stages().event(0, "joined").event(1, "joined").event(2, "bought").event(3, "joined").run()
    assert tags(outcome) == {"other": 3, "new": 1}


def test_when_the_winner_has_gone_an_older_application_counts_again() -> None:
    story = stages().event(200, "bought").said(300, "untag", {"loyal": {}}).event(400, "joined", timestamp=T + 100)
    assert tags(story.run()) == {"new": 1, "other": 1}


def test_an_application_that_an_untag_forbids_displaces_nobody() -> None:
    story = stages().said(250, "untag", {"loyal": {}}).event(300, "joined", timestamp=T + 100)
    assert tags(story.event(400, "bought", timestamp=T + 250).run()) == {"new": 1, "other": 1}


def test_each_value_of_an_exclusive_family_is_a_contender_by_itself() -> None:
    story = log(
        tags=(Tag("level", "Level", (rule(),), value="properties.l", exclusive="g"), Tag("none", "", (rule("left"),), exclusive="g"))
    )
    story.event(0, properties={"l": "silver"}).event(100, properties={"l": "gold"}).event(200, timestamp=T + 50, properties={"l": "silver"})
    assert tags(story.run()) == {"level:gold": 1}
    assert tags(story.event(300, "left").run()) == {"none": 1}


def family(**options: object) -> Log:
    return log(tags=(Tag("f", "F", (rule(weight=PropertyWeight("properties.w")),), value="properties.v", max_values=2, **options),))  # type: ignore[arg-type]


def put(story: Log, at: int, value: str, weight: float) -> Log:
    return story.event(at, properties={"v": value, "w": weight})


def test_a_newcomer_evicts_the_value_of_the_least_score_even_if_its_own_is_less() -> None:
    story = put(put(put(family(), 0, "a", 5), 1, "b", 3), 2, "c", 1)
    assert list(tags(story.run())) == ["f:a", "f:c"]


def test_scores_are_compared_as_faded_to_the_clock() -> None:
    """At 2 000 ms a weight of 4 from 0 has halved twice, to 1; a weight of 1.5 from 2 000 has not."""
    story = put(put(put(family(half_life_ms=1_000), 0, "a", 4), 2_000, "b", 1.5), 2_000, "c", 1)
    assert list(tags(story.run())) == ["f:b", "f:c"]


def test_of_equal_scores_the_longest_untouched_goes_and_then_the_least_value() -> None:
    untouched = put(put(put(family(), 5, "a", 1), 3, "b", 1), 9, "c", 1)
    assert list(tags(untouched.run())) == ["f:a", "f:c"]
    story = put(put(put(family(), 7, "z", 1), 7, "é", 1), 9, "c", 1)
    assert list(tags(story.run())) == ["f:é", "f:c"]


def test_scores_within_the_tolerance_are_equal() -> None:
    story = put(put(put(family(), 0, "a", 1.0 + 2.0**-41), 1, "b", 1.0), 9, "c", 1)
    assert list(tags(story.run())) == ["f:b", "f:c"]


def test_an_evicted_value_that_comes_again_is_a_newcomer_without_a_past() -> None:
    story = put(put(put(put(family(), 0, "a", 1), 1, "b", 2), 2, "c", 3), 3, "a", 9)
    assert tags(story.run()) == {"f:c": 1, "f:a": 1}


def test_what_is_no_newcomer_or_is_dropped_evicts_nobody() -> None:
    story = put(put(put(family(), 0, "a", 1), 1, "b", 2), 2, "a", 1).said(5, "untag", {"f:c": {}})
    story.event(6, timestamp=T + 5, properties={"v": "c", "w": 1})
    assert tags(story.run()) == {"f:a": 2, "f:b": 1}


def test_a_value_that_has_gone_leaves_room() -> None:
    story = put(put(put(family(ttl_ms=100), 0, "a", 9), 50, "b", 1), 100, "c", 1)
    assert list(tags(story.run())) == ["f:b", "f:c"]


def test_the_rules_of_an_archived_tag_do_nothing_until_it_is_back_with_all_that_came_meanwhile() -> None:
    tag, archived = Tag("hot", "Hot", (rule(),)), Tag("hot", "Hot", (rule(),), archived=True)
    story = log(tags=(tag,)).event(0)
    story.bundles += [bundle(2, tags=(archived,)), bundle(3, segment(TagNode("hot", count=(Comparison("eq", 3),))), tags=(tag,))]
    story.activate(100, 2).event(150).said(160, "tag", {"hot": {}})
    assert tags(story.run()) == {}
    assert seen(story.activate(200, 3).event(300).run()) == [("s", "in", 200, "definition"), ("s", "out", 300, "event")]


def test_an_archived_tag_is_no_rival() -> None:
    story = log(tags=STAGES).event(200, "bought")
    story.bundles.append(bundle(2, tags=(STAGES[0], Tag("loyal", "Loyal", (), exclusive="stage", archived=True))))
    assert tags(story.activate(300, 2).event(400, "joined", timestamp=T + 100).run()) == {"new": 1}
