# ruff: noqa: E501 - a table of faults is read by its rows
from __future__ import annotations

import pytest

from schemas.definitions.bundle import bundle_from_json, bundle_to_json, next_bundle
from schemas.definitions.difference import difference
from schemas.definitions.model import Bundle
from schemas.definitions.parse import Definitions
from schemas.definitions.quality_model import Check, Decoy, DuplicateSearch, QualityRules
from tests.unit.schemas.definitions.reading import faults, faults_of, read

CHECKS = """
sources: [{id: web, kind: web}]
quality:
  checks:
    - {id: phone, path: traits.phone, sources: [web, web], events: [$identify, signed_up], verify: phone, region: CN, rewrite: true, otherwise: drop}
    - {id: city, path: traits.city, canonical: {map: {Peking: 北京, ＢＥＩＪＩＮＧ: 北京}}, type: text}
    - {id: weight, path: "properties.items[].weight", canonical: {unit: kg, from: {g: 0.001, LB: 0.4536}}, range: {gt: 0, lte: 1000}}
    - {id: level, path: context.level, enum: [gold, 1, 2.5, true], otherwise: refuse}
"""


def test_checks_with_all_their_fields() -> None:
    assert read(CHECKS).quality.checks == (
        Check("phone", "traits.phone", ("web",), ("$identify", "signed_up"), verify="phone", region="CN", rewrite=True, otherwise="drop"),
        Check("city", "traits.city", canonical={"peking": "北京", "beijing": "北京"}, type="text"),
        Check("weight", "properties.items[].weight", unit="kg", units={"g": 0.001, "lb": 0.4536}, range={"gt": 0.0, "lte": 1000.0}),
        Check("level", "context.level", enum=("gold", 1, 2.5, True), otherwise="refuse"),
    )


def test_decoys_and_the_search_for_duplicates() -> None:
    text = "quality: {decoys: [{id: 'user:d1', note: in the list of March}, {id: 'wx_openid:a:b', block: true}], duplicates: {name: [full, a+b], phone: mobile, email: [mail], city: home, birthday: born, block_by: [phone, name+city], region: DE, at_least: 0.9}}"
    assert read(text).quality == QualityRules(
        decoys=(Decoy("user:d1", "in the list of March"), Decoy("wx_openid:a:b", block=True)),
        duplicates=DuplicateSearch(("full", "a+b"), ("mobile",), ("mail",), ("home",), ("born",), ("phone", "name+city"), "DE", 0.9),
    )


def test_nothing_said_is_no_check_no_decoy_and_the_usual_search() -> None:
    assert read("tags: []").quality == read("quality: {}").quality == Definitions().quality == Bundle().quality


def test_checks_and_decoys_may_stand_in_several_files_and_ids_are_their_own() -> None:
    one = "quality: {checks: [{id: a, path: traits.a, type: text}], decoys: [{id: 'user:d'}]}"
    assert faults_of({"a.yaml": one, "b.yaml": one.replace("id: a", "id: b").replace("user:d", "user:e")}) == []
    assert faults_of({"a.yaml": one, "b.yaml": one}) == [
        "b.yaml:1: quality.checks.a.id: found 'a' again (first at a.yaml:1), expected an id of its own for each check",
        "b.yaml:1: quality.decoys[0].id: found 'user:d' again (first at a.yaml:1), expected an id of its own for each decoy",
    ]


def test_the_search_for_duplicates_is_said_once() -> None:
    text = "quality: {duplicates: {at_least: 0.8}}"
    assert faults_of({"a.yaml": text, "b.yaml": text}) == [
        "b.yaml:1: quality.duplicates: found duplicates again (first at a.yaml:1), expected duplicates in one file only"
    ]


def test_where_a_file_cannot_be_read_any_source_may_be_named() -> None:
    told = faults_of({"a.yaml": "quality: {checks: [{id: a, path: traits.a, type: text, sources: [later]}]}", "b.yaml": "sources: [{"})
    assert [fault for fault in told if fault.startswith("a.yaml")] == []


FORM = "expected either 'map', or 'unit' with 'from'"


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("path: traits.a", ": found a check that asks nothing, expected at least one of canonical, type, verify, range, enum"),
        ("path: a, type: text", ".path: found 'a', expected a path that begins with properties., traits. or context.; did you mean 'properties.a'?"),
        ("path: traits, type: text", ".path: found 'traits', expected a path that begins with properties., traits. or context.; did you mean 'properties.traits'?"),
        ("path: userId.x, type: text", ".path: found 'userId.x', expected a path that begins with properties., traits. or context.; did you mean 'properties.userId.x'?"),
        ("path: 'traits.', type: text", ".path: found 'traits.', expected a path of keys that are not empty, such as properties.price"),
        ("path: 3, type: text", ".path: found 3, expected a path such as properties.price"),
        ("path: traits.a, type: txt", ".type: found 'txt', expected one of text, number, whole, boolean, list, map; did you mean 'text'?"),
        ("path: traits.a, verify: fone", ".verify: found 'fone', expected one of phone, email, url, date, ip, uuid; did you mean 'phone'?"),
        ("path: traits.a, type: text, region: CN", ".region: found 'CN', expected 'region' only beside 'verify'"),
        ("path: traits.a, type: text, rewrite: true", ".rewrite: found true, expected 'rewrite' only beside 'verify'"),
        ("path: traits.a, verify: phone, region: cn", ".region: found 'cn', expected a country of two capital letters, such as CN; did you mean 'CN'?"),
        ("path: traits.a, verify: phone, region: ZZ", ".region: found 'ZZ', expected a country of two capital letters, such as CN"),
        ("path: traits.a, verify: phone, region: 3", ".region: found 3, expected a country of two capital letters, such as CN"),
        ("path: traits.a, type: text, sources: [wbe]", ".sources[0]: found 'wbe', expected the id of a source; did you mean 'web'?"),
        ("path: traits.a, type: text, sources: [3]", ".sources[0]: found 3, expected the id of a source"),
        ("path: traits.a, canonical: {}", f".canonical: found an empty map, {FORM}"),
        ("path: traits.a, canonical: {map: {a: b}, unit: kg}", f".canonical: found a map with map, unit, {FORM}"),
        ("path: traits.a, canonical: {map: {a: b}, from: {g: 1}}", f".canonical: found a map with map, from, {FORM}"),
        ("path: traits.a, canonical: {from: {g: 1}}", f".canonical: found a map with from, {FORM}"),
        ("path: traits.a, canonical: {map: {}}", ".canonical.map: found an empty map, expected at least one text"),
        ("path: traits.a, canonical: {map: {a: b, A: c}}", ".canonical.map.A: found another one for 'a', expected one text for what differs only in capitals, width and blanks"),
        ("path: traits.a, canonical: {unit: kg, from: {g: 0}}", ".canonical.from.g: found 0, expected a number above 0"),
        ("path: traits.a, canonical: {unit: kg, from: {g: 1e999}}", ".canonical.from.g: found 1e999, expected a number that fits an IEEE double"),
        ("path: traits.a, range: {}", ".range: found an empty map, expected at least one of gt, gte, lt, lte"),
        ("path: traits.a, range: {least: 1}", ".range.least: found 'least', expected one of gt, gte, lt, lte"),
        ("path: traits.a, enum: []", ".enum: found an empty list, expected at least one value"),
        ("path: traits.a, enum: a", ".enum: found 'a', expected a list"),
        ("path: traits.a, enum: [null]", ".enum[0]: found nothing, expected a text, a number, true or false"),
        ("path: traits.a, enum: [1e999]", ".enum[0]: found 1e999, expected a number that fits an IEEE double"),
        ("path: traits.a, type: text, otherwise: reject", ".otherwise: found 'reject', expected one of keep, drop, refuse"),
    ],
)  # fmt: skip
def test_a_fault_of_a_check_tells_its_place(check: str, told: str) -> None:
    found = faults(f"sources: [{{id: web, kind: web}}]\nquality: {{checks: [{{id: c, {check}}}]}}")
    assert found[0].startswith(f"a.yaml:2: quality.checks.c{told}")


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("decoys: [{id: d1}]", "decoys.d1.id: found 'd1', expected a person with its namespace, such as user:decoy-1; did you mean 'user:d1'?"),
        ("decoys: [{id: 3}]", "decoys[0].id: found 3, expected a person, such as user:decoy-1"),
        ("duplicates: {name: []}", "duplicates.name: found an empty list, expected at least one path"),
        ("duplicates: {name: 3}", "duplicates.name: found 3, expected a path into the traits, or several joined by +"),
        ("duplicates: {name: a+}", "duplicates.name: found '', expected a path of keys that are not empty, such as properties.price"),
        ("duplicates: {block_by: []}", "duplicates.block_by: found an empty list, expected at least one key, such as phone or name+city"),
        ("duplicates: {block_by: phone}", "duplicates.block_by: found 'phone', expected a list"),
        ("duplicates: {block_by: [3]}", "duplicates.block_by[0]: found 3, expected a key, such as phone or name+city"),
        ("duplicates: {block_by: [name+town]}", "duplicates.block_by[0]: found 'name+town', expected one of name, phone, email, city, birthday, or several joined by +"),
        ("duplicates: {at_least: 1}", "duplicates.at_least: found 1, expected a number above 0 and below 1"),
        ("duplicates: {at_least: 1e999}", "duplicates.at_least: found 1e999, expected a number that fits an IEEE double"),
    ],
)  # fmt: skip
def test_a_fault_of_a_decoy_or_of_the_search_tells_its_place(rules: str, told: str) -> None:
    assert faults(f"quality: {{{rules}}}") == [f"a.yaml:1: quality.{told}"]


def test_a_bundle_carries_them_and_what_differs_is_told() -> None:
    before = next_bundle(Bundle(), read(CHECKS))
    assert bundle_from_json(bundle_to_json(before)) == before
    assert difference(bundle_from_json(bundle_to_json(before)), read(CHECKS)) == ()
    changed = (
        CHECKS.replace("lte: 1000", "lte: 500").replace("{Peking: 北京, ", "{Canton: 广州, ")
        + "  decoys: [{id: 'user:d'}]\n  duplicates: {at_least: 0.9}\n"
    )
    told = [str(change) for change in difference(before, next_bundle(before, read(changed)))]
    assert told == [
        '~ check city\n    canonical: {"peking": "北京", "beijing": "北京"} → {"canton": "广州", "beijing": "北京"}',
        "~ check weight\n    range.lte: 1000.0 → 500.0",
        "+ decoy user:d",
        "~ duplicates\n    at_least: 0.95 → 0.9",
    ]
