"""The JSON Schema, the examples and the page of the documentation say the same as the checkers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from schemas.definitions.document import SHAPES, json_schema
from schemas.definitions.parse import parse_files
from tests.unit.schemas.definitions.reading import faults, valid

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "definitions.md").read_text("utf-8")
QUALITY_PAGE = (ROOT / "docs" / "data-quality.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE + QUALITY_PAGE, re.DOTALL)
FILES = sorted((ROOT / "examples").rglob("*.yaml"))


def references(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(references, schema))
    if isinstance(schema, dict):
        own = {schema["$ref"]} if isinstance(schema.get("$ref"), str) else set()
        return own.union(*map(references, schema.values()))
    return set()


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    schema = json_schema()
    assert references(schema) == {f"#/$defs/{name}" for name in schema["$defs"]}
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_examples_hold_under_the_schema(file: Path) -> None:
    assert valid(file.read_text("utf-8"))


@pytest.mark.parametrize("folder", ["shop", "demo"])
def test_the_examples_are_read(folder: str) -> None:
    files = {file.name: file.read_text("utf-8") for file in FILES if file.parent.name == folder}
    found = parse_files(files)
    assert found.tags
    assert found.segments
    assert found.senders
    assert found.sources


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_page_are_read_and_hold_under_the_schema(example: str) -> None:
    assert faults(example) == []
    assert valid(example)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize(
    "text",
    [
        "tag: []",
        "tags: [{id: A}]",
        "tags: [{name: a}]",
        "tags: [{id: a, half_life: 7}]",
        "tags: [{id: a, rules: [{event: []}]}]",
        "tags: [{id: a, rules: [{event: ''}]}]",
        "tags: [{id: a, rules: [{event: e, where: {any: {}}}]}]",
        "tags: [{id: a, rules: [{event: e, where: {properties.p: {}}}]}]",
        "tags: [{id: a, rules: [{event: e, where: {properties.p: {gt: true}}}]}]",
        "tags: [{id: a, rules: [{event: e, where: {properties.p: {between: [1]}}}]}]",
        "tags: [{id: a, rules: [{event: e, where: {properties.p: {exists: 1}}}]}]",
        "segments: [{id: a, when: {}}]",
        "segments: [{id: a, when: {all: [], any: []}}]",
        "segments: [{id: a, when: {event: e, count: {gteq: 1}}}]",
        "segments: [{id: a, when: {trait: t, is: 1}}]",
        "senders: [{id: a, url: 'ftp://a', secret_env: A}]",
        "sources: [{id: a, kind: web, write_keys: [{key: x}]}]",
        "settings: {dedupe: 1}",
    ],
)
def test_what_the_schema_refuses_the_checkers_refuse_too(text: str) -> None:
    assert not valid(text)
    assert faults(text)


def test_every_key_of_the_language_is_on_the_page() -> None:
    words = set(re.findall(r"[a-z_0-9]+", PAGE))
    assert {key for shape in SHAPES for key in (*shape.keys, *shape.later)} - words == set()
