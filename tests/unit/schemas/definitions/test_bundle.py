# ruff: noqa: E501 - the form of a record is read by its lines
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from schemas.definitions.bundle import bundle_from_json, bundle_to_json, next_bundle
from schemas.definitions.leaf import event_nodes, leaf_hash
from schemas.definitions.model import Bundle, Numbers, Tag
from schemas.errors import Misconfigured, Rejected
from tests.unit.schemas.definitions.bundles import bundles
from tests.unit.schemas.definitions.reading import TAGS, read

slow_to_draw = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def leaf_hashes(bundle: Bundle) -> list[str]:
    return [leaf_hash(node) for segment in bundle.segments for node in event_nodes(segment.when)]


@given(bundles)
@slow_to_draw
def test_a_bundle_reads_back_as_it_was_written_and_so_do_the_names_of_its_leaves(bundle: Bundle) -> None:
    data = bundle_to_json(bundle)
    again = bundle_from_json(data)
    assert again == bundle
    assert repr(again.segments) == repr(bundle.segments)
    assert leaf_hashes(again) == leaf_hashes(bundle)
    assert bundle_to_json(again) == data


def test_the_bytes_do_not_depend_on_the_order_in_which_a_dictionary_was_filled() -> None:
    one = Bundle(numbers=Numbers(tags={"a": 1, "b": 2}))
    other = Bundle(numbers=Numbers(tags={"b": 2, "a": 1}))
    assert bundle_to_json(one) == bundle_to_json(other)


def test_the_form_of_the_record_is_fixed() -> None:
    text = f"{TAGS}segments: [{{id: s, when: {{not: {{event: e, where: {{userId: {{ne: {{trait: t}}}}}}, within: 1s}}}}}}]"
    plain = json.loads(bundle_to_json(next_bundle(Bundle(), read(text))))
    assert (plain["format"], plain["version"]) == (1, 1)
    assert plain["segments"][0]["when"] == {
        "is": "not",
        "item": {
            "is": "event",
            "match": {"names": ["e"], "where": {"is": "test", "path": "userId", "operator": "ne", "operand": {"is": "trait_of_person", "path": "t"}}, "needs": []},
            "count": [{"operator": "gte", "value": 1, "upper": None}],
            "within_ms": 1000,
            "fixed": None,
            "calendar": None,
            "aggregates": [],
        },
    }  # fmt: skip


def test_a_field_that_is_left_out_has_its_default() -> None:
    assert bundle_from_json(b'{"format":1}') == Bundle()
    assert bundle_from_json(b'{"format":1,"tags":[{"id":"a","name":"b","rules":[]}]}').tags == (Tag("a", "b", ()),)


def test_a_whole_number_may_stand_for_a_double() -> None:
    assert bundle_from_json(b'{"format":1,"tags":[{"id":"a","name":"b","rules":[],"cap":5}]}').tags[0].cap == 5


@pytest.mark.parametrize("form", [0, 2, "1", None])
def test_a_format_of_another_version_asks_for_that_version(form: object) -> None:
    with pytest.raises(Misconfigured, match="expected 1"):
        bundle_from_json(json.dumps({"format": form}).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"format":NaN}', b"[" * 100_000])
def test_bytes_that_are_no_json_are_rejected(data: bytes) -> None:
    with pytest.raises(Rejected, match="not-json"):
        bundle_from_json(data)


TAG: dict[str, Any] = {"id": "a", "name": "b", "rules": []}
EVENT: dict[str, Any] = {"is": "event", "match": {"names": ["e"], "where": {"is": "all_of", "items": []}}}


def segment(when: object) -> dict[str, Any]:
    return {"segments": [{"id": "s", "name": "s", "when": when}]}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"versions": 1}, "bundle: expected only the keys"),
        ({"version": "1"}, "bundle.version: expected int"),
        ({"version": True}, "bundle.version: expected int"),
        ({"tags": {}}, "bundle.tags: expected a list"),
        ({"tags": [3]}, r"bundle.tags\[0\]: expected a map"),
        ({"tags": [{"id": "a"}]}, r"bundle.tags\[0\]: expected the key name"),
        ({"tags": [{**TAG, "kind": "x"}]}, r"bundle.tags\[0\].kind: expected one of fact, model, strategy"),
        ({"tags": [{**TAG, "cap": "x"}]}, r"bundle.tags\[0\].cap: expected one of float, NoneType"),
        (
            {"tags": [{**TAG, "rules": [{"id": "r", "match": EVENT["match"], "weight": {"is": "tag"}}]}]},
            "weight: expected one of float, weight",
        ),
        ({"numbers": {"tags": []}}, "bundle.numbers.tags: expected a map"),
        (segment({"is": "test"}), "when: expected one of all, any, not, trait, tag, event"),
        (segment({"is": "trait", "condition": {"is": "test", "path": "p", "operator": "eq", "operand": 3}}), "operand: expected a map"),
        (
            segment({"is": "trait", "condition": {"is": "test", "path": "p", "operator": "eq", "operand": {}}}),
            "operand: expected one of property",
        ),
    ],
)
def test_json_that_is_no_bundle_is_rejected_and_tells_where(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(Rejected, match=told):
        bundle_from_json(json.dumps({"format": 1, **fields}).encode())


def test_json_without_a_format_is_rejected() -> None:
    for data in (b"[]", b"{}"):
        with pytest.raises(Rejected, match="unreadable-internal"):
            bundle_from_json(data)


class TestNextBundle:
    def test_the_first_has_version_1_and_numbers_in_order_of_definition(self) -> None:
        bundle = next_bundle(
            Bundle(),
            read("tags: [{id: b, rules: [{event: e}]}, {id: a}]\nsegments: [{id: s, when: {event: e}}]\nsources: [{id: w, kind: web}]"),
        )
        assert (bundle.version, bundle.silent) == (1, False)
        leaf = leaf_hashes(bundle)[0]
        assert bundle.numbers == Numbers({"b": 1, "a": 2}, {"b/rule-1": 1}, {"s": 1}, {"w": 1}, {leaf: 1})

    def test_numbers_are_carried_over_and_never_given_again(self) -> None:
        first = next_bundle(Bundle(), read("tags: [{id: a}, {id: b}]"))
        second = next_bundle(first, read("tags: [{id: c}, {id: b}]"), silent=True)
        third = next_bundle(second, read("tags: [{id: a}, {id: d}]"))
        assert second.numbers.tags == {"a": 1, "b": 2, "c": 3}
        assert third.numbers.tags == {"a": 1, "b": 2, "c": 3, "d": 4}
        assert [bundle.version for bundle in (first, second, third)] == [1, 2, 3]
        assert [bundle.silent for bundle in (first, second, third)] == [False, True, False]

    def test_the_previous_bundle_is_not_touched(self) -> None:
        first = next_bundle(Bundle(), read("tags: [{id: a}]"))
        next_bundle(first, read("tags: [{id: b}]"))
        assert first.numbers.tags == {"a": 1}
        assert Bundle().numbers == Numbers()

    def test_leaves_that_match_the_same_events_share_a_number(self) -> None:
        text = "segments: [{id: s, when: {all: [{event: e, within: 1h}, {event: e, within: 2h, count: 3}, {event: e}]}}]"
        assert sorted(next_bundle(Bundle(), read(text)).numbers.leaves.values()) == [1, 2]

    @given(bundles)
    @slow_to_draw
    def test_applying_the_same_definitions_again_changes_no_number(self, bundle: Bundle) -> None:
        definitions = read("tags: [{id: a, rules: [{event: e}]}]\nsegments: [{id: s, when: {event: e}}]")
        once = next_bundle(bundle, definitions)
        assert next_bundle(once, definitions).numbers == once.numbers
        assert bundle.numbers.tags.items() <= once.numbers.tags.items()
