"""Checks of an event on its way in: what they change, what they tell, and whom they do not concern."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.quality import Finding, Quality
from tests.unit.schemas.definitions.reading import read


def quality(*checks: str) -> Quality:
    sources = "sources: [{id: web, kind: web}, {id: app, kind: app}]"
    return Quality(read("\n".join([sources, "quality:", "  checks:", *(f"    - {check}" for check in checks)])).quality)


def event(*, source: str = "web", name: str = "bought", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "source": source, "properties": {}, "traits": {}, "context": {}, **fields}


def asked(check: str, value: Any) -> tuple[Any, list[str]]:
    """The property v after a check of it (a dash if it is gone), and what was told."""
    given = event(properties={"v": value})
    found = quality(f"{{id: c, path: properties.v, {check}}}").inspect(given)
    return given["properties"].get("v", "-"), [finding.text.removeprefix("properties.v: ") for finding in found]


@pytest.mark.parametrize(
    ("check", "value", "after", "told"),
    [
        ("type: text", "a", "a", []),
        ("type: text", 1, 1, ["not a text"]),
        ("type: number", 1.5, 1.5, []),
        ("type: number", True, True, ["not a number"]),
        ("type: whole", 2.0, 2.0, []),
        ("type: whole", 2.5, 2.5, ["not a whole number"]),
        ("type: whole", "2", "2", ["not a whole number"]),
        ("type: boolean", False, False, []),
        ("type: boolean", 0, 0, ["not true or false"]),
        ("type: list", [], [], []),
        ("type: list", {}, {}, ["not a list"]),
        ("type: map", {}, {}, []),
        ("type: map", [], [], ["not a map"]),
        ("type: text", None, None, []),
        ("range: {gte: 0, lt: 130}", 0, 0, []),
        ("range: {gte: 0, lt: 130}", 130, 130, ["not below 130"]),
        ("range: {gte: 0, lt: 130}", -0.5, -0.5, ["not at least 0"]),
        ("range: {gt: 0}", 0, 0, ["not above 0"]),
        ("range: {lte: 1.5}", 2, 2, ["not at most 1.5"]),
        ("range: {lte: 1.5}", "1", "1", ["not a number"]),
        ("enum: [gold, 1]", "gold", "gold", []),
        ("enum: [gold, 1]", 1.0, 1.0, []),
        ("enum: [gold, 1]", True, True, ["not one of the values there are"]),
        ("enum: [gold, 1]", ["gold"], ["gold"], ["not one of the values there are"]),
        ("verify: phone, region: CN", "138 1234 5678", "138 1234 5678", []),
        ("verify: phone, region: CN, rewrite: true", "138 1234 5678", "+8613812345678", []),
        ("verify: phone, region: CN, rewrite: true", "+8613812345678", "+8613812345678", []),
        ("verify: phone", "secret", "secret", ["not a phone"]),
        ("verify: email", "a@", "a@", ["not an e-mail address"]),
        ("verify: url", "x", "x", ["not a URL"]),
        ("verify: date", "x", "x", ["not a date"]),
        ("verify: ip", "x", "x", ["not an IP address"]),
        ("verify: uuid", "x", "x", ["not a UUID"]),
        ("canonical: {map: {Peking: 北京}}", " ＰＥＫＩＮＧ ", "北京", []),
        ("canonical: {map: {Koeln: Köln}}", "KÖLN", "Köln", []),
        ("canonical: {map: {Peking: 北京}}", "Bonn", "Bonn", []),
        ("canonical: {map: {Peking: 北京}}", 7, 7, []),
        ("canonical: {map: {Peking: 北京}}, enum: [北京]", "peking", "北京", []),
        ("canonical: {map: {Peking: 北京}}, enum: [北京]", "Bonn", "Bonn", ["not one of the values there are"]),
        ("canonical: {unit: kg, from: {g: 0.001}}", 5, 5, []),
        ("canonical: {unit: kg, from: {g: 0.001}}", "500 G", 0.5, []),
        ("canonical: {unit: kg, from: {g: 0.001}}", "2000g", 2, []),
        ("canonical: {unit: kg, from: {g: 0.001}}", "1.50 kg", 1.5, []),
        ("canonical: {unit: kg, from: {g: 0.001}}", "3", 3, []),
        ("canonical: {unit: m, from: {dm: 0.1}}", {"value": 3, "unit": "dm"}, 0.3, []),
        ("canonical: {unit: kg, from: {g: 0.001}}", {"value": "3", "unit": "g"}, {"value": "3", "unit": "g"}, ["not an amount in kg, g"]),
        ("canonical: {unit: kg}", "3 stone", "3 stone", ["not an amount in kg"]),
        ("canonical: {unit: kg}", "heavy", "heavy", ["not an amount in kg"]),
        ("canonical: {unit: kg}", "9" * 200, "9" * 200, ["not an amount in kg"]),
        ("canonical: {unit: kg}", [3], [3], ["not an amount in kg"]),
        ("canonical: {unit: kg, from: {g: 0.001}}, range: {lte: 1}", "1500 g", "1500 g", ["not at most 1"]),
    ],
)
def test_a_check_gives_a_value_its_one_form_or_tells_what_is_wrong(check: str, value: Any, after: Any, told: list[str]) -> None:
    found, said = asked(check, value)
    assert (found, type(found), said) == (after, type(after), told)


def test_what_is_wrong_is_kept_and_labelled_unless_said_otherwise() -> None:
    checks = ["{id: a, path: traits.a, type: text}", "{id: b, path: traits.b, type: text, otherwise: drop}"]
    given = event(traits={"a": 1, "b": 2, "c": 3})

    assert quality(*checks).inspect(given) == [Finding("a", "keep", "traits.a: not a text"), Finding("b", "drop", "traits.b: not a text")]
    assert given["traits"] == {"a": 1, "c": 3}
    assert given["context"] == {"quality": ["traits.a: not a text", "traits.b: not a text"]}


def test_the_first_refusal_ends_it() -> None:
    checks = [f"{{id: {name}, path: traits.{name}, type: text, otherwise: refuse}}" for name in "ab"]
    assert quality(*checks).inspect(event(traits={"a": 1, "b": 2})) == [Finding("a", "refuse", "traits.a: not a text")]


def test_each_element_of_a_list_is_asked_and_told_once() -> None:
    given = event(properties={"tags": ["x", 1, "y", 2], "items": [{"kg": "500 g"}, {"kg": "?"}, {}, 7]})
    checks = [
        "{id: t, path: 'properties.tags[]', type: text, otherwise: drop}",
        "{id: w, path: 'properties.items[].kg', canonical: {unit: kg, from: {g: 0.001}}}",
    ]

    found = quality(*checks).inspect(given)
    assert [finding.text for finding in found] == ["properties.tags[]: not a text", "properties.items[].kg: not an amount in kg, g"]
    assert given["properties"] == {"tags": ["x", "y"], "items": [{"kg": 0.5}, {"kg": "?"}, {}, 7]}


def test_a_path_that_leads_nowhere_is_not_asked() -> None:
    checks = ["{id: a, path: traits.a.b, type: text}", "{id: b, path: 'traits.b[]', type: text}", "{id: c, path: traits.c, type: text}"]
    assert quality(*checks).inspect(event(traits={"a": 7, "b": 7})) == []


def test_a_check_concerns_the_sources_and_events_that_it_names() -> None:
    rules = quality(
        "{id: everywhere, path: traits.a, type: text}",
        "{id: web, path: traits.a, sources: [web], type: text}",
        "{id: bought, path: traits.a, events: [bought], type: text}",
        "{id: known, path: traits.a, sources: [app], events: [$identify], type: text}",
    )

    def concerned(**fields: Any) -> list[str]:
        return [finding.check for finding in rules.inspect(event(traits={"a": 1}, **fields))]

    assert concerned() == ["everywhere", "web", "bought"]
    assert concerned(name="seen") == ["everywhere", "web"]
    assert concerned(source="app", name="seen") == ["everywhere"]
    assert concerned(source="app", type="identify") == ["everywhere", "known"]
    assert concerned(source="other", type="identify") == ["everywhere"]


def test_no_client_can_write_the_label_where_something_is_asked_and_nothing_else_is_touched() -> None:
    rules = quality("{id: a, path: traits.a, events: [bought], type: text}")
    for name, after in (("bought", {}), ("seen", {"quality": ["mine"]})):
        given = event(name=name, context={"quality": ["mine"]}, traits={"a": "fine"})
        assert rules.inspect(given) == []
        assert given["context"] == after


def test_without_checks_there_is_nothing_to_ask() -> None:
    assert Quality(read("quality: {}").quality).is_empty
    assert not quality("{id: a, path: traits.a, type: text}").is_empty
