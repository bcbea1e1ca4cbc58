"""A line of a file as an event."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from collectors.body import Limits, check_tree, read_object
from collectors.importing.columns import Column, call_of
from collectors.importing.reading import Record
from collectors.normalise import Arrival, as_id, normalise
from schemas import rejection
from schemas.errors import Rejected

PROTOCOL: Final = "import"
_SAYING: Final = ("tag", "untag")
_MILLISECONDS_FROM: Final = 100_000_000_000


@dataclass(frozen=True, slots=True)
class Format:
    """How lines are read. ``columns``: of CSV. ``kind`` and ``event``: of lines that say none."""

    columns: Sequence[Column] | None = None
    kind: str | None = None
    event: str | None = None


def event_of(record: Record, form: Format, limits: Limits, arrival: Arrival) -> tuple[str, bytes]:
    """The routing id and the event as JSON. Raises ``Rejected``.

    Its id is the line's own, else a hash of what the line says: two lines that say the same are one event.
    """
    if record.text is None:
        raise Rejected(rejection.EVENT_TOO_LARGE, "the line is too long for an event")
    if form.columns is None:
        call = read_object(record.text.strip(), limits)
    else:
        call = call_of(form.columns, record.text, record.line)
        check_tree(call, limits)
    kind = call.get("type") or form.kind or "track"
    if form.event and kind == "track":
        call.setdefault("event", form.event)
    stated = call.get("timestamp")
    if isinstance(stated, (int, float)) and 0 < stated < _MILLISECONDS_FROM:
        raise Rejected(rejection.BAD_TIME, f"found {stated}, expected milliseconds; these look like seconds")
    call["messageId"] = as_id(call.get("id")) or as_id(call.get("messageId")) or _content_id(call, kind)
    return _saying(call, str(kind), arrival) if kind in _SAYING else normalise(call, kind, None, arrival)


def _saying(call: dict[str, Any], kind: str, arrival: Arrival) -> tuple[str, bytes]:
    """``tag`` and ``untag`` say tags of a person; no client may, but whoever can write to the log can."""
    tags = call.get("tags")
    if type(tags) is not dict or not tags:
        raise Rejected(rejection.BAD_SHAPE, "tags is a JSON object that names tags")
    who, value = normalise(call, "identify", None, arrival)
    return who, orjson.dumps(orjson.loads(value) | {"type": kind, "tags": tags})


def _content_id(call: dict[str, Any], kind: object) -> str:
    return hashlib.sha256(orjson.dumps([kind, call], option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
