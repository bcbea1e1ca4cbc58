# ruff: noqa: E501 - a table of faults is read by its rows
from __future__ import annotations

import pytest

from schemas.definitions.model import AllOf, EventMatch, PathTest, PropertyWeight, Rule, Tag
from tests.unit.schemas.definitions.reading import faults, read


def test_a_tag_with_all_its_fields() -> None:
    text = """
tags:
  - id: interest
    name: Interest in a category
    category: behaviour/interest
    kind: model
    value: properties.category
    half_life: 7d
    cap: 100
    max_values: 50
    ttl: 180d
    exclusive: lifecycle
    archived: true
    rules:
      - {id: viewed, event: product_viewed, where: {properties.price: {gte: 100}}, weight: 1}
      - {event: [order_completed, reordered, reordered], weight: {property: properties.quantity, times: 5, max: 20}}
"""
    viewed = Rule("viewed", EventMatch(("product_viewed",), PathTest("properties.price", "gte", 100)), 1.0)
    bought = Rule("rule-2", EventMatch(("order_completed", "reordered"), AllOf(())), PropertyWeight("properties.quantity", 5.0, 20.0))
    whole = Tag(
        "interest",
        "Interest in a category",
        (viewed, bought),
        "behaviour/interest",
        "model",
        "properties.category",
        half_life_ms=604_800_000,
        cap=100.0,
        max_values=50,
        ttl_ms=180 * 86_400_000,
        exclusive="lifecycle",
        archived=True,
    )
    assert read(text).tags == (whole,)


def test_what_is_left_out_has_a_default() -> None:
    assert read("tags: [{id: vip, rules: [{event: e, weight: {property: properties.n}}]}]").tags == (
        Tag("vip", "vip", (Rule("rule-1", EventMatch(("e",), AllOf(())), PropertyWeight("properties.n", 1.0, None)),)),
    )
    assert read("tags: [{id: vip}]").tags == (Tag("vip", "vip", ()),)


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("{name: x}", "tags[0]: found no 'id', expected the key 'id': the tag's id"),
        ("text", "tags[0]: found 'text', expected a map with the keys id, name, category, kind, value, half_life, cap, max_values, ttl, exclusive, archived, rules"),
        ("{id: Vip}", "tags[0].id: found 'Vip', expected an id: a small letter, then at most 63 small letters, digits, _ or -"),
        ("{id: [a]}", "tags[0].id: found a list, expected an id: a small letter, then at most 63 small letters, digits, _ or -"),
        ("{id: 007}", "tags[0].id: found 007 with leading zeros, expected quotes around a text, or a number without leading zeros"),
        ("{id: a, name: ''}", "tags.a.name: found '', expected a text"),
        ("{id: a, name: .nan}", "tags.a.name: found .nan, expected a finite number"),
        ("{id: a, name: null}", "tags.a.name: found nothing, expected a text"),
        ("{id: a, kind: facts}", "tags.a.kind: found 'facts', expected one of fact, model, strategy; did you mean 'fact'?"),
        ("{id: a, kind: 3}", "tags.a.kind: found 3, expected one of fact, model, strategy"),
        ("{id: a, kind: .inf}", "tags.a.kind: found .inf, expected a finite number"),
        ("{id: a, halflife: 7d}", "tags.a.halflife: found 'halflife', expected one of id, name, category, kind, value, half_life, cap, max_values, ttl, exclusive, archived, rules; did you mean 'half_life'?"),
        ("{id: a, half_life: 0s}", "tags.a.half_life: found '0s', expected a duration longer than 0 and at most 36500d"),
        ("{id: a, cap: true}", "tags.a.cap: found true, expected a number"),
        ("{id: a, cap: -.inf}", "tags.a.cap: found -.inf, expected a finite number"),
        (f"{{id: a, cap: {10**400}}}", "tags.a.cap: found a greater whole number, expected a number that fits an IEEE double"),
        ("{id: a, value: properties..x}", "tags.a.value: found 'properties..x', expected a path of keys that are not empty, such as properties.price"),
        ("{id: a, value: 3}", "tags.a.value: found 3, expected a path such as properties.price"),
        ("{id: a, max_values: 50}", "tags.a.max_values: found 'max_values', expected 'value' beside it: only a family has several values"),
        ("{id: a, value: properties.x, max_values: 0}", "tags.a.max_values: found 0, expected a whole number from 1 to 1000"),
        ("{id: a, value: properties.x, max_values: 1001}", "tags.a.max_values: found 1001, expected a whole number from 1 to 1000"),
        ("{id: a, ttl: 0s}", "tags.a.ttl: found '0s', expected a duration longer than 0 and at most 36500d"),
        ("{id: a, exclusive: true}", "tags.a.exclusive: found true, expected an id: a small letter, then at most 63 small letters, digits, _ or -"),
        ("{id: a, archived: 0}", "tags.a.archived: found 0, expected true or false"),
        ("{id: a, paused: true}", "tags.a.paused: found 'paused', expected one of id, name, category, kind, value, half_life, cap, max_values, ttl, exclusive, archived, rules"),
        ("{id: a, rules: {}}", "tags.a.rules: found an empty map, expected a list of rules"),
        ("{id: a, rules: [{}]}", "tags.a.rules[0]: found no 'event', expected the key 'event': the event's name, or a list of names"),
        ("{id: a, rules: [{id: r, event: []}]}", "tags.a.rules.r.event: found an empty list, expected at least one name of an event"),
        ("{id: a, rules: [{id: r, event: {}}]}", "tags.a.rules.r.event: found an empty map, expected the name of an event, or a list of names"),
        ("{id: a, rules: [{id: r, event: [a, 3]}]}", "tags.a.rules.r.event[1]: found 3, expected the name of an event"),
        ("{id: a, rules: [{id: r, event: e, weight: x}]}", "tags.a.rules.r.weight: found 'x', expected a number"),
        ("{id: a, rules: [{id: r, event: e, weight: -1e291}]}", "tags.a.rules.r.weight: found -1e+291, expected a number from -1e+290 to 1e+290"),
        ("{id: a, rules: [{id: r, event: e, weight: {times: 2}}]}", "tags.a.rules.r.weight: found no 'property', expected the key 'property': where in the event the number stands; an event without one is skipped"),
        ("{id: a, rules: [{id: r, event: e, weight: {property: 'properties.n[]'}}]}", "tags.a.rules.r.weight.property: found 'properties.n[]', expected a path without []"),
        ("{id: a, rules: [{id: rule-2, event: e}, {event: e}]}", "tags.a.rules[1].id: found 'rule-2' again (first at a.yaml:1), expected an id of its own for each rule"),
    ],
)  # fmt: skip
def test_a_fault_of_a_tag_tells_its_place(tag: str, told: str) -> None:
    assert faults(f"tags: [{tag}]") == [f"a.yaml:1: {told}"]


def test_a_path_that_begins_with_no_field_of_an_event_is_refused() -> None:
    expected = "a path that begins with one of type, event, id, userId, anonymousId, ids, previousId, timestamp, receivedAt, source, protocol, properties, traits, context, tags"
    assert faults("tags: [{id: a, value: property.x}, {id: b, value: category}]") == [
        f"a.yaml:1: tags.a.value: found 'property.x', expected {expected}; did you mean 'properties'?",
        f"a.yaml:1: tags.b.value: found 'category', expected {expected}; did you mean 'properties.category'?",
    ]
