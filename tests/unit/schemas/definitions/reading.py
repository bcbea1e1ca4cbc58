"""Short ways to read definitions in a test."""

from __future__ import annotations

from schemas.definitions.document import json_schema
from schemas.definitions.model import Condition, EventNode, Node
from schemas.definitions.parse import Definitions, parse_files
from schemas.definitions.view import View
from schemas.definitions.yaml_nodes import read_yaml
from schemas.errors import DefinitionFaults
from tests.unit.schemas.definitions.validator import is_valid

SCHEMA = json_schema()

TAGS = """\
tags:
  - {id: interest, value: properties.category, half_life: 7d}
  - {id: buyer}
"""


def valid(text: str) -> bool:
    """True when the one document holds under the JSON Schema."""
    document = read_yaml(text)
    return document is None or is_valid(View(document, "a.yaml", "", []).plain(), SCHEMA, SCHEMA)


def read(text: str) -> Definitions:
    """The definitions of one file. What the checkers read, the JSON Schema must hold for."""
    found = parse_files({"a.yaml": text})
    assert valid(text), "the JSON Schema refuses what is read"
    return found


def faults(text: str, file: str = "a.yaml") -> list[str]:
    """The faults of one file, as people see them; empty if there are none."""
    return faults_of({file: text})


def faults_of(files: dict[str, str]) -> list[str]:
    refused: DefinitionFaults | None = None
    try:
        parse_files(files)
    except DefinitionFaults as error:
        refused = error
    told = [] if refused is None else [str(fault) for fault in refused.faults]
    assert refused is None or str(refused).split("\n") == told
    return told


def node(when: str) -> Node:
    """The one segment's condition; the tags above are known."""
    return read(f"{TAGS}segments: [{{id: s, when: {when}}}]").segments[0].when


def node_faults(when: str) -> list[str]:
    """The faults of a condition that stands on line 4; ``segments.s.when`` and the place are left out."""
    prefix = "a.yaml:4: segments.s.when"
    found = faults(f"{TAGS}segments: [{{id: s, when: {when}}}]")
    assert all(fault.startswith(prefix) for fault in found)
    return [fault.removeprefix(prefix) for fault in found]


def where(condition: str) -> Condition:
    when = node(f"{{event: e, where: {condition}}}")
    assert isinstance(when, EventNode)
    return when.match.where


def where_faults(condition: str) -> list[str]:
    prefix = ".where"
    found = node_faults(f"{{event: e, where: {condition}}}")
    assert all(fault.startswith(prefix) for fault in found)
    return [fault.removeprefix(prefix) for fault in found]
