"""The JSON Schemas as files: there, whole, and within the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from schemas.published import SCHEMAS, schema_files, schema_text


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_ships_with_the_package(name: str) -> None:
    shipped = files("schemas") / "json_schemas" / f"{name}.json"
    assert shipped.read_text("utf-8") == schema_text(name)


def test_the_files_are_named_after_the_schemas() -> None:
    assert list(schema_files()) == [f"schemas/json_schemas/{name}.json" for name in ("definitions", "events", "transitions")]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_reference_of_a_schema_leads_somewhere(name: str) -> None:
    schema = json.loads(schema_text(name))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert references(schema) <= {f"#/$defs/{name}" for name in schema["$defs"]}


def references(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(references, schema))
    if isinstance(schema, dict):
        own = {schema["$ref"]} if isinstance(schema.get("$ref"), str) else set()
        return own.union(*map(references, schema.values()))
    return set()
