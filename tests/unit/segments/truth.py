"""What a condition is at a time, read from its definition word by word: slow, and independent of how it is compiled."""

from __future__ import annotations

from schemas.definitions.bundle import next_bundle
from schemas.definitions.leaf import leaf_hash
from schemas.definitions.model import (
    AllNode,
    AnyNode,
    Bundle,
    Comparison,
    EventNode,
    Node,
    NotNode,
    PathTest,
    Segment,
    Tag,
    TagNode,
    TraitNode,
)
from schemas.definitions.parse import Definitions
from segments.compile import compile_bundle
from segments.nodes import CompiledNode
from tagging.person import Person
from tagging.state import TagState

TOLERANCE = 2.0**-40


def bundle_with(node: Node, tags: tuple[Tag, ...]) -> Bundle:
    return next_bundle(Bundle(), Definitions(tags=tags, segments=(Segment("s", "s", node),)))


def compile_node(node: Node, tags: tuple[Tag, ...]) -> CompiledNode:
    return compile_bundle(bundle_with(node, tags)).segments[0].node


def truth(node: Node, bundle: Bundle, person: Person, at: int) -> bool:
    match node:
        case AllNode(items):
            return all(truth(item, bundle, person, at) for item in items)
        case AnyNode(items):
            return any(truth(item, bundle, person, at) for item in items)
        case NotNode(item):
            return not truth(item, bundle, person, at)
        case TagNode():
            return _tag(node, bundle, person, at)
        case EventNode():
            return _event(node, bundle, person, at)
        case TraitNode(PathTest(path)):
            return path in person.traits()
        case _:
            raise AssertionError


def _event(node: EventNode, bundle: Bundle, person: Person, at: int) -> bool:
    held = person.state.leaves.get(bundle.numbers.leaves[leaf_hash(node)])
    if node.within_ms is None:
        count = held if isinstance(held, int) else 0
    else:
        count = len([time for time in held if at - node.within_ms < time <= at]) if isinstance(held, list) else 0
    return all(_exact(wanted, count) for wanted in node.count)


def _tag(node: TagNode, bundle: Bundle, person: Person, at: int) -> bool:
    number = bundle.numbers.tags[node.tag]
    (tag,) = [tag for tag in bundle.tags if tag.id == node.tag]
    tags = person.state.tags
    if tag.value is None:
        held = [tags[number]] if number in tags else []
    elif node.value is None:
        held = [state for key, state in tags.items() if str(key).startswith(f"{number}:")]
    else:
        held = [tags[f"{number}:{node.value}"]] if f"{number}:{node.value}" in tags else []
    held = [state for state in held if tag.ttl_ms is None or at < state.last + tag.ttl_ms]
    if not held:
        return not node.presence_only and _meets(node, None, tag.half_life_ms, at)
    return any(_meets(node, one, tag.half_life_ms, at) for one in held)


def _meets(node: TagNode, held: TagState | None, half_life: int | None, at: int) -> bool:
    count, weight, score = (0, 0.0, 0.0) if held is None else (held.count, held.weight, held.score)
    if held is not None and half_life is not None:
        score = held.score * 2.0 ** ((held.last - at) / half_life)
        score = score if abs(score) >= 1e-12 else 0.0
    recent = node.last_within_ms is None or (held is not None and at - node.last_within_ms < held.last)
    return (
        recent
        and all(_exact(wanted, count) for wanted in node.count)
        and all(_near(wanted, weight) for wanted in node.weight)
        and all(_near(wanted, score) for wanted in node.score)
    )


def _exact(wanted: Comparison, found: int) -> bool:
    return _compared(wanted, (found > wanted.value) - (found < wanted.value), 0 if wanted.upper is None else (found > wanted.upper))


def _near(wanted: Comparison, found: float) -> bool:
    return _compared(wanted, _sign(found, wanted.value), 0 if wanted.upper is None else _sign(found, wanted.upper))


def _sign(found: float, wanted: float) -> int:
    if abs(found - wanted) <= TOLERANCE * max(abs(found), abs(wanted)):
        return 0
    return 1 if found > wanted else -1


def _compared(wanted: Comparison, sign: int, above: int) -> bool:
    return {
        "eq": sign == 0,
        "ne": sign != 0,
        "gt": sign > 0,
        "gte": sign >= 0,
        "lt": sign < 0,
        "lte": sign <= 0,
        "between": sign >= 0 >= above,
    }[wanted.operator]
