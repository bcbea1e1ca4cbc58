from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import AllOf, AnyOf, Condition, NotOf, Operator, PathTest, PropertyReference, TraitReference
from tagging.conditions import compile_condition, same
from tagging.paths import object_getter
from tests.unit.tagging.made import event, person_with

OPERATORS: tuple[Operator, ...] = (
    "eq",
    "ne",
    "in",
    "not_in",
    "gt",
    "gte",
    "lt",
    "lte",
    "between",
    "contains",
    "starts_with",
    "ends_with",
)
NEGATED = ("ne", "not_in")
MATCHES_NOTHING: dict[str, Any] = {"in": [], "not_in": [], "between": [1, 2], "starts_with": "x", "ends_with": "x", "contains": "x"}
YES = PathTest("event", "eq", "viewed")
NO = PathTest("event", "eq", "bought")


def holds(condition: Condition, *, traits: dict[str, Any] | None = None, **properties: Any) -> bool:
    predicate = compile_condition(condition)
    return predicate is None or predicate(event(properties=properties).wire, person_with(**(traits or {})).traits)


def asked(value: Any, operator: Operator, operand: Any) -> bool:
    return holds(PathTest("properties.x", operator, operand), x=value)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("operand", [1, "x", None, [1], PropertyReference("properties.y"), TraitReference("y")], ids=repr)
def test_on_a_missing_path_only_ne_and_not_in_hold(operator: Operator, operand: Any) -> None:
    for path in ("properties.x", "properties.x.y", "properties.empty[]", "price"):
        assert holds(PathTest(path, operator, operand), y=1, empty=[], traits={"y": 1}) is (operator in NEGATED)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("reference", [PropertyReference("properties.y"), TraitReference("y"), PropertyReference("properties.e[]")])
def test_a_reference_that_leads_nowhere_is_like_a_missing_path(operator: Operator, reference: Any) -> None:
    assert holds(PathTest("properties.x", operator, reference), x=1, e=[]) is (operator in NEGATED)


def test_exists_asks_whether_there_is_a_value() -> None:
    empty: list[Any] = [0, "", False, None, [], {}]
    for value in empty:
        assert asked(value, "exists", True)
        assert not asked(value, "exists", False)
    assert holds(PathTest("properties.x", "exists", False))
    assert not holds(PathTest("properties.x", "exists", True))
    assert not holds(PathTest("properties.x[]", "exists", True), x=[])
    assert holds(PathTest("properties.x[]", "exists", True), x=[None])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (0, -0.0),
        ("a", "a"),
        (None, None),
        (True, True),
        ([1, "a", None], [1.0, "a", None]),
        ({"a": [1]}, {"a": [1.0]}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ([], []),
        ({}, {}),
        (2**53 + 1, 2**53 + 1),
        (10**400, 10**400),
    ],
    ids=repr,
)
def test_equal_values_are_equal_both_ways(one: Any, other: Any) -> None:
    assert same(one, other)
    assert same(other, one)
    assert asked(one, "eq", other)
    assert not asked(one, "ne", other)
    assert asked(one, "in", ["q", other])
    assert not asked(one, "not_in", ["q", other])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (1, True),
        (1.0, True),
        (0, False),
        (0, None),
        ("", None),
        (False, None),
        (2**53, 2**53 + 1),
        (float(2**53), 2**53 + 1),
        (10**400, 1e308),
        ([1], [True]),
        ([1], [1, 1]),
        ([1, 2], [2, 1]),
        ([], {}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 1, "b": None}),
        ([1], 1),
        ({}, None),
        ("a", "A"),
        ("é", "e\u0301"),
    ],
    ids=repr,
)
def test_unequal_values_are_unequal_both_ways(one: Any, other: Any) -> None:
    assert not same(one, other)
    assert not same(other, one)
    assert not asked(one, "eq", other)
    assert asked(one, "ne", other)
    assert not asked(one, "in", [other])
    assert asked(one, "not_in", [other])


def test_nothing_is_in_an_empty_list() -> None:
    assert not asked(None, "in", [])
    assert asked(None, "not_in", [])


def test_a_null_is_present_and_equal_only_to_null() -> None:
    assert asked(None, "eq", None)
    for operator in ("gt", "gte", "lt", "lte", "between", "contains", "starts_with", "ends_with"):
        assert not asked(None, operator, MATCHES_NOTHING.get(operator, 0))
    assert not holds(PathTest("properties.x", "eq", None))


ORDERED = [
    (1, 2),
    (-1.5, 0),
    (1, 1.5),
    (2**53, 2**53 + 1),
    (float(2**53), 2**53 + 1),
    ("a", "b"),
    ("Z", "a"),
    ("", "a"),
    ("￿", "😀"),
    (1, 10**400),
]


@pytest.mark.parametrize(("less", "greater"), ORDERED, ids=repr)
def test_numbers_order_by_size_and_texts_by_code_point(less: Any, greater: Any) -> None:
    truths = {operator: (asked(less, operator, greater), asked(greater, operator, less)) for operator in OPERATORS[4:8]}

    assert truths == {"gt": (False, True), "gte": (False, True), "lt": (True, False), "lte": (True, False)}
    assert asked(less, "between", [less, greater])
    assert asked(greater, "between", [less, greater])
    assert not asked(greater, "between", [less, less])
    assert not asked(less, "between", [greater, less])


def test_an_equal_value_is_neither_greater_nor_less() -> None:
    for value, other in ((1, 1.0), ("a", "a")):
        assert [asked(value, operator, other) for operator in OPERATORS[4:8]] == [False, True, False, True]


@pytest.mark.parametrize(
    ("value", "operand"), [(1, "1"), ("1", 1), (True, 0), (1, True), (None, 0), (0, None), ([1], [0]), ({}, {}), ([1], 0)], ids=repr
)
def test_between_different_types_there_is_no_order(value: Any, operand: Any) -> None:
    assert not any(asked(value, operator, operand) for operator in OPERATORS[4:8])
    assert not asked(value, "between", [operand, operand])


def test_between_wants_two_bounds_that_both_compare() -> None:
    assert not asked(1, "between", [0])
    assert not asked(1, "between", [0, 1, 2])
    assert not asked(1, "between", 1)
    assert not asked(1, "between", [0, "2"])
    assert not asked(1, "between", ["0", 2])
    assert holds(PathTest("properties.x", "between", (0, 1)), x=1)


@pytest.mark.parametrize(
    ("value", "operand", "expected"),
    [
        ("shoes", "hoe", True),
        ("shoes", "", True),
        ("shoes", "Hoe", False),
        ("123", 2, False),
        ([1, 2], 2.0, True),
        ([1, 2], "2", False),
        ([True], 1, False),
        ([[1]], [1], True),
        ([None], None, True),
        ([], None, False),
        ({"a": 1}, "a", False),
        (12, 1, False),
        (None, "n", False),
    ],
)
def test_contains_is_part_of_a_text_or_member_of_a_list(value: Any, operand: Any, expected: bool) -> None:
    assert asked(value, "contains", operand) is expected


@pytest.mark.parametrize(
    ("value", "operand", "starts", "ends"),
    [
        ("shoes", "sho", True, False),
        ("shoes", "oes", False, True),
        ("shoes", "", True, True),
        ("shoes", "shoes", True, True),
        ("12", 1, False, False),
        (12, "1", False, False),
        (["a"], "a", False, False),
        (None, "", False, False),
    ],
)
def test_affixes_are_of_texts(value: Any, operand: Any, starts: bool, ends: bool) -> None:
    assert asked(value, "starts_with", operand) is starts
    assert asked(value, "ends_with", operand) is ends


def test_with_brackets_some_element_satisfies_and_for_ne_and_not_in_none_equals() -> None:
    def some(operator: Operator, operand: Any) -> bool:
        return holds(PathTest("properties.items[].n", operator, operand), items=[{"n": 1}, {"n": 5}, {}, "no object"])

    assert some("eq", 5)
    assert not some("ne", 5)
    assert some("ne", 4)
    assert some("gt", 4)
    assert not some("gt", 5)
    assert some("in", [4, 5])
    assert not some("not_in", [4, 5])
    assert some("not_in", [4])
    assert not some("contains", 5)
    assert some("between", [2, 6])


def test_a_list_without_brackets_is_one_value() -> None:
    assert asked([1, 2], "eq", [1, 2])
    assert not asked([1, 2], "eq", 1)


def test_a_reference_compares_two_paths() -> None:
    paid = PathTest("properties.paid", "gte", PropertyReference("properties.price"))
    assert holds(paid, paid=3, price=2)
    assert not holds(paid, paid=1, price=2)

    home = PathTest("properties.city", "eq", TraitReference("home.city"))
    away = PathTest("properties.city", "ne", TraitReference("home.city"))
    for city, at_home in (("Shanghai", True), ("Oslo", False)):
        assert holds(home, city=city, traits={"home": {"city": "Shanghai"}}) is at_home
        assert holds(away, city=city, traits={"home": {"city": "Shanghai"}}) is not at_home


def test_of_lists_on_both_sides_any_pair_suffices() -> None:
    def pair(operator: Operator, left: list[int], right: list[int]) -> bool:
        return holds(PathTest("properties.a[]", operator, PropertyReference("properties.b[]")), a=left, b=right)

    assert pair("eq", [1, 2], [2, 3])
    assert not pair("eq", [1, 2], [3, 4])
    assert pair("ne", [1, 2], [3, 4])
    assert not pair("ne", [1, 2], [2, 3])
    assert pair("gt", [1, 9], [8, 10])


def test_a_reference_may_lead_to_a_list_of_values() -> None:
    member = PathTest("properties.city", "in", TraitReference("cities"))
    within = PathTest("properties.n", "between", TraitReference("range"))

    assert holds(member, city="Oslo", traits={"cities": ["Oslo"]})
    assert not holds(member, city="Oslo", traits={"cities": "Oslo"})
    assert holds(within, n=2, traits={"range": [1, 3]})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (AllOf(()), True),
        (AnyOf(()), False),
        (NotOf(AllOf(())), False),
        (NotOf(AnyOf(())), True),
        (AllOf((YES,)), True),
        (AllOf((YES, NO)), False),
        (AllOf((YES, YES)), True),
        (AnyOf((NO, YES)), True),
        (AnyOf((NO, NO)), False),
        (AnyOf((NO, AllOf(()))), True),
        (AllOf((AllOf(()), YES)), True),
        (AllOf((AllOf(()), AllOf(()))), True),
        (NotOf(NO), True),
        (NotOf(AnyOf((NO, NotOf(AllOf((YES, YES)))))), True),
        (AllOf((NotOf(NO), AnyOf((YES, NO)), AllOf((YES, NotOf(NO))))), True),
    ],
    ids=lambda value: str(value)[:60],
)
def test_all_any_and_not_nest(condition: Condition, expected: bool) -> None:
    assert holds(condition) is expected


def test_what_always_holds_costs_nothing() -> None:
    assert compile_condition(AllOf((AllOf(()), AllOf(())))) is None


def test_traits_are_read_only_where_a_condition_names_them() -> None:
    def never() -> dict[str, Any]:
        raise AssertionError

    predicate = compile_condition(AnyOf((YES, PathTest("properties.x", "eq", TraitReference("y")))))
    assert predicate is not None
    assert predicate(event().wire, never)


def test_a_condition_may_be_asked_of_any_object() -> None:
    predicate = compile_condition(PathTest("home.city", "eq", "Oslo"), object_getter)
    assert predicate is not None
    assert predicate({"home": {"city": "Oslo"}}, dict)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 0.5, "a", "1", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None)
@given(values, values, values)
def test_ne_is_exactly_not_eq_and_not_in_exactly_not_in(value: Any, one: Any, other: Any) -> None:
    assert asked(value, "ne", one) is not asked(value, "eq", one)
    assert asked(value, "not_in", [one, other]) is not asked(value, "in", [one, other])
    assert asked(value, "in", [one, other]) is (asked(value, "eq", one) or asked(value, "eq", other))


@settings(deadline=None)
@given(values, values)
def test_equality_looks_the_same_from_both_sides(one: Any, other: Any) -> None:
    assert same(one, one)
    assert same(one, other) is same(other, one)
