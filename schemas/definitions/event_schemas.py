"""Reads what a source says of its events: JSON Schemas, inline or in files, and whether types are inferred."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from schemas.conformity import compiled
from schemas.definitions.fault import near_match
from schemas.definitions.language import EVENT_SCHEMAS, SCHEMA_SUFFIX
from schemas.definitions.nodes import Table
from schemas.definitions.source_model import EventSchemas
from schemas.definitions.view import View, fields
from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from typing import Literal

MOST_CHARACTERS: Final = 65_536
_OTHERWISE: Final[tuple[Literal["keep", "refuse"], ...]] = ("keep", "refuse")


def schema_files(files: Mapping[str, str]) -> dict[str, str]:
    """Those of a folder's files that are JSON Schemas and no definitions: name without its folder → text."""
    return {PurePath(name).name: text for name, text in files.items() if name.endswith(SCHEMA_SUFFIX)}


class EventSchemasReader:
    """Reads ``schemas`` of a source. ``files``: name → text of the schemas that stand in files."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def read(self, view: View) -> EventSchemas:
        """See ``EventSchemas``."""
        found = fields(view, EVENT_SCHEMAS)
        otherwise = found.read("otherwise", lambda value: value.one_of(_OTHERWISE), "keep")
        return EventSchemas(
            events=found.read("events", self._events, {}),
            infer=found.read("infer", View.flag, False),
            otherwise="refuse" if otherwise == "refuse" else "keep",
        )

    def _events(self, view: View) -> dict[str, str]:
        return {entry.key: self._schema(child) for entry, child in view.entries("a map of event names to JSON Schemas")}

    def _schema(self, view: View) -> str:
        if not isinstance(view.node, Table):
            view.fault("a JSON Schema, or {file: …} of one")
            return "{}"
        named = [child for entry, child in view.entries() if entry.key == "file"]
        faults = len(view.faults)
        schema = self._in_file(named[0]) if named and len(view.node.entries) == 1 else view.plain()
        if len(view.faults) > faults:
            return "{}"
        text = json.dumps(schema, ensure_ascii=False, allow_nan=False, sort_keys=True)
        if len(text) > MOST_CHARACTERS:
            view.fault(f"a JSON Schema of at most {MOST_CHARACTERS} characters", f"{len(text)} characters")
            return "{}"
        try:
            compiled(schema)
        except Misconfigured as error:
            view.fault("a JSON Schema", str(error))
        return text

    def _in_file(self, view: View) -> Any:
        name = view.text("the name of a file beside this one")
        text = self._files.get(name)
        if text is None:
            if name:
                expected = f"a file beside this one whose name ends with {SCHEMA_SUFFIX}"
                view.fault(expected, repr(name), near_match(name, self._files))
            return {}
        try:
            schema = json.loads(text)
        except (ValueError, RecursionError) as error:
            view.fault("a file that holds JSON", f"{name}: {str(error)[:100]}")
            return {}
        if not isinstance(schema, dict):
            view.fault("a file that holds a JSON object", f"{name}: another value")
            return {}
        return schema
