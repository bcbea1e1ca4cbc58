"""Everything that is held of a person, as JSON: what the person may ask for."""

from __future__ import annotations

from typing import Any

from schemas.transition import iso_time
from segments.explain import explain
from stream.explain.identity import identity_view
from stream.explain.people import Found
from stream.explain.view import explanation_view, person_view, publishing_view
from tagging.lists import Lists
from tagging.recent import ENTRY_BYTES


def held_view(found: Found, lists: list[dict[str, Any]]) -> dict[str, Any]:
    """``person_view`` with what it leaves out. ``lists``: the uploaded lists that name any of the ids, from their register.

    ``traits`` have the times of the events that set them, deleted ones (null) too; ``segments`` the facts behind their conditions;
    ``rememberedEventIds`` is a number: of event ids only hashes are kept, against repeats.
    """
    state, known = found.person.state, identity_view(found.person)
    view = person_view(found)
    return {
        **view,
        "traits": {name: {"value": value, "at": iso_time(at)} for name, (value, at) in found.person.held_traits().items()},
        "segments": [_segment(found, one) for one in view["segments"]],
        "identities": {name: known[name] for name in ("edges", "asked", "refused")} | {"kept": _kept(found)},
        "lists": _lists(state.lists),
        "uploadedLists": lists,
        "untaggedAt": _floors(found),
        "rememberedEventIds": len(state.recent) // ENTRY_BYTES,
    }


def _segment(found: Found, shown: dict[str, Any]) -> dict[str, Any]:
    segment = shown["segment"]
    because = explanation_view(explain(found.history.current.program, segment, found.person, found.as_of_ms))
    return {**shown, "toReceivers": publishing_view(found, segment), "because": because}


def _kept(found: Found) -> list[dict[str, Any]]:
    """Places kept for ids that another person may bring."""
    return [{"since": iso_time(at), "ids": list(ids)} for at, ids in found.person.identities().kept.values()]


def _lists(lists: Lists) -> list[dict[str, Any]]:
    return [{"list": key, "version": stand >> 1, "named": bool(stand & 1)} for key, stand in lists]


def _floors(found: Found) -> dict[str, str]:
    """When tags were taken away last; what is older than that no longer counts."""
    state = found.person.state
    names = {number: tag_id for tag_id, number in found.bundle.numbers.tags.items()}
    told = {}
    for key, at in state.floors.items():
        number, colon, value = str(key).partition(":")
        told[f"{names.get(int(number), f'#{number}')}{colon}{value}"] = iso_time(state.base + at)
    return told
