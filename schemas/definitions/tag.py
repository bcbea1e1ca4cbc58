"""Reads tags and their rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, cast

from schemas.definitions.condition import read_match
from schemas.definitions.identity import Ids, by_id
from schemas.definitions.language import KINDS, MOST_VALUES, RULE, TAG, WEIGHT
from schemas.definitions.model import PropertyWeight, Rule, Tag
from schemas.definitions.nodes import Table
from schemas.definitions.values import read_duration, read_event_path, read_id, read_single_event_path, read_whole
from schemas.definitions.view import View, fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.definitions.known import Known

WEIGHT_MAX: Final = 1e290


def tag_reader(known: Known) -> Callable[[View], Tag]:
    """A reader of one tag that may name the known purposes."""
    return lambda view: _tag(view, known)


def _tag(view: View, known: Known) -> Tag:
    found = fields(view, TAG)
    tag_id = found.read("id", read_id, "")
    if found.get("value") is None and (most := found.get("max_values")) is not None:
        most.fault("'value' beside it: only a family has several values", "'max_values'")
    return Tag(
        id=tag_id,
        name=found.read("name", View.text, tag_id),
        rules=found.read("rules", lambda rules: _rules(rules, known), ()),
        category=found.read("category", View.text, ""),
        kind=cast("Literal['fact', 'model', 'strategy']", found.read("kind", lambda kind: kind.one_of(KINDS), "fact")),
        value=found.read("value", read_event_path, None),
        half_life_ms=found.read("half_life", read_duration, None),
        cap=found.read("cap", View.double, None),
        max_values=found.read("max_values", lambda most: read_whole(most, 1, MOST_VALUES), None),
        ttl_ms=found.read("ttl", read_duration, None),
        exclusive=found.read("exclusive", read_id, None),
        archived=found.read("archived", View.flag, False),
    )


def _rules(view: View, known: Known) -> tuple[Rule, ...]:
    ids = Ids("rule")
    rules = []
    for at, item in enumerate(view.items("a list of rules"), start=1):
        named = by_id(item)
        rule = _rule(named, f"rule-{at}", known)
        ids.take(rule.id, named)
        rules.append(rule)
    return tuple(rules)


def _rule(view: View, default_id: str, known: Known) -> Rule:
    found = fields(view, RULE)
    return Rule(
        id=found.read("id", read_id, default_id),
        match=read_match(found, known),
        weight=found.read("weight", _weight, 1.0),
    )


def _weight(view: View) -> float | PropertyWeight:
    if not isinstance(view.node, Table):
        return _bounded(view, view.double())
    found = fields(view, WEIGHT)
    return PropertyWeight(
        path=found.read("property", read_single_event_path, ""),
        times=found.read("times", View.double, 1.0),
        maximum=found.read("max", View.double, None),
    )


def _bounded(view: View, weight: float) -> float:
    """Weights are bounded so that no sum of them leaves the doubles."""
    if abs(weight) > WEIGHT_MAX:
        view.fault(f"a number from -{WEIGHT_MAX:g} to {WEIGHT_MAX:g}")
    return weight
