"""Sets of definitions drawn at random: every tag, condition and node there is, and what follows on what when they change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.definitions.bundle import bundle_from_json, bundle_to_json, next_bundle
from schemas.definitions.consent_model import ConsentNode, Purpose
from schemas.definitions.leaf import walk
from schemas.definitions.model import (
    AllNode,
    AllOf,
    AnyNode,
    AnyOf,
    Bundle,
    Comparison,
    Condition,
    EngineSettings,
    EventMatch,
    EventNode,
    Node,
    NotNode,
    NotOf,
    NumberOperator,
    Operator,
    PathTest,
    PropertyReference,
    PropertyWeight,
    Rule,
    Segment,
    SegmentNode,
    Source,
    StaysNode,
    Tag,
    TagNode,
    TraitNode,
    TraitReference,
)
from schemas.definitions.parse import Definitions
from tests.property.dice import Dice
from tests.property.drawn_language import held_back, limits, other_node, windowed

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
NAMES = ("a", "b", "$page", "$identify", "$tag", "$untag", "$group")
TEXTS = ("x", "y", "xy", "1")
VALUES: tuple[Any, ...] = (0, 1, 1.0, 2, -1, 0.5, True, False, None, "", *TEXTS, [1], ["x", 2], [], {"x": 1}, 2**53, 2**53 + 1, 1e300)
PROPERTIES = (
    "properties.n",
    "properties.s",
    "properties.l[]",
    "properties.l",
    "properties.o.x",
    "properties.o[].x",
    "properties.g",
    "type",
)
PURPOSES = (Purpose("analytics"), Purpose("marketing", unless_said=True))
TRAITS = ("city", "level", "list[]", "list", "deep.x", "since")
WINDOWS = (SECOND, SECOND, 500, 250, 2 * SECOND, 1, HOUR, 7 * DAY)
HALF_LIVES = (SECOND, SECOND, 2 * SECOND, 500, HOUR, 7 * DAY, 28 * DAY, 36_500 * DAY)
LEVELS = (1, 0.5, 2, 0, 3, -1, 0.25, -0.5, 4, 1e-6, 1e-12, 1e-13)
WEIGHTS = (1.0, 2.0, 0.5, -1.0, 4.0, 0.0, -0.25, 3.0, 1e-7, 1e30)
_OPERATORS: tuple[NumberOperator, ...] = ("gte", "gte", "gt", "lt", "lte", "between", "eq", "ne")
_TESTS: tuple[Operator, ...] = (
    "eq", "exists", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "between", "contains", "starts_with", "ends_with",
)  # fmt: skip
_TAG_IDS = ("plain", "other", "family", "listed")
_FAMILIES = {"family": ("properties.s", "properties.g"), "listed": ("properties.l[]", "properties.n")}


@dataclass(frozen=True)
class Variants:
    """What a definition may be in one version or another; None: not there."""

    tags: tuple[tuple[Tag, ...], ...]
    segments: tuple[tuple[Segment, ...], ...]


def bundles(
    dice: Dice, longest_dedupe_ms: int, segments_at_most: tuple[int, ...] = (1, 2, 3, 5), versions_at_most: tuple[int, ...] = (1, 2, 3)
) -> dict[int, Bundle]:
    """One to three versions, each read back from its JSON."""
    pool = Variants(
        tuple(tuple(_tag(dice, tag_id) for _ in range(dice.pick((1, 2)))) for tag_id in _TAG_IDS),
        tuple(tuple(_segment(dice, f"s{n}") for _ in range(dice.pick((1, 2)))) for n in range(dice.pick(segments_at_most))),
    )
    versions = {0: Bundle()}
    dedupe = longest_dedupe_ms
    for version in range(1, dice.pick(versions_at_most) + 1):
        # Ids that are forgotten stay forgotten, so the window in which they are kept only shrinks.
        dedupe = dice.pick([one for one in (HOUR, SECOND, 500, 25 * DAY, 28 * DAY) if one <= dedupe])
        oldest = dice.pick((1_825 * DAY, 1_825 * DAY, 7 * DAY, 10 * SECOND))
        settings = EngineSettings(dedupe, oldest, consent=PURPOSES[: dice.pick((2, 1, 0))])
        previous = versions[version - 1]
        tags = tuple(_pick(dice, pool.tags, all_of_them=version == 1))
        known = {tag.id: tag for tag in tags}
        drawn = tuple(one for one in _pick(dice, pool.segments, all_of_them=version == 1) if _is_readable(one.when, known))
        segments = _without_circles(drawn)
        sources = (Source("app", "server"),) if dice.flag() else ()
        definitions = Definitions(settings, tags, segments, (), sources)
        bundle = next_bundle(previous, definitions, silent=dice.flag())
        versions[version] = bundle_from_json(bundle_to_json(bundle))
        assert versions[version] == bundle
    return versions


def _pick(dice: Dice, pool: tuple[tuple[Any, ...], ...], *, all_of_them: bool) -> Iterator[Any]:
    for variants in pool:
        if all_of_them or dice.below(4) != 3:
            yield dice.pick(variants)


def _without_circles(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The segments whose references stand, again and again, among those of which that is so too and whose number is less."""
    kept: dict[str, Segment] = {}
    for segment in segments:
        named = {node.segment for node in walk(segment.when) if isinstance(node, SegmentNode)}
        if all(one in kept and (segment.archived or not kept[one].archived) for one in named):
            kept[segment.id] = segment
    return tuple(kept.values())


def _is_readable(node: Node, tags: dict[str, Tag]) -> bool:
    """Whether the loader takes it: tags are there, and no score that fades is asked for equality."""
    match node:
        case StaysNode(item):
            return _is_readable(item, tags)
        case TagNode(tag, _, _, _, score):
            fades = tag in tags and tags[tag].half_life_ms is not None
            return tag in tags and not tags[tag].archived and not (fades and any(one.operator in ("eq", "ne") for one in score))
        case AllNode(items) | AnyNode(items):
            return all(_is_readable(item, tags) for item in items)
        case NotNode(item):
            return _is_readable(item, tags)
    return True


def _tag(dice: Dice, tag_id: str) -> Tag:
    rules = tuple(
        Rule(f"r{n}", _match(dice), dice.pick(WEIGHTS) if dice.below(4) else _property_weight(dice)) for n in range(dice.pick((1, 1, 2, 0)))
    )
    value = dice.pick(_FAMILIES[tag_id]) if tag_id in _FAMILIES else None
    return Tag(
        tag_id,
        tag_id,
        rules,
        value=value,
        half_life_ms=dice.pick((*HALF_LIVES, None, None)),
        cap=dice.pick((None, None, None, 2.5, 1.0, -1.0)),
        archived=not dice.below(12),
        **limits(dice, family=value is not None),
    )


def _property_weight(dice: Dice) -> PropertyWeight:
    return PropertyWeight(
        dice.pick(("properties.n", "properties.o.x")), dice.pick((1.0, 2.0, -0.5, 1e200)), dice.pick((None, None, 3.0, 0.0))
    )


def _match(dice: Dice) -> EventMatch:
    return EventMatch(_names(dice), _where(dice), (_consent(dice),) if not dice.below(6) else ())


def _consent(dice: Dice) -> ConsentNode:
    purpose = dice.pick(PURPOSES)
    return ConsentNode(purpose.id, purpose.unless_said)


def _names(dice: Dice) -> tuple[str, ...]:
    return dice.pick((("a",), ("a",), ("b",), ("a", "b"), ("$page",), ("b", "a"), NAMES))


def _where(dice: Dice) -> Condition:
    return _condition(dice, PROPERTIES, (PropertyReference, TraitReference), 2) if dice.below(3) == 2 else AllOf(())


def _condition(dice: Dice, paths: tuple[str, ...], references: tuple[type, ...], depth: int) -> Condition:
    kind = dice.pick(("test", "test", "test", "all", "any", "not")) if depth else "test"
    if kind == "test":
        return _test(dice, dice.pick(paths), references)
    if kind == "not":
        return NotOf(_condition(dice, paths, references, depth - 1))
    items = tuple(_condition(dice, paths, references, depth - 1) for _ in range(dice.pick((1, 2, 0))))
    return AllOf(items) if kind == "all" else AnyOf(items)


def _test(dice: Dice, path: str, references: tuple[type, ...]) -> PathTest:
    operator = dice.pick(_TESTS)
    if operator == "exists":
        return PathTest(path, "exists", dice.flag())
    if dice.below(4) == 3:
        reference = dice.pick(references)
        return PathTest(path, operator, reference(dice.pick(PROPERTIES if reference is PropertyReference else TRAITS)))
    return PathTest(path, operator, _operand(dice, operator))


def _operand(dice: Dice, operator: str) -> Any:
    alike = dice.pick(((0, 1, 2, 0.5, 2**53), TEXTS))
    if operator == "between":
        return [dice.pick(alike), dice.pick(alike)]
    if operator in ("in", "not_in"):
        return [dice.pick(VALUES) for _ in range(dice.pick((1, 2, 3, 0)))]
    if operator in ("gt", "gte", "lt", "lte"):
        return dice.pick(alike)
    return dice.pick(TEXTS if operator.endswith("_with") else VALUES)


def _segment(dice: Dice, segment_id: str) -> Segment:
    include = tuple(dict.fromkeys(dice.pick(TRAITS) for _ in range(dice.pick((0, 1, 2)))))
    return Segment(segment_id, segment_id, _node(dice, 2), include, **held_back(dice))


def _node(dice: Dice, depth: int) -> Node:
    leaves = ("event", "tag", "event", "tag", "trait", "event", "other", "other")
    kind = dice.pick((*leaves, "all", "any", "not") if depth else leaves)
    match kind:
        case "other":
            return other_node(dice, _match, lambda: _node(dice, 0))
        case "event":
            return _event_node(dice)
        case "tag":
            return _tag_node(dice)
        case "trait":
            return TraitNode(_condition(dice, TRAITS, (TraitReference,), 1)) if dice.below(4) else _consent(dice)
        case "not":
            return NotNode(_node(dice, depth - 1))
    items = tuple(_node(dice, depth - 1) for _ in range(dice.pick((2, 2, 3, 1, 0))))
    return AllNode(items) if kind == "all" else AnyNode(items)


def _event_node(dice: Dice) -> EventNode:
    count = _comparisons(dice, (1, 2, 3, 0, 5, -1)) if dice.below(3) else (Comparison("gte", 1),)
    return windowed(dice, EventNode(_match(dice), count, dice.pick((*WINDOWS, None))), _comparisons)


def _tag_node(dice: Dice) -> TagNode:
    tag = dice.pick(_TAG_IDS)
    value = dice.pick((None, *TEXTS[:2], "1")) if tag in _FAMILIES else None
    levels = {"score": LEVELS, "count": (1, 2, 3, 0), "weight": LEVELS}
    asked = dice.pick(("score", "score", "score", "count", "weight", "", "score count", "score weight"))
    fields: dict[str, Any] = {name: _comparisons(dice, levels[name]) for name in asked.split()}
    return TagNode(tag, value, **fields, last_within_ms=None if dice.below(6) else dice.pick(WINDOWS[:5]))


def _comparisons(dice: Dice, levels: tuple[float, ...]) -> tuple[Comparison, ...]:
    found = {}
    for _ in range(dice.pick((1, 1, 1, 2))):
        operator, level = dice.pick(_OPERATORS), dice.pick(levels)
        found[operator] = Comparison(operator, level, dice.pick(levels) if operator == "between" else None)
    return tuple(found.values())
