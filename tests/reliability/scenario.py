"""The definitions under which things are killed: windows and half-lives of seconds, and a second version for the middle of the load."""

from __future__ import annotations

from dataclasses import replace

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle, Comparison, EventMatch, EventNode, NotNode, Segment, TagNode
from schemas.definitions.parse import Definitions
from tests.corpus.generate import definitions_for_load


def first_version() -> Bundle:
    return definitions_for_load()


def second_version(first: Bundle) -> Bundle:
    """One segment less, one new, one changed: people leave, enter and change at the barrier."""
    from tests.corpus.definitions import EVERYTHING

    kept = [segment for segment in first.segments if segment.id != "doubts"]
    kept = [replace(one, when=TagNode("interest", score=(Comparison("gt", 2.5),))) if one.id == "hot_any" else one for one in kept]
    removed = EventNode(EventMatch(("cart_removed",), EVERYTHING), (Comparison("gte", 1),), 3_000)
    new = Segment("content", "Takes nothing out", NotNode(removed))
    given = Definitions(settings=first.settings, tags=first.tags, segments=(*kept, new), senders=(), sources=first.sources)
    return next_bundle(first, given)
