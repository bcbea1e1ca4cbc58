"""How each leaf of a set of definitions unites when two persons turn out to be one."""

from __future__ import annotations

from segments.compile import Program
from segments.leaves import CompiledLeaf
from tagging.leaves import LeafState
from tagging.unite import Terms, UniteLeaf
from tagging.windows import merge_times


def union_terms(program: Program, clock_ms: int) -> Terms:
    """Under what two persons of a lane are united at its clock (absolute ms).

    Counters add, what is kept of events merges within the bounds of one person. A ``stays`` is the survivor's: the
    evaluation that follows restarts it where the value changed.
    """
    leaves: dict[int, UniteLeaf | None] = dict.fromkeys(sorted(program.leaves))
    for plan in program.plans.values():
        leaves |= {leaf.number: _count(leaf) for leaf in plan.leaves}
        leaves |= {recorder.number: recorder.unite for recorder in plan.recorders}
    return Terms(tuple(program.tags.values()), leaves, clock_ms, program.bundle.settings.dedupe_ms)


def _count(leaf: CompiledLeaf) -> UniteLeaf:
    def unite(mine: LeafState, theirs: LeafState) -> tuple[LeafState, int]:
        return (mine + theirs if leaf.within is None else merge_times(mine, theirs, leaf.kept)), 0

    return unite
