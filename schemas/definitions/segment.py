"""Reads segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.definitions.language import AT_MOST, MOST_COUNTED_IN_A_WINDOW, SEGMENT
from schemas.definitions.model import AllNode, AtMost, Segment
from schemas.definitions.node import NodeReader
from schemas.definitions.values import read_duration, read_id, read_trait_path, read_whole
from schemas.definitions.view import View, fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.definitions.known import Known, References


def segment_reader(known: Known, references: References) -> Callable[[View], Segment]:
    """A reader of one segment that may name the known tags; the segments that it names go into ``references``."""

    def read(view: View) -> Segment:
        found = fields(view, SEGMENT)
        segment_id = found.read("id", read_id, "")
        archived = found.read("archived", View.flag, False)
        nodes = NodeReader(known, living=not archived)
        segment = Segment(
            id=segment_id,
            name=found.read("name", View.text, segment_id),
            when=found.read("when", nodes.read, AllNode(())),
            include=found.read("include", _include, ()),
            at_most=found.read("at_most", _at_most, None),
            paused=found.read("paused", View.flag, False),
            archived=archived,
        )
        references.add(segment_id, nodes.mentions, nodes.deepest)
        return segment

    return read


def _include(view: View) -> tuple[str, ...]:
    return tuple(read_trait_path(item) for item in view.items("a list of paths of traits"))


def _at_most(view: View) -> AtMost:
    found = fields(view, AT_MOST)
    return AtMost(
        times=found.read("times", lambda times: read_whole(times, 1, MOST_COUNTED_IN_A_WINDOW), 1),
        per_ms=found.read("per", read_duration, 1),
    )
