"""Ids in their smallest form: a person at rest carries no text of 36 characters where 16 bytes tell the same."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from tagging.state import PersonState, TagState

_UUID_CHARACTERS: Final = 36


def small_id(text: str | bytes | None) -> str | bytes | None:
    """Sixteen bytes for a UUID in its usual form; anything else as it is."""
    if not isinstance(text, str) or len(text) != _UUID_CHARACTERS:
        return text
    try:
        packed = UUID(text)
    except ValueError:
        return text
    return packed.bytes if str(packed) == text else text


def plain_id(held: str | bytes | None) -> str | None:
    """The text that ``small_id`` was given."""
    return str(UUID(bytes=held)) if isinstance(held, bytes) else held


def compact(state: PersonState) -> None:
    """Shrink the ids of a person at rest. A tag that came from the same event as an earlier one names its place instead of the id."""
    expand(state)
    state.anonymous_id = small_id(state.anonymous_id)
    places: dict[str | bytes, int] = {}
    for place, tag in enumerate(state.tags.values()):
        small = small_id(tag.event_id)
        tag.event_id = small if small is None else places.get(small, small)
        if small is not None:
            places.setdefault(small, place)


def expand(state: PersonState) -> None:
    """Give every tag its own id again: must come before a tag is changed or taken away, because others may refer to it."""
    tags = list(state.tags.values())
    for tag in tags:
        if type(tag.event_id) is int:
            tag.event_id = tags[tag.event_id].event_id


def event_id_of(state: PersonState, tag: TagState) -> str | None:
    """The id of the event that a tag last came from, as the client wrote it."""
    held = tag.event_id
    return plain_id(list(state.tags.values())[held].event_id if type(held) is int else held)
