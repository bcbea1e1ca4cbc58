"""Whole files: what can be read at all, and where the faults of what cannot be are."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.definitions.language import Shape
from schemas.definitions.model import Bundle
from schemas.definitions.node_shapes import NODE_SHAPES
from schemas.definitions.nodes import MAXIMUM_NODES
from schemas.definitions.parse import MAXIMUM_FILE_BYTES, Definitions, parse_files
from schemas.errors import Misconfigured
from tests.unit.schemas.definitions.reading import faults, faults_of, read, valid

LAUGHS = "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))])


def test_a_file_without_content_defines_nothing() -> None:
    assert parse_files({"a.yaml": "# nothing yet\n", "b.yaml": "", "c.json": " \n", "d.yaml": "{}"}) == Definitions()
    assert Definitions().settings == Bundle().settings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tags:\n  - {id: a\n", "a.yaml:3: found expected ',' or '}', but got '<stream end>', expected YAML 1.2"),
        ("tags: []\n---\ntags: []\n", "a.yaml:2: found a second document, expected one document"),
        ("tags: !!set {}\n", "a.yaml:1: found the YAML tag tag:yaml.org,2002:set, expected a value without a YAML tag"),
        ("tags:\n  - *later\n", "a.yaml:2: found the alias *later, expected an alias of an anchor that stands whole before it"),
        ("tags: &a\n  - *a\n", "a.yaml:2: found the alias *a, expected an alias of an anchor that stands whole before it"),
        ("? [a]\n: b\n", "a.yaml:1: found a list as a key, expected a text as a key"),
        ("? {a: b}\n: b\n", "a.yaml:1: found a map as a key, expected a text as a key"),
        ("a: &x b\n*x : b\n", "a.yaml:2: found an alias as a key, expected a text as a key"),
        ("tags: " + "[" * 70 + "]" * 70, "a.yaml:1: found more than 64 levels of nesting, expected fewer"),
        (LAUGHS, f"a.yaml:6: found more than {MAXIMUM_NODES} values, expected fewer, in several files if need be"),
        ("\na: \x07", "a.yaml:2: found the character"),
        (
            "#" * (MAXIMUM_FILE_BYTES + 1),
            f"a.yaml:1: found more than {MAXIMUM_FILE_BYTES} bytes, expected less, in several files if need be",
        ),
        ("- tags\n", "a.yaml:1: found a list, expected a map with the keys settings, tags, segments, senders, sources, identity, quality"),
        (
            "tag: []\n",
            (
                "a.yaml:1: tag: found 'tag', expected one of settings, tags, segments, senders, sources, identity, quality; "
                "did you mean 'tags'?"
            ),
        ),
        ("tags: []\ntags: []\n", "a.yaml:2: tags: found 'tags' again (first on line 1), expected each key once"),
        ("tags: {}\n", "a.yaml:1: tags: found an empty map, expected a list"),
        ('"\\ud83d": 1\n', "a.yaml:1: found half of a surrogate pair, expected text that can be written as UTF-8"),
    ],
)
def test_a_yaml_file_that_cannot_be_read_tells_where(text: str, told: str) -> None:
    assert faults(text)[0].startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"tags": [],}', "a.json:1: found '}', expected a key in double quotes"),
        ('{\n"tags" []}', "a.json:2: found '[]}', expected ':'"),
        ('{\n\t"tags": [1 2]\n}', "a.json:2: found '2]', expected ']'"),
        ('{"tags": []\n', "a.json:2: found the end of the file, expected '}'"),
        ('{"tags": []}\n x', "a.json:2: found 'x', expected the end of the file"),
        ('{"tags": nul}', "a.json:1: found 'nul}', expected a JSON value"),
        ('{"tags": "a\n"}', "a.json:1: found Invalid control character at, expected a JSON string"),
        ('{"tags": [], "tags": []}', "a.json:1: tags: found 'tags' again (first on line 1), expected each key once"),
        ("[" * 70, "a.json:1: found more than 64 levels of nesting, expected fewer"),
    ],
)
def test_a_json_file_that_cannot_be_read_tells_where(text: str, told: str) -> None:
    assert faults(text, "a.json") == [told]


def test_json_with_tabs_pairs_of_escapes_and_all_kinds_of_values_is_read() -> None:
    text = '{\n\t"tags": [\n\t\t{"id": "a", "name": "\\ud83d\\udc5f", "cap": 1.5e1, "rules": []}, {"id": "b", "cap": -3}]\n}'
    assert [(tag.name, tag.cap) for tag in parse_files({"a.json": text}).tags] == [("👟", 15.0), ("b", -3.0)]
    silent = '{"senders": [{"id": "a", "url": "https://a.example", "secret_env": "A", "silent": true}]}'
    assert parse_files({"a.json": silent}).senders[0].silent


def test_an_anchor_may_be_used_again() -> None:
    text = "tags:\n  - {id: a, half_life: &week 7d}\n  - {id: b, half_life: *week}\n"
    assert [tag.half_life_ms for tag in read(text).tags] == [604_800_000, 604_800_000]


def test_the_order_is_that_of_the_file_names_then_of_the_positions() -> None:
    files = {"b.yaml": "tags: [{id: c}]", "a.yaml": "tags: [{id: z}, {id: b}]", "B.json": '{"tags": [{"id": "q"}]}'}
    assert [tag.id for tag in parse_files(files).tags] == ["q", "z", "b", "c"]


def test_all_faults_of_all_files_are_told_at_once_by_file_and_line() -> None:
    files = {"b.yaml": "tags: [{id: A}]", "a.yaml": "segments:\n  - {id: s}\nx: 1\n", "c.json": "{"}
    assert [told.split(": found")[0] for told in faults_of(files)] == [
        "a.yaml:2: segments.s",
        "a.yaml:3: x",
        "b.yaml:1: tags[0].id",
        "c.json:1",
    ]


def test_an_id_stands_once_in_all_files() -> None:
    files = {"a.yaml": "tags:\n  - {id: x}\nsegments: [{id: x, when: {all: []}}]", "b.yaml": "tags:\n  - name: y\n    id: x\n"}
    assert faults_of(files) == ["b.yaml:3: tags.x.id: found 'x' again (first at a.yaml:2), expected an id of its own for each tag"]


def test_while_a_file_cannot_be_read_its_tags_are_not_called_unknown() -> None:
    files = {
        "a.yaml": "tags: [",
        "b.yaml": "segments: [{id: s, when: {tag: vip}}]\nsenders: [{id: a, url: 'http://a', secret_env: A, segments: [t]}]",
    }
    assert [told[:6] for told in faults_of(files)] == ["a.yaml"]


def test_definition_faults_ask_a_person_to_change_something() -> None:
    with pytest.raises(Misconfigured):
        read("tags: 3")


class TestSettings:
    def test_they_are_part_of_the_definitions(self) -> None:
        found = read("settings: {dedupe: 2h, oldest: 30d, forget_after: 60d}").settings
        assert (found.dedupe_ms, found.oldest_ms, found.forget_after_ms) == (7_200_000, 30 * 86_400_000, 60 * 86_400_000)

    def test_nobody_is_forgotten_unless_it_is_said(self) -> None:
        assert read("settings: {dedupe: 2h}").settings.forget_after_ms is None

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{dedupe: 2h, forget_after: 1h}", "forget_after: found '1h', expected a duration of at least dedupe, which is 2h"),
            ("{forget_after: 59m}", "forget_after: found '59m', expected a duration of at least dedupe, which is 1h"),
            ("{forget_after: 0s}", "forget_after: found '0s', expected a duration longer than 0 and at most 36500d"),
            ("{dedupe: 29d}", "dedupe: found '29d', expected a duration longer than 0 and at most 28d"),
            ("{dedupe: 0s}", "dedupe: found '0s', expected a duration longer than 0 and at most 28d"),
            ("{oldest: 10}", "oldest: found 10, expected a duration: one whole number and one unit, such as 500ms, 30s, 5m, 2h, 7d or 4w"),
            ("{oldest: .inf}", "oldest: found .inf, expected a finite number"),
        ],
    )
    def test_each_has_bounds(self, text: str, told: str) -> None:
        assert faults(f"settings: {text}") == [f"a.yaml:1: settings.{told}"]

    def test_they_stand_in_one_file_only(self) -> None:
        files = {"a.yaml": "settings: {}", "b.yaml": "\nsettings: {}"}
        assert faults_of(files) == ["b.yaml:2: settings: found settings again (first at a.yaml:1), expected settings in one file only"]


WORDS = st.sampled_from(
    [
        "tags",
        "segments",
        "id",
        "when",
        "all",
        "not",
        "tag",
        "event",
        "where",
        "count",
        "gte",
        "between",
        "a",
        "interest:x",
        "rules",
        "trait",
        "sequence",
        "absence",
        "after",
        "stays",
        "for",
        "segment",
        "sample",
        "anniversary",
        "within",
        "since",
        "until",
        "calendar",
        "sum",
        "property",
        "within_next",
        "archived",
        "max_values",
        "7d",
        "namespaces",
        "normalise",
        "phone",
        "region",
        "blocked",
    ]
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4),
    max_leaves=25,
)


@given(
    document=st.dictionaries(st.sampled_from(["tags", "segments", "senders", "sources", "settings", "identity"]), DOCUMENTS),
    file=st.sampled_from(["a.json", "a.yaml"]),
)
@example({"tags": {"\n": None}}, "a.json")
@settings(deadline=None)
def test_any_document_is_read_or_refused_with_faults(document: object, file: str) -> None:
    assert all(": found " in told for told in faults(json.dumps(document), file))


TEXTS = ["e", "buyer", "s", "properties.p", "1d", "0s", "UTC", "day", "2026-01-01T00:00:00Z"]
SCALARS = st.integers(-1, 400) | st.booleans() | st.sampled_from(TEXTS)


def with_keys(shape: Shape, inner: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    optional = [key for key in shape.keys if key not in shape.required]
    return st.fixed_dictionaries(dict.fromkeys(shape.required, inner), optional=dict.fromkeys(optional, inner))


def grammatical(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Maps with the keys that the language has for one kind of map, and lists."""
    maps = st.sampled_from(NODE_SHAPES).flatmap(lambda shape: with_keys(shape, inner))
    return maps | st.lists(inner, max_size=3)


@given(st.recursive(SCALARS, grammatical, max_leaves=12))
@settings(deadline=None)
def test_any_condition_is_read_as_its_schema_says_or_refused_with_faults(when: object) -> None:
    text = json.dumps({"tags": [{"id": "buyer"}], "segments": [{"id": "s", "when": when}]})
    told = faults(text)
    assert all(": found " in fault for fault in told)
    assert told or valid(text)


MARKS = st.text(alphabet="{}[]:,-&*!|>%@'\"#\\\n\t a1?~<=.u", max_size=40)


@given(st.text() | MARKS, st.sampled_from(["a.json", "a.yaml"]))
@settings(deadline=None)
def test_any_text_is_read_or_refused_with_faults(text: str, file: str) -> None:
    assert all(": found " in told for told in faults(text, file))
