from __future__ import annotations

from hypothesis import given

from schemas.definitions.bundle import next_bundle
from schemas.definitions.difference import Change, FieldChange, difference
from schemas.definitions.model import Bundle
from tests.unit.schemas.definitions.bundles import bundles
from tests.unit.schemas.definitions.reading import read
from tests.unit.schemas.definitions.test_bundle import slow_to_draw


def changes(old: str, new: str) -> list[str]:
    before = next_bundle(Bundle(), read(old))
    return [str(change) for change in difference(before, next_bundle(before, read(new)))]


@given(bundles)
@slow_to_draw
def test_nothing_differs_from_itself(bundle: Bundle) -> None:
    assert difference(bundle, bundle) == ()


def test_added_changed_and_removed_definitions_of_each_kind() -> None:
    old = "tags: [{id: a, half_life: 7d}, {id: gone}]\nsources: [{id: w, kind: web}]"
    new = "tags: [{id: new}, {id: a, half_life: 36h, name: A}]\nsources: [{id: w, kind: web}]\nsegments: [{id: s, when: {all: []}}]"
    assert changes(old, new) == [
        "- tag gone",
        '~ tag a\n    name: "a" → "A"\n    half_life: 7d → 36h',
        "+ tag new",
        "+ segment s",
    ]


def test_settings_have_no_id() -> None:
    assert changes("", "settings: {dedupe: 2h}") == ["~ settings\n    dedupe: 1h → 2h"]


def test_what_is_set_or_taken_away_is_told_as_none() -> None:
    assert changes("tags: [{id: a}]", "tags: [{id: a, cap: 3}]") == ["~ tag a\n    cap: none → 3.0"]


def test_true_is_not_1() -> None:
    old = "segments: [{id: s, when: {event: e, where: {properties.p: 1}}}]"
    assert len(changes(old, old.replace(": 1}", ": true}"))) == 1


def test_definitions_can_be_compared_with_the_bundle_that_is_in_force() -> None:
    assert difference(Bundle(), read("tags: [{id: a}]")) == (Change("tag", "a", "added"),)


def test_a_long_value_is_cut() -> None:
    name = "x" * 100
    found = difference(read("tags: [{id: a}]"), read(f"tags: [{{id: a, name: {name}}}]"))
    assert found == (Change("tag", "a", "changed", (FieldChange("name", '"a"', '"' + "x" * 58 + "…"),)),)


def test_the_fields_of_tags_and_segments_have_their_names_in_the_language_and_durations_read_as_written() -> None:
    old = "tags: [{id: a, value: properties.c}]\nsegments: [{id: s, when: {all: []}}]"
    new = old.replace("c}", "c, max_values: 5, ttl: 180d, exclusive: g}").replace("[]}", "[]}, paused: true, at_most: {times: 1, per: 7d}")
    assert changes(old, new) == [
        '~ tag a\n    max_values: none → 5\n    ttl: none → 180d\n    exclusive: none → "g"',
        '~ segment s\n    at_most: none → {"times": 1, "per": "7d"}\n    paused: false → true',
    ]


def test_within_a_condition_only_what_differs_is_told() -> None:
    old = "segments: [{id: s, at_most: {times: 1, per: 7d}, when: {all: [{trait: vip}, {event: e, within: 5m, count: {gte: 2}}]}}]"
    new = old.replace("7d", "2w").replace("5m", "1h").replace("gte: 2", "gte: 3").replace("trait: vip", "segment: s2") + "\n  "
    added = new.replace("]}}]\n  ", "]}}, {id: s2, when: {all: []}}]")
    told = (
        "~ segment s\n"
        '    when.all[0]: {"trait": "vip", "exists": true} → {"segment": "s2"}\n'
        "    when.all[1].within: 5m → 1h\n"
        "    when.all[1].count.gte: 2 → 3\n"
        "    at_most.per: 7d → 14d"
    )
    assert changes(old, added) == [told, "+ segment s2"]


def test_rules_are_told_in_the_language() -> None:
    old = "tags: [{id: a, rules: [{id: r, event: e, weight: {property: properties.n, times: 2}}]}]"
    assert changes(old, old.replace("times: 2", "times: 3")) == ["~ tag a\n    rules[0].weight.times: 2.0 → 3.0"]
    assert changes(old, old.replace("event: e", "event: [e, f]")) == ['~ tag a\n    rules[0].event: "e" → ["e", "f"]']
