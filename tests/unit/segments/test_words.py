from __future__ import annotations

import pytest

from schemas.definitions.model import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    EventMatch,
    EventNode,
    NotOf,
    PathTest,
    PropertyReference,
    TagNode,
    TraitReference,
)
from segments.words import comparison_words, condition_words, event_words, tag_words

CITY = PathTest("city", "eq", "Xiamen")
OLD = PathTest("age", "gte", 18)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (AllOf(()), ""),
        (CITY, 'city = "Xiamen"'),
        (PathTest("city", "exists", True), "city exists"),
        (PathTest("city", "exists", False), "city is missing"),
        (PathTest("a", "not_in", [1, "x"]), 'a not in [1, "x"]'),
        (PathTest("a", "lt", PropertyReference("properties.b")), "a < the event's properties.b"),
        (PathTest("a", "gt", TraitReference("b")), "a > the trait b"),
        (AllOf((CITY, OLD)), 'city = "Xiamen" and age ≥ 18'),
        (AnyOf((CITY, OLD)), 'any of (city = "Xiamen"; age ≥ 18)'),
        (NotOf(AllOf((CITY, OLD))), 'not (city = "Xiamen" and age ≥ 18)'),
        (AllOf((AllOf((CITY, OLD)), AllOf((CITY,)))), '(city = "Xiamen" and age ≥ 18) and city = "Xiamen"'),
    ],
)
def test_a_condition_reads_as_a_sentence(condition: Condition, words: str) -> None:
    assert condition_words(condition) == words


def test_comparisons_have_their_signs() -> None:
    assert comparison_words(Comparison("ne", 2)) == "≠ 2"
    assert comparison_words(Comparison("between", 1, 2.5)) == "between 1 and 2.5"


def test_a_tag_node_says_what_is_compared() -> None:
    assert tag_words(TagNode("buyer")) == "has buyer"
    node = TagNode("interest", "shoes", count=(Comparison("gte", 2),), score=(Comparison("lt", 9),))
    assert tag_words(node) == "count of interest:shoes ≥ 2 and score of interest:shoes < 9"


def test_an_event_node_says_names_condition_window_and_count() -> None:
    assert event_words(EventNode(EventMatch(("a", "b"), CITY), within_ms=1_800_000)) == 'a or b (city = "Xiamen") within 30m: count ≥ 1'
    assert (
        event_words(EventNode(EventMatch(("a",), AllOf(())), (Comparison("gt", 1), Comparison("lt", 5))))
        == "a ever: count > 1 and count < 5"
    )
