"""Reads segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.definitions.language import SEGMENT
from schemas.definitions.model import AllNode, Segment
from schemas.definitions.node import Known, NodeReader
from schemas.definitions.values import read_id, read_trait_path
from schemas.definitions.view import View, fields

if TYPE_CHECKING:
    from collections.abc import Callable


def segment_reader(known: Known) -> Callable[[View], Segment]:
    """A reader of one segment that may name the known tags."""
    nodes = NodeReader(known)

    def read(view: View) -> Segment:
        found = fields(view, SEGMENT)
        segment_id = found.read("id", read_id, "")
        return Segment(
            id=segment_id,
            name=found.read("name", View.text, segment_id),
            when=found.read("when", nodes.read, AllNode(())),
            include=found.read("include", _include, ()),
        )

    return read


def _include(view: View) -> tuple[str, ...]:
    return tuple(read_trait_path(item) for item in view.items("a list of paths of traits"))
