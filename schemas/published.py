"""The JSON Schemas that are published: each as ``ebbtide schema NAME`` prints it, and as a file in ``schemas/json_schemas``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.definitions.document import json_schema
from schemas.event_schema import event_schema
from schemas.transition_schema import transition_schema

SCHEMAS: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "definitions": json_schema,
    "events": event_schema,
    "transitions": transition_schema,
}


def schema_text(name: str) -> str:
    """A schema as its file has it: indented, UTF-8, with a newline at the end."""
    return json.dumps(SCHEMAS[name](), ensure_ascii=False, indent=2) + "\n"


def schema_files() -> dict[str, str]:
    """Path from the root of the repository → text."""
    return {f"schemas/json_schemas/{name}.json": schema_text(name) for name in SCHEMAS}
