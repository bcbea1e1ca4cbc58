"""Any bundle, for the properties that hold of all."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from schemas.definitions.identity_model import IdentityRules, Namespace
from schemas.definitions.language import CAUSES, JOINS, NORMALISERS, OPERATORS, SAME_SITE
from schemas.definitions.model import (
    AbsenceNode,
    Aggregate,
    AllNode,
    AllOf,
    AnniversaryNode,
    AnyNode,
    AnyOf,
    AtMost,
    Bundle,
    CalendarUnit,
    CalendarWindow,
    Comparison,
    Condition,
    DateNode,
    EngineSettings,
    EventMatch,
    EventNode,
    FixedWindow,
    ListNode,
    Node,
    NotNode,
    NotOf,
    NumberOperator,
    Numbers,
    PathTest,
    PropertyReference,
    PropertyWeight,
    Rule,
    SampleNode,
    Segment,
    SegmentNode,
    Sender,
    SequenceNode,
    Source,
    StaysNode,
    Tag,
    TagNode,
    TraitNode,
    TraitReference,
)
from schemas.definitions.node_shapes import AGGREGATES, LATEST_MS
from schemas.definitions.quality_model import Check, Decoy, DuplicateSearch, QualityRules
from schemas.definitions.quality_shapes import BOUNDS, OTHERWISE, VALUE_TYPES, VERIFIED
from schemas.definitions.source_model import Enrichment, EventSchemas, FirstParty, SourceLimits

words = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
numbers = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
doubles = st.floats(allow_nan=False, allow_infinity=False)
durations = st.integers(1, 2**50)
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words | st.sampled_from(["property", "trait", "value", "is"]), inner, max_size=3)
    ),
    max_leaves=6,
)
references = st.builds(PropertyReference, words) | st.builds(TraitReference, words)
tests = st.builds(PathTest, words, st.sampled_from(OPERATORS), values | references)
conditions: st.SearchStrategy[Condition] = st.recursive(
    tests,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: AllOf(tuple(items)))
        | st.lists(inner, max_size=3).map(lambda items: AnyOf(tuple(items)))
        | inner.map(NotOf)
    ),
    max_leaves=5,
)
signs: st.SearchStrategy[NumberOperator] = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"])
one_comparison = st.builds(Comparison, signs, numbers) | st.builds(Comparison, st.just("between"), numbers, numbers)
comparisons = st.lists(one_comparison, max_size=2).map(tuple)
names = st.lists(words, min_size=1, max_size=3).map(tuple)
matches = st.builds(EventMatch, names, conditions)
weights = doubles | st.builds(PropertyWeight, words, doubles, st.none() | doubles)
rules = st.builds(Rule, words, matches, weights)
tags = st.builds(
    Tag,
    words,
    words,
    st.lists(rules, max_size=2).map(tuple),
    words,
    st.sampled_from(["fact", "model", "strategy"]),
    st.none() | words,
    st.none() | durations,
    st.none() | doubles,
    st.none() | st.integers(1, 1_000),
    st.none() | durations,
    st.none() | words,
    st.booleans(),
)
optional_durations = st.none() | durations
units: st.SearchStrategy[CalendarUnit] = st.sampled_from(get_args(CalendarUnit))
times = st.none() | st.integers(0, LATEST_MS)
windows = (
    st.fixed_dictionaries({"within_ms": optional_durations})
    | st.fixed_dictionaries({"fixed": st.builds(FixedWindow, times, times)})
    | st.fixed_dictionaries({"calendar": st.builds(CalendarWindow, units, words, st.integers(1, 366))})
)
aggregates = st.lists(st.builds(Aggregate, st.sampled_from(AGGREGATES), words, comparisons), max_size=2).map(tuple)
event_nodes = st.builds(
    lambda match, count, window, values: EventNode(match, count, aggregates=values, **window), matches, comparisons, windows, aggregates
)
leaves: st.SearchStrategy[Node] = (
    st.builds(TagNode, words, st.none() | words, comparisons, comparisons, comparisons, optional_durations)
    | event_nodes
    | st.builds(TraitNode, conditions)
    | st.builds(SequenceNode, st.lists(matches, min_size=2, max_size=3).map(tuple), optional_durations, optional_durations)
    | st.builds(AbsenceNode, matches, matches, durations, st.none() | words, optional_durations)
    | st.builds(SegmentNode, words)
    | st.builds(ListNode, words)
    | st.builds(SampleNode, st.floats(0, 100), words)
    | st.builds(AnniversaryNode, words, durations, words)
    | st.builds(DateNode, words, st.sampled_from(["next", "last"]), durations, words)
)
nodes: st.SearchStrategy[Node] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: AllNode(tuple(items)))
        | st.lists(inner, max_size=3).map(lambda items: AnyNode(tuple(items)))
        | inner.map(NotNode)
        | st.builds(StaysNode, inner, durations)
    ),
    max_leaves=4,
)
several = st.lists(words, max_size=2).map(tuple)
limits = st.none() | st.builds(AtMost, st.integers(1, 1024), durations)
segments = st.builds(Segment, words, words, nodes, several, limits, st.booleans(), st.booleans())
directions = st.sampled_from([(), ("enter",), ("enter", "leave")])
causes = st.lists(st.sampled_from(CAUSES), max_size=2).map(tuple)
senders = st.builds(Sender, words, words, words, st.just("webhook"), several, directions, causes, st.booleans())
enrichments = st.builds(Enrichment, *([st.booleans()] * 6), several)
most = st.integers(0, 10**12)
source_limits = st.builds(SourceLimits, most, most, most, most)
first_parties = st.builds(FirstParty, several, st.sampled_from(SAME_SITE), st.booleans(), several, st.booleans(), st.just("") | words)
json_schemas = st.dictionaries(words, st.sampled_from(['{"type": "object"}', '{"maxProperties": 3}']), max_size=2)
event_schemas = st.builds(EventSchemas, json_schemas, st.booleans(), st.sampled_from(["keep", "refuse"]))
of_sources = {"enrich": enrichments, "limits": source_limits, "schemas": event_schemas, "first_party": st.none() | first_parties}
sources = st.builds(Source, words, words, several, several, **of_sources)
counts = st.integers(1, 1_000)
namespaces = st.builds(
    Namespace,
    words,
    st.booleans(),
    st.sampled_from(JOINS),
    counts,
    st.sampled_from(NORMALISERS),
    st.none() | words,
    st.booleans(),
)
identities = st.builds(
    IdentityRules, st.lists(namespaces, max_size=2, unique_by=lambda namespace: namespace.id).map(tuple), several, counts
)
checks = st.builds(
    Check,
    words,
    words,
    several,
    several,
    st.dictionaries(words, words, max_size=2),
    st.none() | words,
    st.dictionaries(words, doubles, max_size=2),
    st.none() | st.sampled_from(VALUE_TYPES),
    st.none() | st.sampled_from(VERIFIED),
    st.none() | words,
    st.booleans(),
    st.dictionaries(st.sampled_from(BOUNDS), doubles, max_size=2),
    st.lists(words | numbers | st.booleans(), max_size=2).map(tuple),
    st.sampled_from(OTHERWISE),
)
decoys = st.builds(Decoy, words, words, st.booleans())
searches = st.builds(DuplicateSearch, several, several, several, several, several, several, st.none() | words, doubles)
qualities = st.builds(
    QualityRules,
    st.lists(checks, max_size=2, unique_by=lambda check: check.id).map(tuple),
    st.lists(decoys, max_size=2, unique_by=lambda decoy: decoy.id).map(tuple),
    searches,
)
dictionaries = st.dictionaries(words, st.integers(1, 2**32), max_size=3)
bundles = st.builds(
    Bundle,
    st.integers(0, 2**40),
    st.builds(EngineSettings, durations, durations, durations),
    st.lists(tags, max_size=2, unique_by=lambda tag: tag.id).map(tuple),
    st.lists(segments, max_size=2, unique_by=lambda segment: segment.id).map(tuple),
    st.lists(senders, max_size=2, unique_by=lambda sender: sender.id).map(tuple),
    st.lists(sources, max_size=2, unique_by=lambda source: source.id).map(tuple),
    st.builds(Numbers, dictionaries, dictionaries, dictionaries, dictionaries, dictionaries),
    st.booleans(),
    identities,
    qualities,
)
