from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from schemas.errors import DefinitionFaults
from tagging.paths import MISSING, Many
from tagging.person import Person
from tagging.rules import compile_rules, family_values, normal_weight, number_or_none
from tests.unit.tagging.made import event, person_with


def weights(weight: str, **fields: Any) -> list[int | float | None]:
    """What each rule for ``viewed`` would add; None: the rule is skipped."""
    bundle = next_bundle(Bundle(), parse_files({"a.yaml": f"tags: [{{id: t, rules: [{{event: viewed, weight: {weight}}}]}}]"}))
    _, rules = compile_rules(bundle)
    wire = event(**fields).wire
    return [rule.weight if rule.read_weight is None else rule.read_weight(wire) for rule in rules["viewed"]]


def test_a_weight_is_a_number_of_the_definition() -> None:
    assert weights("2.5") == [2.5]


def test_a_weight_may_be_read_from_the_event_times_a_factor_then_at_most() -> None:
    text = "{property: properties.quantity, times: 5, max: 20}"

    assert weights(text, properties={"quantity": 3}) == [15]
    assert weights(text, properties={"quantity": 5}) == [20]
    assert weights(text, properties={"quantity": -9}) == [-45]
    assert weights("{property: properties.n, max: 2}", properties={"n": 0.5}) == [0.5]
    assert weights("{property: properties.n, times: -1, max: 2}", properties={"n": -5}) == [2]


@pytest.mark.parametrize("found", [None, True, "3", [3], {}, 10**400, 1.1e290, -1.1e290])
def test_a_weight_that_is_missing_or_no_usable_number_skips_the_rule(found: Any) -> None:
    assert weights("{property: properties.n}", properties={"n": found}) == [None]
    assert weights("{property: properties.n}") == [None]


def test_a_product_that_is_too_great_skips_the_rule_unless_the_maximum_bounds_it() -> None:
    assert weights("{property: properties.n, times: 100}", properties={"n": 1e289}) == [None]
    assert weights("{property: properties.n, times: 1.0e+300}", properties={"n": 1e289}) == [None]
    assert weights("{property: properties.n, times: 1.0e+300, max: 7}", properties={"n": 1e289}) == [7]


def test_a_whole_small_weight_is_held_as_an_integer_and_any_other_as_a_double() -> None:
    for weight, kind in ((3.0, int), (-(2**20), int), (2**20 + 1, float), (0.5, float), (2**70, float), (-0.0, int)):
        normal = normal_weight(weight)
        assert normal == float(weight)
        assert type(normal) is kind


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), True, "1", None])
def test_what_is_no_number_is_no_weight(value: Any) -> None:
    assert number_or_none(value) is None


def test_rules_stand_in_order_of_tag_then_of_rule() -> None:
    text = """
tags:
  - {id: z, rules: [{id: b, event: [x, y, x]}, {id: a, event: x}]}
  - {id: a, rules: [{id: c, event: x, where: {properties.n: 1}}]}
"""
    tags, rules = compile_rules(next_bundle(Bundle(), parse_files({"a.yaml": text})))

    assert [(rule.tag.id, rule.number) for rule in rules["x"]] == [("z", 1), ("z", 2), ("a", 3)]
    assert [rule.number for rule in rules["y"]] == [1]
    assert {name: tag.number for name, tag in tags.items()} == {"z": 1, "a": 2}
    assert [rule.where is None for rule in rules["x"]] == [True, True, False]


@pytest.mark.parametrize(
    ("found", "values"),
    [
        ("shoes", ["shoes"]),
        ("a:b", ["a:b"]),
        ("x" * 256, ["x" * 256]),
        ("x" * 257, []),
        ("", []),
        (7, ["7"]),
        (-7, ["-7"]),
        (10**255, [str(10**255)]),
        (-(10**255), []),
        (10**256, []),
        (10**4_000, []),
        (7.0, []),
        (True, []),
        (None, []),
        (["shoes"], []),
        ({}, []),
        (MISSING, []),
        (Many(["a", "b", "a", 1, "1", True, None, "", ["c"]]), ["a", "b", "1"]),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_familys_value_is_a_text_of_at_most_256_characters_or_an_integer(found: Any, values: list[str]) -> None:
    assert family_values(found) == values


@pytest.mark.parametrize("weight", ["1.1e+290", "-1.1e+290", "1.0e+308", "1" + "0" * 300])
def test_a_weight_of_a_definition_is_bounded_so_that_no_sum_leaves_the_doubles(weight: str) -> None:
    with pytest.raises(DefinitionFaults, match=r"expected a number from -1e\+290 to 1e\+290"):
        weights(weight)


def test_a_comparison_with_a_number_that_is_no_double_is_refused() -> None:
    """Each worker would fail on it when the definitions become active."""
    for field in ("score", "weight"):
        text = f"tags: [{{id: t}}]\nsegments: [{{id: s, when: {{tag: t, {field}: {{gte: 1{'0' * 400}}}}}}}]"
        with pytest.raises(DefinitionFaults, match="fits an IEEE double"):
            parse_files({"a.yaml": text})


def test_a_rules_condition_sees_the_persons_traits() -> None:
    text = "tags: [{id: t, rules: [{event: viewed, where: {properties.city: {trait: city}}}]}]"
    (rule,) = compile_rules(next_bundle(Bundle(), parse_files({"a.yaml": text})))[1]["viewed"]
    person: Person = person_with(city="Oslo")

    assert rule.where is not None
    assert rule.where(event(properties={"city": "Oslo"}).wire, person.traits)
