"""The part of the table of the language that is a segment's condition: every node, and the maps within nodes."""

from __future__ import annotations

from typing import Final, get_args

from schemas.definitions.language import (
    COMPARED,
    EVENT,
    ID,
    NEEDS,
    NUMBER,
    NUMBER_OPERATORS,
    OPERATORS,
    PAIR,
    PATH,
    PURPOSE,
    TEXT,
    WHERE,
    WINDOW,
    Key,
    Shape,
    list_of,
    ref,
    whole,
)
from schemas.definitions.model import AggregateKind, CalendarUnit
from schemas.event import ISO_PATTERN

AGGREGATES: Final[tuple[AggregateKind, ...]] = get_args(AggregateKind)
UNITS: Final[tuple[str, ...]] = get_args(CalendarUnit)
MOST_UNITS: Final = 366
LATEST_MS: Final = 253_402_300_799_999
MOST_STEPS: Final = 16
MOST_PERCENT: Final = 100
LONGEST_ANNIVERSARY_MS: Final = 365 * 86_400_000
DIRECTIONS_OF_DATES: Final = ("within_next", "within_last")

_TIME: Final = {"anyOf": [whole(0, LATEST_MS), {"type": "string", "pattern": f"^{ISO_PATTERN}$"}]}
_ZONE: Final = Key(TEXT, "a zone of the tz database, such as `Asia/Shanghai`; UTC unless said")
_AGGREGATE_HELP: Final[dict[AggregateKind, str]] = {
    "sum": "what a property of these events adds up to",
    "avg": "the average of a property of these events",
    "min": "the least number at a property of these events",
    "max": "the greatest number at a property of these events",
    "distinct": "how many different values a property of these events has",
}

ALL_NODE: Final = Shape("all_node", {"all": Key(list_of(ref("node")), "all of these are true", required=True)})
ANY_NODE: Final = Shape("any_node", {"any": Key(list_of(ref("node")), "one of these is true", required=True)})
NOT_NODE: Final = Shape("not_node", {"not": Key(ref("node"), "this is false", required=True)})
TRAIT_NODE: Final = Shape(
    "trait_node",
    {
        "trait": Key(PATH, "where in the person's traits; alone: the trait exists", required=True),
        **{name: Key(ref(f"{name}_operand"), "a test of the trait") for name in OPERATORS},
        "any": Key(list_of(ref("trait_test")), "one of these tests holds"),
        "all": Key(list_of(ref("trait_test")), "all of these tests hold"),
        "not": Key(ref("trait_test"), "this test does not hold"),
        "within_next": Key(WINDOW, "the trait is a date, and it comes within this time"),
        "within_last": Key(WINDOW, "the trait is a date, and it came within this time"),
        "zone": _ZONE,
    },
)
TAG_NODE: Final = Shape(
    "tag_node",
    {
        "tag": Key(TEXT, "a tag's id, or `id:value` for one value of a family; alone: the person has it", required=True),
        "count": Key(COMPARED, "how often it was applied"),
        "weight": Key(COMPARED, "the sum of the weights"),
        "score": Key(COMPARED, "the score, which fades; `eq` and `ne` only when it does not"),
        "last_at": Key(ref("last_at"), "when its newest event was"),
    },
)
LAST_AT: Final = Shape("last_at", {"within": Key(WINDOW, "in this time before now", required=True)})
EVENT_NODE: Final = Shape(
    "event_node",
    {
        "event": EVENT,
        "where": WHERE,
        "needs": NEEDS,
        "count": Key(COMPARED, "how many such events; `{gte: 1}` unless this or one of the next five is said"),
        **{kind: Key(ref("aggregate"), _AGGREGATE_HELP[kind]) for kind in AGGREGATES},
        "within": Key(WINDOW, "with an event time in this time before now; ever unless a window is said"),
        "since": Key(_TIME, "with this event time or a later one"),
        "until": Key(_TIME, "with an event time before this"),
        "calendar": Key(ref("calendar"), "with an event time in this stretch of the calendar"),
    },
)
AGGREGATE: Final = Shape(
    "aggregate",
    {
        "property": Key(PATH, "where in the event the value stands", required=True),
        **{name: Key(PAIR if name == "between" else NUMBER, "a comparison") for name in NUMBER_OPERATORS},
    },
    least=2,
)
CALENDAR: Final = Shape(
    "calendar",
    {
        "unit": Key({"enum": list(UNITS)}, "the current hour, day, week (ISO), month, quarter or year", required=True),
        "zone": _ZONE,
        "last": Key(whole(1, MOST_UNITS), "the current unit and those before it, so many in all; 1 unless said"),
    },
)
STEP: Final = Shape("step", {"event": EVENT, "where": WHERE, "needs": NEEDS})
SEQUENCE_NODE: Final = Shape(
    "sequence_node",
    {
        "sequence": Key({**list_of(ref("step"), 2), "maxItems": MOST_STEPS}, "distinct events in this order of event time", required=True),
        "span": Key(WINDOW, "from the first to the last at most this time; any unless said"),
        "within": Key(WINDOW, "the last of them in this time before now; ever unless said"),
    },
)
ABSENCE_NODE: Final = Shape("absence_node", {"absence": Key(ref("absence"), "something happened, then something did not", required=True)})
ABSENCE: Final = Shape(
    "absence",
    {
        "after": Key(ref("step"), "what happened", required=True),
        "without": Key(ref("step"), "what has not happened since", required=True),
        "within": Key(WINDOW, "true once this time has passed", required=True),
        "same": Key(PATH, "where both events have the same value, such as a cart's id; unless said every event counts for every other"),
        "for": Key(WINDOW, "true for this time; without end unless said, which only goes without `same`"),
    },
)
STAYS_NODE: Final = Shape("stays_node", {"stays": Key(ref("stays"), "a node has been true for a time", required=True)})
STAYS: Final = Shape(
    "stays",
    {
        "when": Key(ref("node"), "the node", required=True),
        "for": Key(WINDOW, "at every evaluation for at least this time", required=True),
    },
)
SEGMENT_NODE: Final = Shape("segment_node", {"segment": Key(ID, "the id of another segment that the person is in", required=True)})
LIST_NODE: Final = Shape("list_node", {"list": Key(ID, "the id of an uploaded list that names the person", required=True)})
SAMPLE_NODE: Final = Shape("sample_node", {"sample": Key(ref("sample"), "the person is in a random part of all", required=True)})
SAMPLE: Final = Shape(
    "sample",
    {
        "percent": Key({**NUMBER, "minimum": 0, "maximum": MOST_PERCENT}, "how great a part; a greater one only adds", required=True),
        "seed": Key(TEXT, "any text; another seed draws other persons", required=True),
    },
)
ANNIVERSARY_NODE: Final = Shape(
    "anniversary_node", {"anniversary": Key(ref("anniversary"), "the day of the year of a date is near", required=True)}
)
ANNIVERSARY: Final = Shape(
    "anniversary",
    {
        "trait": Key(PATH, "where in the person's traits the date is", required=True),
        "within": Key(WINDOW, "from this time before the day begins until it ends; `0s`: on the day itself", required=True),
        "zone": _ZONE,
    },
)
CONSENT_NODE: Final = Shape("consent_node", {"consent": PURPOSE})
NODES: Final = {
    "trait": TRAIT_NODE,
    "tag": TAG_NODE,
    "event": EVENT_NODE,
    "sequence": SEQUENCE_NODE,
    "absence": ABSENCE_NODE,
    "stays": STAYS_NODE,
    "segment": SEGMENT_NODE,
    "list": LIST_NODE,
    "sample": SAMPLE_NODE,
    "anniversary": ANNIVERSARY_NODE,
    "consent": CONSENT_NODE,
    "all": ALL_NODE,
    "any": ANY_NODE,
    "not": NOT_NODE,
}
NODE_SHAPES: Final = (*NODES.values(), LAST_AT, AGGREGATE, CALENDAR, STEP, ABSENCE, STAYS, SAMPLE, ANNIVERSARY)
