"""Leaves of tags that have a ttl: the tag's end is a change without a record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import AllNode, AnyNode, Comparison, Node, NotNode, Tag, TagNode
from segments.lasting import LastingFamilyLeaf, LastingLeaf
from segments.nodes import FamilyLeaf, PresenceLeaf, ScoreLeaf, TagLeaf, next_change
from tagging.decay import NEVER
from tagging.person import Person
from tagging.state import TagState, new_person
from tests.unit.segments.truth import bundle_with, compile_node, truth

TTL = 20
HALF_LIFE = 6
TAGS = (
    Tag("fading", "fading", (), half_life_ms=HALF_LIFE, ttl_ms=TTL),
    Tag("steady", "steady", (), ttl_ms=TTL),
    Tag("family", "family", (), value="properties.x", half_life_ms=HALF_LIFE, ttl_ms=TTL),
    Tag("endless", "endless", (), value="properties.x", half_life_ms=HALF_LIFE),
)
LATEST = 30
HORIZON = LATEST + 3 * TTL + 46 * HALF_LIFE


def held(score: float = 1, last: int = 0, count: int = 1) -> TagState:
    return TagState(count, score, score, last, last, 0, None, None)


def holder(tags: dict[int | str, TagState]) -> Person:
    state = new_person("user:u1", 0, 10**12, 1)
    state.tags = tags
    return Person(state)


def score(operator: Any, level: float) -> tuple[Comparison, ...]:
    return (Comparison(operator, level),)


@pytest.mark.parametrize(
    ("node", "inner"),
    [
        (TagNode("steady"), PresenceLeaf),
        (TagNode("family", "x"), PresenceLeaf),
        (TagNode("fading", score=score("gte", 1)), ScoreLeaf),
        (TagNode("fading", count=score("gte", 1)), TagLeaf),
    ],
)
def test_only_leaves_of_tags_with_a_ttl_ask_for_the_end(node: TagNode, inner: type) -> None:
    leaf = compile_node(node, TAGS)
    assert isinstance(leaf, LastingLeaf)
    assert type(leaf.leaf) is inner

    assert isinstance(compile_node(TagNode("family"), TAGS), LastingFamilyLeaf)
    assert isinstance(compile_node(TagNode("endless"), TAGS), FamilyLeaf)
    assert isinstance(compile_node(TagNode("endless", "x"), TAGS), PresenceLeaf)


@pytest.mark.parametrize(
    ("node", "state", "outlooks"),
    [
        (TagNode("steady"), held(1, 5), {5: (True, 25), 24: (True, 25), 25: (False, NEVER), 26: (False, NEVER)}),
        (TagNode("steady", score=score("lt", 1)), held(1, 5), {24: (False, 25), 25: (True, NEVER)}),
        (TagNode("steady", score=score("lt", 2)), held(1, 5), {24: (True, NEVER), 25: (True, NEVER)}),
        (TagNode("steady", count=score("eq", 0)), held(1, 5), {24: (False, 25), 25: (True, NEVER)}),
        (TagNode("steady", last_within_ms=9), held(1, 5), {13: (True, 14), 14: (False, NEVER)}),
        (TagNode("steady", last_within_ms=30), held(1, 5), {13: (True, 25), 25: (False, NEVER)}),
    ],
)
def test_from_its_end_on_a_tag_that_is_still_stored_counts_as_absent(
    node: TagNode, state: TagState, outlooks: dict[int, tuple[bool, int]]
) -> None:
    leaf = compile_node(node, TAGS)

    assert {at: leaf.outlook(holder({2: state}), at) for at in outlooks} == outlooks
    assert leaf.outlook(holder({}), 25) == leaf.outlook(holder({2: state}), 25)


def test_a_score_leaves_at_its_crossing_or_at_the_end_whichever_is_first() -> None:
    leaf = compile_node(TagNode("fading", score=score("gte", 1)), TAGS)

    assert leaf.outlook(holder({1: held(4)}), 0) == (True, 13)
    assert leaf.outlook(holder({1: held(400)}), 0) == (True, 20)
    assert leaf.outlook(holder({1: held(400)}), 20) == (False, NEVER)


def test_a_family_asks_zeros_only_when_all_its_values_are_over() -> None:
    none_low = compile_node(TagNode("family", score=score("lt", 1)), TAGS)
    person = holder({"3:x": held(10**6, 0), "3:y": held(10**6, 5)})

    assert none_low.outlook(person, 0) == (False, 25)
    assert none_low.outlook(person, 25) == (True, NEVER)


levels = st.sampled_from([-1.0, 0.0, 1e-13, 0.125, 0.5, 1.0, 2.0]) | st.floats(-3, 3)
several = st.lists(st.builds(Comparison, st.sampled_from(["gt", "gte", "lt", "lte"]), levels), max_size=2).map(tuple)
counts = st.lists(st.builds(Comparison, st.sampled_from(["gte", "eq", "ne", "lt"]), st.integers(-1, 3)), max_size=1).map(tuple)
windows = st.none() | st.integers(1, 2 * TTL)
plain = st.builds(TagNode, st.sampled_from(["fading", "steady"]), st.none(), counts, several, several, windows)
of_family = st.builds(
    TagNode, st.sampled_from(["family", "endless"]), st.sampled_from([None, None, "x", "y"]), counts, several, several, windows
)
common = st.builds(lambda level: TagNode("fading", score=score("gte", level)), st.floats(1e-3, 8))
leaves: st.SearchStrategy[Node] = st.one_of(plain, of_family, common)
trees: st.SearchStrategy[Node] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: AllNode(tuple(items)))
        | st.lists(inner, max_size=3).map(lambda items: AnyNode(tuple(items)))
        | inner.map(NotNode)
    ),
    max_leaves=5,
)
scores = st.sampled_from([0.0, 1.0, -1.0, 2.0, 3]) | st.floats(-64, 64)
states = st.builds(held, scores, st.integers(-40, LATEST), st.integers(1, 3))
tags: st.SearchStrategy[dict[int | str, TagState]] = st.fixed_dictionaries(
    {}, optional={1: states, 2: states, "3:x": states, "3:y": states, "3:z": states, "4:x": states, "4:y": states}
)


def changes_after(node: Node, person: Person, at: int) -> int:
    """The least millisecond after ``at`` with another value, found by asking at every one."""
    bundle = bundle_with(node, TAGS)
    current = truth(node, bundle, person, at)
    return next((time for time in range(at + 1, at + HORIZON) if truth(node, bundle, person, time) is not current), NEVER)


@settings(max_examples=250, deadline=None)
@given(leaves, tags, st.integers(0, 60))
def test_a_leaf_tells_the_exact_millisecond_of_its_next_change(node: Node, stored: dict[int | str, TagState], waited: int) -> None:
    person, at = holder(stored), LATEST + waited
    value, change = compile_node(node, TAGS).outlook(person, at)

    assert value is truth(node, bundle_with(node, TAGS), person, at)
    assert change == changes_after(node, person, at)


@settings(max_examples=250, deadline=None)
@given(leaves, tags, st.integers(0, 60), st.integers(1, 60))
def test_before_a_horizon_too_and_never_late(node: Node, stored: dict[int | str, TagState], waited: int, until: int) -> None:
    person, at = holder(stored), LATEST + waited
    value, bound = compile_node(node, TAGS).outlook(person, at, at + until)
    change = changes_after(node, person, at)

    assert value is truth(node, bundle_with(node, TAGS), person, at)
    assert at < bound
    assert bound <= change
    assert bound == change or bound >= at + until


@settings(max_examples=150, deadline=None)
@given(trees, tags, st.integers(0, 60))
def test_the_next_change_of_any_condition_is_neither_early_nor_late(node: Node, stored: dict[int | str, TagState], waited: int) -> None:
    person, at = holder(stored), LATEST + waited
    compiled = compile_node(node, TAGS)
    value, bound = compiled.outlook(person, at)
    change = changes_after(node, person, at)

    assert value is truth(node, bundle_with(node, TAGS), person, at)
    assert at < bound <= change
    assert next_change(compiled, person, at) == change
