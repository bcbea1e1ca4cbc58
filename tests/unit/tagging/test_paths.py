from __future__ import annotations

from typing import Any

import pytest

from tagging.paths import MISSING, Many, event_getter, object_getter
from tests.unit.tagging.made import event

OBJECT: dict[str, Any] = {
    "a": {"b": {"c": 1}, "null": None},
    "list": [1, 2],
    "empty": [],
    "items": [{"n": 1, "tags": ["x", "y"]}, {"n": 2}, 3, {"tags": "no list"}],
    "nested": [[1, 2], [3], 4],
    "dotted.key": {"x": 5},
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", OBJECT["a"]),
        ("a.b.c", 1),
        ("a.null", None),
        ("list", [1, 2]),
        (r"dotted\.key.x", 5),
        ("list[]", [1, 2]),
        ("items[].n", [1, 2]),
        ("items[].tags[]", ["x", "y"]),
        ("nested[][]", [1, 2, 3]),
    ],
)
def test_a_path_leads_to_what_is_there(path: str, expected: Any) -> None:
    assert object_getter(path)(OBJECT) == expected
    assert event_getter(f"properties.{path}")(event(properties=OBJECT).wire) == expected


@pytest.mark.parametrize("path", ["x", "a.x", "a.b.c.d", "list.n", "empty[]", "a[]", "x[]", "items[].x", "a.b.x", "a.null.x"])
def test_a_path_that_leads_nowhere_is_missing(path: str) -> None:
    assert object_getter(path)(OBJECT) is MISSING
    assert event_getter(f"properties.{path}")(event(properties=OBJECT).wire) is MISSING


def test_only_a_path_with_brackets_finds_many() -> None:
    assert type(object_getter("list")(OBJECT)) is list
    assert type(object_getter("list[]")(OBJECT)) is Many


def test_an_event_is_read_from_its_root() -> None:
    wire = event(properties=[1, 2], context="c").wire

    assert event_getter("event")(wire) == "viewed"
    assert event_getter("context")(wire) == "c"
    assert event_getter("properties[]")(wire) == [1, 2]
    assert event_getter("context.page")(wire) is MISSING


def test_what_an_event_does_not_have_or_can_not_have_is_missing() -> None:
    assert event_getter("traits.x")(event().wire) is MISSING
    assert event_getter("traits")(event().wire) is MISSING
    assert event_getter("price")(event(price=3).wire) is MISSING
