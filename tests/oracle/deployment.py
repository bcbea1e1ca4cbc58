"""All partitions of a deployment from their starts, each effect after its cause."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.oracle.classify import FromLane, Raw, classify
from tests.oracle.linking import LinkingLane
from tests.oracle.standing import in_order

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from schemas.definitions.model import Bundle
    from tests.oracle.linking import Said
    from tests.oracle.outcome import Outcome


@dataclass(frozen=True)
class Deployed:
    """What comes of all logs. ``wrong``: where a log holds something else than its lane was told; ``waiting``: what has no cause."""

    lanes: list[LinkingLane]
    outcomes: list[Outcome]
    waiting: list[tuple[int, int]] = field(default_factory=list)

    @property
    def merged(self) -> list[dict[str, Any]]:
        """All persons who became part of others, as published."""
        return [one for lane in self.lanes for one in lane.merged]


def run_deployment(
    logs: Sequence[Sequence[Raw]],
    bundles: Mapping[int, Bundle],
    secret: bytes | None = None,
    evaluating: Collection[int] | None = None,
) -> Deployed:
    """Work through the logs, one record of some lane after the other, whichever has its cause behind it.

    ``evaluating``: the lanes whose segments are worked out; all unless given.
    """
    first = bundles[0]
    lanes = [LinkingLane(number, len(logs), bundles, first, in_order(first), secret=secret) for number in range(len(logs))]
    for lane in lanes:
        lane.evaluates = evaluating is None or lane.number in evaluating
    for lane in lanes:
        lane.said_to_me = partial(_said, lanes, lane.number)
        lane.forgets_to_me = partial(_forgets, lanes, lane.number)
    at = [0] * len(logs)
    while True:
        before = list(at)
        for lane, log in zip(lanes, logs, strict=True):
            while at[lane.number] < len(log) and not _waits(lane, log[at[lane.number]]):
                lane.read(log[at[lane.number]])
                at[lane.number] += 1
        if at == before:
            break
    waiting = [(number, offset) for number, offset in enumerate(at) if offset < len(logs[number])]
    return Deployed(lanes, [lane.outcome() for lane in lanes], waiting)


def _said(lanes: list[LinkingLane], to: int, origin: int) -> list[Said]:
    return lanes[origin].sent[to]


def _forgets(lanes: list[LinkingLane], to: int, origin: int) -> list[Said]:
    return lanes[origin].forgets[to]


def _waits(lane: LinkingLane, raw: Raw) -> bool:
    said = classify(raw, lane.lane())
    return isinstance(said, FromLane) and lane.is_waiting_for(said)
