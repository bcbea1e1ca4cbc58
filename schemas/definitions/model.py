"""The checked, immutable form of a set of definitions. Durations and times are whole milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.definitions.consent_model import ConsentNode, Purpose
from schemas.definitions.identity_model import IdentityRules
from schemas.definitions.quality_model import QualityRules
from schemas.definitions.source_model import Enrichment as Enrichment  # noqa: PLC0414
from schemas.definitions.source_model import FirstParty as FirstParty  # noqa: PLC0414
from schemas.definitions.source_model import Sender as Sender  # noqa: PLC0414
from schemas.definitions.source_model import Source as Source  # noqa: PLC0414

Operator = Literal["eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "between", "contains", "starts_with", "ends_with", "exists"]
NumberOperator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "between"]
CalendarUnit = Literal["hour", "day", "week", "month", "quarter", "year"]
AggregateKind = Literal["sum", "avg", "min", "max", "distinct"]


@dataclass(frozen=True, slots=True)
class PropertyReference:
    """``{property: path}``: the other side of a test, read from the event's root."""

    path: str


@dataclass(frozen=True, slots=True)
class TraitReference:
    """``{trait: path}``: the other side of a test, read from the person's traits."""

    path: str


@dataclass(frozen=True, slots=True)
class PathTest:
    """One operator asked of one path. ``operand`` is a JSON value (``between``: a pair), or a reference."""

    path: str
    operator: Operator
    operand: Any


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of the conditions hold; true when empty."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the conditions holds; false when empty."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    """The condition does not hold."""

    item: Condition


Condition = PathTest | AllOf | AnyOf | NotOf


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison with a number; ``upper`` only for ``between`` (inclusive on both sides)."""

    operator: NumberOperator
    value: int | float
    upper: int | float | None = None


@dataclass(frozen=True, slots=True)
class EventMatch:
    """Which events count: any of the names, and the condition (``AllOf(())``: none), while the person consents to all of ``needs``."""

    names: tuple[str, ...]
    where: Condition
    needs: tuple[ConsentNode, ...] = ()


@dataclass(frozen=True, slots=True)
class PropertyWeight:
    """A weight read from the event: the number at ``path``, times ``times``, then at most ``maximum``."""

    path: str
    times: float = 1.0
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Which events put a tag on a person, and how heavily."""

    id: str
    match: EventMatch
    weight: float | PropertyWeight = 1.0


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag, or with ``value`` (a path) a family of tags ``id:value``."""

    id: str
    name: str
    rules: tuple[Rule, ...]
    category: str = ""
    kind: Literal["fact", "model", "strategy"] = "fact"
    value: str | None = None
    half_life_ms: int | None = None
    cap: float | None = None
    max_values: int | None = None
    ttl_ms: int | None = None
    exclusive: str | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class AllNode:
    """All nodes are true; true when empty."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyNode:
    """One node is true; false when empty."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class NotNode:
    """The node is false."""

    item: Node


@dataclass(frozen=True, slots=True)
class TraitNode:
    """A condition whose paths are read from the person's traits."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class TagNode:
    """The person has the tag, or all given comparisons hold for it.

    ``value`` names one of a family; a family's tag without one: some value meets all comparisons.
    ``last_within_ms`` (``last_at: {within: …}``): the tag's ``last_at`` lies in (t − within, t]; an absent tag has none.
    """

    tag: str
    value: str | None = None
    count: tuple[Comparison, ...] = ()
    weight: tuple[Comparison, ...] = ()
    score: tuple[Comparison, ...] = ()
    last_within_ms: int | None = None

    @property
    def presence_only(self) -> bool:
        """No comparison is given: the node asks whether the person has the tag."""
        return not (self.count or self.weight or self.score or self.last_within_ms)


@dataclass(frozen=True, slots=True)
class FixedWindow:
    """Event times from ``since_ms`` (inclusive) to ``until_ms`` (exclusive), absolute; one of them may be None, not both."""

    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """The current unit of a zone's calendar and the ``last`` − 1 before it; weeks are ISO; an hour is 60 elapsed minutes."""

    unit: CalendarUnit
    zone: str = "UTC"
    last: int = 1


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``sum``, ``avg``, ``min``, ``max`` or ``distinct`` of the value at ``path`` of the events that count; all comparisons must hold."""

    kind: AggregateKind
    path: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class EventNode:
    """How many matching events have an event time in the window, and what their values come to. All given comparisons must hold.

    At most one window: ``within_ms`` is (t − within, t]; none of the three: ever. With ``aggregates`` and no ``count`` said,
    ``count`` is empty.
    """

    match: EventMatch
    count: tuple[Comparison, ...] = (Comparison("gte", 1),)
    within_ms: int | None = None
    fixed: FixedWindow | None = None
    calendar: CalendarWindow | None = None
    aggregates: tuple[Aggregate, ...] = ()


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """Distinct events, one per step (at least two), in order of event time; ties: order of application.

    last − first ≤ ``span_ms``, the last in (t − ``within_ms``, t]; both optional. Decided over the newest 64 matches of each step.
    """

    steps: tuple[EventMatch, ...]
    span_ms: int | None = None
    within_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AbsenceNode:
    """Some key of ``same`` (a path; None: one key for all) has its latest ``after`` at a, a + within ≤ t < a + within + for, and no
    ``without`` with that key at a time in (a, t]. ``for_ms`` None (only without ``same``): without end.
    """

    after: EventMatch
    without: EventMatch
    within_ms: int
    same: str | None = None
    for_ms: int | None = None


@dataclass(frozen=True, slots=True)
class StaysNode:
    """The inner node has been true at every evaluation for at least ``for_ms``, counted from the one at which it became true."""

    when: Node
    for_ms: int


@dataclass(frozen=True, slots=True)
class SegmentNode:
    """The person is in another segment, as just evaluated."""

    segment: str


@dataclass(frozen=True, slots=True)
class ListNode:
    """An uploaded list names the person."""

    list: str


@dataclass(frozen=True, slots=True)
class SampleNode:
    """A fixed random part of all people: the first 8 bytes of SHA-256 of seed, a zero byte, person, over 2⁶⁴, < percent / 100."""

    percent: float
    seed: str


@dataclass(frozen=True, slots=True)
class AnniversaryNode:
    """From ``within_ms`` before the local midnight that begins the trait's day of the year, every year, until that day's end."""

    trait: str
    within_ms: int
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class DateNode:
    """A trait that is a date d (ISO 8601; a bare date is its local midnight in ``zone``): ``next`` holds in [d − within, d),
    ``last`` in [d, d + within).
    """

    trait: str
    direction: Literal["next", "last"]
    within_ms: int
    zone: str = "UTC"


Node = (
    AllNode
    | AnyNode
    | NotNode
    | TraitNode
    | TagNode
    | EventNode
    | SequenceNode
    | AbsenceNode
    | StaysNode
    | SegmentNode
    | ListNode
    | SampleNode
    | AnniversaryNode
    | DateNode
    | ConsentNode
)


@dataclass(frozen=True, slots=True)
class AtMost:
    """An entry is not published if ``times`` entries were published in (t − per, t]; nor is its leave."""

    times: int
    per_ms: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A named condition over a person. ``include``: trait paths in a transition; ``paused``: published is nothing; ``archived``: gone."""

    id: str
    name: str
    when: Node
    include: tuple[str, ...] = ()
    at_most: AtMost | None = None
    paused: bool = False
    archived: bool = False


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What must be the same in a replay, and so is part of the definitions. ``forget_after_ms`` None: nobody is forgotten."""

    dedupe_ms: int = 3_600_000
    oldest_ms: int = 1_825 * 86_400_000
    forget_after_ms: int | None = None
    consent: tuple[Purpose, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """The dictionary numbers under which a person's packed state names things.

    A number, once given, is never given to something else: each set of definitions carries the dictionary of
    the set before it, and only adds. Keys: tag id; ``tag/rule``; segment id; source id; leaf hash (hex).
    """

    tags: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    segments: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    leaves: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """One whole set of definitions under its version. Version 0 is the empty set that every log starts with."""

    version: int = 0
    settings: EngineSettings = field(default_factory=EngineSettings)
    tags: tuple[Tag, ...] = ()
    segments: tuple[Segment, ...] = ()
    senders: tuple[Sender, ...] = ()
    sources: tuple[Source, ...] = ()
    numbers: Numbers = field(default_factory=Numbers)
    silent: bool = False
    identity: IdentityRules = field(default_factory=IdentityRules)
    quality: QualityRules = field(default_factory=QualityRules)
