"""Reads event nodes: how many events, and what their values come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.definitions.comparison import read_comparison, read_whole_comparisons
from schemas.definitions.condition import read_match
from schemas.definitions.language import MOST_COUNTED_IN_A_WINDOW, NUMBER_OPERATORS
from schemas.definitions.model import Aggregate, AggregateKind, Comparison, EventNode
from schemas.definitions.node_shapes import AGGREGATE, AGGREGATES, EVENT_NODE
from schemas.definitions.node_windows import read_windows
from schemas.definitions.nodes import Table
from schemas.definitions.values import read_single_event_path
from schemas.definitions.view import fields

if TYPE_CHECKING:
    from schemas.definitions.known import Known
    from schemas.definitions.view import View


def read_event_node(view: View, known: Known) -> EventNode:
    """One event node. Without a ``count`` and without aggregates at least one event is asked for."""
    found = fields(view, EVENT_NODE)
    windows = read_windows(found)
    aggregates = tuple(_aggregate(kind, child) for kind in AGGREGATES if (child := found.get(kind)) is not None)
    count = found.read("count", read_whole_comparisons, () if aggregates else (Comparison("gte", 1),))
    if windows.within_ms is not None and (counted := found.get("count")) is not None:
        _refuse_great_counts(counted, count)
    return EventNode(read_match(found, known), count, windows.within_ms, windows.fixed, windows.calendar, aggregates)


def _aggregate(kind: AggregateKind, view: View) -> Aggregate:
    found = fields(view, AGGREGATE)
    said = [(name, child) for name in NUMBER_OPERATORS if (child := found.get(name)) is not None]
    if isinstance(view.node, Table) and not said:
        view.fault("at least one comparison beside 'property'")
    return Aggregate(
        kind,
        found.read("property", read_single_event_path, ""),
        tuple(read_comparison(name, child, whole=kind == "distinct") for name, child in said),
    )


def _refuse_great_counts(view: View, count: tuple[Comparison, ...]) -> None:
    greatest = max((max(comparison.value, comparison.upper or 0) for comparison in count), default=0)
    if greatest > MOST_COUNTED_IN_A_WINDOW:
        view.fault(f"at most {MOST_COUNTED_IN_A_WINDOW} in a window", str(greatest))
