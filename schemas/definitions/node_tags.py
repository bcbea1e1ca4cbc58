"""Reads tag nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.definitions.comparison import read_comparisons, read_whole_comparisons
from schemas.definitions.fault import near_match
from schemas.definitions.model import Comparison, TagNode
from schemas.definitions.node_shapes import LAST_AT, TAG_NODE
from schemas.definitions.values import read_duration
from schemas.definitions.view import fields

if TYPE_CHECKING:
    from schemas.definitions.known import Known
    from schemas.definitions.view import View

LONGEST_VALUE: Final = 256


def read_tag_node(view: View, known: Known, *, living: bool) -> TagNode:
    """One tag node. ``living``: its segment is not archived, so that the tag must not be either."""
    found = fields(view, TAG_NODE)
    tag, value = found.read("tag", lambda name: _tag_and_value(name, known, living=living), ("", None))
    score = found.read("score", read_comparisons, ())
    tagged = known.tags.get(tag)
    if tagged is not None and tagged.half_life_ms is not None and (scored := found.get("score")) is not None:
        _refuse_equality(scored, score)
    return TagNode(
        tag,
        value,
        found.read("count", read_whole_comparisons, ()),
        found.read("weight", read_comparisons, ()),
        score,
        found.read("last_at", _last_at, None),
    )


def _last_at(view: View) -> int:
    return fields(view, LAST_AT).read("within", read_duration, 1)


def _tag_and_value(view: View, known: Known, *, living: bool) -> tuple[str, str | None]:
    text = view.text("a tag's id, or id:value")
    tag, colon, value = text.partition(":")
    tagged = known.tags.get(tag)
    if tagged is None:
        if text and known.complete:
            view.fault("the id of a tag", near=near_match(tag, known.tags))
    elif living and tagged.archived:
        view.fault("the id of a tag that is not archived")
    elif colon and tagged.value is None:
        view.fault(f"'{tag}' alone: the tag is no family")
    elif colon and not 1 <= len(value) <= LONGEST_VALUE:
        view.fault(f"a value of 1 to {LONGEST_VALUE} characters after '{tag}:'")
    return tag, value if colon else None


def _refuse_equality(view: View, score: tuple[Comparison, ...]) -> None:
    for comparison in score:
        if comparison.operator in {"eq", "ne"}:
            view.fault("gt, gte, lt, lte or between: the score fades, so it never stays equal", comparison.operator)
