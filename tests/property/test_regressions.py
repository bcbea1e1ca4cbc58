"""Minimal cases of what was once wrong."""

from __future__ import annotations

from schemas.definitions.model import Comparison, Tag, TagNode
from tests.corpus.generate import prepare
from tests.oracle.classify import Raw
from tests.property.driver import Step
from tests.property.playing import play
from tests.property.verdict import states
from tests.unit.oracle.scenario import Log, T, bundle, events, log, rule, segment

CENTURY_MS = 36_500 * 86_400_000


def test_a_due_time_thousands_of_years_ahead_stops_no_lane() -> None:
    """A slice holds six bytes of a due time: 8 919 years. A score of 1e30 with the longest half-life fades for 10 000."""
    tag = Tag("hot", "Hot", (rule(weight=1e30),), half_life_ms=CENTURY_MS)
    rows, _ = play(log(segment(TagNode("hot", score=(Comparison("gte", 1),))), tags=(tag,)).event(0).clock(1))
    assert rows == [("s", "in", 0, "event")]


def test_segments_that_a_new_version_drops_are_left_in_order_of_id() -> None:
    """They were left in the order in which the person had entered them."""
    story = log(segment(events("late"), "a"), segment(events("early"), "b")).event(0, "early").event(1, "late")
    story.bundles.append(bundle(2))
    rows, _ = play(story.activate(2, 2))
    assert rows[2:] == [("a", "out", 2, "definition"), ("b", "out", 2, "definition")]


def test_how_deep_a_record_may_be_does_not_depend_on_who_reads_it() -> None:
    """The decoder skips fields that nobody reads, as deep as its caller's stack leaves room."""

    def called_from(depth: int) -> dict[int, str]:
        if depth:
            return called_from(depth - 1)
        deep = b'{"type":"page","userId":"u1","other":' + b"[" * 700 + b"]" * 700 + b"}"
        return play(log(segment(events())).raw(0, deep))[1].topics.dead_letters

    assert called_from(0) == called_from(300) == {1: "too-nested"}


def test_a_filling_that_is_begun_again_counts_nothing_twice() -> None:
    """While one set was being filled another was asked for; then the first came after all, and found its own shadows half filled."""
    tag = Tag("hot", "Hot", (rule(),))
    story = log(segment(events("other"))).event(0).event(1).event(2)
    story.bundles += [bundle(2, tags=(tag,)), bundle(3, segment(events()), tags=(tag,))]
    story.prepare(3, 2).prepare(4, 3).activate(5, 2)
    again = [Step("read", 1), Step("read", 4), *[Step("fill")] * 4, Step("read", 1), *[Step("fill")] * 2]
    for steps in ([], again, [*again, Step("read", 1, "lost before"), Step("fill"), Step("read", 1, "lost after")]):
        _, driver = play(story, steps)
        assert [held.count for state in states(driver) for held in state.tags.values()] == [3]


def test_a_said_tag_gives_way_to_a_rule_of_a_tag_that_is_defined_before_it() -> None:
    """The oracle let each tag say and rule before the next; the contract has said tags before rules."""
    ruled, said = Tag("ruled", "Ruled", (rule("$tag"),), exclusive="one"), Tag("said", "Said", (), exclusive="one")
    rows, _ = play(log(segment(TagNode("ruled")), tags=(ruled, said)).said(0, "tag", {"said": {}}))
    assert rows == [("s", "in", 0, "event")]


def prepared(story: Log, at: int, version: int) -> Log:
    raw = prepare(version, T + at)
    story.records.append(Raw(len(story.records), raw.append_ms, raw.key, raw.value, raw.headers))
    return story


def test_a_filling_that_was_given_up_and_begun_again_counts_nothing_twice() -> None:
    """It went on with the shadows of its first attempt. What came between was a set that nobody has ever written."""
    tag = Tag("hot", "Hot", (rule(),))
    story = log(segment(TagNode("hot", score=(Comparison("gte", 2),)))).event(0)
    story.bundles[0] = bundle(1, tags=())
    story.bundles.append(bundle(2, segment(TagNode("hot", score=(Comparison("gte", 2),))), tags=(tag,)))
    prepared(prepared(story, 1, 2), 2, 99).activate(3, 2)
    fill = [Step("fill")] * 3
    rows, _ = play(story, [Step("read"), Step("read", 2), *fill, Step("read"), *fill, Step("read")])
    assert rows == []


def test_a_version_too_great_for_any_lane_is_a_dead_letter_and_stops_none() -> None:
    """It went into the lane's header, which holds no number like that."""
    story = prepared(log(segment(events())), 1, 2**65).activate(2, 2**65).event(3)
    rows, driver = play(story)
    assert rows == [("s", "in", 3, "event")]
    assert driver.topics.dead_letters == {1: "unreadable-internal", 2: "unreadable-internal"}
