"""Rules compiled: what an event with a given name does to a person's tags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from schemas.definitions.consent_model import ConsentNode
from schemas.definitions.model import Bundle, PropertyWeight, Rule, Tag
from schemas.event import WireEvent
from tagging.conditions import Predicate, compile_condition
from tagging.exclusive import Group, exclusive_groups
from tagging.paths import MISSING, Getter, Many, event_getter

FAMILY_VALUE_CHARACTERS_MAX: Final = 256
WEIGHT_MAX: Final = 1e290
_WHOLE_MAX: Final = 1 << 20

Weight = int | float


@dataclass(frozen=True, slots=True)
class Limits:
    """What else decides whether a person has a tag: ``ttl`` in ms, the ``group`` of which a person has one, ``max_values`` of a family."""

    ttl: int | None = None
    group: Group | None = None
    max_values: int | None = None


@dataclass(frozen=True, slots=True)
class CompiledTag:
    """A tag under its dictionary number, at its ``place`` among the definitions. ``value`` reads a family's value or values.

    ``limits`` None: there are none, and an application need not ask for each of them. An archived tag keeps its state, and
    nothing is applied to it.
    """

    number: int
    id: str
    half_life: int | None
    cap: float | None
    value: Getter | None
    limits: Limits | None = None
    place: int = 0
    archived: bool = False

    @property
    def ttl(self) -> int | None:
        """How long (ms) after its newest event time the tag goes; None: never."""
        return None if self.limits is None else self.limits.ttl


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule: ``where`` None means always; ``read_weight`` None means ``weight``, and skips the rule where it gives None.

    ``needs``: the consent without which it does nothing.
    """

    tag: CompiledTag
    number: int
    where: Predicate | None
    weight: Weight
    read_weight: Callable[[WireEvent], Weight | None] | None = None
    needs: tuple[ConsentNode, ...] = ()


def normal_weight(weight: float) -> Weight:
    """The same double, as an integer while it is whole and small, because that packs into one byte."""
    whole = int(weight)
    return whole if whole == weight and -_WHOLE_MAX <= whole <= _WHOLE_MAX else float(weight)


def number_or_none(value: Any) -> Weight | None:
    """A usable weight: an int or a float (not a bool), not beyond ±1e290."""
    if type(value) is not int and type(value) is not float:
        return None
    if not -WEIGHT_MAX <= value <= WEIGHT_MAX:
        return None
    return normal_weight(value)


def _property_weight(weight: PropertyWeight) -> Callable[[WireEvent], Weight | None]:
    read = event_getter(weight.path)

    def compute(wire: WireEvent) -> Weight | None:
        number = number_or_none(read(wire))
        if number is None:
            return None
        product = number * weight.times if weight.times != 1.0 else number
        if weight.maximum is not None and product > weight.maximum:
            product = weight.maximum
        return number_or_none(product)

    return compute


def compile_tag(tag: Tag, number: int, group: Group | None = None, place: int = 0) -> CompiledTag:
    """A tag with its value reader and its limits."""
    limits = Limits(tag.ttl_ms, group, tag.max_values if tag.value else None)
    return CompiledTag(
        number,
        tag.id,
        tag.half_life_ms,
        tag.cap,
        event_getter(tag.value) if tag.value else None,
        None if limits == Limits() else limits,
        place,
        tag.archived,
    )


def compile_rule(rule: Rule, tag: CompiledTag, number: int) -> CompiledRule:
    """A rule with its predicate and weight."""
    where = compile_condition(rule.match.where)
    if isinstance(rule.weight, PropertyWeight):
        return CompiledRule(tag, number, where, 0, _property_weight(rule.weight), rule.match.needs)
    return CompiledRule(tag, number, where, normal_weight(rule.weight), None, rule.match.needs)


def compile_rules(bundle: Bundle) -> tuple[dict[str, CompiledTag], dict[str, list[CompiledRule]]]:
    """Tags by id, and rules by event name in order of definition. An archived tag has no rules any more."""
    tags: dict[str, CompiledTag] = {}
    by_name: dict[str, list[CompiledRule]] = {}
    groups = exclusive_groups(bundle.tags, bundle.numbers.tags)
    for place, tag in enumerate(bundle.tags):
        group = groups.get(tag.exclusive) if tag.exclusive and not tag.archived else None
        compiled = tags[tag.id] = compile_tag(tag, bundle.numbers.tags[tag.id], group, place)
        for rule in () if tag.archived else tag.rules:
            compiled_rule = compile_rule(rule, compiled, bundle.numbers.rules[f"{tag.id}/{rule.id}"])
            for name in dict.fromkeys(rule.match.names):
                by_name.setdefault(name, []).append(compiled_rule)
    return tags, by_name


def touched_by(rules: list[CompiledRule]) -> set[str]:
    """The ids of the tags that these rules can change: their own, and those that may give way to them."""
    touched = {rule.tag.id for rule in rules}
    for rule in rules:
        limits = rule.tag.limits
        if limits is not None and limits.group is not None:
            touched |= limits.group.tag_ids
    return touched


def family_values(found: Any) -> list[str]:
    """The values of a family that an event names: texts of 1 to 256 characters, or integers; distinct, in order."""
    if type(found) is str:
        return [found] if 0 < len(found) <= FAMILY_VALUE_CHARACTERS_MAX else []
    if found is MISSING:
        return []
    values: dict[str, None] = {}
    for item in found if type(found) is Many else (found,):
        text = item if type(item) is str else str(item) if type(item) is int and abs(item) < _DIGITS_MAX else ""
        if 0 < len(text) <= FAMILY_VALUE_CHARACTERS_MAX:
            values[text] = None
    return list(values)


_DIGITS_MAX: Final = 10**FAMILY_VALUE_CHARACTERS_MAX
