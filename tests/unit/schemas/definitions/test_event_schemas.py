"""What a source says of its events, as it stands in the files."""

from __future__ import annotations

import json

import pytest

from schemas.definitions.parse import parse_files
from schemas.definitions.source_model import EventSchemas
from schemas.definitions.written import written
from schemas.errors import DefinitionFaults
from tests.unit.schemas.definitions.reading import faults, read

ORDER = {"required": ["total"], "type": "object"}


def said(schemas: str, files: dict[str, str] | None = None) -> EventSchemas:
    text = f"sources: [{{id: s, kind: web, schemas: {schemas}}}]"
    return parse_files({"d/a.yaml": text, **(files or {})}).sources[0].schemas


def told(schemas: str, files: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(DefinitionFaults) as found:
        said(schemas, files)
    return [str(fault).removeprefix("d/a.yaml:1: sources.s.schemas") for fault in found.value.faults]


def test_anything_may_come_unless_said() -> None:
    assert read("sources: [{id: s, kind: web}]").sources[0].schemas == EventSchemas() == said("{}")
    assert said("{infer: true, otherwise: refuse}") == EventSchemas({}, infer=True, otherwise="refuse")


def test_a_schema_stands_inline_or_in_a_file_beside() -> None:
    inline = said("{events: {bought: {type: object, required: [total]}}}")
    in_file = said("{events: {bought: {file: order.schema.json}}}", {"d/order.schema.json": json.dumps(ORDER)})
    assert inline == in_file
    assert json.loads(inline.events["bought"]) == ORDER


def test_what_is_written_reads_back() -> None:
    for schemas in ("{}", "{infer: true}", "{events: {bought: {type: object}}, otherwise: refuse}"):
        found = said(schemas)
        assert said(json.dumps(written(found))) == found
    assert written(EventSchemas()) == {}


@pytest.mark.parametrize(
    ("schemas", "expected"),
    [
        ("{otherwise: drop}", ".otherwise: found 'drop', expected one of keep, refuse"),
        ("{infer: 1}", ".infer: found 1, expected true or false"),
        ("{event: {}}", ".event: found 'event', expected one of events, infer, otherwise; did you mean 'events'?"),
        ("{events: [a]}", ".events: found a list, expected a map of event names to JSON Schemas"),
        ("{events: {bought: true}}", ".events.bought: found true, expected a JSON Schema, or {file: …} of one"),
        ("{events: {bought: {file: other.schema.json}}}", ".events.bought.file: found 'other.schema.json', expected a file beside"),
        ("{events: {bought: {file: 3}}}", ".events.bought.file: found 3, expected the name of a file beside this one"),
        ("{events: {bought: {file: bad.schema.json}}}", ".events.bought.file: found bad.schema.json: Expecting value"),
        ("{events: {bought: {file: list.schema.json}}}", ".events.bought.file: found list.schema.json: another value"),
        ("{events: {bought: {type: nope}}}", ".events.bought: found "),
        ("{events: {bought: {type: .nan}}}", ".events.bought.type: found .nan"),
    ],
)
def test_a_fault_tells_its_place(schemas: str, expected: str) -> None:
    (found,) = told(schemas, {"d/bad.schema.json": "x", "d/list.schema.json": "[]", "d/order.schema.json": "{}"})
    assert found.startswith(expected)


def test_a_schema_has_a_bound() -> None:
    (found,) = told("{events: {bought: {file: order.schema.json}}}", {"d/order.schema.json": json.dumps({"title": "x" * 70_000})})
    assert "expected a JSON Schema of at most 65536 characters" in found


def test_a_file_of_a_schema_is_no_definition() -> None:
    assert parse_files({"a.yaml": "sources: []", "order.schema.json": "[]"}).sources == ()


def test_a_fault_in_the_source_is_told_with_its_file() -> None:
    assert faults("sources: [{id: s, kind: web, schemas: 3}]") == [
        "a.yaml:1: sources.s.schemas: found 3, expected a map with the keys events, infer, otherwise"
    ]
