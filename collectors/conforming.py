"""Schemas and first types of the definitions on the way of an event from its protocol to its partition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from schemas import rejection
from schemas.conformity import Conformity
from schemas.errors import Rejected

if TYPE_CHECKING:
    from collectors.inspection import Inspect
    from schemas.conformity import TypeMemory
    from schemas.definitions.source_model import Source

CountViolation = Callable[[str, str, str], None]
"""Hears source, what it was judged by, and outcome of each event that is not as its source says."""


def conforming(sources: Iterable[Source], count: CountViolation, types: TypeMemory | None = None) -> Inspect | None:
    """What to ask of each event; None if no source says what its events are like, which then costs nothing.

    Without ``types`` only schemas are asked. Raises ``Misconfigured`` for a schema that this version cannot read.
    """
    conformity = Conformity(sources, types)
    if conformity.is_empty:
        return None

    def inspect(event: dict[str, Any]) -> None:
        found = conformity.judge(event)
        if found is not None:
            count(event["source"], found.kind, "refuse" if found.refused else "keep")
            if found.refused:
                raise Rejected(rejection.SCHEMA_VIOLATED, found.texts[0])

    return inspect


def in_turn(*asked: Inspect | None) -> Inspect | None:
    """All of them, one after the other."""
    some = tuple(each for each in asked if each is not None)
    if len(some) < 2:
        return some[0] if some else None

    def inspect(event: dict[str, Any]) -> None:
        for each in some:
            each(event)

    return inspect
