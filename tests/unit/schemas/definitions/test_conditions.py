# ruff: noqa: E501 - a table of faults is read by its rows
from __future__ import annotations

import pytest

from schemas.definitions.model import (
    AllOf,
    AnyOf,
    Condition,
    NotOf,
    PathTest,
    PropertyReference,
    TraitNode,
    TraitReference,
)
from tests.unit.schemas.definitions.reading import node, node_faults, where, where_faults

P = "properties.p"
OPERATORS = "eq, ne, in, not_in, gt, gte, lt, lte, between, contains, starts_with, ends_with, exists"


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("{}", AllOf(())),
        (f"{{{P}: shoes}}", PathTest(P, "eq", "shoes")),
        (f"{{{P}: null}}", PathTest(P, "eq", None)),
        (f"{{{P}: no}}", PathTest(P, "eq", "no")),
        (f"{{{P}: [1, {{b: 1, a: 2}}]}}", PathTest(P, "eq", [1, {"a": 2, "b": 1}])),
        (f"{{{P}: {{property: properties.q}}}}", PathTest(P, "eq", PropertyReference("properties.q"))),
        (f"{{{P}: {{trait: city}}}}", PathTest(P, "eq", TraitReference("city"))),
        (f"{{{P}: {{ne: {{trait: city}}}}}}", PathTest(P, "ne", TraitReference("city"))),
        (f"{{{P}: {{eq: {{a: 1, b: 2}}}}}}", PathTest(P, "eq", {"a": 1, "b": 2})),
        (f"{{{P}: {{in: [a, 1]}}}}", PathTest(P, "in", ["a", 1])),
        (f"{{{P}: {{not_in: {{property: properties.q}}}}}}", PathTest(P, "not_in", PropertyReference("properties.q"))),
        (f"{{{P}: {{between: [1, 2.5]}}}}", PathTest(P, "between", [1, 2.5])),
        (f"{{{P}: {{between: [a, b]}}}}", PathTest(P, "between", ["a", "b"])),
        (f"{{{P}: {{between: {{trait: range}}}}}}", PathTest(P, "between", TraitReference("range"))),
        (f"{{{P}: {{exists: false}}}}", PathTest(P, "exists", False)),
        (f"{{{P}: {{starts_with: a}}}}", PathTest(P, "starts_with", "a")),
        (f"{{{P}: {{ends_with: {{property: event}}}}}}", PathTest(P, "ends_with", PropertyReference("event"))),
        (f"{{{P}: {{contains: 3}}}}", PathTest(P, "contains", 3)),
        (f"{{{P}: {{gt: 1, lte: 5}}}}", AllOf((PathTest(P, "gt", 1), PathTest(P, "lte", 5)))),
        (f"{{{P}: 1, userId: u}}", AllOf((PathTest(P, "eq", 1), PathTest("userId", "eq", "u")))),
        (f"{{any: [{{{P}: 1}}, {{}}]}}", AnyOf((PathTest(P, "eq", 1), AllOf(())))),
        (f"{{all: [{{{P}: 1}}]}}", AllOf((PathTest(P, "eq", 1),))),
        (f"{{not: {{{P}: 1}}}}", NotOf(PathTest(P, "eq", 1))),
        ("{any: []}", AnyOf(())),
    ],
)
def test_where_is_a_map_of_path_and_test(text: str, condition: Condition) -> None:
    assert where(text) == condition


def test_a_whole_number_beyond_64_bits_stays_exact_and_true_is_not_1() -> None:
    assert repr(where(f"{{{P}: {2**70 + 1}}}")) == repr(PathTest(P, "eq", 2**70 + 1))
    assert repr(where(f"{{{P}: true}}")) == repr(PathTest(P, "eq", True))


def test_the_keys_of_a_value_have_one_order() -> None:
    assert repr(where(f"{{{P}: {{eq: {{b: 1, a: 1}}}}}}")) == repr(where(f"{{{P}: {{eq: {{a: 1, b: 1}}}}}}"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", ": found an empty list, expected a map of path and test"),
        ("{any: {}}", ".any: found an empty map, expected a list"),
        ("{all: 3}", ".all: found 3, expected a list"),
        ("{not: []}", ".not: found an empty list, expected a map of path and test"),
        ("{properties.a..b: 1}", "['properties.a..b']: found 'properties.a..b', expected a path of keys that are not empty, such as properties.price"),
        (f"{{{P}: {{}}}}", f"['{P}']: found an empty map, expected a value or at least one test"),
        (f"{{{P}: {{gtr: 1}}}}", f"['{P}'].gtr: found 'gtr', expected one of {OPERATORS}; did you mean 'gt'?"),
        (f"{{{P}: {{any: []}}}}", f"['{P}'].any: found 'any', expected one of {OPERATORS}"),
        (f"{{{P}: {{gt: true}}}}", f"['{P}'].gt: found true, expected a number or a text: nothing else has an order"),
        (f"{{{P}: {{gt: .nan}}}}", f"['{P}'].gt: found .nan, expected a finite number"),
        (f"{{{P}: {{starts_with: 3}}}}", f"['{P}'].starts_with: found 3, expected a text"),
        (f"{{{P}: {{exists: 1}}}}", f"['{P}'].exists: found 1, expected true or false"),
        (f"{{{P}: {{exists: .nan}}}}", f"['{P}'].exists: found .nan, expected a finite number"),
        (f"{{{P}: {{in: a}}}}", f"['{P}'].in: found 'a', expected a list of values"),
        (f"{{{P}: {{in: [{{trait: a}}]}}}}", f"['{P}'].in[0]: found a map with trait, expected a value: a reference stands alone, not in a list"),
        (f"{{{P}: {{between: 3}}}}", f"['{P}'].between: found 3, expected a list of two numbers or two texts"),
        (f"{{{P}: {{between: [1]}}}}", f"['{P}'].between: found a list, expected a list of two numbers or two texts: the least and the greatest"),
        (f"{{{P}: {{between: [1, a]}}}}", f"['{P}'].between: found a list, expected a list of two numbers or two texts: the least and the greatest"),
        (f"{{{P}: {{between: [1, .inf]}}}}", f"['{P}'].between[1]: found .inf, expected a finite number"),
        (f"{{{P}: {{eq: {{trait: a..b}}}}}}", f"['{P}'].eq.trait: found 'a..b', expected a path of keys that are not empty, such as properties.price"),
        (f"{{{P}: {{eq: {{a: 1, a: 2}}}}}}", f"['{P}'].eq.a: found 'a' again (first on line 4), expected each key once"),
    ],
)  # fmt: skip
def test_a_fault_of_where_tells_its_place(text: str, told: str) -> None:
    assert where_faults(text) == [told]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("{trait: city}", PathTest("city", "exists", True)),
        ("{trait: city, eq: Shanghai}", PathTest("city", "eq", "Shanghai")),
        ("{trait: age, gte: 18, lt: 30}", AllOf((PathTest("age", "gte", 18), PathTest("age", "lt", 30)))),
        ("{trait: city, eq: {trait: birthplace}}", PathTest("city", "eq", TraitReference("birthplace"))),
        (
            "{trait: 'cities[]', any: [Paris, {starts_with: S}]}",
            AnyOf((PathTest("cities[]", "eq", "Paris"), PathTest("cities[]", "starts_with", "S"))),
        ),
        ("{trait: age, all: [{gt: 1, lt: 9}]}", AllOf((AllOf((PathTest("age", "gt", 1), PathTest("age", "lt", 9))),))),
        ("{trait: age, not: {any: [1, {trait: n}]}}", NotOf(AnyOf((PathTest("age", "eq", 1), PathTest("age", "eq", TraitReference("n")))))),
    ],
)
def test_the_tests_of_a_trait_stand_beside_its_path(text: str, condition: Condition) -> None:
    assert node(text) == TraitNode(condition)


KEYS = f"trait, {OPERATORS}, any, all, not, within_next, within_last, zone"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{trait: []}", ".trait: found an empty list, expected a path such as properties.price"),
        ("{trait: city, is: x}", f".is: found 'is', expected one of {KEYS}"),
        ("{trait: city, exist: true}", f".exist: found 'exist', expected one of {KEYS}; did you mean 'exists'?"),
        (
            "{trait: city, eq: {property: properties.x}}",
            ".eq: found {property: …}, expected a value or {trait: path}: a person's traits know no event",
        ),
        ("{trait: city, not: {}}", ".not: found an empty map, expected a value or at least one test"),
        ("{trait: city, not: {equals: 1}}", f".not.equals: found 'equals', expected one of {OPERATORS}, any, all, not"),
    ],
)
def test_a_fault_of_a_trait_node_tells_its_place(text: str, told: str) -> None:
    assert node_faults(text) == [told]
