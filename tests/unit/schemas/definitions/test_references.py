"""What definitions may name: segments that exist, that are not archived, and never themselves by any way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.definitions.known import CHAIN_MAX, circles
from schemas.definitions.model import AllNode, NotNode, SegmentNode
from tests.unit.schemas.definitions.reading import faults, faults_of, read


def segments(**named: str) -> str:
    """Segments by id, each true for those in the segments named."""
    lines = [
        f"  - {{id: {name}, when: {{any: [{', '.join(f'{{segment: {other}}}' for other in others.split())}]}}}}"
        for name, others in named.items()
    ]
    return "\n".join(["segments:", *lines])


def test_a_segment_may_name_one_that_is_defined_later_or_in_another_file() -> None:
    text = "segments: [{id: a, when: {not: {segment: b}}}, {id: b, when: {all: []}}]"
    assert read(text).segments[0].when == NotNode(SegmentNode("b"))
    assert faults_of({"a.yaml": "segments: [{id: a, when: {segment: b}}]", "b.yaml": "segments: [{id: b, when: {all: []}}]"}) == []


def test_an_unknown_segment_is_told_with_the_one_that_was_meant() -> None:
    assert faults(segments(a="hot_shoe", hot_shoes="")) == [
        "a.yaml:2: segments.a.when.any[0].segment: found 'hot_shoe', expected the id of a segment; did you mean 'hot_shoes'?"
    ]


def test_while_a_file_cannot_be_read_its_segments_are_not_called_unknown() -> None:
    assert [told[:6] for told in faults_of({"a.yaml": "segments: [", "b.yaml": segments(a="b")})] == ["a.yaml"]


def test_a_circle_is_named_where_it_closes() -> None:
    assert faults(segments(x="a", a="b", b="c", c="d a", d="")) == [
        "a.yaml:5: segments.c.when.any[1].segment: found 'a', expected no circle of segments: a → b → c → a"
    ]
    assert faults(segments(a="a")) == ["a.yaml:2: segments.a.when.any[0].segment: found 'a', expected no circle of segments: a → a"]


def test_each_circle_is_named() -> None:
    told = faults(segments(a="b", b="a b", c="a d", d="c"))
    assert [fault.partition("segments: ")[2] for fault in told] == ["a → b → a", "b → b", "c → d → c"]


def test_two_ways_to_one_segment_are_no_circle() -> None:
    assert faults(segments(a="b c", b="d", c="d", d="")) == []


def test_of_a_long_circle_the_middle_is_left_out() -> None:
    names = [f"s{number}" for number in range(2_000)]
    told = faults(segments(**dict(zip(names, [*names[1:], names[0]], strict=True))))
    assert [fault.partition("segments: ")[2] for fault in told] == ["s0 → s1 → s2 → s3 → s4 → … → s1996 → s1997 → s1998 → s1999 → s0"]


@given(st.dictionaries(st.integers(0, 5).map(str), st.lists(st.integers(0, 5).map(str), max_size=3, unique=True)))
def test_there_is_a_circle_exactly_if_what_names_nothing_left_cannot_be_taken_away(named: dict[str, list[str]]) -> None:
    left = {name: set(others) & named.keys() for name, others in named.items()}
    while done := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in done}
    found = list(circles(named))
    assert bool(found) == bool(left)
    for circle in found:
        assert all(after in named[before] for before, after in zip(circle, (*circle[1:], circle[0]), strict=True))


def test_more_than_64_segments_that_name_each_other_in_a_row_are_refused_where_the_64th_is_named() -> None:
    chain = {f"s{number}": f"s{number + 1}" for number in range(CHAIN_MAX - 1)} | {f"s{CHAIN_MAX - 1}": ""}
    assert faults(segments(**chain)) == []
    assert faults(segments(**chain, before="s1", first="s0 s1", more="first")) == [
        "a.yaml:67: segments.first.when.any[0].segment: found 's0', expected at most 64 segments that name each other in a row"
    ]


def test_what_is_archived_is_named_only_by_what_is_archived() -> None:
    text = """
tags: [{id: vip, archived: true}]
segments:
  - {id: old, archived: true, when: {tag: vip}}
  - {id: older, archived: true, when: {segment: old}}
  - {id: living, when: {segment: older}}
  - {id: alive, paused: true, when: {tag: vip}}
"""
    assert faults(text) == [
        "a.yaml:6: segments.living.when.segment: found 'older', expected the id of a segment that is not archived",
        "a.yaml:7: segments.alive.when.tag: found 'vip', expected the id of a tag that is not archived",
    ]


def test_a_segment_without_a_readable_id_makes_no_further_faults() -> None:
    assert len(faults("segments: [{id: A, when: {segment: b}}, {id: b, when: {all: []}}]")) == 1
    assert read("segments: [{id: b, when: {all: []}}]").segments[0].when == AllNode(())


def test_more_nodes_within_each_other_than_can_be_followed_are_refused_where_the_chain_gets_too_deep() -> None:
    def chain(segments: int, nots: int) -> str:
        whens = ["{event: viewed}", *(f"{{segment: s{number}}}" for number in range(segments - 1))]
        lines = [f"  - {{id: s{number}, when: {'{not: ' * nots}{when}{'}' * nots}}}" for number, when in enumerate(whens)]
        return "\n".join(["segments:", *lines])

    assert faults(chain(64, 3)) == []
    (told,) = faults(chain(20, 15))
    assert told.startswith("a.yaml:18: segments.s16.when.not")
    assert told.endswith("found 's15', expected at most 256 nodes within each other in segments that name each other")


def test_more_than_four_stays_within_each_other_are_refused() -> None:
    def nested(levels: int) -> str:
        return f"{'{stays: {for: 1m, when: ' * levels}{{event: viewed}}{'}}' * levels}"

    assert faults(f"segments: [{{id: a, when: {{any: [{nested(4)}, {nested(4)}]}}}}]") == []
    (told,) = faults(f"segments: [{{id: a, when: {nested(5)}}}]")
    assert told.endswith("expected at most 4 stays within each other")
