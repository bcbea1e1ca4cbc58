"""Decoys: people who do not exist, planted in lists. That something is about to be sent to one is worth an alert."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import orjson

from schemas.rejection import DECOY_REACHED
from stream.runtime.catalogue import sender as catalogue

if TYPE_CHECKING:
    from stream.senders.deliveries import Tools
    from stream.senders.directory import DefinedSender
    from stream.senders.transition import Notice, Record

_log = logging.getLogger(__name__)


class Decoys:
    """Watches what one sender takes up. A decoy that it reaches is counted, logged as an error and kept as a dead letter."""

    def __init__(self, defined: DefinedSender, tools: Tools) -> None:
        self._sender_id = defined.sender.id
        self._by_id = {decoy.id: decoy for decoy in defined.decoys}
        self._tools = tools
        # Looked up at once: the series stands at 0 before the first decoy is reached, so that an alert sees the step.
        self._reached = tools.metrics.counter(catalogue.DECOYS_REACHED, sender=self._sender_id)

    async def forbid(self, record: Record, notice: Notice) -> bool:
        """Raise the alert if the record tells of a decoy; whether the decoy forbids to send it."""
        if not self._by_id:
            return False
        decoy = next((found for name in names_in(record, notice) if (found := self._by_id.get(name)) is not None), None)
        if decoy is None:
            return False
        self._reached.inc()
        where = f"sender {self._sender_id}, segment {notice.segment or 'none'}"
        what = "is kept back" if decoy.block else "is sent all the same"
        _log.error("the decoy %s was reached by %s; the transition %s %s%s", decoy.id, where, notice.id, what, _note(decoy.note))
        detail = f"{decoy.id} by {where}{_note(decoy.note)}"
        await self._tools.dead_letters.put(record, DECOY_REACHED, sender=self._sender_id, attempts=0, detail=detail)
        self._tools.metrics.counter(catalogue.DEAD_LETTERS, reason=DECOY_REACHED.code).inc()
        return decoy.block


def names_in(record: Record, notice: Notice) -> tuple[str, ...]:
    """Everyone whom a readable record names: the person, its user and anonymous id, and of a merge both sides."""
    data: dict[str, Any] = orjson.loads(record.value)["data"]
    known = {"userId": "user:", "anonymousId": "anon:", "person": "", "from": "", "into": ""}
    return (notice.person, *(f"{space}{value}" for key, space in known.items() if type(value := data.get(key)) is str))


def _note(note: str) -> str:
    return f" ({note})" if note else ""
