"""A set of definitions under which much happens within half a minute, most of it by itself."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.definitions.leaf import event_nodes, leaf_hash
from schemas.definitions.model import (
    AllNode,
    AllOf,
    AnyNode,
    Bundle,
    Comparison,
    Condition,
    EventMatch,
    EventNode,
    Node,
    NotNode,
    Numbers,
    PathTest,
    PropertyWeight,
    Rule,
    Segment,
    Tag,
    TagNode,
    TraitNode,
    TraitReference,
)

EVERYTHING = AllOf(())


def definitions_for_load(version: int = 1) -> Bundle:
    """Eight tags (one a family), six segments over all kinds of nodes; half-lives and windows of one to five seconds."""
    return numbered(Bundle(version=version, tags=_tags(), segments=_segments()))


def numbered(bundle: Bundle) -> Bundle:
    """The bundle with a dictionary of its own, as the first set of definitions has it."""
    rules = [f"{tag.id}/{rule.id}" for tag in bundle.tags for rule in tag.rules]
    leaves = [leaf_hash(node) for segment in bundle.segments for node in event_nodes(segment.when)]
    numbers = Numbers(
        tags=_count(tag.id for tag in bundle.tags),
        rules=_count(rules),
        segments=_count(segment.id for segment in bundle.segments),
        sources=_count(source.id for source in bundle.sources),
        leaves=_count(leaves),
    )
    settings, senders, sources = bundle.settings, bundle.senders, bundle.sources
    return Bundle(bundle.version, settings, bundle.tags, bundle.segments, senders, sources, numbers, bundle.silent)


def _count(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names), start=1)}


def _match(*names: str, where: Condition = EVERYTHING) -> EventMatch:
    return EventMatch(names, where)


def _viewed(category: str) -> EventMatch:
    return _match("product_viewed", where=PathTest("properties.category", "eq", category))


def _tags() -> tuple[Tag, ...]:
    dear = PathTest("properties.price", "gte", 100)
    in_own_city = PathTest("properties.city", "eq", TraitReference("city"))
    bought = PropertyWeight("properties.quantity", 2.0, 6.0)
    return (
        Tag(
            "interest",
            "Interest in a category",
            (Rule("viewed", _match("product_viewed")), Rule("bought", _match("order_completed"), bought)),
            value="properties.category",
            half_life_ms=3_000,
            cap=10.0,
        ),
        Tag("browser", "Looks around", (Rule("seen", _match("product_viewed", "$page"), 0.5),), half_life_ms=1_000),
        Tag("dear", "Looks at dear things", (Rule("viewed", _match("product_viewed", where=dear)),), half_life_ms=2_000),
        Tag("buyer", "Buys", (Rule("bought", _match("order_completed"), PropertyWeight("properties.total", 0.01)),), half_life_ms=5_000),
        Tag("doubtful", "Takes things out again", (Rule("removed", _match("cart_removed"), -1.0),), half_life_ms=1_500),
        Tag("local", "Shops in the own city", (Rule("near", _match("store_visited", where=in_own_city)),), half_life_ms=4_000),
        Tag("vip", "Said to be important", (), kind="strategy", half_life_ms=5_000),
        Tag("member", "Has introduced themselves", (Rule("said", _match("$identify")),)),
    )


def _at_least(number: float) -> tuple[Comparison, ...]:
    return (Comparison("gte", number),)


def _segments() -> tuple[Segment, ...]:
    shoes = EventNode(_viewed("shoes"), _at_least(2), 2_000)
    ordered: Node = EventNode(_match("order_completed"), within_ms=5_000)
    in_shanghai = TraitNode(PathTest("city", "in", ["Shanghai", "Hangzhou"]))
    a_few = Comparison("between", 2, 5)
    return (
        Segment(
            "hot_shoes", "Hot for shoes", AllNode((TagNode("interest", "shoes", score=_at_least(2)), shoes, NotNode(ordered))), ("city",)
        ),
        Segment("hot_any", "Hot for something", TagNode("interest", count=_at_least(2), score=(Comparison("gt", 1.5),))),
        Segment("active", "Did something just now", EventNode(_match("product_viewed", "$page"), (a_few,), 1_000)),
        Segment(
            "quiet_vip",
            "Important, not seen",
            AllNode((TagNode("vip"), NotNode(EventNode(_match("$page"), within_ms=3_000)))),
            ("name", "city"),
        ),
        Segment(
            "leaning",
            "Likely to buy",
            AnyNode((TagNode("buyer", score=_at_least(1)), TagNode("dear", score=(Comparison("between", 1, 3),)))),
        ),
        Segment(
            "doubts",
            "Doubts",
            AllNode((TagNode("doubtful", weight=(Comparison("lte", -1),), score=(Comparison("lt", -0.5),)), NotNode(in_shanghai))),
        ),
        Segment("newcomer", "Has never ordered", NotNode(EventNode(_match("order_completed")))),
        Segment("local_buyer", "Buys in the own city", AllNode((TagNode("local", score=_at_least(0.5)), TagNode("member"), in_shanghai))),
    )
