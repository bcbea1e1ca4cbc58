"""Ids of definitions: paths of faults name them, and no two of a kind are equal."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from schemas.definitions.language import ID_PATTERN
from schemas.definitions.nodes import Scalar, Table

if TYPE_CHECKING:
    from schemas.definitions.view import View

_ID: Final = re.compile(ID_PATTERN)


def by_id(view: View) -> View:
    """The item of a list under its id: ``segments.hot_shoes`` rather than ``segments[2]``, if it has one."""
    entry = _id_entry(view)
    if entry is None or not isinstance(entry.value, str) or not _ID.fullmatch(entry.value):
        return view
    return replace(view, path=f"{view.path.rpartition('[')[0]}.{entry.value}")


class Ids:
    """The ids of one kind that were met so far."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._places: dict[str, str] = {}

    def take(self, taken: str, view: View) -> None:
        """Note an id; tell if it was met before. A stand-in for a faulty one is nothing to note."""
        if not taken:
            return
        if taken in self._places:
            entry = _id_entry(view)
            line = view.node.line if entry is None else entry.line
            expected = f"an id of its own for each {self._kind}"
            replace(view, path=f"{view.path}.id").fault(expected, f"{taken!r} again (first at {self._places[taken]})", line=line)
        else:
            self._places[taken] = f"{view.file}:{view.node.line}"


def _id_entry(view: View) -> Scalar | None:
    if not isinstance(view.node, Table):
        return None
    for entry in view.node.entries:
        if entry.key == "id" and isinstance(entry.value, Scalar):
            return entry.value
    return None
