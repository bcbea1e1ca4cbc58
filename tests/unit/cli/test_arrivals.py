"""What a source sends, summed up: types, examples fit to be shown, bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.event import read_event
from stream.cli.arrivals import NAMES_MAX, PATHS_MAX, SOURCES_MAX, Arrivals, Arrived, Examples, Property


def take(arrivals: Arrivals, at: int = 1_000, **fields: Any) -> None:
    said = {"type": "track", "event": "bought", "userId": "u1", "source": "web", "protocol": "segment", **fields}
    arrivals.take(read_event(json.dumps(said).encode()), at)


def arrived(*events: dict[str, Any]) -> Arrived:
    arrivals = Arrivals()
    for event in events:
        take(arrivals, **event)
    return arrivals.sources["web"]


def paths(*events: dict[str, Any]) -> dict[str, Property]:
    return arrived(*events).names["bought"].properties


def test_events_are_counted_by_name_with_when_they_came_and_by_which_protocol() -> None:
    found = arrived({"at": 5_000}, {"at": 2_000, "protocol": "pixel"}, {"at": 3_000, "type": "identify"})
    assert (found.events, found.first_ms, found.last_ms) == (3, 2_000, 5_000)
    assert {name: (each.events, each.first_ms, each.last_ms) for name, each in found.names.items()} == {
        "bought": (2, 2_000, 5_000),
        "$identify": (1, 3_000, 3_000),
    }
    assert found.protocols == {"segment": 2, "pixel": 1}


def test_each_property_has_all_its_types_and_in_how_many_events_it_is() -> None:
    found = paths({"properties": {"price": 12, "gift": True}}, {"properties": {"price": "12"}}, {"properties": {"price": None}}, {})
    assert (found["properties.price"].events, found["properties.price"].types) == (3, {"number": 1, "text": 1, "null": 1})
    gift = found["properties.gift"]
    assert (gift.events, gift.types, gift.examples) == (1, {"boolean": 1}, [True])


def test_maps_and_the_elements_of_lists_are_looked_into() -> None:
    found = paths({"properties": {"cart": {"total": 3}, "items": [{"sku": "a"}, {"sku": "b"}, 7]}, "traits": {"city": "Bonn"}})
    assert {path: dict(each.types) for path, each in found.items()} == {
        "properties.cart": {"map": 1},
        "properties.cart.total": {"number": 1},
        "properties.items": {"list": 1},
        "properties.items[].sku": {"text": 2},
        "traits.city": {"text": 1},
    }
    assert found["properties.items[].sku"].events == 1


def test_three_different_examples_are_shown() -> None:
    assert paths(*({"properties": {"n": number}} for number in (1, 1, True, 3, 4)))["properties.n"].examples == [1, True, 3]


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("properties.sku", "shoe-7", "shoe-7"),
        ("properties.price", 12.5, 12.5),
        ("properties.gift", True, True),
        ("properties.nothing", None, None),
        ("properties.note", "write to ann@mail.example soon", "write to redacted soon"),
        ("properties.note", "call 138 1234 5678", "call ### #### ####"),
        ("properties.url", "https://a.example/?token=abc&id=3", "https://a.example/?token=redacted&id=3"),
        ("properties.phone", 13812345678, "redacted"),
        ("properties.authToken", "abc", "redacted"),
        ("properties.long", "x" * 50, "x" * 39 + "…"),
        ("traits.name", "Ann", "redacted"),
        ("traits.age", 40, 40),
        ("traits.number", 13812345678, "redacted"),
    ],
)
def test_an_example_shows_nothing_of_a_person(path: str, value: Any, shown: Any) -> None:
    assert Examples().of(path, value) == shown


def test_one_source_may_be_asked_for() -> None:
    arrivals = Arrivals("web")
    take(arrivals)
    take(arrivals, source="app")
    take(arrivals, source=7)
    assert list(arrivals.sources) == ["web"]


def test_what_checks_and_schemas_labelled_is_counted() -> None:
    labels: tuple[Any, ...] = ({"quality": ["x"]}, {"violations": ["x"]}, {"page": {}}, "odd")
    assert arrived(*({"context": context} for context in labels)).labelled == 2


def test_nothing_grows_without_end_and_what_is_left_out_is_counted() -> None:
    arrivals = Arrivals()
    for number in range(SOURCES_MAX + 2):
        take(arrivals, source=f"s{number}", protocol=7)
    for number in range(NAMES_MAX + 3):
        take(arrivals, source="s0", event=f"e{number}")
    take(arrivals, source="s0", event="e0", properties={f"p{number}": 1 for number in range(PATHS_MAX + 4)})
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"a": deep}
    take(arrivals, source="s1", properties=deep)

    assert (len(arrivals.sources), arrivals.left_out) == (SOURCES_MAX, 2)
    assert (len(arrivals.sources["s0"].names), arrivals.sources["s0"].left_out) == (NAMES_MAX, 4)
    assert arrivals.sources["s0"].names["e0"].left_out == 4
    assert max(path.count(".") for path in arrivals.sources["s1"].names["bought"].properties) == 5
