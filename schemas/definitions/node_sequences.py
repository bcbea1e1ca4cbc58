"""Reads nodes over several kinds of events: one after the other, or one without the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.definitions.condition import read_match
from schemas.definitions.model import AbsenceNode, AllOf, EventMatch, SequenceNode
from schemas.definitions.node_shapes import ABSENCE, ABSENCE_NODE, MOST_STEPS, SEQUENCE_NODE, STEP
from schemas.definitions.nodes import Listing
from schemas.definitions.values import read_duration, read_single_event_path
from schemas.definitions.view import fields

if TYPE_CHECKING:
    from schemas.definitions.known import Known
    from schemas.definitions.view import View

_NO_MATCH: Final = EventMatch((), AllOf(()))


def read_sequence(view: View, known: Known) -> SequenceNode:
    """``sequence`` with ``span`` and ``within`` beside it."""
    found = fields(view, SEQUENCE_NODE)
    return SequenceNode(
        steps=found.read("sequence", lambda steps: _steps(steps, known), ()),
        span_ms=found.read("span", read_duration, None),
        within_ms=found.read("within", read_duration, None),
    )


def _steps(view: View, known: Known) -> tuple[EventMatch, ...]:
    items = view.items("a list of steps, each a map with event, where")
    if isinstance(view.node, Listing) and not 2 <= len(items) <= MOST_STEPS:
        view.fault(f"a list of 2 to {MOST_STEPS} steps", f"a list of {len(items)}")
    return tuple(_step(item, known) for item in items)


def _step(view: View, known: Known) -> EventMatch:
    return read_match(fields(view, STEP), known)


def read_absence(view: View, known: Known) -> AbsenceNode:
    """``absence``."""
    return fields(view, ABSENCE_NODE).read("absence", lambda absence: _absence(absence, known), AbsenceNode(_NO_MATCH, _NO_MATCH, 1))


def _absence(view: View, known: Known) -> AbsenceNode:
    found = fields(view, ABSENCE)
    if found.get("same") is not None and found.get("for") is None:
        view.fault("the key 'for': it may be left out only without 'same'", "no 'for'")
    return AbsenceNode(
        after=found.read("after", lambda step: _step(step, known), _NO_MATCH),
        without=found.read("without", lambda step: _step(step, known), _NO_MATCH),
        within_ms=found.read("within", read_duration, 1),
        same=found.read("same", read_single_event_path, None),
        for_ms=found.read("for", read_duration, None),
    )
