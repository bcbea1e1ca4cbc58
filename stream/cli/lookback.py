"""What a change of definitions needs from the past, and whether the log still has it: said before anything happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.transition import iso_time
from segments.reach import Need, needs_of
from stream.cli.output import plain, when
from stream.explain.past import Held, held
from stream.kafka.admin import retention_ms

if TYPE_CHECKING:
    from schemas.definitions.model import Bundle
    from stream.cli.deployment import Deployment

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Lookback:
    """What is needed, and what the log holds (None: nothing is needed, so nobody asked)."""

    needs: tuple[Need, ...]
    held: Held | None

    def lacks(self, need: Need) -> bool:
        """Whether the log begins later than something that would count."""
        return self.held is not None and self.held.since_ms is not None and need.is_short_of(self.held.since_ms)


async def look_back(deployment: Deployment, new: Bundle, now_ms: int) -> Lookback:
    """Ask the log only if the new set needs something. Raises Unavailable."""
    needs = needs_of(deployment.newest, new, now_ms)
    if not needs:
        return Lookback((), None)
    settings = deployment.settings
    kept = await retention_ms(settings.kafka, settings.topics.events)
    return Lookback(needs, await held(deployment.past, settings.partitions, kept, now_ms))


def lookback_view(lookback: Lookback) -> dict[str, Any]:
    """As JSON. ``logBegins`` null: it has all there ever was, or nothing is needed; ``since`` null: as far back as there is anything."""
    log = lookback.held
    begins = None if log is None else log.since_ms
    return {
        "logBegins": None if begins is None else iso_time(begins),
        "retentionMs": None if log is None else log.retention_ms,
        "needs": [_need(lookback, need) for need in lookback.needs],
    }


def _need(lookback: Lookback, need: Need) -> dict[str, Any]:
    since = None if need.since_ms is None else iso_time(need.since_ms)
    return {"of": need.of, "id": need.id, "asks": need.asks, "reach": need.reach, "since": since, "missing": lookback.lacks(need)}


def lookback_lines(lookback: Lookback) -> Iterator[str]:
    """For people: what is read from the past, then what of it is gone."""
    for need in lookback.needs:
        if not lookback.lacks(need):
            yield f"{need.of} {need.id} is filled from the past, {_since(need)}: {plain(need.asks)}"
    yield from warnings(lookback)


def warnings(lookback: Lookback) -> Iterator[str]:
    """Only what reaches further back than the log."""
    log = lookback.held
    for need in lookback.needs:
        if log is not None and lookback.lacks(need):
            kept = "for ever" if log.retention_ms is None else f"for {log.retention_ms / _DAY_MS:.4g} d"
            yield (
                f"WARNING: {need.of} {need.id} needs the past {_since(need)}, but the log begins {when(log.since_ms)} UTC "
                f"(it is kept {kept}): what happened before does not count in: {plain(need.asks)}"
            )


def _since(need: Need) -> str:
    return "as far back as there is any" if need.since_ms is None else f"from {when(need.since_ms)} UTC on"
