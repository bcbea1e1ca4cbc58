"""What a new set of definitions must know of the past before it holds, and how a person gets it.

The tags and leaves that are new, or keep more than before, are worked out beside the living state: the log is read again from its
start by an engine that knows only these, and each person's result (the *shadow*) is adopted at the definition's barrier. So the
person then holds what a deployment would hold that had these definitions from the start. ``stays`` and ``at_most`` begin at the barrier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from schemas.definitions.model import Bundle, Tag
from segments.compile import Plan, Program
from segments.leaves import Leaves, compile_leaves
from segments.relevance import relevance_of
from tagging.rules import CompiledRule
from tagging.state import PersonState, rebase


@dataclass(frozen=True, slots=True)
class Fill:
    """Dictionary numbers of the tags and leaves to be filled."""

    tags: frozenset[int] = frozenset()
    leaves: frozenset[int] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Nothing is needed from the past."""
        return not (self.tags or self.leaves)


NOTHING: Final = Fill()


def fill_of(old: Bundle, new: Bundle) -> Fill:
    """What ``new`` needs from before it, if ``old`` held until then."""
    numbers = new.numbers
    tags = frozenset(numbers.tags[tag.id] for tag in _new_tags(old, new))
    before = _demands(compile_leaves((segment.when for segment in old.segments if not segment.archived), numbers.leaves))
    both = [segment.when for bundle in (old, new) for segment in bundle.segments if not segment.archived]
    after = _demands(compile_leaves(both, numbers.leaves))
    return Fill(tags, frozenset(number for number, demand in after.items() if before.get(number) != demand))


def _new_tags(old: Bundle, new: Bundle) -> list[Tag]:
    """Tags that work otherwise than before; of an exclusive group that one of them is in, all."""
    held = {tag.id: _working(tag) for tag in old.tags}
    changed = [tag for tag in new.tags if not tag.archived and held.get(tag.id) != _working(tag)]
    gone = [tag for tag in old.tags if tag not in new.tags]
    groups = {tag.exclusive for tag in (*changed, *gone) if tag.exclusive is not None}
    return [tag for tag in new.tags if not tag.archived and (tag in changed or tag.exclusive in groups)]


def _working(tag: Tag) -> Tag:
    """The tag without what people alone read."""
    return replace(tag, name="", category="", kind="fact")


def _demands(leaves: Leaves) -> dict[int, Any]:
    """What each state keeps, by its number."""
    counters = {leaf.number: (leaf.kept, leaf.within) for leaf, _ in leaves.counters.values()}
    recorders = {
        recorder.number: (getattr(recorder, "span", None), getattr(recorder, "kept_ms", None)) for recorder, _ in leaves.recorders.values()
    }
    return {**counters, **recorders}


def filling_program(program: Program, fill: Fill) -> Program:
    """The program that keeps the tags and leaves to be filled, and evaluates nothing."""

    def rules(plan: Plan) -> list[CompiledRule]:
        return [rule for rule in plan.rules if rule.tag.number in fill.tags]

    plans = {
        name: Plan(
            rules(plan),
            [leaf for leaf in plan.leaves if leaf.number in fill.leaves],
            recorders=[recorder for recorder in plan.recorders if recorder.number in fill.leaves],
        )
        for name, plan in program.plans.items()
    }
    tags = {tag_id: tag for tag_id, tag in program.tags.items() if tag.number in fill.tags}
    return replace(
        program, tags=tags, segments=(), plans=plans, other=Plan(), readers_of_lists={}, leaves=fill.leaves, relevance=relevance_of(())
    )


def adopt(state: PersonState, shadow: PersonState | None, fill: Fill) -> None:
    """Give a person what the past says of the tags and leaves that were filled; None: it says nothing. The shadow is used up."""
    for key in [key for key in state.tags if number_of(key) in fill.tags]:
        del state.tags[key]
    state.floors = {key: floor for key, floor in state.floors.items() if number_of(key) not in fill.tags}
    for number in fill.leaves:
        state.leaves.pop(number, None)
    if shadow is None:
        return
    rebase(shadow, state.base)
    state.tags.update(shadow.tags)
    state.floors.update(shadow.floors)
    state.leaves.update(shadow.leaves)


def number_of(key: int | str) -> int:
    """The dictionary number of the tag that a key of a person's tags belongs to."""
    return key if isinstance(key, int) else int(key.partition(":")[0])
